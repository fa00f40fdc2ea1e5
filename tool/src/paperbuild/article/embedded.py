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
from dataclasses import replace
from pathlib import Path
from typing import Any

from paperbuild.article import languages
from paperbuild.article.extension import ASSETS, EXTENSION
from paperbuild.article.job import RenderJob
from paperbuild.article.source import Source
from paperbuild.article.tree import Node, with_pictures
from paperbuild.ground.errors import PaperError, raise_all
from paperbuild.ground.surroundings import typesetter_environment

# Raw TeX is read as such, as by Quarto, and then refused; as text it would be printed.
READER = "markdown+east_asian_line_breaks"

FILTERS = (EXTENSION / "article.lua", ASSETS / "subset.lua", EXTENSION / "front.lua")

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
    target.write_text(pictures_inside(page(job, source, numbers), job.root), encoding="utf-8")


def page(job: RenderJob, source: Source, numbers: Mapping[str, Any]) -> str:
    """Return the article as a page that names its pictures, and holds all else."""
    from paperbuild.article.pictures import styles_with_fonts

    text = convert(
        job,
        source,
        numbers,
        to="html5",
        picture="svg",
        options=[
            "--mathml",
            *(["--toc"] if source.settings.toc else []),
            f"--toc-depth={source.settings.toc_depth + 1}",  # the first level is the title
            f"--template={EXTENSION / 'article.html'}",
        ],
        variables={"styles": styles_with_fonts(EXTENSION / "article.css") + source.styles},
    ).decode("utf-8")
    # So the style sheet aligns cells by itself; without it, a tenth of a table is this.
    return text.replace(' style="text-align: left;"', "")


def pictures_inside(text: str, root: Path) -> str:
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
        picture="svg",
        options=[
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
            where=job.article,
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
        picture="png",
        options=[f"--reference-doc={EXTENSION / 'reference.docx'}", f"--output={target.resolve()}"],
    )
    word.finish(target, line_numbers=bool(source.metadata.get("line-numbers")))


def convert(
    job: RenderJob,
    source: Source,
    numbers: Mapping[str, Any],
    *,
    to: str,
    picture: str,
    options: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> bytes:
    """Run pandoc on the resolved article.

    Parameters
    ----------
    job : RenderJob
        Root and date of the document.
    source : Source
        The article without shortcodes, or its tree.
    numbers : mapping
        Provenance of figures and tables.
    to : str
        Pandoc's writer.
    picture : str
        What completes a picture's name that has no suffix.
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
    filters = [*FILTERS, *source.filters]
    # In a tree citations are printed already.
    if source.tree is None:
        reader, cite = [f"--from={READER}", f"--default-image-extension={picture}"], ["--citeproc"]
    else:
        reader, cite = ["--from=json"], []
        source = replace(source, tree=with_pictures(source.tree, picture))
    arguments = [f"--to={to}", "--standalone", *(f"--lua-filter={one}" for one in filters), *cite, *options]
    return _pandoc(job, source, numbers, [*reader, *arguments], variables)


def tree(job: RenderJob, source: Source, numbers: Mapping[str, Any]) -> Node:
    """Return the article as pandoc's own tree: bound words chosen, citations printed, references open.

    Its metadata are those of the front matter alone; the rest comes to it when it is set (`convert`).
    """
    arguments = [f"--from={READER}", "--to=json", f"--lua-filter={ASSETS / 'reading.lua'}"]
    # A variant is told below the title once, when the tree is set.
    build = {key: value for key, value in numbers.get("build", {}).items() if key != "variant"}
    found: Node = json.loads(_pandoc(job, source, {**numbers, "build": build}, arguments))
    return {**found, "meta": {key: one for key, one in found["meta"].items() if key in source.metadata}}


def _pandoc(
    job: RenderJob,
    source: Source,
    numbers: Mapping[str, Any],
    arguments: Sequence[str],
    variables: Mapping[str, str] | None = None,
) -> bytes:
    """Run pandoc with the article's metadata and return what it wrote; see `convert`."""
    import tempfile

    settings = source.settings
    metadata = {
        "lang": settings.lang,
        "link-citations": settings.link_citations,
        "crossref": {**settings.crossref, **numbers.get("crossref", {})},
        **{
            key: numbers[key]
            for key in ("date", "provenance", "build", "bound", "editions")
            if key in numbers
        },
        **({"csl": settings.csl} if settings.csl else {}),
        **source.metadata,
        "number-sections": settings.number_sections,
    }
    metadata.pop("line-numbers", None)
    content = source.body if source.tree is None else json.dumps(source.tree, ensure_ascii=False)
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "metadata.json")
        given.write_text(json.dumps(metadata, ensure_ascii=False, default=str), encoding="utf-8")
        defaults = Path(folder, "defaults.json")
        defaults.write_text(
            json.dumps({"variables": dict(variables or {})}, ensure_ascii=False), encoding="utf-8"
        )
        _write_terms(Path(folder), settings.lang)
        done = subprocess.run(
            [
                pandoc(),
                f"--data-dir={folder}",
                "--wrap=none",
                f"--defaults={defaults}",
                f"--metadata-file={given}",
                *arguments,
            ],
            input=content.encode("utf-8"),
            capture_output=True,
            cwd=job.root,
            env=typesetter_environment(folder, job.epoch),
        )
    messages = done.stderr.decode("utf-8", errors="replace")
    raise_all(_problems(messages, source))
    if done.returncode:
        raise PaperError(f"pandoc failed: {messages.strip()}", where=job.article)
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
            found.append(PaperError(f"pandoc warns: {warning}", where=source.entry))
    return found
