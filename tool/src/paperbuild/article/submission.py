"""What a journal asks of a submission, as a profile of it, and whether an article meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le, Len, MinLen

from paperbuild.article import languages
from paperbuild.article.extension import ASSETS
from paperbuild.article.source import Source
from paperbuild.article.tree import Node, identifier, plain
from paperbuild.ground.errors import PaperError, UsageError, raise_all, suggestion
from paperbuild.ground.located import STRICT, line_of, parse_yaml, problems, read_text, said

PROFILES = ASSETS / "profiles"
NAMED_SECTIONS = re.compile(
    r"(?i)(acknowledge?ments?|declarations?|funding|colophon|author contributions?|about the authors?)\b"
)
"""Sections that say who wrote the article; an anonymous version leaves them to the title page."""


@dataclass(frozen=True)
class Page:
    """Where a journal's rules stand."""

    __pydantic_config__: ClassVar[Any] = STRICT

    page: Annotated[str, MinLen(1)] = said("address of the instructions", "an address")
    read: Annotated[str, MinLen(8)] = said("when they were read", 'a day, "2026-01-02"')
    note: str = said("which copy or edition", "a few words", default="")


@dataclass(frozen=True)
class Figures:
    """How figures go."""

    __pydantic_config__: ClassVar[Any] = STRICT

    place: Literal["text", "end", "apart"] = said(
        "where they stand in the manuscript; `apart`: as files alone", "text, end or apart", default="text"
    )
    format: Literal["tiff", "png", "pdf", "svg"] = said(
        "of the files", "tiff, png, pdf or svg", default="tiff"
    )
    dpi: Annotated[int, Ge(72), Le(2400)] = said(
        "pixels per inch of the files, for tiff and png", "72 to 2400", default=300
    )


Range = Annotated[tuple[int, ...], Len(2, 2)]


@dataclass(frozen=True)
class Limits:
    """How much a journal takes; what is not set is not limited, or could not be read."""

    __pydantic_config__: ClassVar[Any] = STRICT

    abstract_words: int | None = said("words of the abstract", "a number", default=None)
    text_words: int | None = said(
        "words of the text with its notes, without abstract, floats, references and appendices",
        "a number",
        default=None,
    )
    total_words: int | None = said("words of everything but the appendices", "a number", default=None)
    usual_words: Range | None = said(
        "words that the text of most articles has: told, not held against it", "[least, most]", default=None
    )
    keywords: Range | None = said("keywords", "[least, most]", default=None)
    figures: int | None = said("figures of the text", "a number", default=None)
    tables: int | None = said("tables of the text", "a number", default=None)
    floats: int | None = said("figures and tables of the text together", "a number", default=None)
    references: int | None = said("works cited", "a number", default=None)


@dataclass(frozen=True)
class Profile:
    """What one journal asks; see ``assets/profiles``."""

    __pydantic_config__: ClassVar[Any] = STRICT

    journal: Annotated[str, MinLen(1)] = said("its name", "a name")
    versions: Annotated[tuple[Literal["named", "anonymous"], ...], MinLen(1)] = said(
        "which manuscripts it takes", "[named], [anonymous] or both"
    )
    source: Page | None = said("where its rules stand; none for no journal's", "page, read", default=None)
    unread: tuple[str, ...] = said("rules that could not be read", "a list", default=())
    also: tuple[str, ...] = said("what it asks that no program can see", "a list", default=())
    languages: tuple[str, ...] = said(
        "of the abstracts that stand in the manuscript; all where none is named",
        "a list of codes",
        default=(),
    )
    title_page: bool = said("whether the title page is a file of its own", "true or false", default=False)
    spacing: Annotated[float, Ge(1), Le(3)] | None = said(
        "lines for a line of the manuscript", "1 to 3", default=None
    )
    font_size: Annotated[float, Ge(8), Le(14)] | None = said(
        "of the text, in points", "8 to 14", default=None
    )
    line_numbers: bool = said("whether lines are numbered", "true or false", default=False)
    figures: Figures = said("how figures go", "place, format, dpi", default_factory=Figures)
    tables: Literal["text", "end", "apart"] = said("where tables stand", "text, end or apart", default="text")
    jats: bool = said("whether the archive holds the article as JATS XML", "true or false", default=False)
    limits: Limits = said("how much it takes", "abstract_words, text_words, …", default_factory=Limits)


def read_profile(name: str) -> Profile:
    """Return a profile by its name, or from a file.

    Raises
    ------
    UsageError
        Where there is none of that name.
    PaperError, Findings
        With its line, for each entry of another shape.
    """
    known = {path.stem: path for path in sorted(PROFILES.glob("*.yml"))}
    path = known.get(name, Path(name))
    if not path.is_file():
        raise UsageError(
            f"no profile {name!r}{suggestion(name, known)}",
            where="--for",
            expected=f"{', '.join(known)}, or a file of your own",
        )
    shown = path.name
    text = read_text(path, shown)
    given = parse_yaml(text, shown)
    wrong = problems(Profile, given, shown)
    for place, error in wrong:
        error.where = f"{shown}:{line_of(text, *place)}"
    raise_all([error for _, error in wrong])
    parts = {"source": Page, "figures": Figures, "limits": Limits}
    return Profile(**{key: _part(parts.get(key), value) for key, value in given.items()})


def _part(kind: Any, value: Any) -> Any:
    if kind is not None:
        return kind(**{key: _part(None, one) for key, one in value.items()})
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Counts:
    """What a submission is measured by.

    Attributes
    ----------
    abstract, text, floats_words, references_words, appendix : int
        Words: of the abstract; the text with its notes; figures' captions and tables with theirs; the list of
        references; the appendices and what follows them.
    figures, tables, appendix_figures, appendix_tables, keywords, references : int
        How many.
    """

    abstract: int
    text: int
    floats_words: int
    references_words: int
    appendix: int
    figures: int
    tables: int
    appendix_figures: int
    appendix_tables: int
    keywords: int
    references: int

    @property
    def total(self) -> int:
        """Words of everything but the appendices."""
        return self.abstract + self.text + self.floats_words + self.references_words


def words(value: Any) -> int:
    """Return how many words a tree has, as word processors count: what stands between blanks."""
    return sum(bool(re.search(r"\w", one)) for one in plain(value).split())


def count(tree: Node, lang: str) -> Counts:
    """Return the counts of an article in a language."""
    meta, parts = tree["meta"], list(_parts(tree, languages.of(lang).words["appendix"]))

    def all_of(*names: str) -> list[Node]:
        return [block for part, block in parts if part in names]

    def named(prefix: str, *names: str) -> int:
        return sum(identifier(one).startswith(prefix) for one in all_of(*names))

    listed = meta.get("keywords", {"c": []})["c"]
    entries = [one for block in all_of("references") for one in block["c"][1]]
    return Counts(
        abstract=words(meta.get("abstract", [])),
        text=words(all_of("text")),
        floats_words=words(all_of("float")),
        references_words=words(all_of("references")),
        appendix=words(all_of("appendix", "appendix float")),
        figures=named("fig-", "float"),
        tables=named("tbl-", "float"),
        appendix_figures=named("fig-", "appendix float"),
        appendix_tables=named("tbl-", "appendix float"),
        keywords=len(listed),
        references=len(entries),
    )


def _parts(tree: Node, opens: str) -> Iterator[tuple[str, Node]]:
    """Yield every block with the part of the article that it belongs to."""
    after = ""
    for block in tree["blocks"]:
        if block["t"] == "Header" and block["c"][0] == 1 and plain(block["c"][2]).startswith(opens):
            after = "appendix"
        if identifier(block) == "refs":
            yield "references", block
        elif identifier(block).startswith(("fig-", "tbl-")):
            yield f"{after} float".strip(), block
        elif block["t"] == "Div" and "abstract" in block["c"][0][1]:
            yield "abstract", block
        else:
            yield after or "text", block


def limit_findings(profile: Profile, counts: Counts, source: Source) -> list[PaperError]:
    """Return a finding for each limit of a journal that an article does not keep."""
    limits, of = profile.limits, profile.journal
    told = f"{of}, {profile.source.page}, read {profile.source.read}" if profile.source else of
    found = []

    def hold(number: int, least: int, most: int | None, what: str, token: str) -> None:
        if most is not None and not least <= number <= most:
            range_ = f"{least} to {most}" if least else f"at most {most}"
            found.append(
                PaperError(f"{number} {what}", where=source.place(token), expected=f"{range_} ({told})")
            )

    hold(counts.abstract, 0, limits.abstract_words, "words in the abstract", "abstract:")
    hold(counts.text, 0, limits.text_words, "words in the text, without abstract, floats, references", "# ")
    hold(counts.total, 0, limits.total_words, "words without the appendices", "# ")
    hold(counts.figures, 0, limits.figures, "figures in the text", "#fig-")
    hold(counts.tables, 0, limits.tables, "tables in the text", "#tbl-")
    hold(counts.figures + counts.tables, 0, limits.floats, "figures and tables in the text", "#fig-")
    hold(counts.references, 0, limits.references, "works cited", "#refs")
    if limits.keywords:
        hold(counts.keywords, limits.keywords[0], limits.keywords[1], "keywords", "keywords:")
    return found


# Who wrote it ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """An author."""

    name: str
    given: str = ""
    family: str = ""
    email: str = ""
    orcid: str = ""
    affiliations: tuple[str, ...] = ()


def people(metadata: Mapping[str, Any]) -> list[Person]:
    """Return the authors as front matter names them, in Quarto's forms."""
    listed = metadata.get("author") or []
    known = {
        one["id"]: _affiliation(one, {})
        for one in metadata.get("affiliations") or []
        if isinstance(one, dict) and "id" in one
    }
    found = []
    for one in listed if isinstance(listed, list) else [listed]:
        if not isinstance(one, dict):
            found.append(Person(str(one)))
            continue
        name = one["name"] if isinstance(one.get("name"), dict) else {"literal": one.get("name"), **one}
        given, family = str(name.get("given") or ""), str(name.get("family") or "")
        given_places = one.get("affiliations") or one.get("affiliation") or []
        own = given_places if isinstance(given_places, list) else [given_places]
        found.append(
            Person(
                str(name.get("literal") or " ".join(filter(None, (given, family)))),
                given,
                family,
                str(one.get("email") or ""),
                str(one.get("orcid") or "").rpartition("/")[2],
                tuple(_affiliation(place, known) for place in own),
            )
        )
    return found


def _affiliation(value: Any, known: Mapping[str, str]) -> str:
    if not isinstance(value, dict):
        return known.get(str(value), str(value))
    if "ref" in value:
        return known.get(str(value["ref"]), "")
    keys = ("department", "name", "city", "country")
    return ", ".join(str(value[key]) for key in keys if value.get(key))


def parted(tree: Node) -> tuple[Node, list[Node]]:
    """Return an article without the sections that say who wrote it, and these."""
    kept: list[Node] = []
    taken: list[Node] = []
    level = 0
    for block in tree["blocks"]:
        if block["t"] == "Header" and (not level or block["c"][0] <= level):
            level = block["c"][0] if NAMED_SECTIONS.match(plain(block["c"][2])) else 0
        (taken if level else kept).append(block)
    return {**tree, "blocks": kept}, taken


def in_languages(tree: Node, codes: Sequence[str]) -> Node:
    """Return an article without abstracts in other languages than these; all of it where none is named."""

    def kept(block: Node) -> bool:
        if block["t"] != "Div" or "abstract" not in block["c"][0][1]:
            return True
        return dict(map(tuple, block["c"][0][2])).get("lang", "") in ("", *codes)

    return {**tree, "blocks": [one for one in tree["blocks"] if kept(one)]} if codes else tree


def anonymous(tree: Node) -> Node:
    """Return an article that does not say who wrote it, as far as its front matter and such sections do."""
    meta = {key: value for key, value in tree["meta"].items() if key not in ("author", "affiliations")}
    return {**parted(tree)[0], "meta": meta}


def naming(tree: Node, telling: Sequence[str], source: Source) -> list[PaperError]:
    """Return a finding for each name, address or place of work that an anonymous article still says."""
    said = plain([tree["meta"].get(key, []) for key in ("title", "subtitle", "abstract")] + tree["blocks"])
    found = []
    for one in dict.fromkeys(telling):
        if not re.search(rf"(?<!\w){re.escape(one)}(?!\w)", said):
            continue
        places = _places(source, one) or [source.place(one)]
        also = f"; also at {', '.join(places[1:4])}" if len(places) > 1 else ""
        more = f" and {len(places) - 4} places more" if len(places) > 4 else ""
        found.append(
            PaperError(
                f"the anonymous manuscript says “{one}”{also}{more}",
                where=places[0],
                expected="nothing that tells who wrote it",
                remedy="write it otherwise, or under a heading such as Acknowledgements or Declarations",
            )
        )
    return found


def _places(source: Source, words: str) -> list[str]:
    """Return where the text says something outside the sections that an anonymous version leaves out."""
    found, level = [], 0
    for line, (path, number) in zip(source.body.split("\n"), source.places, strict=False):
        heading = re.match(r"(#{1,6})\s+(.*)", line)
        if heading and (not level or len(heading[1]) <= level):
            level = len(heading[1]) if NAMED_SECTIONS.match(heading[2]) else 0
        if not level and words in line:
            found.append(f"{path}:{number}")
    return found


def telling(authors: Sequence[Person]) -> list[str]:
    """Return what tells an author: name, family name, mail, ORCID, place of work."""
    return [
        value
        for person in authors
        for part in fields(person)
        if part.name != "given"
        for value in (
            getattr(person, part.name) if part.name == "affiliations" else (getattr(person, part.name),)
        )
        if len(value) > 2
    ]
