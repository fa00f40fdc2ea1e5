"""``paper bench --scale``: what the project's own heavy computations take, beside other ways to do them.

The project says which in ``analysis/scale.py``: without an argument it prints its tasks, one a line, as
``task``, tab, ``who does it``; with the number of one it does it and prints JSON with ``seconds`` and
``work`` (how many units of the task were done). It may add ``workers``, where there are several, ``differs``
(see `Measured`), and ``megabytes`` where the largest memory of its process is not that of the task alone.
Every one is a process of its own, whose memory is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.private import private_folder
from paperbuild.ground.surroundings import kernel_environment, processor
from paperbuild.project.layout import SCALE, Project


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
    """

    task: str
    by: str
    work: int
    seconds: float
    megabytes: float
    differs: float | None = None
    workers: int = 1

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.work / self.seconds


def measure(project: Project) -> list[Measured]:
    """Do every task of the project's script, one after the other, in the surroundings of a kernel."""
    if not (project.root / SCALE).is_file():
        raise PaperError(
            "this project has no benchmark of its own computations",
            where=SCALE,
            expected="a script that lists its tasks and does the one it is given the number of",
            remedy="tool/docs/scale.md describes it",
        )
    measured = []
    for number, line in enumerate(_said(project)[0].splitlines()):
        task, _, by = line.partition("\t")
        print(f"{task}: {by} …", flush=True)
        said, kilobytes = _said(project, str(number))
        measured.append(Measured(task, by, **{"megabytes": kilobytes / 1000, **json.loads(said)}))
    return measured


def _said(project: Project, *arguments: str) -> tuple[str, int]:
    """Run the script; return what it prints and the largest memory of its process, kB."""
    environment = kernel_environment(private_folder(), 0) | {"PYTHONPATH": str(project.src)}
    command = [sys.executable, SCALE, *arguments]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as wrong:
        process = subprocess.Popen(command, cwd=project.root, env=environment, stdout=said, stderr=wrong)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        wrong.seek(0)
        if process.returncode:
            last = (wrong.read().strip().splitlines() or [f"exit code {process.returncode}"])[-1]
            raise PaperError(last, where=" ".join([SCALE, *arguments]))
        return said.read(), usage.ru_maxrss


def show(measured: list[Measured]) -> None:
    """Print rates, how many times as fast the first of each task is as the others, and what a worker adds.

    The efficiency of several workers is their rate over that of so many of the first.
    """
    from rich.console import Console
    from rich.table import Table

    first: dict[str, Measured] = {}
    heads = ("task", "by", "seconds", "a second", "first is faster by", "efficiency", "memory", "differs")
    table = Table(*heads, box=None)
    for row in measured:
        of = first.setdefault(row.task, row)
        ratio = "" if of is row else f"{of.rate / row.rate:.2f}×"
        efficiency = f"{row.rate / of.rate / row.workers:.2f}" if row.workers > 1 else ""
        differs = "" if row.differs is None else f"{row.differs:.0e}"
        cells = (
            row.task,
            row.by,
            f"{row.seconds:.2f}",
            f"{row.rate:,.1f}",
            ratio,
            efficiency,
            f"{row.megabytes:,.0f} MB",
        )
        table.add_row(*cells, differs)
    console = Console(highlight=False)
    console.width = console.width if console.is_terminal else 160
    console.print(table)


def main(project: Project) -> int:
    """Measure, print and keep in build/scale.json."""
    measured = measure(project)
    record = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "measured": [asdict(row) for row in measured],
    }
    write_atomic(project.build / "scale.json", json.dumps(record, indent=1) + "\n")
    show(measured)
    return 0
