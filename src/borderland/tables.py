"""Wording of numbers and columns in printed tables."""

from collections.abc import Iterable, Mapping

import pandas as pd

MINUS = "−"


def plain(value: float, spec: str) -> str:
    """Format a number with a real minus sign; a missing value is an en dash."""
    return "–" if pd.isna(value) else format(value, spec).replace("-", MINUS)


def interval(low: pd.Series, high: pd.Series, spec: str) -> pd.Series:
    """Word intervals as "low to high", which stays readable when both are negative."""
    return pd.Series(
        [f"{plain(a, spec)} to {plain(b, spec)}" for a, b in zip(low, high, strict=True)], index=low.index
    )


def out_of(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Word counts as "part of whole", or as an en dash where either is missing."""
    return pd.Series(
        [
            "–" if pd.isna(a) or pd.isna(b) else f"{a:.0f} of {b:.0f}"
            for a, b in zip(part, whole, strict=True)
        ],
        index=part.index,
    )


def listed(names: Iterable[str]) -> str:
    """Word a list of names as a sentence does: "A", "A and B", "A, B and C"; "none" for an empty one."""
    names = [name.rstrip("*") for name in names]
    if not names:
        return "none"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def printed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Take the columns of a table in printing order, under their printed names."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}; there are {', '.join(map(str, frame.columns))}")
    return frame[list(columns)].rename(columns=dict(columns)).reset_index(drop=True)


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
