"""Integration seen from the line: the border against the interior, and pairs of neighbours across it (A1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from borderland.methods import convergence
from borderland.methods.covariance import Model, cluster_covariance, estimates
from borderland.methods.panel import least_squares
from borderland.methods.resampling import holm, wild_cluster_bootstrap
from borderland.study.wording import P

OUTCOMES = {
    "growth_rate": "population growth",
    "natural_rate": "natural increase",
    "migration_rate": "net migration",
}


def border_after(
    rates: pd.DataFrame,
    groups: pd.Series,
    border: Collection[str],
    events: Collection[int],
    first_year: int,
    last_year: int,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Change of the border regions at the treaties, against the interior of their own country.

    Least squares of a yearly rate on border × after for each treaty at once, with effects of regions and of
    country × year: what moves a whole country is taken out, and so is what sets a region apart for good.
    After Brakman, Garretsen, van Marrewijk & Oumer (2012), who take population shares of European regions.

    Parameters
    ----------
    rates : DataFrame
        From :func:`borderland.methods.rates.rates`, the units of both countries.
    groups : Series
        Units compared, by index; others are left out.
    border : collection of str
        Units at the border.
    events : collection of int
        First years of the treaties; one without a year before it, or from it on, is left out.
    draws, seed : int
        Of the wild bootstrap by region.

    Returns
    -------
    DataFrame
        ``outcome``, ``event``, ``estimate``, ``low``, ``high`` (per 1,000 and year, clustered by region),
        ``p_wild``, ``n``, ``clusters``.

    References
    ----------
    Brakman et al. (2012), *Journal of Regional Science* (border × integration over time).
    """
    panel = rates[rates["unit"].isin(groups.index) & rates["year"].between(first_year, last_year)]
    at_border = panel["unit"].isin(set(border))
    # Of an event with no year on one side of it nothing can be told apart from the regions.
    first, last = panel["year"].min(), panel["year"].max()
    names = {f"after_{event}": event for event in events if first < event <= last}
    panel = panel.assign(
        country=panel["unit"].str[:2],
        **{name: (at_border & (panel["year"] >= event)).astype(float) for name, event in names.items()},
    )
    rows = []
    for outcome in OUTCOMES:
        frame = panel.dropna(subset=outcome)
        model = Model(least_squares, outcome, tuple(names), ("unit", ("country", "year")))
        fit = model.fit(frame)
        found = estimates(fit, cluster_covariance(fit, "unit"))
        for name, event in names.items():
            wild = wild_cluster_bootstrap(model, frame, name, "unit", draws, seed)
            row = found.loc[name, ["estimate", "low", "high", "n", "clusters"]].to_dict()
            rows.append({"outcome": outcome, "event": event, **row, "p_wild": wild.p})
    return pd.DataFrame(rows)


def pairs_across(border: pd.DataFrame, constant: Mapping[str, str], area: Collection[str]) -> pd.DataFrame:
    """Pairs of regions that meet at the state border, from west to east.

    Parameters
    ----------
    border : DataFrame
        The boundary ``border``: ``kz_unit`` (in the division of today), ``ru_unit``.
    constant : mapping
        Kazakh unit of today to its constant unit.
    area : collection of str
        Units of the study area; pairs with another are left out.

    Returns
    -------
    DataFrame
        ``kazakh``, ``russian``.
    """
    pairs = pd.DataFrame({"kazakh": border["kz_unit"].map(constant), "russian": border["ru_unit"]})
    kept = pairs["kazakh"].isin(set(area)) & pairs["russian"].isin(set(area))
    return pairs[kept].drop_duplicates(ignore_index=True)


def differences(by_unit: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Kazakh minus Russian value of each pair, year by year; columns "KZ-SEV–RU-OMS" and so on.

    A pair of which a unit has no series at all is left out.
    """
    known = [pair for pair in pairs.itertuples(index=False) if set(pair) <= set(by_unit.columns)]
    return pd.DataFrame({f"{kz}–{ru}": by_unit[kz] - by_unit[ru] for kz, ru in known}, index=by_unit.index)


def pair_convergence(indicators: Mapping[str, pd.DataFrame], pairs: pd.DataFrame) -> pd.DataFrame:
    """Whether neighbours across the line become alike: asymmetry, its trend, and beta over pairs.

    The asymmetry of a year is the mean over pairs of the absolute difference; years in which a region of any
    pair lacks a value are left out. Pairs share regions, so errors over pairs are too small and the slope of
    beta has none here: its sign and size are to be read.

    Parameters
    ----------
    indicators : mapping
        Name to values, index year and columns unit.
    pairs : DataFrame
        From :func:`pairs_across`.

    Returns
    -------
    DataFrame
        ``indicator``, ``pairs``, ``first``, ``last`` (years), ``asymmetry_first``, ``asymmetry_last``,
        ``trend`` (of the asymmetry, per year) with ``trend_low``, ``trend_high``, ``trend_p`` (Newey–West),
        ``sigma_first``, ``sigma_last`` (standard deviation of the signed differences) and ``beta`` (yearly
        change of the difference on its first value: below zero the wide gaps close).
    """
    rows = []
    for name, by_unit in indicators.items():
        values = differences(by_unit.astype(float), pairs).dropna()
        asymmetry = values.abs().mean(axis=1)
        sigma = convergence.dispersion(values)
        slope = convergence.trend(asymmetry).slope
        first, last = int(values.index[0]), int(values.index[-1])
        beta = convergence.beta_convergence(values.loc[first], values.loc[last], last - first)
        rows.append(
            {
                "indicator": name,
                "pairs": values.shape[1],
                "first": first,
                "last": last,
                "asymmetry_first": asymmetry.iloc[0],
                "asymmetry_last": asymmetry.iloc[-1],
                "trend": slope.estimate,
                "trend_low": slope.low,
                "trend_high": slope.high,
                "trend_p": slope.p,
                "sigma_first": sigma.iloc[0],
                "sigma_last": sigma.iloc[-1],
                "beta": beta.slope.estimate,
            }
        )
    return pd.DataFrame(rows)


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Neighbours:
    """Border against interior, and pairs across the line, in the numbers that the text quotes."""

    tested: Annotated[int, "d"]  # outcomes by treaties
    significant: Annotated[int, "d"]  # wild bootstrap, adjusted for their number (Holm)
    lowest: Annotated[float, ".1f"]  # change of the border against the interior, per 1,000 and year
    highest: Annotated[float, ".1f"]
    lowest_p: Annotated[float, P]  # smallest p-value, not adjusted
    regions: Annotated[int, "d"]
    pairs: Annotated[int, "d"]
    indicators: Annotated[int, "d"]
    narrowing: Annotated[int, "d"]  # indicators whose asymmetry falls (p below 0.05)
    widening: Annotated[int, "d"]


def neighbours(changes: pd.DataFrame, across: pd.DataFrame) -> Neighbours:
    """Sum up :func:`border_after` and :func:`pair_convergence`."""
    sure = across["trend_p"] < 0.05
    return Neighbours(
        tested=len(changes),
        significant=int((holm(changes["p_wild"]) < 0.05).sum()),
        lowest=float(changes["estimate"].min()),
        highest=float(changes["estimate"].max()),
        lowest_p=float(changes["p_wild"].min()),
        regions=int(changes["clusters"].max()),
        pairs=int(across["pairs"].max()),
        indicators=len(across),
        narrowing=int((sure & (across["trend"] < 0)).sum()),
        widening=int((sure & (across["trend"] > 0)).sum()),
    )
