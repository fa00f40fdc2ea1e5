"""A project as whoever judges it sees it: its files where they lie, whatever else is wrong with it.

A build opens a `paperbuild.project.workspace.Workspace`, which is refused while anything is wrong. Who is to
say what is wrong (`paper check`, `paper verify`) stands on this instead. Every file is opened here, and what
cannot be read is told to whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_file
from paperbuild.ground.located import read_text
from paperbuild.project.identity import read_lock
from paperbuild.project.layout import FIGURES, TABLES, Project
from paperbuild.project.manifest import Manifest, read_manifest
from paperbuild.project.notebook import Notebook, read_notebook
from paperbuild.project.settings import Settings


@dataclass(frozen=True)
class Reading:
    """A project's files; everything is read once, and nothing is run. Paths are texts from its root."""

    project: Project

    @cached_property
    def settings(self) -> Settings:
        """The project's settings; those of an empty file where they cannot be read.

        The rule on parameters says what is wrong with them, once for all.
        """
        try:
            return self.project.settings
        except PaperError:
            return Settings()

    @cached_property
    def manifest(self) -> Manifest:
        """What the manifest lists; what is wrong with it is said in its `broken`."""
        return read_manifest(self.project.manifest)

    @property
    def lock(self) -> str:
        """The lock's text; empty where there is none."""
        return read_lock(self.project.root)

    @property
    def notebooks(self) -> list[str]:
        """The notebooks in the folder of notebooks, steps or not, sorted."""
        return self._shown(self.project.analysis.glob("*.ipynb"))

    @property
    def modules(self) -> list[str]:
        """The project's own modules, sorted."""
        return self._shown(self.project.src.rglob("*.py"))

    @property
    def data(self) -> list[str]:
        """The files below the folder of data, sorted."""
        return self._shown(path for path in self.project.data.rglob("*") if path.is_file())

    @property
    def made(self) -> list[str]:
        """The files that lie where notebooks' figures and tables are published, sorted."""
        editions = self.project.all_editions
        folders = (self.project.root / kind / language for kind in (FIGURES, TABLES) for language in editions)
        return self._shown(path for folder in folders for path in folder.glob("*.*"))

    def has(self, path: str) -> bool:
        """Tell whether there is such a file."""
        return (self.project.root / path).is_file()

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file's bytes."""
        return sha256_file(self.project.root / path)

    def text(self, path: str) -> str:
        """Return a file's text.

        Raises
        ------
        PaperError
            If there is no such file, or it is not UTF-8.
        """
        return read_text(self.project.root / path, path)

    def published(self, path: str) -> str | None:
        """Return the text of a file that a notebook has made; None for any other."""
        # Other files may lie there too; the build knows those that notebooks make.
        file = self.project.render_root / path
        return read_text(file, path) if path in self._listed and file.is_file() else None

    def notebook(self, path: str) -> Notebook:
        """Return a notebook.

        Raises
        ------
        PaperError
            If it is none.
        """
        return read_notebook(self.project.root / path, path)

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(output["path"] for output in self.manifest.outputs)

    def _shown(self, paths: Iterable[Path]) -> list[str]:
        return sorted(self.project.relative(path) for path in paths)
