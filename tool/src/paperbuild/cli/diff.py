"""``paper diff``: two states of the article, what changed as lines, JSON or a page."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project
from paperbuild.proof.diff import KINDS, Change, as_html, changes, state

SHOWN = 20
"""Changes of one file that are printed; the rest is counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper diff``."""
    parser.add_argument("a", metavar="A", help="a git revision or a folder: the earlier state")
    parser.add_argument(
        "b", metavar="B", nargs="?", help="the later state (default: the project as it lies here)"
    )
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")
    parser.add_argument(
        "--output", type=Path, metavar="FILE.html", help="write them as a page with pictures too"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Print what changed between two states; a difference is no failure."""
    later = args.b or str(project.root)
    with state(project, args.a) as old, state(project, later) as new:
        found = changes(old, new)
    if args.output:
        write_atomic(args.output, as_html(found, args.a, args.b or "this folder"))
    print(as_json(found) if args.json else as_text(found))
    return 0


def as_json(found: Sequence[Change]) -> str:
    """Return the changes for machines."""
    keys = ("kind", "name", "summary", "details")
    listed = [{key: getattr(one, key) for key in keys} for one in found]
    return json.dumps(listed, ensure_ascii=False, indent=1)


def as_text(found: Sequence[Change]) -> str:
    """Return the changes as lines, kind by kind."""
    lines = []
    for kind in KINDS:
        of_kind = [one for one in found if one.kind == kind]
        lines.append(f"{kind}: {len(of_kind) or 'no'} change{'s' if len(of_kind) != 1 else ''}")
        for one in of_kind:
            lines.append(f"  {one.name}: {one.summary}")
            lines += [f"    {detail}" for detail in one.details[:SHOWN]]
            if len(one.details) > SHOWN:
                lines.append(f"    … and {len(one.details) - SHOWN} more")
    return "\n".join(lines)
