"""``paper certificates``: which machines reproduced the article, in a table."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from paperbuild.project.layout import Project
from paperbuild.proof.certificates import FOLDER, Entry, entries, kept

HEAD = ("certificate", "commit", "checked", "machine", "processor", "Python", "printed changes", "verdict")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper certificates``."""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE.json",
        help=f"certificates (default: the project's own and those in {FOLDER}/)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(project: Project, args: argparse.Namespace) -> int:
    """Print a line for each certificate; 1 where one of them found that something does not reproduce."""
    found = entries(args.files or kept(project))
    if args.json:
        print(json.dumps([dataclasses.asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        show(found)
    return 0 if all(one.verdict == "full" for one in found) else 1


def show(found: Sequence[Entry]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in HEAD:
        table.add_column(name)
    for one in found:
        changed = str(one.changed) if one.changed else "none"
        shown = (one.name, one.commit[:7], one.checked[:10], one.machine, one.processor, one.python, changed)
        table.add_row(*shown, one.verdict)
    console = Console(highlight=False)
    # As in `paper verify`: a log file has no width of its own.
    console.width = console.width if console.is_terminal else 160
    console.print(table)
    print(f"certificates: {len(found)}")
