"""Runs what is stale: notebooks in graph order in parallel, then the typesetting; publishes results whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from paperbuild.article import typesetting
from paperbuild.article.formats import DOCUMENTS
from paperbuild.article.job import RenderJob
from paperbuild.article.text import read as read_article
from paperbuild.build.plan import Options, Plan, Status, chain, inspect, jobs_of, make_plan
from paperbuild.build.progress import Progress, clock
from paperbuild.build.store import Entry, build_lock
from paperbuild.ground.errors import PaperError, unexpected
from paperbuild.ground.files import disk_error, remember, write_atomic, write_if_changed
from paperbuild.ground.own import OWNER_VARIABLE, PACKAGE
from paperbuild.project.layout import Project
from paperbuild.project.manifest import read_manifest
from paperbuild.steps.fingerprint import StepInputs, fingerprint
from paperbuild.steps.outputs import (
    check_names,
    manifest,
    prepare_render_root,
    publish,
    published_name,
    remove_orphans,
    results_document,
)
from paperbuild.steps.reference import (
    StepReference,
    is_intact,
    keep_differences,
    reference_bytes,
    tell_texts,
)


@dataclass
class Report:
    """What a build did.

    Attributes
    ----------
    ran, restored, fresh : list of str
        Steps by what it took to have their results.
    failures : dict of str to PaperError
        Steps that failed, with the reason.
    skipped : list of str
        Steps not tried because one before them failed.
    unread : dict of str to list of str
        Declared data that a notebook which ran did not read.
    seconds : float
        Wall time.
    """

    ran: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    failures: dict[str, PaperError] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    unread: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every step has its result."""
        return not self.failures

    def summary(self) -> str:
        """Return one line on what happened."""
        counted = [("ran", self.ran), ("restored", self.restored), ("up to date", self.fresh)]
        counted += [("failed", list(self.failures)), ("not tried", self.skipped)]
        return (
            ", ".join(f"{len(steps)} {word}" for word, steps in counted if steps)
            + f" in {clock(self.seconds)}"
        )


def build(project: Project, options: Options | None = None) -> Report:
    """Bring a project (or scenario) up to date.

    Raises
    ------
    PaperError
        If something is wrong before anything runs, another build is at work, or the disk refuses.
        Failures of single steps are in the report instead.
    """
    options = options or Options()
    begun = time.monotonic()
    plan = make_plan(project, options)
    inspection = inspect(project, options, plan)
    report = Report()
    if not inspection.stale and _is_settled(plan, inspection.entries):
        report.fresh = list(inspection.steps)
        report.seconds = time.monotonic() - begun
        return report
    with build_lock(project.lock, wait=options.wait), _terminable():
        if options.wait:
            # What was true before the wait need not be true after it.
            plan = make_plan(project, options)
            inspection = inspect(project, options, plan)
        try:
            _Build(plan, inspection.steps, report).run()
        finally:
            plan.scanner.cache.save()
            shutil.rmtree(project.staging, ignore_errors=True)
    report.seconds = time.monotonic() - begun
    return report


def _is_settled(plan: Plan, entries: dict[str, Entry]) -> bool:
    """Tell whether the files that belong to no single step are as they should be."""
    try:
        kinds = plan.options.to if plan.project.article.is_file() else ()
        if not all(_text_settled(plan, kind, entries) for kind in kinds):
            return False
        return (
            plan.project.numbers.read_text(encoding="utf-8") == plan.numbers(entries)
            and plan.project.manifest.is_file()
            and plan.project.manifest.read_text(encoding="utf-8") == _manifest(plan, entries)
        )
    except OSError:
        return False


def _text_settled(plan: Plan, kind: str, entries: dict[str, Entry]) -> bool:
    """Tell whether the committed text of a document is this build's, or one that stays."""
    record = _document_record(plan, kind, entries)
    listed = read_manifest(plan.project.manifest).documents
    known = [dict(one) for one in listed if one["path"] == record["path"]]
    target = plan.project.render_root / record["text"]
    if known[:1] != [record] and not _text_stays(plan, record, known[0] if known else None):
        return False
    return target.is_file() and _digest_of(plan, target) == known[0]["text_sha256"]


def _document_record(plan: Plan, kind: str, entries: dict[str, Entry]) -> dict[str, str]:
    """Return the manifest's record of a document that lies in ``_output/``."""
    path, engine, facts = (
        plan.project.output / DOCUMENTS[kind].file,
        plan.typesetter()["engine"],
        plan.build_facts(),
    )

    def compute() -> dict[str, str]:
        from paperbuild.proof.documents import document_record

        return document_record(path, engine, facts)

    record = plan.scanner.cache.fact("document", f"{plan.scanner.cache.file(path)} {engine}", compute)
    return {**record, "recipe": plan.text_recipe(kind, entries)}


def _text_stays(plan: Plan, record: dict[str, str], known: dict[str, str] | None) -> bool:
    """Tell whether a document's committed text stays, because only typesetter or machine differ."""
    if known is None or known == record or plan.options.accept or plan.project.scenario:
        return False
    target = plan.project.render_root / record["text"]
    whole = target.is_file() and _digest_of(plan, target) == known.get("text_sha256")
    return whole and known.get("recipe") == record["recipe"]


def _digest_of(plan: Plan, text: Path) -> str:
    """Return the hash of a committed text, wherever its lines break."""

    def compute() -> str:
        from paperbuild.proof.documents import text_digest

        return text_digest(text.read_text(encoding="utf-8", errors="replace"))

    return plan.scanner.cache.fact("text", plan.scanner.cache.file(text), compute)


def _manifest(plan: Plan, entries: dict[str, Entry], documents: list[dict[str, str]] | None = None) -> str:
    """Return the manifest that belongs to these results, with `documents` (default: as they stand)."""
    from paperbuild.project.parameters import parameters_digest

    digests = {step: parameters_digest(plan.effective(step)) for step in plan.project.steps}
    stand = read_manifest(plan.project.manifest).documents if documents is None else documents
    return manifest(plan.project, entries, digests, stand, plan.recipes, plan.all_held(entries)).text()


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM and SIGHUP like Ctrl-C while a build runs, so that its kernels end with it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Build:
    """One build at work."""

    def __init__(self, plan: Plan, statuses: dict[str, Status], report: Report) -> None:
        self.plan, self.statuses, self.report = plan, statuses, report
        self.project, self.options = plan.project, plan.options
        self.entries: dict[str, Entry] = {}
        self.inputs: dict[str, dict[str, str]] = {}
        self.seconds: dict[str, float] = {}
        self.active: dict[str, Any] = {}
        self.stopping = False

    def run(self) -> None:
        """Run everything that is stale."""
        past = {
            name: last["seconds"]
            for name, last in self.plan.state.get("steps", {}).items()
            if "seconds" in last
        }
        waiting = {
            name: past.get(name)
            for name, status in self.statuses.items()
            if status.reasons and not status.stored
        }
        with Progress(waiting, self._expected(past, waiting), self.options.quiet) as progress:
            self.progress = progress
            notebooks = list(self.project.steps)
            if any(name in waiting for name in notebooks):
                self._warm([step for step in notebooks if step in waiting])
            self._parallel(notebooks, self.plan.after, self._notebook, past)
            if self.report.failures:
                self._remember()
                self.report.skipped += [DOCUMENTS[kind].file for kind in self.options.documents]
                return
            self.entries = {step: self.entries[step] for step in notebooks}
            self._publish_notebooks()
            documents = list(self.options.documents) if self.project.article.is_file() else []
            self._parallel(documents, lambda kind: (), self._document, past)
            self._settle()

    def _expected(self, past: dict[str, float], waiting: dict[str, Any]) -> float:
        """Return the seconds to expect from past runs: the longest chain, or the work per processor."""
        steps = [name for name in self.statuses if name in waiting]
        if not all(name in past for name in steps):
            return 0.0
        longest = chain(steps, lambda name: self.statuses[name].after, past)
        return max(
            max(longest.values(), default=0.0), sum(past[name] for name in steps) / jobs_of(self.options)
        )

    def _warm(self, steps: list[str]) -> None:
        """Have the fork server import what `steps` import while this process imports papermill."""
        if self.options.kernel == "fork":
            from paperbuild.kernel.warm import start_server

            start_server(self.plan.outside(steps), self.project.build / "matplotlib")
        # Here, not in the threads: two threads that import one package for the first time can trip.
        from paperbuild.kernel import execute  # noqa: F401

    def _parallel(
        self,
        steps: list[str],
        after: Callable[[str], Any],
        work: Callable[[str], None],
        past: dict[str, float],
    ) -> None:
        """Run `work` for every step as soon as those before it are done, the longest way to the end first."""
        if not steps:
            return
        sorter = TopologicalSorter(
            {step: [other for other in after(step) if other in steps] for step in steps}
        )
        sorter.prepare()
        order = (
            [step for step in self.plan.ordered() if step in steps]
            if steps[0] in self.project.steps
            else steps
        )
        urgency = chain(order, after, past)
        futures: dict[Future[None], str] = {}
        blocked: set[str] = set()
        with ThreadPoolExecutor(jobs_of(self.options), thread_name_prefix="step") as pool:
            try:
                while sorter.is_active():
                    for step in sorted(sorter.get_ready(), key=lambda name: -urgency[name]):
                        if blocked & set(after(step)):
                            blocked.add(step)
                            self.report.skipped.append(step)
                            sorter.done(step)
                        else:
                            futures[pool.submit(work, step)] = step
                    if not futures:
                        continue
                    for future in wait(futures, return_when=FIRST_COMPLETED).done:
                        step = futures.pop(future)
                        try:
                            future.result()
                        except PaperError as error:
                            self.report.failures[step] = error
                            blocked.add(step)
                        except OSError as error:
                            self.report.failures[step] = disk_error(
                                error, Path(error.filename or self.project.build)
                            )
                            blocked.add(step)
                        except Exception as error:
                            self.report.failures[step] = unexpected(
                                error, self.project.log / f"{step}.crash.txt"
                            )
                            blocked.add(step)
                        sorter.done(step)
            except BaseException:
                self.stopping = True
                pool.shutdown(wait=False, cancel_futures=True)
                for run in list(self.active.values()):
                    run.cancel()
                raise

    def _notebook(self, step: str) -> None:
        """Have the result of one notebook: kept, or by running it."""
        prepared = self.plan.step_inputs(step, self.entries)
        entry = self._sound(prepared.fingerprint)
        if entry is None:
            staging, prepared = self._settled(
                step, lambda: self.plan.step_inputs(step, self.entries), lambda now: self._run(step, now)
            )
            entry = self.plan.store.keep(prepared.fingerprint, staging)
            self.progress.ended(step, "ran")
            self.report.ran.append(step)
        elif self.plan.differing(self.plan.published(step, entry)):
            self.report.restored.append(step)
        else:
            self.report.fresh.append(step)
        self.inputs[step] = prepared.inputs
        self.entries[step] = entry

    def _settled(self, step: str, look: Callable[[], Any], work: Callable[[Any], Path]) -> tuple[Path, Any]:
        """Do a step's work until its inputs are the same after it as before; return its staging and inputs.

        A file saved while a step runs may have been read before or after: such a result belongs to no
        fingerprint and is not kept.
        """
        for _ in range(3):
            before = look()
            staging = work(before)
            if look() == before:
                return staging, before
            self.progress.say(f"{step}: its inputs changed while it ran; once more")
        raise PaperError(
            "its inputs change faster than it runs", where=step, remedy="save your edits, then: paper build"
        )

    def _sound(self, fingerprint: str) -> Entry | None:
        """Return the kept result of a fingerprint; one with damaged files is dropped."""
        entry = self.plan.store.find(fingerprint)
        if entry is not None and not self.plan.store.is_sound(entry):
            self.progress.say(f"a damaged result in the store is dropped and made again ({fingerprint[:8]})")
            self.plan.store.drop(fingerprint)
            return None
        return entry

    def _run(self, step: str, prepared: StepInputs) -> Path:
        """Execute a notebook and return the staging folder with its result."""
        from paperbuild.kernel.execute import Run, run_notebook
        from paperbuild.project.notebook import read_notebook

        path = self.project.notebook(step)
        staging = self.project.staging / step
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        run = Run(
            read_notebook(path, self.project.relative(path)),
            kernel_settings(self.plan, step, prepared, self.entries, staging),
            self.plan.overrides[step],
            rerun_command(self.plan, step),
            self.project.log / f"{step}.failed.ipynb",
        )
        if self.stopping:
            raise PaperError("stopped", where=step)
        self.active[step] = run
        self.progress.started(step)
        begun = time.monotonic()
        try:
            run_notebook(run, self.options.kernel)
        except BaseException:
            if not self.stopping:
                self.progress.ended(step, "FAILED")
            raise
        finally:
            self.active.pop(step, None)
        self.seconds[step] = round(time.monotonic() - begun, 2)
        declared = {
            key.partition(" ")[2]: digest
            for key, digest in prepared.inputs.items()
            if key.startswith("data ")
        }
        read = {self.project.relative(Path(name)) for name in run.report["read"]}
        tables = self.project.settings.notebooks[step].tables
        named = {self.project.relative(self.project.data_file(table)) for table in tables}
        if unread := sorted(named - read):
            self.report.unread[step] = unread
        document = results_document(step, self.plan.effective(step), declared, run.report["artefacts"])
        write_atomic(staging / "results.json", document)
        with contextlib.suppress(OSError):
            run.kept.unlink()
        return staging

    def _publish_notebooks(self) -> None:
        """Put all notebooks' results where people see them; the list of outputs comes last."""
        check_names(self.entries)
        held = self.plan.all_held(self.entries)
        remove_orphans(self.project, self.entries, held)
        for step, entry in self.entries.items():
            self.plan.store.touch(entry)
            targets = {
                self.project.render_root / published_name(step, name): name
                for name in entry.files
                if published_name(step, name)
            }
            files = self.plan.published(step, entry)
            wanted = {t: n for t, n in targets.items() if files.get(t) == entry.files[n]}
            publish(entry, {t: n for t, n in wanted.items() if self.plan.differing({t: files[t]})})
            if step in held:
                self._restore_reference(held[step])
            write_if_changed(self.project.notebooks / f"{step}.ipynb", self.plan.executed(step, entry))
        write_if_changed(self.project.numbers, self.plan.numbers(self.entries))
        write_if_changed(self.project.manifest, _manifest(self.plan, self.entries))
        if self.project.scenario and self.project.article.is_file():
            self._copy_sources()
        if not self.project.scenario:
            both = {step: (reference, self.entries[step]) for step, reference in held.items()}
            keep_differences(self.project, both, self.plan.scanner.cache)
        self._remember()

    def _restore_reference(self, reference: StepReference) -> None:
        """Bring back, from the last commit, files of a reference that were edited or removed."""
        cache = self.plan.scanner.cache
        for path, digest in reference.files.items():
            if not is_intact(self.project, path, digest, cache):
                content = reference_bytes(self.project, path, digest, cache)
                if content is not None:
                    write_atomic(self.project.root / path, content)

    def _copy_sources(self) -> None:
        """Bring the article's own files into a scenario's render root."""
        article = read_article(self.project.root)
        root, project = self.project.root, self.project
        # Neither what notebooks make nor the build's own parts, where the project holds them.
        others = (root / "figures", root / "tables", project.build, PACKAGE)
        sources = {path for kind in self.options.documents for path in typesetting.inputs(article, kind)}
        own = [path for path in sorted(sources) if not any(path.is_relative_to(other) for other in others)]
        prepare_render_root(project, own)

    def _document(self, kind: str) -> None:
        """Have one document: kept, or by typesetting."""
        name = DOCUMENTS[kind].file
        inputs = self.plan.document_inputs(kind, self.entries)
        entry = self._sound(fingerprint(inputs))
        ran = entry is None
        if entry is None:
            staging, inputs = self._settled(
                name, lambda: self.plan.document_inputs(kind, self.entries), lambda _: self._typeset(kind)
            )
            entry = self.plan.store.keep(fingerprint(inputs), staging)
            self.progress.ended(name, "typeset")
        self.inputs[name] = inputs
        self.plan.store.touch(entry)
        files = {self.project.output / name: digest for name, digest in entry.files.items()}
        stale = [target for target, digest in files.items() if self.plan.differing({target: digest})]
        publish(entry, {target: target.relative_to(self.project.output).as_posix() for target in stale})
        (self.report.ran if ran else self.report.restored if stale else self.report.fresh).append(name)

    def _typeset(self, kind: str) -> Path:
        """Typeset one document and return the staging folder with it."""
        name = DOCUMENTS[kind].file
        staging = self.project.staging / name
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        job = RenderJob(
            self.project.render_root, staging, kind, self.options.engine, self.project.revision.epoch
        )
        self.progress.started(name)
        begun = time.monotonic()
        try:
            typesetting.render(job)
        except BaseException:
            self.progress.ended(name, "FAILED")
            raise
        self.seconds[name] = round(time.monotonic() - begun, 2)
        return staging

    def _settle(self) -> None:
        """Record the documents in the manifest, what was built in the state, and keep the store in bounds."""
        self._record_documents()
        self._remember()
        needed = {last["fingerprint"] for last in self.plan.state["steps"].values()}
        self.plan.store.prune(self.options.store_limit, needed)

    def _record_documents(self) -> None:
        """Put what the typeset documents say into ``text/``, and its hash into the manifest."""
        from paperbuild.proof.documents import reference_text

        stay: list[tuple[dict[str, str], dict[str, str]]] = []
        found = {one["path"]: dict(one) for one in read_manifest(self.project.manifest).documents}
        for kind in self.options.to:
            path = self.project.output / DOCUMENTS[kind].file
            if not path.is_file() or path.name in self.report.failures:
                continue
            record = _document_record(self.plan, kind, self.entries)
            known, target = found.get(record["path"]), self.project.render_root / record["text"]
            facts = self.plan.build_facts()
            if _text_stays(self.plan, record, known):
                write_atomic(self.project.differs / record["text"], reference_text(path, facts))
                stay.append((found[record["path"]], record))
                continue
            found[record["path"]] = record
            # A longer commit name may move where a PDF's lines break; that is no other text.
            if not target.is_file() or _digest_of(self.plan, target) != record["text_sha256"]:
                write_atomic(target, reference_text(path, facts))
        if stay:
            tell_texts(self.project, stay)
        listed = [found[path] for path in sorted(found)]
        write_if_changed(self.project.manifest, _manifest(self.plan, self.entries, listed))

    def _remember(self) -> None:
        """Write down what this build's results were made from (for explanations, never for decisions)."""
        steps = self.plan.state.setdefault("steps", {})
        for name, inputs in self.inputs.items():
            failed = name in self.report.failures
            if failed:
                continue
            seconds = self.seconds.get(name, steps.get(name, {}).get("seconds"))
            steps[name] = {"inputs": inputs, "fingerprint": Status(name, inputs).fingerprint}
            if seconds is not None:
                steps[name]["seconds"] = seconds
        remember(self.project.state, self.plan.state)


def kernel_settings(
    plan: Plan, step: str, prepared: StepInputs, entries: dict[str, Entry], staging: Path
) -> Any:
    """Return what the kernel of a step is told."""
    from paperbuild.kernel.kernels import KernelSettings

    results = {other: str(entries[other].path("results.json")) for other in plan.after(step)}
    return KernelSettings(
        step=step,
        root=str(plan.project.root),
        staging=str(staging),
        readable=tuple(map(str, (*prepared.readable, *results.values()))),
        modules=tuple(map(str, prepared.modules)),
        results=results,
        epoch=plan.project.revision.epoch,
        memory_limit=plan.options.memory_limit,
    )


def rerun_command(plan: Plan, step: str) -> str:
    """Return the command that runs one notebook alone with the same parameters."""
    import shlex

    values = [
        f"-p {shlex.quote(f'{k}={json.dumps(v, ensure_ascii=False)}')}"
        for k, v in plan.overrides[step].items()
    ]
    return " ".join(["paper run", step, *values])


def is_nested() -> bool:
    """Tell whether this process was started by the typesetting of a build that still runs."""
    owner = os.environ.get(OWNER_VARIABLE, "")
    if not owner.isdecimal() or int(owner) == os.getpid():
        return False
    try:
        os.kill(int(owner), 0)
    except OSError:
        return False
    return True
