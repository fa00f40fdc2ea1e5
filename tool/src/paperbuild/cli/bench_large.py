"""``paper bench --large``: what a build costs whose project is a hundred times an article's.

The project is made for it: notebooks with ten tables each, and as many files of data, which take their size
and no room (they are holes but for their first line; what reads them reads every byte all the same). It has
no text: what is measured is notebooks, outputs and store.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.surroundings import processor
from paperbuild.project.layout import ANALYSIS, DATA, PARAMETERS, REGISTER, Project

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
    table(f"t{first:04d}-{{place}}", pd.DataFrame({{"notebook": [first], "place": [place]}}))
number("n{first:04d}.first", first, "d")
"""
# Runs the command and says at its end how many bytes it has read; a process that has ended cannot be asked.
_TELLING = """
import sys
from paperbuild.cli.main import main
try:
    code = main(sys.argv[1:])
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
    seconds : float
        Of the whole process.
    megabytes : float
        Its largest memory, without the processes that it started.
    read : float
        Megabytes that it read, from wherever; negative where the system does not say.
    """

    task: str
    seconds: float
    megabytes: float
    read: float


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
        name, data = step_name(place), f"d{place:04d}.bin"
        with open(root / DATA / data, "wb") as stream:
            stream.write(f"{place}\n".encode())
            stream.truncate(size // notebooks)
        resources.append({"name": f"d{place:04d}", "path": data, "title": f"Data {place}"})
        blocks.append(f"  {name}: {{data: [{data}]}}")
        write_notebook(root, place)
    (root / REGISTER).write_text(json.dumps({"name": "large", "resources": resources}), encoding="utf-8")
    (root / PARAMETERS).write_text("\n".join(["notebooks:", *blocks, ""]), encoding="utf-8")


def step_name(place: int) -> str:
    """Name of a notebook: its number has two digits, its place in them all follows."""
    return f"{place % 100:02d}-n{place:04d}"


def write_notebook(root: Path, place: int, more: str = "") -> None:
    """Write one notebook, with more code at its end."""
    code = _CODE.format(data=f"{DATA}/d{place:04d}.bin", tables=TABLES, first=place) + more
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


def cost(task: str, root: Path, *arguments: str) -> Cost:
    """Run one command of the build and see what it costs.

    Raises
    ------
    PaperError
        Where it fails, with its last lines.
    """
    command = [sys.executable, "-c", _TELLING, "--project", str(root), *arguments]
    print(f"{task} …", flush=True)
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        words = said.read()
    if process.returncode:
        raise PaperError(f"the large project does not build: {words[-1500:]}", where=" ".join(arguments))
    read = int(words.rpartition("read ")[2])
    return Cost(task, seconds, usage.ru_maxrss / 1000, read / 1e6)


def measure(root: Path, notebooks: int, size: int, jobs: int) -> list[Cost]:
    """Make the project below `root` and measure its builds, one after the other."""
    make(root, notebooks, size)
    build = ("build", "--to=", "--jobs", str(jobs))
    costs = [cost("full build", root, *build)]
    costs += [cost(f"no-op ({time})", root, *build) for time in (1, 2, 3)]
    costs.append(cost("status", root, "status", "--to="))
    # the same file under another time: read again, nothing else is
    os.utime(root / DATA / "d0000.bin")
    costs.append(cost("no-op, one file of data touched", root, *build))
    write_notebook(root, 1, "changed = True\n")
    costs.append(cost("one notebook changed", root, *build))
    # what was not used for an hour and is needed no more leaves a store that is held to nothing
    store = Project(root).store
    for folder in store.iterdir():
        os.utime(folder, (time.time() - 3600,) * 2)
    write_notebook(root, 1, "changed = 2\n")
    task = "one notebook changed, store held to what is needed"
    costs.append(cost(task, root, *build, "--store-limit", "0"))
    left = len(list(store.iterdir()))
    if left != notebooks:
        raise PaperError(f"{left} results are kept", where="build/store", expected=f"{notebooks}, one a step")
    return costs


def show(costs: Sequence[Cost]) -> None:
    """Print seconds, memory and what was read."""
    from rich.console import Console
    from rich.table import Table

    table = Table("task", "seconds", "memory", "read", box=None)
    for one in costs:
        table.add_row(one.task, f"{one.seconds:.2f}", f"{one.megabytes:,.0f} MB", f"{one.read:,.1f} MB")
    console = Console(highlight=False)
    console.width = console.width if console.is_terminal else 120
    console.print(table)


def main(project: Project, notebooks: int, jobs: int) -> int:
    """Measure, print and keep in build/large.json."""
    with tempfile.TemporaryDirectory(prefix="paper-large-") as temporary:
        size = BYTES * notebooks // NOTEBOOKS
        costs = measure(Path(temporary).resolve() / "large", notebooks, size, jobs)
    record = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "notebooks": notebooks,
        "artefacts": notebooks * TABLES,
        "bytes": size,
        "measured": [asdict(one) for one in costs],
    }
    write_atomic(project.build / "large.json", json.dumps(record, indent=1) + "\n")
    show(costs)
    return 0
