"""Published statements about the claims: themes by side, directions by claim."""

import numpy as np
import pandas as pd


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


def frequent(joint: pd.DataFrame, places: int) -> list[str]:
    """Themes held by at least so many places of speech, most frequent first."""
    held = pd.Series(np.diag(joint), index=joint.index)
    return list(held[held >= places].sort_values(ascending=False, kind="stable").index)
