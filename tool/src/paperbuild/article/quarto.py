"""The Quarto engine: the project's own ``_quarto.yml``, with the same refusals as the embedded engine.

`paper build` has Quarto work in a folder of its own, on a copy of what the document is made from: Quarto
walks the whole project before it sets a page, edits its ``.gitignore`` and leaves intermediate files there.
``quarto render`` works in the project; this module's `main` is its last step (the extension's ``hook.py``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from paperbuild.article import extension, notebook_pages
from paperbuild.article.job import RenderJob
from paperbuild.article.source import NUMBERS_FROM, Source, read
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.own import OWNER_VARIABLE
from paperbuild.ground.private import private_folder
from paperbuild.ground.surroundings import typesetter_environment
from paperbuild.project.layout import FIGURES, OUTPUT, numbers_file
from paperbuild.project.printed import read_numbers

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_UNRESOLVED = re.compile(r"Unable to resolve crossref (@\S+)")
_UNKNOWN = re.compile(r"[Cc]itation (\S+) not found")
_ERROR = re.compile(r"^(?:ERROR|Error running filter)", re.MULTILINE)
_TRACE = re.compile(r"^\s+at .*\n?|^Stack trace:\n?", re.MULTILINE)
_HEADING = re.compile(r"<h([1-5])\b(?! id=\"abstract-title\")([^>]*)>(.*?)</h\1>", re.DOTALL)


def render(job: RenderJob, source: Source, base: str, target: Path, files: Iterable[Path]) -> None:
    """Typeset the article with ``quarto render``.

    Parameters
    ----------
    job : RenderJob
        Root, output and date of the document.
    source : Source
        The article as the embedded engine would set it: reading it has made the same refusals, and Quarto
        gets its text, shortcodes and includes resolved, which it would be slow to read.
    base : str
        Quarto's format that the extension's format stands on: ``html``, ``typst``, ``docx``.
    target : Path
        The file that Quarto writes, in the job's output folder.
    files : iterable of Path
        All that the document is made from.

    Raises
    ------
    PaperError
        Where the project lacks the extension, and for what Quarto reports.
    """
    if not extension.files(job.root / extension.PLACE):
        raise PaperError(
            "the project has no Quarto extension",
            where=extension.PLACE,
            expected="a copy of the one that comes with paperbuild",
            remedy="python -m paperbuild.article.extension",
        )
    with tempfile.TemporaryDirectory(dir=private_folder(), prefix="quarto-") as folder:
        project = Path(folder)
        numbers = {job.root / numbers_file(language) for language in {"", job.edition}}
        for path in {*files, *numbers}:
            if path.is_relative_to(job.root) and path.is_file():
                copy = project / path.relative_to(job.root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        metadata = source.metadata | ({NUMBERS_FROM: [numbers_file(job.edition)]} if job.edition else {})
        # JSON is YAML too.
        front = json.dumps(metadata, ensure_ascii=False, indent=1, default=str)
        (project / job.article).write_text(f"---\n{front}\n---\n\n{source.body}", encoding="utf-8")
        done = subprocess.run(
            ["quarto", "render", job.article, "--to", f"{extension.NAME}-{base}", "--output-dir", OUTPUT],
            cwd=project,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            # The owner keeps Quarto's pre-render step from starting another build.
            env=typesetter_environment(private_folder(), job.epoch) | {OWNER_VARIABLE: str(os.getpid())},
        )
        messages = _ANSI.sub("", done.stdout + done.stderr)
        _refuse(messages, source)
        made = project / OUTPUT / target.name
        if done.returncode or not made.is_file():
            raise PaperError(
                f"quarto render failed with status {done.returncode}:\n{_complaint(messages)}",
                where=job.article,
                remedy="quarto render shows all of it; paper build --engine embedded does without Quarto",
            )
        shutil.move(made, target)
    finish(job.root, target, line_numbers=bool(source.metadata.get("line-numbers")))


def finish(root: Path, document: Path, *, line_numbers: bool = False) -> None:
    """Do to a document by Quarto what the embedded engine does to its own after pandoc, in place.

    The page gets light pictures and one first-level heading, its title; the DOCX fields, widths and sections.
    """
    if document.suffix == ".docx":
        from paperbuild.article import word

        word.finish(document, line_numbers=line_numbers)
    elif document.suffix == ".html":
        from paperbuild.article.pictures import lightened

        page = document.read_text(encoding="utf-8")
        before, main, text = page.partition("<main")
        text = _HEADING.sub(lambda found: _heading(int(found[1]) + 1, found[2], found[3]), text)
        write_atomic(document, lightened(before + main + text, root))


def _heading(level: int, attributes: str, content: str) -> str:
    return f"<h{level}{attributes}>{content}</h{level}>"


def _complaint(messages: str) -> str:
    """Return what went wrong out of all that Quarto says: no metadata before it, no stack behind it."""
    found = _ERROR.search(messages)
    told = _TRACE.sub("", messages[found.start() :] if found else messages)
    return "\n".join(dict.fromkeys(line for line in told.splitlines() if line.strip()))[-1500:]


def main() -> None:
    """Finish what ``quarto render`` has set in the project's folder, and add the notebooks' pages."""
    root = Path.cwd()
    front = read(root, read_numbers(root)).metadata
    for name in os.environ.get("QUARTO_PROJECT_OUTPUT_FILES", "").splitlines():
        finish(root, root / name, line_numbers=bool(front.get("line-numbers")))
    # What Quarto copies beside the article belongs to the project, not to the output.
    shutil.rmtree(root / OUTPUT / FIGURES, ignore_errors=True)
    notebook_pages.render(RenderJob(root, root / OUTPUT, "notebooks", "quarto", 0))


def _refuse(messages: str, source: Source) -> None:
    unresolved = _UNRESOLVED.search(messages)
    if unresolved:
        raise PaperError(
            f"nothing that is numbered bears the name {unresolved[1][1:]}", where=source.place(unresolved[1])
        )
    unknown = _UNKNOWN.search(messages)
    if unknown:
        key = unknown[1].strip("'\"")
        raise PaperError(f"no entry for the citation @{key}", where=source.place(f"@{key}"))


if __name__ == "__main__":
    main()
