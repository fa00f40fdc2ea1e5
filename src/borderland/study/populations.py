"""Population of the two sides: components of change, indices, and what is asked of them."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from borderland.methods.rates import EVERY_UNIT, balance, mean_population, period_means, wide

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


def components(
    population: pd.DataFrame, vital_events: pd.DataFrame, net_migration: pd.DataFrame, units: Collection[str]
) -> pd.DataFrame:
    """Assemble the components of change of Kazakh and Russian units, migration published or derived.

    Parameters
    ----------
    population, vital_events, net_migration : DataFrame
        The tables of these names. Of the Russian annual means only the vintage before the census of 2021 is
        used: the later one stands on another base.
    units : collection of str
        Units wanted, of either country.

    Returns
    -------
    DataFrame
        Sorted by ``unit`` and ``year``: ``persons`` (mean population), ``births``, ``deaths``, ``natural``,
        ``migration`` (persons; missing where it is neither published nor derivable) and ``origin`` of the
        migration figure: "published", "residual" or "" where missing.

    Notes
    -----
    The residual of a Russian unit runs from mid-year to mid-year and is filed under the first of the two.
    """
    wanted = set(units)
    population = population[population["unit"].isin(wanted)]
    vital = vital_events[vital_events["unit"].isin(wanted)].dropna(subset=["births", "deaths"])
    january = population[population["reference"] == "1-january"]
    means = population[
        (population["reference"] == "annual-mean") & (population["vintage"] == "before-2021-census")
    ]
    exposure = pd.concat([mean_population(january, KAZAKH_BREAKS), means[["unit", "year", "persons"]]])
    residual = pd.concat(
        [
            balance(january, vital, KAZAKH_BREAKS),
            balance(means, vital, RUSSIAN_BREAKS, reference="annual-mean"),
        ]
    )
    published = net_migration[net_migration["unit"].isin(wanted) & (net_migration["flow"] == "all")]
    frame = vital[["unit", "year", "births", "deaths"]].merge(exposure, on=["unit", "year"], validate="1:1")
    frame["natural"] = frame["births"] - frame["deaths"]
    for column, source, value in (("residual", residual, "migration"), ("published", published, "persons")):
        values = source[["unit", "year", value]].rename(columns={value: column})
        frame = frame.merge(values, on=["unit", "year"], how="left", validate="1:1")
    frame["migration"] = frame["published"].astype(float).fillna(frame["residual"])
    frame["origin"] = np.select(
        [frame["published"].notna(), frame["residual"].notna()], ["published", "residual"], default=""
    )
    columns = ["unit", "year", "persons", "births", "deaths", "natural", "migration", "origin"]
    return frame[columns].sort_values(["unit", "year"], ignore_index=True)


INDICATOR_UNIT = {
    "natural increase": "per 1,000",
    "net migration": "per 1,000",
    "population growth": "per 1,000",
    "unemployment": "points",
    "product per head": "log",
}
VINTAGE_LABEL = {
    "current": "as published",
    "before-2021-census": "as published",
    "after-2021-census": "after the 2021 census",
}


def population_index(population: pd.DataFrame, units: Collection[str], base: int) -> pd.DataFrame:
    """Index the population of each unit on a base year, vintages kept apart.

    Parameters
    ----------
    population : DataFrame
        The table ``population``.
    units : collection of str
        Units wanted.
    base : int
        Year set to 100, taken from the long vintage (Kazakhstan as published, Russia before the census of
        2021); the vintage after that census is expressed on the same base, so that its jump is seen.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``vintage``, ``persons``, ``index``.
    """
    frame = population[population["unit"].isin(set(units)) & (population["reference"] != "census")]
    frame = frame[["unit", "year", "vintage", "persons"]]
    long = frame[frame["vintage"] != "after-2021-census"]
    at_base = long[long["year"] == base].set_index("unit")["persons"]
    missing = sorted(set(units) - set(at_base.index))
    if missing:
        raise ValueError(f"no population in base year {base} for {', '.join(missing)}")
    return frame.assign(index=100 * frame["persons"] / frame["unit"].map(at_base))


def total_change(indices: pd.DataFrame, first: int, last: int) -> pd.Series:
    """Change of population between two years by unit, per cent, on one vintage of ``population_index``."""
    table = wide(indices[indices["vintage"] != "after-2021-census"], "persons")
    return 100 * (table.loc[last] / table.loc[first] - 1)


def side_panels(sides: pd.DataFrame, names: Collection[str]) -> dict[str, pd.DataFrame]:
    """Rates of each named side by year, in the shape the balance chart draws."""
    columns = ["natural_rate", "migration_rate", "growth_rate"]
    return {name: sides[sides["unit"] == name].set_index("year")[columns].astype(float) for name in names}


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
