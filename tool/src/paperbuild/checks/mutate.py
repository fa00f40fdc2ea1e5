"""Do bound words move with what they rest on? Each is evaluated again on results changed on purpose.

A condition that no change of its own numbers and columns turns, and a choice that none alters, binds nothing:
its sentence would stay as it is whatever the data said.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paperbuild.article.bound import Bound, expression_names
from paperbuild.article.conditions import Facts, constants
from paperbuild.ground.errors import PaperError
from paperbuild.project.printed import FALSE


@dataclass(frozen=True)
class Mutated:
    """What became of the bound words: how many there are, on how many changes, and those that never moved."""

    words: int
    changes: int
    unmoved: tuple[Bound, ...]


def mutate(words: Sequence[Bound], facts: Facts) -> Mutated:
    """Evaluate words on changed results.

    Numbers are negated, set to zero, moved by more than their size and to either side of what they are
    compared with; texts are replaced; in the columns of a table numbers are negated, moved, and exchanged
    from the first row to the last.

    Parameters
    ----------
    words : sequence of Bound
        The words.
    facts : Facts
        The results as they are.
    """
    unmoved, changes = [], 0
    for one in words:
        # Words that must be true move by turning false; a choice moves by making another.
        still = {_outcome(one, facts), None, *(() if one.kind.holds else (FALSE,))}
        seen = [_outcome(one, changed) for changed in _changes(one, facts)]
        changes += len(seen)
        if still.issuperset(seen):
            unmoved.append(one)
    return Mutated(len(words), changes, tuple(unmoved))


def _outcome(one: Bound, facts: Facts) -> int | None:
    """Return the outcome; None where a change left nothing to judge, as a filter that no row meets."""
    try:
        return one.outcome(facts)
    except PaperError:
        return None


def _changes(one: Bound, facts: Facts) -> Iterator[Facts]:
    named, said = expression_names(one.expression), constants(one.expression)
    values = {name: _values(facts.numbers.get(name), said) for name in named}
    # One at a time, and two at a time: neither half of `a > 0 or b > 0` turns it alone.
    for together in [(name,) for name in named] + list(itertools.combinations(named, 2)):
        for chosen in itertools.product(*(values[name] for name in together)):
            yield Facts({**facts.numbers, **dict(zip(together, chosen, strict=True))}, facts.content)
    for path, text in _read_by(one, facts).items():
        for changed in _texts(text):
            yield Facts(facts.numbers, _instead(facts, path, changed))


def _values(value: Any, said: Sequence[Any]) -> list[Any]:
    """Return other values: also those that the expression compares with, and their neighbours."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        limits = [limit for limit in said if isinstance(limit, int | float)]
        step = abs(value) + 2
        near = [limit + one for limit in limits for one in (-1, 0, 1)]
        return [-value, 0, 1, value + step, value - step, *near]
    return ["", f"not {value}", *(text for text in said if isinstance(text, str))]


def _read_by(one: Bound, facts: Facts) -> dict[str, str]:
    """Return the published figures that a word's expression looks at."""
    read: dict[str, str] = {}

    def content(path: str) -> str | None:
        text = facts.content(path)
        if text is not None:
            read[path] = text
        return text

    _outcome(one, Facts(facts.numbers, content))
    return read


def _instead(facts: Facts, path: str, text: str) -> Any:
    return lambda asked: text if asked == path else facts.content(asked)


def _texts(text: str) -> Iterator[str]:
    rows = list(csv.reader(io.StringIO(text)))
    head, body = rows[0], rows[1:]
    for column in range(len(head)):
        cells = [row[column] for row in body]
        numbers = [_number(cell) for cell in cells]
        known = [number for number in numbers if number is not None]
        changed = [cells[::-1]]
        if known:
            step = max(known) - min(known) + 1
            for factor, more in ((-1, 0.0), (1, step), (1, -step)):
                pairs = zip(cells, numbers, strict=True)
                changed.append([cell if n is None else repr(factor * n + more) for cell, n in pairs])
        for other in changed:
            table = [[*row[:column], cell, *row[column + 1 :]] for row, cell in zip(body, other, strict=True)]
            stream = io.StringIO()
            csv.writer(stream, lineterminator="\n").writerows([head, *table])
            yield stream.getvalue()


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
