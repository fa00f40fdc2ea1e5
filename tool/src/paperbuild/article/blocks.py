"""The article's source in blocks: what becomes one paragraph, heading, item or caption of a document."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from paperbuild.article.manuscript import Manuscript, blank, closing_bracket
from paperbuild.article.text import Article, include_target
from paperbuild.project.layout import edition, is_generated

CONDITIONS = ("when", "if", "count")
"""Attributes that bind a span's words to results."""
TOKEN = re.compile(r"\w+|[^\w\s]")
FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:")

_OPENS = re.compile(r"#{1,6}\s|\s*(?:[-*+]|\d+[.)]|\(?[a-z]\))\s|\||\[\^[^\]\s]+\]:")
_HEADING = re.compile(r"#{1,6}\s")
_VALUE = re.compile(r"\S+: *[^\s|>]")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
_INCLUDE = re.compile(r"\{\{<\s*include\s+(?P<path>.+?)\s*>\}\}")


@dataclass(frozen=True)
class Block:
    """A stretch of a source file.

    Attributes
    ----------
    text : Manuscript
        The file.
    start, end : int
        Offsets in it, without the last line end.
    float : str
        Name of the table or figure whose caption it is; empty elsewhere.
    front : bool
        Whether it stands in the front matter.
    """

    text: Manuscript = field(repr=False)
    start: int
    end: int
    float: str = ""
    front: bool = False

    @property
    def raw(self) -> str:
        """What the file says there."""
        return self.text.text[self.start : self.end]

    @property
    def place(self) -> str:
        """File and line of its beginning."""
        return self.where(self.start)

    def where(self, offset: int) -> str:
        """File and line of an offset."""
        return f"{self.text.path}:{self.text.line(offset)}"

    @property
    def is_note(self) -> bool:
        """Whether it is the text of a footnote."""
        return FOOTNOTE.match(self.raw) is not None

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a list."""
        return _ITEM.match(self.raw) is not None

    @property
    def is_heading(self) -> bool:
        """Whether it is a heading."""
        return not self.front and _HEADING.match(self.raw) is not None

    @property
    def is_one(self) -> bool:
        """Whether it is one paragraph for good: a caption, or a text in the line of its key (`title: …`)."""
        return bool(self.float) or (self.front and _VALUE.match(self.raw) is not None)

    @cached_property
    def bound(self) -> tuple[tuple[int, int, str], ...]:
        """Spans whose words rest on results, as (start, end, condition)."""
        found = []
        for one in self.text.attributes:
            condition = next((f'{key}="{one.values[key]}"' for key in CONDITIONS if key in one.values), "")
            if condition and self.start <= one.start < self.end:
                opens = [
                    at
                    for at in range(self.start, one.start)
                    if self.text.text[at] == "[" and closing_bracket(self.text.text, at) == one.start - 1
                ]
                found += [(opens[-1], one.end, condition)] if opens else []
        return tuple(found)

    @property
    def rests(self) -> str:
        """The condition of the passage that it stands in (``::: {when="…"}``); empty for none."""
        around = (div[2].values for div in self.text.divs if div[0] < self.start < div[1])
        return next((f'when="{values["when"]}"' for values in around if "when" in values), "")

    @cached_property
    def prose(self) -> str:
        """As long as `raw`, with all that is not the author's own words blanked."""
        masked = self.text.masked[self.start : self.end]
        for start, end, _ in self.bound:
            first, last = start - self.start, end - self.start
            masked = masked[:first] + blank(masked[first:last]) + masked[last:]
        return masked

    @cached_property
    def words(self) -> list[str]:
        """The author's own words, in order."""
        return re.findall(r"\w+", self.prose)


def blocks(article: Article) -> list[Block]:
    """Return the blocks that people wrote, in the order in which a document shows them.

    Parameters
    ----------
    article : Article
        One reading of the article and of all it includes.
    """
    entry = edition(article.edition)
    main = article.manuscript(entry)
    return [*_front(main), *_body(article, main, (entry,))] if main else []


def _front(text: Manuscript) -> Iterator[Block]:
    """Return titles and abstracts of the front matter, titles first, as documents have it."""
    entries = sorted(text.front_prose, key=lambda entry: ("title" not in entry[0], entry[0] != "title"))
    starts = _line_starts(text.text)
    for _, first, last in entries:
        start: int | None = None
        for number in range(first, last + 2):
            line = text.text[starts[number - 1] : starts[number] - 1] if number <= last else ""
            if line.strip() and start is None:
                start = starts[number - 1]
            elif not line.strip() and start is not None:
                yield Block(text, start, starts[number - 1] - 1, front=True)
                start = None


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]


def _body(article: Article, text: Manuscript, trail: tuple[str, ...]) -> Iterator[Block]:
    starts = _line_starts(text.text)
    begun: int | None = None
    end = text.front_end
    for first, after in itertools.pairwise(starts):
        if first < text.front_end:
            continue
        line, visible = text.text[first : after - 1], text.uncoded[first : after - 1].strip()
        include = _INCLUDE.fullmatch(visible)
        parts = not visible or visible.startswith(":::") or include is not None
        if begun is not None and (parts or _OPENS.match(line)):
            yield _block(text, begun, end)
            begun = None
        if include:
            target = include_target(text.path, include["path"])
            included = article.manuscript(target)
            if included and not is_generated(target) and target not in trail:
                yield from _body(article, included, (*trail, target))
        elif not parts:
            begun = first if begun is None else begun
            end = first + len(line)
            if line.startswith("#"):
                yield _block(text, begun, end)
                begun = None
    if begun is not None:
        yield _block(text, begun, end)


def _block(text: Manuscript, start: int, end: int) -> Block:
    own = (one.identifier for one in text.attributes if start <= one.start < end)
    around = (div[2].identifier for div in text.divs if div[0] < start < div[1])
    name = next((name for name in (*own, *around) if name.startswith(("fig-", "tbl-"))), "")
    return Block(text, start, end, name)
