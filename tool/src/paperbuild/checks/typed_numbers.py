"""Find numbers that were typed into prose instead of being bound to a result.

The rule
--------
A digit in prose is a finding unless it is one of these, each of which cannot go stale when the data change:

- a year (1500–2100), a span of years (1997–2019, 1988/89), a decade (1990s);
- the day or the year of a date (1 January 2009, 17 июля);
- the number of a list item, or one that names a place in a text: section, figure, table, equation, page,
  article, law, claim, "No.", "§" and the like, in any of the languages; a century;
- the base of a rate: per 1,000, per 100 km, на 1000;
- the mark of a footnote;
- part of a name: joined to letters (A4, CO2, COVID-19, PM2.5), or after ISO, EPSG, CC BY, SHA, version …;
- inside code, mathematics, citations (locators too), attributes other than titles, captions and alternative
  texts, link targets, addresses, raw HTML tags, comments and shortcodes;
- anywhere in a sentence that carries a citation: such a number is the cited source's;
- inside `[…]{.stated}`, with which the author declares a constant that no result of this project can change.

Which words those are, each language's file says (`paperbuild.article.languages`).

Everything else comes from a notebook by `number(…)` and enters the text as `{{< meta n.name >}}`.
"""

import functools
import re
from dataclasses import dataclass

from paperbuild.article.languages import alternatives, every, sentences
from paperbuild.article.manuscript import CITATION_MARK

_NAMES = "ISO|EPSG|CC[ -]BY(?:-\\w+)*|SHA|UTF|RFC|version|v|Python|ODbL"
_SPACE = r"[ \u00a0\u202f\n]"
_YEAR = r"(?:1[5-9]\d\d|20\d\d|2100)"

_NUMBER = re.compile(
    r"(?:(?<!\w)[−+±–-])?(?<![\w.])(?<![^\W\d_]-)"  # a sign of its own; not part of a name such as COVID-19
    r"\d(?:[\d.,\u00a0\u202f/–]*\d)?(?: \d{3}(?!\d))*[\w%]*"
)
_YEARS = re.compile(rf"{_YEAR}(?:[–/]{_YEAR}|[–/]\d\d)*s?")
_NAME_BEFORE = re.compile(rf"(?<!\w)(?:{_NAMES})[ \u00a0-]?(?:[\d.]+-)?$")
_RATE_BASE = re.compile(r"10{0,2}(?:[,\u00a0\u202f ]?000)*")
REACH = 300
"""How far from a number words may stand that say what it is, in characters: a list of some sixty sections."""
_LIST_START = re.compile(r"[\s>]*\(?")


@dataclass(frozen=True)
class _Words:
    """Patterns of the words of all languages that let a number stand."""

    day: re.Pattern[str]
    ordinal: re.Pattern[str]
    century_after: re.Pattern[str]
    month_before: re.Pattern[str]
    month_after: re.Pattern[str]
    place_before: re.Pattern[str]
    place_after: re.Pattern[str]
    rate_before: re.Pattern[str]


@functools.cache
def _words() -> _Words:
    months, joins = alternatives(every("months")), alternatives(every("joins"))
    ordinals = alternatives(every("ordinals"))
    places = rf"(?:{alternatives(every('places_before'))})\.?|№|§+"
    return _Words(
        day=re.compile(rf"\d{{1,2}}(?:–\d{{1,2}})?(?:{ordinals})?"),
        ordinal=re.compile(rf"\d{{1,2}}(?:{ordinals})"),
        century_after=re.compile(rf"\s+(?:{alternatives(every('centuries'))})"),
        month_before=re.compile(rf"(?:{months}){_SPACE}$", re.IGNORECASE),
        month_after=re.compile(rf"{_SPACE}(?:{months})", re.IGNORECASE),
        place_before=re.compile(
            rf"(?<!\w)(?:{places}){_SPACE}?"  # Sections 3, 4 and 5: whatever the list has had so far
            rf"(?:[\d.]+(?:,{_SPACE}|–|-|{_SPACE}(?:{joins}){_SPACE}))*$",
            re.IGNORECASE,
        ),
        # With its hyphen: 5-бет is page 5, while 5 бет are five pages.
        place_after=re.compile(rf"-(?:{alternatives(every('places_after'))})(?!\w)", re.IGNORECASE),
        rate_before=re.compile(rf"(?<!\w)(?:{alternatives(every('rates'))}){_SPACE}$", re.IGNORECASE),
    )


@dataclass(frozen=True)
class TypedNumber:
    """A number that nothing binds: its text, its line within the stretch (from 0), the words around it."""

    text: str
    line: int
    around: str


def _allowed(before: str, token: str, after: str, line_start: str) -> bool:
    """Whether a number may stand, given its sentence before it, the text after it, and its line before it."""
    words = _words()
    if _YEARS.fullmatch(token) or (_LIST_START.fullmatch(line_start) and re.match(r"[.)]\s", after)):
        return True
    if words.day.fullmatch(token) and (words.month_before.search(before) or words.month_after.match(after)):
        return True
    if words.ordinal.fullmatch(token) and words.century_after.match(after):
        return True
    if _RATE_BASE.fullmatch(token) and words.rate_before.search(before):
        return True
    named = words.place_before.search(before) or _NAME_BEFORE.search(before)
    return bool(named or words.place_after.match(after))


def typed_numbers(text: str) -> list[TypedNumber]:
    """Numbers of a masked stretch of prose that the rule of this module does not allow.

    Parameters
    ----------
    text : str
        Prose as `paperbuild.article.manuscript.Manuscript.prose` masks it.
    """
    found = []
    line, counted = 0, 0
    for start, end in sentences(text):
        if CITATION_MARK in text[start:end]:
            continue
        for match in _NUMBER.finditer(text, start, end):
            token = match.group().rstrip(".,/–")
            position, last = match.start(), match.start() + len(token)
            line, counted = line + text.count("\n", counted, position), position
            before = text[max(start, position - REACH) : position]
            line_start = text[max(0, position - REACH) : position].rpartition("\n")[2]
            if not _allowed(before, token, text[last : last + REACH], line_start):
                around = " ".join(text[max(start, position - 40) : min(end, match.end() + 30)].split())
                found.append(TypedNumber(token, line, around))
    return found
