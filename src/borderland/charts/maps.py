"""Maps of regions and districts in one equal-area projection; same theme as all charts."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Colormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.text import Annotation
from shapely.geometry.base import BaseGeometry

from borderland import ties
from borderland.charts import marks, theme

# Where the name of a region is broken: at its first blank, or behind its hyphen.
_BREAK = re.compile(r" |(?<=-)(?=\w)")
_NAMES = 7.0  # names on a map, points: smaller than other type, for they have no line of their own
_LAND, _WATER = "#F4F2EE", "#E3EEF5"
# Metres. Finer bends are below 0.06 mm in print, and drawing them makes the file ten times as large.
_DETAIL = 1000.0
_EDGE, _FAINT_EDGE = "#8A857B", "#CFCBC2"


@dataclass(frozen=True)
class Look:
    """What a map of regions takes from the article: which layers, which hues.

    Attributes
    ----------
    regions : tuple of str
        Layers with regions in the order of drawing; a map of districts shows the last one whole.
    fills, inks : mapping
        Country to the fill of its regions and to the colour of their names.
    shifts : mapping
        Unit to the kilometres (east, north) by which its name is moved off the point inside its region, where
        a city, the border or another name is in the way.
    """

    regions: tuple[str, ...]
    fills: Mapping[str, str]
    inks: Mapping[str, str]
    shifts: Mapping[str, tuple[float, float]]


def _paths(geometry: BaseGeometry) -> Path:
    """One drawing path for a polygon or several, holes included."""
    rings = [
        ring for polygon in shapely.get_parts(geometry) for ring in (polygon.exterior, *polygon.interiors)
    ]
    return Path.make_compound_path(*(Path(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings))


def _drawn(geometries: pd.Series, window: tuple[float, float, float, float]) -> list[BaseGeometry]:
    """Polygons at the detail that print can show, cut off beyond the window; shared borders stay shared."""
    west, east, south, north = window
    simple = shapely.coverage_simplify(geometries.to_numpy(), _DETAIL)
    # Cut outside the window, so that no edge of the cut shows.
    return list(shapely.clip_by_rect(simple, west - 50e3, south - 50e3, east + 50e3, north + 50e3))


def _base_map(
    ax: Axes,
    layers: Mapping[str, pd.DataFrame],
    area: pd.DataFrame,
    window: tuple[float, float, float, float],
    look: Look,
    words: theme.Words,
    apart: Mapping[str, str] | None = None,
) -> None:
    """Draw neighbours, regions (the study area tinted by country), the state border, a scale; set the window.

    ``layers`` are the frames ``countries``, those of ``look.regions`` (on the division of ``area``) and
    ``border``, projected to metres; ``window`` is west, east, south, north in metres; units in ``apart`` are
    hatched in the hue of the country given.
    """
    ax.set_facecolor(_WATER)
    for geometry in _drawn(layers["countries"]["geometry"], window):
        ax.add_patch(PathPatch(_paths(geometry), facecolor=_LAND, edgecolor="#B5B0A6", linewidth=0.4))
    for name in look.regions:
        for unit, geometry in zip(
            layers[name]["unit"], _drawn(layers[name]["geometry"], window), strict=True
        ):
            country = area["country"].get(unit)
            if apart and unit in apart:
                ax.add_patch(PathPatch(_paths(geometry), linewidth=0.5, **_hatched(look, apart[unit])))
                continue
            ax.add_patch(
                PathPatch(
                    _paths(geometry),
                    facecolor=look.fills.get(country, _LAND),
                    edgecolor=_EDGE if country else _FAINT_EDGE,
                    linewidth=0.5,
                )
            )
    for geometry in shapely.simplify(layers["border"]["geometry"].to_numpy(), _DETAIL):
        ax.plot(*np.asarray(geometry.coords)[:, :2].T, color=theme.INK, linewidth=1.4, solid_capstyle="round")
    west, east, south, north = window
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(True)
    x, y = east - 0.03 * (east - west), south + 0.05 * (north - south)
    ax.plot([x - 300e3, x], [y, y], color=theme.INK, linewidth=1.5, solid_capstyle="butt")
    ax.annotate(
        words.say("300 km"),
        (x - 150e3, y),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        fontsize=_NAMES,
    )


def _hatched(look: Look, country: str) -> dict[str, Any]:
    """Style of an area that lies in a region of a country but is not counted with it."""
    return {"facecolor": _LAND, "edgecolor": look.fills[country], "hatch": "////"}


def _window(
    frame: pd.DataFrame, units: Collection[str], north: float, margin: float = 90e3
) -> tuple[float, float, float, float]:
    """Bounds of some units (metres) with a margin, cut off in the north."""
    bounds = np.array(
        [g.bounds for u, g in zip(frame["unit"], frame["geometry"], strict=True) if u in set(units)]
    )
    west, south = bounds[:, :2].min(axis=0)
    east, top = bounds[:, 2:].max(axis=0)
    return west - margin, east + margin, south - margin, min(top + margin, north)


def _keep_inside(fig: Figure, ax: Axes, names: Collection[Annotation]) -> None:
    """Move a name that would cross the frame of the map inside, above its mark or below it."""
    fig.draw_without_rendering()
    frame = ax.get_window_extent()
    for name in names:
        extent = name.get_window_extent()
        over = max(frame.x0 - extent.x0, 0) - max(extent.x1 - frame.x1, 0)
        if over:
            across, up = name.xyann
            inside = across + over * 72 / fig.dpi + math.copysign(2, over)
            name.xyann = (inside, up if up < 0 else 5)


@theme.themed
def borderland_map(
    layers: Mapping[str, pd.DataFrame],
    area: pd.DataFrame,
    places: pd.DataFrame,
    crossings: pd.DataFrame,
    *,
    words: theme.Words,
    look: Look,
    north: float,
    apart: Mapping[str, str] | None = None,
) -> Figure:
    """Locator map: the regions of both sides by name, the state border, cities, centres, estimated crossings.

    Parameters
    ----------
    layers : mapping
        ``countries``, those of ``look.regions``, ``border``: frames with ``geometry`` in metres of one
        equal-area projection, the regions with ``unit``.
    area : DataFrame
        Index unit; ``name``, ``country``, ``centre`` and its ``x``, ``y`` (metres).
    places : DataFrame
        ``name``, ``x``, ``y`` (metres), ``million_plus``; those of a million are drawn, away from the edge.
    crossings : DataFrame
        ``x``, ``y`` (metres) of crossings, all estimated.
    words : Words
        Marks: each country (its regions), ``border``, ``city``, ``centre``, ``crossing``, and ``apart`` where
        there is such an area. The licences of the boundaries ask for their credit in the source.
    north : float
        Northern edge of the map, metres.
    apart : mapping, optional
        Units that lie in a region of the study area but are not counted with it, to their country: hatched.
    """
    both = pd.concat([layers[name] for name in reversed(look.regions)])
    window = _window(both, area.index, north)
    fig = theme.canvas(theme.WIDTH * (window[3] - window[2]) / (window[1] - window[0]) + 0.4, words)
    ax = fig.add_subplot()
    _base_map(ax, layers, area, window, look, words, apart)
    frame_box = shapely.box(window[0], window[2], window[1], window[3])
    for unit, geometry in zip(both["unit"], both["geometry"], strict=True):
        if unit in area.index:
            point = geometry.intersection(frame_box).representative_point()
            east, north_shift = look.shifts.get(unit, (0, 0))
            ax.annotate(
                _BREAK.sub("\n", words.say(area.loc[unit, "name"]), count=1),
                (point.x + 1e3 * east, point.y + 1e3 * north_shift),
                ha="center",
                va="center",
                fontsize=_NAMES,
                color=look.inks[area.loc[unit, "country"]],
                linespacing=0.95,
                fontweight=600,
                path_effects=marks.halo(),
            )
    ax.scatter(
        crossings["x"],
        crossings["y"],
        s=14,
        marker="D",
        facecolors="white",
        edgecolors=theme.INK,
        linewidths=0.7,
        zorder=4,
    )
    ax.scatter(area["x"], area["y"], s=9, color=theme.INK, zorder=5)
    cities = places[places["million_plus"]]
    shown = cities["x"].between(window[0] + 1e5, window[1] - 1e5)
    shown &= cities["y"].between(window[2] + 1e5, window[3] - 1e5)
    cities = cities[shown]
    ax.scatter(
        cities["x"],
        cities["y"],
        s=24,
        marker="s",
        color=theme.INK,
        edgecolors="white",
        linewidths=0.6,
        zorder=5,
    )
    # Cities beyond the study area are named on their left, centres of its regions on their right.
    named = []
    for names, shift, align in ((cities["name"], (-4, 3), "right"), (area["centre"], (4, -8), "left")):
        for label, x, y in zip(
            names, *((cities if align == "right" else area)[axis] for axis in "xy"), strict=True
        ):
            if label not in set(area["name"]):  # a region named after its city names it already
                named.append(
                    ax.annotate(
                        words.say(label),
                        (x, y),
                        xytext=shift,
                        textcoords="offset points",
                        ha=align,
                        fontsize=_NAMES,
                        path_effects=marks.halo(),
                    )
                )
    handles = [
        *(
            Patch(facecolor=fill, edgecolor=_EDGE, linewidth=0.5, label=words[country])
            for country, fill in look.fills.items()
        ),
        *(
            Patch(linewidth=0.5, label=words["apart"], **_hatched(look, country))
            for country in sorted(set((apart or {}).values()))
        ),
        Line2D([], [], color=theme.INK, linewidth=1.4, label=words["border"]),
        Line2D([], [], color=theme.INK, marker="s", linestyle="", label=words["city"]),
        Line2D([], [], color=theme.INK, marker="o", markersize=3, linestyle="", label=words["centre"]),
        Line2D(
            [],
            [],
            color=theme.INK,
            marker="D",
            markerfacecolor="white",
            linestyle="",
            label=words["crossing"],
        ),
    ]
    marks.legend_above(fig, handles)
    _keep_inside(fig, ax, named)
    return fig


@theme.themed
def district_map(
    layers: Mapping[str, pd.DataFrame],
    area: pd.DataFrame,
    districts: pd.DataFrame,
    places: pd.DataFrame,
    *,
    value: str,
    size: str,
    words: theme.Words,
    levels: Collection[float],
    look: Look,
    cmap: Colormap,
    ends: bool = False,
) -> Figure:
    """Circles for districts over the outlines of regions: area by inhabitants, shade by a value.

    Where values have either sign, a cross marks those above zero.

    Parameters
    ----------
    districts : DataFrame
        ``x``, ``y`` (metres), the columns ``value`` and ``size`` (persons).
    places : DataFrame
        ``name``, ``unit``, ``x``, ``y`` (metres): places that are named, above their circles.
    words : Words
        Marks ``bar`` (of the colours) and ``size``. The source has the credit that the boundaries ask for.
    levels : collection of float
        Class limits of the value.
    ends : bool
        Values beyond the first and the last limit occur, in classes of their own.
    """
    whole = layers[look.regions[-1]]
    window = _window(whole, whole["unit"], np.inf, margin=60e3)
    fig = theme.canvas(0.97 * theme.WIDTH * (window[3] - window[2]) / (window[1] - window[0]), words)
    ax = fig.add_subplot()
    _base_map(ax, layers, area.iloc[:0], window, look, words)
    reach = 130 / 500_000  # square points a person
    largest_first = ties.by_value(districts, size, descending=True)
    points = ax.scatter(
        largest_first["x"],
        largest_first["y"],
        s=5 + reach * largest_first[size],
        c=largest_first[value],
        cmap=cmap,
        norm=BoundaryNorm(list(levels), cmap.N, extend="both" if ends else "neither"),
        edgecolors=theme.INK,
        linewidths=0.4,
        zorder=4,
    )
    if min(levels) < 0 < max(levels):
        # In grey both ends of the scale are dark.
        gaining = largest_first[largest_first[value] > 0]
        ax.scatter(gaining["x"], gaining["y"], s=9, marker="+", c=theme.INK, linewidths=0.7, zorder=5)
    for place in places.itertuples():
        east, north = look.shifts.get(place.unit, (0, 0))
        ax.annotate(
            words.say(place.name),
            (place.x + 1e3 * east, place.y + 1e3 * north),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=_NAMES,
            zorder=6,
            path_effects=marks.halo(),
        )
    bar = fig.colorbar(
        points,
        ax=ax,
        location="bottom",
        shrink=0.7,
        aspect=38,
        pad=0.01,
        ticks=list(levels),
        format=marks.tick_numbers(words),
    )
    bar.set_label(words["bar"])
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markerfacecolor="white",
            markeredgecolor=theme.INK,
            markersize=np.sqrt(5 + reach * persons),
            label=words.number(persons, marks.TICK),
        )
        for persons in (20_000, 100_000, 500_000)
    ]
    ax.legend(  # one row, below all that lies at the western edge
        handles=handles,
        title=words["size"],
        loc="lower left",
        ncols=len(handles),
        columnspacing=1.2,
        alignment="left",
    )
    return fig
