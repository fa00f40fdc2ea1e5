"""``paper accept``: a change of data that is meant, with its reason."""

from __future__ import annotations

import argparse

from paperbuild.project.layout import Project
from paperbuild.project.register import accept


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper accept``."""
    parser.add_argument("table", metavar="TABLE", help="name of the table in the register, or its file")
    parser.add_argument(
        "--why", required=True, metavar="TEXT", help="why the data changed; kept in the register"
    )
    parser.add_argument(
        "--count",
        action="store_true",
        help="record the table's rows and control totals anew: it is meant to have others",
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Take the bytes that a data file has now as the right ones, and record why."""
    outcome = accept(project, args.table, args.why, count=args.count)
    if not (outcome.changed or args.count):
        print(f"{outcome.path}: nothing to accept, the bytes are those of the register")
        return 0
    print(f"{outcome}, because: {args.why}")
    print("next: paper build, then commit data/ and the figures and tables that changed")
    return 0
