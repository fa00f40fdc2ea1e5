"""What ``_quarto.yml`` says of the article: one reader for both typesetters.

Quarto reads the file by itself and obeys all of it. Here a key is known only if the embedded engine makes the
same of it; every other one is refused, whichever engine sets the article, so that neither passes it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paperbuild.article import languages
from paperbuild.article.extension import NAME
from paperbuild.ground.errors import PaperError, raise_all, shortened, suggestion
from paperbuild.ground.located import line_of, parse_mapping, read_text
from paperbuild.project.layout import ARTICLE, NUMBERS, QUARTO_PROJECT

DEEPEST_CONTENTS = 5
"""Levels of headings that the contents can list; the title of a page is the sixth."""


@dataclass(frozen=True)
class QuartoSettings:
    """The settings that both typesetters honour; the defaults are those of the Quarto extension.

    Attributes
    ----------
    lang : str
        Language of the article.
    number_sections : bool
        Whether sections bear numbers.
    link_citations : bool
        Whether citations lead to the list of references.
    csl : str
        File of the citation style, from the project root; Chicago's author-date style where there is none.
    crossref : mapping of str to str
        By ``fig-title`` and ``fig-prefix``, the words before the number of a caption and of a reference.
    toc : bool
        Whether the HTML page has a list of contents.
    toc_depth : int
        How many levels of headings it lists.
    """

    lang: str = languages.DEFAULT
    number_sections: bool = True
    link_citations: bool = True
    csl: str = ""
    crossref: Mapping[str, str] = field(default_factory=dict)
    toc: bool = True
    toc_depth: int = 3

    def overridden(self, front: Mapping[str, Any]) -> QuartoSettings:
        """Return the settings of an article whose front matter says otherwise."""
        said = {name: front[key] for key, name in _FRONT.items() if key in front}
        return replace(self, **said)


@dataclass(frozen=True)
class _Key:
    """What one key may hold."""

    expected: str
    holds: Callable[[Any], bool]


_TRUTH = _Key("true or false", lambda value: isinstance(value, bool))
_TEXT = _Key("a text", lambda value: isinstance(value, str) and bool(value.strip()))
_DEFAULT = _Key("default: this format has no options", lambda value: value == "default")
_CROSSREF = ("fig-title", "tbl-title", "fig-prefix", "tbl-prefix", "sec-prefix", "eq-prefix")
_PAGE = f"format.{NAME}-html"
_FRONT = {"lang": "lang", "number-sections": "number_sections", "csl": "csl"}

_KEYS = {
    # How Quarto runs, not what it writes.
    "project": _Key("", lambda _value: True),
    # Whatever another file says would be read by Quarto alone.
    "metadata-files": _Key(f"[{NUMBERS}]", lambda value: value in ([NUMBERS], NUMBERS)),
    "lang": _TEXT,
    "number-sections": _TRUTH,
    "citeproc": _Key("true: the embedded engine has no other way to cite", lambda value: value is True),
    "link-citations": _TRUTH,
    "csl": _TEXT,
    **{f"crossref.{name}": _TEXT for name in _CROSSREF},
    f"{_PAGE}.toc": _TRUTH,
    f"{_PAGE}.toc-depth": _Key(
        f"a number of levels from 1 to {DEEPEST_CONTENTS}",
        lambda value: type(value) is int and 1 <= value <= DEEPEST_CONTENTS,
    ),
    f"format.{NAME}-typst": _DEFAULT,
    f"format.{NAME}-docx": _DEFAULT,
}
"""Every key that may stand in the file, by its place."""

_IN_FRONT = frozenset({"bibliography", "title", "author", "abstract", "keywords", "license", "citation"})
_OF_PAGE = frozenset({"toc", "toc-depth"})


def written(root: Path) -> tuple[str, Mapping[str, Any]]:
    """Return the text of ``_quarto.yml`` and what it says, unjudged; nothing for a project without one.

    Raises
    ------
    PaperError
        Where it is no YAML or no mapping, with its line.
    """
    if not (root / QUARTO_PROJECT).is_file():
        return "", {}
    text = read_text(root / QUARTO_PROJECT, QUARTO_PROJECT)
    return text, parse_mapping(text, QUARTO_PROJECT)


def read(root: Path) -> QuartoSettings:
    """Read ``_quarto.yml``; a project without one has the defaults.

    Parameters
    ----------
    root : Path
        Folder of the article.

    Raises
    ------
    PaperError, Findings
        Where it is no YAML, and for each key that is unknown here or holds something else, with its line.
    """
    text, plain = written(root)
    departures = list(_departures(plain)) or list(_references(plain, root))
    for place, error in departures:
        error.where = f"{QUARTO_PROJECT}:{line_of(text, *place)}"
    raise_all([error for _, error in departures])
    page = plain.get("format", {}).get(f"{NAME}-html", {})
    page = page if isinstance(page, Mapping) else {}
    named = {
        "link_citations": plain.get("link-citations"),
        "crossref": plain.get("crossref"),
        "toc": page.get("toc"),
        "toc_depth": page.get("toc-depth"),
    }
    stated = {name: value for name, value in named.items() if value is not None}
    return QuartoSettings(**stated).overridden(plain)


def expected(key: str, value: Any) -> str:
    """Return what a front-matter key that is a setting too should have held; nothing where it is well."""
    return "" if key not in _FRONT or _KEYS[key].holds(value) else _KEYS[key].expected


def _departures(
    plain: Mapping[Any, Any], place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], PaperError]]:
    """Yield the place of every key that is unknown or holds something else, and what is wrong there."""
    for name, value in plain.items():
        here = (*place, str(name))
        key = ".".join(here)
        siblings = [
            known.split(".")[len(place)] for known in _KEYS if known.split(".")[: len(place)] == [*place]
        ]
        if key in _KEYS:
            if not _KEYS[key].holds(value):
                yield here, PaperError(f"{key} is {shortened(repr(value))}", expected=_KEYS[key].expected)
        elif name in siblings:
            if isinstance(value, Mapping):
                yield from _departures(value, here)
            elif not (key == _PAGE and value == "default"):
                yield here, PaperError(f"{key} is {shortened(repr(value))}", expected="key: value lines")
        else:
            yield (
                here,
                PaperError(
                    f"the embedded engine knows no {key!r}{suggestion(name, siblings)}",
                    expected=", ".join(dict.fromkeys(siblings)),
                    remedy=_remedy(str(name)),
                ),
            )


def _remedy(name: str) -> str:
    """Say where a key of Quarto's belongs that does not stand in this file."""
    if name in _IN_FRONT:
        return f"write it in the front matter of {ARTICLE}"
    if name in _OF_PAGE:
        return f"write it under format, {NAME}-html: the other formats have no list of contents"
    return "remove it: both typesetters then set the same article"


def _references(plain: Mapping[str, Any], root: Path) -> Iterator[tuple[tuple[str, ...], PaperError]]:
    """Yield what well-formed settings name that there is not."""
    try:
        languages.of(plain.get("lang", languages.DEFAULT))
    except PaperError as error:
        yield ("lang",), error
    style = plain.get("csl")
    if style and not (root / style).is_file():
        yield (
            ("csl",),
            PaperError(
                f"the citation style {style} does not exist",
                expected="a CSL file, as a path from the project",
                remedy="correct the name, or add the file",
            ),
        )
