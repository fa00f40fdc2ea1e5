"""Who changed which words between two commits, and when: by what each commit's patch lets come and go.

Not by `git blame`, which knows lines: whoever breaks a line anew would have written it.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paperbuild.article.tokens import CAME, WENT
from paperbuild.article.tracked import Hand
from paperbuild.ground.errors import PaperError
from paperbuild.ground.gitrepo import git

ENOUGH = 0.5
"""Share of the words of a change that must come or go in a place of a patch for it to be that change."""

_COMMIT = "\x01"
_FATES = {"+": CAME, "-": WENT}


@dataclass(frozen=True)
class _Place:
    """A place of a patch: whose it is, and its words by their fate; `around` has all of them."""

    hand: Hand
    words: dict[str, frozenset[str]]
    around: frozenset[str]

    def fits(self, near: frozenset[str]) -> float:
        """Return which share of its words, or of others where these are fewer, both have in common."""
        return len(near & self.around) / (min(len(near), len(self.around)) or 1)


class Hands:
    """The patches that lead from one commit to another.

    Parameters
    ----------
    log : str
        What ``git log`` says of them, the newest first (see `between`).
    """

    def __init__(self, log: str) -> None:
        self._places = _places(log)
        self._with: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, place in enumerate(self._places):
            for fate, words in place.words.items():
                for word in words:
                    self._with[fate, word].append(number)

    def of(self, fate: str, said: str, near: str) -> Hand | None:
        """Return whose change it is; None where no patch says so.

        Parameters
        ----------
        fate : str
            `CAME` or `WENT`.
        said : str
            The words that came or went.
        near : str
            The paragraph or row they stand in, as it was and as it is.
        """
        words, around = _words(said), _words(near)
        shared = Counter(place for word in words for place in self._with[fate, word])
        told = [number for number in shared if shared[number] >= ENOUGH * len(words)]
        # What the build prints, such as a citation, stands in no patch; that its paragraph changed does.
        for number in () if told else range(len(self._places)):
            if self._places[number].words[fate] and self._places[number].fits(around) >= ENOUGH:
                told.append(number)
        # Of equal ones the newest, which comes first: what was changed twice is whose change was the last.
        best = max(told, key=lambda one: (shared[one], self._places[one].fits(around), -one), default=None)
        return None if best is None else self._places[best].hand


def between(root: Path, old: str, new: str, paths: Sequence[str]) -> Hands | None:
    """Return who changed some files between two commits; None where git does not know both.

    Parameters
    ----------
    root : Path
        Project root.
    old, new : str
        Commits.
    paths : sequence of str
        Files and folders, from the root.
    """
    if not old or not new:
        return None
    # Words are what blanks part: any pattern of words would hang on the user's locale.
    look = ["--no-color", "--no-ext-diff", "--no-renames", "--unified=0", "--word-diff=porcelain"]
    try:
        log = git(root, "log", f"--format={_COMMIT}%aN\t%aI", *look, f"{old}..{new}", "--", *paths)
    except PaperError:
        return None
    return Hands(log)


def last(root: Path, old: str, new: str, path: str) -> Hand | None:
    """Return whose the last commit between two is that changed a file; None where there is none."""
    try:
        told = git(root, "log", "-1", "--format=%aN\t%aI", f"{old}..{new}", "--", path) if old and new else ""
    except PaperError:
        return None
    return _hand(told) if told else None


def _hand(told: str) -> Hand:
    author, _, date = told.partition("\t")
    when = datetime.datetime.fromisoformat(date).astimezone(datetime.UTC)
    return Hand(author, when.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


def _places(log: str) -> list[_Place]:
    found: list[_Place] = []
    hand, lines, inside = Hand(), [""], False

    def end() -> None:
        if inside:
            said = {
                fate: _words(" ".join(x[1:] for x in lines if x[:1] == sign)) for sign, fate in _FATES.items()
            }
            found.append(_Place(hand, said, _words(" ".join(x[1:] for x in lines if x[:1] in " +-"))))

    for line in log.split("\n"):
        if line.startswith(("@@", "diff --git ", _COMMIT)):
            end()
            lines, inside = [], line.startswith("@@")
            if line.startswith(_COMMIT):
                hand = _hand(line[1:])
        elif inside:
            lines.append(line)
    end()
    return found
