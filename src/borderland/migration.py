"""Migration: exchange between places, external migration by subtraction, mirror statistics, breaks."""

from collections.abc import Iterable

import numpy as np
import pandas as pd


def exchange(arrivals: pd.Series, departures: pd.Series) -> pd.DataFrame:
    """Net, turnover and effectiveness of an exchange of migrants.

    Returns
    -------
    DataFrame
        ``arrivals``, ``departures``, ``net`` (arrivals − departures), ``turnover`` (sum), all persons, and
        ``effectiveness`` = 100 net / turnover, from −100 (only departures) to 100 (only arrivals).

    References
    ----------
    Shryock, Siegel & Associates (1976), *The Methods and Materials of Demography* (effectiveness of
    migration streams).
    """
    frame = pd.concat([arrivals.rename("arrivals"), departures.rename("departures")], axis=1)
    frame["net"] = frame["arrivals"] - frame["departures"]
    frame["turnover"] = frame["arrivals"] + frame["departures"]
    frame["effectiveness"] = 100 * frame["net"] / frame["turnover"].where(frame["turnover"] > 0)
    return frame


def external_by_subtraction(net_all: pd.Series, net_internal: pd.Series) -> pd.Series:
    """External net migration of regions: all flows less flows inside the country (derived, not published).

    Both series share an index (unit, year); pairs missing on either side have no result.
    """
    both = pd.concat([net_all.rename("all"), net_internal.rename("internal")], axis=1, join="inner")
    return (both["all"] - both["internal"]).rename("external")


def mirror_statistics(receiver: pd.Series, sender: pd.Series) -> pd.DataFrame:
    """Set what the receiving country counts beside what the sending country counts of the same flow.

    Neither is chosen: the sender misses those who leave without deregistering, the receiver counts by its own
    definition of a migrant.

    Returns
    -------
    DataFrame
        ``receiver``, ``sender``, ``ratio`` (receiver / sender) and ``log_ratio``, for the years both counted.

    References
    ----------
    Kupiszewska & Nowok (2008), in Raymer & Willekens, *International Migration in Europe* (double entry
    matrix).
    """
    frame = pd.concat([receiver.rename("receiver"), sender.rename("sender")], axis=1, join="inner").dropna()
    frame["ratio"] = frame["receiver"] / frame["sender"].where(frame["sender"] > 0)
    frame["log_ratio"] = np.log(frame["ratio"].where(frame["ratio"] > 0))
    return frame


def split_at_breaks(series: pd.Series, breaks: Iterable[int]) -> list[pd.Series]:
    """Cut a yearly series into the pieces between breaks; a break year opens the new piece.

    No value is lost or repeated: a trend or a line is drawn within pieces only.
    """
    starts = sorted(set(breaks))
    piece = np.searchsorted(starts, series.index.to_numpy(), side="right")
    return [series[piece == number] for number in np.unique(piece)]


def change_between(series: pd.Series, before: Iterable[int], after: Iterable[int]) -> float:
    """Mean of the years after less the mean of the years before; every named year must be present."""
    wanted = [*before, *after]
    missing = [year for year in wanted if year not in series.index or pd.isna(series[year])]
    if missing:
        raise ValueError(f"no value for {', '.join(map(str, missing))}")
    return float(series[list(after)].mean() - series[list(before)].mean())
