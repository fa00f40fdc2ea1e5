"""An edited document brought home: the source that each change belongs to, and what is no edit of the source.

What the build made (see `paperbuild.article.alignment`) is not the document's to change: whoever types over a
number is told which notebook and cell computes it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paperbuild.article.alignment import STRAIGHT, Aligned, Made, match
from paperbuild.article.blocks import Block, blocks
from paperbuild.article.languages import root_names
from paperbuild.article.text import Article
from paperbuild.article.tracked import BREAK, OBJECT, Comment, Edited, Hand, Paragraph, Piece
from paperbuild.ground.errors import PaperError
from paperbuild.ground.gitrepo import merge_file
from paperbuild.project.layout import ANALYSIS
from paperbuild.project.manifest import Manifest

_META = re.compile(r"\{\{<\s*meta\s+(?P<key>\S+)\s*>\}\}")
# Citations that a co-author types are meant as such; everything else that Markdown would read is escaped.
_CITATION = re.compile(r"(\[[^\[\]]*@[\w:.-]+[^\[\]]*\])")
_SPECIAL = re.compile(r"([\\`*_$<\[\]{])")
_AROUND = 60


@dataclass(frozen=True)
class Edit:
    """A change of the source.

    Attributes
    ----------
    block : Block
        Where.
    start, end : int
        The stretch of its file that is replaced.
    new : str
        By what.
    hands : tuple of Hand
        Whose change it is.
    said : str
        The change as it stands in the document.
    drops : tuple of str
        What it takes out of the text along with the words: numbers, citations.
    """

    block: Block
    start: int
    end: int
    new: str
    hands: tuple[Hand, ...]
    said: str
    drops: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """File and line."""
        return self.block.where(self.start)


@dataclass(frozen=True)
class Remark:
    """A comment with the place in the source that it belongs to.

    Attributes
    ----------
    comment : Comment
        What was said, by whom.
    on : str
        The words it was put to.
    block : Block or None
        The block that these words stand in.
    place : str
        File and line; empty where they stand in none.
    """

    comment: Comment
    on: str
    block: Block | None
    place: str


@dataclass(frozen=True)
class Review:
    """What an edited document holds.

    Attributes
    ----------
    edits : tuple of Edit
        Changes of the prose, in the order of the text.
    held : tuple of PaperError
        Changes that are no edits of the source, or could not be placed.
    remarks : tuple of Remark
        Comments.
    """

    edits: tuple[Edit, ...]
    held: tuple[PaperError, ...]
    remarks: tuple[Remark, ...]


def edition_of(edited: Edited, editions: Mapping[str, Article]) -> str:
    """Return the language of the edition that a document was built from; empty for the article itself.

    Word processors drop what they do not know, so the words tell.

    Parameters
    ----------
    edited : Edited
        The document.
    editions : mapping of str to Article
        The article and its further editions, by language.
    """
    said = _words(paragraph.before for paragraph in edited.paragraphs)

    def shared(language: str) -> int:
        return len(said & _words(one.text for one in editions[language].written))

    return max(editions, key=shared)


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in re.findall(r"[^\W\d_]+", text))


def review(edited: Edited, article: Article, manifest: Manifest, name: str) -> Review:
    """Return what the edits of a document mean for the source it was built from.

    Parameters
    ----------
    edited : Edited
        The document.
    article : Article
        The source it was built from.
    manifest : Manifest
        What that state of the project recorded: who makes each number, table and figure.
    name : str
        What the document is called in messages.
    """
    return _Reviewer(edited, article, manifest, name).review()


class _Reviewer:
    def __init__(self, edited: Edited, article: Article, manifest: Manifest, name: str) -> None:
        self.edited, self.manifest, self.name = edited, manifest, name
        self.source = blocks(article)
        self.matched = match(edited.paragraphs, self.source)
        self.edits: list[Edit] = []
        self.held: list[PaperError] = []

    def review(self) -> Review:
        paragraphs = self.edited.paragraphs
        for at, paragraph in enumerate(paragraphs):
            block = self.matched.get(at)
            for hand in dict.fromkeys(paragraph.restyled):
                where = block.place if block else self.near(at)
                self.hold(
                    f"{hand}: the look of “{_short(paragraph.before)}” was changed", where, "words only"
                )
            if not paragraph.changed:
                continue
            if paragraph.table:
                self.in_table(at, paragraph)
            elif block is not None:
                self.in_block(at, paragraph, block)
            elif paragraph.before.strip() == OBJECT:
                self.picture(at, paragraph)
            elif not paragraph.before.strip(f" {OBJECT}") and paragraph.after.strip():
                self.new_paragraph(at, paragraph)
            else:
                self.unplaced(at, paragraph)
        remarks = tuple(self.remark(comment) for comment in self.edited.comments)
        return Review(tuple(self.edits), tuple(self.held), remarks)

    # What is held ------------------------------------------------------------------------------------------

    def hold(self, message: str, where: str, expected: str = "", remedy: str = "") -> None:
        self.held.append(PaperError(message, where=where, expected=expected, remedy=remedy))

    def near(self, at: int) -> str:
        """The place of the nearest block before a paragraph; the document itself where there is none."""
        block = next((self.matched[place] for place in range(at, -1, -1) if place in self.matched), None)
        return block.place if block else self.name

    def in_table(self, at: int, paragraph: Paragraph) -> None:
        """A change inside a table: never an edit, since its notebook or its file makes it."""
        block = next((self.matched[place] for place in range(at, -1, -1) if place in self.matched), None)
        name = block.float if block else ""
        stem = name.partition("-")[2]
        entry = next(
            (
                one
                for one in self.manifest.outputs
                if Path(one["path"]).stem == stem and one.get("kind") == "table"
            ),
            None,
        )
        who = f"{_hands(paragraph)} changed a cell of {name or 'a table'}: {_told(paragraph)}"
        if entry:
            self.hold(
                who,
                block.place if block else self.name,
                "cells as the notebook computes them",
                f"{_cell(entry)} makes {entry['path']}: change the code or its data",
            )
        else:
            self.hold(who, block.place if block else self.name, "an edit of the table in the source by hand")

    def picture(self, at: int, paragraph: Paragraph) -> None:
        """A picture that was taken out or replaced; its caption follows it."""
        places = range(at + 1, len(self.edited.paragraphs))
        block = next((self.matched[place] for place in places if place in self.matched), None)
        target = (
            next((one.target for one in block.text.figures if one.identifier == block.float), "")
            if block
            else ""
        )
        entry = next(
            (one for one in self.manifest.outputs if Path(one["path"]).stem == Path(target).stem), None
        )
        self.hold(
            f"{_hands(paragraph)} took out or replaced the picture of {block.float if block else 'a figure'}",
            block.place if block else self.name,
            "the figure as its notebook drew it",
            f"{_cell(entry)} draws it" if entry else "change it in the source",
        )

    def unplaced(self, at: int, paragraph: Paragraph) -> None:
        near = self.near(at)
        self.hold(
            f"{_hands(paragraph)}: {_told(paragraph)}",
            self.name,
            "a paragraph that stands in the source",
            f"the text before it ends near {near}; take the change over by hand",
        )

    # What is placed ----------------------------------------------------------------------------------------

    def new_paragraph(self, at: int, paragraph: Paragraph) -> None:
        """A paragraph that has no neighbour in its own stretch goes behind the block before it."""
        block = next((self.matched[place] for place in range(at, -1, -1) if place in self.matched), None)
        if block is None or block.float or block.front:
            self.unplaced(at, paragraph)
            return
        new = BREAK + _markdown(paragraph.pieces, block).strip()
        self.edits.append(
            Edit(block, block.end, block.end, new, _all_hands(paragraph), f"new: “{_short(paragraph.after)}”")
        )

    def in_block(self, at: int, paragraph: Paragraph, block: Block) -> None:
        aligned = Aligned(block, paragraph.before)
        gone = not paragraph.after.strip()
        if gone and paragraph.before.strip():
            if block.float:
                message = f"{_hands(paragraph)} took out the caption of {block.float}"
                self.hold(
                    message, block.place, "a figure or table leaves as a whole", "remove it in the source"
                )
                return
            self.remove(paragraph, block)
            return
        for change in _changes(paragraph):
            for part in self.parts(aligned, change):
                self.place(aligned, part)
        if paragraph.joined:
            self.join(at, paragraph, block)

    def remove(self, paragraph: Paragraph, block: Block) -> None:
        """Take out a block with the empty lines behind it."""
        text = block.text.text
        end = block.end + len(text[block.end :]) - len(text[block.end :].lstrip("\n"))
        drops = tuple(dict.fromkeys(_made(block.raw, block)))
        said = f"“{_short(paragraph.before)}” taken out"
        self.edits.append(Edit(block, block.start, end, "", _all_hands(paragraph), said, drops))

    def join(self, at: int, paragraph: Paragraph, block: Block) -> None:
        """Two paragraphs that have become one."""
        following = self.matched.get(at + 1)
        assert paragraph.joined is not None, "the mark went by somebody's hand"
        if (
            following is None
            or following.text is not block.text
            or block.text.text[block.end : following.start].strip()
        ):
            self.hold(
                f"{paragraph.joined} joined this paragraph with the next",
                block.place,
                "two paragraphs that follow each other in one file",
                "join them by hand",
            )
        elif self.edited.paragraphs[at + 1].after.strip():
            said = f"joined with “{_short(self.edited.paragraphs[at + 1].before)}”"
            self.edits.append(Edit(block, block.end, following.start, "\n", (paragraph.joined,), said))

    def parts(self, aligned: Aligned, change: Change) -> Iterator[Change]:
        """A change as it is, or word by word where the build made some of what was typed over."""
        if change.old and change.new and aligned.made_in(change.start, change.end):
            yield from change.by_word()
        else:
            yield change

    def place(self, aligned: Aligned, change: Change) -> None:
        block, said = aligned.block, change.said
        made = aligned.made_in(change.start, change.end)
        whole = all(change.start <= one.start and one.end <= change.end for one in made)
        words = any(aligned.at[at] is not None for at in range(change.start, change.end))
        if made and not (whole and words and not change.new.strip()):
            for one in made:
                self.hold_made(aligned, one, change)
            return
        found = aligned.source(change.start, change.end)
        if BREAK in change.new and (block.is_one or block.is_heading):
            if block.is_one or change.end < len(aligned.before):
                self.hold(
                    f"{_named(change.hands)}: {said}",
                    block.where(aligned.nearest(change.start)),
                    "a caption, a title or a heading of one paragraph",
                    "put the new paragraph into the source by hand, where it belongs",
                )
                return
            found = block.end, block.end
        if found is None:
            self.hold(
                f"{_named(change.hands)}: {said}",
                block.where(aligned.nearest(change.start)),
                "a change that takes in Markdown's marks as a whole, or leaves them whole",
                "take the change over by hand",
            )
            return
        start, end = found
        if not change.new:
            # Two blanks in a row, or one at the end of a line, say nothing in Markdown.
            text = block.text.text
            while start > block.start and text[start - 1] == " " and text[end : end + 1] in ("", " ", "\n"):
                start -= 1
        drops = tuple(name for one in made for name in _made(one.source, None) or (one.text.strip(),))
        new = _markdown(change.pieces, block)
        # Not a word but a passage rests on a result: its author decides whether it still says the same.
        said += f" (in a passage that rests on {block.rests})" if block.rests else ""
        self.edits.append(Edit(block, start, end, new, change.hands, said, drops))

    def hold_made(self, aligned: Aligned, one: Made, change: Change) -> None:
        """Tell who makes what was typed over."""
        block = aligned.block
        where = block.where(one.start_in_source)
        conditions = [
            cond
            for start, end, cond in block.bound
            if start < one.end_in_source and one.start_in_source < end
        ]
        told = f"{_named(change.hands)}: {change.said}"
        keys = [key for key in _made(one.source, None) if _name_of(key)]
        keys += [name for name in self.manifest.numbers for cond in conditions if name in cond]
        cells = [f"{_cell(entry)} computes {key}" for key in keys if (entry := self.number(key))]
        if conditions:
            self.hold(
                f"{told}, which rests on {conditions[0]}",
                where,
                "the words that the results give",
                "; ".join(cells),
            )
        elif cells or keys:
            names = ", ".join(keys)
            remedy = "; ".join(cells) or "the build records it"
            self.hold(f"{told}, which is {names}", where, "the number as it was computed", remedy)
        elif OBJECT in one.text and block.float.startswith("fig-"):
            self.hold(f"{told}, which is {block.float}", where, "the figure as its notebook drew it")
        else:
            source = " ".join(one.source.split()) or "the build"
            self.hold(
                f"{told}, which is made from {source}", where, "words of the source", "edit the source there"
            )

    def number(self, key: str) -> Mapping[str, object] | None:
        """What the manifest says of a number, by the key that the text binds it with."""
        return self.manifest.numbers.get(_name_of(key) or key)

    def remark(self, comment: Comment) -> Remark:
        at = comment.paragraph
        if not 0 <= at < len(self.edited.paragraphs):
            return Remark(comment, "", None, "")
        paragraph = self.edited.paragraphs[at]
        on, block = paragraph.before[comment.start : comment.end], self.matched.get(at)
        if block is not None:
            aligned = Aligned(block, paragraph.before)
            return Remark(comment, on, block, block.where(aligned.nearest(comment.start)))
        near = next((self.matched[place] for place in range(at, -1, -1) if place in self.matched), None)
        return Remark(comment, on, near if paragraph.table else None, near.place if near else "")


def _name_of(key: str) -> str:
    """Return the name of the number that a key binds (``n.name``, ``w-gen.name``); nothing for other keys."""
    root, _, name = key.partition(".")
    return name if root in root_names() else ""


def _made(source: str, block: Block | None) -> list[str]:
    """What a stretch of source puts in: keys of numbers, citations, conditions of words."""
    names = [match["key"] for match in _META.finditer(source)]
    names += re.findall(r"@[\w:.-]*\w", source)
    return names + ([condition for *_, condition in block.bound] if block else [])


# Changes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What became of a stretch of a paragraph.

    Attributes
    ----------
    start, end : int
        The stretch of its text before the edits.
    old : str
        That stretch.
    pieces : tuple of Piece
        What stands there now.
    hands : tuple of Hand
        Whose change it is.
    """

    start: int
    end: int
    old: str
    pieces: tuple[Piece, ...]
    hands: tuple[Hand, ...] = field(default=())

    @property
    def new(self) -> str:
        """The text that stands there now."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def said(self) -> str:
        """The change in words."""
        return _arrow(self.old, self.new)

    def by_word(self) -> Iterator[Change]:
        """Yield the change word by word, without the words that stayed."""
        old, new = (re.findall(r"[\w.,−-]*\w|\s+|[^\w\s]", text) for text in (self.old, self.new))
        starts = [self.start]
        for word in old:
            starts.append(starts[-1] + len(word))
        for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind != "equal":
                pieces = (Piece("".join(new[c:d]), "came"),) if d > c else ()
                yield Change(starts[a], starts[b], "".join(old[a:b]), pieces, self.hands)


def _changes(paragraph: Paragraph) -> Iterator[Change]:
    """Return the stretches of a paragraph that changed, with all that stands in their place."""
    place = start = 0
    pieces: list[Piece] = []
    went = ""
    for piece in [*paragraph.pieces, Piece("")]:
        if piece.fate == "kept":
            if went or pieces:
                came = tuple(one for one in pieces if one.fate == "came")
                hands = tuple(dict.fromkeys(one.hand for one in pieces if one.hand))
                yield Change(start, place, went, came, hands)
            place += len(piece.text)
            start, pieces, went = place, [], ""
        else:
            pieces.append(piece)
            if piece.fate == "went":
                went += piece.text
                place += len(piece.text)


def _markdown(pieces: Sequence[Piece], block: Block) -> str:
    """Return text that came as Markdown: its marks, what Markdown would misread escaped."""
    told = []
    for piece in pieces:
        if piece.fate == "went":
            continue
        parts = _CITATION.split(piece.text)
        # Every other part is a citation.
        text = "".join(
            part if number % 2 else _SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts)
        )
        if not block.front:
            text = text.translate(STRAIGHT)
        if piece.mark and text.strip():
            bare = text.strip()
            text = text.replace(bare, f"{piece.mark}{bare}{piece.mark}", 1)
        told.append(text)
    last = block.raw.rpartition("\n")[2]
    margin = last[: len(last) - len(last.lstrip())] if block.front else ""
    return "".join(told).replace("\n", f"\n{margin}")


def _hands(paragraph: Paragraph) -> str:
    return _named(_all_hands(paragraph))


def _all_hands(paragraph: Paragraph) -> tuple[Hand, ...]:
    hands = [piece.hand for piece in paragraph.pieces if piece.hand]
    return tuple(dict.fromkeys([*hands, *([paragraph.joined] if paragraph.joined else [])]))


def _named(hands: Sequence[Hand]) -> str:
    return "; ".join(str(hand) for hand in hands) or str(Hand())


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _AROUND else f"{words[: _AROUND - 1].rstrip()}…"


def _arrow(old: str, new: str) -> str:
    if not old.strip():
        return f"“{_short(new)}” put in"
    return f"“{_short(old)}” → “{_short(new)}”" if new.strip() else f"“{_short(old)}” taken out"


def _told(paragraph: Paragraph) -> str:
    return "; ".join(change.said for change in _changes(paragraph)) or "joined with the next paragraph"


def _cell(entry: Mapping[str, object]) -> str:
    return f"{ANALYSIS}/{entry.get('notebook')}.ipynb, cell {entry.get('cell')},"


# Home ------------------------------------------------------------------------------------------------------


def comment_edits(remarks: Sequence[Remark]) -> tuple[list[Edit], list[Remark]]:
    """Return comments as edits that put HTML comments before their blocks, and those without such a place."""
    edits, rest = [], []
    for remark in remarks:
        block = remark.block
        if block is None or block.front:
            rest.append(remark)
            continue
        on = f" on “{_short(remark.on)}”" if remark.on.strip() else ""
        said = " ".join(remark.comment.text.split()).replace("--", "–")
        note = f"<!-- {remark.comment.hand}{on}: {said} -->"
        # A comment between two items would part the list.
        at, new = (block.end, note) if block.is_item else (block.start, f"{note}\n\n")
        edits.append(Edit(block, at, at, new, (remark.comment.hand,), f"comment: {_short(said)}"))
    return edits, rest


def bring_home(edits: Sequence[Edit], current: Mapping[str, str]) -> tuple[dict[str, str], list[Edit]]:
    """Put edits into the source as it stands now; each alone, so that one that collides stops no other.

    Parameters
    ----------
    edits : sequence of Edit
        Of the source that the document was built from.
    current : mapping of str to str
        The files as they stand, by path.

    Returns
    -------
    tuple of dict and list
        The files with the edits, and the edits at whose place the source says something else by now.
    """
    texts, collided = dict(current), []
    for path in dict.fromkeys(edit.block.text.path for edit in edits):
        taken: list[Edit] = []
        for edit in (edit for edit in edits if edit.block.text.path == path):
            original = edit.block.text.text
            base = _applied(original, taken)
            merged = merge_file(texts.get(path, ""), base, _applied(original, [*taken, edit]))
            if merged is None:
                collided.append(edit)
            else:
                texts[path] = merged
                taken.append(edit)
    return texts, collided


def _applied(text: str, edits: Sequence[Edit]) -> str:
    # The last first, so that the offsets of the others stay true; of two at one place the first is in front.
    for edit in sorted(reversed(edits), key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text
