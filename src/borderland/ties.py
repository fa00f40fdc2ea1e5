"""Comparisons of computed values that do not hang on the last bit.

Two processors, or two libraries of linear algebra, give the same value with another last bit. A rank, a sort
or a count of permutations must not turn that into another result. Here values within rounding of each other
are equal, and what is equal keeps the order in which it was given.
"""

from collections.abc import Hashable
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

# Far above what rounding adds up to in the estimators here (1e-11 at most), far below any printed digit.
RELATIVE = 1e-9
# Beside values of order one, what is left where two of them cancel.
_CANCELLED = 1e-14

Sortable = TypeVar("Sortable", pd.Series, pd.DataFrame)


def levels(values: ArrayLike) -> NDArray[np.int64]:
    """Number the distinct values from the smallest (0) up; values within rounding of each other share one.

    Parameters
    ----------
    values : array_like
        Numbers, of any shape; infinities have levels of their own.

    Returns
    -------
    array of int
        Of the same shape; −1 where a value is missing.
    """
    numbers = np.asarray(values, dtype=float)
    flat = numbers.ravel()
    known = np.flatnonzero(~np.isnan(flat))
    ascending = known[np.argsort(flat[known], kind="stable")]
    ordered = flat[ascending]
    below, above = ordered[:-1], ordered[1:]
    largest = np.abs(ordered[np.isfinite(ordered)]).max(initial=0)
    rounding = np.maximum(RELATIVE * np.maximum(np.abs(below), np.abs(above)), _CANCELLED * largest)
    with np.errstate(invalid="ignore"):  # infinity less infinity: equal, and caught by the first condition
        apart = (below != above) & ~(np.isfinite(below) & np.isfinite(above) & (above - below <= rounding))
    out = np.full(flat.shape, -1, dtype=np.int64)
    if len(ascending):
        out[ascending] = np.concatenate([[0], np.cumsum(apart)])
    return out.reshape(numbers.shape)


def ranks(values: ArrayLike, descending: bool = False) -> NDArray[np.int64]:
    """Rank values from 1; equal ones share the best rank among them (1, 2, 2, 4); a missing one raises."""
    level = levels(values)
    if (level < 0).any():
        raise ValueError("a missing value has no rank: leave it out")
    level = -level if descending else level
    return 1 + np.searchsorted(np.sort(level), level, side="left")


def at_least(values: ArrayLike, threshold: ArrayLike) -> NDArray[np.bool_]:
    """Tell where values reach a threshold, counting as reached what falls short by rounding alone.

    This is the comparison of every permutation and bootstrap p-value: the actual assignment is among the
    draws, and its statistic, computed along another way, must count.
    """
    numbers, limit = np.asarray(values, dtype=float), np.asarray(threshold, dtype=float)
    with np.errstate(invalid="ignore"):
        close = np.isfinite(limit) & (limit - numbers <= RELATIVE * np.abs(limit))
    return np.asarray((numbers >= limit) | close)


def by_value(data: Sortable, column: Hashable = None, descending: bool = False) -> Sortable:
    """Sort a Series by value or a frame by a column; equal ones keep their order, missing ones come last."""
    level = levels(data if column is None else data[column])
    key = np.where(level < 0, np.iinfo(np.int64).max, -level if descending else level)
    return data.iloc[np.argsort(key, kind="stable")]


def highest(series: pd.Series) -> Any:
    """Label of the largest value: of several equal ones the first."""
    return _first(by_value(series, descending=True))


def lowest(series: pd.Series) -> Any:
    """Label of the smallest value: of several equal ones the first."""
    return _first(by_value(series))


def _first(ordered: pd.Series) -> Any:
    if ordered.isna().all():
        raise ValueError("no value is known: there is no largest or smallest")
    return ordered.index[0]
