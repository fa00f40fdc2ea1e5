"""Which state of the project is being built: the commit, whether inputs differ from it, and the date."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError

# Dates inside documents without git and SOURCE_DATE_EPOCH: the first moment that a ZIP (so a DOCX) can hold.
FALLBACK_EPOCH = 315532800

UNDATED = "not under version control"


@dataclass(frozen=True)
class Revision:
    """Which state of the project is being built.

    Attributes
    ----------
    commit : str
        Forty hexadecimal digits, or empty outside git.
    dirty : bool
        Whether inputs of the article differ from that commit.
    epoch : int
        Seconds since 1970 for every date inside an output: ``SOURCE_DATE_EPOCH``, else the commit's time,
        else `FALLBACK_EPOCH`.
    dated : bool
        Whether that is a date of the project, so that it can be printed.
    """

    commit: str
    dirty: bool
    epoch: int
    dated: bool = True

    @property
    def date(self) -> str:
        """The day of `epoch`, as ``YYYY-MM-DD`` in UTC; `UNDATED` where nothing tells a date."""
        if not self.dated:
            return UNDATED
        return time.strftime("%Y-%m-%d", time.gmtime(self.epoch))


def read_revision(root: Path, inputs: Sequence[str], known_by: str) -> Revision:
    """Ask git for the commit, its time and whether `inputs` differ; be content with less outside git.

    A commit that does not hold the project's file `known_by` is another project's: the folder was unpacked
    inside its repository.
    """
    import subprocess

    def git(*args: str, asked: str = "") -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *args],
                input=asked,
                capture_output=True,
                text=True,
                check=True,
                encoding="utf-8",
            )
        except (OSError, subprocess.CalledProcessError, UnicodeDecodeError):
            return ""
        return done.stdout.strip()

    # One process for three questions: does the commit hold the file, which commit is it, of what time.
    told = git("cat-file", "--batch", asked=f"HEAD:./{known_by}\nHEAD\n")
    found = re.search(r"^([0-9a-f]{40,64}) commit \d+\n(?:.+\n)*?committer .*> (\d+) ", told, re.MULTILINE)
    ours = found is not None and re.match(r"[0-9a-f]+ blob ", told)
    commit, seconds = found.groups() if found is not None and ours else ("", "")
    dirty = bool(commit) and bool(git("--no-optional-locks", "status", "--porcelain", "--", *inputs))
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    epoch = int(given) if given.isdecimal() else int(seconds or FALLBACK_EPOCH)
    return Revision(commit, dirty, epoch, dated=given.isdecimal() or bool(seconds))


def ask_revision(root: Path, inputs: Sequence[str], known_by: str) -> Callable[[], Revision]:
    """Begin to ask git what `read_revision` returns; return what waits for the answer.

    Git looks at as many files as the build itself: both do so at the same time.
    """
    answers: list[Revision] = []
    asking = threading.Thread(target=lambda: answers.append(read_revision(root, inputs, known_by)))
    asking.start()

    def answer() -> Revision:
        asking.join()
        # Where that failed it fails here, where somebody can be told.
        return answers[0] if answers else read_revision(root, inputs, known_by)

    return answer


def require_commit(root: Path, revision: Revision) -> None:
    """Raise where no commit holds the project."""
    if not revision.commit:
        raise PaperError(
            "no commit holds this project",
            where=str(root),
            expected="a project under version control, as cloned or committed",
            remedy="clone its repository; or git init, git add --all and git commit in this folder",
        )
