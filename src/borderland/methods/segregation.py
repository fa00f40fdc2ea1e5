"""Shares, segregation, diversity, Theil's index and primacy.

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


def concentration_without(persons: pd.DataFrame, group: pd.Series) -> pd.Series:
    """Change of Theil's index, first to last year, with each unit left out in turn.

    Whole countries' border regions are no sample, so the change has no sampling error; how far it hangs on a
    single unit is what can be said of its certainty.

    Parameters
    ----------
    persons, group
        As in :func:`concentration`.

    Returns
    -------
    Series
        Index unit left out; change of the total in per cent of its first value.
    """
    changes = {}
    for unit in persons.columns:
        total = concentration(persons.drop(columns=unit), group)["total"]
        changes[unit] = 100 * (total.iloc[-1] / total.iloc[0] - 1)
    return pd.Series(changes, dtype=float)


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
