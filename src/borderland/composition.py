"""Composition and concentration: shares, segregation, diversity, Theil's index, primacy.

Counts are persons; ``counts`` frames have one row per unit (district, region) and one column per group.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import xlogy


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


def fractionalisation(counts: pd.DataFrame) -> pd.Series:
    """Chance that two persons drawn at random (with replacement) from a unit belong to different groups.

    References
    ----------
    Alesina, Devleeschauwer, Easterly, Kurlat & Wacziarg (2003), *Journal of Economic Growth* 8, equation 1.
    """
    values = _checked(counts)
    shares = values / values.sum(axis=1, keepdims=True)
    return pd.Series(1 - (shares**2).sum(axis=1), index=counts.index)


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
    ordered = persons.sort_values(ascending=False)
    if followers is None:
        return float(ordered.iloc[0] / ordered.sum())
    if len(ordered) <= followers:
        raise ValueError(f"{followers} followers need {followers + 1} cities, found {len(ordered)}")
    return float(ordered.iloc[0] / ordered.iloc[1 : followers + 1].sum())


def share(counts: pd.DataFrame, group: str, exclude: str | None = None) -> pd.Series:
    """Share of a group in each unit's total, in per cent.

    Parameters
    ----------
    counts : DataFrame
        One row per unit, one column per group, among them ``total``.
    group : str
        Column whose share is wanted.
    exclude : str, optional
        Column taken out of the denominator (``"not-stated"``: share of those who stated a group).
    """
    denominator = counts["total"] - (counts[exclude] if exclude else 0)
    return 100 * counts[group] / denominator
