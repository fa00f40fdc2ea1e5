"""Standard errors and tests for regressions whose observations hang together, above all in few clusters.

With K parameters and G clusters, cluster-robust covariances carry the factor G/(G − 1) × (N − 1)/(N − K),
where effects nested in the clusters are not counted in K, and are read against Student's t with G − 1
degrees of freedom.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from borderland import ties
from borderland.panel import Effect, Regression, group_codes
from borderland.tables import interval, plain

_NOTHING = 1e-12  # a spread this small beside the largest is zero but for rounding
_EXHAUSTIVE = 14  # up to 2^14 = 16,384 sign vectors are enumerated rather than drawn


@dataclass(frozen=True)
class Model:
    """A specification, to be fitted to any sample: estimator, outcome, regressors and absorbed effects.

    ``estimator`` is :func:`borderland.gravity.ppml` or :func:`borderland.panel.least_squares`.
    """

    estimator: Callable[..., Regression]
    outcome: str
    regressors: tuple[str, ...]
    effects: tuple[Effect, ...] = ()

    def fit(self, frame: pd.DataFrame, offset: np.ndarray | None = None) -> Regression:
        """Fit to the rows of ``frame``; ``offset`` enters with coefficient one."""
        return self.estimator(frame, self.outcome, self.regressors, self.effects, offset=offset)

    def without(self, name: str) -> "Model":
        """Leave one regressor out."""
        if name not in self.regressors:
            raise ValueError(f"{name!r} is no regressor; there are {', '.join(self.regressors)}")
        return replace(self, regressors=tuple(r for r in self.regressors if r != name))


class Covariance(NamedTuple):
    """Covariance of the coefficients with what it rests on."""

    matrix: np.ndarray
    df: float  # degrees of freedom of the reference t distribution
    clusters: int  # smallest number of clusters; 0 when observations count as independent
    kind: str


def robust_covariance(fit: Regression) -> Covariance:
    """Heteroskedasticity-robust covariance with the factor N/(N − K) (HC1).

    References
    ----------
    White (1980), *Econometrica* 48(4), 817–838; MacKinnon & White (1985), *Journal of Econometrics* 29,
    305–325.
    """
    residual_df = fit.n - len(fit.coefficients) - fit.effects.rank()
    middle = fit.scores.T @ fit.scores * fit.n / residual_df
    return Covariance(fit.bread @ middle @ fit.bread, residual_df, 0, "heteroskedasticity-robust (HC1)")


def cluster_covariance(fit: Regression, *clusters: Effect) -> Covariance:
    """Covariance robust to dependence within clusters of one kind, or of several that cross (CR1).

    For crossing clusters the matrices add up by inclusion and exclusion, each with the factor of the smallest
    number of clusters, and negative eigenvalues are set to zero.

    References
    ----------
    Liang & Zeger (1986), *Biometrika* 73(1), 13–22; Cameron, Gelbach & Miller (2011), *Journal of Business &
    Economic Statistics* 29(2), 238–249, equations 2.11 and 2.14.
    """
    if not clusters:
        raise ValueError("name at least one column to cluster by")
    codes = [group_codes(fit.frame, cluster) for cluster in clusters]
    groups = min(int(code.max()) + 1 for code in codes)
    middle = np.zeros_like(fit.bread)
    for size in range(1, len(clusters) + 1):
        for chosen in combinations(clusters, size):
            together = [name for c in chosen for name in ([c] if isinstance(c, str) else c)]
            sums = _sums(fit.scores, group_codes(fit.frame, tuple(together)))
            middle += (-1) ** (size + 1) * sums.T @ sums
    matrix = _factor(fit, codes, groups) * fit.bread @ middle @ fit.bread
    if len(clusters) > 1:
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        matrix = (vectors * np.clip(values, 0, None)) @ vectors.T
    names = " and ".join(c if isinstance(c, str) else " × ".join(c) for c in clusters)
    return Covariance(matrix, groups - 1, groups, f"clustered by {names} (CR1)")


def _sums(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Sums of the rows of ``values`` by group."""
    out = np.zeros((codes.max() + 1, *values.shape[1:]))
    np.add.at(out, codes, values)
    return out


def _factor(
    fit: Regression, codes: Sequence[np.ndarray], groups: int, regressors: int | None = None
) -> float:
    """Small-sample factor of the module's head."""
    k = (len(fit.coefficients) if regressors is None else regressors) + fit.effects.rank(nested_in=codes)
    if groups < 2 or fit.n <= k:
        raise ValueError(f"{groups} clusters and {fit.n} observations are too few for {k} parameters")
    return groups / (groups - 1) * (fit.n - 1) / (fit.n - k)


class Jackknife(NamedTuple):
    """Estimates with each cluster left out, and the covariance they give."""

    estimates: pd.DataFrame  # cluster × regressor
    covariance: Covariance


def jackknife(model: Model, frame: pd.DataFrame, cluster: str) -> Jackknife:
    """Leave one cluster out at a time: who carries the estimate, and the CR3 covariance.

    Where the model cannot be fitted without a cluster, its estimates and the covariance are missing.

    References
    ----------
    MacKinnon, Nielsen & Webb (2023), *Journal of Econometrics* 232(2), 272–299, equation 20 (deviations from
    the full-sample estimate).
    """
    full = model.fit(frame)
    names = list(pd.unique(full.frame[cluster]))
    left = {}
    for name in names:
        try:
            left[name] = model.fit(full.frame[full.frame[cluster] != name]).coefficients
        except ValueError:  # the coefficient rests on this cluster alone
            left[name] = pd.Series(np.nan, index=full.coefficients.index)
    estimated = pd.DataFrame(left).T
    deviation = (estimated - full.coefficients).to_numpy()
    groups = len(names)
    matrix = (groups - 1) / groups * deviation.T @ deviation
    return Jackknife(estimated, Covariance(matrix, groups - 1, groups, f"jackknife by {cluster} (CR3)"))


def driscoll_kraay(fit: Regression, time: str, bandwidth: int | None = None) -> Covariance:
    """Covariance robust to dependence across units within a period and over nearby periods.

    Scores are summed over units in each period and given Bartlett weights up to ``bandwidth`` lags (by
    default ⌊4 (T/100)^(2/9)⌋); the factor is N/(N − K), all effects counted. The method leans on many
    periods.

    References
    ----------
    Driscoll & Kraay (1998), *Review of Economics and Statistics* 80(4), 549–560; Newey & West (1994),
    *Review of Economic Studies* 61(4), 631–653 (bandwidth).
    """
    sums = _sums(fit.scores, group_codes(fit.frame, time))
    periods = len(sums)
    lags = int(4 * (periods / 100) ** (2 / 9)) if bandwidth is None else bandwidth
    if not 0 <= lags < periods:
        raise ValueError(f"bandwidth must lie between 0 and {periods - 1} periods, found {lags}")
    middle = sums.T @ sums
    for lag in range(1, lags + 1):
        product = sums[lag:].T @ sums[:-lag]
        middle += (1 - lag / (lags + 1)) * (product + product.T)
    factor = fit.n / (fit.n - len(fit.coefficients) - fit.effects.rank())
    kind = f"Driscoll–Kraay, {lags} lags"
    return Covariance(factor * fit.bread @ middle @ fit.bread, periods - 1, periods, kind)


def estimates(fit: Regression, covariance: Covariance, level: float = 0.95) -> pd.DataFrame:
    """Coefficients with standard error, interval and p-value, one row per regressor.

    Returns
    -------
    DataFrame
        ``estimate``, ``se``, ``low``, ``high`` (interval at ``level``), ``t``, ``p``, ``df``, ``n``,
        ``clusters``.
    """
    se = np.sqrt(np.diag(covariance.matrix))
    quantile = stats.t.ppf((1 + level) / 2, covariance.df)
    ratio = fit.coefficients / se
    return pd.DataFrame(
        {
            "estimate": fit.coefficients,
            "se": se,
            "low": fit.coefficients - quantile * se,
            "high": fit.coefficients + quantile * se,
            "t": ratio,
            "p": 2 * stats.t.sf(np.abs(ratio), covariance.df),
            "df": covariance.df,
            "n": fit.n,
            "clusters": covariance.clusters,
        }
    )


class Test(NamedTuple):
    """Result of a resampling test."""

    __test__ = False  # not a test case of pytest

    statistic: float
    p: float
    draws: int


def wild_cluster_bootstrap(
    model: Model,
    frame: pd.DataFrame,
    name: str,
    cluster: Effect,
    draws: int = 9999,
    seed: int = 0,
    value: float = 0.0,
) -> Test:
    """Test that a coefficient equals ``value`` when clusters are few, with the null imposed.

    The residuals of the fit under the null get a random sign per cluster. With up to 14 clusters all 2^G sign
    vectors are used and ``draws`` and ``seed`` do not matter; above, Webb's six-point weights are drawn. For
    least squares this is the restricted wild cluster bootstrap-t. For Poisson it perturbs the scores: one
    Newton step from the null, studentised, which needs no refit.

    Returns
    -------
    Test
        The studentised statistic, its two-sided p-value and the number of weight vectors.

    References
    ----------
    Cameron, Gelbach & Miller (2008), *Review of Economics and Statistics* 90(3), 414–427, section III; Kline
    & Santos (2012), *Journal of Econometric Methods* 1(1), 23–41 (scores); Webb (2023), *Canadian Journal of
    Economics* 56(3), 839–858 (six points); Roodman et al. (2019), *Stata Journal* 19(1), 4–60, section 5 (the
    sums by cluster used here).
    """
    return _wild(model, model.fit(frame).frame, name, cluster, draws, seed, value)


def _wild(
    model: Model, sample: pd.DataFrame, name: str, cluster: Effect, draws: int, seed: int, value: float
) -> Test:
    """Do the work of :func:`wild_cluster_bootstrap` on a sample without separated observations."""
    focal = sample[name].to_numpy(dtype=float)
    null = model.without(name).fit(sample, offset=value * focal)
    codes = group_codes(null.frame, cluster)
    groups = int(codes.max()) + 1
    sums, spread = _bootstrap_sums(null, focal, codes)
    weights = _weights(groups, draws, seed)
    observed = _studentised(sums, spread, np.ones((groups, 1)))[0]
    resampled = _studentised(sums, spread, weights)
    factor = np.sqrt(_factor(null, [codes], groups, len(null.coefficients) + 1))
    # the vector of ones and its mirror image are among the draws: what equals them up to rounding counts
    reached = ties.at_least(np.abs(resampled), np.abs(observed))
    return Test(float(observed / factor), float(reached.mean()), weights.shape[1])


def _bootstrap_sums(null: Regression, focal: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score by cluster (G), and G × G: what the residuals of one put into the refitted score of another."""
    direction = _partial(null, focal[:, None])[:, 0]
    sums = _sums(direction * null.residuals, codes)
    pieces = np.zeros((null.n, len(sums)))
    pieces[np.arange(null.n), codes] = null.residuals / null.weights
    pieces = _partial(null, pieces)
    curvature = direction @ (null.weights * direction)
    pieces -= np.outer(direction, (null.weights * direction) @ pieces / curvature)
    return sums, _sums((null.weights * direction)[:, None] * pieces, codes)


def _studentised(sums: np.ndarray, spread: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Bootstrap t of each weight vector, up to the small-sample factor; 0/0 counts as 0."""
    top = sums @ weights
    below = np.sqrt(((spread @ weights) ** 2).sum(axis=0))
    none = below <= _NOTHING * below.max(initial=0)
    return np.divide(top, below, out=np.zeros_like(top), where=~none)


def _weights(groups: int, draws: int, seed: int) -> np.ndarray:
    """Clusters × draws: every vector of signs, or Webb's six points."""
    if groups <= _EXHAUSTIVE:
        bits = (np.arange(2**groups)[None, :] >> np.arange(groups)[:, None]) & 1
        return 1.0 - 2.0 * bits
    points = np.sqrt([0.5, 1.0, 1.5])
    return np.random.default_rng(seed).choice(np.concatenate([-points, points]), (groups, draws))


def _partial(fit: Regression, values: np.ndarray) -> np.ndarray:
    """Weighted residuals of the columns of ``values`` on the effects and regressors of ``fit``."""
    within = fit.effects.residualise(values, fit.weights)
    if fit.within.shape[1] == 0:
        return within
    return within - fit.within @ (fit.bread @ (fit.within.T @ (fit.weights[:, None] * within)))


_BRACKET = 1e-4  # of a standard error, to which an end is narrowed down: beyond the digits printed


def wild_cluster_interval(
    model: Model,
    frame: pd.DataFrame,
    name: str,
    cluster: Effect,
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
) -> tuple[float, float]:
    """Values of a coefficient that the wild cluster bootstrap does not reject, found by halving brackets.

    An end further than fifteen clustered standard errors away is unbounded (infinite): with few clusters the
    test may never reject on one side.

    References
    ----------
    Hansen (1999), *Econometrics Journal* 2(1), C1–C14 (intervals by inverting a bootstrap test).
    """
    fit = model.fit(frame)
    row = estimates(fit, cluster_covariance(fit, cluster)).loc[name]

    def rejected(value: float) -> bool:
        return not ties.at_least(_wild(model, fit.frame, name, cluster, draws, seed, value).p, 1 - level)

    def end(direction: int) -> float:
        inside, step = row["estimate"], row["se"]
        for _ in range(4):  # 1 + 2 + 4 + 8 standard errors out
            outside = inside + direction * step
            if rejected(outside):
                break
            inside, step = outside, 2 * step
        else:
            return direction * np.inf
        while abs(outside - inside) > _BRACKET * row["se"]:
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
        return float((inside + outside) / 2)

    return end(-1), end(1)


def score_statistics(
    null: Regression, candidates: np.ndarray, cluster: Effect
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and cluster-robust t of each candidate regressor, one Newton step from a fit without it.

    Exact for least squares; for Poisson the first step of the iteration, whose t is asymptotically that of
    the full fit under the null. It makes thousands of permuted regressors as cheap as one matrix product.

    Parameters
    ----------
    null : Regression
        Fit without the focal regressor.
    candidates : array, n × B
        Alternative versions of the focal regressor, in the order of ``null.frame``.
    cluster : Effect
        Column(s) to cluster by.

    Returns
    -------
    estimate, t : arrays of length B
        NaN where a candidate has no variation of its own; t also where its scores cancel in every cluster.

    References
    ----------
    Rao (1948), *Proceedings of the Cambridge Philosophical Society* 44(1), 50–57 (score tests); Wooldridge
    (2010), section 12.6.2.
    """
    codes = group_codes(null.frame, cluster)
    groups = int(codes.max()) + 1
    direction = _partial(null, candidates)
    curvature = null.weights @ direction**2
    own = curvature > 1e-10 * (null.weights @ (candidates - candidates.mean(axis=0)) ** 2)
    curvature = np.where(own, curvature, np.nan)
    estimate = (null.residuals @ direction) / curvature
    scores = direction * (null.residuals[:, None] - null.weights[:, None] * direction * estimate)
    spread = (_sums(scores, codes) ** 2).sum(axis=0)
    # scores that cancel within every cluster leave rounding, and t would be its inverse
    spread = np.where(spread > _NOTHING**2 * (scores**2).sum(axis=0), spread, np.nan)
    factor = _factor(null, [codes], groups, len(null.coefficients) + 1)
    return estimate, estimate * curvature / np.sqrt(factor * spread)


def permuted_paths(
    frame: pd.DataFrame, column: str, unit: str, time: str, draws: int, seed: int
) -> np.ndarray:
    """Versions of a column in which whole paths over time are dealt anew among the units (n × draws).

    Timing and shape of each path stay; only whose it is changes: the reassignment under which a law would
    have been passed by another country.

    Raises
    ------
    ValueError
        If a unit lacks a period that another has (its path could not be handed on).
    """
    wide = frame.pivot(index=unit, columns=time, values=column)
    if wide.isna().to_numpy().any():
        where = wide.isna().stack()
        raise ValueError(f"{unit} {where[where].index[0]} has no {column!r}: paths need a balanced panel")
    rows = wide.index.get_indexer(frame[unit])
    moments = wide.columns.get_indexer(frame[time])
    generator = np.random.default_rng(seed)
    orders = np.array([generator.permutation(len(wide)) for _ in range(draws)])
    return wide.to_numpy(dtype=float)[orders[:, rows], moments].T


def randomisation_test(
    model: Model, frame: pd.DataFrame, name: str, cluster: Effect, candidates: np.ndarray
) -> Test:
    """Test of no effect at all against reassignments of the regressor, by the studentised score statistic.

    Parameters
    ----------
    candidates : array, n × draws
        Reassigned regressor in the order of ``frame``, for instance from :func:`permuted_paths`.

    Returns
    -------
    Test
        p = (1 + reassignments with at least as large a |t|) / (1 + draws), never zero.

    References
    ----------
    Fisher (1935), *The Design of Experiments*, section 21; MacKinnon & Webb (2020), *Journal of Econometrics*
    218(2), 435–450 (t rather than coefficient); Phipson & Smyth (2010), *Statistical Applications in
    Genetics and Molecular Biology* 9(1), 39 (counting the actual assignment).
    """
    null = model.without(name).fit(frame)
    kept = frame.index.isin(null.frame.index)
    both = np.column_stack([null.frame[name].to_numpy(dtype=float), candidates[kept]])
    _, statistic = score_statistics(null, both, cluster)
    usable = np.isfinite(statistic[1:])
    reached = ties.at_least(np.abs(statistic[1:][usable]), np.abs(statistic[0]))
    return Test(float(statistic[0]), float((1 + reached.sum()) / (1 + usable.sum())), int(usable.sum()))


def identifying_shares(fit: Regression, name: str, unit: Effect) -> pd.Series:
    """Share of a coefficient's information that each unit supplies, largest first; shares sum to one.

    The information is the weighted variation of the regressor left once effects and other regressors are out:
    a unit with a share of zero could be deleted without moving the estimate through this regressor.

    References
    ----------
    Aronow & Samii (2016), *American Journal of Political Science* 60(1), 250–267, equation 3.
    """
    position = fit.coefficients.index.get_loc(name)
    others = np.delete(fit.within, position, axis=1)
    own = fit.within[:, position]
    if others.shape[1]:
        root = np.sqrt(fit.weights)[:, None]
        own = own - others @ np.linalg.lstsq(root * others, root[:, 0] * own, rcond=None)[0]
    codes = group_codes(fit.frame, unit)
    information = _sums(fit.weights * own**2, codes)
    columns = [unit] if isinstance(unit, str) else list(unit)
    labels = (
        fit.frame[columns].assign(_code=codes).drop_duplicates("_code").sort_values("_code", kind="stable")
    )
    index = labels[columns[0]] if len(columns) == 1 else pd.MultiIndex.from_frame(labels[columns])
    return ties.by_value(pd.Series(information / information.sum(), index=index), descending=True)


def minimum_detectable_effect(se: float, df: float, power: float = 0.8, level: float = 0.05) -> float:
    """Smallest true effect a two-sided test at ``level`` would find with the given power.

    References
    ----------
    Bloom (1995), *Evaluation Review* 19(5), 547–556.
    """
    return float((stats.t.ppf(1 - level / 2, df) + stats.t.ppf(power, df)) * se)


def percent_change(coefficient: float, step: float = 1.0) -> float:
    """Change of the expected flow, percent, for a step of a regressor in a model with a log link."""
    return float(100 * np.expm1(coefficient * step))


def in_words(low: float, high: float, estimate: float, step: float = 1.0) -> str:
    """A log-link coefficient as percent change with its interval, in words.

    Examples
    --------
    >>> in_words(-0.1, 0.5, 0.2)
    '22 per cent more (interval: 10 per cent fewer to 65 per cent more)'
    """

    def phrase(value: float) -> str:
        change = round(percent_change(value, step))
        if change == 0:
            return "no change"
        return f"{abs(change):,} per cent {'more' if change > 0 else 'fewer'}"

    first, last = sorted([low, high], key=lambda value: value * step)
    return f"{phrase(estimate)} (interval: {phrase(first)} to {phrase(last)})"


def compare_methods(
    model: Model,
    frame: pd.DataFrame,
    name: str,
    cluster: str,
    candidates: np.ndarray,
    draws: int = 9999,
    seed: int = 0,
) -> pd.DataFrame:
    """One coefficient under every method of inference offered here, one row per method.

    Parameters
    ----------
    candidates : array, n × draws
        Reassignments for the randomisation test, see :func:`randomisation_test`.

    Returns
    -------
    DataFrame
        Index method; ``estimate``, ``se``, ``low``, ``high`` (95 %), ``p``; what a method does not give is
        missing (the bootstrap gives no standard error, and no end of an interval that is unbounded;
        randomisation gives a p-value alone).
    """
    fit = model.fit(frame)
    rows = {}
    for covariance in (
        robust_covariance(fit),
        cluster_covariance(fit, cluster),
        jackknife(model, fit.frame, cluster).covariance,
    ):
        rows[covariance.kind] = estimates(fit, covariance).loc[name, ["estimate", "se", "low", "high", "p"]]
    wild = _wild(model, fit.frame, name, cluster, draws, seed, 0.0)
    low, high = wild_cluster_interval(model, frame, name, cluster, draws=draws, seed=seed)
    rows[f"wild cluster bootstrap, {wild.draws:,} weight vectors"] = {"low": low, "high": high, "p": wild.p}
    test = randomisation_test(model, frame, name, cluster, candidates)
    rows[f"randomisation inference, {test.draws:,} reassignments"] = {"p": test.p}
    table = pd.DataFrame(rows).T.astype(float).replace([np.inf, -np.inf], np.nan)
    table["estimate"] = fit.coefficients[name]
    return table.rename_axis("method")


def fitted_table(
    models: Mapping[str, tuple[Model, pd.DataFrame]], cluster: Effect, error: str = "clustered"
) -> pd.DataFrame:
    """Fit several models, each to its own sample, into one long table.

    A model that its sample cannot tell apart (no rows, no variation) is left out; ``attrs["left_out"]`` says
    which and why. If none can be fitted, the first reason is raised.

    Parameters
    ----------
    models : mapping
        Label to model and sample.
    cluster : Effect
        Column to cluster by.
    error : str
        One of ``ERRORS``.

    Returns
    -------
    DataFrame
        Columns ``model``, ``term`` and those of :func:`estimates`, with ``separated`` observations.
    """
    parts, left_out = [], {}
    for label, (model, frame) in models.items():
        try:
            fit = model.fit(frame)
            rows = estimates(fit, covariance_of(error, model, fit, cluster)).rename_axis("term").reset_index()
        except ValueError as reason:
            left_out[label] = str(reason)
            continue
        parts.append(rows.assign(separated=len(fit.separated)).assign(model=label))
    if not parts:
        raise ValueError(next(iter(left_out.values())))
    table = pd.concat(parts, ignore_index=True)
    table = table[["model", *[column for column in table if column != "model"]]]
    table.attrs = {"left_out": left_out}
    return table


ERRORS = ("clustered", "jackknife", "robust")


def covariance_of(kind: str, model: Model, fit: Regression, cluster: Effect) -> Covariance:
    """Covariance of one of the kinds in ``ERRORS``: CR1 and CR3 by cluster, or HC1."""
    if kind == "jackknife":
        return jackknife(model, fit.frame, cluster).covariance
    if kind == "clustered":
        return cluster_covariance(fit, cluster)
    if kind == "robust":
        return robust_covariance(fit)
    raise ValueError(f"error type is one of {', '.join(ERRORS)}, found {kind!r}")


def coefficient_table(fitted: pd.DataFrame, terms: Mapping[str, str], spec: str = ".2f") -> pd.DataFrame:
    """Coefficients as a journal prints them: terms in rows, models in columns, intervals in words.

    Parameters
    ----------
    fitted : DataFrame
        From :func:`fitted_table`.
    terms : mapping
        Printed name of each term, in printing order; terms that no model has are left out.

    Returns
    -------
    DataFrame
        First column the term; one column per model with "estimate (low to high)"; observations and, where
        there are any, clusters in the last rows.
    """
    words = interval(fitted["low"], fitted["high"], spec)
    cell = fitted["estimate"].map(lambda value: plain(value, spec)) + " (" + words + ")"
    models = list(dict.fromkeys(fitted["model"]))
    wide = fitted.assign(cell=cell).pivot(index="term", columns="model", values="cell")[models]
    wide = wide.reindex([term for term in terms if term in wide.index]).rename(index=dict(terms))
    counted = {"n": "Observations", "clusters": "Clusters"}
    counts = fitted.groupby("model")[list(counted)].first().loc[models].T.rename(index=counted)
    counts = counts[(counts > 0).any(axis=1)]  # errors that need no clusters print none
    wide = pd.concat([wide.fillna("–"), counts.map(lambda value: f"{value:,.0f}")])
    return wide.rename_axis("Variable").rename_axis(columns=None).reset_index()


def stacked(parts: Mapping[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """Frames under one another, the label of each in a first column; named indexes become columns."""
    frames = [
        (part.reset_index() if part.index.name else part).assign(**{column: label})
        for label, part in parts.items()
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[[column, *[name for name in frame if name != column]]]
