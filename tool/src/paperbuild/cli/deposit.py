"""``paper deposit``: refuse what would mislead, then write the archive and say what is in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from paperbuild.build.plan import make_plan
from paperbuild.checks.check import findings
from paperbuild.ground.files import write_atomic
from paperbuild.project.identity import read_name
from paperbuild.project.layout import Project
from paperbuild.project.workspace import Workspace
from paperbuild.proof import deposit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper deposit``."""
    parser.add_argument(
        "--output", type=Path, metavar="FILE.zip", help="where the archive goes (default: build/)"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Write the archive, or say what stands against it."""
    refuse_misleading(project)
    contents, programs = deposit.collect(project)
    name, commit = read_name(project.root), project.revision.commit[:12]
    target = args.output or project.build / f"{name}-{commit}.zip"
    write_atomic(target, deposit.archive(contents, programs, project.revision.epoch))
    print(f"{target}: {len(contents)} files, {target.stat().st_size:,} bytes, commit {commit}")
    if deposit.CODECHECK not in contents:
        print(
            "without a certificate: this commit has not been verified; paper verify, then paper deposit again"
        )
    return 0


def refuse_misleading(project: Project) -> None:
    """Raise where what is built is not what the last commit makes, or is not sound."""
    deposit.refuse_uncommitted(project)
    found = findings(project)
    # A project that is not sound cannot be planned either.
    plan = None if found else make_plan(Workspace.open(project.root, project.scenario))
    deposit.refuse_unsound(project, found, plan.stale if plan else [])
