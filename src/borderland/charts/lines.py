"""Lines over years: one panel a unit, one panel a topic, slopes between dated values."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from borderland.charts.marks import (
    draw_series,
    label_ends,
    legend_above,
    mark_breaks,
    number_ticks,
    series_style,
    year_ticks,
)
from borderland.charts.theme import (
    DOUBLE,
    GREY,
    INK,
    SERIES,
    SINGLE,
    SMALL,
    Style,
    canvas,
    source_line,
    themed,
)


@themed
def small_multiples(
    frame: pd.DataFrame,
    area: pd.DataFrame,
    *,
    value: str,
    ylabel: str,
    colors: Mapping[str, str],
    names: Mapping[str, str],
    series: str | None = None,
    styles: Mapping[str, Style] | None = None,
    breaks: Mapping[str, Collection[int]] | None = None,
    reference: float | None = None,
    source: str = "",
) -> Figure:
    """One small panel per region on common axes, west to east; the free last cell explains the marks.

    Parameters
    ----------
    frame : DataFrame
        Columns ``unit``, ``year``, ``value`` and, where a panel holds several lines, ``series``.
    area : DataFrame
        Index unit in the order of the panels; ``name``, ``country``.
    colors, names : mapping
        Country to its hue and to its wording in the explanation.
    styles : mapping, optional
        Series to line style; a key is its wording in the explanation.
    breaks : mapping, optional
        Country to the first years of new definitions.
    reference : float, optional
        A horizontal line common to all panels.
    """
    columns = 5
    rows = -(-(len(area) + 1) // columns)
    fig = canvas(DOUBLE, 1.15 * rows + 0.35)
    grid = fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    cells = list(grid.flat)
    for ax, (unit, region) in zip(cells, area.iterrows(), strict=False):
        own = (breaks or {}).get(region["country"], ())
        color = colors[region["country"]]
        if reference is not None:
            ax.axhline(reference, color=GREY, linewidth=0.6)
        panel = frame[frame["unit"] == unit]
        for name, part in [("", panel)] if series is None else panel.groupby(series, sort=False):
            style = {"color": color} | (styles or {}).get(name, {})
            draw_series(ax, part.set_index("year")[value], own, **style)
        mark_breaks(ax, dict.fromkeys(own, ""))
        ax.set_title(region["name"], fontsize=SMALL, color=color)
        ax.grid(axis="y")
        number_ticks(ax)
    year_ticks(cells[0], int(frame["year"].min()), int(frame["year"].max()), 3)
    for column in range(columns):
        grid[(len(area) - 1 - column) // columns, column].tick_params(labelbottom=True)
    for ax in cells[len(area) :]:
        ax.axis("off")
    handles = [Line2D([], [], color=color, linewidth=3, label=names[code]) for code, color in colors.items()]
    drawn: dict[str, Style] = {name: {"color": INK} | style for name, style in (styles or {}).items()}
    handles += [Line2D([], [], **style, label=name) for name, style in drawn.items()]
    if breaks:
        handles.append(Line2D([], [], color=GREY, linestyle=(0, (1, 2)), label="break in the series"))
    cells[-1].legend(handles=handles, loc="upper left", borderaxespad=0, handlelength=1.6)
    fig.supylabel(ylabel, fontsize=7.5)
    source_line(fig, source)
    return fig


@themed
def slope_chart(
    frame: pd.DataFrame,
    *,
    ylabel: str,
    source: str = "",
    colors: Mapping[str, str] | None = None,
    breaks: Mapping[int, str] | None = None,
    width: float = SINGLE,
    height: float = 3.6,
) -> Figure:
    """Straight lines between a few dated values per row, labelled on the right.

    Parameters
    ----------
    frame : DataFrame
        Index label, columns years (two or more), values; missing values interrupt the line.
    """
    fig = canvas(width, height)
    ax = fig.add_subplot()
    years = [int(year) for year in frame.columns]
    for position, (label, row) in enumerate(frame.iterrows()):
        style = series_style(label, position, colors)
        ax.plot(years, row.to_numpy(float), linewidth=1.1, **(style | {"linestyle": "-"}))
    ax.set_xticks(years, [str(year) for year in years])
    ax.grid(axis="x")
    ax.set_ylabel(ylabel)
    number_ticks(ax)
    mark_breaks(ax, breaks)
    label_ends(
        ax,
        {
            label: (years[-1], float(row.iloc[-1]), series_style(label, position, colors)["color"])
            for position, (label, row) in enumerate(frame.iterrows())
        },
    )
    source_line(fig, source)
    return fig


@themed
def panel_lines(
    panels: Mapping[str, pd.DataFrame],
    *,
    ylabel: str,
    source: str = "",
    breaks: Mapping[int, str] | None = None,
    events: Mapping[int, str] | None = None,
    styles: Mapping[str, Style] | None = None,
    colors: Mapping[str, str] | None = None,
    columns: int = 2,
    sharey: bool = True,
    zero: bool = False,
    row_height: float = 2.0,
) -> Figure:
    """Panels of lines with one legend: mirror statistics by direction, dispersion by indicator.

    Parameters
    ----------
    panels : mapping
        Heading to a frame: index year, columns series. Fewer than eight values are drawn as points.
    breaks : mapping, optional
        First year of a new definition to a note; lines are interrupted there.
    events : mapping, optional
        Year to the name of an event whose trace is sought; a solid tick, lines run through.
    styles : mapping, optional
        Series name to line style; without it the styles of ``SERIES`` in the order of first appearance.
    colors : mapping, optional
        Hue of the series whose name has a word in it (that of a country).
    zero : bool
        Draw the line of zero, and start axes without negative values there.
    """
    names = list(dict.fromkeys(name for frame in panels.values() for name in frame.columns))
    drawn = {name: dict(SERIES[place % len(SERIES)]) for place, name in enumerate(names)}
    for name in names:
        hue = next((color for word, color in (colors or {}).items() if word in name), None)
        drawn[name] |= {} if hue is None else {"color": hue}
        drawn[name] |= (styles or {}).get(name, {})
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    fig = canvas(DOUBLE, rows * row_height + 0.7)
    grid = fig.subplots(rows, columns, sharey=sharey, squeeze=False)
    for ax, (heading, frame) in zip(grid.flat, panels.items(), strict=False):
        if zero:
            ax.axhline(0, color=INK, linewidth=0.6)
        for name in frame.columns:
            known = frame[name].dropna()
            style = {"markevery": max(1, len(known) // 6)} | drawn[name]
            if len(known) >= 8:
                draw_series(ax, known, breaks or {}, **style)
            else:
                ax.plot(known.index, known, **(drawn[name] | {"linestyle": "", "markersize": 4.5}))
        ax.set_title(heading, fontsize=8 if columns < 4 else SMALL)
        ax.grid(axis="y")
        number_ticks(ax)
        years = frame.dropna(how="all").index
        year_ticks(ax, int(years.min()), int(years.max()), max(2, 10 // columns))
        if zero and np.nanmin(frame.to_numpy(float)) >= 0:
            ax.set_ylim(bottom=0)
        mark_breaks(ax, breaks)
        for year, note in (events or {}).items():
            ax.axvline(year, ymax=0.93, color=INK, linewidth=0.5, zorder=0)
            ax.annotate(
                note,
                (year, 1),
                xycoords=("data", "axes fraction"),
                va="top",
                ha="center",
                fontsize=SMALL,
                color=GREY,
            )
    for ax in list(grid.flat)[len(panels) :]:
        ax.axis("off")
    fig.supylabel(ylabel, fontsize=7.5)
    if len(names) > 1:
        handles = [Line2D([], [], label=name, **drawn[name]) for name in names]
        legend_above(fig, handles)
    source_line(fig, source)
    return fig
