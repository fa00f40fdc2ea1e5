"""Estimates with their intervals: a list, a grid of panels, a specification curve."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from borderland import ties
from borderland.charts import theme
from borderland.charts.marks import legend_above, number_ticks, thousands
from borderland.charts.theme import BLUE, DOUBLE, GREY, INK, ORANGE, PALE, SMALL, canvas, source_line, themed


@themed
def coefficient_plot(
    frame: pd.DataFrame,
    *,
    xlabel: str,
    source: str = "",
) -> Figure:
    """Estimates with intervals, in the order of the rows; published anchors as hollow grey diamonds.

    Parameters
    ----------
    frame : DataFrame
        Columns ``label``, ``estimate``, ``low``, ``high`` (missing: point only), ``kind`` ("ours" or
        "published"); optionally ``group`` (a heading where it changes) and ``n`` (printed at the right).
    """
    rows: list[tuple[str, pd.Series | None]] = []
    heading = None
    for _, row in frame.iterrows():
        if "group" in frame and row["group"] != heading:
            heading = row["group"]
            rows.append((str(heading), None))
        rows.append((str(row["label"]), row))
    fig = canvas(DOUBLE, 0.19 * len(rows) + 0.9)
    ax = fig.add_subplot()
    ax.axvline(0, color=INK, linewidth=0.6)
    places = np.arange(len(rows))[::-1]
    for place, (_, row) in zip(places, rows, strict=True):
        if row is None:
            continue
        published = row["kind"] == "published"
        color = GREY if published else BLUE
        if pd.notna(row["low"]) and pd.notna(row["high"]):
            ax.hlines(place, row["low"], row["high"], color=color, linewidth=1.3)
        ax.plot(
            row["estimate"],
            place,
            marker="D" if published else "o",
            markersize=4.2,
            color=color,
            markerfacecolor="white" if published else color,
        )
        if "n" in frame and pd.notna(row["n"]):
            ax.annotate(
                thousands(row["n"]),
                (1.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=SMALL,
                color=GREY,
            )
    ax.set_yticks(places, [label for label, _ in rows])
    for text, (_, row) in zip(ax.get_yticklabels(), rows, strict=True):
        if row is None:
            text.set_fontweight("bold")
    if "n" in frame:
        ax.annotate("N", (1.01, 1), xycoords="axes fraction", va="bottom", fontsize=SMALL, color=GREY)
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_xlabel(xlabel)
    number_ticks(ax, "x")
    if (frame["kind"] == "published").any():
        legend_above(
            fig,
            [
                Line2D([], [], color=BLUE, marker="o", label="this study, 95 % interval"),
                Line2D([], [], color=GREY, marker="D", markerfacecolor="white", label="published"),
            ],
        )
    source_line(fig, source)
    return fig


@themed
def specification_curve(
    estimates: pd.DataFrame,
    choices: pd.DataFrame,
    *,
    ylabel: str,
    source: str = "",
    main: object = None,
    null: tuple[float, float] | None = None,
) -> Figure:
    """All estimates in order of size; below, a grid of the choices that made each.

    Parameters
    ----------
    estimates : DataFrame
        One row per specification: ``estimate``, ``low``, ``high``, ``significant`` (bool).
    choices : DataFrame
        Same index, one column per dimension, values the option's name.
    main : index label, optional
        The article's own specification, drawn as a diamond.
    null : (low, high), optional
        Band in which the median estimate falls under the permutation null.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), *Nature Human Behaviour* 4, 1208–1214, figure 2.
    """
    order = ties.by_value(estimates["estimate"]).index
    estimates, choices = estimates.loc[order], choices.loc[order]
    options = [
        (dimension, option) for dimension in choices for option in pd.unique(choices[dimension].sort_values())
    ]
    fig = canvas(DOUBLE, 2.1 + 0.155 * len(options) + 0.3)
    top, bottom = fig.subplots(2, 1, sharex=True, height_ratios=[2.1, 0.155 * len(options)])
    rank = np.arange(len(order))
    colors = np.where(estimates["significant"], BLUE, "#A6A6A6")
    if null is not None:
        top.axhspan(*null, color=PALE, linewidth=0, zorder=0, label="median under the permutation null, 95 %")
    top.axhline(0, color=INK, linewidth=0.6)
    top.vlines(rank, estimates["low"], estimates["high"], colors=colors, linewidth=0.5, alpha=0.6)
    top.scatter(rank, estimates["estimate"], s=4, c=colors, zorder=3)
    handles: list[Artist] = [
        Line2D([], [], color=BLUE, marker="o", linestyle="", label="interval excludes zero"),
        Line2D([], [], color="#A6A6A6", marker="o", linestyle="", label="interval includes zero"),
    ]
    if null is not None:
        handles.append(Patch(facecolor=PALE, label="median under the permutation null, 95 %"))
    if main is not None:
        place = int(np.flatnonzero(order == main)[0])
        top.plot(
            place,
            estimates.loc[main, "estimate"],
            "D",
            color=ORANGE,
            markeredgecolor="white",
            markersize=6,
            zorder=4,
        )
        bottom.axvline(place, color=ORANGE, linewidth=0.8, zorder=1)
        handles.append(
            Line2D([], [], color=ORANGE, marker="D", linestyle="", label="the article's specification")
        )
    top.set_ylabel(ylabel)
    top.grid(axis="y")
    number_ticks(top)
    legend_above(fig, handles)
    bottom.set_xlim(-1, len(order))
    previous = None
    for place, (dimension, option) in enumerate(options):
        hit = rank[(choices[dimension] == option).to_numpy()]
        bottom.vlines(hit, place - 0.36, place + 0.36, colors=INK, linewidth=max(0.4, 260 / len(order) * 0.6))
        if dimension != previous and previous is not None:
            bottom.axhline(place - 0.5, color=PALE, linewidth=0.8)
        previous = dimension
    bottom.set_yticks(range(len(options)), [f"{dimension}: {option}" for dimension, option in options])
    bottom.set_ylim(len(options) - 0.4, -0.6)
    bottom.tick_params(axis="y", length=0)
    bottom.set_xlabel(f"specifications, ordered by estimate (N = {len(order)})")
    source_line(fig, source)
    return fig


@theme.themed
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
    fig = theme.canvas(theme.DOUBLE, 0.34 * len(rows) + 1.2)
    axes = fig.subplots(1, len(panels), sharex=shared, sharey=True, squeeze=False)[0]
    shift = np.linspace(-0.16, 0.16, len(series)) if len(series) > 1 else [0.0]
    for ax, panel in zip(axes, panels, strict=True):
        ax.axvline(0, color=theme.INK, linewidth=0.6)
        for number, name in enumerate(series):
            part = frame[(frame["panel"] == panel) & (frame["series"] == name)]
            place = np.array([rows.index(row) for row in part["row"]]) + shift[number]
            style = theme.SERIES[number]
            ax.hlines(place, part["low"], part["high"], color=style["color"], linewidth=1.2)
            ax.plot(
                part["estimate"],
                place,
                linestyle="",
                marker=style["marker"],
                color=style["color"],
                markersize=4,
            )
        ax.set_title(panel, fontsize=theme.SMALL + 0.5)
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.locator_params(axis="x", nbins=4)
        ax.set_xlabel(xlabel, fontsize=theme.SMALL)
    axes[0].set_yticks(range(len(rows)), rows)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    if len(series) > 1:
        handles = [
            Line2D([], [], color=style["color"], marker=style["marker"], label=name)
            for name, style in zip(series, theme.SERIES, strict=False)
        ]
        fig.legend(handles=handles, loc="outside upper right", ncols=len(series))
    theme.source_line(fig, source)
    return fig


@themed
def event_study(frame: pd.DataFrame, *, xlabel: str, ylabel: str, band: str, source: str = "") -> Figure:
    """Estimates by the time since an event, with the band in which they would fall by chance.

    Parameters
    ----------
    frame : DataFrame
        ``distance`` (periods since the event, ascending), ``estimate``, ``null_low``, ``null_high``, and
        ``states``, the number of units behind each, printed below.
    band : str
        What the band is, for the legend.
    """
    fig = canvas(DOUBLE, 2.9)
    ax = fig.add_subplot()
    ax.fill_between(frame["distance"], frame["null_low"], frame["null_high"], color=PALE, linewidth=0)
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=":")
    ax.plot(frame["distance"], frame["estimate"], color=BLUE, marker="o", markersize=4.5)
    words = [f"{distance:+d}".replace("-", "−").replace("+0", "0") for distance in frame["distance"]]
    words[0] += "\nor earlier"
    words[-1] += "\nor later"
    ax.set_xticks(frame["distance"], words)
    for distance, units in zip(frame["distance"], frame["states"], strict=True):
        ax.annotate(
            str(units),
            (distance, 0.02),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=SMALL,
            color=GREY,
        )
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    number_ticks(ax, "y")
    legend_above(
        fig,
        [
            Line2D([], [], color=BLUE, marker="o", label="estimate"),
            Patch(facecolor=PALE, label=band),
            Line2D([], [], color=GREY, linestyle=":", label="the step"),
        ],
    )
    source_line(fig, source)
    return fig
