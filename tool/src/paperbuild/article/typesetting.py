"""Typesetting: the article as HTML, PDF and DOCX, the executed notebooks as pages.

Quarto where it is installed, else pandoc, citeproc and Typst from wheels with one Lua filter; same text,
numbering, captions and references from both.
"""

from __future__ import annotations

import re
from pathlib import Path

from paperbuild.article.source import ARTICLE
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import RenderJob

FORMATS = ("html", "pdf", "docx")
ASSETS = Path(__file__).parent / "assets"

_INCLUDE = re.compile(r"\{\{<\s*include\s+(\S+)\s*>\}\}")
_PICTURE = re.compile(r"\]\(\s*([^)\s]+)")
_SETTING = re.compile(r"^(?:bibliography|csl)\s*:\s*(.+?)\s*$", re.MULTILINE)
_PICTURE_SUFFIX = {"html": ".svg", "pdf": ".svg", "docx": ".png"}
FONTS = tuple(sorted(f"fonts/{path.name}" for path in (ASSETS / "fonts").glob("*.woff2")))
NEEDED_ASSETS = {
    "html": (
        "subset.lua",
        "article.lua",
        "front.lua",
        "article.html",
        "article.css",
        "article.js",
        *FONTS,
    ),
    "pdf": (
        "subset.lua",
        "article.lua",
        "front.lua",
        "references.lua",
        "article.typ",
        "typst-template.typ",
        "typst-show.typ",
    ),
    "docx": ("subset.lua", "article.lua", "front.lua", "reference.docx"),
    "notebooks": (
        "notebook.html.j2",
        "notebook-index.html.j2",
        "article.css",
        "notebook.css",
        "article.js",
        *FONTS,
    ),
}


def render(job: RenderJob) -> list[Path]:
    """Typeset the article in one format.

    Parameters
    ----------
    job : RenderJob
        What to typeset, with which engine, and the staging folder for it.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    PaperError, Findings
        What the text or the engine lacks, with file and line.
    """
    if engine_for(job.engine) == "quarto":
        from paperbuild.article import quarto

        return quarto.render(job)
    from paperbuild.article import embedded

    return embedded.render(job)


def render_notebooks(job: RenderJob) -> list[Path]:
    """Write a page for every executed notebook and an index of them into ``job.output/notebooks``."""
    from paperbuild.article import notebook_pages

    return notebook_pages.render(job)


def engine_for(choice: str) -> str:
    """Return ``quarto`` or ``embedded`` for ``auto``, ``quarto`` or ``embedded``.

    Raises
    ------
    PaperError
        If Quarto is asked for and absent.
    """
    import shutil

    if choice == "embedded":
        return "embedded"
    if shutil.which("quarto"):
        return "quarto"
    if choice == "quarto":
        raise PaperError(
            "no quarto on PATH",
            expected="Quarto 1.9 or newer",
            remedy="install it (https://quarto.org/docs/get-started) or use --engine embedded",
        )
    return "embedded"


def identity(engine: str) -> dict[str, str]:
    """Return the name and version of whatever typesets, fast enough to ask at every build."""
    import importlib.metadata
    import shutil

    if engine_for(engine) == "embedded":
        # pypandoc-binary carries pandoc: the version of the wheel decides both.
        return {
            "engine": "embedded",
            "pypandoc-binary": importlib.metadata.version("pypandoc-binary"),
            "typst": importlib.metadata.version("typst"),
        }
    # Starting Quarto takes a second: the file's path, size and time stand for its version.
    path = Path(shutil.which("quarto") or "").resolve()
    status = path.stat()
    return {"engine": "quarto", "quarto": f"{path} {status.st_size} {status.st_mtime_ns}"}


def inputs(root: Path, fmt: str) -> list[Path]:
    """Return every file that the article in format `fmt` (or the notebook pages) is made from, sorted.

    ``numbers.yml`` and, for the pages, the executed notebooks are the build's own to add. A file that the
    text names but that does not exist is listed too: it may appear.
    """
    found = {ASSETS / name for name in NEEDED_ASSETS[fmt]} | set(Path(__file__).parent.glob("*.py"))
    found.add(root / "_quarto.yml")
    if fmt == "html":
        found.add(root / "CITATION.cff")
    if fmt == "notebooks":
        return sorted(found)
    queue = [root / ARTICLE]
    while queue:
        path = queue.pop()
        if path in found:
            continue
        found.add(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        for target in _INCLUDE.findall(text):
            queue.append(root / target[1:] if target.startswith("/") else path.parent / target)
            if fmt == "html" and queue[-1].parent == root / "tables":
                found.add(queue[-1].with_suffix(".csv"))
        for target in _PICTURE.findall(text):
            if not re.match(r"[a-z]+:|#", target):
                picture = root / target
                found.add(picture if picture.suffix else picture.with_suffix(_PICTURE_SUFFIX[fmt]))
                if fmt == "html":
                    # The figures behind a float, for its link; the pixels of a drawing that is too heavy.
                    found.update(picture.with_suffix(suffix) for suffix in (".csv", ".png"))
        for value in _SETTING.findall(text):
            found.update(root / name.strip(" '\"") for name in value.strip("[]").split(","))
    return sorted(found)
