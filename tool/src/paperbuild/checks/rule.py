"""A rule of `paper check`, and what rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paperbuild.article import text
from paperbuild.article.bound import recorded_values
from paperbuild.article.conditions import Facts
from paperbuild.article.text import Article
from paperbuild.ground.errors import PaperError
from paperbuild.ground.located import parse_yaml
from paperbuild.project.layout import QUARTO_PROJECT
from paperbuild.project.printed import read_numbers
from paperbuild.project.reading import Reading


@dataclass(frozen=True)
class Subject(Reading):
    """The project as rules see it: a reading of its files, its article, and what its words rest on."""

    @cached_property
    def article(self) -> Article:
        """The article and all it includes."""
        return text.read(self.project.root, self.project.relative(self.project.article))

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Metadata that ``{{< meta … >}}`` can reach: last build, project file, front matter."""
        known = read_numbers(self.project.render_root)
        if self.has(QUARTO_PROJECT):
            known.update(parse_yaml(self.text(QUARTO_PROJECT), QUARTO_PROJECT) or {})
        for manuscript in self.article.manuscripts:
            known.update(manuscript.metadata)
        return known

    @cached_property
    def facts(self) -> Facts:
        """What conditions of the text rest on: recorded numbers, and the figures behind what is published."""
        return Facts(recorded_values(self.manifest.numbers), self.published)

    @property
    def phrases(self) -> tuple[str, ...]:
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
