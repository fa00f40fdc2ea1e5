"""A DOCX that people edited, read back: what stood in it, what came and went by whom, what they remarked.

Word processors keep an edit as runs that came (`w:ins`) and runs that went (`w:del`), and the mark at the
end of a paragraph can come and go too. So the text is read as one stream of pieces, and a paragraph here is
one of the document *before* the edits: a new paragraph is a piece of it that holds a break.
"""

from __future__ import annotations

import difflib
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree as ET

from paperbuild.article.word import DOCUMENT, MAIN
from paperbuild.ground.archives import UNREADABLE
from paperbuild.ground.errors import PaperError

BREAK = "\n\n"
"""The end of a paragraph inside a piece that came."""
OBJECT = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for what is no text: a picture, the mark of a footnote."""
NOTES = ("word/footnotes.xml", "word/endnotes.xml")
COMMENTS, PROPERTIES = "word/comments.xml", "docProps/custom.xml"
COMMIT = "built-from"
"""The property in which a document keeps the commit it was built from (article.lua writes it)."""

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# LibreOffice writes 0-00-00 for a comment without a date.
_DAY = re.compile(r"[1-9]\d{3}-\d\d-\d\d")
_PARTS = re.compile(
    r"word/(document|comments|footnotes|endnotes|header\d*|footer\d*)\.xml|docProps/custom\.xml"
)
_REVISION = re.compile(r"[0-9a-f]{40}")


def _w(name: str) -> str:
    return f"{{{MAIN}}}{name}"


@dataclass(frozen=True, order=True)
class Hand:
    """Who changed something, and when; both are empty where the document does not say."""

    author: str = ""
    date: str = ""

    def __str__(self) -> str:
        """Return ``A. Author, 2026-01-02``, or that the change was not recorded."""
        day = self.date[:10] if _DAY.match(self.date) else ""
        return ", ".join(filter(None, (self.author, day))) or "not recorded as a change"


@dataclass(frozen=True)
class Piece:
    """A stretch of text with one fate.

    Attributes
    ----------
    text : str
        Of a piece that came, with `BREAK` where a paragraph ends.
    fate : str
        ``kept``, ``came`` or ``went``.
    hand : Hand or None
        Who let it come or go.
    mark : str
        Markdown's mark round it, for text that came: ``*``, ``**`` or nothing.
    """

    text: str
    fate: str = "kept"
    hand: Hand | None = None
    mark: str = ""


@dataclass
class Paragraph:
    """A paragraph as it was before the edits, with what became of it.

    Attributes
    ----------
    part : str
        ``text``, ``note`` or ``page`` (the head or foot of every page).
    table : int
        Number of the table whose cell it stands in, from 1; 0 outside.
    pieces : list of Piece
        In order.
    joined : Hand or None
        Who took away the mark at its end, so that the next paragraph follows without a break.
    restyled : list of Hand
        Who changed how it looks.
    formula : bool
        Whether it holds one: word processors write brackets and blanks of formulas as they like.
    """

    part: str = "text"
    table: int = 0
    pieces: list[Piece] = field(default_factory=list)
    joined: Hand | None = None
    restyled: list[Hand] = field(default_factory=list)
    formula: bool = False

    @property
    def before(self) -> str:
        """The text without what came."""
        return "".join(piece.text for piece in self.pieces if piece.fate != "came")

    @property
    def after(self) -> str:
        """The text without what went."""
        return "".join(piece.text for piece in self.pieces if piece.fate != "went")

    @property
    def changed(self) -> bool:
        """Whether anything came or went."""
        return self.joined is not None or any(piece.fate != "kept" for piece in self.pieces)


@dataclass(frozen=True)
class Comment:
    """A remark.

    Attributes
    ----------
    hand : Hand
        Whose it is.
    text : str
        What it says.
    paragraph : int
        The paragraph it was put to, by its place in `Edited.paragraphs`; -1 where there is none.
    start, end : int
        The stretch of that paragraph's text before the edits.
    """

    hand: Hand
    text: str
    paragraph: int
    start: int
    end: int


@dataclass(frozen=True)
class Edited:
    """An edited document.

    Attributes
    ----------
    commit : str
        What it was built from, 40 hexadecimal digits; empty where it does not say.
    dirty : bool
        Whether the sources differed from that commit.
    paragraphs : tuple of Paragraph
        Of the text, then of the notes.
    comments : tuple of Comment
        In the order of the text.
    """

    commit: str
    dirty: bool
    paragraphs: tuple[Paragraph, ...]
    comments: tuple[Comment, ...]


def read(path: Path) -> Edited:
    """Read an edited document.

    Raises
    ------
    PaperError
        Where the file is missing or no DOCX.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if _PARTS.fullmatch(name))
            roots = {name: ET.fromstring(archive.read(name)) for name in names}
        body = roots[DOCUMENT].find(_w("body"))
        assert body is not None, "a DOCX has a body"
    except (*UNREADABLE, ET.ParseError, KeyError, AssertionError) as error:
        raise PaperError(
            f"cannot be read as a DOCX: {error}",
            where=str(path),
            expected="a DOCX that `paper build` made and a word processor saved",
            remedy="save it as .docx (Word 2007–365) and try again",
        ) from None
    stream = _Stream()
    stream.walk(body, "text")
    for name, root in roots.items():
        if name.startswith(("word/footer", "word/header")):
            stream.walk(root, "page")
        for note in root if name in NOTES else ():
            stream.walk(note, "note")
    commit, dirty = _revision(roots.get(PROPERTIES))
    return Edited(
        commit, dirty, tuple(stream.paragraphs), tuple(_comments(roots.get(COMMENTS), stream.ranges))
    )


def _revision(properties: ET.Element | None) -> tuple[str, bool]:
    for one in properties if properties is not None else ():
        if one.get("name") == COMMIT:
            told = "".join(one.itertext())
            found = _REVISION.search(told)
            return (found.group(), told.strip() != found.group()) if found else ("", False)
    return "", False


def _hand(element: ET.Element) -> Hand:
    return Hand(element.get(_w("author"), ""), element.get(_w("date"), ""))


def _comments(root: ET.Element | None, ranges: dict[str, tuple[int, int, int]]) -> Iterator[Comment]:
    """Return the comments in the order of their places."""
    found = []
    for element in root.iter(_w("comment")) if root is not None else ():
        paragraphs = ("".join(text.text or "" for text in p.iter(_w("t"))) for p in element.iter(_w("p")))
        place = ranges.get(element.get(_w("id"), ""), (-1, 0, 0))
        found.append(Comment(_hand(element), "\n".join(filter(None, paragraphs)), *place))
    yield from sorted(found, key=lambda one: (one.paragraph, one.start))


def unrecorded(edited: Edited, reference: Sequence[str]) -> tuple[Edited, list[str]]:
    """Find what was changed while changes were not recorded, by the text that was committed.

    Parameters
    ----------
    edited : Edited
        The document.
    reference : sequence of str
        Its text as built, a line a paragraph; ``·`` stands for what differs between two builds.

    Returns
    -------
    tuple of Edited and list of str
        The document with these changes, which have no hand, and the lines that are gone from it.
    """
    lines = [line for line in reference if line.strip()]
    # Word processors write heads and feet of pages as they like, a number on each.
    places = [at for at, one in enumerate(edited.paragraphs) if _bare(one.before) and one.part != "page"]
    told = [_bare(edited.paragraphs[at].before) for at in places]
    paragraphs, gone = list(edited.paragraphs), []
    matcher = difflib.SequenceMatcher(None, [_bare(line) for line in lines], told, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        pairs = dict(_alike(lines, range(a, b), [paragraphs[at].before for at in places], range(c, d)))
        gone += [lines[i] for i in range(a, b) if i not in pairs.values()]
        for j in range(c, d):
            at = places[j]
            if j in pairs:
                paragraphs[at] = _retold(paragraphs[at], lines[pairs[j]])
            else:
                pieces = [Piece(paragraphs[at].after, "came", Hand())]
                paragraphs[at] = replace(paragraphs[at], pieces=pieces)
    return replace(edited, paragraphs=tuple(paragraphs)), gone


def _bare(text: str) -> str:
    """A text without blanks and objects, in which word processors do as they like."""
    return re.sub(rf"[\s{OBJECT}]+", "", text)


def _alike(lines: Sequence[str], old: range, texts: Sequence[str], new: range) -> Iterator[tuple[int, int]]:
    """Pair texts with the lines they were: all in order where they are as many, else by half of the words."""
    if len(old) == len(new):
        yield from zip(new, old, strict=True)
        return
    left = list(old)
    for j in new:
        words = set(texts[j].split())
        best = max(left, key=lambda i: len(words & set(lines[i].split())), default=None)
        if best is not None and 2 * len(words & set(lines[best].split())) >= len(words):
            left = [i for i in left if i > best]
            yield j, best


def _retold(paragraph: Paragraph, line: str) -> Paragraph:
    """A paragraph beginning from what was built, whatever was recorded since."""
    if re.fullmatch(re.escape(_bare(line)).replace("·", ".*"), _bare(paragraph.before)):
        return paragraph
    if paragraph.formula and re.sub(r"\W", "", line) == re.sub(r"\W", "", paragraph.before):
        return paragraph
    hand = next((piece.hand for piece in paragraph.pieces if piece.hand), Hand())
    old, new = (re.findall(r"\w+|\s+|[^\w\s]", text) for text in (line, paragraph.after))
    pieces: list[Piece] = []
    # A committed text has one kind of blank, a document those that no line breaks too.
    was, now = ([" " if word.isspace() else word for word in words] for words in (old, new))
    for kind, a, b, c, d in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("".join(new[c:d])))
            continue
        pieces += [Piece("".join(old[a:b]), "went", hand)] if b > a else []
        pieces += [Piece("".join(new[c:d]), "came", hand)] if d > c else []
    return replace(paragraph, pieces=pieces)


class _Stream:
    """The text as it is walked: the paragraphs so far, and where comments begin and end."""

    def __init__(self) -> None:
        self.paragraphs: list[Paragraph] = []
        self.ranges: dict[str, tuple[int, int, int]] = {}
        self.tables = 0
        self.open: Paragraph | None = None

    def walk(self, parent: ET.Element, part: str, table: int = 0, row: Piece | None = None) -> None:
        """Read paragraphs and tables of a body, cell or note, in a row that came or went where `row` is."""
        for child in parent:
            if child.tag == _w("p"):
                self._paragraph(child, part, table, row)
            elif child.tag == _w("tbl"):
                self._close()
                self.tables += 1
                number = self.tables
                for line in child.iter(_w("tr")):
                    for cell in line.iter(_w("tc")):
                        self.walk(cell, part, number, _row_fate(line))
                        self._close()
            elif child.tag in (_w("sdt"), _w("sdtContent")):
                self.walk(child, part, table, row)
            else:
                self._range(child)
        self._close()

    def _close(self) -> None:
        if self.open is not None:
            self.paragraphs.append(self.open)
            self.open = None

    def _paragraph(self, element: ET.Element, part: str, table: int, row: Piece | None) -> None:
        if self.open is None:
            self.open = Paragraph(part, table)
        properties = element.find(_w("pPr"))
        self.open.restyled += [_hand(change) for change in _restyled(element)]
        self._runs(element, row or Piece(""))
        mark = properties.find(_w("rPr")) if properties is not None else None
        came = mark.find(_w("ins")) if mark is not None else None
        went = mark.find(_w("del")) if mark is not None else None
        if came is not None and went is None:
            self.open.pieces.append(Piece(BREAK, "came", _hand(came)))
            return
        if went is not None and came is None:
            self.open.joined = _hand(went)
        self._close()

    def _runs(self, parent: ET.Element, fate: Piece) -> None:
        """Read what a paragraph, or an element in it, holds."""
        for child in parent:
            if child.tag in (_w("ins"), _w("moveTo"), _w("del"), _w("moveFrom")):
                kind = "came" if child.tag in (_w("ins"), _w("moveTo")) else "went"
                # What one author put in and another took out was never there.
                if not (fate.fate == "came" and kind == "went"):
                    self._runs(child, Piece("", kind, _hand(child)))
            elif child.tag == _w("r"):
                self._run(child, fate)
            elif child.tag.startswith(_MATH):
                assert self.open is not None, "a formula stands in a paragraph"
                self.open.formula = True
                self._put("".join(text.text or "" for text in child.iter(f"{_MATH}t")), fate)
            elif child.tag not in (_w("pPr"), f"{_COMPATIBLE}Fallback"):
                self._range(child)
                self._runs(child, fate)

    def _run(self, run: ET.Element, fate: Piece) -> None:
        look = run.find(_w("rPr"))
        mark = "".join(
            sign for name, sign in (("b", "**"), ("i", "*")) if look is not None and _on(look.find(_w(name)))
        )
        for child in run:
            if child.tag in (_w("t"), _w("delText")):
                self._put(child.text or "", fate, mark)
            elif child.tag in (_w("tab"), _w("br"), _w("cr")):
                self._put(" ", fate)
            elif child.tag == _w("noBreakHyphen"):
                self._put("\N{NON-BREAKING HYPHEN}", fate)
            elif child.tag in (_w("drawing"), _w("pict"), _w("object"), _w("footnoteReference")):
                self._put(OBJECT, fate)
            elif child.tag == f"{_COMPATIBLE}AlternateContent":
                self._put(OBJECT, fate)
            else:
                self._range(child)

    def _put(self, text: str, fate: Piece, mark: str = "") -> None:
        assert self.open is not None, "text stands in a paragraph"
        pieces = self.open.pieces
        mark = mark if fate.fate == "came" else ""
        if pieces and (pieces[-1].fate, pieces[-1].hand, pieces[-1].mark) == (fate.fate, fate.hand, mark):
            text = pieces.pop().text + text
        if text:
            pieces.append(Piece(text, fate.fate, fate.hand, mark))

    def _range(self, element: ET.Element) -> None:
        """Note where a comment begins or ends."""
        place, at = len(self.paragraphs), len(self.open.before) if self.open else 0
        name = element.get(_w("id"), "")
        if element.tag == _w("commentRangeStart"):
            self.ranges[name] = (place, at, at)
        elif element.tag == _w("commentRangeEnd") and name in self.ranges:
            first, start, _ = self.ranges[name]
            # A comment on several paragraphs belongs to the first.
            self.ranges[name] = (first, start, at if first == place else start)
        elif element.tag == _w("commentReference"):
            self.ranges.setdefault(name, (place, at, at))


def _restyled(paragraph: ET.Element) -> Iterator[ET.Element]:
    for name in ("rPrChange", "pPrChange"):
        yield from paragraph.iter(_w(name))


def _on(toggle: ET.Element | None) -> bool:
    return toggle is not None and toggle.get(_w("val"), "true") not in ("0", "false", "off")


def _row_fate(row: ET.Element) -> Piece | None:
    properties = row.find(_w("trPr"))
    for name, fate in (("ins", "came"), ("del", "went")):
        change = properties.find(_w(name)) if properties is not None else None
        if change is not None:
            return Piece("", fate, _hand(change))
    return None
