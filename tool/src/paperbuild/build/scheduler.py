"""Runs what is stale: each step as soon as those before it are done; results appear whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paperbuild.build.plan import Plan, at_once, chain, jobs_here, jobs_of
from paperbuild.build.report import Report
from paperbuild.build.store import build_lock
from paperbuild.ground.errors import PaperError, unexpected
from paperbuild.ground.files import disk_refused, remember, remove_tree
from paperbuild.ground.own import OWNER_VARIABLE
from paperbuild.steps.step import Inputs, Result, Results, Running, Step, fingerprint

if TYPE_CHECKING:
    from concurrent.futures import Future

    from paperbuild.kernel.cluster import Presence


def build(look: Callable[[], Plan]) -> Report:
    """Bring everything up to date.

    Parameters
    ----------
    look : callable
        Returns the plan as things stand; asked again after another build has been waited for.

    Raises
    ------
    PaperError
        If something is wrong before anything runs, another build is at work, or the disk refuses.
        Failures of single steps are in the report instead.
    """
    begun = time.monotonic()
    plan = look()
    report = Report(plan.cache, warning=plan.warning)
    if plan.settled():
        report.fresh = list(plan.statuses)
        # What was learnt while settling (a document's words, say) need not be learnt again.
        plan.cache.save()
        report.seconds = time.monotonic() - begun
        return report
    with build_lock(plan.project.lock, wait=plan.options.wait), _terminable():
        if plan.options.wait:
            # What was true before the wait need not be true after it.
            plan = look()
            report.cache = plan.cache
        try:
            _Build(plan, report).run()
        finally:
            plan.cache.save()
            remove_tree(plan.project.staging)
    report.seconds = time.monotonic() - begun
    return report


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


@dataclass(frozen=True)
class _Done:
    """What it took to have the result of a step."""

    result: Result
    made: bool
    notes: Sequence[str] = ()


class _Build:
    """One build at work."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan, self.report = plan, report
        self.here = threading.Semaphore(jobs_here(plan.options))
        self.results: dict[str, Result] = {}
        self.seconds: dict[str, float] = {}
        self.presence: Presence | None = None
        known = plan.state.get("steps", {})
        self.past = {name: last["seconds"] for name, last in known.items() if "seconds" in last}

    def run(self) -> None:
        """Run everything that is stale."""
        from paperbuild.build.progress import Progress  # here: where nothing is stale there is none

        statuses = self.plan.statuses
        stale = [name for name, status in statuses.items() if status.reasons and not status.stored]
        waiting = {name: self.past.get(name) for name in stale}
        with Progress(waiting, self._expected(stale), self.plan.options.quiet) as progress:
            self.progress, self.running = progress, Running(progress.got)
            kinds: dict[type[Step], list[Step]] = {}
            for name in stale:
                kinds.setdefault(type(self.plan.steps[name]), []).append(self.plan.steps[name])
            for kind, steps in kinds.items():
                kind.prepare(steps)
            try:
                with self._present():
                    self._run_all()
            finally:
                self._remember()
            needed = {last["fingerprint"] for last in self.plan.state["steps"].values()}
            self.plan.store.prune(self.plan.options.store_limit, needed)

    def _present(self) -> contextlib.AbstractContextManager[Any]:
        """Watch whether the cluster is there while steps are to be done there."""
        options = self.plan.options
        if not options.cluster:
            return contextlib.nullcontext()
        from paperbuild.kernel.cluster import Presence

        self.presence = Presence(
            options.cluster,
            bool(options.places),
            options.cluster_wait,
            lambda: bool(self._left(on_cluster=True)),
            self.progress.say,
            self.running.stop,
        )
        return self.presence

    def _left(self, on_cluster: bool = False) -> list[str]:
        """Return the steps that have neither a result nor failed: all, or those that a cluster does."""
        settled = {*self.results, *self.report.failures, *self.report.skipped}
        return [
            name
            for name, step in self.plan.steps.items()
            if name not in settled and not step.at_once and step.on_cluster >= on_cluster
        ]

    def _refuse_lost(self) -> None:
        """Say that the cluster is gone, rather than that a step failed which was there."""
        if self.presence and self._left(on_cluster=True) and (lost := self.presence.judged()):
            left = self._left()
            what = f"not done: {', '.join(left)} ({len(left)} of {len(self.plan.statuses)} steps)"
            raise PaperError(f"{lost.message}; {what}", where=lost.where, remedy=lost.remedy)

    def _expected(self, stale: Sequence[str]) -> float:
        """Return the seconds to expect from past runs: the longest chain, or the work per processor."""
        if not all(name in self.past for name in stale):
            return 0.0
        order = [name for name in self.plan.ordered() if name in stale]
        longest = chain(order, self.plan.listed_after, self.past)
        work = sum(self.past[name] for name in stale) / jobs_of(self.plan.options)
        return max(max(longest.values(), default=0.0), work)

    def _run_all(self) -> None:
        """Work on every step as soon as those before it are done, the longest way to the end first."""
        from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

        steps = self.plan.steps
        sorter = TopologicalSorter({name: step.after for name, step in steps.items()})
        sorter.prepare()
        urgency = chain(self.plan.ordered(), lambda name: steps[name].after, self.past)
        futures: dict[Future[_Done], str] = {}
        blocked: set[str] = set()
        with ThreadPoolExecutor(jobs_of(self.plan.options), thread_name_prefix="step") as pool:
            try:
                while sorter.is_active():
                    for name in sorted(sorter.get_ready(), key=lambda name: -urgency[name]):
                        if blocked & set(steps[name].after):
                            blocked.add(name)
                            if not steps[name].at_once:
                                self.report.skipped.append(name)
                            sorter.done(name)
                        elif steps[name].at_once:
                            if not self._attempt(name, functools.partial(self._at_once, name)):
                                blocked.add(name)
                            sorter.done(name)
                        else:
                            # What the step is given does not change under its hands.
                            futures[pool.submit(self._work, name, dict(self.results))] = name
                    if not futures:
                        continue
                    done = wait(futures, return_when=FIRST_COMPLETED).done
                    for future in sorted(done, key=lambda one: one.exception() is not None):
                        if future.exception() is not None:
                            self._refuse_lost()
                        name = futures.pop(future)
                        if not self._attempt(name, functools.partial(self._take, name, future)):
                            blocked.add(name)
                        sorter.done(name)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.running.stop()
                raise

    def _attempt(self, name: str, act: Callable[[], None]) -> bool:
        """Do what `act` does and tell whether it went well; a failure goes into the report."""
        try:
            act()
        except PaperError as error:
            self.report.failures[name] = error
        except OSError as error:
            self.report.failures[name] = disk_refused(error, Path(error.filename or self.plan.project.build))
        except Exception as error:
            self.report.failures[name] = unexpected(error, self.plan.project.log / f"{name}.crash.txt")
        return name not in self.report.failures

    def _at_once(self, name: str) -> None:
        """Have done what follows at once from the results before."""
        step = self.plan.steps[name]
        self.plan.look_anew()
        self.results[name] = at_once(step, self.results)
        step.publish(self.results[name], self.results)

    def _take(self, name: str, future: Future[_Done]) -> None:
        """Take the result of a step that has been worked on, and have it published."""
        done, step = future.result(), self.plan.steps[name]
        self.results[name] = done.result
        if done.notes:
            self.report.notes[name] = done.notes
        restored = self.plan.differing(step.published(done.result, self.results))
        step.publish(done.result, self.results)
        self.plan.store.touch(done.result)
        (self.report.ran if done.made else self.report.restored if restored else self.report.fresh).append(
            name
        )

    def _work(self, name: str, before: Results) -> _Done:
        """Have the result of a step: kept, or by making it."""
        inputs = self._inputs(name, before)
        result = self._sound(inputs)
        if result is not None:
            return _Done(result, made=False)
        for _ in range(3):
            staging, notes = self._make(name, before)
            now = self._inputs(name, before)
            if now == inputs:
                result = self.plan.store.keep(inputs, staging)
                self.progress.ended(name, self.plan.steps[name].verb)
                return _Done(result, made=True, notes=notes)
            # A file saved while a step runs may have been read before or after: such a result belongs to no
            # fingerprint and is not kept.
            inputs = now
            self.progress.say(f"{name}: its inputs changed while it ran; once more")
        raise PaperError(
            "its inputs change faster than it runs", where=name, remedy="save your edits, then: paper build"
        )

    def _inputs(self, name: str, before: Results) -> Inputs:
        """Return what a step depends on now."""
        self.plan.look_anew()
        return self.plan.steps[name].inputs(before)

    def _sound(self, inputs: Inputs) -> Result | None:
        """Return the kept result of these inputs; one with damaged files is dropped."""
        result = self.plan.store.find(inputs)
        if result is not None and not self.plan.store.is_sound(result):
            shown = fingerprint(inputs)[:8]
            self.progress.say(f"a damaged result in the store is dropped and made again ({shown})")
            self.plan.store.drop(result)
            return None
        return result

    def _make(self, name: str, before: Results) -> tuple[Path, Sequence[str]]:
        """Make a step's files and return the folder they are in, and what there is to say about them."""
        staging = self.plan.project.staging / name
        remove_tree(staging)
        staging.mkdir(parents=True)
        step = self.plan.steps[name]
        with contextlib.nullcontext() if step.away else self.here:
            self.progress.started(name)
            begun = time.monotonic()
            try:
                notes = step.make(before, staging, self.running)
            except BaseException:
                if not self.running.stopping:
                    self.progress.ended(name, "FAILED")
                raise
            self.seconds[name] = round(time.monotonic() - begun, 2)
        return staging, notes

    def _remember(self) -> None:
        """Write down what this build's results were made from (for explanations, never for decisions)."""
        steps = self.plan.state.setdefault("steps", {})
        for name, result in self.results.items():
            if name in self.report.failures or self.plan.steps[name].at_once:
                continue
            seconds = self.seconds.get(name, steps.get(name, {}).get("seconds"))
            steps[name] = {"inputs": dict(result.inputs), "fingerprint": fingerprint(result.inputs)}
            if seconds is not None:
                steps[name]["seconds"] = seconds
        remember(self.plan.project.state, self.plan.state)


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
