"""The look of every figure: seaborn's theme with our settings, the page's sans-serif, title, unit and source.

A chart function takes frames and :class:`Words` and returns a matplotlib ``Figure``; none writes a file, none
knows a country or says a word of its own. Widths are those of the printed text, type is 7 point or larger
there, colours that meet in one figure differ in lightness, so that figures survive grey printing.

Text is drawn as outlines of the bundled font (``svg.fonttype: path``). As text it would be searchable, but
the page holds its pictures as images of their own, which cannot see the page's fonts, the typesetter of the
PDF looks up no font beside its own, and Word draws an SVG with whatever the reader has: three figures.
"""

import functools
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ParamSpec, cast

import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager, pyplot
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from dataregister import decimals

MM = 1 / 25.4
WIDTH = 160 * MM  # of the printed text, inches

INK = "#222222"
GREY = "#6B6B6B"
PALE = "#D9D9D9"
ACCENT = "#B3003C"  # the one thing that is to be found among many
GAIN, LOSS = "#01665E", "#A6611A"
Style = dict[str, Any]  # of a line: ``color`` and ``dashes`` ("" for a whole line); of a point: ``marker``
SEQUENTIAL = LinearSegmentedColormap.from_list("sequential", ["#F3F5F6", "#B7C3CC", "#6F8796", "#1F2F3A"])
DIVERGING = LinearSegmentedColormap.from_list(
    "diverging", ["#7A4209", "#D8B27C", "#F7F7F7", "#86BFB7", "#004C46"]
)

# Source Sans 3, cut as for the page (whose files are WOFF2, which FreeType does not read); OFL.txt beside it.
FONT = "Article Sans"
FONT_FILES = sorted((Path(__file__).parent / "fonts").glob("*.ttf"))
for _file in FONT_FILES:
    font_manager.fontManager.addfont(_file)

SMALL = 7.5  # the smallest type but for names on maps, points
TITLE, UNIT = 9.5, 8.0
_LETTER = 0.435  # mean width of a letter in English, of the size of type
_WIDER = 1.14  # times in Russian
_LEADING = 1.25 / 72  # inches from line to line, a point of type
_SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.titleweight": 600,
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
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
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "patch.linewidth": 0.4,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.dpi": 200,  # laid out at the size of the PNG, for hinted letters are wider at others
    "svg.fonttype": "path",
}


@dataclass(frozen=True)
class Words:
    """Every word of one figure.

    Attributes
    ----------
    title : str
        What is seen, or the question that the figure answers.
    unit : str
        What the numbers are, and in which unit.
    source : str
        Publishers of what is drawn, and what a reader must know of it.
    marks : mapping
        Words inside the figure by the key under which its chart asks for them.
    say : callable
        What a text or a printed number is in the language of the figure; whatever a chart prints goes through
        it, names out of frames too.
    """

    title: str
    unit: str
    source: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], str] = str

    def __getitem__(self, key: str) -> str:
        """Return a mark, said."""
        return self.say(self.marks[key])

    def number(self, value: float, spec: str) -> str:
        """Return a number as the article prints numbers, and as the language writes it."""
        return self.say(decimals.printed(value, spec))


P = ParamSpec("P")


def themed(chart: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a chart function inside the theme and lay the figure out before leaving it.

    Ticks take their style when they are first made, which is at drawing time: laid out later, outside the
    theme, a figure would get matplotlib's own.

    The figure has a method ``in_language(say)`` that draws it from the same frames with every text said
    (:class:`Words`); the build calls it for each further edition of the article.
    """

    @functools.wraps(chart)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(mpl.rcParamsDefault):
            sns.set_theme("paper", "ticks", font=FONT, rc=_SETTINGS)
            fig = chart(*args, **kwargs)
            for ax in fig.axes:  # how many ticks there is room for is asked again when the figure is saved
                ax.tick_params(labelsize=SMALL)
            fig.draw_without_rendering()
            fig.set_layout_engine("none")  # laid out once: the same for every format, and quick to save
            pyplot.close(fig)  # a grid of panels is made by way of pyplot, which would keep it

        def in_language(say: Callable[[str], str]) -> Figure:
            said: Any = {**kwargs, "words": replace(cast(Words, kwargs["words"]), say=say)}
            return wrapped(*args, **said)

        fig.in_language = in_language  # type: ignore[attr-defined]
        return fig

    return wrapped


def canvas(height: float, words: Words) -> Figure:
    """Return an empty figure as wide as the text, its words around a body of ``height`` inches."""
    return framed(Figure(figsize=(WIDTH, height)), words)


def framed(fig: Figure, words: Words) -> Figure:
    """Give a figure its title, unit and source, laid out around the body that its size is now.

    The body keeps its height: what the words take is added. Lines are broken by the mean width of a letter.
    """
    body = fig.get_figheight()
    head = [(line, TITLE, INK, 600) for line in _lines(words.say(words.title), 1.04 * TITLE)]
    head += [(line, UNIT, GREY, 400) for line in _lines(words.say(words.unit), UNIT)]
    source = _lines(words.say(words.source), SMALL)
    above = sum(size for _, size, _, _ in head) * _LEADING + 0.06
    below = len(source) * SMALL * _LEADING + (0.08 if source else 0)
    whole = above + body + below
    fig.set_size_inches(WIDTH, whole)
    fig.set_layout_engine("constrained", rect=(0, below / whole, 1, body / whole))
    top = whole
    for line, size, color, weight in head:
        fig.text(0.005, top / whole, line, fontsize=size, color=color, weight=weight, va="top")
        top -= size * _LEADING
    for place, line in enumerate(reversed(source)):
        height = place * SMALL * _LEADING + 0.02
        fig.text(0.005, height / whole, line, fontsize=SMALL, color=GREY, va="bottom")
    return fig


def _lines(text: str, size: float) -> list[str]:
    wider = _WIDER if any("\u0400" <= letter <= "\u04ff" for letter in text) else 1
    return textwrap.wrap(text, int(WIDTH * 72 / (size * _LETTER * wider)))
