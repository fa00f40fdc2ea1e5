"""Rules for editions in further languages: the same article, with its words and those of its figures said.

An edition has a paragraph for each of the article's. Two paragraphs are the same where they bind the same
numbers and conditions, show the same figures and tables, and cite and refer to the same; in which order
inside a paragraph is a matter of the language, and so are plural forms. Abstracts are compared by language,
wherever they stand.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paperbuild.article import languages, quarto_settings
from paperbuild.article.bound import bound_in
from paperbuild.article.manuscript import REFERENCE_PREFIXES, Manuscript
from paperbuild.article.source import edition_findings
from paperbuild.article.text import Article
from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError
from paperbuild.ground.located import line_of
from paperbuild.project.layout import FIGURES, QUARTO_PROJECT, TABLES, edition

_PARAGRAPH = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|$))+")
_SUFFIX = re.compile(r"\.(?:svg|png|pdf|md|csv)$")
_MOST = 4
"""Names that a finding lists."""


@dataclass(frozen=True)
class Paragraph:
    """What one paragraph rests on.

    Attributes
    ----------
    where : str
        Its file and first line.
    items : frozenset of str
        What it binds, shows, defines, cites and refers to, each in words.
    """

    where: str
    items: frozenset[str]

    def lacks(self, other: Paragraph) -> list[str]:
        """Return what another has and this has not, in order."""
        return sorted(other.items - self.items)


def paragraphs(article: Article) -> tuple[list[Paragraph], dict[str, Paragraph]]:
    """Return the paragraphs of an article that rest on anything, and its abstracts by language.

    Parameters
    ----------
    article : Article
        The article, or an edition.
    """
    found: list[Paragraph] = []
    abstracts: dict[str, Paragraph] = {}
    for text in article.written:
        items = list(_items(text, article))
        apart = list(_abstracts(text, article.language))
        for language, first, last in apart:
            inside = frozenset(said for line, said in items if first <= line <= last)
            abstracts[language] = Paragraph(f"{text.path}:{first}", inside)
        items = [(line, said) for line, said in items if not any(a <= line <= b for _, a, b in apart)]
        for match in _PARAGRAPH.finditer(text.text):
            first, last = text.line(match.start()), text.line(match.end() - 1)
            if inside := frozenset(said for line, said in items if first <= line <= last):
                found.append(Paragraph(f"{text.path}:{first}", inside))
    return found, abstracts


def _abstracts(text: Manuscript, main: str) -> Iterator[tuple[str, int, int]]:
    """Yield language, first and last line of each abstract."""
    for key, start, stop in text.front_prose:
        if key.startswith("abstract") and key != "abstract-title":
            yield key.removeprefix("abstract").strip("-") or main, start, stop
    for start, end, block in text.divs:
        if "abstract" in block.classes:
            yield block.values.get("lang", main), text.line(start), text.line(end)


def _items(text: Manuscript, article: Article) -> Iterator[tuple[int, str]]:
    """Yield what a file binds, shows, defines, cites and refers to, with its line."""
    roots = languages.root_names()
    for use in text.metas:
        root, _, name = use.name.partition(".")
        yield use.line, f"the number {name}" if root in roots else f"{{{{< meta {use.name} >}}}}"
    for one in bound_in(text, article.language):
        if one.kind.name != "count":
            yield one.line, f"{one.kind.name}={' '.join(one.expression.split())}"
    for figure in text.figures:
        yield figure.line, f"the figure {_shared(figure.target, article)}"
    for use in text.includes:
        yield use.line, f"the file {_shared(use.name, article)}"
    for use in text.citations:
        yield use.line, f"the citation @{use.name}"
    for use in text.references:
        yield use.line, f"the reference @{use.name[:1].lower()}{use.name[1:]}"
    for block in text.attributes:
        if block.identifier.split("-")[0] in REFERENCE_PREFIXES:
            yield text.line(block.start), f"the name #{block.identifier}"


def _shared(name: str, article: Article) -> str:
    """Return a file's name without what an edition has of its own: the folder of its language."""
    if not article.edition:
        return _SUFFIX.sub("", name)
    plain = re.sub(rf"^({FIGURES}|{TABLES})/{re.escape(article.edition)}/", r"\1/", name)
    return _SUFFIX.sub("", plain.replace(f".{article.edition}.", "."))


def parity_findings(article: Article, other: Article) -> list[PaperError]:
    """Return where an edition is not the article: what it lacks and what it has besides.

    Parameters
    ----------
    article, other : Article
        The article and its edition.
    """
    found: list[PaperError] = []
    (ours, our_abstracts), (theirs, their_abstracts) = paragraphs(article), paragraphs(other)
    entry = edition(article.edition)
    keys = [one.items for one in ours], [one.items for one in theirs]
    matcher = difflib.SequenceMatcher(None, *keys, autojunk=False)
    for tag, first, last, start, stop in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs, left, right = _paired(ours[first:last], theirs[start:stop])
        for one, two in pairs:
            found += _differing(one, two)
        place = theirs[min(start, len(theirs) - 1)].where if theirs else f"{edition(other.edition)}:1"
        for one in left:
            found.append(_alone(one, place, f"the paragraph at {one.where} is missing here"))
        for two in right:
            found.append(_alone(two, two.where, f"{entry} has no such paragraph"))
    for language, one in our_abstracts.items():
        if language in their_abstracts:
            found += _differing(one, their_abstracts[language])
        else:
            place = next((two.where for two in their_abstracts.values()), f"{edition(other.edition)}:1")
            message = f"there is no abstract in {languages.of(language).name}"
            found.append(PaperError(message, where=place, expected=f"the one at {one.where}"))
    return found


def _paired(
    ours: Sequence[Paragraph], theirs: Sequence[Paragraph]
) -> tuple[list[tuple[Paragraph, Paragraph]], list[Paragraph], list[Paragraph]]:
    """Pair paragraphs that differ by what most of them share, in order; return those left on either side."""
    pairs: list[tuple[Paragraph, Paragraph]] = []
    right = list(theirs)
    left: list[Paragraph] = []
    after = 0
    for one in ours:
        shared = [len(one.items & two.items) for two in right[after:]]
        most = max(shared, default=0)
        if most:
            place = after + shared.index(most)
            pairs.append((one, right[place]))
            after = place + 1
        else:
            left.append(one)
    taken = {id(two) for _, two in pairs}
    rest = [two for two in right if id(two) not in taken]
    if len(left) == len(rest):
        return [*pairs, *zip(left, rest, strict=True)], [], []
    return pairs, left, rest


def _differing(one: Paragraph, two: Paragraph) -> Iterator[PaperError]:
    """Yield a finding where two paragraphs do not rest on the same."""
    lacking, more = two.lacks(one), one.lacks(two)
    said = [
        f"{words} {_listed(items)}"
        for words, items in (("this paragraph lacks", lacking), ("this paragraph alone has", more))
        if items
    ]
    if said:
        yield PaperError(
            "; ".join(said),
            where=two.where,
            expected=f"the same numbers, conditions, figures and references as at {one.where}",
        )


def _alone(paragraph: Paragraph, where: str, message: str) -> PaperError:
    items = _listed(sorted(paragraph.items))
    return PaperError(f"{message}: {items}", where=where, expected="one paragraph in each edition")


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _MOST} more" if len(items) > _MOST else ""
    return ", ".join(items[:_MOST]) + more


def same_article(subject: Subject) -> Iterable[PaperError]:
    """What keeps an edition from being the article in another language."""
    for other in subject.editions:
        yield from edition_findings(other.manuscripts[0]) if other.manuscripts else ()
        yield from _unlisted(subject, other)
        yield from parity_findings(subject.article, other)


def _unlisted(subject: Subject, other: Article) -> Iterator[PaperError]:
    """Yield a finding where Quarto would not set the edition."""
    content, plain = quarto_settings.written(subject.project.root)
    project = plain.get("project")
    listed: Any = project.get("render") if isinstance(project, dict) else None
    name = edition(other.edition)
    if isinstance(listed, list) and name not in listed:
        line = line_of(content, "project", "render")
        where = f"{QUARTO_PROJECT}:{line}"
        yield PaperError(
            f"{name} is not among what Quarto renders",
            where=where,
            expected=f"render: [{', '.join([*map(str, listed), name])}]",
        )


def unsaid(subject: Subject) -> Iterable[PaperError]:
    """Words of figures, tables and recorded texts that an edition shows and no phrase says."""
    listed = {output["path"]: output for output in subject.manifest.outputs}
    stems = {path.rsplit(".", 1)[0]: output for path, output in listed.items()}
    for other in subject.editions:
        shown = subject.project.relative(subject.project.phrases_file(other.edition))
        places = [(one.name, one.where) for one in (*other.pictured, *other.included)]
        for name, where in places:
            stem = _SUFFIX.sub("", name.lstrip("/"))
            folder, _, rest = stem.partition("/")
            own = f"{folder}/{other.edition}/{rest}"
            if own in stems:
                message = f"{stem} speaks the language of the article"
                yield PaperError(message, where=where, expected=own)
            for text in stems.get(stem, {}).get("unsaid", ()):
                yield PaperError(
                    f"{stem} has no {languages.of(other.language).name} for “{text}”",
                    where=where,
                    expected=f"a phrase of {shown}",
                    remedy=f"add it under phrases:, or within: {rest.partition('/')[2]}:, and paper build",
                )
        yield from _unsaid_numbers(subject, other, shown)


def _unsaid_numbers(subject: Subject, other: Article, shown: str) -> Iterator[PaperError]:
    """Yield a finding for each recorded text that an edition binds and its language does not say."""
    phrases, roots = subject.phrases(other.edition), languages.roots(other.language)
    for use in other.bound:
        head, _, name = use.name.partition(".")
        value = subject.manifest.numbers.get(name, {}).get("value")
        root = roots.get(head)
        if root is None or not isinstance(value, str) or phrases.language not in root.languages:
            continue
        if phrases.say(value, (name,), root.form) is None:
            case = f" in the case {root.form}" if root.form else ""
            yield PaperError(
                f"{use.name} is “{value}”, for which there is no {phrases.language.name}{case}",
                where=use.where,
                expected=f"a phrase of {shown}",
                remedy=f"add it, or its parts, under phrases:, or under within: {name}:",
            )


RULES = (
    Rule(
        "editions",
        "an edition that binds other results is another article",
        "editions in further languages, paragraph by paragraph beside the article",
        same_article,
    ),
    Rule(
        "phrases",
        "a figure with words in another language than its text is half a figure",
        "figures, tables and recorded texts that an edition shows, and the phrases of its language",
        lambda subject: () if subject.manifest.broken else unsaid(subject),
    ),
)
