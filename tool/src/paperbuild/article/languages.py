"""What hangs on the language of a text, one data file a language: words, months, numbers, ends of sentences.

The files lie in the Quarto extension, where the filter `article.lua` reads the words it prints. To add a
language, add its file, named by its code; nothing else names one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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
    forms : mapping of str to tuple of str
        The same in other forms, by gender or case.
    endings : tuple of mapping
        Of numerals, by case, where what a numeral ends in decides: ``when`` says of which numbers n, and the
        first that holds counts. Words take them as they are, figures behind a hyphen.
    """

    bound: str
    words: tuple[str, ...]
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    endings: tuple[Mapping[str, str], ...] = ()

    @property
    def declined(self) -> tuple[str, ...]:
        """The genders and cases that a text can bind counts in."""
        # The last of the endings is that of all other numbers: it has no condition.
        return (*self.forms, *(self.endings[-1] if self.endings else ()))

    def ending(self, count: int, case: str) -> str:
        """Return the ending of a numeral in a case; empty where the language has none."""
        holding = (
            one for one in self.endings if "when" not in one or evaluate(one["when"], Facts({"n": count}))
        )
        return next(holding, {}).get(case, "")


@dataclass(frozen=True)
class Language:
    """One language; the fields are those of its file, where comments say what they mean."""

    code: str
    name: str
    numbers: Numbers
    words: Mapping[str, str]
    letter: Mapping[str, str]
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
    asks: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    crossref: Mapping[str, str] = field(default_factory=dict)
    unbroken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def plural(self, count: int) -> int:
        """Return which plural form goes with a count, from 0.

        Raises
        ------
        PaperError
            If a rule of the file is no condition.
        """
        rules = (evaluate(rule, Facts({"n": count})) for rule in self.plurals)
        return next((form for form, holds in enumerate(rules) if holds), len(self.plurals))

    def count(self, text: str, value: Any, form: str = "") -> str:
        """Return a small count in words; any other number as this language prints it.

        Parameters
        ----------
        text : str
            The number as Python prints it.
        value : number or str
            Its value.
        form : str
            Gender or case, one of ``counts.declined``.
        """
        words = self.counts.forms.get(form, self.counts.words)
        if isinstance(value, int | float) and value in range(len(words)) and not isinstance(value, bool):
            return words[int(value)] + self.counts.ending(int(value), form)
        written = self.numbers.write(text, value)
        # What is read last decides: of 10.7 the seven.
        last = re.search(r"(?<!\d)(\d+)$", text.replace(",", ""))
        ending = self.counts.ending(int(last[1]), form) if last else ""
        return f"{written}-{ending}" if ending else written


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
            counts=Counts(
                counts["bound"],
                tuple(counts["words"]),
                {form: tuple(words) for form, words in counts.get("forms", {}).items()},
                tuple(counts.get("endings", ())),
            ),
            words=dict(raw.pop("words")),
            letter=dict(raw.pop("letter")),
            capitals=raw.pop("capitals"),
            crossref=dict(raw.pop("crossref", {})),
            unbroken={place: tuple(words) for place, words in raw.pop("unbroken", {}).items()},
            places_before=tuple(places["before"]),
            places_after=tuple(places["after"]),
            **{name: tuple(entries) for name, entries in raw.items()},
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


def capital(text: str) -> str:
    """Return a text with its first letter a capital, the others as they are."""
    return text[:1].upper() + text[1:]


NUMBERS, COUNTS = "n", "w"
"""The roots of recorded numbers, and of small counts in words, in the language of the text itself."""

Say = Callable[..., str]
"""Returns what a recorded text is in a language: the text, the case, the number's name as `place`."""


def as_it_is(text: str, case: str = "", place: str = "") -> str:
    """Return a recorded text as it stands."""
    return text


@dataclass(frozen=True)
class Root:
    """What a root of the metadata prints of the numbers that texts bind under it.

    Attributes
    ----------
    languages : tuple of Language
        Whose way of writing it is.
    in_words : bool
        Whether small counts are words.
    form : str
        Their gender or case, that of recorded texts too.
    capital : bool
        Whether what it prints begins a sentence.
    """

    languages: tuple[Language, ...]
    in_words: bool = False
    form: str = ""
    capital: bool = False

    def write(self, text: str, value: Any, say: Say = as_it_is) -> str:
        """Return a recorded number, or a text in its place, as this root prints it.

        Parameters
        ----------
        text : str
            As it is recorded.
        value : number, str or bool
            Its value.
        say : callable
            Says recorded texts in the language.
        """
        language = self.languages[0]
        if isinstance(value, str):
            written = say(text, self.form)
        elif self.in_words:
            written = language.count(text, value, self.form)
        else:
            written = language.numbers.write(text, value)
        return capital(written) if self.capital else written


def roots(main: str) -> dict[str, Root]:
    """Return every root under which a text binds numbers.

    Parameters
    ----------
    main : str
        The language of the text, for which `NUMBERS` and `COUNTS` stand; passages in another language bind
        under the roots of that.
    """
    own = known().get(main.partition("-")[0].lower(), known()[DEFAULT])
    named = [(own, NUMBERS, COUNTS)]
    named += [(one, one.numbers.bound, one.counts.bound) for one in known().values()]
    found: dict[str, Root] = {}
    for language, numbers, counts in named:
        others = found[numbers].languages if numbers in found else ()
        found[numbers] = Root((*others, language))
        found |= {f"{numbers}-{case}": Root((language,), form=case) for case in language.cases}
        for form in ("", *language.counts.declined):
            root = f"{counts}-{form}" if form else counts
            found[root] = Root((language,), True, form)
            found[capital(root)] = Root((language,), True, form, capital=True)
    return found


@functools.cache
def root_names(in_words: bool = False) -> frozenset[str]:
    """Return every root under which some text may bind numbers; only those of counts in words, if asked."""
    named = (item for code in known() for item in roots(code).items())
    return frozenset(name for name, root in named if root.in_words or not in_words)


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
