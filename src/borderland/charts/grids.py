"""Matrices: states by year, values in shades, coverage, joint counts."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from borderland.charts import theme
from borderland.charts.marks import color_names, legend_above, thousands
from borderland.charts.theme import DIVERGING, DOUBLE, GREY, SEQUENTIAL, SMALL, canvas, source_line, themed


@themed
def timeline_heatmap(
    frame: pd.DataFrame,
    *,
    levels: Mapping[int, str],
    assumed: pd.DataFrame | None = None,
    source: str = "",
    assumed_label: str = "assumed, no text read",
) -> Figure:
    """Status by country (rows) and year (columns) in shades; hatched where the status is only assumed.

    Parameters
    ----------
    frame : DataFrame
        Index label in drawing order, columns years, values codes of ``levels``.
    levels : mapping
        Code to wording, drawn from light to dark in the order given.
    assumed : DataFrame, optional
        Same shape, True where the evidence is an assumption.
    """
    shades = ListedColormap(SEQUENTIAL(np.linspace(0.06, 0.95, len(levels))))
    codes = {code: place for place, code in enumerate(levels)}
    unknown = sorted(set(pd.unique(frame.to_numpy().ravel())) - set(codes))
    if unknown:
        raise ValueError(f"codes without a level: {unknown}")
    fig = canvas(DOUBLE, 0.2 * len(frame) + 1.0)
    ax = fig.add_subplot()
    years = frame.columns.to_numpy(int)
    places = np.vectorize(codes.get)(frame.to_numpy())
    ax.imshow(
        places,
        cmap=shades,
        norm=Normalize(-0.5, len(levels) - 0.5),
        aspect="auto",
        interpolation="nearest",
        extent=(years[0] - 0.5, years[-1] + 0.5, len(frame) - 0.5, -0.5),
    )
    ax.set_yticks(range(len(frame)), frame.index)
    ax.hlines(np.arange(len(frame) - 1) + 0.5, years[0] - 0.5, years[-1] + 0.5, color="white", linewidth=1.2)
    if assumed is not None:
        for row, column in np.argwhere(assumed.to_numpy(bool)):
            ax.add_patch(
                Rectangle(
                    (years[column] - 0.5, row - 0.5),
                    1,
                    1,
                    fill=False,
                    hatch="/////",
                    edgecolor=GREY,
                    linewidth=0,
                )
            )
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    handles = [
        Patch(facecolor=shades(place), edgecolor=GREY, linewidth=0.4, label=text)
        for place, text in enumerate(levels.values())
    ]
    if assumed is not None:
        handles.append(
            Patch(facecolor="white", edgecolor=GREY, hatch="/////", linewidth=0.4, label=assumed_label)
        )
    legend_above(fig, handles)
    source_line(fig, source)
    return fig


@themed
def coverage_matrix(
    frame: pd.DataFrame, *, source: str = "", groups: Mapping[str, str] | None = None
) -> Figure:
    """Which table has figures for which year: shade by the share of units present.

    Parameters
    ----------
    frame : DataFrame
        Index table, columns years, values share of the table's units with a row in that year, 0 to 1.
    groups : mapping, optional
        Table to a word printed at the right (its grade, say).
    """
    fig = canvas(DOUBLE, 0.135 * len(frame) + 0.8)
    ax = fig.add_subplot()
    years = frame.columns.to_numpy(int)
    mesh = ax.pcolormesh(
        np.append(years, years[-1] + 1) - 0.5,
        np.arange(len(frame) + 1) - 0.5,
        np.ma.masked_equal(frame.to_numpy(float), 0),
        cmap=SEQUENTIAL,
        norm=Normalize(-0.25, 1),
        edgecolors="white",
        linewidth=0.4,
    )
    ax.set_yticks(range(len(frame)), frame.index)
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    for place, table in enumerate(frame.index):
        if groups and table in groups:
            ax.annotate(
                groups[table],
                (1.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=SMALL,
                color=GREY,
            )
    bar = fig.colorbar(
        mesh, ax=ax, shrink=0.5, aspect=12, pad=0.06, boundaries=np.linspace(0, 1, 21), ticks=[0, 0.5, 1]
    )
    bar.set_label("share of the table's units")
    source_line(fig, source)
    return fig


@themed
def heatmap(
    frame: pd.DataFrame,
    *,
    label: str,
    source: str = "",
    center: float | None = None,
    levels: Collection[float] | None = None,
    colors: Mapping[str, str] | None = None,
) -> Figure:
    """A matrix in shades; missing cells stay white.

    Parameters
    ----------
    center : float, optional
        Value at which the colours part (diverging scale); cells below it are hatched as well, for two colours
        of one lightness are one in grey print. Without it the scale is sequential.
    levels : collection of float, optional
        Class limits; without them the scale is continuous.
    colors : mapping, optional
        Row label to the hue of its name.
    """
    fig = canvas(DOUBLE, 0.165 * len(frame) + 0.85)
    ax = fig.add_subplot()
    values = frame.to_numpy(float)
    cmap: Colormap = SEQUENTIAL if center is None else DIVERGING
    norm: Normalize
    if levels is not None:
        if center is not None:
            # No class takes the white middle of the scale: white is a cell without a value.
            below, above = sum(level < center for level in levels), sum(level > center for level in levels)
            cmap = ListedColormap(cmap([*np.linspace(0, 0.4, below), *np.linspace(0.58, 1, above)]))
        norm = BoundaryNorm(list(levels), cmap.N)
    elif center is None:
        norm = Normalize(np.nanmin(values), np.nanmax(values))
    else:
        reach = np.nanmax(np.abs(values - center))
        norm = TwoSlopeNorm(center, center - reach, center + reach)
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(values), cmap=cmap, norm=norm, edgecolors="white", linewidth=0.3
    )
    if center is not None:
        negative = np.ma.masked_where(~(values < center), values)
        ax.pcolor(negative, cmap=ListedColormap(["none"]), hatch="//////", edgecolor="#FFFFFF80", linewidth=0)
    ax.invert_yaxis()
    ax.set_yticks(np.arange(len(frame)) + 0.5, frame.index)
    color_names(ax, colors)
    step = max(1, len(frame.columns) // 12)
    shown = range(0, len(frame.columns), step)
    ax.set_xticks([place + 0.5 for place in shown], [str(frame.columns[place]) for place in shown])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    bar = fig.colorbar(
        mesh, ax=ax, shrink=0.7, aspect=16, pad=0.02, ticks=None if levels is None else list(levels)
    )
    bar.ax.yaxis.set_major_formatter(FuncFormatter(thousands))
    bar.set_label(label)
    source_line(fig, source)
    return fig


@theme.themed
def co_occurrence_triangle(joint: pd.DataFrame, *, source: str = "") -> Figure:
    """Lower triangle of a symmetric table of counts: circles by size with the count, blank where none.

    Parameters
    ----------
    joint : DataFrame
        As from :func:`borderland.methods.coding.co_occurrence`; the diagonal is drawn hollow, a hidden
        cell as "<".
    """
    names = list(joint.index)
    fig = theme.canvas(theme.DOUBLE, 0.27 * len(names) + 1.5)
    ax = fig.add_subplot()
    largest = np.nanmax(joint.to_numpy())
    for row in range(len(names)):
        for column in range(row + 1):
            count = joint.iat[row, column]
            if np.isnan(count):
                ax.text(column, row, "<", ha="center", va="center", color=theme.GREY)
            elif count > 0:
                own = row == column
                ax.scatter(
                    column,
                    row,
                    s=60 + 260 * count / largest,
                    facecolor="white" if own else theme.BLUE,
                    edgecolor=theme.GREY if own else theme.BLUE,
                    linewidths=0.8,
                )
                ax.text(
                    column,
                    row,
                    f"{count:.0f}",
                    ha="center",
                    va="center",
                    color=theme.INK if own else "white",
                    fontsize=theme.SMALL,
                )
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.7, len(names) - 0.3)
    ax.set_ylim(len(names) - 0.3, -0.7)
    ax.tick_params(length=0)
    ax.grid(True)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    theme.source_line(fig, source)
    return fig


@theme.themed
def outcome_tiles(
    tiles: pd.DataFrame,
    *,
    row: str,
    column: str,
    outcome: str,
    signs: Mapping[str, str],
    faint: tuple[str, str],
    framed: tuple[str, str],
    ticked: tuple[str, str],
    source: str = "",
) -> Figure:
    """Outcome of each row under each column, as a shade and a sign.

    Parameters
    ----------
    tiles : DataFrame
        One row a tile, in drawing order; the first column drawn is set apart by a line.
    row, column, outcome : str
        Columns with the labels of both axes and with the outcome.
    signs : mapping
        Outcome to the sign in its tile, from the lightest shade to the darkest.
    faint, framed, ticked : pair of str
        A column of true and false, and its words in the legend (shown where one is true): tiles with a small
        sign and no shade, tiles with a frame, tiles with a mark in the corner.
    """
    rows, columns = (list(dict.fromkeys(tiles[name])) for name in (row, column))
    shades = dict(zip(signs, SEQUENTIAL(np.linspace(0, 0.95, len(signs))), strict=True))
    inks = dict(zip(signs, [theme.INK] * (len(signs) // 2 + 1) + ["white"] * len(signs), strict=False))
    fig = canvas(DOUBLE, 0.19 * len(rows) + 1.9)
    ax = fig.add_subplot()
    for tile in tiles.to_dict("records"):
        x, y, found = columns.index(tile[column]), rows.index(tile[row]), tile[outcome]
        pale = tile[faint[0]]
        box: dict[str, Any] = {"xy": (x + 0.04, y + 0.06), "width": 0.92, "height": 0.88}
        face = "white" if pale else shades[found]
        ax.add_patch(Rectangle(**box, facecolor=face, edgecolor=theme.PALE if pale else GREY, linewidth=0.4))
        ink, size = (GREY, SMALL) if pale else (inks[found], SMALL + 2)
        ax.text(x + 0.5, y + 0.5, signs[found], ha="center", va="center", color=ink, fontsize=size)
        if tile[framed[0]]:
            ax.add_patch(Rectangle(**box, fill=False, edgecolor=theme.ORANGE, linewidth=2, zorder=3))
        if tile[ticked[0]]:
            ax.scatter(x + 0.86, y + 0.26, marker="v", s=14, color=theme.ORANGE, zorder=4)
    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(rows), 0)
    ax.axvline(1, color=theme.INK, linewidth=1)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
    ax.xaxis.tick_top()
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=40, ha="left", rotation_mode="anchor")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    handles: list[Artist] = [
        Patch(facecolor=shades[found], edgecolor=GREY, linewidth=0.4, label=f"{sign}  {found}")
        for found, sign in signs.items()
    ]
    shown = {name: words for name, words in (faint, framed, ticked) if tiles[name].any()}
    drawn: dict[str, Artist] = {
        faint[0]: Patch(facecolor="white", edgecolor=theme.PALE, linewidth=0.8),
        framed[0]: Patch(facecolor="white", edgecolor=theme.ORANGE, linewidth=1.5),
        ticked[0]: Line2D([], [], marker="v", linestyle="", color=theme.ORANGE, markersize=4),
    }
    for name, words in shown.items():
        drawn[name].set_label(words)
        handles.append(drawn[name])
    legend_above(fig, handles)
    source_line(fig, source)
    return fig
