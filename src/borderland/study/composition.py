"""Ethnic composition of the two sides at dated counts."""

from typing import NamedTuple

import pandas as pd

from borderland.methods.segregation import counts_by, dissimilarity_index, entropy


def dated_shares(frame: pd.DataFrame, group: str, population: pd.DataFrame) -> pd.DataFrame:
    """Shares of one group by unit and date, per cent: as printed, or from a count and the population.

    Parameters
    ----------
    frame : DataFrame
        ``unit``, ``year``, ``group``, ``persons``, ``share``, ``basis``, ``grade``; either number may be
        missing.
    group : str
        Group wanted.
    population : DataFrame
        The table ``population``: denominator of counts printed without a total, the census count of the year
        before the count of 1 January.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``share``, ``basis``, ``grade``; dates from which no share follows are left out.
    """
    rows = frame[frame["group"] == group].set_index(["unit", "year"])
    by_reference = population.pivot_table(index=["unit", "year"], columns="reference", values="persons")
    totals = frame[frame["group"] == "total"].set_index(["unit", "year"])["persons"].astype(float)
    totals = totals.combine_first(by_reference["census"]).combine_first(by_reference["1-january"])
    computed = 100 * rows["persons"].astype(float) / totals.reindex(rows.index)
    shares = rows.assign(share=rows["share"].astype(float).fillna(computed)).dropna(subset="share")
    return shares.reset_index()[["unit", "year", "share", "basis", "grade"]]


def first_and_last(dated: pd.DataFrame) -> pd.DataFrame:
    """First and last dated share of each unit that has two dates, and the change between them (points)."""
    ordered = dated.sort_values("year", kind="stable").groupby("unit")
    frame = pd.DataFrame(
        {
            "first_year": ordered["year"].first(),
            "last_year": ordered["year"].last(),
            "first": ordered["share"].first(),
            "last": ordered["share"].last(),
        }
    )
    frame = frame[frame["first_year"] < frame["last_year"]]
    return frame.assign(change=frame["last"] - frame["first"])


class Gap(NamedTuple):
    """Distance between the sides in the share of Russians, percentage points."""

    first: float
    last: float
    change: float
    change_low: float


def russian_gap(kazakhstan: pd.Series, then: pd.DataFrame, now: pd.DataFrame, totals: pd.Series) -> Gap:
    """Share of Russians on the Russian side less that in Kazakhstan, censuses of 2009–10 and of 2021.

    Parameters
    ----------
    kazakhstan : Series
        Share of Russians in Kazakhstan by census year, per cent.
    then, now : DataFrame
        Counts of the Russian border regions in 2010 and 2021, from
        :func:`borderland.methods.segregation.counts_by`.
    totals : Series
        All inhabitants of the same regions in 2021, those who stated no nationality included.

    Returns
    -------
    Gap
        ``change`` with shares of those who stated in 2021; ``change_low`` with all inhabitants as
        denominator, as if nobody silent were Russian, which is what the figures of 2010 allow at least.
    """
    side_then = 100 * then["russian"].sum() / then["stated"].sum()
    side_now = 100 * now["russian"].sum() / now["stated"].sum()
    side_low = 100 * now["russian"].sum() / totals.reindex(now.index).sum()
    first = side_then - kazakhstan.loc[2009]
    return Gap(
        float(first),
        float(side_now - kazakhstan.loc[2021]),
        float(side_now - kazakhstan.loc[2021] - first),
        float(side_low - kazakhstan.loc[2021] - first),
    )


def sides_compared(national: pd.DataFrame, then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Composition of Kazakhstan and of the Russian side at the censuses of 2009–10 and 2021.

    Parameters
    ----------
    national : DataFrame
        ``year``, ``group``, ``persons`` of Kazakhstan.
    then, now : DataFrame
        Counts of the Russian border regions, from :func:`borderland.methods.segregation.counts_by`, with
        ``kazakh``, ``russian``.

    Returns
    -------
    DataFrame
        Index the dates; shares of Kazakhs and Russians on either side (per cent), ``dissimilarity`` of the
        two compositions (Kazakhs, Russians, others; Duncan & Duncan 1955) and the normalised entropy of each.
    """
    kept = ["kazakh", "russian"]
    kazakhstan = counts_by(national[national["year"].isin([2009, 2021])], "year", kept)
    rows = {}
    for date, year, side in (("2009–2010", 2009, then), ("2021", 2021, now)):
        summed = side[[*kept, "stated"]].sum()
        pair = pd.DataFrame(
            {
                "kazakhstan": kazakhstan.loc[year, [*kept, "other"]],
                "side": [*summed[kept], summed["stated"] - summed[kept].sum()],
            }
        )
        shares = 100 * pair / pair.sum()
        mixed = entropy(pair.T)
        rows[date] = {
            **{f"{place}_{group}": shares.loc[group, place] for place in pair for group in kept},
            "dissimilarity": dissimilarity_index(pair["kazakhstan"], pair["side"]),
            "entropy_kazakhstan": mixed["kazakhstan"],
            "entropy_side": mixed["side"],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def tyumen_without_okrugs(counts: pd.DataFrame) -> pd.DataFrame:
    """Take the two autonomous okrugs out of Tyumen's counts by nationality of 2010.

    The census of 2021 is at hand for Tyumen without them; only so are the two dates of one territory.
    """
    parts = counts[counts["unit"].isin(["RU-TYU", "RU-KHM", "RU-YAN"])]
    wide = parts.pivot(index="group", columns="unit", values="persons").dropna()
    rest = (wide["RU-TYU"] - wide["RU-KHM"] - wide["RU-YAN"]).rename("persons").reset_index()
    kept = counts[~counts["unit"].isin(["RU-TYU", "RU-KHM", "RU-YAN"])]
    year = parts["year"].iloc[0]
    return pd.concat([kept, rest.assign(unit="RU-TYU", year=year)], ignore_index=True)
