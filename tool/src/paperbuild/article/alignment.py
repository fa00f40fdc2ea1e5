"""Which words of a document stand where in the source, found by the words themselves.

Source and document say the same words in the same order, but for what the build put in: numbers, citations,
references, words that rest on results. So paragraphs are matched in order by their words, and within one the
words of both are aligned. A stretch of the document without a counterpart was made from what the source has
between the neighbours of that stretch.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from paperbuild.article.blocks import TOKEN, Block
from paperbuild.article.tracked import Paragraph

SAME = 0.6
"""Share of a block's own words that a paragraph must have to count as set from it."""

STRAIGHT = str.maketrans("“”„‘’‚", "\"\"\"'''")
"""Quotation marks as the source has them."""

_MARKUP = "*_[]`~^"


def match(paragraphs: Sequence[Paragraph], source: Sequence[Block]) -> dict[int, Block]:
    """Return which block each paragraph was set from, by its place; what the build made has none.

    In order, so that the words that agree are as many as can be; notes apart, for these stand anywhere.
    """
    found: dict[int, Block] = {}
    for part in ("text", "note"):
        left = [
            at
            for at, one in enumerate(paragraphs)
            if one.part == part and not one.table and one.before.strip()
        ]
        right = [block for block in source if block.is_note == (part == "note") and block.words]
        scores = shared_words([paragraphs[at].before for at in left], [block.words for block in right], SAME)
        found |= {left[i]: right[j] for i, j in best_in_order(len(left), len(right), scores)}
    return found


def shared_words(
    left: Sequence[str], right: Sequence[Sequence[str]], share: float
) -> dict[tuple[int, int], int]:
    """Return how many words two texts share, by their places, where they are enough.

    Parameters
    ----------
    left : sequence of str
        Texts.
    right : sequence of sequence of str
        The words of others.
    share : float
        What part of its words a text of `right` must find in one of `left`; no less than a fifth of that
        one's words must be among them.
    """
    bags = [Counter(re.findall(r"\w+", text)) for text in left]
    others = [Counter(words) for words in right]
    sizes = [bag.total() for bag in bags]
    scores = {}
    for j, other in enumerate(others):
        needed = share * other.total()
        for i, bag in enumerate(bags):
            if sizes[i] < needed:
                continue
            common = sum(min(count, bag[word]) for word, count in other.items())
            if common and common >= needed and common >= sizes[i] / 5:
                scores[i, j] = common
    return scores


def best_in_order(rows: int, columns: int, scores: Mapping[tuple[int, int], int]) -> list[tuple[int, int]]:
    """Return the pairs in rising order whose scores add up to the most."""
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows):
        above, here = best[i], best[i + 1]
        for j in range(columns):
            pair = above[j] + scores[i, j] if (i, j) in scores else 0
            here[j + 1] = max(pair, above[j + 1], here[j])
    pairs, i, j = [], rows, columns
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


@dataclass(frozen=True)
class Made:
    """A stretch of a paragraph that the build made, and the stretch of the source that it made it from."""

    start: int
    end: int
    text: str
    start_in_source: int
    end_in_source: int
    source: str


class Aligned:
    """A paragraph before the edits beside its block.

    Attributes
    ----------
    at : list of int or None
        For each character of the paragraph its offset in the source file; None for blanks and what is made.
    made : list of Made
        What the source does not say itself.
    """

    def __init__(self, block: Block, before: str) -> None:
        self.block, self.before = block, before
        self.at: list[int | None] = [None] * len(before)
        ours = [
            (m.start() + block.start, m.end() + block.start, m.group()) for m in TOKEN.finditer(block.prose)
        ]
        theirs = [(m.start(), m.end(), m.group()) for m in TOKEN.finditer(before)]
        matcher = difflib.SequenceMatcher(
            None, [_plain(word) for *_, word in ours], [_plain(word) for *_, word in theirs], autojunk=False
        )
        pairs = [(i + k, j + k) for i, j, size in matcher.get_matching_blocks() for k in range(size)]
        pairs = list(_late(pairs, [word for *_, word in ours], [word for *_, word in theirs]))
        for i, j in pairs:
            self._map(theirs[j][0], theirs[j][1], ours[i][0])
        self.made: list[Made] = []
        edges = [(-1, -1), *pairs, (len(ours), len(theirs))]
        for (i, j), (following, until) in itertools.pairwise(edges):
            if until - j > 1:
                start = ours[i][1] if i >= 0 else block.start
                end = ours[following][0] if following < len(ours) else block.end
                self._between(theirs[j + 1 : until], start, end)

    def _map(self, start: int, end: int, offset: int) -> None:
        for step in range(end - start):
            self.at[start + step] = offset + step

    def _between(self, tokens: Sequence[tuple[int, int, str]], start: int, end: int) -> None:
        """Map words that stand in code, brackets or attributes as they are; the rest is made."""
        raw = self.block.text.text[start:end]
        bound = any(first < end and start < last for first, last, _ in self.block.bound)
        pattern = r"\s*".join(f"({re.escape(word)})" for *_, word in tokens)
        found = list(re.finditer(pattern, raw))
        if len(found) == 1 and not bound and not re.search(r"\{\{<|@|\$", raw):
            for number, (first, last, _) in enumerate(tokens, 1):
                self._map(first, last, start + found[0].start(number))
            return
        first, last = tokens[0][0], tokens[-1][1]
        self.made.append(Made(first, last, self.before[first:last], start, end, raw))

    def made_in(self, start: int, end: int) -> list[Made]:
        """Return what is made of a stretch, or round a place inside it."""
        return [
            one
            for one in self.made
            if (one.start < end and start < one.end if start < end else one.start < start < one.end)
        ]

    def nearest(self, start: int) -> int:
        """The offset in the source of a place in the paragraph, or of the nearest one before it."""
        for place in range(min(start, len(self.at) - 1), -1, -1):
            if (offset := self.at[place]) is not None:
                return offset
            if one := next((one for one in self.made if one.start <= place < one.end), None):
                return one.start_in_source + len(one.source) - len(one.source.lstrip())
        return self.block.start

    def source(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the stretch of the source that a stretch of the paragraph was set from.

        None where it would tear Markdown's marks apart.
        """
        if start == end:
            glued = start > 0 and not self.before[start - 1].isspace()
            place = self._behind(start) if glued or start == len(self.before) else self._ahead(start)
            return place, place
        first, last = self._ahead(start), self._behind(end)
        if first > last:
            return None
        text = self.block.text.text
        left, right = first, last
        while left > self.block.start and text[left - 1] in _MARKUP:
            left -= 1
        while right < self.block.end and text[right] in _MARKUP:
            right += 1
        for a, b in ((first, last), (left, last), (first, right), (left, right)):
            if _balanced(text[a:b]):
                return a, b
        return None

    def _behind(self, place: int) -> int:
        """Offset just behind the character before `place`."""
        if place == 0:
            return self._ahead(0)
        offset = self.at[place - 1]
        if offset is not None:
            return offset + 1
        if self.before[place - 1].isspace():
            following = self.at[place] if place < len(self.at) else None
            return (
                following if following is not None else self._ahead_of_made(place) or self._behind(place - 1)
            )
        one = next(one for one in self.made if one.start < place <= one.end)
        if place < len(self.at) and self.at[place] is not None:
            return one.end_in_source
        return one.start_in_source + len(one.source.rstrip())

    def _ahead_of_made(self, place: int) -> int:
        """Offset where what makes the stretch that begins at `place` begins; 0 where none begins there."""
        one = next((one for one in self.made if one.start == place), None)
        return one.start_in_source + len(one.source) - len(one.source.lstrip()) if one else 0

    def _ahead(self, place: int) -> int:
        """Offset just before the character at `place`."""
        if place == len(self.at):
            return self._behind(place) if place else self.block.end
        offset = self.at[place]
        if offset is not None:
            return offset
        if self.before[place].isspace():
            return self._behind(place) if place else self.block.start
        return self._ahead_of_made(place) or next(
            one.start_in_source for one in self.made if one.start <= place < one.end
        )


def _late(
    pairs: Sequence[tuple[int, int]], ours: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Yield pairs, a full stop behind what is made taken for its own and not for one inside that."""
    for (i, j), (following, until) in zip(pairs, [*pairs[1:], (len(ours), len(theirs))], strict=True):
        moves = following == i + 1 and not ours[i].isalnum() and theirs[until - 1] == ours[i]
        yield i, until - 1 if moves else j


def _plain(word: str) -> str:
    return word.translate(STRAIGHT)


def _balanced(text: str) -> bool:
    """Whether a stretch of Markdown opens and closes its own marks."""
    # An underscore inside a word is a letter.
    bare = re.sub(r"\\.|(?<=\w)_(?=\w)|(?<=\s)\*(?=\s)", "", text)
    return all(bare.count(sign) % 2 == 0 for sign in "*_`$") and all(
        bare.count(one) == bare.count(other) for one, other in ("[]", "{}")
    )
