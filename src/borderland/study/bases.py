"""On which base the figures of populations stand, and the components of change on one base."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from borderland.methods.rates import EVERY_UNIT, balance, mean_population

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
LAST_OF_BOTH = 2010  # last annual mean that the recalculation left as it was
# The published rates of 2001 and 2002 do not account for the change of population (see the checks): those of
# 2002 hold the discrepancy that the census of that year found, in Volgograd 19 per 1,000.
_FIRST_CLOSING = 2003


def first_of(*tables: pd.DataFrame) -> pd.DataFrame:
    """Rows of the first table, then of the next where it has a unit and year that those before lack."""
    return pd.concat(tables, ignore_index=True).drop_duplicates(["unit", "year"], ignore_index=True)


def _yearbook(yearbook: pd.DataFrame, indicator: str) -> pd.DataFrame:
    return yearbook.loc[yearbook["indicator"] == indicator, ["unit", "year", "value"]]


def annual_means(population: pd.DataFrame, vintage: str) -> pd.DataFrame:
    """Russian annual means of one vintage: ``unit``, ``year``, ``persons``."""
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
    before = annual_means(population, "before-2021-census")
    if base == "before-2021-census":
        return before
    printed = _yearbook(yearbook, "mean_population")
    printed = printed.assign(persons=1000 * printed["value"])[["unit", "year", "persons"]]
    after = annual_means(population, "after-2021-census")
    return first_of(printed, after, before[before["year"] <= LAST_OF_BOTH])


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
    means = {vintage: annual_means(population, f"{vintage}-2021-census") for vintage in ("before", "after")}
    exposure = [mean_population(january, KAZAKH_BREAKS), russian_means(population, yearbook, base)]
    residual = [balance(january, vital, KAZAKH_BREAKS)]
    residual += [
        balance(means[vintage], vital, RUSSIAN_BREAKS, reference="annual-mean")
        for vintage in (("after", "before") if base == "recalculated" else ("before",))
    ]
    published = net_migration[net_migration["unit"].isin(wanted) & (net_migration["flow"] == "all")]
    if base == "recalculated":
        published = pd.concat([published[["unit", "year", "persons"]], official_migration(yearbook)])
    frame = first_of(vital[["unit", "year"]], published[["unit", "year"]])
    frame = frame.merge(first_of(*exposure, means["before"]), on=["unit", "year"], validate="1:1")
    events = vital[["unit", "year", "births", "deaths"]]
    frame = frame.merge(events, on=["unit", "year"], how="left", validate="1:1")
    frame["natural"] = frame["births"] - frame["deaths"]
    for column, source, value in (
        ("residual", first_of(*residual), "migration"),
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
