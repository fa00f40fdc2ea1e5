"""Lengths, areas, distances against closed forms and independent computations; the committed boundaries."""

import json
import math
import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from borderland.tables import data, geography

SEMI_MAJOR = 6378.137  # km, WGS84
QUARTER_MERIDIAN = 10_001.965729  # km, WGS84 (Karney 2013, section 2)
SURFACE = 510_065_621.724  # km², WGS84 ellipsoid


@pytest.fixture(scope="module")
def border():
    return geography.boundaries("border")


@pytest.fixture(scope="module")
def kazakhstan():
    return geography.boundaries("kazakhstan")


@pytest.fixture(scope="module")
def regions():
    return data.load("regions")


@pytest.fixture(scope="module")
def places():
    return data.load("places").set_index("name")


@pytest.fixture(scope="module")
def official():
    return data.load("border_length").set_index("component")["length_km"]["land"]


# --- distances against known geodesics ------------------------------------------------------------


def test_distance_of_the_line_that_vincenty_published():
    # Flinders Peak to Buninyon, 54,972.271 m (Vincenty 1975; Geoscience Australia worked example).
    # Millimetres: the example is on GRS80, which differs from WGS84 by a tenth of a millimetre in the
    # semi-minor axis.
    def degrees(d, m, s):
        return math.copysign(abs(d) + m / 60 + s / 3600, d)

    found = geography.distance_km(
        degrees(-37, 57, 3.72030),
        degrees(144, 25, 29.52440),
        degrees(-37, 39, 10.15610),
        degrees(143, 55, 35.38390),
    )
    # A millimetre: the published length is printed to it.
    assert found == pytest.approx(54.972271, abs=1e-6)


def test_distance_along_equator_and_meridian_has_closed_forms():
    # A micrometre: only rounding stands between the two.
    assert geography.distance_km(0, 10, 0, 11) == pytest.approx(SEMI_MAJOR * math.pi / 180, abs=1e-9)
    assert geography.distance_km(0, 10, 90, 10) == pytest.approx(
        QUARTER_MERIDIAN, abs=1e-6
    )  # printed to a millimetre


def test_distance_petropavl_omsk(places):
    # 270.657 km by geographiclib, an independent implementation by the method's author.
    one, other = places.loc["Petropavl"], places.loc["Omsk"]
    assert geography.distance_km(one.lat, one.lon, other.lat, other.lon) == pytest.approx(270.657, abs=5e-4)


@pytest.mark.parametrize(
    ("centre", "city", "km"),
    [
        ("Oral", "Samara", 235.4),
        ("Kostanay", "Chelyabinsk", 259.8),
        ("Pavlodar", "Omsk", 384.8),
        ("Atyrau", "Volgograd", 580.2),
    ],
)
def test_nearest_russian_million_plus_city(places, centre, city, km):
    cities = places[places["million_plus"] & (places["country"] == "RUS")]
    here = places.loc[centre]
    first = geography.nearest(here.lat, here.lon, cities).iloc[0]
    second = geography.nearest(here.lat, here.lon, cities, rank=2).iloc[0]
    assert first.target == city
    assert first.distance_km == pytest.approx(km, abs=0.05)  # compared with a figure rounded to 0.1 km
    assert second.distance_km > first.distance_km


def test_nearest_refuses_a_rank_beyond_the_targets(places):
    with pytest.raises(ValueError, match="rank 3 of 2 targets"):
        geography.nearest(50, 60, places.iloc[:2], rank=3)


def test_distance_to_border_matches_a_planar_projection_about_each_point(border, places):
    # Independent: the whole line in PROJ's azimuthal equidistant plane about the point, where distances from
    # the centre are true, and GEOS's point-to-line distance there. A metre: half-kilometre chords against the
    # same line.
    centres = places[places["region_centre"]]
    line = shapely.segmentize(geography.joined(border), 0.005)
    expected = []
    for _, here in centres.iterrows():
        plane = Transformer.from_crs(
            "EPSG:4326", f"+proj=aeqd +lat_0={here.lat} +lon_0={here.lon} +datum=WGS84", always_xy=True
        )
        flat = shapely.transform(line, plane.transform, interleaved=False)
        expected.append(flat.distance(shapely.Point(0, 0)) / 1000)
    found = geography.distance_to_border(centres["lat"], centres["lon"], border)
    np.testing.assert_allclose(found["distance_km"], expected, atol=1e-3)


def test_distance_to_border_is_zero_on_it_and_names_the_units(border):
    vertex = shapely.get_coordinates(border["geometry"][9])[100]
    found = geography.distance_to_border(vertex[1], vertex[0], border).iloc[0]
    assert found.distance_km < 1e-6  # a vertex of the line itself
    assert (found.kz_unit, found.ru_unit) == (border["kz_unit"][9], border["ru_unit"][9])


def test_distance_to_border_names_points_without_coordinates(border):
    with pytest.raises(ValueError, match=r"points \[1\] have no coordinates"):
        geography.distance_to_border([50, np.nan], [60, 60], border)


# --- lengths --------------------------------------------------------------------------------------

coordinates = st.tuples(st.floats(46, 88), st.floats(46, 56))
lines = st.lists(coordinates, min_size=2, max_size=12, unique=True).map(LineString)


@settings(max_examples=50, deadline=None)
@given(line=lines, at=st.floats(0.1, 0.9))
def test_length_does_not_depend_on_direction_and_adds_up(line, at):
    length = geography.length_km(line)
    assert geography.length_km(line.reverse()) == pytest.approx(length, rel=1e-12)  # rounding only
    vertices = list(line.coords)
    cut = max(1, round(at * (len(vertices) - 1)))
    parts = [LineString(part) for part in (vertices[: cut + 1], vertices[cut:]) if len(part) > 1]
    assert sum(map(geography.length_km, parts)) == pytest.approx(length, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    pieces=st.lists(st.tuples(lines, st.sampled_from("ABC"), st.sampled_from("XY")), min_size=1, max_size=8),
    official=st.floats(1, 1e5),
)
def test_border_lengths_share_out_the_official_length(pieces, official):
    frame = pd.DataFrame(pieces, columns=["geometry", "kz_unit", "ru_unit"])
    for by in ("kz_unit", "ru_unit", ["kz_unit", "ru_unit"]):
        found = geography.border_lengths(frame, by, official)
        # Rounding over eight pieces of very unequal length.
        assert found["share"].sum() == pytest.approx(1, rel=1e-9)
        assert found["scaled_km"].sum() == pytest.approx(official, rel=1e-9)
    turned = frame.assign(geometry=[line.reverse() for line in frame["geometry"]]).iloc[::-1]
    one, other = (
        geography.border_lengths(f, "kz_unit", official).set_index("kz_unit")["share"]
        for f in (frame, turned)
    )
    # A line and its reverse are summed in another order.
    np.testing.assert_allclose(one.sort_index(), other.sort_index(), rtol=1e-9)


def test_generalisation_straightens_what_is_smaller_than_the_tolerance():
    # A zigzag of 100 m about a straight 100 km line on a standard parallel of the map: kept at 50 m, gone at
    # 300 m.
    _, north = geography.to_map(55, 66)
    x = np.linspace(-50_000, 50_000, 1001)
    y = north + np.where(np.arange(1001) % 2, 100.0, 0.0)
    lon, lat = geography._MAP.transform(x, y, direction="INVERSE")
    frame = pd.DataFrame({"geometry": [LineString(np.column_stack([lon, lat]))]})
    full, kept, straight = geography.generalised_lengths(frame, [0, 50, 300])["length_km"]
    assert full == pytest.approx(kept, rel=1e-9)
    # 1 per 10,000: the map is true on the parallel itself, the line is its tangent.
    assert full / straight == pytest.approx(math.hypot(100, 100) / 100, rel=1e-4)


def test_length_falls_with_generalisation_and_meets_the_official_one_near_300_m(border, official):
    table = geography.generalised_lengths(border, [0, 100, 300, 1000, 5000])
    assert table["length_km"].is_monotonic_decreasing
    measured = table.set_index("tolerance_m")["length_km"]
    # The official land border answers to a detail of about 300 m: within half a per cent, the step of the
    # tolerances.
    assert measured[300] == pytest.approx(official, rel=5e-3)
    assert measured[0] > official > measured[1000]


def test_the_state_border_in_pieces(border):
    assert len(border) == 18
    ends = [shapely.get_coordinates(g)[[0, -1]] for g in border["geometry"]]
    for before, after in pairwise(ends):
        np.testing.assert_array_equal(before[1], after[0])
    assert set(border["kz_unit"]) == {"KZ-10", "KZ-15", "KZ-23", "KZ-27", "KZ-39", "KZ-55", "KZ-59", "KZ-63"}
    assert border["ru_unit"].nunique() == 11  # the twelve without Samara
    # From the Caspian shore to the corner with China and Russia.
    np.testing.assert_allclose(ends[0][0], [49.34, 46.26], atol=0.01)
    np.testing.assert_allclose(ends[-1][1], [87.29, 49.12], atol=0.01)


def test_border_by_region_covers_the_study_area(border, regions, official):
    table = geography.border_by_region(border, regions, official).set_index("unit")
    assert len(table) == 19
    np.testing.assert_allclose(table.groupby("country")["share"].sum(), 1)
    np.testing.assert_allclose(table.groupby("country")["scaled_km"].sum(), official)
    assert table.loc["RU-SAM", "length_km"] == 0  # touches Kazakhstan in one point
    assert table["share"].idxmax() == "RU-ORE"  # the longest stretch on the Russian side
    # An independent measurement on another OpenStreetMap extract (polygons of 2017–18) gave these lengths;
    # the sources and the place of the corners differ by less than 2 per cent.
    for unit, km in {
        "KZ-AKT": 1018.6,
        "KZ-KUS": 1477.1,
        "KZ-PAV": 796.3,
        "RU-ORE": 1959.5,
        "RU-OMS": 1026.5,
        "RU-AL": 522.8,
    }.items():
        assert table.loc[unit, "length_km"] == pytest.approx(km, rel=0.02)


# --- areas and maps -------------------------------------------------------------------------------


def test_area_of_an_octant_of_the_ellipsoid():
    edge = [(lon, 0.0) for lon in np.linspace(0, 90, 91)]
    octant = Polygon([*edge, (90.0, 90.0), (0.0, 90.0)])
    # The area of a geodesic polygon is exact but for rounding.
    assert geography.area_km2(octant) == pytest.approx(SURFACE / 8, rel=1e-9)


def test_area_ignores_direction_and_subtracts_holes():
    outer, inner = box(60, 50, 62, 52), box(60.5, 50.5, 61, 51)
    ring = Polygon(outer.exterior, [inner.exterior])
    # The same numbers added in another order, here and below.
    assert geography.area_km2(ring) == pytest.approx(
        geography.area_km2(outer) - geography.area_km2(inner), rel=1e-12
    )
    assert geography.area_km2(Polygon(outer.exterior.coords[::-1])) == pytest.approx(
        geography.area_km2(outer), rel=1e-12
    )
    both = MultiPolygon([inner, box(70, 50, 71, 51)])
    assert geography.area_km2(both) == pytest.approx(sum(map(geography.area_km2, both.geoms)), rel=1e-12)


def test_area_of_kazakhstan_is_the_published_one(kazakhstan):
    # 2,724,900 km² (Bureau of National Statistics). Half a per mille: the outline is simplified by 500 m and
    # the shore of the Caspian Sea moves.
    assert kazakhstan["geometry"].map(geography.area_km2).sum() == pytest.approx(2_724_900, rel=5e-4)


def test_the_map_keeps_areas(kazakhstan):
    flat = geography.projected(kazakhstan)["geometry"].map(lambda g: g.area / 1e6)
    # Three per ten thousand: geodesic edges and straight edges of the map enclose slightly different areas.
    np.testing.assert_allclose(flat, kazakhstan["geometry"].map(geography.area_km2), rtol=3e-4)


def test_map_coordinates_have_their_origin_on_the_central_meridian():
    x, y = geography.to_map([50, 50, 52], [66, 67, 66])
    # A micrometre on a map measured in metres.
    assert x[0] == pytest.approx(0, abs=1e-6)
    assert y[0] == pytest.approx(0, abs=1e-6)
    assert x[1] > 0
    assert y[2] > 0


def test_dissolving_gives_the_16_constant_units(kazakhstan, regions):
    constant = geography.dissolve(kazakhstan)
    assert set(constant["unit"]) == set(regions.loc[regions["boundary"] == "constant-16", "unit"])
    current = (
        kazakhstan.assign(area=kazakhstan["geometry"].map(geography.area_km2))
        .groupby("constant_unit")["area"]
        .sum()
    )
    merged = constant.set_index("unit")["geometry"].map(geography.area_km2)
    np.testing.assert_allclose(merged, current[merged.index], rtol=1e-9)  # nothing lost between neighbours


# --- the committed files --------------------------------------------------------------------------


def test_codes_of_the_boundary_files_are_registered(kazakhstan, regions):
    russia = geography.boundaries("russia")
    known = set(regions["unit"])
    assert set(kazakhstan["unit"]) == set(regions.loc[regions["boundary"] == "current-20", "unit"])
    mapped = regions.set_index("unit")["constant_unit"]
    assert (kazakhstan["unit"].map(mapped) == kazakhstan["constant_unit"]).all()
    assert set(russia["unit"]) <= known
    study_area = regions[(regions["country"] == "RUS") & regions["border"]]["unit"]
    assert set(russia.loc[russia["border"], "unit"]) == set(study_area)
    assert set(geography.boundaries("countries")["country"]).isdisjoint({"KAZ", "RUS"})


def test_no_seam_between_the_two_sides(border, kazakhstan):
    russia = geography.projected(geography.boundaries("russia"))
    ours = shapely.union_all(geography.projected(kazakhstan)["geometry"])
    theirs = shapely.union_all(russia["geometry"])
    assert (
        ours & theirs
    ).area < 1e6  # m²: less than one square kilometre of overlap along 7,700 km (rounding)
    line = shapely.transform(geography.joined(border), geography._MAP.transform, interleaved=False)
    along = line.interpolate(np.linspace(0.002, 0.998, 400), normalized=True)
    # Both sides come up to the line within the tolerance they were simplified by, 1 km (nearly all) and a
    # little more.
    gap = np.maximum(shapely.distance(ours, along), shapely.distance(theirs, along))
    assert np.quantile(gap, 0.99) < 1000
    assert gap.max() < 2500


def test_each_place_lies_in_its_region(places, kazakhstan):
    here = places[places["country"] == "KAZ"]
    areas = kazakhstan.set_index("unit")["geometry"]
    for name, row in here.iterrows():
        assert areas[row["unit"]].contains(shapely.Point(row["lon"], row["lat"])), name
    assert places["million_plus"].sum() == 19
    assert places["region_centre"].sum() == 32


def test_crossings_lie_on_the_border(border):
    crossings = data.load("crossings")
    placed = crossings[crossings["estimated"]]
    assert len(crossings) == 30
    assert len(placed) == 27
    found = geography.distance_to_border(placed["lat"], placed["lon"], border)
    assert found["distance_km"].max() < 1  # printed to 0.001 degrees, on a line slightly different from ours


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"type": "FeatureCollection", "features": [{"type"', "JSONDecodeError"),
        (b'{"type": "Topology"}', "KeyError"),
        (b"\xff\xfe", "UnicodeDecodeError"),
        (None, "no file"),
    ],
)
def test_a_damaged_boundary_file_is_refused_by_name(tmp_path, monkeypatch, content, message):
    copy = _copy_of_register(tmp_path)
    if content is not None:
        copy.write_bytes(content)
    monkeypatch.setenv("BORDERLAND_DATA", str(tmp_path))
    with pytest.raises(data.DataError, match=rf"data/boundaries/border\.geojson.*{message}.*git checkout"):
        geography.boundaries("border")


def test_an_invalid_geometry_is_refused_with_its_line(tmp_path, monkeypatch):
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    feature = {"type": "Feature", "properties": {}, "geometry": bow}
    _copy_of_register(tmp_path).write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    monkeypatch.setenv("BORDERLAND_DATA", str(tmp_path))
    with pytest.raises(data.DataError, match=r"border\.geojson:2, column geometry: found Self-intersection"):
        geography.boundaries("border")


def _copy_of_register(folder):
    """Copy the register into a folder without tables; return where the border file would stand."""
    shutil.copy(data.folder() / data.REGISTER, folder)
    (folder / "boundaries").mkdir()
    return folder / "boundaries" / "border.geojson"
