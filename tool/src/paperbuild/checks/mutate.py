"""Do bound words move with what they rest on? Each is evaluated again on results changed on purpose.

A condition that no change of its own numbers and columns turns, and a choice that none alters, binds nothing:
its sentence would stay as it is whatever the data said. A condition that turns with one of its results and
never with another says less than it seems to: what it names for nothing is told too.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from paperbuild.article.bound import Bound, expression_names
from paperbuild.article.conditions import Facts, constants
from paperbuild.ground.errors import PaperError
from paperbuild.project.printed import FALSE

_FAR = 1000
"""So many times its own size a number is moved, beyond whatever else it may be compared with."""


@dataclass(frozen=True)
class Mutated:
    """What became of bound words.

    Attributes
    ----------
    words : Counter
        How many each text binds.
    changes : int
        How often one was evaluated on changed results.
    unmoved : tuple of Bound
        Words that nothing moved.
    idle : mapping of Bound to tuple of str
        Of words that something moved, the numbers and tables that never did.
    """

    words: Counter[str]
    changes: int
    unmoved: tuple[Bound, ...]
    idle: Mapping[Bound, tuple[str, ...]]

    @property
    def sound(self) -> bool:
        """Whether all words move with all that they name."""
        return not self.unmoved and not self.idle


def mutate(words: Sequence[Bound], facts: Facts) -> Mutated:
    """Evaluate words on changed results.

    Numbers are negated, set to zero, moved by more than their size, far away and to either side of what they
    are compared with, alone and while another is changed; texts are replaced; in the columns of a table
    numbers are negated, moved, and exchanged from the first row to the last.

    Parameters
    ----------
    words : sequence of Bound
        The words.
    facts : Facts
        The results as they are.
    """
    unmoved, idle, changes = [], {}, 0
    for one in words:
        tried = _Tried(one, facts)
        still = tuple(name for name, moves in tried.named().items() if not moves)
        changes += tried.changes
        if not tried.moved:
            unmoved.append(one)
        elif still:
            idle[one] = still
    return Mutated(Counter(one.path for one in words), changes, tuple(unmoved), idle)


@dataclass
class _Tried:
    """One of the words, and how it fared."""

    one: Bound
    facts: Facts
    changes: int = 0
    moved: bool = False
    values: dict[str, list[Any]] = field(default_factory=dict)

    def named(self) -> dict[str, bool]:
        """Return the numbers and tables that the words name, and whether a change of each moves them."""
        said = constants(self.one.expression)
        for name in expression_names(self.one.expression):
            now = self.facts.numbers.get(name)
            self.values[name] = [now, *_values(now, said)]
        found = {name: self._moves(name) for name in self.values}
        for path, text in _read_by(self.one, self.facts).items():
            found[PurePosixPath(path).stem] = self._moves_with(path, text)
        return found

    def _moves(self, name: str) -> bool:
        # All its values are tried, while the rest is as it is and while another number is changed: neither
        # half of `a > 0 or b > 0` turns it alone.
        for around in self._contexts(name):
            if self._differ(
                Facts({**around, name: value}, self.facts.content) for value in self.values[name]
            ):
                return True
        return False

    def _moves_with(self, path: str, text: str) -> bool:
        texts = [text, *_texts(text)]
        return any(
            self._differ(Facts(around, _instead(self.facts, path, changed)) for changed in texts)
            for around in self._contexts()
        )

    def _contexts(self, besides: str = "") -> Iterator[dict[str, Any]]:
        """Yield the numbers as they are, with one changed, and with two changed, but never the one named."""
        numbers = dict(self.facts.numbers)
        others = [name for name in self.values if name != besides]
        yield numbers
        for name in others:
            yield from ({**numbers, name: value} for value in self.values[name][1:])
        for place, name in enumerate(others):
            for value in self.values[name][1:]:
                for second in others[place + 1 :]:
                    yield from ({**numbers, name: value, second: two} for two in self.values[second][1:])

    def _differ(self, changed: Iterator[Facts]) -> bool:
        """Whether what is printed is not the same on all of these results."""
        seen: set[str] = set()
        for facts in changed:
            self.changes += 1
            printed = _printed(self.one, facts)
            # A change that left nothing to judge, as a filter that no row meets, is no move.
            if printed is not None:
                seen.add(printed)
            if len(seen) > 1:
                self.moved = True
                return True
        return False


def _printed(one: Bound, facts: Facts) -> str | None:
    """Return which words stand there; those that must be true are struck where they are not.

    A choice that cannot be made prints nothing of its own, which is no move.
    """
    try:
        outcome = one.outcome(facts)
    except PaperError:
        return None
    if outcome == FALSE:
        return "" if one.kind.holds else None
    return one.wordings[0 if one.kind.holds else outcome - 1]


def _values(value: Any, said: Sequence[Any]) -> list[Any]:
    """Return other values: also those that the expression compares with, and their neighbours."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        limits = [limit for limit in said if isinstance(limit, int | float)]
        step = abs(value) + 2
        near = [limit + one for limit in limits for one in (-1, 0, 1)]
        # 2 and 5 ask for other plurals than 0 and 1 where a language has several.
        return [-value, 0, 1, 2, 5, value + step, value - step, _FAR * step, -_FAR * step, *near]
    return ["", f"not {value}", *(text for text in said if isinstance(text, str))]


def _read_by(one: Bound, facts: Facts) -> dict[str, str]:
    """Return the published figures that a word's expression looks at."""
    read: dict[str, str] = {}

    def content(path: str) -> str | None:
        text = facts.content(path)
        if text is not None:
            read[path] = text
        return text

    _printed(one, Facts(facts.numbers, content))
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
