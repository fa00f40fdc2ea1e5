"""What the article's text finds by name: numbers as it prints them, its bound words, where results are from.

The build writes it to ``build/results/numbers.yml``, where both typesetters read it. Whoever sets a committed
state without building it makes the same from that state's manifest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from paperbuild.article import bound, languages
from paperbuild.article.conditions import Facts
from paperbuild.article.text import Article
from paperbuild.project.layout import edition
from paperbuild.project.numbers import as_markdown
from paperbuild.project.revision import UNDATED


def metadata(
    numbers: Mapping[str, Mapping[str, Any]],
    provenance: Mapping[str, Mapping[str, str]],
    build: Mapping[str, Any],
    article: Article,
    content: Callable[[str], str | None],
    *,
    phrases: Mapping[str, languages.Say] | None = None,
    editions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return numbers as the text prints them and says small ones, what becomes of bound words, provenance,
    build.

    Parameters
    ----------
    numbers : mapping of str to mapping
        Recorded numbers by name: at least `value` and `text`.
    provenance : mapping of str to mapping
        By kind of artefact, for each name where it was made: ``notebook › cell``.
    build : mapping
        What the article says of its own making.
    article : Article
        The text whose words are bound.
    content : callable
        Returns the text of a published file by its path; None where there is none.
    phrases : mapping of str to callable, optional
        By language, what says a recorded text in it.
    editions : mapping of str to str, optional
        Languages of all editions by their names; none where there is one text only.
    """
    said = printed_roots(article)
    printed: dict[str, dict[str, Any]] = {root: {} for root in said}
    values: dict[str, Any] = {}
    for name, shown in numbers.items():
        values[name] = shown["value"]
        for root, form in said.items():
            # A root that languages share prints a text as it is recorded.
            code = form.languages[0].code if len(form.languages) == 1 else ""
            say = (phrases or {}).get(code, languages.as_it_is)
            text = form.write(shown["text"], shown["value"], functools.partial(say, place=name))
            _nest(printed[root], name, as_markdown(text))
    chosen = bound.outcomes(bound.bound(article), Facts(values, content))
    document = {**printed, "bound": chosen, "provenance": dict(provenance), "build": dict(build)}
    if editions:
        document["editions"] = {
            language: {
                "file": Path(edition(name)).stem,
                "name": languages.of(language).name,
                "first": not name,
            }
            for name, language in editions.items()
        }
    # The project's own words about numbers, in _quarto.yml, are those of the article's language.
    if article.edition:
        document["crossref"] = dict(languages.of(article.language).crossref)
    # The document's own date: Quarto reads none from a shortcode in the front matter.
    return {**document, "date": build["date"]} if build["date"] != UNDATED else document


def printed_roots(article: Article) -> dict[str, languages.Root]:
    """Return the roots under which an edition has its numbers: those of its language, and all it binds."""
    known = languages.roots(article.language)
    bound_under = {use.name.partition(".")[0] for use in article.bound}
    always = (languages.NUMBERS, languages.COUNTS, languages.capital(languages.COUNTS))
    return {root: form for root, form in known.items() if root in always or root in bound_under}


def _nest(tree: dict[str, Any], name: str, value: Any) -> None:
    """Put `value` under a dotted name."""
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value
