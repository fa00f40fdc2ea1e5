"""The data register as the article prints it: contents, breaks, coverage."""

from collections.abc import Mapping

import pandas as pd


def register_table(register: Mapping[str, Mapping], rows: Mapping[str, int]) -> pd.DataFrame:
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


def breaks_table(register: Mapping[str, Mapping]) -> pd.DataFrame:
    """List every declared break: ``table``, ``at`` and ``note``."""
    return pd.DataFrame(
        [
            {"table": name, "at": str(declared["at"]), "note": declared["note"]}
            for name, entry in register.items()
            for declared in entry.get("breaks", [])
        ]
    )


def _coverage_label(rows: pd.DataFrame) -> pd.Series:
    """Name of a row of the coverage picture: the table, with its division where it has more than one."""
    several = rows.groupby("table")["division"].transform("nunique") > 1
    return rows["table"].where(~several, rows["table"] + " · " + rows["division"])


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


def coverage_grades(coverage: pd.DataFrame, register: Mapping[str, Mapping]) -> dict[str, str]:
    """Grade of the table behind each row of the coverage picture."""
    grades = coverage["table"].map({name: entry["grade"] for name, entry in register.items()})
    return dict(zip(_coverage_label(coverage), grades, strict=True))
