"""Specification curves: every defensible model, and what the share of significant ones means."""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import pandas as pd
from scipy import stats

from borderland import ties
from borderland.methods import mapping
from borderland.methods.kept import Results, standing
from borderland.methods.resampling import p_value

Made = TypeVar("Made")


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
    p_wild: float  # of the wild cluster bootstrap; missing where the error type has no or many clusters


class Shared:
    """What specifications of one batch have in common, made once: samples, fits without a regressor."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what ``make`` gives, from the first time that it was made under this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


class Evaluator(Protocol):
    """Estimates one specification: what :func:`run` is given."""

    def __call__(self, choice: Mapping[str, Any], shared: Shared, seed: int) -> Specified:
        """Return its results; a ``ValueError`` says why the combination cannot be estimated.

        ``shared`` belongs to the specifications of one batch, ``seed`` to this one alone.
        """


class Curve(NamedTuple):
    """All specifications with their statistics under the same permutations."""

    choices: pd.DataFrame  # one column per dimension
    estimates: pd.DataFrame  # id, estimate, low, high, p, t, n, one_step, p_wild, (wild_)significant
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


def identifier(choice: Mapping[str, Any]) -> str:
    """Return a specification's name: the same for the same choices, in whatever grid and order they stand."""
    return sha256(json.dumps(dict(choice), sort_keys=True, default=str).encode()).hexdigest()[:12]


def seed_of(choice: Mapping[str, Any], seed: int) -> int:
    """Return a specification's own seed: it draws the same whatever else the grid holds."""
    return int(np.random.SeedSequence([seed, int(identifier(choice), 16)]).generate_state(1)[0])


def run(
    choices: pd.DataFrame,
    evaluate: Evaluator,
    level: float = 0.05,
    jobs: int | None = None,
    batch: Sequence[str] = (),
    seed: int = 0,
    kept: Path | None = None,
    tell: Callable[[int, int], None] = lambda done, whole: None,
) -> Curve:
    """Evaluate every specification, see :func:`borderland.methods.mapping.each` for where.

    Parameters
    ----------
    choices : DataFrame
        From :func:`grid`.
    evaluate : Evaluator
        What it cannot estimate (no variation, collinear) is listed with the reason, not hidden.
    level : float
        Level at which an estimate counts as significant, two-sided.
    jobs : int, optional
        Processes at a time; results do not depend on it.
    batch : sequence of str
        Dimensions: specifications that choose alike in all of them are estimated one after another in one
        process and share work. Without any, none share.
    seed : int
        From which each specification's own is derived.
    kept : Path, optional
        File to which results go batch by batch. What is there already is not computed again, so that a run
        that was killed goes on and a larger grid adds to a smaller one.
    tell : callable
        Is told, at the beginning and after each batch, how many specifications are done, and of how many.

    Raises
    ------
    ValueError
        If none can be estimated, or ``kept`` holds results of other data, settings or code.
    """
    rows = dict(zip(map(identifier, choices.to_dict("records")), choices.to_dict("records"), strict=True))
    file = Results(kept, standing(evaluate)) if kept is not None else None
    found: dict[str, Specified | str] = {}
    if file is not None:
        found = {n: r if isinstance(r, str) else Specified(*r) for n, r in file.read(rows)}
    missing = {name: row for name, row in rows.items() if name not in found}
    batches = _batches(missing, batch)
    tell(len(found), len(rows))
    for place, results in mapping.each(partial(_evaluated, evaluate, seed), batches, jobs):
        new = dict(zip(batches[place], results, strict=True))
        if file is not None:
            file.add({name: (rows[name], result) for name, result in new.items()})
        found |= new
        tell(len(found), len(rows))
    return _curve(choices, [found[name] for name in rows], list(rows), level)


def _batches(
    rows: Mapping[str, Mapping[str, Any]], batch: Sequence[str]
) -> list[dict[str, Mapping[str, Any]]]:
    batches: dict[Hashable, dict[str, Mapping[str, Any]]] = {}
    for name, row in rows.items():
        alike = tuple(row[dimension] for dimension in batch) if batch else name
        batches.setdefault(alike, {})[name] = row
    return list(batches.values())


def _evaluated(
    evaluate: Evaluator, seed: int, rows: Mapping[str, Mapping[str, Any]]
) -> list[Specified | str]:
    shared = Shared()
    return [_attempt(evaluate, row, shared, seed_of(row, seed)) for row in rows.values()]


def _attempt(evaluate: Evaluator, row: Mapping[str, Any], shared: Shared, seed: int) -> Specified | str:
    try:
        return evaluate(row, shared, seed)
    except ValueError as reason:
        return str(reason)


def _curve(
    choices: pd.DataFrame, results: Sequence[Specified | str], names: Sequence[str], level: float
) -> Curve:
    good = [number for number, result in enumerate(results) if not isinstance(result, str)]
    if not good:
        raise ValueError(
            f"none of the {len(results)} specifications can be estimated; the first: {results[0]}"
        )
    kept: list[Specified] = [results[number] for number in good]  # type: ignore[misc]
    columns = ["estimate", "low", "high", "p", "t", "n", "one_step", "p_wild"]
    frame = pd.DataFrame([[getattr(r, column) for column in columns] for r in kept], columns=columns)
    frame.insert(0, "id", [names[number] for number in good])
    left_out = choices.drop(index=choices.index[good]).assign(
        reason=[result for result in results if isinstance(result, str)]
    )
    return Curve(
        choices=choices.iloc[good].reset_index(drop=True),
        estimates=frame.assign(significant=frame["p"] < level, wild_significant=frame["p_wild"] < level),
        null_estimate=np.array([r.null_estimate for r in kept]),
        null_t=np.array([r.null_t for r in kept]),
        threshold=stats.t.ppf(1 - level / 2, [r.df for r in kept]),
        left_out=left_out,
    )


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


def influence(curve: Curve, main: Mapping[str, Any]) -> pd.DataFrame:
    """How far each choice moves the estimate, the other choices alike.

    A regression of the estimates on indicators of all choices, against the article's own: its coefficients
    are the mean difference that a choice makes, also where the grid leaves combinations out.

    Returns
    -------
    DataFrame
        One row per option: ``dimension``, ``option``, ``n`` specifications, ``mean`` of their estimates,
        ``moves`` (difference from the article's choice, whose own is 0), ``share`` (percent of the variation
        among the estimates that no other dimension explains).

    Raises
    ------
    ValueError
        If the grid never makes one choice without another, so that it cannot tell them apart.

    References
    ----------
    Young & Holsteen (2017), *Sociological Methods & Research* 46(1), 3–40, section on model influence.
    """
    estimate = curve.estimates["estimate"].to_numpy()
    columns = {
        (dimension, option): (curve.choices[dimension] == option).to_numpy(dtype=float)
        for dimension in main
        for option in pd.unique(curve.choices[dimension])
        if option != main[dimension]
    }

    def unexplained(named: Sequence[tuple[str, Any]]) -> tuple[float, np.ndarray]:
        design = np.column_stack([np.ones(len(estimate)), *[columns[name] for name in named]])
        solution, _, rank, _ = np.linalg.lstsq(design, estimate, rcond=None)
        if rank < design.shape[1]:
            raise ValueError("the grid always makes some choices together: they cannot be told apart")
        return float(((estimate - design @ solution) ** 2).sum()), solution

    whole, solution = unexplained(list(columns))
    moves = dict(zip(columns, solution[1:], strict=True))
    total = float(((estimate - estimate.mean()) ** 2).sum())
    rows = []
    for dimension in main:
        without, _ = unexplained([name for name in columns if name[0] != dimension])
        share = 100 * (without - whole) / total
        for option in pd.unique(curve.choices[dimension]):
            chosen = (curve.choices[dimension] == option).to_numpy()
            moved = moves.get((dimension, option), 0.0)
            rows.append((dimension, option, int(chosen.sum()), estimate[chosen].mean(), moved, share))
    return pd.DataFrame(rows, columns=["dimension", "option", "n", "mean", "moves", "share"])
