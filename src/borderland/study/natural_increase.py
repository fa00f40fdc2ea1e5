"""Natural increase of the border regions and of the two sides (claim A4)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland import ties
from borderland.methods.rates import period_means, wide
from borderland.study import wording
from borderland.study.frame import SIDE


def side_gap(sides: pd.DataFrame, periods: Collection[tuple[int, int]]) -> list[float]:
    """Mean natural increase of the Kazakh side less that of the Russian side, per 1,000, period by period."""
    means = period_means(sides, "natural_rate", periods)
    return (means.loc["Kazakh side"] - means.loc["Russian side"]).tolist()


def rows(held: pd.DataFrame, over_time: pd.DataFrame) -> pd.DataFrame:
    """Regions by :func:`by_region` for the years of the claim, with their range over all."""
    return held.assign(
        side=held["country"].map(SIDE),
        range=wording.interval(over_time["lowest"], over_time["highest"], ".1f"),
        share=wording.out_of(over_time["years_as_claimed"], over_time["years"]),
        verdict=held["sign_as_claimed"].map({True: "as claimed", False: "exception"}),
    )


def by_region(rates: pd.DataFrame, area: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
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


def claim(
    held: pd.DataFrame,
    sides: pd.DataFrame,
    first_year: int,
    natural_first: int,
    natural_last: int,
    over_time: pd.DataFrame,
) -> NaturalIncreaseClaim:
    """Sum up :func:`by_region` for the years of the claim and for all years."""
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
