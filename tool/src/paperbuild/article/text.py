"""The article as its files make it: each read once, includes followed, with file and line of all it names.

`Article` is one reading of the article and of all it includes; whoever wants to know what the article is made
of asks it, and follows no include by itself.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from paperbuild.article import quarto_settings
from paperbuild.article.manuscript import Manuscript, Use, manuscript
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import utf8
from paperbuild.project.layout import ARTICLE, is_generated, language_of

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|#")


@dataclass(frozen=True)
class Occurrence:
    """A name used somewhere in the article: in which file and line, in which language where asked for."""

    name: str
    path: str
    line: int
    language: str = ""

    @property
    def where(self) -> str:
        """Place as findings show it."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Article:
    """One reading of the article, or of an edition: its manuscripts, and what they include, show, cite, bind.

    Attributes
    ----------
    root : Path
        Folder that all paths are relative to.
    manuscripts : tuple of Manuscript
        The article first, each included file behind the file that first includes it. Generated files (see
        `paperbuild.project.layout.is_generated`) are read for what they define, cite and bind like any other.
    included : tuple of Occurrence
        Every include, its name resolved to a path from the root.
    unread : tuple of PaperError
        A finding for each file that is missing or not UTF-8, and for each include in a circle.
    """

    root: Path
    manuscripts: tuple[Manuscript, ...]
    included: tuple[Occurrence, ...]
    unread: tuple[PaperError, ...]

    def manuscript(self, path: str) -> Manuscript | None:
        """Return the manuscript of a file; None where it could not be read."""
        return next((text for text in self.manuscripts if text.path == path), None)

    @property
    def edition(self) -> str:
        """The language of the edition whose text this is; empty for the article itself."""
        return language_of(self.manuscripts[0].path) if self.manuscripts else ""

    @property
    def written(self) -> tuple[Manuscript, ...]:
        """The manuscripts that people write."""
        return tuple(text for text in self.manuscripts if not is_generated(text.path))

    @property
    def problems(self) -> list[PaperError]:
        """What keeps the article from being read as it stands: files, includes, front matter."""
        fronts = (text.front_problem for text in self.manuscripts)
        return [*self.unread, *filter(None, fronts)]

    @property
    def metadata(self) -> dict[str, Any]:
        """The article's own front matter."""
        return self.manuscripts[0].metadata if self.manuscripts else {}

    @cached_property
    def language(self) -> str:
        """The article's language: its front matter's, else the project's.

        That of no settings where these are wrong, which a rule of their own and every typesetter tell.
        """
        if self.metadata.get("lang"):
            return str(self.metadata["lang"])
        try:
            return quarto_settings.read(self.root).lang
        except PaperError:
            return quarto_settings.QuartoSettings().lang

    @cached_property
    def bound(self) -> tuple[Occurrence, ...]:
        """Every key bound with ``{{< meta key >}}``, with the language that its passage declares."""
        return tuple(
            Occurrence(use.name, text.path, use.line, text.language_at(use.line))
            for text in self.manuscripts
            for use in text.metas
        )

    @cached_property
    def pictured(self) -> tuple[Occurrence, ...]:
        """Every picture, by its target as written."""
        return self._all(lambda text: [Use(figure.target, figure.line) for figure in text.figures])

    @cached_property
    def cited(self) -> tuple[Occurrence, ...]:
        """Every citation."""
        return self._all(lambda text: text.citations)

    @cached_property
    def referred(self) -> tuple[Occurrence, ...]:
        """Every cross reference."""
        return self._all(lambda text: text.references)

    @cached_property
    def defined(self) -> tuple[Occurrence, ...]:
        """Every name that can be referred to."""
        return self._all(lambda text: text.defined)

    @cached_property
    def named_files(self) -> tuple[Occurrence, ...]:
        """Bibliographies and citation styles that front matter names."""
        return self._all(lambda text: text.named_files)

    def _all(self, uses: Callable[[Manuscript], Iterable[Use]]) -> tuple[Occurrence, ...]:
        return tuple(
            Occurrence(use.name, text.path, use.line) for text in self.manuscripts for use in uses(text)
        )

    def files(self, picture_suffix: str) -> set[Path]:
        """Return every file the article is made of, those that are named and missing too: they may appear.

        Parameters
        ----------
        picture_suffix : str
            What completes a picture's name that has none.
        """
        found = {self.root / text.path for text in self.manuscripts}
        found |= {self.root / one.name for one in (*self.included, *self.named_files)}
        for one in self.pictured:
            if not _REMOTE.match(one.name):
                picture = self.root / one.name.lstrip("/")
                found.add(picture if picture.suffix else picture.with_suffix(picture_suffix))
        return found


def include_target(path: str, name: str) -> str:
    """Return the path from the root of what `path` includes as `name`, by Quarto's rule.

    It is relative to the including file; a leading slash means the project root.
    """
    joined = PurePosixPath(name.lstrip("/")) if name.startswith("/") else PurePosixPath(path).parent / name
    parts: list[str] = []
    for part in joined.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def read(root: Path, entry: str = ARTICLE) -> Article:
    """Read the article and every text it includes, each once.

    Parameters
    ----------
    root : Path
        Project root.
    entry : str
        The article, or its edition in a further language, relative to the root.
    """
    manuscripts: dict[str, Manuscript] = {}
    included: list[Occurrence] = []
    unread: dict[str, PaperError] = {}

    def visit(path: str, trail: tuple[str, ...]) -> None:
        try:
            content = (root / path).read_bytes()
        except OSError as error:
            unread[path] = (
                PaperError(f"there is no {path}", where=path, expected="the article's text")
                if not trail
                else PaperError(f"cannot be read: {error.strerror}", where=path)
            )
            return
        try:
            text = utf8(content, path)
        except PaperError as error:
            unread[path] = error
            return
        # As files opened for text are read, whatever their line ends.
        found = manuscripts[path] = manuscript(path, text.replace("\r\n", "\n").replace("\r", "\n"))
        for use in found.includes:
            target = include_target(path, use.name)
            one = Occurrence(target, path, use.line)
            included.append(one)
            if target in (*trail, path):
                unread[one.where] = PaperError(
                    f"includes {target}, which includes this file", where=one.where
                )
            elif not (root / target).is_file():
                unread[one.where] = PaperError(
                    f"includes {target}, which does not exist",
                    where=one.where,
                    expected="a file of the project",
                    remedy="correct the name, or run `paper build` if a notebook makes it",
                )
            elif target not in manuscripts and target not in unread:
                visit(target, (*trail, path))

    visit(entry, ())
    return Article(root, tuple(manuscripts.values()), tuple(included), tuple(unread.values()))
