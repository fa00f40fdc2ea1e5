"""Ethnic composition of the two sides at dated counts."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pandas as pd

from borderland import ties
from borderland.methods.decomposition import contributions
from borderland.methods.segregation import (
    counts_by,
    dissimilarity_index,
    entropy,
    information_theory_index,
    percentages,
    shares_over_time,
)
from borderland.study import wording
from borderland.study.frame import outline


def counted(national: pd.DataFrame, first: int | None = None) -> pd.DataFrame:
    """Rows of ``ethnicity_national`` that were counted (census or register), from a first year on."""
    kept = national["basis"].isin(["census", "register"])
    return national[kept if first is None else kept & (national["year"] >= first)]


def russian_share(national: pd.DataFrame) -> pd.Series:
    """Share of Russians in the population by year of count, per cent, from ``ethnicity_national``."""
    return shares_over_time(counted(national), ["russian"])["russian"]


def carried_forward(national: pd.DataFrame) -> pd.Series:
    """The last estimate of the share of Russians on the base of the census of 2009: a row of the table."""
    estimates = national[(national["basis"] == "estimate") & (national["group"] == "russian")]
    return estimates.sort_values("year", kind="stable").iloc[-1]


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
    """Distance between the sides in the share of Russians, and the range of its change, percentage points."""

    first: float
    last: float
    change: float  # as printed: all inhabitants of 2010, those who stated of 2021
    low: float  # all inhabitants at both dates
    low_before_recount: float  # the same, Kazakhstan as carried forward from its census of 2009


def russian_gap(
    kazakhstan: pd.Series, carried_forward: float, then: pd.DataFrame, now: pd.DataFrame, totals: pd.Series
) -> Gap:
    """Share of Russians on the Russian side less that in Kazakhstan, censuses of 2009–10 and of 2021.

    How many stated no nationality in 2010 is not in the source, so that its shares are of all inhabitants.
    The change with those who stated as denominator in 2021 alone is therefore the most it can be, for some
    were silent in 2010 too; with all inhabitants at both dates it is the least, as if of the many silent of
    2021 nobody were Russian.

    Parameters
    ----------
    kazakhstan : Series
        Share of Russians in Kazakhstan by census year, per cent.
    carried_forward : float
        The last estimate of that share on the base of the census of 2009.
    then, now : DataFrame
        Counts of the Russian border regions in 2010 and 2021, from
        :func:`borderland.methods.segregation.counts_by`.
    totals : Series
        All inhabitants of the same regions in 2021, those who stated no nationality included.
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
        float(side_low - carried_forward - first),
    )


class RussianCounts(NamedTuple):
    """The Russian border regions at two censuses, from :func:`borderland.methods.segregation.counts_by`."""

    then: pd.DataFrame  # 2010, of all inhabitants
    now: pd.DataFrame  # 2021, of those who stated
    inhabitants: pd.Series  # of 2021, those who stated none included
    silent: pd.Series  # per cent of them that stated none


def russian_counts(table: pd.DataFrame, area: pd.DataFrame) -> RussianCounts:
    """Counts of Kazakhs, Russians and Tatars in the Russian border regions, 2010 and 2021.

    Parameters
    ----------
    table : DataFrame
        The table ``ethnicity_ru_regions``.
    area : DataFrame
        Index unit: the border regions.
    """
    kept = ["kazakh", "russian", "tatar"]
    then = outline(table[table["year"] == 2010], ["persons"])
    now = table[(table["year"] == 2021) & table["unit"].isin(area.index)]
    persons = now.set_index(["group", "unit"])["persons"]
    return RussianCounts(
        counts_by(then[then["unit"].isin(area.index)], "unit", kept),
        counts_by(now, "unit", kept),
        persons.loc["total"],
        100 * persons.loc["not-stated"] / persons.loc["total"],
    )


def russian_table(counts: RussianCounts, area: pd.DataFrame) -> pd.DataFrame:
    """Kazakhs and Russians of each Russian border region at both censuses: persons and shares, per cent."""
    then, now = percentages(counts.then), percentages(counts.now)
    return area.loc[area["country"] == "RUS", ["name"]].assign(
        kazakhs_then=counts.then["kazakh"],
        kazakhs_now=counts.now["kazakh"],
        share_then=then["kazakh"],
        share_now=now["kazakh"],
        russian_then=then["russian"],
        russian_now=now["russian"],
        silent=counts.silent,
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


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class NationalComposition:
    """Kazakhs and Russians of Kazakhstan at the counts since 1989: per cent, millions, thousands."""

    kazakh_1989: Annotated[float, ".1f"]
    russian_1989: Annotated[float, ".1f"]
    kazakh_2009: Annotated[float, ".1f"]
    russian_2009: Annotated[float, ".1f"]
    kazakh_2021: Annotated[float, ".1f"]
    russian_2021: Annotated[float, ".1f"]
    kazakh_last: Annotated[float, ".1f"]
    russian_last: Annotated[float, ".1f"]
    last_year: Annotated[int, "d"]
    russians_1989: Annotated[float, ".2f"]
    russians_2021: Annotated[float, ".2f"]
    germans_1989: Annotated[float, ",.0f"]
    germans_1999: Annotated[float, ",.0f"]
    estimate_year: Annotated[int, "d"]
    estimate_russian: Annotated[float, ".1f"]
    recount_step: Annotated[float, ".1f"]


def national_composition(
    census: pd.DataFrame, national: pd.DataFrame, shares: pd.DataFrame
) -> NationalComposition:
    """Take dated shares and numbers out of the censuses, and the last estimate before the recount."""
    persons = census.pivot(index="year", columns="group", values="persons")
    last_estimate = carried_forward(national)
    return NationalComposition(
        kazakh_1989=shares.loc[1989, "kazakh"],
        russian_1989=shares.loc[1989, "russian"],
        kazakh_2009=shares.loc[2009, "kazakh"],
        russian_2009=shares.loc[2009, "russian"],
        kazakh_2021=shares.loc[2021, "kazakh"],
        russian_2021=shares.loc[2021, "russian"],
        kazakh_last=shares["kazakh"].iloc[-1],
        russian_last=shares["russian"].iloc[-1],
        last_year=int(shares.index[-1]),
        russians_1989=persons.loc[1989, "russian"] / 1e6,
        russians_2021=persons.loc[2021, "russian"] / 1e6,
        germans_1989=persons.loc[1989, "german"] / 1e3,
        germans_1999=persons.loc[1999, "german"] / 1e3,
        estimate_year=int(last_estimate["year"]),
        estimate_russian=float(last_estimate["share"]),
        recount_step=float(last_estimate["share"]) - shares.loc[2021, "russian"],
    )


@dataclass(frozen=True)
class FallBeforeRecount:
    """Fall of the share of Russians that no recount made (claim A2)."""

    fall_before_recount: Annotated[float, ".1f"]


def fall_before_recount(national: pd.DataFrame, shares: pd.DataFrame) -> FallBeforeRecount:
    """Compare the census of 2009 with the last estimate on its base, percentage points."""
    return FallBeforeRecount(
        fall_before_recount=shares.loc[2009, "russian"] - float(carried_forward(national)["share"]),
    )


@dataclass(frozen=True)
class RussianShareParts:
    """What moved the share of Russians in Kazakhstan between the censuses of 2009 and 2021, points."""

    total: Annotated[float, ".1f"]
    fewer_russians: Annotated[float, ".1f"]  # by their number, at the number of all others
    more_others: Annotated[float, ".1f"]
    recount: Annotated[float, ".1f"]  # the census less the estimate carried forward to it
    before_recount: Annotated[float, ".1f"]
    migration: Annotated[float, ".1f"]  # registered net migration of Russians, in the years known
    migration_persons: Annotated[float, ",.0f"]
    migration_period: str
    rest: Annotated[float, ".1f"]  # before the recount, less that migration
    russians_change: Annotated[float, ",.0f"]  # thousands
    others_change: Annotated[float, ",.0f"]


_MIGRATION_KNOWN = "2011/2015"


def russian_share_parts(
    census: pd.DataFrame, carried_forward: float, points: pd.DataFrame
) -> RussianShareParts:
    """Take the change of the share apart as far as published figures reach.

    The component method asks births, deaths and migration by nationality for every year between the
    censuses. For this study could be read: net migration of Russians as a sum over 2011–2015, and the
    estimate carried forward from the census of 2009, which holds all three components. Births and deaths by
    nationality, and migration by nationality of the other years in both directions, could not; they are the
    rest.

    Parameters
    ----------
    census : DataFrame
        ``year``, ``group``, ``persons`` of the counts, with total.
    carried_forward : float
        Last estimate of the share on the base of 2009, per cent.
    points : DataFrame
        The table ``published_points``.

    References
    ----------
    Das Gupta (1993), *Standardization and Decomposition of Rates* (number of Russians and of all others).
    """
    persons = census.pivot(index="year", columns="group", values="persons").astype(float)
    russians, everyone = (persons.loc[[2009, 2021], group] for group in ("russian", "total"))
    numbers = pd.DataFrame({"russians": russians, "others": everyone - russians})
    then, now = numbers.to_dict("records")

    def share(russians: float, others: float) -> float:
        return 100 * russians / (russians + others)

    first, last = share(**then), share(**now)
    parts = contributions(share, then, now)
    known = points[points["unit"].eq("KAZ") & points["period"].eq(_MIGRATION_KNOWN)]
    known = known.set_index("indicator")["value"]
    net = float(known["arrivals-russians"] - known["departures-russians"])
    moved = share(then["russians"] + net, then["others"]) - first
    return RussianShareParts(
        total=last - first,
        fewer_russians=parts["russians"],
        more_others=parts["others"],
        recount=last - carried_forward,
        before_recount=carried_forward - first,
        migration=moved,
        migration_persons=net,
        migration_period=_MIGRATION_KNOWN.replace("/", "–"),
        rest=carried_forward - first - moved,
        russians_change=(now["russians"] - then["russians"]) / 1e3,
        others_change=(now["others"] - then["others"]) / 1e3,
    )


@dataclass(frozen=True)
class BorderComposition:
    """Kazakhs and Russians in the Kazakh border regions by the register."""

    border_kazakh: Annotated[float, ".1f"]
    border_russian: Annotated[float, ".1f"]
    border_russian_low: Annotated[float, ".1f"]
    border_russian_low_region: str
    border_russian_high: Annotated[float, ".1f"]
    border_russian_high_region: str
    border_part_of_russians: Annotated[float, ".0f"]
    more_russians_than_kazakhs: str
    entropy_border_high_region: str


def border_composition(
    border_counts: pd.DataFrame,
    border_shares: pd.DataFrame,
    area: pd.DataFrame,
    counted: pd.DataFrame,
    mixture: pd.Series,
) -> BorderComposition:
    """Take the extremes of the border regions out of the counts by region."""
    kazakh_side = percentages(border_counts.sum().to_frame().T).iloc[0]
    more_russians = border_shares.index[border_shares["russian"] > border_shares["kazakh"]]
    return BorderComposition(
        border_kazakh=kazakh_side["kazakh"],
        border_russian=kazakh_side["russian"],
        border_russian_low=border_shares["russian"].min(),
        border_russian_low_region=area.loc[ties.lowest(border_shares["russian"]), "name"],
        border_russian_high=border_shares["russian"].max(),
        border_russian_high_region=area.loc[ties.highest(border_shares["russian"]), "name"],
        border_part_of_russians=100 * border_counts["russian"].sum() / counted["russian"].sum(),
        more_russians_than_kazakhs=wording.listed(area.loc[more_russians, "name"]),
        entropy_border_high_region=area.loc[ties.highest(mixture), "name"],
    )


@dataclass(frozen=True)
class DistrictComposition:
    """Where the largest share of Russians among districts lies."""

    districts: Annotated[int, "d"]
    districts_russian_majority: Annotated[int, "d"]
    district_russian_high: Annotated[float, ".0f"]
    district_russian_high_name: str


def district_composition(mapped: pd.DataFrame, districts: pd.DataFrame) -> DistrictComposition:
    """Count districts with a majority of Russians and find the largest share."""
    return DistrictComposition(
        districts=len(mapped),
        districts_russian_majority=int((mapped["russian"] > 50).sum()),
        district_russian_high=mapped["russian"].max(),
        district_russian_high_name=districts.loc[ties.highest(mapped["russian"]), "name"],
    )


@dataclass(frozen=True)
class Segregation:
    """How far Kazakhs and Russians live apart, over all districts and within border regions."""

    dissimilarity_country: Annotated[float, ".2f"]
    information_country: Annotated[float, ".2f"]
    dissimilarity_border_low: Annotated[float, ".2f"]
    dissimilarity_border_high: Annotated[float, ".2f"]


def segregation_summary(
    of_district: pd.DataFrame, groups: list[str], border_within: pd.DataFrame
) -> Segregation:
    """Compute the indices over all districts, and the range of those within border regions."""
    apart = dissimilarity_index(of_district["kazakh"], of_district["russian"])
    return Segregation(
        dissimilarity_country=apart,
        information_country=information_theory_index(of_district[[*groups, "other"]]),
        dissimilarity_border_low=border_within["dissimilarity"].min(),
        dissimilarity_border_high=border_within["dissimilarity"].max(),
    )


_RECOUNT = 2021  # census that counted nationality anew


@dataclass(frozen=True)
class DatedShares:
    """Regions with two dated shares of Russians, and how many of the shares fall (claim A2)."""

    regions_compared: Annotated[int, "d"]
    regions_falling_share: Annotated[float, ".2f"]
    regions_over_recount: Annotated[int, "d"]  # whose dates lie on either side of the recount of 2021
    regions_named: str
    regions_without: str


def dated_summary(dated: pd.DataFrame, names: pd.Series) -> DatedShares:
    """Compare the first and the last dated share of each region."""
    compared = first_and_last(dated)
    undated = set(dated["unit"]) - set(compared.index)
    # an estimate is carried forward from the census of 2009, whatever its year
    recounted = dated["year"].ge(_RECOUNT) & dated["basis"].ne("estimate")
    by_date = (
        dated.assign(recounted=recounted).sort_values("year", kind="stable").groupby("unit")["recounted"]
    )
    over = by_date.last() & ~by_date.first()
    return DatedShares(
        regions_compared=len(compared),
        regions_falling_share=float((compared["change"] < 0).mean()),
        regions_over_recount=int(over[compared.index].sum()),
        regions_named=wording.listed(names[unit] for unit in compared.index),
        regions_without=wording.listed(names[sorted(undated)]),
    )


@dataclass(frozen=True)
class RussianSide:
    """Kazakhs on the Russian side in 2010 and 2021."""

    kazakhs_rus_side_2010: Annotated[float, ",.0f"]
    kazakhs_rus_side_2021: Annotated[float, ",.0f"]
    kazakhs_rus_side_change: Annotated[float, ".1f"]
    kazakhs_russia_2010: Annotated[float, ",.0f"]
    kazakhs_rus_side_part: Annotated[float, ".0f"]
    kazakh_share_rising: Annotated[int, "d"]
    kazakh_share_high: Annotated[float, ".1f"]
    kazakh_share_high_region: str
    silent_low: Annotated[float, ".1f"]
    silent_high: Annotated[float, ".1f"]


def russian_side(counts: RussianCounts, russia_kazakhs: pd.Series, both: pd.DataFrame) -> RussianSide:
    """Compare both censuses, persons and shares, and say how many stated no nationality.

    Parameters
    ----------
    russia_kazakhs : Series
        Kazakhs in Russia by census year.
    both : DataFrame
        From :func:`russian_table`.
    """
    then, now, _, silent = counts
    return RussianSide(
        kazakhs_rus_side_2010=then["kazakh"].sum(),
        kazakhs_rus_side_2021=now["kazakh"].sum(),
        kazakhs_rus_side_change=100 * (now["kazakh"].sum() / then["kazakh"].sum() - 1),
        kazakhs_russia_2010=russia_kazakhs[2010],
        kazakhs_rus_side_part=100 * then["kazakh"].sum() / russia_kazakhs[2010],
        kazakh_share_rising=int((both["share_now"] > both["share_then"]).sum()),
        kazakh_share_high=both["share_now"].max(),
        kazakh_share_high_region=both.loc[ties.highest(both["share_now"]), "name"],
        silent_low=silent.min(),
        silent_high=silent.max(),
    )


@dataclass(frozen=True)
class GapOfSides:
    """Distance of the sides in the share of Russians, percentage points (claim A2)."""

    gap_first: Annotated[float, ".1f"]
    gap_last: Annotated[float, ".1f"]
    gap_change: Annotated[float, ".1f"]
    gap_change_low: Annotated[float, ".1f"]
    gap_low_before_recount: Annotated[float, ".1f"]


def gap_of_sides(counts: RussianCounts, shares: pd.DataFrame, carried: float) -> GapOfSides:
    """Word :func:`russian_gap` for the text."""
    gap = russian_gap(shares["russian"], carried, counts.then, counts.now, counts.inhabitants)
    return GapOfSides(
        gap_first=gap.first,
        gap_last=gap.last,
        gap_change=gap.change,
        gap_change_low=gap.low,
        gap_low_before_recount=gap.low_before_recount,
    )


@dataclass(frozen=True)
class SidesApart:
    """Difference of the two compositions and their entropy, first and last."""

    sides_dissimilarity_first: Annotated[float, ".2f"]
    sides_dissimilarity_last: Annotated[float, ".2f"]
    entropy_kazakhstan_first: Annotated[float, ".2f"]
    entropy_kazakhstan_last: Annotated[float, ".2f"]


def sides_apart(sides: pd.DataFrame) -> SidesApart:
    """Take the first and the last date out of :func:`sides_compared`."""
    return SidesApart(
        sides_dissimilarity_first=sides.loc["2009–2010", "dissimilarity"],
        sides_dissimilarity_last=sides.loc["2021", "dissimilarity"],
        entropy_kazakhstan_first=sides.loc["2009–2010", "entropy_kazakhstan"],
        entropy_kazakhstan_last=sides.loc["2021", "entropy_kazakhstan"],
    )
