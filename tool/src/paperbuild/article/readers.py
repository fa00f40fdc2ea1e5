"""What a typeset document says, read back from its file, for comparing two builds of it."""

from __future__ import annotations

import html
import html.parser
import re
from pathlib import Path


class _Text(html.parser.HTMLParser):
    """Text of a page, without scripts, their parts, styles and drawings; one line a block."""

    SILENT = frozenset({"script", "template", "style", "svg", "head"})
    BLOCKS = frozenset("p div li tr h1 h2 h3 h4 h5 h6 figcaption caption section br td th dt dd".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Fall silent inside drawings and styles; break the line before a block."""
        self.silent += tag in self.SILENT
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Speak again after a drawing or style."""
        self.silent -= tag in self.SILENT and self.silent > 0

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        if not self.silent:
            self.parts.append(data)


def html_text(path: Path) -> str:
    """Return the text of a page, a line a block."""
    # Embedded pictures are long and hold no text.
    page = re.sub(r'"data:[^"]*"', '""', path.read_text(encoding="utf-8"))
    parser = _Text()
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
