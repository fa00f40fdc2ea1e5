"""Find numbers that were typed into prose instead of being bound to a result.

The rule
--------
A digit in prose is a finding unless it is one of these, each of which cannot go stale when the data change:

- a year (1500–2100), a span of years (1997–2019, 1988/89), a decade (1990s);
- the day or the year of a date (1 January 2009, 17 июля);
- the number of a list item, or one that names a place in a text: section, chapter, part, figure, table,
  equation, note, appendix, page, article, paragraph, law, decree, claim, step, model, "No.", "§" and their
  Russian and Kazakh forms; a century;
- the base of a rate: per 1,000, per 100 km, на 1000;
- part of a name: joined to letters (A4, CO2, COVID-19, PM2.5), or after ISO, EPSG, CC BY, SHA, version …;
- inside code, mathematics, citations (locators too), attributes other than titles, captions and alternative
  texts, link targets, addresses, raw HTML tags, comments and shortcodes;
- anywhere in a sentence that carries a citation: such a number is the cited source's;
- inside `[…]{.stated}`, with which the author declares a constant that no result of this project can change.

Everything else comes from a notebook by `number(…)` and enters the text as `{{< meta n.name >}}`.
"""

import re
from dataclasses import dataclass

from paperbuild.article.text import CITATION_MARK

_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря|"
    "қаңтар|ақпан|наурыз|сәуір|мамыр|маусым|шілде|тамыз|қыркүйек|қазан|қараша|желтоқсан"
)
_PLACES = (
    "sections?|chapters?|parts?|figures?|figs?|tables?|equations?|eqs?|notes?|footnotes?|appendix|pages?|pp?|"
    "articles?|arts?|paragraphs?|laws?|decrees?|claims?|steps?|models?|panels?|columns?|rungs?|volumes?|vol|nos?|№|§+|"
    "раздел\\w*|глав\\w*|част\\w*|рис\\w*|табл\\w*|уравнени\\w*|прим\\w*|с|стр|стать\\w*|закон\\w*|указ\\w*|"
    "бөлім\\w*|сурет\\w*|кесте\\w*|бет\\w*|бап\\w*|заң\\w*"
)
_NAMES = "ISO|EPSG|CC[ -]BY(?:-\\w+)*|SHA|UTF|RFC|version|v|Python|ODbL"
_SPACE = r"[ \u00a0\u202f\n]"
_YEAR = r"(?:1[5-9]\d\d|20\d\d|2100)"

_NUMBER = re.compile(
    r"(?:(?<!\w)[−+±–-])?(?<![\w.])(?<![^\W\d_]-)"  # a sign of its own; not part of a name such as COVID-19
    r"\d(?:[\d.,\u00a0\u202f/–]*\d)?(?: \d{3}(?!\d))*[\w%]*"
)
_YEARS = re.compile(rf"{_YEAR}(?:[–/]{_YEAR}|[–/]\d\d)*s?")
_DAY = re.compile(r"\d{1,2}(?:–\d{1,2})?(?:st|nd|rd|th)?")
_BEFORE_DATE = re.compile(rf"(?:{_MONTHS}){_SPACE}$", re.IGNORECASE)
_AFTER_DATE = re.compile(rf"{_SPACE}(?:{_MONTHS})", re.IGNORECASE)
_PLACE_BEFORE = re.compile(
    rf"(?<!\w)(?:{_PLACES})\.?{_SPACE}?"  # Sections 3, 4 and 5: whatever the list has had so far
    rf"(?:[\d.]+(?:,{_SPACE}|–|-|{_SPACE}(?:and|or|to|и|және){_SPACE}))*$",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(rf"(?<!\w)(?:{_NAMES})[ \u00a0-]?(?:[\d.]+-)?$")
_RATE_BASE = re.compile(r"10{0,2}(?:[,\u00a0\u202f ]?000)*")
_RATE_BEFORE = re.compile(rf"(?<!\w)(?:per|на){_SPACE}$", re.IGNORECASE)
_LIST_START = re.compile(r"[\s>]*\(?")
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"'»”’)\]]*\s+(?=[\"'«“‘(\[]*[A-ZА-ЯЁӘҒҚҢӨҰҮҺІ0-9])|\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|al|vs|ca|approx|resp|Fig|Eq|No|pp?|т\.е|т\.д|г|гг|млн|тыс)|\b[A-ZА-Я])\.$"
)


@dataclass(frozen=True)
class TypedNumber:
    """A number that nothing binds: its text, its line within the stretch (from 0), the words around it."""

    text: str
    line: int
    around: str


def sentences(text: str) -> list[tuple[int, int]]:
    """Bounds of the sentences of a paragraph; list items count as sentences of their own."""
    bounds, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if _ABBREVIATION.search(text[start : match.start()]):
            continue
        bounds.append((start, match.end()))
        start = match.end()
    bounds.append((start, len(text)))
    return bounds


def _allowed(before: str, token: str, after: str, line_start: str) -> bool:
    """Whether a number may stand, given its sentence before it, the text after it, and its line before it."""
    if _YEARS.fullmatch(token) or (_LIST_START.fullmatch(line_start) and re.match(r"[.)]\s", after)):
        return True
    if _DAY.fullmatch(token) and (_BEFORE_DATE.search(before) or _AFTER_DATE.match(after)):
        return True
    if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)", token) and re.match(r"\s+century", after):
        return True
    if _RATE_BASE.fullmatch(token) and _RATE_BEFORE.search(before):
        return True
    return bool(_PLACE_BEFORE.search(before) or _NAME_BEFORE.search(before))


def typed_numbers(text: str) -> list[TypedNumber]:
    """Numbers of a masked stretch of prose that the rule of this module does not allow.

    Parameters
    ----------
    text : str
        Prose as `paperbuild.article.text.Manuscript.prose` masks it.
    """
    found = []
    for start, end in sentences(text):
        if CITATION_MARK in text[start:end]:
            continue
        for match in _NUMBER.finditer(text, start, end):
            token = match.group().rstrip(".,/–")
            position = match.start()
            after = text[position + len(token) :]
            if not _allowed(
                text[start:position], token, after, text[text.rfind("\n", 0, position) + 1 : position]
            ):
                around = " ".join(text[max(start, position - 40) : min(end, match.end() + 30)].split())
                found.append(TypedNumber(token, text.count("\n", 0, position), around))
    return found
