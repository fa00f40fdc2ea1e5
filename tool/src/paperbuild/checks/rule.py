"""A rule of `paper check`, and what rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paperbuild.article import quarto_settings, text
from paperbuild.article.bound import recorded_values
from paperbuild.article.conditions import Facts
from paperbuild.article.manuscript import Manuscript
from paperbuild.article.phrases import Phrases
from paperbuild.article.phrases import read as read_phrases
from paperbuild.article.text import Article
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import edition
from paperbuild.project.printed import read_numbers
from paperbuild.project.reading import Reading


@dataclass(frozen=True)
class Subject(Reading):
    """The project as rules see it: a reading of its files, its article, and what its words rest on."""

    @cached_property
    def article(self) -> Article:
        """The article and all it includes."""
        return text.read(self.project.root)

    @cached_property
    def editions(self) -> tuple[Article, ...]:
        """The article in further languages, each with all it includes."""
        return tuple(text.read(self.project.root, edition(language)) for language in self.project.editions)

    @property
    def articles(self) -> tuple[Article, ...]:
        """The article, then its further editions."""
        return (self.article, *self.editions)

    @property
    def written(self) -> Iterator[tuple[Manuscript, str]]:
        """Every text that people write, with the language of its passages that declare none, each once."""
        seen: set[str] = set()
        for article in self.articles:
            for one in article.written:
                if one.path not in seen:
                    seen.add(one.path)
                    yield one, article.language

    def phrases(self, language: str) -> Phrases:
        """Return what the study's words are in the language of an edition.

        Raises
        ------
        PaperError, Findings
            What is wrong with the file that says it.
        """
        path = self.project.phrases_file(language)
        return read_phrases(path, self.project.relative(path), language, self.article.language)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Metadata that ``{{< meta … >}}`` of the article can reach."""
        return self.metadata_of(self.article)

    def metadata_of(self, article: Article) -> dict[str, Any]:
        """Return what it can reach in an edition: last build, project file, front matter."""
        known = read_numbers(self.project.render_root, article.edition)
        known.update(quarto_settings.written(self.project.root)[1])
        for manuscript in article.manuscripts:
            known.update(manuscript.metadata)
        return known

    @cached_property
    def facts(self) -> Facts:
        """What conditions of the text rest on: recorded numbers, and the figures behind what is published."""
        return Facts(recorded_values(self.manifest.numbers), self.published)

    @property
    def no_result(self) -> tuple[str, ...]:
        """Phrases that state no result in this project."""
        return tuple(self.settings.checks.no_result or {})


@dataclass(frozen=True)
class Rule:
    """One promise of the project, and how to see whether it is kept.

    Attributes
    ----------
    name : str
        In kebab-case; by it the settings switch the rule off (``checks: {without: {NAME: reason}}``).
    why : str
        What would go wrong without it, in one sentence.
    looks_at : str
        What it reads.
    find : callable
        Returns what is not as promised. A `PaperError` that it raises counts as found.
    note : bool
        Whether what it finds is only told: the check stays sound.
    """

    name: str
    why: str
    looks_at: str
    find: Callable[[Subject], Iterable[PaperError]]
    note: bool = False
