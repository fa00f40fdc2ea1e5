"""The Quarto engine: the project's own ``_quarto.yml``, with the same refusals as the embedded engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

from paperbuild.article import extension
from paperbuild.article.job import RenderJob
from paperbuild.article.source import Source
from paperbuild.ground.errors import PaperError
from paperbuild.ground.own import OWNER_VARIABLE
from paperbuild.ground.private import private_folder
from paperbuild.ground.surroundings import typesetter_environment
from paperbuild.project.layout import FIGURES

# Quarto keeps intermediate files beside the article: two runs in one folder would meet.
_one_at_a_time = threading.Lock()

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_UNRESOLVED = re.compile(r"Unable to resolve crossref (@\S+)")
_UNKNOWN = re.compile(r"[Cc]itation (\S+) not found")


def render(job: RenderJob, source: Source, base: str, target: Path) -> None:
    """Typeset the article with ``quarto render``.

    Parameters
    ----------
    job : RenderJob
        Root, output and date of the document.
    source : Source
        The article as the embedded engine would set it: reading it has made the same refusals.
    base : str
        Quarto's format that the extension's format stands on: ``html``, ``typst``, ``docx``.
    target : Path
        The file that Quarto writes, in the job's output folder.

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
    with _one_at_a_time:
        # Quarto takes an output folder relative to the project only.
        folder = os.path.relpath(job.output, job.root)
        done = subprocess.run(
            [
                *("quarto", "render", job.article),
                *("--to", f"{extension.NAME}-{base}", "--output-dir", folder, "--no-clean"),
            ],
            cwd=job.root,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            # The owner keeps Quarto's pre-render step from starting another build.
            env=typesetter_environment(private_folder(), job.epoch) | {OWNER_VARIABLE: str(os.getpid())},
        )
    messages = _ANSI.sub("", done.stdout + done.stderr)
    _refuse(messages, source)
    if done.returncode or not target.is_file():
        tail = "\n".join(line for line in messages.splitlines() if line.strip())[-1500:]
        raise PaperError(
            f"quarto render failed with status {done.returncode}:\n{tail}",
            where=job.article,
            remedy="quarto render shows all of it; paper build --engine embedded does without Quarto",
        )
    # What Quarto copies beside the article belongs to the project, not to the output.
    shutil.rmtree(job.output / FIGURES, ignore_errors=True)


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
