"""Executed notebooks as light, self-contained pages that lead back to the article."""

from __future__ import annotations

import functools
import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.article import languages
from paperbuild.article.extension import ASSETS, EXTENSION, NOTEBOOK_INDEX, NOTEBOOK_PAGE
from paperbuild.article.job import RenderJob
from paperbuild.article.manuscript import Manuscript, without_comments
from paperbuild.article.pictures import styles_with_fonts
from paperbuild.article.text import Article, include_target, read
from paperbuild.ground.errors import PaperError
from paperbuild.ground.pages import render as render_page
from paperbuild.project.layout import EXECUTED, RESULTS
from paperbuild.project.notebook import label_of, without_label
from paperbuild.project.printed import read_numbers
from paperbuild.project.results import NotebookResults, read_results

_HEADING = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)
_SECTION = re.compile(r"^#{1,4}[ \t]+(.+?)[ \t]*\{#([\w-]+)[^}\n]*\}[ \t]*$", re.MULTILINE)
_PREFIX = {"figure": "fig", "table": "tbl"}

Places = dict[str, Any]
"""What `places` returns."""


def render(job: RenderJob) -> list[Path]:
    """Write a page for every executed notebook, the notebook itself beside it, and an index."""
    folder = job.output / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    shown_at = places(read(job.root))
    build = read_numbers(job.root).get("build", {})
    opened = [_open(job.root, path) for path in sorted((job.root / EXECUTED).glob("*.ipynb"))]
    written = []
    for position, one in enumerate(opened):
        around = {
            "before": opened[position - 1].named if position else None,
            "after": opened[position + 1].named if position + 1 < len(opened) else None,
        }
        target = folder / f"{one.name}.html"
        target.write_text(_page(job.root, one, shown_at, build, around), encoding="utf-8")
        notebook = folder / f"{one.name}.ipynb"
        notebook.write_bytes(one.path.read_bytes())
        written += [target, notebook]
    index = folder / "index.html"
    index.write_text(render_page(NOTEBOOK_INDEX, pages=opened, **_dress()), encoding="utf-8")
    return [*written, index]


@dataclass(frozen=True)
class _Opened:
    """An executed notebook: stem and path of its file, its content, first heading and paragraph."""

    name: str
    path: Path
    notebook: Any
    title: str
    question: str

    @property
    def named(self) -> dict[str, str]:
        """What leads to it from other pages."""
        return {"name": self.name, "title": self.title}


def _open(root: Path, path: Path) -> _Opened:
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        shown = path.relative_to(root).as_posix()
        raise PaperError(f"not a notebook: {error}", where=shown, remedy="paper build") from None
    return _Opened(path.stem, path, notebook, *_opening(notebook.cells, path.stem))


def _page(
    root: Path,
    one: _Opened,
    shown_at: Places,
    build: Mapping[str, Any],
    around: Mapping[str, Mapping[str, str] | None],
) -> str:
    path = root / RESULTS / f"{one.name}.json"
    record = read_results(path) if path.is_file() else NotebookResults()
    for position, cell in enumerate(one.notebook.cells):
        label = label_of(cell.source)
        cell.metadata["label"] = label or f"cell-{position + 1}"
        if label:
            cell.source = without_label(cell.source)
        cell.metadata["makes"] = [
            {**artefact, "target": next((i for i in _identifiers(artefact) if i in shown_at["floats"]), "")}
            for artefact in record.artefacts
            if label and artefact["cell"] == label and artefact["kind"] in _PREFIX
        ]
    numbers = [
        {**artefact, "uses": shown_at["numbers"].get(artefact["name"], [])}
        for artefact in record.of_kind("number")
    ]
    resources = {
        "title": one.title,
        "name": one.name,
        **around,
        "numbers": numbers,
        "parameters": record.parameters,
        "inputs": record.inputs,
        "build": build,
    }
    body, _ = _exporter().from_notebook_node(one.notebook, resources=resources)
    return _told_apart(body)


def places(article: Article) -> Places:
    """Return what the article shows where.

    Returns
    -------
    dict
        ``floats``: the names of figures and tables, sorted. ``numbers``: by name, the sections that print
        the number as ``{"id": …, "title": …}``, in reading order.
    """
    numbers: dict[str, list[dict[str, str]]] = {}
    if article.manuscripts:
        _find_numbers(article, article.manuscripts[0], {"id": "abstract-title", "title": "Abstract"}, numbers)
    floats = {one.name for one in article.defined if one.name.startswith(("fig-", "tbl-"))}
    return {"floats": sorted(floats), "numbers": numbers}


def _find_numbers(
    article: Article, text: Manuscript, section: dict[str, str], numbers: dict[str, list[dict[str, str]]]
) -> dict[str, str]:
    """Add the numbers that a text and those it includes print to `numbers`; return the section it ends in."""
    forms = tuple(f"{root}." for root in languages.root_names())
    steps: list[tuple[int, str, Any]] = [
        (text.line(match.start()), "section", {"id": match[2], "title": _plain(match[1])})
        for match in _SECTION.finditer(text.uncoded)
    ]
    steps += [(use.line, "number", use.name) for use in text.metas if use.name.startswith(forms)]
    steps += [(use.line, "text", include_target(text.path, use.name)) for use in text.includes]
    for _, kind, what in sorted(steps, key=lambda step: step[0]):
        if kind == "section":
            section = what
        elif kind == "number":
            uses = numbers.setdefault(what.partition(".")[2], [])
            if section not in uses:
                uses.append(section)
        elif included := article.manuscript(what):
            section = _find_numbers(article, included, section, numbers)
    return section


def _plain(heading: str) -> str:
    return " ".join(re.sub(r"\{\{<(?:(?!\{\{<).)*?>\}\}|[*`]", "", heading).split())


def _opening(cells: list[Any], name: str) -> tuple[str, str]:
    first = cells[0].source if cells and cells[0].cell_type == "markdown" else ""
    heading = _HEADING.search(first)
    if not heading:
        return name, ""
    question = without_comments(first[heading.end() :]).strip().split("\n\n")[0]
    return heading[1], " ".join(re.sub(r"[*`]", "", question).split())


def _identifiers(artefact: Mapping[str, str]) -> tuple[str, str]:
    name = artefact["name"]
    return f"{_PREFIX[artefact['kind']]}-{name}", name


def _scrolling(text: str, label: str) -> str:
    """Return HTML with each table in a region that scrolls where the page is narrower, by keys too."""
    region = f'<div class="table-scroll" tabindex="0" role="region" aria-label="{html.escape(label)}">'
    return re.sub(r"<table\b.*?</table>", lambda table: f"{region}{table[0]}</div>", text, flags=re.DOTALL)


def _told_apart(page: str) -> str:
    """Return a page in which each region has its own name: of several of one cell the later are counted."""
    seen: Counter[str] = Counter()

    def named(region: re.Match[str]) -> str:
        seen[region[1]] += 1
        return (
            region[0]
            if seen[region[1]] == 1
            else f'role="region" aria-label="{region[1]} ({seen[region[1]]})"'
        )

    return re.sub(r'role="region" aria-label="([^"]*)"', named, page)


def _dress() -> dict[str, str]:
    """Return the styles and the script that every page carries in itself."""
    sheets = (EXTENSION / "article.css", ASSETS / "notebook.css")
    return {
        "styles": "".join(styles_with_fonts(sheet) for sheet in sheets),
        "script": (EXTENSION / "article.js").read_text(encoding="utf-8"),
    }


@functools.cache
def _exporter() -> Any:
    # Not HTMLExporter: it parses every page once more only to look for missing alt texts.
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters.highlight import Highlight2HTML

    exporter = TemplateExporter(
        template_name="base",
        template_file=str(NOTEBOOK_PAGE),
        extra_template_basedirs=[str(ASSETS)],
        optimistic_validation=True,  # once a page, not after each preprocessor
    )
    exporter.file_extension = ".html"
    exporter.register_filter("highlight", Highlight2HTML(pygments_lexer="ipython3"))
    exporter.register_filter("escape_attribute", functools.partial(html.escape, quote=True))
    exporter.register_filter("scrolling", _scrolling)
    exporter.environment.globals.update(_dress())
    return exporter
