"""What a journal asks of a manuscript, and the article made so: profiles, counts, documents.

A profile is a small YAML file that names the page its demands were read on, and what could not be read there.
The documents go through the same filters as the article's own, and one more that takes them apart.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal
from xml.etree import ElementTree as ET

from paperbuild.article import embedded, languages, reference_document, word
from paperbuild.article.extension import ASSETS
from paperbuild.article.job import RenderJob
from paperbuild.article.source import Source
from paperbuild.ground.errors import PaperError, raise_all, suggestion
from paperbuild.ground.located import STRICT, line_of, parse_yaml, problems, read_text, said
from paperbuild.ground.surroundings import typesetter_environment

PROFILES = ASSETS / "profiles"
FILTER = ASSETS / "submission.lua"
JATS = "jats_publishing"
Part = Literal["manuscript", "supplement"]
Counted = Literal["text", "captions", "tables", "references", "abstract", "appendix"]
WITHHELD = "[…]"
"""What stands in a table's cell that names an author, where reviewers are not to know."""


@dataclass(frozen=True)
class Figures:
    """Where figures go, and as what."""

    __pydantic_config__: ClassVar[Any] = STRICT

    place: Literal["text", "apart"] = said("in the text, or as files of their own", "text or apart")
    format: Literal["tif", "png", "pdf", "svg"] = said("format of the files", "tif, png, pdf or svg")
    resolution: int = said("dots an inch, where the format has any", "a whole number", default=300)


@dataclass(frozen=True)
class Limit:
    """How many of something a journal takes."""

    __pydantic_config__: ClassVar[Any] = STRICT

    least: int | None = said("at least so many", "a whole number", default=None)
    most: int | None = said("at most so many", "a whole number", default=None)
    of: tuple[Counted, ...] = said(
        "whose words are counted",
        "[text, captions, tables, references, abstract, appendix]",
        default=("text",),
    )


@dataclass(frozen=True)
class Limits:
    """What is limited; what a journal does not limit, or what could not be read, is left out."""

    __pydantic_config__: ClassVar[Any] = STRICT

    words: Limit | None = said("words of the manuscript", "{most: 8000, of: [text]}", default=None)
    abstract: Limit | None = said("words of the abstract", "{most: 250}", default=None)
    abstract_parts: Limit | None = said(
        "paragraphs of the abstract that begin with a heading in bold", "{least: 2}", default=None
    )
    keywords: Limit | None = said("keywords", "{least: 3, most: 5}", default=None)
    figures: Limit | None = said("figures of the manuscript", "{most: 8}", default=None)
    tables: Limit | None = said("tables of the manuscript", "{most: 6}", default=None)
    floats: Limit | None = said("figures and tables together", "{most: 8}", default=None)
    references: Limit | None = said("works cited", "{most: 60}", default=None)
    running_head: Limit | None = said("characters of the short title", "{most: 65}", default=None)


@dataclass(frozen=True)
class Profile:
    """What a journal asks of a manuscript."""

    __pydantic_config__: ClassVar[Any] = STRICT

    journal: str = said("name of the journal")
    source: str = said("address of its instructions")
    read: str = said("day they were read", "YYYY-MM-DD")
    unread: tuple[str, ...] = said("what they ask could not be learnt of", "[text, text]")
    anonymous: bool = said("whether reviewers are not to know the authors", "true or false")
    line_spacing: float = said("lines a line takes", "a number")
    font_size: float = said("points of the text", "a number")
    line_numbers: bool = said("whether lines are numbered", "true or false")
    figures: Figures = said("where figures go", "{place: apart, format: tif, resolution: 300}")
    tables: Literal["text", "apart"] = said("tables in the text, or behind the references", "text or apart")
    languages: tuple[str, ...] = said("languages it takes, where it says so", "[en]", default=())
    issn: str = said("the journal's ISSN", "1234-5678", default="")
    limits: Limits = said("how much of what", "words: {most: 8000}", default_factory=Limits)


@dataclass(frozen=True)
class Told:
    """What the filter found.

    Attributes
    ----------
    words : mapping of str to int
        By part: ``abstract``, ``text``, ``captions``, ``tables``, ``references``, ``appendix``.
    floats : sequence of mapping
        Figures and tables in order: ``kind``, ``label``, ``caption``, ``part``, ``source`` of a figure.
    left : sequence of str
        Paragraphs left out because they name an author.
    abstracts : sequence of str
        Languages of further abstracts, which are left out.
    cited, keywords, abstract_parts : int
        Works in the references; keywords; paragraphs of the abstract that begin with a heading.
    """

    words: Mapping[str, int] = field(default_factory=dict)
    floats: Sequence[Mapping[str, str]] = ()
    left: Sequence[str] = ()
    abstracts: Sequence[str] = ()
    cited: int = 0
    keywords: int = 0
    abstract_parts: int = 0

    def of(self, kind: str, part: str = "text") -> list[Mapping[str, str]]:
        """Figures (``fig``) or tables (``tbl``) of a part."""
        return [one for one in self.floats if one["kind"] == kind and one["part"] == part]


@dataclass(frozen=True)
class Person:
    """An author: `name` as it is printed, its parts where they are known, and where the author works."""

    name: str
    given: str = ""
    family: str = ""
    email: str = ""
    orcid: str = ""
    affiliations: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In a line, as a title page has it."""
        return ", ".join(filter(None, (self.name, *self.affiliations, self.email, self.orcid)))


@dataclass(frozen=True)
class Measured:
    """One limit and what the article has: `what` is counted, `found` times, within `limit` or not."""

    what: str
    found: int
    limit: Limit

    @property
    def kept(self) -> bool:
        """Whether the article keeps to it."""
        least, most = self.limit.least, self.limit.most
        return (least is None or self.found >= least) and (most is None or self.found <= most)

    def __str__(self) -> str:
        """In a line: what, how many, what is asked."""
        bounds = {"at least": self.limit.least, "at most": self.limit.most}
        asked = ", ".join(f"{word} {bound:,}" for word, bound in bounds.items() if bound is not None)
        return f"{self.what}: {self.found:,} ({asked})"


def profiles() -> dict[str, Path]:
    """Return the profiles that come with the build, by name."""
    return {path.stem: path for path in sorted(PROFILES.glob("*.yml"))}


def read_profile(name: str) -> Profile:
    """Return a profile by its name, or from a YAML file of the author's.

    Raises
    ------
    PaperError, Findings
        Where there is none, or something in it is wrong, with its line.
    """
    path = profiles().get(name) or Path(name)
    if path.suffix not in (".yml", ".yaml") or not path.is_file():
        raise PaperError(
            f"no profile {name!r}{suggestion(name, profiles())}",
            where="--for",
            expected=f"{', '.join(profiles())}, or a file NAME.yml",
            remedy="copy the generic one and write down what the journal's instructions ask",
        )
    text = read_text(path, path.name)
    plain = parse_yaml(text, path.name)
    wrong = problems(Profile, plain, path.name)
    for place, error in wrong:
        error.where = f"{path.name}:{line_of(text, *place)}"
    raise_all([error for _, error in wrong])
    limits = {key: Limit(**_listed(value)) for key, value in (plain.pop("limits", None) or {}).items()}
    figures = Figures(**plain.pop("figures"))
    return Profile(**_listed(plain), figures=figures, limits=Limits(**limits))


def _listed(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}


def measure(profile: Profile, told: Told, running_head: str) -> list[Measured]:
    """Return every limit of a profile with what the article has."""
    limits = profile.limits
    found = {
        "words": sum(told.words.get(part, 0) for part in limits.words.of) if limits.words else 0,
        "abstract": told.words.get("abstract", 0),
        "abstract_parts": told.abstract_parts,
        "keywords": told.keywords,
        "figures": len(told.of("fig")),
        "tables": len(told.of("tbl")),
        "floats": len(told.of("fig")) + len(told.of("tbl")),
        "references": told.cited,
        "running_head": len(running_head),
    }
    called = {
        "words": f"words of {', '.join(limits.words.of)}" if limits.words else "",
        "abstract": "words of the abstract",
        "abstract_parts": "parts of the abstract with headings",
        "floats": "figures and tables",
        "references": "works cited",
        "running_head": "characters of the running head",
    }
    given = {name: getattr(limits, name) for name in found}
    return [Measured(called.get(name, name), found[name], limit) for name, limit in given.items() if limit]


class Submission:
    """The article as a journal asks for it; each document is written when it is asked for.

    Parameters
    ----------
    job : RenderJob
        Root and date; its output is not used.
    article : Source
        The article, resolved.
    numbers : mapping
        What it is resolved with.
    profile : Profile
        What the journal asks.
    anonymous : bool
        Whether names are left out.
    names : sequence of str
        What tells who the authors are: names, addresses, the repository.
    people : sequence of Person
        The authors, for the XML.
    """

    def __init__(
        self,
        job: RenderJob,
        article: Source,
        numbers: Mapping[str, Any],
        profile: Profile,
        *,
        anonymous: bool,
        names: Sequence[str],
        people: Sequence[Person] = (),
    ) -> None:
        self.job, self.profile, self.anonymous, self.names = job, profile, anonymous, tuple(names)
        self.people = tuple(people)
        self.source, self.numbers = article, numbers
        self.words = languages.of(self.source.settings.lang).words

    def _source(self, part: str, told: Path) -> Source:
        metadata = dict(self.source.metadata)
        metadata["submission"] = {
            "part": part,
            "told": str(told),
            "anonymous": self.anonymous,
            "names": list(self.names),
            "figures": self.profile.figures.place,
            "tables": self.profile.tables,
            "appendix": self.words["appendix"],
            "keywords": self.words["keywords"],
            "withheld": WITHHELD,
        }
        return replace(self.source, metadata=metadata)

    def _numbers(self) -> dict[str, Any]:
        """Return the numbers without what leads to a repository, and for the anonymous without the date."""
        dropped = {"provenance", *(["date"] if self.anonymous else [])}
        return {key: value for key, value in self.numbers.items() if key not in dropped}

    def docx(self, part: Part, target: Path) -> Told:
        """Write the main text or the supplement for a word processor, and return what was counted."""
        profile = self.profile
        with tempfile.TemporaryDirectory() as folder:
            look, told = Path(folder, "reference.docx"), Path(folder, "told.json")
            styles = reference_document.manuscript(profile.font_size, profile.line_spacing)
            look.write_bytes(reference_document.make(styles))
            embedded.convert(
                self.job,
                self._source(part, told),
                self._numbers(),
                to="docx",
                picture="png",
                options=[
                    f"--reference-doc={look}",
                    f"--output={target.resolve()}",
                    f"--lua-filter={FILTER}",
                ],
            )
            word.finish(target, line_numbers=profile.line_numbers)
            return _told(told)

    def jats(self) -> bytes:
        """Return the whole article as JATS (Journal Publishing), with the names the journal is to print."""
        with tempfile.TemporaryDirectory() as folder:
            given = self._source("manuscript", Path(folder, "told.json"))
            given.metadata["journal"] = {"title": self.profile.journal}
            given.metadata["article"] = {"type": "research-article"}
            given.metadata["submission"]["anonymous"] = False
            text = embedded.convert(
                self.job,
                given,
                # Of the build, and no date of publication.
                {key: value for key, value in self.numbers.items() if key not in ("provenance", "date")},
                to=JATS,
                picture="svg",
                options=[f"--lua-filter={FILTER}"],
            )
        return finished_jats(text, self.source.settings.lang, self.profile.issn, self.people)

    def title_page(
        self, target: Path, told: Told, measured: Sequence[Measured], about: Mapping[str, Any]
    ) -> None:
        """Write the page that an editor sees and a reviewer does not."""
        import subprocess

        lines = [f"# {about['title']}", *(f"**{name}**" for name in about["authors"])]
        lines += [f"{key}: {value}" for key, value in about["facts"].items() if value]
        if measured:
            lines += ["# Counts", *(f"{one}{'' if one.kept else ' — outside the limit'}" for one in measured)]
        if told.left:
            lines += ["# Left out of the anonymous manuscript", *told.left]
        with tempfile.TemporaryDirectory() as folder:
            look = Path(folder, "reference.docx")
            look.write_bytes(reference_document.make())
            subprocess.run(
                [
                    embedded.pandoc(),
                    "--from=markdown-yaml_metadata_block",
                    "--to=docx",
                    f"--reference-doc={look}",
                    f"--output={target}",
                ],
                input="\n\n".join(lines).encode("utf-8"),
                check=True,
                env=typesetter_environment(folder, self.job.epoch),
            )

    def figures(self, told: Told) -> Iterator[tuple[str, bytes]]:
        """Yield the figures in order, each with its name (``Figure-1.tif``), in the format asked for."""
        for one in told.floats:
            if one["kind"] == "fig":
                # Editorial systems want plain names, in whatever language the label is.
                name = f"Figure-{re.sub(r'[^0-9]+', '', one['label'])}"
                drawing = (self.job.root / one["source"]).with_suffix(".svg")
                yield f"{name}.{self.profile.figures.format}", self._drawn(drawing)

    def _drawn(self, drawing: Path) -> bytes:
        """Return a drawing in the format and resolution that is asked for."""
        import typst

        wanted = self.profile.figures
        if not drawing.is_file():
            raise PaperError(
                "this figure is no drawing, which could be set in any resolution",
                where=drawing.with_suffix("").relative_to(self.job.root).as_posix(),
                expected="an SVG, as figure() makes it",
            )
        if wanted.format == "svg":
            return drawing.read_bytes()
        shown = json.dumps("/" + drawing.relative_to(self.job.root).as_posix())
        page = f"#set page(width: auto, height: auto, margin: 0pt, fill: white)\n#image({shown})\n"
        options: dict[str, Any] = {"root": str(self.job.root), "ignore_system_fonts": True}
        if wanted.format == "pdf":
            return bytes(typst.compile(page.encode(), **options, timestamp=self.job.epoch, pdf_tags=False))
        pixels = typst.compile(page.encode(), **options, format="png", ppi=float(wanted.resolution))
        return _pixels(bytes(pixels if isinstance(pixels, bytes) else pixels[0]), wanted)


def _pixels(png: bytes, wanted: Figures) -> bytes:
    """Return a picture that says its resolution, as TIFF or PNG."""
    import io

    from PIL import Image

    stream = io.BytesIO()
    size = (wanted.resolution, wanted.resolution)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if wanted.format == "tif":
        picture.save(stream, "TIFF", compression="tiff_lzw", dpi=size)
    else:
        picture.save(stream, "PNG", dpi=size)
    return stream.getvalue()


def _told(path: Path) -> Told:
    found = json.loads(path.read_text(encoding="utf-8"))
    # An empty list of Lua is written as an object would be.
    lists = {name: list(found.get(name) or ()) for name in ("floats", "left", "abstracts")}
    cited, keywords, parts = (found.get(name, 0) for name in ("cited", "keywords", "abstract_parts"))
    return Told(found["words"], **lists, cited=cited, keywords=keywords, abstract_parts=parts)


LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DOCTYPE = (
    '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD v1.2 20190208//EN" '
    '"JATS-publishing1.dtd">'
)


def finished_jats(document: bytes, language: str, issn: str = "", people: Sequence[Person] = ()) -> bytes:
    """Return JATS as pandoc wrote it with what pandoc cannot say.

    Labels of figures, tables and equations apart from what they label; abstracts in other languages where
    they belong; the language of the article; the journal; and that nothing is published yet.

    Parameters
    ----------
    document : bytes
        By pandoc's writer, in its template.
    language : str
        Of the article (BCP 47).
    issn : str
        Of the journal; empty where it is not known.
    people : sequence of Person
        Its authors; those without are left as pandoc names them.
    """
    for prefix, address in {
        "mml": "http://www.w3.org/1998/Math/MathML",
        "xlink": "http://www.w3.org/1999/xlink",
    }.items():
        ET.register_namespace(prefix, address)
    root = ET.fromstring(document)
    root.set(LANG, language)
    for kind in ("fig", "table-wrap"):
        for element in root.iter(kind):
            _label(element)
    for box in root.iter("boxed-text"):
        _as_equation(box)
    journal, front, body = (root.find(path) for path in ("front/journal-meta", "front/article-meta", "body"))
    if journal is None or front is None or body is None:
        raise ValueError("not the JATS of pandoc's template")
    _name_journal(journal, issn)
    for group in front.findall("contrib-group") if people else ():
        group[:] = _contributors(people)
    for empty in front.findall("permissions"):
        front.remove(empty)
    # The schema wants a date, or that there is none.
    before = _after(front, "article-id", "article-categories", "title-group", "contrib-group", "author-notes")
    front.insert(before, ET.Element("pub-date-not-available"))
    place = max(_after(front, "abstract"), before + 1)
    for box in [child for child in body if child.tag == "boxed-text" and child.get(LANG)]:
        body.remove(box)
        box.tag = "trans-abstract"
        front.insert(place, box)
        place += 1
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n{text}\n'.encode()


def _contributors(people: Sequence[Person]) -> list[ET.Element]:
    """Return authors, and behind them where they work."""
    places = list(dict.fromkeys(place for one in people for place in one.affiliations))
    found = []
    for one in people:
        author = _tree("contrib", attributes={"contrib-type": "author"})
        if one.orcid:
            address = one.orcid if "//" in one.orcid else f"https://orcid.org/{one.orcid}"
            author.append(_tree("contrib-id", address, attributes={"contrib-id-type": "orcid"}))
        if one.family:
            name = _tree("name")
            name.append(_tree("surname", one.family))
            name.extend([_tree("given-names", one.given)] if one.given else [])
            author.append(name)
        else:
            author.append(_tree("string-name", one.name))
        author.extend([_tree("email", one.email)] if one.email else [])
        for place in one.affiliations:
            number = places.index(place) + 1
            author.append(_tree("xref", attributes={"ref-type": "aff", "rid": f"aff-{number}"}))
        found.append(author)
    return found + [
        _tree("aff", place, attributes={"id": f"aff-{number}"}) for number, place in enumerate(places, 1)
    ]


def _tree(tag: str, text: str = "", attributes: Mapping[str, str] | None = None) -> ET.Element:
    element = ET.Element(tag, dict(attributes or {}))
    element.text = text or None
    return element


def _after(parent: ET.Element, *tags: str) -> int:
    """Return the place behind all children of these names."""
    return 1 + max((place for place, child in enumerate(parent) if child.tag in tags), default=-1)


def _name_journal(journal: ET.Element, issn: str) -> None:
    """Say which journal it is, and nothing of its publisher, where pandoc's template has empty elements."""
    for empty in journal.findall("publisher"):
        journal.remove(empty)
    if issn:
        for element in journal.iter("issn"):
            element.text = issn
        for element in journal.iter("journal-id"):
            element.set("journal-id-type", "issn")
            element.text = issn


def _as_equation(box: ET.Element) -> None:
    """Make an equation of the box that pandoc writes round its name; submission.lua puts its number first."""
    paragraph = box.find("p")
    formula = paragraph.find("disp-formula") if paragraph is not None else None
    if paragraph is None or formula is None or not box.get("id", "").startswith("eq-"):
        return
    label = ET.Element("label")
    label.text = (paragraph.text or "").strip()
    box.tag = formula.tag
    box[:] = [label, *formula] if label.text else [*formula]


def _label(element: ET.Element) -> None:
    """Give a float its name, where pandoc has named the table inside, and its label an element."""
    inner = element.find("table")
    if inner is not None and "id" in inner.attrib:
        element.set("id", inner.attrib.pop("id"))
    paragraph = element.find("caption/p")
    found = re.match(r"(\D+\d+)[:.]\s*", paragraph.text or "") if paragraph is not None else None
    if paragraph is None or not found:
        return
    label = ET.Element("label")
    label.text = found[1]
    paragraph.text = (paragraph.text or "")[found.end() :]
    element.insert(0, label)
