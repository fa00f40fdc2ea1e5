"""The data register as the article prints it: contents, breaks, coverage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd


def register_table(register: Mapping[str, Mapping[str, Any]], rows: Mapping[str, int]) -> pd.DataFrame:
    """Arrange the data register as a table: contents, publisher, grade, coverage, licence of each entry.

    Parameters
    ----------
    register : mapping
        Entries of ``data/datapackage.json`` by name.
    rows : mapping
        Number of rows of each table; boundary files have none.
    """
    return pd.DataFrame(
        [
            {
                "table": name,
                "title": entry["title"],
                "publisher": entry["publisher"],
                "grade": entry["grade"],
                "coverage": entry.get("coverage", ""),
                "rows": rows.get(name),
                "licence": ", ".join(dict.fromkeys(licence["name"] for licence in entry["licenses"])),
                "redistributable": bool(entry["redistributable"]),
            }
            for name, entry in register.items()
        ]
    )


def breaks_table(register: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """List every declared break: ``table``, ``at`` and ``note``."""
    return pd.DataFrame(
        [
            {"table": name, "at": str(declared["at"]), "note": declared["note"]}
            for name, entry in register.items()
            for declared in entry.get("breaks", [])
        ]
    )


_DIVISION = {
    "constant-16": "Kazakh regions, constant",
    "current-20": "Kazakh regions of today",
    "ru-subjects": "Russian regions",
    "country": "whole countries",
    "countries": "states",
    "districts": "districts",
}


def _coverage_label(rows: pd.DataFrame) -> pd.Series:
    """Name of a row of the coverage picture: the table, with its division where it has more than one."""
    several = rows.groupby("table")["division"].transform("nunique") > 1
    words = rows["table"].str.replace("_", " ")
    return words.where(~several, words + " · " + rows["division"].replace(_DIVISION))


def coverage_rows(coverage: pd.DataFrame, first_year: int) -> pd.DataFrame:
    """Pivot unit-year coverage to tables (rows) by years (columns), share of units, 0 where there is none.

    Parameters
    ----------
    coverage : DataFrame
        ``table``, ``division``, ``year``, ``share``.
    first_year : int
        First column; years are consecutive, so that a gap is seen as one.
    """
    named = coverage.assign(label=_coverage_label(coverage))
    matrix = named.pivot(index="label", columns="year", values="share").fillna(0)
    return matrix.reindex(columns=range(first_year, int(coverage["year"].max()) + 1), fill_value=0)


def coverage_grades(coverage: pd.DataFrame, register: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Grade of the table behind each row of the coverage picture."""
    grades = coverage["table"].map({name: entry["grade"] for name, entry in register.items()})
    return dict(zip(_coverage_label(coverage), grades, strict=True))


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class RegisterSummary:
    """How many tables the study rests on, by grade, publisher and licence."""

    tables: Annotated[int, "d"]
    boundaries: Annotated[int, "d"]
    rows: Annotated[int, ",d"]
    grade_a: Annotated[int, "d"]
    grade_b: Annotated[int, "d"]
    grade_c: Annotated[int, "d"]
    publishers: Annotated[int, "d"]
    not_redistributable: Annotated[int, "d"]


def register_summary(
    listed: pd.DataFrame, counts: Mapping[str, int], register: Mapping[str, Mapping[str, Any]]
) -> RegisterSummary:
    """Count the entries of the register and the rows of its tables."""
    grades = listed["grade"].value_counts()
    return RegisterSummary(
        tables=len(counts),
        boundaries=len(register) - len(counts),
        rows=sum(counts.values()),
        grade_a=int(grades.get("A", 0)),
        grade_b=int(grades.get("B", 0)),
        grade_c=int(grades.get("C", 0)),
        publishers=listed["publisher"].nunique(),
        not_redistributable=int((~listed["redistributable"]).sum()),
    )


@dataclass(frozen=True)
class CoveredYears:
    """First and last year that any table covers."""

    coverage_first: Annotated[int, "d"]
    coverage_last: Annotated[int, "d"]


def covered_years(shown: pd.DataFrame) -> CoveredYears:
    """Take the range of years out of the coverage."""
    return CoveredYears(
        coverage_first=int(shown["year"].min()),
        coverage_last=int(shown["year"].max()),
    )


@dataclass(frozen=True)
class ChecksSummary:
    """Checks of the data, figures they compared, known exceptions."""

    checks: Annotated[int, "d"]
    checks_failing: Annotated[int, "d"]
    checks_compared: Annotated[int, ",d"]
    exceptions: Annotated[int, "d"]


def checks_summary(checks: pd.DataFrame, failed: pd.DataFrame, exceptions: pd.DataFrame) -> ChecksSummary:
    """Count checks, failures and exceptions."""
    return ChecksSummary(
        checks=len(checks),
        checks_failing=len(failed),
        checks_compared=int(checks["rows"].sum()),
        exceptions=len(exceptions),
    )
