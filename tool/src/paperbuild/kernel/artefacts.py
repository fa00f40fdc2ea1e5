"""What notebooks hand over to the article: figures, tables, numbers, findings; and other notebooks' numbers.

Inside a build every call writes into the step's staging folder and records which cell made it. In an
ordinary Jupyter session the calls check and show, and write nothing.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ARTEFACT_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NUMBER_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)+")

MINUS, MISSING = "\N{MINUS SIGN}", "\N{EN DASH}"

# Digits of a stored value: more than any table prints, fewer than those in which two processors' arithmetic
# differs (an estimate carries eleven or twelve that agree).
SIGNIFICANT = 10
CSV_FLOAT = f"%.{SIGNIFICANT}g"
PNG_DPI = 200
# Thousandths of a point are finer than print. Six decimals, as matplotlib writes, double the file and show in
# which arithmetic it was drawn.
SVG_DECIMALS = 3
_SVG_PATH = re.compile(rb'(?<=\bd=")[^"]+')
_SVG_NUMBER = re.compile(rb"-?\d+\.\d+")


class ArtefactError(ValueError):
    """A figure, table or number that cannot go into the article as it is."""


@dataclass
class Recorder:
    """The running step: where its files go and what it has handed over so far.

    Attributes
    ----------
    staging : Path
        Folder that receives ``figures/`` and ``tables/``.
    results : mapping of str to Path
        Recorded results of the notebooks this one declares.
    cell : str
        Label of the cell that is running.
    artefacts : list of dict
        Records in the order of the calls.
    """

    staging: Path
    results: Mapping[str, Path]
    cell: str = ""
    artefacts: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def add(self, kind: str, name: str, **details: Any) -> None:
        """Record one artefact; a name used twice for one kind of thing is an error."""
        taken = next((a for a in self.artefacts if a["name"] == name and a["kind"] == kind), None)
        if taken is not None:
            raise ArtefactError(
                f"the {kind} {name!r} was already written by cell {taken['cell']!r}; choose another name"
            )
        self.artefacts.append({"kind": kind, "name": name, "cell": self.cell, **details})


_recorder: Recorder | None = None


def begin(recorder: Recorder | None) -> None:
    """Send what follows to `recorder` (called by the build before the notebook's first cell)."""
    global _recorder
    _recorder = recorder


def enter_cell(label: str) -> None:
    """Note which cell runs now (called by the kernel before each cell)."""
    if _recorder is not None:
        _recorder.cell = label


def current_cell() -> str:
    """Return the label of the cell that runs now."""
    return _recorder.cell if _recorder is not None else ""


def recorded() -> list[dict[str, Any]]:
    """Return what the step has handed over so far."""
    return _recorder.artefacts if _recorder is not None else []


def figure(name: str, fig: Figure, data: pd.DataFrame) -> None:
    """Hand a figure to the article as ``figures/name.svg`` and ``.png``, with the data behind it as ``.csv``.

    Parameters
    ----------
    name : str
        Kebab-case name, unique in the article.
    fig : Figure
        The figure, at its printed size; it is closed afterwards.
    data : DataFrame
        Every value the figure draws.

    Raises
    ------
    ArtefactError
        For a bad or repeated name, or an empty `data`.
    """
    from IPython.display import Image, display
    from matplotlib import pyplot, rc_context

    check_name(name, ARTEFACT_NAME, "figure", "kebab-case, as in border-map")
    table_bytes = csv_bytes(name, data)
    # The salt makes the ids inside an SVG depend on the figure alone; without it every run draws new ones.
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "path", "savefig.bbox": None}):
        svg, png = io.BytesIO(), io.BytesIO()
        fig.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        fig.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
    pyplot.close(fig)
    contents = {"svg": rounded_paths(svg.getvalue()), "png": png.getvalue(), "csv": table_bytes}
    files = {f"figures/{name}.{suffix}": content for suffix, content in contents.items()}
    _hand_over("figure", name, files)
    display(Image(data=contents["png"], format="png", width=round(fig.get_figwidth() * 96)))


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

    Parameters
    ----------
    name : str
        Kebab-case name, unique in the article.
    frame : DataFrame
        Rows as printed; the header is the column names; the index is not printed.
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

    check_name(name, ARTEFACT_NAME, "table", "kebab-case, as in border-lengths")
    markdown = markdown_table(name, frame, formats or {}, align or {})
    files = {f"tables/{name}.csv": csv_bytes(name, frame), f"tables/{name}.md": markdown.encode("utf-8")}
    _hand_over("table", name, files)
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

    check_name(name, NUMBER_NAME, "number", "dotted, as in gravity.distance")
    value = plain_scalar(name, value)
    text = printed(name, value, spec)
    record = {"value": stored(value), "text": text, "format": spec}
    if _recorder is not None:
        _recorder.add("number", name, **record)
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

    if _recorder is not None:
        _recorder.add("finding", message)
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
    if _recorder is not None:
        path = _recorder.results.get(notebook)
        if path is None:
            raise ArtefactError(
                f"results of {notebook!r} are not declared; add it under results: in parameters.yml"
            )
    else:
        path = next((p for p in _built_results(notebook) if p.is_file()), None)
        if path is None:
            raise ArtefactError(f"no results of {notebook!r} yet; run: paper build")
    recorded = json.loads(path.read_text(encoding="utf-8"))["artefacts"]
    return {item["name"]: item["value"] for item in recorded if item["kind"] == "number"}


def _built_results(notebook: str) -> list[Path]:
    """Return where the last build may have left a notebook's results, seen from the working directory."""
    here = Path.cwd()
    return [folder / "build" / "results" / f"{notebook}.json" for folder in (here, *here.parents)]


def _hand_over(kind: str, name: str, files: Mapping[str, bytes]) -> None:
    """Write an artefact's files into staging and record it."""
    if _recorder is None:
        return
    _recorder.add(kind, name, files=list(files))
    for path, content in files.items():
        target = _recorder.staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def check_name(name: str, pattern: re.Pattern[str], kind: str, expected: str) -> None:
    """Refuse a name that `pattern` does not cover."""
    if not (isinstance(name, str) and pattern.fullmatch(name)):
        raise ArtefactError(f"{name!r} is no name for a {kind}; expected: {expected}")


def plain_scalar(name: str, value: Any) -> float | int | str | bool:
    """Return `value` as a plain Python scalar, refusing anything else and what is not finite."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if not isinstance(value, bool | int | float | str):
        raise ArtefactError(f"number {name!r} is a {type(value).__name__}; expected one number or word")
    if isinstance(value, float) and not math.isfinite(value):
        raise ArtefactError(f"number {name!r} is {value}; a number in the text must be finite")
    return value


def stored(value: float | int | str | bool) -> float | int | str | bool:
    """Return a value with the digits that mean something.

    >>> stored(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.{SIGNIFICANT}g}") if isinstance(value, float) else value


def printed(name: str, value: Any, spec: str) -> str:
    """Return `value` formatted by `spec`, with a true minus sign.

    >>> printed("x", -1234.5, ",.1f")
    '−1,234.5'
    """
    try:
        text = format(value, spec)
    except (ValueError, TypeError) as error:
        raise ArtefactError(f"{name!r}: format {spec!r} does not fit {value!r} ({error})") from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A value that rounds to nothing has no sign worth printing.
        if text.startswith("-") and not re.search(r"[1-9]", text):
            text = text[1:]
        return text.replace("-", MINUS)
    return text


def csv_bytes(name: str, frame: pd.DataFrame) -> bytes:
    """Return a frame as UTF-8 CSV with LF line ends, without its index; empty frames are refused."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ArtefactError(f"{name!r}: expected a DataFrame, found {type(frame).__name__}")
    if frame.empty:
        raise ArtefactError(f"{name!r}: the table behind it is empty")
    return frame.to_csv(index=False, lineterminator="\n", float_format=CSV_FLOAT).encode("utf-8")


def markdown_table(
    name: str, frame: pd.DataFrame, formats: Mapping[str, str], align: Mapping[str, str]
) -> str:
    """Return a frame as a pandoc pipe table."""
    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if not isinstance(frame, pd.DataFrame):
        raise ArtefactError(f"{name!r}: expected a DataFrame, found {type(frame).__name__}")
    for column in [*formats, *align]:
        if column not in frame.columns:
            raise ArtefactError(
                f"table {name!r} has no column {column!r}; columns: {', '.join(map(str, frame))}"
            )
    if not frame.columns.is_unique:
        raise ArtefactError(f"table {name!r} has a column name twice: {', '.join(map(str, frame))}")
    rules = {"left": (":", ""), "right": ("", ":"), "center": (":", ":")}
    header, rule, columns = [], [], []
    for column in frame.columns:
        numeric = is_numeric_dtype(frame[column]) and not is_bool_dtype(frame[column])
        side = align.get(column, "right" if numeric else "left")
        if side not in rules:
            raise ArtefactError(
                f"table {name!r}, column {column!r}: align is {side!r}; expected left, right or center"
            )
        cells = [cell_text(f"{name}: {column}", value, formats.get(column)) for value in frame[column]]
        # Pandoc shares the page width by the number of dashes once a row is wider than the text.
        width = min(40, max(len(text) for text in (str(column), *cells)))
        header.append(escape(str(column)))
        left, right = rules[side]
        rule.append(left + "-" * max(3 - len(left + right), width - len(left + right)) + right)
        columns.append(cells)
    rows = [header, rule, *zip(*columns, strict=True)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cell_text(place: str, value: Any, spec: str | None) -> str:
    """Return one table cell as printed."""
    import pandas as pd

    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return printed(place, value, spec if spec is not None else ("d" if isinstance(value, int) else ".2f"))
    return escape(str(value))


def escape(text: str) -> str:
    """Return text that pandoc's Markdown prints as it stands, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>$|@#^~])", r"\\\1", " ".join(text.split()))
