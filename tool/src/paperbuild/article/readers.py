"""What a typeset document says, read back from its file, for comparing two builds of it.

The formats name these functions in every build, so they import themselves what reading takes.
"""

from __future__ import annotations

import re
from pathlib import Path


def html_text(path: Path) -> str:
    """Return the text of a page, a line a block."""
    from paperbuild.article.visible import VisibleText

    # Embedded pictures are long and hold no text.
    page = re.sub(r'"data:[^"]*"', '""', path.read_text(encoding="utf-8"))
    parser = VisibleText()
    parser.feed(page)
    return "".join(parser.parts)


# Lines and curves of a PDF's drawings: `x y m`, `x y l`, six numbers and `c`.
_STROKES = re.compile(rb"(?:-?[\d.]+\s){2}(?:(?:-?[\d.]+\s){4}c|[ml])\s")


def pdf_text(path: Path) -> str:
    """Return the text of a PDF, a line a printed line."""
    import pypdf
    from pypdf.generic import DecodedStreamObject, NameObject

    texts = []
    for page in pypdf.PdfReader(path).pages:
        # A map is a million bytes of strokes on its page, and reading each of them takes five times as long.
        if (drawn := page.get_contents()) is not None:
            content = DecodedStreamObject()
            content.set_data(_STROKES.sub(b"", drawn.get_data()))
            page[NameObject("/Contents")] = content
        texts.append(page.extract_text())
    return "\n".join(texts)


def docx_text(path: Path) -> str:
    """Return the text of a DOCX, a line a paragraph: body, notes, headers and footers."""
    import html
    import zipfile

    with zipfile.ZipFile(path) as archive:
        parts = [
            archive.read(name).decode("utf-8")
            for name in sorted(archive.namelist())
            if re.fullmatch(r"word/(document|footnotes|endnotes|header\d*|footer\d*)\.xml", name)
        ]
    paragraphs = re.split(r"</w:p>", "".join(parts))
    texts = ("".join(re.findall(r"<[wm]:t(?:\s[^>]*)?>([^<]*)<", paragraph)) for paragraph in paragraphs)
    return html.unescape("\n".join(texts))
