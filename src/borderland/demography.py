"""Population change: rates, the balancing equation, index numbers, convergence and breaks in time.

Populations are persons, events are counts per calendar year, rates are per 1,000 persons and year.
Nothing here smooths or interpolates: where a series breaks, the result is missing and stays missing.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

EVERY_UNIT = "*"  # key of a break that holds for all units, in the mapping of breaks


class Fit(NamedTuple):
    """One estimated coefficient with what is needed to judge it."""

    estimate: float
    se: float
    low: float
    high: float
    p: float
    n: int


def rate_per_1000(events: pd.Series, persons: pd.Series) -> pd.Series:
    """Return the crude rate: events per 1,000 persons and year.

    Parameters
    ----------
    events : Series
        Events of the year (births, deaths, net migrants), persons.
    persons : Series
        Population exposed: the annual mean, or the mean of two 1 January counts, persons.

    Raises
    ------
    ValueError
        If a population is zero or negative; the message names the rows.

    References
    ----------
    Preston, Heuveline & Guillot (2001), *Demography*, chapter 1 (crude rates over person-years).
    """
    wrong = persons.index[persons <= 0]
    if len(wrong):
        raise ValueError(
            f"population must be above zero, found otherwise at {list(wrong[:3])}: check the table"
        )
    return 1000 * events / persons


def mean_population(
    population: pd.DataFrame, breaks: Mapping[str, Collection[int]] | None = None
) -> pd.DataFrame:
    """Average two successive 1 January populations: the exposure of the year between them.

    Parameters
    ----------
    population : DataFrame
        Columns ``unit``, ``year``, ``persons``, counted on 1 January of ``year``.
    breaks : mapping, optional
        Unit (or ``"*"``) to the years within which the basis of the count changed. There the two counts are
        not of one kind; the January count alone is the exposure.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``persons``: mean population of each year with a count at its start and, unless
        the year is a break, at its end.
    """
    frame = _with_next(population)
    broken = _broken(frame, breaks or {})
    mean = (frame["persons"] + frame["persons_next"]) / 2
    frame["persons"] = mean.where(~broken, frame["persons"].astype(float))
    return frame.loc[frame["persons"].notna(), ["unit", "year", "persons"]].reset_index(drop=True)


def balance(
    population: pd.DataFrame,
    vital_events: pd.DataFrame,
    breaks: Mapping[str, Collection[int]] | None = None,
    reference: str = "1-january",
) -> pd.DataFrame:
    """Split population change into a natural part and the residual, by the balancing equation.

    ``P(t+1) - P(t) = births(t) - deaths(t) + net migration(t)``, solved for net migration. Whatever the
    counts of population contain besides births, deaths and moves (re-basing on a census, a transfer of
    territory) lands in the residual; years named in ``breaks`` are therefore refused: their migration is
    missing.

    Parameters
    ----------
    population : DataFrame
        Columns ``unit``, ``year``, ``persons``.
    vital_events : DataFrame
        Columns ``unit``, ``year``, ``births``, ``deaths``.
    breaks : mapping, optional
        Unit (or ``"*"`` for all) to years whose change is not demographic.
    reference : {"1-january", "annual-mean"}
        How ``persons`` was counted. For annual means the change runs from the middle of ``year`` to the
        middle of the next, so the natural part is the average of the two calendar years and the residual is
        an approximation dated at the turn of the year.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``start`` (population at the start), ``change``, ``natural``, ``migration``
        (persons; ``migration`` is *derived*, not published) and ``broken``.

    References
    ----------
    Preston, Heuveline & Guillot (2001), *Demography*, section 1.1 (balancing equation of population change);
    United Nations (1970), *Manual VI: Methods of Measuring Internal Migration* (vital statistics method).
    """
    if reference not in ("1-january", "annual-mean"):
        raise ValueError(f"reference is '1-january' or 'annual-mean', found {reference!r}")
    events = vital_events.assign(natural=vital_events["births"] - vital_events["deaths"])
    events = events[["unit", "year", "natural"]].astype({"natural": float})
    if reference == "annual-mean":
        following = events.assign(year=events["year"] - 1)
        events = events.merge(following, on=["unit", "year"], suffixes=("", "_next"), validate="1:1")
        events["natural"] = (events["natural"] + events["natural_next"]) / 2
    frame = _with_next(population).merge(
        events[["unit", "year", "natural"]], on=["unit", "year"], validate="1:1"
    )
    frame["broken"] = _broken(frame, breaks or {})
    frame["change"] = frame["persons_next"] - frame["persons"]
    frame["migration"] = (frame["change"] - frame["natural"]).where(~frame["broken"])
    frame = frame.rename(columns={"persons": "start"})
    columns = ["unit", "year", "start", "change", "natural", "migration", "broken"]
    return frame.loc[frame["change"].notna(), columns].reset_index(drop=True)


def _with_next(population: pd.DataFrame) -> pd.DataFrame:
    """Put the population of the following year beside each year's own (missing where there is none)."""
    duplicated = population.duplicated(["unit", "year"])
    if duplicated.any():
        unit, year = population.loc[duplicated, ["unit", "year"]].iloc[0]
        raise ValueError(f"more than one population for {unit} in {year}: choose one boundary and reference")
    frame = population[["unit", "year", "persons"]]
    following = frame.assign(year=frame["year"] - 1)
    return frame.merge(following, on=["unit", "year"], how="left", suffixes=("", "_next")).sort_values(
        ["unit", "year"], ignore_index=True
    )


def _broken(frame: pd.DataFrame, breaks: Mapping[str, Collection[int]]) -> pd.Series:
    """Mark the rows whose unit and year fall on a break."""
    everywhere = set(breaks.get(EVERY_UNIT, ()))
    return pd.Series(
        [
            year in everywhere or year in breaks.get(unit, ())
            for unit, year in zip(frame["unit"], frame["year"], strict=True)
        ],
        index=frame.index,
        dtype=bool,
    )


def index_numbers(wide: pd.DataFrame, base: int) -> pd.DataFrame:
    """Express every series in per cent of its value in the base year.

    Parameters
    ----------
    wide : DataFrame
        Index year, one column per unit.
    base : int
        Base year; a unit without a value there has no index and is an error.
    """
    if base not in wide.index:
        raise ValueError(f"base year {base} is outside the series ({wide.index.min()}–{wide.index.max()})")
    missing = wide.columns[wide.loc[base].isna()]
    if len(missing):
        raise ValueError(f"no value in base year {base} for {', '.join(map(str, missing))}")
    return 100 * wide / wide.loc[base]


def dispersion(wide: pd.DataFrame, measure: str = "sd") -> pd.Series:
    """Dispersion over units, year by year: the sigma of sigma convergence.

    Parameters
    ----------
    wide : DataFrame
        Index year, one column per unit; only years in which every unit has a value are used, so that the set
        of units cannot change the dispersion.
    measure : {"sd", "cv", "sd-log"}
        Standard deviation (for rates that may be negative), coefficient of variation, or standard deviation
        of logarithms (for positive levels). All divide by the number of units: the units are the population.

    References
    ----------
    Barro & Sala-i-Martin (1992), *Journal of Political Economy* 100(2), 223–251 (sigma convergence).
    """
    complete = wide.dropna()
    if measure == "sd":
        return complete.std(axis=1, ddof=0)
    if (complete <= 0).any(axis=None):
        raise ValueError(
            f"measure {measure!r} needs positive values; use 'sd' for rates that may be negative"
        )
    if measure == "cv":
        return complete.std(axis=1, ddof=0) / complete.mean(axis=1)
    if measure == "sd-log":
        return np.log(complete).std(axis=1, ddof=0)
    raise ValueError(f"measure is 'sd', 'cv' or 'sd-log', found {measure!r}")


def _newey_west_lags(n: int) -> int:
    """Lag truncation ``floor(4 (n/100)^(2/9))`` of Newey & West (1994), the usual rule for short series."""
    return int(4 * (n / 100) ** (2 / 9))


def _hac(outcome: np.ndarray, design: np.ndarray):
    """Ordinary least squares with errors robust to serial correlation, t distribution (short series)."""
    lags = _newey_west_lags(len(outcome))
    options = {"maxlags": lags, "use_correction": True}
    return sm.OLS(outcome, design).fit(cov_type="HAC", cov_kwds=options, use_t=True)


def _coefficient(result, position: int) -> Fit:
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
    slope = _coefficient(_hac(series.to_numpy(float), sm.add_constant(years)), 1)
    tau, p = stats.kendalltau(years, series.to_numpy(float))
    return Trend(slope, float(tau), float(p))


class Beta(NamedTuple):
    """Beta convergence: growth on initial level, and the speed it implies."""

    slope: Fit
    speed: float
    r2: float


def beta_convergence(initial: pd.Series, final: pd.Series, years: int, logs: bool = True) -> Beta:
    """Regress growth on the initial level; a negative slope means that laggards catch up.

    Parameters
    ----------
    initial, final : Series
        Level by unit at the start and the end; units missing in either are left out.
    years : int
        Length of the interval.
    logs : bool
        True for positive levels (growth of logarithms per year on initial logarithm); False for rates that
        may be negative (change per year on initial rate).

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
    if logs and (pair <= 0).any(axis=None):
        raise ValueError("logarithms need positive levels; pass logs=False for rates that may be negative")
    level = np.log(pair) if logs else pair
    growth = ((level["final"] - level["initial"]) / years).to_numpy()
    design = sm.add_constant(level["initial"].to_numpy())
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
    f = (restricted - full) / 2 / (full / freedom) if full > 0 else np.inf
    return Segmented(_coefficient(result, 1), _coefficient(result, 3), _coefficient(result, 2), float(f))


def placebo_breaks(series: pd.Series, at: int, margin: int = 3) -> pd.DataFrame:
    """Fit the same break at every admissible year and rank the true one among them.

    A break that any year would show as strongly is no evidence for the event of the true year.

    Parameters
    ----------
    series : Series
        Index year.
    at : int
        The year named beforehand.
    margin : int
        Values kept on each side, at least three.

    Returns
    -------
    DataFrame
        One row per candidate year: ``year``, ``slope_change``, ``p`` (of the slope change), ``f``, ``true``
        (bool) and ``rank`` of ``f`` (1 = strongest).
    """
    series = series.dropna()
    candidates = series.index[margin : len(series) - margin + 1]
    if at not in candidates:
        raise ValueError(
            f"{at} has fewer than {margin} values on one side: it cannot be ranked among placebos"
        )
    rows = []
    for year in candidates:
        fit = segmented_regression(series, int(year))
        rows.append((int(year), fit.slope_change.estimate, fit.slope_change.p, fit.f, year == at))
    frame = pd.DataFrame(rows, columns=["year", "slope_change", "p", "f", "true"])
    frame["rank"] = frame["f"].rank(ascending=False, method="min").astype(int)
    return frame
