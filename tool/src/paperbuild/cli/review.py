"""``paper review``: what co-authors changed in the DOCX as a patch of the source, and what is no edit."""

from __future__ import annotations

import argparse
import difflib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from paperbuild.article import text, tracked
from paperbuild.article.formats import FORMATS
from paperbuild.article.review import Edit, Remark, Review, bring_home, comment_edits, edition_of, review
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.gitrepo import clean_clone
from paperbuild.project.layout import TEXTS, Project, edition
from paperbuild.project.manifest import read_manifest

DOCX = FORMATS["docx"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper review``."""
    parser.add_argument("document", type=Path, metavar="FILE.docx", help="the article, edited")
    parser.add_argument("--apply", action="store_true", help="make the changes in the source")
    parser.add_argument(
        "--comments", action="store_true", help="put comments into the source too, as HTML comments"
    )
    parser.add_argument(
        "--base", metavar="COMMIT", help="what the document was built from (default: what it says)"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Print changes, comments and a patch; 1 where something was not brought home."""
    edited = tracked.read(args.document)
    base = args.base or edited.commit
    if not base:
        raise PaperError(
            "the document does not say what it was built from",
            where=str(args.document),
            expected=f"the property {tracked.COMMIT!r}, which `paper build` writes",
            remedy="name the commit: paper review --base COMMIT …",
        )
    with tempfile.TemporaryDirectory(prefix="paper-review-") as folder:
        root, commit = clean_clone(project.root, base, Path(folder, "clone"))
        editions = {one: text.read(root, edition(one)) for one in Project(root).all_editions}
        language = edition_of(edited, editions)
        reference = _read(root / TEXTS / f"{DOCX.name_in(language)}.txt").splitlines()
        gone: list[str] = []
        # Only of a committed state is the text known.
        if reference and not edited.dirty:
            edited, gone = tracked.unrecorded(edited, reference)
        if 2 * len(gone) > len(reference):
            raise PaperError(
                f"it was not built from {commit[:12]}: it lacks {len(gone)} of {len(reference)} paragraphs",
                where=str(args.document),
                expected="a document that `paper build` made of this commit",
                remedy="name the commit that it was built from: paper review --base COMMIT …",
            )
        found = review(edited, editions[language], read_manifest(Project(root).manifest), args.document.name)
    edits = list(found.edits)
    unwritten: Sequence[Remark] = ()
    if args.comments:
        notes, unwritten = comment_edits(found.remarks)
        edits += notes
    current = {edit.block.text.path: _read(project.root / edit.block.text.path) for edit in edits}
    texts, collided = bring_home(edits, current)
    held = [*found.held, *(_collision(edit) for edit in collided)]
    held += [PaperError(f"{tracked.Hand()}: “{line}” taken out", where=args.document.name) for line in gone]
    if edited.dirty and not args.base:
        print(f"note: it was built from {commit[:12]} and changes that were not committed")
    print(as_text(found, [edit for edit in found.edits if edit not in collided], held, unwritten))
    print(patch(current, texts), end="")
    if args.apply:
        for path, changed in texts.items():
            if changed != current[path]:
                write_atomic(project.root / path, changed)
                print(f"written: {path}")
    return 1 if held else 0


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8") if path.is_file() else ""


def _collision(edit: Edit) -> PaperError:
    hands = "; ".join(str(hand) for hand in edit.hands)
    return PaperError(
        f"{hands}: {edit.said}",
        where=edit.place,
        expected="the words that the document was built from; the source says something else here by now",
        remedy=f"take the change over by hand: {edit.new.strip()!r}",
    )


def as_text(
    found: Review, placed: Sequence[Edit], held: Sequence[PaperError], unwritten: Sequence[Remark]
) -> str:
    """Return changes, comments and what is held as lines, each with author and date."""
    lines = [f"changes: {len(placed)}"]
    for edit in placed:
        hands = "; ".join(str(hand) for hand in edit.hands)
        dropped = f" (with it: {', '.join(edit.drops)})" if edit.drops else ""
        lines.append(f"  {edit.place}: {hands}: {edit.said}{dropped}")
    lines.append(f"comments: {len(found.remarks)}")
    for remark in found.remarks:
        on = f" on “{' '.join(remark.on.split())}”" if remark.on.strip() else ""
        where = f"{remark.place}: " if remark.place else ""
        stays = " (not written: its place holds no comment)" if remark in unwritten else ""
        lines.append(f"  {where}{remark.comment.hand}{on}: {' '.join(remark.comment.text.split())}{stays}")
    lines.append(f"not brought home: {len(held)}")
    lines += [str(one) for one in held]
    return "\n".join(lines)


def patch(current: Mapping[str, str], texts: Mapping[str, str]) -> str:
    """Return a unified patch, as `git apply` reads it."""
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for path in current
        for line in difflib.unified_diff(
            current[path].splitlines(keepends=True),
            texts[path].splitlines(keepends=True),
            f"a/{path}",
            f"b/{path}",
        )
    )
