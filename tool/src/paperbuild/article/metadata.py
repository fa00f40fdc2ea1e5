"""What the article's text finds by name: numbers as it prints them, its bound words, where results are from.

The build writes it to ``build/results/numbers.yml``, where both typesetters read it. Whoever sets a committed
state without building it makes the same from that state's manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from paperbuild.article import bound, languages
from paperbuild.article.conditions import Facts
from paperbuild.article.text import Article
from paperbuild.project.numbers import as_markdown
from paperbuild.project.revision import UNDATED


def metadata(
    numbers: Mapping[str, Mapping[str, Any]],
    provenance: Mapping[str, Mapping[str, str]],
    build: Mapping[str, Any],
    article: Article,
    content: Callable[[str], str | None],
) -> dict[str, Any]:
    """Return numbers as each language prints them (``n``, ``c``) and says small ones (``w``), what becomes
    of bound words, provenance, build.

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
    """
    forms, words = languages.number_forms(), languages.count_words()
    printed: dict[str, dict[str, Any]] = {
        root: {} for root in (*forms, *words, *map(languages.capital, words))
    }
    values: dict[str, Any] = {}
    for name, shown in numbers.items():
        values[name] = shown["value"]
        for root, form in forms.items():
            _nest(printed[root], name, as_markdown(form.write(shown["text"], shown["value"])))
        for root, language in words.items():
            said = as_markdown(language.count(shown["text"], shown["value"]))
            _nest(printed[root], name, said)
            _nest(printed[languages.capital(root)], name, languages.capital(said))
    chosen = bound.outcomes(bound.bound(article), Facts(values, content))
    document = {**printed, "bound": chosen, "provenance": dict(provenance), "build": dict(build)}
    # The document's own date: Quarto reads none from a shortcode in the front matter.
    return {**document, "date": build["date"]} if build["date"] != UNDATED else document


def _nest(tree: dict[str, Any], name: str, value: Any) -> None:
    """Put `value` under a dotted name."""
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value
