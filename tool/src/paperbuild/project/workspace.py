"""A project as a build sees it, read once: everything after is a function of this."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError, UsageError, raise_all
from paperbuild.ground.hashing import HashCache, Hashed, sha256_file, sha256_json
from paperbuild.ground.own import PACKAGE, PACKAGES
from paperbuild.project.declared import Registered, declared_files, register_entries
from paperbuild.project.layout import DATA, Project
from paperbuild.project.manifest import Manifest, read_manifest
from paperbuild.project.revision import Revision
from paperbuild.project.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """A project, or one of its scenarios, with all that was checked before anything runs.

    The texts belong to a floor above (`paperbuild.article`); what follows from a file's bytes is remembered
    by the cache, so that nothing is parsed that has not changed.

    Attributes
    ----------
    project : Project
        Where everything lies.
    cache : HashCache
        Hashes of files and facts derived from them.
    settings : Settings
        The validated ``analysis/parameters.yml``.
    notebooks : tuple of str
        Their names, in reading order.
    defaults, overrides : mapping
        By notebook, the parameters it declares and the values that differ from them.
    register : mapping of str to Registered
        The data register's entries by the path of their file.
    manifest : Manifest
        The list of committed outputs as it stands.
    files : mapping of str to dict
        By notebook, the files that it declares, as they were found when the project was opened.
    ask_revision : callable
        Waits for what git was asked when the project was opened.
    """

    project: Project
    cache: HashCache
    settings: Settings
    notebooks: tuple[str, ...]
    defaults: Mapping[str, Mapping[str, Any]]
    overrides: Mapping[str, Mapping[str, Any]]
    register: Mapping[str, Registered]
    manifest: Manifest
    files: Mapping[str, dict[Path, str]]
    ask_revision: Callable[[], Revision]

    @classmethod
    def open(cls, root: Path, scenario: str | None = None, overrides: Sequence[str] = ()) -> Workspace:
        """Read a project and check everything that can be checked before anything runs.

        Parameters
        ----------
        root : Path
            The project's folder.
        scenario : str, optional
            The variant that is meant.
        overrides : sequence of str
            ``NOTEBOOK.PARAM=VALUE`` texts.

        Raises
        ------
        PaperError, Findings
            All findings in settings, parameters, scenario, declared data and register.
        """
        project = Project(root).with_scenario(scenario)
        ask_revision = project.ask_revision()
        cache = HashCache(project.build / "hashes.json", own_version)
        settings = project.settings  # first: nothing else can be checked while it is wrong
        if not project.steps:
            where = project.relative(project.analysis)
            raise UsageError("there are no notebooks", where=where, expected="NN-name.ipynb files")
        findings: list[PaperError] = []
        register = register_entries(project, cache)
        defaults: dict[str, dict[str, Any]] = {}
        chosen: dict[str, dict[str, Any]] = {}
        with _collect(findings):
            defaults, chosen = _checked_parameters(project, overrides, cache)
        if project.scenario and settings.scenarios[project.scenario].obtained:
            from paperbuild.project.obtained import require_obtained  # the article itself needs none of it

            raise_all(findings)
            require_obtained(project, cache)
        files: dict[str, dict[Path, str]] = {}
        for step in project.steps:
            with _collect(findings):
                values = {**defaults.get(step, {}), **chosen.get(step, {})}
                files[step] = declared_files(project, step, register, _named_files(settings, step, values))
        with _collect(findings):
            _refuse_circles(project, settings)
        raise_all(findings)
        return cls(
            project,
            cache,
            settings,
            project.steps,
            defaults,
            chosen,
            register,
            read_manifest(project.manifest),
            files,
            ask_revision,
        )

    @property
    def revision(self) -> Revision:
        """The commit and the date that go into the outputs."""
        return self.ask_revision()

    def effective(self, notebook: str) -> dict[str, Any]:
        """Return a notebook's parameters as it will see them."""
        return {**self.defaults[notebook], **self.overrides[notebook]}

    def reads(self, notebook: str) -> tuple[str, ...]:
        """Return the notebooks whose recorded numbers one reads."""
        return self.settings.notebooks[notebook].results or ()

    def declared(self, notebook: str) -> dict[Path, str]:
        """Return the files a notebook may read, each with what kind of input it is (``data`` or ``file``)."""
        named = _named_files(self.settings, notebook, self.effective(notebook))
        return declared_files(self.project, notebook, self.register, named)

    def folders(self, notebook: str) -> list[Path]:
        """Return the folders of which a notebook declares all they hold, so that it may list them."""
        block = self.settings.notebooks[notebook]
        named = [self.project.root / name for name in block.files or ()]
        return [*([self.project.data] if block.reads_all else []), *(path for path in named if path.is_dir())]

    def tables(self, notebook: str) -> list[str]:
        """Return the tables that a notebook names as its data, as messages show them."""
        tables = self.settings.notebooks[notebook].tables
        return [self.project.relative(self.project.data_file(table)) for table in tables]

    def entry(self, file: Path) -> Registered | None:
        """Return the register's entry of a file, if it has one."""
        shown = self.project.relative(file)
        return self.register.get(shown.removeprefix(f"{DATA}/")) if shown.startswith(f"{DATA}/") else None


def own_version(hashed: Hashed = sha256_file) -> str:
    """Return the hash of the tool's own code, by which remembered facts are valid."""
    folders = (found for package in PACKAGES for found in os.walk(PACKAGE.with_name(package)))
    paths = sorted(f"{folder}/{name}" for folder, _, names in folders for name in names)
    return sha256_json([hashed(path) for path in paths if path.endswith((".py", ".yml"))])


def _named_files(settings: Settings, step: str, values: Mapping[str, Any]) -> list[str]:
    """Return the files that a notebook's parameters name: values, not empty, under ``file: true``."""
    limits = settings.notebooks[step].limits
    return [value for name, value in values.items() if value and limits(name).get("file")]


@contextlib.contextmanager
def _collect(findings: list[PaperError]) -> Iterator[None]:
    """Add a finding raised inside to the list instead of stopping."""
    try:
        yield
    except UsageError:
        raise
    except PaperError as error:
        findings += getattr(error, "findings", [error])


def _checked_parameters(
    project: Project, overrides: Sequence[str], cache: HashCache
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return defaults and overriding values of every notebook's parameters, validated.

    The validation needs pydantic, so its outcome is remembered for as long as notebooks, settings, scenario
    and overrides stay the same.
    """
    sources = [cache.file(project.notebook(step)) for step in project.all_steps]
    settings = cache.file(project.parameters_file)
    key = sha256_json([settings, sources, project.all_steps, project.scenario, overrides])

    def compute() -> list[Any]:
        from paperbuild.project import parameters

        known = parameters.all_checked(project)
        asked = parameters.scenario_overrides(project, project.scenario) if project.scenario else []
        values = parameters.resolve(known, [*asked, *parameters.parse_overrides(overrides)])
        return [{step: {p.name: p.default for p in listed} for step, listed in known.items()}, values]

    defaults, values = cache.fact("parameters", key, compute)
    return defaults, values


def _refuse_circles(project: Project, settings: Settings) -> None:
    """Raise if notebooks wait for one another in a circle."""
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter({step: settings.notebooks[step].results or () for step in project.steps}).prepare()
    except CycleError as error:
        raise PaperError(
            "notebooks read each other's results in a circle: " + " → ".join(error.args[1]),
            where=project.relative(project.parameters_file),
            remedy="take one of these names out of a results: list",
        ) from None
