"""``paper bench --large``: what a build costs whose project is a hundred times an article's.

The project is made for it: notebooks with ten tables each, and as many files of data, which take their size
and no room (they are holes but for their first line; what reads them reads every byte all the same). It has
no text: what is measured is notebooks, outputs and store.

A thousand kernels would take a quarter of an hour and tell nothing that twenty do not. So only the first
notebooks run in kernels; the results of the others are handed over (`handing_over`): the same files, byte for
byte, as their kernels would have left.
"""

from __future__ import annotations

import functools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from paperbuild.build.progress import at
from paperbuild.cli import measuring
from paperbuild.cli.measuring import machine, say, show
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.hashing import RACY_NANOSECONDS
from paperbuild.project.layout import ANALYSIS, DATA, PARAMETERS, REGISTER, Project
from paperbuild.steps.notebook import NotebookStep
from paperbuild.steps.step import Results, Running

NOTEBOOKS = 1000
TABLES = 10
BYTES = 5_000_000_000  # of data in all
_CODE = """\
#| label: work
import pandas as pd
from paperbuild import number, table
with open("{data}", "rb") as stream:
    first = int(stream.readline())
for place in range({tables}):
    table(f"t{first}-{{place}}", pd.DataFrame({{"notebook": [first], "place": [place]}}))
number("n{first}.first", first, "d")
"""
FIRST = 10_000
"""What the first notebook's data say, each next one's one more: a number that nothing else in a result is."""
KERNELS = 20  # notebooks that run in kernels
ROUNDS = 5  # of what takes a second
PROMISES = {"no-op": 1.0, "status": 1.0}  # seconds
MEMORY = 500.0  # megabytes, of every command
KEPT = "large.json"
# Runs the command and says at its end how many bytes it has read; a process that has ended cannot be asked.
_TELLING = """
import sys
from paperbuild.cli import bench_large, main
if (kernels := int(sys.argv.pop(1))) >= 0:
    bench_large.handing_over(kernels)
try:
    code = main.main(sys.argv[1:])
finally:
    try:
        fields = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())
        print("read", fields["rchar"], file=sys.stderr)
    except OSError:
        print("read -1", file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Cost:
    """What one command cost.

    Attributes
    ----------
    task : str
        What was done.
    seconds, processor : float
        Of the whole process: by the clock, and of processor time.
    megabytes : float
        Its largest memory, without the processes that it started.
    read : float
        Megabytes that it read, from wherever; negative where the system does not say.
    """

    task: str
    seconds: float
    processor: float
    megabytes: float
    read: float

    @property
    def cells(self) -> tuple[str, ...]:
        """What it cost, in the words of a table."""
        clock, processor = f"{self.seconds:.2f}", f"{self.processor:.2f}"
        return self.task, clock, processor, f"{self.megabytes:,.0f} MB", f"{self.read:,.1f} MB"


def handing_over(kernels: int) -> None:
    """Have this process run only so many notebooks in kernels, and hand over the results of the others."""
    run, lock = NotebookStep.make, threading.Lock()

    @functools.cache
    def first(step: NotebookStep) -> tuple[dict[str, str], str]:
        """Run the first notebook; return its files and the hash of its data."""
        one = NotebookStep(step.desk, step_name(0), step.references)
        with tempfile.TemporaryDirectory() as folder:
            run(one, {}, Path(folder), Running())
            paths = [path for path in Path(folder).rglob("*") if path.is_file()]
            files = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}
        return files, _data_digest(one)

    def make(step: NotebookStep, before: Results, staging: Path, running: Running) -> Sequence[str]:
        place = int(step.name.rpartition("n")[2]) - FIRST
        if place < kernels:
            return run(step, before, staging, running)
        with lock:
            known.append(step)
            files, digest = first(known[0])
        exchanged = (
            (step_name(0), step.name),
            (str(FIRST), str(FIRST + place)),
            (digest, _data_digest(step)),
        )
        for name, content in files.items():
            for old, new in exchanged:
                name, content = name.replace(old, new), content.replace(old, new)
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_text(content, encoding="utf-8")
        return []

    known: list[NotebookStep] = []
    setattr(NotebookStep, "make", make)  # noqa: B010 (a function of another form, to a type checker)


def _data_digest(step: NotebookStep) -> str:
    """Return how a result names the content of the one file of data that its notebook reads."""
    return next(value for key, value in step.inputs({}).items() if key.startswith("data "))


def make(root: Path, notebooks: int, size: int) -> None:
    """Write the project.

    Parameters
    ----------
    root : Path
        Its folder.
    notebooks : int
        How many.
    size : int
        Bytes of data in all.
    """
    resources, blocks = [], []
    (root / ANALYSIS).mkdir(parents=True)
    (root / DATA).mkdir()
    for place in range(notebooks):
        name, data = step_name(place), f"d{FIRST + place}.bin"
        with open(root / DATA / data, "wb") as stream:
            stream.write(f"{FIRST + place}\n".encode())
            stream.truncate(size // notebooks)
        resources.append({"name": f"d{FIRST + place}", "path": data, "title": f"Data {place}"})
        blocks.append(f"  {name}: {{data: [{data}]}}")
        write_notebook(root, place)
    (root / REGISTER).write_text(json.dumps({"name": "large", "resources": resources}), encoding="utf-8")
    (root / PARAMETERS).write_text("\n".join(["notebooks:", *blocks, ""]), encoding="utf-8")


def step_name(place: int) -> str:
    """Name of a notebook: its number has two digits, its place in them all follows."""
    return f"{place % 100:02d}-n{FIRST + place}"


def write_notebook(root: Path, place: int, more: str = "") -> None:
    """Write one notebook, with more code at its end."""
    code = _CODE.format(data=f"{DATA}/d{FIRST + place}.bin", tables=TABLES, first=FIRST + place) + more
    cell: dict[str, object] = {
        "cell_type": "code",
        "id": "work",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": [cell | {"source": code}], "metadata": {"kernelspec": kernel}}
    path = root / ANALYSIS / f"{step_name(place)}.ipynb"
    path.write_text(json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


def cost(task: str, root: Path, *arguments: str, kernels: int = -1) -> Cost:
    """Run one command of the build, see what it costs, and say so.

    Parameters
    ----------
    task : str
        What it does.
    root : Path
        The project.
    *arguments : str
        Of the command.
    kernels : int
        Up to which place notebooks run in kernels; all, unless said.

    Raises
    ------
    PaperError
        Where it fails, with its last lines.
    """
    command = [sys.executable, "-c", _TELLING, str(kernels), "--project", str(root), *arguments]
    done = measuring.cost(command, root)
    read = int(done.complained.rpartition("read ")[2])
    one = Cost(task, done.seconds, done.processor, done.megabytes, read / 1e6)
    print("{}: {} s, {} s of processors, {}, {} read".format(*one.cells), flush=True)
    return one


def measure(
    root: Path, notebooks: int, size: int, jobs: int, costs: list[Cost], past: Sequence[float] = ()
) -> None:
    """Make the project below `root` and measure its builds, one after the other.

    Parameters
    ----------
    root : Path
        Where the project will be.
    notebooks : int
        How many.
    size : int
        Bytes of data in all.
    jobs : int
        Notebooks at once.
    costs : list of Cost
        Is filled with each as it is known.
    past : sequence of float
        Seconds of the same commands in a run before, to foretell the end.
    """

    def note(task: str, *command: str, kernels: int = -1) -> None:
        left = past[len(costs) :]
        say(f"{task} …" + (f" (all ends about {at(sum(left))})" if left else ""))
        costs.append(cost(task, root, *command, kernels=kernels))

    make(root, notebooks, size)
    build, kernels = ("build", "--to=", "--jobs", str(jobs)), min(KERNELS, notebooks)
    first = f"first build, {kernels} in kernels, {notebooks - kernels} handed over"
    note(first, *build, kernels=kernels)
    # What was written just now is read again by whoever looks, once for all: an author's files are at rest.
    time.sleep(RACY_NANOSECONDS / 1e9)
    note("no-op, what was written last read again", *build)
    for _ in range(ROUNDS):
        note("no-op", *build)
        note("status", "status", "--to=")
    # the same file under another time: read again, nothing else is
    os.utime(root / DATA / f"d{FIRST}.bin")
    note("no-op, one file of data touched", *build)
    write_notebook(root, 1, "changed = True\n")
    note("one notebook changed", *build)
    # what was not used for an hour and is needed no more leaves a store that is held to nothing
    store = Project(root).store
    for folder in store.iterdir():
        os.utime(folder, (time.time() - 3600,) * 2)
    write_notebook(root, 1, "changed = 2\n")
    note("one notebook changed, store held to what is needed", *build, "--store-limit", "0")
    left = len(list(store.iterdir()))
    if left != notebooks:
        raise PaperError(f"{left} results are kept", where="build/store", expected=f"{notebooks}, one a step")


def past_seconds(project: Project, notebooks: int) -> list[float]:
    """Return the seconds of the last run's commands, where it was of so many notebooks."""
    try:
        record = json.loads((project.build / KEPT).read_text(encoding="utf-8"))
        return [one["seconds"] for one in record["measured"] if record["notebooks"] == notebooks]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def promises(costs: Sequence[Cost]) -> list[str]:
    """Say of each promise whether this run kept it; of what was not measured, nothing."""
    lines = []
    for task, most in PROMISES.items():
        if taken := sorted(one.seconds for one in costs if one.task == task):
            middle = statistics.median(taken)
            spread = f"{taken[0]:.2f}–{taken[-1]:.2f} in {len(taken)} rounds"
            verdict = "kept" if middle < most else "missed"
            lines.append(f"{task}: {middle:.2f} s ({spread}), under {most:.0f} s promised: {verdict}")
    if costs:
        largest = max(one.megabytes for one in costs)
        verdict = "kept" if largest < MEMORY else "missed"
        lines.append(f"memory: {largest:,.0f} MB at most, under {MEMORY:.0f} MB promised: {verdict}")
    return lines


def main(project: Project, notebooks: int, jobs: int) -> int:
    """Measure, tell each cost as soon as it is known, and keep all in build/large.json."""
    costs: list[Cost] = []
    size = BYTES * notebooks // NOTEBOOKS
    try:
        with tempfile.TemporaryDirectory(prefix="paper-large-") as temporary:
            past = past_seconds(project, notebooks)
            measure(Path(temporary).resolve() / "large", notebooks, size, jobs, costs, past)
    finally:
        # Whoever is interrupted is left with what is known.
        if costs:
            record = {
                "machine": machine(),
                "notebooks": notebooks,
                "artefacts": notebooks * TABLES,
                "bytes": size,
                "measured": [asdict(one) for one in costs],
            }
            write_atomic(project.build / KEPT, json.dumps(record, indent=1) + "\n")
            show(
                ("task", "seconds", "of processors", "memory", "read"),
                *(one.cells for one in costs),
                width=120,
            )
            print("\n".join(promises(costs)))
    return 0
