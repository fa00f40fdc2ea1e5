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
from paperbuild.ground.located import load_yaml, read_text
from paperbuild.project.layout import QUARTO_PROJECT, Project
from paperbuild.project.manifest import Manifest, read_manifest
from paperbuild.project.printed import read_numbers
from paperbuild.project.settings import Settings


@dataclass(frozen=True)
class Subject:
    """The project as rules see it: everything is read once, and nothing is run."""

    project: Project

    @cached_property
    def article(self) -> Article:
        """The article and all it includes."""
        return text.read(self.project.root, self.project.relative(self.project.article))

    @cached_property
    def manifest(self) -> Manifest:
        """What the manifest lists; what is wrong with it is said in its `broken`."""
        return read_manifest(self.project.manifest)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Metadata that ``{{< meta … >}}`` can reach: last build, project file, front matter."""
        known = read_numbers(self.project.render_root)
        path = self.project.root / QUARTO_PROJECT
        if path.is_file():
            known.update(load_yaml(path, self.project.relative(path)) or {})
        for manuscript in self.article.manuscripts:
            known.update(manuscript.metadata)
        return known

    @cached_property
    def facts(self) -> Facts:
        """What conditions of the text rest on: recorded numbers, and the figures behind what is published."""
        listed = {output["path"] for output in self.manifest.outputs}

        def content(path: str) -> str | None:
            # Other files may lie there too; the build knows those that notebooks make.
            file = self.project.render_root / path
            return file.read_text(encoding="utf-8") if path in listed and file.is_file() else None

        return Facts(recorded_values(self.manifest.numbers), content)

    @cached_property
    def settings(self) -> Settings:
        """The project's settings; those of an empty file where they cannot be read.

        The rule on parameters says what is wrong with them, once for all.
        """
        try:
            return self.project.settings
        except PaperError:
            return Settings()

    @property
    def phrases(self) -> tuple[str, ...]:
        """Phrases that state no result in this project."""
        return tuple(self.settings.checks.no_result or {})

    def text(self, path: str) -> str:
        """Return a file's text.

        Raises
        ------
        PaperError
            If there is no such file, or it is not UTF-8.
        """
        return read_text(self.project.root / path, path)


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
