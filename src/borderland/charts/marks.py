"""Marks that charts share: breaks, labels at line ends, legends, ticks, interrupted lines."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from borderland.charts.theme import GREY, SERIES, SMALL, Style


def split_at_breaks(series: pd.Series, breaks: Iterable[int]) -> list[pd.Series]:
    """Cut a yearly series into the pieces between breaks; a break year opens the new piece.

    No value is lost or repeated: a trend or a line is drawn within pieces only.
    """
    starts = sorted(set(breaks))
    piece = np.searchsorted(starts, series.index.to_numpy(), side="right")
    return [series[piece == number] for number in np.unique(piece)]


def color_names(ax: Axes, colors: Mapping[str, str] | None) -> None:
    """Print the named rows of a chart in their hue and in bold, which tells them apart in grey too."""
    hues = colors or {}
    for text in ax.get_yticklabels():
        if text.get_text() in hues:
            text.set(color=hues[text.get_text()], fontweight="bold")


def mark_breaks(ax: Axes, breaks: Mapping[int, str] | None) -> None:
    """Mark years in which a series changes its definition: a dotted line, and a note at its top.

    The mark stands between the last year of the old definition and the first of the new one.
    """
    if any((breaks or {}).values()):
        low, high = ax.get_ylim()  # room for the notes above the data
        ax.set_ylim(low, high + 0.09 * (high - low) if ax.get_yscale() == "linear" else high * 1.6)
    for year, note in (breaks or {}).items():
        ax.axvline(year - 0.5, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        if note:
            ax.annotate(
                note,
                (year - 0.5, 1),
                xycoords=("data", "axes fraction"),
                xytext=(2, -1),
                textcoords="offset points",
                va="top",
                fontsize=SMALL,
                color=GREY,
                path_effects=halo(),
            )


def halo() -> list[patheffects.AbstractPathEffect]:
    """White rim that keeps a label readable where it crosses lines."""
    return [patheffects.withStroke(linewidth=2, foreground="white")]


def legend_above(fig: Figure, handles: Collection[Artist] | None = None) -> None:
    """Put one legend over the whole figure, in as many columns as its width takes.

    ``handles`` carry their labels; without them those of the first panel are taken. A label occurs once.
    """
    if handles is None:
        handles = fig.axes[0].get_legend_handles_labels()[0]
    handles = list({handle.get_label(): handle for handle in handles}.values())
    for columns in range(len(handles), 0, -1):
        legend = fig.legend(handles=handles, loc="outside upper left", ncols=columns)
        if (
            columns == 1 or legend.get_window_extent().width <= 0.98 * fig.bbox.width
        ):  # a margin on either side
            break
        legend.remove()


def label_ends(ax: Axes, ends: Mapping[str, tuple[float, float, str]]) -> None:
    """Write labels at line ends, pushed apart so that none covers another.

    Parameters
    ----------
    ax : Axes
        With its limits already set.
    ends : mapping
        Label to (x, y, colour), in data units.
    """
    fig = ax.get_figure(root=True)
    assert fig is not None
    fig.draw_without_rendering()
    points = 72 / fig.dpi
    wanted = {label: ax.transData.transform((x, y))[1] * points for label, (x, y, _) in ends.items()}
    placed = _spread(wanted, gap=SMALL * 1.15)
    for label, (x, y, color) in ends.items():
        ax.annotate(
            label,
            (x, y),
            xytext=(4, placed[label] - wanted[label]),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=color,
            annotation_clip=False,
        )


def _spread(wanted: Mapping[str, float], gap: float) -> dict[str, float]:
    """Move positions as little as needed for neighbours to be ``gap`` apart, keeping their order."""
    groups: list[tuple[list[str], float]] = []
    for label in sorted(wanted, key=wanted.__getitem__):
        groups.append(([label], wanted[label]))
        while len(groups) > 1 and _low(groups[-1], gap) < _high(groups[-2], gap) + gap:
            upper, lower = groups.pop(), groups.pop()
            members = lower[0] + upper[0]
            groups.append((members, sum(wanted[member] for member in members) / len(members)))
    return {
        member: centre + (place - (len(members) - 1) / 2) * gap
        for members, centre in groups
        for place, member in enumerate(members)
    }


def _low(group: tuple[list[str], float], gap: float) -> float:
    return group[1] - (len(group[0]) - 1) / 2 * gap


def _high(group: tuple[list[str], float], gap: float) -> float:
    return group[1] + (len(group[0]) - 1) / 2 * gap


def thousands(value: float, _position: int | None = None) -> str:
    """Tick label with a thin space between thousands and a real minus sign."""
    return f"{value:,.10g}".replace(",", "\u2009").replace("-", "−")


def number_ticks(ax: Axes, axis: str = "y") -> None:
    """Write the numbers of an axis with a space between thousands."""
    target = ax.yaxis if axis == "y" else ax.xaxis
    target.set_major_formatter(FuncFormatter(thousands))


def year_ticks(ax: Axes, first: int, last: int, steps: int = 6) -> None:
    """Let the axis of years run from the first to the last, with whole years as ticks."""
    ax.set_xlim(first - 0.6, last + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(steps, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))


def series_style(name: str, position: int, colors: Mapping[str, str] | None) -> Style:
    """Line style of the series at a position, in its own hue where it has one."""
    style = dict(SERIES[position % len(SERIES)])
    if colors and name in colors:
        style["color"] = colors[name]
    return style


def draw_series(ax: Axes, series: pd.Series, breaks: Iterable[int], **style: Any) -> None:
    """Draw a yearly series, interrupted at breaks and where years are missing."""
    yearly = series.dropna()
    if yearly.empty:
        return
    gaps = [year for year in yearly.index if year - 1 not in yearly.index]
    for piece in split_at_breaks(yearly, {*breaks, *gaps}):
        alone = len(piece) == 1
        ax.plot(piece.index, piece.to_numpy(float), **(style | ({"marker": "."} if alone else {})))
