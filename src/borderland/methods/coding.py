"""Coded speech: profiles of themes, agreement of coders, protection of speakers."""

from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd

SEGMENTS = ("segment", "interview", "coder", "theme", "region", "role")


def theme_profile(coded: pd.DataFrame, k: int = 1) -> pd.DataFrame:
    """Statements by theme and group: counts, and shares of what is shown of the group.

    Parameters
    ----------
    coded : DataFrame
        ``theme``, ``group``, ``within``: one row for a theme spoken of, in a group, within a place of speech.
    k : int
        Speakers that must stand behind a cell, see :func:`protected`; 1 shows everything.

    Returns
    -------
    DataFrame
        One row per theme and group that is shown, with ``statements`` (0 where none) and ``share`` (percent
        of the group's shown statements, so that a hidden cell cannot be worked out).
    """
    counts = protected(coded, "theme", "group", k)
    long = counts.stack().rename("statements").to_frame()
    long["share"] = (100 * counts / counts.sum()).stack()
    return long.dropna().reset_index()


def agreement(segments: pd.DataFrame) -> float:
    """Krippendorff's alpha of coders who gave segments a theme (nominal level).

    One is perfect agreement, zero what chance would give; segments coded once carry no information.

    Parameters
    ----------
    segments : DataFrame
        ``segment``, ``coder``, ``theme``; one row per segment and coder.

    Raises
    ------
    ValueError
        If a coder gave a segment two themes, or no segment has two coders.

    References
    ----------
    Krippendorff (2019), *Content Analysis*, 4th ed., chapter 12; Hayes & Krippendorff (2007), *Communication
    Methods and Measures* 1(1), 77–89.
    """
    twice = segments[segments.duplicated(["segment", "coder"])]
    if len(twice):
        row = twice.iloc[0]
        raise ValueError(f"coder {row['coder']} gave segment {row['segment']} two themes; keep the main one")
    wide = segments.pivot(index="coder", columns="segment", values="theme")
    if (wide.notna().sum() < 2).all():
        raise ValueError("no segment was coded twice: agreement needs at least two coders on some segments")
    themes = sorted(segments["theme"].unique())
    if len(themes) == 1:
        return 1.0  # one theme only: no disagreement is possible, and alpha would be 0/0
    codes = wide.replace({theme: float(number) for number, theme in enumerate(themes)}).to_numpy(dtype=float)
    return float(krippendorff.alpha(codes, level_of_measurement="nominal"))


def protected(coded: pd.DataFrame, rows: str, columns: str, k: int = 5) -> pd.DataFrame:
    """Count statements by two properties, hiding every cell that fewer than ``k`` speakers stand behind.

    Speakers are the values of ``within`` (interviews). A cell is missing (NaN) where 1 to k − 1 of them
    contribute; zero stays zero. No totals are given, since a total would give a single hidden cell away.

    References
    ----------
    Sweeney (2002), *International Journal of Uncertainty, Fuzziness and Knowledge-Based Systems* 10(5),
    557–570.
    """
    counts = pd.crosstab(coded[rows], coded[columns]).astype(float)
    speakers = pd.crosstab(coded[rows], coded[columns], values=coded["within"], aggfunc="nunique")
    speakers = speakers.reindex_like(counts).fillna(0)
    return counts.mask((speakers >= 1) & (speakers < k))


def read_segments(path: str | Path) -> pd.DataFrame:
    """Coded interviews of an author: one row per segment and coder, all columns of ``SEGMENTS`` filled.

    Raises
    ------
    ValueError
        With file, line and what was expected.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: no such file. Expected a CSV with the columns {', '.join(SEGMENTS)}; "
            "without one, set segments_file to an empty text"
        )
    segments = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in SEGMENTS if column not in segments.columns]
    if missing:
        raise ValueError(f"{path}:1: no column {', '.join(missing)}; expected {', '.join(SEGMENTS)}")
    empty = segments[list(SEGMENTS)].apply(lambda column: column.str.strip() == "")
    if empty.to_numpy().any():
        row, column = np.argwhere(empty.to_numpy())[0]
        raise ValueError(f"{path}:{row + 2}: column {SEGMENTS[column]} is empty; every cell must be filled")
    return segments[list(SEGMENTS)]
