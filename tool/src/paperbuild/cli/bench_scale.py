"""``paper bench --scale``: what the project's own heavy computations take, beside other ways to do them.

The project says which in ``analysis/scale.py``: without an argument it prints its tasks, one a line, as
``task``, tab, ``who does it``; with the number of one it does it and prints JSON with ``seconds`` and
``work`` (how many units of the task were done). It may add ``workers``, where there are several, ``differs``
(see `Measured`), and ``megabytes`` where the largest memory of its process is not that of the task alone.
Every one is a process of its own, whose memory is measured.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from paperbuild.build.progress import at
from paperbuild.cli.measuring import Cost, cost, machine, say, show
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.private import private_folder
from paperbuild.ground.surroundings import kernel_environment
from paperbuild.project.layout import SCALE, Project

KEPT = "scale.json"


@dataclass(frozen=True)
class Measured:
    """What one way to do a task took.

    Attributes
    ----------
    task, by : str
        What is done, and who does it; the first of a task is the one that others are compared with.
    work : int
        Units of the task done.
    seconds : float
        Time of the work alone.
    megabytes : float
        Largest memory of the process.
    differs : float, optional
        Largest difference from the results of the first, where the script knows it.
    workers : int
        Processes that it was spread over.
    took : float
        Seconds of the whole process, its preparations too.
    """

    task: str
    by: str
    work: int
    seconds: float
    megabytes: float
    differs: float | None = None
    workers: int = 1
    took: float = 0.0

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.work / self.seconds


def measure(project: Project, measured: list[Measured]) -> None:
    """Do every task of the project's script, one after the other, in the surroundings of a kernel.

    Parameters
    ----------
    project : Project
        The project.
    measured : list of Measured
        Is filled with what each took as it is known.
    """
    if not (project.root / SCALE).is_file():
        raise PaperError(
            "this project has no benchmark of its own computations",
            where=SCALE,
            expected="a script that lists its tasks and does the one it is given the number of",
            remedy="tool/docs/scale.md describes it",
        )
    past = {(one["task"], one["by"]): one["took"] for one in _last(project)}
    tasks = [(task, by) for task, _, by in (line.partition("\t") for line in _run(project).said.splitlines())]
    for number, (task, by) in enumerate(tasks):
        expected = [past.get(one) for one in tasks[number:]]
        end = f", all ends about {at(sum(filter(None, expected)))}" if all(expected) else ""
        say(f"{task}: {by} … ({number + 1} of {len(tasks)}{end})")
        done = _run(project, str(number))
        told = {"megabytes": done.megabytes, **json.loads(done.said)}
        measured.append(Measured(task, by, took=round(done.seconds, 2), **told))
        print(_line(measured), flush=True)


def _last(project: Project) -> list[dict[str, Any]]:
    """Return what the last run of this kind measured, where there was one of this form."""
    try:
        measured = json.loads((project.build / KEPT).read_text(encoding="utf-8"))["measured"]
    except (OSError, ValueError, KeyError):
        return []
    return [one for one in measured if "took" in one]


def _run(project: Project, *arguments: str) -> Cost:
    """Run the script; its standard output is what it tells."""
    environment = kernel_environment(private_folder(), 0) | {"PYTHONPATH": str(project.src)}
    return cost([sys.executable, SCALE, *arguments], project.root, environment)


def _first(measured: Sequence[Measured], row: Measured) -> Measured:
    """Return what a row is compared with: the first of its task."""
    return next(one for one in measured if one.task == row.task)


def _ratio(measured: Sequence[Measured], row: Measured) -> str:
    """Return how many times as fast the first of the task is."""
    of = _first(measured, row)
    return "" if of is row else f"{of.rate / row.rate:.2f}×"


def _memory(measured: Sequence[Measured], row: Measured) -> str:
    """Return how many times the memory of the first of its task a row takes."""
    of = _first(measured, row)
    return "" if of is row else f"{row.megabytes / of.megabytes:.2f}×"


def _efficiency(measured: Sequence[Measured], row: Measured) -> str:
    """Return what a worker adds: the rate of several over that of so many of the first."""
    return f"{row.rate / _first(measured, row).rate / row.workers:.2f}" if row.workers > 1 else ""


def _line(measured: Sequence[Measured]) -> str:
    """Say what the last one took beside the first of its task."""
    row = measured[-1]
    words = f"{row.task}: {row.by} {row.seconds:.2f} s, {row.rate:,.1f} a second, {row.megabytes:,.0f} MB"
    if (of := _first(measured, row)) is row:
        return words
    faster, more = _ratio(measured, row), _memory(measured, row)
    return f"{words}; {of.by} is {faster} as fast, and this takes {more} its memory"


def rows(measured: Sequence[Measured]) -> list[Sequence[str]]:
    """Return the table of a run: rates, ratios of time and memory to the first of each task, efficiency."""
    heads = ("task", "by", "seconds", "a second", "first is faster by", "efficiency", "memory")
    lines: list[Sequence[str]] = [(*heads, "of the first's", "differs")]
    for row in measured:
        lines.append(
            (
                row.task,
                row.by,
                f"{row.seconds:.2f}",
                f"{row.rate:,.1f}",
                _ratio(measured, row),
                _efficiency(measured, row),
                f"{row.megabytes:,.0f} MB",
                _memory(measured, row),
                "" if row.differs is None else f"{row.differs:.0e}",
            )
        )
    return lines


def main(project: Project) -> int:
    """Measure, tell each as soon as it is known, print, and keep in build/scale.json."""
    measured: list[Measured] = []
    try:
        measure(project, measured)
    finally:
        # Whoever is interrupted is left with what is known.
        if measured:
            record = {"machine": machine(), "measured": [asdict(row) for row in measured]}
            write_atomic(project.build / KEPT, json.dumps(record, indent=1) + "\n")
            show(*rows(measured))
    return 0
