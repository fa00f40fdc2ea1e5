"""What all steps of an article stand on: the workspace, its code, what is installed, the text."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paperbuild.article import parts, typesetting
from paperbuild.article.parts import Parts
from paperbuild.ground.hashing import sha256_json
from paperbuild.ground.memo import once
from paperbuild.project.layout import LOCK, Project, edition
from paperbuild.project.workspace import Workspace
from paperbuild.steps.dependencies import Distributions, Scanner, installed

if TYPE_CHECKING:
    from paperbuild.article.phrases import Phrases
    from paperbuild.article.text import Article


@dataclass
class Desk:
    """See the module.

    Attributes
    ----------
    workspace : Workspace
        The project, read once.
    scanner : Scanner
        Follows its code.
    packages : Distributions
        What is installed.
    engine, kernel : str
        Which typesetter, and how kernels start.
    memory_limit : int
        Bytes a kernel may hold; 0 for no limit.
    cluster : str
        Address of the Dask scheduler over which notebooks spread their work; empty for none.
    places : int
        How many notebooks its workers run at a time; 0 where they run on this machine.
    accept : bool
        Whether what this machine makes becomes the reference, though only the machine differs.
    """

    workspace: Workspace
    scanner: Scanner
    packages: Distributions
    engine: str = "auto"
    kernel: str = "fork"
    memory_limit: int = 0
    cluster: str = ""
    places: int = 0
    accept: bool = False
    _declared: dict[str, dict[Path, str]] = field(default_factory=dict, repr=False)
    _articles: dict[tuple[Path, str], Article] = field(default_factory=dict, repr=False)
    _parts: dict[tuple[Path, str], Parts] = field(default_factory=dict, repr=False)
    _facts: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, workspace: Workspace, **choices: Any) -> Desk:
        """Return the desk for a workspace."""
        scanner = Scanner(workspace.project, workspace.cache)
        found = dict(workspace.files)
        return cls(workspace, scanner, installed(workspace.cache), _declared=found, **choices)

    @property
    def project(self) -> Project:
        """Where everything lies."""
        return self.workspace.project

    def declared(self, notebook: str) -> dict[Path, str]:
        """Return the files a notebook may read (`Workspace.declared`), looked for once until `look_anew`."""
        return once(self._declared, notebook, lambda: self.workspace.declared(notebook))

    def article(self, language: str = "") -> Article:
        """Return the article, or an edition, where it is typeset; read once until `look_anew`."""
        return self._read(self.project.render_root, edition(language))

    def written(self, language: str = "") -> Article:
        """Return it as its author writes it, be it typeset as a scenario; read once until `look_anew`."""
        return self._read(self.project.root, edition(language))

    def _read(self, root: Path, entry: str) -> Article:
        def compute() -> Article:
            from paperbuild.article import text  # here: what is remembered needs no reading

            return text.read(root, entry)

        return once(self._articles, (root, entry), compute)

    def parts(self, root: Path, language: str = "") -> Parts:
        """Return what the article in `root`, or an edition, is made of, looked at once until `look_anew`."""
        cache = self.workspace.cache
        return once(self._parts, (root, language), lambda: parts.remembered(root, cache, language))

    def phrases(self, language: str) -> Phrases:
        """Return what the study's words are in the language of an edition.

        Raises
        ------
        PaperError, Findings
            What is wrong with the file that says it.
        """
        from paperbuild.article import phrases  # here: what is remembered is said again by nobody

        path, source = self.project.phrases_file(language), self.written().language
        return phrases.read(path, self.project.relative(path), language, source)

    def look_anew(self) -> None:
        """Forget which files, modules and texts were found, because files may have changed since."""
        self.scanner.refresh()
        self._declared, self._articles, self._parts, self._facts = {}, {}, {}, {}

    def outside(self, notebooks: Iterable[str]) -> set[str]:
        """Return the packages from outside the project that these notebooks and their modules import."""
        return {name for step in notebooks for name in self.scanner.notebook_closure(step)[1]}

    def facts(self) -> dict[str, Any]:
        """Return what the article says of its own making, found once until `look_anew`."""
        return once(self._facts, "made with", self._made_with)

    def _made_with(self) -> dict[str, Any]:
        """Return the variant, the revision, and the versions of Python and packages."""
        revision, used = self.workspace.revision, self.outside(self.workspace.notebooks)
        versions = {
            name: self.packages.versions[owner]
            for name in sorted(used)
            for owner in self.packages.owners.get(name, [])[:1]
            if owner in self.packages.versions
        }
        variant = {"variant": said} if (said := self.variant()) else {}
        return {
            **variant,
            "commit": revision.commit or "no commit",
            "commit_short": (revision.commit[:7] or "no commit") + ("+changes" if revision.dirty else ""),
            "dirty": revision.dirty,
            "date": revision.date,
            "python": sys.version.split()[0],
            "versions": versions,
        }

    def variant(self) -> str:
        """Say which variant of the article this is, with what it sets; empty for the article itself."""
        scenario, workspace = self.project.scenario, self.workspace
        set_here = [
            f"{notebook}.{name} = {shown if len(shown) <= 60 else shown[:59] + '…'}"
            for notebook, values in workspace.overrides.items()
            for name, value in values.items()
            for shown in [json.dumps(value, ensure_ascii=False)]
        ]
        about = workspace.settings.scenarios[scenario].about if scenario else ""
        named = f"scenario {scenario}{f' ({about})' if about else ''}" if scenario else ""
        return ": ".join(filter(None, [named, "; ".join(set_here)]))

    def unlocked(self) -> str:
        """Say which installed packages are not those of the lock; empty where all are, or there is none."""
        path = self.project.root / LOCK
        if not path.is_file():
            return ""
        cache, versions = self.scanner.cache, self.packages.versions

        def compute() -> list[str]:
            from paperbuild.ground.lock import lock_differences
            from paperbuild.project.identity import read_lock

            return lock_differences(read_lock(self.project.root), versions.get)

        found = cache.fact("lock", sha256_json([cache.file(path), versions]), compute)
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        listed = f"{'; '.join(found[:5])}{more}"
        return f"installed packages are not those of {LOCK}: {listed}" if found else ""

    def typesetter(self) -> dict[str, str]:
        """Return names and versions of what typesets, looked for once until `look_anew`.

        Where it comes with packages, they are asked again when something is installed or removed.
        """

        def compute() -> dict[str, str]:
            engine = typesetting.engine_for(self.engine)
            if engine == "quarto":
                return typesetting.identity(engine)
            key = sha256_json([engine, self.packages.versions])
            return self.scanner.cache.fact("typesetter", key, lambda: typesetting.identity(engine))

        return once(self._facts, "typesetter", compute)
