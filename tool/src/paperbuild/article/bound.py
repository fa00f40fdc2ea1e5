"""Words that hang on results: which ones a text binds, to what, and what becomes of them.

Quarto's own Markdown carries them, as attributes of spans, divs and pictures:

- ``[rose]{when="CONDITION"}``, ``::: {when="CONDITION"}`` and, for an alternative text, ``alt-when``: words
  that must be true;
- ``[rose|fell]{if="CONDITION"}``: the first if it holds, else the second;
- ``[fell|stayed|rose]{sign="EXPRESSION"}``: negative, zero or positive; without the middle one, zero is a
  false word;
- ``[region|regions]{count="EXPRESSION"}``: the plural form that the language of the text asks for.

What an expression may say stands in `paperbuild.article.conditions`. The build evaluates each and hands the
outcomes to both typesetters in the metadata (``build/results/numbers.yml``); the filter ``article.lua``
prints what they choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paperbuild.article import languages
from paperbuild.article.conditions import Facts, evaluate, names
from paperbuild.article.manuscript import Attributes, Manuscript
from paperbuild.article.text import Article
from paperbuild.ground.errors import PaperError
from paperbuild.project.printed import FALSE


@dataclass(frozen=True)
class Kind:
    """One way of binding words.

    Attributes
    ----------
    name : str
        Its attribute.
    fits : callable
        Whether it can choose among so many alternatives, by the language of the text.
    choose : callable
        Returns the outcome of a value: value, number of alternatives, language.
    needs : str
        What it asks for, in words.
    holds : bool
        Whether it asks for words that must be true, where others choose among wordings.
    """

    name: str
    fits: Callable[[int, languages.Language], bool]
    choose: Callable[[Any, int, languages.Language], int]
    needs: str
    holds: bool = False


def _true(value: Any, alternatives: int, language: languages.Language) -> int:
    if not isinstance(value, bool):
        raise PaperError(f"{value!r} is neither true nor false", expected="a condition, as a.b > 0")
    return 1 if value else FALSE


def _either(value: Any, alternatives: int, language: languages.Language) -> int:
    return 1 if _true(value, alternatives, language) else 2


def _sign(value: Any, alternatives: int, language: languages.Language) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PaperError(f"{value!r} has no sign", expected="an expression that gives a number")
    if value == 0:
        return FALSE if alternatives == 2 else 2
    return 1 if value < 0 else alternatives


def _plural(value: Any, alternatives: int, language: languages.Language) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
        raise PaperError(f"{value!r} is no count", expected="an expression that gives 0, 1, 2 …")
    return language.plural(int(value)) + 1


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("when", lambda count, language: True, _true, "one wording", holds=True),
        Kind("alt-when", lambda count, language: True, _true, "one wording", holds=True),
        Kind("if", lambda count, language: count == 2, _either, "two wordings, [if true|if not]"),
        Kind(
            "sign",
            lambda count, language: count in (2, 3),
            _sign,
            "[negative|positive] or [negative|zero|positive]",
        ),
        Kind(
            "count",
            lambda count, language: count == len(language.plurals) + 1,
            _plural,
            "one wording for each plural form of the language",
        ),
    )
}


@dataclass(frozen=True)
class Bound:
    """Words of a text that are bound to an expression.

    Attributes
    ----------
    kind : Kind
        How.
    expression : str
        To what.
    wordings : tuple of str
        What is printed, by alternative; a single one where there is no choice.
    language : str
        The language of the passage.
    path, line
        Where it stands.
    start, end : int
        Its bounds in the file's text.
    """

    kind: Kind
    expression: str
    wordings: tuple[str, ...]
    language: str
    path: str
    line: int
    start: int
    end: int

    @property
    def key(self) -> str:
        """Under what the metadata has its outcome: kind, language of a plural, count of wordings, expression.

        The filter `article.lua` makes the same; where it parts the wordings otherwise, it finds no outcome.
        """
        parts = [self.kind.name.removeprefix("alt-")]
        if self.kind.name == "count":
            parts.append(self.language.partition("-")[0].lower())
        if not self.kind.holds:
            parts.append(str(len(self.wordings)))
        return " ".join([*parts, *self.expression.split()])

    @property
    def where(self) -> str:
        """Place as findings show it."""
        return f"{self.path}:{self.line}"

    def outcome(self, facts: Facts) -> int:
        """Return which wording is printed, from 1, or `FALSE`.

        Raises
        ------
        PaperError
            If that cannot be told; it names the place.
        """
        language = languages.of(self.language)
        try:
            if not self.kind.fits(len(self.wordings), language):
                count = len(self.wordings)
                raise PaperError(f"{count} wordings in {self.kind.name}=", expected=self.kind.needs)
            return self.kind.choose(evaluate(self.expression, facts), len(self.wordings), language)
        except PaperError as error:
            raise PaperError(
                error.message, where=self.where, expected=error.expected, remedy=error.remedy
            ) from None

    def values(self, facts: Facts) -> str:
        """Return the recorded numbers that the expression names, with their values, in words."""
        known = (name for name in expression_names(self.expression) if name in facts.numbers)
        told = (f"{name} = {facts.numbers[name]}" for name in known)
        return ", ".join(told)


def expression_names(expression: str) -> list[str]:
    """Return the recorded numbers that an expression names; none where it is no expression."""
    try:
        return names(expression)
    except PaperError:
        return []


def bound_in(text: Manuscript, main: str = languages.DEFAULT) -> list[Bound]:
    """Return the bound words of one file, in order.

    Parameters
    ----------
    text : Manuscript
        The file.
    main : str
        The language of passages that declare none.
    """
    found = []
    for block in text.attributes:
        for name in KINDS.keys() & block.values.keys():
            start, wordings = _covered(text, block, name)
            line = text.line(block.offsets[name])
            language = text.language_at(line) or main
            found.append(
                Bound(KINDS[name], block.values[name], wordings, language, text.path, line, start, block.end)
            )
    return sorted(found, key=lambda one: one.start)


def _covered(text: Manuscript, block: Attributes, name: str) -> tuple[int, tuple[str, ...]]:
    """Return where the bound words begin, and their alternatives."""
    if name == "alt-when":
        return block.start, (block.values.get("fig-alt", ""),)
    if text.text[block.start - 1 : block.start] == "]":
        start = text.opening(block.start - 1)
        inside = text.text[start + 1 : block.start - 1]
        return start, (inside,) if KINDS[name].holds else parted(inside)
    around = next((div for div in text.divs if div[2].start == block.start), None)
    inside = text.text[block.end : around[1]].rsplit("\n", 1)[0] if around else ""
    return block.start, (inside.strip(),)


def parted(inside: str) -> tuple[str, ...]:
    """Return what stands between the bars of a span; bars of spans within it are theirs.

    >>> parted("all|[some|none]{if='a.b > 0'}")
    ('all', "[some|none]{if='a.b > 0'}")
    """
    found, depth = [""], 0
    for char in inside:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return tuple(found)


def bound(article: Article) -> list[Bound]:
    """Return all words that the article binds."""
    main = article.language
    return [one for text in article.written for one in bound_in(text, main)]


def outcomes(words: Iterable[Bound], facts: Facts) -> dict[str, int]:
    """Return the outcome of each by its key; what cannot be told is false, and `check` says why."""
    found = {}
    for one in words:
        try:
            found[one.key] = one.outcome(facts)
        except PaperError:
            found[one.key] = FALSE
    return found


def false_words(words: Sequence[Bound], facts: Facts, sentence: Callable[[Bound], str]) -> list[PaperError]:
    """Return a finding for each that is not true, or cannot be told.

    Parameters
    ----------
    words : sequence of Bound
        Words to judge.
    facts : Facts
        What they rest on.
    sentence : callable
        Returns the sentence around one, as the finding shows it.
    """
    found = []
    for one in words:
        try:
            true = one.outcome(facts) != FALSE
        except PaperError as error:
            found.append(error)
            continue
        if not true:
            values = one.values(facts)
            found.append(
                PaperError(
                    f"not true by today's results: “{one.wordings[0].strip()}” in “{sentence(one)}”",
                    where=one.where,
                    expected=one.expression + (f", where {values}" if values else ""),
                    remedy="write what the results say, or let them choose: [rose|fell]{if=…}",
                )
            )
    return found


def recorded_values(numbers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return recorded numbers as conditions see them."""
    return {name: number["value"] for name, number in numbers.items() if "value" in number}
