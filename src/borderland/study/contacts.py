"""Cross-border contact: shopping against the exchange rate, students and trips as single published points."""

import numpy as np
import pandas as pd

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
