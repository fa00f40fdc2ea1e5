"""Regressions with absorbed effects: within transformation, least squares, what inference needs of a fit."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import lapack, qr

Effect = str | tuple[str, ...]  # a column, or columns whose combinations are the groups

Made = TypeVar("Made")

_DENSE = 2**20  # cells (8 MB) up to which the crossing of two sets of groups is held as a dense table
_RANK = 1e-9  # a direction with less than this share of the largest one's variation counts as none


class Effects:
    """Groups whose means are taken out of every variable (fixed effects), solved exactly.

    The largest set of groups is taken out by group means; the others are solved for in what remains
    (Frisch–Waugh–Lovell). Alternating projections need no such system, but creep where a few observations
    carry most of the weight, as Russia's flows do in a Poisson fit; at a few hundred groups the exact
    solution is both faster and free of a convergence tolerance. Two large sets that fall into parts which
    share no group, as origins and destinations of different periods do, are solved part by part.

    Parameters
    ----------
    codes : sequence of arrays, n
        Groups of the observations, one array of consecutive integers 0, 1, … for each set.

    References
    ----------
    Guimarães & Portugal (2010), *Stata Journal* 10(4), 628–649; Correia, Guimarães & Zylkin (2020),
    *Stata Journal* 20(1), 95–115.
    """

    def __init__(self, codes: Sequence[np.ndarray]):
        self.codes = sorted(codes, key=lambda code: -code.max())
        self._ranks: dict[bytes, int] = {}
        self._parts = [(rows, Effects([consecutive(c[rows]) for c in self.codes])) for rows in self._apart()]
        if self._parts:
            return
        first, *rest = self.codes
        self._first = indicators(first)
        self._crossings = [_Crossing(first, code) for code in rest]
        self._within_rest = [[_Crossing(one, other) for other in rest] for one in rest]
        self._rest = sparse.vstack([indicators(code) for code in rest], format="csr") if rest else None
        self._to_rest = None if self._rest is None else self._rest.T

    @classmethod
    def of(cls, frame: "Rows", effects: Sequence[Effect] = ()) -> "Effects":
        """Effects of a frame or sample.

        Parameters
        ----------
        effects : sequence
            Columns, or tuples of columns whose combinations are the groups. Without any, the one group of all
            observations is taken out: the intercept.
        """
        sample = Sample.of(frame)
        codes = [sample.codes(effect) for effect in effects]
        return cls(codes or [np.zeros(len(sample.frame), dtype=int)])

    def _apart(self) -> "list[np.ndarray | slice]":
        """Observations of each part that shares no group with another; none where one system is as good."""
        if len(self.codes) != 2 or np.prod([code.max() + 1.0 for code in self.codes]) <= _DENSE:
            return []
        part = components(*self.codes)[self.codes[0]]
        order = np.argsort(part, kind="stable")
        found = np.split(order, np.cumsum(np.bincount(part))[:-1])
        return [_run(rows) for rows in found] if len(found) > 1 else []

    def residualise(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weighted residuals of the columns of ``values`` (n × k) on all groups."""
        if self._parts:
            left = np.empty(values.shape)
            for rows, part in self._parts:
                left[rows] = part.residualise(values[rows], weights[rows])
            return left
        size = np.bincount(self.codes[0], weights)
        first = self._within_first(values, weights, size)
        if self._rest is None:
            return first
        cross = _stacked([[crossing.sums(weights) for crossing in self._crossings]])
        scaled = cross / size[:, None]
        own = _stacked([[crossing.sums(weights) for crossing in row] for row in self._within_rest])
        gram = _dense(own - cross.T @ scaled)
        shift = _solve_semidefinite(gram, self._rest @ (weights[:, None] * first))
        return first - self._to_rest @ shift + (scaled @ shift)[self.codes[0]]

    def _within_first(self, values: np.ndarray, weights: np.ndarray, size: np.ndarray) -> np.ndarray:
        means = (self._first @ (weights[:, None] * values)) / size[:, None]
        return values - means[self.codes[0]]

    def orthonormal(self, regressors: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Columns B (n × rank) that span effects and ``regressors`` (n × k), with B′ diag(weights) B = 1.

        Weighted residuals on both are then v − B (B′ diag(weights) v): two products of matrices, which is how
        thousands of candidates are residualised. It holds the groups as columns: for hundreds, not thousands.
        """
        sets = [indicators(code).T.toarray() for code in self.codes]
        scale = np.abs(regressors).max(axis=0, initial=0)
        spanning = np.column_stack([*sets, regressors / np.where(scale > 0, scale, 1)])
        root = np.sqrt(weights)[:, None]
        base, triangle, _ = qr(root * spanning, mode="economic", pivoting=True)
        size = np.abs(np.diag(triangle))
        return base[:, size > _RANK * size.max()] / root

    def rank(self, nested_in: Sequence[np.ndarray] = ()) -> int:
        """Parameters the effects use up, leaving out sets of groups nested in a clustering.

        Exact for one and two sets (levels less connected components); for more, the usual upper bound.
        """
        key = b"".join(code.tobytes() for code in nested_in)
        if key not in self._ranks:
            self._ranks[key] = self._rank(nested_in)
        return self._ranks[key]

    def _rank(self, nested_in: Sequence[np.ndarray]) -> int:
        counted = [c for c in self.codes if not any(_nested(c, cluster) for cluster in nested_in)]
        levels = sum(int(code.max()) + 1 for code in counted)
        if len(counted) < 2:
            return levels
        if len(counted) > 2:
            return levels - (len(counted) - 1)
        return levels - int(components(*counted).max() + 1)


def group_codes(frame: pd.DataFrame, effect: Effect) -> np.ndarray:
    """Consecutive integers 0, 1, … that number the groups of a column or of a combination of columns."""
    columns = [effect] if isinstance(effect, str) else list(effect)
    unknown = [column for column in columns if column not in frame.columns]
    if unknown:
        raise ValueError(f"no column {unknown[0]!r} to group by; there are {', '.join(frame.columns)}")
    codes = [pd.factorize(frame[column], sort=True)[0].astype(np.int64) for column in columns]
    if any((code < 0).any() for code in codes):
        raise ValueError(f"column {' × '.join(columns)} has gaps: every observation needs a group")
    joint = codes[0]
    for code in codes[1:]:
        joint = joint * (code.max() + 1) + code
    if len(codes) == 1:
        return joint
    few = joint.max() < _DENSE  # numbering what is there takes less time than sorting it
    return consecutive(joint) if few else np.unique(joint, return_inverse=True)[1]


def components(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which connected part each group belongs to, of two sets tied by the observations that they share.

    Returns
    -------
    array
        Parts 0, 1, … of the groups of ``one``, then of those of ``other``.
    """
    first = int(one.max()) + 1
    levels = first + int(other.max()) + 1
    pairs = sparse.coo_array((np.ones(len(one)), (one, other + first)), (levels, levels))
    return sparse.csgraph.connected_components(pairs, directed=False)[1]


def consecutive(codes: np.ndarray) -> np.ndarray:
    """Groups renumbered 0, 1, … where some are missing."""
    there = np.bincount(codes) > 0
    return (np.cumsum(there) - 1)[codes]


def _run(places: np.ndarray) -> np.ndarray | slice:
    """Ascending places as a slice where they follow one another: such rows need no copy."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first + 1 == len(places) else places


def indicators(codes: np.ndarray) -> sparse.csr_array:
    """Groups × observations, one where the observation is in the group."""
    n = len(codes)
    return sparse.csr_array((np.ones(n), (codes, np.arange(n))), shape=(codes.max() + 1, n))


_Table: TypeAlias = "np.ndarray | sparse.csr_array"


class _Crossing:
    """Summed weights of the observations in each group of one set and each of another; made once, used often.

    A dense table while that is small: most crossings are, and the bookkeeping of sparse ones takes longer
    than their arithmetic.
    """

    def __init__(self, one: np.ndarray, other: np.ndarray):
        self.shape = (int(one.max()) + 1, int(other.max()) + 1)
        self._cells = one.astype(np.int64) * self.shape[1] + other
        self._filled: np.ndarray | None = None
        if self.shape[0] * self.shape[1] > _DENSE:
            self._filled, self._cells = np.unique(self._cells, return_inverse=True)

    def sums(self, weights: np.ndarray) -> _Table:
        if self._filled is None:
            return np.bincount(self._cells, weights, self.shape[0] * self.shape[1]).reshape(self.shape)
        place = np.divmod(self._filled, self.shape[1])
        return sparse.csr_array((np.bincount(self._cells, weights), place), shape=self.shape)


def _stacked(blocks: list[list[_Table]]) -> _Table:
    """One table of blocks; sparse if one of them is."""
    if len(blocks) == 1 and len(blocks[0]) == 1:
        return blocks[0][0]
    if any(sparse.issparse(block) for row in blocks for block in row):
        return sparse.block_array(blocks, format="csr")
    return np.block(blocks)


def _dense(table: _Table) -> np.ndarray:
    return table if isinstance(table, np.ndarray) else np.asarray(table.toarray())


def _nested(inner: np.ndarray, outer: np.ndarray) -> bool:
    """Whether every inner group lies within one outer group (only then a cluster holds all of its effect)."""
    return len(np.unique(inner * (outer.max() + 1) + outer)) == inner.max() + 1


def _solve_semidefinite(gram: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a positive semidefinite system whose right side is in its range (effects have free constants).

    A ridge of 1e-10 on the scaled matrix makes it definite; refining the solution takes the ridge's effect
    out again in all directions that matter, twice, to about 1e-10 cubed over the smallest eigenvalue.
    """
    scale = 1 / np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1))
    scaled = gram * np.outer(scale, scale)
    target = scale[:, None] * right
    # LAPACK by name: for a few groups, scipy's checks of the arguments take longer than the solution
    factor, info = lapack.dpotrf(scaled + 1e-10 * np.eye(len(gram)))
    if info:
        raise np.linalg.LinAlgError("the weights span too many orders")
    solution = lapack.dpotrs(factor, target)[0]
    for _ in range(2):
        solution += lapack.dpotrs(factor, target - scaled @ solution)[0]
    return scale[:, None] * solution


class Sample:
    """Rows of a frame with what fits need of them, made once: columns as floats, groups, effects.

    Thousands of models of a few hundred rows spend most of their time on finding the same groups again.

    Parameters
    ----------
    frame : DataFrame
        One row per observation; not to be changed while the sample is used.
    """

    def __init__(self, frame: pd.DataFrame):
        self.frame = frame
        self._made: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, rows: "Rows") -> "Sample":
        """Return a sample as it is, and a frame as one."""
        return rows if isinstance(rows, cls) else cls(rows)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what ``make`` gives, from the first time that it was made under this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def codes(self, effect: Effect) -> np.ndarray:
        """:func:`group_codes` of the rows."""
        return self.once(("codes", effect), lambda: group_codes(self.frame, effect))

    def effects(self, effects: Sequence[Effect]) -> Effects:
        """:class:`Effects` of the rows."""
        return self.once(("effects", tuple(effects)), lambda: Effects.of(self, effects))

    def column(self, name: str) -> np.ndarray:
        """One column as floats; one that is missing or has a gap is refused by name."""
        return self.once(("column", name), lambda: _finite(self.frame, name))

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """Columns as floats, n × k."""
        held = np.empty((len(self.frame), len(names)), order="F")  # column by column, as a frame holds them
        for place, name in enumerate(names):
            held[:, place] = self.column(name)
        return held

    def index(self, names: Sequence[str]) -> pd.Index:
        """Names of regressors as an index."""
        return self.once(("index", tuple(names)), lambda: pd.Index(names))

    def refuse_collinear(self, regressors: Sequence[str], effects: Sequence[Effect]) -> None:
        """Raise if a regressor has no variation of its own once effects and the other regressors are out."""
        self.once(("apart", tuple(regressors), tuple(effects)), lambda: self._apart(regressors, effects))

    def _apart(self, regressors: Sequence[str], effects: Sequence[Effect]) -> bool:
        design = self.columns(regressors)
        within = self.effects(effects).residualise(design, np.ones(len(design)))
        lost = sorted(regressors[place] for place in collinear(design, within))
        if lost:
            named = (effect if isinstance(effect, str) else " × ".join(effect) for effect in effects)
            raise ValueError(
                f"collinear: {', '.join(lost)} cannot be told from the other regressors and "
                f"{', '.join(named) or 'the intercept'}; leave it out or choose other effects"
            )
        return True

    def where(self, kept: np.ndarray) -> "Sample":
        """Return the rows that are kept (n, true or false), as a sample of their own."""
        if kept.all():
            return self
        return self.once(("where", kept.tobytes()), lambda: Sample(self.frame.loc[kept]))


Rows: TypeAlias = "pd.DataFrame | Sample"


def _finite(frame: pd.DataFrame, name: str) -> np.ndarray:
    if name not in frame.columns:
        raise ValueError(f"no column {name!r}; there are {', '.join(map(str, frame.columns))}")
    values = frame[name].to_numpy(dtype=float)
    gaps = ~np.isfinite(values)
    if gaps.any():
        raise ValueError(
            f"column {name!r} has no finite value in {gaps.sum()} rows (first: {frame.index[gaps][0]!r}); "
            "drop them by an explicit rule before the fit"
        )
    return values


@dataclass(frozen=True)
class Regression:
    """A fitted regression, as the functions of :mod:`borderland.methods.covariance` take it.

    Attributes
    ----------
    coefficients : Series
        Estimates by regressor; the effects are absorbed.
    sample : Sample
        The observations used, in order, all columns.
    within : array, n × k
        Regressors after the effects are taken out, with ``weights``.
    weights : array
        Working weights: 1 for least squares, the fitted mean for Poisson.
    residuals : array
        Outcome less fitted mean, so that ``within * residuals`` are the scores.
    fitted : array
        Fitted means.
    effects : Effects
        What was absorbed.
    deviance : float
        Sum of squared residuals, or the Poisson deviance.
    separated : Index
        Observations dropped because a Poisson fit would send their mean to zero.
    """

    coefficients: pd.Series
    sample: Sample
    within: np.ndarray
    weights: np.ndarray
    residuals: np.ndarray
    fitted: np.ndarray
    effects: Effects
    deviance: float
    separated: pd.Index

    @property
    def frame(self) -> pd.DataFrame:
        """The observations used, as a frame."""
        return self.sample.frame

    @property
    def n(self) -> int:
        """Observations used."""
        return len(self.frame)

    @cached_property
    def bread(self) -> np.ndarray:
        """Inverse of the information of the regressors, k × k."""
        return np.linalg.inv(self.within.T @ (self.weights[:, None] * self.within))

    @cached_property
    def scores(self) -> np.ndarray:
        """Score of each observation, n × k; columns sum to zero at the estimate."""
        return self.within * self.residuals[:, None]


def least_squares(
    frame: Rows,
    outcome: str,
    regressors: Sequence[str],
    effects: Sequence[Effect] = (),
    offset: np.ndarray | None = None,
) -> Regression:
    """Ordinary least squares with absorbed effects (an intercept when none are named).

    Parameters
    ----------
    frame : DataFrame or Sample
        One row per observation, without gaps in the columns used.
    outcome, regressors : str, sequence of str
        Columns.
    effects : sequence
        Columns or tuples of columns, see :class:`Effects`.
    offset : array, optional
        Part of the mean that is given, in the order of ``frame``.

    Raises
    ------
    ValueError
        If a column is missing or has gaps, or regressors are collinear (the message names them).

    References
    ----------
    Wooldridge (2010), *Econometric Analysis of Cross Section and Panel Data*, 2nd ed., section 10.5.
    """
    sample = Sample.of(frame)
    outcome_values, design = sample.column(outcome), sample.columns(regressors)
    absorbed = sample.effects(effects)
    weights = np.ones(len(outcome_values))
    explained = outcome_values if offset is None else outcome_values - offset
    both = absorbed.residualise(np.column_stack([explained, design]), weights)
    within = both[:, 1:]
    sample.refuse_collinear(regressors, effects)
    estimate = np.linalg.lstsq(within, both[:, 0], rcond=None)[0]
    residuals = both[:, 0] - within @ estimate
    return Regression(
        coefficients=pd.Series(estimate, index=sample.index(regressors)),
        sample=sample,
        within=within,
        weights=weights,
        residuals=residuals,
        fitted=outcome_values - residuals,
        effects=absorbed,
        deviance=float(residuals @ residuals),
        separated=sample.frame.index[:0],
    )


def collinear(design: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Places of the regressors (n × k) without variation of their own once effects and the others are out.

    ``within`` holds them after the effects are taken out.
    """
    if within.shape[1] == 0:
        return np.empty(0, dtype=int)
    spread = np.linalg.norm(design - design.mean(axis=0), axis=0)
    scale = np.where(spread > 0, spread, 1)
    _, triangle, order = qr(within / scale, mode="economic", pivoting=True)
    remaining = np.abs(np.diag(triangle))
    alone = np.zeros(within.shape[1], dtype=bool)
    alone[: len(remaining)] = remaining >= _RANK
    return np.asarray(order)[~alone]
