"""What a build would do: every step, its inputs, and whether its result is already there.

Knows steps (`paperbuild.steps.step`) and no kind of them; `make_plan` alone says which steps an article has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from paperbuild.article.formats import FORMATS, documents
from paperbuild.build.store import DEFAULT_SIZE_LIMIT, Store
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import recall
from paperbuild.ground.hashing import HashCache
from paperbuild.project.layout import Project
from paperbuild.project.workspace import Workspace
from paperbuild.steps.desk import Desk
from paperbuild.steps.document import DocumentStep
from paperbuild.steps.notebook import NotebookStep
from paperbuild.steps.outputs import Outputs
from paperbuild.steps.reference import References
from paperbuild.steps.step import Inputs, Result, Results, Step, differences, fingerprint

CLUSTER_WAIT = 120
"""Seconds that a build waits for a worker of its cluster when none is left, unless told."""


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
    cluster : str
        Address of the Dask scheduler over which notebooks spread their work; empty for none.
    places : int
        How many notebooks its workers run at a time; 0 where they run on this machine.
    cluster_wait : int
        Seconds that a build waits for a worker when none is left.
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
    cluster: str = ""
    places: int = 0
    cluster_wait: int = CLUSTER_WAIT
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
    result : Result, optional
        Its kept result.
    reasons : list of str
        Why it is stale; empty if it is fresh.
    after : tuple of str
        The listed steps it waits for.
    """

    name: str
    inputs: Inputs | None = None
    result: Result | None = None
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
        return self.result is not None


@dataclass
class Plan:
    """Steps as they stand, compared with what is kept and published.

    Attributes
    ----------
    steps : mapping of str to Step
        By name, in the order in which people read them.
    project : Project
        Where results are kept and grow.
    cache : HashCache
        Hashes of published files.
    options : Options
        How to build.
    look_anew : callable
        Has the steps forget what may have changed on disk since they looked.
    warning : str
        What is not as it should be in what everything is made with, in words; empty where all is.
    statuses : dict of str to Status
        How each listed step stands; filled by `inspect`.
    results : dict of str to Result
        Results that are there; filled by `inspect`.
    """

    steps: Mapping[str, Step]
    project: Project
    cache: HashCache
    options: Options
    look_anew: Callable[[], None] = lambda: None
    warning: str = ""
    statuses: dict[str, Status] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)

    @cached_property
    def state(self) -> dict[str, Any]:
        """What the last build was made from; explains, never decides: read where something is stale."""
        return recall(self.project.state) or {}

    @property
    def store(self) -> Store:
        """Kept results."""
        return Store(self.project.store)

    @property
    def stale(self) -> list[str]:
        """Names of the listed steps that are not fresh."""
        return [name for name, status in self.statuses.items() if status.reasons]

    def ordered(self) -> list[str]:
        """Return the steps so that each comes after those it waits for."""
        return list(TopologicalSorter({name: step.after for name, step in self.steps.items()}).static_order())

    def listed_after(self, name: str) -> tuple[str, ...]:
        """Return the steps that `name` waits for, without those that follow at once."""
        return tuple(other for other in self.steps[name].after if not self.steps[other].at_once)

    def inspect(self) -> Plan:
        """See how every step stands, running and changing nothing; return this plan."""
        statuses: dict[str, Status] = {}
        self.results = {}
        with self.cache.still():
            for name in self.ordered():
                step = self.steps[name]
                if step.at_once:
                    if set(step.after) <= set(self.results):
                        self.results[name] = at_once(step, self.results)
                    continue
                statuses[name] = self._status(name, statuses)
                if (result := statuses[name].result) is not None:
                    self.results[name] = result
        self.statuses = {name: statuses[name] for name in self.steps if name in statuses}
        self.cache.save()
        return self

    def _status(self, name: str, statuses: Mapping[str, Status]) -> Status:
        """Return how a step stands, given those before it."""
        step, after = self.steps[name], self.listed_after(name)
        status = Status(name, after=after)
        if step.reads_published:
            # Not in the order in which they happened to be found.
            stale = [other for other in self.steps if other in after and statuses[other].reasons]
            status.reasons = [f"after {', '.join(stale)}"] if stale else []
        elif missing := [other for other in after if other not in self.results]:
            status.reasons = [f"after {', '.join(missing)}, which must run first"]
        if status.reasons:
            return status
        status.inputs = step.inputs(self.results)
        kept = self.store.find(status.inputs)
        # Held to its content here, before anything that follows from it is remembered.
        damaged = kept is not None and not self.store.is_sound(kept, self.cache.file)
        status.result = None if damaged else kept
        differing = self.differing(step.published(kept, self.results)) if kept and not damaged else []
        if status.result is not None and not differing:
            return status
        last = self.state.get("steps", {}).get(name)
        changed = differences(last["inputs"], status.inputs) if last else []
        if status.result is None:
            gone = ["its kept result is gone from build/store"] if last else ["never built here"]
            gone = ["its kept result in build/store is damaged"] if damaged else gone
            status.reasons = changed or gone
            return status
        # Gone back to an earlier state: say so, not that every output differs.
        status.reasons = [f"{reason} (kept result will be restored)" for reason in changed] or differing
        return status

    def settled(self) -> bool:
        """Tell whether nothing is to be done, be it only at once."""
        if self.stale:
            return False
        try:
            return all(
                not self.differing(step.published(self.results[name], self.results))
                if step.at_once
                else step.settled(self.results[name], self.results)
                for name, step in self.steps.items()
            )
        except OSError:
            return False

    def differing(self, files: Mapping[str, str]) -> list[str]:
        """Return, in words, the published files that are not as they were made."""
        missing, reasons = [], []
        for path, digest in files.items():
            try:
                found = self.cache.file(path)
            except OSError:
                missing.append(self.project.relative(Path(path)))
                continue
            if found != digest:
                shown = self.project.relative(Path(path))
                reasons.append(f"output {shown} is not what was built: {found[:8]} → {digest[:8]}")
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            reasons.append(f"output {', '.join(missing[:3])}{more} missing")
        return reasons


def at_once(step: Step, before: Results) -> Result:
    """Return the result of a step that follows at once: no files, but what it follows from."""
    return Result(Path(os.devnull), {}, step.inputs(before))


def make_plan(workspace: Workspace, options: Options | None = None) -> Plan:
    """Return the steps of an article as they stand: its notebooks, their outputs, its documents."""
    options = options or Options()
    desk = Desk.of(
        workspace,
        engine=options.engine,
        kernel=options.kernel,
        memory_limit=options.memory_limit,
        cluster=options.cluster,
        places=options.places,
        accept=options.accept,
    )
    references = References(workspace, options.accept)
    notebooks = {name: NotebookStep(desk, name, references) for name in workspace.notebooks}
    kinds = options.documents
    if kinds and not workspace.project.article.is_file():
        raise PaperError(
            "there is no such file",
            where=workspace.project.relative(workspace.project.article),
            expected="the article's text",
            remedy="write it; paper build --no-render stops before it is typeset",
        )
    outputs = Outputs(desk, notebooks, references, kinds)
    found: list[Step] = [*notebooks.values(), outputs]
    found += [
        DocumentStep(desk, kind, outputs, language)
        for language in workspace.project.all_editions
        for kind in kinds
        if kind in FORMATS or not language
    ]
    steps = {step.name: step for step in found}
    project, cache = workspace.project, workspace.cache
    return Plan(steps, project, cache, options, desk.look_anew, desk.unlocked()).inspect()


def jobs_here(options: Options) -> int:
    """Return how many steps may run at a time on this machine."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return options.jobs or available


def jobs_of(options: Options) -> int:
    """Return how many steps may run at a time, wherever."""
    return options.jobs or max(jobs_here(options), options.places)


def chain(
    steps: Sequence[str], after: Callable[[str], Iterable[str]], seconds: Mapping[str, float]
) -> dict[str, float]:
    """Return the longest time from each step's start to the end of all that waits for it, in seconds."""
    remaining: dict[str, float] = {}
    for step in reversed(steps):
        later = [remaining[other] for other in remaining if step in after(other)]
        remaining[step] = seconds.get(step, 1.0) + max(later, default=0.0)
    return remaining
