"""Lines over years: panels by topic, and one small panel a unit in blocks by side."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from borderland.charts.marks import (
    headroom,
    label_ends,
    legend_above,
    mark_breaks,
    number_ticks,
    year_ticks,
    yearly_lines,
)
from borderland.charts.theme import GREY, INK, PALE, SMALL, WIDTH, Style, Words, canvas, framed, themed


@themed
def panel_lines(
    panels: Mapping[str, pd.DataFrame],
    *,
    words: Words,
    styles: Mapping[str, Style],
    breaks: Mapping[str, Mapping[int, str]] | None = None,
    events: Mapping[int, str] | None = None,
    shade: tuple[int, int] | None = None,
    columns: int = 2,
    sharey: bool = True,
    zero: bool = False,
    row_height: float = 2.3,
) -> Figure:
    """Panels of yearly lines; named at their ends, where more than two panels stand in a row in a legend.

    Parameters
    ----------
    panels : mapping
        Heading to a frame: index year, columns series.
    words : Words
        Its mark ``shade`` names the shaded years.
    styles : mapping
        Series to line style.
    breaks : mapping, optional
        Heading to {first year of a new definition: note}; lines are interrupted there.
    events : mapping, optional
        Year to the name of an event whose trace is sought; lines run through.
    shade : (first, last), optional
        Years set apart.
    zero : bool
        Draw the line of zero, and start axes without negative values there.
    """
    rows = pd.concat(
        {
            heading: frame.rename_axis(index="year", columns="series").stack().rename("value").reset_index()
            for heading, frame in panels.items()
        },
        names=["panel"],
    ).reset_index("panel")
    rows = rows.astype({"value": float}).dropna(subset="value")
    columns = min(columns, len(panels))
    grid = sns.FacetGrid(
        rows,
        col="panel",
        col_wrap=columns,
        sharex=False,
        sharey=sharey,
        height=row_height,
        aspect=WIDTH / columns / row_height,
    )
    fig = framed(grid.figure, words)
    handles: list[Artist] = [
        Line2D([], [], color=style["color"], linestyle=_linestyle(style), label=words.say(name))
        for name, style in styles.items()
        if columns > 2 and name in set(rows["series"])
    ]
    if shade is not None:
        handles.append(Patch(facecolor=PALE, label=words["shade"]))
    if handles:
        legend_above(fig, handles)
    for heading, ax in grid.axes_dict.items():
        panel = rows[rows["panel"] == heading]
        own = (breaks or {}).get(heading, {})
        if zero:
            ax.axhline(0, color=INK, linewidth=0.6)
        if shade is not None:
            ax.axvspan(shade[0] - 0.5, shade[1] + 0.5, color=PALE, linewidth=0, alpha=0.6, zorder=0)
        yearly_lines(ax, panel, styles, own)
        ax.set(title=words.say(heading), xlabel="", ylabel="")
        ax.grid(axis="y")
        ax.tick_params(labelleft=True)
        number_ticks(ax, words)
        year_ticks(ax, int(panel["year"].min()), int(panel["year"].max()), max(2, 10 // columns))
        if zero and panel["value"].min() >= 0:
            ax.set_ylim(bottom=0)
        mark_breaks(ax, own, words)
        if events:
            headroom(ax)
        for year, note in (events or {}).items():
            ax.axvline(year, ymax=0.9, color=INK, linewidth=0.5, zorder=0)
            ax.annotate(
                words.say(note),
                (year, 1),
                xycoords=("data", "axes fraction"),
                va="top",
                ha="center",
                fontsize=SMALL,
                color=GREY,
            )
    if columns <= 2:
        for heading, ax in grid.axes_dict.items():
            label_ends(ax, _ends(rows[rows["panel"] == heading], styles), words)
    return fig


def _ends(panel: pd.DataFrame, styles: Mapping[str, Style]) -> dict[str, tuple[float, float, str]]:
    """Where each series of a panel ends, and its hue."""
    last = panel.sort_values("year", kind="stable").groupby("series", sort=False).tail(1)
    return {row.series: (row.year, row.value, styles[row.series]["color"]) for row in last.itertuples()}


def _linestyle(style: Style) -> Any:
    """The dashes of a style as matplotlib's own lines take them."""
    return (0, style["dashes"]) if style["dashes"] else "-"


@themed
def unit_panels(
    frame: pd.DataFrame,
    area: pd.DataFrame,
    *,
    words: Words,
    colors: Mapping[str, str],
    styles: Mapping[str, Style],
    breaks: Mapping[str, Collection[int]],
    reference: float,
) -> Figure:
    """One small panel a region on common axes, the two sides as blocks that face each other, west to east.

    Parameters
    ----------
    frame : DataFrame
        ``unit``, ``year``, ``series``, ``value``.
    area : DataFrame
        Index unit in the order of the panels; ``name``, ``country``.
    words : Words
        Marks: the heading of each block by country, ``break``, and the series of ``styles``.
    colors : mapping
        Country to its hue, in the order of the blocks.
    styles : mapping
        Series to ``dashes``.
    breaks : mapping
        Country to the first years of new definitions.
    reference : float
        A horizontal line common to all panels.
    """
    units = {country: area.index[area["country"] == country] for country in colors}
    rows, wide = _block_shape([len(block) for block in units.values()])
    fig = canvas(0.98 * rows + 0.55, words)
    grid = fig.subplots(rows, sum(wide), sharex=True, sharey=True, squeeze=False)
    start = 0
    for (country, block), columns in zip(units.items(), wide, strict=True):
        cells = list(grid[:, start : start + columns].flat)
        start += columns
        for ax, unit in zip(cells, block, strict=False):
            ax.axhline(reference, color=GREY, linewidth=0.6)
            own = breaks.get(country, ())
            lines = {name: {"color": colors[country], **style} for name, style in styles.items()}
            yearly_lines(ax, frame[frame["unit"] == unit], lines, own)
            mark_breaks(ax, dict.fromkeys(own, ""), words)
            ax.set_title(words.say(area.loc[unit, "name"]), fontsize=SMALL, color=colors[country])
            ax.set(xlabel="", ylabel="")
            ax.grid(axis="y")
            number_ticks(ax, words)
        for column in range(columns):  # the lowest panel of each column names the years
            cells[(len(block) - 1 - column) // columns * columns + column].tick_params(labelbottom=True)
        for ax in cells[len(block) :]:
            ax.axis("off")
        sns.despine(fig)
    year_ticks(grid[0, 0], int(frame["year"].min()), int(frame["year"].max()), 3)
    handles = [
        Line2D([], [], color=hue, linewidth=3, label=words[country]) for country, hue in colors.items()
    ]
    handles += [
        Line2D([], [], color=INK, linestyle=_linestyle(style), label=words.say(name))
        for name, style in styles.items()
    ]
    handles.append(Line2D([], [], color=GREY, linestyle=(0, (1, 2)), label=words["break"]))
    legend_above(fig, handles)
    return fig


def _block_shape(sizes: Collection[int], widest: int = 5) -> tuple[int, list[int]]:
    """Rows, and columns of each block, of the flattest grid that holds blocks of panels side by side.

    >>> _block_shape([7, 12])
    (4, [2, 3])
    """
    for rows in range(1, max(sizes) + 1):
        columns = [-(-size // rows) for size in sizes]
        if sum(columns) <= widest:
            break
    return rows, columns


@themed
def dated_lines(
    frame: pd.DataFrame,
    *,
    words: Words,
    colors: Mapping[str, str],
    breaks: Mapping[int, str] | None = None,
) -> Figure:
    """Straight lines between a few dated values, named at their ends.

    Parameters
    ----------
    frame : DataFrame
        Index label, columns years (two or more), values; missing values interrupt the line.
    colors : mapping
        Label to its hue.
    """
    fig = canvas(2.9, words)
    ax = fig.add_subplot()
    years = [int(year) for year in frame.columns]
    rows = frame.rename_axis(index="series", columns="year").stack().rename("value").reset_index()
    rows["year"] = rows["year"].astype(int)
    sns.lineplot(
        rows,
        x="year",
        y="value",
        hue="series",
        style="series",
        palette=dict(colors),
        markers=["o"] * len(frame),
        dashes=False,
        estimator=None,
        legend=False,
        ax=ax,
    )
    ax.set(xlabel="", ylabel="", xticks=years, ylim=(0, None))
    ax.set_xticklabels([str(year) for year in years])
    _thin(ax)
    ax.grid(axis="y")
    number_ticks(ax, words)
    mark_breaks(ax, breaks, words)
    label_ends(ax, _ends(rows, {label: {"color": colors[label]} for label in frame.index}), words)
    return fig


def _thin(ax: Axes) -> None:
    """Drop the names of ticks that would run into the one before."""
    places = ax.get_xticks()
    apart = np.ptp(places) / 18
    kept = -np.inf
    for place, text in zip(places, ax.get_xticklabels(), strict=True):
        if place - kept < apart:
            text.set_visible(False)
        else:
            kept = place
