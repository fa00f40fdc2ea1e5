"""What tests ask of a printed article: where the rows of its tables stand and how full its pages are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from pypdf import PdfReader

Interval = tuple[float, float]

LINE = 10.0
"""Height of a line of text, in points: near enough for what a page leaves empty."""


def kids(element: Any) -> list[Any]:
    """Return what an element of the structure tree holds."""
    found = element.get("/K", [])
    return [kid.get_object() for kid in (found if isinstance(found, list) else [found])]


def structure(element: Any) -> Iterator[Any]:
    """Every element of a PDF's structure tree, or below one of its elements, in the order of reading."""
    for kid in kids(element):
        if hasattr(kid, "keys") and "/S" in kid:
            yield kid
            yield from structure(kid)


def tables(pdf: PdfReader) -> list[list[set[int]]]:
    """Return for each table the pages, from 1, on which each row of its body stands."""
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(pdf.pages, 1)}

    def pages(element: Any, page: int | None = None) -> set[int]:
        if "/Pg" in element:
            page = numbers[element.raw_get("/Pg").idnum]
        found = set()
        for kid in kids(element):
            if isinstance(kid, int) or kid.get("/Type") == "/MCR":
                own = "/Pg" in kid if not isinstance(kid, int) else False
                found.add(numbers[kid.raw_get("/Pg").idnum] if own else page)
            elif "/S" in kid:
                found |= pages(kid, page)
        return found - {None}

    return [
        [pages(row) for part in kids(table) if part["/S"] != "/THead" for row in structure_rows(part)]
        for table in structure(pdf.trailer["/Root"]["/StructTreeRoot"])
        if table["/S"] == "/Table"
    ]


def structure_rows(part: Any) -> list[Any]:
    """Return the rows of a part of a table, or the row that stands in its place."""
    return [part] if part["/S"] == "/TR" else kids(part)


def runs(rows: list[set[int]]) -> list[int]:
    """Return how many rows of a table stand on each page that it has, one after another."""
    return [len(list(group)) for _, group in itertools.groupby(min(pages) for pages in rows if pages)]


def texts(page: Any) -> list[tuple[str, float, float]]:
    """Return the pieces of text on a page, each with where it begins: points from left and from below."""
    return read(page, None)


def read(page: Any, drawn: Callable[..., None] | None) -> list[tuple[str, float, float]]:
    """Return the texts of a page (see `texts`); what is drawn is told to `drawn` meanwhile."""
    found = []

    def visit(text: str, matrix: Any, own: Any, _font: Any, _size: float) -> None:
        if text.strip():
            left = own[4] * matrix[0] + own[5] * matrix[2] + matrix[4]
            found.append((text, left, own[4] * matrix[1] + own[5] * matrix[3] + matrix[5]))

    page.extract_text(visitor_text=visit, visitor_operand_before=drawn)
    return found


def holes(page: Any, top: float, bottom: float) -> list[Interval]:
    """Return the parts of a page without text or drawing, from its top, in points, the tallest first.

    Parameters
    ----------
    page : pypdf.PageObject
        The page.
    top, bottom : float
        Its margins in points, which do not count.
    """
    height = float(page.mediabox.height)
    inked: list[Interval] = []

    def drawn(operator: bytes, operands: Any, matrix: Any, _own: Any) -> None:
        if operator in (b"m", b"l", b"c", b"re"):
            numbers = [float(value) for value in operands]
            across = [numbers[1], numbers[1] + numbers[3]] if operator == b"re" else [numbers[-1]]
        elif operator == b"Do":
            across = [0, 1]
        else:
            return
        places = [height - (value * matrix[3] + matrix[5]) for value in across]
        inked.append((min(places), max(places)))

    inked += [(height - base - LINE, height - base) for _, _, base in read(page, drawn)]
    found, reached = [], top
    for begins, ends in sorted(inked):
        if begins < height - bottom:
            if begins > reached:
                found.append((reached, begins))
            reached = max(reached, ends)
    found.append((reached, max(reached, height - bottom)))
    return sorted(found, key=lambda hole: hole[0] - hole[1])
