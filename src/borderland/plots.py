"""The look of every figure, and the charts drawn with it.

A chart function takes frames and returns a matplotlib ``Figure``; none writes a file. Widths are those of a
journal column, type is 7 point or larger, text is DejaVu Sans (shipped with matplotlib; has Cyrillic and the
Kazakh letters), colours are derived from Okabe & Ito (2008) and differ in lightness, so that figures survive
grey printing. Kazakhstan and Russia keep one hue each in all figures.
"""

import functools
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import ParamSpec

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, ListedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from borderland import ties
from borderland.frame import COUNTRY_NAME
from borderland.migration import split_at_breaks

MM = 1 / 25.4
SINGLE = 90 * MM  # one journal column, inches
DOUBLE = 180 * MM  # the full text width, inches

KAZ = "#005B96"
RUS = "#D55E00"
COUNTRY = {"KAZ": KAZ, "RUS": RUS}
INK = "#222222"
GREY = "#767676"
PALE = "#D9D9D9"
NATURAL = "#009E73"
MIGRATION = "#CC79A7"
SERIES = [
    {"color": "#005B96", "marker": "o", "linestyle": "-"},
    {"color": "#D55E00", "marker": "s", "linestyle": "-"},
    {"color": "#009E73", "marker": "^", "linestyle": "-"},
    {"color": "#B8860B", "marker": "D", "linestyle": "--"},
    {"color": "#8C4A78", "marker": "v", "linestyle": "--"},
    {"color": "#56B4E9", "marker": "P", "linestyle": "-."},
    {"color": "#222222", "marker": "X", "linestyle": ":"},
]
SEQUENTIAL = LinearSegmentedColormap.from_list("sequential", ["#F7FBFF", "#9ECAE1", "#4292C6", "#08306B"])
DIVERGING = LinearSegmentedColormap.from_list(
    "diverging", ["#B04A00", "#F2B183", "#F7F7F7", "#8DBBDD", "#004B7D"]
)

# Who counts, not whose migrants: the hue is that of the counting office's country.
COUNTER_STYLE = {
    "counted by Russia": {"color": RUS, "marker": "s", "linestyle": "-"},
    "counted by Kazakhstan": {"color": KAZ, "marker": "o", "linestyle": "-"},
}
DIRECTION_STYLE = {
    "arrivals": {"color": NATURAL, "marker": "^", "linestyle": "-"},
    "departures": {"color": "#8C4A78", "marker": "v", "linestyle": "--"},
    "net": {"color": INK, "marker": "o", "linestyle": "-"},
}
FLOW_STYLE = {
    "inside Kazakhstan": {"color": "#56B4E9"},
    "across the country’s borders": {"color": "#8C4A78", "hatch": "////"},
}
GROUP_STYLE = {
    "Kazakh side": {"color": KAZ, "marker": "o", "linestyle": "-"},
    "rest of Kazakhstan": {"color": KAZ, "marker": "o", "linestyle": ":", "markerfacecolor": "white"},
    "Russian side": {"color": RUS, "marker": "s", "linestyle": "-"},
    "rest of Russia": {"color": RUS, "marker": "s", "linestyle": ":", "markerfacecolor": "white"},
}
DISPERSION_LABEL = {"total": "all regions", "between": "between the two sides", "within": "within the sides"}
DISPERSION_STYLE = {
    "all regions": {"color": INK, "marker": "o", "linestyle": "-"},
    "between the two sides": {"color": "#8C4A78", "marker": "s", "linestyle": "--"},
    "within the sides": {"color": NATURAL, "marker": "^", "linestyle": "-"},
}

SMALL = 7.0  # the smallest type, points
THEME = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 7.5,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.prop_cycle": mpl.cycler(color=[style["color"] for style in SERIES]),
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "svg.fonttype": "path",
}

P = ParamSpec("P")


def themed(chart: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a chart function inside the theme and lay the figure out before leaving it.

    Ticks take their style when they are first made, which is at drawing time: laid out later, outside the
    theme, a figure would get matplotlib's own.
    """

    @functools.wraps(chart)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(mpl.rcParamsDefault | THEME):
            fig = chart(*args, **kwargs)
            fig.draw_without_rendering()
            fig.set_layout_engine("none")  # laid out once: the same for every format, and quick to save
        return fig

    return wrapped


def canvas(width: float = DOUBLE, height: float = 3.2) -> Figure:
    """Return an empty figure of the journal's width (inches), laid out automatically."""
    return Figure(figsize=(width, height), layout="constrained")


def source_line(fig: Figure, text: str) -> None:
    """Print the origin of the data below the figure, wrapped to its width."""
    if text:
        characters = int(fig.get_figwidth() * 72 / (SMALL * 0.54))
        fig.supxlabel(textwrap.fill(text, characters), x=0.005, ha="left", fontsize=SMALL, color=GREY)


def region_colors(area: pd.DataFrame) -> dict[str, str]:
    """Hue of each region's name: that of its country."""
    return dict(zip(area["name"], area["country"].map(COUNTRY), strict=True))


def color_names(ax: Axes, colors: Mapping[str, str] | None) -> None:
    """Print the named rows of a chart in their hue and in bold, which tells them apart in grey too."""
    for text in ax.get_yticklabels():
        if text.get_text() in (colors or {}):
            text.set(color=colors[text.get_text()], fontweight="bold")


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
    ax.figure.draw_without_rendering()
    points = 72 / ax.figure.dpi
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
    for label in sorted(wanted, key=wanted.get):
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


def _thousands(value: float, _position: int | None = None) -> str:
    """Tick label with a thin space between thousands and a real minus sign."""
    return f"{value:,.10g}".replace(",", "\u2009").replace("-", "−")


def _number_ticks(ax: Axes, axis: str = "y") -> None:
    target = ax.yaxis if axis == "y" else ax.xaxis
    target.set_major_formatter(FuncFormatter(_thousands))


def _year_ticks(ax: Axes, first: int, last: int, steps: int = 6) -> None:
    ax.set_xlim(first - 0.6, last + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(steps, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))


def _style(name: str, position: int, colors: Mapping[str, str] | None) -> dict:
    style = dict(SERIES[position % len(SERIES)])
    if colors and name in colors:
        style["color"] = colors[name]
    return style


def _draw_series(ax: Axes, series: pd.Series, breaks: Iterable[int], **style) -> None:
    """Draw a yearly series, interrupted at breaks and where years are missing."""
    yearly = series.dropna()
    if yearly.empty:
        return
    gaps = [year for year in yearly.index if year - 1 not in yearly.index]
    for piece in split_at_breaks(yearly, {*breaks, *gaps}):
        alone = len(piece) == 1
        ax.plot(piece.index, piece.to_numpy(float), **(style | ({"marker": "."} if alone else {})))


@themed
def small_multiples(
    frame: pd.DataFrame,
    area: pd.DataFrame,
    *,
    value: str,
    ylabel: str,
    series: str | None = None,
    styles: Mapping[str, dict] | None = None,
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
        color = COUNTRY[region["country"]]
        if reference is not None:
            ax.axhline(reference, color=GREY, linewidth=0.6)
        panel = frame[frame["unit"] == unit]
        for name, part in [("", panel)] if series is None else panel.groupby(series, sort=False):
            style = {"color": color} | (styles or {}).get(name, {})
            _draw_series(ax, part.set_index("year")[value], own, **style)
        mark_breaks(ax, dict.fromkeys(own, ""))
        ax.set_title(region["name"], fontsize=SMALL, color=color)
        ax.grid(axis="y")
        _number_ticks(ax)
    _year_ticks(cells[0], int(frame["year"].min()), int(frame["year"].max()), 3)
    for column in range(columns):
        grid[(len(area) - 1 - column) // columns, column].tick_params(labelbottom=True)
    for ax in cells[len(area) :]:
        ax.axis("off")
    handles = [Line2D([], [], color=COUNTRY[code], linewidth=3, label=COUNTRY_NAME[code]) for code in COUNTRY]
    handles += [
        Line2D([], [], **({"color": INK} | style), label=name) for name, style in (styles or {}).items()
    ]
    if breaks:
        handles.append(Line2D([], [], color=GREY, linestyle=(0, (1, 2)), label="break in the series"))
    cells[-1].legend(handles=handles, loc="upper left", borderaxespad=0, handlelength=1.6)
    fig.supylabel(ylabel, fontsize=7.5)
    source_line(fig, source)
    return fig


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
        _draw_series(ax, frame[total], (), color=INK, marker="o", markersize=2.2, linewidth=1, label="sum")
        ax.axhline(0, color=INK, linewidth=0.6)
        ax.set_title(heading)
        ax.grid(axis="y")
        _number_ticks(ax)
    for ax, heading in zip(axes, panels, strict=True):
        mark_breaks(ax, (breaks or {}).get(heading))
    drawn = [year for frame in panels.values() for year in frame.index]
    _year_ticks(axes[0], min(drawn), max(drawn), 6)
    axes[0].set_ylabel(ylabel)
    legend_above(fig)
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
        style = _style(label, position, colors)
        ax.plot(years, row.to_numpy(float), linewidth=1.1, **(style | {"linestyle": "-"}))
    ax.set_xticks(years, [str(year) for year in years])
    ax.grid(axis="x")
    ax.set_ylabel(ylabel)
    _number_ticks(ax)
    mark_breaks(ax, breaks)
    label_ends(
        ax,
        {
            label: (years[-1], float(row.iloc[-1]), _style(label, position, colors)["color"])
            for position, (label, row) in enumerate(frame.iterrows())
        },
    )
    source_line(fig, source)
    return fig


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
    _year_ticks(ax, int(frame["year"].min()), int(frame["year"].max()), 10)
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


@themed
def timeline_heatmap(
    frame: pd.DataFrame,
    *,
    levels: Mapping[int, str],
    assumed: pd.DataFrame | None = None,
    source: str = "",
    assumed_label: str = "assumed, no text read",
) -> Figure:
    """Status by country (rows) and year (columns) in shades; hatched where the status is only assumed.

    Parameters
    ----------
    frame : DataFrame
        Index label in drawing order, columns years, values codes of ``levels``.
    levels : mapping
        Code to wording, drawn from light to dark in the order given.
    assumed : DataFrame, optional
        Same shape, True where the evidence is an assumption.
    """
    shades = ListedColormap(SEQUENTIAL(np.linspace(0.06, 0.95, len(levels))))
    codes = {code: place for place, code in enumerate(levels)}
    unknown = sorted(set(pd.unique(frame.to_numpy().ravel())) - set(codes))
    if unknown:
        raise ValueError(f"codes without a level: {unknown}")
    fig = canvas(DOUBLE, 0.2 * len(frame) + 1.0)
    ax = fig.add_subplot()
    years = frame.columns.to_numpy(int)
    places = np.vectorize(codes.get)(frame.to_numpy())
    ax.imshow(
        places,
        cmap=shades,
        norm=Normalize(-0.5, len(levels) - 0.5),
        aspect="auto",
        interpolation="nearest",
        extent=(years[0] - 0.5, years[-1] + 0.5, len(frame) - 0.5, -0.5),
    )
    ax.set_yticks(range(len(frame)), frame.index)
    ax.hlines(np.arange(len(frame) - 1) + 0.5, years[0] - 0.5, years[-1] + 0.5, color="white", linewidth=1.2)
    if assumed is not None:
        for row, column in np.argwhere(assumed.to_numpy(bool)):
            ax.add_patch(
                Rectangle(
                    (years[column] - 0.5, row - 0.5),
                    1,
                    1,
                    fill=False,
                    hatch="/////",
                    edgecolor=GREY,
                    linewidth=0,
                )
            )
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    handles = [
        Patch(facecolor=shades(place), edgecolor=GREY, linewidth=0.4, label=text)
        for place, text in enumerate(levels.values())
    ]
    if assumed is not None:
        handles.append(
            Patch(facecolor="white", edgecolor=GREY, hatch="/////", linewidth=0.4, label=assumed_label)
        )
    legend_above(fig, handles)
    source_line(fig, source)
    return fig


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
        color = GREY if published else KAZ
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
                _thousands(row["n"]),
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
    _number_ticks(ax, "x")
    if (frame["kind"] == "published").any():
        legend_above(
            fig,
            [
                Line2D([], [], color=KAZ, marker="o", label="this study, 95 % interval"),
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
    colors = np.where(estimates["significant"], KAZ, "#A6A6A6")
    if null is not None:
        top.axhspan(*null, color=PALE, linewidth=0, zorder=0, label="median under the permutation null, 95 %")
    top.axhline(0, color=INK, linewidth=0.6)
    top.vlines(rank, estimates["low"], estimates["high"], colors=colors, linewidth=0.5, alpha=0.6)
    top.scatter(rank, estimates["estimate"], s=4, c=colors, zorder=3)
    handles = [
        Line2D([], [], color=KAZ, marker="o", linestyle="", label="interval excludes zero"),
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
            color=RUS,
            markeredgecolor="white",
            markersize=6,
            zorder=4,
        )
        bottom.axvline(place, color=RUS, linewidth=0.8, zorder=1)
        handles.append(
            Line2D([], [], color=RUS, marker="D", linestyle="", label="the article's specification")
        )
    top.set_ylabel(ylabel)
    top.grid(axis="y")
    _number_ticks(top)
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


@themed
def coverage_matrix(
    frame: pd.DataFrame, *, source: str = "", groups: Mapping[str, str] | None = None
) -> Figure:
    """Which table has figures for which year: shade by the share of units present.

    Parameters
    ----------
    frame : DataFrame
        Index table, columns years, values share of the table's units with a row in that year, 0 to 1.
    groups : mapping, optional
        Table to a word printed at the right (its grade, say).
    """
    fig = canvas(DOUBLE, 0.135 * len(frame) + 0.8)
    ax = fig.add_subplot()
    years = frame.columns.to_numpy(int)
    mesh = ax.pcolormesh(
        np.append(years, years[-1] + 1) - 0.5,
        np.arange(len(frame) + 1) - 0.5,
        np.ma.masked_equal(frame.to_numpy(float), 0),
        cmap=SEQUENTIAL,
        norm=Normalize(-0.25, 1),
        edgecolors="white",
        linewidth=0.4,
    )
    ax.set_yticks(range(len(frame)), frame.index)
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    for place, table in enumerate(frame.index):
        if groups and table in groups:
            ax.annotate(
                groups[table],
                (1.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=SMALL,
                color=GREY,
            )
    bar = fig.colorbar(
        mesh, ax=ax, shrink=0.5, aspect=12, pad=0.06, boundaries=np.linspace(0, 1, 21), ticks=[0, 0.5, 1]
    )
    bar.set_label("share of the table's units")
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
    styles: Mapping[str, dict] | None = None,
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
        Series name to line style; without it the styles of ``SERIES`` in the order of first appearance, and
        the country's hue where a series is named after a country.
    zero : bool
        Draw the line of zero, and start axes without negative values there.
    """
    names = list(dict.fromkeys(name for frame in panels.values() for name in frame.columns))
    drawn = {name: dict(SERIES[place % len(SERIES)]) for place, name in enumerate(names)}
    for name in names:
        hue = next((COUNTRY[code] for code in COUNTRY if COUNTRY_NAME[code] in name), None)
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
                _draw_series(ax, known, breaks or {}, **style)
            else:
                ax.plot(known.index, known, **(drawn[name] | {"linestyle": "", "markersize": 4.5}))
        ax.set_title(heading, fontsize=8 if columns < 4 else SMALL)
        ax.grid(axis="y")
        _number_ticks(ax)
        years = frame.dropna(how="all").index
        _year_ticks(ax, int(years.min()), int(years.max()), max(2, 10 // columns))
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


@themed
def heatmap(
    frame: pd.DataFrame,
    *,
    label: str,
    source: str = "",
    center: float | None = None,
    levels: Collection[float] | None = None,
    colors: Mapping[str, str] | None = None,
) -> Figure:
    """A matrix in shades; missing cells stay white.

    Parameters
    ----------
    center : float, optional
        Value at which the colours part (diverging scale); cells below it are hatched as well, for two colours
        of one lightness are one in grey print. Without it the scale is sequential.
    levels : collection of float, optional
        Class limits; without them the scale is continuous.
    colors : mapping, optional
        Row label to the hue of its name.
    """
    fig = canvas(DOUBLE, 0.165 * len(frame) + 0.85)
    ax = fig.add_subplot()
    values = frame.to_numpy(float)
    cmap = SEQUENTIAL if center is None else DIVERGING
    if levels is not None:
        if center is not None:
            # No class takes the white middle of the scale: white is a cell without a value.
            below, above = sum(level < center for level in levels), sum(level > center for level in levels)
            cmap = ListedColormap(cmap([*np.linspace(0, 0.4, below), *np.linspace(0.58, 1, above)]))
        norm = BoundaryNorm(list(levels), cmap.N)
    elif center is None:
        norm = Normalize(np.nanmin(values), np.nanmax(values))
    else:
        reach = np.nanmax(np.abs(values - center))
        norm = TwoSlopeNorm(center, center - reach, center + reach)
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(values), cmap=cmap, norm=norm, edgecolors="white", linewidth=0.3
    )
    if center is not None:
        below = np.ma.masked_where(~(values < center), values)
        ax.pcolor(below, cmap=ListedColormap(["none"]), hatch="//////", edgecolor="#FFFFFF80", linewidth=0)
    ax.invert_yaxis()
    ax.set_yticks(np.arange(len(frame)) + 0.5, frame.index)
    color_names(ax, colors)
    step = max(1, len(frame.columns) // 12)
    shown = range(0, len(frame.columns), step)
    ax.set_xticks([place + 0.5 for place in shown], [str(frame.columns[place]) for place in shown])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    bar = fig.colorbar(
        mesh, ax=ax, shrink=0.7, aspect=16, pad=0.02, ticks=None if levels is None else list(levels)
    )
    bar.ax.yaxis.set_major_formatter(FuncFormatter(_thousands))
    bar.set_label(label)
    source_line(fig, source)
    return fig


GROUP_COLOR = {
    "kazakh": "#005B96",
    "russian": "#D55E00",
    "ukrainian": "#E8B84B",
    "german": "#009E73",
    "tatar": "#8C4A78",
    "uzbek": "#56B4E9",
    "other": "#C9C9C9",
}


GROUP_LABEL = {
    "kazakh": "Kazakhs",
    "russian": "Russians",
    "ukrainian": "Ukrainians",
    "german": "Germans",
    "tatar": "Tatars",
    "uzbek": "Uzbeks",
    "other": "others",
}


def group_label_colors(groups: Iterable[str]) -> dict[str, str]:
    """Hue of each ethnic group under its printed name."""
    return {GROUP_LABEL[group]: GROUP_COLOR[group] for group in groups}


@themed
def stacked_shares(
    frame: pd.DataFrame,
    *,
    xlabel: str,
    labels: Mapping[str, str],
    colors: Mapping[str, str] | None = None,
    source: str = "",
) -> Figure:
    """Composition as horizontal bars that add up to a hundred, the first two shares printed.

    Parameters
    ----------
    frame : DataFrame
        Index label from top to bottom, columns groups (keys of ``GROUP_COLOR``), values per cent.
    labels : mapping
        Group to its wording.
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
            color=GROUP_COLOR[group],
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
    styles: Mapping[str, dict],
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
    _number_ticks(ax, "x")
    legend_above(fig)
    source_line(fig, source)
    return fig
