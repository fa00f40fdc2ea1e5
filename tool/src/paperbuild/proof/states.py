"""States of an article that can be compared: a folder, a revision, a deposit."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.gitrepo import clean_clone
from paperbuild.project.layout import FIGURES, MANIFEST, Project
from paperbuild.project.revision import Revision
from paperbuild.proof.unpack import unpack


@dataclass(frozen=True)
class State:
    """An article as it stood.

    Attributes
    ----------
    name : str
        As it was asked for.
    root : Path
        Folder that holds it.
    revision : Revision
        Commit and date, as far as they are known.
    """

    name: str
    root: Path
    revision: Revision


@contextlib.contextmanager
def state(project: Project, name: str) -> Iterator[State]:
    """Open a state: a folder itself, a temporary clone of a git revision, an unpacked deposit.

    Raises
    ------
    PaperError
        Where `name` is neither a folder with figures, nor a deposit, nor a revision, or one that no build has
        left its manifest in.
    """
    place = Path(name)
    if (place / FIGURES).is_dir():
        yield _listed(State(name, place, Project(place).revision), "paper build, in this folder")
        return
    with tempfile.TemporaryDirectory(prefix="paper-diff-") as temporary:
        folder = Path(temporary) / "state"
        if place.is_file():
            opened = unpack(place, folder)
            revision = Revision(opened.commit, False, opened.epoch)
            yield _listed(State(name, folder, revision), "ask its sender for what `paper deposit` wrote")
            return
        try:
            root, _ = clean_clone(project.root, name, folder)
        except PaperError as error:
            raise PaperError(
                f"{name!r} is neither a folder with figures/ nor a deposit nor a revision: {error.message}",
                where=str(project.root),
                expected="a project folder, build/scenarios/NAME, an archive of `paper deposit`, "
                "or what git knows: HEAD~1, a tag, a commit",
                remedy="git log --oneline lists the revisions",
            ) from None
        remedy = f"git log --oneline -- {MANIFEST} lists the revisions that have one"
        yield _listed(State(name, root, Project(root).revision), remedy)


def _listed(found: State, remedy: str) -> State:
    """Return a state whose outputs can be compared: its manifest lists them."""
    if not Project(found.root).manifest.is_file():
        raise PaperError(
            f"there is no {MANIFEST} in it, so nothing says what its outputs are",
            where=found.name,
            expected="an article that a build has left its outputs in",
            remedy=remedy,
        )
    return found
