"""States of an article that can be compared: a folder, a revision, a deposit."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.gitrepo import clean_clone
from paperbuild.project.layout import FIGURES, Project
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
        Where `name` is neither a folder with figures, nor a deposit, nor a revision.
    """
    place = Path(name)
    if (place / FIGURES).is_dir():
        yield State(name, place, Project(place).revision)
        return
    with tempfile.TemporaryDirectory(prefix="paper-diff-") as temporary:
        folder = Path(temporary) / "state"
        if place.is_file():
            opened = unpack(place, folder)
            yield State(name, folder, Revision(opened.commit, False, opened.epoch))
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
        yield State(name, root, Project(root).revision)
