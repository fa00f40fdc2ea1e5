"""Populations of the regions and of the two sides: their size, and indices of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from borderland import ties
from borderland.methods.rates import wide
from borderland.study.bases import LAST_OF_BOTH, annual_means, first_of, russian_means
from borderland.study.frame import SIDE

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
        withdrawn = annual_means(kept, "before-2021-census")
        withdrawn = withdrawn[withdrawn["year"] >= LAST_OF_BOTH].assign(vintage="before-2021-census")
        frame = pd.concat([frame, withdrawn], ignore_index=True)
    at_base = first_of(frame[frame["year"] == base_year]).set_index("unit")["persons"]
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
