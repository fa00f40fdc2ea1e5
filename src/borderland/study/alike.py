"""Whether border regions grow alike: dispersion of indicators, its trend and turns; the sides in step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from borderland.methods import convergence
from borderland.methods.rates import wide
from borderland.study import wording
from borderland.study.frame import SIDE, select

INDICATOR_UNIT = {
    "natural increase": "per 1,000",
    "net migration": "per 1,000",
    "population growth": "per 1,000",
    "unemployment": "points",
    "product per head": "log",
}


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
