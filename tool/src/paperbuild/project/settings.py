"""``analysis/parameters.yml``: what each notebook reads, what its parameters may be, and the scenarios."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

from paperbuild.ground.errors import PaperError, suggestion
from paperbuild.ground.located import STRICT, checked, said

ALL_DATA = "all"
SCENARIO_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Constraints:
    """What a parameter's value must meet; for a list, each of its items."""

    __pydantic_config__: ClassVar[Any] = STRICT

    ge: int | float | None = said("at least this", "a number", default=None)
    gt: int | float | None = said("above this", "a number", default=None)
    le: int | float | None = said("at most this", "a number", default=None)
    lt: int | float | None = said("below this", "a number", default=None)
    choices: tuple[bool | int | float | str, ...] | None = said(
        "one of these", "a list of values, as in [a, b]", default=None
    )
    file: bool | None = said(
        "a text that, unless empty, is the path of a file the notebook then may read", "true", default=None
    )

    @property
    def given(self) -> dict[str, Any]:
        """The constraints that are set, by name."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}


@dataclass(frozen=True)
class NotebookSettings:
    """One notebook's block.

    Attributes
    ----------
    data : tuple of str
        Tables (file stems in ``data/``) and boundary files the notebook may read; `ALL_DATA` alone for all
        of them and the register as a whole.
    files : tuple of str
        Other files it may read, as paths from the project root.
    results : tuple of str
        Notebooks whose recorded numbers it reads.
    parameters : mapping of str to Constraints
        Constraints by parameter name.
    outside : mapping of str to str
        What it takes from where nothing is watched (network, programs, clock), each with the reason.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    data: tuple[str, ...] | Literal["all"] | None = said(
        "tables (file stems in data/) and boundary files that the notebook reads; all for every one of them",
        "[name, name], or all",
        default=(),
    )
    files: tuple[str, ...] | None = said(
        "other files it reads, as paths from the project root; a folder stands for all it holds",
        "[path, path]",
        default=(),
    )
    results: tuple[str, ...] | None = said(
        "notebooks whose recorded numbers it reads", "[name, name]", default=()
    )
    parameters: Mapping[str, Constraints | None] | None = said(
        "what the values of its parameters must meet", "name: {ge: 1990, le: 2020}", default_factory=dict
    )

    outside: Mapping[Literal["network", "programs", "clock"], str] | None = said(
        "what it takes from where nothing is watched (network, programs, clock), with the reason: a later "
        "change of that is not seen",
        "network: the reason",
        default_factory=dict,
    )

    @property
    def tables(self) -> tuple[str, ...]:
        """What it names under ``data:``; nothing where it reads all."""
        return () if self.reads_all or not isinstance(self.data, tuple) else self.data

    @property
    def reads_all(self) -> bool:
        """Whether every table, and the register as a whole, is its input."""
        return self.data == ALL_DATA or self.data == (ALL_DATA,)

    def limits(self, name: str) -> Mapping[str, Any]:
        """Return the constraints of one parameter, by name."""
        found = (self.parameters or {}).get(name)
        return found.given if found else {}


@dataclass(frozen=True)
class Scenario:
    """A named variant of the whole article.

    Attributes
    ----------
    about : str
        What it is about.
    set : mapping
        The parameters it sets, by notebook.
    only : tuple of str
        Notebooks that no other variant runs, nor the article itself.
    obtained : str
        Folder with a register of its own, of data that the project does not hold; empty for none.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    about: str = said("what the variant is about, in one line", "a text", default="")
    set: Mapping[str, Mapping[str, Any] | None] = said(
        "parameters by notebook", "01-name: {parameter: value}", default_factory=dict
    )
    only: tuple[str, ...] | None = said("notebooks that this variant alone runs", "[name, name]", default=())
    obtained: str = said(
        "folder with a register (datapackage.json) of data that the project does not hold: "
        "whoever builds the variant obtains them",
        "a folder, as a path from the project root",
        default="",
    )


@dataclass(frozen=True)
class ChecksSettings:
    """How ``paper check`` judges."""

    __pydantic_config__: ClassVar[Any] = STRICT

    # Not `off`: YAML 1.1 reads that word as a truth value.
    without: Mapping[str, Any] | None = said(
        "rules that do not fit this project, each with the reason",
        "rule: why it does not fit",
        default_factory=dict,
    )
    no_result: Mapping[str, Any] | None = said(
        "phrases that state no result though their words may, each with the reason",
        "phrase: why it states none",
        default_factory=dict,
    )
    shown: Mapping[str, Any] | None = said(
        "recorded numbers that no text says (* is any letters), each with the reason",
        "name: why it is recorded",
        default_factory=dict,
    )


@dataclass(frozen=True)
class Settings:
    """``analysis/parameters.yml`` as a whole."""

    __pydantic_config__: ClassVar[Any] = STRICT

    notebooks: Mapping[str, NotebookSettings] = said("a block for each notebook", default_factory=dict)
    scenarios: Mapping[str, Scenario] = said("named variants of the article", default_factory=dict)
    checks: ChecksSettings = said("how ``paper check`` judges", default_factory=lambda: ChecksSettings())


@dataclass(frozen=True)
class SettingsFile:
    """The file as authors may write it: any part may be left empty."""

    __pydantic_config__: ClassVar[Any] = STRICT

    notebooks: Mapping[str, NotebookSettings | None] | None = said(
        "a block for each notebook", "01-name: {data: […]}", default=None
    )
    scenarios: Mapping[str, Scenario | None] | None = said(
        "named variants of the article", "name: {about: …, set: …}", default=None
    )
    checks: ChecksSettings | None = said("how paper check judges", "without: {rule: reason}", default=None)


def _make(plain: Any) -> Settings:
    """Make the record from content that has been checked."""
    notebooks = {}
    for name, block in (plain.get("notebooks") or {}).items():
        block = block or {}
        data = block.get("data") or ()
        tables: tuple[str, ...] | Literal["all"] = "all" if data == ALL_DATA else tuple(data)
        notebooks[name] = NotebookSettings(
            tables,
            tuple(block.get("files") or ()),
            tuple(block.get("results") or ()),
            {key: _constraints(value or {}) for key, value in (block.get("parameters") or {}).items()},
            dict(block.get("outside") or {}),
        )
    scenarios = {}
    for name, block in (plain.get("scenarios") or {}).items():
        block = block or {}
        values = {step: dict(chosen or {}) for step, chosen in (block.get("set") or {}).items()}
        scenarios[name] = Scenario(
            block.get("about") or "", values, tuple(block.get("only") or ()), block.get("obtained") or ""
        )
    checks = plain.get("checks") or {}
    return Settings(
        notebooks,
        scenarios,
        ChecksSettings(*(dict(checks.get(part) or {}) for part in ("without", "no_result", "shown"))),
    )


def _constraints(plain: Mapping[str, Any]) -> Constraints:
    choices = plain.get("choices")
    return Constraints(**{**plain, "choices": None if choices is None else tuple(choices)})


def read_settings(path: Path, shown: str, memory: Path, steps: Sequence[str]) -> Settings:
    """Read and check ``analysis/parameters.yml``.

    Parameters
    ----------
    path, shown : Path, str
        The file, and as messages name it.
    memory : Path
        Where its checked content is remembered.
    steps : sequence of str
        The notebooks there are.

    Raises
    ------
    PaperError, Findings
        All that is wrong with its shape, or else with its names and references, each with its line.
    """
    settings = checked(SettingsFile, path, shown, memory, _make, lambda found: _references(found, steps))
    # A notebook without a block reads nothing and constrains nothing.
    blocks = {step: settings.notebooks.get(step, NotebookSettings()) for step in steps}
    return Settings(blocks, settings.scenarios, settings.checks)


def _references(settings: Settings, steps: Sequence[str]) -> Iterator[tuple[tuple[str, ...], PaperError]]:
    """Yield what is wrong with the names that settings use, each with the keys that lead to it."""
    for name, block in settings.notebooks.items():
        keys = ("notebooks", name)
        if name not in steps:
            message = f"there is no notebook {name!r}{suggestion(name, steps)}"
            yield keys, PaperError(message, expected="the name of a file analysis/NN-name.ipynb")
            continue
        for other in block.results or ():
            if other not in steps or other == name:
                message = f"{name} declares results of {other!r}, which is no other notebook"
                yield (*keys, "results"), PaperError(f"{message}{suggestion(other, steps)}")
        for table in block.tables:
            if not _inside(table):
                expected = "a table name or a path under data/"
                yield (*keys, "data"), PaperError(f"{table!r} lies outside data/", expected=expected)
        for file in block.files or ():
            if not _inside(file):
                expected = "a path from the project root"
                yield (*keys, "files"), PaperError(f"{file!r} lies outside the project", expected=expected)
    for key, listed, what in (
        ("without", settings.checks.without, "switching off"),
        ("no_result", settings.checks.no_result, "passing over the phrase"),
        ("shown", settings.checks.shown, "recording what no text says,"),
    ):
        for name, reason in (listed or {}).items():
            if not (isinstance(reason, str) and reason.strip()):
                message = f"no reason for {what} {name!r}"
                yield ("checks", key, name), PaperError(message, expected=f"{name}: why")
    for name, scenario in settings.scenarios.items():
        if not SCENARIO_NAME.fullmatch(name):
            expected = "lower case, digits and single hyphens"
            yield ("scenarios", name), PaperError(f"scenario name {name!r}", expected=expected)
        for step in scenario.set:
            if step not in steps:
                message = f"there is no notebook {step!r}{suggestion(step, steps)}"
                yield (
                    ("scenarios", name, "set", step),
                    PaperError(message, expected="one of " + ", ".join(steps)),
                )
        for step in scenario.only or ():
            if step not in steps:
                message = f"there is no notebook {step!r}{suggestion(step, steps)}"
                yield ("scenarios", name, "only"), PaperError(message, expected=f"some of {', '.join(steps)}")
        if not _inside(scenario.obtained):
            message = f"{scenario.obtained!r} lies outside the project"
            yield (
                ("scenarios", name, "obtained"),
                PaperError(message, expected="a path from the project root"),
            )
    alone = {step for scenario in settings.scenarios.values() for step in scenario.only or ()}
    for name, block in settings.notebooks.items():
        for other in sorted(alone.intersection(block.results or ()) if name not in alone else ()):
            message = f"{name} declares results of {other!r}, which some scenario alone runs"
            yield ("notebooks", name, "results"), PaperError(message, expected="a notebook that always runs")


def _inside(name: str) -> bool:
    """Tell whether a path stays below the folder it is taken from."""
    return ".." not in name.split("/") and not os.path.isabs(name)
