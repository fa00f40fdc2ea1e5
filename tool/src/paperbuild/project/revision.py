"""Which state of the project is being built: the commit, whether inputs differ from it, and the date."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Dates inside documents without git and SOURCE_DATE_EPOCH: the first moment that a ZIP (so a DOCX) can hold.
FALLBACK_EPOCH = 315532800


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
    """

    commit: str
    dirty: bool
    epoch: int

    @property
    def date(self) -> str:
        """The day of `epoch`, as ``YYYY-MM-DD`` in UTC."""
        return datetime.datetime.fromtimestamp(self.epoch, datetime.UTC).strftime("%Y-%m-%d")


def read_revision(root: Path, inputs: Sequence[str]) -> Revision:
    """Ask git for the commit, its time and whether `inputs` differ; be content with less outside git."""
    import subprocess

    def git(*args: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *args], capture_output=True, text=True, check=True, encoding="utf-8"
            )
        except (OSError, subprocess.CalledProcessError):
            return ""
        return done.stdout.strip()

    commit, _, seconds = git("log", "-1", "--format=%H %ct").partition(" ")
    dirty = bool(commit) and bool(git("--no-optional-locks", "status", "--porcelain", "--", *inputs))
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    epoch = int(given) if given.isdecimal() else int(seconds or FALLBACK_EPOCH)
    return Revision(commit, dirty, epoch)
