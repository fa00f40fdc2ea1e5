"""``paper submit``: the archive that a journal takes, by a profile, and what stands against it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from paperbuild.article.formats import DOCUMENTS
from paperbuild.article.submission import read_profile
from paperbuild.build.plan import make_plan
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project
from paperbuild.project.workspace import Workspace
from paperbuild.proof.deposit import archive, archive_name, refuse_unsound
from paperbuild.proof.submission import submission


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper submit``."""
    parser.add_argument(
        "--for",
        dest="profile",
        required=True,
        metavar="PROFILE",
        help="a journal's profile by name (generic, demographic-research, …), or a file of your own",
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--anonymous", action="store_true", help="only a manuscript that names no author")
    chosen.add_argument("--named", action="store_true", help="only one that does")
    parser.add_argument(
        "--output", type=Path, metavar="FILE.zip", help="where the archive goes (default: build/)"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Write the archive for a journal; 1 where the article does not keep what it asks."""
    profile = read_profile(args.profile)
    if args.anonymous or args.named:
        profile = replace(profile, versions=("anonymous" if args.anonymous else "named",))
    # It is set anew from the outputs, whatever becomes of the article's own documents.
    documents = {one.file for one in DOCUMENTS.values()}
    stale = make_plan(Workspace.open(project.root, project.scenario)).stale
    refuse_unsound(project, [], [name for name in stale if name not in documents])
    made = submission(project, profile)
    name = f"{archive_name(project.root)}-for-{Path(args.profile).stem}.zip"
    target = args.output or project.build / name
    write_atomic(target, archive(made.contents, (), project.revision.epoch))
    print(f"{target}: {len(made.contents)} files for {profile.journal}")
    counts = made.counts
    print(
        f"words: {counts.text:,} in the text, {counts.abstract:,} in the abstract; "
        f"{counts.figures} figures, {counts.tables} tables, {counts.references} works cited"
    )
    for one in made.findings:
        print(one)
    return 1 if made.findings else 0
