"""Wording of numbers, intervals and columns in printed tables and in the text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from borderland.methods.covariance import percent_change
from dataregister import decimals

MAIN = "main"  # the article itself, among its scenarios and variants
# p-values print two digits: what ten thousand draws carry (standard error 0.005 at a half, 0.002 at 0.05),
# and never a zero
P = "#.2g"


@dataclass(frozen=True)
class Estimate:
    """A coefficient with its 95 % interval and p-value, as the text quotes it."""

    value: Annotated[float, ".2f"]
    low: Annotated[float, ".2f"]
    high: Annotated[float, ".2f"]
    p: Annotated[float, P]

    @classmethod
    def of(cls, row: pd.Series) -> "Estimate":
        """Take a row of :func:`borderland.methods.covariance.estimates`."""
        return cls(*(float(row[name]) for name in ("estimate", "low", "high", "p")))


@dataclass(frozen=True)
class Tested:
    """A statistic and its p-value, as the text quotes them."""

    value: Annotated[float, ".2f"]
    p: Annotated[float, P]

    @classmethod
    def of(cls, row: pd.Series, statistic: str = "estimate") -> "Tested":
        """Take a row that has the statistic and ``p``."""
        return cls(float(row[statistic]), float(row["p"]))


def plain(value: float, spec: str) -> str:
    """Write a number as the article prints numbers; a missing value is an en dash."""
    return "–" if pd.isna(value) else decimals.printed(value, spec)


def p_text(p: float) -> str:
    """Print a p-value in a table: two digits, small ones as a bound, a missing one as an en dash.

    >>> [p_text(p) for p in (0.5, 0.0341, 0.0004)]
    ['0.50', '0.034', '< 0.001']
    """
    return "< 0.001" if p < 0.001 else plain(p, P)


def interval(low: pd.Series, high: pd.Series, spec: str) -> pd.Series:
    """Word intervals as "low to high", which stays readable when both are negative."""
    return pd.Series(
        [f"{plain(a, spec)} to {plain(b, spec)}" for a, b in zip(low, high, strict=True)], index=low.index
    )


def out_of(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Word counts as "part of whole", or as an en dash where either is missing."""
    return pd.Series(
        [
            "–" if pd.isna(a) or pd.isna(b) else f"{plain(a, '.0f')} of {plain(b, '.0f')}"
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


def coefficient_table(fitted: pd.DataFrame, terms: Mapping[str, str], spec: str = ".2f") -> pd.DataFrame:
    """Coefficients as a journal prints them: terms in rows, models in columns, intervals in words.

    Parameters
    ----------
    fitted : DataFrame
        From :func:`borderland.methods.covariance.fitted_table`.
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
    wide = pd.concat([wide.fillna("–"), counts.map(lambda value: plain(value, ",.0f"))])
    return wide.rename_axis("Variable").rename_axis(columns=None).reset_index()


def stacked(parts: Mapping[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """Frames under one another, the label of each in a first column; named indexes become columns."""
    frames = [
        (part.reset_index() if part.index.name else part).assign(**{column: label})
        for label, part in parts.items()
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[[column, *[name for name in frame if name != column]]]
