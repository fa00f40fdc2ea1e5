"""Convergence of units: dispersion and its trend, growth on initial level, and breaks at known years."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from borderland import ties


class Fit(NamedTuple):
    """One estimated coefficient with what is needed to judge it."""

    estimate: float
    se: float
    low: float
    high: float
    p: float
    n: int


def dispersion(wide: pd.DataFrame) -> pd.Series:
    """Standard deviation over units, year by year: the sigma of sigma convergence.

    Parameters
    ----------
    wide : DataFrame
        Index year, one column per unit; only years in which every unit has a value are used, so that the set
        of units cannot change the dispersion. Pass logarithms of positive levels (:func:`log_relative`),
        rates as they are.

    Returns
    -------
    Series
        In the indicator's unit; the divisor is the number of units, for the units are the population.

    References
    ----------
    Barro & Sala-i-Martin (1992), *Journal of Political Economy* 100(2), 223–251 (sigma convergence).
    """
    return wide.dropna().std(axis=1, ddof=0)


def _newey_west_lags(n: int) -> int:
    """Lag truncation ``floor(4 (n/100)^(2/9))`` of Newey & West (1994), the usual rule for short series."""
    return int(4 * (n / 100) ** (2 / 9))


def _hac(outcome: np.ndarray, design: np.ndarray) -> Any:
    """Ordinary least squares with errors robust to serial correlation, t distribution (short series)."""
    lags = _newey_west_lags(len(outcome))
    options = {"maxlags": lags, "use_correction": True}
    return sm.OLS(outcome, design).fit(cov_type="HAC", cov_kwds=options, use_t=True)


def _coefficient(result: Any, position: int) -> Fit:
    low, high = result.conf_int()[position]
    return Fit(
        float(result.params[position]),
        float(result.bse[position]),
        float(low),
        float(high),
        float(result.pvalues[position]),
        int(result.nobs),
    )


class Trend(NamedTuple):
    """Linear trend of a series and its rank correlation with time."""

    slope: Fit
    kendall_tau: float
    kendall_p: float


def trend(series: pd.Series) -> Trend:
    """Test whether a series rises or falls over time.

    Parameters
    ----------
    series : Series
        Index year; missing years are left out, not filled.

    Returns
    -------
    Trend
        Least-squares slope per year with Newey–West errors, and Kendall's tau against time (Mann 1945), which
        asks only whether the movement is monotone.
    """
    series = series.dropna()
    years = series.index.to_numpy(float)
    # Years as they are (about 2,000) would cost the slope seven of its digits.
    slope = _coefficient(_hac(series.to_numpy(float), sm.add_constant(years - years.mean())), 1)
    tau, p = stats.kendalltau(years, ties.levels(series))
    return Trend(slope, float(tau), float(p))


def turns_towards(tests: pd.DataFrame, events: Collection[int], strongest: float = 0.1) -> pd.DataFrame:
    """Say of each tested turn whether it points towards convergence and stands out among placebo years.

    Parameters
    ----------
    tests : DataFrame
        As returned by :func:`convergence_tests`.
    events : collection of int
        The years tested there.
    strongest : float
        A turn stands out if its rank lies within this share of the candidate years.

    Returns
    -------
    DataFrame
        ``indicator``, ``event``, ``change``, ``rank``, ``placebos``, ``towards``; only turns that could be
        tested.
    """
    rows = [
        {
            "indicator": row["indicator"],
            "event": year,
            "change": row[f"change_{year}"],
            "rank": row[f"rank_{year}"],
            "placebos": row[f"placebos_{year}"],
            "towards": row[f"change_{year}"] < 0
            and row[f"rank_{year}"] <= strongest * row[f"placebos_{year}"],
        }
        for _, row in tests.iterrows()
        for year in events
        if pd.notna(row[f"rank_{year}"])
    ]
    return pd.DataFrame(rows, columns=["indicator", "event", "change", "rank", "placebos", "towards"])


class Synchrony(NamedTuple):
    """How far two series move together, and how far apart they lie on average."""

    spearman: float
    p: float
    difference: float
    n: int


def synchrony(first: pd.Series, second: pd.Series) -> Synchrony:
    """Compare two yearly series over the years both have.

    Returns
    -------
    Synchrony
        Spearman's rank correlation with its p value, the mean of ``first - second``, the number of years.
    """
    pair = pd.concat([first, second], axis=1, join="inner").dropna().astype(float).to_numpy()
    correlation = stats.spearmanr(ties.levels(pair[:, 0]), ties.levels(pair[:, 1]))
    return Synchrony(
        float(correlation.statistic),
        float(correlation.pvalue),
        float((pair[:, 0] - pair[:, 1]).mean()),
        len(pair),
    )


class Beta(NamedTuple):
    """Beta convergence: growth on initial level, and the speed it implies."""

    slope: Fit
    speed: float
    r2: float


def beta_convergence(initial: pd.Series, final: pd.Series, years: int) -> Beta:
    """Regress growth on the initial level; a negative slope means that laggards catch up.

    Parameters
    ----------
    initial, final : Series
        Value by unit at the start and the end: the logarithm of a positive level, a rate as it is. Units
        missing in either are left out.
    years : int
        Length of the interval.

    Returns
    -------
    Beta
        Slope with HC3 errors and t distribution (few units), the implied speed of convergence per year,
        ``-log(1 + slope * years) / years`` (NaN where the slope implies overshooting), and R².

    References
    ----------
    Barro & Sala-i-Martin (1992), *Journal of Political Economy* 100(2), 223–251 (growth on initial level);
    MacKinnon & White (1985), *Journal of Econometrics* 29, 305–325 (HC3).
    """
    pair = pd.concat([initial.rename("initial"), final.rename("final")], axis=1).dropna().astype(float)
    growth = ((pair["final"] - pair["initial"]) / years).to_numpy()
    design = sm.add_constant((pair["initial"] - pair["initial"].mean()).to_numpy())
    result = sm.OLS(growth, design).fit(cov_type="HC3", use_t=True)
    slope = _coefficient(result, 1)
    remaining = 1 + slope.estimate * years
    speed = -np.log(remaining) / years if remaining > 0 else np.nan
    return Beta(slope, float(speed), float(result.rsquared))


class Segmented(NamedTuple):
    """A series with one known break: slope before it and change of slope and level at it."""

    before: Fit
    slope_change: Fit
    level_change: Fit
    f: float


def segmented_regression(series: pd.Series, at: int) -> Segmented:
    """Fit a line whose level and slope may change from a known year on.

    ``y(t) = a + b t + c [t >= at] + d [t >= at] (t - at)``.

    Parameters
    ----------
    series : Series
        Index year; at least three values on each side of the break, for the fit has two parameters a side.
    at : int
        First year of the new regime.

    Returns
    -------
    Segmented
        ``before`` (b), ``slope_change`` (d) and ``level_change`` (c), Newey–West errors; ``f``, the classical
        F of ``c = d = 0`` (Chow 1960), used to compare true and placebo years.

    References
    ----------
    Wagner, Soumerai, Zhang & Ross-Degnan (2002), *J. Clin. Pharm. Ther.* 27, 299–309 (segmented
    regression of an interrupted series).
    """
    series = series.dropna()
    years = series.index.to_numpy(float)
    after = years >= at
    if min(after.sum(), (~after).sum()) < 3:
        raise ValueError(f"a break at {at} leaves fewer than three values on one side")
    outcome = series.to_numpy(float)
    design = np.column_stack([np.ones_like(years), years - at, after, after * (years - at)])
    result = _hac(outcome, design)
    full = result.ssr
    restricted = sm.OLS(outcome, design[:, :2]).fit().ssr
    freedom = len(outcome) - design.shape[1]
    # What is left of a line that fits exactly is rounding, and F would be its inverse.
    exact = full <= 1e-24 * (outcome @ outcome)
    f = np.inf if exact else (restricted - full) / 2 / (full / freedom)
    return Segmented(_coefficient(result, 1), _coefficient(result, 3), _coefficient(result, 2), float(f))


def placebo_breaks(series: pd.Series, at: int, margin: int = 3) -> pd.DataFrame:
    """Fit the same break at every admissible year and rank the true one among them.

    A break that any year would show as strongly is no evidence for the event of the true year.

    Parameters
    ----------
    series : Series
        Index year, rising.
    at : int
        The year named beforehand.
    margin : int
        Values kept on each side, at least three.

    Returns
    -------
    DataFrame
        One row per candidate year: ``year``, ``slope_change``, ``p`` (of the slope change), ``f``, ``true``
        (bool) and ``rank`` of ``f`` (1 = strongest). Years that part the values in the same way are one
        candidate.
    """
    series = series.dropna()
    fewer = min((series.index < at).sum(), (series.index >= at).sum())
    if fewer < margin:
        raise ValueError(f"{at} has fewer than {margin} values on one side: no rank among placebos")
    # Years without a value between them (2010 within a gap, and 2011) part the series in one way and are one
    # candidate; the year named beforehand stands for its own.
    parted_alike = int((series.index < at).sum())
    first_after = np.arange(margin, len(series) - margin + 1)
    candidates = [at if place == parted_alike else series.index[place] for place in first_after]
    rows = []
    for year in candidates:
        fit = segmented_regression(series, int(year))
        rows.append((int(year), fit.slope_change.estimate, fit.slope_change.p, fit.f, year == at))
    frame = pd.DataFrame(rows, columns=["year", "slope_change", "p", "f", "true"])
    frame["rank"] = ties.ranks(frame["f"], descending=True)
    return frame


def dispersion_by_group(wide: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Split the dispersion over units into what lies between groups (sides of the border) and within.

    Parameters
    ----------
    wide : DataFrame
        Index year, one column per unit; years with a missing unit are left out.
    group : Series
        Index unit, values group.

    Returns
    -------
    DataFrame
        Index year; ``total``, ``between`` and ``within`` standard deviations, in the indicator's unit. Their
        squares add up: ``total² = between² + within²`` (analysis of variance, units of equal weight).
    """
    values = wide.dropna().astype(float)
    means = values.T.groupby(group.reindex(values.columns)).transform("mean").T
    return pd.DataFrame(
        {
            "total": values.std(axis=1, ddof=0),
            "between": means.std(axis=1, ddof=0),
            "within": np.sqrt(((values - means) ** 2).mean(axis=1)),
        }
    )


def log_relative(wide: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Logarithm of each value over the geometric mean of its group in that year.

    For amounts of money in two currencies: what is left are the differences within each country.
    """
    logs = np.log(wide.dropna().astype(float))
    return logs - logs.T.groupby(group.reindex(wide.columns)).transform("mean").T


def convergence_tests(indicators: Mapping[str, pd.DataFrame], events: Collection[int]) -> pd.DataFrame:
    """Test each indicator for convergence over units, and for a turn towards it at given years.

    Parameters
    ----------
    indicators : mapping
        Name to values (index year, one column per unit). Only years in which all units have a value count.
    events : collection of int
        Years at which a turn is asked for; each is ranked among placebo years.

    Returns
    -------
    DataFrame
        One row per indicator: ``indicator``, ``units``, ``first``, ``last`` (years); ``sigma_first``,
        ``sigma_last``; ``trend`` with ``trend_low``, ``trend_high``, ``trend_p`` and ``kendall`` of sigma;
        ``beta`` with ``beta_low``, ``beta_high``, ``beta_p``; for each event year Y ``change_Y`` (change of
        sigma's slope), ``change_Y_p`` and ``rank_Y`` (of ``placebos_Y`` candidate years by F), missing where
        fewer than three years lie on one side.
    """
    rows = []
    for name, values in indicators.items():
        complete = values.dropna().astype(float)
        sigma = dispersion(complete)
        over_time = trend(sigma)
        first, last = int(complete.index[0]), int(complete.index[-1])
        beta = beta_convergence(complete.loc[first], complete.loc[last], last - first).slope
        row = {
            "indicator": name,
            "units": complete.shape[1],
            "first": first,
            "last": last,
            "sigma_first": sigma.loc[first],
            "sigma_last": sigma.loc[last],
            "trend": over_time.slope.estimate,
            "trend_low": over_time.slope.low,
            "trend_high": over_time.slope.high,
            "trend_p": over_time.slope.p,
            "kendall": over_time.kendall_tau,
            "beta": beta.estimate,
            "beta_low": beta.low,
            "beta_high": beta.high,
            "beta_p": beta.p,
        }
        for year in events:
            fewer = min((sigma.index < year).sum(), (sigma.index >= year).sum())
            ranked = placebo_breaks(sigma, year) if fewer >= 3 else None
            true = None if ranked is None else ranked.loc[ranked["true"]].iloc[0]
            row[f"change_{year}"] = np.nan if true is None else true["slope_change"]
            row[f"change_{year}_p"] = np.nan if true is None else true["p"]
            row[f"rank_{year}"] = np.nan if true is None else float(true["rank"])
            row[f"placebos_{year}"] = np.nan if ranked is None else float(len(ranked))
        rows.append(row)
    return pd.DataFrame(rows)
