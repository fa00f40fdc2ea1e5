"""Where people gather: migration of regions with and without a large city, concentration, centres."""

from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from borderland import ties
from borderland.methods import segregation
from borderland.methods.rates import last_years_mean, last_years_window
from borderland.study import wording
from borderland.study.frame import SIDE


def migration_rows(border: pd.DataFrame, area: pd.DataFrame, last: int) -> pd.DataFrame:
    """Net migration of each region over its last ten years with a figure to `last`, per 1,000, and which."""
    border = border[border["year"] <= last]
    return area.assign(
        side=area["country"].map(SIDE),
        million=area["million_plus"].map({True: "yes", False: "no"}),
        migration=last_years_mean(border, "migration_rate", years=10),
        window=last_years_window(border, "migration_rate", years=10),
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


def claim(latest: pd.Series, area: pd.DataFrame, persons: pd.DataFrame) -> Concentration:
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
