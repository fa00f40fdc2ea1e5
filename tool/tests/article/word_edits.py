"""A co-author with tracked changes on: edits a DOCX by python-docx as Word writes them."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph

ADA = ("Ada", "2026-02-03T10:00:00Z")
BEN = ("Ben", "2026-02-04T10:00:00Z")


def paragraphs(document: Document) -> Iterator[Paragraph]:
    """Every paragraph, those in tables too."""
    for element in document.element.body.iter(qn("w:p")):
        yield Paragraph(element, document)


def find(document: Document, text: str) -> BaseOxmlElement:
    """Return the paragraph that holds a text."""
    return next(
        p._p for p in paragraphs(document) if text in "".join(t.text or "" for t in p._p.iter(qn("w:t")))
    )


def type_over(document: Document, old: str, new: str, hand: tuple[str, str] = ADA) -> None:
    """Replace `old`, which may run over several runs, by `new`; an empty `new` only takes it out."""
    paragraph = find(document, old)
    whole = "".join(t.text or "" for t in paragraph.iter(qn("w:t")))
    start = whole.index(old)
    runs = _covering(paragraph, start, start + len(old))
    anchor = runs[-1]
    for run in runs:
        gone = _change("w:del", hand)
        run.addprevious(gone)
        gone.append(run)
        for text in run.findall(qn("w:t")):
            text.tag = qn("w:delText")
        anchor = gone
    if new:
        came = _change("w:ins", hand)
        came.append(_run(new))
        anchor.addnext(came)


def put_in(document: Document, behind: str, new: str, hand: tuple[str, str] = ADA, look: str = "") -> None:
    """Insert `new` right behind a text; `look` is ``b`` or ``i``."""
    paragraph = find(document, behind)
    whole = "".join(t.text or "" for t in paragraph.iter(qn("w:t")))
    end = whole.index(behind) + len(behind)
    run = _covering(paragraph, end - 1, end)[-1]
    came = _change("w:ins", hand)
    came.append(_run(new, look))
    run.addnext(came)


def put_paragraph(document: Document, behind: str, new: str, hand: tuple[str, str] = ADA) -> None:
    """Insert a paragraph behind the one that holds a text, as Enter at its end makes it."""
    paragraph = find(document, behind)
    following = OxmlElement("w:p")
    came = _change("w:ins", hand)
    came.append(_run(new))
    following.append(came)
    paragraph.addnext(following)
    _mark(paragraph).append(_change("w:ins", hand))


def join_with_next(document: Document, text: str, hand: tuple[str, str] = ADA) -> None:
    """Take out the mark at the end of a paragraph."""
    _mark(find(document, text)).append(_change("w:del", hand))


def take_out(document: Document, text: str, hand: tuple[str, str] = ADA) -> None:
    """Take out a whole paragraph with its mark."""
    paragraph = find(document, text)
    type_over(document, "".join(t.text or "" for t in paragraph.iter(qn("w:t"))), "", hand)
    _mark(paragraph).append(_change("w:del", hand))


def remark(document: Document, on: str, text: str, author: str = "Ada") -> None:
    """Put a comment on some words."""
    paragraph = find(document, on)
    start = "".join(t.text or "" for t in paragraph.iter(qn("w:t"))).index(on)
    from docx.text.run import Run

    runs = [Run(run, document) for run in _covering(paragraph, start, start + len(on))]
    document.add_comment(runs, text, author=author)


def _covering(paragraph: BaseOxmlElement, start: int, end: int) -> list[BaseOxmlElement]:
    """Split runs so that some of them cover the stretch, and return these."""
    found, place = [], 0
    for text in list(paragraph.iter(qn("w:t"))):
        run, content = text.getparent(), text.text or ""
        first, last = max(start - place, 0), min(end - place, len(content))
        place += len(content)
        if first >= last:
            continue
        for part, keep in ((content[:first], False), (content[first:last], True), (content[last:], False)):
            if part:
                piece = copy.deepcopy(run)
                for extra in piece.findall(qn("w:t")):
                    piece.remove(extra)
                piece.append(_text(part))
                run.addprevious(piece)
                found += [piece] if keep else []
        run.getparent().remove(run)
    return found


def _change(tag: str, hand: tuple[str, str]) -> BaseOxmlElement:
    element = OxmlElement(tag)
    element.set(qn("w:id"), "9000")
    element.set(qn("w:author"), hand[0])
    element.set(qn("w:date"), hand[1])
    return element


def _text(text: str) -> BaseOxmlElement:
    element = OxmlElement("w:t")
    element.set(qn("xml:space"), "preserve")
    element.text = text
    return element


def _run(text: str, look: str = "") -> BaseOxmlElement:
    run = OxmlElement("w:r")
    if look:
        properties = OxmlElement("w:rPr")
        properties.append(OxmlElement(f"w:{look}"))
        run.append(properties)
    run.append(_text(text))
    return run


def _mark(paragraph: BaseOxmlElement) -> BaseOxmlElement:
    properties = paragraph.get_or_add_pPr()
    look = properties.find(qn("w:rPr"))
    if look is None:
        look = OxmlElement("w:rPr")
        properties.append(look)
    return look
