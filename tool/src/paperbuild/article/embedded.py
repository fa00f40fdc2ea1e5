"""The embedded engine: pandoc with citeproc, one Lua filter for Quarto's subset, Typst for the PDF.

One function a format (`html`, `pdf`, `docx`), which the object in `paperbuild.article.formats` names.
Every build that has nothing to do imports this module, so functions import what takes time themselves.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paperbuild.article import languages
from paperbuild.article.extension import ASSETS, EXTENSION
from paperbuild.article.job import RenderJob
from paperbuild.article.source import Source
from paperbuild.ground.errors import PaperError, raise_all
from paperbuild.ground.surroundings import typesetter_environment
from paperbuild.project.layout import ARTICLE

# Raw TeX is read as such, as by Quarto, and then refused; as text it would be printed.
READER = "markdown+east_asian_line_breaks"

_WARNING = re.compile(r"^\[WARNING\] (.*)$", re.MULTILINE)
_CITATION = re.compile(r"[Cc]itation (\S+) not found|Citeproc: citation (\S+) not found")
_SOURCE = re.compile(r'(<img\b[^>]*?\bsrc=")([^"]+)(")')


@functools.cache
def pandoc() -> str:
    """Return the path of the pandoc executable that the wheel carries."""
    import pypandoc

    return pypandoc.get_pandoc_path()


def html(job: RenderJob, source: Source, numbers: Mapping[str, Any], target: Path) -> None:
    """Write the article as one self-contained page."""
    target.write_text(with_pictures(page(job, source, numbers), job.root), encoding="utf-8")


def page(job: RenderJob, source: Source, numbers: Mapping[str, Any]) -> str:
    """Return the article as a page that names its pictures, and holds all else."""
    from paperbuild.article.pictures import styles_with_fonts

    text = convert(
        job,
        source,
        numbers,
        to="html5",
        options=[
            "--mathml",
            *(["--toc"] if source.settings.toc else []),
            f"--toc-depth={source.settings.toc_depth + 1}",  # the first level is the title
            "--default-image-extension=svg",
            f"--template={EXTENSION / 'article.html'}",
        ],
        variables={"styles": styles_with_fonts(EXTENSION / "article.css")},
    ).decode("utf-8")
    # So the style sheet aligns cells by itself; without it, a tenth of a table is this.
    return text.replace(' style="text-align: left;"', "")


def with_pictures(text: str, root: Path) -> str:
    """Return a page, or a piece of one, with the pictures that it names inside it."""
    from paperbuild.article.pictures import KEPT, picture_uri

    return _SOURCE.sub(
        lambda match: match[1] + picture_uri(root / match[2], root / KEPT) + match[3],
        text,
    )


def pdf(job: RenderJob, source: Source, numbers: Mapping[str, Any], target: Path) -> None:
    """Write the article as a PDF: Typst source by pandoc, set by Typst."""
    import typst

    text = convert(
        job,
        source,
        numbers,
        to="typst-citations",
        options=[
            "--default-image-extension=svg",
            f"--template={ASSETS / 'article.typ'}",
            f"--lua-filter={ASSETS / 'references.lua'}",
        ],
    )
    try:
        document = typeset(text, job.root, job.epoch)
    except typst.TypstError as error:
        kept = job.root / "build" / "log" / "paper.typ"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(text)
        raise PaperError(
            f"Typst could not set the PDF: {str(error).strip()}",
            where=ARTICLE,
            remedy="the Typst source is kept as build/log/paper.typ",
        ) from None
    target.write_bytes(document)


STANDARDS = ("ua-1", "a-2a")
"""What the PDF conforms to: PDF/UA-1 (for screen readers) and PDF/A-2a (for archives)."""


def typeset(text: bytes, root: Path, epoch: int) -> bytes:
    """Return the PDF of a Typst source: PDF/UA-1 and PDF/A-2a, else tagged, else plain.

    Typst refuses a standard where the source breaks one of its rules, such as a picture without alternative
    text, and stops with an internal error where it cannot tag some sequences of floats and tables. The same
    source then gives the same pages with less, which is better than none; the reason is told.
    """
    import typst

    # Only Typst's own fonts: a machine's fonts must not decide what the PDF looks like.
    options: dict[str, Any] = {"root": str(root), "ignore_system_fonts": True, "timestamp": epoch}
    wanted: dict[str, Any] = {"pdf_standards": list(STANDARDS)}
    try:
        return bytes(typst.compile(text, **options, **wanted))
    except typst.TypstError as error:
        reason = str(error).strip()
        if "PDF/" not in reason and "internal error" not in reason:
            raise
    told = f"the PDF conforms to neither PDF/UA nor PDF/A: Typst says: {reason}"
    try:
        document = bytes(typst.compile(text, **options))
    except typst.TypstError as error:
        if "internal error" not in str(error):
            raise
        document = bytes(typst.compile(text, **options, pdf_tags=False))
        told += "; nor is it tagged for screen readers"
    warnings.warn(told, stacklevel=2)
    return document


def docx(job: RenderJob, source: Source, numbers: Mapping[str, Any], target: Path) -> None:
    """Write the article for a word processor."""
    from paperbuild.article import word

    convert(
        job,
        source,
        numbers,
        to="docx",
        options=[
            "--default-image-extension=png",
            f"--reference-doc={EXTENSION / 'reference.docx'}",
            f"--output={target.resolve()}",
        ],
    )
    word.finish(target, line_numbers=bool(source.metadata.get("line-numbers")))


def convert(
    job: RenderJob,
    source: Source,
    numbers: Mapping[str, Any],
    *,
    to: str,
    options: Sequence[str],
    variables: Mapping[str, str] | None = None,
) -> bytes:
    """Run pandoc on the resolved article.

    Parameters
    ----------
    job : RenderJob
        Root and date of the document.
    source : Source
        The article without shortcodes.
    numbers : mapping
        Provenance of figures and tables.
    to : str
        Pandoc's writer.
    options : sequence of str
        Further command-line options.
    variables : mapping of str to str, optional
        Template variables that are inserted as they are.

    Returns
    -------
    bytes
        What pandoc wrote to standard output.

    Raises
    ------
    PaperError, Findings
        Whatever the filter or citeproc reports, with file and line.
    """
    import tempfile

    settings = source.settings
    metadata = {
        "lang": settings.lang,
        "link-citations": settings.link_citations,
        "crossref": settings.crossref,
        **{key: numbers[key] for key in ("date", "provenance", "build", "bound") if key in numbers},
        **({"csl": settings.csl} if settings.csl else {}),
        **source.metadata,
        "number-sections": settings.number_sections,
    }
    metadata.pop("line-numbers", None)
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "metadata.json")
        given.write_text(json.dumps(metadata, ensure_ascii=False, default=str), encoding="utf-8")
        defaults = Path(folder, "defaults.json")
        defaults.write_text(
            json.dumps({"variables": dict(variables or {})}, ensure_ascii=False), encoding="utf-8"
        )
        _write_terms(Path(folder), settings.lang)
        command = [
            pandoc(),
            f"--data-dir={folder}",
            f"--from={READER}",
            f"--to={to}",
            "--standalone",
            "--wrap=none",
            f"--defaults={defaults}",
            f"--metadata-file={given}",
            f"--lua-filter={EXTENSION / 'article.lua'}",
            f"--lua-filter={ASSETS / 'subset.lua'}",
            f"--lua-filter={EXTENSION / 'front.lua'}",
            "--citeproc",
            *options,
        ]
        done = subprocess.run(
            command,
            input=source.body.encode("utf-8"),
            capture_output=True,
            cwd=job.root,
            env=typesetter_environment(folder, job.epoch),
        )
    messages = done.stderr.decode("utf-8", errors="replace")
    raise_all(_problems(messages, source))
    if done.returncode:
        raise PaperError(f"pandoc failed: {messages.strip()}", where=ARTICLE)
    return done.stdout


def _write_terms(folder: Path, lang: str) -> None:
    """Write the words that pandoc prints by itself where it looks for them: it has none in Kazakh."""
    language = languages.of(lang)
    terms = {name.capitalize(): language.words[name] for name in ("abstract", "contents", "figure", "table")}
    translations = folder / "translations"
    translations.mkdir()
    (translations / f"{language.code}.yaml").write_text(
        json.dumps(terms, ensure_ascii=False), encoding="utf-8"
    )


def _problems(messages: str, source: Source) -> list[PaperError]:
    """Turn what the filter and citeproc say into findings with file and line."""
    found = []
    for line in messages.splitlines():
        if line.startswith("paper-problem\t"):
            _, token, message, supported = line.split("\t")
            found.append(
                PaperError(
                    message, where=source.place(token), expected=supported and f"supported: {supported}"
                )
            )
    for warning in _WARNING.findall(messages):
        missing = _CITATION.search(warning)
        if missing:
            key = missing[1] or missing[2]
            found.append(
                PaperError(
                    f"no entry for the citation @{key}",
                    where=source.place(f"@{key}"),
                    expected=f"an entry {key} in {source.metadata.get('bibliography', 'the bibliography')}",
                    remedy="add the entry or correct the key",
                )
            )
        else:
            found.append(PaperError(f"pandoc warns: {warning}", where=ARTICLE))
    return found
