"""`paper bench`: what this build costs and saves, beside plain papermill and the drivers that are installed.

Everything is measured in one run, in a temporary copy of the project, on the machine at hand; only ratios of
one run mean anything. The drivers run the very same steps (plain papermill for a notebook, our renderer for
the article) and get every file that a step depends on, which is more than their users usually write down.
"""

import argparse
import importlib.util
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paperbuild.cli import bench_large, bench_scale
from paperbuild.cli.arguments import COUNT
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.hashing import HashCache
from paperbuild.ground.interpreter import FREE_VARIABLE
from paperbuild.ground.surroundings import processor
from paperbuild.project.declared import declared_files, register_entries
from paperbuild.project.layout import ANALYSIS, ARTICLE, QUARTO_PROJECT, REFERENCES, Project

FOLDER = "bench"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "_output", "__pycache__", ".*_cache", ".hypothesis"
)
RENDER = """
import sys
from pathlib import Path
from paperbuild.article.job import RenderJob
from paperbuild.article.typesetting import render
output = Path(sys.argv[1])
output.mkdir(parents=True, exist_ok=True)
render(RenderJob(Path.cwd(), output, "html", "embedded", 1700000000))
"""
NOTHING = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "nothing",
            "metadata": {"tags": ["parameters"]},
            "outputs": [],
            "source": "#| label: imports\nimport pandas, seaborn, statsmodels.api",
        }
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@dataclass(frozen=True)
class Step:
    """One step as a general driver sees it.

    Attributes
    ----------
    name : str
        Its name.
    command : tuple of str
        What runs it, from the project root.
    inputs, output : tuple of str, str
        Files it depends on and the file it makes, relative to the root.
    """

    name: str
    command: tuple[str, ...]
    inputs: tuple[str, ...]
    output: str


def steps(project: Project) -> list[Step]:
    """The notebooks by plain papermill, in order, and the article by our renderer."""
    root = project.root
    code = tuple(sorted(path.relative_to(root).as_posix() for path in project.src.rglob("*.py")))
    register = register_entries(project, HashCache(project.build / "hashes.json"))
    made = []
    for name in project.steps:
        settings = project.settings.notebooks[name]
        output = f"{FOLDER}/{name}.ipynb"
        notebook = f"{ANALYSIS}/{name}.ipynb"
        data = tuple(map(project.relative, declared_files(project, name, register)))
        before = tuple(f"{FOLDER}/{other}.ipynb" for other in settings.results or ())
        papermill = (sys.executable, "-m", "papermill", "--no-progress-bar", "--kernel", "python3")
        made.append(Step(name, (*papermill, notebook, output), (notebook, *data, *code, *before), output))
    sources = (ARTICLE, REFERENCES, QUARTO_PROJECT, *(step.output for step in made))
    render = (sys.executable, f"{FOLDER}/render.py", FOLDER)
    return [*made, Step("render", render, sources, f"{FOLDER}/paper.html")]


# Drivers ------------------------------------------------------------------------------------------


def doit(made: Sequence[Step]) -> str:
    """Return a doit file of the steps, checked by content as is doit's default."""
    tasks = [
        {
            "name": step.name,
            "actions": [list(step.command)],
            "file_dep": list(step.inputs),
            "targets": [step.output],
        }
        for step in made
    ]
    return f"def task_paper():\n    yield from {tasks!r}\n"


def pytask(made: Sequence[Step]) -> str:
    """Return a pytask module of the steps."""
    lines = ["import subprocess", "from pathlib import Path", "from typing import Annotated", "import pytask"]
    for place, step in enumerate(made):
        inputs = ", ".join(f"Path({name!r})" for name in step.inputs)
        output = f"Annotated[Path, pytask.Product] = Path({step.output!r})"
        lines += [
            f"def task_{place}(inputs=[{inputs}], output: {output}):",
            f"    subprocess.run({list(step.command)!r}, check=True, capture_output=True)",
        ]
    return "\n".join(lines) + "\n"


def snakemake(made: Sequence[Step]) -> str:
    """Return a Snakefile of the steps."""
    rules = [f"rule all:\n    input: {made[-1].output!r}\n"]
    for place, step in enumerate(made):
        inputs = ", ".join(repr(name) for name in step.inputs)
        command = shlex.join(step.command)
        rules.append(
            f"rule step{place}:\n    input: {inputs}\n    output: {step.output!r}\n    shell: {command!r}\n"
        )
    return "\n".join(rules)


@dataclass(frozen=True)
class Driver:
    """A way to run the steps: the module it needs, the file that describes them to it, its command."""

    module: str
    file: str
    describe: Callable[[Sequence[Step]], str]
    command: tuple[str, ...]


DRIVERS = {
    "doit": Driver("doit", "dodo.py", doit, ("-m", "doit", "run", "-n", "{jobs}", "-P", "thread")),
    "pytask": Driver("_pytask", "task_paper.py", pytask, ("-m", "pytask", "task_paper.py")),
    "snakemake": Driver(
        "snakemake", "Snakefile", snakemake, ("-m", "snakemake", "--quiet", "all", "--cores", "{jobs}")
    ),
}


# Measuring ----------------------------------------------------------------------------------------


def seconds(command: Sequence[str], root: Path, **variables: str) -> float:
    """Time one command takes as a whole process.

    Parameters
    ----------
    command : sequence of str
        The command.
    root : Path
        Where it runs.
    **variables : str
        Laid over the environment.

    Raises
    ------
    PaperError
        Where it fails, with its last lines.
    """
    left_out = ("PAPERBUILD_", "PYTHONPATH")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    environment |= variables
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode:
        raise PaperError(
            f"a step of the benchmark failed: {(done.stdout + done.stderr)[-1500:]}",
            where=" ".join(command[:6]),
            expected="a project whose article builds",
            remedy="paper build shows why",
        )
    return taken


def edit_prose(root: Path, mark: int) -> None:
    """Change the article's prose and nothing else."""
    path = root / ARTICLE
    path.write_text(f"{path.read_text(encoding='utf-8')}\nRemark {'again ' * mark}ends.\n", encoding="utf-8")


def edit_notebook(root: Path, name: str) -> None:
    """Change the code of a notebook's last cell, and so its figures' fingerprint."""
    path = root / "analysis" / f"{name}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in reversed(notebook["cells"]) if cell["cell_type"] == "code")
    cell["source"] = f"{''.join(cell['source'])}\nbench = True"
    path.write_text(json.dumps(notebook), encoding="utf-8")


def free_notebook(project: Project) -> str:
    """A notebook that no other depends on: changing it changes one step and the article."""
    blocks = project.settings.notebooks
    needed = {other for name in project.steps for other in blocks[name].results or ()}
    return next(name for name in project.steps if name not in needed)


def rounds(root: Path, changed: str, build: Sequence[str], repeat: int, **variables: str) -> dict[str, float]:
    """Seconds of a first build, of one with nothing to do, and of one after each kind of edit.

    Parameters
    ----------
    root : Path
        The copy of the project.
    changed : str
        Notebook that is edited.
    build : sequence of str
        Command that brings the article up to date.
    repeat : int
        Times that no-op and prose change are measured (the median counts); what runs a notebook, once.
    **variables : str
        Laid over the environment.
    """
    measured = {"full build": seconds(build, root, **variables)}
    measured["no-op"] = statistics.median(seconds(build, root, **variables) for _ in range(repeat))
    taken = []
    for mark in range(repeat):
        edit_prose(root, mark)
        taken.append(seconds(build, root, **variables))
    measured["prose change"] = statistics.median(taken)
    edit_notebook(root, changed)
    measured["one-figure change"] = seconds(build, root, **variables)
    return measured


def ours(project: Project, repeat: int, jobs: int) -> dict[str, float]:
    """Seconds of this build, HTML only as for the others."""
    command = (sys.executable, "-m", "paperbuild", "--project", str(project.root))
    build = (*command, "build", "--to", "html", "--engine", "embedded", "--jobs", str(jobs))
    measured = rounds(project.root, free_notebook(project), build, repeat)
    status = statistics.median(seconds((*command, "status"), project.root) for _ in range(repeat))
    return measured | {"no-op (status)": status}


def free_surroundings(project: Project, repeat: int, jobs: int) -> dict[str, float]:
    """Seconds of all notebooks, in the fixed surroundings and in the user's own, by turns.

    One thread in both, as the fixed list has it: what differs is the level of instructions.
    """
    command = (sys.executable, "-m", "paperbuild", "--project", str(project.root))
    build = (*command, "build", "--no-render", "--jobs", str(jobs))
    taken: dict[str, list[float]] = {"paper": [], "paper (free surroundings)": []}
    for _ in range(repeat):
        for name, choice in zip(taken, ("", "free"), strict=True):
            shutil.rmtree(project.store, ignore_errors=True)
            taken[name].append(seconds(build, project.root, **{FREE_VARIABLE: choice}))
    return {name: statistics.median(times) for name, times in taken.items()}


def code_of(project: Project) -> dict[str, str]:
    """Variables by which plain papermill finds the project's modules; this build finds them by itself."""
    return {"PYTHONPATH": str(project.src)}


def papermill(project: Project, repeat: int) -> dict[str, float]:
    """Seconds of plain papermill where its user knows what changed and runs just that."""
    made = {step.name: step for step in steps(project)}

    def time_of(*chosen: Step) -> float:
        return sum(seconds(step.command, project.root, **code_of(project)) for step in chosen)

    notebook, render = made[free_notebook(project)], made["render"]
    return {
        "full build": time_of(*made.values()),
        "prose change": statistics.median(time_of(render) for _ in range(repeat)),
        "one-figure change": time_of(notebook, render),
    }


def driven(project: Project, driver: Driver, repeat: int, jobs: int) -> dict[str, float]:
    """Seconds of a driver of the same steps."""
    write_atomic(project.root / driver.file, driver.describe(steps(project)))
    command = (sys.executable, *(part.format(jobs=jobs) for part in driver.command))
    return rounds(project.root, free_notebook(project), command, repeat, **code_of(project))


def kernel_overhead(folder: Path, repeat: int) -> dict[str, float]:
    """Seconds for a notebook that only imports pandas, seaborn and statsmodels: forked, cold, papermill."""
    import papermill as plain

    from paperbuild.kernel.execute import Run, run_notebook
    from paperbuild.kernel.settings import KernelSettings
    from paperbuild.kernel.warm import start_server
    from paperbuild.project.notebook import Notebook

    source = folder / "nothing.ipynb"
    source.write_text(json.dumps(NOTHING), encoding="utf-8")

    def run(mode: str) -> None:
        staging = folder / "staging"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        settings = KernelSettings("nothing", str(folder), str(staging), (), (), {}, 1_700_000_000)
        run_notebook(
            Run(Notebook(source, source.name, NOTHING), settings, {}, "", folder / "kept.ipynb"), mode
        )

    def median(action: Callable[[], object]) -> float:
        taken = []
        for _ in range(repeat):
            started = time.perf_counter()
            action()
            taken.append(time.perf_counter() - started)
        return statistics.median(taken)

    start_server(("pandas", "seaborn", "statsmodels"))
    run("fork")
    return {
        "paper": median(lambda: run("fork")),
        "paper (cold kernel)": median(lambda: run("cold")),
        "papermill": median(lambda: plain.execute_notebook(str(source), None, progress_bar=False)),
    }


def measure(project: Project, folder: Path, repeat: int, jobs: int) -> dict[str, dict[str, float]]:
    """Seconds by task and driver, each driver in its own copy of the same built project."""
    first = folder / "paper"
    shutil.copytree(project.root, first, ignore=LEFT_OUT)
    print("paper …", flush=True)
    by_driver = {"paper": ours(Project(first), repeat, jobs)}
    write_atomic(first / FOLDER / "render.py", RENDER)
    print("papermill …", flush=True)
    by_driver["papermill"] = papermill(Project(first), repeat)
    for name, driver in DRIVERS.items():
        if importlib.util.find_spec(driver.module):
            print(f"{name} …", flush=True)
            copy = folder / name
            shutil.copytree(first, copy, ignore=shutil.ignore_patterns("store"))
            shutil.rmtree(copy / FOLDER)
            write_atomic(copy / FOLDER / "render.py", RENDER)
            try:
                by_driver[name] = driven(Project(copy), driver, repeat, jobs)
            except PaperError as error:
                # Now and then two cold kernels that start at once are given one port, and one of them dies.
                last = str(error).partition("\n  expected:")[0].strip().splitlines()[-1]
                print(f"{name} failed and is left out: {last}", flush=True)
    tasks: dict[str, dict[str, float]] = {task: {} for measured in by_driver.values() for task in measured}
    for name, measured in by_driver.items():
        for task, taken in measured.items():
            tasks[task][name] = taken
    tasks["kernel overhead"] = kernel_overhead(folder, repeat)
    print("surroundings …", flush=True)
    tasks["all notebooks anew"] = free_surroundings(Project(first), repeat, jobs)
    return tasks


PROMISES = (("no-op", "doit", 1.0), ("one-figure change", "papermill", 1.5), ("full build", "papermill", 2.5))
"""Task, driver, and how many times as fast as it this build is to be."""


def promises(tasks: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Say of each promise whether this run kept it; of what was not measured, nothing."""
    told = []
    for task, driver, least in PROMISES:
        row = tasks.get(task, {})
        if driver in row:
            ratio = row[driver] / row["paper"]
            verdict = "kept" if ratio >= least else "missed"
            told.append(f"{task}: {ratio:.2f} times as fast as {driver} (at least {least:.2f}: {verdict})")
    return told


def show(tasks: Mapping[str, Mapping[str, float]]) -> None:
    """Print seconds, and how many times as long as this build the others take."""
    from rich.console import Console
    from rich.table import Table

    others = list(dict.fromkeys(name for row in tasks.values() for name in row if name != "paper"))
    table = Table("task", "paper", *others, box=None)
    for task, row in tasks.items():
        cells = [
            f"{row[name]:.2f} s ({row[name] / row['paper']:.1f}×)" if name in row else "–" for name in others
        ]
        table.add_row(task, f"{row['paper']:.2f} s", *cells)
    console = Console(highlight=False)
    console.width = console.width if console.is_terminal else 160
    console.print(table)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `paper bench` understands."""
    parser.add_argument(
        "--repeat", type=COUNT, default=3, metavar="N", help="times that quick tasks are measured (default 3)"
    )
    parser.add_argument(
        "--jobs", type=COUNT, default=os.cpu_count() or 1, metavar="N", help="notebooks at once"
    )
    parser.add_argument(
        "--scale", action="store_true", help="the project's own computations instead (analysis/scale.py)"
    )
    parser.add_argument(
        "--large",
        type=COUNT,
        nargs="?",
        const=bench_large.NOTEBOOKS,
        metavar="N",
        help="builds of a made-up project of N notebooks instead (default 1000, with 5 GB of data)",
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Measure, print and keep in build/bench.json."""
    if args.scale:
        return bench_scale.main(project)
    if args.large:
        return bench_large.main(project, args.large, args.jobs)
    with tempfile.TemporaryDirectory(prefix="paper-bench-") as temporary:
        tasks = measure(project, Path(temporary).resolve(), max(1, args.repeat), args.jobs)
    record = {
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
        "jobs": args.jobs,
        "seconds": tasks,
        "ratios": {task: {name: row[name] / row["paper"] for name in row} for task, row in tasks.items()},
    }
    write_atomic(project.build / "bench.json", json.dumps(record, indent=1) + "\n")
    show(tasks)
    row = tasks["all notebooks anew"]
    price = row["paper"] / row["paper (free surroundings)"]
    print("\n".join(promises(tasks)))
    print(f"fixed surroundings take {price:.2f} times as long as free ones")
    print("papermill: run by a user who knows what changed; it cannot tell that nothing did")
    return 0
