"""Heat maps: states by year, blocks of regions by year, coverage of tables, outcomes by variant."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from borderland.charts.marks import legend_above, name_rows, tick_numbers, year_columns
from borderland.charts.theme import (
    ACCENT,
    DIVERGING,
    GREY,
    INK,
    PALE,
    SEQUENTIAL,
    SMALL,
    Words,
    canvas,
    themed,
)


@themed
def timeline_heatmap(
    frame: pd.DataFrame,
    *,
    words: Words,
    levels: Mapping[int, str],
    assumed: pd.DataFrame,
) -> Figure:
    """Status by country (rows) and year (columns) in shades; hatched where the status is only assumed.

    Parameters
    ----------
    frame : DataFrame
        Index label in drawing order, columns years, values codes of ``levels``.
    words : Words
        Its mark ``assumed`` words the hatching.
    levels : mapping
        Code to wording, drawn from light to dark in the order given.
    assumed : DataFrame
        Same shape, True where the evidence is an assumption.
    """
    shades = ListedColormap(SEQUENTIAL(np.linspace(0.06, 0.95, len(levels))))
    codes = {code: place for place, code in enumerate(levels)}
    unknown = sorted(set(pd.unique(frame.to_numpy().ravel())) - set(codes))
    if unknown:
        raise ValueError(f"codes without a level: {unknown}")
    fig = canvas(0.19 * len(frame) + 0.7, words)
    ax = fig.add_subplot()
    places = frame.replace(codes).astype(float)
    _tiles(ax, places, cmap=shades, norm=Normalize(-0.5, len(levels) - 0.5))
    ax.hlines(np.arange(1, len(frame)), 0, len(frame.columns), color="white", linewidth=1.2)
    _hatch(ax, assumed, "/////", GREY)
    _years_below(ax, frame)
    name_rows(ax, frame.index, words)
    handles = [
        Patch(facecolor=shades(place), edgecolor=GREY, linewidth=0.4, label=words.say(text))
        for place, text in enumerate(levels.values())
    ]
    handles.append(
        Patch(facecolor="white", edgecolor=GREY, hatch="/////", linewidth=0.4, label=words["assumed"])
    )
    legend_above(fig, handles)
    return fig


@themed
def coverage_matrix(frame: pd.DataFrame, *, words: Words, grades: Mapping[str, str]) -> Figure:
    """Which table has figures for which year: shade by the share of units present.

    Parameters
    ----------
    frame : DataFrame
        Index table, columns years, values share of the table's units with a row in that year, 0 to 1.
    words : Words
        Marks ``share`` (of the colour bar) and ``grade`` (over the letters at the right).
    grades : mapping
        Table to its grade.
    """
    fig = canvas(0.13 * len(frame) + 0.7, words)
    ax = fig.add_subplot()
    _tiles(ax, frame, mask=frame == 0, cmap=SEQUENTIAL, norm=Normalize(-0.25, 1), linewidths=0.4)
    _years_below(ax, frame)
    name_rows(ax, frame.index, words)
    ax.hlines(np.arange(1, len(frame)), 0, len(frame.columns), color="#EEEEEE", linewidth=0.4, zorder=0)
    for place, table in enumerate([words.marks["grade"], *frame.index]):
        ax.annotate(
            words.say(grades.get(table, table)),
            (1.015, place - 0.5),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=SMALL,
            color=GREY,
            annotation_clip=False,
        )
    handles = [
        Patch(facecolor=SEQUENTIAL(Normalize(-0.25, 1)(share)), label=words.number(share, ".0%"))
        for share in (0.1, 0.5, 1.0)
    ]
    handles[0].set_label(f"{words['share']}: {handles[0].get_label()}")
    legend_above(fig, handles)
    return fig


@themed
def block_heatmaps(
    blocks: Mapping[str, pd.DataFrame],
    *,
    words: Words,
    levels: Collection[float],
    colors: Mapping[str, str],
) -> Figure:
    """Blocks of rows by year above one another, in shades that part at zero; cells without a value are white.

    Cells below zero are hatched as well, for two colours of one lightness are one in grey print.

    Parameters
    ----------
    blocks : mapping
        Heading to a frame: index label from top to bottom, the same years as columns.
    levels : collection of float
        Class limits, zero among them.
    colors : mapping
        Heading to the hue of the heading and of the names below it.
    """
    rows = [len(frame) for frame in blocks.values()]
    fig = canvas(0.165 * sum(rows) + 0.25 * len(rows) + 0.35, words)
    axes = fig.subplots(len(rows), 1, sharex=True, squeeze=False, height_ratios=rows)[:, 0]
    # No class takes the white middle of the scale: white is a cell without a value.
    below, above = sum(level < 0 for level in levels), sum(level > 0 for level in levels)
    shades = ListedColormap(DIVERGING([*np.linspace(0, 0.4, below), *np.linspace(0.6, 1, above)]))
    for ax, (heading, frame) in zip(axes, blocks.items(), strict=True):
        _tiles(
            ax,
            frame.astype(float),
            cmap=shades,
            norm=BoundaryNorm(list(levels), shades.N),
            linewidths=0.3,
        )
        _hatch(ax, frame < 0, "//////", "#00000050")
        _years_below(ax, frame)
        name_rows(ax, frame.index, words, dict.fromkeys(frame.index, colors[heading]))
        ax.set_title(words.say(heading), color=colors[heading])
        ax.tick_params(axis="x", length=2.5 if ax is axes[-1] else 0)
    bar = fig.colorbar(
        axes[0].collections[0], ax=list(axes), shrink=0.6, aspect=22, pad=0.01, ticks=list(levels)
    )
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(tick_numbers(words))
    return fig


@themed
def outcome_tiles(
    tiles: pd.DataFrame,
    *,
    words: Words,
    row: str,
    column: str,
    outcome: str,
    signs: Mapping[str, str],
) -> Figure:
    """Outcome of each row under each column, as a shade and a sign; the first column is set apart.

    Parameters
    ----------
    tiles : DataFrame
        One row a tile, in drawing order; the columns named below, and true or false in ``alike`` (drawn
        small and without a shade), ``changed`` (framed) and ``hinges`` (marked in the corner).
    words : Words
        Marks ``alike``, ``changed``, ``hinges``; each is told where it occurs.
    row, column, outcome : str
        Columns with the labels of both axes and with the outcome.
    signs : mapping
        Outcome to the sign in its tile, from the lightest shade to the darkest.
    """
    shades = ListedColormap(SEQUENTIAL(np.linspace(0.06, 0.95, len(signs))))
    codes = {found: place for place, found in enumerate(signs)}
    wide = tiles.pivot(index=row, columns=column)
    wide = wide.reindex(index=tiles[row].unique()).reindex(columns=tiles[column].unique(), level=1)
    alike, changed, hinges = (wide[name].to_numpy(bool) for name in ("alike", "changed", "hinges"))
    found = wide[outcome]
    handles: list[Artist] = [
        Patch(
            facecolor=shades(codes[name]), edgecolor=GREY, linewidth=0.4, label=f"{sign}  {words.say(name)}"
        )
        for name, sign in signs.items()
    ]
    flags: dict[str, Artist] = {
        "alike": Patch(facecolor="white", edgecolor=PALE, linewidth=0.8),
        "changed": Patch(facecolor="white", edgecolor=ACCENT, linewidth=1.5),
        "hinges": Line2D([], [], marker="v", linestyle="", color=ACCENT),
    }
    for name, handle in flags.items():
        if wide[name].to_numpy(bool).any():
            handle.set_label(words[name])
            handles.append(handle)
    fig = canvas(0.2 * len(found) + 1.5, words)
    legend_above(fig, handles)
    ax = fig.add_subplot()
    for own, cmap, text in (
        (~alike, shades, {"size": SMALL + 2}),
        (alike, ListedColormap(["white"]), {"size": SMALL, "color": GREY}),
    ):
        _tiles(
            ax,
            found.replace(codes).astype(float),
            mask=~own,
            cmap=cmap,
            norm=Normalize(-0.5, len(signs) - 0.5),
            annot=found.replace(dict(signs)),
            fmt="",
            annot_kws=text,
            linewidths=1.5,
        )
    ax.pcolor(
        np.ma.masked_equal(changed, False), cmap=ListedColormap(["none"]), edgecolor=ACCENT, linewidth=1.8
    )
    down, across = np.nonzero(hinges)
    sns.scatterplot(x=across + 0.84, y=down + 0.26, marker="v", s=18, color=ACCENT, linewidth=0, ax=ax)
    ax.axvline(1, color=INK, linewidth=1)
    ax.xaxis.tick_top()
    name_rows(ax, found.index, words)
    named = [words.say(name) for name in found.columns]
    ax.set_xticks(ax.get_xticks(), named, rotation=40, ha="left", rotation_mode="anchor")
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)
    return fig


def _tiles(ax: Axes, frame: pd.DataFrame, **drawn: Any) -> None:
    """Draw a heat map with a tick for each row and column, to be named by whoever has it drawn.

    Seaborn would name them too, and measure each name to see whether it overlaps the next.
    """
    sns.heatmap(frame, cbar=False, xticklabels=False, yticklabels=False, ax=ax, **drawn)
    ax.set(xticks=np.arange(len(frame.columns)) + 0.5, yticks=np.arange(len(frame)) + 0.5)
    plt.setp(ax.get_yticklabels(), rotation=0, va="center")


def _years_below(ax: Axes, frame: pd.DataFrame) -> None:
    """Name the columns of years, and no axis."""
    year_columns(ax, [int(year) for year in frame.columns])
    ax.set(xlabel="", ylabel="")
    ax.tick_params(axis="y", length=0, rotation=0)


def _hatch(ax: Axes, cells: pd.DataFrame, hatch: str, color: str) -> None:
    """Hatch the cells of a heat map that are true."""
    marked = np.ma.masked_equal(cells.to_numpy(bool), False)
    ax.pcolor(marked, cmap=ListedColormap(["none"]), hatch=hatch, edgecolor=color, linewidth=0)
