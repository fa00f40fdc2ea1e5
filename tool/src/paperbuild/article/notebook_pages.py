"""Executed notebooks as light, self-contained pages that lead back to the article."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paperbuild.article.extension import ASSETS, EXTENSION
from paperbuild.article.job import RenderJob
from paperbuild.article.text import read
from paperbuild.ground.errors import PaperError
from paperbuild.ground.pages import render as render_page
from paperbuild.project.layout import BUILD, OUTPUT
from paperbuild.project.notebook import label_of, without_label

_HEADING = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)
PAGE, INDEX = ASSETS / "notebook.html.j2", ASSETS / "notebook-index.html.j2"
STYLES = (EXTENSION / "article.css", ASSETS / "notebook.css")
_PREFIX = {"figure": "fig", "table": "tbl"}


def render(job: RenderJob) -> list[Path]:
    """Write ``notebooks/NAME.html`` for every executed notebook of ``build/notebooks`` and ``index.html``."""
    folder = job.output / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    written = []
    for path in sorted((job.root / BUILD / "notebooks").glob("*.ipynb")):
        title, question, text = page(job.root, path)
        target = folder / f"{path.stem}.html"
        target.write_text(text, encoding="utf-8")
        pages.append({"name": path.stem, "title": title, "question": question})
        written.append(target)
    index = folder / "index.html"
    index.write_text(render_page(INDEX, pages=pages, styles=_styles()), encoding="utf-8")
    return [*written, index]


def page(root: Path, path: Path) -> tuple[str, str, str]:
    """Return title, question and HTML of one executed notebook.

    Parameters
    ----------
    root : Path
        Folder of the article.
    path : Path
        The executed notebook.
    """
    import nbformat

    shown = path.relative_to(root).as_posix()
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise PaperError(f"not a notebook: {error}", where=shown, remedy="paper build") from None
    origin = _defined_in(root)
    made = _artefacts(root, path.stem)
    for position, cell in enumerate(notebook.cells):
        label = label_of(cell.source)
        cell.metadata["label"] = label or f"cell-{position + 1}"
        if label:
            cell.source = without_label(cell.source)
        cell.metadata["makes"] = [
            {**artefact, "target": next((i for i in _identifiers(artefact) if i in origin), "")}
            for artefact in made
            if label and artefact["cell"] == label and artefact["kind"] in _PREFIX
        ]
    title, question = _opening(notebook.cells, path.stem)
    body, _ = _exporter().from_notebook_node(
        notebook, resources={"title": title, "name": path.stem, "pages": []}
    )
    return title, question, body


def _opening(cells: list[Any], name: str) -> tuple[str, str]:
    first = cells[0].source if cells and cells[0].cell_type == "markdown" else ""
    heading = _HEADING.search(first)
    if not heading:
        return name, ""
    question = first[heading.end() :].strip().split("\n\n")[0]
    return heading[1], " ".join(re.sub(r"[*`]", "", question).split())


def _identifiers(artefact: Mapping[str, str]) -> tuple[str, str]:
    name = artefact["name"]
    return f"{_PREFIX[artefact['kind']]}-{name}", name


def _defined_in(root: Path) -> frozenset[str]:
    return frozenset(one.name for one in read(root).defined if one.name.startswith(("fig-", "tbl-")))


def _artefacts(root: Path, name: str) -> list[dict[str, Any]]:
    record = root / BUILD / "results" / f"{name}.json"
    return json.loads(record.read_text(encoding="utf-8"))["artefacts"] if record.is_file() else []


def _styles() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in STYLES)


@functools.cache
def _exporter() -> Any:
    # Not HTMLExporter: it parses every page once more only to look for missing alt texts.
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters.highlight import Highlight2HTML

    exporter = TemplateExporter(
        template_name="base",
        template_file=str(PAGE),
        extra_template_basedirs=[str(ASSETS)],
    )
    exporter.file_extension = ".html"
    exporter.register_filter("highlight", Highlight2HTML(pygments_lexer="ipython3"))
    exporter.register_filter("escape_attribute", functools.partial(html.escape, quote=True))
    exporter.environment.globals["styles"] = _styles()
    return exporter


if __name__ == "__main__":
    # Quarto's last step (the extension's hook.py), in the project's folder.
    render(RenderJob(Path.cwd(), Path(OUTPUT), "notebooks", "quarto", 0))
