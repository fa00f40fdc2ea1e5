"""What hangs on the language of a text, one data file a language: words, months, numbers, ends of sentences.

The files lie in the Quarto extension, where the filter `article.lua` reads the words it prints. To add a
language, add its file, named by its code; nothing else names one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.article.conditions import Facts, evaluate
from paperbuild.article.extension import LANGUAGES
from paperbuild.ground.errors import PaperError, suggestion
from paperbuild.ground.located import load_yaml

DEFAULT = "en"
"""The language of a text that names none."""


@dataclass(frozen=True)
class Numbers:
    """How a language writes numbers.

    Attributes
    ----------
    bound : str
        Under which root of the metadata the text binds recorded numbers in this form.
    decimal, thousands : str
        What stands between whole and decimal digits, and between groups of three.
    """

    bound: str
    decimal: str
    thousands: str

    def write(self, text: str, value: Any) -> str:
        """Return a number printed by Python in this form; words and truth values stay as they are.

        >>> Numbers("c", ",", " ").write("1,234.5", 1234.5)
        '1 234,5'
        """
        if isinstance(value, bool | str):
            return text
        return re.sub("[,.]", lambda sign: self.thousands if sign[0] == "," else self.decimal, text)


@dataclass(frozen=True)
class Counts:
    """How a language says small counts.

    Attributes
    ----------
    bound : str
        Under which root of the metadata the text binds them; with a capital, they begin a sentence.
    words : tuple of str
        From nought.
    """

    bound: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """One language; the fields are those of its file, where comments say what they mean."""

    code: str
    name: str
    numbers: Numbers
    words: Mapping[str, str]
    capitals: str
    abbreviations: tuple[str, ...]
    months: tuple[str, ...]
    places_before: tuple[str, ...]
    places_after: tuple[str, ...]
    joins: tuple[str, ...]
    rates: tuple[str, ...]
    ordinals: tuple[str, ...]
    centuries: tuple[str, ...]
    counts: Counts
    plurals: tuple[str, ...]
    results: tuple[str, ...]
    idioms: tuple[str, ...]

    def plural(self, count: int) -> int:
        """Return which plural form goes with a count, from 0.

        Raises
        ------
        PaperError
            If a rule of the file is no condition.
        """
        rules = (evaluate(rule, Facts({"n": count})) for rule in self.plurals)
        return next((form for form, holds in enumerate(rules) if holds), len(self.plurals))

    def count(self, text: str, value: Any) -> str:
        """Return a small count in words; any other number as this language prints it.

        Parameters
        ----------
        text : str
            The number as Python prints it.
        value : number or str
            Its value.
        """
        words = self.counts.words
        if isinstance(value, int | float) and value in range(len(words)) and not isinstance(value, bool):
            return words[int(value)]
        return self.numbers.write(text, value)


def read(path: Path) -> Language:
    """Return the language of a file.

    Raises
    ------
    PaperError
        If a field is missing, unknown or of another shape.
    """
    raw = load_yaml(path, path.name)
    try:
        places, counts = raw.pop("places"), raw.pop("counts")
        language = Language(
            code=path.stem,
            name=raw.pop("name"),
            numbers=Numbers(**raw.pop("numbers")),
            counts=Counts(counts["bound"], tuple(counts["words"])),
            words=dict(raw.pop("words")),
            capitals=raw.pop("capitals"),
            places_before=tuple(places["before"]),
            places_after=tuple(places["after"]),
            **{field: tuple(entries) for field, entries in raw.items()},
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise PaperError(
            f"not a language: {error}", where=str(path), expected=f"the fields of {DEFAULT}.yml beside it"
        ) from None
    return language


@functools.cache
def known() -> Mapping[str, Language]:
    """Return every language by its code."""
    return {path.stem: read(path) for path in sorted(LANGUAGES.glob("*.yml"))}


def of(code: str, where: str = "") -> Language:
    """Return the language of a tag such as ``kk`` or ``en-GB``.

    Raises
    ------
    PaperError
        If there is no file for it.
    """
    base = code.partition("-")[0].lower()
    if base not in known():
        raise PaperError(
            f"no language {code!r}{suggestion(base, known())}",
            where=where,
            expected=", ".join(known()),
            remedy=f"add the file {base}.yml to {LANGUAGES}",
        )
    return known()[base]


def number_forms() -> dict[str, Numbers]:
    """Return every way of writing numbers that some language has, by the root under which texts bind it."""
    return {language.numbers.bound: language.numbers for language in known().values()}


def count_words() -> dict[str, Language]:
    """Return the languages by the root under which their texts bind small counts in words."""
    return {language.counts.bound: language for language in known().values()}


def capital(text: str) -> str:
    """Return a text with its first letter a capital, the others as they are."""
    return text[:1].upper() + text[1:]


def roots() -> dict[str, frozenset[str]]:
    """Return every root under which texts bind numbers, with the codes of the languages that have it."""
    found: dict[str, set[str]] = {}
    for code, language in known().items():
        said = language.counts.bound
        for root in (language.numbers.bound, said, capital(said)):
            found.setdefault(root, set()).add(code)
    return {root: frozenset(codes) for root, codes in found.items()}


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern for any of some words: ``*`` stands for any letters, a blank for a line's end too.

    >>> re.findall(alternatives(["бет*", "с."]), "бетте с. с")
    ['бетте', 'с.']
    """
    longest_first = sorted(set(words), key=lambda word: (-len(word), word))
    patterns = (re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in longest_first)
    # Nothing to choose from matches nothing.
    return "|".join(patterns) or r"(?!)"


def every(field: str) -> tuple[str, ...]:
    """Return the entries of a list field of all languages: a text may hold several."""
    return tuple(entry for language in known().values() for entry in getattr(language, field))


@functools.cache
def _sentence_end() -> re.Pattern[str]:
    capitals = "".join(language.capitals for language in known().values())
    return re.compile(
        # A sentence may begin with a citation, with a bound number, or with words that the finder left out.
        rf"(?<=[.!?…])[\"'»”’)\]]*\s+(?=[\"'«“‘(\[]*(?:[{capitals}0-9@⟨]|\{{\{{<)|\[\s)"
        r"|\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)"
    )


@functools.cache
def _abbreviation() -> re.Pattern[str]:
    capitals = "".join(language.capitals for language in known().values())
    return re.compile(rf"(?:\b(?:{alternatives(every('abbreviations'))})|\b[{capitals}])\.$")


def sentences(text: str) -> list[tuple[int, int]]:
    """Bounds of the sentences of a paragraph; list items count as sentences of their own."""
    bounds, start = [], 0
    for match in _sentence_end().finditer(text):
        if _abbreviation().search(text[start : match.start()]):
            continue
        bounds.append((start, match.end()))
        start = match.end()
    bounds.append((start, len(text)))
    return bounds
