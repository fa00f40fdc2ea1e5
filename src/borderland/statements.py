"""Coded statements: what is said, by whom, together with what; agreement of coders; speakers protected."""

from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd

SEGMENTS = ("segment", "interview", "coder", "theme", "region", "role")


def theme_profile(coded: pd.DataFrame, by: str, theme: str = "theme") -> pd.DataFrame:
    """Statements by theme and group: counts, and shares of the group's statements.

    Returns
    -------
    DataFrame
        One row per theme and group with ``statements`` (0 where none) and ``share`` (percent of the group).
    """
    counts = pd.crosstab(coded[theme], coded[by])
    shares = 100 * counts / counts.sum()
    long = counts.stack().rename("statements").to_frame()
    long["share"] = shares.stack()
    return long.reset_index()


def co_occurrence(coded: pd.DataFrame, within: str, theme: str = "theme") -> pd.DataFrame:
    """How many places of speech (pages, interviews) hold both of two themes; the diagonal: hold the theme.

    Parameters
    ----------
    within : str
        Column naming the place of speech.

    Returns
    -------
    DataFrame
        Themes × themes, symmetric, integers.
    """
    held = pd.crosstab(coded[within], coded[theme]).clip(upper=1)
    return held.T @ held


def association(joint: pd.DataFrame) -> pd.DataFrame:
    """Jaccard index of themes from their co-occurrence: places with both over places with either, 0 to 1.

    References
    ----------
    Jaccard (1901), *Bulletin de la Société vaudoise des sciences naturelles* 37, 547–579.
    """
    own = np.diag(joint)
    either = own[:, None] + own[None, :] - joint.to_numpy()
    return pd.DataFrame(joint.to_numpy() / either, index=joint.index, columns=joint.columns)


def directions(coded: pd.DataFrame, by: str = "claim") -> pd.DataFrame:
    """Statements for, against and mixed, by claim, with the share of those with a direction that agree.

    Returns
    -------
    DataFrame
        Index ``by``; ``for``, ``against``, ``mixed``, ``statements``, ``agreeing_share`` (percent of for and
        against; missing where there is neither).
    """
    counts = pd.crosstab(coded[by], coded["direction"]).reindex(
        columns=["for", "against", "mixed"], fill_value=0
    )
    counts["statements"] = counts.sum(axis=1)
    decided = counts["for"] + counts["against"]
    counts["agreeing_share"] = 100 * counts["for"] / decided.where(decided > 0)
    return counts.rename_axis(columns=None)


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


def protected(segments: pd.DataFrame, rows: str, columns: str, k: int = 5) -> pd.DataFrame:
    """Count segments by two properties, leaving out every cell that fewer than ``k`` speakers stand behind.

    Speakers are interviews. A cell is missing (NaN) where 1 to k − 1 interviews contribute; zero stays zero.
    No totals are given, since a total would give a single hidden cell away.

    References
    ----------
    Sweeney (2002), *International Journal of Uncertainty, Fuzziness and Knowledge-Based Systems* 10(5),
    557–570.
    """
    once = segments.drop_duplicates(["segment", rows, columns])
    counts = pd.crosstab(once[rows], once[columns]).astype(float)
    speakers = pd.crosstab(
        once[rows], once[columns], values=once["interview"], aggfunc="nunique"
    ).reindex_like(counts)
    return counts.mask(speakers.fillna(0).between(1, k - 1))


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
