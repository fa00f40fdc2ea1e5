"""Source notebooks: their code cells, labels, parameters cell, and the executed form the reader sees."""

from __future__ import annotations

import ast
import copy
import itertools
import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import utf8

OPTION_LINE = re.compile(r"^#\|.*$", re.MULTILINE)
LABEL = re.compile(r"^#\|\s*label:\s*(\S+)[^\S\n]*\n?", re.MULTILINE)
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
# What IPython calls a cell's code in warnings: a path with the kernel's process number in it.
# Begun only where a word begins: elsewhere, each place in a long word would be tried to its end.
CELL_FILE = re.compile(r"(?<!\S)\S*ipykernel_\d+[/\\]\d+\.py")


@dataclass(frozen=True)
class Cell:
    """One code cell: its label (empty without one), source and tags."""

    label: str
    source: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Notebook:
    """A source notebook as the build sees it."""

    path: Path
    shown: str
    document: dict[str, Any]

    @property
    def cells(self) -> list[Cell]:
        """The code cells that are not empty, in order."""
        cells = []
        for cell in self.document["cells"]:
            source = source_of(cell)
            if cell["cell_type"] == "code" and source.strip():
                tags = tuple(cell.get("metadata", {}).get("tags", ()))
                cells.append(Cell(label_of(source), source, tags))
        return cells

    @property
    def parameters_cell(self) -> Cell | None:
        """The cell tagged ``parameters``, if there is one."""
        return next((cell for cell in self.cells if "parameters" in cell.tags), None)

    def line_of(self, text: str) -> int:
        """Return the line of the ``.ipynb`` file where a line of source stands (1 if it is not found)."""
        needle = json.dumps(text, ensure_ascii=False)[1:-1]
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return next((i for i, line in enumerate(lines, start=1) if needle in line), 1)


def label_of(source: str) -> str:
    """Return the name that the first ``#| label: name`` line gives a cell; empty without one."""
    found = LABEL.search(source)
    return found.group(1) if found else ""


def without_label(source: str) -> str:
    """Return a cell's source as a reader sees it, without its first label line."""
    return LABEL.sub("", source, count=1).strip("\n")


def source_of(cell: dict[str, Any]) -> str:
    """Return a cell's source, which the format stores as a string or as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def read_notebook(path: Path, shown: str) -> Notebook:
    """Read a notebook file without validating more than the build relies on.

    Raises
    ------
    PaperError
        If the file is not a notebook of format 4.
    """
    return Notebook(path, shown, parse_notebook(utf8(path.read_bytes(), shown), shown))


def parse_notebook(text: str, shown: str) -> dict[str, Any]:
    """Return the document that a notebook's text holds; `shown` is the file that messages name.

    Raises
    ------
    PaperError
        If it is no notebook of format 4.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise PaperError(
            f"not a notebook: {error.msg}",
            where=f"{shown}:{error.lineno}",
            expected="a Jupyter notebook (JSON)",
            remedy=f"git diff {shown} shows what changed; git checkout {shown} brings the last version back",
        ) from None
    except RecursionError:
        message, expected = "not a notebook: nested too deeply", "a Jupyter notebook (JSON)"
        raise PaperError(message, where=shown, expected=expected) from None
    except ValueError as error:
        # Digits by the thousand.
        raise PaperError(f"not a notebook: {error}", where=shown, expected="a Jupyter notebook") from None
    if not isinstance(document, dict) or document.get("nbformat") != 4:
        raise PaperError("not a notebook of format 4", where=shown, expected='"nbformat": 4 and "cells"')
    if (cells := document.get("cells")) is None or not isinstance(cells, list):
        raise PaperError("not a notebook of format 4", where=shown, expected='a list of "cells"')
    for number, cell in enumerate(cells, 1):
        if problem := _misshapen(cell):
            raise PaperError(
                f"not a notebook of format 4: cell {number} has {problem}",
                where=shown,
                remedy=f"git checkout {shown} brings the last version back",
            )
    return document


def _misshapen(cell: Any) -> str:
    """Say what of a cell is not as the format has it; empty where all that the build relies on is."""
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return "no type"
    source, metadata = cell.get("source", ""), cell.get("metadata", {})
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        return "a source that is no text"
    try:
        "".join(lines).encode("utf-8")
    except UnicodeEncodeError:
        return "half a character in its source"
    tags = metadata.get("tags", []) if isinstance(metadata, dict) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return "metadata or tags that are none"
    outputs = cell.get("outputs", [])
    return "" if isinstance(outputs, list) else "outputs that are no list"


# Python 3.11's parser counts its depth for all threads together and fails where two parse at once.
_PARSER = threading.Lock()


def parse_code(source: str) -> ast.Module:
    """Return the syntax tree of Python code, one thread at a time (raises what `ast.parse` raises)."""
    with _PARSER:
        return ast.parse(source)


def code_digest_text(source: str) -> str:
    """Return what of a piece of code can change its result: its syntax tree and its ``#|`` lines.

    Comments, blank lines and formatting are not in it, so that they cost no run. Code that is not plain
    Python (a cell with magics) counts as it stands, but for trailing white space.
    """
    try:
        tree = ast.dump(parse_code(source))
    except (SyntaxError, ValueError):
        tree = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return "\n".join([*OPTION_LINE.findall(source), tree])


def outputs_of(executed: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what running left in each code cell, without times and memory addresses.

    An injected parameters cell comes with its source, so that `merge_outputs` can put it back.
    """
    kept = []
    for cell in executed["cells"]:
        if cell["cell_type"] != "code" or not source_of(cell).strip():
            continue
        injected = "injected-parameters" in cell.get("metadata", {}).get("tags", ())
        kept.append(
            {
                "outputs": _steady(cell.get("outputs", [])),
                "execution_count": cell.get("execution_count"),
                **({"injected": source_of(cell)} if injected else {}),
            }
        )
    return kept


def _steady(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return cell outputs with memory addresses replaced and volatile metadata dropped."""
    steady = _joined(copy.deepcopy(outputs))
    for output in steady:
        output.pop("transient", None)
        if output.get("output_type") == "stream":
            output["text"] = _settle(output["text"])
        for kind, text in (output.get("data") or {}).items():
            if kind in ("text/plain", "text/html"):
                output["data"][kind] = _settle(text)
    return steady


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return outputs in which what was printed between two others is one piece a stream, stdout's first.

    A kernel sends what is printed in pieces, as its clock will have it, and its two streams each by itself.
    """
    joined: list[dict[str, Any]] = []
    for streams, group in itertools.groupby(outputs, lambda one: one.get("output_type") == "stream"):
        if not streams:
            joined.extend(group)
            continue
        pieces: dict[str, list[dict[str, Any]]] = {}
        for one in group:
            pieces.setdefault(str(one.get("name")), []).append(one)
        for name in sorted(pieces, reverse=True):  # stdout, stderr
            text = "".join(source_of({"source": one["text"]}) for one in pieces[name])
            joined.append({**pieces[name][0], "text": text})
    return joined


def _settle(text: str | list[str]) -> str:
    """Return a piece of output without what differs from run to run."""
    return CELL_FILE.sub("cell", ADDRESS.sub("at 0x…", source_of({"source": text})))


def outputs_text(notebook: Notebook, kept: bytes) -> str:
    """Return the executed notebook from the source and the kept outputs."""
    return merge_outputs(notebook, json.loads(kept))


def merge_outputs(notebook: Notebook, outputs: list[dict[str, Any]]) -> str:
    """Return the executed notebook: the prose and comments of today around the outputs of the last run."""
    document = copy.deepcopy(notebook.document)
    queue = list(outputs)
    cells: list[dict[str, Any]] = []
    for cell in document["cells"]:
        cells.append(cell)
        if cell["cell_type"] != "code" or not source_of(cell).strip() or not queue:
            continue
        ran = queue.pop(0)
        cell["outputs"], cell["execution_count"] = ran["outputs"], ran["execution_count"]
        if queue and "injected" in queue[0]:
            ran = queue.pop(0)
            cells.append(
                {
                    "cell_type": "code",
                    "id": "injected-parameters",
                    "metadata": {"tags": ["injected-parameters"]},
                    "source": ran["injected"],
                    "outputs": ran["outputs"],
                    "execution_count": ran["execution_count"],
                }
            )
    document["cells"] = cells
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
