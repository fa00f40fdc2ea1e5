"""What a build did, in records and in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import HashCache


def clock(seconds: float) -> str:
    """Return a duration as people read it: ``0.4 s``, ``12 s``, ``3:05``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@dataclass
class Report:
    """What a build did.

    Attributes
    ----------
    cache : HashCache
        Hashes and facts as the build left them, for whoever looks at what it published.
    ran, restored, fresh : list of str
        Steps by what it took to have their results.
    failures : dict of str to PaperError
        Steps that failed, with the reason.
    skipped : list of str
        Steps not tried because one before them failed.
    notes : dict of str to sequence of str
        What steps that ran have to say about their result.
    warning : str
        What is not as it should be in what everything was made with (`paperbuild.build.plan.Plan.warning`).
    seconds : float
        Wall time.
    """

    cache: HashCache
    ran: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    failures: dict[str, PaperError] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    notes: dict[str, Sequence[str]] = field(default_factory=dict)
    warning: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every step has its result."""
        return not self.failures

    def summary(self) -> str:
        """Return one line on what happened."""
        counted = [("ran", self.ran), ("restored", self.restored), ("up to date", self.fresh)]
        counted += [("failed", list(self.failures)), ("not tried", self.skipped)]
        told = ", ".join(f"{len(steps)} {word}" for word, steps in counted if steps)
        return f"{told} in {clock(self.seconds)}"
