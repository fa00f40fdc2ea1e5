"""What of an HTML page a reader sees."""

from __future__ import annotations

import html.parser


class VisibleText(html.parser.HTMLParser):
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
