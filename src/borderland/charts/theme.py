"""The look of every figure.

A chart function takes frames and returns a matplotlib ``Figure``; none writes a file, none knows a country.
Widths are those of a journal column, type is 7 point or larger, text is DejaVu Sans (shipped with matplotlib;
has Cyrillic and the Kazakh letters), colours are derived from Okabe & Ito (2008) and differ in lightness, so
that figures survive grey printing.
"""

import functools
import textwrap
from collections.abc import Callable
from typing import Any, ParamSpec

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

MM = 1 / 25.4
SINGLE = 90 * MM  # one journal column, inches
DOUBLE = 180 * MM  # the full text width, inches

BLUE = "#005B96"
ORANGE = "#D55E00"
INK = "#222222"
GREY = "#767676"
PALE = "#D9D9D9"
NATURAL = "#009E73"
MIGRATION = "#CC79A7"
Style = dict[str, Any]  # of a line, as matplotlib takes it
SERIES: list[Style] = [
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

SMALL = 7.0  # the smallest type, points
THEME: dict[str, Any] = {
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
    "axes.prop_cycle": cycler(color=[style["color"] for style in SERIES]),
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
        settings: dict[Any, Any] = mpl.rcParamsDefault | THEME
        with mpl.rc_context(settings):
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
