"""Checks that hold the tables against each other, run in every build by the notebook on data.

:func:`borderland.tables.data.load` judges one table by its schema. What only several figures together can
show is said once: sums, parts and wholes and second sources in the register, under ``checks``
(``dataregister.checks``), which ``paper check`` asks as well; here what no declaration can say: balances over
time, jumps outside declared breaks, cells that look filled in. Each check has the reason why it must hold
and, where it may be off, how far and why. A departure that is understood is named with its explanation, in
the register or in the table ``known_exceptions``; it is never absorbed by a wider bound, and an exception
that no longer occurs is itself a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd

from borderland.tables import data
from dataregister.checks import Report, named

EXCEPTIONS = "known_exceptions"
_CASES = ["case", "found", "expected"]
Loader = Callable[[str], pd.DataFrame]  # checks get the loader, so that one run reads each table once


@dataclass(frozen=True)
class Outcome:
    """What a check saw: how many figures it compared, and the cases that depart.

    ``cases`` has the columns case (a stable name such as ``KZ-ALA 2013``), found and expected.
    """

    compared: int
    cases: pd.DataFrame


@dataclass(frozen=True)
class Check:
    """A declared check: its name, why it must hold, the tables it reads and the function that runs it."""

    name: str
    reason: str
    tables: tuple[str, ...]
    run: Callable[[Loader], Outcome]


CHECKS: list[Check] = []
_Run = Callable[[Loader], Outcome]


def _declare(name: str, reason: str, *tables: str) -> Callable[[_Run], _Run]:
    def register(run: _Run) -> _Run:
        CHECKS.append(Check(name, reason, tables, run))
        return run

    return register


# --- pure parts -----------------------------------------------------------------------------------


def differences(
    found: pd.Series, expected: pd.Series, *, absolute: float = 0.0, relative: float = 0.0
) -> Outcome:
    """Compare two series where both have a value.

    Parameters
    ----------
    found, expected : pandas.Series
        Figures with the same index levels; labels present in one only, and missing values, are not compared.
    absolute, relative : float
        A pair departs if ``|found − expected| > absolute + relative · |expected|``.

    Returns
    -------
    Outcome
        Number of pairs, and the departing ones named by their index labels.
    """
    pairs = pd.concat({"found": found, "expected": expected}, axis=1, join="inner").dropna().astype(float)
    # Half a unit in the last place of a float sum is not a departure.
    bound = absolute + relative * pairs["expected"].abs() + 1e-9 * pairs["expected"].abs()
    return Outcome(len(pairs), _cases(pairs[(pairs["found"] - pairs["expected"]).abs() > bound]))


def exceeding(part: pd.Series, whole: pd.Series) -> Outcome:
    """Cases in which a part is larger than its whole; compared where both have a value."""
    pairs = pd.concat({"found": part, "expected": whole}, axis=1, join="inner").dropna().astype(float)
    return Outcome(len(pairs), _cases(pairs[pairs["found"] > pairs["expected"]]))


def jumps(series: pd.Series, factor: float, breaks: Sequence[int] = ()) -> Outcome:
    """Changes between consecutive years by more than a factor, up or down.

    Parameters
    ----------
    series : pandas.Series
        Positive values; the last index level is the year, the others name the series.
    factor : float
        Bound on the ratio of a value to that of the year before (and its inverse).
    breaks : sequence of int
        Years that begin a new series by declaration; the step into them is not judged.

    Returns
    -------
    Outcome
        Cases are named by series and the later year; ``expected`` is the value of the year before.
    """
    series = series.dropna().astype(float).sort_index()
    names = list(range(series.index.nlevels - 1))
    year = pd.Series(series.index.get_level_values(-1), index=series.index)
    before = series.groupby(level=names).shift()
    step = (year.groupby(level=names).diff() == 1) & ~year.isin(breaks)
    pairs = pd.DataFrame({"found": series, "expected": before})[step]
    ratio = np.log(pairs["found"] / pairs["expected"]).abs()
    return Outcome(len(pairs), _cases(pairs[ratio > np.log(factor)]))


def filled_in(series: pd.Series, smallest: float = 1000.0) -> Outcome:
    """Values that look carried over or interpolated rather than counted.

    Two signs are sought in each series: a value equal to that of the year before, and four consecutive years
    on one straight line. Counts of thousands of events show neither except by rare chance, since a year's
    count varies by tens or hundreds.

    Parameters
    ----------
    series : pandas.Series
        Counts; the last index level is the year, the others name the series.
    smallest : float
        Values below this are not judged: small counts repeat by chance.

    Returns
    -------
    Outcome
        Cases are named by series and the last year of the run; ``expected`` is the value of the year before.
    """
    series = series.dropna().astype(float).sort_index()
    series = series[series.abs() >= smallest]
    names = list(range(series.index.nlevels - 1))
    year = pd.Series(series.index.get_level_values(-1), index=series.index)
    before = series.groupby(level=names).shift()
    change = (series - before).where(year.groupby(level=names).diff() == 1)
    same = change.groupby(level=names).diff() == 0
    on_a_line = same & (same.groupby(level=names).shift() == True)  # noqa: E712 (NA at the start of a series)
    pairs = pd.DataFrame({"found": series, "expected": before})
    return Outcome(int(change.notna().sum()), _cases(pairs[(change == 0) | on_a_line]))


def _cases(pairs: pd.DataFrame) -> pd.DataFrame:
    keys = pairs.index.to_frame(index=False).astype(str) if len(pairs) else pd.DataFrame()
    case = keys.agg(" ".join, axis=1) if len(pairs) else pd.Series(dtype=str)
    return pd.DataFrame(
        {"case": case.to_list(), "found": pairs["found"].to_list(), "expected": pairs["expected"].to_list()},
        columns=_CASES,
    )


def _together(*outcomes: Outcome) -> Outcome:
    frames = [outcome.cases for outcome in outcomes if len(outcome.cases)]
    cases = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_CASES)
    return Outcome(sum(outcome.compared for outcome in outcomes), cases)


# --- figures the checks share ---------------------------------------------------------------------


def _population(load: Loader, reference: str) -> pd.DataFrame:
    table = load("population")
    return table[table["reference"] == reference]


def _yearbook(load: Loader, indicator: str) -> pd.Series:
    """One indicator of the Russian yearbook's edition after the census of 2021, by unit and year."""
    table = load("russian_regions")
    return table[table["indicator"] == indicator].set_index(["unit", "year"])["value"]


def _with_division(load: Loader, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a regional table with division, country, level and constant unit of their unit."""
    regions = load("regions")[["unit", "boundary", "country", "level", "constant_unit"]]
    return table.drop(columns="boundary", errors="ignore").merge(regions, on="unit")


def _natural_increase(load: Loader) -> pd.Series:
    table = load("vital_events").set_index(["unit", "year"])
    return (table["births"] - table["deaths"]).astype("Float64")


def _breaks(name: str, country: str) -> list[int]:
    """Years at which the register declares a break of a table for all units of a country."""
    declared = [cut for cut in data.entry(name).get("breaks", []) if "units" not in cut]
    return [int(cut["at"]) for cut in declared if cut.get("country", country) == country]


def _without_twins(load: Loader, table: pd.DataFrame) -> pd.DataFrame:
    """Rows less those of current units that never changed: they stand under their constant code as well."""
    regions = load("regions").query("boundary == 'current-20'")
    alone = regions[~regions["constant_unit"].duplicated(keep=False)]["unit"]
    return table[~table["unit"].isin(alone)]


# --- the checks -----------------------------------------------------------------------------------


@_declare(
    "tables conform",
    "Every registered table passes its schema: types, bounds, known codes, unique and sorted keys.",
    "all",
)
def _tables_conform(load: Loader) -> Outcome:
    names = [name for name, about in data.register().items() if "schema" in about]
    return Outcome(sum(len(load(name)) for name in names), pd.DataFrame(columns=_CASES))


@_declare(
    "population balance of Kazakhstan",
    "Change from one 1 January to the next is births − deaths + net migration. The office corrects late "
    "registrations in the stocks: up to 150 persons in a region, 600 in the country. The re-basings of 2009 "
    "and 2022 are declared breaks.",
    "population",
    "vital_events",
    "net_migration",
)
def _balance(load: Loader) -> Outcome:
    stocks = (
        _without_twins(load, _population(load, "1-january"))
        .set_index(["unit", "year"])["persons"]
        .sort_index()
    )
    change = stocks.groupby(level="unit").shift(-1) - stocks
    flows = load("net_migration").query("flow == 'all'").set_index(["unit", "year"])["persons"]
    expected = (_natural_increase(load) + flows).dropna()
    expected = expected[~expected.index.get_level_values("year").isin([2008, 2021])]
    country = expected.index.get_level_values("unit") == "KAZ"
    return _together(
        differences(change, expected[country], absolute=600),
        differences(change, expected[~country], absolute=150),
    )


@_declare(
    "stocks of Russia follow each other",
    "One year's end is the next year's start; within the printed tenth of a thousand.",
    "russia_components",
)
def _stocks_follow(load: Loader) -> Outcome:
    table = load("russia_components").set_index("year")
    end = table["population_31_december"]
    # two rounded figures can differ by one unit of the last printed place
    return differences(table["population_1_january"], end.set_axis(end.index + 1), absolute=0.1001)


@_declare(
    "population balance of Russian regions",
    "From the mean of one year to the next a region changes by the average of both years' births − deaths + "
    "published net migration. Bound: what rounding can do (means within 100 persons, as half-sums of stocks "
    "in hundreds; rates to 1 per 10,000) and 0.1 % of births, which the rebuilt counts miss. Before 2003 "
    "the census of 2002 lies between.",
    "russian_regions",
    "vital_events",
)
def _balance_of_russian_regions(load: Loader) -> Outcome:
    means = _yearbook(load, "mean_population") * 1000
    rates = _yearbook(load, "net_migration_rate")
    events = load("vital_events").set_index(["unit", "year"]).astype({"births": float, "deaths": float})
    table = pd.DataFrame({"mean": means, "rate": rates}).join(events[["births", "deaths"]], how="inner")
    table = table.assign(
        change=table["births"] - table["deaths"] + table["rate"] * table["mean"] / 1e4,
        bound=0.5e-4 * table["mean"] + 1e-3 * table["births"],
    ).dropna()
    following = table.rename(index=lambda year: year - 1, level="year")
    pairs = table.join(following, suffixes=("", "_next"), how="inner")
    pairs = pairs[pairs.index.get_level_values("year").isin(range(2003, 2022))]
    gap = pairs["mean_next"] - pairs["mean"] - (pairs["change"] + pairs["change_next"]) / 2
    # Two means, each within 100 persons of the exact one.
    return exceeding(gap.abs(), 200 + (pairs["bound"] + pairs["bound_next"]) / 2)


@_declare(
    "trips do not fall within a year",
    "Trips are added up from January, so that a longer span of the same year holds no fewer.",
    "trips",
)
def _trips_added_up(load: Loader) -> Outcome:
    table = load("trips").set_index(["partner", "direction", "year", "months"])["trips"].sort_index()
    before = table.groupby(level=["partner", "direction", "year"]).shift()
    return exceeding(before.dropna(), table)


@_declare(
    "arrivals minus departures of Kazakhstan equal its net",
    "Arrivals from abroad less departures, in one table, are the country's net migration in another; exact.",
    "kz_external_migration",
    "net_migration",
)
def _external_net(load: Loader) -> Outcome:
    flows = load("kz_external_migration").query("partner_group == 'total'")
    flows = flows.pivot(index="year", columns="direction", values="persons")
    country = load("net_migration").query("unit == 'KAZ' and flow == 'all'").set_index("year")["persons"]
    return differences(flows["arrivals"] - flows["departures"], country)


@_declare(
    "published shares stay below 100 per cent",
    "Published shares of the groups of a place and date cannot exceed the whole; 0.05 is the rounding of one "
    "share with one decimal, and at most ten are added.",
    "ethnicity_kz_regions",
    "ethnicity_national",
    "native_language",
)
def _shares(load: Loader) -> Outcome:
    outcomes = []
    for name, keys in (
        ("ethnicity_kz_regions", ["unit", "year"]),
        ("ethnicity_national", ["year"]),
        ("native_language", ["unit", "year"]),
    ):
        total = pd.concat({name: load(name).groupby(keys)["share"].sum()})
        outcomes.append(exceeding(total, total * 0 + 100.5))
    return _together(*outcomes)


@_declare(
    "no jump in population",
    "No region gains or loses more than 8 % of its inhabitants in a year outside a declared break, except "
    "the new capital, the emptying Far North and Ingushetia's refugees, which are named.",
    "population",
)
def _population_jumps(load: Loader) -> Outcome:
    outcomes = []
    for country, reference in (("KAZ", "1-january"), ("RUS", "annual-mean")):
        table = _without_twins(load, _population(load, reference)).set_index(["unit", "vintage", "year"])[
            "persons"
        ]
        outcomes.append(jumps(table, 1.08, _breaks("population", country)))
    return _together(*outcomes)


@_declare(
    "no jump in births and deaths",
    "Births move by less than 25 % and deaths by less than 35 % from year to year outside the declared break "
    "of the pandemic; a shifted row or a lost digit moves them by more.",
    "vital_events",
)
def _event_jumps(load: Loader) -> Outcome:
    table = _with_division(load, _without_twins(load, load("vital_events")))
    outcomes = []
    for country, units in (("KAZ", ["KAZ"]), ("RUS", ["RUS", "UKR"])):
        events = table[table["country"].isin(units)].set_index(["unit", "year"])
        breaks = _breaks("vital_events", country)
        outcomes.append(jumps(pd.concat({"births": events["births"]}), 1.25, breaks))
        outcomes.append(jumps(pd.concat({"deaths": events["deaths"]}), 1.35, breaks))
    return _together(*outcomes)


@_declare(
    "no jump in prices and rates",
    "Wages, incomes and product per head stay within a factor of 2.2 a year even after the rouble's fall of "
    "1998, unemployment within 3: a misread decimal comma moves a figure by ten.",
    "economy",
)
def _economy_jumps(load: Loader) -> Outcome:
    values = _without_twins(load, load("economy")).set_index(["unit", "indicator", "year"])["value"]
    rates = values.index.get_level_values("indicator") == "unemployment_rate"
    return _together(jumps(values[~rates], 2.2), jumps(values[rates], 3.0))


@_declare(
    "no carried-over or interpolated cell",
    "A count equal to the year before, or four years on a straight line, betrays a filled-in cell. By chance "
    "a few of some 16,000 steps repeat; each is named.",
    "population",
    "vital_events",
    "net_migration",
    "migration_partners",
    "kz_external_migration",
    "cities",
    "economy",
)
def _filled_in(load: Loader) -> Outcome:
    population = _without_twins(load, load("population").query("reference != 'census'"))
    events = _without_twins(load, load("vital_events")).set_index(["unit", "year"])
    money = _without_twins(load, load("economy")).query("indicator != 'unemployment_rate'")
    nets = _without_twins(load, load("net_migration"))
    return _together(
        filled_in(population.set_index(["unit", "vintage", "year"])["persons"]),
        filled_in(pd.concat({"births": events["births"]})),
        filled_in(pd.concat({"deaths": events["deaths"]})),
        filled_in(nets.set_index(["unit", "flow", "year"])["persons"]),
        filled_in(load("migration_partners").set_index(["partner", "direction", "year"])["persons"]),
        filled_in(load("kz_external_migration").set_index(["direction", "partner_group", "year"])["persons"]),
        filled_in(load("cities").set_index(["city", "year"])["persons"]),
        filled_in(money.set_index(["unit", "indicator", "year"])["value"]),
    )


# --- running them ---------------------------------------------------------------------------------


def judge(check: Check, outcome: Outcome, exceptions: pd.DataFrame) -> dict[str, object]:
    """One row of the report: the outcome of a check, less its known exceptions.

    Parameters
    ----------
    check : Check
        The check that ran.
    outcome : Outcome
        What it saw.
    exceptions : pandas.DataFrame
        As :func:`exceptions` gives them; rows of other checks are ignored.

    Returns
    -------
    dict
        check, tables, rows (figures compared), result (``holds``, ``holds, with known exceptions`` or
        ``fails``), exceptions (cases with explanation, and what is wrong) and reason.
    """
    known = exceptions[exceptions["check"] == check.name].set_index("case")["explanation"]
    seen = outcome.cases.set_index("case")
    unexplained = seen[~seen.index.isin(known.index)]
    gone = known[~known.index.isin(seen.index)]
    notes = [f"{case}: {known[case]}" for case in known.index if case in seen.index]
    notes += [
        f"{case}: UNEXPLAINED, {_said(row.found)} against {_said(row.expected)}"
        for case, row in unexplained.iterrows()
    ]
    notes += [f"{case}: NO LONGER OCCURS, remove it from the exceptions" for case in gone.index]
    good = "holds, with known exceptions" if len(known) else "holds"
    return {
        "check": check.name,
        "tables": ", ".join(check.tables),
        "rows": outcome.compared,
        "result": "fails" if len(unexplained) or len(gone) else good,
        "exceptions": "; ".join(notes),
        "reason": check.reason,
    }


def _said(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def exceptions() -> pd.DataFrame:
    """Every known exception with its explanation: those of the register, then those of the checks here.

    Returns
    -------
    pandas.DataFrame
        Columns check, case and explanation.
    """
    rows = [
        (one["name"], known["case"], known["why"])
        for about in data.register().values()
        for one in about.get("checks", [])
        if "name" in one
        for known in one.get("exceptions", [])
    ]
    of_register = pd.DataFrame(rows, columns=["check", "case", "explanation"])
    return pd.concat([of_register, data.load(EXCEPTIONS)], ignore_index=True)


def run_all() -> pd.DataFrame:
    """Run every check, those of the register and those declared here.

    Returns
    -------
    pandas.DataFrame
        One row per check, as :func:`judge` gives it, those of the register last.

    Raises
    ------
    borderland.tables.data.DataError
        If a table does not even conform to its schema.
    """
    load = cache(data.load)
    known = exceptions()
    return pd.DataFrame([judge(check, check.run(load), known) for check in (*CHECKS, *of_register())])


def of_register() -> list[Check]:
    """The named checks of the register, in its order."""
    return [
        Check(report.name, report.why, report.tables, partial(_seen, report))
        for report in named(data.package())
    ]


def _seen(report: Report, _: Loader) -> Outcome:
    rows = [(one.case, one.found, one.expected) for one in report.departures]
    return Outcome(report.compared, pd.DataFrame(rows, columns=_CASES))


def coverage() -> pd.DataFrame:
    """Which unit-years exist, table by table.

    Returns
    -------
    pandas.DataFrame
        Columns table, division (territorial division, ``districts``, or ``countries`` of the units counted),
        year, units (how many have a row in that year), of (how many have one in any year) and share, which is
        units / of.
    """
    regions = data.load("regions").set_index("unit")["boundary"]
    frames = []
    for name, about in data.register().items():
        columns = [field["name"] for field in about.get("schema", {"fields": []})["fields"]]
        key = next(
            (key for key in ("unit", "district", "partner", "origin", "country") if key in columns), None
        )
        if key is None or "year" not in columns:
            continue
        rows = data.load(name)[[key, "year"]].drop_duplicates()
        division = {"unit": rows[key].map(regions), "district": "districts"}.get(key, "countries")
        rows = rows.assign(table=name, division=division)
        counted = rows.groupby(["table", "division", "year"]).size().rename("units").reset_index()
        ever = rows.groupby("division")[key].nunique()
        frames.append(counted.assign(of=counted["division"].map(ever)))
    table = pd.concat(frames, ignore_index=True)
    return table.assign(share=table["units"] / table["of"])
