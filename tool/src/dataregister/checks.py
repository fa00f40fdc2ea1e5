"""What a register claims of a table beyond its schema, and the cells that belie it.

A schema judges one cell at a time, so that a wrong digit that stays within bounds, and a row that is gone,
conform to it. An entry's ``checks`` say what many cells together must be:

``rows``
    how many rows the table has (``count``);
``complete``
    that every value of some columns stands beside every value of others (``columns``);
``totals``
    control totals: what the numbers of each column, and its `true`, add up to (``sums``, as texts, exact);
``balance``
    that a sum, by group, is (``is``) or does not exceed (``at_most``) another sum: of other rows, of other
    columns, of another table (its parts and their whole, a second source);
``steps``
    that a value stays within a ``factor`` of the one before it in the same series.

A departure that is understood is listed under ``exceptions`` with its case and why; one that no longer
occurs is itself a finding. Checks that say the same of several tables share a ``name`` and a ``why``, under
which `named` reports them. Sums are of decimal fractions, as written: nothing is rounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise, product
from typing import Any, Protocol

from dataregister.records import DataError, Finding, Package, Resource
from dataregister.tables import cells

Cells = Mapping[str, Sequence[str]]
"""The texts of a table by column."""
COUNTED = ("integer", "number", "boolean")
"""Types of columns that have a control total."""
KINDS = ("rows", "complete", "totals", "balance", "steps")
RECORDED = ("rows", "totals")
"""Checks that were counted from the table itself, and are counted again when it changes on purpose."""


@dataclass(frozen=True)
class Departure:
    """A case that is not as claimed: its stable name, what was found and expected, the column if any."""

    case: str
    found: str
    expected: str
    column: str | None = None


class Check(Protocol):
    """A claim about a table."""

    def cases(self, judge: Judge, about: Resource) -> Iterator[Departure | None]:
        """Yield for each case that is looked at how it departs, or None where it is as claimed."""
        ...


@dataclass(frozen=True)
class Rows:
    """How many rows there are."""

    count: int

    def cases(self, judge: Judge, about: Resource) -> Iterator[Departure | None]:
        """Yield the count where it is another."""
        count = _length(judge.cells(about.name))
        same = count == self.count
        yield None if same else Departure("rows", f"{count:,} rows", f"{self.count:,} rows")


@dataclass(frozen=True)
class Complete:
    """Every value of each group of columns stands beside every value of the others, where rows count."""

    columns: tuple[tuple[str, ...], ...]
    where: Mapping[str, Any] = field(default_factory=dict)

    def cases(self, judge: Judge, about: Resource) -> Iterator[Departure | None]:
        """Yield the combinations, one that has no row as a departure."""
        groups = [judge.keys(about, group) for group in self.columns]
        wanted = _rows_where(judge, about, self.where)
        there = {tuple(group[index] for group in groups) for index in wanted}
        if not there:
            yield Departure("all", "no row to look at", "rows that the check counts")
            return
        for one in product(*(dict.fromkeys(place) for place in zip(*sorted(there), strict=True))):
            case = " ".join(" ".join(part) for part in one)
            full = f"one: {_words(self.columns)} are complete"
            yield None if one in there else Departure(case, "no row", full)


@dataclass(frozen=True)
class Totals:
    """Control totals by column."""

    sums: Mapping[str, Decimal]

    def cases(self, judge: Judge, about: Resource) -> Iterator[Departure | None]:
        """Yield the columns, one with another total as a departure."""
        found = totals(about, judge.cells(about.name))
        for column in dict.fromkeys([*self.sums, *found]):
            here, there = found.get(column), self.sums.get(column)
            off = "" if here is None or there is None else f" ({here - there:+f})"
            departs = Departure(column, f"a total of {_shown(here)}{off}", _shown(there), column)
            yield None if here == there else departs


@dataclass(frozen=True)
class Sum:
    """A sum by group: of some rows of a table, over columns with their factors.

    Attributes
    ----------
    of : mapping of str to Decimal
        Columns and the factor of each (−1 subtracts).
    by : tuple of str
        Columns that make the groups; ``districts.unit`` is column `unit` of the table `districts` that a
        foreign key leads to, ``districts.regions.country`` one step further.
    where : mapping
        Rows that count: for each column its values, those it must not have under ``not``, or bounds of a
        number under ``from`` and ``to``.
    table : str
        Another table; empty for the table itself.
    """

    of: Mapping[str, Decimal]
    by: tuple[str, ...]
    where: Mapping[str, Any] = field(default_factory=dict)
    table: str = ""

    def groups(self, judge: Judge, about: Resource) -> dict[tuple[str, ...], Decimal]:
        """Return the sums by group; a group with an empty cell has none."""
        about = judge.package.entry(self.table) if self.table else about
        rows = judge.cells(about.name)
        keys = judge.keys(about, self.by)
        wanted = _rows_where(judge, about, self.where)
        found: dict[tuple[str, ...], Decimal | None] = defaultdict(Decimal)
        for column, factor in self.of.items():
            values = _column(about, rows, column)
            for index in wanted:
                before, text = found[keys[index]], values[index]
                found[keys[index]] = before + factor * Decimal(text) if text and before is not None else None
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True)
class Balance:
    """A sum by group is, or is at most, another sum of the same group.

    Attributes
    ----------
    left, right : Sum
        What is compared; groups that one of them lacks are not.
    at_most : bool
        Whether the left may be less.
    within, within_share : Decimal
        How far it may be off: absolute, and as a share of the right.
    """

    left: Sum
    right: Sum
    at_most: bool = False
    within: Decimal = Decimal(0)
    within_share: Decimal = Decimal(0)

    def cases(self, judge: Judge, about: Resource) -> Iterator[Departure | None]:
        """Yield the groups, one that does not balance as a departure."""
        left, right = self.left.groups(judge, about), self.right.groups(judge, about)
        shared = [key for key in left if key in right]
        if not shared:
            yield Departure("all", "no group to compare", "groups that both sums have")
        column = next(iter(self.left.of)) if len(self.left.of) == 1 else None
        for key in shared:
            gap = left[key] - right[key]
            bound = self.within + self.within_share * abs(right[key])
            if gap > bound or (gap < -bound and not self.at_most):
                most = "at most " if self.at_most else ""
                bound_said = f" within {bound.normalize():f}" if bound else ""
                yield Departure(
                    " ".join(key), f"a sum of {left[key]:f}", f"{most}{right[key]:f}{bound_said}", column
                )
            else:
                yield None


@dataclass(frozen=True)
class Steps:
    """A value of a series stays within a factor of the value before it.

    Attributes
    ----------
    column : str
        The values; those of zero and below are not judged.
    along : str
        A whole number, such as the year; a gap in it ends a series.
    by : tuple of str
        Columns that name the series.
    factor : Decimal
        Bound of the ratio, up or down.
    where : mapping
        Rows that count, as in `Sum`.
    breaks : frozenset of int
        Values of `along` that begin another series.
    """

    column: str
    along: str
    by: tuple[str, ...]
    factor: Decimal
    where: Mapping[str, Any] = field(default_factory=dict)
    breaks: frozenset[int] = frozenset()

    def cases(self, judge: Judge, about: Resource) -> Iterator[Departure | None]:
        """Yield the steps, one that is too large as a departure named by its later value."""
        rows = judge.cells(about.name)
        keys, values = judge.keys(about, self.by), _column(about, rows, self.column)
        years = _column(about, rows, self.along)
        series: dict[tuple[str, ...], list[tuple[int, Decimal]]] = defaultdict(list)
        for index in _rows_where(judge, about, self.where):
            if values[index]:
                series[keys[index]].append((int(years[index]), Decimal(values[index])))
        for key, points in series.items():
            for (before, old), (after, new) in pairwise(sorted(points)):
                if after != before + 1 or after in self.breaks or old <= 0 or new <= 0:
                    continue
                if max(old, new) > self.factor * min(old, new):
                    yield Departure(
                        " ".join((*key, str(after))),
                        f"{new:f}",
                        f"within {self.factor}-fold of {old:f}, the value before",
                        self.column,
                    )
                else:
                    yield None


@dataclass
class Judge:
    """Holds tables to their claims; each table is read once.

    Attributes
    ----------
    package : Package
        The register.
    without : tuple of str
        Kinds of checks that are not asked.
    """

    package: Package
    without: tuple[str, ...] = ()
    _read: dict[str, Cells] = field(default_factory=dict, repr=False)

    def cells(self, name: str) -> Cells:
        """Return a table's cells, which conform to its schema."""
        if name not in self._read:
            self._read[name] = cells(self.package, name)
        return self._read[name]

    def keys(self, about: Resource, columns: Sequence[str]) -> list[tuple[str, ...]]:
        """Return for each row the values of columns, also of those that a foreign key leads to."""
        if not columns:
            return [()] * _length(self.cells(about.name))
        return list(zip(*(self._values(about, column) for column in columns), strict=True))

    def _values(self, about: Resource, column: str) -> Sequence[str]:
        own = self.cells(about.name)
        table, _, there = column.partition(".")
        if not there:
            return _column(about, own, column)
        for key in about.foreign_keys:
            if key.resource == table:
                other = self.cells(table)
                known = zip(*(other[name] for name in key.reference), strict=True)
                there_values = self._values(self.package.entry(table), there)
                found = dict(zip(known, there_values, strict=True))
                return [found.get(one, "") for one in zip(*(own[name] for name in key.fields), strict=True)]
        raise _MisdeclaredError(f"{column}, and no foreign key of {about.name} leads to {table}")

    def findings(self, name: str) -> list[Finding]:
        """Return everything in a table that its schema or its checks do not allow."""
        about = self.package.entry(name)
        try:
            self.cells(name)
            declared = read_checks(self.package, about)
        except DataError as error:
            return error.findings
        return [
            one
            for number, (check, known) in enumerate(declared)
            if about.raw["checks"][number]["check"] not in self.without
            for one in self._judged(about, number, check, known)
        ]

    def _judged(
        self, about: Resource, number: int, check: Check, known: Mapping[str, str]
    ) -> Iterator[Finding]:
        where = self.package.where(about.name, "checks", number)
        file, restore = self.package.shown_file(about), f"Correct it, or the claim in {where}."
        try:
            seen = [one for one in check.cases(self, about) if one]
        except DataError as error:  # of the other table
            yield from error.findings
            return
        except _MisdeclaredError as error:
            yield _misdeclared(self.package, about, number, str(error))
            return
        except _WRONG as error:  # a text where a number is added up, say
            found = f"a check that cannot be asked ({type(error).__name__}: {error})"
            yield _misdeclared(self.package, about, number, found)
            return
        for one in seen:
            if one.case not in known:
                case = "" if one.case in ("rows", one.column) else f" for {one.case}"
                yield Finding(file, None, one.column, f"{one.found}{case}", one.expected, restore)
        for case in known.keys() - {one.case for one in seen}:
            found = f"the exception {case}, which no longer occurs"
            line = self.package.line(about.name, "checks", number)
            yield Finding(self.package.shown, line, None, found, "exceptions that occur", "Remove it.")


def findings(package: Package, name: str) -> list[Finding]:
    """Return everything in a table that its schema or its checks do not allow, in the order of the checks."""
    return Judge(package).findings(name)


@dataclass(frozen=True)
class Report:
    """What the checks of one name saw, in all tables together.

    Attributes
    ----------
    name, why : str
        As the checks say, all of them the same.
    tables : tuple of str
        The tables they are declared of and those they ask, each once.
    compared : int
        How many cases were looked at.
    departures : tuple of Departure
        Those that are not as claimed, listed as exceptions or not.
    """

    name: str
    why: str
    tables: tuple[str, ...]
    compared: int
    departures: tuple[Departure, ...]


def named(package: Package) -> list[Report]:
    """Return what every check with a ``name`` sees, by name, in the order of the register.

    Raises
    ------
    DataError
        If a table or a check is not what it should be, or checks of one name differ in their ``why``.
    """
    judge = Judge(package)
    reports: dict[str, Report] = {}
    for about in package.resources.values():
        for number, (check, _) in enumerate(read_checks(package, about)):
            said = about.raw["checks"][number]
            name, why = str(said.get("name", "")), str(said.get("why", ""))
            if not name:
                continue
            before = reports.get(name, Report(name, why, (), 0, ()))
            if before.why != why:
                found = f"the name {name!r} with another `why` than before"
                raise DataError([_misdeclared(package, about, number, found)])
            try:
                seen = list(check.cases(judge, about))
            except DataError:  # of a table
                raise
            except (_MisdeclaredError, *_WRONG) as error:
                found = f"a check that cannot be asked ({error})"
                raise DataError([_misdeclared(package, about, number, found)]) from None
            asked = [side.table for side in vars(check).values() if isinstance(side, Sum) and side.table]
            reports[name] = Report(
                name,
                why,
                tuple(dict.fromkeys([*before.tables, about.name, *asked])),
                before.compared + len(seen),
                (*before.departures, *filter(None, seen)),
            )
    return list(reports.values())


def tables_asked(package: Package, name: str) -> set[str]:
    """Return the other tables on which the verdict on a table rests: of its foreign keys and its checks."""
    about = package.entry(name)
    asked = {key.resource for key in about.foreign_keys}
    for one in _listed(about.raw.get("checks")):
        sides = [one.get(side) for side in ("sum", "is", "at_most")] if isinstance(one, Mapping) else []
        asked |= {str(side.get("table", "")) for side in sides if isinstance(side, Mapping)}
    return {other for other in asked if other in package.resources and other != name}


def totals(about: Resource, rows: Cells) -> dict[str, Decimal]:
    """Return the control totals of a table: sums of the columns of numbers, counts of `true`.

    >>> from dataregister import Field, Resource
    >>> towns = Resource("towns", "towns.csv", fields=(Field("persons", "integer"), Field("port", "boolean")))
    >>> totals(towns, {"persons": ["12", "", "30"], "port": ["true", "false", "true"]})
    {'persons': Decimal('42'), 'port': Decimal('2')}
    """
    counted = {one.name: one.type for one in about.fields or () if one.type in COUNTED}
    return {
        name: Decimal(sum(text == "true" for text in rows[name]))
        if kind == "boolean"
        else sum((Decimal(text) for text in rows[name] if text), Decimal(0))
        for name, kind in counted.items()
    }


def recorded(about: Resource, rows: Cells) -> list[dict[str, Any]]:
    """Return an entry's ``checks`` with rows and totals counted anew, and the others as they are."""
    sums = {name: f"{total:f}" for name, total in totals(about, rows).items()}
    counted: list[dict[str, Any]] = [{"check": "rows", "count": _length(rows)}]
    counted += [{"check": "totals", "sums": sums}] if sums else []
    others = [one for one in about.raw.get("checks", []) if one.get("check") not in RECORDED]
    return counted + others


# --- reading what is declared -----------------------------------------------------------------------


_WRONG = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What comes of a declaration of another shape, or of columns that are no numbers."""


class _MisdeclaredError(Exception):
    """A check that cannot be asked: what was found in its declaration."""


def _misdeclared(package: Package, about: Resource, number: int, found: str) -> Finding:
    line = package.line(about.name, "checks", number)
    return Finding(package.shown, line, None, found, "a check that can be asked", "Correct the check.")


def read_checks(package: Package, about: Resource) -> list[tuple[Check, Mapping[str, str]]]:
    """Return the checks of an entry, each with its exceptions and why they are.

    Raises
    ------
    DataError
        For each that is none, with its line.
    """
    made: list[tuple[Check, Mapping[str, str]]] = []
    bad: list[Finding] = []
    for number, one in enumerate(_listed(about.raw.get("checks"))):
        try:
            made.append((_check(one), _exceptions(one)))
        except _MisdeclaredError as error:
            bad.append(_misdeclared(package, about, number, str(error)))
        except _WRONG as error:
            found = f"a check that cannot be read ({type(error).__name__}: {error})"
            bad.append(_misdeclared(package, about, number, found))
    if bad:
        raise DataError(bad)
    return made


def _check(one: Mapping[str, Any]) -> Check:
    kind = one["check"]
    if kind == "rows":
        return Rows(int(one["count"]))
    if kind == "complete":
        return Complete(tuple(_names(group) for group in one["columns"]), _where(one))
    if kind == "totals":
        return Totals({str(name): Decimal(total) for name, total in one["sums"].items()})
    if kind not in KINDS:
        raise _MisdeclaredError(f"the check {kind!r}; known are {', '.join(KINDS)}")
    if not str(one.get("why", "")).strip():
        raise _MisdeclaredError(f"a check {kind!r} without `why`")
    if kind == "balance":
        left = _sum(one["sum"])
        # What the other side does not say is as on this one.
        right = {"of": one["sum"]["of"], "by": left.by, **one["is" if "is" in one else "at_most"]}
        within, share = (Decimal(str(one.get(key, 0))) for key in ("within", "within_share"))
        return Balance(left, _sum(right), "at_most" in one, within, share)
    return Steps(
        str(one["column"]),
        str(one["along"]),
        _names(one["by"]),
        Decimal(str(one["factor"])),
        _where(one),
        frozenset(map(int, one.get("breaks", []))),
    )


def _sum(side: Mapping[str, Any]) -> Sum:
    of = side["of"]
    factors = {of: 1} if isinstance(of, str) else of
    terms = {str(column): Decimal(str(factor)) for column, factor in factors.items()}
    return Sum(terms, _names(side["by"]), _where(side), str(side.get("table", "")))


def _where(side: Mapping[str, Any]) -> Mapping[str, Any]:
    where = side.get("where", {})
    if not isinstance(where, Mapping):
        raise _MisdeclaredError(f"where {where!r}, no object of columns")
    return {column: [value] if isinstance(value, str | int) else value for column, value in where.items()}


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _exceptions(one: Mapping[str, Any]) -> dict[str, str]:
    return {str(known["case"]): str(known["why"]) for known in one.get("exceptions", [])}


# --- cells ------------------------------------------------------------------------------------------


def _rows_where(judge: Judge, about: Resource, where: Mapping[str, Any]) -> Iterable[int]:
    wanted: Iterable[int] = range(_length(judge.cells(about.name)))
    for column, allowed in where.items():
        values = [value for (value,) in judge.keys(about, [column])]
        if isinstance(allowed, Mapping) and "not" in allowed:
            unwanted = _names(allowed["not"])
            wanted = [index for index in wanted if values[index] not in unwanted]
        elif isinstance(allowed, Mapping):
            low, high = (Decimal(str(allowed.get(key, default))) for key, default in _ENDS)
            wanted = [index for index in wanted if values[index] and low <= Decimal(values[index]) <= high]
        else:
            texts = {str(one) for one in allowed}
            wanted = [index for index in wanted if values[index] in texts]
    return wanted


_ENDS = (("from", "-Infinity"), ("to", "Infinity"))


def _column(about: Resource, rows: Cells, column: str) -> Sequence[str]:
    if column not in rows:
        raise _MisdeclaredError(f"the column {column}, which {about.name} does not have")
    return rows[column]


def _length(rows: Cells) -> int:
    return len(next(iter(rows.values()), ()))


def _words(columns: Sequence[Sequence[str]]) -> str:
    return " × ".join(" ".join(group) for group in columns)


def _shown(total: Decimal | None) -> str:
    return "none" if total is None else f"{total:f}"


def edited(package: Package, contents: Mapping[str, bytes]) -> Package:
    """Return a package whose named tables have other bytes than their files."""
    return _Edited(**{**vars(replace(package)), "edited": contents})


@dataclass(frozen=True)
class _Edited(Package):
    edited: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def content(self, resource: Resource) -> bytes:
        return self.edited[resource.name] if resource.name in self.edited else super().content(resource)
