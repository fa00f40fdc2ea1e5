"""One kind of step: what a build is made of, whatever it makes.

A step's inputs are a flat mapping from a readable key (``data data/regions.csv``, ``module src/x/y.py``,
``package pandas``) to a short string (a hash or a version). The fingerprint is the hash of that mapping, so
whatever makes a step stale can be named by comparing two mappings.
"""

from __future__ import annotations

import contextlib
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_bytes, sha256_json

Inputs = dict[str, str]


def fingerprint(inputs: Mapping[str, str]) -> str:
    """Return the hash of a step's inputs (32 hexadecimal digits)."""
    return sha256_json(dict(inputs))[:32]


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Say in words what changed between two sets of inputs, each as ``KIND NAME changed: old → new``."""
    lines = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if before is None:
            lines.append(f"{key} is new: {shorten(after)}")
        elif after is None:
            lines.append(f"{key} is gone: {shorten(before)}")
        else:
            lines.append(f"{key} changed: {shorten(before)} → {shorten(after)}")
    return lines


def shorten(value: str | None) -> str:
    """Return a hash cut to eight digits; versions and parameter values stay as they are."""
    text = value or ""
    return text[:8] if re.fullmatch(r"[0-9a-f]{12,64}", text) else text


@dataclass(frozen=True)
class Result:
    """What a step has made: files kept in a folder, and what they were made from.

    Attributes
    ----------
    folder : Path
        Where the files lie.
    files : mapping of str to str
        SHA-256 by path inside the folder.
    inputs : mapping of str to str
        The step's inputs at that time.
    """

    folder: Path
    files: Mapping[str, str]
    inputs: Mapping[str, str] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Return the kept file `name`."""
        return self.folder / "files" / name

    def content(self, name: str) -> bytes:
        """Return the bytes of the kept file `name`.

        Raises
        ------
        PaperError
            Where they are not those it was kept with.
        """
        content = self.path(name).read_bytes()
        if sha256_bytes(content) != self.files[name]:
            raise PaperError(
                f"the kept file {name} is damaged",
                where=str(self.folder),
                expected=f"the bytes it was kept with (sha256:{self.files[name][:12]})",
                remedy="paper clean --store, then paper build",
            )
        return content


Results = Mapping[str, Result]
"""Results so far, by the name of their step."""


class Running:
    """The steps that are being made, seen from whoever may have to end them.

    Parameters
    ----------
    tell : callable
        Is told how far a step is: its name, what it does, how much of that is done, of how much.
    """

    def __init__(self, tell: Callable[[str, str, int, int], None] = lambda *_: None) -> None:
        self.tell = tell
        self.stopping = False
        self._ends: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def ended_by(self, end: Callable[[], None]) -> Iterator[None]:
        """Have `end` called if everything must stop while the block runs.

        Raises
        ------
        PaperError
            If everything has been stopped already.
        """
        with self._lock:
            if self.stopping:
                raise PaperError("stopped")
            self._ends.append(end)
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)

    def stop(self) -> None:
        """End what runs, and let nothing more begin."""
        with self._lock:
            self.stopping = True
            ends = list(self._ends)
        for end in ends:
            end()


class Step(ABC):
    """One step of a build: what it is made from, how it is made, where its files go.

    Plan, scheduler and store know this face and nothing else. Whatever is asked of a step is given the
    results so far: at least those of the steps it waits for.

    Attributes
    ----------
    name : str
        What people see.
    after : tuple of str
        Names of the steps it waits for.
    verb : str
        What the progress says when it has been made.
    at_once : bool
        Whether what it does follows at once from the results before it: it makes and keeps nothing, only
        publishes, and goes without saying where steps are listed.
    reads_published : bool
        Whether it reads files where they are published, so that its inputs cannot be told before those of
        the steps it waits for lie there.
    away : bool
        Whether it is made elsewhere, so that it takes none of this machine's processors.
    on_cluster : bool
        Whether a cluster makes it, or does what it maps.
    """

    name: str
    after: tuple[str, ...]
    verb: ClassVar[str] = "ran"
    at_once: ClassVar[bool] = False
    reads_published: ClassVar[bool] = False
    away: bool = False
    on_cluster: bool = False

    @abstractmethod
    def inputs(self, before: Results) -> Inputs:
        """Return all it depends on, by readable key."""

    @abstractmethod
    def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
        """Make its files in the empty folder `staging`; return what there is to say about them, in words.

        Raises
        ------
        PaperError
            If that fails.
        """

    @abstractmethod
    def published(self, result: Result, before: Results) -> dict[str, str]:
        """Return the files people see of a result: SHA-256 by place.

        Places are texts: there may be ten thousand, and a path takes as long to make as to look at.
        """

    @abstractmethod
    def publish(self, result: Result, before: Results) -> None:
        """Put a result where people see it.

        Called for every step of a build once its result is there, one at a time, kept or made. A step may
        leave it to another that waits for it, so that several are published together or not at all.
        """

    def settled(self, result: Result, before: Results) -> bool:
        """Tell whether what goes with its published files, and is no file of its own, is as it should be."""
        return True

    @classmethod  # noqa: B027
    def prepare(cls, steps: Sequence[Step]) -> None:
        """Get ready to make these steps of one class; called once, before any of them is made."""
