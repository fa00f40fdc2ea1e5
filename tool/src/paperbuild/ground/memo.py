"""What is worked out once and asked for by several threads, while another may forget it all."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar, cast

Key = TypeVar("Key")
Value = TypeVar("Value")
_MISSING: Any = object()


def once(known: MutableMapping[Key, Value], key: Key, make: Callable[[], Value]) -> Value:
    """Return ``known[key]``, made where it is not known.

    Asked for one attribute's dictionary, it stands by that one: who replaces the attribute by an empty
    dictionary meanwhile takes nothing from under this, and nobody sees a value that is half made. Two threads
    may make the same value; the later one stays.

    >>> once({"a": 1}, "a", lambda: 2), once({}, "a", lambda: 2)
    (1, 2)
    """
    found = known.get(key, _MISSING)
    if found is _MISSING:
        found = known[key] = make()
    return cast(Value, found)
