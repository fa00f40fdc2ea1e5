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
from scipy import special, stats

from borderland import ties
from borderland.methods.panel import Effect, Regression, Rows


@dataclass(frozen=True)
class Model:
    """A specification, to be fitted to any sample: estimator, outcome, regressors and absorbed effects.

    ``estimator`` is :func:`borderland.methods.ppml.ppml` or :func:`borderland.methods.panel.least_squares`.
    """

    estimator: Callable[..., Regression]
    outcome: str
    regressors: tuple[str, ...]
    effects: tuple[Effect, ...] = ()

    def fit(self, frame: Rows, offset: np.ndarray | None = None) -> Regression:
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
    codes = [fit.sample.codes(cluster) for cluster in clusters]
    groups = min(int(code.max()) + 1 for code in codes)
    middle = np.zeros_like(fit.bread)
    for size in range(1, len(clusters) + 1):
        for chosen in combinations(clusters, size):
            together = [name for c in chosen for name in ([c] if isinstance(c, str) else c)]
            sums = cluster_sums(fit.scores, fit.sample.codes(tuple(together)))
            middle += (-1) ** (size + 1) * sums.T @ sums
    matrix = small_sample_factor(fit, codes, groups) * fit.bread @ middle @ fit.bread
    if len(clusters) > 1:
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        matrix = (vectors * np.clip(values, 0, None)) @ vectors.T
    names = " and ".join(c if isinstance(c, str) else " × ".join(c) for c in clusters)
    return Covariance(matrix, groups - 1, groups, f"clustered by {names} (CR1)")


def cluster_sums(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Sums of the rows of ``values`` by group."""
    groups = int(codes.max()) + 1
    if values.ndim == 1:
        return np.bincount(codes, values, groups)
    return np.column_stack([np.bincount(codes, column, groups) for column in values.T])


def small_sample_factor(
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
    sums = cluster_sums(fit.scores, fit.sample.codes(time))
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


class Estimated(NamedTuple):
    """Coefficients (k, or one alone) with standard error, interval, t and two-sided p-value."""

    estimate: np.ndarray
    se: np.ndarray
    low: np.ndarray
    high: np.ndarray
    t: np.ndarray
    p: np.ndarray


def inference(fit: Regression, covariance: Covariance, level: float = 0.95) -> Estimated:
    """Read the coefficients of a fit against Student's t with the degrees of freedom of a covariance."""
    estimate, se = fit.coefficients.to_numpy(), np.sqrt(np.diag(covariance.matrix))
    quantile = special.stdtrit(covariance.df, (1 + level) / 2)
    ratio = estimate / se
    p = 2 * special.stdtr(covariance.df, -np.abs(ratio))
    return Estimated(estimate, se, estimate - quantile * se, estimate + quantile * se, ratio, p)


def estimates(fit: Regression, covariance: Covariance, level: float = 0.95) -> pd.DataFrame:
    """Coefficients with standard error, interval and p-value, one row per regressor.

    Returns
    -------
    DataFrame
        ``estimate``, ``se``, ``low``, ``high`` (interval at ``level``), ``t``, ``p``, ``df``, ``n``,
        ``clusters``.
    """
    about = {"df": covariance.df, "n": fit.n, "clusters": covariance.clusters}
    found = inference(fit, covariance, level)._asdict()
    return pd.DataFrame(found | about, index=fit.coefficients.index)


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
    codes = fit.sample.codes(unit)
    information = cluster_sums(fit.weights * own**2, codes)
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


def fitted_table(
    models: Mapping[str, tuple[Model, pd.DataFrame]], cluster: str, error: str = "clustered"
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


ERRORS: dict[str, Callable[[Model, Regression, str], Covariance]] = {
    "clustered": lambda model, fit, cluster: cluster_covariance(fit, cluster),
    "jackknife": lambda model, fit, cluster: jackknife(model, fit.frame, cluster).covariance,
    "robust": lambda model, fit, cluster: robust_covariance(fit),
}


def covariance_of(kind: str, model: Model, fit: Regression, cluster: str) -> Covariance:
    """Covariance of one of the kinds in ``ERRORS``: CR1 and CR3 by cluster, or HC1."""
    if kind not in ERRORS:
        raise ValueError(f"error type is one of {', '.join(ERRORS)}, found {kind!r}")
    return ERRORS[kind](model, fit, cluster)
