"""`paper submit --for PROFILE`: the archive that a journal's system takes, made of the article as built."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paperbuild.article import embedded, languages, source
from paperbuild.article.extension import ASSETS
from paperbuild.article.job import RenderJob
from paperbuild.article.reference_document import make, manuscript
from paperbuild.article.references import printed, spelled
from paperbuild.article.source import Source
from paperbuild.article.submission import (
    Counts,
    Person,
    Profile,
    anonymous,
    count,
    in_languages,
    limit_findings,
    naming,
    parted,
    people,
    telling,
)
from paperbuild.article.tree import Node, identifier, nodes, para, plain, text
from paperbuild.ground import pages
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import Project
from paperbuild.proof.deposit import citation
from paperbuild.proof.pictures import draw_svg

CHECKLIST = Path(__file__).parent / "assets" / "submission.md.j2"


@dataclass(frozen=True)
class Submission:
    """What goes to a journal.

    Attributes
    ----------
    contents : mapping of str to bytes
        Files of the archive by path.
    counts : Counts
        What was counted.
    findings : tuple of PaperError
        Limits not kept, names that an anonymous version says.
    """

    contents: Mapping[str, bytes]
    counts: Counts
    findings: tuple[PaperError, ...]


@dataclass(frozen=True)
class _Article:
    """The article as built, and what sets it."""

    job: RenderJob
    source: Source
    numbers: Mapping[str, Any]
    tree: Node
    authors: tuple[Person, ...]


def submission(project: Project, profile: Profile) -> Submission:
    """Return what a journal takes, with what stands against it.

    Raises
    ------
    PaperError
        Where the article was not built, or cannot be set.
    """
    article = _read(project)
    article = replace(article, tree=in_languages(article.tree, profile.languages))
    counts = count(article.tree, article.source.settings.lang)
    told = [*telling(article.authors), *(name for name in citation(project.root)[1] if len(name) > 2)]
    found = limit_findings(profile, counts, article.source)
    contents: dict[str, bytes] = {}
    for version in profile.versions:
        tree, stem = article.tree, "manuscript"
        if version == "anonymous":
            tree = anonymous(tree)
            found += naming(tree, told, article.source)
        elif profile.title_page:
            tree = parted(tree)[0]
        stem += f"-{version}" if len(profile.versions) > 1 else ""
        contents[f"{stem}.docx"] = _manuscript(article, profile, tree, version, "manuscript")
    if profile.tables == "apart":
        contents["tables.docx"] = _manuscript(article, profile, article.tree, "anonymous", "tables")
    if profile.title_page:
        contents["title-page.docx"] = _title_page(article, profile, counts)
    contents |= _figures(article, profile)
    if profile.jats:
        contents["jats/article.xml"] = jats(article, profile.journal if profile.source else "")
        contents |= {
            f"jats/{one}": (article.job.root / one).read_bytes()
            for one in _pictures(article.tree, ".png").values()
        }
    contents["CHECKLIST.md"] = pages.render(
        CHECKLIST,
        profile=profile,
        counts=counts,
        findings=found,
        files=sorted(contents),
        revision=project.revision,
    ).encode("utf-8")
    return Submission(contents, counts, tuple(found))


def _read(project: Project) -> _Article:
    if not project.numbers.is_file():
        raise PaperError(
            "the article was not built",
            where=project.relative(project.numbers),
            expected="figures, tables and numbers of a build",
            remedy="paper build, then paper submit",
        )
    root, revision = project.render_root, project.revision
    job = RenderJob(root, root, "docx", "embedded", revision.epoch)
    # A journal's manuscript says nothing of notebooks.
    numbers = {**source.read_numbers(root), "provenance": {}}
    resolved = source.read(root, numbers)
    tree = embedded.tree(job, resolved, numbers)
    return _Article(job, resolved, numbers, tree, tuple(people(resolved.metadata)))


def _manuscript(article: _Article, profile: Profile, tree: Node, version: str, part: str) -> bytes:
    """Return one DOCX: the manuscript, or its tables."""
    where = {"part": part, "figures": profile.figures.place, "tables": profile.tables}
    asked = {"t": "MetaMap", "c": {key: {"t": "MetaString", "c": value} for key, value in where.items()}}
    hidden = ("author", "affiliations") if version == "anonymous" else ()
    if part == "tables":
        hidden = (*hidden, "abstract", "keywords", "subtitle")
    meta = {key: value for key, value in tree["meta"].items() if key not in hidden}
    metadata = {key: value for key, value in article.source.metadata.items() if key not in hidden}
    numbers = dict(article.numbers)
    if version == "anonymous":
        # The commit leads to the repository.
        numbers["build"] = {**numbers.get("build", {}), "commit": ""}
    if part == "manuscript":
        tree = {**tree, "blocks": [*_keywords(article), *tree["blocks"]]}
    styled = make(manuscript(profile.spacing, profile.font_size))
    given = replace(
        article.source,
        tree={**tree, "meta": {**meta, "submission": asked}},
        metadata={**metadata, "line-numbers": profile.line_numbers},
        filters=(ASSETS / "submission.lua",),
        reference=styled,
    )
    return _docx(article.job, given, numbers)


def _keywords(article: _Article) -> list[Node]:
    """Return the line of keywords, which a DOCX has only among its properties."""
    listed = ", ".join(plain(one) for one in article.tree["meta"].get("keywords", {"c": []})["c"])
    word = languages.of(article.source.settings.lang).words["keywords"]
    line: list[Node] = [{"t": "Strong", "c": text(f"{word}:")}, {"t": "Space"}, *text(listed)]
    return [para(line)] if listed else []


def _docx(job: RenderJob, given: Source, numbers: Mapping[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="paper-submit-") as folder:
        target = Path(folder) / "set.docx"
        embedded.docx(job, given, numbers, target)
        return target.read_bytes()


def _title_page(article: _Article, profile: Profile, counts: Counts) -> bytes:
    """Return the title page: who wrote it, what was counted, and what the anonymous version leaves out."""
    lines: list[Node] = []
    for one in article.authors:
        where = "; ".join(one.affiliations)
        reach = ", ".join(filter(None, (one.email, one.orcid and f"ORCID {one.orcid}")))
        lines.append(para(text(". ".join(filter(None, (where, reach))) or one.name)))
        if where or reach:
            lines[-1]["c"] = [{"t": "Strong", "c": text(one.name)}, {"t": "LineBreak"}, *lines[-1]["c"]]
    lines.append(
        para(
            text(
                f"Words: text and notes {counts.text:,}; abstract {counts.abstract:,}; "
                f"references {counts.references_words:,} ({counts.references} works). "
                f"Figures: {counts.figures}; tables: {counts.tables}"
                + (
                    f"; in appendices {counts.appendix_figures} and {counts.appendix_tables}."
                    if counts.appendix_figures or counts.appendix_tables
                    else "."
                )
            )
        )
    )
    known = printed(article.job, article.source, article.numbers, article.tree)
    hidden = ("abstract", "author", "affiliations")
    meta = {key: value for key, value in article.tree["meta"].items() if key not in hidden}
    metadata = {key: value for key, value in article.source.metadata.items() if key not in hidden}
    given = replace(
        article.source,
        tree={**article.tree, "meta": meta, "blocks": [*lines, *spelled(parted(article.tree)[1], known)]},
        metadata=metadata,
        reference=make(manuscript(profile.spacing, profile.font_size)),
    )
    return _docx(article.job, given, article.numbers)


# Figures ---------------------------------------------------------------------------------------------------


def _pictures(tree: Node, suffix: str) -> dict[str, str]:
    """Return the picture of every figure by its number in the article, in order."""
    found = {}
    floats = (one for one in nodes(tree["blocks"]) if one["t"] == "Figure" and identifier(one))
    for number, figure in enumerate((one for one in floats if identifier(one).startswith("fig-")), 1):
        name = next(one["c"][2][0] for one in nodes(figure) if one["t"] == "Image")
        found[str(number)] = name if Path(name).suffix else name + suffix
    return found


def _figures(article: _Article, profile: Profile) -> dict[str, bytes]:
    """Return the figures as files that bear their numbers, which sort as the article shows them."""
    shown = _pictures(article.tree, ".svg")
    width = len(str(len(shown)))
    suffix = {"tiff": "tif"}.get(profile.figures.format, profile.figures.format)
    return {
        f"figures/figure-{number:>0{width}}.{suffix}": picture(
            article.job.root / name, profile.figures.format, profile.figures.dpi
        )
        for number, name in shown.items()
    }


def picture(path: Path, form: str, dpi: int) -> bytes:
    """Return a figure as a file of another form.

    Parameters
    ----------
    path : Path
        The drawing (SVG), or pixels.
    form : str
        ``tiff``, ``png``, ``pdf`` or ``svg``.
    dpi : int
        Pixels an inch of a drawing's own size, for tiff and png.

    Raises
    ------
    PaperError
        Where pixels are to become a drawing, or more pixels than there are.
    """
    from PIL import Image

    content = path.read_bytes()
    if path.suffix == ".svg":
        if form == "svg":
            return content
        drawn = draw_svg(content, "pdf" if form == "pdf" else "png", float(dpi))
        if form == "pdf":
            return drawn
        image = Image.open(io.BytesIO(drawn)).convert("RGB")
    else:
        image = Image.open(io.BytesIO(content))
        has = image.info.get("dpi", (0, 0))[0]
        if form in ("pdf", "svg") or has + 1 < dpi:
            raise PaperError(
                f"these pixels cannot become {form} at {dpi} per inch",
                where=path.name,
                expected="a drawing (SVG)" + (f"; it has {has:.0f} pixels per inch" if has else ""),
                remedy="have the notebook hand the figure over with paperbuild.figure",
            )
        image = image.convert("RGB")
    stream = io.BytesIO()
    if form == "tiff":
        image.save(stream, "TIFF", compression="tiff_lzw", dpi=(dpi, dpi))
    else:
        image.save(stream, "PNG", dpi=(dpi, dpi))
    return stream.getvalue()


# JATS ------------------------------------------------------------------------------------------------------

_TABLE = re.compile(
    r'<table-wrap>(\s*<caption>(?:(?!</caption>).)*</caption>\s*)<table id="([^"]+)">', re.DOTALL
)
_LABEL = re.compile(r'(<(?:fig|table-wrap) id="[^"]*">\s*)(<caption>\s*<p>(?:<bold>)?)([^<:]*\d+):\s*')


def jats(article: _Article, journal: str) -> bytes:
    """Return the article in the Journal Article Tag Suite, tag set Publishing 1.2, by pandoc's writer."""
    meta = dict(article.tree["meta"])
    if "abstract" in meta and meta["abstract"]["t"] == "MetaInlines":
        meta["abstract"] = {"t": "MetaBlocks", "c": [para(meta["abstract"]["c"])]}
    given = replace(
        article.source,
        tree={**article.tree, "meta": meta},
        metadata={
            **article.source.metadata,
            "tags": article.source.metadata.get("keywords", []),
            "journal": {"title": journal},
        },
    )
    written = embedded.convert(article.job, given, article.numbers, to="jats_publishing", picture="png")
    # Pandoc names the table in place of what wraps it, and knows no labels.
    named = _TABLE.sub(r'<table-wrap id="\2">\1<table>', written.decode("utf-8"))
    return _LABEL.sub(r"\1<label>\3</label>\n\2", named).encode("utf-8")
