"""Charts of model results that need more than :func:`borderland.plots.coefficient_plot`; same theme."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from borderland import plots, ties


@plots.themed
def coefficient_grid(frame: pd.DataFrame, *, xlabel: str, shared: bool = False, source: str = "") -> Figure:
    """Estimates with intervals in one panel per term: rows are outcomes, markers the series.

    Parameters
    ----------
    frame : DataFrame
        ``panel`` (heading), ``row`` (label at the left), ``series`` (legend), ``estimate``, ``low``,
        ``high``; panels, rows and series are drawn in order of first appearance. Panels have scales of their
        own.
    """
    panels, rows, series = (list(dict.fromkeys(frame[name])) for name in ("panel", "row", "series"))
    fig = plots.canvas(plots.DOUBLE, 0.34 * len(rows) + 1.2)
    axes = fig.subplots(1, len(panels), sharex=shared, sharey=True, squeeze=False)[0]
    shift = np.linspace(-0.16, 0.16, len(series)) if len(series) > 1 else [0.0]
    for ax, panel in zip(axes, panels, strict=True):
        ax.axvline(0, color=plots.INK, linewidth=0.6)
        for number, name in enumerate(series):
            part = frame[(frame["panel"] == panel) & (frame["series"] == name)]
            place = np.array([rows.index(row) for row in part["row"]]) + shift[number]
            style = plots.SERIES[number]
            ax.hlines(place, part["low"], part["high"], color=style["color"], linewidth=1.2)
            ax.plot(
                part["estimate"],
                place,
                linestyle="",
                marker=style["marker"],
                color=style["color"],
                markersize=4,
            )
        ax.set_title(panel, fontsize=plots.SMALL + 0.5)
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.locator_params(axis="x", nbins=4)
        ax.set_xlabel(xlabel, fontsize=plots.SMALL)
    axes[0].set_yticks(range(len(rows)), rows)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    if len(series) > 1:
        handles = [
            Line2D([], [], color=style["color"], marker=style["marker"], label=name)
            for name, style in zip(series, plots.SERIES, strict=False)
        ]
        fig.legend(handles=handles, loc="outside upper right", ncols=len(series))
    plots.source_line(fig, source)
    return fig


@plots.themed
def rate_with_reports(rates: pd.DataFrame, reports: pd.DataFrame, *, source: str = "") -> Figure:
    """Exchange rate over time, with dated reports of shopping across the border.

    Parameters
    ----------
    rates : DataFrame
        ``date`` and ``tenge_per_rouble``.
    reports : DataFrame
        From :func:`borderland.contacts.shopping_reports`. Markers point to the side where goods were bought
        (down: Russia, up: Kazakhstan); hollow where the rate spoke for the other side.
    """
    fig = plots.canvas(plots.DOUBLE, 3.1)
    ax = fig.add_subplot()
    days = pd.to_datetime(rates["date"])
    ax.plot(days, rates["tenge_per_rouble"], color=plots.INK, linewidth=1)
    for _, row in reports.iterrows():
        color = plots.RUS if row["bought_in"] == "RUS" else plots.KAZ
        ax.plot(
            row["day"],
            row["rate"],
            marker="v" if row["bought_in"] == "RUS" else "^",
            color=color,
            markerfacecolor=color if row["matches"] else "white",
            markersize=8,
            markeredgewidth=1.4,
            zorder=4,
        )
    ax.set_ylabel("tenge for one rouble")
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
    ax.text(
        0.995, 0.96, "Kazakhstan cheaper ↑", transform=ax.transAxes, ha="right", va="top", color=plots.GREY
    )
    ax.text(0.995, 0.04, "Russia cheaper ↓", transform=ax.transAxes, ha="right", color=plots.GREY)
    point = {"linestyle": "", "markersize": 7}
    handles = [
        Line2D([], [], marker="v", color=plots.RUS, label="buyers from Kazakhstan in Russia", **point),
        Line2D([], [], marker="^", color=plots.KAZ, label="buyers from Russia in Kazakhstan", **point),
        Line2D(
            [], [], marker="^", color=plots.KAZ, markerfacecolor="white", label="against the rate", **point
        ),
    ]
    fig.legend(handles=handles, loc="outside upper left", ncols=3)
    plots.source_line(fig, source)
    return fig


@plots.themed
def direction_bars(frame: pd.DataFrame, *, xlabel: str, source: str = "") -> Figure:
    """Statements against a claim to the left of zero, for it to the right, mixed ones around zero.

    Parameters
    ----------
    frame : DataFrame
        Index claim; ``for``, ``against``, ``mixed``, as from :func:`borderland.statements.directions`.
    """
    fig = plots.canvas(plots.DOUBLE, 0.27 * len(frame) + 1.1)
    ax = fig.add_subplot()
    place = np.arange(len(frame))[::-1]
    half = frame["mixed"] / 2
    style = {"height": 0.68, "edgecolor": "white", "linewidth": 0.5}
    bars = [
        (-half, frame["mixed"], plots.PALE, "mixed", plots.INK),
        (half, frame["for"], plots.KAZ, "for the claim", "white"),
        (-half - frame["against"], frame["against"], plots.RUS, "against", "white"),
    ]
    for left, width, color, label, ink in bars:
        ax.barh(place, width, left=left, color=color, label=label, **style)
        for y, start, count in zip(place, left, width, strict=True):
            if count:
                ax.text(
                    start + count / 2,
                    y,
                    f"{count:.0f}",
                    ha="center",
                    va="center",
                    color=ink,
                    fontsize=plots.SMALL,
                )
    ax.axvline(0, color=plots.INK, linewidth=0.6, zorder=0)
    ax.set_yticks(place, frame.index)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.set_xlabel(xlabel)
    order = [2, 0, 1]
    handles, labels = ax.get_legend_handles_labels()
    fig.legend([handles[i] for i in order], [labels[i] for i in order], loc="outside upper left", ncols=3)
    plots.source_line(fig, source)
    return fig


@plots.themed
def profile_dots(
    frame: pd.DataFrame, *, row: str, series: str, value: str, xlabel: str, source: str = ""
) -> Figure:
    """Values above zero of several series by row, as dots joined by a line; the largest row first."""
    frame = frame[frame[value] > 0]
    order = ties.by_value(frame.groupby(row)[value].max()).index
    names = list(dict.fromkeys(frame[series]))
    fig = plots.canvas(plots.DOUBLE, 0.21 * len(order) + 1.0)
    ax = fig.add_subplot()
    for place, label in enumerate(order):
        values = frame.loc[frame[row] == label, value]
        ax.hlines(place, values.min(), values.max(), color=plots.PALE, linewidth=2)
    for number, name in enumerate(names):
        part = frame[frame[series] == name]
        style = plots.SERIES[number % len(plots.SERIES)]
        place = [order.get_loc(label) for label in part[row]]
        ax.plot(
            part[value],
            place,
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
    plots.source_line(fig, source)
    return fig


@plots.themed
def scattered_points(
    frame: pd.DataFrame, *, value: str, group: str, ylabel: str, approximate: str, source: str = ""
) -> Figure:
    """Published figures at scattered dates, hollow where the source says "about"; never joined by a line.

    Parameters
    ----------
    frame : DataFrame
        ``year`` and the columns ``value``, ``group`` (marker and colour) and ``approximate`` (bool).
    """
    fig = plots.canvas(plots.DOUBLE, 3.0)
    ax = fig.add_subplot()
    for number, (name, part) in enumerate(frame.groupby(group, sort=False)):
        style = plots.SERIES[number % len(plots.SERIES)]
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
    ax.xaxis.get_major_locator().set_params(integer=True)
    fig.legend(loc="outside upper left", ncols=3)
    plots.source_line(fig, source)
    return fig


@plots.themed
def co_occurrence_triangle(joint: pd.DataFrame, *, source: str = "") -> Figure:
    """Lower triangle of a symmetric table of counts: circles by size with the count, blank where none.

    Parameters
    ----------
    joint : DataFrame
        As from :func:`borderland.statements.co_occurrence`; the diagonal is drawn hollow, a hidden cell as
        "<".
    """
    names = list(joint.index)
    fig = plots.canvas(plots.DOUBLE, 0.27 * len(names) + 1.5)
    ax = fig.add_subplot()
    largest = np.nanmax(joint.to_numpy())
    for row in range(len(names)):
        for column in range(row + 1):
            count = joint.iat[row, column]
            if np.isnan(count):
                ax.text(column, row, "<", ha="center", va="center", color=plots.GREY)
            elif count > 0:
                own = row == column
                ax.scatter(
                    column,
                    row,
                    s=60 + 260 * count / largest,
                    facecolor="white" if own else plots.KAZ,
                    edgecolor=plots.GREY if own else plots.KAZ,
                    linewidths=0.8,
                )
                ax.text(
                    column,
                    row,
                    f"{count:.0f}",
                    ha="center",
                    va="center",
                    color=plots.INK if own else "white",
                    fontsize=plots.SMALL,
                )
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.7, len(names) - 0.3)
    ax.set_ylim(len(names) - 0.3, -0.7)
    ax.tick_params(length=0)
    ax.grid(True)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    plots.source_line(fig, source)
    return fig
