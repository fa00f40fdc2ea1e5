"""``paper run``: one notebook alone, into ``build/runs/NAME``, with the article left as it is."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from paperbuild.build.plan import Options, make_plan
from paperbuild.build.store import build_lock
from paperbuild.cli.arguments import SIZE
from paperbuild.ground.errors import PaperError, UsageError, suggestion
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project
from paperbuild.project.notebook import outputs_text
from paperbuild.project.parameters import parse_overrides
from paperbuild.project.workspace import Workspace
from paperbuild.steps.notebook import OUTPUTS, NotebookStep
from paperbuild.steps.step import Results, Running


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper run``."""
    parser.add_argument("notebook", metavar="NOTEBOOK", help="its name, as 02-population")
    parser.add_argument("-p", dest="overrides", action="append", default=[], metavar="PARAM=VALUE")
    parser.add_argument("--scenario", metavar="NAME", help="with the parameters of this variant")
    parser.add_argument("--kernel", choices=["fork", "cold"], default="fork", help="how the kernel starts")
    parser.add_argument("--memory-limit", type=SIZE, default=0, metavar="SIZE", help="as 2G")


def main(project: Project, args: argparse.Namespace) -> int:
    """Run one notebook alone, with other parameters if wanted, into build/runs/."""
    project = project.with_scenario(args.scenario)
    step = Path(args.notebook).name.removesuffix(".ipynb")
    if step not in project.steps:
        raise UsageError(
            f"there is no notebook {step!r}{suggestion(step, project.steps)}",
            expected=", ".join(project.steps),
        )
    overrides = tuple(f"{o.notebook}.{o.name}={o.text}" for o in parse_overrides(args.overrides, only=step))
    options = Options(to=(), overrides=overrides, kernel=args.kernel, memory_limit=args.memory_limit)
    folder = run_alone(Workspace.open(project.root, args.scenario, overrides), step, options)
    print(f"paper: {step} ran; see {project.relative(folder)}/", file=sys.stderr)
    return 0


def run_alone(workspace: Workspace, name: str, options: Options) -> Path:
    """Run one notebook and return the folder with its executed notebook and artefacts.

    Raises
    ------
    PaperError
        If a notebook whose results it reads has none for the present inputs, or if it fails.
    """
    plan = make_plan(workspace, options)
    step = plan.steps[name]
    assert isinstance(step, NotebookStep)
    missing = [other for other in step.after if other not in plan.results]
    if missing:
        raise PaperError(
            f"{name} reads the results of {', '.join(missing)}, which are not up to date",
            where=name,
            remedy="paper build --no-render",
        )
    runs = workspace.project.build / "runs"
    folder, staging = runs / name, runs / f".{name}"
    with build_lock(runs / f".{name}.lock", what=f"another paper run of {name}"):
        for old in (folder, staging):
            shutil.rmtree(old, ignore_errors=True)
        staging.mkdir(parents=True)
        try:
            _run_into(step, plan.results, staging)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return folder


def _run_into(step: NotebookStep, results: Results, staging: Path) -> None:
    """Run a notebook into an empty folder, the executed notebook among what it makes."""
    step.make(results, staging, Running())
    kept = staging / OUTPUTS
    write_atomic(staging / f"{step.name}.ipynb", outputs_text(step.source(), kept.read_bytes()))
    kept.unlink()
