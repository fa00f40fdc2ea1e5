"""Tests by resampling: wild cluster bootstrap, reassignment of a regressor, and all methods side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from borderland import ties
from borderland.methods.covariance import (
    Model,
    cluster_covariance,
    cluster_sums,
    estimates,
    jackknife,
    robust_covariance,
    small_sample_factor,
)
from borderland.methods.panel import Effect, Regression, indicators

_NOTHING = 1e-12  # a spread this small beside the largest is zero but for rounding
_OWN = 1e-10  # a candidate left with less than this share of its variation has none of its own
_EXHAUSTIVE = 16  # clusters up to which all sign vectors (2^16 = 65,536) are taken rather than some drawn


@dataclass(frozen=True)
class Test:
    """Result of a resampling test."""

    __test__: ClassVar[bool] = False  # not a test case of pytest

    statistic: float
    p: float
    draws: int


def p_value(resampled: ArrayLike, observed: float) -> float:
    """Share of draws that reach the observed statistic, the data's own among them: (1 + b)/(1 + B).

    The one convention of every resampling test here. It is never zero, and of full size where the draws are
    exchangeable with the data; where all B + 1 assignments are enumerated it is the exact p-value.

    Parameters
    ----------
    resampled : array, B
        The statistic in each draw other than the data's own, made so that large values speak against the
        null (absolute values for a two-sided test); missing ones (no variation in the draw) are left out.
    observed : float
        The statistic of the data.

    References
    ----------
    Phipson & Smyth (2010), *Statistical Applications in Genetics and Molecular Biology* 9(1), 39, equation 2.
    """
    drawn = np.asarray(resampled, dtype=float)
    drawn = drawn[~np.isnan(drawn)]
    return float((1 + ties.at_least(drawn, observed).sum()) / (1 + len(drawn)))


def holm(p: ArrayLike) -> np.ndarray:
    """Adjusted p-values that keep the chance of any false rejection at the level, whatever their dependence.

    References
    ----------
    Holm (1979), *Scandinavian Journal of Statistics* 6(2), 65–70.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    stepped = (len(values) - np.arange(len(values))) * values[order]
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(stepped))
    return adjusted


def monte_carlo_error(p: float, draws: int) -> float:
    """Standard error that ``draws`` random draws leave in a p-value: that of a share of so many trials."""
    return float(np.sqrt(p * (1 - p) / draws))


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

    The residuals of the fit under the null get a random sign per cluster. With up to 16 clusters all 2^G sign
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
    return wild_test(model.without(name).fit(sample, offset=value * focal), focal, cluster, draws, seed)


def wild_test(null: Regression, focal: np.ndarray, cluster: Effect, draws: int = 9999, seed: int = 0) -> Test:
    """:func:`wild_cluster_bootstrap` from a fit that is at hand: that without the regressor ``focal`` (n)."""
    codes = null.sample.codes(cluster)
    groups = int(codes.max()) + 1
    sums, spread = _bootstrap_sums(null, focal, codes)
    observed = _studentised(sums, spread, np.ones((groups, 1)))[0]
    few = groups <= _EXHAUSTIVE
    weights = _signs(groups) if few else _six_points(groups, draws, seed)
    resampled = _studentised(sums, spread, weights)
    factor = np.sqrt(small_sample_factor(null, [codes], groups, len(null.coefficients) + 1))
    # the first of all sign vectors is the data's own, which the p-value counts by itself
    others = resampled[1:] if few else resampled
    return Test(float(observed / factor), p_value(np.abs(others), abs(observed)), 2**groups if few else draws)


def _bootstrap_sums(null: Regression, focal: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score by cluster (G), and G × G: what the residuals of one put into the refitted score of another."""
    direction = _partial(null, focal[:, None])[:, 0]
    sums = cluster_sums(direction * null.residuals, codes)
    pieces = np.zeros((null.n, len(sums)))
    pieces[np.arange(null.n), codes] = null.residuals / null.weights
    pieces = _partial(null, pieces)
    curvature = direction @ (null.weights * direction)
    pieces -= np.outer(direction, (null.weights * direction) @ pieces / curvature)
    return sums, cluster_sums((null.weights * direction)[:, None] * pieces, codes)


def _studentised(sums: np.ndarray, spread: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Bootstrap t of each weight vector, up to the small-sample factor; 0/0 counts as 0."""
    top = sums @ weights
    below = np.sqrt(((spread @ weights) ** 2).sum(axis=0))
    none = below <= _NOTHING * below.max(initial=0)
    return np.divide(top, below, out=np.zeros_like(top), where=~none)


@lru_cache(maxsize=4)
def _signs(groups: int) -> np.ndarray:
    """Clusters × half of all vectors of signs, that of ones first.

    The other half are their mirror images, whose statistic has the same size: a p-value does not need them.
    """
    bits = (np.arange(2 ** (groups - 1))[None, :] >> np.arange(groups)[:, None]) & 1
    return 1.0 - 2.0 * bits


def _six_points(groups: int, draws: int, seed: int) -> np.ndarray:
    """Clusters × draws of Webb's six points."""
    points = np.sqrt([0.5, 1.0, 1.5])
    return np.random.default_rng(seed).choice(np.concatenate([-points, points]), (groups, draws))


def _partial(fit: Regression, values: np.ndarray) -> np.ndarray:
    """Weighted residuals of the columns of ``values`` on the effects and regressors of ``fit``."""
    within = fit.effects.residualise(values, fit.weights)
    if fit.within.shape[1] == 0:
        return within
    return within - fit.within @ (fit.bread @ (fit.within.T @ (fit.weights[:, None] * within)))


_BRACKET = 1e-4  # of a standard error, to which an end is narrowed down: beyond the digits printed
_DOUBLINGS = 20  # an end is looked for up to a million standard errors out, where p has long settled


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

    An end is infinite where the test does not reject however far out: with few clusters, p may settle above
    the level on one side. So it is where a Poisson fit with the value imposed runs off before the test
    rejects.

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
        for _ in range(_DOUBLINGS):
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

    def found(direction: int) -> float:
        try:
            return end(direction)
        except ValueError:  # the Poisson means span too many orders, or the fit does not settle
            return direction * np.inf

    return found(-1), found(1)


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
    codes = null.sample.codes(cluster)
    groups = int(codes.max()) + 1
    factor = small_sample_factor(null, [codes], groups, len(null.coefficients) + 1)
    regressors = null.sample.columns(list(null.coefficients.index))
    base = null.effects.orthonormal(regressors, null.weights)
    clusters = indicators(codes)
    scoring, informing = clusters * null.residuals, clusters * null.weights
    estimate, statistic = np.empty(candidates.shape[1]), np.empty(candidates.shape[1])
    for start in range(0, candidates.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        taken = candidates[:, block]
        direction = taken - base @ ((null.weights[:, None] * base).T @ taken)
        scores = scoring @ direction
        squares = np.square(direction, out=direction)
        information = informing @ squares
        curvature = information.sum(axis=0)
        curvature = np.where(curvature > _OWN * _variation(taken, null.weights), curvature, np.nan)
        estimate[block] = scores.sum(axis=0) / curvature
        spread = ((scores - information * estimate[block]) ** 2).sum(axis=0)
        # scores that cancel within every cluster leave rounding, and t would be its inverse
        spread = np.where(spread > _NOTHING**2 * (null.residuals**2 @ squares), spread, np.nan)
        statistic[block] = estimate[block] * curvature / np.sqrt(factor * spread)
    return estimate, statistic


_BLOCK = 128  # candidates at a time: a few hundred observations of so many stay in a processor's cache


def _variation(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sum of squares of each column about its weighted mean, never zero for rounding alone."""
    squares = weights @ values**2
    return np.maximum(squares - (weights @ values) ** 2 / weights.sum(), _NOTHING * squares)


def permuted_paths(
    frame: pd.DataFrame, column: str, unit: str, time: str, draws: int, seed: int
) -> np.ndarray:
    """Versions of a column in which whole paths over time are dealt anew among the units (n × draws).

    Timing and shape of each path stay; only whose it is changes: the reassignment under which a law would
    have been passed by another country. A unit that lacks a period keeps its own path, which could not be
    handed on: the others are exchangeable among themselves all the same.

    Raises
    ------
    ValueError
        If fewer than two units have all periods.
    """
    wide = frame.pivot(index=unit, columns=time, values=column)
    whole = np.flatnonzero(wide.notna().all(axis=1))
    if len(whole) < 2:
        raise ValueError(f"{len(whole)} of {unit} have {column!r} in all periods: no paths to deal anew")
    dealt = np.tile(np.arange(len(wide)), (draws, 1))
    dealt[:, whole] = whole[orders(len(whole), draws, seed)]
    return dealt_paths(wide, frame[unit], frame[time], dealt)


def orders(units: int, draws: int, seed: int) -> np.ndarray:
    """Random orders of ``units`` places, draws × units."""
    generator = np.random.default_rng(seed)
    dealt = [generator.permutation(units) for _ in range(draws)]
    return np.array(dealt, dtype=int).reshape(draws, units)


def dealt_paths(wide: pd.DataFrame, units: pd.Series, times: pd.Series, dealt: np.ndarray) -> np.ndarray:
    """Values that observations (n, by unit and time) have under reassignments of paths (n × draws).

    Parameters
    ----------
    wide : DataFrame
        Paths, unit × time.
    units, times : Series
        Where each observation stands.
    dealt : array, draws × units
        From :func:`orders`: whose path each unit is given.
    """
    rows, moments = wide.index.get_indexer(units), wide.columns.get_indexer(times)
    return wide.to_numpy(dtype=float)[dealt.T[rows], moments[:, None]]


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
        |t| against those of the reassignments, as :func:`p_value`.

    References
    ----------
    Fisher (1935), *The Design of Experiments*, section 21; MacKinnon & Webb (2020), *Journal of Econometrics*
    218(2), 435–450 (t rather than coefficient).
    """
    null = model.without(name).fit(frame)
    kept = frame.index.isin(null.frame.index)
    both = np.column_stack([null.frame[name].to_numpy(dtype=float), candidates[kept]])
    _, statistic = score_statistics(null, both, cluster)
    p = p_value(np.abs(statistic[1:]), abs(statistic[0]))
    return Test(float(statistic[0]), p, int((~np.isnan(statistic[1:])).sum()))


def simulated_power(
    model: Model,
    frame: pd.DataFrame,
    name: str,
    unit: str,
    time: str,
    effects: Sequence[float],
    simulations: int,
    draws: int,
    seed: int,
    level: float = 0.05,
) -> pd.Series:
    """How often the randomisation test finds a true effect of a given size, in samples made from this one.

    A sample has the means that a Poisson fit without the regressor gives, times exp(effect × regressor),
    times the relative residuals of the units, whose whole paths over time are dealt anew among the units:
    size and serial dependence of the errors stay, their tie to the regressor is cut.

    Parameters
    ----------
    frame : DataFrame
        A panel of ``unit`` and ``time``, dealt as in :func:`permuted_paths`.
    effects : sequence of float
        Log points; at zero the share is the size of the test.
    simulations, draws : int
        Samples for each effect, and reassignments in each of their tests.

    Returns
    -------
    Series
        Share of the samples with p below ``level``, by effect.
    """
    null = model.without(name).fit(frame)
    sample = null.frame
    relative = sample.assign(_relative=sample[model.outcome] / null.fitted)
    worlds = permuted_paths(relative, "_relative", unit, time, simulations, seed)
    candidates = permuted_paths(sample, name, unit, time, draws, seed + 1)
    focal = sample[name].to_numpy(dtype=float)
    shares = {}
    for effect in effects:
        mean = null.fitted * np.exp(effect * focal)
        made = (sample.assign(**{model.outcome: mean * world}) for world in worlds.T)
        tests = (randomisation_test(model, world, name, unit, candidates) for world in made)
        shares[effect] = np.mean([test.p < level for test in tests])
    return pd.Series(shares, dtype=float)


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
