"""Bars: compositions, and values of several kinds by row."""

from collections.abc import Mapping

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from borderland.charts.marks import legend_above, name_rows
from borderland.charts.theme import GREY, INK, SMALL, WIDTH, Words, canvas, framed, themed

_ROW = 0.165  # height of a row, inches


@themed
def stacked_shares(
    frame: pd.DataFrame,
    *,
    words: Words,
    hues: Mapping[str, str],
    colors: Mapping[str, str] | None = None,
) -> Figure:
    """Composition as horizontal bars that add up to a hundred, the first two shares printed.

    Parameters
    ----------
    frame : DataFrame
        Index label from top to bottom, columns groups, values per cent.
    words : Words
        Its marks word the groups.
    hues : mapping
        Group to its hue.
    colors : mapping, optional
        Row label to the hue of its name.
    """
    fig = canvas(_ROW * len(frame) + 0.6, words)
    ax = fig.add_subplot()
    rows = frame.rename_axis(index="row", columns="group").stack().rename("share").reset_index()
    sns.histplot(
        rows.assign(row=pd.Categorical(rows["row"], categories=frame.index)),
        y="row",
        hue="group",
        weights="share",
        multiple="stack",
        hue_order=list(frame.columns)[::-1],  # a stack is built from its last part
        palette=dict(hues),
        discrete=True,
        shrink=0.8,
        alpha=1,
        edgecolor="white",
        linewidth=0.5,
        legend=False,
        ax=ax,
    )
    left = frame.cumsum(axis=1).shift(1, axis=1).fillna(0) + frame / 2
    for group in frame.columns[:2]:
        for place, (middle, value) in enumerate(zip(left[group], frame[group], strict=True)):
            if value >= 4:
                ax.text(
                    middle,
                    place,
                    words.number(value, ".0f"),
                    ha="center",
                    va="center",
                    fontsize=SMALL,
                    color="white",
                )
    name_rows(ax, frame.index, words, colors)
    ax.set(xlim=(0, 100), ylim=(len(frame) - 0.4, -0.6), xlabel="", ylabel="")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    legend_above(fig, [Patch(facecolor=hues[group], label=words[group]) for group in frame.columns])
    return fig


@themed
def bar_panels(
    panels: pd.DataFrame,
    *,
    words: Words,
    hues: Mapping[str, str] | str = GREY,
    colors: Mapping[str, str] | None = None,
    spec: str = ".0f",
) -> Figure:
    """Values of several kinds by row: one panel of horizontal bars a kind, on one scale, each value printed.

    Parameters
    ----------
    panels : DataFrame
        Index label from top to bottom, columns the headings of the panels.
    hues : mapping or str
        Row label to the hue of its bars; rows without one are grey. Or the hue of all.
    colors : mapping, optional
        Row label to the hue of its name.
    spec : str
        Print format of the values.
    """
    rows = panels.rename_axis(index="row", columns="panel").stack().rename("value").reset_index()
    height = _ROW * len(panels) + 0.5
    grid = sns.FacetGrid(
        rows, col="panel", height=height, aspect=WIDTH / len(panels.columns) / height, despine=False
    )
    fig = framed(grid.figure, words)
    named = {label: hues if isinstance(hues, str) else hues.get(label, "#A9A9A9") for label in panels.index}
    reach = float(rows["value"].max() - min(rows["value"].min(), 0))
    for heading, ax in grid.axes_dict.items():
        part = rows[rows["panel"] == heading]
        sns.barplot(
            part,
            x="value",
            y="row",
            hue="row",
            order=panels.index,
            palette=named,
            saturation=1,
            width=0.72,
            legend=False,
            ax=ax,
        )
        for place, value in enumerate(panels[heading]):
            ax.annotate(
                words.number(value, spec),
                (value, place),
                xytext=(3 if value >= 0 else -3, 0),
                textcoords="offset points",
                ha="left" if value >= 0 else "right",
                va="center",
                fontsize=SMALL,
            )
        ax.axvline(0, color=INK, linewidth=0.6)
        ax.set(title=words.say(heading), xlabel="", ylabel="", xticks=[])
        ax.tick_params(axis="y", length=0)
        sns.despine(ax=ax, left=True, bottom=True)
    low, high = min(rows["value"].min(), 0), rows["value"].max()
    grid.set(xlim=(low - (0.3 * reach if low < 0 else 0), high + 0.2 * reach))
    name_rows(grid.axes.flat[0], panels.index, words, colors)
    return fig
