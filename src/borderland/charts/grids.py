"""Matrices: states by year, values in shades, coverage, joint counts."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
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
