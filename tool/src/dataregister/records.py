"""The records of a data package (``datapackage.json``), their one reader, and what is said of a bad one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

SHOWN = 10
"""Findings printed in one refusal; the rest are counted."""

Key = str | int


@dataclass(frozen=True)
class Finding:
    """One departure of a file from what it should be; ``line`` counts from 1, a header being line 1."""

    file: str
    line: int | None
    column: str | None
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        """One line: place, what was found and expected, what to do."""
        place = self.file
        if self.line is not None:
            place += f":{self.line}"
        if self.column is not None:
            place += f", column {self.column}"
        return f"{place}: found {self.found}, expected {self.expected}. {self.remedy}"


class DataError(ValueError):
    """A table, or the register, that cannot be used as it stands.

    Attributes
    ----------
    findings : list of Finding
        Every finding, also those beyond the ten printed in the message.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        shown = [str(finding) for finding in self.findings[:SHOWN]]
        if len(self.findings) > SHOWN:
            shown.append(f"… and {len(self.findings) - SHOWN} more findings in {self.findings[0].file}")
        super().__init__("\n".join(shown))


@dataclass(frozen=True)
class License:
    """Terms of use: a short name, its title, the address of the text."""

    name: str = ""
    title: str = ""
    path: str = ""


@dataclass(frozen=True)
class Source:
    """What figures were read from: title, publisher, address, day of reading (ISO 8601)."""

    title: str = ""
    publisher: str = ""
    path: str = ""
    accessed: str = ""


@dataclass(frozen=True)
class Constraints:
    """What every cell of a column must meet (Table Schema, constraints)."""

    required: bool = False
    unique: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None
    enum: tuple[Any, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Field:
    """One column: name, type, meaning, unit (empty where it has none), constraints."""

    name: str
    type: str = "string"
    description: str = ""
    unit: str = ""
    constraints: Constraints = Constraints()


@dataclass(frozen=True)
class ForeignKey:
    """Columns whose values another table knows; an empty `resource` is the table itself."""

    fields: tuple[str, ...]
    resource: str
    reference: tuple[str, ...]


@dataclass(frozen=True)
class Resource:
    """One file of the package.

    Attributes
    ----------
    name, path : str
        What it is called; where it lies, from the folder of the register.
    title, description, publisher : str
        What it is and whose; empty where the register does not say.
    hash : str
        ``sha256:`` and 64 hexadecimal digits, or empty.
    bytes : int or None
        Its size.
    licenses, sources : tuple
        Terms of use and origin.
    fields : tuple of Field, or None
        Columns; None for a file that is no table.
    primary_key : tuple of str
        Columns that identify a row, in the order by which rows are sorted.
    foreign_keys : tuple of ForeignKey
        What other tables must know.
    raw : mapping
        The entry as it is written, with what the standard does not define.
    """

    name: str
    path: str
    title: str = ""
    description: str = ""
    publisher: str = ""
    hash: str = ""
    bytes: int | None = None
    licenses: tuple[License, ...] = ()
    sources: tuple[Source, ...] = ()
    fields: tuple[Field, ...] | None = None
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Package:
    """A register: its own description, and the resources by name.

    Attributes
    ----------
    folder : Path
        Where the register and its files lie.
    shown : str
        The register as messages name it; files are shown in the same folder.
    """

    folder: Path
    shown: str
    name: str = ""
    title: str = ""
    licenses: tuple[License, ...] = ()
    resources: Mapping[str, Resource] = field(default_factory=dict)
    text: str = field(default="", repr=False)

    @cached_property
    def kept(self) -> dict[str, Any]:
        """Tables found to conform, by name: one whose files are as they were is not judged again."""
        return {}

    @cached_property
    def _lines(self) -> Mapping[tuple[Key, ...], int]:
        return lines_of(self.text)

    def line(self, name: str, *place: Key) -> int:
        """Line of an entry, or of what stands below it at `place`."""
        index = list(self.resources).index(name)
        return line_at(self._lines, ("resources", index, *place))

    def where(self, name: str, *place: Key) -> str:
        """``file:line`` of the same."""
        return f"{self.shown}:{self.line(name, *place)}"

    def file(self, resource: Resource) -> Path:
        """The file that a resource describes."""
        return self.folder / resource.path

    def shown_file(self, resource: Resource) -> str:
        """The same as messages name it."""
        return (Path(self.shown).parent / resource.path).as_posix()

    def content(self, resource: Resource) -> bytes:
        """Bytes of a resource's file.

        Raises
        ------
        DataError
            If it is missing.
        """
        try:
            return self.file(resource).read_bytes()
        except FileNotFoundError:
            file = self.shown_file(resource)
            restore = f"`git checkout -- {file}` restores it; a table given up leaves the register too."
            raise DataError([Finding(file, None, None, "no file", "the registered file", restore)]) from None

    def entry(self, name: str) -> Resource:
        """Resource called `name`.

        Raises
        ------
        DataError
            If none has that name; the message offers the nearest names.
        """
        if name in self.resources:
            return self.resources[name]
        near = get_close_matches(name, self.resources, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "A new table is a CSV and a register entry."
        raise DataError(
            [Finding(self.shown, None, None, f"no table named {name!r}", "a registered name", hint)]
        )


def read_package(path: Path | str, shown: str | None = None) -> Package:
    """Read a register.

    Parameters
    ----------
    path : Path
        ``datapackage.json``.
    shown : str, optional
        The file as messages name it, by default folder and file name.

    Raises
    ------
    DataError
        If it is missing, no UTF-8, no JSON or of another shape; all findings with their lines.
    """
    path = Path(path)
    shown = shown or f"{path.parent.name}/{path.name}"
    try:
        raw = path.read_bytes()
    except OSError as error:
        restore = f"`git checkout -- {shown}` restores it."
        raise DataError(
            [Finding(shown, None, None, f"no register ({error.strerror})", "a data package", restore)]
        ) from None
    return parse_package(raw, path.parent, shown)


def parse_package(raw: bytes, folder: Path, shown: str) -> Package:
    """Return the register that bytes hold (see `read_package`)."""
    restore = f"Correct it, or `git checkout -- {shown}` restores the last committed one."
    text = decode(raw, shown)
    try:
        package = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError([Finding(shown, error.lineno, None, error.msg, "valid JSON", restore)]) from None
    except (ValueError, RecursionError) as error:
        raise DataError([Finding(shown, None, None, str(error), "a data package", restore)]) from None
    reader = _Reader(text, shown)
    top = reader.mapping(package, (), "a JSON object")
    resources: dict[str, Resource] = {}
    for index, about in enumerate(reader.listed(top, "resources", (), needed=True)):
        place = ("resources", index)
        if not isinstance(about, dict):
            reader.complain(place, _short(about), "an entry: an object with name and path")
            continue
        entry = reader.resource(about, place)
        if entry is not None and entry.name in resources:
            reader.complain(place, f"{entry.name} twice", "each name once", "Remove the older entry.")
        elif entry is not None:
            resources[entry.name] = entry
    found = Package(
        folder,
        shown,
        reader.text(top, "name", ()),
        reader.text(top, "title", ()),
        reader.licenses(top, ()),
        resources,
        text,
    )
    if reader.findings:
        raise DataError(sorted(reader.findings, key=lambda one: one.line or 0))
    return found


class _Reader:
    """Makes records from JSON; what has another shape is said, with its line, and left out."""

    def __init__(self, text: str, shown: str) -> None:
        self.source, self.shown = text, shown
        self.findings: list[Finding] = []
        self._lines: Mapping[tuple[Key, ...], int] | None = None

    def complain(
        self, place: Sequence[Key], found: str, expected: str, remedy: str = "Correct the entry."
    ) -> None:
        if self._lines is None:
            self._lines = lines_of(self.source)
        self.findings.append(Finding(self.shown, line_at(self._lines, place), None, found, expected, remedy))

    def mapping(self, value: Any, place: Sequence[Key], expected: str = "an object") -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self.complain(place, _short(value), expected)
        return {}

    def listed(
        self, owner: Mapping[str, Any], key: str, place: Sequence[Key], *, needed: bool = False
    ) -> list[Any]:
        value = owner.get(key)
        if isinstance(value, list):
            return value
        if value is not None or needed:
            found = "none" if value is None else _short(value)
            self.complain((*place, key), found, f"a list `{key}`", "Compare it with the last commit.")
        return []

    def text(self, owner: Mapping[str, Any], key: str, place: Sequence[Key], default: str = "") -> str:
        value = owner.get(key)
        if value is not None and not isinstance(value, str):
            self.complain((*place, key), f"{key} {_short(value)}", "a text")
            return default
        return default if value is None else value

    def names(self, owner: Mapping[str, Any], key: str, place: Sequence[Key]) -> tuple[str, ...]:
        """A name, or a list of names."""
        value = owner.get(key, [])
        value = [value] if isinstance(value, str) else value
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self.complain((*place, key), f"{key} {_short(value)}", "a name or a list of names")
        return ()

    def licenses(self, owner: Mapping[str, Any], place: Sequence[Key]) -> tuple[License, ...]:
        return tuple(
            License(*(self.text(one, key, at) for key in ("name", "title", "path")))
            for at, one in self.mappings(owner, "licenses", place)
        )

    def mappings(
        self, owner: Mapping[str, Any], key: str, place: Sequence[Key]
    ) -> Iterable[tuple[tuple[Key, ...], Mapping[str, Any]]]:
        """Objects of a list, each with its place."""
        for index, one in enumerate(self.listed(owner, key, place)):
            at = (*place, key, index)
            if isinstance(one, dict):
                yield at, one
            else:
                self.complain(at, _short(one), f"an object in `{key}`")

    def resource(self, about: Mapping[str, Any], place: Sequence[Key]) -> Resource | None:
        name, path = self.text(about, "name", place), self.text(about, "path", place)
        lacking = [key for key, value in (("name", name), ("path", path)) if not value]
        if lacking:
            found = f"the entry {name or 'without a name'} without {', '.join(lacking)}"
            self.complain(place, found, "entries with name, path", "Complete the entry.")
            return None
        if Path(path).is_absolute() or ".." in Path(path).parts:
            self.complain((*place, "path"), f"the path {path}", "a path below the folder of the register")
            return None
        size = about.get("bytes")
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
            self.complain((*place, "bytes"), f"bytes {_short(size)}", "a whole number")
            size = None
        schema = about.get("schema")
        at = (*place, "schema")
        schema = None if schema is None else self.mapping(schema, at)
        return Resource(
            name,
            path,
            self.text(about, "title", place),
            self.text(about, "description", place),
            self.text(about, "publisher", place),
            self.text(about, "hash", place),
            size,
            self.licenses(about, place),
            tuple(
                Source(*(self.text(one, key, where) for key in ("title", "publisher", "path", "accessed")))
                for where, one in self.mappings(about, "sources", place)
            ),
            None if schema is None else self.fields(schema, at),
            self.names(schema or {}, "primaryKey", at),
            self.foreign_keys(schema or {}, at),
            about,
        )

    def fields(self, schema: Mapping[str, Any], place: Sequence[Key]) -> tuple[Field, ...]:
        made: list[Field] = []
        for at, one in self.mappings(schema, "fields", place):
            name = self.text(one, "name", at)
            if not name:
                self.complain(at, "a column without a name", "its `name`", "Complete the column.")
                continue
            if name in [other.name for other in made]:
                self.complain(at, f"the column {name} twice", "each column once")
                continue
            limits = self.mapping(one.get("constraints", {}), (*at, "constraints"))
            made.append(
                Field(
                    name,
                    self.text(one, "type", at, "string"),
                    self.text(one, "description", at),
                    self.text(one, "unit", at),
                    self.constraints(limits, (*at, "constraints")),
                )
            )
        return tuple(made)

    def constraints(self, limits: Mapping[str, Any], place: Sequence[Key]) -> Constraints:
        flags: dict[str, Any] = {}
        for key in ("required", "unique"):
            flags[key] = limits.get(key, False)
            if not isinstance(flags[key], bool):
                self.complain((*place, key), f"{key} {_short(flags[key])}", "true or false")
                flags[key] = False
        for key in ("minimum", "maximum"):
            flags[key] = limits.get(key)
            if flags[key] is not None and (
                isinstance(flags[key], bool) or not isinstance(flags[key], int | float)
            ):
                self.complain((*place, key), f"{key} {_short(flags[key])}", "a number")
                flags[key] = None
        pattern = self.text(limits, "pattern", place)
        try:
            re.compile(pattern)
        except re.error as error:
            self.complain((*place, "pattern"), f"the pattern {pattern} ({error})", "a regular expression")
            pattern = ""
        return Constraints(**flags, enum=tuple(self.listed(limits, "enum", place)), pattern=pattern)

    def foreign_keys(self, schema: Mapping[str, Any], place: Sequence[Key]) -> tuple[ForeignKey, ...]:
        made = []
        for at, one in self.mappings(schema, "foreignKeys", place):
            reference = self.mapping(one.get("reference"), (*at, "reference"), "a `reference` to a table")
            here, there = self.names(one, "fields", at), self.names(reference, "fields", (*at, "reference"))
            if len(here) != len(there) or not here:
                self.complain(at, f"{len(here)} columns for {len(there)}", "as many columns as they refer to")
                continue
            made.append(ForeignKey(here, self.text(reference, "resource", (*at, "reference")), there))
        return tuple(made)


def decode(raw: bytes, file: str) -> str:
    """Text of a file; strict UTF-8 without byte-order mark.

    Raises
    ------
    DataError
        With the line of the first byte that is none.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        raise DataError(
            [Finding(file, 1, None, "a byte-order mark", "UTF-8 without one", "Save as UTF-8 without BOM.")]
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{raw[error.start]:02x} at offset {error.start}"
        remedy = f"Save the file as UTF-8, or `git checkout -- {file}` restores it."
        raise DataError([Finding(file, line, None, found, "UTF-8 text", remedy)]) from None


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


# A register is read by several rules of one check.
@lru_cache(maxsize=4)
def lines_of(text: str) -> dict[tuple[Key, ...], int]:
    """Line (from 1) of everything in JSON text, by the keys and positions that lead to it.

    >>> lines_of('{"a":\\n [1,\\n  {"b": 2}]}')[("a", 1, "b")]
    3
    """
    lines: dict[tuple[Key, ...], int] = {(): 1}
    place: list[Key] = []
    kinds: list[str] = []
    line, last, wants_key = 1, 0, False
    for match in _TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last, token = match.start(), match.group()
        if token in "[{":
            lines.setdefault(tuple(place), line)
            kinds.append(token)
            place.append(0 if token == "[" else "")
            wants_key = token == "{"
            if token == "[":
                lines[tuple(place)] = line + text.count("\n", last, _next(text, match.end()))
        elif token in "]}":
            kinds.pop()
            place.pop()
            wants_key = False
        elif token == ",":
            if kinds[-1] == "[":
                place[-1] = int(place[-1]) + 1
                lines[tuple(place)] = line + text.count("\n", last, _next(text, match.end()))
            wants_key = kinds[-1] == "{"
        elif token != ":" and wants_key:
            place[-1] = json.loads(token)
            lines[tuple(place)] = line
            wants_key = False
    return lines


def _next(text: str, start: int) -> int:
    """Where the next token begins."""
    match = _TOKEN.search(text, start)
    return match.start() if match else start


def line_at(lines: Mapping[tuple[Key, ...], int], place: Sequence[Key]) -> int:
    """Line of a place, or of what holds it where it is not there itself."""
    for length in range(len(place), -1, -1):
        if (found := lines.get(tuple(place[:length]))) is not None:
            return found
    return 1


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
