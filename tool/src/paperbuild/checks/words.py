"""Rules for words that state a result: bound ones must be true, and none may go unbound.

The finder
----------
A sentence states a result where it has a word of its language's list (``results:`` in the language's file)
that no span binds. It may go unbound where

- it asks a question, or cites a source and binds no number of its own: what others found is theirs;
- the words say what a count in words counts, ``{{< meta w.regions.losing >}} regions lose people``: they
  follow it in its clause;
- the words stand in ``[…]{.no-result why="…"}``, or under a heading of class ``no-result``: methods;
- they are an idiom of the language, or a phrase that the project lists with a reason under
  ``checks: {no_result: {PHRASE: REASON}}``.

Markdown that no filter reads (README, notebooks' readings) binds by comments: ``<!-- when: CONDITION -->``
in a sentence, and ``<!-- = n.NAME -->`` behind a number that is printed as NAME is;
``<!-- no result: REASON -->`` declares a sentence. In a reading a sentence may also say what to look for: it
begins with a word of its language's list (``asks:``), and states nothing up to a colon.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paperbuild.article import languages
from paperbuild.article.bound import KINDS, Bound, bound_in, false_words
from paperbuild.article.manuscript import CITATION_MARK, Attributes, Manuscript, blank
from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import README
from paperbuild.project.notebook import parse_notebook
from paperbuild.project.printed import FALSE

_HEADING = re.compile(r"^(?P<marks>#{1,6})[ \t]+.*?(?P<attributes>\{[^}\n]*\})?[ \t]*$", re.MULTILINE)
_WHEN = re.compile(r"<!--\s*when:\s*(?P<expression>.+?)\s*-->", re.DOTALL)
_EQUAL = re.compile(r"<!--\s*=\s*(?P<root>\w+)\.(?P<name>[\w.-]+)\s*-->")
_NO_RESULT = re.compile(r"<!--\s*no result:\s*\S.*?-->", re.DOTALL)
_PRINTED = re.compile(r"[*_`]*$")
_META = re.compile(r"\{\{<\s*meta\s[^>]*>\}\}")
_NUMBER = "⟨⟩"
"""What the finder sees of a bound number."""


@dataclass(frozen=True)
class Unbound:
    """A sentence that states a result on which nothing hangs: line in its text, words found, the sentence."""

    line: int
    words: tuple[str, ...]
    sentence: str


def false_in(subject: Subject) -> list[PaperError]:
    """Bound words of the article that are not true."""
    found = []
    for text, language in subject.written:
        words = bound_in(text, language)
        found += false_words(words, subject.facts, functools.partial(sentence_at, text))
    return found


def sentence_at(text: Manuscript, one: Bound) -> str:
    """Return the sentence around bound words, without marks, on one line."""
    start = text.text.rfind("\n\n", 0, one.start) + 2
    stop = text.text.find("\n\n", one.end)
    paragraph = text.text[start : stop if stop >= 0 else len(text.text)]
    for first, last in languages.sentences(paragraph):
        if first <= one.start - start < last:
            return plain(paragraph[first:last])
    return plain(paragraph)


def plain(text: str) -> str:
    """Return Markdown without attributes, on one line; shortcodes keep their names."""
    text = re.sub(r"\{\{<\s*meta\s+(\S+)\s*>\}\}", r"⟨\1⟩", text)
    text = re.sub(r"\]\{[^{}]*\}", "", re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    return " ".join(re.sub(r"[\[\]*_]", "", text).split())


@functools.cache
def _pattern(code: str) -> re.Pattern[str]:
    words = languages.alternatives(languages.of(code).results)
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)


def unbound(text: Manuscript, main: str, phrases: Iterable[str] = ()) -> list[Unbound]:
    """Return the sentences of a file that state a result on which nothing hangs.

    Parameters
    ----------
    text : Manuscript
        The file.
    main : str
        The language of passages that declare none.
    phrases : iterable of str
        What states no result in this project.
    """
    masked, given = _masked(text), tuple(phrases)
    found = []
    for stretch in masked.prose:
        language = text.language_at(stretch.line) or main
        for start, stop in languages.sentences(stretch.text):
            sentence = stretch.text[start:stop]
            states = _phrases(language, given).sub(lambda match: blank(match.group()), sentence)
            hits = (" ".join(match.group().lower().split()) for match in _pattern(language).finditer(states))
            words = tuple(dict.fromkeys(hits))
            cited = CITATION_MARK in sentence and _NUMBER not in sentence
            if not words or cited or sentence.rstrip(" \n\"'”»*_").endswith("?"):
                continue
            first = start + len(sentence) - len(sentence.lstrip())
            line = stretch.line + stretch.text.count("\n", 0, first)
            found.append(Unbound(line, words, " ".join(sentence.split())))
    return found


@functools.cache
def _phrases(code: str, given: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of what states no result: a language's idioms, and the project's phrases."""
    phrases = (r"\s+".join(map(re.escape, phrase.split())) for phrase in (*languages.of(code).idioms, *given))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(phrases) or '(?!)'})(?![\w-])", re.IGNORECASE)


def _masked(text: Manuscript) -> Manuscript:
    """Return the same text with blanks for what is bound or declared to be no result, marks for numbers."""
    content = text.text
    for start, stop in _exempt(text):
        content = content[:start] + blank(content[start:stop]) + content[stop:]
    marked = _META.sub(lambda match: _NUMBER + blank(match.group())[len(_NUMBER) :], content)
    return Manuscript(text.path, marked)


def _exempt(text: Manuscript) -> Iterable[tuple[int, int]]:
    for block in text.attributes:
        if "no-result" not in block.classes and not (KINDS.keys() & block.values.keys()):
            continue
        if "alt-when" in block.values:
            start = block.offsets.get("fig-alt", block.start)
            yield start, start + len(block.values.get("fig-alt", ""))
        if text.text[block.start - 1 : block.start] == "]":
            yield text.opening(block.start - 1) + 1, block.start - 1
    for match in _counted().finditer(text.uncoded):
        yield match.start("rest"), match.end()
    for start, end, block in text.divs:
        if "no-result" in block.classes or "when" in block.values:
            yield _inside(text, start, block), end
    headings = [(len(match["marks"]), match) for match in _HEADING.finditer(text.uncoded, text.front_end)]
    for number, (level, match) in enumerate(headings):
        # Headings name, they do not state.
        yield match.start(), match.end()
        if ".no-result" in (match["attributes"] or ""):
            after = (other.start() for depth, other in headings[number + 1 :] if depth <= level)
            yield match.end(), next(after, len(text.text))


@functools.cache
def _counted() -> re.Pattern[str]:
    """Return the pattern of a count in words and what follows it in its clause."""
    roots = "|".join(sorted(languages.root_names(in_words=True)))
    count = rf"\{{\{{<\s*meta\s+(?:{roots})\.[^>]*>\}}\}}"
    return re.compile(rf"{count}(?P<rest>(?:\{{\{{<.*?>\}}\}}|\]?\{{[^}}]*\}}|[^,;:.()—{{])*)")


def _inside(text: Manuscript, start: int, block: Attributes) -> int:
    return max(start, block.end)


def unbound_findings(subject: Subject) -> Iterable[PaperError]:
    """Sentences of the article on which nothing hangs, and words declared no result without a reason."""
    for text, language in subject.written:
        for block in text.attributes:
            spanned = text.text[block.start - 1 : block.start] == "]"
            if spanned and "no-result" in block.classes and not block.values.get("why", "").strip():
                yield PaperError(
                    "these words are said to state no result, and not why",
                    where=f"{text.path}:{text.line(block.start)}",
                    expected='[…]{.no-result why="definition"}',
                )
        for one in unbound(text, language, subject.no_result):
            yield _finding(f"{text.path}:{one.line}", one)


def unbound_readings(subject: Subject) -> Iterable[PaperError]:
    """Sentences of notebooks' readings, and of what README says of results, on which nothing hangs."""
    language = subject.article.language
    for where, text in plain_texts(subject):
        text = _of_results(text) if text.path == README else text
        for one in unbound(_without_bound(text, language), language, subject.no_result):
            yield PaperError(
                f"nothing says whether this is true: {', '.join(one.words)} in “{one.sentence}”",
                where=where(one.line),
                expected="what to look for, or a condition that the words rest on",
                remedy="<!-- when: a.b > 0 --> in the sentence, or <!-- no result: why -->",
            )


def _finding(where: str, one: Unbound) -> PaperError:
    return PaperError(
        f"nothing says whether this is true: {', '.join(one.words)} in “{one.sentence}”",
        where=where,
        expected="words that results choose, or a condition they rest on",
        remedy='[rose]{when="a.b > 0"} or [rose|fell]{if=…}; [words]{.no-result why="…"} where they do not',
    )


Where = Callable[[int], str]


def readings(subject: Subject) -> Iterable[tuple[Where, Manuscript]]:
    """Yield the Markdown cells of all notebooks, each with what turns its lines into places."""
    for shown in subject.notebooks:
        try:
            content = subject.text(shown)
            cells = parse_notebook(content, shown)["cells"]
        except PaperError:
            continue  # the rule on notebooks says so
        for cell in cells:
            if cell["cell_type"] == "markdown":
                yield _place(shown, content, cell), Manuscript(shown, "".join(cell.get("source", [])))


def _place(path: str, content: str, cell: Mapping[str, Any]) -> Where:
    start = max(content.find(f'"id": "{cell.get("id")}"'), 0)
    first = content.count("\n", 0, max(content.find('"source": [', start), start)) + 1
    return lambda line: f"{path}:{first + line}"


def _without_bound(text: Manuscript, language: str) -> Manuscript:
    """Return plain Markdown with blanks for what asks, or a comment binds or declares to be no result."""
    content = text.text
    for start, stop in languages.sentences(content):
        sentence = content[start:stop]
        asked = _asks(language).match(sentence)
        if _WHEN.search(sentence) or _NO_RESULT.search(sentence):
            content = content[:start] + blank(sentence) + content[stop:]
        elif asked:
            content = content[:start] + blank(asked.group()) + content[start + asked.end() :]
    return Manuscript(text.path, content)


def _of_results(text: Manuscript) -> Manuscript:
    """Return README with blanks for paragraphs that bind nothing: they tell of the project, not results."""
    paragraph = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|$))+")
    bound = (_WHEN, _EQUAL)
    return Manuscript(
        text.path,
        paragraph.sub(
            lambda match: match[0] if any(one.search(match[0]) for one in bound) else blank(match[0]),
            text.text,
        ),
    )


@functools.cache
def _asks(code: str) -> re.Pattern[str]:
    """Return the pattern of what tells a reader what to look for."""
    verbs = "|".join(map(re.escape, languages.of(code).asks)) or "(?!)"
    return re.compile(rf"\s*(?:{verbs})\b[^:;]*")


def plain_texts(subject: Subject) -> Iterable[tuple[Where, Manuscript]]:
    """Yield the Markdown that binds by comments: readings of notebooks, and README."""
    yield from readings(subject)
    if subject.has(README):
        yield (lambda line: f"{README}:{line}"), Manuscript(README, subject.text(README))


def commented(text: Manuscript, where: Where, language: str) -> list[Bound]:
    """Return what comments bind in plain Markdown: each as the words that stand before it in its sentence."""
    found = []
    for match in _WHEN.finditer(text.text):
        path, _, line = where(text.line(match.start())).rpartition(":")
        expression, words = " ".join(match["expression"].split()), (_before(text.text, match.start()),)
        place = match.start(), match.end()
        found.append(Bound(KINDS["when"], expression, words, language, path, int(line), *place))
    return found


def printed_in(text: Manuscript) -> list[str]:
    """Return the recorded numbers that comments bind what is printed to."""
    return [match["name"] for match in _EQUAL.finditer(text.text)]


def all_bound(subject: Subject) -> list[Bound]:
    """Return every bound word of a project: of the article, its editions, README and readings."""
    language = subject.article.language
    found = [one for text, main in subject.written for one in bound_in(text, main)]
    return found + [one for where, text in plain_texts(subject) for one in commented(text, where, language)]


def plain_findings(subject: Subject) -> Iterable[PaperError]:
    """What comments bind in README and notebooks, and is not so."""
    for where, text in plain_texts(subject):
        for one in commented(text, where, subject.article.language):
            try:
                true = one.outcome(subject.facts) != FALSE
            except PaperError as error:
                yield error
                continue
            if not true:
                message = f"not true by today's results: “{one.wordings[0]}”"
                yield PaperError(message, where=one.where, expected=one.expression)
        yield from _misprinted(text, where, subject.metadata)


def _misprinted(text: Manuscript, where: Where, printed: Mapping[str, Any]) -> Iterable[PaperError]:
    """Yield numbers of plain Markdown that are not printed as what comments bind them to."""
    for match in _EQUAL.finditer(text.text):
        place = where(text.line(match.start()))
        value = printed
        for part in (match["root"], *match["name"].split(".")):
            value = value.get(part, {}) if isinstance(value, Mapping) else {}
        words = _PRINTED.sub("", text.text[: match.start()].rstrip())
        if not isinstance(value, str):
            name = f"{match['root']}.{match['name']}"
            if printed.get("build"):  # written by each build, so unknown in a fresh clone
                yield PaperError(f"nothing is recorded as {name}", where=place)
        elif not re.search(rf"(?<![\w.,−]){re.escape(value)}$", words):
            shown = words[-max(len(value), 12) :]
            yield PaperError(f"“…{shown}” is not what is recorded", where=place, expected=value)


def _before(text: str, position: int) -> str:
    start = text.rfind("\n\n", 0, position) + 1
    bounds = languages.sentences(text[start:position])
    first, last = bounds[-1]
    return plain(text[start:position][first:last])


RULES = (
    Rule(
        "bound-words",
        "a word that states a result turns false when the data do",
        "words bound to conditions in all texts, and in comments of README and notebooks",
        lambda subject: () if subject.manifest.broken else (*false_in(subject), *plain_findings(subject)),
    ),
    Rule(
        "unbound-words",
        "a direction, rank or sameness in fixed words outlives the data it was read from",
        "sentences of the article that state a result",
        unbound_findings,
    ),
    Rule(
        "unbound-readings",
        "a reading that tells a result, and not what to look for, outlives the data it was written on",
        "sentences that state a result in notebooks' readings, and in paragraphs of README that bind one",
        unbound_readings,
    ),
)
