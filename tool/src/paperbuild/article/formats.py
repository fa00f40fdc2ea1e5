"""The documents an article comes as, one object each.

To add an output format, add its object to `FORMATS`, and tell the Quarto extension
(``assets/_extensions/paperbuild/_extension.yml``) under its `quarto` name what Quarto is to do alike. The
command line, the plan, fingerprints and verification ask this table, and name no format themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paperbuild.article import readers
from paperbuild.article.extension import ASSETS, EXTENSION, LANGUAGES, NOTEBOOK_INDEX, NOTEBOOK_PAGE
from paperbuild.project.layout import CITATION

if TYPE_CHECKING:
    from paperbuild.article.job import RenderJob
    from paperbuild.article.source import Source

Write = Callable[["RenderJob", "Source", Mapping[str, Any], Path], None]


@dataclass(frozen=True)
class Format:
    """One output format of the article.

    Attributes
    ----------
    name : str
        As ``--to`` takes it.
    file : str
        What it is called below ``_output/`` (see `name_in`); also the name of its step.
    embedded : callable
        Sets it with the embedded engine: job, resolved article, numbers, the file to write.
    quarto : str
        The format of Quarto that the extension's format stands on.
    picture : str
        Suffix of the pictures it shows.
    assets : tuple of Path
        Files of this package that the embedded engine sets it with.
    text : callable
        Reads a document of this format back as lines of text, for comparison (`paperbuild.article.readers`).
    beside : mapping of str to tuple of str
        By the suffix of a picture or table, those of the files beside it that the document holds too.
    also : tuple of str
        Files of the project, from its root, that it reads besides the text.
    """

    name: str
    file: str
    embedded: Write
    quarto: str
    picture: str
    assets: tuple[Path, ...]
    text: Callable[[Path], str]
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also: tuple[str, ...] = ()

    def name_in(self, edition: str) -> str:
        """Return what its file is called in an edition, by language; in none, in the article itself."""
        stem, suffix = self.file.split(".")
        return f"{stem}.{edition}.{suffix}" if edition else self.file


@dataclass(frozen=True)
class Pages:
    """Documents beside the article that are made from executed notebooks."""

    name: str
    file: str
    make: Callable[[RenderJob], list[Path]]
    assets: tuple[Path, ...]
    packages: tuple[str, ...]
    """Distributions whose version decides what the pages look like."""
    beside: str
    """The format whose links lead to them."""


_FILTERS = (
    ASSETS / "subset.lua",
    EXTENSION / "article.lua",
    EXTENSION / "floats.lua",
    EXTENSION / "front.lua",
    *sorted(LANGUAGES.glob("*.yml")),
)
_PAGE = (EXTENSION / "article.css", EXTENSION / "article.js", *sorted((EXTENSION / "fonts").glob("*.woff2")))


# Every command asks this table, and few typeset: the engine is imported where one does.
def _html(job: RenderJob, source: Source, numbers: Mapping[str, Any], target: Path) -> None:
    from paperbuild.article import embedded

    embedded.html(job, source, numbers, target)


def _pdf(job: RenderJob, source: Source, numbers: Mapping[str, Any], target: Path) -> None:
    from paperbuild.article import embedded

    embedded.pdf(job, source, numbers, target)


def _docx(job: RenderJob, source: Source, numbers: Mapping[str, Any], target: Path) -> None:
    from paperbuild.article import embedded

    embedded.docx(job, source, numbers, target)


def _pages(job: RenderJob) -> list[Path]:
    from paperbuild.article import notebook_pages

    return notebook_pages.render(job)


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            "html",
            "paper.html",
            _html,
            "html",
            ".svg",
            (*_FILTERS, EXTENSION / "article.html", *_PAGE),
            readers.html_text,
            # The figures behind a float, for its link; the pixels of a drawing that is too heavy.
            beside={".svg": (".csv", ".png"), ".md": (".csv",)},
            also=(CITATION,),
        ),
        Format(
            "pdf",
            "paper.pdf",
            _pdf,
            "typst",
            ".svg",
            (
                *_FILTERS,
                ASSETS / "references.lua",
                ASSETS / "article.typ",
                EXTENSION / "typst-template.typ",
                EXTENSION / "typst-show.typ",
            ),
            readers.pdf_text,
        ),
        Format(
            "docx",
            "paper.docx",
            _docx,
            "docx",
            ".png",
            (*_FILTERS, EXTENSION / "reference.docx"),
            readers.docx_text,
        ),
    )
}
"""The formats of the article, in the order in which they are made."""

NOTEBOOKS = Pages(
    "notebooks",
    "notebooks.html",
    _pages,
    (NOTEBOOK_PAGE, NOTEBOOK_INDEX, ASSETS / "notebook.css", *_PAGE),
    ("nbconvert", "pygments", "jinja2", "mistune"),
    "html",
)

DOCUMENTS: dict[str, Format | Pages] = {**FORMATS, NOTEBOOKS.name: NOTEBOOKS}
"""All that is typeset, by name."""


def documents(formats: Iterable[str]) -> tuple[str, ...]:
    """Return the names of what is made when these formats are asked for: they and the pages of one."""
    asked = tuple(formats)
    return (*asked, NOTEBOOKS.name) if NOTEBOOKS.beside in asked else asked


def of_file(name: str) -> Format | None:
    """Return the format of a document, in whatever edition, by its file's name; None for any other file."""
    stem, *edition, suffix = name.split(".")
    plain = f"{stem}.{suffix}" if len(edition) <= 1 else name
    return next((one for one in FORMATS.values() if one.file == plain), None)
