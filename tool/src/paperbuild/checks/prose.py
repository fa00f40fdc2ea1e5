"""Rules for what people write: numbers, alternative texts, abstracts."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from paperbuild.article import languages
from paperbuild.article.manuscript import Manuscript
from paperbuild.article.text import Article
from paperbuild.checks.rule import Rule
from paperbuild.checks.typed_numbers import typed_numbers
from paperbuild.ground.errors import PaperError

NEW_WORDS = 6
"""Words an alternative text must hold that its caption does not: fewer cannot describe what is seen."""

_LANGUAGE = re.compile(r"_[a-z]{2}$")


def typed_in(text: Manuscript) -> list[tuple[int, str]]:
    """Typed numbers of a text: line from 0, and what is wrong."""
    return sorted(
        (stretch.line - 1 + number.line, f"a typed number: {number.text} in “{number.around}”")
        for stretch in text.prose
        for number in typed_numbers(stretch.text)
    )


def typed_number_findings(text: Manuscript) -> list[PaperError]:
    """Numbers typed into the article, by the rule of `paperbuild.checks.typed_numbers`."""
    return [
        PaperError(
            message,
            where=f"{text.path}:{line + 1}",
            expected="a number that comes from a result or a cited source",
            remedy="record it with number(…) and write {{< meta n.… >}}; cite its source in the sentence; "
            "or mark a constant as […]{.stated}",
        )
        for line, message in typed_in(text)
    ]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", re.sub(r"\{[^{}]*\}", " ", text).lower()))


def alt_text_findings(text: Manuscript) -> list[PaperError]:
    """Images without an alternative text, or with one that only repeats the caption."""
    found = []
    for figure in text.figures:
        where, name = f"{text.path}:{figure.line}", figure.identifier or figure.target
        if not (figure.alt or "").strip():
            message = f"{name} has no alternative text"
        elif len(_words(figure.alt or "") - _words(figure.caption)) < NEW_WORDS:
            message = f"the alternative text of {name} says no more than its caption"
        else:
            continue
        expected = (
            f'fig-alt="…" that says what is seen, with {NEW_WORDS} words or more that the caption lacks'
        )
        found.append(
            PaperError(message, where=where, expected=expected, remedy="describe the picture in fig-alt")
        )
    return found


def abstract_findings(texts: Iterable[Manuscript]) -> list[PaperError]:
    """Abstracts that do not bind the same set of results: two languages, one set of numbers.

    A result in words has a name per language, as in ``claims.summary_ru``: the ending does not count.
    """
    found = []
    forms = languages.root_names()
    abstracts = [(text.path, *abstract) for text in texts for abstract in text.abstracts]
    bound = []
    for path, name, line, uses in abstracts:
        keys = [use.name.partition(".") for use in uses]
        bound.append((path, name, line, {_LANGUAGE.sub("", key) for head, _, key in keys if head in forms}))
    for path, name, line, own in bound[1:]:
        first = bound[0]
        for lacking, holder in ((first[3] - own, name), (own - first[3], first[1])):
            if lacking:
                found.append(
                    PaperError(
                        f"{holder} does not state {', '.join(sorted(lacking))}",
                        where=f"{path}:{line}",
                        expected=f"{first[1]} and {name} state the same results",
                        remedy="bind the same numbers in both: {{< meta n.… >}}, or c.… for a decimal comma",
                    )
                )
    return found


def number_form_findings(article: Article, numbers: Mapping[str, Any]) -> list[PaperError]:
    """Numbers bound in another language's form than that of the text around them.

    Parameters
    ----------
    article : Article
        The article; a passage's language is that of its div or front-matter key, else the article's own.
    numbers : mapping
        The recorded numbers; those that are words are alike in every form.
    """
    found = []
    main = article.language
    forms, known = languages.roots(main), languages.known()
    for use in article.bound:
        head, _, name = use.name.partition(".")
        language = known.get((use.language or main).partition("-")[0])
        if head not in forms or language is None or language in forms[head].languages:
            continue
        if isinstance(numbers.get(name, {}).get("value", 0), str | bool):
            continue
        own = languages.NUMBERS if language in forms[languages.NUMBERS].languages else language.numbers.bound
        example = language.numbers.write("1,234.5", 1234.5)
        found.append(
            PaperError(
                f"{use.name} in a text whose language is {language.code}",
                where=use.where,
                expected=f"numbers as {language.name} writes them, as in {example}",
                remedy=f"{{{{< meta {own}.{name} >}}}}",
            )
        )
    return found


RULES = (
    Rule(
        "typed-numbers",
        "a typed number does not change when the data do",
        "the article and the texts it includes that people write",
        lambda subject: [one for text, _ in subject.written for one in typed_number_findings(text)],
    ),
    Rule(
        "alternative-texts",
        "who cannot see a picture has only its description",
        "pictures of the article",
        lambda subject: [one for text, _ in subject.written for one in alt_text_findings(text)],
    ),
    Rule(
        "abstracts",
        "an abstract in another language is the same abstract",
        "abstracts of the article, by the numbers they bind",
        lambda subject: [
            one for article in subject.articles for one in abstract_findings(article.manuscripts)
        ],
    ),
    Rule(
        "number-forms",
        "a decimal point in a Russian text, or a comma in an English one, is read as another number",
        "numbers bound in passages of each language",
        lambda subject: [
            one
            for article in subject.articles
            for one in number_form_findings(article, subject.manifest.numbers)
        ],
    ),
)
