"""Charts of model results that need more than :func:`borderland.plots.coefficient_plot`; same theme."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from borderland import plots


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
