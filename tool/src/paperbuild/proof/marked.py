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

from paperbuild.article import embedded, languages, source
from paperbuild.article.extension import ASSETS
from paperbuild.article.formats import FORMATS, Format
from paperbuild.article.job import RenderJob
from paperbuild.article.marking import Edit, Marking
from paperbuild.article.metadata import metadata
from paperbuild.article.phrases import read as read_phrases
from paperbuild.article.references import printed
from paperbuild.article.source import Source
from paperbuild.article.text import Article
from paperbuild.article.text import read as read_article
from paperbuild.article.tokens import CAME, WENT
from paperbuild.article.tracked import Hand
from paperbuild.article.tree import Node, plain
from paperbuild.ground import pages
from paperbuild.ground.errors import Findings, PaperError, UsageError
from paperbuild.ground.lock import pinned
from paperbuild.project.identity import read_lock
from paperbuild.project.layout import CITATION, FIGURES, MANIFEST, TABLES, Project
from paperbuild.project.layout import edition as text_of
from paperbuild.project.manifest import Manifest
from paperbuild.project.reference import Reference, read_outputs
from paperbuild.project.revision import Revision
from paperbuild.project.tolerances import Tolerances
from paperbuild.proof.deposit import citation
from paperbuild.proof.diff import Change, artefact_changes, number_changes, sound
from paperbuild.proof.hands import between, last
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
        return _job(self.state.root, self.state.root, self.state.revision, self.article.edition)

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
    language : Language
        Of the text.
    edition : str
        The language of the edition whose text it is; empty for the article itself.
    """

    folder: Path
    source: Source
    numbers: Mapping[str, Any]
    revision: Revision
    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    language: languages.Language
    edition: str


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


def mark(
    project: Project, old: State, new: State, folder: Path, *, author: str = "", edition: str = ""
) -> Marked:
    """Merge two states.

    Parameters
    ----------
    project : Project
        Whose history tells who changed what, where it holds the commits of both states.
    old, new : State
        The older and the newer.
    folder : Path
        Where pictures are put; it must outlive what is set.
    author : str
        Who made all changes; empty to let the history tell, and to name the article's authors for the rest.
    edition : str
        The language of the edition that is compared; empty for the article itself.
    """
    before, after = _read(old, edition), _read(new, edition)
    former = _former(before.outputs, after.outputs)
    date = f"{new.revision.date}T00:00:00Z" if new.revision.dated else ""
    hand = Hand(author or "; ".join(citation(new.root)[1]) or "authors", date)
    marking = Marking(
        hand,
        printed={WENT: before.printed(), CAME: after.printed()},
        former={name: f"{FORMER}/{name}" for name in former},
    )
    span = project.root, old.revision.commit, new.revision.commit
    texts = {text.path for side in (before, after) for text in side.article.written}
    if not author and (hands := between(*span, [*sorted(texts), TABLES, MANIFEST])):
        marking.whose = hands.of
        marking.drew = lambda picture: last(*span, f"{picture}.png")
    tree = marking.documents(before.tree, after.tree)
    tree["meta"]["marked"]["c"]["since"] = {"t": "MetaString", "c": _told(old)}
    _lay_out(before, after, former, folder)
    merged = replace(
        after.source,
        tree=tree,
        filters=(ASSETS / "marked.lua",),
        styles=(ASSETS / "marked.css").read_text(encoding="utf-8"),
    )
    manifests = before.outputs.manifest, after.outputs.manifest
    changes = (*artefact_changes(before.outputs, after.outputs), *number_changes(*manifests))
    language = languages.of(after.source.settings.lang)
    edits = tuple(marking.edits)
    return Marked(folder, merged, after.numbers, new.revision, edits, changes, language, edition)


def _told(state: State) -> str:
    """Return how a reader would name a state."""
    revision = state.revision
    commit = revision.commit[:12] if not state.name.startswith(revision.commit[:7] or " ") else ""
    return ", ".join(filter(None, (state.name, commit, revision.date if revision.dated else "")))


def write(marked: Marked, path: Path) -> None:
    """Set the marked article in the format that the file's ending asks for."""
    document = format_of(path)
    with tempfile.TemporaryDirectory(prefix="paper-marked-") as staging:
        target = Path(staging) / document.file
        job = _job(marked.folder, Path(staging), marked.revision, marked.edition)
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
        words=marked.language.letter,
        old=_told(old),
        new=_told(new),
        sections=sections,
        changes=marked.changes,
        most=MOST,
        longest=LONGEST,
    )


def _job(root: Path, output: Path, revision: Revision, edition: str) -> RenderJob:
    return RenderJob(root.resolve(), output, "", "embedded", revision.epoch, edition)


def _read(state: State, edition: str) -> _Side:
    """Read a state as its reader would: text, results, numbers as printed."""
    try:
        outputs, article = sound(read_outputs(state.root)), read_article(state.root, text_of(edition))
        numbers = _metadata(state, outputs, article)
        resolved = source.read(state.root, numbers, text_of(edition))
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
    build = {
        "commit": revision.commit or "no commit",
        "commit_short": (revision.commit[:7] or "no commit") + ("+changes" if revision.dirty else ""),
        "dirty": revision.dirty,
        "date": revision.date,
        "python": platform.python_version(),
        "versions": pinned(read_lock(state.root)),
    }

    def content(path: str) -> str | None:
        return outputs.files[path].decode("utf-8") if path in outputs.files else None

    project = Project(state.root)
    own = (read_article(state.root) if article.edition else article).language
    phrases = {
        code: read_phrases(path, project.relative(path), code, own).said
        for code in project.phrased
        if (path := project.phrases_file(code))
    }
    return metadata(manifest.numbers, _provenance(manifest), build, article, content, phrases=phrases)


def _provenance(manifest: Manifest) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for output in manifest.outputs:
        folder, _, file = output["path"].partition("/")
        kind = {FIGURES: "figure", TABLES: "table"}.get(folder)
        if kind:
            place = " › ".join(filter(None, (output.get("notebook"), output.get("cell"))))
            found.setdefault(kind, {})[Path(file).stem] = place
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
