"""Would a wrong cell be seen? Tables are changed on purpose, as if the change had been accepted.

Three kinds of harm are done, each to a copy in memory: another digit in a cell, a row gone, the contents of
two columns exchanged. A change passes where neither its table nor one that rests on it breaks schema or
checks.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dataregister.checks import RECORDED, Judge, edited, tables_asked
from dataregister.records import Package, Resource

EACH = 5
"""Changes of each kind in a table, at most."""
SEED = "a wrong cell"


@dataclass(frozen=True)
class Change:
    """A change of a table: its kind, the place (line, column), what it was and became."""

    kind: str
    place: str
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.place}: {self.kind}, {self.what}"


@dataclass(frozen=True)
class Mutations:
    """How many changes there were by kind, and who saw them.

    Attributes
    ----------
    counts, recorded : mapping of str to int
        By kind: all; those that no schema, sum or neighbour saw, but a recorded count did.
    passed : tuple of Change
        Those that nothing saw.
    """

    counts: dict[str, int]
    recorded: dict[str, int]
    passed: tuple[Change, ...]

    def passing(self, kind: str) -> int:
        """Return how many of a kind passed."""
        return sum(one.kind == kind for one in self.passed)

    @property
    def sound(self) -> bool:
        """Whether fewer than one in ten of each kind passed."""
        return all(10 * self.passing(kind) < count for kind, count in self.counts.items() if count)


def mutate_tables(package: Package, each: int = EACH) -> Mutations:
    """Change every table of a package in many ways, one at a time, and count what its checks do not see.

    Parameters
    ----------
    package : Package
        The register.
    each : int
        Changes of each kind in a table; fewer where it has fewer cells, rows or columns.
    """
    counts, recorded, passed = dict.fromkeys(_KINDS, 0), dict.fromkeys(_KINDS, 0), []
    tables = [about for about in package.resources.values() if about.fields is not None]
    resting = {
        about.name: [one.name for one in tables if about.name in tables_asked(package, one.name)]
        for about in tables
    }
    for about in tables:
        names = (about.name, *resting[about.name])
        text = package.content(about).decode("utf-8")
        head, *rows = csv.reader(io.StringIO(text))
        for kind, changes in _KINDS.items():
            chance = random.Random(f"{SEED} {about.name} {kind}")
            for place, what, changed in changes(about, head, rows, chance, each):
                counts[kind] += 1
                harmed = edited(package, {about.name: _written([head, *changed])})
                if _seen(Judge(harmed, without=RECORDED), names):
                    continue
                if _seen(Judge(harmed), names[:1]):
                    recorded[kind] += 1
                else:
                    passed.append(Change(kind, f"{package.shown_file(about)}{place}", what))
    return Mutations(counts, recorded, tuple(passed))


def _seen(judge: Judge, names: Sequence[str]) -> bool:
    return any(judge.findings(name) for name in names)


_Rows = Sequence[Sequence[str]]
_Changes = Iterator[tuple[str, str, _Rows]]


def _digits(about: Resource, head: Sequence[str], rows: _Rows, chance: random.Random, each: int) -> _Changes:
    # Of what is a number, and of what names a row: a text beside them is read by people alone.
    wanted = {one.name for one in about.fields or () if one.type in ("integer", "number")} | {
        *about.primary_key
    }
    cells = [
        (line, place)
        for line, row in enumerate(rows)
        for place, cell in enumerate(row)
        if head[place] in wanted and any(mark.isdecimal() for mark in cell)
    ]
    for line, place in chance.sample(cells, min(each, len(cells))):
        cell = rows[line][place]
        at = chance.choice([index for index, mark in enumerate(cell) if mark.isdecimal()])
        other = chance.choice([digit for digit in "0123456789" if digit != cell[at]])
        made = cell[:at] + other + cell[at + 1 :]
        row = [*rows[line][:place], made, *rows[line][place + 1 :]]
        yield f":{line + 2}, column {head[place]}", f"{cell} → {made}", [*rows[:line], row, *rows[line + 1 :]]


def _gone(about: Resource, head: Sequence[str], rows: _Rows, chance: random.Random, each: int) -> _Changes:
    for line in chance.sample(range(len(rows)), min(each, len(rows))):
        yield f":{line + 2}", ",".join(rows[line])[:80], [*rows[:line], *rows[line + 1 :]]


def _exchanged(
    about: Resource, head: Sequence[str], rows: _Rows, chance: random.Random, each: int
) -> _Changes:
    pairs = [(a, b) for a in range(len(head)) for b in range(a + 1, len(head))]
    for a, b in chance.sample(pairs, min(each, len(pairs))):
        order = [b if place == a else a if place == b else place for place in range(len(head))]
        changed = [[row[place] for place in order] for row in rows]
        if changed != rows:
            yield "", f"{head[a]} ↔ {head[b]}", changed


_KINDS: dict[str, Callable[[Resource, Sequence[str], _Rows, random.Random, int], _Changes]] = {
    "another digit": _digits,
    "a row gone": _gone,
    "columns exchanged": _exchanged,
}


def _written(rows: _Rows) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()
