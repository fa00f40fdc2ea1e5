"""What a journal's editor expects of a DOCX and pandoc's writer cannot say.

Numbers of captions as SEQ fields inside bookmarks and cross references as REF fields to them, so that an
insertion renumbers; tables with fixed widths, rows that stay whole and a description; pages on their side for
tables that are wider than the text; paragraphs and rows that came or went as a whole; line numbers where the
article asks for them.

A filter sees the document before pandoc has made rows, sections and bookmarks of it, so this works on what
pandoc wrote; the standard library's parser is enough for that.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
XML = "http://www.w3.org/XML/1998/namespace"
DOCUMENT = "word/document.xml"
# By the prefix of a name, how Word calls the sequence that it numbers.
SEQUENCES = {"fig": "Figure", "tbl": "Table"}
CAPTIONS = {"ImageCaption", "TableCaption"}
# Pandoc shares out this many twentieths of a point among the columns of a table that is as wide as the text.
PANDOC_LINE = 7920

_LABEL = re.compile(r"(\D*?)(\d+)(.*)", re.DOTALL)
_CAPTION = re.compile(r"(\D*\d+)\W(.*)", re.DOTALL)
_NUMBER = re.compile(r"(.*?)(\d+(?:\.\d+)*)\.?", re.DOTALL)
_NUMBERED = re.compile(r"(\d+(?:\.\d+)*)(?=\.?(?:\s|$))")


def finish(path: Path, *, line_numbers: bool = False) -> None:
    """Rewrite a DOCX by pandoc in place; the same document always gives the same bytes.

    Parameters
    ----------
    path : Path
        The document.
    line_numbers : bool
        Whether every line of the text is numbered, as reviewers like it.
    """
    with zipfile.ZipFile(path) as archive:
        parts = [(info, archive.read(info)) for info in archive.infolist()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in parts:
            if info.filename == DOCUMENT:
                content = finished(content, line_numbers=line_numbers)
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    path.write_bytes(packed.getvalue())


def finished(document: bytes, *, line_numbers: bool = False) -> bytes:
    """Return ``word/document.xml`` with fields, tables and sections as they should be."""
    # Written back with the prefixes it came with.
    for _, (prefix, address) in ET.iterparse(io.BytesIO(document), ["start-ns"]):
        ET.register_namespace(prefix, address)
    root = ET.fromstring(document)
    body = root.find(_w("body"))
    assert body is not None, "a document of pandoc has a body"
    identifiers = itertools.count(
        1 + max((int(mark.get(_w("id"), "0")) for mark in root.iter(_w("bookmarkStart"))), default=0)
    )
    marks = _number_captions(body, identifiers) | _mark_headings(body, identifiers)
    _refer(root, marks)
    final = body[-1]
    width = _text_width(final, landscape=False)
    for caption, table in _tables(body):
        _settle(table, caption, width)
    _turn(body, final, width)
    _track(root)
    if line_numbers:
        for section in root.iter(_w("sectPr")):
            # Behind the margins, says the schema.
            place = [child.tag for child in section].index(_w("pgMar")) + 1
            section.insert(place, _element("lnNumType", countBy="1", restart="continuous"))
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _w(name: str) -> str:
    return f"{{{MAIN}}}{name}"


def _element(tag: str, *children: ET.Element, **attributes: str) -> ET.Element:
    found = ET.Element(_w(tag), {_w(name): value for name, value in attributes.items()})
    found.extend(children)
    return found


def _text(element: ET.Element) -> str:
    return "".join(node.text or "" for node in element.iter(_w("t")))


def _style(paragraph: ET.Element) -> str:
    found = paragraph.find(f"{_w('pPr')}/{_w('pStyle')}")
    return found.get(_w("val"), "") if found is not None else ""


# 1. Numbers and references ---------------------------------------------------------------------------------


def _run(content: ET.Element, look: tuple[str, ...] = ()) -> ET.Element:
    properties = [_element("rPr", *(_element(name) for name in look))] if look else []
    return _element("r", *properties, content)


def _words(text: str, look: tuple[str, ...] = (), tag: str = "t") -> ET.Element:
    content = _element(tag)
    content.set(f"{{{XML}}}space", "preserve")
    content.text = text
    return _run(content, look)


def _field(instruction: str, shown: str, look: tuple[str, ...] = ()) -> list[ET.Element]:
    """Return a field as the runs that hold it: its instruction, and what it shows until it is updated."""
    return [
        _run(_element("fldChar", fldCharType="begin"), look),
        _words(f" {instruction} ", look, "instrText"),
        _run(_element("fldChar", fldCharType="separate"), look),
        _words(shown, look),
        _run(_element("fldChar", fldCharType="end"), look),
    ]


def _bookmark(name: str, identifiers: Iterator[int], *content: ET.Element) -> list[ET.Element]:
    identifier = str(next(identifiers))
    return [
        _element("bookmarkStart", id=identifier, name=name),
        *content,
        _element("bookmarkEnd", id=identifier),
    ]


def _named_paragraphs(body: ET.Element) -> Iterator[tuple[list[str], ET.Element]]:
    """Return every paragraph of the text with the names of the bookmarks since the last."""
    names: list[str] = []
    for child in body:
        if child.tag == _w("bookmarkStart"):
            names.append(child.get(_w("name"), ""))
        elif child.tag == _w("p"):
            yield names, child
            # A picture bears the name, the caption behind it the number.
            if _style(child) != "CaptionedFigure":
                names = []


def _number_captions(body: ET.Element, identifiers: Iterator[int]) -> dict[str, tuple[str, str, str]]:
    """Number captions by fields; return by name the bookmarks of label and number, and the label's word."""
    marks = {}
    last = dict.fromkeys(SEQUENCES, 0)
    for names, paragraph in _named_paragraphs(body):
        name = next((name for name in names if name.partition("-")[0] in SEQUENCES), None)
        first = paragraph.find(_w("r"))
        if name is None or first is None or _style(paragraph) not in CAPTIONS:
            continue
        text = _text(first)
        label = _LABEL.fullmatch(text)
        if not label:
            continue
        word, number, rest = label.groups()
        kind = name.partition("-")[0]
        # A leading underscore hides a bookmark from Word's list; 40 characters are its limit.
        whole, bare = f"_Ref_{kind}_{number}", f"_Num_{kind}_{number}"
        bold = ("b", "bCs")
        # In a part of an article, such as a supplement, numbers go on from those of the part before.
        goes_on = int(number) == last[kind] + 1
        last[kind] = int(number)
        instruction = f"SEQ {SEQUENCES[kind]} \\* ARABIC" + ("" if goes_on else f" \\r {number}")
        runs = _bookmark(
            whole,
            identifiers,
            _words(word, bold),
            *_bookmark(bare, identifiers, *_field(instruction, number, bold)),
        )
        # What stands behind the number, a colon or another sign.
        sign = rest[:1].strip()
        runs += [_words(sign, bold), _words(rest.removeprefix(sign))]
        _replace(paragraph, first, runs)
        marks[name] = (whole, bare, word)
    return marks


def _mark_headings(body: ET.Element, identifiers: Iterator[int]) -> dict[str, tuple[str, str, str]]:
    """Put bookmarks round the numbers of the sections that bear a name."""
    marks = {}
    for names, paragraph in _named_paragraphs(body):
        name = next((name for name in names if name.startswith("sec-")), None)
        first = paragraph.find(_w("r"))
        if name is None or first is None or not _style(paragraph).startswith("Heading"):
            continue
        # Quarto writes number and title as one text.
        found = _NUMBERED.match(_text(first))
        if not found:
            continue
        number, end = found[1], _text(first)[found.end() :]
        look = first.find(_w("rPr"))
        bare = f"_Num_sec_{number.replace('.', '_')}"
        runs = _bookmark(bare, identifiers, _words(number)) + ([_words(end)] if end else [])
        for run in runs:
            if look is not None and run.tag == _w("r"):
                run.insert(0, look)
        _replace(paragraph, first, runs)
        marks[name] = ("", bare, "")
    return marks


def _replace(parent: ET.Element, child: ET.Element, others: list[ET.Element]) -> None:
    place = list(parent).index(child)
    parent[place : place + 1] = others


def _refer(root: ET.Element, marks: dict[str, tuple[str, str, str]]) -> None:
    """Make fields of the links to what is numbered."""
    for parent in root.iter():
        for link in parent.findall(_w("hyperlink")):
            mark = marks.get(link.get(_w("anchor"), ""))
            found = _NUMBER.fullmatch(_text(link))
            if mark is None or found is None:
                continue
            whole, bare, word = mark
            text, number = found.groups()
            if whole and text == word:
                runs = _field(f"REF {whole} \\h", text + number)
            else:
                runs = ([_words(text)] if text else []) + _field(f"REF {bare} \\h", number)
            _replace(parent, link, runs)


# 2. Tables -------------------------------------------------------------------------------------------------


def _text_width(section: ET.Element, *, landscape: bool) -> int:
    size, margins = section.find(_w("pgSz")), section.find(_w("pgMar"))
    assert size is not None, "the reference document has a page"
    assert margins is not None, "the reference document has margins"
    across = int(size.get(_w("h" if landscape else "w"), "0"))
    return across - int(margins.get(_w("left"), "0")) - int(margins.get(_w("right"), "0"))


def _tables(body: ET.Element) -> Iterator[tuple[ET.Element | None, ET.Element]]:
    """Return every table of the text with its caption."""
    caption = None
    for child in body:
        if child.tag == _w("p"):
            caption = child if _style(child) == "TableCaption" else None
        elif child.tag == _w("tbl"):
            yield caption, child
            caption = None


def _columns(table: ET.Element) -> list[ET.Element]:
    return table.findall(f"{_w('tblGrid')}/{_w('gridCol')}")


def _settle(table: ET.Element, caption: ET.Element | None, width: int) -> None:
    """Fix the widths of a table, keep its rows whole, and describe it.

    Its head stays with the first row, and its last two with the line of origin behind it.
    """
    widths = [round(int(column.get(_w("w"), "0")) * width / PANDOC_LINE) for column in _columns(table)]
    for column, wide in zip(_columns(table), widths, strict=True):
        column.set(_w("w"), str(wide))
    properties = table.find(_w("tblPr"))
    assert properties is not None, "a table of pandoc has properties"
    total = properties.find(_w("tblW"))
    if total is not None:
        total.attrib.update({_w("type"): "dxa", _w("w"): str(sum(widths))})
    if caption is not None:
        found = _CAPTION.fullmatch(_text(caption))
        label, described = found.groups() if found else (_text(caption), "")
        properties.append(_element("tblCaption", val=label.replace("\u00a0", " ")))
        properties.append(_element("tblDescription", val=described.strip()))
    rows = table.findall(_w("tr"))
    for place, row in enumerate(rows):
        of_row = row.find(_w("trPr"))
        if of_row is None:
            of_row = _element("trPr")
            row.insert(0, of_row)
        of_row.insert(0, _element("cantSplit"))
        for cell, wide in zip(row.findall(_w("tc")), widths, strict=False):
            of_cell = cell.find(_w("tcPr"))
            if of_cell is not None:
                of_cell.insert(0, _element("tcW", w=str(wide), type="dxa"))
            if of_row.find(_w("tblHeader")) is not None or place >= len(rows) - 2:
                for paragraph in cell.findall(_w("p")):
                    _keep_with_next(paragraph)


def _keep_with_next(paragraph: ET.Element) -> None:
    properties = paragraph.find(_w("pPr"))
    if properties is not None:
        properties.insert(1 if properties.find(_w("pStyle")) is not None else 0, _element("keepNext"))


# 3. Sections -----------------------------------------------------------------------------------------------


def _turn(body: ET.Element, final: ET.Element, width: int) -> None:
    """Lay the tables that are wider than the text on pages turned on their side, neighbours together."""
    children = list(body)[:-1]
    blocks: list[tuple[bool, list[ET.Element]]] = []
    place = 0
    while place < len(children):
        end = _end_of_wide(children, place, width)
        wide = end > place
        taken = children[place : max(end, place + 1)]
        # Marks between two wide tables do not part them.
        if blocks and blocks[-1][0] == wide:
            blocks[-1][1].extend(taken)
        else:
            blocks.append((wide, taken))
        place += len(taken)
    if not any(wide for wide, _ in blocks):
        return
    for child in children:
        body.remove(child)
    for number, (wide, taken) in enumerate(blocks):
        if number < len(blocks) - 1:
            taken.append(_break(final, wide))
        for child in taken:
            body.insert(len(body) - 1, child)


def _end_of_wide(children: list[ET.Element], start: int, width: int) -> int:
    """Return where the wide table ends whose caption or bookmark is at `start`, else `start`."""
    place = start
    while place < len(children) and children[place].tag in (_w("bookmarkStart"), _w("bookmarkEnd")):
        place += 1
    if place == len(children) or _style(children[place]) != "TableCaption":
        return start
    while place < len(children) and children[place].tag != _w("tbl"):
        place += 1
    if (
        place == len(children)
        or sum(int(c.get(_w("w"), "0")) for c in _columns(children[place])) <= width * 1.02
    ):
        return start
    place += 1
    while place < len(children) and _style(children[place]) == "Provenance":
        place += 1
    return place


def _break(final: ET.Element, landscape: bool) -> ET.Element:
    """Return the paragraph that ends a section, as small as it can be."""
    section = ET.fromstring(ET.tostring(final))
    if landscape:
        size = section.find(_w("pgSz"))
        assert size is not None, "the reference document has a page"
        size.attrib.update(
            {_w("w"): size.get(_w("h"), ""), _w("h"): size.get(_w("w"), ""), _w("orient"): "landscape"}
        )
    spacing = _element("spacing", before="0", after="0", line="20", lineRule="exact")
    return _element("p", _element("pPr", spacing, section))


# 4. Tracked changes ----------------------------------------------------------------------------------------


def _track(root: ET.Element) -> None:
    """Let paragraphs and rows of which all came, or all went, come and go with their ends.

    Pandoc marks words only: whoever took its changes back would keep empty paragraphs and rows.
    """
    for row in root.iter(_w("tr")):
        whole, properties = _fate(row.iter(_w("p"))), row.find(_w("trPr"))
        if whole is not None and properties is not None:
            properties.append(ET.Element(whole.tag, whole.attrib))
    cells = {paragraph for cell in root.iter(_w("tc")) for paragraph in cell.iter(_w("p"))}
    for paragraph in root.iter(_w("p")):
        whole, properties = _fate([paragraph]), paragraph.find(_w("pPr"))
        # A cell has a paragraph at least.
        if whole is None or properties is None or paragraph in cells:
            continue
        tags = [child.tag for child in properties]
        place = tags.index(_w("sectPr")) if _w("sectPr") in tags else len(tags)
        mark = _element("rPr")
        mark.append(ET.Element(whole.tag, whole.attrib))
        properties.insert(place, mark)
    # Pandoc counts insertions and deletions apart.
    for number, change in enumerate([*root.iter(_w("ins")), *root.iter(_w("del"))]):
        change.set(_w("id"), str(number))


def _fate(paragraphs: Iterable[ET.Element]) -> ET.Element | None:
    """Return the change that all words of some paragraphs came or went with; None where they did not."""
    silent = {_w("pPr"), _w("bookmarkStart"), _w("bookmarkEnd")}
    words = [child for paragraph in paragraphs for child in paragraph if child.tag not in silent]
    tags = {child.tag for child in words}
    return words[0] if tags in ({_w("ins")}, {_w("del")}) else None
