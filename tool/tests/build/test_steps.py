"""The face of a step: a kind nobody has heard of is planned, made, kept, restored, explained and skipped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from paperbuild.build import scheduler
from paperbuild.build.plan import Options, Plan
from paperbuild.build.report import Report
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.hashing import HashCache
from paperbuild.project.layout import Project
from paperbuild.steps.step import Inputs, Result, Results, Running, Step


class Copy(Step):
    """Writes the words of a file, and those of the steps before it, in capitals."""

    def __init__(self, root: Path, name: str, after: tuple[str, ...] = ()) -> None:
        self.root, self.name, self.after = root, name, after
        self.made = 0

    def inputs(self, before: Results) -> Inputs:
        words = (self.root / f"{self.name}.txt").read_text(encoding="utf-8")
        return {"words": words, **{f"result of {name}": before[name].files["loud"] for name in self.after}}

    def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
        self.made += 1
        words = [before[name].path("loud").read_text(encoding="utf-8") for name in self.after]
        own = (self.root / f"{self.name}.txt").read_text(encoding="utf-8")
        if "fail" in own:
            raise PaperError("cannot shout that", where=self.name)
        if "crash" in own:
            raise ZeroDivisionError("nobody foresaw this")
        (staging / "loud").write_text(" ".join([*words, own]).upper(), encoding="utf-8")
        return ["is loud"]

    def published(self, result: Result, before: Results) -> dict[str, str]:
        return {str(self.root / "out" / self.name): result.files["loud"]}

    def publish(self, result: Result, before: Results) -> None:
        write_atomic(self.root / "out" / self.name, result.content("loud"))


class Together(Step):
    """Follows at once from the others: it notes which were published together."""

    name, at_once = "together", True

    def __init__(self, root: Path, after: tuple[str, ...]) -> None:
        self.root, self.after = root, after

    def inputs(self, before: Results) -> Inputs:
        return {name: before[name].files["loud"] for name in self.after}

    def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
        raise AssertionError("nothing to make")

    def published(self, result: Result, before: Results) -> dict[str, str]:
        return {}

    def publish(self, result: Result, before: Results) -> None:
        (self.root / "out/together").write_text(" ".join(sorted(self.after)), encoding="utf-8")


def plan_of(root: Path, **kinds: type[Copy]) -> Plan:
    return plan_with(
        root,
        [
            kinds.get("first", Copy)(root, "first"),
            kinds.get("second", Copy)(root, "second", ("first",)),
            kinds.get("alone", Copy)(root, "alone"),
            Together(root, ("first", "second", "alone")),
        ],
    )


def plan_with(root: Path, steps: Sequence[Step], **given: bool) -> Plan:
    project = Project(root)
    cache = HashCache(project.build / "hashes.json")
    options = Options(jobs=2, quiet=True, **given)
    return Plan({step.name: step for step in steps}, project, cache, options).inspect()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("first", "second", "alone"):
        (tmp_path / f"{name}.txt").write_text(name, encoding="utf-8")
    return tmp_path


def build(root: Path, **kinds: type[Copy]) -> Report:
    return scheduler.build(lambda: plan_of(root, **kinds))


def reasons(root: Path) -> dict[str, list[str]]:
    return {name: status.reasons for name, status in plan_of(root).statuses.items() if status.reasons}


def test_a_made_up_kind_of_step_is_planned_run_and_kept(root: Path) -> None:
    assert reasons(root) == {
        "first": ["never built here"],
        "second": ["after first, which must run first"],
        "alone": ["never built here"],
    }
    report = build(root)
    assert set(report.ran) == {"first", "second", "alone"}
    assert report.notes["first"] == ["is loud"]
    assert (root / "out/second").read_text() == "FIRST SECOND"
    assert (root / "out/together").read_text() == "alone first second"
    assert reasons(root) == {}
    again = build(root)
    assert (again.ran, again.fresh) == ([], ["first", "second", "alone"])


def test_it_is_explained_and_restored(root: Path) -> None:
    build(root)
    (root / "first.txt").write_text("other")
    assert reasons(root)["first"] == ["words changed: first → other"]
    assert set(build(root).ran) == {"first", "second"}
    (root / "first.txt").write_text("first")
    assert reasons(root)["first"] == ["words changed: other → first (kept result will be restored)"]
    report = build(root)
    assert (report.ran, set(report.restored)) == ([], {"first", "second"})
    assert (root / "out/second").read_text() == "FIRST SECOND"
    (root / "out/alone").unlink()
    assert reasons(root) == {"alone": ["output out/alone missing"]}
    assert build(root).restored == ["alone"]


def test_what_comes_after_a_failure_is_skipped_and_the_rest_goes_on(root: Path) -> None:
    (root / "first.txt").write_text("fail")
    report = build(root)
    assert str(report.failures["first"]).startswith("first: cannot shout that")
    assert (report.ran, report.skipped) == (["alone"], ["second"])
    assert not (root / "out/together").exists(), "what is published together waits for all"
    assert not report.ok
    assert "1 failed, 1 not tried" in report.summary()


def test_what_comes_after_a_failure_at_once_is_skipped_too(root: Path) -> None:
    class Refused(Together):
        def publish(self, result: Result, before: Results) -> None:
            raise PaperError("two of one name", where="together")

    class Last(Copy):
        def inputs(self, before: Results) -> Inputs:
            return {"words": "last"}

        def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
            (staging / "loud").write_text("LAST")
            return ()

    steps = [Copy(root, "first"), Refused(root, ("first",)), Last(root, "last", ("together",))]
    report = scheduler.build(lambda: plan_with(root, steps))
    assert str(report.failures["together"]) == "together: two of one name"
    assert (report.ran, report.skipped) == (["first"], ["last"])


def test_a_fault_nobody_foresaw_fails_its_step_and_is_written_down(root: Path) -> None:
    (root / "first.txt").write_text("crash")
    report = build(root)
    assert "nobody foresaw this" in str(report.failures["first"])
    assert report.skipped == ["second"]
    assert "ZeroDivisionError" in (root / "build/log/first.crash.txt").read_text()


def test_a_step_whose_inputs_change_while_it_runs_is_made_once_more(root: Path) -> None:
    edits = iter(["edited"])

    class Edited(Copy):
        def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
            notes = super().make(before, staging, running)
            for words in edits:
                (self.root / f"{self.name}.txt").write_text(words)
            return notes

    assert set(build(root, first=Edited).ran) == {"first", "second", "alone"}
    assert (root / "out/second").read_text() == "EDITED SECOND"
    assert reasons(root) == {}, "what is kept belongs to the inputs it is kept under"


def test_what_was_true_before_another_build_was_waited_for_is_looked_at_again(root: Path) -> None:
    steps: list[Step] = [Copy(root, "first")]

    def look() -> Plan:
        plan = plan_with(root, [*steps], wait=True)
        steps[1:] = [Copy(root, "alone")]  # as by settings that are saved meanwhile
        return plan

    assert set(scheduler.build(look).ran) == {"first", "alone"}


def test_inputs_that_never_rest_are_an_error(root: Path) -> None:
    class Restless(Copy):
        def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
            notes = super().make(before, staging, running)
            (self.root / f"{self.name}.txt").write_text(f"edit {self.made}")
            return notes

    report = build(root, first=Restless)
    assert "its inputs change faster than it runs" in str(report.failures["first"])
    assert not list((root / "build/store").glob("*/files/first"))
    assert not (root / "out/first").exists()


def test_steps_that_do_not_wait_for_one_another_run_at_the_same_time(root: Path) -> None:
    both = threading.Barrier(2, timeout=20)

    class Meeting(Copy):
        def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
            both.wait()
            return super().make(before, staging, running)

    assert build(root, first=Meeting, alone=Meeting).ok


def test_an_interrupt_ends_what_runs(root: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    class Long(Copy):
        def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
            with running.ended_by(ended.set):
                begun.set()
                assert ended.wait(20)
            raise PaperError("stopped")

    class Interrupted(Copy):
        def publish(self, result: Result, before: Results) -> None:
            assert begun.wait(20)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(root, first=Long, alone=Interrupted)
    assert ended.is_set()
    running = Running()
    running.stop()
    with pytest.raises(PaperError, match="stopped"), running.ended_by(begun.set):
        pass
