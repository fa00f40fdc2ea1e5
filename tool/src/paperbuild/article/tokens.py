"""Lines of pandoc's trees, word by word: taken apart, those of two versions compared, put together again."""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paperbuild.article.alignment import best_in_order, shared_words
from paperbuild.article.references import reference_key
from paperbuild.article.tree import Node, nodes, plain

CAME, WENT = "insertion", "deletion"
SHARE = 0.5
"""Share of the words of one thing that another must have to count as what became of it."""

_WORD = re.compile(r"−?\d+(?:[.,\u00a0\u202f]\d+)*|\w+|\s+|[^\w\s]")
_WRAPPERS = frozenset("Emph Underline Strong Strikeout Superscript Subscript SmallCaps Span Link".split())


@dataclass(frozen=True)
class Token:
    """A word, sign or thing in a line.

    Attributes
    ----------
    key : hashable
        The same for tokens that count as the same.
    node : dict
        The inline: a word or sign as ``Str``, or whatever else stands in a line.
    wraps : tuple of (str, object, int)
        Emphasis, links and the like round it, the outer first: kind, attributes, and which one it is.
    """

    key: Hashable
    node: Node
    wraps: tuple[tuple[str, Any, int], ...]

    @property
    def is_text(self) -> bool:
        """Whether it is a word, a sign or a blank."""
        return self.node["t"] in ("Str", "Space")

    @property
    def is_word(self) -> bool:
        """Whether it holds a letter or digit."""
        return self.node["t"] == "Str" and bool(re.search(r"\w", self.node["c"]))


def paired_notes(old: Sequence[Node], new: Sequence[Node]) -> dict[str, Hashable]:
    """Return by its content under what a note is compared: alike for notes of which one became the other."""
    left, right = ([one for one in nodes(side) if one["t"] == "Note"] for side in (old, new))
    found: dict[str, Hashable] = {}
    said = [re.findall(r"\w+", plain(one["c"])) for one in left]
    scores = shared_words([plain(one["c"]) for one in right], said, SHARE)
    for j, i in best_in_order(len(right), len(left), scores):
        found[WENT + json.dumps(left[i])] = found[CAME + json.dumps(right[j])] = ("note", i)
    return found


def tokens(
    inlines: Sequence[Node], notes: Mapping[str, Hashable], side: str, wraps: tuple[Any, ...] = ()
) -> Iterator[Token]:
    """Yield the words, signs and things of a line."""
    looks = tuple((kind, json.dumps(own)) for kind, own, _ in wraps)
    for node in inlines:
        kind, content = node["t"], node.get("c", "")
        if kind == "Str":
            for part in _WORD.findall(content):
                yield Token((part, looks), {"t": "Str", "c": part}, wraps)
        elif kind == "Quoted":
            marks = "“”" if content[0]["t"] == "DoubleQuote" else "‘’"
            yield Token((marks[0], looks), {"t": "Str", "c": marks[0]}, wraps)
            yield from tokens(content[1], notes, side, wraps)
            yield Token((marks[1], looks), {"t": "Str", "c": marks[1]}, wraps)
        elif kind in _WRAPPERS:
            inner = {"Span": lambda c: c[1], "Link": lambda c: c[1]}.get(kind, lambda c: c)(content)
            own = {"Span": lambda c: [c[0]], "Link": lambda c: [c[0], c[2]]}.get(kind, lambda c: [])(content)
            yield from tokens(inner, notes, side, (*wraps, (kind, own, id(node))))
        elif kind == "Note":
            yield Token(notes.get(side + json.dumps(node), ("note", side, json.dumps(node))), node, wraps)
        elif kind == "Cite":
            yield Token(("cite", reference_key(node), looks), node, wraps)
        else:
            yield Token((kind, json.dumps(content), looks), node, wraps)


def stretches_of(old: Sequence[Token], new: Sequence[Token]) -> list[tuple[bool, int, int, int, int]]:
    """Return stretches of two lines, whether they are the same, and their bounds in both.

    A few words between two changes belong to the change: nobody reads a sentence cut to shreds.
    """
    matcher = difflib.SequenceMatcher(
        None, [one.key for one in old], [one.key for one in new], autojunk=False
    )
    found = [(tag == "equal", i1, i2, j1, j2) for tag, i1, i2, j1, j2 in matcher.get_opcodes()]

    def words(place: int) -> int:
        _, i1, i2, j1, j2 = found[place]
        return max(sum(one.is_word for one in old[i1:i2]), sum(one.is_word for one in new[j1:j2]))

    kept: list[tuple[bool, int, int, int, int]] = []
    for place, (same, i1, i2, j1, j2) in enumerate(found):
        if same and 0 < place < len(found) - 1 and all(one.is_text for one in old[i1:i2]):
            between, around = words(place), min(words(place - 1), words(place + 1))
            same = between > 0 and not (between <= 2 and around >= 3)
        if kept and kept[-1][0] == same:
            kept[-1] = (same, kept[-1][1], i2, kept[-1][3], j2)
        else:
            kept.append((same, i1, i2, j1, j2))
    return kept


def rebuilt(tokens: Sequence[Token], depth: int = 0) -> list[Node]:
    """Return the inlines that tokens were taken from."""

    def outer(token: Token) -> tuple[str, Any, int] | None:
        return token.wraps[depth] if depth < len(token.wraps) else None

    found: list[Node] = []
    for wrap, group in itertools.groupby(tokens, outer):
        members = list(group)
        if wrap is not None:
            kind, own, _ = wrap
            inner = rebuilt(members, depth + 1)
            content = {"Span": [*own, inner], "Link": [*own[:1], inner, *own[1:]]}.get(kind, inner)
            found.append({"t": kind, "c": content})
            continue
        for token in members:
            if token.node["t"] == "Str" and found and found[-1]["t"] == "Str":
                found[-1] = {"t": "Str", "c": found[-1]["c"] + token.node["c"]}
            else:
                found.append(token.node)
    return found
