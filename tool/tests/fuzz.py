"""Files with something wrong in them, the same each time: what tests of readers feed these.

A small part runs with every suite; ``PAPERBUILD_FUZZ=10000`` (``make fuzz``) asks for as many inputs as that
in all.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

WHOLE = int(os.environ.get("PAPERBUILD_FUZZ", "100"))
SEED = 20

ODD: list[Any] = [None, True, -1, 0, 3, 1e308, 10**40, "", "a", "\x00", "é" * 50, [], [[]], {}, {"a": {}}]
WORDS = 'null [ { } " \\ 01747 16:39 1e400 &a *a << !!python/name:os.abc --- #x ё NaN = , ../../..'.split()
WORDS += [": ", "- ", "\t", "\r", "\n", "\x00", "\ufeff"]


def in_bytes(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with one thing wrong: cut, flipped, doubled, filled in or replaced altogether."""
    place = chance.randrange(len(content) + 1)
    other = chance.randrange(len(content) + 1)
    start, end = sorted((place, other))
    word = chance.choice(WORDS).encode("utf-8", "surrogatepass")
    return chance.choice(
        [
            lambda: content[:place],
            lambda: content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :],
            lambda: content[:start] + content[end:],
            lambda: content[:end] + content[start:],
            lambda: content[:place] + word + content[place:],
            lambda: content[:start] + word + content[end:],
            lambda: json.dumps(chance.choice(ODD)).encode(),
            lambda: chance.randbytes(chance.randrange(60)),
            lambda: content.decode("utf-8", "replace").encode("utf-16"),
            lambda: content.replace(b"\n", b"\r\n"),
            lambda: b"[" * chance.choice([10, 100_000]),
            lambda: b"9" * chance.choice([300, 6000]),
        ]
    )()


def in_shape(content: bytes, chance: random.Random) -> bytes:
    """Return JSON with one value, key or item that does not belong there."""
    value = json.loads(content)
    holders: list[Any] = []

    def walk(one: Any) -> None:
        if isinstance(one, dict | list) and one:
            holders.append(one)
            for inner in one.values() if isinstance(one, dict) else one:
                walk(inner)

    walk(value)
    holder = chance.choice(holders)
    key = chance.choice([*holder]) if isinstance(holder, dict) else chance.randrange(len(holder))
    act = chance.randrange(4)
    if act == 0:
        del holder[key]
    elif act == 1 and isinstance(holder, dict):
        holder[chance.choice(["x", "", "path", "name"])] = copy.deepcopy(holder[key])
    else:
        holder[key] = copy.deepcopy(chance.choice(ODD))
    return json.dumps(value).encode()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return content with one to three things wrong."""
    for _ in range(chance.randint(1, 3)):
        try:
            content = chance.choice([in_bytes, in_shape])(content, chance)
        except (ValueError, IndexError, RecursionError):
            content = in_bytes(content, chance)
    return content


def feed(target: str, good: bytes, ask: Callable[[bytes], bool], count: int) -> None:
    """Give `count` damaged inputs to a reader, and fail if it meets one otherwise than in words.

    Parameters
    ----------
    target : str
        What is read, in words; seeds the damage.
    good : bytes
        A sound input, which it takes.
    ask : callable
        Reads an input; tells whether it was refused in words. Whatever it raises is unexpected.
    count : int
        How many.
    """
    assert not ask(good), f"{target}: the sound one is refused too"
    chance, refused, met = random.Random(f"{SEED} {target}"), 0, Counter[str]()
    for _ in range(count):
        content = damaged(good, chance)
        try:
            refused += ask(content)
        except Exception as error:
            met[f"{type(error).__name__}: {error}, of {content[:200]!r}"[:500]] += 1
    print(f"{target}: {count} inputs, {refused} refused in words, {count - refused} taken or made anew")
    assert not met, f"{sum(met.values())} of {count} inputs: {met.most_common(5)}"
