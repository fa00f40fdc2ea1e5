"""What the study's words are in another language: ``analysis/phrases.LANG.yml``, and how it is asked.

Figures, tables and recorded texts are made of phrases in one language, that of the article. An edition in
another prints the same results with each of these phrases said in its own::

    phrases:
      Kazakh side: казахстанская сторона
      "{part} of {whole}": "{part} из {whole}"
      "{n} specifications": "{n} {n|спецификация|спецификации|спецификаций}"
      Omsk: {is: Омская область, gen: Омской области}
    within:
      distances/Centre: {Omsk: Омск}
    verbatim: [PPML]

A phrase with ``{slots}`` stands for all texts of its shape; what fills a slot is said too, or printed as it
is where the phrase has ``{slot!}``. In the translation ``{slot|one|few|many}`` is the plural form that goes
with the number in the slot, ``{slot:gen}`` a name in a case. ``within`` has what is said otherwise in one
figure, table, column (``table/Column``) or recorded number.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paperbuild.article import languages
from paperbuild.ground.errors import PaperError, raise_all, suggestion
from paperbuild.ground.located import line_of, parse_yaml, read_text
from paperbuild.project.numbers import one_line

IS = "is"
"""The form of a phrase that is in no case, where it has several."""

SLOT = re.compile(r"\{(?P<name>\w+)(?:(?P<plain>!)|:(?P<case>\w+)|\|(?P<plurals>[^{}]*))?\}")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d.])|(?<!\d)\d+\.\d+(?![\d.])")
_NOTE = re.compile(r"(?<=\.) (?=\*)")  # of what a star marks: "A sentence. * with the city."
_REMARK = re.compile(r"(.+?) \((.+)\)")
_EXPECTED = "a phrase: its translation; forms by case as {is: …, gen: …}"


@dataclass(frozen=True)
class Pattern:
    """A phrase with slots, as what it matches and what it says."""

    matches: re.Pattern[str]
    plain: frozenset[str]
    said: Mapping[str, str]
    fixed: int

    @classmethod
    def of(cls, phrase: str, said: Mapping[str, str]) -> Pattern:
        """Return the pattern of a phrase and of its translation by case."""
        parts, plain, end, fixed = [], set(), 0, 0
        for slot in SLOT.finditer(phrase):
            literal = phrase[end : slot.start()]
            parts += [re.escape(literal), f"(?P<{slot['name']}>.+?)"]
            fixed, end = fixed + len(literal), slot.end()
            if slot["plain"]:
                plain.add(slot["name"])
        parts.append(re.escape(phrase[end:]))
        return cls(re.compile("".join(parts), re.DOTALL), frozenset(plain), said, fixed + len(phrase) - end)


@dataclass(frozen=True)
class Said:
    """Phrases and what they are in the other language, by case."""

    exact: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, phrases: Mapping[str, Mapping[str, str]]) -> Said:
        """Return phrases sorted by whether they have slots; of two that match, the longer text wins."""
        slotted = {phrase: said for phrase, said in phrases.items() if SLOT.search(phrase)}
        patterns = sorted((Pattern.of(*item) for item in slotted.items()), key=lambda one: -one.fixed)
        return cls(phrases, tuple(patterns))


@dataclass(frozen=True)
class Phrases:
    """All phrases of one language.

    Attributes
    ----------
    source, language : Language
        From which, into which.
    everywhere : Said
        What holds wherever nothing else is said.
    within : mapping of str to Said
        What holds in one figure, table, column or recorded number.
    verbatim : frozenset of str
        Names and codes that are alike in both languages.
    """

    source: languages.Language
    language: languages.Language
    everywhere: Said = field(default_factory=Said)
    within: Mapping[str, Said] = field(default_factory=dict)
    verbatim: frozenset[str] = frozenset()

    def say(self, text: str, places: Sequence[str] = (), case: str = "") -> str | None:
        """Return what a text is in the language; None where the phrases do not tell.

        Parameters
        ----------
        text : str
            One line; runs of blanks count as one.
        places : sequence of str
            Where it stands, as ``within`` names it, the narrowest first.
        case : str
            One of the language's cases; a phrase that has it not does not tell.
        """
        return self._say(one_line(text), tuple(places), case)

    @functools.cached_property
    def _known(self) -> dict[tuple[str, tuple[str, ...], str], str | None]:
        return {}

    def _say(self, text: str, places: tuple[str, ...], case: str) -> str | None:
        key = (text, places, case)
        if key not in self._known:
            self._known[key] = self._find(text, places, case)
        return self._known[key]

    def _find(self, text: str, places: tuple[str, ...], case: str) -> str | None:
        holding = [*(self.within[place] for place in places if place in self.within), self.everywhere]
        for said in holding:
            if text in said.exact:
                return _in_case(said.exact[text], case)
        if text in self.verbatim:
            return text
        if is_code(text):
            return _NUMBER.sub(lambda number: self.language.numbers.write(number[0], 0), text)
        # A pattern whose slots hold one thing each, parts, a pattern with lists in its slots, in this order:
        # "years: 2009 to 2013" are years of which something is said, and no span from "years: 2009".
        simple, whole = (
            [(pattern, one) for said in holding for pattern in said.patterns] for one in (True, False)
        )
        ways = (
            (self._filled(pattern, text, places, case, one) for pattern, one in simple),
            self._in_parts(text, places, case),
            (self._filled(pattern, text, places, case, one) for pattern, one in whole),
        )
        return next((found for found in itertools.chain(*ways) if found is not None), None)

    def _is_one(self, text: str, places: tuple[str, ...]) -> bool:
        """Whether a text is a number, a code or a phrase, and not put together of several."""
        holding = [*(self.within[place] for place in places if place in self.within), self.everywhere]
        return is_code(text) or text in self.verbatim or any(text in said.exact for said in holding)

    def _filled(
        self, pattern: Pattern, text: str, places: tuple[str, ...], case: str, simple: bool
    ) -> str | None:
        match = pattern.matches.fullmatch(text)
        if not match:
            return None
        translation = _in_case(pattern.said, case)
        if translation is None:
            return None
        slots = match.groupdict()
        if any(given.count("(") != given.count(")") for given in slots.values()):
            return None
        if simple and not all(
            name in pattern.plain or self._is_one(given, places) for name, given in slots.items()
        ):
            return None
        filled: list[str] = []
        end = 0
        for slot in SLOT.finditer(translation):
            given = slots[slot["name"]]
            if slot["plurals"] is not None:
                number = re.sub(r"[^\d]", "", given.partition(".")[0])
                forms = slot["plurals"].split("|")
                put: str | None = forms[self.language.plural(int(number))] if number else None
            elif slot["name"] in pattern.plain:
                put = given
            else:
                put = self._say(given, places, slot["case"] or "")
            if put is None:
                return None
            filled += [translation[end : slot.start()], put]
            end = slot.end()
        # What the translation leaves out has to be known all the same: another text has this shape by chance.
        left = slots.keys() - {slot["name"] for slot in SLOT.finditer(translation)} - pattern.plain
        if any(self._say(slots[name], places, "") is None for name in left):
            return None
        return "".join([*filled, translation[end:]])

    def _in_parts(self, text: str, places: tuple[str, ...], case: str) -> Iterator[str | None]:
        """Yield the text put together from its parts, for each way of taking it apart that fits."""
        for parts, join in self._ways(text):
            said = [self._say(part, places, case) for part in parts]
            if all(one is not None for one in said):
                yield join.format(*said)

    def _ways(self, text: str) -> Iterator[tuple[Sequence[str], str]]:
        """Yield the parts of a text, and what they are put together with again."""
        bounds = [
            part
            for start, stop in languages.sentences(text)
            for part in _NOTE.split(text[start:stop].strip())
            if part
        ]
        if len(bounds) > 1:
            yield bounds, " ".join(["{}"] * len(bounds))
        if "; " in text:
            parts = text.split("; ")
            yield parts, "; ".join(["{}"] * len(parts))
        # What a list says stands behind the colon: in "who: A and B" nobody is "who: A".
        if ": " in text:
            parts = text.split(": ", 1)
            yield parts, "{}: {}"
        # "A, B and C", as a sentence has a list of names.
        joined = text.rsplit(f" {self.source.joins[0]} ", 1)
        if len(joined) == 2:
            parts = joined[0].split(", ")
            yield [*parts, joined[1]], ", ".join(["{}"] * len(parts)) + f" {self.language.joins[0]} {{}}"
        if ", " in text:
            parts = text.split(", ")
            yield parts, ", ".join(["{}"] * len(parts))
        if remark := _REMARK.fullmatch(text):
            yield remark.groups(), "{} ({})"
        if text.endswith("."):
            yield [text[:-1]], "{}."

    def said(self, text: str, case: str = "", place: str = "") -> str:
        """Return a recorded text in the language; as it is recorded where the phrases do not tell."""
        found = (self.say(text, (place,), one) for one in (case, ""))
        return next((one for one in found if one is not None), text)


@dataclass
class Speaker:
    """Says texts of one figure or table, and notes those for which there is no phrase.

    Attributes
    ----------
    phrases : Phrases
        The language.
    place : str
        Name of the figure or table, as ``within`` has it.
    unsaid : list of str
        What was asked in vain, in order.
    """

    phrases: Phrases
    place: str
    unsaid: list[str] = field(default_factory=list)

    def __call__(self, text: str, column: str = "") -> str:
        """Return a text in the language; as it is where no phrase tells.

        Parameters
        ----------
        text : str
            What the figure or table would print.
        column : str
            In which column of a table.
        """
        places = (*([f"{self.place}/{column}"] if column else []), self.place)
        found = self.phrases.say(text, places)
        if found is None and text not in self.unsaid:
            self.unsaid.append(text)
        return text if found is None else found


def is_code(text: str) -> bool:
    """Whether a text is the same in all languages: no two small letters stand in it side by side.

    >>> is_code("CR3"), is_code("2010–2019"), is_code("p"), is_code("Omsk")
    (True, True, True, False)
    """
    return not any(one.islower() and other.islower() for one, other in itertools.pairwise(text))


def _in_case(said: Mapping[str, str], case: str) -> str | None:
    return said.get(case or IS)


def read(path: Path, shown: str, language: str, source: str = languages.DEFAULT) -> Phrases:
    """Return the phrases of a file; none where there is no such file.

    Parameters
    ----------
    path, shown : Path, str
        The file, and as messages name it.
    language, source : str
        Into which language, from which.

    Raises
    ------
    PaperError, Findings
        All that is wrong with it, each with its line.
    """
    into, out_of = languages.of(language), languages.of(source)
    if not path.is_file():
        return Phrases(out_of, into)
    text = read_text(path, shown)
    plain = parse_yaml(text, shown) or {}
    departures = list(_departures(plain, into))
    for place, error in departures:
        error.where = f"{shown}:{line_of(text, *place)}"
    raise_all([error for _, error in departures])
    within = {place: Said.of(_forms(phrases)) for place, phrases in (plain.get("within") or {}).items()}
    everywhere = Said.of(_forms(plain.get("phrases") or {}))
    return Phrases(out_of, into, everywhere, within, frozenset(plain.get("verbatim") or ()))


def _forms(phrases: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return phrases, each with its translation by case."""
    return {
        one_line(str(phrase)): {
            case: one_line(text) for case, text in ({IS: said} if isinstance(said, str) else said).items()
        }
        for phrase, said in phrases.items()
    }


def _departures(
    plain: Any, language: languages.Language
) -> Iterable[tuple[tuple[str | int, ...], PaperError]]:
    """Yield the place of each entry that is none, and what is wrong with it."""
    if not isinstance(plain, Mapping):
        yield (), PaperError("not a mapping", expected="phrases:, within:, verbatim:")
        return
    shapes: dict[str, type] = {"phrases": Mapping, "within": Mapping, "verbatim": list}
    for part, content in plain.items():
        if part not in shapes:
            yield (
                (part,),
                PaperError(
                    f"there is no part {part!r}{suggestion(part, shapes)}", expected=", ".join(shapes)
                ),
            )
        elif content is not None and not isinstance(content, shapes[part]):
            yield (part,), PaperError(f"{part} is {content!r}", expected=_EXPECTED)
    for number, name in enumerate(_part(plain, "verbatim", list)):
        if not isinstance(name, str):
            yield (
                ("verbatim", number),
                PaperError(f"{name!r} is no text", expected="names that stay as they are"),
            )
    tables: list[tuple[tuple[str, ...], Any]] = [(("phrases",), _part(plain, "phrases", Mapping))]
    tables += [(("within", place), phrases) for place, phrases in _part(plain, "within", Mapping).items()]
    for place, phrases in tables:
        if not isinstance(phrases, Mapping):
            yield place, PaperError(f"{place[-1]} is {phrases!r}", expected=_EXPECTED)
            continue
        for phrase, said in phrases.items():
            for problem in _wrong(str(phrase), said, language):
                yield (*place, str(phrase)), problem


def _part(plain: Mapping[str, Any], name: str, shape: type) -> Any:
    found = plain.get(name)
    return found if isinstance(found, shape) else shape() if shape is list else {}


def _wrong(phrase: str, said: Any, language: languages.Language) -> Iterator[PaperError]:
    """Yield what is wrong with one phrase."""
    forms = {IS: said} if isinstance(said, str) else said
    cases = (IS, *language.cases)
    if (
        not isinstance(forms, Mapping)
        or IS not in forms
        or not all(isinstance(one, str) for one in forms.values())
    ):
        yield PaperError(f"{phrase!r} is {said!r}", expected=_EXPECTED)
        return
    for case in forms:
        if case not in cases:
            yield PaperError(f"there is no case {case!r}{suggestion(case, cases)}", expected=", ".join(cases))
    slots = {slot["name"] for slot in SLOT.finditer(phrase)}
    needed = len(language.plurals) + 1
    for slot in (found for text in forms.values() for found in SLOT.finditer(text)):
        if slot["name"] not in slots:
            yield PaperError(
                f"{slot[0]} stands for nothing in {phrase!r}{suggestion(slot['name'], slots)}",
                expected=", ".join(f"{{{name}}}" for name in sorted(slots)) or "a text without slots",
            )
        elif slot["case"] and slot["case"] not in cases:
            yield PaperError(
                f"{slot[0]} asks for a case that {language.name} has not", expected=", ".join(cases)
            )
        elif slot["plurals"] is not None and slot["plurals"].count("|") + 1 != needed:
            yield PaperError(f"{slot[0]} has another count of forms", expected=f"{needed} plural forms")
