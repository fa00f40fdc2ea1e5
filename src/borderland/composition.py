"""Composition and concentration: shares, segregation, diversity, Theil's index, primacy.

Counts are persons; ``counts`` frames have one row per unit (district, region) and one column per group.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import xlogy

from borderland import ties


def _checked(counts: pd.DataFrame) -> np.ndarray:
    values = counts.to_numpy(float)
    if np.isnan(values).any():
        row, column = np.argwhere(np.isnan(values))[0]
        raise ValueError(
            f"no count for {counts.columns[column]!r} in {counts.index[row]!r}: leave the unit out"
        )
    if (values < 0).any():
        row, column = np.argwhere(values < 0)[0]
        raise ValueError(f"negative count of {counts.columns[column]!r} in {counts.index[row]!r}")
    return values


def counts_by(frame: pd.DataFrame, key: str | list[str], groups: Collection[str]) -> pd.DataFrame:
    """Arrange long counts as one row per unit with the named groups, the rest, and those who stated a group.

    Parameters
    ----------
    frame : DataFrame
        Columns of ``key``, ``group`` (among its values "total", optionally "not-stated") and ``persons``.
    key : str or list of str
        What identifies a row of the result; counts of one key are summed.
    groups : collection of str
        Groups kept by name.

    Returns
    -------
    DataFrame
        Index ``key``; the groups, ``other`` (total less not stated less the groups) and ``stated``. Where the
        source gives no number of persons who did not state a group, ``stated`` is the total.
    """
    table = frame.pivot_table(index=key, columns="group", values="persons", aggfunc="sum", observed=True)
    absent = [name for name in ("total", *groups) if name not in table or table[name].isna().any()]
    if absent:
        raise ValueError(f"no count of {', '.join(absent)} for some {key}: a share needs all of them")
    silent = table["not-stated"].fillna(0) if "not-stated" in table else 0
    result = table[list(groups)].astype(float)
    stated = (table["total"] - silent).astype(float)
    result["other"] = stated - result.sum(axis=1)
    if (result["other"] < 0).any():
        raise ValueError(f"the groups of {result.index[result['other'] < 0][0]} exceed its total")
    return result.assign(stated=stated)


def percentages(counts: pd.DataFrame) -> pd.DataFrame:
    """Shares of those who stated a group, per cent, from the result of :func:`counts_by`."""
    return 100 * counts.drop(columns="stated").div(counts["stated"], axis=0)


def shares_over_time(frame: pd.DataFrame, groups: Collection[str]) -> pd.DataFrame:
    """Shares of groups by date, per cent: from counts where the total is given, else as printed.

    Parameters
    ----------
    frame : DataFrame
        ``year``, ``group``, ``persons``, ``share`` (printed, per cent; either may be missing).
    groups : collection of str
        Groups wanted; a date at which one of them has no share is left out.

    Returns
    -------
    DataFrame
        Index year, columns groups.
    """
    persons = frame.pivot(index="year", columns="group", values="persons").astype(float)
    printed = frame.pivot(index="year", columns="group", values="share").astype(float)
    total = persons["total"] if "total" in persons else np.nan
    computed = 100 * persons.div(total, axis=0)
    return computed.reindex(columns=list(groups)).fillna(printed.reindex(columns=list(groups))).dropna()


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
        Counts of the Russian border regions in 2010 and 2021 (:func:`counts_by`).
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
        Counts of the Russian border regions (:func:`counts_by`) with ``kazakh``, ``russian``.

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


def segregation_by_unit(
    counts: pd.DataFrame, unit: pd.Series, first: str, second: str, groups: Collection[str]
) -> pd.DataFrame:
    """Segregation over the districts of each unit.

    Parameters
    ----------
    counts : DataFrame
        One row per district, columns groups.
    unit : Series
        Unit of each district, same index.
    first, second : str
        The two groups whose spread is compared.
    groups : collection of str
        All groups of the multigroup index.

    Returns
    -------
    DataFrame
        Index unit; ``districts``, ``dissimilarity`` (Duncan & Duncan 1955) and ``information`` (Theil's H);
        missing for units of one district, which have no spread.
    """
    rows = {}
    for name, part in counts.groupby(unit):
        several = len(part) > 1
        rows[name] = {
            "districts": len(part),
            "dissimilarity": dissimilarity_index(part[first], part[second]) if several else np.nan,
            "information": information_theory_index(part[list(groups)]) if several else np.nan,
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


def dissimilarity_index(first: pd.Series, second: pd.Series) -> float:
    """Share of one group that would have to move for both to be spread alike, 0 (alike) to 1 (apart).

    ``D = 1/2 Σ |a_i / A - b_i / B|`` over units i. The same formula over groups i compares the composition of
    two places.

    References
    ----------
    Duncan & Duncan (1955), *American Sociological Review* 20(2), 210–217.
    """
    frame = pd.concat([first, second], axis=1)
    values = _checked(frame)
    totals = values.sum(axis=0)
    if (totals == 0).any():
        raise ValueError("a group without persons has no distribution")
    shares = values / totals
    return float(np.abs(shares[:, 0] - shares[:, 1]).sum() / 2)


def entropy(counts: pd.DataFrame) -> pd.Series:
    """Shannon's entropy of each unit's composition, divided by its maximum: 0 (one group) to 1 (all equal).

    References
    ----------
    Theil (1972), *Statistical Decomposition Analysis*; normalised by ``log`` of the number of groups.
    """
    values = _checked(counts)
    shares = values / values.sum(axis=1, keepdims=True)
    return pd.Series(-xlogy(shares, shares).sum(axis=1) / np.log(counts.shape[1]), index=counts.index)


def information_theory_index(counts: pd.DataFrame) -> float:
    """Theil's H: by how much less diverse units are than their whole, 0 (every unit alike) to 1 (no mixing).

    ``H = Σ_i t_i (E - E_i) / (T E)`` with E the entropy of the whole and E_i of unit i of size t_i.

    References
    ----------
    Reardon & Firebaugh (2002), *Sociological Methodology* 32, 33–67 (information theory index H).
    """
    values = _checked(counts)
    sizes = values.sum(axis=1)
    local = entropy(counts).to_numpy()
    whole = entropy(pd.DataFrame([values.sum(axis=0)], columns=counts.columns)).iloc[0]
    if whole == 0:
        raise ValueError("only one group has persons: there is nothing to be segregated")
    return float((sizes * (whole - np.nan_to_num(local))).sum() / (sizes.sum() * whole))


class TheilIndex(NamedTuple):
    """Concentration of population over units, in total, between and within groups of units."""

    total: float
    between: float
    within: float


def theil_index(persons: pd.Series, group: pd.Series | None = None) -> TheilIndex:
    """Theil's T of the concentration of population over units, 0 (all equal) to log n (all in one).

    ``T = Σ s_i log(n s_i)`` with s_i the share of unit i. With groups of units it splits exactly into
    ``between = Σ S_g log(S_g n / n_g)`` and ``within = Σ S_g T_g``.

    Parameters
    ----------
    persons : Series
        Population by unit, at least one above zero.
    group : Series, optional
        Group (country, say) of each unit, same index; without it everything is within.

    References
    ----------
    Theil (1967), *Economics and Information Theory*.
    """
    values = _checked(persons.to_frame())[:, 0]
    shares = values / values.sum()
    total = float(xlogy(shares, len(values) * shares).sum())
    if group is None:
        return TheilIndex(total, 0.0, total)
    named = group.reindex(persons.index)
    if named.isna().any():
        raise ValueError(f"no group for {named.index[named.isna()][0]!r}")
    by = pd.DataFrame({"share": shares, "group": named.to_numpy()}).groupby("group")["share"]
    size, share = by.count(), by.sum()
    between = float(xlogy(share, share * len(values) / size).sum())
    return TheilIndex(total, between, total - between)


def concentration(persons: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Theil's index of the concentration of population over units, year by year.

    Parameters
    ----------
    persons : DataFrame
        Index year, one column per unit; years with a missing unit are left out.
    group : Series
        Index unit, values group (side of the border).

    Returns
    -------
    DataFrame
        Index year; ``total``, ``between``, ``within``.
    """
    complete = persons.dropna()
    rows = [theil_index(row, group) for _, row in complete.iterrows()]
    return pd.DataFrame(rows, index=complete.index)


def primacy(persons: pd.Series, followers: int | None = None) -> float:
    """Weight of the largest city: its share of all, or its size against the sum of the next ``followers``.

    Parameters
    ----------
    persons : Series
        Population by city.
    followers : int, optional
        3 gives the four-city index of Davis; None the share of the total.

    References
    ----------
    Jefferson (1939), *Geographical Review* 29(2), 226–232; Davis (1969, 1972), *World Urbanization 1950–1970*
    (four-city index).
    """
    ordered = ties.by_value(persons, descending=True)
    if followers is None:
        return float(ordered.iloc[0] / ordered.sum())
    if len(ordered) <= followers:
        raise ValueError(f"{followers} followers need {followers + 1} cities, found {len(ordered)}")
    return float(ordered.iloc[0] / ordered.iloc[1 : followers + 1].sum())


def centre_shares(cities: pd.DataFrame, persons: pd.DataFrame, area: pd.DataFrame) -> pd.DataFrame:
    """Share of each region's inhabitants who live in its centre, by year, per cent.

    Parameters
    ----------
    cities : DataFrame
        ``city``, ``unit``, ``year``, ``persons``.
    persons : DataFrame
        Population of the regions: ``unit``, ``year``, ``persons``.
    area : DataFrame
        Index unit; ``centre`` is the name of the city.

    Returns
    -------
    DataFrame
        Index year, columns the units whose centre is among the cities.
    """
    centres = cities[cities["city"] == cities["unit"].map(area["centre"])]
    both = centres.merge(persons, on=["unit", "year"], suffixes=("", "_region"), validate="1:1")
    both["share"] = 100 * both["persons"] / both["persons_region"]
    return both.pivot(index="year", columns="unit", values="share")
