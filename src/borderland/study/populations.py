"""Population of the two sides: components of change, indices, and what is asked of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland import ties
from borderland.methods import convergence, segregation
from borderland.methods.rates import (
    EVERY_UNIT,
    balance,
    last_years_mean,
    last_years_window,
    mean_population,
    period_means,
    wide,
)
from borderland.study import wording
from borderland.study.frame import SIDE, select

# Kazakh stocks of 1 January 2009 and 2022 were re-based on the censuses of 2009 and 2021, not carried back;
# Almaty took territory from its region within 2008, 2013 and 2014 (in 2013 the residuals of the two miss the
# published figures by 2,541 and −2,584). Their change is not made of events alone.
KAZAKH_BREAKS: Mapping[str, Collection[int]] = {
    EVERY_UNIT: (2008, 2021),
    "KZ-ALA": (2013, 2014),
    "KZ-ALM": (2013, 2014),
}
# Russian annual means of 1989 still follow the estimates before the census of that January.
RUSSIAN_BREAKS: Mapping[str, Collection[int]] = {EVERY_UNIT: (1989,)}


# Which population Russian figures stand on. Rosstat recalculated the years from 2012 on with the census of
# October 2021 and withdrew the earlier estimates, which stay as a variant.
RUSSIAN_BASES = ("recalculated", "before-2021-census")
_LAST_OF_BOTH = 2010  # last annual mean that the recalculation left as it was
# The published rates of 2001 and 2002 do not account for the change of population (see the checks): those of
# 2002 hold the discrepancy that the census of that year found, in Volgograd 19 per 1,000.
_FIRST_CLOSING = 2003


def _first_of(*tables: pd.DataFrame) -> pd.DataFrame:
    """Rows of the first table, then of the next where it has a unit and year that those before lack."""
    return pd.concat(tables, ignore_index=True).drop_duplicates(["unit", "year"], ignore_index=True)


def _yearbook(yearbook: pd.DataFrame, indicator: str) -> pd.DataFrame:
    return yearbook.loc[yearbook["indicator"] == indicator, ["unit", "year", "value"]]


def _annual_means(population: pd.DataFrame, vintage: str) -> pd.DataFrame:
    means = population[(population["reference"] == "annual-mean") & (population["vintage"] == vintage)]
    return means[["unit", "year", "persons"]].astype({"persons": float})


def russian_means(
    population: pd.DataFrame, yearbook: pd.DataFrame, base: str = "recalculated"
) -> pd.DataFrame:
    """Mean population of Russian units on one base, where that base reaches.

    Parameters
    ----------
    population, yearbook : DataFrame
        The tables ``population`` and ``russian_regions``.
    base : str
        One of ``RUSSIAN_BASES``. The recalculated base is the yearbook's, and for units that the copy of it
        lacks the annual means after the census of 2021; up to 2010, where both bases agree, it is the
        earlier series. What lies between is missing.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``persons``.
    """
    if base not in RUSSIAN_BASES:
        raise ValueError(f"base is one of {', '.join(RUSSIAN_BASES)}, found {base!r}")
    before = _annual_means(population, "before-2021-census")
    if base == "before-2021-census":
        return before
    printed = _yearbook(yearbook, "mean_population")
    printed = printed.assign(persons=1000 * printed["value"])[["unit", "year", "persons"]]
    after = _annual_means(population, "after-2021-census")
    return _first_of(printed, after, before[before["year"] <= _LAST_OF_BOTH])


def official_migration(yearbook: pd.DataFrame) -> pd.DataFrame:
    """Net migration of Russian units as Rosstat publishes it, turned from rates into persons.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``persons``: the rate per 10,000 times the mean population it was formed with,
        from 2003, since when the two close the balance with births and deaths.
    """
    rate, mean = (
        _yearbook(yearbook, indicator).set_index(["unit", "year"])["value"]
        for indicator in ("net_migration_rate", "mean_population")
    )
    persons = (rate * 1000 * mean / 10_000).dropna().rename("persons").reset_index()
    return persons[persons["year"] >= _FIRST_CLOSING]


def components(
    population: pd.DataFrame,
    vital_events: pd.DataFrame,
    net_migration: pd.DataFrame,
    yearbook: pd.DataFrame,
    units: Collection[str],
    base: str = "recalculated",
) -> pd.DataFrame:
    """Assemble the components of change of Kazakh and Russian units, migration published or derived.

    Parameters
    ----------
    population, vital_events, net_migration, yearbook : DataFrame
        The tables ``population``, ``vital_events``, ``net_migration`` and ``russian_regions``.
    units : collection of str
        Units wanted, of either country.
    base : str
        Base of the Russian figures, one of ``RUSSIAN_BASES``. On the recalculated one migration is the
        office's from 2003; on the other it is the residual in all years, for no published rate stands on it.

    Returns
    -------
    DataFrame
        Sorted by ``unit`` and ``year``: ``persons`` (mean population), ``births``, ``deaths``, ``natural``
        (missing where not published), ``migration`` (persons; missing where it is neither published nor
        derivable) and ``origin`` of the migration figure: "published", "residual" or "" where missing.

    Notes
    -----
    The residual of a Russian unit runs from mid-year to mid-year and is filed under the first of the two; it
    is taken within one base, never across. Where the recalculated base does not reach (Tyumen, Arkhangelsk
    and North Ossetia in 2011–2017), mean population and residual are those before the census.
    """
    wanted = set(units)
    population, yearbook = (table[table["unit"].isin(wanted)] for table in (population, yearbook))
    vital = vital_events[vital_events["unit"].isin(wanted)].dropna(subset=["births", "deaths"])
    january = population[population["reference"] == "1-january"]
    means = {vintage: _annual_means(population, f"{vintage}-2021-census") for vintage in ("before", "after")}
    exposure = [mean_population(january, KAZAKH_BREAKS), russian_means(population, yearbook, base)]
    residual = [balance(january, vital, KAZAKH_BREAKS)]
    residual += [
        balance(means[vintage], vital, RUSSIAN_BREAKS, reference="annual-mean")
        for vintage in (("after", "before") if base == "recalculated" else ("before",))
    ]
    published = net_migration[net_migration["unit"].isin(wanted) & (net_migration["flow"] == "all")]
    if base == "recalculated":
        published = pd.concat([published[["unit", "year", "persons"]], official_migration(yearbook)])
    frame = _first_of(vital[["unit", "year"]], published[["unit", "year"]])
    frame = frame.merge(_first_of(*exposure, means["before"]), on=["unit", "year"], validate="1:1")
    events = vital[["unit", "year", "births", "deaths"]]
    frame = frame.merge(events, on=["unit", "year"], how="left", validate="1:1")
    frame["natural"] = frame["births"] - frame["deaths"]
    for column, source, value in (
        ("residual", _first_of(*residual), "migration"),
        ("published", published, "persons"),
    ):
        values = source[["unit", "year", value]].rename(columns={value: column})
        frame = frame.merge(values, on=["unit", "year"], how="left", validate="1:1")
    frame["migration"] = frame["published"].astype(float).fillna(frame["residual"])
    frame["origin"] = np.select(
        [frame["published"].notna(), frame["residual"].notna()], ["published", "residual"], default=""
    )
    columns = ["unit", "year", "persons", "births", "deaths", "natural", "migration", "origin"]
    return frame[columns].sort_values(["unit", "year"], ignore_index=True)


def economy_on_base(
    economy: pd.DataFrame, yearbook: pd.DataFrame, base: str = "recalculated"
) -> pd.DataFrame:
    """Put the Russian rows of ``economy`` on one base: those of the yearbook before those first published.

    Parameters
    ----------
    economy, yearbook : DataFrame
        The tables ``economy`` and ``russian_regions``; what both hold is taken from the second.
    base : str
        One of ``RUSSIAN_BASES``; on the earlier one ``economy`` stays as it is.
    """
    if base == "before-2021-census":
        return economy
    shared = ["unit", "year", "indicator"]
    newer = yearbook[yearbook["indicator"].isin(economy["indicator"].unique())]
    joined = pd.concat([newer, economy], ignore_index=True).drop_duplicates(shared, ignore_index=True)
    return joined[economy.columns]


INDICATOR_UNIT = {
    "natural increase": "per 1,000",
    "net migration": "per 1,000",
    "population growth": "per 1,000",
    "unemployment": "points",
    "product per head": "log",
}
PERIODS = [(2000, 2004), (2005, 2009), (2010, 2014), (2015, 2019), (2020, 2021)]
VINTAGE_LABEL = {
    "current": "as published last",
    "before-2021-census": "withdrawn estimate",
}


def population_index(
    population: pd.DataFrame,
    yearbook: pd.DataFrame,
    units: Collection[str],
    base_year: int,
    base: str = "recalculated",
) -> pd.DataFrame:
    """Index the population of each unit on a base year, vintages kept apart.

    Parameters
    ----------
    population, yearbook : DataFrame
        The tables ``population`` and ``russian_regions``.
    units : collection of str
        Units wanted.
    base_year : int
        Year set to 100, taken from the current vintage and, where that has a gap, from the other.
    base : str
        Base of the current vintage of Russian units, one of ``RUSSIAN_BASES``.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``vintage``, ``persons``, ``index``. The vintage is ``current``, or
        ``before-2021-census`` for the Russian estimates that the recalculation replaced, with the last year
        that it left as it was.
    """
    kept = population[population["unit"].isin(set(units))]
    parts = [
        kept.loc[kept["reference"] == "1-january", ["unit", "year", "persons"]],
        russian_means(kept, yearbook[yearbook["unit"].isin(set(units))], base),
    ]
    frame = pd.concat(parts, ignore_index=True).assign(vintage="current")
    if base == "recalculated":
        withdrawn = _annual_means(kept, "before-2021-census")
        withdrawn = withdrawn[withdrawn["year"] >= _LAST_OF_BOTH].assign(vintage="before-2021-census")
        frame = pd.concat([frame, withdrawn], ignore_index=True)
    at_base = _first_of(frame[frame["year"] == base_year]).set_index("unit")["persons"]
    missing = sorted(set(units) - set(at_base.index))
    if missing:
        raise ValueError(f"no population in base year {base_year} for {', '.join(missing)}")
    frame["index"] = 100 * frame["persons"] / frame["unit"].map(at_base)
    columns = ["unit", "year", "vintage", "persons", "index"]
    return frame[columns].sort_values(["unit", "year", "vintage"], ignore_index=True)


def total_change(indices: pd.DataFrame, first: int, last: int) -> pd.Series:
    """Change of population between two years by unit, per cent, on one vintage of ``population_index``."""
    table = wide(indices[indices["vintage"] == "current"], "persons")
    return 100 * (table.loc[last] / table.loc[first] - 1)


def side_panels(sides: pd.DataFrame, names: Collection[str]) -> dict[str, pd.DataFrame]:
    """Rates of each named side by year: natural change, net migration and their sum, under these words."""
    columns = {"natural_rate": "natural change", "migration_rate": "net migration", "growth_rate": "sum"}
    wanted = sides.set_index("year")[["unit", *columns]].rename(columns=columns)
    return {name: wanted[wanted["unit"] == name].drop(columns="unit").astype(float) for name in names}


def by_side(values: pd.DataFrame, area: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Split a frame (index year, columns units) into one a side: rows regions by name, columns years."""
    return {
        side: values[area.index[area["country"] == country]].rename(columns=area["name"]).T
        for country, side in SIDE.items()
    }


def side_gap(sides: pd.DataFrame, periods: Collection[tuple[int, int]]) -> list[float]:
    """Mean natural increase of the Kazakh side less that of the Russian side, per 1,000, period by period."""
    means = period_means(sides, "natural_rate", periods)
    return (means.loc["Kazakh side"] - means.loc["Russian side"]).tolist()


def stack_measures(
    measures: Mapping[str, pd.DataFrame], order: Collection[str] | None = None
) -> pd.DataFrame:
    """Put frames of one shape under each other, the name of each in column ``measure``.

    With ``order`` (index labels) rows are taken in that order and labelled in column ``group``.
    """
    parts = []
    for name, frame in measures.items():
        rows = frame if order is None else frame.loc[list(order)]
        label = "year" if order is None else "group"
        parts.append(rows.rename_axis(label).reset_index().assign(measure=name))
    stacked = pd.concat(parts, ignore_index=True)
    leading = [parts[0].columns[0], "measure"]
    return stacked[leading + [column for column in stacked.columns if column not in leading]]


def indicators(
    border: pd.DataFrame, economy: pd.DataFrame, area: pd.DataFrame, first: int, last: int
) -> dict[str, pd.DataFrame]:
    """Indicators of the border regions whose convergence is tested, years by regions, under their names.

    Parameters
    ----------
    border : DataFrame
        Rates of the regions: ``unit``, ``year`` and the rates per 1,000.
    economy : DataFrame
        The table ``economy``; product per head is taken relative to its own side, for the two sides are told
        in two currencies.
    """
    frames = {
        name: wide(border, column, area.index).loc[first:last].astype(float)
        for name, column in (
            ("natural increase", "natural_rate"),
            ("net migration", "migration_rate"),
            ("population growth", "growth_rate"),
        )
    }
    unemployment, product = (
        wide(select(economy, first, last, indicator=name), "value", area.index)
        for name in ("unemployment_rate", "grp_per_head")
    )
    relative = convergence.log_relative(product, area["country"])
    return frames | {"unemployment": unemployment, "product per head": relative}


def dispersions(indicators: Mapping[str, pd.DataFrame], country: pd.Series) -> dict[str, pd.DataFrame]:
    """Dispersion of each indicator over the regions, between and within the sides, by year.

    Product per head, taken relative to its own side, has no distance between the sides.
    """
    split = {name: convergence.dispersion_by_group(values, country) for name, values in indicators.items()}
    return split | {"product per head": split["product per head"][["within"]]}


def titled(dispersions: Mapping[str, pd.DataFrame], labels: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Dispersions under the titles of their panels, which name the unit, with printed column names."""
    return {
        f"{name.capitalize()}, {INDICATOR_UNIT[name]}": values.rename(columns=dict(labels))
        for name, values in dispersions.items()
    }


def convergence_rows(tests: pd.DataFrame, events: tuple[int, int]) -> pd.DataFrame:
    """Tests of convergence with their years, intervals and ranks in words, as the table prints them."""
    ranks = [wording.out_of(tests[f"rank_{year}"], tests[f"placebos_{year}"]) for year in events]
    return tests.assign(
        years=tests["first"].astype(str) + "–" + tests["last"].astype(str),
        trend_interval=wording.interval(tests["trend_low"], tests["trend_high"], ".3f"),
        beta_interval=wording.interval(tests["beta_low"], tests["beta_high"], ".3f"),
        first_rank=ranks[0],
        second_rank=ranks[1],
    )


def natural_increase_rows(held: pd.DataFrame, over_time: pd.DataFrame) -> pd.DataFrame:
    """Regions by :func:`natural_increase_by_region` for the years of the claim, with their range over all."""
    return held.assign(
        side=held["country"].map(SIDE),
        range=wording.interval(over_time["lowest"], over_time["highest"], ".1f"),
        share=wording.out_of(over_time["years_as_claimed"], over_time["years"]),
        verdict=held["sign_as_claimed"].map({True: "as claimed", False: "exception"}),
    )


def migration_rows(border: pd.DataFrame, area: pd.DataFrame, last: int) -> pd.DataFrame:
    """Net migration of each region over its last ten years with a figure to `last`, per 1,000, and which."""
    border = border[border["year"] <= last]
    return area.assign(
        side=area["country"].map(SIDE),
        million=area["million_plus"].map({True: "yes", False: "no"}),
        migration=last_years_mean(border, "migration_rate", years=10),
        window=last_years_window(border, "migration_rate", years=10),
    )


def natural_increase_by_region(
    rates: pd.DataFrame, area: pd.DataFrame, first: int, last: int
) -> pd.DataFrame:
    """Hold each region to the simple form "natural increase positive in Kazakhstan, negative in Russia".

    Parameters
    ----------
    rates : DataFrame
        ``unit``, ``year``, ``natural_rate`` (per 1,000).
    area : DataFrame
        Index unit in the order wanted; ``country``, ``name``.
    first, last : int
        Period; a year without a figure is left out of the unit's mean and count.

    Returns
    -------
    DataFrame
        ``unit``, ``name``, ``country``, ``mean``, ``lowest``, ``highest`` (per 1,000), ``years``,
        ``years_as_claimed``, ``holds`` (every year has the claimed sign), ``sign_as_claimed`` (the mean has
        it).
    """
    values = wide(rates[rates["year"].between(first, last)], "natural_rate", area.index).astype(float)
    missing = [unit for unit in area.index if unit not in values.columns or values[unit].isna().all()]
    if missing:
        raise ValueError(f"no natural increase in {first}–{last} for {', '.join(missing)}")
    years = values.notna().sum()
    claimed = area["country"].map({"KAZ": 1, "RUS": -1})
    as_claimed = (np.sign(values) == claimed).sum()
    return pd.DataFrame(
        {
            "unit": area.index,
            "name": area["name"].to_numpy(),
            "country": area["country"].to_numpy(),
            "mean": values.mean().to_numpy(),
            "lowest": values.min().to_numpy(),
            "highest": values.max().to_numpy(),
            "years": years.to_numpy(),
            "years_as_claimed": as_claimed.to_numpy(),
            "holds": (as_claimed == years).to_numpy(),
            "sign_as_claimed": (np.sign(values.mean()) == claimed).to_numpy(),
        }
    )


def centre_shares(cities: pd.DataFrame, persons: pd.DataFrame, area: pd.DataFrame) -> pd.DataFrame:
    """Share of each region's inhabitants who live in its centre, by year, per cent.

    Parameters
    ----------
    cities : DataFrame
        ``city``, ``unit``, ``year``, ``persons``.
    persons : DataFrame
        Population of the regions: ``unit``, ``year``, ``persons``.
    area : DataFrame
        Index unit; ``centre`` is the name of the city.

    Returns
    -------
    DataFrame
        Index year, columns the units whose centre is among the cities.
    """
    centres = cities[cities["city"] == cities["unit"].map(area["centre"])]
    both = centres.merge(persons, on=["unit", "year"], suffixes=("", "_region"), validate="1:1")
    both["share"] = 100 * both["persons"] / both["persons_region"]
    return both.pivot(index="year", columns="unit", values="share")


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class SidePopulations:
    """Size of the two sides, and which regions have fewer inhabitants than when all are first known."""

    ratio_first: Annotated[float, ".3f"]
    ratio_last: Annotated[float, ".3f"]
    kaz_side_last: Annotated[float, ".2f"]
    rus_side_last: Annotated[float, ".1f"]
    compared_from: Annotated[int, "d"]
    regions_smaller: Annotated[int, "d"]
    regions_smaller_kaz: Annotated[int, "d"]
    regions_smaller_rus: Annotated[int, "d"]
    largest_loss: Annotated[float, ".0f"]
    largest_loss_region: str
    largest_gain: Annotated[float, ".0f"]
    largest_gain_region: str


def side_populations(
    sides: pd.DataFrame, indices: pd.DataFrame, last_year: int, first_year: int, area: pd.DataFrame
) -> SidePopulations:
    """Compare populations of the sides (millions) and of regions (per cent since all are known).

    Kazakh counts begin in 1991, those of Tyumen without its okrugs in 1993.
    """
    totals = wide(sides, "persons")
    ratio = (totals["Kazakh side"] / totals["Russian side"]).dropna()
    start = int(wide(indices[indices["vintage"] == "current"], "persons").dropna().index[0])
    change = total_change(indices, start, last_year)
    return SidePopulations(
        ratio_first=ratio.loc[first_year:].iloc[0],
        ratio_last=ratio.loc[:last_year].iloc[-1],
        kaz_side_last=totals.loc[last_year, "Kazakh side"] / 1e6,
        rus_side_last=totals.loc[last_year, "Russian side"] / 1e6,
        compared_from=start,
        regions_smaller=int((change < 0).sum()),
        regions_smaller_kaz=int((change[area["country"] == "KAZ"] < 0).sum()),
        regions_smaller_rus=int((change[area["country"] == "RUS"] < 0).sum()),
        largest_loss=change.min(),
        largest_loss_region=area.loc[ties.lowest(change), "name"],
        largest_gain=change.max(),
        largest_gain_region=area.loc[ties.highest(change), "name"],
    )


@dataclass(frozen=True)
class SideRates:
    """Natural increase and net migration of the sides by period, per 1,000 and year."""

    natural_kaz_2000s: Annotated[float, ".1f"]
    natural_kaz_2010s: Annotated[float, ".1f"]
    natural_rus_2000s: Annotated[float, ".1f"]
    natural_rus_2010s: Annotated[float, ".1f"]
    natural_kaz_rest_2010s: Annotated[float, ".1f"]
    natural_rus_rest_2010s: Annotated[float, ".1f"]
    migration_kaz_2000s: Annotated[float, ".1f"]
    migration_kaz_2010s: Annotated[float, ".1f"]
    migration_rus_2000s: Annotated[float, ".1f"]
    migration_rus_2010s: Annotated[float, ".1f"]


def side_rates(natural: pd.DataFrame, moved: pd.DataFrame) -> SideRates:
    """Take the rates of the sides out of the means by period."""
    return SideRates(
        natural_kaz_2000s=natural.loc["Kazakh side", "2000–2004"],
        natural_kaz_2010s=natural.loc["Kazakh side", "2015–2019"],
        natural_rus_2000s=natural.loc["Russian side", "2000–2004"],
        natural_rus_2010s=natural.loc["Russian side", "2015–2019"],
        natural_kaz_rest_2010s=natural.loc["rest of Kazakhstan", "2015–2019"],
        natural_rus_rest_2010s=natural.loc["rest of Russia", "2015–2019"],
        migration_kaz_2000s=moved.loc["Kazakh side", "2000–2004"],
        migration_kaz_2010s=moved.loc["Kazakh side", "2015–2019"],
        migration_rus_2000s=moved.loc["Russian side", "2000–2004"],
        migration_rus_2010s=moved.loc["Russian side", "2015–2019"],
    )


@dataclass(frozen=True)
class Births:
    """Births per 1,000 on both sides."""

    births_kaz_peak: Annotated[float, ".1f"]
    births_kaz_peak_year: Annotated[int, "d"]
    births_kaz_last: Annotated[float, ".1f"]
    births_rus_last: Annotated[float, ".1f"]


def births(sides: pd.DataFrame) -> Births:
    """Find peak and last births of the sides."""
    rate = wide(sides, "births_rate")
    return Births(
        births_kaz_peak=rate["Kazakh side"].max(),
        births_kaz_peak_year=int(ties.highest(rate["Kazakh side"])),
        births_kaz_last=rate["Kazakh side"].dropna().iloc[-1],
        births_rus_last=rate["Russian side"].dropna().iloc[-1],
    )


@dataclass(frozen=True)
class NaturalIncreaseClaim:
    """Natural increase, region by region and between the sides (claim A4)."""

    gap: Annotated[float, ".1f"]
    gap_change: Annotated[float, ".1f"]
    exceptions_count: Annotated[int, "d"]
    exceptions: str
    conforming_share: Annotated[float, ".2f"]
    always_conforming: Annotated[int, "d"]
    kaz_ever_negative: Annotated[int, "d"]
    kaz_ever_negative_names: str


def natural_increase_claim(
    held: pd.DataFrame,
    sides: pd.DataFrame,
    first_year: int,
    natural_first: int,
    natural_last: int,
    over_time: pd.DataFrame,
) -> NaturalIncreaseClaim:
    """Sum up :func:`natural_increase_by_region` for the years of the claim and for all years."""
    exceptions = held[held["sign_as_claimed"].eq(False)]
    gap_then, gap_now = side_gap(sides, [(first_year, first_year + 4), (natural_first, natural_last)])
    ever_negative = over_time.loc[over_time["country"].eq("KAZ") & ~over_time["holds"], "name"]
    return NaturalIncreaseClaim(
        gap=gap_now,
        gap_change=gap_now - gap_then,
        exceptions_count=len(exceptions),
        exceptions=wording.listed(exceptions["name"]),
        conforming_share=float(held["sign_as_claimed"].mean()),
        always_conforming=int(over_time["holds"].sum()),
        kaz_ever_negative=len(ever_negative),
        kaz_ever_negative_names=wording.listed(ever_negative),
    )


@dataclass(frozen=True)
class NaturalLow:
    """The lowest natural increase, and that of North Kazakhstan last."""

    natural_low: Annotated[float, ".1f"]
    natural_low_region: str
    natural_low_year: Annotated[int, "d"]
    north_kazakhstan_last: Annotated[float, ".1f"]
    north_kazakhstan_last_year: Annotated[int, "d"]


def natural_low(natural_wide: pd.DataFrame, area: pd.DataFrame) -> NaturalLow:
    """Find the region and the year of the lowest natural increase."""
    return NaturalLow(
        natural_low=natural_wide.min().min(),
        natural_low_region=area.loc[ties.lowest(natural_wide.min()), "name"],
        natural_low_year=int(ties.lowest(natural_wide.min(axis=1))),
        north_kazakhstan_last=natural_wide["KZ-SEV"].dropna().iloc[-1],
        north_kazakhstan_last_year=int(natural_wide["KZ-SEV"].dropna().index[-1]),
    )


@dataclass(frozen=True)
class ConvergenceClaim:
    """How many indicators converge, and how many turns point there (claim A1)."""

    indicators: Annotated[int, "d"]
    converging_share: Annotated[float, ".2f"]
    converging: str
    breaks_tested: Annotated[int, "d"]
    breaks_towards: Annotated[int, "d"]


def convergence_claim(tests: pd.DataFrame, turns: pd.DataFrame) -> ConvergenceClaim:
    """Count converging indicators of the tests, and turns towards convergence."""
    converging = (tests["trend"] < 0) & (tests["trend_p"] < 0.05)
    return ConvergenceClaim(
        indicators=len(tests),
        converging_share=float(converging.mean()),
        converging=wording.listed(tests.loc[converging, "indicator"]),
        breaks_tested=len(turns),
        breaks_towards=int(turns["towards"].sum()),
    )


@dataclass(frozen=True)
class Sigma:
    """Dispersion of single indicators over the regions, its trends and its turns."""

    sigma_natural_first: Annotated[float, ".1f"]
    sigma_natural_last: Annotated[float, ".1f"]
    sigma_natural_trend: Annotated[float, ".2f"]
    sigma_migration_first: Annotated[float, ".1f"]
    sigma_migration_last: Annotated[float, ".1f"]
    beta_natural: Annotated[float, ".3f"]
    beta_migration: Annotated[float, ".3f"]
    sigma_migration_trend: Annotated[float, ".2f"]
    sigma_migration_trend_low: Annotated[float, ".2f"]
    sigma_migration_trend_high: Annotated[float, ".2f"]
    sigma_migration_late_from: Annotated[int, "d"]
    sigma_migration_late_first: Annotated[float, ".1f"]
    sigma_migration_late_trend: Annotated[float, ".2f"]
    sigma_migration_late_low: Annotated[float, ".2f"]
    sigma_migration_late_high: Annotated[float, ".2f"]
    sigma_natural_trend_low: Annotated[float, ".2f"]
    sigma_natural_trend_high: Annotated[float, ".2f"]
    beta_natural_low: Annotated[float, ".3f"]
    beta_natural_high: Annotated[float, ".3f"]
    sigma_unemployment_first: Annotated[float, ".1f"]
    sigma_unemployment_last: Annotated[float, ".1f"]
    sigma_product_first: Annotated[float, ".2f"]
    sigma_product_last: Annotated[float, ".2f"]
    unemployment_kaz_spread: Annotated[float, ".2f"]
    unemployment_rus_spread: Annotated[float, ".2f"]
    between_natural_first: Annotated[float, ".1f"]
    between_natural_last: Annotated[float, ".1f"]
    between_migration_first: Annotated[float, ".1f"]
    between_migration_late_first: Annotated[float, ".1f"]
    within_migration_first: Annotated[float, ".1f"]
    within_migration_late_first: Annotated[float, ".1f"]
    turn_customs_rank: Annotated[int | None, "d"]
    turn_economic_rank: Annotated[int | None, "d"]
    turn_customs_placebos: Annotated[int | None, "d"]
    turn_economic_placebos: Annotated[int | None, "d"]


def _whole(value: float) -> int | None:
    return None if pd.isna(value) else int(value)


def sigma(
    tests: pd.DataFrame,
    indicators: Mapping[str, pd.DataFrame],
    first_year: int,
    area: pd.DataFrame,
    dispersions: Mapping[str, pd.DataFrame],
    customs_union: int,
    economic_union: int,
) -> Sigma:
    """Take single results out of the tests of convergence; net migration also without its first years.

    Rank and placebos are None where too few years lie on a side of the event.
    """
    by_name = tests.set_index("indicator")
    late_from = first_year + 5
    late = convergence.trend(
        convergence.dispersion(indicators["net migration"].loc[late_from:].astype(float))
    )
    moved = dispersions["net migration"]
    jobless = indicators["unemployment"].dropna().iloc[-1]
    return Sigma(
        sigma_natural_first=by_name.loc["natural increase", "sigma_first"],
        sigma_natural_last=by_name.loc["natural increase", "sigma_last"],
        sigma_natural_trend=by_name.loc["natural increase", "trend"],
        sigma_migration_first=by_name.loc["net migration", "sigma_first"],
        sigma_migration_last=by_name.loc["net migration", "sigma_last"],
        beta_natural=by_name.loc["natural increase", "beta"],
        beta_migration=by_name.loc["net migration", "beta"],
        sigma_migration_trend=by_name.loc["net migration", "trend"],
        sigma_migration_trend_low=by_name.loc["net migration", "trend_low"],
        sigma_migration_trend_high=by_name.loc["net migration", "trend_high"],
        sigma_migration_late_from=late_from,
        sigma_migration_late_first=moved["total"].loc[late_from:].iloc[0],
        sigma_migration_late_trend=late.slope.estimate,
        sigma_migration_late_low=late.slope.low,
        sigma_migration_late_high=late.slope.high,
        sigma_natural_trend_low=by_name.loc["natural increase", "trend_low"],
        sigma_natural_trend_high=by_name.loc["natural increase", "trend_high"],
        beta_natural_low=by_name.loc["natural increase", "beta_low"],
        beta_natural_high=by_name.loc["natural increase", "beta_high"],
        sigma_unemployment_first=by_name.loc["unemployment", "sigma_first"],
        sigma_unemployment_last=by_name.loc["unemployment", "sigma_last"],
        sigma_product_first=by_name.loc["product per head", "sigma_first"],
        sigma_product_last=by_name.loc["product per head", "sigma_last"],
        unemployment_kaz_spread=jobless[area["country"] == "KAZ"].std(ddof=0),
        unemployment_rus_spread=jobless[area["country"] == "RUS"].std(ddof=0),
        between_natural_first=dispersions["natural increase"]["between"].iloc[0],
        between_natural_last=dispersions["natural increase"]["between"].iloc[-1],
        between_migration_first=moved["between"].iloc[0],
        between_migration_late_first=moved["between"].loc[late_from:].iloc[0],
        within_migration_first=moved["within"].iloc[0],
        within_migration_late_first=moved["within"].loc[late_from:].iloc[0],
        turn_customs_rank=_whole(by_name.loc["natural increase", f"rank_{customs_union}"]),
        turn_economic_rank=_whole(by_name.loc["natural increase", f"rank_{economic_union}"]),
        turn_customs_placebos=_whole(by_name.loc["natural increase", f"placebos_{customs_union}"]),
        turn_economic_placebos=_whole(by_name.loc["natural increase", f"placebos_{economic_union}"]),
    )


@dataclass(frozen=True)
class Concentration:
    """Who loses people by migration, and whether inhabitants concentrate (claim A9)."""

    regions: Annotated[int, "d"]
    first_year: Annotated[int, "d"]
    last_year: Annotated[int, "d"]
    losing_share: Annotated[float, ".2f"]
    losing_count: Annotated[int, "d"]
    gaining: str
    million_losing: str
    theil_first: Annotated[float, ".4f"]
    theil_last: Annotated[float, ".4f"]
    theil_change: Annotated[float, ".4f"]
    theil_between_change: Annotated[float, ".4f"]
    theil_within_change: Annotated[float, ".4f"]
    theil_percent: Annotated[float, ".1f"]  # change of the total, per cent of its first value
    theil_percent_low: Annotated[float, ".1f"]  # the same with one region left out, lowest and highest
    theil_percent_high: Annotated[float, ".1f"]
    theil_low_without: str
    theil_high_without: str


def concentration_claim(latest: pd.Series, area: pd.DataFrame, persons: pd.DataFrame) -> Concentration:
    """Count losing regions without a city of a million, and compare Theil's index first and last.

    Parameters
    ----------
    latest : Series
        Mean net migration of each region's last years.
    persons : DataFrame
        Population, index year, one column per region of ``area``.
    """
    smaller = latest[~area["million_plus"]]
    larger = latest[area["million_plus"]]
    concentrated = segregation.concentration(persons, area["country"])
    change = concentrated.iloc[-1] - concentrated.iloc[0]
    without = segregation.concentration_without(persons, area["country"])
    return Concentration(
        regions=len(smaller),
        first_year=int(concentrated.index[0]),
        last_year=int(concentrated.index[-1]),
        losing_share=float((smaller < 0).mean()),
        losing_count=int((smaller < 0).sum()),
        gaining=wording.listed(area.loc[smaller.index[smaller >= 0], "name"]),
        million_losing=wording.listed(area.loc[larger.index[larger < 0], "name"]),
        theil_first=concentrated["total"].iloc[0],
        theil_last=concentrated["total"].iloc[-1],
        theil_change=change["total"],
        theil_between_change=change["between"],
        theil_within_change=change["within"],
        theil_percent=100 * change["total"] / concentrated["total"].iloc[0],
        theil_percent_low=without.min(),
        theil_percent_high=without.max(),
        theil_low_without=area.loc[ties.lowest(without), "name"],
        theil_high_without=area.loc[ties.highest(without), "name"],
    )


@dataclass(frozen=True)
class CountedLater:
    """Concentration with the Kazakh regions as counted at the end of the last year (claim A9)."""

    later_year: Annotated[int, "d"]
    theil_percent_later: Annotated[float, ".1f"]


def counted_later(persons: pd.DataFrame, population: pd.DataFrame, area: pd.DataFrame) -> CountedLater:
    """Compare Theil's index first and last, the Kazakh regions at the January count after the last year.

    In a year whose basis of counting changed, as in 2021, their mean population is the count at its start;
    the count at its end bounds what that decides.

    Parameters
    ----------
    persons : DataFrame
        Population, index year, one column per region of ``area``.
    population : DataFrame
        The table ``population`` on the outline of ``area``.
    """
    year = int(persons.index[-1]) + 1
    counts = population[(population["reference"] == "1-january") & (population["year"] == year)]
    kazakh = area.index[area["country"] == "KAZ"]
    later = persons.astype(float)
    later.loc[persons.index[-1], kazakh] = counts.set_index("unit")["persons"].loc[kazakh].to_numpy(float)
    total = segregation.concentration(later, area["country"])["total"]
    return CountedLater(year, float(100 * (total.iloc[-1] / total.iloc[0] - 1)))


CLEAR_LOSS = -0.5  # per 1,000 a year: in ten years half a per cent of the inhabitants


@dataclass(frozen=True)
class MillionCities:
    """Border regions with a city of more than a million that clearly lose by migration (claim A7)."""

    clearly_losing: Annotated[int, "d"]
    clearly_losing_names: str


def million_cities(border: pd.DataFrame, area: pd.DataFrame) -> MillionCities:
    """Count border regions with such a city whose mean net migration in 2010–2021 is below ``CLEAR_LOSS``."""
    rows = border[border["unit"].isin(area.index[area["million_plus"]]) & border["year"].between(2010, 2021)]
    means = rows.groupby("unit")["migration_rate"].mean().reindex(area.index).dropna()
    losing = means.index[means < CLEAR_LOSS]
    return MillionCities(len(losing), wording.listed(area.loc[losing, "name"]))


@dataclass(frozen=True)
class Centres:
    """Share of the inhabitants of regions who live in the centre, and the four-city index."""

    centres: Annotated[int, "d"]
    centres_first: Annotated[int, "d"]
    centres_last: Annotated[int, "d"]
    centres_rising: Annotated[int, "d"]
    centres_gain: Annotated[float, ".1f"]
    four_city_first: Annotated[float, ".3f"]
    four_city_last: Annotated[float, ".3f"]


def centres(centre_share: pd.DataFrame, cities: pd.DataFrame, area: pd.DataFrame) -> Centres:
    """Compare shares of centres before the break of 2010, and the primacy of Russian border cities."""
    first_piece = centre_share.loc[:2009].dropna()
    gain = first_piece.iloc[-1] - first_piece.iloc[0]
    eastern = cities[cities["unit"].isin(area.index[area["country"] == "RUS"])]
    size = eastern.pivot(index="city", columns="year", values="persons")
    return Centres(
        centres=len(gain),
        centres_first=int(first_piece.index[0]),
        centres_last=int(first_piece.index[-1]),
        centres_rising=int((gain > 0).sum()),
        centres_gain=gain.mean(),
        four_city_first=segregation.primacy(size[2006].dropna(), followers=3),
        four_city_last=segregation.primacy(size[2009].dropna(), followers=3),
    )


@dataclass(frozen=True)
class Step:
    """Whether the two sides grow in step (finding C1).

    Growth and differences are in per cent a year, correlations are Spearman's.
    """

    synchrony: Annotated[float, ".2f"]
    synchrony_p: Annotated[float, wording.P]  # as if years were independent
    synchrony_shift_p: Annotated[float, wording.P]  # against shifts round in time
    years: Annotated[int, "d"]
    changes: Annotated[float, ".2f"]  # of growth from year to year
    changes_low: Annotated[float, ".2f"]
    changes_high: Annotated[float, ".2f"]
    changes_p: Annotated[float, wording.P]
    changes_years: Annotated[int, "d"]
    growth_difference: Annotated[float, ".2f"]
    growth_difference_low: Annotated[float, ".2f"]
    growth_difference_high: Annotated[float, ".2f"]
    natural_synchrony: Annotated[float, ".2f"]
    natural_synchrony_p: Annotated[float, wording.P]
    natural_synchrony_shift_p: Annotated[float, wording.P]


def in_step(first_year: int, last_year: int, sides: pd.DataFrame) -> Step:
    """Correlate growth and natural increase of the sides over the years, in per cent.

    Growth hangs on its own past on either side, so that its correlation is also held against shifts in time
    and taken of its changes from year to year. The difference of mean growth is absolute; its interval ends
    at zero where the two means may be equal.
    """
    growth = [
        wide(sides, "growth_rate").loc[first_year:last_year, side].astype(float) / 10
        for side in SIDE.values()
    ]
    step = convergence.synchrony(*growth)
    changes = convergence.synchrony(*(convergence.yearly_changes(series) for series in growth))
    natural = convergence.synchrony(
        *(wide(sides, "natural_rate").loc[first_year:last_year, side] / 10 for side in SIDE.values())
    )
    ends = sorted(abs(end) for end in (step.difference.low, step.difference.high))
    return Step(
        synchrony=step.spearman,
        synchrony_p=step.p,
        synchrony_shift_p=step.shift_p,
        years=step.n,
        changes=changes.spearman,
        changes_low=changes.low,
        changes_high=changes.high,
        changes_p=changes.p,
        changes_years=changes.n,
        growth_difference=abs(step.difference.estimate),
        growth_difference_low=0.0 if step.difference.low * step.difference.high < 0 else ends[0],
        growth_difference_high=ends[1],
        natural_synchrony=natural.spearman,
        natural_synchrony_p=natural.p,
        natural_synchrony_shift_p=natural.shift_p,
    )


@dataclass(frozen=True)
class Omsk:
    """Net migration of Omsk region from 2012 to 2021 (finding C5)."""

    omsk_net: Annotated[float, ".1f"]
    omsk_losing_share: Annotated[float, ".2f"]


def omsk(border: pd.DataFrame) -> Omsk:
    """Average net migration per 1,000 of Omsk region, and the share of years with a loss."""
    omsk = border[(border["unit"] == "RU-OMS") & border["year"].between(2012, 2021)]["migration_rate"]
    return Omsk(
        omsk_net=omsk.mean(),
        omsk_losing_share=float((omsk < 0).mean()),
    )
