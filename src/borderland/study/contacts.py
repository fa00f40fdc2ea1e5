"""Cross-border contact: shopping against the exchange rate, students and trips as single published points."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland import ties
from borderland.study.frame import COUNTRY_NAME

STUDENT_COUNTS = {
    "students-from-kazakhstan": "count, start of the school year",
    "students-from-kazakhstan-year-end": "count, end of the school year",
    "students-from-kazakhstan-at-least": "lower bound by an observer",
}
TRIP_COUNTS = {
    "trips-kazakhstan-to-russia": "Kazakhstan to Russia",
    "trips-russia-to-kazakhstan": "Russia to Kazakhstan",
    "entries-russia-to-kazakhstan": "Russia to Kazakhstan",
}


def rate_change(rates: pd.DataFrame, date: str, months: int = 12) -> tuple[float, float]:
    """Exchange rate at a date and so many months before, each the last one published up to then.

    Parameters
    ----------
    rates : DataFrame
        The table ``exchange_rate``: ``date``, ``tenge_per_rouble``.
    date : str
        ``YYYY-MM-DD`` or ``YYYY-MM`` (the end of the month).

    Raises
    ------
    ValueError
        If no rate is known that far back.
    """
    series = (
        rates.assign(date=pd.to_datetime(rates["date"])).set_index("date")["tenge_per_rouble"].sort_index()
    )
    day = as_day(date)
    values = [series[:moment] for moment in (day, day - pd.DateOffset(months=months))]
    if values[1].empty:
        raise ValueError(f"no exchange rate {months} months before {date}")
    return float(values[0].iloc[-1]), float(values[1].iloc[-1])


def as_day(date: str) -> pd.Timestamp:
    """Day of a date that may be a month only (its last day)."""
    return pd.Timestamp(date) + pd.offsets.MonthEnd(0) if len(date) == 7 else pd.Timestamp(date)


def shopping_reports(reports: pd.DataFrame, rates: pd.DataFrame, months: int = 12) -> pd.DataFrame:
    """Set each dated report of cross-border shopping beside the side that had become cheaper.

    A rouble that buys fewer tenge than ``months`` before makes Russia the cheaper side, one that buys more
    makes Kazakhstan so.

    Returns
    -------
    DataFrame
        The reports with ``day``, ``rate``, ``rate_before``, ``change`` (percent), ``cheaper`` (country) and
        ``matches`` (the goods were bought there).
    """
    pairs = [rate_change(rates, date, months) for date in reports["date"]]
    frame = reports.assign(
        day=[as_day(date) for date in reports["date"]],
        rate=[now for now, _ in pairs],
        rate_before=[before for _, before in pairs],
    )
    frame["change"] = 100 * (frame["rate"] / frame["rate_before"] - 1)
    frame["cheaper"] = np.where(frame["change"] < 0, "RUS", "KAZ")
    frame["matches"] = frame["cheaper"] == frame["bought_in"]
    return frame.sort_values("day", kind="stable", ignore_index=True)


def episodes(reports: pd.DataFrame, gap_days: int = 60) -> pd.DataFrame:
    """Join reports of one direction less than ``gap_days`` apart: several pages on one rush are one episode.

    Parameters
    ----------
    reports : DataFrame
        From :func:`shopping_reports`.

    Returns
    -------
    DataFrame
        One row per episode: ``first``, ``last`` (days), ``bought_in``, ``reports``, ``change`` (mean,
        percent), ``matches`` (all its reports match).
    """
    ordered = reports.sort_values("day", kind="stable")
    apart = ordered["day"].diff() > pd.Timedelta(days=gap_days)
    number = (apart | (ordered["bought_in"] != ordered["bought_in"].shift())).cumsum()
    grouped = ordered.groupby(number)
    return grouped.agg(
        first=("day", "min"),
        last=("day", "max"),
        bought_in=("bought_in", "first"),
        reports=("day", "size"),
        change=("change", "mean"),
        matches=("matches", "all"),
    ).reset_index(drop=True)


def episode_rows(rushes: pd.DataFrame) -> pd.DataFrame:
    """:func:`episodes` with month, country and match in words, as a table prints them."""
    return rushes.assign(
        first=rushes["first"].dt.strftime("%Y-%m"),
        bought_in=rushes["bought_in"].map(COUNTRY_NAME),
        matches=rushes["matches"].map({True: "yes", False: "no"}),
    )


def students_from_kazakhstan(published: pd.DataFrame) -> pd.DataFrame:
    """Published counts of students from Kazakhstan in Russia, with what each counts (``kind``)."""
    students = points(published, "students", list(STUDENT_COUNTS))
    students = students[students["unit"] == "RUS"]
    return students.assign(kind=students["indicator"].map(STUDENT_COUNTS))


def students_rows(published: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Foreign students of 2025 by place, most first, with whether it has a million people or the border."""
    places = points(published, "students", ["students-foreign"])
    places = ties.by_value(places[places["year"] == 2025], "value", descending=True)
    traits = regions.set_index("unit")[["million_plus", "border"]].astype(object)
    return places.join(traits.replace({True: "yes", False: "no"}), on="unit")


def trip_rows(published: pd.DataFrame) -> pd.DataFrame:
    """Published counts of trips across the border, by period and direction."""
    trips = points(published, "trips", list(TRIP_COUNTS))
    return trips.assign(indicator=trips["indicator"].map(TRIP_COUNTS)).sort_values(["period", "indicator"])


def points(table: pd.DataFrame, topic: str, indicators: list[str] | None = None) -> pd.DataFrame:
    """Single published figures of a topic, by year; they come from many pages and make no series."""
    chosen = table[table["topic"] == topic]
    if indicators is not None:
        chosen = chosen[chosen["indicator"].isin(indicators)]
    if chosen.empty:
        raise ValueError(f"no published point of topic {topic!r}")
    return chosen.sort_values(["indicator", "year", "id"], ignore_index=True)


def point(table: pd.DataFrame, indicator: str, unit: str, year: int) -> float:
    """One published figure; none or several are refused."""
    hit = table[(table["indicator"] == indicator) & (table["unit"] == unit) & (table["year"] == year)]
    if len(hit) != 1:
        raise ValueError(f"{len(hit)} published points for {indicator}, {unit}, {year}; expected one")
    return float(hit["value"].iloc[0])


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Shopping:
    """Episodes of shopping across the border, and how many the rate explains (claim A6)."""

    episodes: Annotated[int, "d"]
    matching_share: Annotated[float, ".2f"]
    matching: Annotated[int, "d"]
    reports: Annotated[int, "d"]
    to_russia: Annotated[int, "d"]
    to_kazakhstan: Annotated[int, "d"]


def shopping_summary(rushes: pd.DataFrame, reports: pd.DataFrame) -> Shopping:
    """Count reports, episodes and matches."""
    return Shopping(
        episodes=len(rushes),
        matching_share=rushes["matches"].mean(),
        matching=int(rushes["matches"].sum()),
        reports=len(reports),
        to_russia=int((rushes["bought_in"] == "RUS").sum()),
        to_kazakhstan=int((rushes["bought_in"] == "KAZ").sum()),
    )


@dataclass(frozen=True)
class RateRange:
    """Lowest and highest exchange rate, tenge for one rouble."""

    rate_lowest: Annotated[float, ".2f"]
    rate_highest: Annotated[float, ".2f"]


def rate_range(rates: pd.DataFrame) -> RateRange:
    """Find the range of the exchange rate."""
    return RateRange(
        rate_lowest=rates["tenge_per_rouble"].min(),
        rate_highest=rates["tenge_per_rouble"].max(),
    )


@dataclass(frozen=True)
class StudentsByPlace:
    """Foreign students in Tomsk and in Omsk region (finding C4)."""

    tomsk_per_omsk: Annotated[float, ".2f"]
    tomsk: Annotated[float, ",.0f"]
    omsk: Annotated[float, ",.0f"]


def students_by_place(published: pd.DataFrame) -> StudentsByPlace:
    """Compare the published counts of 2025."""
    omsk, tomsk = (point(published, "students-foreign", unit, 2025) for unit in ("RU-OMS", "RU-TOM"))
    return StudentsByPlace(
        tomsk_per_omsk=tomsk / omsk,
        tomsk=tomsk,
        omsk=omsk,
    )


@dataclass(frozen=True)
class StudentsOverTime:
    """Students from Kazakhstan in Russia: first, highest and last count."""

    first: Annotated[float, ",.0f"]
    first_year: Annotated[int, "d"]
    highest: Annotated[float, ",.0f"]
    highest_year: Annotated[int, "d"]
    last: Annotated[float, ",.0f"]
    last_year: Annotated[int, "d"]


def students_over_time(students: pd.DataFrame) -> StudentsOverTime:
    """Take dated counts at the start of the school year."""
    known = students[students["indicator"] == "students-from-kazakhstan"].set_index("year")["value"]
    return StudentsOverTime(
        first=known.iloc[0],
        first_year=int(known.index[0]),
        highest=known.max(),
        highest_year=int(ties.highest(known)),
        last=known.iloc[-1],
        last_year=int(known.index[-1]),
    )


@dataclass(frozen=True)
class Trips:
    """Trips across the border as published, millions."""

    to_russia_2014: Annotated[float, ".1f"]
    to_kazakhstan_2014: Annotated[float, ".1f"]
    to_russia_2025: Annotated[float, ".1f"]


def trips_published(published: pd.DataFrame) -> Trips:
    """Take single published counts of trips."""
    return Trips(
        to_russia_2014=point(published, "trips-kazakhstan-to-russia", "KAZ", 2014) / 1e6,
        to_kazakhstan_2014=point(published, "trips-russia-to-kazakhstan", "RUS", 2014) / 1e6,
        to_russia_2025=point(published, "trips-kazakhstan-to-russia", "KAZ", 2025) / 1e6,
    )
