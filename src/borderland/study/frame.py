"""The frame of the study: which regions, in which order, under which names."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from borderland import ties
from borderland.tables import geography

# The two autonomous okrugs inside Tyumen Oblast. They lie hundreds of kilometres from the border, hold more
# people than the rest of it and are subjects of their own: the border unit is Tyumen without them.
TYUMEN = "RU-TYU"
OKRUGS = ("RU-KHM", "RU-YAN")

# Sets of border regions the analysis can be run on: name to the units left out of the nineteen.
BORDER_SETS = {
    "nineteen": (),
    "with-okrugs": (),  # Tyumen counted with its okrugs, as most tables of Rosstat print it
    "without-samara": ("RU-SAM",),  # it meets Kazakhstan in a single point
    "without-tyumen": (TYUMEN,),
}
# Columns that tell one count of a unit from another, in the tables the frame is put on.
_COUNT_KEYS = ("year", "reference", "vintage", "group")

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


def short_names(units: Iterable[str], names: pd.Series) -> list[str]:
    """:func:`short_name` of each unit; ``names`` by unit."""
    return [short_name(unit, names[unit]) for unit in units]


def units_of(districts: pd.DataFrame, regions: pd.DataFrame, boundary: str) -> pd.Series:
    """Region of each district (index district), in today's division or as the constant unit that holds it."""
    unit = districts["unit"]
    return unit if boundary == "current-20" else unit.map(regions.set_index("unit")["constant_unit"])


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
    _known(border_set)
    chosen = regions[regions["border"] & regions["boundary"].isin([boundary, "ru-subjects"])]
    chosen = chosen[~chosen["unit"].isin(BORDER_SETS[border_set])].sort_values("centre_lon", kind="stable")
    names = [short_name(*pair) for pair in zip(chosen["unit"], chosen["name"], strict=True)]
    columns = ["country", "name", "million_plus", "centre", "centre_lat", "centre_lon"]
    return chosen.assign(name=names).set_index("unit")[columns]


def landmarks(places: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Places that a map of Kazakhstan names: centres of today's border regions and cities of a million."""
    border = study_area(regions, "current-20").index
    return places[(places["country"] == "KAZ") & (places["million_plus"] | places["unit"].isin(border))]


def outline(table: pd.DataFrame, counts: Collection[str] = (), border_set: str = "nineteen") -> pd.DataFrame:
    """Put a regional table on the outline of Tyumen that a set of border regions asks for.

    Every table in which Tyumen is printed with its okrugs passes through here; no other place decides it.

    Parameters
    ----------
    table : DataFrame
        ``unit`` and whatever else; Tyumen counted with the okrugs.
    counts : collection of str
        Columns that add up over territory (persons, births). The okrugs' are taken off Tyumen's where all
        three are known for one year (and reference, vintage, group); elsewhere Tyumen has no row. Where a
        table holds rates or means, nothing can be taken off: pass none, and Tyumen has no row at all.
    border_set : str
        One of ``BORDER_SETS``; with ``"with-okrugs"`` the table is returned as it is.

    Returns
    -------
    DataFrame
        The columns of ``table``; rows of other units, the okrugs' among them, unchanged.
    """
    _known(border_set)
    whole = table["unit"] == TYUMEN
    if border_set == "with-okrugs":
        return table
    rest = table[~whole]
    if not counts:
        return rest
    keys = [key for key in _COUNT_KEYS if key in table]
    inside = rest[rest["unit"].isin(OKRUGS)].dropna(subset=list(counts)).groupby(keys)
    taken = inside[list(counts)].sum()[inside.size() == len(OKRUGS)]
    both = table[whole].merge(taken, left_on=keys, right_index=True, suffixes=("", "_okrugs"))
    left = {column: both[column] - both[f"{column}_okrugs"] for column in counts}
    return pd.concat([rest, both.assign(**left)[table.columns]], ignore_index=True)


def mapped(russia: pd.DataFrame, border_set: str = "nineteen") -> tuple[pd.DataFrame, dict[str, str]]:
    """Outlines of Russian regions for a map, and the units inside one but not counted with it.

    Parameters
    ----------
    russia : DataFrame
        The boundaries ``russia``, in which Tyumen is drawn without its okrugs: ``unit``, ``geometry``.
    border_set : str
        One of ``BORDER_SETS``; with ``"with-okrugs"`` Tyumen and its okrugs are one area.

    Returns
    -------
    outlines, apart : DataFrame, dict
        ``unit`` and ``geometry``; unit to country.
    """
    _known(border_set)
    if border_set != "with-okrugs":
        return russia, dict.fromkeys(OKRUGS, "RUS")
    joined = russia.assign(unit=russia["unit"].replace(dict.fromkeys(OKRUGS, TYUMEN)))
    return geography.dissolve(joined, by="unit"), {}


def _known(border_set: str) -> None:
    if border_set not in BORDER_SETS:
        raise ValueError(f"border set is one of {', '.join(BORDER_SETS)}, found {border_set!r}")


def comparison(regions: pd.DataFrame, area: pd.DataFrame, border_set: str = "nineteen") -> pd.Series:
    """Group of every region: a side of the border, or the rest of its country.

    Constant Kazakh units and Russian subjects are used; Arkhangelsk is counted with its okrug, those of
    Tyumen belong to the rest of Russia unless ``border_set`` counts them in. Chechnya and Ingushetia are left
    out, for births were not published for years, and so are Crimea and Sevastopol.

    Returns
    -------
    Series
        Index unit, values of ``SIDE`` and ``REST``.
    """
    _known(border_set)
    own = regions["level"].isin(["region", "city"])
    if border_set != "with-okrugs":
        own |= regions["unit"].isin(OKRUGS)
    units = regions[regions["boundary"].isin(["constant-16", "ru-subjects"]) & own]
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


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class AreaSummary:
    """The regions at the border, by side, and the crossings placed on the map."""

    regions: Annotated[int, "d"]
    kaz_regions: Annotated[int, "d"]
    rus_regions: Annotated[int, "d"]
    million_plus: Annotated[int, "d"]
    crossings_placed: Annotated[int, "d"]


def area_summary(area: pd.DataFrame, crossings: pd.DataFrame) -> AreaSummary:
    """Count regions and crossings."""
    return AreaSummary(
        regions=len(area),
        kaz_regions=int((area["country"] == "KAZ").sum()),
        rus_regions=int((area["country"] == "RUS").sum()),
        million_plus=int(area["million_plus"].sum()),
        crossings_placed=len(crossings),
    )


@dataclass(frozen=True)
class BorderSummary:
    """Length of the border, official and as drawn, and the regions with most of it."""

    border_land_km: Annotated[float, ",.1f"]
    border_total_km: Annotated[float, ",.1f"]
    border_drawn_km: Annotated[float, ",.0f"]
    border_drawn_excess: Annotated[float, ".1f"]
    longest_kaz: str
    longest_kaz_km: Annotated[float, ",.0f"]
    longest_rus: str
    longest_rus_km: Annotated[float, ",.0f"]
    longest_rus_share: Annotated[float, ".0f"]


def border_summary(lengths: pd.DataFrame, official: pd.Series) -> BorderSummary:
    """Compare the drawn line with the official length and find the longest part on either side."""
    drawn = lengths.groupby("country")["length_km"].sum()
    longest = ties.by_value(lengths, "scaled_km").groupby("country").tail(1).set_index("country")
    return BorderSummary(
        border_land_km=official["land"],
        border_total_km=official["land"] + official["sea"],
        border_drawn_km=drawn.max(),
        border_drawn_excess=100 * (drawn.max() / official["land"] - 1),
        longest_kaz=short_name(*longest.loc["KAZ", ["unit", "name"]]),
        longest_kaz_km=longest.loc["KAZ", "scaled_km"],
        longest_rus=short_name(*longest.loc["RUS", ["unit", "name"]]),
        longest_rus_km=longest.loc["RUS", "scaled_km"],
        longest_rus_share=100 * longest.loc["RUS", "share"],
    )


@dataclass(frozen=True)
class BorderDetail:
    """Length of the border as drawn at two grades of detail, km."""

    border_at_300m_km: Annotated[float, ",.0f"]
    border_at_5km_km: Annotated[float, ",.0f"]


def border_detail(detail: pd.DataFrame) -> BorderDetail:
    """Take two tolerances out of the generalised lengths."""
    return BorderDetail(
        border_at_300m_km=float(detail.set_index("tolerance_m").loc[300, "length_km"]),
        border_at_5km_km=float(detail.set_index("tolerance_m").loc[5000, "length_km"]),
    )


@dataclass(frozen=True)
class CentreDistances:
    """Distances of Kazakh region centres to the border and to Russian cities of a million, km."""

    nearest_centre: str
    nearest_centre_km: Annotated[float, ".0f"]
    centres_within_150km: Annotated[int, "d"]
    border_centres_city_median_km: Annotated[float, ",.0f"]
    farthest_centre: str
    farthest_centre_km: Annotated[float, ",.0f"]
    oral_samara_km: Annotated[float, ",.0f"]
    petropavl_omsk_km: Annotated[float, ",.0f"]


def centre_distances(regions: pd.DataFrame, kazakh: pd.DataFrame) -> CentreDistances:
    """Find the nearest and the farthest centre; centres sorted by their distance to the border."""
    border_units = regions[regions["border"] & (regions["boundary"] == "current-20")]["unit"]
    near = kazakh[kazakh["unit"].isin(border_units)]
    return CentreDistances(
        nearest_centre=kazakh.iloc[0]["centre"],
        nearest_centre_km=kazakh.iloc[0]["border_km"],
        centres_within_150km=int((kazakh["border_km"] < 150).sum()),
        border_centres_city_median_km=float(near["city_km"].median()),
        farthest_centre=kazakh.iloc[-1]["centre"],
        farthest_centre_km=kazakh.iloc[-1]["border_km"],
        oral_samara_km=float(kazakh.set_index("unit").loc["KZ-27", "city_km"]),
        petropavl_omsk_km=float(kazakh.set_index("unit").loc["KZ-59", "city_km"]),
    )
