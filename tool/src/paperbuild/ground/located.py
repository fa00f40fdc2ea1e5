"""YAML that knows its lines: what an author wrote, read as YAML 1.2 reads it, checked with ``file:line``.

The library reads YAML 1.1, where ``01747`` is octal, ``16:39`` a number of seconds, ``NO`` false and ``1e3``
a text. The scalars here are those of YAML 1.2 (core schema), which Quarto and JSON share; a date is a text.

Reading a file's records once and remembering them (`checked`) spares a build in which nothing changed the
time that the YAML and the validation library take to load.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from paperbuild.ground.errors import PaperError, raise_all, suggestion
from paperbuild.ground.files import recall, remember, utf8

Record = TypeVar("Record")
Key = str | int

# Beyond what anyone writes, and within what every parser and printer here can follow.
DEEPEST = 50

# Records refuse what they do not know, and convert nothing silently; a dataclass carries this as
# ``__pydantic_config__``, so that stating it loads no library.
STRICT = {"extra": "forbid", "strict": True}


@cache
def loader() -> Any:
    """Return the YAML loader: safe, scalars of YAML 1.2, no key twice in one mapping."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """See `loader`."""

        yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            """Refuse a key that stands twice: the later value would win unseen."""
            seen: dict[str, Any] = {}
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    if key.value in seen:
                        message = f"the key {key.value!r} stands here for the second time"
                        raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
                    seen[key.value] = key
            return super().construct_mapping(node, deep=deep)

    for tag, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?[0-9]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
        ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("merge", r"<<", "<"),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(first))

    def whole(self: Any, node: Any) -> int:
        try:
            return int(self.construct_scalar(node))
        except ValueError as error:
            # Thousands of digits.
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None

    Loader.add_constructor("tag:yaml.org,2002:int", whole)
    return Loader


def parse_yaml(text: str, shown: str, first: int = 1) -> Any:
    """Return the value of YAML text.

    Parameters
    ----------
    text : str
        The YAML.
    shown : str
        The file that messages name.
    first : int
        The line of that file on which the text begins.

    Raises
    ------
    PaperError
        Where it is no YAML, with its line.
    """
    import yaml

    try:
        if (line := _too_deep(text)) is not None:
            raise PaperError(
                "not valid YAML: nested too deeply",
                where=f"{shown}:{line + first}",
                expected=f"at most {DEEPEST} levels",
            )
        return yaml.load(text, Loader=loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{shown}:{mark.line + first}" if mark else shown
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise PaperError(f"not valid YAML: {problem}", where=place) from None


def parse_mapping(text: str, shown: str) -> dict[str, Any]:
    """Return the mapping of YAML text, whose keys are names; an empty one where it holds nothing.

    Raises
    ------
    PaperError
        Where it is no YAML or holds anything else, with its line.
    """
    plain = parse_yaml(text, shown)
    if plain is None:
        return {}
    if not isinstance(plain, dict):
        raise PaperError("not a mapping", where=f"{shown}:1", expected="key: value lines")
    return {str(key): value for key, value in plain.items()}


def _too_deep(text: str) -> int | None:
    """Return the line (from 0) where more collections lie in one another than the parser of values takes."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=loader()) if len(text) > DEEPEST else ():
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return event.start_mark.line if event.start_mark else 0
    return None


def read_text(path: Path, shown: str) -> str:
    """Return an author's text file.

    Raises
    ------
    PaperError
        Where it is missing or no UTF-8.

    Lines end as in files opened for text, whatever ends them in the file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PaperError(f"cannot read: {error.strerror}", where=shown, expected="this file") from None
    return utf8(content, shown).replace("\r\n", "\n").replace("\r", "\n")


def load_yaml(path: Path, shown: str) -> Any:
    """Read a YAML file; what is wrong with it is a finding with the line."""
    return parse_yaml(read_text(path, shown), shown)


def line_of(text: str, *keys: Key) -> int:
    """Return the line (from 1) of a nested YAML key or item; that of the last one found if one is missing."""
    import yaml

    node, line = _composed(text), 1
    if node is None:
        return 1
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((k, v) for k, v in pairs if k.value == str(key)), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


# Whoever asks for one line of a file asks for many.
@lru_cache(maxsize=8)
def _composed(text: str) -> Any:
    """Return the nodes of a YAML text; None where it has none, or is no YAML."""
    import yaml

    try:
        return yaml.compose(text, Loader=loader())
    except yaml.YAMLError:
        return None


def said(about: str, expected: str = "", **default: Any) -> Any:
    """Declare a field of a record that authors write: what it means, and what a wrong value should have been.

    `default` is ``default=…`` or ``default_factory=…`` as `dataclasses.field` takes them.
    """
    return dataclasses.field(metadata={"about": about, "expected": expected or about}, **default)


def checked(
    cls: type[Any],
    path: Path,
    shown: str,
    memory: Path,
    make: Callable[[Any], Record],
    refer: Callable[[Record], Iterable[tuple[Sequence[Key], PaperError]]],
) -> Record:
    """Read a YAML file as a record, or from what reading the same bytes gave before.

    Parameters
    ----------
    cls : type
        The dataclass that the file is held to.
    path, shown : Path, str
        The file, and as messages name it.
    memory : Path
        Where its checked content is remembered.
    make : callable
        Makes the record from checked content, without the validation library.
    refer : callable
        What is wrong with the record's references to other things, with the keys that lead to each place.

    Raises
    ------
    PaperError, Findings
        Everything wrong, in the order of lines.
    """
    text = read_text(path, shown)
    # Content checked by other code is checked anew.
    codes = [Path(__file__), Path(str(sys.modules[cls.__module__].__file__))]
    parts = [text.encode("utf-8"), *(code.read_bytes() for code in codes)]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    kept = recall(memory)
    if isinstance(kept, dict) and kept.get("key") == key:
        plain, wrong = kept["content"], []
    else:
        plain = parse_yaml(text, shown)
        plain = {} if plain is None else plain
        wrong = problems(cls, plain, shown)
        if not wrong:
            # As JSON has it, so that the first reading gives what all later ones give.
            plain = json.loads(json.dumps(plain))
            remember(memory, {"key": key, "content": plain})
    for place, _ in wrong:
        # What has the right shape is still held to its references: all findings at once.
        plain = _without(plain, place)
    record = make(plain)
    located = [(line_of(text, *place), error) for place, error in (*wrong, *refer(record))]
    for line, error in located:
        error.where = f"{shown}:{line}"
    raise_all([error for _, error in sorted(located, key=lambda one: one[0])])
    return record


def _without(plain: Any, place: Sequence[Key]) -> Any:
    """Return data without what stands at one place."""
    if not place:
        return {}
    key, *rest = place
    if isinstance(plain, Mapping):
        return {
            k: _without(v, rest) if str(k) == str(key) else v
            for k, v in plain.items()
            if rest or str(k) != str(key)
        }
    return [_without(v, rest) if i == key else v for i, v in enumerate(plain) if rest or i != key]


def problems(cls: type[Any], plain: Any, shown: str) -> list[tuple[tuple[Key, ...], PaperError]]:
    """Return where plain data depart from a record and how, one finding a place."""
    from pydantic import TypeAdapter, ValidationError

    try:
        # As JSON, where a list may stand for a tuple and yet nothing else is converted.
        TypeAdapter(cls).validate_json(json.dumps(plain, default=str))
    except ValidationError as error:
        found: dict[tuple[Key, ...], PaperError] = {}
        for problem in error.errors(include_url=False, include_context=False):
            place = _place(plain, problem["loc"])
            found.setdefault(place, _finding(cls, place, problem))
        return list(found.items())
    except (TypeError, ValueError, RecursionError) as error:
        raise PaperError(f"cannot be read as plain values: {error}", where=shown) from None
    return []


def _place(plain: Any, loc: Iterable[Key]) -> tuple[Key, ...]:
    """Return the part of a validator's place that the data have: names of alternatives are no keys."""
    place: list[Key] = []
    for part in loc:
        if isinstance(plain, Mapping):
            match = next((key for key in plain if str(key) == str(part)), None)
            if match is None:
                break
            plain = plain[match]
        elif isinstance(plain, Sequence) and not isinstance(plain, str) and isinstance(part, int):
            plain = plain[part]
        else:
            break
        place.append(part)
    return tuple(place)


def _finding(cls: type[Any], place: tuple[Key, ...], problem: Any) -> PaperError:
    """Say what is wrong at one place."""
    owner = ".".join(map(str, place)) or "the file"
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = [f.name for f in fields_at(cls, place[:-1])]
        parent = f" for {place[-2]}" if len(place) > 1 else ""
        message = f"unknown key {place[-1]!r}{parent}{suggestion(place[-1], known)}"
        return PaperError(message, expected=", ".join(known))
    if problem["type"] in ("missing", "missing_argument"):
        lacking = problem["loc"][-1]
        meant = next((f.metadata.get("about", "") for f in fields_at(cls, place) if f.name == lacking), "")
        return PaperError(f"{owner} lacks {lacking!r}", expected=meant)
    if problem["type"] in ("dataclass_type", "dict_type", "dataclass_exact_type", "mapping_type"):
        return PaperError(f"{owner} is not a mapping", expected="key: value lines")
    # In the words of the field itself, or of the field that lists the item.
    for length in range(len(place), 0, -1):
        for field in fields_at(cls, place[: length - 1]):
            if field.name == place[length - 1]:
                return PaperError(
                    f"{owner}: {problem['msg'].lower()}", expected=field.metadata.get("expected", "")
                )
    return PaperError(f"{owner}: {problem['msg'].lower()}")


def fields_at(cls: type[Any], place: Sequence[Key]) -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of the record that stands at a place inside `cls`; none where there is no record."""
    import typing

    here: Any = cls
    for part in place:
        if dataclasses.is_dataclass(here):
            here = typing.get_type_hints(here).get(str(part))
        else:
            # A mapping's values, a list's items.
            here = next((a for a in reversed(typing.get_args(here)) if a is not Ellipsis), None)
        if typing.get_origin(here) in (typing.Union, types.UnionType):
            options = [a for a in typing.get_args(here) if a is not type(None)]
            here = next((a for a in options if dataclasses.is_dataclass(a)), options[0])
    return dataclasses.fields(here) if dataclasses.is_dataclass(here) else ()


def json_schema(cls: type[Any], title: str) -> dict[str, Any]:
    """Return the JSON schema of a record or a list of them, with what each field means, for an editor."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(cls).json_schema()
    shapes = {cls.__name__: schema, **schema.get("$defs", {})}
    for record in [*([cls] if dataclasses.is_dataclass(cls) else []), *_records(cls)]:
        shape = shapes[record.__name__]
        for field in dataclasses.fields(record):
            if "about" in field.metadata:
                shape["properties"][field.name]["description"] = field.metadata["about"]
        if "description" in shape:  # what its attributes are stands with each
            shape["description"] = shape["description"].partition("\n\n")[0]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def _records(cls: Any) -> Iterable[type[Any]]:
    """Return the records that the fields of a record hold, at any depth."""
    import typing

    queue = [cls]
    while queue:
        here = queue.pop()
        if dataclasses.is_dataclass(here):
            if here is not cls:
                yield here  # type: ignore[misc]
            queue += typing.get_type_hints(here).values()
        queue += [a for a in typing.get_args(here) if a is not Ellipsis]
