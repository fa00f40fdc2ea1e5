"""Points: values at scattered dates, several series by row."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from borderland import ties
from borderland.charts import theme
from borderland.charts.marks import label_ends, legend_above, mark_breaks, year_ticks
from borderland.charts.theme import DOUBLE, GREY, INK, SERIES, Style, canvas, source_line, themed

BASIS_MARKER = {"census": "o", "census-preliminary": "v", "estimate": "^", "register": "s"}


@themed
def dated_points(
    frame: pd.DataFrame,
    *,
    label: str,
    value: str,
    ylabel: str,
    breaks: Mapping[int, str] | None = None,
    source: str = "",
) -> Figure:
    """Values known at scattered dates; the marker tells the kind of count, its fill the grade of evidence.

    Dotted lines only show which points belong together: between them nothing is known.

    Parameters
    ----------
    frame : DataFrame
        ``year``, ``basis`` (a key of ``BASIS_MARKER``), ``grade`` (A to C); columns ``label`` and ``value``.
    breaks : mapping, optional
        First year of a new definition to a short note.
    """
    fig = canvas(DOUBLE, 3.4)
    ax = fig.add_subplot()
    ends = {}
    for position, (name, part) in enumerate(frame.sort_values(["year", label]).groupby(label, sort=False)):
        color = SERIES[position % len(SERIES)]["color"]
        ax.plot(part["year"], part[value], color=color, linewidth=0.9, linestyle=(0, (1, 1.5)))
        for _, row in part.iterrows():
            fill = "white" if row["grade"] == "C" else color
            marker = BASIS_MARKER[row["basis"]]
            ax.plot(row["year"], row[value], marker=marker, color=color, markerfacecolor=fill, markersize=4.5)
        ends[name] = (part["year"].iloc[-1], float(part[value].iloc[-1]), color)
    ax.set_ylabel(ylabel)
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
    year_ticks(ax, int(frame["year"].min()), int(frame["year"].max()), 10)
    mark_breaks(ax, breaks)
    label_ends(ax, ends)
    handles = [
        Line2D(
            [],
            [],
            color=INK,
            linestyle="",
            marker=marker,
            markerfacecolor="white",
            label=basis.replace("-", ", "),
        )
        for basis, marker in BASIS_MARKER.items()
        if basis in set(frame["basis"])
    ]
    handles.append(
        Line2D([], [], color=INK, linestyle="", marker="s", label="filled: grade A or B, hollow: grade C")
    )
    legend_above(fig, handles)
    source_line(fig, source)
    return fig


@theme.themed
def rate_with_reports(
    rates: pd.DataFrame,
    reports: pd.DataFrame,
    *,
    value: str,
    ylabel: str,
    styles: Mapping[str, Style],
    above: str,
    below: str,
    source: str = "",
) -> Figure:
    """A price over time, with dated reports of purchases on either side of a border.

    Parameters
    ----------
    rates : DataFrame
        ``date`` and the column ``value``.
    reports : DataFrame
        ``day``, ``rate``, ``bought_in``, ``matches``; markers of reports that do not match are hollow.
    styles : mapping
        Value of ``bought_in`` to ``color``, ``marker`` and ``label``.
    above, below : str
        What a high and a low price say.
    """
    fig = canvas(DOUBLE, 3.1)
    ax = fig.add_subplot()
    days = pd.to_datetime(rates["date"])
    ax.plot(days, rates[value], color=INK, linewidth=1)
    for _, row in reports.iterrows():
        style = styles[row["bought_in"]]
        ax.plot(
            row["day"],
            row["rate"],
            marker=style["marker"],
            color=style["color"],
            markerfacecolor=style["color"] if row["matches"] else "white",
            markersize=8,
            markeredgewidth=1.4,
            zorder=4,
        )
    ax.set_ylabel(ylabel)
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
    ax.text(0.995, 0.96, above, transform=ax.transAxes, ha="right", va="top", color=GREY)
    ax.text(0.995, 0.04, below, transform=ax.transAxes, ha="right", color=GREY)
    point: Style = {"linestyle": "", "markersize": 7}
    handles = [Line2D([], [], **style, **point) for style in styles.values()]
    hollow: Style = {**list(styles.values())[-1], "markerfacecolor": "white", "label": "against the rate"}
    handles.append(Line2D([], [], **hollow, **point))
    fig.legend(handles=handles, loc="outside upper left", ncols=3)
    source_line(fig, source)
    return fig


@theme.themed
def profile_dots(
    frame: pd.DataFrame, *, row: str, series: str, value: str, xlabel: str, source: str = ""
) -> Figure:
    """Values above zero of several series by row, as dots joined by a line; the largest row first."""
    frame = frame[frame[value] > 0]
    order = ties.by_value(frame.groupby(row)[value].max()).index
    names = list(dict.fromkeys(frame[series]))
    fig = theme.canvas(theme.DOUBLE, 0.21 * len(order) + 1.0)
    ax = fig.add_subplot()
    for place, label in enumerate(order):
        values = frame.loc[frame[row] == label, value]
        ax.hlines(place, values.min(), values.max(), color=theme.PALE, linewidth=2)
    for number, name in enumerate(names):
        part = frame[frame[series] == name]
        style = theme.SERIES[number % len(theme.SERIES)]
        ax.plot(
            part[value],
            [order.get_loc(label) for label in part[row]],
            linestyle="",
            marker=style["marker"],
            color=style["color"],
            markersize=5,
            label=name,
        )
    ax.set_yticks(range(len(order)), order)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_xlim(left=0)
    ax.set_xlabel(xlabel)
    fig.legend(loc="outside upper right", ncols=len(names))
    theme.source_line(fig, source)
    return fig


@theme.themed
def scattered_points(
    frame: pd.DataFrame, *, value: str, group: str, ylabel: str, approximate: str, source: str = ""
) -> Figure:
    """Published figures at scattered dates, hollow where the source says "about"; never joined by a line.

    Parameters
    ----------
    frame : DataFrame
        ``year`` and the columns ``value``, ``group`` (marker and colour) and ``approximate`` (bool).
    """
    fig = theme.canvas(theme.DOUBLE, 3.0)
    ax = fig.add_subplot()
    for number, (name, part) in enumerate(frame.groupby(group, sort=False)):
        style = theme.SERIES[number % len(theme.SERIES)]
        for rough, some in part.groupby(approximate):
            ax.plot(
                some["year"],
                some[value],
                linestyle="",
                marker=style["marker"],
                color=style["color"],
                markerfacecolor="white" if rough else style["color"],
                markersize=5.5,
                label=None if rough and (~part[approximate]).any() else name,
            )
    ax.set_ylabel(ylabel)
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
    ax.locator_params(axis="x", integer=True)
    fig.legend(loc="outside upper left", ncols=3)
    theme.source_line(fig, source)
    return fig
