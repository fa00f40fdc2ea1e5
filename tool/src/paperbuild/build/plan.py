"""What a build would do: every step, its inputs and fingerprint, and whether its result is already there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from paperbuild.article import notebook_pages, typesetting
from paperbuild.article.formats import DOCUMENTS, FORMATS, Pages, documents
from paperbuild.article.text import Article
from paperbuild.article.text import read as read_article
from paperbuild.build.store import DEFAULT_SIZE_LIMIT, Entry, Store
from paperbuild.ground import surroundings
from paperbuild.ground.errors import PaperError, UsageError, raise_all
from paperbuild.ground.files import recall
from paperbuild.ground.hashing import HashCache, sha256_bytes, sha256_file, sha256_json
from paperbuild.ground.own import PACKAGE
from paperbuild.project.layout import Project
from paperbuild.project.manifest import read_manifest
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
from paperbuild.steps.reference import (
    OF_THE_MACHINE,
    StepReference,
    committed_references,
    differs_from,
    is_intact,
    read_references,
    recipe,
    reference_bytes,
)


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
    accept : bool
        Whether what this machine makes becomes the reference, though only the machine differs.
    """

    jobs: int | None = None
    to: tuple[str, ...] = tuple(FORMATS)
    overrides: tuple[str, ...] = ()
    engine: str = "auto"
    kernel: str = "fork"
    memory_limit: int = 0
    store_limit: int = DEFAULT_SIZE_LIMIT
    quiet: bool = False
    wait: bool = False
    accept: bool = False

    @property
    def documents(self) -> tuple[str, ...]:
        """Render steps in order: the formats asked for, then the pages that belong to them."""
        return documents(self.to)


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
    references: Mapping[str, StepReference] = field(default_factory=dict)
    recipes: dict[str, str] = field(default_factory=dict)

    def effective(self, step: str) -> dict[str, Any]:
        """Return a notebook's parameters as it will see them."""
        return {**self.defaults[step], **self.overrides[step]}

    def after(self, step: str) -> tuple[str, ...]:
        """Return the notebooks whose results `step` reads."""
        return self.project.settings.notebooks[step].results or ()

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
        found = notebook_inputs(
            self.scanner, step, self.overrides[step], results, self.packages, self.entries, named
        )
        self.recipes[step] = recipe(
            found.inputs, {other: self.recipes.get(other, "") for other in self.after(step)}
        )
        return found

    def held(self, step: str, entry: Entry) -> StepReference | None:
        """Return the reference that stays although `entry` is another; None where `entry` is published.

        It stays where the manifest records the recipe of today and the reference is whole: then only the
        machine can have made the difference.
        """
        if self.options.accept or self.project.scenario:
            return None
        known = self.references.get(step)
        if known and known.recipe != self.recipes.get(step):
            # Back from an edit, or from other parameters, to what was committed.
            known = self.committed.get(step)
        if known is None or known.recipe != self.recipes.get(step):
            return None
        reference = known
        key = sha256_json([entry.files, reference.outputs, reference.numbers])
        if not self.scanner.cache.fact("differs", key, lambda: differs_from(reference, entry)):
            return None
        cache = self.scanner.cache
        whole = all(
            is_intact(self.project, path, digest, cache)
            or reference_bytes(self.project, path, digest, cache) is not None
            for path, digest in reference.files.items()
        )
        return reference if whole else None

    @cached_property
    def committed(self) -> Mapping[str, StepReference]:
        """What the last commit holds of each notebook; asked where the manifest at hand does not answer."""
        return committed_references(self.project)

    def text_recipe(self, kind: str, entries: Mapping[str, Entry]) -> str:
        """Return the digest of what an author decides of a document's text, whichever engine typesets it."""
        printed = json.loads(self.numbers(entries))
        chosen = {
            key: value
            for key, value in self.document_inputs(kind, entries).items()
            if key not in ("numbers", "date", *OF_THE_MACHINE) and not key.startswith("typesetter ")
        }
        engines = {name: self.packages.versions.get(name, "") for name in ("pypandoc-binary", "typst")}
        return sha256_json([chosen, engines, {key: printed[key] for key in ("n", "c", "provenance")}])[:16]

    def all_held(self, entries: Mapping[str, Entry]) -> dict[str, StepReference]:
        """Return the references that stay, by notebook."""
        found = {step: self.held(step, entry) for step, entry in entries.items()}
        return {step: reference for step, reference in found.items() if reference is not None}

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
        if reference := self.held(step, entry):
            own = [path for path in files if path.parent in (self.project.figures, self.project.tables)]
            files = {path: digest for path, digest in files.items() if path not in own}
            files |= {self.project.root / name: digest for name, digest in reference.files.items()}
        source = self.scanner.file(self.project.notebook(step))
        key = sha256_json([source, entry.files["outputs.json"]])
        files[self.project.notebooks / f"{step}.ipynb"] = self.scanner.cache.fact(
            "executed", key, lambda: sha256_bytes(self.executed(step, entry).encode("utf-8"))
        )
        return files

    def numbers(self, entries: Mapping[str, Entry]) -> str:
        """Return ``numbers.yml`` as it should stand after these results."""
        held = {step: reference.numbers for step, reference in self.all_held(entries).items()}
        made = {s: e.files["results.json"] for s, e in entries.items()}
        key = sha256_json([made, held, self.build_facts()])
        return self.scanner.cache.fact(
            "numbers.yml", key, lambda: numbers_document(self.project, entries, self.build_facts(), held)
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
        engine = typesetting.engine_for(self.options.engine)
        if engine == "quarto":
            return typesetting.identity(engine)
        key = sha256_json([engine, self.packages.versions])
        return self.scanner.cache.fact("typesetter", key, lambda: typesetting.identity(engine))

    def document_inputs(
        self, kind: str, entries: Mapping[str, Entry], article: Article | None = None
    ) -> Inputs:
        """Return what a render step depends on, the notebooks' outputs being published.

        The article is read anew unless a reading of a moment ago is given.
        """
        document, article = DOCUMENTS[kind], article or read_article(self.project.render_root)
        inputs: Inputs = {f"typesetter {name}": version for name, version in self.typesetter().items()}
        for path in typesetting.inputs(article, kind):
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
        inputs["surroundings"] = surroundings.present().key
        inputs["module paperbuild/ground/surroundings.py"] = self.scanner.code(
            PACKAGE / "ground" / "surroundings.py"
        )[:12]
        if isinstance(document, Pages):
            # Their links lead to where the article shows what they make.
            texts = sha256_json([text.text for text in article.manuscripts])
            places = self.scanner.cache.fact("places", texts, lambda: notebook_pages.places(article))
            inputs["places in the article"] = sha256_json(places)[:16]
            for step, entry in entries.items():
                executed = self.published(step, entry)[self.project.notebooks / f"{step}.ipynb"]
                inputs[f"executed notebook {step}"] = executed[:16]
            inputs |= {f"package {name}": self.packages.versions.get(name, "") for name in document.packages}
        return {key: inputs[key] for key in sorted(inputs)}

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

    def document_status(self, kind: str, entries: Mapping[str, Entry], article: Article) -> Status:
        """Return how a render step stands, all notebooks being fresh."""
        name = DOCUMENTS[kind].file
        inputs = self.document_inputs(kind, entries, article)
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
    state = recall(project.state) or {}
    return Plan(
        project,
        options,
        scanner,
        installed(cache),
        entries,
        overrides,
        defaults,
        Store(project.store),
        state,
        read_references(read_manifest(project.manifest)),
    )


def named_files(project: Project, step: str, values: Mapping[str, Any]) -> list[str]:
    """Return the files that a notebook's parameters name: values, not empty, under ``file: true``."""
    settings = project.settings.notebooks[step]
    return [value for name, value in values.items() if value and settings.limits(name).get("file")]


def own_version() -> str:
    """Return the hash of the build's own code, by which remembered facts are valid."""
    paths = (path for suffix in ("*.py", "*.yml") for path in PACKAGE.rglob(suffix))
    return sha256_json([sha256_file(path) for path in sorted(paths)])


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

        known = parameters.all_checked(project)
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
    article: Article | None = None
    for kind in plan.options.documents:
        name = DOCUMENTS[kind].file
        if not plan.project.article.is_file():
            continue
        if stale:
            steps[name] = Status(name, reasons=[f"after {', '.join(stale)}"], after=plan.project.steps)
        else:
            article = article or read_article(plan.project.render_root)
            steps[name] = plan.document_status(kind, entries, article)
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
