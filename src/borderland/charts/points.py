"""Points: two moments by row, values at scattered dates, a price with dated reports."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from borderland.charts.marks import legend_above, name_rows, number_ticks, year_ticks
from borderland.charts.theme import GREY, INK, SMALL, WIDTH, Style, Words, canvas, framed, themed


@themed
def dumbbells(
    frame: pd.DataFrame, *, words: Words, colors: Mapping[str, str], moments: Sequence[str]
) -> Figure:
    """Values of two moments by row, joined by a line: hollow marks are the earlier, full ones the later.

    Parameters
    ----------
    frame : DataFrame
        ``block`` (rows under one another), ``measure`` (panels side by side, each with its scale), ``row``,
        ``moment``, ``value``; blocks, measures and rows are drawn in order of first appearance.
    colors : mapping
        Block to its hue.
    moments : sequence of str
        The earlier and the later value of ``moment``, as the legend words them.
    """
    counts = frame.groupby("block", sort=False)["row"].nunique()
    measures = frame["measure"].nunique()
    height = (0.175 * counts.sum() + 0.25 * len(counts) + 0.45) / len(counts)
    grid = sns.FacetGrid(
        frame,
        row="block",
        col="measure",
        sharex="col",
        sharey="row",
        height=height,
        aspect=WIDTH / measures / height,
        gridspec_kws={"height_ratios": [count + 0.6 for count in counts]},
    )
    fig = framed(grid.figure, words)
    earlier, later = moments
    legend_above(
        fig,
        [
            Line2D(
                [], [], color=INK, marker="o", markerfacecolor="white", linestyle="", label=words.say(earlier)
            ),
            Line2D([], [], color=INK, marker="o", linestyle="", label=words.say(later)),
        ],
    )
    for (block, measure), ax in grid.axes_dict.items():
        part = frame[(frame["block"] == block) & (frame["measure"] == measure)]
        order = list(dict.fromkeys(frame.loc[frame["block"] == block, "row"]))
        pairs = part.pivot(index="row", columns="moment", values="value").reindex(order)
        ax.axvline(0, color=INK, linewidth=0.6, zorder=0)
        ax.hlines(
            range(len(order)), pairs[earlier], pairs[later], color=colors[block], linewidth=1.1, zorder=1
        )
        for moment, fill in ((earlier, "white"), (later, colors[block])):
            sns.stripplot(
                part[part["moment"] == moment],
                x="value",
                y="row",
                order=order,
                jitter=False,
                color=fill,
                edgecolor=colors[block],
                linewidth=0.9,
                size=4.6,
                ax=ax,
            )
        ax.set_title(words.say(measure) if block == counts.index[0] else "")
        ax.set(xlabel="", ylabel="")
        ax.grid(axis="both")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        number_ticks(ax, words, "x")
        if measure == frame["measure"].iloc[0]:
            name_rows(ax, order, words, dict.fromkeys(order, colors[block]) if len(counts) > 1 else None)
        if len(counts) > 1 and measure == frame["measure"].iloc[0]:
            ax.set_ylabel(words.say(block), color=colors[block], fontweight=600)
    return fig


@themed
def dated_points(frame: pd.DataFrame, *, words: Words, color: str) -> Figure:
    """Values known at scattered dates, one panel a unit; the marker tells the kind of count.

    Dotted lines only show which points belong together: between them nothing is known. The first
    and the last value are printed.

    Parameters
    ----------
    frame : DataFrame
        ``unit``, ``year``, ``value``, ``basis``.
    """
    frame = frame.sort_values(["unit", "year"], kind="stable")
    shapes = dict(zip(sorted(set(frame["basis"])), ("o", "v", "^", "s"), strict=False))
    grid = sns.FacetGrid(frame, col="unit", col_wrap=4, height=1.3, aspect=WIDTH / 4 / 1.3)
    fig = framed(grid.figure, words)
    legend_above(
        fig,
        [
            Line2D([], [], color=color, marker=shapes[basis], linestyle="", label=words.say(basis))
            for basis in shapes
        ],
    )
    for unit, ax in grid.axes_dict.items():
        part = frame[frame["unit"] == unit]
        sns.lineplot(part, x="year", y="value", color=color, linewidth=0.9, linestyle=(0, (1, 1.5)), ax=ax)
        sns.scatterplot(
            part, x="year", y="value", style="basis", markers=shapes, color=color, s=26, legend=False, ax=ax
        )
        for row in part.iloc[[0, -1]].drop_duplicates().itertuples():
            ax.annotate(
                words.number(row.value, ".0f"),
                (row.year, row.value),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=SMALL,
            )
        ax.set(title=words.say(unit), xlabel="", ylabel="")
        ax.grid(axis="y")
    first, last = int(frame["year"].min()), int(frame["year"].max())
    year_ticks(grid.axes.flat[0], first, last, 4)
    grid.set(xlim=(first - 3, last + 3), ylim=(0, 1.25 * frame["value"].max()))
    return fig


@themed
def rate_with_reports(
    rates: pd.DataFrame,
    reports: pd.DataFrame,
    *,
    value: str,
    words: Words,
    styles: Mapping[str, Style],
) -> Figure:
    """A price over time, with dated reports of purchases on either side of a border.

    Parameters
    ----------
    rates : DataFrame
        ``date`` and the column ``value``.
    reports : DataFrame
        ``day``, ``rate``, ``bought_in``, ``matches``; markers of reports that do not match are hollow.
    words : Words
        Marks: those of ``styles``, ``above`` and ``below`` (what a high and a low price say), ``hollow``.
    styles : mapping
        Value of ``bought_in`` to ``color`` and ``marker``.
    """
    fig = canvas(2.8, words)
    handles = [
        Line2D([], [], **style, linestyle="", markersize=6, label=words[side])
        for side, style in styles.items()
    ]
    handles.append(
        Line2D([], [], color=INK, marker="o", markerfacecolor="white", linestyle="", label=words["hollow"])
    )
    legend_above(fig, handles)
    ax = fig.add_subplot()
    sns.lineplot(
        x=pd.to_datetime(rates["date"]), y=rates[value], color=INK, linewidth=1, errorbar=None, ax=ax
    )
    for (side, matches), part in reports.groupby(["bought_in", "matches"]):
        sns.scatterplot(
            part,
            x="day",
            y="rate",
            marker=styles[side]["marker"],
            color=styles[side]["color"] if matches else "white",
            edgecolor=styles[side]["color"],
            linewidth=1.3,
            s=55,
            zorder=4,
            ax=ax,
        )
    ax.set(xlabel="", ylabel="", ylim=(0, None))
    ax.grid(axis="y")
    ax.text(0.995, 0.96, words["above"], transform=ax.transAxes, ha="right", va="top", color=GREY)
    ax.text(0.995, 0.04, words["below"], transform=ax.transAxes, ha="right", color=GREY)
    return fig
