"""`paper diff A B --marked FILE`: the newer article with what came and went, and a letter that lists it.

Neither state is built: its text is set from what it holds, its numbers from its manifest, its figures and
tables as they are committed. Both go through the embedded engine, for its tree of the text is what is
compared (`paperbuild.article.marking`).
"""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paperbuild.article import embedded, source
from paperbuild.article.extension import ASSETS
from paperbuild.article.formats import FORMATS, Format
from paperbuild.article.job import RenderJob
from paperbuild.article.marking import CAME, WENT, Edit, Marking
from paperbuild.article.metadata import metadata
from paperbuild.article.references import printed
from paperbuild.article.source import Source
from paperbuild.article.text import Article
from paperbuild.article.text import read as read_article
from paperbuild.article.tracked import Hand
from paperbuild.article.tree import Node, plain
from paperbuild.ground import pages
from paperbuild.ground.errors import Findings, PaperError, UsageError
from paperbuild.ground.lock import pinned
from paperbuild.project.layout import CITATION, FIGURES, LOCK, TABLES
from paperbuild.project.manifest import Manifest
from paperbuild.project.reference import Reference, read_outputs
from paperbuild.project.revision import Revision
from paperbuild.project.tolerances import Tolerances
from paperbuild.proof.diff import Change, artefact_changes, number_changes, sound
from paperbuild.proof.pictures import compare_picture
from paperbuild.proof.states import State

FORMER = "former"
"""Folder of the older pictures, in the folder that the marked article is set in."""
MOST = 6
"""Stretches of one paragraph or table that the letter spells out; the rest is counted."""
LONGEST = 400
"""Characters of a passage that the letter quotes."""
LETTER = Path(__file__).parent / "assets" / "letter.md.j2"


@dataclass(frozen=True)
class _Side:
    """One of both states, read."""

    state: State
    outputs: Reference
    article: Article
    numbers: Mapping[str, Any]
    source: Source
    tree: Node

    @property
    def job(self) -> RenderJob:
        return _job(self.state.root, self.state.root, self.state.revision)

    def printed(self) -> dict[str, str]:
        """Return what its cross references print."""
        return printed(self.job, self.source, self.numbers, self.tree)


@dataclass(frozen=True)
class Marked:
    """The newer article with its changes; see `mark`.

    Attributes
    ----------
    folder : Path
        What it is set in: pictures and tables of the newer state, older pictures below `FORMER`.
    source : Source
        The merged text.
    numbers : mapping
        Its metadata.
    revision : Revision
        Of the newer state.
    edits : tuple of Edit
        What changed, in the order of the text.
    changes : tuple of Change
        What changed in figures, tables and numbers.
    """

    folder: Path
    source: Source
    numbers: Mapping[str, Any]
    revision: Revision
    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]


def format_of(path: Path) -> Format:
    """Return the format that a file's ending asks for.

    Raises
    ------
    UsageError
        For any other ending.
    """
    found = FORMATS.get(path.suffix.removeprefix(".").lower())
    if found is None:
        expected = " or ".join(f"a file that ends in .{name}" for name in FORMATS)
        raise UsageError(f"no format for {path.name}", where="--marked", expected=expected)
    return found


def mark(old: State, new: State, author: str, folder: Path) -> Marked:
    """Merge two states.

    Parameters
    ----------
    old, new : State
        The older and the newer.
    author : str
        Who made the changes, as Word names it.
    folder : Path
        Where pictures are put; it must outlive what is set.
    """
    before, after = _read(old), _read(new)
    former = _former(before.outputs, after.outputs)
    date = f"{new.revision.date}T00:00:00Z" if new.revision.dated else ""
    marking = Marking(
        Hand(author, date),
        {WENT: before.printed(), CAME: after.printed()},
        {name: f"{FORMER}/{name}" for name in former},
    )
    tree = marking.documents(before.tree, after.tree)
    _lay_out(before, after, former, folder)
    merged = replace(
        after.source,
        tree=tree,
        filters=(ASSETS / "marked.lua",),
        styles=(ASSETS / "marked.css").read_text(encoding="utf-8"),
    )
    manifests = before.outputs.manifest, after.outputs.manifest
    changes = (*artefact_changes(before.outputs, after.outputs), *number_changes(*manifests))
    return Marked(folder, merged, after.numbers, new.revision, tuple(marking.edits), changes)


def write(marked: Marked, path: Path) -> None:
    """Set the marked article in the format that the file's ending asks for."""
    document = format_of(path)
    with tempfile.TemporaryDirectory(prefix="paper-marked-") as staging:
        target = Path(staging) / document.file
        job = _job(marked.folder, Path(staging), marked.revision)
        document.embedded(job, marked.source, marked.numbers, target)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(target, path)


def letter(marked: Marked, old: State, new: State) -> str:
    """Return the skeleton of a letter to the editor, as Markdown: what changed, section by section."""
    sections: dict[str, list[Edit]] = {}
    for edit in marked.edits:
        sections.setdefault(edit.section, []).append(edit)
    title = plain(marked.source.tree["meta"]["title"]) if marked.source.tree else ""
    return pages.render(
        LETTER,
        title=title,
        old=old,
        new=new,
        sections=sections,
        changes=marked.changes,
        most=MOST,
        longest=LONGEST,
    )


def _job(root: Path, output: Path, revision: Revision) -> RenderJob:
    return RenderJob(root.resolve(), output, "", "embedded", revision.epoch)


def _read(state: State) -> _Side:
    """Read a state as its reader would: text, results, numbers as printed."""
    try:
        outputs, article = sound(read_outputs(state.root)), read_article(state.root)
        numbers = _metadata(state, outputs, article)
        resolved = source.read(state.root, numbers)
        side = _Side(state, outputs, article, numbers, resolved, {})
        return replace(side, tree=embedded.tree(side.job, resolved, numbers))
    except Findings as error:
        raise Findings([_of(state, one) for one in error.findings]) from None
    except PaperError as error:
        raise _of(state, error) from None


def _of(state: State, error: PaperError) -> PaperError:
    return PaperError(
        f"{state.name}: {error.message}", where=error.where, expected=error.expected, remedy=error.remedy
    )


def _metadata(state: State, outputs: Reference, article: Article) -> dict[str, Any]:
    """Return what the text of a state finds by name, from what is committed."""
    manifest, revision = outputs.manifest, state.revision
    lock = state.root / LOCK
    build = {
        "commit": revision.commit or "no commit",
        "commit_short": (revision.commit[:7] or "no commit") + ("+changes" if revision.dirty else ""),
        "dirty": revision.dirty,
        "date": revision.date,
        "python": platform.python_version(),
        "versions": pinned(lock.read_text(encoding="utf-8")) if lock.is_file() else {},
    }

    def content(path: str) -> str | None:
        return outputs.files[path].decode("utf-8") if path in outputs.files else None

    return metadata(manifest.numbers, _provenance(manifest), build, article, content)


def _provenance(manifest: Manifest) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for output in manifest.outputs:
        folder, _, file = output["path"].partition("/")
        kind = {FIGURES: "figure", TABLES: "table"}.get(folder)
        if kind:
            place = " › ".join(filter(None, (output.get("notebook"), output.get("cell"))))
            found.setdefault(kind, {})[file.rpartition(".")[0]] = place
    return found


def _former(old: Reference, new: Reference) -> list[str]:
    """Return the figures of the older state that are gone or look otherwise, without suffix."""
    found = []
    for path, was in old.files.items():
        if not (path.startswith(f"{FIGURES}/") and path.endswith(".png")):
            continue
        now = new.files.get(path)
        if now is None or compare_picture(path, was, now, Tolerances()).reason:
            found.append(path.rpartition(".")[0])
    return found


def _lay_out(old: _Side, new: _Side, former: Sequence[str], folder: Path) -> None:
    """Put everything that the marked article shows into one folder."""
    root = new.state.root
    wanted = {root / name for name in (*new.outputs.files, CITATION)}
    for one in FORMATS.values():
        wanted |= new.article.files(one.picture)
    for path in wanted:
        if path.is_file() and path.is_relative_to(root):
            _copy(path, folder / path.relative_to(root))
    for name in former:
        for path in (old.state.root / name).parent.glob(f"{Path(name).name}.*"):
            _copy(path, folder / FORMER / path.relative_to(old.state.root))


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
