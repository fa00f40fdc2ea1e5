"""The way into ``data/``: every table is read by :func:`load`, validated against the register.

The register is ``data/datapackage.json``, a Frictionless data package: for each table its origin, licence,
grade, hash and a Table Schema with the meaning and unit of every column. :func:`load` holds a table to that
schema: strict UTF-8, complete rows, the declared columns in the declared order, types, required cells,
bounds, known codes, unique and sorted keys. What does not conform is refused with a :class:`DataError` that
names file, line, column, the value found, the value expected and the remedy. A changed hash alone is not
refused here (an author edits data on purpose); that is the task of ``paper check``.

Files keep one row per line, LF line ends and a final newline, so that line numbers are those an editor shows
and a cut file is recognised.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

REGISTER = "datapackage.json"
FOLDER_VARIABLE = "BORDERLAND_DATA"
OURSELVES = "borderland paper contributors"
SHOWN = 10  # findings printed in one refusal; the rest are counted

# An exponent only as pandas writes tiny numbers (8e-06); 1.2E+05 is what a spreadsheet leaves of a count.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e-[0-9]{2,3})?")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_MISSING = {"NaN", "nan", "None", "null", "NULL", "#N/A"}  # what programs write for a value they lack
_BOOLEANS = {"true": True, "false": False}
_ENTRY_KEYS = ("name", "path", "title", "publisher")


@dataclass(frozen=True)
class Finding:
    """One departure of a file from its schema; ``line`` counts from 1, the header being line 1."""

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

    def __init__(self, findings: Sequence[Finding]):
        self.findings = list(findings)
        shown = [str(finding) for finding in self.findings[:SHOWN]]
        if len(self.findings) > SHOWN:
            shown.append(f"… and {len(self.findings) - SHOWN} more findings in {self.findings[0].file}")
        super().__init__("\n".join(shown))


# --- the register ---------------------------------------------------------------------------------


def folder() -> Path:
    """Folder that holds the tables and the register.

    The environment variable ``BORDERLAND_DATA`` names it; without it, the first ``data/datapackage.json`` at
    or above the working directory is taken, so notebooks and tests run from anywhere inside the project.

    Raises
    ------
    DataError
        If there is no register in the named folder, or none above the working directory.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        if (Path(named) / REGISTER).is_file():
            return Path(named)
        raise _register_error(
            f"no {REGISTER} in {named}",
            "the folder of the tables",
            f"Correct or unset the variable {FOLDER_VARIABLE}.",
        )
    here = Path.cwd()
    for parent in (here, *here.parents):
        if (parent / "data" / REGISTER).is_file():
            return parent / "data"
    raise _register_error(
        f"none at or above {here}",
        f"a folder data/ with {REGISTER}",
        f"Run inside the project, or set {FOLDER_VARIABLE} to the folder of the tables.",
    )


def register() -> dict[str, dict[str, Any]]:
    """Entries of the register by table name, each as written in ``datapackage.json``.

    Raises
    ------
    DataError
        If the register is not UTF-8 JSON with a list ``resources`` of uniquely named entries.
    """
    return _parse_register((folder() / REGISTER).read_bytes())


@lru_cache(maxsize=2)  # by content, so an edited register is never served stale
def _parse_register(raw: bytes) -> dict[str, dict[str, Any]]:
    text = _decode(raw, f"data/{REGISTER}")
    try:
        package = json.loads(text)
    except json.JSONDecodeError as error:
        restore = f"Correct it, or `git checkout -- data/{REGISTER}` restores the last committed one."
        raise DataError(
            [Finding(f"data/{REGISTER}", error.lineno, None, error.msg, "valid JSON", restore)]
        ) from None
    resources = package.get("resources") if isinstance(package, dict) else None
    if not isinstance(resources, list) or not all(isinstance(about, dict) for about in resources):
        raise _register_error("none", "a list `resources` of entries", "Compare it with the last commit.")
    for about in resources:
        lacking = [key for key in _ENTRY_KEYS if key not in about]
        if lacking:
            found = f"the entry {about.get('name', 'without a name')} without {', '.join(lacking)}"
            raise _register_error(found, f"entries with {', '.join(_ENTRY_KEYS)}", "Complete the entry.")
    names = [about["name"] for about in resources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _register_error(f"{', '.join(twice)} twice", "each name once", "Remove the older entry.")
    return dict(zip(names, resources, strict=True))


def entry(name: str) -> dict[str, Any]:
    """Register entry of one table.

    Raises
    ------
    DataError
        If no entry has that name; the message offers the nearest names.
    """
    entries = register()
    if name not in entries:
        near = get_close_matches(name, entries, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "A new table is a CSV and a register entry."
        raise _register_error(f"no table named {name!r}", "a registered name", hint)
    return entries[name]


def path(name: str) -> Path:
    """Path of the registered file called ``name`` (a table or a boundary file)."""
    return folder() / entry(name)["path"]


def digest(name: str) -> str:
    """SHA-256 of the file behind ``name``, written as in the register (``sha256:`` and 64 hex digits)."""
    return "sha256:" + hashlib.sha256(_read(path(name), f"data/{entry(name)['path']}")).hexdigest()


def source_line(*names: str) -> str:
    """Source line of a figure or table that draws on the named tables.

    Returns
    -------
    str
        ``Sources: Publisher A; Publisher B. Tables: first, second.`` in the order of the names, each
        publisher once. Tables of our own making name no publisher beside others.
    """
    publishers = dict.fromkeys(who for name in names for who in entry(name)["publisher"].split("; "))
    if len(publishers) > 1:
        publishers.pop(OURSELVES, None)
    plural = {"Source": len(publishers), "Table": len(names)}
    source, table = (word + "s" if count > 1 else word for word, count in plural.items())
    who = "; ".join(publishers).rstrip(".")
    return f"{source}: {who}. {table}: {', '.join(names)}."


# --- loading --------------------------------------------------------------------------------------


def load(name: str) -> pd.DataFrame:
    """Read one registered table, validated against its Table Schema.

    Parameters
    ----------
    name : str
        Name of the table in the register, which is also the stem of its file.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of the schema, rows sorted by the primary key. Types: ``string`` → ``str``,
        ``number`` → ``float64``, ``integer`` → ``int64`` (``Int64`` where a cell may be empty), ``boolean`` →
        ``bool`` (``boolean`` where a cell may be empty). ``attrs`` holds ``name``, ``units`` (by column),
        ``title``, ``publisher`` and ``source`` (a ready source line).

    Raises
    ------
    DataError
        If the name is not registered, the file is missing, or anything in it departs from the schema.
    """
    about = entry(name)
    schema = about.get("schema")
    if schema is None:
        remedy = "Boundaries are read by borderland.geo; a table needs a schema in its entry."
        raise _register_error(f"{name} without a schema", "a table", remedy)
    unknown = {field["type"] for field in schema["fields"]} - set(_PARSERS)
    if unknown:
        found = f"the type {', '.join(sorted(unknown))} in the schema of {name}"
        raise _register_error(found, f"one of {', '.join(_PARSERS)}", "Correct the schema.")
    table = _Table(f"data/{about['path']}", folder() / about["path"], schema["fields"])
    findings = {
        *table.convert(),
        *table.key_findings(schema.get("primaryKey", [])),
        *table.foreign_findings(schema.get("foreignKeys", [])),
    }
    if findings:
        raise DataError(sorted(findings, key=lambda f: (f.line or 0, f.column or "", f.expected)))
    frame = table.frame()
    frame.attrs.update(
        name=name,
        units={f["name"]: f["unit"] for f in schema["fields"] if "unit" in f},
        title=about["title"],
        publisher=about["publisher"],
        source=source_line(name),
    )
    return frame


class _Table:
    """Rows of one file on their way to a frame; each step reports what it refuses."""

    def __init__(self, file: str, location: Path, fields: list[dict[str, Any]]):
        self.file = file
        self.fields = {f["name"]: f for f in fields}
        self.restore = f"Correct the cell, or `git checkout -- {file}` restores the last committed file."
        rows = _rows(location, file, list(self.fields))
        columns = zip(*rows, strict=True) if rows else ((),) * len(fields)
        self.cells = dict(zip(self.fields, columns, strict=True))
        self.values: dict[str, list[Any]] = {}

    def convert(self) -> Iterator[Finding]:
        """Convert every column; yield the cells that break type or constraint."""
        for name, field in self.fields.items():
            cells = self.cells[name]
            # Each distinct text is judged once: columns of codes and years repeat few values many times.
            verdicts = {text: _judge(text, field) for text in set(cells)}
            bad = {text: verdict for text, (_, verdict) in verdicts.items() if verdict is not None}
            if bad:
                for index, text in enumerate(cells):
                    if text in bad:
                        expected, remedy = bad[text]
                        yield self.finding(index, name, text, expected, remedy)
            if field.get("constraints", {}).get("unique"):
                yield from self.repeated([name])
            self.values[name] = [verdicts[text][0] for text in cells]

    def key_findings(self, key: Sequence[str]) -> Iterator[Finding]:
        """Yield rows whose key repeats or stands out of order."""
        key = [key] if isinstance(key, str) else list(key)
        if not key:
            return
        yield from self.repeated(key)
        keys = list(zip(*(self.values[column] for column in key), strict=True))
        for index, (before, after) in enumerate(pairwise(keys), start=1):
            # An empty or ill-typed part (None) is reported elsewhere and cannot be ordered.
            if None not in before and None not in after and after < before:
                yield self.finding(
                    index,
                    ", ".join(key),
                    _text(after),
                    f"a key after {_text(before)} (rows are sorted by {', '.join(key)})",
                    "A row has moved or its key was changed: put it back in order.",
                )

    def repeated(self, columns: Sequence[str]) -> Iterator[Finding]:
        """Yield rows that repeat the values of earlier rows in ``columns``."""
        first: dict[tuple[str, ...], int] = {}
        for index, key in enumerate(zip(*(self.cells[column] for column in columns), strict=True)):
            earlier = first.setdefault(key, index)
            if earlier != index:
                yield self.finding(
                    index,
                    ", ".join(columns),
                    _text(key),
                    f"a key not yet used (line {earlier + 2} has it)",
                    "Remove the row or correct its key.",
                )

    def foreign_findings(self, keys: Iterable[dict[str, Any]]) -> Iterator[Finding]:
        """Yield cells whose code the referenced table does not know."""
        for foreign in keys:
            local = _listed(foreign["fields"])
            remote = _listed(foreign["reference"]["fields"])
            target = foreign["reference"]["resource"] or None
            known = self.cells if target is None else _columns(target, remote)
            codes = set(zip(*(known[column] for column in remote), strict=True))
            there = f"data/{entry(target)['path']}" if target else "the table itself"
            for index, code in enumerate(zip(*(self.cells[column] for column in local), strict=True)):
                if code not in codes and any(code):
                    yield self.finding(
                        index,
                        ", ".join(local),
                        _text(code),
                        f"a code that column {', '.join(remote)} of {there} knows",
                        "Correct the code, or add it there first.",
                    )

    def finding(self, index: int, column: str, found: str, expected: str, remedy: str) -> Finding:
        """Finding for the cell in data row ``index`` (0 is line 2 of the file)."""
        return Finding(self.file, index + 2, column, repr(found), expected, remedy or self.restore)

    def frame(self) -> pd.DataFrame:
        """Typed frame; only to be called when no step had a finding."""
        return pd.DataFrame(
            {name: pd.Series(self.values[name], dtype=_dtype(field)) for name, field in self.fields.items()}
        )


def _judge(text: str, field: dict[str, Any]) -> tuple[Any, tuple[str, str] | None]:
    """Value of a cell, and what was expected with the remedy ("" for the general one) if it cannot stand."""
    constraints = field.get("constraints", {})
    if text == "":
        return None, ("a value: the cell may not be empty", "") if constraints.get("required") else None
    value, problem = _PARSERS[field["type"]](text)
    if problem is not None:
        return None, problem
    if "minimum" in constraints and value < constraints["minimum"]:
        return value, (f"at least {constraints['minimum']}", "")
    if "maximum" in constraints and value > constraints["maximum"]:
        return value, (f"at most {constraints['maximum']}", "")
    if "enum" in constraints and value not in constraints["enum"]:
        return value, (f"one of {', '.join(map(str, constraints['enum']))}", "")
    if "pattern" in constraints and not re.fullmatch(constraints["pattern"], text):
        return value, (f"a text of the pattern {constraints['pattern']}", "")
    return value, None


_Parsed = tuple[Any, tuple[str, str] | None]


def _parse_string(text: str) -> _Parsed:
    if text in _MISSING:
        return None, ("a text, not the mark of a missing value", "Leave the cell empty if it may be.")
    if text != text.strip():
        return None, ("no blank at either end", "Remove the blank.")
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        return None, ("composed letters (Unicode NFC)", "Normalise the file to NFC.")
    return text, None


def _parse_number(text: str, pattern: re.Pattern[str], kind: str, make: Callable[[str], Any]) -> _Parsed:
    if pattern.fullmatch(text):
        return make(text), None
    if _DECIMAL_COMMA.fullmatch(text):
        return None, (f"{kind} with a decimal point", "Write 1.5, not 1,5.")
    return None, (kind, "")


def _parse_boolean(text: str) -> _Parsed:
    return (_BOOLEANS[text], None) if text in _BOOLEANS else (None, ("true or false", ""))


_PARSERS: dict[str, Callable[[str], _Parsed]] = {
    "string": _parse_string,
    "integer": lambda text: _parse_number(text, _INTEGER, "a whole number", int),
    "number": lambda text: _parse_number(text, _NUMBER, "a number", float),
    "boolean": _parse_boolean,
}


def _dtype(field: dict[str, Any]) -> str:
    required = field.get("constraints", {}).get("required", False)
    return {
        "string": "str",
        "number": "float64",
        "integer": "int64" if required else "Int64",
        "boolean": "bool" if required else "boolean",
    }[field["type"]]


# --- bytes to rows --------------------------------------------------------------------------------


def _read(location: Path, file: str) -> bytes:
    try:
        return location.read_bytes()
    except FileNotFoundError:
        restore = f"`git checkout -- {file}` restores it; a table given up leaves the register too."
        raise DataError([Finding(file, None, None, "no file", "the registered file", restore)]) from None


def _decode(raw: bytes, file: str) -> str:
    """Text of a file; strict UTF-8 without byte-order mark."""
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


def _rows(location: Path, file: str, header: list[str]) -> list[list[str]]:
    """Rows below a header that is exactly the schema's, each of full width, one per line."""
    text = _decode(_read(location, file), file)
    restore = f"`git checkout -- {file}` restores the last committed file."

    def refuse(line: int | None, found: str, expected: str, remedy: str = restore) -> DataError:
        return DataError([Finding(file, line, None, found, expected, remedy)])

    for mark, name in (("\r", "a carriage return"), ("\0", "a NUL byte")):
        if mark in text:
            line = text.count("\n", 0, text.index(mark)) + 1
            raise refuse(line, name, "lines that end in LF", "Save the file with LF line ends.")
    if not text.endswith("\n"):
        raise refuse(text.count("\n") + 1, "no newline at the end", "a final newline: the file looks cut off")
    for line, row in enumerate(text.split("\n") if '"' in text else (), start=1):
        if row.count('"') % 2:
            raise refuse(
                line, "a quotation mark without its pair", "one row a line", "Close the quotation mark."
            )
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise refuse(reader.line_num, str(error), "cells quoted as RFC 4180 says") from None
    if not rows or rows[0] != header:
        raise refuse(1, f"columns {', '.join(rows[0]) if rows else '(none)'}", f"columns {', '.join(header)}")
    ragged = [(i, row) for i, row in enumerate(rows, start=1) if len(row) != len(header)]
    if ragged:
        remedy = f"Look for a decimal comma or a lost cell; {restore}"
        raise DataError(
            [
                Finding(file, line, None, f"{len(row)} cells ({_short(row)})", f"{len(header)} cells", remedy)
                for line, row in ragged
            ]
        )
    return rows[1:]


def _columns(name: str, wanted: Sequence[str]) -> dict[str, list[str]]:
    """Cells of the key columns of a referenced table."""
    about = entry(name)
    header = [field["name"] for field in about["schema"]["fields"]]
    rows = _rows(folder() / about["path"], f"data/{about['path']}", header)
    return {column: [row[header.index(column)] for row in rows] for column in wanted}


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _text(key: tuple[Any, ...]) -> str:
    return ", ".join(map(str, key))


def _short(row: list[str]) -> str:
    text = ",".join(row)
    return text if len(text) <= 60 else text[:57] + "…"


def _register_error(found: str, expected: str, remedy: str) -> DataError:
    return DataError([Finding(f"data/{REGISTER}", None, None, found, expected, remedy)])
