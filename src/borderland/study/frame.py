"""The frame of the study: which regions, in which order, under which names."""

import pandas as pd

# Sets of border regions the analysis can be run on: name to the units left out of the nineteen.
BORDER_SETS = {
    "nineteen": (),
    "without-samara": ("RU-SAM",),  # it meets Kazakhstan in a single point
    "without-tyumen": ("RU-TYU",),  # counted with its two northern districts, far from the border
}

COUNTRY_NAME = {"KAZ": "Kazakhstan", "RUS": "Russia"}
SIDE = {"KAZ": "Kazakh side", "RUS": "Russian side"}
REST = {"KAZ": "rest of Kazakhstan", "RUS": "rest of Russia"}

_SHORT = {
    "KZ-VOS": "East Kazakhstan*",  # * with Abai
    "KZ-ALM": "Almaty Region*",
    "KZ-KAR": "Karaganda*",
    "KZ-YUZ": "South Kazakhstan*",
}


def short_name(unit: str, name: str) -> str:
    """Name of a region in figures: without its rank; a star where a constant unit joins today's regions."""
    return _SHORT.get(unit, name.removesuffix(" Oblast"))


def study_area(
    regions: pd.DataFrame, boundary: str = "constant-16", border_set: str = "nineteen"
) -> pd.DataFrame:
    """Border regions of both countries, ordered west to east by the longitude of their centres.

    Parameters
    ----------
    regions : DataFrame
        The table ``regions``.
    boundary : {"constant-16", "current-20"}
        Division of Kazakhstan: seven constant border units, or today's eight.
    border_set : str
        One of ``BORDER_SETS``.

    Returns
    -------
    DataFrame
        Index ``unit``; ``country``, ``name`` (short), ``million_plus``, ``centre``, ``centre_lat``,
        ``centre_lon``.
    """
    if boundary not in ("constant-16", "current-20"):
        raise ValueError(f"boundary is 'constant-16' or 'current-20', found {boundary!r}")
    if border_set not in BORDER_SETS:
        raise ValueError(f"border set is one of {', '.join(BORDER_SETS)}, found {border_set!r}")
    chosen = regions[regions["border"] & regions["boundary"].isin([boundary, "ru-subjects"])]
    chosen = chosen[~chosen["unit"].isin(BORDER_SETS[border_set])].sort_values("centre_lon", kind="stable")
    names = [short_name(*pair) for pair in zip(chosen["unit"], chosen["name"], strict=True)]
    columns = ["country", "name", "million_plus", "centre", "centre_lat", "centre_lon"]
    return chosen.assign(name=names).set_index("unit")[columns]


def comparison(regions: pd.DataFrame, area: pd.DataFrame) -> pd.Series:
    """Group of every region: a side of the border, or the rest of its country.

    Constant Kazakh units and Russian subjects with their okrugs are used. Chechnya and Ingushetia are left
    out, for births were not published for years, and so are Crimea and Sevastopol.

    Returns
    -------
    Series
        Index unit, values of ``SIDE`` and ``REST``.
    """
    units = regions[
        regions["boundary"].isin(["constant-16", "ru-subjects"]) & regions["level"].isin(["region", "city"])
    ]
    units = units[units["country"].isin(list(COUNTRY_NAME)) & ~units["unit"].isin(["RU-CE", "RU-IN"])]
    units = units.set_index("unit")["country"]
    return units.map(REST).where(~units.index.isin(area.index), units.map(SIDE)).rename("group")


def select(frame: pd.DataFrame, first_year: int, last_year: int, **values: str) -> pd.DataFrame:
    """Rows of a period and of given column values; nothing found is an error that says what was asked for."""
    kept = frame["year"].between(first_year, last_year)
    for column, value in values.items():
        kept &= frame[column] == value
    if not kept.any():
        asked = ", ".join(f"{column} = {value}" for column, value in values.items())
        raise ValueError(f"no row for {first_year}–{last_year}{', ' + asked if asked else ''}")
    return frame[kept]
