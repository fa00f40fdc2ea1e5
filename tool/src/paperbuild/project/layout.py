"""The project on disk: where inputs lie, where outputs go, what the settings and the revision are."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import Findings, PaperError, UsageError, raise_all

STEP_NAME = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")
ALL_DATA = "all"
SCENARIO_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# Dates inside documents without git and SOURCE_DATE_EPOCH: the first moment that a ZIP (so a DOCX) can hold.
FALLBACK_EPOCH = 315532800

ARTICLE = "paper.qmd"
"""The article's own file, from the project root."""

# What the article is computed from; a change elsewhere (README, tests) does not make its revision "changed".
INPUT_PATHS = (
    ARTICLE,
    "references.bib",
    "_quarto.yml",
    "_extensions",
    "analysis",
    "data",
    "src",
    "tool",
    "requirements.lock",
)


@dataclass(frozen=True)
class NotebookSettings:
    """One notebook's block in ``analysis/parameters.yml``.

    Attributes
    ----------
    data : tuple of str
        Tables (file stems in ``data/``) and boundary files the notebook may read; `ALL_DATA` alone for all
        of them and the register as a whole.
    results : tuple of str
        Notebooks whose recorded numbers it reads.
    files : tuple of str
        Other files it may read, as paths from the project root.
    parameters : mapping of str to mapping
        Constraints (``ge le gt lt choices``) by parameter name.
    """

    data: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """A named variant of the whole article: what it is about and the parameters it sets, by notebook."""

    about: str
    set: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Settings:
    """``analysis/parameters.yml`` as a whole."""

    notebooks: Mapping[str, NotebookSettings]
    scenarios: Mapping[str, Scenario]
    checks_off: Mapping[str, str] = field(default_factory=dict)
    """Rules of ``paper check`` that are switched off, each with its reason."""


@dataclass(frozen=True)
class Revision:
    """Which state of the project is being built.

    Attributes
    ----------
    commit : str
        Forty hexadecimal digits, or empty outside git.
    dirty : bool
        Whether inputs of the article differ from that commit.
    epoch : int
        Seconds since 1970 for every date inside an output: ``SOURCE_DATE_EPOCH``, else the commit's time,
        else `FALLBACK_EPOCH`.
    """

    commit: str
    dirty: bool
    epoch: int

    @property
    def date(self) -> str:
        """The day of `epoch`, as ``YYYY-MM-DD`` in UTC."""
        return datetime.datetime.fromtimestamp(self.epoch, datetime.UTC).strftime("%Y-%m-%d")


@dataclass(frozen=True)
class Project:
    """A project folder seen as the article itself or as one of its scenarios.

    A scenario's render root, ``build/scenarios/NAME``, repeats the project's layout, so that whatever
    typesets the article typesets a scenario without knowing that there are any.
    """

    root: Path
    scenario: str | None = None

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project that holds `start` (default: the working directory), looking upward.

        Raises
        ------
        UsageError
            If neither `start` nor any folder above it is a project.
        """
        first = Path(start or Path.cwd()).resolve()
        for folder in (first, *first.parents):
            if (folder / "analysis" / "parameters.yml").is_file():
                return cls(folder)
        raise UsageError(
            "no project here",
            where=str(first),
            expected="a folder that holds analysis/parameters.yml, here or above",
            remedy="cd into the project or name it: paper --project DIR …",
        )

    def with_scenario(self, name: str | None) -> Project:
        """Return the same project seen as scenario `name`, which ``parameters.yml`` must declare."""
        if name in (None, "baseline"):
            return replace(self, scenario=None)
        known = self.settings.scenarios
        if name not in known:
            raise UsageError(
                f"no scenario {name!r}{suggestion(name, known)}",
                where=self.relative(self.parameters_file),
                expected=", ".join(["baseline", *sorted(known)]),
                remedy="declare it under scenarios: or choose one of these",
            )
        return replace(self, scenario=name)

    @property
    def article(self) -> Path:
        """The article's source."""
        return self.root / ARTICLE

    @property
    def analysis(self) -> Path:
        """The folder of notebooks."""
        return self.root / "analysis"

    @property
    def data(self) -> Path:
        """The folder of tables."""
        return self.root / "data"

    @property
    def src(self) -> Path:
        """The folder of the project's own modules."""
        return self.root / "src"

    @property
    def parameters_file(self) -> Path:
        """Declarations of data, results, constraints and scenarios."""
        return self.analysis / "parameters.yml"

    @property
    def register_file(self) -> Path:
        """The data register."""
        return self.data / "datapackage.json"

    @property
    def build(self) -> Path:
        """Everything the build keeps for itself."""
        return self.root / "build"

    @property
    def store(self) -> Path:
        """Results by fingerprint."""
        return self.build / "store"

    @property
    def log(self) -> Path:
        """Kept notebooks of failed steps."""
        return self.build / "log"

    @property
    def staging(self) -> Path:
        """Where outputs grow before they are moved into place whole."""
        return self.build / "staging"

    @property
    def lock(self) -> Path:
        """The lock of a running build."""
        return self.build / "lock"

    @property
    def differs(self) -> Path:
        """What this machine made otherwise than the reference that stays."""
        return self.build / "differs"

    @property
    def differs_report(self) -> Path:
        """How far that lies from the reference, in words."""
        return self.differs / "report.txt"

    @property
    def render_root(self) -> Path:
        """The folder the typesetter works in."""
        return self.build / "scenarios" / self.scenario if self.scenario else self.root

    @property
    def state(self) -> Path:
        """What the last build of this variant was made from (explains, never decides)."""
        return self.render_root / "build" / "state.json"

    @property
    def figures(self) -> Path:
        """Published figures."""
        return self.render_root / "figures"

    @property
    def tables(self) -> Path:
        """Published tables."""
        return self.render_root / "tables"

    @property
    def texts(self) -> Path:
        """Texts of the typeset documents, committed as the reference."""
        return self.render_root / "text"

    @property
    def results(self) -> Path:
        """Recorded results, one JSON file a notebook, and ``numbers.yml``."""
        return self.render_root / "build" / "results"

    @property
    def numbers(self) -> Path:
        """The metadata file the article's numbers come from."""
        return self.results / "numbers.yml"

    @property
    def notebooks(self) -> Path:
        """Executed notebooks."""
        return self.render_root / "build" / "notebooks"

    @property
    def manifest(self) -> Path:
        """The list of committed outputs."""
        return self.figures / "manifest.json"

    @property
    def output(self) -> Path:
        """The typeset article."""
        base = self.root / "_output"
        return base / "scenarios" / self.scenario if self.scenario else base

    def notebook(self, step: str) -> Path:
        """Return the source notebook of `step`."""
        return self.analysis / f"{step}.ipynb"

    def data_file(self, table: str) -> Path:
        """Return the file of a declared table: a bare name is a CSV file, a path stays as it is."""
        return self.data / (table if Path(table).suffix else f"{table}.csv")

    def relative(self, path: Path) -> str:
        """Return `path` as messages show it: from the project root, with forward slashes."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Names of the notebooks, in reading order."""
        return tuple(sorted(p.stem for p in self.analysis.glob("*.ipynb") if STEP_NAME.fullmatch(p.stem)))

    @cached_property
    def settings(self) -> Settings:
        """The validated ``analysis/parameters.yml``."""
        return read_settings(self)

    @cached_property
    def revision(self) -> Revision:
        """The commit and the date that go into the outputs."""
        return read_revision(self.root)


def suggestion(name: object, known: Any) -> str:
    """Return ``; did you mean 'x'?`` when `name` looks like one of `known`, else nothing."""
    import difflib

    close = difflib.get_close_matches(str(name), [str(item) for item in known], n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def load_yaml(path: Path, shown: str) -> Any:
    """Read a YAML file, turning syntax errors into a finding with the line."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except UnicodeDecodeError as error:
        raise PaperError(f"not UTF-8 ({error})", where=shown, remedy="save the file as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{shown}:{mark.line + 1}" if mark else shown
        raise PaperError(f"not valid YAML: {getattr(error, 'problem', error)}", where=place) from None


def load_remembered(path: Path, shown: str, memory: Path) -> Any:
    """Read a YAML file, or what reading the same bytes gave before: the YAML library takes long to load."""
    import hashlib
    import json

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(memory.read_text(encoding="utf-8"))
        if kept["sha256"] == digest:
            return kept["content"]
    content = load_yaml(path, shown)
    with contextlib.suppress(OSError, ValueError, TypeError):
        text = json.dumps({"sha256": digest, "content": content})
        # Not everything in YAML survives JSON (keys that are numbers, dates): such a file is read each time.
        if json.loads(text)["content"] == content:
            memory.parent.mkdir(parents=True, exist_ok=True)
            growing = memory.with_name(f".{memory.name}.{os.getpid()}")
            growing.write_text(text, encoding="utf-8")
            os.replace(growing, memory)
    return content


def line_of(text: str, *keys: str) -> int:
    """Return the line (from 1) of a nested YAML mapping key; that of the last key found if one is missing."""
    import yaml

    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return 1
    line = 1
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((k, v) for k, v in pairs if k.value == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def read_settings(project: Project) -> Settings:
    """Read and check the shape of ``analysis/parameters.yml``.

    Raises
    ------
    PaperError, Findings
        All that is wrong with names, types and references, each with its line.
    """
    path = project.parameters_file
    shown = project.relative(path)
    text = path.read_text(encoding="utf-8", errors="replace")
    raw = load_remembered(path, shown, project.build / "parameters.json") or {}
    findings: list[PaperError] = []

    def complain(message: str, *keys: str, expected: str = "", remedy: str = "") -> None:
        where = f"{shown}:{line_of(text, *keys)}"
        findings.append(PaperError(message, where=where, expected=expected, remedy=remedy))

    def mapping(value: Any, *keys: str) -> Mapping[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        complain(f"{'.'.join(keys) or 'the file'} is not a mapping", *keys, expected="key: value lines")
        return {}

    def names(value: Any, *keys: str) -> tuple[str, ...]:
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        complain(f"{keys[-1]} is not a list of names", *keys, expected="[name, name]")
        return ()

    top = mapping(raw)
    for key in set(top) - {"notebooks", "scenarios", "checks"}:
        complain(f"unknown key {key!r}{suggestion(key, ['notebooks', 'scenarios', 'checks'])}", str(key))
    # Not `off`: YAML reads that word as a truth value.
    checks = mapping(top.get("checks"), "checks")
    for key in set(checks) - {"without"}:
        complain(f"unknown key {key!r} for checks{suggestion(key, ['without'])}", "checks", str(key))
    checks_off = mapping(checks.get("without"), "checks", "without")
    for rule, reason in checks_off.items():
        if not (isinstance(reason, str) and reason.strip()):
            expected = "rule: why it does not fit this project"
            complain(
                f"no reason for switching off {rule!r}", "checks", "without", str(rule), expected=expected
            )
    notebooks: dict[str, NotebookSettings] = {}
    for name, block in mapping(top.get("notebooks"), "notebooks").items():
        keys = ("notebooks", str(name))
        if name not in project.steps:
            complain(
                f"there is no notebook {name!r}{suggestion(name, project.steps)}",
                *keys,
                expected="the name of a file analysis/NN-name.ipynb",
            )
            continue
        block = mapping(block, *keys)
        for key in set(block) - {"data", "files", "results", "parameters"}:
            close = suggestion(key, ["data", "files", "results", "parameters"])
            complain(f"unknown key {key!r} for {name}{close}", *keys, str(key))
        results = names(block.get("results"), *keys, "results")
        for other in results:
            if other not in project.steps or other == name:
                complain(
                    f"{name} declares results of {other!r}, which is no other notebook"
                    f"{suggestion(other, project.steps)}",
                    *keys,
                    "results",
                )
        whole = block.get("data") == ALL_DATA
        data = (ALL_DATA,) if whole else names(block.get("data"), *keys, "data")
        for table in data:
            if ".." in Path(table).parts or Path(table).is_absolute():
                complain(
                    f"{table!r} lies outside data/",
                    *keys,
                    "data",
                    expected="a table name or a path under data/",
                )
        files = names(block.get("files"), *keys, "files")
        for file in files:
            if ".." in Path(file).parts or Path(file).is_absolute():
                complain(
                    f"{file!r} lies outside the project",
                    *keys,
                    "files",
                    expected="a path from the project root",
                )
        parameters = mapping(block.get("parameters"), *keys, "parameters")
        parameters = {str(k): mapping(v, *keys, "parameters", str(k)) for k, v in parameters.items()}
        notebooks[name] = NotebookSettings(data, files, results, parameters)
    scenarios: dict[str, Scenario] = {}
    for name, block in mapping(top.get("scenarios"), "scenarios").items():
        keys = ("scenarios", str(name))
        if not SCENARIO_NAME.fullmatch(str(name)):
            complain(f"scenario name {name!r}", *keys, expected="lower case, digits and single hyphens")
            continue
        block = mapping(block, *keys)
        for key in set(block) - {"about", "set"}:
            complain(f"unknown key {key!r} for scenario {name}", *keys, str(key), expected="about, set")
        values = {
            str(k): mapping(v, *keys, "set", str(k)) for k, v in mapping(block.get("set"), *keys).items()
        }
        scenarios[name] = Scenario(str(block.get("about") or ""), values)
    try:
        raise_all(findings)
    except Findings as error:
        raise Findings(sorted(error.findings, key=lambda finding: finding.where)) from None
    # A notebook without a block reads nothing and constrains nothing.
    blocks = {step: notebooks.get(step, NotebookSettings()) for step in project.steps}
    return Settings(blocks, scenarios, checks_off)


def read_revision(root: Path) -> Revision:
    """Ask git for the commit, its time and whether inputs differ; be content with less outside git."""
    import subprocess

    def git(*args: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *args], capture_output=True, text=True, check=True, encoding="utf-8"
            )
        except (OSError, subprocess.CalledProcessError):
            return ""
        return done.stdout.strip()

    commit, _, seconds = git("log", "-1", "--format=%H %ct").partition(" ")
    dirty = bool(commit) and bool(git("--no-optional-locks", "status", "--porcelain", "--", *INPUT_PATHS))
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    epoch = int(given) if given.isdecimal() else int(seconds or FALLBACK_EPOCH)
    return Revision(commit, dirty, epoch)
