"""Typed, validated reading of a package's tables.

:func:`table` holds a file to its Table Schema: strict UTF-8, complete rows, the declared columns in the
declared order, types, required cells, bounds, known codes, unique and sorted keys. What does not conform is
refused with a :class:`DataError` that names file, line, column, the value found, the value expected and the
remedy. A changed hash alone is not refused here (an author edits data on purpose).

Files keep one row per line, LF line ends and a final newline, so that line numbers are those an editor shows
and a cut file is recognised.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dataregister.records import DataError, Field, Finding, ForeignKey, Package, Resource, decode

if TYPE_CHECKING:
    import pandas as pd

# An exponent only as pandas writes tiny numbers (8e-06); 1.2E+05 is what a spreadsheet leaves of a count.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e-[0-9]{2,3})?")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_MISSING = {"NaN", "nan", "None", "null", "NULL", "#N/A"}  # what programs write for a value they lack
_BOOLEANS = {"true": True, "false": False}


def table(package: Package, name: str) -> pd.DataFrame:
    """Read one registered table, validated against its Table Schema.

    Parameters
    ----------
    package : Package
        The register.
    name : str
        Name of the table in it.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of the schema, rows sorted by the primary key. Types: ``string`` → ``str``,
        ``number`` → ``float64``, ``integer`` → ``int64`` (``Int64`` where a cell may be empty), ``boolean`` →
        ``bool`` (``boolean`` where a cell may be empty). ``attrs`` holds ``name``, ``units`` (by column),
        ``title`` and ``publisher``.

    Raises
    ------
    DataError
        If the name is not registered, the file is missing, or anything in it departs from the schema.
    """
    rows = _conforming(package, name)
    frame, about = rows.frame(), package.entry(name)
    frame.attrs.update(
        name=name,
        units={field.name: field.unit for field in about.fields or () if field.unit},
        title=about.title,
        publisher=about.publisher,
    )
    return frame


def cells(package: Package, name: str) -> dict[str, Sequence[str]]:
    """Texts of a table's cells by column, validated as `table` does; nothing is made of them, and no frame.

    Raises
    ------
    DataError
        As `table` does.
    """
    return dict(_conforming(package, name).cells)


def _conforming(package: Package, name: str) -> _Table:
    about = package.entry(name)
    if about.fields is None:
        remedy = "Only an entry with a schema is read as a table."
        raise _schema_error(package, about, f"{name} without a schema", "a table", remedy)
    unknown = {field.type for field in about.fields} - set(_PARSERS)
    if unknown:
        found = f"the type {', '.join(sorted(unknown))} in the schema of {name}"
        raise _schema_error(package, about, found, f"one of {', '.join(_PARSERS)}")
    missing = {*about.primary_key, *(c for key in about.foreign_keys for c in key.fields)} - {
        field.name for field in about.fields
    }
    if missing:
        found = f"a key of {name} over {', '.join(sorted(missing))}"
        raise _schema_error(package, about, found, "columns of the table")
    kept: _Table | None = package.kept.get(name)
    if kept is not None and kept.stands():
        return kept
    rows = _Table(package, about)
    findings = {
        *rows.convert(),
        *rows.key_findings(about.primary_key),
        *rows.foreign_findings(about.foreign_keys),
    }
    if findings:
        raise DataError(sorted(findings, key=lambda f: (f.line or 0, f.column or "", f.expected)))
    package.kept[name] = rows
    return rows


def _schema_error(
    package: Package, about: Resource, found: str, expected: str, remedy: str = "Correct the schema."
) -> DataError:
    line = package.line(about.name, "schema")
    return DataError([Finding(package.shown, line, None, found, expected, remedy)])


class _Table:
    """Rows of one file on their way to a frame; each step reports what it refuses."""

    def __init__(self, package: Package, about: Resource) -> None:
        self.package, self.about, self.file = package, about, package.shown_file(about)
        self.fields = {field.name: field for field in about.fields or ()}
        self.restore = f"Correct the cell, or `git checkout -- {self.file}` restores the last committed file."
        self.read: dict[str, bytes] = {}
        rows = self.rows_of(about)
        columns = zip(*rows, strict=True) if rows else ((),) * len(self.fields)
        self.cells: dict[str, Sequence[str]] = dict(zip(self.fields, columns, strict=True))
        self.values: dict[str, list[Any]] = {}

    def rows_of(self, about: Resource) -> list[list[str]]:
        """Rows of a file that this one is judged by, itself among them."""
        content = self.read[about.name] = self.package.content(about)
        return _rows(self.package, about, content)

    def stands(self) -> bool:
        """Tell whether all files that it was judged by have the bytes they had."""
        entry, content = self.package.entry, self.package.content
        return all(content(entry(name)) == before for name, before in self.read.items())

    def columns_of(self, about: Resource, wanted: Sequence[str]) -> dict[str, list[str]]:
        """Cells of the key columns of a table, to which this one refers."""
        header = [field.name for field in about.fields or ()]
        if set(wanted) - set(header):
            found = f"a reference to {', '.join(wanted)} of {about.name}"
            raise _schema_error(self.package, self.about, found, f"columns among {', '.join(header)}")
        rows = self.rows_of(about)
        return {column: [row[header.index(column)] for row in rows] for column in wanted}

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
            if field.constraints.unique:
                yield from self.repeated([name])
            self.values[name] = [verdicts[text][0] for text in cells]

    def key_findings(self, key: Sequence[str]) -> Iterator[Finding]:
        """Yield rows whose key repeats or stands out of order."""
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

    def foreign_findings(self, keys: Sequence[ForeignKey]) -> Iterator[Finding]:
        """Yield cells whose code the referenced table does not know."""
        for key in keys:
            known: Mapping[str, Sequence[Any]]
            if key.resource:
                target = self.package.entry(key.resource)
                known = self.columns_of(target, key.reference)
                there = self.package.shown_file(target)
            else:
                known, there = {column: self.cells[column] for column in key.reference}, "the table itself"
            codes = set(zip(*(known[column] for column in key.reference), strict=True))
            for index, code in enumerate(zip(*(self.cells[column] for column in key.fields), strict=True)):
                if code not in codes and any(code):
                    yield self.finding(
                        index,
                        ", ".join(key.fields),
                        _text(code),
                        f"a code that column {', '.join(key.reference)} of {there} knows",
                        "Correct the code, or add it there first.",
                    )

    def finding(self, index: int, column: str, found: str, expected: str, remedy: str) -> Finding:
        """Finding for the cell in data row ``index`` (0 is line 2 of the file)."""
        return Finding(self.file, index + 2, column, repr(found), expected, remedy or self.restore)

    def frame(self) -> pd.DataFrame:
        """Typed frame; only to be called when no step had a finding."""
        # Here, for a check of cells alone needs none, and pandas takes longer to load than they to be read.
        import pandas as pd

        return pd.DataFrame(
            {name: pd.Series(self.values[name], dtype=_dtype(field)) for name, field in self.fields.items()}
        )


def _judge(text: str, field: Field) -> tuple[Any, tuple[str, str] | None]:
    """Value of a cell, and what was expected with the remedy ("" for the general one) if it cannot stand."""
    limits = field.constraints
    if text == "":
        return None, ("a value: the cell may not be empty", "") if limits.required else None
    value, problem = _PARSERS[field.type](text)
    if problem is not None:
        return None, problem
    if limits.minimum is not None and value < limits.minimum:
        return value, (f"at least {limits.minimum}", "")
    if limits.maximum is not None and value > limits.maximum:
        return value, (f"at most {limits.maximum}", "")
    if limits.enum and value not in limits.enum:
        return value, (f"one of {', '.join(map(str, limits.enum))}", "")
    if limits.pattern and not re.fullmatch(limits.pattern, text):
        return value, (f"a text of the pattern {limits.pattern}", "")
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


def _dtype(field: Field) -> str:
    required = field.constraints.required
    return {
        "string": "str",
        "number": "float64",
        "integer": "int64" if required else "Int64",
        "boolean": "bool" if required else "boolean",
    }[field.type]


# --- bytes to rows --------------------------------------------------------------------------------


def _rows(package: Package, about: Resource, content: bytes) -> list[list[str]]:
    """Rows below a header that is exactly the schema's, each of full width, one per line."""
    header = [field.name for field in about.fields or ()]
    file = package.shown_file(about)
    text = decode(content, file)
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
    if rows[0] != header:
        raise refuse(1, f"columns {', '.join(rows[0]) or '(none)'}", f"columns {', '.join(header)}")
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


def _text(key: tuple[Any, ...]) -> str:
    return ", ".join(map(str, key))


def _short(row: list[str]) -> str:
    text = ",".join(row)
    return text if len(text) <= 60 else text[:57] + "…"
