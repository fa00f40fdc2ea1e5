"""Convergence of units: dispersion and its trend, growth on initial level, and breaks at known years."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike
from scipy import stats

from borderland import ties
from borderland.methods.resampling import p_value


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
    low: float  # 95 % interval of the rank correlation, for independent years
    high: float
    p: float  # for independent years
    shift_p: float  # against the second series shifted round in time
    difference: Fit  # mean of first minus second
    n: int


def synchrony(first: pd.Series, second: pd.Series) -> Synchrony:
    """Compare two yearly series over the years both have.

    Returns
    -------
    Synchrony
        Spearman's rank correlation with its interval and p value, the p value by :func:`circular_shift_p`,
        the mean of ``first - second`` with Newey–West errors, the number of years.

    References
    ----------
    Bonett & Wright (2000), *Psychometrika* 65(1), 23–28 (interval of a rank correlation, equation 3).
    """
    pair = pd.concat([first, second], axis=1, join="inner").dropna().astype(float).to_numpy()
    correlation = stats.spearmanr(ties.levels(pair[:, 0]), ties.levels(pair[:, 1]))
    rho = float(correlation.statistic)
    with np.errstate(divide="ignore"):  # a perfect correlation has no width
        middle = np.arctanh(rho)
    reach = stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / (len(pair) - 3)) if len(pair) > 3 else np.nan
    difference = _coefficient(_hac(pair[:, 0] - pair[:, 1], np.ones((len(pair), 1))), 0)
    return Synchrony(
        rho,
        float(np.tanh(middle - reach)),
        float(np.tanh(middle + reach)),
        float(correlation.pvalue),
        circular_shift_p(pair[:, 0], pair[:, 1]),
        difference,
        len(pair),
    )


def circular_shift_p(first: ArrayLike, second: ArrayLike) -> float:
    """P-value of a rank correlation against every shift of the second series round in time.

    Two series that each hang on their own past correlate by chance far more often than independent years
    do. A shift keeps what each owes to its past and cuts the tie between them. Series that wander off, whose
    ends do not meet, still reject too often: compare their changes too (:func:`yearly_changes`).

    Parameters
    ----------
    first, second : array
        Values of successive years, of one length.

    Returns
    -------
    float
        Two-sided, of all shifts; not below one over the number of years.

    References
    ----------
    Lancaster, Iatsenko, Pidde, Ticcinelli & Stefanovska (2018), *Physics Reports* 748, 1–60 (time-shifted
    surrogates).
    """
    one, other = (stats.rankdata(ties.levels(values)) for values in (first, second))
    shifted = [np.corrcoef(one, np.roll(other, step))[0, 1] for step in range(len(one))]
    return p_value(np.abs(shifted[1:]), abs(shifted[0]))


def yearly_changes(series: pd.Series) -> pd.Series:
    """Change of a yearly series from the year before; missing where that year is."""
    return series.reindex(range(series.index.min(), series.index.max() + 1)).diff()


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


class TurnTest(NamedTuple):
    """A turn downwards of a series at a known year, against none and against the smallest that matters."""

    change: float  # of the slope, per year
    p_turn: float  # of no turn downwards
    p_smaller: float  # of a turn downwards as large as the smallest that matters
    power: float  # chance that the latter test rejects where there is no turn
    detectable: float  # turn downwards that the former test finds four times in five
    autocorrelation: float  # of first order, of the errors: mean by restricted likelihood


def turn_test(series: pd.Series, at: int, smallest: float, draws: int, seed: int) -> TurnTest:
    """Test whether a line turned down at a known year, and whether a turn that matters can be ruled out.

    Errors hang on the past by an unknown autocorrelation of first order. The change of slope is that of
    generalised least squares, averaged over autocorrelations by their restricted likelihood. Studentised, it
    is read against ``draws`` Gaussian series of the same years. Their autocorrelation is taken with caution,
    for in twenty years residuals hide much of it: it is the least at which residuals of this design are as
    weakly autocorrelated as those of the series, or more weakly, in no more than one case of five. The share
    was chosen for the level of the test, which :func:`turn_test_size` gives.

    Parameters
    ----------
    series : Series
        Index year; at least three values on each side. Years may be missing.
    smallest : float
        Smallest fall of the slope that matters, positive.

    References
    ----------
    Schuirmann (1987), *Journal of Pharmacokinetics and Biopharmaceutics* 15(6), 657–680 (one-sided test of
    equivalence); Tunnicliffe Wilson (1989), *J. R. Stat. Soc. B* 51(1), 15–27 (restricted likelihood of
    autocorrelation); Andrews (1993), *Econometrica* 61(1), 139–165 (autocorrelation by quantiles of its
    estimate).
    """
    series = series.dropna()
    designs = _turn_designs(series.index.to_numpy(float), at)
    values = series.to_numpy(float)[:, None]
    change, error = (float(found[0]) for found in _turn(designs, values))
    dependence = float(_AUTOCORRELATIONS @ _likelihoods(designs, values)[:, 0])
    shocks = np.random.default_rng(seed).normal(size=(len(series), draws))
    chosen = designs[_cautious(designs, values, shocks)[0]]
    scale = np.linalg.norm(chosen.residuals @ values) / np.sqrt(
        len(series) - 4
    )  # as large as the residuals say
    chance, chance_error = _turn(designs, scale * chosen.errors @ shocks)
    pivot = chance / chance_error
    critical = np.quantile(pivot, 0.95)
    return TurnTest(
        change,
        p_value(-pivot, -change / error),
        p_value(pivot, (change + smallest) / error),
        float(np.mean(chance + smallest > critical * chance_error)),
        float(np.quantile(critical * chance_error - chance, 0.8)),
        dependence,
    )


def turn_test_size(years: int, before: int, rho: float, series: int, draws: int, seed: int) -> float:
    """How often :func:`turn_test` finds a turn at the 5 % level in series that have none.

    Parameters
    ----------
    years, before : int
        Length of the series, and of its part before the year tested.
    rho : float
        Autocorrelation of first order of their errors.
    series, draws : int
        Series simulated, and draws of each one's test.
    """
    time = np.arange(years, dtype=float)
    designs = _turn_designs(time, before)
    generator = np.random.default_rng(seed)
    shocks = generator.normal(size=(years, draws))
    made = _dependent(time, rho) @ generator.normal(size=(years, series))
    change, error = _turn(designs, made)
    by_chance = [-np.divide(*_turn(designs, design.errors @ shocks)) for design in designs]
    chosen = _cautious(designs, made, shocks)
    p = [p_value(by_chance[at], -pivot) for at, pivot in zip(chosen, change / error, strict=True)]
    return float(np.mean(np.array(p) < 0.05))


STRONGEST = 0.95  # autocorrelation of errors considered; beyond it they wander like a random walk
_AUTOCORRELATIONS = np.linspace(0, STRONGEST, 20)
_CAUTION = 0.2  # share of series whose residuals may look less dependent than those seen


class _TurnDesign(NamedTuple):
    """A line that turns at a known year, as generalised least squares fits it under one autocorrelation."""

    change: np.ndarray  # weight of each value in the change of slope
    error: float  # standard error of that change where residuals, made independent, have unit variance
    residuals: np.ndarray  # gives the residuals, made independent
    likelihood: float  # logarithm of the restricted likelihood, but for its part that residuals decide
    errors: np.ndarray  # makes dependent errors of independent ones


def _dependent(years: np.ndarray, rho: float) -> np.ndarray:
    """Matrix that makes errors of first order and unit variance of independent ones."""
    return np.linalg.cholesky(rho ** np.abs(years[:, None] - years))


def _turn_designs(years: np.ndarray, at: int) -> list[_TurnDesign]:
    """The segmented line of :func:`segmented_regression` under each autocorrelation, the least first."""
    after = years >= at
    if min(after.sum(), (~after).sum()) < 3:
        raise ValueError(f"a break at {at} leaves fewer than three values on one side")
    design = np.column_stack([np.ones_like(years), years - at, after, after * (years - at)])
    found = []
    for rho in _AUTOCORRELATIONS:
        errors = _dependent(years, rho)
        independent = np.linalg.inv(errors)
        regressors = independent @ design
        inverse = np.linalg.pinv(regressors)
        _, determinant = np.linalg.slogdet(independent)
        _, information = np.linalg.slogdet(regressors.T @ regressors)
        found.append(
            _TurnDesign(
                inverse[3] @ independent,
                float(np.linalg.norm(inverse[3])),
                independent - regressors @ inverse @ independent,
                float(determinant - information / 2),
                errors,
            )
        )
    return found


def _turn(designs: list[_TurnDesign], outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Change of slope of each column and its standard error, averaged over autocorrelations."""
    weights = _likelihoods(designs, outcomes)
    changes = np.array([design.change @ outcomes for design in designs])
    spread = np.sqrt(_squares(designs, outcomes) / (len(outcomes) - 4))
    own = np.array([design.error for design in designs])[:, None] * spread
    mean = (weights * changes).sum(axis=0)
    return mean, np.sqrt((weights * (own**2 + (changes - mean) ** 2)).sum(axis=0))


def _squares(designs: list[_TurnDesign], outcomes: np.ndarray) -> np.ndarray:
    """Sum of squares of the residuals, made independent, of each column under each autocorrelation."""
    return np.array([((design.residuals @ outcomes) ** 2).sum(axis=0) for design in designs])


def _likelihoods(designs: list[_TurnDesign], outcomes: np.ndarray) -> np.ndarray:
    """Restricted likelihood of each autocorrelation by column, as shares of one."""
    own = np.array([design.likelihood for design in designs])[:, None]
    likelihood = own - (len(outcomes) - 4) / 2 * np.log(_squares(designs, outcomes))
    weights = np.exp(likelihood - likelihood.max(axis=0))
    return weights / weights.sum(axis=0)


def _cautious(designs: list[_TurnDesign], outcomes: np.ndarray, shocks: np.ndarray) -> np.ndarray:
    """Place of the least autocorrelation under which a column's residuals are not unusually independent."""
    fit = designs[0].residuals  # of ordinary least squares
    usual = [
        np.quantile(_first_autocorrelation(fit @ design.errors @ shocks), _CAUTION) for design in designs
    ]
    places = np.searchsorted(np.maximum.accumulate(usual), _first_autocorrelation(fit @ outcomes))
    return np.minimum(places, len(designs) - 1)


def _first_autocorrelation(series: np.ndarray) -> np.ndarray:
    """Autocorrelation of first order of each column around zero."""
    return (series[1:] * series[:-1]).sum(axis=0) / (series**2).sum(axis=0)


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
