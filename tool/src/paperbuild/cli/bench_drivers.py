"""The steps of an article as general drivers see them, for ``paper bench``.

They are the very same steps (plain papermill for a notebook, our renderer for the article), and a driver is
told every file that a step depends on, which is more than its users usually write down.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paperbuild.ground.hashing import HashCache
from paperbuild.project.declared import declared_files, register_entries
from paperbuild.project.layout import ANALYSIS, QUARTO_PROJECT, REFERENCES, Project, edition

FOLDER = "bench"


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
    editions = map(edition, project.all_editions)
    texts = (name for name in (*editions, REFERENCES, QUARTO_PROJECT) if (root / name).is_file())
    sources = (*texts, *(step.output for step in made))
    render = (sys.executable, f"{FOLDER}/render.py", FOLDER)
    return [*made, Step("render", render, sources, f"{FOLDER}/paper.html")]


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
