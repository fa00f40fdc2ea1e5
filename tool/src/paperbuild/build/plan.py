"""What a build would do: every step, its inputs and fingerprint, and whether its result is already there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paperbuild.build.store import DEFAULT_SIZE_LIMIT, Entry, Store
from paperbuild.ground.errors import PaperError, UsageError, raise_all
from paperbuild.ground.hashing import HashCache, sha256_bytes, sha256_file, sha256_json
from paperbuild.ground.own import PACKAGE
from paperbuild.project.layout import Project
from paperbuild.project.notebook import outputs_text, read_notebook
from paperbuild.steps.fingerprint import (
    Distributions,
    Inputs,
    Scanner,
    StepInputs,
    declared_files,
    differences,
    fingerprint,
    installed,
    notebook_inputs,
    register_entries,
)
from paperbuild.steps.outputs import numbers_document, published_name

DOCUMENTS = {"html": "paper.html", "pdf": "paper.pdf", "docx": "paper.docx", "notebooks": "notebooks.html"}


@dataclass(frozen=True)
class Options:
    """How to build.

    Attributes
    ----------
    jobs : int, optional
        Steps at a time; by default as many as there are processors.
    to : tuple of str
        Formats to typeset; empty for none.
    overrides : tuple of str
        ``NOTEBOOK.PARAM=VALUE`` texts.
    engine : str
        ``auto``, ``quarto`` or ``embedded``.
    kernel : str
        ``fork`` or ``cold``.
    memory_limit : int
        Bytes a kernel may hold; 0 for no limit.
    store_limit : int
        Bytes the store of results may hold.
    quiet : bool
        Whether to print nothing but failures.
    wait : bool
        Whether to wait for another build to end instead of refusing.
    """

    jobs: int | None = None
    to: tuple[str, ...] = ("html", "pdf", "docx")
    overrides: tuple[str, ...] = ()
    engine: str = "auto"
    kernel: str = "fork"
    memory_limit: int = 0
    store_limit: int = DEFAULT_SIZE_LIMIT
    quiet: bool = False
    wait: bool = False

    @property
    def documents(self) -> tuple[str, ...]:
        """Render steps in order: the formats asked for, then the notebooks' pages with the HTML."""
        return (*self.to, "notebooks") if "html" in self.to else tuple(self.to)


@dataclass
class Status:
    """One step as it stands.

    Attributes
    ----------
    name : str
        The step.
    inputs : dict, optional
        What it depends on; None while a step before it is stale.
    entry : Entry, optional
        Its kept result.
    reasons : list of str
        Why it is stale; empty if it is fresh.
    """

    name: str
    inputs: Inputs | None = None
    entry: Entry | None = None
    reasons: list[str] = field(default_factory=list)
    after: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """``fresh`` or ``stale``."""
        return "stale" if self.reasons else "fresh"

    @property
    def fingerprint(self) -> str:
        """The hash of its inputs, empty while unknown."""
        return fingerprint(self.inputs) if self.inputs is not None else ""

    @property
    def stored(self) -> bool:
        """Whether a result is kept, so that nothing has to run."""
        return self.entry is not None


@dataclass
class Plan:
    """A project's steps, ready to be compared with what is stored and published.

    Made by `make_plan`; parameters, register and declarations have been checked by then.
    """

    project: Project
    options: Options
    scanner: Scanner
    packages: Distributions
    entries: Mapping[str, Any]
    overrides: Mapping[str, Mapping[str, Any]]
    defaults: Mapping[str, Mapping[str, Any]]
    store: Store
    state: dict[str, Any]

    def effective(self, step: str) -> dict[str, Any]:
        """Return a notebook's parameters as it will see them."""
        return {**self.defaults[step], **self.overrides[step]}

    def after(self, step: str) -> tuple[str, ...]:
        """Return the notebooks whose results `step` reads."""
        return self.project.settings.notebooks[step].results

    def ordered(self) -> list[str]:
        """Return the notebooks so that each comes after those it reads.

        Raises
        ------
        PaperError
            If notebooks wait for one another in a circle.
        """
        from graphlib import CycleError, TopologicalSorter

        graph = {step: self.after(step) for step in self.project.steps}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise PaperError(
                "notebooks read each other's results in a circle: " + " → ".join(error.args[1]),
                where=self.project.relative(self.project.parameters_file),
                remedy="take one of these names out of a results: list",
            ) from None

    def step_inputs(self, step: str, entries: Mapping[str, Entry]) -> StepInputs:
        """Return the inputs of notebook `step`, given the results of those before it."""
        self.scanner.refresh()
        return self._step_inputs(step, entries)

    def _step_inputs(self, step: str, entries: Mapping[str, Entry]) -> StepInputs:
        """Return the same, trusting what was found a moment ago."""
        named = named_files(self.project, step, self.effective(step))
        results = {other: self.numbers_digest(entries[other]) for other in self.after(step)}
        return notebook_inputs(
            self.scanner, step, self.overrides[step], results, self.packages, self.entries, named
        )

    def numbers_digest(self, entry: Entry) -> str:
        """Return the hash of the numbers a result recorded: values and names, not where they were made."""

        def compute() -> str:
            artefacts = json.loads(entry.path("results.json").read_text(encoding="utf-8"))["artefacts"]
            return sha256_json({a["name"]: a["value"] for a in artefacts if a["kind"] == "number"})

        return self.scanner.cache.fact("numbers", entry.files["results.json"], compute)

    def executed(self, step: str, entry: Entry) -> str:
        """Return the executed notebook: today's prose around the kept outputs."""
        path = self.project.notebook(step)
        return outputs_text(read_notebook(path, self.project.relative(path)), entry.path("outputs.json"))

    def published(self, step: str, entry: Entry) -> dict[Path, str]:
        """Return where a notebook's result is published and with what hash."""
        files = {
            self.project.render_root / published_name(step, name): digest
            for name, digest in entry.files.items()
            if published_name(step, name)
        }
        source = self.scanner.file(self.project.notebook(step))
        key = sha256_json([source, entry.files["outputs.json"]])
        files[self.project.notebooks / f"{step}.ipynb"] = self.scanner.cache.fact(
            "executed", key, lambda: sha256_bytes(self.executed(step, entry).encode("utf-8"))
        )
        return files

    def numbers(self, entries: Mapping[str, Entry]) -> str:
        """Return ``numbers.yml`` as it should stand after these results."""
        key = sha256_json([{s: e.files["results.json"] for s, e in entries.items()}, self.build_facts()])
        return self.scanner.cache.fact(
            "numbers.yml", key, lambda: numbers_document(self.project, entries, self.build_facts())
        )

    def outside(self, steps: Iterable[str]) -> set[str]:
        """Return the packages from outside the project that these notebooks and their modules import."""
        return {name for step in steps for name in self.scanner.notebook_closure(step)[1]}

    def build_facts(self) -> dict[str, Any]:
        """Return what the article says of its own making: revision and versions."""
        revision, used = self.project.revision, self.outside(self.project.steps)
        versions = {
            name: self.packages.versions[owner]
            for name in sorted(used)
            for owner in self.packages.owners.get(name, [])[:1]
            if owner in self.packages.versions
        }
        import platform

        return {
            "commit": revision.commit or "no commit",
            "commit_short": (revision.commit[:7] or "no commit") + ("+changes" if revision.dirty else ""),
            "dirty": revision.dirty,
            "date": revision.date,
            "python": platform.python_version(),
            "versions": versions,
        }

    def typesetter(self) -> dict[str, str]:
        """Return names and versions of what typesets; asked again when something is installed or removed."""
        from paperbuild.article import typesetting

        engine = typesetting.engine_for(self.options.engine)
        if engine == "quarto":
            return typesetting.identity(engine)
        key = sha256_json([engine, self.packages.versions])
        return self.scanner.cache.fact("typesetter", key, lambda: typesetting.identity(engine))

    def document_inputs(self, kind: str, entries: Mapping[str, Entry]) -> Inputs:
        """Return what a render step depends on, the notebooks' outputs being published."""
        from paperbuild.article import typesetting

        inputs: Inputs = {f"typesetter {name}": version for name, version in self.typesetter().items()}
        for path in typesetting.inputs(self.project.render_root, kind):
            base = (
                self.project.render_root if path.is_relative_to(self.project.render_root) else PACKAGE.parent
            )
            shown = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
            if not path.is_file():
                inputs[f"missing {shown}"] = "absent"
            elif path.suffix == ".py":
                inputs[f"module {shown}"] = self.scanner.code(path)[:12]
            else:
                inputs[f"file {shown}"] = self.scanner.file(path)[:16]
        inputs["numbers"] = sha256_bytes(self.numbers(entries).encode("utf-8"))[:16]
        inputs["date"] = str(self.project.revision.epoch)
        if kind == "notebooks":
            for step, entry in entries.items():
                executed = self.published(step, entry)[self.project.notebooks / f"{step}.ipynb"]
                inputs[f"executed notebook {step}"] = executed[:16]
            inputs["places in the article"] = self.places(kind)
            wanted = ("nbconvert", "pygments", "jinja2", "mistune")
            inputs |= {f"package {name}": self.packages.versions.get(name, "") for name in wanted}
        return {key: inputs[key] for key in sorted(inputs)}

    def places(self, kind: str) -> str:
        """Return a digest of where the text shows floats and numbers: all that the notebooks' pages take from it."""
        from paperbuild.article import notebook_pages, typesetting

        root = self.project.render_root
        texts = [path for path in typesetting.inputs(root, "docx") if path.suffix in (".qmd", ".md")]
        key = " ".join(self.scanner.file(path) for path in texts if path.is_file())
        return self.scanner.cache.fact("places", key, lambda: sha256_json(notebook_pages.places(root))[:16])

    def differing(self, files: Mapping[Path, str]) -> list[str]:
        """Return, in words, the published files that are not as they were made."""
        missing, reasons = [], []
        for path, digest in files.items():
            shown = self.project.relative(path)
            try:
                found = self.scanner.cache.file(path)
            except OSError:
                missing.append(shown)
                continue
            if found != digest:
                reasons.append(f"output {shown} is not what was built: {found[:8]} → {digest[:8]}")
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            reasons.append(f"output {', '.join(missing[:3])}{more} missing")
        return reasons

    def why_stale(self, name: str, inputs: Inputs) -> list[str]:
        """Return what changed since the last build of a step whose result is not kept."""
        last = self.state.get("steps", {}).get(name)
        if last is None:
            return ["never built here"]
        return differences(last["inputs"], inputs) or ["its kept result is gone from build/store"]

    def notebook_status(self, step: str, entries: Mapping[str, Entry]) -> Status:
        """Return how notebook `step` stands, given the results of those before it."""
        missing = [other for other in self.after(step) if other not in entries]
        if missing:
            return Status(
                step, reasons=[f"after {', '.join(missing)}, which must run first"], after=self.after(step)
            )
        inputs = self._step_inputs(step, entries).inputs
        entry = self.store.find(fingerprint(inputs))
        status = Status(step, inputs, entry, after=self.after(step))
        if entry is None:
            status.reasons = self.why_stale(step, inputs)
        else:
            status.reasons = self.differing(self.published(step, entry))
            last = self.state.get("steps", {}).get(step)
            if status.reasons and last and last["inputs"] != inputs:
                # Gone back to an earlier state: say so, not that every output differs.
                status.reasons = [
                    f"{reason} (kept result will be restored)"
                    for reason in differences(last["inputs"], inputs)
                ]
        return status

    def document_status(self, kind: str, entries: Mapping[str, Entry]) -> Status:
        """Return how a render step stands, all notebooks being fresh."""
        name = DOCUMENTS[kind]
        inputs = self.document_inputs(kind, entries)
        entry = self.store.find(fingerprint(inputs))
        status = Status(name, inputs, entry, after=self.project.steps)
        if entry is None:
            status.reasons = self.why_stale(name, inputs)
        else:
            status.reasons = self.differing(
                {self.project.output / n: digest for n, digest in entry.files.items()}
            )
        return status


def make_plan(project: Project, options: Options) -> Plan:
    """Check everything that can be checked before anything runs, and return the plan.

    Raises
    ------
    PaperError, Findings
        All findings in settings, parameters, scenario, declared data and register.
    """
    cache = HashCache(project.build / "hashes.json", own_version())
    scanner = Scanner(project, cache)
    _ = project.settings  # read first: nothing else can be checked while it is wrong
    findings: list[PaperError] = []
    if not project.steps:
        raise UsageError(
            "there are no notebooks", where=project.relative(project.analysis), expected="NN-name.ipynb files"
        )
    entries = register_entries(project, cache)
    defaults: dict[str, dict[str, Any]] = {}
    overrides: dict[str, dict[str, Any]] = {}
    with _collect(findings):
        defaults, overrides = checked_parameters(project, options, cache)
    for step in project.steps:
        with _collect(findings):
            values = {**defaults.get(step, {}), **overrides.get(step, {})}
            declared_files(project, step, entries, named_files(project, step, values))
    raise_all(findings)
    state: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        state = json.loads(project.state.read_text(encoding="utf-8"))
    return Plan(
        project, options, scanner, installed(cache), entries, overrides, defaults, Store(project.store), state
    )


def named_files(project: Project, step: str, values: Mapping[str, Any]) -> list[str]:
    """Return the files that a notebook's parameters name: values, not empty, under ``file: true``."""
    limits = project.settings.notebooks[step].parameters
    return [value for name, value in values.items() if value and limits.get(name, {}).get("file")]


def own_version() -> str:
    """Return the hash of the build's own code, by which remembered facts are valid."""
    return sha256_json([sha256_file(path) for path in sorted(PACKAGE.rglob("*.py"))])


@contextlib.contextmanager
def _collect(findings: list[PaperError]) -> Any:
    """Add a finding raised inside to the list instead of stopping."""
    try:
        yield
    except UsageError:
        raise
    except PaperError as error:
        findings += getattr(error, "findings", [error])


def checked_parameters(
    project: Project, options: Options, cache: HashCache
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return defaults and overriding values of every notebook's parameters, validated.

    The validation needs pydantic, so its outcome is remembered for as long as notebooks, settings, scenario
    and overrides stay the same.
    """
    sources = [cache.file(project.notebook(step)) for step in project.steps]
    key = sha256_json(
        [cache.file(project.parameters_file), sources, project.steps, project.scenario, options.overrides]
    )

    def compute() -> list[Any]:
        from paperbuild.project import parameters

        known = parameters.all_declared(project)
        asked = parameters.scenario_overrides(project, project.scenario) if project.scenario else []
        overrides = parameters.resolve(known, [*asked, *parameters.parse_overrides(options.overrides)])
        return [{step: {p.name: p.default for p in listed} for step, listed in known.items()}, overrides]

    defaults, overrides = cache.fact("parameters", key, compute)
    return defaults, overrides


@dataclass
class Inspection:
    """All steps of a project as they stand, in order."""

    plan: Plan
    steps: dict[str, Status]
    entries: dict[str, Entry]

    @property
    def stale(self) -> list[str]:
        """Names of the steps that are not fresh."""
        return [name for name, status in self.steps.items() if status.reasons]


def inspect(project: Project, options: Options | None = None, plan: Plan | None = None) -> Inspection:
    """Return how every step stands, running and changing nothing."""
    plan = plan or make_plan(project, options or Options())
    steps: dict[str, Status] = {}
    entries: dict[str, Entry] = {}
    for step in plan.ordered():
        steps[step] = plan.notebook_status(step, entries)
        if steps[step].entry is not None:
            entries[step] = steps[step].entry
    steps = {step: steps[step] for step in plan.project.steps}
    stale = [step for step, status in steps.items() if status.reasons]
    entries = {step: entries[step] for step in plan.project.steps if step in entries}
    for kind in plan.options.documents:
        name = DOCUMENTS[kind]
        if not plan.project.article.is_file():
            continue
        if stale:
            steps[name] = Status(name, reasons=[f"after {', '.join(stale)}"], after=plan.project.steps)
        else:
            steps[name] = plan.document_status(kind, entries)
    plan.scanner.cache.save()
    return Inspection(plan, steps, entries)


def jobs_of(options: Options) -> int:
    """Return how many steps may run at a time."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return options.jobs or available


def chain(
    steps: Sequence[str], after: Callable[[str], Iterable[str]], seconds: Mapping[str, float]
) -> dict[str, float]:
    """Return the longest time from each step's start to the end of all that waits for it, in seconds."""
    remaining: dict[str, float] = {}
    for step in reversed(steps):
        later = [remaining[other] for other in remaining if step in after(other)]
        remaining[step] = seconds.get(step, 1.0) + max(later, default=0.0)
    return remaining
