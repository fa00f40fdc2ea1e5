"""What notebooks call to hand over figures, tables, numbers and findings, and to read others' numbers.

Inside a build every call writes into the step's staging folder and records which cell made it. In an
ordinary Jupyter session the calls check and show, and write nothing. What each hands over is of one of
`paperbuild.kernel.kinds`.
"""

from __future__ import annotations

import dataclasses
import io
import math
import re
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataregister.decimals import stored
from paperbuild.ground.hashing import sha256_bytes
from paperbuild.kernel import recorder
from paperbuild.kernel.kinds import FIGURE, FINDING, NUMBER, TABLE, Kind
from paperbuild.kernel.recorder import ArtefactError, progress
from paperbuild.kernel.tables import csv_bytes, markdown_table, printed
from paperbuild.project.results import read_results

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["ArtefactError", "figure", "finding", "number", "numbers", "progress", "results", "table"]

PNG_DPI = 200
# Thousandths of a point are finer than print. Six decimals, as matplotlib writes, double the file and show in
# which arithmetic it was drawn.
SVG_DECIMALS = 3
_SVG_PATH = re.compile(rb'(?<=\bd=")[^"]+')
_SVG_NUMBER = re.compile(rb"-?\d+\.\d+")


@dataclass(frozen=True)
class Edition:
    """An artefact in the language of a further edition.

    Attributes
    ----------
    contents : mapping of str to bytes
        Its files by suffix; only those that hold words.
    unsaid : sequence of str
        Texts in it for which the language has no phrase.
    """

    contents: Mapping[str, bytes]
    unsaid: Sequence[str] = ()


def check_name(kind: Kind, name: str) -> None:
    """Refuse a name that does not look like one of this kind."""
    if kind.pattern and not (isinstance(name, str) and kind.pattern.fullmatch(name)):
        raise ArtefactError(f"{name!r} is no name for a {kind.name}; expected: {kind.expected}")


def hand_over(
    kind: Kind,
    name: str,
    contents: Mapping[str, bytes] | None = None,
    editions: Mapping[str, Edition] | None = None,
    **details: Any,
) -> None:
    """Record one; `contents` has the bytes of its files by suffix, `editions` those by language."""
    found = contents or {}
    files = {f"{kind.folder}/{name}{suffix}": found[suffix] for suffix in kind.files}
    unsaid = {}
    for language, one in (editions or {}).items():
        files |= {
            f"{kind.folder}/{language}/{name}{suffix}": content for suffix, content in one.contents.items()
        }
        if one.unsaid:
            unsaid[language] = list(one.unsaid)
    recorder.hand_over(kind.name, name, files, **({"unsaid": unsaid} if unsaid else {}), **details)


def figure(name: str, fig: Figure, data: pd.DataFrame) -> None:
    """Hand a figure to the article as ``figures/name.svg`` and ``.png``, with the data behind it as ``.csv``.

    Parameters
    ----------
    name : str
        Kebab-case name, unique in the article.
    fig : Figure
        The figure, at its printed size; it is closed afterwards. Or what has or makes one: axes, a grid of
        seaborn's, a `seaborn.objects.Plot`. One with a method ``in_language(say)`` is drawn once more for
        each further edition of the article, as ``figures/LANG/name``: the method returns the figure with
        every text as ``say(text)`` has it.
    data : DataFrame
        Every value the figure draws. A named index counts among its columns.

    Raises
    ------
    ArtefactError
        For a bad or repeated name, an empty `data`, or a `fig` that is no figure of matplotlib's.
    """
    from IPython.display import Image, display

    from paperbuild.article.phrases import Speaker

    check_name(FIGURE, name)
    found = as_figure(name, fig)
    table_bytes = csv_bytes(name, data)
    pictures = drawn(name, found)
    editions = {}
    redraw: Callable[[Speaker], Any] | None = getattr(fig, "in_language", None)
    for language, phrases in recorder.editions().items():
        if redraw is None:
            break
        say = Speaker(phrases, name)
        editions[language] = Edition(drawn(name, as_figure(name, redraw(say))), say.unsaid)
    hand_over(FIGURE, name, {**pictures, ".csv": table_bytes}, editions)
    display(Image(data=pictures[".png"], format="png", width=round(found.get_figwidth() * 96)))


def drawn(name: str, fig: Figure) -> dict[str, bytes]:
    """Return the pictures of a figure by suffix, and close it."""
    from matplotlib import pyplot, rc_context

    # The salt, which `named_ids` takes up, makes the ids inside an SVG depend on the figure alone.
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "path", "savefig.bbox": None}):
        svg, png = io.BytesIO(), io.BytesIO()
        fig.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        fig.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
    pyplot.close(fig)
    return {".svg": named_ids(name, rounded_paths(svg.getvalue())), ".png": png.getvalue()}


def as_figure(name: str, drawn: Any) -> Figure:
    """Return the matplotlib figure that something is or belongs to, or that it draws.

    Raises
    ------
    ArtefactError
        Where there is none, with what to hand over instead.
    """
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    objects = sys.modules.get("seaborn.objects")
    if objects is not None and isinstance(drawn, objects.Plot):
        before = pyplot.get_fignums()
        drawn.plot(pyplot=True)
        if pyplot.get_fignums() == before:
            raise ArtefactError(f"figure {name!r}: the plot draws on a figure of yours; hand over that one")
        return pyplot.gcf()
    found = drawn
    # A part of a figure within a figure belongs to it, and that to the whole.
    while not isinstance(found, Figure) and (above := getattr(found, "figure", None)) is not found:
        found = above
    if isinstance(found, Figure):
        return found
    whose = type(drawn)
    advice = (
        "a plotly figure is drawn by a browser: draw its data with matplotlib or seaborn"
        if whose.__module__.partition(".")[0] == "plotly"
        else "draw on axes of matplotlib.pyplot.subplots() and hand over their figure"
    )
    raise ArtefactError(
        f"figure {name!r} is a {whose.__module__}.{whose.__qualname__}; expected a figure of matplotlib's, "
        f"axes, a grid of seaborn's or a seaborn.objects.Plot; {advice}"
    )


def named_ids(name: str, svg: bytes) -> bytes:
    """Return an SVG whose generated ids follow from the figure's name and from their order in it.

    Matplotlib makes them from coordinates in full precision, whose last bits the layout leaves to chance.
    """
    found = re.findall(rb'(?<=[#"])[a-z][0-9a-f]{10}(?=[)"])', svg)
    names = {
        old: old[:1] + sha256_bytes(f"{name} {place}".encode())[:10].encode()
        for place, old in enumerate(dict.fromkeys(found))
    }
    pattern = rb'(?<=[#"])(?:' + b"|".join(names) + rb')(?=[)"])'
    return re.sub(pattern, lambda match: names[match[0]], svg) if names else svg


def rounded_paths(svg: bytes) -> bytes:
    """Return an SVG with the coordinates of its paths rounded to `SVG_DECIMALS`."""

    def rounded(match: re.Match[bytes]) -> bytes:
        # Adding zero makes minus zero, a matter of the last bit, plain zero.
        return (
            f"{round(float(match[0]), SVG_DECIMALS) + 0.0:.{SVG_DECIMALS}f}".rstrip("0").rstrip(".").encode()
        )

    return _SVG_PATH.sub(lambda path: _SVG_NUMBER.sub(rounded, path[0]), svg)


def table(
    name: str,
    frame: pd.DataFrame,
    formats: Mapping[str, str] | None = None,
    align: Mapping[str, str] | None = None,
) -> None:
    """Hand a table to the article as ``tables/name.csv`` (ten digits) and ``tables/name.md`` (as printed).

    For each further edition it is printed once more in its language, as ``tables/LANG/name.md``.

    Parameters
    ----------
    name : str
        Kebab-case name, unique in the article.
    frame : DataFrame
        Rows as printed; the header is the column names, of a `MultiIndex` joined by a colon. An index with a
        name stands first, as columns; one of whole numbers without a name is not printed.
    formats : mapping of str to str, optional
        Python format specification by column, for instance ``",.0f"``. Without one, whole numbers print
        as they are and other numbers with two decimals.
    align : mapping of str to str, optional
        ``left``, ``right`` or ``center`` by column; by default numbers right and text left.

    Raises
    ------
    ArtefactError
        For a bad or repeated name, an empty frame, an unknown column or a format that does not fit.
    """
    from IPython.display import Markdown, display

    from paperbuild.article.phrases import Speaker

    check_name(TABLE, name)
    markdown = markdown_table(name, frame, formats or {}, align or {})
    editions = {}
    for language, phrases in recorder.editions().items():
        say = Speaker(phrases, name)
        told = markdown_table(name, frame, formats or {}, align or {}, say)
        editions[language] = Edition({".md": told.encode("utf-8")}, say.unsaid)
    hand_over(TABLE, name, {".csv": csv_bytes(name, frame), ".md": markdown.encode("utf-8")}, editions)
    display(Markdown(markdown))


def number(name: str, value: float | str | bool, spec: str = "") -> None:
    """Hand a number (or a word that follows from data) to the text, as ``{{< meta n.NAME >}}``.

    Parameters
    ----------
    name : str
        Dotted name, unique in the article, as in ``gravity.distance``.
    value : float, int, str or bool
        The value; numpy scalars are taken too.
    spec : str
        Python format specification, for instance ``".2f"`` or ``",.0f"``.

    Raises
    ------
    ArtefactError
        For a bad or repeated name, a value that is not finite, or a format that does not fit.
    """
    from IPython.display import display_markdown

    check_name(NUMBER, name)
    value = plain_scalar(name, value)
    text = printed(name, value, spec)
    hand_over(NUMBER, name, value=stored(value), text=text, format=spec)
    display_markdown(f"`{name}` = {text}", raw=True)


def numbers(prefix: str, record: Any) -> None:
    """Hand over the fields of a record as numbers ``prefix.field``.

    A field's print format is the string in its annotation, as in ``share: Annotated[float, ".1f"]``. A field
    that holds a record itself gives ``prefix.field_inner``, and its inner field ``value`` gives
    ``prefix.field``. A field that is None is not recorded; a last underscore, which keeps a name off Python's
    own words (``for_``), is left out.

    Parameters
    ----------
    prefix : str
        First part of the names, as in ``regions.a7``.
    record : dataclass or mapping
        The record; of a mapping the keys are the field names, and the values words, whole numbers or records.

    Raises
    ------
    ArtefactError
        As :func:`number`; and for something that is neither a dataclass nor a mapping.
    """
    for name, value, spec in _fields(record):
        if dataclasses.is_dataclass(value):
            for inner, inner_value, inner_spec in _fields(value):
                joined = name if inner == "value" else f"{name}_{inner}"
                number(f"{prefix}.{joined}", inner_value, inner_spec)
        else:
            number(f"{prefix}.{name}", value, spec)


def _fields(record: Any) -> list[tuple[str, Any, str]]:
    """Return name, value and print format of the fields of a record that are not None."""
    if isinstance(record, Mapping):
        found = [(name, value, "") for name, value in record.items()]
    elif dataclasses.is_dataclass(record) and not isinstance(record, type):
        hints = typing.get_type_hints(type(record), include_extras=True)
        found = [
            (field.name, getattr(record, field.name), _spec(hints[field.name]))
            for field in dataclasses.fields(record)
        ]
    else:
        raise ArtefactError(f"numbers() takes a dataclass or a mapping; found {type(record).__name__}")
    return [(name.removesuffix("_"), value, spec) for name, value, spec in found if value is not None]


def _spec(annotation: Any) -> str:
    """Return the print format in a field's annotation, an empty one where there is none."""
    return next((note for note in getattr(annotation, "__metadata__", ()) if isinstance(note, str)), "")


def finding(message: str) -> None:
    """Report that something is not as it must be, without withholding the results.

    The build goes on, so that what follows from a changed file can be seen, and says so at its end; the
    manifest keeps the finding, and ``paper check`` refuses the article until it is gone.

    Parameters
    ----------
    message : str
        What was found, and where; unique in the notebook.
    """
    from IPython.display import display_markdown

    hand_over(FINDING, message)
    display_markdown(f"**Finding:** {message}", raw=True)


def results(notebook: str) -> dict[str, Any]:
    """Return the numbers another notebook recorded, by name, as raw values.

    Parameters
    ----------
    notebook : str
        Name of the notebook, declared under ``results:`` in ``analysis/parameters.yml``.

    Raises
    ------
    ArtefactError
        If the notebook is not declared or (outside a build) has not been built yet.
    """
    path = recorder.results_of(notebook)
    if path is None:
        raise ArtefactError(
            f"results of {notebook!r} are not declared; add it under results: in parameters.yml"
            if recorder.is_building()
            else f"no results of {notebook!r} yet; run: paper build"
        )
    return read_results(path).numbers


def plain_scalar(name: str, value: Any) -> float | int | str | bool:
    """Return `value` as a plain Python scalar, refusing anything else and what is not finite."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if not isinstance(value, bool | int | float | str):
        raise ArtefactError(f"number {name!r} is a {type(value).__name__}; expected one number or word")
    if isinstance(value, float) and not math.isfinite(value):
        raise ArtefactError(f"number {name!r} is {value}; a number in the text must be finite")
    return value
