"""Compare two tables cell by cell."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from paperbuild.project.layout import TABLES
from paperbuild.project.tolerances import Tolerances
from paperbuild.proof.ladder import (
    Comparison,
    Gap,
    Rung,
    gap_between,
    read_both,
    short_hash,
    widest,
)


@dataclass(frozen=True)
class Cell:
    """One cell that changed: row (from 1, without header), column, reference, result."""

    row: int
    column: str
    expected: str
    found: str
    within: bool

    @property
    def gap(self) -> Gap | None:
        """How far apart the two values are; None unless both are numbers."""
        left, right = _number(self.expected), _number(self.found)
        if left is None or right is None:
            return None
        return gap_between(left, right, f"row {self.row}, {self.column}")

    def __str__(self) -> str:
        """The change in one line."""
        return f"row {self.row}, {self.column}: {self.expected} → {self.found}"


def _number(text: str) -> float | None:
    plain = text.strip().replace("\u2212", "-").replace(",", "").replace("\u00a0", "").rstrip("%")
    try:
        return float(plain)
    except ValueError:
        return None


def changed_cells(
    expected: list[list[str]], found: list[list[str]], tolerances: Tolerances, name: str
) -> list[Cell] | None:
    """Cells that are not the same text; None where header or number of rows differ.

    Parameters
    ----------
    expected, found : list of list of str
        Rows, the header first.
    tolerances : Tolerances
        What is declared, by `tables`, `name` and column.
    name : str
        The table's name.
    """
    if len(expected) != len(found) or expected[:1] != found[:1]:
        return None
    header = expected[0] if expected else []
    cells = []
    for row, (left, right) in enumerate(zip(expected[1:], found[1:], strict=True), start=1):
        if len(left) != len(right):
            return None
        for column, a, b in zip(header, left, right, strict=False):
            if a != b:
                x, y = _number(a), _number(b)
                tolerance = tolerances.of(TABLES, name, column)
                covered = x is not None and y is not None and tolerance.covers(x, y)
                cells.append(Cell(row, column, a, b, covered))
    return cells


def read_csv(content: bytes) -> list[list[str]]:
    """Rows of a CSV, the header first."""
    return list(csv.reader(io.StringIO(content.decode("utf-8")), strict=True))


def read_pipe_table(content: bytes) -> list[list[str]]:
    """Rows of a pandoc pipe table, the header first, the rule left out."""
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in content.decode("utf-8").splitlines()
        if line.strip().startswith("|")
    ]
    return [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]


def compare_table(path: str, expected: bytes, found: bytes, tolerances: Tolerances) -> Comparison:
    """Compare two tables (CSV or pipe table) cell by cell."""
    hashes = short_hash(expected), short_hash(found)
    if expected == found:
        return Comparison(path, Rung.IDENTICAL, *hashes)
    read = read_csv if path.endswith(".csv") else read_pipe_table
    sides = read_both(path, expected, found, read)
    if isinstance(sides, Comparison):
        return sides
    left, right = sides
    cells = changed_cells(left, right, tolerances, Path(path).stem)
    if cells is None:
        return Comparison(
            path,
            Rung.DIFFERS,
            _shape(left),
            _shape(right),
            reason="another shape or header",
            printed=path.endswith(".md"),
        )
    if not cells:
        return Comparison(path, Rung.SAME_CONTENT, *hashes, reason="the same cells, written otherwise")
    within = all(cell.within for cell in cells)
    gap = widest(cell.gap for cell in cells)
    counted = f"cells that differ: {len(cells)}, within tolerance: {sum(cell.within for cell in cells)}"
    return Comparison(
        path,
        Rung.WITHIN_TOLERANCE if within else Rung.DIFFERS,
        *hashes,
        reason=f"{counted}; {gap}" if gap else counted,
        details=tuple(str(cell) for cell in cells[:20]),
        gap=gap,
        # What a pipe table holds is what the article prints.
        printed=path.endswith(".md"),
    )


def _shape(rows: list[list[str]]) -> str:
    return f"{max(len(rows) - 1, 0)} rows × {len(rows[0]) if rows else 0} columns"
