"""Where things lie: boundaries, the state border, areas, lengths and distances.

Lengths, areas and distances are geodesic, on the WGS84 ellipsoid (Karney 2013, doi 10.1007/s00190-012-0578-z,
as PROJ implements it). Maps are drawn in one equal-area projection, Albers with standard parallels 45° and
55° N and central meridian 66° E, in metres. Boundaries are frames with a column ``geometry`` of shapely
objects in degrees (longitude, latitude); no geographic information system is needed.

For a map of the study area: ``projected(boundaries("kazakhstan"))``, the same of ``"russia"``,
``"countries"`` and ``"border"``, and the table ``places`` with :func:`to_map`. For its tables:
:func:`border_by_region`, :func:`generalised_lengths`, :func:`distance_to_border` and :func:`nearest`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod, Transformer
from scipy.spatial import cKDTree
from shapely.geometry import LineString, shape
from shapely.geometry.base import BaseGeometry

from borderland import ties
from borderland.tables import data

ALBERS = "+proj=aea +lat_1=45 +lat_2=55 +lat_0=50 +lon_0=66 +datum=WGS84 +units=m"

_WGS84 = Geod(ellps="WGS84")
_MAP = Transformer.from_crs("EPSG:4326", ALBERS, always_xy=True)
_SPACING = 0.5  # km, longest segment a line is cut into while its nearest part is looked for


def boundaries(name: str) -> pd.DataFrame:
    """Read a boundary file of the register.

    Parameters
    ----------
    name : str
        ``"kazakhstan"`` (the 20 units of today: ``unit``, ``constant_unit``, ``boundary``), ``"russia"``
        (units in and around the study area: ``unit``, ``border``), ``"countries"`` (neighbours for context:
        ``country``) or ``"border"`` (pieces of the state border from the Caspian Sea to China: ``kz_unit``,
        ``ru_unit``).

    Returns
    -------
    pandas.DataFrame
        The properties of each feature and ``geometry``, in degrees; ``attrs["source"]`` holds the source
        line.

    Raises
    ------
    borderland.tables.data.DataError
        If the file is not registered, is missing, or is no GeoJSON with valid geometries.
    """
    registered = f"boundaries-{name}"
    file = f"data/{data.entry(registered)['path']}"
    restore = f"`git checkout -- {file}` restores the committed file."
    try:
        features = json.loads(data.path(registered).read_text(encoding="utf-8"))["features"]
        rows = [{**item["properties"], "geometry": shape(item["geometry"])} for item in features]
    except FileNotFoundError:
        raise data.DataError(
            [data.Finding(file, None, None, "no file", "the boundary file", restore)]
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise data.DataError(
            [
                data.Finding(
                    file, None, None, f"{type(error).__name__}: {error}", "a GeoJSON collection", restore
                )
            ]
        ) from None
    invalid = [(i, g) for i, g in enumerate(row["geometry"] for row in rows) if not g.is_valid]
    if invalid:
        raise data.DataError(
            [
                data.Finding(file, i + 2, "geometry", shapely.is_valid_reason(g), "a valid geometry", restore)
                for i, g in invalid
            ]
        )
    frame = pd.DataFrame(rows)
    frame.attrs["source"] = data.source_line(registered)
    return frame


def dissolve(frame: pd.DataFrame, by: str = "constant_unit") -> pd.DataFrame:
    """Merge the areas that share a code.

    Parameters
    ----------
    frame : pandas.DataFrame
        Areas with a column ``geometry``.
    by : str
        Column of the codes; the default turns the 20 Kazakh units of today into the 16 constant ones (Abai
        back into East Kazakhstan, Zhetisu into Almaty Region, Ulytau into Karaganda, Shymkent into the former
        South Kazakhstan).

    Returns
    -------
    pandas.DataFrame
        ``unit`` (the code) and ``geometry``, sorted by code.
    """
    merged = {code: shapely.union_all(list(part["geometry"])) for code, part in frame.groupby(by)}
    result = pd.DataFrame({"unit": list(merged), "geometry": list(merged.values())})
    result.attrs.update(frame.attrs)
    return result


def to_map(lat: ArrayLike, lon: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Map coordinates ``x``, ``y`` in metres (Albers equal-area) of latitudes and longitudes in degrees."""
    x, y = _MAP.transform(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    return x, y


def placed(places: pd.DataFrame) -> pd.DataFrame:
    """Places (``lat``, ``lon``) with their ``x`` and ``y`` on the map, metres."""
    x, y = to_map(places["lat"], places["lon"])
    return places.assign(x=x, y=y)


def projected(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its geometries in metres of the Albers equal-area map instead of degrees."""
    geometry = [shapely.transform(g, _MAP.transform, interleaved=False) for g in frame["geometry"]]
    return frame.assign(geometry=geometry)


# --- lengths and areas ----------------------------------------------------------------------------


def length_km(line: BaseGeometry) -> float:
    """Geodesic length of a line in degrees, km; 0 for what has no length."""
    return _WGS84.geometry_length(line) / 1000


def area_km2(area: BaseGeometry) -> float:
    """Geodesic area of a polygon or several in degrees, km², whichever way its rings run."""
    signed, _ = _WGS84.geometry_area_perimeter(shapely.orient_polygons(area))
    return abs(signed) / 1e6


def border_lengths(border: pd.DataFrame, by: str | Sequence[str], official_km: float) -> pd.DataFrame:
    """Length of the state border by unit or by pair of units.

    How long a border is depends on the detail of the line (Mandelbrot 1967, doi
    10.1126/science.156.3775.636): of the drawn line only the shares are taken, and the official length is
    divided by them.

    Parameters
    ----------
    border : pandas.DataFrame
        Pieces with their codes and ``geometry`` in degrees.
    by : str or sequence of str
        Column or columns to sum over: ``"kz_unit"``, ``"ru_unit"`` or both.
    official_km : float
        Published length of the land border, km.

    Returns
    -------
    pandas.DataFrame
        The codes, ``length_km`` (as drawn), ``share`` (sums to 1) and ``scaled_km`` (sums to
        ``official_km``), in the order in which the units first appear along the border.
    """
    columns = [by] if isinstance(by, str) else list(by)
    drawn = border[columns].assign(length_km=[length_km(g) for g in border["geometry"]])
    total = drawn.groupby(columns, sort=False, as_index=False)["length_km"].sum()
    share = total["length_km"] / total["length_km"].sum()
    return total.assign(share=share, scaled_km=share * official_km)


def border_by_region(border: pd.DataFrame, regions: pd.DataFrame, official_km: float) -> pd.DataFrame:
    """Length of the state border by region of the study area.

    Parameters
    ----------
    border : pandas.DataFrame
        ``boundaries("border")``, whose Kazakh codes are those of today.
    regions : pandas.DataFrame
        Table ``regions``; it gives the constant units and says which belong to the study area and in which
        order.
    official_km : float
        Published length of the land border, km.

    Returns
    -------
    pandas.DataFrame
        ``unit``, ``country``, ``name``, ``length_km``, ``share`` and ``scaled_km``, one row per region of the
        study area, west to east within each country; the shares sum to 1 on either side. A region that meets
        the other country in a single point (Samara) has length 0.
    """
    constant = regions.set_index("unit")["constant_unit"]
    sides = [
        border_lengths(border.assign(unit=border["kz_unit"].map(constant)), "unit", official_km),
        border_lengths(border.rename(columns={"ru_unit": "unit"}), "unit", official_km),
    ]
    area = regions[regions["order"].notna()].sort_values(["country", "order"])
    table = area[["unit", "country", "name"]].merge(pd.concat(sides), on="unit", how="left")
    return table.fillna({"length_km": 0.0, "share": 0.0, "scaled_km": 0.0})


def generalised_lengths(border: pd.DataFrame, tolerances_m: Sequence[float]) -> pd.DataFrame:
    """Length of the border after simplifying it, which shows how much of a length is detail.

    Parameters
    ----------
    border : pandas.DataFrame
        Consecutive pieces with ``geometry`` in degrees.
    tolerances_m : sequence of float
        Largest displacement allowed (Douglas and Peucker 1973, doi 10.3138/FM57-6770-U75U-7727), metres; 0
        keeps all.

    Returns
    -------
    pandas.DataFrame
        ``tolerance_m`` and ``length_km``.
    """
    line = shapely.transform(joined(border), _MAP.transform, interleaved=False)
    lengths = []
    for tolerance in tolerances_m:
        simple = shapely.simplify(line, tolerance, preserve_topology=False) if tolerance else line
        x, y = shapely.get_coordinates(simple).T
        lon, lat = _MAP.transform(x, y, direction="INVERSE")
        lengths.append(_WGS84.line_length(lon, lat) / 1000)
    return pd.DataFrame({"tolerance_m": np.asarray(tolerances_m, dtype=float), "length_km": lengths})


def joined(border: pd.DataFrame) -> LineString:
    """Join consecutive pieces to one line, the point shared by two pieces once."""
    parts = [shapely.get_coordinates(g) for g in border["geometry"]]
    return LineString(np.concatenate([parts[0], *(part[1:] for part in parts[1:])]))


# --- distances ------------------------------------------------------------------------------------


def distance_km(lat: ArrayLike, lon: ArrayLike, lat_to: ArrayLike, lon_to: ArrayLike) -> NDArray[np.float64]:
    """Geodesic distance between points in degrees, km; the arguments broadcast against each other."""
    lon, lat, lon_to, lat_to = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (lon, lat, lon_to, lat_to))
    )
    _, _, metres = _WGS84.inv(lon, lat, lon_to, lat_to)
    return np.asarray(metres) / 1000


def nearest(lat: ArrayLike, lon: ArrayLike, targets: pd.DataFrame, rank: int = 1) -> pd.DataFrame:
    """Nearest (or second nearest …) of some target points, by geodesic distance.

    Parameters
    ----------
    lat, lon : array_like
        Points, degrees, shape (n,).
    targets : pandas.DataFrame
        Points to choose from, with columns ``lat`` and ``lon``: million-plus cities, crossings.
    rank : int
        1 for the nearest, 2 for the second.

    Returns
    -------
    pandas.DataFrame
        ``target`` (index label of the chosen row) and ``distance_km``, n rows, in the order of the points.

    Raises
    ------
    ValueError
        If there are fewer targets than ``rank``.
    """
    if not 1 <= rank <= len(targets):
        raise ValueError(f"rank {rank} of {len(targets)} targets: give at least as many targets as the rank")
    points = np.atleast_1d(np.asarray(lat, dtype=float)), np.atleast_1d(np.asarray(lon, dtype=float))
    metres = distance_km(points[0][:, None], points[1][:, None], targets["lat"], targets["lon"])
    chosen = np.argsort(ties.levels(metres), axis=1, kind="stable")[:, rank - 1]
    return pd.DataFrame(
        {
            "target": targets.index.to_numpy()[chosen],
            "distance_km": np.take_along_axis(metres, chosen[:, None], axis=1)[:, 0],
        }
    )


def distance_to_border(lat: ArrayLike, lon: ArrayLike, border: pd.DataFrame) -> pd.DataFrame:
    """Geodesic distance of points to the nearest point of the border, and the units that meet there.

    Parameters
    ----------
    lat, lon : array_like
        Points, degrees, shape (n,).
    border : pandas.DataFrame
        Pieces of the border with ``kz_unit``, ``ru_unit`` and ``geometry`` in degrees.

    Returns
    -------
    pandas.DataFrame
        ``distance_km``, ``kz_unit`` and ``ru_unit``, n rows, in the order of the points. The nearest segment
        is measured in the azimuthal equidistant plane about the point, where distances from it are true; the
        error of taking a segment of at most half a kilometre as straight there is below a metre.

    Raises
    ------
    ValueError
        If a point has no coordinates.
    """
    lat, lon = np.atleast_1d(np.asarray(lat, dtype=float)), np.atleast_1d(np.asarray(lon, dtype=float))
    lost = np.flatnonzero(np.isnan(lat) | np.isnan(lon))
    if len(lost):
        raise ValueError(f"points {lost.tolist()} have no coordinates: leave them out")
    starts, ends, piece = _segments(border)
    tree = cKDTree(_in_space((starts + ends) / 2))
    points = _in_space(np.column_stack([lon, lat]))
    to_middle, _ = tree.query(points)
    # A middle is at most half a segment further than the nearest point of its segment; the small factor
    # covers that the chord through the ellipsoid does not rank points exactly as the geodesic does.
    reach = to_middle * 1.0001 + _SPACING / 2
    found = []
    for x, y, candidates in zip(lon, lat, tree.query_ball_point(points, reach), strict=True):
        metres = _from_origin(_plane(x, y, starts[candidates]), _plane(x, y, ends[candidates]))
        # where pieces meet, their common end is the nearest point of both: the first piece has it
        nearest = piece[np.asarray(candidates)[ties.levels(metres) == 0]].min()
        found.append((metres.min() / 1000, nearest))
    distances, rows = zip(*found, strict=True)
    return pd.DataFrame(
        {
            "distance_km": np.asarray(distances),
            "kz_unit": border["kz_unit"].to_numpy()[list(rows)],
            "ru_unit": border["ru_unit"].to_numpy()[list(rows)],
        }
    )


def _segments(border: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """Ends of segments of at most `_SPACING` (lon, lat), and the row of the piece each belongs to."""
    starts, ends, rows = [], [], []
    for row, geometry in enumerate(border["geometry"]):
        vertices = shapely.get_coordinates(geometry)
        _, _, metres = _WGS84.inv(*vertices[:-1].T, *vertices[1:].T)
        parts = np.maximum(np.ceil(metres / (1000 * _SPACING)), 1).astype(int)
        index = np.repeat(np.arange(len(parts)), parts)
        step = np.arange(len(index)) - np.repeat(np.cumsum(parts) - parts, parts)
        delta = (vertices[1:] - vertices[:-1])[index] / parts[index, None]
        starts.append(vertices[index] + step[:, None] * delta)
        ends.append(starts[-1] + delta)
        rows.append(np.full(len(index), row))
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(rows)


def _in_space(lonlat: NDArray[Any]) -> NDArray[np.float64]:
    """Geocentric coordinates (km) of points (lon, lat) on the ellipsoid."""
    lon, lat = np.radians(lonlat).T
    normal = _WGS84.a / 1000 / np.sqrt(1 - _WGS84.es * np.sin(lat) ** 2)
    across = normal * np.cos(lat)
    return np.column_stack(
        [across * np.cos(lon), across * np.sin(lon), normal * (1 - _WGS84.es) * np.sin(lat)]
    )


def _plane(lon: float, lat: float, to: NDArray[Any]) -> NDArray[np.float64]:
    """Azimuthal equidistant coordinates (m) of points ``to`` (lon, lat; shape (n, 2)) about a point."""
    lons, lats, lons_to, lats_to = np.broadcast_arrays(lon, lat, *to.T)
    azimuth, _, metres = _WGS84.inv(lons, lats, lons_to, lats_to)
    angle = np.radians(azimuth)
    return np.column_stack([metres * np.sin(angle), metres * np.cos(angle)])


def _from_origin(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of the origin from plane segments, each (n, 2)."""
    along = ends - starts
    squared = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)  # a doubled vertex has no direction
    step = np.clip(-(starts * along).sum(axis=1) / squared, 0, 1)
    return np.hypot(*(starts + step[:, None] * along).T)
