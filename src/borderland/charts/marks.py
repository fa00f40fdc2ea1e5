"""Marks that charts share: breaks, labels at line ends, legends, ticks, interrupted lines."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from borderland.charts.theme import GREY, SMALL, Style, Words

TICK = ",.10g"  # print format of numbers that a scale needs, however many digits they have


def piece_of(years: pd.Series, breaks: Iterable[int]) -> pd.Series:
    """Number the pieces of a yearly series: a new one opens at a break and after a year that is missing.

    Parameters
    ----------
    years : Series
        Years that have a value, ascending.
    breaks : iterable of int
        First years of new definitions.
    """
    old = np.searchsorted(sorted(set(breaks)), years.to_numpy(), side="right")
    opens = years.diff().ne(1) | pd.Series(old, index=years.index).diff().ne(0)
    return opens.cumsum()


def yearly_lines(
    ax: Axes, frame: pd.DataFrame, styles: Mapping[str, Style], breaks: Iterable[int] = ()
) -> None:
    """Draw yearly series (``year``, ``series``, ``value``), interrupted at breaks and missing years.

    A value that stands alone between gaps is drawn as a point.
    """
    known = frame.dropna(subset="value").sort_values(["series", "year"], kind="stable")
    if known.empty:
        return
    known = known.assign(piece=known.groupby("series")["year"].transform(piece_of, breaks=list(breaks)))
    hues = {name: style["color"] for name, style in styles.items()}
    sns.lineplot(
        known,
        x="year",
        y="value",
        hue="series",
        style="series",
        units="piece",
        estimator=None,
        palette=hues,
        dashes={name: style["dashes"] for name, style in styles.items()},
        legend=False,
        ax=ax,
    )
    alone = known[known.groupby(["series", "piece"])["year"].transform("size") == 1]
    if len(alone):
        sns.scatterplot(alone, x="year", y="value", hue="series", palette=hues, s=9, legend=False, ax=ax)


def name_rows(ax: Axes, rows: Sequence[str], words: Words, colors: Mapping[str, str] | None = None) -> None:
    """Name the rows of a chart; those with a hue in it and in bold, which tells them apart in grey.

    Parameters
    ----------
    ax : Axes
        With a tick for each row.
    rows : sequence of str
        Row labels as the frame has them, in the order of the ticks.
    colors : mapping, optional
        Row label to the hue of its name.
    """
    hues = colors or {}
    ax.set_yticks(ax.get_yticks(), [words.say(row) for row in rows])
    for text, row in zip(ax.get_yticklabels(), rows, strict=True):
        if row in hues:
            text.set(color=hues[row], fontweight=600)


def headroom(ax: Axes) -> None:
    """Make room for notes above the data."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.09 * (high - low))


def mark_breaks(ax: Axes, breaks: Mapping[int, str] | None, words: Words) -> None:
    """Mark years in which a series changes its definition: a dotted line, and a note at its top.

    The mark stands between the last year of the old definition and the first of the new one.
    """
    if any((breaks or {}).values()):
        headroom(ax)
    for year, note in (breaks or {}).items():
        ax.axvline(year - 0.5, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        if note:
            ax.annotate(
                words.say(note),
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


def legend_above(fig: Figure, handles: Collection[Artist]) -> None:
    """Put one legend over the panels, in as many columns as the width takes; a label occurs once.

    The panels give way: a layout makes room by itself only for legends at the very edge of a figure.
    """
    engine = fig.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    left, bottom, width, height = engine.get()["rect"]
    once = list({handle.get_label(): handle for handle in handles}.values())
    for columns in range(len(once), 0, -1):
        legend = fig.legend(
            handles=once,
            loc="upper left",
            bbox_to_anchor=(left, bottom + height),
            ncols=columns,
            borderpad=0.2,
            borderaxespad=0.2,
            columnspacing=1.4,
            handlelength=1.6,
        )
        extent = legend.get_window_extent()
        # a margin on either side
        if columns == 1 or extent.width <= 0.98 * fig.bbox.width:
            break
        legend.remove()
    taken = (extent.height + 4 * fig.dpi / 72) / fig.bbox.height
    engine.set(rect=(left, bottom, width, height - taken))


def label_ends(ax: Axes, ends: Mapping[str, tuple[float, float, str]], words: Words) -> None:
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
            words.say(label),
            (x, y),
            xytext=(4, placed[label] - wanted[label]),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=color,
            annotation_clip=False,
            path_effects=halo(),
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


def tick_numbers(words: Words) -> FuncFormatter:
    """Return what writes the numbers of an axis as the text does."""
    return FuncFormatter(lambda value, _position: words.number(value, TICK))


_STEPS = [1, 2, 5, 10]  # between ticks, times a power of ten


def number_ticks(ax: Axes, words: Words, axis: Literal["x", "y"] = "y") -> None:
    """Write the numbers of an axis as the text does, at round values."""
    target = ax.yaxis if axis == "y" else ax.xaxis
    ax.locator_params(axis=axis, steps=_STEPS)
    target.set_major_formatter(tick_numbers(words))


def year_ticks(ax: Axes, first: int, last: int, steps: int) -> None:
    """Let the axis of years run from the first to the last, which are named, with round years between."""
    ax.set_xlim(first - 0.6, last + 0.6)
    years = np.asarray(MaxNLocator(steps, integer=True, steps=_STEPS).tick_values(first, last))
    apart = 0.8 * (last - first) / steps  # nearer to an end, two names would touch
    inner = years[(years > first + apart) & (years < last - apart)]
    ax.set_xticks([first, *inner, last], [f"{year:.0f}" for year in (first, *inner, last)])


def year_columns(ax: Axes, years: Sequence[int]) -> None:
    """Name the columns of a heat map that are years: every fifth, so that all can be counted."""
    shown = [place for place, year in enumerate(years) if year % 5 == 0]
    ax.set_xticks([place + 0.5 for place in shown], [str(years[place]) for place in shown], rotation=0)
