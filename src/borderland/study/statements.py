"""Published statements about the claims: themes by side, directions by claim."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pandas as pd

from borderland.methods import coding


def directions(register: pd.DataFrame) -> pd.DataFrame:
    """Statements for, against and mixed, by claim, with the share of those with a direction that agree.

    Returns
    -------
    DataFrame
        Index claim; ``for``, ``against``, ``mixed``, ``statements``, ``agreeing_share`` (percent of for and
        against; missing where there is neither).
    """
    counts = pd.crosstab(register["claim"], register["direction"])
    counts = counts.reindex(columns=["for", "against", "mixed"], fill_value=0)
    counts["statements"] = counts.sum(axis=1)
    decided = counts["for"] + counts["against"]
    counts["agreeing_share"] = 100 * counts["for"] / decided.where(decided > 0)
    return counts.rename_axis(columns=None)


SIDES = {"kazakhstan": "on Kazakhstan", "russia": "on Russia", "both": "on both"}
CLAIMS = {
    "A1": "A1 integration brought no closeness",
    "A2": "A2 the common space diverges",
    "A3": "A3 language and symbolic policy",
    "A4": "A4 natural change",
    "A5": "A5 demographic policies",
    "A6": "A6 shopping and trips",
    "A7": "A7 million-plus cities gain",
    "A8": "A8 study and life in Russia",
    "A9": "A9 pull of large cities",
}


def corpus(register: pd.DataFrame, segments: pd.DataFrame | None) -> pd.DataFrame:
    """Material of the theme profile in one shape: published statements, or an author's coded interviews.

    Returns
    -------
    DataFrame
        ``theme``, ``group`` (side, or the speaker's region), ``within`` (source page, or interview); of
        interviews one row per segment and theme, however many coders gave it.
    """
    if segments is None:
        words = register["theme"].str.replace("-", " ").str.replace("russia", "Russia")
        coded = register.assign(theme=words, group=register["side"].map(SIDES), within=register["source"])
        return coded[["theme", "group", "within"]]
    once = segments.drop_duplicates(["segment", "theme"])
    return once.assign(group=once["region"], within=once["interview"])[["theme", "group", "within"]]


class Material(NamedTuple):
    """What is said: its themes, and how many speakers must stand behind a cell."""

    coded: pd.DataFrame  # from :func:`corpus`
    speakers: int
    agreement: dict[str, "Coding"]  # under "interviews"; empty for the published statements


@dataclass(frozen=True)
class Coding:
    """Agreement of the coders of interviews, and their number."""

    alpha: Annotated[float, ".2f"]
    number: Annotated[int, "d"]


def material(register: pd.DataFrame, segments_file: str, speakers: int) -> Material:
    """The published statements, or the coded interviews of an author's file.

    Parameters
    ----------
    segments_file : str
        CSV of coded segments (see :func:`borderland.methods.coding.read_segments`), empty for the register.
    speakers : int
        Speakers that must stand behind a cell of interviews; statements are public.
    """
    if not segments_file:
        return Material(corpus(register, None), 1, {})
    segments = coding.read_segments(segments_file)
    found = Coding(coding.agreement(segments), segments["interview"].nunique())
    return Material(corpus(register, segments), speakers, {"interviews": found})


def profile_table(profile: pd.DataFrame) -> pd.DataFrame:
    """Theme profile as printed: a row a theme, the most frequent first, a column a group, percent.

    Parameters
    ----------
    profile : DataFrame
        From :func:`borderland.methods.coding.theme_profile`; a cell that is not shown is missing.
    """
    order = profile.groupby("theme")["statements"].sum().sort_values(ascending=False, kind="stable").index
    wide = profile.pivot(index="theme", columns="group", values="share")
    return wide.loc[order].rename_axis("Theme").rename_axis(columns=None).reset_index()


@dataclass(frozen=True)
class Statements:
    """How many statements the register holds, from how many pages, and which way they point."""

    n: Annotated[int, "d"]
    pages: Annotated[int, "d"]
    themes: Annotated[int, "d"]
    for_: Annotated[int, "d"]
    against: Annotated[int, "d"]
    mixed: Annotated[int, "d"]
    press_share: Annotated[float, ".0f"]  # per cent of grade C


@dataclass(frozen=True)
class Pointing:
    """Statements for and against one claim."""

    for_: Annotated[int, "d"]
    against: Annotated[int, "d"]


def statements_summary(register: pd.DataFrame) -> Statements:
    """Count the statements of the register."""
    directed = register["direction"].value_counts()
    return Statements(
        n=len(register),
        pages=register["source"].nunique(),
        themes=register["theme"].nunique(),
        for_=int(directed["for"]),
        against=int(directed["against"]),
        mixed=int(directed["mixed"]),
        press_share=float(100 * (register["grade"] == "C").mean()),
    )


def pointing(by_claim: pd.DataFrame) -> dict[str, Pointing]:
    """Statements for and against by claim (in small letters), from :func:`directions`."""
    return {
        claim.lower(): Pointing(int(row["for"]), int(row["against"])) for claim, row in by_claim.iterrows()
    }
