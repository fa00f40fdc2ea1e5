"""Specification curves: every defensible model, and what the share of significant ones means."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats

from borderland import ties
from borderland.methods.resampling import p_value


class Specified(NamedTuple):
    """What one specification gives: its estimate, and its statistics under the permutations.

    ``p`` and the interval come from the specification's own error type; ``t`` is studentised in the same way
    as ``null_t``, so that the joint tests compare like with like.
    """

    estimate: float
    low: float
    high: float
    p: float
    t: float
    n: int
    one_step: float  # the estimate computed as null_estimate is: one step from the fit without the regressor
    null_estimate: np.ndarray  # estimates under each permutation
    null_t: np.ndarray
    df: float  # of the t distribution that t and null_t are read against


class Curve(NamedTuple):
    """All specifications with their statistics under the same permutations."""

    choices: pd.DataFrame  # one column per dimension
    estimates: pd.DataFrame  # estimate, low, high, p, t, n, one_step, significant
    null_estimate: np.ndarray  # specifications × permutations
    null_t: np.ndarray
    threshold: np.ndarray  # critical |t| of each specification
    left_out: pd.DataFrame  # choices that cannot be estimated, with the reason


def grid(
    options: Mapping[str, Sequence[Any]], possible: Callable[[dict[str, Any]], bool] | None = None
) -> pd.DataFrame:
    """Every combination of choices, one row each; ``possible`` drops those that make no sense."""
    rows = [dict(zip(options, values, strict=True)) for values in product(*options.values())]
    return pd.DataFrame([row for row in rows if possible is None or possible(row)], columns=list(options))


def run(
    choices: pd.DataFrame,
    evaluate: Callable[[dict[str, Any]], Specified],
    level: float = 0.05,
    jobs: int = 1,
) -> Curve:
    """Evaluate every specification, on several cores or a cluster through joblib's backend.

    Parameters
    ----------
    choices : DataFrame
        From :func:`grid`.
    evaluate : callable
        Takes the choices of one row; a ``ValueError`` means that the combination cannot be estimated (no
        variation, collinear): it is listed with the reason, not hidden.
    level : float
        Level at which an estimate counts as significant, two-sided.

    Raises
    ------
    ValueError
        If none can be estimated.
    """
    rows = choices.to_dict("records")
    results = Parallel(n_jobs=jobs)(delayed(_attempt)(evaluate, row) for row in rows)
    good = [number for number, result in enumerate(results) if isinstance(result, Specified)]
    if not good:
        raise ValueError(f"none of the {len(rows)} specifications can be estimated; the first: {results[0]}")
    kept = [results[number] for number in good]
    frame = pd.DataFrame(
        [(r.estimate, r.low, r.high, r.p, r.t, r.n, r.one_step) for r in kept],
        columns=["estimate", "low", "high", "p", "t", "n", "one_step"],
    )
    left_out = choices.drop(index=choices.index[good]).assign(
        reason=[result for result in results if not isinstance(result, Specified)]
    )
    return Curve(
        choices=choices.iloc[good].reset_index(drop=True),
        estimates=frame.assign(significant=frame["p"] < level),
        null_estimate=np.array([r.null_estimate for r in kept]),
        null_t=np.array([r.null_t for r in kept]),
        threshold=np.array([stats.t.ppf(1 - level / 2, r.df) for r in kept]),
        left_out=left_out,
    )


def _attempt(evaluate: Callable[[dict[str, Any]], Specified], row: dict[str, Any]) -> Specified | str:
    try:
        return evaluate(row)
    except ValueError as reason:
        return str(reason)


def part(curve: Curve, **chosen: Any) -> Curve:
    """The specifications of a curve that share some choices, with their permutations; nothing is refitted."""

    def has(frame: pd.DataFrame) -> np.ndarray:
        return (frame[list(chosen)] == pd.Series(chosen)).all(axis=1).to_numpy()

    kept = has(curve.choices)
    if not kept.any():
        raise ValueError(f"no specification has {chosen}")
    return Curve(
        choices=curve.choices[kept].drop(columns=list(chosen)).reset_index(drop=True),
        estimates=curve.estimates[kept].reset_index(drop=True),
        null_estimate=curve.null_estimate[kept],
        null_t=curve.null_t[kept],
        threshold=curve.threshold[kept],
        left_out=curve.left_out[has(curve.left_out)].drop(columns=list(chosen)),
    )


def joint_tests(curve: Curve) -> pd.DataFrame:
    """Three tests of the whole curve against its permutations.

    Observed and null are computed alike: both medians are of one-step estimates, which for Poisson fits
    differ a little from the full ones that the curve shows.

    The same reassignment is used in every specification, so that dependence between specifications is kept. A
    permutation in which a specification has no variation counts as t = 0 there.

    Returns
    -------
    DataFrame
        One row per test: ``median`` (of the estimates), ``share`` (percent significant with the sign of the
        median), ``stouffer`` (mean t); columns ``observed``, ``null_low``, ``null_high`` (middle 95 % of the
        permutations), ``p``.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), *Nature Human Behaviour* 4, 1208–1214, section "Inferential
    specification curve analysis".
    """
    median = float(curve.estimates["one_step"].median())
    null_median = np.nanmedian(curve.null_estimate, axis=0)
    sign = 1.0 if median >= 0 else -1.0
    observed_t = curve.estimates["t"].to_numpy()
    null_t = np.nan_to_num(curve.null_t)
    # each permutation counts in its own dominant direction, as the observed curve does
    null_sign = np.where(null_median >= 0, 1.0, -1.0)
    share = 100 * np.mean(sign * observed_t > curve.threshold)
    null_share = 100 * np.mean(null_sign * null_t > curve.threshold[:, None], axis=0)
    stouffer, null_stouffer = observed_t.mean(), null_t.mean(axis=0)
    rows = {
        "median": (median, null_median, p_value(np.abs(null_median), abs(median))),
        "share": (share, null_share, p_value(null_share, share)),
        "stouffer": (stouffer, null_stouffer, p_value(np.abs(null_stouffer), abs(stouffer))),
    }
    table = {
        name: {
            "observed": observed,
            "null_low": np.quantile(null, 0.025),
            "null_high": np.quantile(null, 0.975),
            "p": p,
        }
        for name, (observed, null, p) in rows.items()
    }
    return pd.DataFrame(table).T.astype(float).rename_axis("test")


def place(curve: Curve, main: Mapping[str, Any]) -> tuple[int, float]:
    """Row of the article's own specification, and the percent of estimates at or below it.

    Raises
    ------
    ValueError
        If it is not among the estimated ones.
    """
    hit = np.flatnonzero((curve.choices[list(main)] == pd.Series(main)).all(axis=1))
    if len(hit) != 1:
        raise ValueError(f"{len(hit)} specifications match {dict(main)}, expected one")
    estimates = curve.estimates["estimate"]
    return int(hit[0]), float(100 * ties.at_least(estimates[hit[0]], estimates).mean())
