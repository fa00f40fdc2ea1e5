"""Bars: a balance by year, compositions, gains and losses, statements for and against."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from borderland.charts import theme
from borderland.charts.marks import (
    color_names,
    draw_series,
    legend_above,
    mark_breaks,
    number_ticks,
    year_ticks,
)
from borderland.charts.theme import DOUBLE, INK, MIGRATION, NATURAL, SMALL, Style, canvas, source_line, themed


@themed
def balance_chart(
    panels: Mapping[str, pd.DataFrame],
    *,
    ylabel: str,
    source: str = "",
    breaks: Mapping[str, Mapping[int, str]] | None = None,
    names: tuple[str, str, str] = ("natural", "migration", "total"),
) -> Figure:
    """Natural change and migration as stacked bars by year, their sum as a line; one panel per side.

    Parameters
    ----------
    panels : mapping
        Heading to a frame: index year, columns as in ``names``; a missing value leaves a gap.
    breaks : mapping, optional
        Heading to {first year of the new definition: note}.
    """
    fig = canvas(DOUBLE, 3.0)
    axes = fig.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    natural, migration, total = names
    for ax, (heading, frame) in zip(axes, panels.items(), strict=True):
        years = frame.index.to_numpy()
        first = frame[natural].to_numpy(float)
        second = frame[migration].to_numpy(float)
        same = np.sign(first) == np.sign(second)
        ax.bar(years, first, width=0.82, color=NATURAL, label="natural change")
        ax.bar(
            years,
            second,
            bottom=np.where(same, first, 0),
            width=0.82,
            facecolor=MIGRATION,
            edgecolor="white",
            linewidth=0.2,
            hatch="////",
            label="net migration",
        )
        draw_series(ax, frame[total], (), color=INK, marker="o", markersize=2.2, linewidth=1, label="sum")
        ax.axhline(0, color=INK, linewidth=0.6)
        ax.set_title(heading)
        ax.grid(axis="y")
        number_ticks(ax)
    for ax, heading in zip(axes, panels, strict=True):
        mark_breaks(ax, (breaks or {}).get(heading))
    drawn = [year for frame in panels.values() for year in frame.index]
    year_ticks(axes[0], min(drawn), max(drawn), 6)
    axes[0].set_ylabel(ylabel)
    legend_above(fig)
    source_line(fig, source)
    return fig


@themed
def stacked_shares(
    frame: pd.DataFrame,
    *,
    xlabel: str,
    labels: Mapping[str, str],
    hues: Mapping[str, str],
    colors: Mapping[str, str] | None = None,
    source: str = "",
) -> Figure:
    """Composition as horizontal bars that add up to a hundred, the first two shares printed.

    Parameters
    ----------
    frame : DataFrame
        Index label from top to bottom, columns groups, values per cent.
    labels : mapping
        Group to its wording.
    hues : mapping
        Group to its hue.
    colors : mapping, optional
        Row label to the hue of its name.
    """
    fig = canvas(DOUBLE, 0.165 * len(frame) + 0.95)
    ax = fig.add_subplot()
    places = np.arange(len(frame))[::-1]
    left = np.zeros(len(frame))
    for position, group in enumerate(frame.columns):
        values = frame[group].to_numpy(float)
        ax.barh(
            places,
            values,
            left=left,
            height=0.8,
            color=hues[group],
            edgecolor="white",
            linewidth=0.5,
            label=labels[group],
        )
        if position < 2:
            for place, value, start in zip(places, values, left, strict=True):
                if value >= 4:
                    ax.text(
                        start + value / 2,
                        place,
                        f"{value:.0f}",
                        ha="center",
                        va="center",
                        fontsize=SMALL,
                        color="white",
                    )
        left += values
    ax.set_yticks(places, frame.index)
    color_names(ax, colors)
    ax.set_xlim(0, 100)
    ax.set_ylim(-0.6, len(frame) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(xlabel)
    legend_above(fig)
    source_line(fig, source)
    return fig


@themed
def diverging_bars(
    frame: pd.DataFrame,
    *,
    xlabel: str,
    styles: Mapping[str, Style],
    colors: Mapping[str, str] | None = None,
    total: str | None = None,
    source: str = "",
) -> Figure:
    """Parts of a balance as horizontal bars from zero, gains to the right and losses to the left.

    Parameters
    ----------
    frame : DataFrame
        Index label from top to bottom; the columns of ``styles`` are the parts, ``total`` a point.
    styles : mapping
        Part to the style of its bars (``color``, ``hatch``); its key is its wording.
    colors : mapping, optional
        Row label to the hue of its name.
    """
    fig = canvas(DOUBLE, 0.165 * len(frame) + 0.95)
    ax = fig.add_subplot()
    places = np.arange(len(frame))[::-1]
    gains, losses = np.zeros(len(frame)), np.zeros(len(frame))
    for name, style in styles.items():
        values = frame[name].to_numpy(float)
        left = np.where(values >= 0, gains, losses)
        ax.barh(places, values, left=left, height=0.75, edgecolor="white", linewidth=0.3, label=name, **style)
        gains, losses = gains + values.clip(min=0), losses + values.clip(max=0)
    if total is not None:
        ax.plot(frame[total], places, "D", color=INK, markeredgecolor="white", markersize=4.5, label=total)
    ax.axvline(0, color=INK, linewidth=0.6)
    ax.set_yticks(places, frame.index)
    color_names(ax, colors)
    ax.set_ylim(-0.6, len(frame) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_xlabel(xlabel)
    number_ticks(ax, "x")
    legend_above(fig)
    source_line(fig, source)
    return fig


@theme.themed
def direction_bars(frame: pd.DataFrame, *, xlabel: str, source: str = "") -> Figure:
    """Statements against a claim to the left of zero, for it to the right, mixed ones around zero.

    Parameters
    ----------
    frame : DataFrame
        Index claim; ``for``, ``against``, ``mixed``, as from :func:`borderland.study.statements.directions`.
    """
    fig = theme.canvas(theme.DOUBLE, 0.27 * len(frame) + 1.1)
    ax = fig.add_subplot()
    place = np.arange(len(frame))[::-1]
    half = frame["mixed"] / 2
    style: Style = {"height": 0.68, "edgecolor": "white", "linewidth": 0.5}
    bars = [
        (-half, frame["mixed"], theme.PALE, "mixed", theme.INK),
        (half, frame["for"], theme.BLUE, "for the claim", "white"),
        (-half - frame["against"], frame["against"], theme.ORANGE, "against", "white"),
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
                    fontsize=theme.SMALL,
                )
    ax.axvline(0, color=theme.INK, linewidth=0.6, zorder=0)
    ax.set_yticks(place, frame.index)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.set_xlabel(xlabel)
    order = [2, 0, 1]
    handles, labels = ax.get_legend_handles_labels()
    fig.legend([handles[i] for i in order], [labels[i] for i in order], loc="outside upper left", ncols=3)
    theme.source_line(fig, source)
    return fig
