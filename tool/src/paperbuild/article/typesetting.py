"""Typesetting: the article as HTML, PDF and DOCX, the executed notebooks as pages.

Quarto where it is installed, else pandoc, citeproc and Typst from wheels with one Lua filter; same text,
numbering, captions and references from both.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from paperbuild.article import extension
from paperbuild.article.formats import DOCUMENTS, Format
from paperbuild.article.parts import Parts, parts_of
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import QUARTO_PROJECT, is_generated
from paperbuild.project.printed import read_numbers

if TYPE_CHECKING:
    from paperbuild.article.job import RenderJob


def render(job: RenderJob) -> list[Path]:
    """Typeset one document.

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
    document = DOCUMENTS[job.format]
    if not isinstance(document, Format):
        return document.make(job)
    # Here: a build with nothing to do typesets nothing.
    from paperbuild.article import quarto, source
    from paperbuild.article.text import read

    numbers = read_numbers(job.root, job.edition)
    resolved = source.read(job.root, numbers, job.article)
    job.output.mkdir(parents=True, exist_ok=True)
    target = job.output / document.name_in(job.edition)
    if engine_for(job.engine) == "quarto":
        made_from = map(Path, inputs(job.root, parts_of(read(job.root, job.article)), job.format))
        quarto.render(job, resolved, document.quarto, target, made_from)
    else:
        document.embedded(job, resolved, numbers, target)
    return [target]


def engine_for(choice: str) -> str:
    """Return ``quarto`` or ``embedded`` for ``auto``, ``quarto`` or ``embedded``.

    Raises
    ------
    PaperError
        If Quarto is asked for and absent.
    """
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
    import importlib.metadata  # here: a build that has nothing to do remembers the answer

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


def inputs(root: Path, parts: Parts, name: str) -> list[str]:
    """Return every file that a document is made from, sorted.

    Asked for by every document of every build, some hundred each, so that paths are texts here.
    ``numbers.yml``, the tool's own modules and, for the pages, the executed notebooks are the build's own to
    add. A file that the text names but that does not exist is listed too: it may appear.

    Parameters
    ----------
    root : Path
        Where the article is typeset.
    parts : Parts
        What the article there is made of.
    name : str
        Name of one of `DOCUMENTS`.
    """
    document = DOCUMENTS[name]
    found = {str(path) for path in document.assets}
    # What Quarto sets the same document with.
    found |= {f"{root}/{QUARTO_PROJECT}", *map(str, extension.files(root / extension.PLACE).values())}
    if isinstance(document, Format):
        named = parts.files[document.picture]
        beside = (
            _beside(path, suffix, parts.edition)
            for path in named
            if is_generated(path)
            for suffix in document.beside.get(os.path.splitext(path)[1], ())
        )
        also = (*document.also, *filter(None, [parts.style]))
        found |= {f"{root}/{path}" for path in (*named, *beside, *also)}
    return sorted(found)


def _beside(path: str, suffix: str, edition: str) -> str:
    """Return the file of another kind that lies beside one that notebooks have made."""
    folder, name = os.path.split(os.path.splitext(path)[0])
    # Figures without words lie beside those of the article, and not in the folder of a language.
    shared = suffix == ".csv" and os.path.basename(folder) == edition
    return f"{os.path.dirname(folder) if shared else folder}/{name}{suffix}"
