"""Checks that hold the tables against each other, run in every build by the notebook on data.

:func:`borderland.tables.data.load` judges one table by its schema; here stands what only several figures
together can show: sums, balances, parts and wholes, jumps, cells that look filled in. Each check is declared
with the reason why it must hold and, where it may be off, how far and why. A departure that is understood is
named in the table ``known_exceptions`` with its explanation; it is never absorbed by a wider bound, and an
exception that no longer occurs is itself a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from borderland.tables import data

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


def _annual_means(load: Loader) -> pd.Series:
    """Russian mean population before the census of 2021, by unit and year."""
    table = _population(load, "annual-mean")
    return table[table["vintage"] == "before-2021-census"].set_index(["unit", "year"])["persons"]


def _yearbook(load: Loader, indicator: str) -> pd.Series:
    """One indicator of the Russian yearbook's edition after the census of 2021, by unit and year."""
    table = load("russian_regions")
    return table[table["indicator"] == indicator].set_index(["unit", "year"])["value"]


def _with_division(load: Loader, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a regional table with division, country, level and constant unit of their unit."""
    regions = load("regions")[["unit", "boundary", "country", "level", "constant_unit"]]
    return table.drop(columns="boundary", errors="ignore").merge(regions, on="unit")


def _subjects(load: Loader, table: pd.DataFrame, countries: Sequence[str] = ("RUS",)) -> pd.DataFrame:
    """Rows of the Russian subjects, without the okrugs that lie inside them."""
    table = _with_division(load, table)
    inside = (table["boundary"] == "ru-subjects") & (table["level"] != "okrug")
    return table[inside & table["country"].isin(countries)]


def _region_of_districts(load: Loader, name: str, value: str) -> pd.Series:
    """District figures summed to today's regions, by unit and year."""
    districts = load("districts")[["district", "unit"]]
    return load(name).merge(districts, on="district").groupby(["unit", "year"])[value].sum()


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
    "Kazakh regions sum to the country",
    "The country's count is the sum of its regions' on either division; exact, since both are one table.",
    "population",
    "vital_events",
    "net_migration",
)
def _kazakh_sums(load: Loader) -> Outcome:
    outcomes = []
    stocks = _population(load, "1-january")
    flows = load("net_migration")
    for name, table, value in (
        ("population", stocks, "persons"),
        ("births", load("vital_events"), "births"),
        ("deaths", load("vital_events"), "deaths"),
        ("net migration", flows[flows["flow"] == "all"], "persons"),
    ):
        whole = table[table["unit"] == "KAZ"].set_index("year")[value]
        for division, first in (("constant-16", 0), ("current-20", 2022)):
            part = table[(table["boundary"] == division) & (table["year"] >= first)]
            label = f"{name} {division}"
            outcomes.append(
                differences(
                    pd.concat({label: part.groupby("year")[value].sum()}),
                    pd.concat({label: whole.astype(float)}),
                )
            )
    return _together(*outcomes)


@_declare(
    "parts sum to constant units",
    "A constant unit is the sum of the current units it was divided into; exact.",
    "population",
    "vital_events",
    "net_migration",
    "regions",
)
def _constant_units(load: Loader) -> Outcome:
    outcomes = []
    stocks = _population(load, "1-january")
    flows = load("net_migration")
    parts_of = load("regions").query("boundary == 'current-20'").groupby("constant_unit").size()
    for table, value, keys in (
        (stocks, "persons", ["year"]),
        (load("vital_events"), "births", ["year"]),
        (load("vital_events"), "deaths", ["year"]),
        (flows, "persons", ["flow", "year"]),
    ):
        table = _with_division(load, table)
        current = table[table["boundary"] == "current-20"]
        grouped = current.groupby(["constant_unit", *keys])[value]
        # Only where every part has a figure: a new region's parent is not comparable before the reform.
        complete = grouped.size() == grouped.size().index.get_level_values(0).map(parts_of)
        constant = table[table["boundary"] == "constant-16"].set_index(["unit", *keys])[value]
        outcomes.append(differences(grouped.sum()[complete], constant.rename_axis(["constant_unit", *keys])))
    return _together(*outcomes)


@_declare(
    "Russian subjects sum to the country",
    "Subjects add up to the country row wherever both cover the same territory (from 1993 on); within "
    "0.01 %, for counts rebuilt from rates carry rounding.",
    "population",
    "vital_events",
)
def _russian_sums(load: Loader) -> Outcome:
    outcomes = []
    means = _population(load, "annual-mean").query("vintage == 'before-2021-census'")
    events = load("vital_events")
    for name, table, value in (
        ("population", means, "persons"),
        ("births", events, "births"),
        ("deaths", events, "deaths"),
    ):
        table = table[table["year"] >= 1993]
        whole = table[table["unit"] == "RUS"].set_index("year")[value].astype("Float64")
        part = _subjects(load, table).groupby("year")[value].sum()
        outcomes.append(differences(pd.concat({name: part}), pd.concat({name: whole}), relative=1e-4))
    return _together(*outcomes)


@_declare(
    "Russian census counts sum to the country",
    "Census counts of the subjects add up to the printed total; exact. The total of 2021 covers Crimea and "
    "Sevastopol as Rosstat counts them.",
    "population",
)
def _census_sums(load: Loader) -> Outcome:
    counts = _population(load, "census").query("year == 2010 or year == 2021")
    return differences(
        _subjects(load, counts, ("RUS", "UKR")).groupby("year")["persons"].sum(),
        counts[counts["unit"] == "RUS"].set_index("year")["persons"],
    )


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
    "population balance of Russia",
    "Printed components: stock at the start plus change is stock at the end, natural increase plus migration "
    "is change, one year's end is the next year's start; within the printed tenth of a thousand.",
    "russia_components",
)
def _components(load: Loader) -> Outcome:
    table = load("russia_components").set_index("year")
    start, end, change = (
        table[name] for name in ("population_1_january", "population_31_december", "total_increase")
    )
    following = end.set_axis(end.index + 1)
    tenth = 0.1001  # two rounded figures can differ by one unit of the last printed place
    return _together(
        differences(pd.concat({"end": start + change}), pd.concat({"end": end}), absolute=tenth),
        differences(
            pd.concat({"change": table["natural_increase"] + table["net_migration"]}),
            pd.concat({"change": change}),
            absolute=tenth,
        ),
        differences(pd.concat({"start": start}), pd.concat({"start": following}), absolute=tenth),
    )


@_declare(
    "mean population of Russia agrees with its stocks",
    "Two independent files: RusFMD's mean is the half-sum of Rosstat's two stocks, in the years when both "
    "cover the same territory (not 1993–2002, Chechnya; not from 2014, Crimea); within a thousand.",
    "population",
    "russia_components",
)
def _means_and_stocks(load: Loader) -> Outcome:
    table = load("russia_components").set_index("year")
    table = table[(table.index < 1993) | table.index.isin(range(2003, 2014))]
    half_sum = (table["population_1_january"] + table["population_31_december"]) / 2
    return differences(_annual_means(load).loc["RUS"] / 1000, half_sum, absolute=1.0)


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
    "recalculated figures of Russian regions agree with the earlier ones",
    "Copies of different editions must agree where the office changed nothing: mean population with the "
    "vintage after the census of 2021 within 100 persons in 2018–2023 (half-sums of stocks in hundreds), "
    "with the vintage before it within 0.15 % to 2010; product per head to 2010 and income of 2001–2002 "
    "within half a rouble.",
    "russian_regions",
    "population",
    "economy",
)
def _recalculated_agree(load: Loader) -> Outcome:
    means = _yearbook(load, "mean_population") * 1000
    after = _population(load, "annual-mean").query("vintage == 'after-2021-census' and year <= 2023")
    year = means.index.get_level_values("year")
    outcomes = [
        differences(
            pd.concat({"mean population": means}),
            pd.concat({"mean population": after.set_index(["unit", "year"])["persons"]}),
            absolute=100,
        ),
        differences(
            pd.concat({"mean population before": means[year <= 2010]}),
            pd.concat({"mean population before": _annual_means(load)}),
            relative=1.5e-3,
        ),
    ]
    earlier = load("economy").set_index(["indicator", "unit", "year"])["value"]
    for indicator, last in (("grp_per_head", 2010), ("income", 2002)):
        values = _yearbook(load, indicator)
        values = values[values.index.get_level_values("year") <= last]
        outcomes.append(differences(pd.concat({indicator: values}), earlier.loc[[indicator]], absolute=0.5))
    return _together(*outcomes)


@_declare(
    "trips sum to the printed total",
    "The partners listed, with the remainder, add up to the total of each direction, year and month; within "
    "4.5 thousand, three standard deviations of the sum of 27 rows rounded to the thousand. Trips added up "
    "from January cannot fall.",
    "trips",
)
def _trips(load: Loader) -> Outcome:
    table = load("trips").set_index(["partner", "direction", "year", "months"])["trips"]
    whole = table.loc["X-TOTAL"]
    listed = table.drop("X-TOTAL").groupby(level=["direction", "year", "months"])
    before = table.groupby(level=["partner", "direction", "year"]).shift()
    return _together(differences(listed.sum(), whole, absolute=4.5), exceeding(before.dropna(), table))


@_declare(
    "towns agree with the census in cities",
    "Two independent compilations of the Russian census of 2010: DARIUS and the United Nations yearbook; "
    "within 0.3 %, for the first takes some settlements under the town's administration out.",
    "towns",
    "cities",
)
def _towns_agree(load: Loader) -> Outcome:
    counts = load("towns").query("year == 2010").rename(columns={"town": "city"})
    printed = load("cities").query("year == 2010")
    keys = ["unit", "city"]
    return differences(counts.set_index(keys)["persons"], printed.set_index(keys)["persons"], relative=3e-3)


@_declare(
    "students of the okrugs stay below their region",
    "Arkhangelsk and Tyumen include their okrugs.",
    "student_numbers",
)
def _students(load: Loader) -> Outcome:
    table = load("student_numbers").set_index(["unit", "year"])["students"]
    outcomes = []
    for region, okrugs in (("RU-ARK", ["RU-NEN"]), ("RU-TYU", ["RU-KHM", "RU-YAN"])):
        inside = table.loc[okrugs].groupby(level="year").sum()
        outcomes.append(exceeding(pd.concat({region: inside}), table.loc[[region]]))
    return _together(*outcomes)


@_declare(
    "arrivals minus departures equal the published net",
    "Net internal migration is printed beside its two flows, and Kazakhstan's external net beside its own; "
    "exact.",
    "internal_migration",
    "kz_external_migration",
    "net_migration",
)
def _arrivals_and_departures(load: Loader) -> Outcome:
    gross = load("internal_migration").set_index(["unit", "year"])
    nets = load("net_migration")
    internal = nets[nets["flow"] == "internal"].set_index(["unit", "year"])["persons"]
    abroad = load("kz_external_migration").query("partner_group == 'total'")
    abroad = abroad.pivot(index="year", columns="direction", values="persons")
    country = nets[(nets["unit"] == "KAZ") & (nets["flow"] == "all")].set_index("year")["persons"]
    return _together(
        differences(gross["arrivals"] - gross["departures"], internal),
        differences(
            pd.concat({"KAZ": abroad["arrivals"] - abroad["departures"]}), pd.concat({"KAZ": country})
        ),
    )


@_declare(
    "internal migration cancels out",
    "Every move inside the country is an arrival and a departure of it; exact.",
    "net_migration",
)
def _internal_zero(load: Loader) -> Outcome:
    nets = load("net_migration").query("flow == 'internal' and boundary == 'current-20'")
    total = nets.groupby("year")["persons"].sum()
    return differences(total, total * 0)


@_declare(
    "migration partners sum to their groups",
    "Rosstat's partner countries add up to its CIS and far-abroad groups, and these to the total; exact.",
    "migration_partners",
)
def _partner_sums(load: Loader) -> Outcome:
    table = load("migration_partners")
    keys = ["direction", "year"]
    printed = table[table["group"] == "total"].set_index([*keys, "partner"])["persons"].unstack()
    sums = table[table["group"] != "total"].groupby([*keys, "group"])["persons"].sum().unstack()
    return _together(
        differences(pd.concat({"cis": sums["cis"]}), pd.concat({"cis": printed["X-CIS"]})),
        differences(
            pd.concat({"far-abroad": sums["far-abroad"]}), pd.concat({"far-abroad": printed["X-FARABROAD"]})
        ),
        differences(pd.concat({"total": sums.sum(axis=1)}), pd.concat({"total": printed["X-TOTAL"]})),
    )


@_declare(
    "districts sum to regions: migration and ethnic groups",
    "The district tables are breakdowns of the regional ones; exact.",
    "district_migration",
    "net_migration",
    "district_ethnicity",
    "ethnicity_kz_regions",
    "population",
)
def _district_sums(load: Loader) -> Outcome:
    nets = load("net_migration")
    regional = nets[(nets["flow"] == "all")].set_index(["unit", "year"])["persons"]
    people = load("district_ethnicity").query("year == 2025")
    people = people.merge(load("districts")[["district", "unit"]], on="district")
    constant = load("regions").set_index("unit")["constant_unit"]
    groups = people.groupby([people["unit"].map(constant), "group"])["persons"].sum()
    printed = load("ethnicity_kz_regions").query("year == 2025").set_index(["unit", "group"])["persons"]
    stock = _population(load, "1-january").query("year == 2025").set_index("unit")["persons"]
    totals = people[people["group"] == "total"].groupby("unit")["persons"].sum()
    return _together(
        differences(_region_of_districts(load, "district_migration", "net"), regional),
        differences(groups, printed),
        differences(totals, stock),
    )


@_declare(
    "districts sum to regions: population",
    "Districts add up to their region on 1 January. The district table of 2023 was printed before the office "
    "revised its stocks by up to 0.03 %, so 0.05 % is allowed.",
    "district_population",
    "population",
)
def _district_population(load: Loader) -> Outcome:
    stock = _population(load, "1-january").set_index(["unit", "year"])["persons"]
    return differences(_region_of_districts(load, "district_population", "persons"), stock, relative=5e-4)


@_declare(
    "districts sum to regions: natural increase",
    "District births minus deaths add up to the region's; exact.",
    "district_vital",
    "vital_events",
)
def _district_vital(load: Loader) -> Outcome:
    return differences(
        _region_of_districts(load, "district_vital", "natural_increase"), _natural_increase(load)
    )


@_declare(
    "ethnic groups sum to the country",
    "Register counts of 2025 of the regions add up to the national figures, which come from another page, "
    "and Kazakhs of the Russian subjects in 2010 to their national number; exact.",
    "ethnicity_kz_regions",
    "ethnicity_national",
    "ethnicity_ru_regions",
    "kazakhs_in_russia",
)
def _ethnic_sums(load: Loader) -> Outcome:
    regional = load("ethnicity_kz_regions").query("year == 2025").groupby("group")["persons"].sum()
    national = load("ethnicity_national").query("year == 2025").set_index("group")["persons"]
    kazakhs = _subjects(load, load("ethnicity_ru_regions")).query("year == 2010 and group == 'kazakh'")
    return _together(
        differences(pd.concat({"KAZ": regional}), pd.concat({"KAZ": national})),
        differences(
            pd.Series({("RUS", 2010): kazakhs["persons"].sum()}),
            pd.Series({("RUS", 2010): load("kazakhs_in_russia").set_index("year")["persons"][2010]}),
        ),
    )


@_declare(
    "parts stay below totals",
    "Listed ethnic groups together, men and women, Kazakhs of a district, cities of a region cannot exceed "
    "the inhabitants. Cities are held against the mean population of the year.",
    "ethnicity_kz_regions",
    "ethnicity_ru_regions",
    "ethnicity_national",
    "district_ethnicity",
    "district_population",
    "cities",
    "population",
)
def _parts_and_wholes(load: Loader) -> Outcome:
    outcomes = []
    for name, keys in (
        ("ethnicity_kz_regions", ["unit", "year"]),
        ("ethnicity_ru_regions", ["unit", "year"]),
        ("ethnicity_national", ["year"]),
        ("district_ethnicity", ["district", "year"]),
    ):
        table = load(name)
        is_total = table["group"] == "total"
        part = pd.concat({name: table[~is_total].groupby(keys)["persons"].sum()})
        whole = pd.concat({name: table[is_total].set_index(keys)["persons"]})
        outcomes.append(exceeding(part, whole))
    people = load("district_population").set_index(["district", "year"])
    kazakhs = load("district_ethnicity").query("group == 'kazakh'").set_index(["district", "year"])
    outcomes.append(exceeding(kazakhs["persons"], people["persons"]))
    outcomes.append(differences((people["men"] + people["women"]).dropna(), people["persons"]))
    cities = load("cities").groupby(["unit", "year"])["persons"].sum()
    outcomes.append(exceeding(cities, _annual_means(load)))
    return _together(*outcomes)


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
        Table ``known_exceptions`` (check, case, explanation); rows of other checks are ignored.

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
        f"{case}: UNEXPLAINED, {row.found:g} against {row.expected:g}" for case, row in unexplained.iterrows()
    ]
    notes += [f"{case}: NO LONGER OCCURS, remove it from {EXCEPTIONS}" for case in gone.index]
    good = "holds, with known exceptions" if len(known) else "holds"
    return {
        "check": check.name,
        "tables": ", ".join(check.tables),
        "rows": outcome.compared,
        "result": "fails" if len(unexplained) or len(gone) else good,
        "exceptions": "; ".join(notes),
        "reason": check.reason,
    }


def run_all() -> pd.DataFrame:
    """Run every declared check.

    Returns
    -------
    pandas.DataFrame
        One row per check, as :func:`judge` gives it, in the order of declaration.

    Raises
    ------
    borderland.tables.data.DataError
        If a table does not even conform to its schema.
    """
    load = cache(data.load)
    exceptions = load(EXCEPTIONS)
    return pd.DataFrame([judge(check, check.run(load), exceptions) for check in CHECKS])


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
