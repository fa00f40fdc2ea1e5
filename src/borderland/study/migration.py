"""Migration: exchange between places, external migration by subtraction, mirror statistics, breaks."""

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


def exchange_with(partners: pd.DataFrame, partner: str) -> pd.DataFrame:
    """Exchange of the reporting country with one partner by year, from the long table of partners.

    Parameters
    ----------
    partners : DataFrame
        ``partner``, ``year``, ``direction`` ("arrivals" or "departures"), ``persons``.

    Returns
    -------
    DataFrame
        Index year; columns as :func:`exchange` gives them.
    """
    rows = partners[partners["partner"] == partner]
    if rows.empty:
        raise ValueError(f"no migration with partner {partner!r}")
    flows = rows.pivot(index="year", columns="direction", values="persons").astype(float)
    return exchange(flows["arrivals"], flows["departures"])


def directions(reports: pd.DataFrame, one: str, other: str) -> dict[tuple[str, str], pd.DataFrame]:
    """Both flows between two countries as both count them.

    Parameters
    ----------
    reports : DataFrame
        ``reporter``, ``partner``, ``year``, ``direction``, ``persons``; each move may stand twice, with the
        country it leaves and the one it enters.
    one, other : str
        The two countries.

    Returns
    -------
    dict
        (origin, destination) to a frame with index year and columns ``receiver`` and ``sender``: what the
        destination counted as arrivals and the origin as departures; missing where only one counted.
    """
    keyed = (
        reports.set_index(["reporter", "partner", "direction", "year"])["persons"].astype(float).sort_index()
    )
    return {
        (origin, destination): pd.DataFrame(
            {
                "receiver": keyed.get((destination, origin, "arrivals"), pd.Series(dtype=float)),
                "sender": keyed.get((origin, destination, "departures"), pd.Series(dtype=float)),
            }
        )
        for origin, destination in ((one, other), (other, one))
    }


def joined_reports(partners: pd.DataFrame, reports: pd.DataFrame) -> pd.DataFrame:
    """Extend one country's own long series by what both countries report to a common office.

    Where both give a figure they must agree, otherwise the series must not be joined.

    Parameters
    ----------
    partners, reports : DataFrame
        ``reporter``, ``partner``, ``year``, ``direction``, ``persons``.
    """
    key = ["reporter", "partner", "year", "direction"]
    shared = partners.merge(reports, on=key, suffixes=("", "_reported"))
    differing = shared[shared["persons"] != shared["persons_reported"]]
    if len(differing):
        row = differing.iloc[0]
        raise ValueError(
            f"{row['direction']} of {row['reporter']}, partner {row['partner']}, {row['year']}: "
            f"{row['persons']} and {row['persons_reported']} cannot be one series"
        )
    columns = [*key, "persons"]
    return pd.concat([partners[columns], reports[columns]]).drop_duplicates(key, ignore_index=True)


def stacked_directions(both: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Stack the flows of :func:`directions` under each other, with their origin and destination."""
    parts = [
        flows.rename_axis("year").reset_index().assign(origin=origin, destination=destination)
        for (origin, destination), flows in both.items()
    ]
    return pd.concat(parts, ignore_index=True)[["year", "origin", "destination", "receiver", "sender"]]


def external_exchange(external: pd.DataFrame) -> pd.DataFrame:
    """Exchange of Kazakhstan with all other countries by year, from the table ``kz_external_migration``."""
    totals = external[external["partner_group"] == "total"]
    flows = totals.pivot(index="year", columns="direction", values="persons").astype(float)
    return exchange(flows["arrivals"], flows["departures"])


def published_counts(points: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """Rows of the published single points of one indicator; none is an error that names it."""
    rows = points[points["indicator"] == indicator]
    if rows.empty:
        raise ValueError(f"no published point of {indicator!r}")
    return rows


def regional_balance(
    net_migration: pd.DataFrame, persons: pd.DataFrame, boundary: str, first: int, last: int
) -> pd.DataFrame:
    """Net migration of Kazakh regions over a period, inside the country and across its borders.

    Parameters
    ----------
    net_migration : DataFrame
        The table ``net_migration``; both flows "all" and "internal" must be there for every year.
    persons : DataFrame
        ``unit``, ``year``, ``persons`` (mean population).
    boundary : {"constant-16", "current-20"}
        Division of Kazakhstan.

    Returns
    -------
    DataFrame
        Index unit; ``all``, ``internal``, ``external`` (persons over the period; external is derived by
        subtraction) and the same with ``_rate`` (per 1,000 inhabitants and year).
    """
    kept = net_migration[(net_migration["boundary"] == boundary) & net_migration["year"].between(first, last)]
    flows = kept.pivot(index=["unit", "year"], columns="flow", values="persons")
    if flows[["all", "internal"]].isna().any(axis=None):
        unit, year = flows.index[flows[["all", "internal"]].isna().any(axis=1)][0]
        raise ValueError(f"both flows are needed: {unit} in {year} has only one")
    flows["external"] = external_by_subtraction(flows["all"], flows["internal"])
    flows = flows.astype(float)
    exposure = persons.set_index(["unit", "year"])["persons"].reindex(flows.index)
    totals = flows.groupby("unit").sum()
    person_years = exposure.groupby("unit").sum()
    rates = 1000 * totals.div(person_years, axis=0)
    return totals.join(rates.add_suffix("_rate"))
