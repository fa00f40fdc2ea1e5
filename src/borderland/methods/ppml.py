"""Poisson pseudo maximum likelihood (PPML) with absorbed effects."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog
from scipy.special import xlogy

from borderland.methods.panel import (
    Effect,
    Effects,
    Regression,
    Rows,
    Sample,
    collinear,
    components,
    consecutive,
)

_TOLERANCE = 1e-12  # relative change of the deviance; coefficients are then settled to about 1e-8
_ITERATIONS = 100


def ppml(
    frame: Rows,
    outcome: str,
    regressors: Sequence[str],
    effects: Sequence[Effect] = (),
    offset: np.ndarray | None = None,
) -> Regression:
    """Poisson pseudo maximum likelihood with absorbed effects, by iteratively reweighted least squares.

    The mean is exp(offset + effects + regressors × coefficients). Consistent for any outcome at or above zero
    whose mean is so specified; zeros stay in, and heteroskedasticity does not bias the elasticities as it
    does in a regression of logs. Separated observations are dropped and reported.

    Parameters
    ----------
    frame : DataFrame or Sample
        One row per origin, destination and period, without gaps in the columns used.
    outcome : str
        Column of flows, persons, none negative.
    regressors : sequence of str
        Columns; the coefficient of a logarithm is an elasticity.
    effects : sequence
        Columns or tuples of columns, see :class:`borderland.methods.panel.Effects`.
    offset : array, optional
        Added to the linear predictor with coefficient one, in the order of ``frame``.

    Raises
    ------
    ValueError
        On a negative outcome, no positive outcome, gaps, collinearity, or if the fit does not settle.

    References
    ----------
    Santos Silva & Tenreyro (2006), *Review of Economics and Statistics* 88(4), 641–658; Correia, Guimarães &
    Zylkin (2020), *Stata Journal* 20(1), 95–115, section 3 (absorbing effects inside the iteration).
    """
    sample = Sample.of(frame)
    flows, design = sample.column(outcome), sample.columns(regressors)
    if (flows < 0).any():
        row = sample.frame.index[flows < 0][0]
        raise ValueError(f"column {outcome!r} is negative at row {row!r}: a flow is a count of persons")
    if not (flows > 0).any():
        raise ValueError(f"column {outcome!r} has no positive value: there is nothing to fit")
    kept = ~_separated(flows > 0, design, sample.effects(effects).codes)
    used, shift = (
        sample.where(kept),
        np.zeros(len(flows)) if offset is None else np.asarray(offset, dtype=float),
    )
    if used is not sample:
        flows, design, shift = flows[kept], design[kept], shift[kept]
    absorbed = used.effects(effects)
    used.refuse_collinear(regressors, effects)

    predictor = np.log((flows + flows.mean()) / 2)
    mean = np.exp(predictor)
    deviance = np.inf  # the start is no fit of the model: its deviance may lie below the best one
    for _ in range(_ITERATIONS):
        working = predictor - shift + (flows - mean) / mean
        try:
            both = absorbed.residualise(np.column_stack([working, design]), mean)
        except np.linalg.LinAlgError:
            raise ValueError(
                f"the Poisson fit of {outcome!r} ran off: its means span too many orders"
            ) from None
        within = both[:, 1:]
        root = np.sqrt(mean)
        estimate = np.linalg.lstsq(root[:, None] * within, root * both[:, 0], rcond=None)[0]
        step = working + shift - (both[:, 0] - within @ estimate) - predictor
        predictor, mean, new = _damped(flows, predictor, step, deviance)
        settled = abs(deviance - new) <= _TOLERANCE * (0.1 + abs(new))
        deviance = new
        if settled:
            break
    else:
        raise ValueError(f"the Poisson fit of {outcome!r} did not settle in {_ITERATIONS} iterations")
    return Regression(
        coefficients=pd.Series(estimate, index=used.index(regressors)),
        sample=used,
        within=absorbed.residualise(design, mean),
        weights=mean,
        residuals=flows - mean,
        fitted=mean,
        effects=absorbed,
        deviance=deviance,
        separated=sample.frame.index[~kept],
    )


def _deviance(flows: np.ndarray, mean: np.ndarray) -> float:
    """Poisson deviance, McCullagh & Nelder (1989), table 2.1."""
    return float(2 * np.sum(xlogy(flows, flows / mean) - (flows - mean)))


def _damped(
    flows: np.ndarray, predictor: np.ndarray, step: np.ndarray, deviance: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Take the step, halved until the deviance does not rise (a rise within rounding is let through)."""
    for _ in range(30):
        candidate = predictor + step
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.exp(candidate)
            new = _deviance(flows, mean)
        if np.isfinite(new) and new <= deviance * (1 + 1e-9) + 1e-9:
            break
        step = step / 2
    return candidate, mean, new


def separated(
    frame: Rows, outcome: str, regressors: Sequence[str], effects: Sequence[Effect] = ()
) -> np.ndarray:
    """Which observations a Poisson fit would send to a mean of zero (true = separated).

    A zero flow is separated if some combination of regressors and effects is zero wherever the flow is
    positive, never positive where it is zero, and negative there. Groups without any positive flow are the
    plain case and are found by counting; the rest by linear programming: maximise the sum of s over the zeros
    subject to z = Xγ, z = 0 on the positive flows, z ≥ s and 0 ≤ s ≤ 1 on the zeros.

    References
    ----------
    Correia, Guimarães & Zylkin (2019), arXiv:1903.01633, section 2 (definition; both ways of detection).
    """
    sample = Sample.of(frame)
    codes = sample.effects(effects).codes
    return _separated(sample.column(outcome) > 0, sample.columns(regressors), codes)


def _settled_by_positive(positive: np.ndarray, design: np.ndarray, codes: Sequence[np.ndarray]) -> bool:
    """Whether the positive flows alone settle all parameters, so that none of the zeros can be separated.

    A combination of regressors and effects that is zero on all positive flows is then zero everywhere. For
    two sets of groups that is so where the positive flows connect all that the observations connect, and the
    regressors have variation of their own among them.
    """
    if len(codes) > 2:
        return False
    codes = [consecutive(code) for code in codes]
    if len(codes) == 2:
        whole, alone = components(*codes), components(*(code[positive] for code in codes))
        if whole.max() != alone.max():
            return False
    effects = Effects([code[positive] for code in codes])
    design = design[positive]
    return not len(collinear(design, effects.residualise(design, np.ones(len(design)))))


def _separated(positive: np.ndarray, design: np.ndarray, codes: Sequence[np.ndarray]) -> np.ndarray:
    """Do the work of :func:`separated` on arrays; without effects ``codes`` is the one group of all."""
    n = len(positive)
    out = np.zeros(n, dtype=bool)
    for code in codes:
        out |= (np.bincount(code, weights=positive) == 0)[code]
    zero = ~positive & ~out
    if not zero.any() or _settled_by_positive(positive[~out], design[~out], [c[~out] for c in codes]):
        return out
    scale = np.abs(design).max(axis=0, initial=0)
    blocks = [sparse.csr_array(design / np.where(scale > 0, scale, 1))]
    blocks += [sparse.csr_array((np.ones(n), (np.arange(n), code))) for code in codes]
    full = sparse.hstack(blocks, format="csr")
    on_zero, zeros = full[zero], int(zero.sum())
    solution = linprog(
        np.concatenate([np.zeros(full.shape[1]), -np.ones(zeros)]),
        A_eq=sparse.hstack([full[positive], sparse.csr_array((int(positive.sum()), zeros))], format="csr"),
        b_eq=np.zeros(int(positive.sum())),
        A_ub=sparse.hstack([-on_zero, sparse.eye_array(zeros)], format="csr"),
        b_ub=np.zeros(zeros),
        bounds=[(None, None)] * full.shape[1] + [(0, 1)] * zeros,
        method="highs",
    )
    if solution.status != 0:
        raise ValueError(f"the search for separated observations failed: {solution.message}")
    out[zero] = solution.x[-zeros:] > 0.5  # a direction can be scaled up, so each part is 0 or 1
    return out
