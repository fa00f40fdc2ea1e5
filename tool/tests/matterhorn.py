"""Rules of PDF/UA-1 that can be looked up in a file, numbered as the Matterhorn Protocol 1.1 numbers them.

A rule of the standard that the protocol does not number bears its clause: UA1 is ISO 14289-1. veraPDF,
which checks them all, comes on no package index. What only a person can judge (does the alternative text say
what is seen?) is not here; nor is what hangs on the bytes of a font.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ContentStream

from printed import kids, structure

# ISO 32000-1, 14.8.4: the standard structure types.
STANDARD = set(
    "Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 "
    "L LI Lbl LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot "
    "Ruby RB RT RP Warichu WT WP Figure Formula Form".split()
)
# Which parts may hold which (09-004 of tables, 09-005 of lists).
PARENTS = {
    "TR": {"Table", "THead", "TBody", "TFoot"},
    "TH": {"TR"},
    "TD": {"TR"},
    "THead": {"Table"},
    "TBody": {"Table"},
    "TFoot": {"Table"},
    "LI": {"L"},
    "Lbl": {"LI", "Note", "Reference", "P", "Div"},
    "LBody": {"LI"},
}
PAINTS = {
    b"S",
    b"s",
    b"f",
    b"F",
    b"f*",
    b"B",
    b"B*",
    b"b",
    b"b*",
    b"Tj",
    b"TJ",
    b"'",
    b'"',
    b"sh",
    b"Do",
    b"BI",
}


def breaches(pdf: PdfReader) -> list[str]:
    """Return what a PDF breaks, each with the number of its checkpoint."""
    return [*_document(pdf), *_tree(pdf), *_links(pdf), *_fonts(pdf)]


def _document(pdf: PdfReader) -> Iterator[str]:
    root = pdf.trailer["/Root"]
    said = root["/Metadata"].get_data().decode("utf-8") if "/Metadata" in root else ""
    marks, shown = root.get("/MarkInfo", {}), root.get("/ViewerPreferences", {}).get("/DisplayDocTitle")
    if not _is_true(marks.get("/Marked")):
        yield "UA1:6.2 the document is not marked as tagged"
    if _is_true(marks.get("/Suspects")):
        yield "01-007 the document calls its own tags suspect"
    if not said:
        yield "06-001 the document has no metadata"
    if "<pdfuaid:part>1</pdfuaid:part>" not in said:
        yield "06-002 the metadata do not say PDF/UA-1"
    if not re.search(r"<dc:title>.*?\S.*?</dc:title>", said, re.DOTALL):
        yield "06-003 the metadata have no title"
    if shown is None:
        yield "07-001 nothing says whether a window shows the title"
    elif not _is_true(shown):
        yield "07-002 the title is not what a window shows"
    if not str(root.get("/Lang", "")):
        yield "11-006 the document has no language"
    layers = root.get("/OCProperties", {})
    for rule, found in (
        ("20-001", layers.get("/Configs", [])),
        ("20-002", [layers.get("/D", {"/Name": "-"})]),
    ):
        if not all(one.get("/Name") for one in found):
            yield f"{rule} a choice of layers without a name"
    if "/XFA" in root.get("/AcroForm", {}):
        yield "25-001 a form that may be dynamic"


def _is_true(value: Any) -> bool:
    """Whether an entry is there and true: pypdf's own objects are true in Python whatever they say."""
    return bool(getattr(value, "value", False))


def _tree(pdf: PdfReader) -> Iterator[str]:
    tree = pdf.trailer["/Root"].get("/StructTreeRoot")
    if tree is None:
        yield "UA1:7.1 no structure tree"
        return
    roles = {str(key)[1:]: str(value)[1:] for key, value in tree.get("/RoleMap", {}).items()}
    levels, notes, identifiers = [], [], set()
    for element in structure(tree):
        kind = str(element["/S"])[1:]
        role = roles.get(kind, kind)
        if role not in STANDARD:
            yield f"02-001 {kind} is no standard type, nor mapped to one"
        if kind in STANDARD and kind in roles:
            yield f"02-004 the standard type {kind} is mapped to another"
        parent = element.get("/P", {}).get_object()
        held_by = str(parent.get("/S", "/"))[1:]
        if role in PARENTS and roles.get(held_by, held_by) not in PARENTS[role]:
            yield f"{'09-005' if role.startswith('L') else '09-004'} {role} in {held_by}"
        attributes = element.get("/A", [])
        attributes = [
            one.get_object() for one in (attributes if isinstance(attributes, list) else [attributes])
        ]
        if "/ID" in element:
            identifiers.add(str(element["/ID"]))
        if role in ("Figure", "Formula"):
            if not (str(element.get("/Alt", "")).strip() or str(element.get("/ActualText", "")).strip()):
                yield f"{'13-004' if role == 'Figure' else '17-002'} a {role} without alternative text"
            if role == "Figure" and not any("/BBox" in one for one in attributes):
                yield "UA1:7.3 a Figure without a place"
        if re.fullmatch(r"H\d", role):
            levels.append(int(role[1]))
        if role == "TH" and not any("/Scope" in one for one in attributes):
            yield "15-003 a head cell that does not say what it heads"
        if role == "TD":
            cells = [str(one) for found in attributes for one in found.get("/Headers", [])]
            if any(cell not in identifiers for cell in cells):
                yield "15-005 a cell that names a head which is not there"
        if role == "Note":
            notes.append(str(element.get("/ID", "")))
        if role == "Table":
            rows = [row for row in structure(element) if row["/S"] == "/TR"]
            if len({_width(row) for row in rows}) > 1:
                yield "UA1:7.2 rows of unequal width"
    if levels and levels[0] != 1:
        yield "14-002 the first heading is not of the first level"
    if any(after - before > 1 for before, after in itertools.pairwise(levels)):
        yield "14-003 a level of headings is skipped"
    if "" in notes:
        yield "19-003 a note without a name"
    if any(count > 1 for name, count in Counter(notes).items() if name):
        yield "19-004 two notes of one name"


def _width(row: Any) -> int:
    spans = 0
    for cell in kids(row):
        attributes = cell.get("/A", [])
        attributes = attributes if isinstance(attributes, list) else [attributes]
        spans += next((int(one["/ColSpan"]) for one in attributes if "/ColSpan" in one), 1)
    return spans


def _links(pdf: PdfReader) -> Iterator[str]:
    held = _parents(pdf)
    for number, page in enumerate(pdf.pages, 1):
        annotations = [one.get_object() for one in page.get("/Annots", [])]
        if annotations and "/Tabs" not in page:
            yield f"28-008 page {number}: its links have no order"
        elif annotations and page["/Tabs"] != "/S":
            yield f"28-009 page {number}: the order of its links is not that of the text"
        for one in annotations:
            if one["/Subtype"] == "/Link" and not str(one.get("/Contents", "")).strip():
                yield f"28-012 page {number}: a link without a description"
            if one["/Subtype"] == "/Link" and held.get(one.get("/StructParent")) != "/Link":
                yield f"28-011 page {number}: a link outside of a Link"
            if one.get("/A", {}).get("/S") == "/JavaScript":
                yield f"29-001 page {number}: a script, which may ask for keys in time"


def _parents(pdf: PdfReader) -> dict[int, str]:
    """Return the kind of element that holds what is known to the structure by a number: links, not pages."""
    found: dict[int, str] = {}

    def read(node: Any) -> None:
        for kid in node.get("/Kids", []):
            read(kid.get_object())
        entries = node.get("/Nums", [])
        for key, value in zip(entries[::2], entries[1::2], strict=True):
            element = value.get_object()
            if hasattr(element, "keys"):
                found[int(key)] = str(element["/S"])

    read(pdf.trailer["/Root"].get("/StructTreeRoot", {}).get("/ParentTree", {}))
    return found


def _fonts(pdf: PdfReader) -> Iterator[str]:
    seen = set()
    for page in pdf.pages:
        for reference in page["/Resources"].get("/Font", {}).values():
            font = reference.get_object()
            name = str(font["/BaseFont"])
            if name in seen:
                continue
            seen.add(name)
            below = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            descriptor = below.get("/FontDescriptor", {})
            if font["/Subtype"] != "/Type3" and not any(
                key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")
            ):
                yield f"31-009 the font {name} is not embedded"
            if below.get("/Subtype") == "/CIDFontType2" and "/CIDToGIDMap" not in below:
                yield f"31-005 the font {name} has no map to its glyphs"
            if "/ToUnicode" not in font:
                yield f"31-027 the font {name} does not say which letters it draws"


def untagged(pdf: PdfReader, page: Any) -> list[str]:
    """Return what a page paints outside of its structure and not as an artifact (01-005)."""
    found, depth = [], 0
    for operands, operator in ContentStream(page["/Contents"].get_object(), pdf).operations:
        if operator in (b"BDC", b"BMC"):
            marked = operands[0] == "/Artifact" or (len(operands) > 1 and "/MCID" in operands[1])
            depth += 1 if marked or depth else 0
        elif operator == b"EMC":
            depth = max(0, depth - 1)
        elif operator in PAINTS and not depth:
            found.append(f"01-005 {operator.decode('latin-1')} outside of the structure")
    return found
