"""Wording of numbers and columns in printed tables."""

from collections.abc import Iterable, Mapping

import pandas as pd

MINUS = "−"


def plain(value: float, spec: str) -> str:
    """Format a number with a real minus sign; a missing value is an en dash."""
    return "–" if pd.isna(value) else format(value, spec).replace("-", MINUS)


def interval(low: pd.Series, high: pd.Series, spec: str) -> pd.Series:
    """Word intervals as "low to high", which stays readable when both are negative."""
    return pd.Series(
        [f"{plain(a, spec)} to {plain(b, spec)}" for a, b in zip(low, high, strict=True)], index=low.index
    )


def out_of(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Word counts as "part of whole", or as an en dash where either is missing."""
    return pd.Series(
        [
            "–" if pd.isna(a) or pd.isna(b) else f"{a:.0f} of {b:.0f}"
            for a, b in zip(part, whole, strict=True)
        ],
        index=part.index,
    )


def listed(names: Iterable[str]) -> str:
    """Word a list of names as a sentence does: "A", "A and B", "A, B and C"; "none" for an empty one."""
    names = [name.rstrip("*") for name in names]
    if not names:
        return "none"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def printed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Take the columns of a table in printing order, under their printed names."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}; there are {', '.join(map(str, frame.columns))}")
    return frame[list(columns)].rename(columns=dict(columns)).reset_index(drop=True)
