"""``paper deposit``: the article with everything behind it as one archive, of what is built and committed."""

from __future__ import annotations

import argparse
from pathlib import Path

from paperbuild.build.plan import make_plan
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project
from paperbuild.project.workspace import Workspace
from paperbuild.proof.deposit import archive, archive_name, collect, refuse_unfit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `paper deposit` understands."""
    parser.add_argument(
        "--output", type=Path, metavar="FILE.zip", help="where the archive goes (default: build/)"
    )


def stale_steps(project: Project) -> list[str]:
    """Return the steps that are not as they were built."""
    return make_plan(Workspace.open(project.root, project.scenario)).stale


def main(project: Project, args: argparse.Namespace) -> int:
    """Write the archive, or say what stands against it."""
    refuse_unfit(project, stale_steps)
    contents, programs = collect(project)
    target = args.output or project.build / f"{archive_name(project.root)}-{project.revision.commit[:12]}.zip"
    write_atomic(target, archive(contents, programs, project.revision.epoch))
    size, commit = target.stat().st_size, project.revision.commit[:12]
    print(f"{target}: {len(contents)} files, {size:,} bytes, commit {commit}")
    if "codecheck.yml" not in contents:
        print(
            "without a certificate: this commit has not been verified; paper verify, then paper deposit again"
        )
    return 0
