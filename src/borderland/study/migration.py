"""Migration: exchange between places, external migration by subtraction, mirror statistics, breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland import ties
from borderland.study import wording
from borderland.study.frame import select, study_area


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


_WHOLE_YEARS = r"^(\d{4})(?:/(\d{4}))?$"


def russian_emigrants(
    points: pd.DataFrame, departures: pd.Series, population: pd.Series, last: int
) -> pd.DataFrame:
    """Russians among those who left Kazakhstan, period by period, against Russians in its population.

    Parameters
    ----------
    points : DataFrame
        The table ``published_points``.
    departures : Series
        All departures from Kazakhstan by year, as the office counts them.
    population : Series
        Share of Russians in the population by year of count, per cent.
    last : int
        Year in which a period must have ended to count.

    Returns
    -------
    DataFrame
        By ``year`` (the last of the period): ``period``, ``basis`` ("count" over the office's
        departures of those years, or "printed share" for months of a year), ``emigrant_share`` and
        ``population_share`` (per cent), ``population_year`` (of the last count up to then) and ``ratio``.
    """
    counts, shares = (
        rows[rows["unit"] == "KAZ"]
        for rows in (published_counts(points, f"departures-russians{end}") for end in ("", "-share"))
    )
    years = counts["period"].str.extract(_WHOLE_YEARS).ffill(axis=1).dropna().astype(int)
    counts = counts.loc[years.index].assign(year=years[1], basis="count")
    left = [float(departures.loc[first:last].sum()) for first, last in years.to_numpy()]
    counts["emigrant_share"] = 100 * counts["value"] / left
    part = shares[shares["period"].str.contains("-", regex=False)]
    part = part.assign(basis="printed share", emigrant_share=part["value"])
    frame = pd.concat([counts, part], ignore_index=True)
    frame = frame[frame["year"] <= last].sort_values(["year", "period"], ignore_index=True)
    frame["population_year"] = [int(population.loc[:year].index[-1]) for year in frame["year"]]
    frame["population_share"] = population.loc[frame["population_year"]].to_numpy()
    frame["ratio"] = frame["emigrant_share"] / frame["population_share"]
    frame["period"] = frame["period"].str.replace("/", "–")
    columns = ["year", "period", "basis", "emigrant_share", "population_share", "population_year", "ratio"]
    return frame[columns]


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class MirrorCounts:
    """The flows between Kazakhstan and Russia as either country counts them."""

    mirror_first_year: Annotated[int, "d"]
    mirror_last_year: Annotated[int, "d"]
    mirror_years: Annotated[int, "d"]
    mirror_out_first: Annotated[float, ".1f"]
    mirror_out_last: Annotated[float, ".1f"]
    mirror_out_mean: Annotated[float, ".1f"]
    mirror_back_low: Annotated[float, ".0f"]
    mirror_back_high: Annotated[float, ".0f"]
    out_rosstat_2019: Annotated[float, ",.0f"]
    out_kazstat_2019: Annotated[float, ",.0f"]
    out_kazstat_2024: Annotated[float, ",.0f"]
    back_kazstat_2019: Annotated[float, ",.0f"]
    back_kazstat_2023: Annotated[float, ",.0f"]
    back_kazstat_2024: Annotated[float, ",.0f"]
    net_kazstat_2019: Annotated[float, ",.0f"]
    net_kazstat_2023: Annotated[float, ",.0f"]
    net_kazstat_2024: Annotated[float, ",.0f"]
    net_rosstat_2019: Annotated[float, ",.0f"]
    net_rosstat_2022: Annotated[float, ",.0f"]
    net_rosstat_2023: Annotated[float, ",.0f"]


def mirror_counts(
    ratio_out: pd.DataFrame, ratio_back: pd.DataFrame, out: pd.DataFrame, back: pd.DataFrame
) -> MirrorCounts:
    """Take ratios and dated counts out of the mirror statistics."""
    return MirrorCounts(
        mirror_first_year=int(ratio_out.index.min()),
        mirror_last_year=int(ratio_out.index.max()),
        mirror_years=len(ratio_out),
        mirror_out_first=ratio_out["ratio"].iloc[0],
        mirror_out_last=ratio_out["ratio"].iloc[-1],
        mirror_out_mean=float(ratio_out["receiver"].sum() / ratio_out["sender"].sum()),
        mirror_back_low=ratio_back["ratio"].min(),
        mirror_back_high=ratio_back["ratio"].max(),
        out_rosstat_2019=out.loc[2019, "receiver"],
        out_kazstat_2019=out.loc[2019, "sender"],
        out_kazstat_2024=out.loc[2024, "sender"],
        back_kazstat_2019=back.loc[2019, "receiver"],
        back_kazstat_2023=back.loc[2023, "receiver"],
        back_kazstat_2024=back.loc[2024, "receiver"],
        net_kazstat_2019=back.loc[2019, "receiver"] - out.loc[2019, "sender"],
        net_kazstat_2023=back.loc[2023, "receiver"] - out.loc[2023, "sender"],
        net_kazstat_2024=back.loc[2024, "receiver"] - out.loc[2024, "sender"],
        net_rosstat_2019=out.loc[2019, "receiver"] - back.loc[2019, "sender"],
        net_rosstat_2022=out.loc[2022, "receiver"] - back.loc[2022, "sender"],
        net_rosstat_2023=out.loc[2023, "receiver"] - back.loc[2023, "sender"],
    )


@dataclass(frozen=True)
class PartnerExchange:
    """Exchange of Russia with its partners, and the part of Kazakhstan in it."""

    partners: Annotated[int, "d"]
    kaz_arrivals_first: Annotated[float, ",.0f"]
    kaz_arrivals_2010: Annotated[float, ",.0f"]
    kaz_arrivals_last: Annotated[float, ",.0f"]
    kaz_departures_2011: Annotated[float, ",.0f"]
    kaz_departures_last: Annotated[float, ",.0f"]
    kaz_net_last: Annotated[float, ",.0f"]
    kaz_net_sum: Annotated[float, ",.0f"]
    kaz_share_of_net: Annotated[float, ".0f"]
    kaz_share_of_net_before_2011: Annotated[float, ".0f"]
    kaz_share_of_net_from_2011: Annotated[float, ".0f"]
    kaz_effectiveness_2010: Annotated[float, ".0f"]
    kaz_effectiveness_last: Annotated[float, ".0f"]


def partner_exchange(exchanges: Mapping[str, pd.DataFrame], former: Sequence[str]) -> PartnerExchange:
    """Sum up the exchange with each partner."""
    kazakhstan = exchanges["KAZ"]
    total = sum(exchanges[code]["net"] for code in former)
    after = total.index > 2010
    share = 100 * kazakhstan["net"].groupby(after).sum() / total.groupby(after).sum()
    return PartnerExchange(
        partners=len(former),
        kaz_arrivals_first=kazakhstan["arrivals"].iloc[0],
        kaz_arrivals_2010=kazakhstan.loc[2010, "arrivals"],
        kaz_arrivals_last=kazakhstan["arrivals"].iloc[-1],
        kaz_departures_2011=kazakhstan.loc[2011, "departures"],
        kaz_departures_last=kazakhstan["departures"].iloc[-1],
        kaz_net_last=kazakhstan["net"].iloc[-1],
        kaz_net_sum=kazakhstan["net"].sum(),
        kaz_share_of_net=100 * kazakhstan["net"].sum() / total.sum(),
        kaz_share_of_net_before_2011=share[False],
        kaz_share_of_net_from_2011=share[True],
        kaz_effectiveness_2010=kazakhstan.loc[2010, "effectiveness"],
        kaz_effectiveness_last=kazakhstan["effectiveness"].iloc[-1],
    )


@dataclass(frozen=True)
class ExternalExchange:
    """Exchange of Kazakhstan with all other countries by period."""

    external_first_year: Annotated[int, "d"]
    external_last_year: Annotated[int, "d"]
    departures_peak: Annotated[float, ".0f"]
    departures_peak_year: Annotated[int, "d"]
    departures_2019: Annotated[float, ",.0f"]
    departures_last: Annotated[float, ",.0f"]
    net_1991_2003: Annotated[float, ".2f"]
    net_2004_2011: Annotated[float, ".0f"]
    net_2012_2022: Annotated[float, ".0f"]
    turned_year: Annotated[int, "d"]
    net_2023: Annotated[float, ",.0f"]


def external_summary(flows: pd.DataFrame) -> ExternalExchange:
    """Take peaks and sums by period out of the yearly flows."""
    turned = flows.index[(flows["net"] > 0) & (flows.index > 2015)]
    return ExternalExchange(
        external_first_year=int(flows.index[0]),
        external_last_year=int(flows.index[-1]),
        departures_peak=flows["departures"].max() / 1000,
        departures_peak_year=int(ties.highest(flows["departures"])),
        departures_2019=flows.loc[2019, "departures"],
        departures_last=flows["departures"].iloc[-1],
        net_1991_2003=flows.loc[1991:2003, "net"].sum() / 1e6,
        net_2004_2011=flows.loc[2004:2011, "net"].sum() / 1e3,
        net_2012_2022=flows.loc[2012:2022, "net"].sum() / 1e3,
        turned_year=int(turned.min()),
        net_2023=flows.loc[2023, "net"],
    )


@dataclass(frozen=True)
class TurnOfBalance:
    """The balance of the last year, and departures after 2022 against those before (finding C6)."""

    net_last: Annotated[float, ",.0f"]
    departures_ratio: Annotated[float, ".2f"]


def turn_of_balance(flows: pd.DataFrame) -> TurnOfBalance:
    """Compare mean departures of 2022–2024 with those of 2017–2019."""
    return TurnOfBalance(
        net_last=flows.loc[2024, "net"],
        departures_ratio=float(
            flows.loc[2022:2024, "departures"].mean() / flows.loc[2017:2019, "departures"].mean()
        ),
    )


@dataclass(frozen=True)
class BorderBalance:
    """Balance of the Kazakh border regions, inside the country and abroad."""

    balance_first: Annotated[int, "d"]
    balance_last: Annotated[int, "d"]
    border_all: Annotated[float, ",.0f"]
    border_internal: Annotated[float, ",.0f"]
    border_external: Annotated[float, ",.0f"]
    border_internal_share: Annotated[float, ".0f"]
    border_regions: Annotated[int, "d"]
    border_losing: Annotated[int, "d"]
    border_losing_abroad: Annotated[int, "d"]
    border_losing_abroad_names: str
    regions_gaining: str


def border_balance(
    balance: pd.DataFrame, area: pd.DataFrame, balance_first: int, balance_last: int
) -> BorderBalance:
    """Sum up the regional balance over the border regions."""
    border = balance.loc[[unit for unit in area.index if unit in balance.index]]
    losing_abroad = border.loc[border["external"] < 0, "name"]
    return BorderBalance(
        balance_first=balance_first,
        balance_last=balance_last,
        border_all=border["all"].sum(),
        border_internal=border["internal"].sum(),
        border_external=border["external"].sum(),
        border_internal_share=100 * border["internal"].sum() / border["all"].sum(),
        border_regions=len(border),
        border_losing=int((border["all"] < 0).sum()),
        border_losing_abroad=int((border["external"] < 0).sum()),
        border_losing_abroad_names=wording.listed(losing_abroad),
        regions_gaining=wording.listed(balance.loc[balance["all"] > 0, "name"]),
    )


@dataclass(frozen=True)
class NorthBalance:
    """Balance of North Kazakhstan (finding C3)."""

    net: Annotated[float, ",.0f"]
    internal_share: Annotated[float, ".2f"]
    external: Annotated[float, ",.0f"]


def north_balance(balance: pd.DataFrame, boundary: str) -> NorthBalance:
    """Take North Kazakhstan out of the regional balance."""
    north = balance.loc["KZ-59" if boundary == "current-20" else "KZ-SEV"]
    return NorthBalance(
        net=north["all"],
        internal_share=north["internal"] / north["all"],
        external=north["external"],
    )


@dataclass(frozen=True)
class NorthWindow:
    """Departures abroad of North Kazakhstan over 2000–2021 against its net loss (finding C3)."""

    departures: Annotated[float, ",.0f"]  # abroad, published as a sum
    to_russia: Annotated[float, ",.0f"]
    net: Annotated[float, ",.0f"]  # of all flows, over the years with a figure
    years: Annotated[int, "d"]
    years_without: str
    to_russia_ratio: Annotated[float, ".2f"]  # departures to Russia over the net loss
    abroad_ratio: Annotated[float, ".2f"]


def north_window(points: pd.DataFrame, components: pd.DataFrame) -> NorthWindow:
    """Compare departures added up by the regional office with the region's net loss by all flows.

    Departures are gross: what came back from abroad could not be read for this study, so the ratios bound
    the part of the outside in the loss from above.

    Parameters
    ----------
    components : DataFrame
        ``unit``, ``year``, ``migration`` (persons, missing where not derivable), with North Kazakhstan.
    """
    first, last = 2000, 2021
    abroad, to_russia = (
        float(rows.loc[rows["unit"].eq("KZ-SEV") & rows["period"].eq(f"{first}/{last}"), "value"].iloc[0])
        for rows in (published_counts(points, f"departures{end}") for end in ("", "-to-russia"))
    )
    net = select(components, first, last, unit="KZ-SEV").set_index("year")["migration"].astype(float)
    missing = sorted({*range(first, last + 1)} - {*net.dropna().index})
    return NorthWindow(
        departures=abroad,
        to_russia=to_russia,
        net=net.sum(),
        years=int(net.notna().sum()),
        years_without=wording.listed(str(year) for year in missing),
        to_russia_ratio=to_russia / -net.sum(),
        abroad_ratio=abroad / -net.sum(),
    )


@dataclass(frozen=True)
class Settlement:
    """Persons settled by policy against the natural change of the same regions (claim A5)."""

    year: Annotated[int, "d"]
    settled: Annotated[float, ",.0f"]
    regions: Annotated[int, "d"]
    natural: Annotated[float, ",.0f"]
    kaz_ratio: Annotated[float, ".2f"]
    kaz_ratio_net: Annotated[float, ".2f"]
    rus_points: Annotated[int, "d"]  # border regions with a count of the programme
    rus_regions_named: str
    rus_year: Annotated[int, "d"]
    rus_settled: Annotated[float, ",.0f"]
    rus_natural: Annotated[float, ",.0f"]
    rus_ratio: Annotated[float, ".2f"]
    programme_total: Annotated[float, ",.0f"]
    programme_year: Annotated[float, ",.0f"]  # moved to Russia in the year of the regional counts


def settlement(
    points: pd.DataFrame,
    regions: pd.DataFrame,
    border_set: str,
    vital_events: pd.DataFrame,
    area: pd.DataFrame,
) -> Settlement:
    """Compare the last northern quota, and the last counts of the compatriots programme, with natural change.

    Ratios are over births less deaths of the same regions and year, gains and losses counted by size.
    """
    quota = published_counts(points, "kandas-under-northern-quota")
    year = int(quota["year"].max())
    sixteen = study_area(regions, border_set=border_set)
    settled = quota[(quota["year"] == year) & quota["unit"].isin(sixteen.index)].set_index("unit")["value"]
    natural = _natural(vital_events, year, settled.index)
    moved = published_counts(points, "compatriots-moved-to-region")
    moved = moved[moved["unit"].isin(area.index[area["country"] == "RUS"])]
    rus_year = int(moved["year"].max())
    moved = moved[moved["year"] == rus_year].set_index("unit")["value"]
    rus_natural = _natural(vital_events, rus_year, moved.index)
    in_year = published_counts(points, "compatriots-moved-in-the-year").set_index("year")["value"]
    return Settlement(
        year=year,
        settled=settled.sum(),
        regions=len(settled),
        natural=natural.sum(),
        kaz_ratio=float(settled.sum() / natural.abs().sum()),
        kaz_ratio_net=float(settled.sum() / abs(natural.sum())),
        rus_points=len(moved),
        rus_regions_named=wording.listed(area.loc[moved.index, "name"]),
        rus_year=rus_year,
        rus_settled=moved.sum(),
        rus_natural=rus_natural.sum(),
        rus_ratio=float(moved.sum() / rus_natural.abs().sum()),
        programme_total=float(published_counts(points, "compatriots-moved-to-russia")["value"].max()),
        programme_year=float(in_year[rus_year]),
    )


def _natural(vital_events: pd.DataFrame, year: int, units: pd.Index) -> pd.Series:
    """Births less deaths of units in a year."""
    events = select(vital_events, year, year).set_index("unit")
    return (events["births"] - events["deaths"]).astype(float).reindex(units)


@dataclass(frozen=True)
class Emigrants:
    """Russians among emigrants against Russians in the population (claim A8): the last point, and all."""

    year: Annotated[int, "d"]
    emigrant_share: Annotated[float, ".0f"]
    population_share: Annotated[float, ".1f"]
    population_year: Annotated[int, "d"]
    russian_ratio: Annotated[float, ".1f"]
    points: Annotated[int, "d"]
    first_year: Annotated[int, "d"]
    share_lowest: Annotated[float, ".0f"]
    share_highest: Annotated[float, ".0f"]
    ratio_low: Annotated[float, ".1f"]
    ratio_high: Annotated[float, ".1f"]


def emigrants(series: pd.DataFrame) -> Emigrants:
    """Take the last point and the range out of :func:`russian_emigrants`."""
    last = series.iloc[-1]
    return Emigrants(
        year=int(last["year"]),
        emigrant_share=float(last["emigrant_share"]),
        population_share=float(last["population_share"]),
        population_year=int(last["population_year"]),
        russian_ratio=float(last["ratio"]),
        points=len(series),
        first_year=int(series["period"].str[:4].astype(int).min()),
        share_lowest=series["emigrant_share"].min(),
        share_highest=series["emigrant_share"].max(),
        ratio_low=series["ratio"].min(),
        ratio_high=series["ratio"].max(),
    )
