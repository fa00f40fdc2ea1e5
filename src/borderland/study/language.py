"""Language policy: from dated acts to a status by year, with what each coding rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from borderland import ties

LEVELS = {
    0: "not named or foreign",
    1: "interethnic or regional",
    2: "official beside the state language",
    3: "state language",
}
STRENGTH = {"law": 3, "page": 2, "title": 1}  # a draft is no act in force
EVIDENCE = {"law": "law text read", "secondary": "secondary page", "assumed": "assumed"}


def status_panel(
    acts: pd.DataFrame, initial: pd.DataFrame, first_year: int, last_year: int, column: str = "status"
) -> pd.DataFrame:
    """Status at the end of each year, coded from dated acts.

    The last act that says something about the status counts until the next one; an act that leaves it
    unchanged is passed over, and so is a draft. Of two acts of one date the better evidenced wins. A year
    before the first act has the initial value, which is an assumption.

    Parameters
    ----------
    acts : DataFrame
        The table ``language_laws``.
    initial : DataFrame
        ``country`` and ``column``: value at the end of ``first_year`` where no act decides it.
    column : {"status", "script"}
        What to code.

    Returns
    -------
    DataFrame
        ``country``, ``year``, ``column``, ``evidence`` ("law", "secondary" or "assumed"), ``act`` (the
        deciding one; missing where assumed).

    Raises
    ------
    ValueError
        If two acts of one date and equal evidence contradict each other.
    """
    said = {"status": "status_after", "script": "script_event"}[column]
    grade = {"law": "law", "page": "secondary", "title": "secondary"}
    in_force = acts[acts[said].notna() & acts["evidence"].isin(list(STRENGTH))]
    in_force = in_force.assign(
        strength=in_force["evidence"].map(STRENGTH), from_year=in_force["date"].str[:4]
    )
    in_force = in_force.astype({"from_year": int}).sort_values(["country", "date", "strength"])
    for (country, date), same in in_force.groupby(["country", "date"]):
        best = same[same["strength"] == same["strength"].max()]
        if best[said].nunique() > 1:
            raise ValueError(
                f"{country}, {date}: two acts of equal evidence contradict each other on {column}"
            )
    rows = []
    for country, value in initial.set_index("country")[column].items():
        deciding, evidence = None, "assumed"
        own = in_force[in_force["country"] == country]
        for year in range(first_year, last_year + 1):
            until = own[own["from_year"] <= year]
            # an act from before the panel confirms the initial value only if it says the same
            if len(until):
                act = until.iloc[-1]
                value, evidence, deciding = act[said], grade[act["evidence"]], act["instrument"]
            rows.append((country, year, value, evidence, deciding))
    return pd.DataFrame(rows, columns=["country", "year", column, "evidence", "act"])


def disagreements(coded: pd.DataFrame, stored: pd.DataFrame, column: str = "status") -> pd.DataFrame:
    """Country-years in which the coding from acts and the stored panel differ.

    Returns
    -------
    DataFrame
        ``country``, ``first``, ``last`` (years), ``coded``, ``stored``, ``years``: one row per run of years
        with the same pair of values.
    """
    both = coded.merge(stored, on=["country", "year"], suffixes=("_coded", "_stored"), validate="1:1")
    pair = [f"{column}_coded", f"{column}_stored"]
    differing = both[both[pair[0]] != both[pair[1]]].sort_values(["country", "year"])
    new = (differing["country"] != differing["country"].shift()) | (differing["year"].diff() != 1)
    new |= (differing[pair] != differing[pair].shift()).any(axis=1)
    runs = (
        differing.groupby([new.cumsum(), "country", *pair])["year"].agg(["min", "max", "size"]).reset_index()
    )
    runs = runs.rename(columns={"min": "first", "max": "last", "size": "years"})
    runs = runs.rename(columns={pair[0]: "coded", pair[1]: "stored"})
    return runs[["country", "first", "last", "coded", "stored", "years"]]


def heat_map_frames(
    panel: pd.DataFrame, value: str, names: pd.Series, order: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Country by year: codes of a column, and where they are only assumed; rows by name in given order."""
    wide = panel.pivot(index="country", columns="year", values=value).loc[order]
    assumed = panel.assign(assumed=panel["evidence"] == "assumed")
    assumed = assumed.pivot(index="country", columns="year", values="assumed").loc[order]
    return wide.rename(index=names), assumed.rename(index=names)


def order_by_status(panel: pd.DataFrame) -> list[str]:
    """Countries from the strongest standing of Russian over all years to the weakest; ties by code."""
    return list(ties.by_value(panel.groupby("country")["rank"].mean(), descending=True).index)


def changes(panel: pd.DataFrame, column: str = "status") -> pd.DataFrame:
    """Years in which a country's value differs from the year before.

    Returns
    -------
    DataFrame
        ``country``, ``year``, ``before``, ``after``, ``evidence`` (of the new value).
    """
    ordered = panel.sort_values(["country", "year"])
    before = ordered.groupby("country")[column].shift()
    changed = ordered[before.notna() & (before != ordered[column])]
    changed = changed.assign(before=before[changed.index], after=changed[column])
    return changed[["country", "year", "before", "after", "evidence"]].reset_index(drop=True)


def schooling(
    points: pd.DataFrame, source: str, years: tuple[int, int], level: str = "school"
) -> pd.DataFrame:
    """Share taught in Russian by country at two dates of one source, so that the points may be compared.

    Returns
    -------
    DataFrame
        Index country, columns the calendar years in which the school years begin, percent; only countries
        with both.
    """
    chosen = points[(points["source"] == source) & (points["level"] == level) & points["year"].isin(years)]
    wide = chosen.pivot(index="country", columns="year", values="share").dropna()
    if len(wide.columns) < len(years) or wide.empty:
        raise ValueError(f"no shares of level {level!r} from {source!r} for both {years[0]} and {years[1]}")
    return wide


SCHOOLING_SOURCES = {
    "q-monitor": "Q Monitor",
    "demoscope": "CIS Statistical Committee",
    "compendium": "compendium",
    "suleimenova-akanova": "Suleimenova & Akanova",
    "latvia-mfa": "Latvian foreign ministry",
    "arefiev": "Arefiev",
}


def school_year(begins: int) -> str:
    """Name of the school year that begins in a calendar year, as in "1988/89"."""
    return f"{begins}/{(begins + 1) % 100:02d}"


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class PanelSummary:
    """Changes of the status of Russian, what its coding rests on, and where a second coding differs."""

    states: Annotated[int, "d"]
    status_changes: Annotated[int, "d"]
    status_changing_states: Annotated[int, "d"]
    evidence_law: Annotated[float, ".0f"]
    evidence_secondary: Annotated[float, ".0f"]
    evidence_assumed: Annotated[float, ".0f"]
    favoured_first: Annotated[int, "d"]
    favoured_last: Annotated[int, "d"]
    acts: Annotated[int, "d"]
    check_status_years: Annotated[int, "d"]
    check_status_countries: Annotated[str, "s"]
    check_script_years: Annotated[int, "d"]


def panel_summary(
    panel: pd.DataFrame,
    changed: pd.DataFrame,
    first_year: int,
    last_year: int,
    acts: pd.DataFrame,
    differences: Sequence[pd.DataFrame],
    names: pd.Series,
) -> PanelSummary:
    """Count states, changes and grounds of evidence, and disagreements in status and script."""
    shares = 100 * panel["evidence"].value_counts(normalize=True)
    favoured = panel[panel["rank"] >= 2].groupby("year")["country"].nunique()
    return PanelSummary(
        states=panel["country"].nunique(),
        status_changes=len(changed),
        status_changing_states=changed["country"].nunique(),
        evidence_law=shares["law"],
        evidence_secondary=shares["secondary"],
        evidence_assumed=shares["assumed"],
        favoured_first=int(favoured[first_year]),
        favoured_last=int(favoured[last_year]),
        acts=len(acts),
        check_status_years=int(differences[0]["years"].sum()),
        check_status_countries=", ".join(names[differences[0]["country"]]) or "none",
        check_script_years=int(differences[1]["years"].sum()),
    )


@dataclass(frozen=True)
class KazakhMedium:
    """Share of pupils taught in Russian in Kazakhstan, per cent (claim A3)."""

    medium_change: Annotated[float, ".1f"]
    medium_first: Annotated[float, ".1f"]
    medium_last: Annotated[float, ".1f"]


def kazakh_medium(schools: pd.DataFrame, schooling_last: int, schooling_first: int) -> KazakhMedium:
    """Compare the first with the last school year in Kazakhstan."""
    change = schools[schooling_last] - schools[schooling_first]
    return KazakhMedium(
        medium_change=change["KAZ"],
        medium_first=schools.loc["KAZ", schooling_first],
        medium_last=schools.loc["KAZ", schooling_last],
    )


@dataclass(frozen=True)
class RussianMedium:
    """Change of schooling in Russian over the states, percentage points."""

    states: Annotated[int, "d"]
    falling: Annotated[int, "d"]
    median_change: Annotated[float, ".1f"]
    rank_of_kazakhstan: Annotated[int, "d"]


def russian_medium(schools: pd.DataFrame, schooling_last: int, schooling_first: int) -> RussianMedium:
    """Count falling states and rank Kazakhstan among them."""
    change = schools[schooling_last] - schools[schooling_first]
    return RussianMedium(
        states=len(schools),
        falling=int((change < 0).sum()),
        median_change=change.median(),
        rank_of_kazakhstan=int((change < change["KAZ"]).sum()) + 1,
    )
