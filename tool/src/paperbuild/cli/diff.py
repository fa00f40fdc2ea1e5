"""``paper diff``: two states of the article, what changed as lines, JSON, a page or a marked manuscript."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from paperbuild.cli.arguments import add_edition, edition_of
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project
from paperbuild.proof.diff import KINDS, Change, as_html, changes
from paperbuild.proof.states import State, state

SHOWN = 20
"""Changes of one file that are printed; the rest is counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper diff``."""
    parser.add_argument(
        "a", metavar="A", help="a git revision, a folder or a deposit's archive: the earlier state"
    )
    parser.add_argument(
        "b", metavar="B", nargs="?", help="the later state (default: the project as it lies here)"
    )
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")
    parser.add_argument(
        "--output", type=Path, metavar="FILE.html", help="write them as a page with pictures too"
    )
    parser.add_argument(
        "--marked",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.docx|pdf|html",
        help="write the later article with insertions and deletions; may be given several times",
    )
    parser.add_argument(
        "--letter", type=Path, metavar="FILE.md", help="write the skeleton of a letter that lists the changes"
    )
    parser.add_argument(
        "--author",
        metavar="NAME",
        default="",
        help="whose all tracked changes are (default: who committed each, else the article's authors)",
    )
    add_edition(parser)


def main(project: Project, args: argparse.Namespace) -> int:
    """Print what changed between two states; a difference is no failure."""
    later = args.b or str(project.root)
    with state(project, args.a) as old, state(project, later) as new:
        found = changes(old.root, new.root)
        if args.marked or args.letter:
            mark(project, old, new, args)
    if args.output:
        write_atomic(args.output, as_html(found, args.a, args.b or "this folder"))
    print(as_json(found) if args.json else as_text(found))
    return 0


def mark(project: Project, old: State, new: State, args: argparse.Namespace) -> None:
    """Write the marked manuscript and the letter."""
    from paperbuild.proof import marked  # here: what typesets takes time to import

    for path in args.marked:
        marked.format_of(path)
    both = set(Project(old.root).editions) & set(Project(new.root).editions)
    edition = edition_of(args, sorted(both))
    with tempfile.TemporaryDirectory(prefix="paper-marked-") as folder:
        merged = marked.mark(project, old, new, Path(folder), author=args.author, edition=edition)
        for path in args.marked:
            marked.write(merged, path)
        if args.letter:
            write_atomic(args.letter, marked.letter(merged, old, new))


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
