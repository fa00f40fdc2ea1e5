"""Two versions of an article as one text: what came and what went since the older one, marked in it.

Both are pandoc's trees (`paperbuild.article.embedded.tree`). Blocks are paired in order by their names and
words, then the words of each pair; what is in one alone becomes a span of class ``insertion`` or
``deletion``, which pandoc writes into a DOCX as Word's own tracked changes and ``marked.lua`` into pages and
PDFs as colour. What went says what it said: its references keep their old numbers, its citations their words.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paperbuild.article.alignment import best_in_order, shared_words
from paperbuild.article.cells import paired_columns, paired_rows, simple_rows, table_of, with_cells
from paperbuild.article.references import labelled, reference, reference_key, refers
from paperbuild.article.tokens import CAME, SHARE, WENT, Token, paired_notes, rebuilt, stretches_of, tokens
from paperbuild.article.tracked import Hand
from paperbuild.article.tree import Node, div, identifier, nodes, para, plain, rewrite, span, text

AROUND = 12
"""Words and blanks round a change that a list of changes shows."""

_REFERENCES = "refs"
_FIXED = re.compile(rf"(?:fig|tbl|ref)-|{_REFERENCES}$")
_CERTAIN = 1_000_000


@dataclass(frozen=True)
class Stretch:
    """Words that went and words that came in their place; one of both may be empty.

    Attributes
    ----------
    went, came : str
        The words.
    before, after : str
        The words around them in the newer line, as many as tell where one is.
    """

    went: str
    came: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Edit:
    """One change, for whoever lists them.

    Attributes
    ----------
    section : str
        Headings above it, from the outermost, parted by ``›``; empty for the front matter.
    kind : str
        ``text``, ``heading``, ``keywords``, ``figure``, ``alternative text``, ``table`` or ``other``.
    name : str
        Of the figure or table; else empty.
    stretches : tuple of Stretch
        What went and came.
    """

    section: str
    kind: str
    name: str
    stretches: tuple[Stretch, ...]


@dataclass
class Marking:
    """Merges two versions; see the module.

    Attributes
    ----------
    hand : Hand
        Who made a change, and when, where `whose` does not say.
    whose : callable
        Returns the hand of a change by its fate, its words, and those of the paragraph or row that it stands
        in; None where it is not known.
    drew : callable
        Returns the hand of a picture that came or looks otherwise, by its name in the text without suffix.
    printed : mapping of str to mapping
        What references print, by `reference_key`: in the older version under `WENT`, in the newer under
        `CAME`.
    former : mapping of str to str
        For each picture of the older version that looks otherwise or is gone, by its name in the text without
        suffix, the name under which it is kept.
    edits : list of Edit
        Found so far.
    pictures : dict of str to str
        Pictures of the newer version that came (empty) or look otherwise (the older one), by name.
    """

    hand: Hand
    whose: Callable[[str, str, str], Hand | None] = lambda fate, said, near: None
    drew: Callable[[str], Hand | None] = lambda picture: None
    printed: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {CAME: {}, WENT: {}})
    former: Mapping[str, str] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    _trail: list[str] = field(default_factory=list)
    _near: str = ""
    _work: str = ""
    _floats: dict[str, dict[str, Node]] = field(default_factory=lambda: {CAME: {}, WENT: {}})

    def documents(self, old: Node, new: Node) -> Node:
        """Return the newer article with all marks; its metadata keeps those of the front matter apart."""
        marked: dict[str, Any] = {}
        for key in ("title", "subtitle", "abstract"):
            before, after = (_prepared(one["meta"].get(key)) for one in (old, new))
            if after is not None and plain(before or []) != plain(after):
                kind, merge = after["t"], self.blocks if after["t"] == "MetaBlocks" else self.inlines
                known = before["c"] if before is not None and before["t"] == kind else []
                self._near = plain([before, after])
                marked[key] = {"t": kind, "c": merge(known, after["c"])}
        if (keywords := self._keywords(*(one["meta"].get("keywords") for one in (old, new)))) is not None:
            marked["keywords"] = keywords
        earlier, later = (_prepared(one["blocks"]) for one in (old, new))
        self._floats = {side: _floats(blocks) for side, blocks in ((WENT, earlier), (CAME, later))}
        merged = self.blocks(earlier, later)
        told = {
            "front": {"t": "MetaMap", "c": marked},
            "pictures": {
                "t": "MetaMap",
                "c": {name: self._picture(name, former) for name, former in self.pictures.items()},
            },
        }
        return {**new, "meta": {**new["meta"], "marked": {"t": "MetaMap", "c": told}}, "blocks": merged}

    def _keywords(self, old: Node | None, new: Node | None) -> Node | None:
        """Return the list of keywords with those that went; None where they are the same."""
        left, right = ([plain(one) for one in side["c"]] if side else [] for side in (old, new))
        if left == right or new is None:
            return None
        self._near = " ".join([*left, *right])
        found: list[Node] = []
        stretches: list[Stretch] = []
        matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                found += new["c"][j1:j2]
                continue
            stretches.append(Stretch(", ".join(left[i1:i2]), ", ".join(right[j1:j2])))
            for words, fate in ((left[i1:i2], WENT), (right[j1:j2], CAME)):
                found += [{"t": "MetaInlines", "c": self._mark(text(word), fate)} for word in words]
        self._tell("keywords", "", *stretches)
        return {"t": "MetaList", "c": found}

    def _picture(self, name: str, former: str) -> Node:
        hand = self.drew(name) or self.hand
        return _map({"former": former, "author": hand.author, "date": hand.date})

    # Blocks ------------------------------------------------------------------------------------------------

    def blocks(self, old: Sequence[Node], new: Sequence[Node]) -> list[Node]:
        """Return the newer blocks with those that went between them."""
        found: list[Node] = []
        for before, after in self._paired(old, new):
            if after is None:
                assert before is not None, "a pair has one side at least"
                # What stands elsewhere now is compared there.
                found += [] if identifier(before) in self._floats[CAME] else self._gone(before)
                continue
            before = before or self._floats[WENT].get(identifier(after))
            if after["t"] == "Header":
                self._enter(after)
            if before is None:
                found += self._new(after)
            elif self._key(before, WENT) == self._key(after, CAME):
                found.append(after)
            else:
                found += self._changed(before, after)
        return found

    def _paired(self, old: Sequence[Node], new: Sequence[Node]) -> Iterator[tuple[Node | None, Node | None]]:
        """Yield blocks that belong together, in order; what went stands before what came."""
        left, right = [self._key(one, WENT) for one in old], [self._key(one, CAME) for one in new]
        matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                yield from zip(old[i1:i2], new[j1:j2], strict=True)
                continue
            pairs = _alike(old[i1:i2], new[j1:j2])
            i = j = 0
            for k, m in [*pairs, (i2 - i1, j2 - j1)]:
                yield from ((one, None) for one in old[i1 + i : i1 + k])
                yield from ((None, one) for one in new[j1 + j : j1 + m])
                if k < i2 - i1:
                    yield old[i1 + k], new[j1 + m]
                i, j = k + 1, m + 1

    def _key(self, block: Node, side: str) -> str:
        """Return what two blocks that say the same have in common."""
        shows = side if any(name in self.former for name in _pictures(block)) else ""
        return shows + json.dumps(_normal(block), ensure_ascii=False, sort_keys=True)

    def _enter(self, header: Node) -> None:
        level = header["c"][0]
        self._trail = [*self._trail[: level - 1], plain(header["c"][2])]

    @property
    def _section(self) -> str:
        return " › ".join(self._trail)

    def _tell(self, kind: str, name: str, *stretches: Stretch) -> None:
        self.edits.append(Edit(self._section, kind, name, stretches))

    def _stand_at(self, *blocks: Node) -> None:
        """Remember which block is compared, for whose its changes are."""
        name = identifier(blocks[-1])
        self._near, self._work = plain(list(blocks)), name[4:] if name.startswith("ref-") else ""

    def _new(self, block: Node) -> list[Node]:
        self._stand_at(block)
        self._tell(_kind(block), _name(block), Stretch("", self._said(block, CAME)))
        return self._whole(block, CAME)

    def _gone(self, block: Node) -> list[Node]:
        self._stand_at(block)
        self._tell(_kind(block), _name(block), Stretch(self._said(block, WENT), ""))
        return self._whole(block, WENT)

    def _changed(self, old: Node, new: Node) -> list[Node]:
        """Return one block with both versions, or both one behind the other."""
        kind, content = new["t"], new["c"]
        equation = any(labelled(one) for one in (old, new))
        self._stand_at(old, new)
        if kind in ("Para", "Plain") and not equation:
            return [{"t": kind, "c": self._told("text", "", self._lines(old["c"], content))}]
        if kind == "Header":
            line = self._told("heading", "", self._lines(old["c"][2], content[2]))
            return [{"t": kind, "c": [*content[:2], line]}]
        if kind == "BlockQuote":
            return [{"t": kind, "c": self.blocks(old["c"], content)}]
        if kind == "BulletList":
            return [{"t": kind, "c": self._items(old["c"], content)}]
        if kind == "OrderedList":
            return [{"t": kind, "c": [content[0], self._items(old["c"][1], content[1])]}]
        if kind == "Figure":
            return [self._figure(old, new)]
        if kind == "Div" and (merged := self._merged_table(old, new)):
            return [merged]
        if kind == "Div" and not identifier(new).startswith("tbl-"):
            return [{"t": kind, "c": [content[0], self.blocks(old["c"][1], content[1])]}]
        return self._gone(old) + self._new(new)

    def _items(self, old: Sequence[Any], new: Sequence[Any]) -> list[list[Node]]:
        """Return the items of a list; one is a list of blocks."""
        found = []
        left, right = ([{"t": "Item", "c": item} for item in side] for side in (old, new))
        for before, after in self._paired(left, right):
            if after is None:
                found.append([one for block in before["c"] for one in self._gone(block)])  # type: ignore[index]
            elif before is None:
                found.append([one for block in after["c"] for one in self._new(block)])
            else:
                found.append(self.blocks(before["c"], after["c"]))
        return found

    def _whole(self, block: Node, fate: str) -> list[Node]:
        """Return a block that came or went as a whole."""
        kind, content = block["t"], block.get("c", "")
        if kind in ("Para", "Plain"):
            if labelled(block) and fate == CAME:
                return [self._fated([block], CAME)]
            return [{"t": kind, "c": self._mark(self._numbered(block), fate)}]
        if kind == "Header":
            own = content[1] if fate == CAME else ["", ["unnumbered", "unlisted"], []]
            return [{"t": kind, "c": [content[0], own, self._mark(content[2], fate)]}]
        if kind == "LineBlock":
            return [{"t": kind, "c": [self._mark(line, fate) for line in content]}]
        if kind == "BlockQuote":
            return [{"t": kind, "c": self._wholes(content, fate)}]
        if kind == "BulletList":
            return [{"t": kind, "c": [self._wholes(item, fate) for item in content]}]
        if kind == "OrderedList":
            return [{"t": kind, "c": [content[0], [self._wholes(item, fate) for item in content[1]]]}]
        if kind == "Figure":
            return self._whole_figure(block, fate)
        if kind == "Table":
            return [with_cells(block, lambda cell: self._wholes(cell, fate))]
        if kind == "Div":
            if fate == WENT and identifier(block).startswith("tbl-"):
                return self._gone_table(block)
            keeps = fate == CAME or content[0][0] == _REFERENCES
            own = content[0] if keeps else ["", *content[0][1:]]
            return [{"t": kind, "c": [own, self._wholes(content[1], fate)]}]
        return [self._fated([block], fate)]

    def _numbered(self, block: Node) -> list[Node]:
        """Return the line of a paragraph; of a labelled equation with its number, as a DOCX has it."""
        if not (label := labelled(block)):
            return list(block["c"])
        printed = self.printed[WENT].get(reference_key(reference(label)), "")
        kind, formula = block["c"][0]["c"]
        number = re.search(r"\d+$", printed)
        return [{"t": "Math", "c": [kind, formula + (f"\\qquad({number[0]})" if number else "")]}]

    def _wholes(self, blocks: Sequence[Node], fate: str) -> list[Node]:
        return [one for block in blocks for one in self._whole(block, fate)]

    def _fated(self, blocks: list[Node], fate: str) -> Node:
        """Return blocks in which no words can be marked, as a block of that fate."""
        return {"t": "Div", "c": [["", [fate], self._by(fate, blocks)], blocks]}

    # Figures and tables ------------------------------------------------------------------------------------

    def _figure(self, old: Node, new: Node) -> Node:
        own, (short, caption), content = new["c"]
        stretches: list[Stretch] = []
        merged = self._captions(old["c"][1][1], caption, stretches)
        before, after = (next(iter(_pictures(one)), "") for one in (old, new))
        if before in self.former or before != after:
            self.pictures[after] = self.former.get(before, before)
        if stretches or after in self.pictures:
            self._tell("figure", own[0], *stretches)
        # Nobody sees it in the text: it is told in the list alone.
        described, describes = (text(_alternative(one)) for one in (old, new))
        if described != describes:
            self._tell("alternative text", own[0], *self._lines(described, describes)[1])
        return {"t": "Figure", "c": [own, [short, merged], content]}

    def _captions(self, old: Sequence[Node], new: Sequence[Node], stretches: list[Stretch]) -> list[Node]:
        """Return the paragraph of a caption; what changed in it is added to `stretches`."""
        found: list[Node] = []
        nothing: Node = {"t": "Plain", "c": []}
        for before, after in itertools.zip_longest(old, new, fillvalue=nothing):
            line, said = self._lines(before["c"], after["c"])
            stretches += said
            found.append({"t": after["t"], "c": line})
        return found

    def _whole_figure(self, block: Node, fate: str) -> list[Node]:
        own, (short, caption), content = block["c"]
        picture = next(iter(_pictures(block)), "")
        if fate == CAME:
            self.pictures[picture] = ""
            return [{"t": "Figure", "c": [own, [short, self._wholes(caption, fate)], content]}]
        shown = {
            "t": "Image",
            "c": [["", [], []], text(_alternative(block)), [self.former.get(picture, picture), ""]],
        }
        line = self._label(own[0]) + [one for block in caption for one in block["c"]]
        return [
            div([para(self._mark([shown], fate))], pairs=[["custom-style", "Captioned Figure"]]),
            div([para(self._mark(line, fate))], pairs=[["custom-style", "Image Caption"]]),
        ]

    def _gone_table(self, block: Node) -> list[Node]:
        *tables, caption = block["c"][1]
        line = self._label(identifier(block)) + caption["c"]
        return [
            div([para(self._mark(line, WENT))], pairs=[["custom-style", "Table Caption"]]),
            *self._wholes(tables, WENT),
            # Word joins two tables that touch.
            div([para(text("\u00a0"))], pairs=[["custom-style", "Provenance"]]),
        ]

    def _label(self, name: str) -> list[Node]:
        printed = self.printed[WENT].get(reference_key(reference(name)), "")
        return [*text(f"{printed}:"), {"t": "Space"}] if printed else []

    def _merged_table(self, old: Node, new: Node) -> Node | None:
        """Return the div of a table with rows and cells of both; None where it cannot be merged."""
        left, right = (table_of(one) for one in (old, new))
        if left is None or right is None:
            return None
        stretches: list[Stretch] = []
        merged = self._table(left[0], right[0], stretches)
        if merged is None:
            return None
        caption = self._captions([left[1]], [right[1]], stretches)
        self._tell("table", identifier(new), *stretches)
        return {"t": "Div", "c": [new["c"][0], [merged, *caption]]}

    def _table(self, old: Node, new: Node, stretches: list[Stretch]) -> Node | None:
        before, after = simple_rows(old), simple_rows(new)
        if before is None or after is None:
            return None
        columns = paired_columns(before[0], after[0])
        width = len(columns)
        rows: list[list[Any]] = []
        for left, right in [(before[0], after[0]), *paired_rows(before[1:], after[1:], columns)]:
            self._near = plain([cell[4] for row in (left, right) if row for cell in row])
            if left is None or right is None:
                cells, fate = (right or left), (CAME if left is None else WENT)
                assert cells is not None, "a pair has one side at least"
                places = [j if left is None else i for i, j in columns]
                row = [[] if at is None else self._wholes(_copy(cells[at][4]), fate) for at in places]
                words = " | ".join(plain(cell[4]) for cell in cells)
                stretches.append(Stretch("", words) if left is None else Stretch(words, ""))
            else:
                row = [
                    self._cell(
                        None if i is None else left[i][4], None if j is None else right[j][4], stretches
                    )
                    for i, j in columns
                ]
            rows.append([["", [], []], [[["", [], []], {"t": "AlignDefault"}, 1, 1, one] for one in row]])
        own, caption, specs, head, bodies, foot = new["c"]
        old_specs = old["c"][2]
        specs = [specs[j] if j is not None else old_specs[i] for i, j in columns]
        if width != len(new["c"][2]):
            specs = [[align, {"t": "ColWidthDefault"}] for align, _ in specs]
        body = [bodies[0][0], bodies[0][1], [], rows[1:]]
        return {"t": "Table", "c": [own, caption, specs, [head[0], rows[:1]], [body], foot]}

    def _cell(self, old: list[Node] | None, new: list[Node] | None, stretches: list[Stretch]) -> list[Node]:
        if old is None or new is None:
            return self._wholes(_copy(new or old or []), CAME if old is None else WENT)
        if _normal(old) == _normal(new):
            return new
        before, after = ([one for block in side for one in block["c"]] for side in (old, new))
        stretches.append(Stretch(plain(old), plain(new)))
        return [{"t": "Plain", "c": self._mark(before, WENT) + self._mark(after, CAME)}]

    # Lines -------------------------------------------------------------------------------------------------

    def inlines(self, old: Sequence[Node], new: Sequence[Node]) -> list[Node]:
        """Return a line with words that went and came marked in it."""
        return self._told("text", "", self._lines(old, new))

    def _told(self, kind: str, name: str, merged: tuple[list[Node], list[Stretch]]) -> list[Node]:
        line, stretches = merged
        if stretches:
            self._tell(kind, name, *stretches)
        return line

    def _lines(self, old: Sequence[Node], new: Sequence[Node]) -> tuple[list[Node], list[Stretch]]:
        """Return the merged line, and what went and came in it."""
        notes = paired_notes(old, new)
        left = list(tokens(old, notes, WENT))
        right = list(tokens(new, notes, CAME))
        found: list[Node] = []
        stretches: list[Stretch] = []
        for same, i1, i2, j1, j2 in stretches_of(left, right):
            if same:
                found += rebuilt([self._kept(a, b) for a, b in zip(left[i1:i2], right[j1:j2], strict=True)])
                continue
            went, came = rebuilt(left[i1:i2]), rebuilt(right[j1:j2])
            found += self._mark(went, WENT) + self._mark(came, CAME)
            before, after = right[max(j1 - AROUND, 0) : j1], right[j2 : j2 + AROUND]
            around = (self._said([one.node for one in side], CAME) for side in (before, after))
            stretches.append(Stretch(self._said(went, WENT), self._said(came, CAME), *around))
        return found, stretches

    def _kept(self, old: Token, new: Token) -> Token:
        """Return a token of both versions; a note is merged inside."""
        if new.node["t"] != "Note" or old.node == new.node:
            return new
        return Token(new.key, {"t": "Note", "c": self.blocks(old.node["c"], new.node["c"])}, new.wraps)

    def _said(self, value: Any, side: str) -> str:
        return plain(self._frozen(value, side))

    def _mark(self, inlines: Sequence[Node], fate: str) -> list[Node]:
        content = list(inlines) if fate == CAME else self._frozen(list(inlines))
        return [span([fate], self._by(fate, content), content)] if content else []

    def _by(self, fate: str, content: Sequence[Node]) -> list[list[str]]:
        # A work cited comes and goes with the citations of it: its key is what the text says.
        hand = self.whose(fate, self._work or plain(content), self._near) or self.hand
        return [["author", hand.author], ["date", hand.date]]

    def _frozen(self, value: Any, side: str = WENT) -> Any:
        """Return text as it reads: no names, no links within the article, references as printed."""

        def freeze(node: Node) -> list[Node] | None:
            kind, content = node["t"], node.get("c", "")
            if kind == "Cite":
                printed = self.printed[side].get(reference_key(node)) if refers(node) else None
                return text(printed) if printed else list(self._frozen(content[1], side))
            if kind == "Link" and content[2][0].startswith("#"):
                return list(self._frozen(content[1], side))
            if kind in ("Span", "Div", "Code", "CodeBlock", "Link") and content[0][0]:
                own = ["", *content[0][1:]]
                return [{"t": kind, "c": [own, *self._frozen(content[1:], side)]}]
            return None

        return rewrite([value], freeze)[0] if isinstance(value, dict) else rewrite(value, freeze)


# What two things have in common ----------------------------------------------------------------------------


def _map(texts: Mapping[str, str]) -> Node:
    return {"t": "MetaMap", "c": {key: {"t": "MetaString", "c": one} for key, one in texts.items()}}


def _prepared(value: Any) -> Any:
    """Return a tree without comments, bare spans and line ends of the source."""

    def prepare(node: Node) -> list[Node] | None:
        if node["t"] in ("RawInline", "RawBlock") and node["c"][1].startswith("<!--"):
            return []
        if node["t"] == "SoftBreak":
            return [{"t": "Space"}]
        if node["t"] == "Span" and node["c"][0] == ["", [], []]:
            return list(_prepared(node["c"][1]))
        return None

    return rewrite(value, prepare)


def _normal(value: Any) -> Any:
    """Return a tree in which a citation is no more than what it cites."""

    def cite(node: Node) -> list[Node] | None:
        return [{"t": "Cite", "c": reference_key(node)}] if node["t"] == "Cite" else None

    return rewrite([value], cite)[0] if isinstance(value, dict) else rewrite(value, cite)


def _alike(old: Sequence[Node], new: Sequence[Node]) -> list[tuple[int, int]]:
    """Return the places of blocks of which one became the other."""
    kinds = [["Para" if one["t"] == "Plain" else one["t"] for one in side] for side in (old, new)]
    names = [[_fixed_name(one) for one in side] for side in (old, new)]
    said = [plain(one) for one in old]
    scores = shared_words([plain(one) for one in new], [re.findall(r"\w+", one) for one in said], SHARE)
    # Rows of the alignment are the older blocks here.
    fit = {
        (i, j): score
        for (j, i), score in scores.items()
        if kinds[0][i] == kinds[1][j] and not names[0][i] and not names[1][j]
    }
    places = {name: j for j, name in enumerate(names[1]) if name}
    fit |= {(i, places[name]): _CERTAIN for i, name in enumerate(names[0]) if name in places}
    return best_in_order(len(old), len(new), fit)


def _fixed_name(block: Node) -> str:
    """Return the name by which alone a float, a work cited or an equation is the same."""
    own = identifier(block)
    return own if _FIXED.match(own) else labelled(block)


def _floats(blocks: Sequence[Node]) -> dict[str, Node]:
    return {name: one for one in blocks if _FIXED.match(name := identifier(one))}


def _kind(block: Node) -> str:
    name = identifier(block)
    known = {"Para": "text", "Plain": "text", "Header": "heading", "Figure": "figure"}
    return "table" if name.startswith("tbl-") else known.get(block["t"], "other")


def _name(block: Node) -> str:
    return identifier(block) if _kind(block) in ("figure", "table") else ""


def _alternative(figure: Node) -> str:
    """Return what a figure's picture is described with."""
    image = next(one for one in nodes(figure) if one["t"] == "Image")
    return next((value for key, value in image["c"][0][2] if key == "fig-alt"), "")


def _pictures(value: Any) -> list[str]:
    return [one["c"][2][0] for one in nodes(value) if one["t"] == "Image"]


def _copy(blocks: list[Node]) -> list[Node]:
    return list(json.loads(json.dumps(blocks)))
