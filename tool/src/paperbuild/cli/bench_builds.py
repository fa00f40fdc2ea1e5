"""What ``paper bench`` measures of builds, each in rounds in which this build and the others take turns.

All of it happens in a temporary copy of the project; only ratios of one run mean anything. Other drivers are
compared where nothing is to be done: what they would run is papermill, which is measured by itself.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from paperbuild.cli.bench_drivers import DRIVERS, FOLDER, Driver, Step, steps
from paperbuild.cli.measuring import cost, say, timed
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import recall, write_atomic
from paperbuild.ground.interpreter import FREE_VARIABLE
from paperbuild.project.layout import ANALYSIS, ARTICLE, Project

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "_output", "__pycache__", ".*_cache", ".hypothesis"
)
RENDER = """
import sys
from pathlib import Path
from paperbuild.article.job import RenderJob
from paperbuild.article.typesetting import render
from paperbuild.project.layout import Project
output = Path(sys.argv[1])
output.mkdir(parents=True, exist_ok=True)
for language in Project(Path.cwd()).all_editions:
    render(RenderJob(Path.cwd(), output, "html", "embedded", 1700000000, language))
"""
# Makes a step's output for a driver that is to learn that all is done, and says that it was run.
STAND_IN = """
import shutil, sys
shutil.copy(*sys.argv[1:3])
with open(sys.argv[3], "a") as ran:
    ran.write(sys.argv[2] + "\\n")
"""
IMPORTS = ("pandas", "seaborn", "statsmodels.api")
NOTHING = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "nothing",
            "metadata": {"tags": ["parameters"]},
            "outputs": [],
            "source": f"#| label: imports\nimport {', '.join(IMPORTS)}",
        }
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}

Ways = Mapping[str, Callable[[], float]]

START = 3.0
"""Seconds that papermill needs to start a kernel, to foretell how long a benchmark will take."""


def edit_prose(root: Path, number: int) -> None:
    """Change the article's prose and nothing else."""
    path = root / ARTICLE
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\nRemark {'again ' * number}ends.\n", encoding="utf-8")


def edit_notebook(root: Path, name: str, number: int) -> None:
    """Change the code of a notebook's last cell, and so its figures' fingerprint."""
    path = root / ANALYSIS / f"{name}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in reversed(notebook["cells"]) if cell["cell_type"] == "code")
    cell["source"] = f"{''.join(cell['source'])}\nbench = {number}"
    path.write_text(json.dumps(notebook), encoding="utf-8")


def free_notebook(project: Project) -> str:
    """A notebook that no other depends on: changing it changes one step and the article."""
    blocks = project.settings.notebooks
    needed = {other for name in project.steps for other in blocks[name].results or ()}
    return next(name for name in project.steps if name not in needed)


def past_seconds(project: Project) -> dict[str, float]:
    """Seconds that the steps of the project's last builds took, where it was built."""
    known = (recall(project.state) or {}).get("steps", {})
    return {name: last["seconds"] for name, last in known.items() if "seconds" in last}


@dataclass
class Bench:
    """A copy of the project in which all is measured.

    Attributes
    ----------
    original : Project
        The project, which stays as it is.
    folder : Path
        An empty folder for the copy.
    jobs : int
        Notebooks that this build and the drivers run at once.
    """

    original: Project
    folder: Path
    jobs: int
    _made: list[Step] = field(default_factory=list)

    @cached_property
    def copy(self) -> Project:
        """The copy, built once; results that the original keeps are taken from there."""
        root = self.folder / "paper"
        shutil.copytree(self.original.root, root, ignore=LEFT_OUT)
        copy = Project(root)
        known = (recall(self.original.state) or {}).get("steps", {})
        for kept in (self.original.store / last["fingerprint"] for last in known.values()):
            if kept.is_dir():
                shutil.copytree(kept, copy.store / kept.name)
        say("building a copy of the project …")
        self._run(copy, self.build(copy))
        write_atomic(root / FOLDER / "render.py", RENDER)
        write_atomic(root / FOLDER / "stand_in.py", STAND_IN)
        return copy

    def paper(self, copy: Project, *arguments: str) -> list[str]:
        """Return a command of this build."""
        return [sys.executable, "-m", "paperbuild", "--project", str(copy.root), *arguments]

    def build(self, copy: Project) -> list[str]:
        """Return the command that brings the article up to date; HTML only, as for the others."""
        return self.paper(copy, "build", "--to", "html", "--engine", "embedded", "--jobs", str(self.jobs))

    def _run(self, copy: Project, command: list[str], **variables: str) -> float:
        left_out = ("PAPERBUILD_", "PYTHONPATH")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
        return cost(command, copy.root, environment | variables).seconds

    def _plain(self, *chosen: Step) -> float:
        """Seconds of these steps one after the other, run by who knows that just these must run."""
        seconds = 0.0
        for place, step in enumerate(chosen, start=1):
            if len(chosen) > 2:
                say(f"  papermill: {step.name} ({place} of {len(chosen)}, {seconds:.0f} s so far)")
            # papermill's user says where the project's modules are; this build finds them by itself.
            seconds += self._run(self.copy, list(step.command), PYTHONPATH=str(self.copy.src))
        return seconds

    def steps(self) -> dict[str, Step]:
        """Return the steps by name."""
        self._made = self._made or steps(self.copy)
        return {step.name: step for step in self._made}

    def no_op(self) -> Ways:
        """Nothing to do: this build, its status, and each driver that is installed."""
        copy = self.copy
        ways: dict[str, Callable[[], float]] = {"paper": partial(self._run, copy, self.build(copy))}
        for name, driver in DRIVERS.items():
            if importlib.util.find_spec(driver.module):
                ways[name] = self._settled(name, driver)
        return ways | {"paper status": partial(self._run, copy, self.paper(copy, "status"))}

    def _settled(self, name: str, driver: Driver) -> Callable[[], float]:
        """Have a driver take what this build made for its own; return what takes its time after that."""
        root, ran, made = self.copy.root, self.copy.root / FOLDER / "ran", self.steps()
        kept = {step: self.copy.notebooks / f"{step}.ipynb" for step in made}
        kept["render"] = self.copy.output / "paper.html"
        stand_in = (sys.executable, f"{FOLDER}/stand_in.py")
        described = [
            replace(step, command=(*stand_in, str(kept[step.name]), step.output, str(ran)))
            for step in made.values()
        ]
        write_atomic(root / driver.file, driver.describe(described))
        command = [sys.executable, *(part.format(jobs=1) for part in driver.command)]
        self._run(self.copy, command)
        before = ran.read_text(encoding="utf-8")

        def again() -> float:
            seconds = self._run(self.copy, command)
            if ran.read_text(encoding="utf-8") != before:
                raise PaperError(
                    f"{name} ran steps though nothing had changed",
                    where="paper bench noop",
                    expected="a driver that knows when nothing is to be done",
                )
            return seconds

        return again

    def prose(self) -> Ways:
        """The article's text changed: it is typeset, by this build or by who knows that this is enough."""
        copy = self.copy
        return {
            "paper": partial(self._run, copy, self.build(copy)),
            "papermill": partial(self._plain, self.steps()["render"]),
        }

    def figure(self) -> Ways:
        """The code of one notebook changed: it runs and the article is typeset, by whoever knows that."""
        copy, made = self.copy, self.steps()
        return {
            "paper": partial(self._run, copy, self.build(copy)),
            "papermill": partial(self._plain, made[free_notebook(copy)], made["render"]),
        }

    def full(self) -> Ways:
        """Everything anew: as after a clone, and by papermill one notebook after the other."""
        copy = self.copy

        def anew() -> float:
            for folder in (copy.build, copy.output):
                shutil.rmtree(folder, ignore_errors=True)
            return self._run(copy, self.build(copy))

        return {"paper": anew, "papermill": partial(self._plain, *self.steps().values())}

    def surroundings(self) -> Ways:
        """The longest notebook that reads no other's results, in the fixed surroundings and in free ones.

        One thread in both, as the fixed list has it: what differs is the level of instructions.
        """
        past, copy = past_seconds(self.original), self.copy
        alone = [name for name in copy.steps if not copy.settings.notebooks[name].results]
        longest = max(alone, key=lambda name: past.get(name, 0.0))
        run = self.paper(copy, "run", longest)
        return {
            "paper": partial(self._run, copy, run),
            "paper (free surroundings)": partial(self._run, copy, run, **{FREE_VARIABLE: "free"}),
        }

    def kernel(self) -> Ways:
        """A notebook that only imports pandas, seaborn and statsmodels: forked, cold, papermill."""
        import papermill as plain

        from paperbuild.kernel.execute import Run, run_notebook
        from paperbuild.kernel.settings import KernelSettings
        from paperbuild.kernel.warm import start_server
        from paperbuild.project.notebook import Notebook

        source, staging = self.folder / "nothing.ipynb", self.folder / "staging"
        source.write_text(json.dumps(NOTHING), encoding="utf-8")

        def run(mode: str) -> None:
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            settings = KernelSettings("nothing", str(self.folder), str(staging), (), (), {}, 1_700_000_000)
            notebook = Notebook(source, source.name, NOTHING)
            run_notebook(Run(notebook, settings, {}, "", self.folder / "kept.ipynb"), mode)

        def papermill() -> None:
            plain.execute_notebook(str(source), None, progress_bar=False)

        start_server([name.partition(".")[0] for name in IMPORTS])
        run("fork")
        return {
            "paper": partial(timed, partial(run, "fork")),
            "paper (cold kernel)": partial(timed, partial(run, "cold")),
            "papermill": partial(timed, papermill),
        }


@dataclass(frozen=True)
class Past:
    """Seconds that steps took when they last ran, as far as a benchmark's length follows from them.

    Attributes
    ----------
    notebooks, longest, free, article : float
        All notebooks, the longest of them, the one that no other depends on, and typesetting the page.
    count : int
        How many notebooks.
    jobs : int
        How many run at once.
    """

    notebooks: float
    longest: float
    free: float
    article: float
    count: int
    jobs: int

    @property
    def anew(self) -> float:
        """Seconds of everything anew, by this build and by papermill."""
        return self.notebooks * (1 + 1 / self.jobs) + 2 * self.article + START * self.count

    @classmethod
    def of(cls, project: Project, jobs: int) -> Past:
        """Read what the project's builds remember."""
        past = past_seconds(project)
        run = [past.get(name, 0.0) for name in project.steps]
        free = past.get(free_notebook(project), 0.0)
        return cls(sum(run), max(run), free, past.get("paper.html", 0.0), len(run), jobs)


@dataclass(frozen=True)
class Measure:
    """One thing that is measured.

    Attributes
    ----------
    task : str
        What is done, in words.
    ways : callable
        Returns who does it, given the copy.
    rounds : int
        How often, unless told: as often as its ratio needs to stand still.
    expected : callable
        Seconds it will take, given what steps took and the rounds.
    prepare : callable
        Changes the copy before each round, given its number.
    """

    task: str
    ways: Callable[[Bench], Ways]
    rounds: int
    expected: Callable[[Past, int], float]
    prepare: Callable[[Bench, int], None] = lambda bench, number: None


MEASURES = {
    "noop": Measure("no-op", Bench.no_op, 15, lambda past, rounds: 2 + 0.6 * rounds),
    "kernel": Measure("kernel overhead", Bench.kernel, 3, lambda past, rounds: 3 + 7 * rounds),
    "prose": Measure(
        "prose change",
        Bench.prose,
        1,
        lambda past, rounds: 2 * rounds * past.article,
        lambda bench, number: edit_prose(bench.copy.root, number),
    ),
    "figure": Measure(
        "one-figure change",
        Bench.figure,
        3,
        lambda past, rounds: rounds * (2 * past.free + 2 * past.article + START),
        lambda bench, number: edit_notebook(bench.copy.root, free_notebook(bench.copy), number),
    ),
    "surroundings": Measure(
        "longest notebook", Bench.surroundings, 1, lambda past, rounds: 2 * rounds * past.longest
    ),
    "full": Measure("full build", Bench.full, 1, lambda past, rounds: rounds * past.anew),
}
"""What is measured, by the name it is asked for with; what is known soonest comes first."""
