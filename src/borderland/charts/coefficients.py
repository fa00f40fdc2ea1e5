"""Estimates with their intervals: a list, a grid, the years about an event, specification curves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from borderland import ties
from borderland.charts.marks import legend_above, number_ticks, tick_numbers
from borderland.charts.theme import (
    ACCENT,
    GREY,
    INK,
    PALE,
    SMALL,
    WIDTH,
    Style,
    Words,
    canvas,
    framed,
    themed,
)
from borderland.methods import specification
from dataregister import decimals

_SERIES: tuple[Style, ...] = ({"marker": "o", "color": INK}, {"marker": "s", "color": "#8A8A8A"})


@themed
def coefficient_list(frame: pd.DataFrame, *, words: Words, reach: float | None = None) -> Figure:
    """Estimates with intervals in the order of the rows, numbers beside them; published ones are hollow.

    Parameters
    ----------
    frame : DataFrame
        Columns ``group`` (a heading where it changes), ``label``, ``estimate``, ``low``, ``high`` (missing:
        point only), ``n`` (missing: left blank), ``kind`` ("ours" or "published").
    words : Words
        Marks ``ours``, ``published``; ``estimate`` and ``n`` head the columns of numbers.
    reach : float, optional
        Half width of the scale; intervals that leave it end in an arrow.
    """
    rows: list[tuple[str, pd.Series | None]] = []
    heading = None
    for _, row in frame.iterrows():
        if row["group"] != heading:
            heading = row["group"]
            rows.append((str(heading), None))
        rows.append((str(row["label"]), row))
    fig = canvas(0.175 * len(rows) + 0.35, words)
    published = frame["kind"] == "published"
    if published.any():
        legend_above(
            fig,
            [
                Line2D([], [], color=INK, marker="o", label=words["ours"]),
                Line2D([], [], color=GREY, marker="D", markerfacecolor="white", label=words["published"]),
            ],
        )
    ax = fig.add_subplot()
    ax.axvline(0, color=INK, linewidth=0.6)
    places = [place for place, (_, row) in enumerate(rows) if row is not None]
    drawn = frame.assign(place=places)
    ax.hlines(
        drawn["place"], drawn["low"], drawn["high"], color=np.where(published, GREY, INK), linewidth=1.2
    )
    for kind, part in drawn.groupby("kind", sort=False):
        own = kind == "ours"
        sns.scatterplot(
            part,
            x="estimate",
            y="place",
            marker="o" if own else "D",
            color=INK if own else "white",
            edgecolor=INK if own else GREY,
            linewidth=0.9,
            s=20,
            zorder=3,
            ax=ax,
        )
    if reach is not None:
        ax.set_xlim(-reach, reach)
        _arrows(ax, drawn, reach)
    for row in drawn.itertuples():
        counted = "" if pd.isna(row.n) else words.number(row.n, ",.0f")
        _beside(ax, row.place, _printed(row.estimate, row.low, row.high, words), counted)
    _beside(ax, -1, words["estimate"], words["n"])
    ax.set_yticks(range(len(rows)), [words.say(label) for label, _ in rows])
    for text, (_, row) in zip(ax.get_yticklabels(), rows, strict=True):
        if row is None:
            text.set_fontweight(600)
    ax.set(ylim=(len(rows) - 0.3, -1.4), xlabel="", ylabel="")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    number_ticks(ax, words, "x")
    return fig


def _printed(estimate: float, low: float, high: float, words: Words) -> str:
    of, at_least, at_most = (decimals.printed(value, ".2f") for value in (estimate, low, high))
    return words.say(of if np.isnan(low) else f"{of} ({at_least} to {at_most})")


def _beside(ax: Axes, place: float, estimate: str, n: str) -> None:
    """Print an estimate and its number of observations at the right of a row."""
    fig = ax.get_figure(root=True)
    assert fig is not None
    for points, text in ((118, estimate), (165, n)):
        ax.annotate(
            text,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(points, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=SMALL,
            color=GREY,
            annotation_clip=False,
        )


def _arrows(ax: Axes, drawn: pd.DataFrame, reach: float) -> None:
    """Point to what lies beyond the scale."""
    for column, edge, marker in (("low", -reach, "<"), ("high", reach, ">")):
        beyond = drawn[drawn[column].abs().gt(reach) & np.sign(drawn[column]).eq(np.sign(edge))]
        sns.scatterplot(
            x=np.full(len(beyond), edge),
            y=beyond["place"],
            marker=marker,
            color=INK,
            s=22,
            clip_on=False,
            ax=ax,
        )


@themed
def coefficient_grid(
    frame: pd.DataFrame, *, words: Words, shared: bool = False, base: str | None = None
) -> Figure:
    """Estimates with intervals in one panel per term: rows are outcomes, markers the series.

    Parameters
    ----------
    frame : DataFrame
        ``panel`` (heading), ``row`` (label at the left), ``series``, ``estimate``, ``low``, ``high``; in
        order of first appearance.
    words : Words
        Its mark ``base`` explains the hollow mark, where there is one.
    shared : bool
        One scale for all panels.
    base : str, optional
        Row that the others are compared with, drawn above them as a hollow mark at zero.
    """
    rows = [*([base] if base else []), *dict.fromkeys(frame["row"])]
    series = list(dict.fromkeys(frame["series"]))
    panels = frame["panel"].nunique()
    height = 0.3 * len(rows) + 0.5
    grid = sns.FacetGrid(
        frame, col="panel", sharex=shared, height=height, aspect=WIDTH / panels / height, despine=True
    )
    fig = framed(grid.figure, words)
    handles = [
        Line2D([], [], **style, label=words.say(name))
        for name, style in zip(series, _SERIES, strict=False)
        if len(series) > 1
    ]
    if base:
        handles.append(
            Line2D([], [], color=INK, marker="o", markerfacecolor="white", linestyle="", label=words["base"])
        )
    if handles:
        legend_above(fig, handles)
    shift = np.linspace(-0.16, 0.16, len(series)) if len(series) > 1 else [0.0]
    for panel, ax in grid.axes_dict.items():
        ax.axvline(0, color=INK, linewidth=0.6, zorder=0)
        for name, style, off in zip(series, _SERIES, shift, strict=False):
            part = frame[(frame["panel"] == panel) & (frame["series"] == name)]
            place = part["row"].map(rows.index) + off
            ax.hlines(place, part["low"], part["high"], color=style["color"], linewidth=1.2)
            sns.scatterplot(x=part["estimate"], y=place, s=22, ax=ax, **style)
        if base:
            sns.scatterplot(x=[0], y=[0], s=22, color="white", edgecolor=INK, linewidth=0.9, zorder=3, ax=ax)
        ax.set(title=words.say(panel), xlabel="", ylabel="")
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.locator_params(axis="x", nbins=5)
        number_ticks(ax, words, "x")
    named = [words.say(row) for row in rows]
    grid.set(yticks=range(len(rows)), yticklabels=named, ylim=(len(rows) - 0.5, -0.5))
    return fig


@themed
def event_study(frame: pd.DataFrame, *, words: Words) -> Figure:
    """Estimates by the time since an event, with the band in which they would fall by chance.

    Parameters
    ----------
    frame : DataFrame
        ``distance`` (periods since the event, ascending), ``estimate``, ``null_low``, ``null_high``,
        ``states`` (units behind each, printed above it), ``pooled`` (does it hold what lies farther away).
    words : Words
        Marks ``estimate``, ``null``, ``event``; ``time`` names the axis, ``states`` the row of numbers,
        ``earlier`` and ``later`` the pooled ends.
    """
    fig = canvas(2.5, words)
    legend_above(
        fig,
        [
            Line2D([], [], color=INK, marker="o", label=words["estimate"]),
            Patch(facecolor=PALE, label=words["null"]),
            Line2D([], [], color=GREY, linestyle=":", label=words["event"]),
        ],
    )
    ax = fig.add_subplot()
    ax.fill_between(frame["distance"], frame["null_low"], frame["null_high"], color=PALE, linewidth=0)
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=":")
    sns.lineplot(frame, x="distance", y="estimate", color=INK, marker="o", estimator=None, ax=ax)
    ticks = []
    for row in frame.itertuples():
        tick = words.number(row.distance, "+d") if row.distance else "0"
        ticks.append(f"{tick}\n{words['earlier' if row.distance < 0 else 'later']}" if row.pooled else tick)
        _above(ax, row.distance, str(row.states))
    _above(ax, frame["distance"].iloc[0] - 0.25, words["states"], "right")
    ax.set_xticks(frame["distance"], ticks)
    ax.set(xlabel=words["time"], ylabel="")
    ax.grid(axis="y")
    number_ticks(ax, words)
    return fig


def _above(ax: Axes, place: float, text: str, align: Literal["center", "right"] = "center") -> None:
    """Print a small text over a column of a plot."""
    ax.annotate(
        text,
        (place, 1.02),
        xycoords=("data", "axes fraction"),
        ha=align,
        va="bottom",
        fontsize=SMALL,
        color=GREY,
        annotation_clip=False,
    )


@dataclass(frozen=True)
class Curve:
    """What one specification curve shows.

    Attributes
    ----------
    estimates : DataFrame
        One row per specification: ``estimate``, ``low``, ``high``, ``significant`` (bool).
    choices : DataFrame
        Same index, one column per dimension, values the option's name.
    main : index label
        The article's own specification, drawn as a diamond.
    null : (low, high)
        Band in which the median estimate falls under the permutation null.
    """

    estimates: pd.DataFrame
    choices: pd.DataFrame
    main: object
    null: tuple[float, float]

    @classmethod
    def of(cls, curve: specification.Curve, main: Mapping[str, str], tests: pd.DataFrame) -> "Curve":
        """Take a curve, the choices of the article's own specification and the joint tests of the curve."""
        low, high = tests.loc["median", ["null_low", "null_high"]]
        return cls(curve.estimates, curve.choices, specification.place(curve, main)[0], (low, high))


@themed
def specification_curves(curves: Mapping[str, Curve], *, words: Words) -> Figure:
    """All estimates in order of size; below, a grid of the choices that made each; one column a curve.

    Parameters
    ----------
    curves : mapping
        Heading to its curve; all have the same dimensions and share the scale of the estimates.
    words : Words
        Marks ``significant``, ``not``, ``null``, ``main``, ``order`` (of the specifications, with ``{n}``).

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), *Nature Human Behaviour* 4, 1208–1214, figure 2.
    """
    every = pd.concat([curve.choices for curve in curves.values()])
    options = [
        (dimension, option) for dimension in every for option in pd.unique(every[dimension].sort_values())
    ]
    fig = canvas(2.0 + 0.155 * len(options) + 0.4, words)
    handles: list[Artist] = [
        Line2D([], [], color=INK, marker="o", linestyle="", label=words["significant"]),
        Line2D([], [], color=_INCLUDES, marker="o", linestyle="", label=words["not"]),
        Patch(facecolor=PALE, label=words["null"]),
        Line2D([], [], color=ACCENT, marker="D", linestyle="", label=words["main"]),
    ]
    legend_above(fig, handles)
    grid = fig.subplots(
        2, len(curves), sharex="col", sharey="row", squeeze=False, height_ratios=[2.0, 0.155 * len(options)]
    )
    for (heading, curve), top, bottom in zip(curves.items(), *grid, strict=True):
        order = ties.by_value(curve.estimates["estimate"]).index
        place = int(np.flatnonzero(order == curve.main)[0])
        _estimates(top, curve.estimates.loc[order], curve.null, place)
        top.set_title(words.say(heading))
        _choices(bottom, curve.choices.loc[order], options, place, words)
        bottom.xaxis.set_major_formatter(tick_numbers(words))
        bottom.set_xlabel(words.say(words.marks["order"].format(n=f"{len(order):,}")))
    number_ticks(grid[0, 0], words)
    return fig


_INCLUDES = "#A6A6A6"  # an estimate whose interval includes zero


def _estimates(ax: Axes, ranked: pd.DataFrame, null: tuple[float, float], main: int) -> None:
    """Upper half of a specification curve: estimates by rank."""
    rank = np.arange(len(ranked))
    hues = {True: INK, False: _INCLUDES}
    ax.axhspan(*null, color=PALE, linewidth=0, zorder=0)
    ax.axhline(0, color=INK, linewidth=0.6)
    colors = [hues[bool(value)] for value in ranked["significant"]]
    ax.vlines(rank, ranked["low"], ranked["high"], colors=colors, linewidth=0.5, alpha=0.6)
    sns.scatterplot(
        x=rank,
        y=ranked["estimate"].to_numpy(),
        hue=ranked["significant"].astype(bool).to_numpy(),
        palette=hues,
        s=6,
        linewidth=0,
        legend=False,
        zorder=3,
        ax=ax,
    )
    ax.plot(
        main,
        ranked["estimate"].iloc[main],
        "D",
        color=ACCENT,
        markeredgecolor="white",
        markersize=6,
        zorder=4,
    )
    ax.grid(axis="y")
    ax.set_ylabel("")
    ax.tick_params(labelbottom=False)


def _choices(ax: Axes, ranked: pd.DataFrame, options: list[tuple[str, str]], main: int, words: Words) -> None:
    """Lower half: a tick for each choice of each specification."""
    rank = np.arange(len(ranked))
    ax.axvline(main, color=ACCENT, linewidth=0.8, zorder=1)
    previous = options[0][0]
    for place, (dimension, option) in enumerate(options):
        hit = rank[(ranked[dimension] == option).to_numpy()]
        ax.vlines(hit, place - 0.36, place + 0.36, colors=INK, linewidth=max(0.3, 100 / len(rank)))
        if dimension != previous:
            ax.axhline(place - 0.5, color=PALE, linewidth=0.8)
        previous = dimension
    ax.set_yticks(range(len(options)), [words.say(f"{dimension}: {option}") for dimension, option in options])
    ax.set(xlim=(-1, len(rank)), ylim=(len(options) - 0.4, -0.6))
    ax.tick_params(axis="y", length=0)
