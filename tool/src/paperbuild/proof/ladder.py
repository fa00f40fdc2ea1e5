"""The ladder: how far an output agrees with its reference, why not further, and what that makes of the whole.

Identical bytes → identical content → within the declared tolerance → same printed rounding → differs →
not produced.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from pathlib import PurePosixPath
from typing import TypeVar

from paperbuild.project.layout import OUTPUT

Content = TypeVar("Content")

NUMBERS = "numbers/"
"""How the path of a number begins, which is no file."""
PICTURES = (".svg", ".png")
TEXTUAL = (".csv", ".md")


class Rung(IntEnum):
    """How far an output agrees with its reference; smaller is better."""

    IDENTICAL = 1
    SAME_CONTENT = 2
    WITHIN_TOLERANCE = 3
    SAME_ROUNDING = 4
    DIFFERS = 5
    NOT_PRODUCED = 6

    @property
    def label(self) -> str:
        """The rung in words."""
        return self.name.lower().replace("_", " ")

    @property
    def reproduces(self) -> bool:
        """Whether this counts as reproduced."""
        return self <= Rung.WITHIN_TOLERANCE


class Reason(StrEnum):
    """Why an output is not its reference, as certificates name it; in the order in which they are told."""

    BUILD_FAILED = "build-failed"
    BROKEN_REFERENCE = "broken-reference"
    EDITED = "edited-output"
    MISSTATED = "misstated-output"
    UNLISTED = "unlisted-output"
    MISSING = "missing-output"
    NEW = "new-output"
    NUMERICAL = "numerical-difference"
    VISUAL = "visual-difference"
    TEXT = "text-difference"
    ROUNDING = "rounding"
    OTHER_ENGINE = "other-engine"
    LAST_BITS = "last-bits"
    DECLARED = "declared-tolerance"

    @property
    def meaning(self) -> str:
        """The reason in a sentence."""
        return _MEANINGS[self]

    @property
    def aea(self) -> str:
        """How a report to the data editor of the American Economic Association names it; empty for none.

        Source: the template of these reports, AEADataEditor/replication-template, `REPLICATION.md`.
        """
        if self in (Reason.LAST_BITS, Reason.DECLARED):
            return ""
        return "Code not functional" if self is Reason.BUILD_FAILED else "Discrepancy in output"


_MEANINGS = {
    Reason.BUILD_FAILED: "the rebuild stopped with an error",
    Reason.BROKEN_REFERENCE: "a committed reference is damaged and cannot be read",
    Reason.EDITED: "a committed output is not the one that the committed manifest lists",
    Reason.MISSTATED: "the committed manifest says something of an output that the rebuild does not",
    Reason.UNLISTED: "a committed output is not in the committed manifest",
    Reason.MISSING: "a committed output was not produced",
    Reason.NEW: "the rebuild made an output that is not committed",
    Reason.NUMERICAL: "values differ beyond the declared tolerance",
    Reason.VISUAL: "a figure looks different",
    Reason.TEXT: "the text of a document differs",
    Reason.ROUNDING: "values differ beyond the tolerance but print alike",
    Reason.OTHER_ENGINE: "a document was typeset by another engine than the reference's",
    Reason.LAST_BITS: "last bits differ, as on another processor: within tolerance, and nothing printed"
    " changed (counts as reproduced)",
    Reason.DECLARED: "printed values differ within a tolerance that the author declared"
    " (counts as reproduced)",
}


class Verdict(StrEnum):
    """What becomes of a verification as a whole."""

    FULL = "full"
    MINOR = "minor"
    PARTIAL = "partial"
    NONE = "not reproduced"

    @property
    def meaning(self) -> str:
        """The verdict in a sentence."""
        return {
            Verdict.FULL: "every output is identical, identical in content, or within its declared tolerance",
            Verdict.MINOR: "every output prints the same values; some lie beyond the declared tolerance",
            Verdict.PARTIAL: "some outputs differ or were not produced",
            Verdict.NONE: "no output could be reproduced",
        }[self]

    @property
    def aea(self) -> str:
        """The class in reports to the data editor of the American Economic Association (see `Reason.aea`)."""
        return {
            Verdict.FULL: "full reproduction",
            Verdict.MINOR: "full reproduction with minor issues",
            Verdict.PARTIAL: "partial reproduction",
            Verdict.NONE: "not able to reproduce most or all of the results",
        }[self]


@dataclass(frozen=True)
class Gap:
    """The largest difference among the values of an output, and where it is.

    Attributes
    ----------
    absolute : float
        In the value's own unit.
    relative : float
        As a share of the larger magnitude.
    where : str
        Row and column, or the number's name.
    """

    absolute: float
    relative: float
    where: str

    def __str__(self) -> str:
        """The difference in one line."""
        return f"largest difference {self.relative:.1e} relative, {self.absolute:.1e} absolute ({self.where})"


def gap_between(expected: float, found: float, where: str) -> Gap | None:
    """The difference of two values; None where either is no finite number."""
    try:
        left, right = float(expected), float(found)
    except OverflowError:
        return None
    if not (math.isfinite(left) and math.isfinite(right)):
        return None
    larger = max(abs(left), abs(right))
    apart = abs(left - right)
    return Gap(apart, apart / larger if larger else 0.0, where)


def widest(gaps: Iterable[Gap | None]) -> Gap | None:
    """The gap that is largest in relative terms; None among none."""
    return max((gap for gap in gaps if gap), key=lambda gap: (gap.relative, gap.absolute), default=None)


@dataclass(frozen=True)
class Comparison:
    """What became of one output.

    Attributes
    ----------
    path : str
        The output, relative to the root; `numbers/NAME` for a number.
    rung : Rung
        The first rung it meets.
    expected, found : str
        Short statement of reference and result: a hash, a value, a count.
    reason : str
        Why it is not identical, in one line; empty where it is.
    details : tuple of str
        Differences worth reading: cells, lines.
    picture : bytes or None
        PNG of reference, result and difference side by side.
    gap : Gap or None
        The largest difference of a value, where values differ.
    printed : bool
        Whether something that the article prints changed: a number's text, a printed table, a document.
    flaw : Reason or None
        What is wrong besides the content itself: a damaged, edited or unlisted reference, another engine.
    """

    path: str
    rung: Rung
    expected: str = ""
    found: str = ""
    reason: str = ""
    details: tuple[str, ...] = ()
    picture: bytes | None = None
    gap: Gap | None = None
    printed: bool = False
    flaw: Reason | None = None

    @property
    def is_number(self) -> bool:
        """Whether this is a recorded number, which is no file of its own."""
        return self.path.startswith(NUMBERS)

    @property
    def is_document(self) -> bool:
        """Whether this is a typeset document, which follows from the results."""
        return self.path.startswith(f"{OUTPUT}/")

    @property
    def code(self) -> Reason | None:
        """Why the output is not the same as its reference; None where it is."""
        if self.flaw:
            return self.flaw
        if self.rung <= Rung.SAME_CONTENT:
            return None
        if self.rung == Rung.WITHIN_TOLERANCE:
            return Reason.DECLARED if self.printed else Reason.LAST_BITS
        if self.rung == Rung.SAME_ROUNDING:
            return Reason.ROUNDING
        if self.rung == Rung.NOT_PRODUCED:
            return Reason.MISSING
        if not self.expected:
            return Reason.NEW
        if self.path.endswith(PICTURES):
            return Reason.VISUAL
        return Reason.TEXT if self.is_document else Reason.NUMERICAL

    def flawed(self, flaw: Reason, words: str, at_least: Rung = Rung.DIFFERS) -> Comparison:
        """Return the comparison with a flaw of the reference, which no agreement of content makes good.

        A damaged reference stays told as damaged, whatever else is wrong with it.
        """
        if self.flaw == Reason.BROKEN_REFERENCE:
            flaw = self.flaw
        reason = "; ".join(filter(None, (words, self.reason)))
        return replace(self, rung=max(self.rung, at_least), reason=reason, flaw=flaw)


def verdict(outputs: Sequence[Comparison], failed: bool) -> Verdict:
    """Return what outputs make of a verification; `failed` where the rebuild stopped with an error."""
    rungs = [one.rung for one in outputs]
    if not rungs or min(rungs) > Rung.SAME_ROUNDING:
        return Verdict.NONE
    if failed or max(rungs) > Rung.SAME_ROUNDING:
        return Verdict.PARTIAL
    return Verdict.FULL if max(rungs) <= Rung.WITHIN_TOLERANCE else Verdict.MINOR


def short_hash(content: bytes) -> str:
    """Return the hash of bytes as a certificate states it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()[:12]


def read_both(
    path: str, expected: bytes, found: bytes, read: Callable[[bytes], Content]
) -> tuple[Content, Content] | Comparison:
    """Return reference and result as `read` understands them, or the comparison that tells which is broken.

    A reference comes from a repository and may be damaged in any way; what a decoder raises on foreign bytes
    is its own affair (Pillow alone has SyntaxError, OSError, ValueError, zlib.error), so every error counts.
    """
    sides = []
    for title, content in (("committed reference", expected), ("rebuilt file", found)):
        try:
            sides.append(read(content))
        except Exception as error:
            kind = "text" if PurePosixPath(path).suffix in TEXTUAL else "a picture"
            words = (str(error).splitlines() or [type(error).__name__])[0][:160]
            return Comparison(
                path,
                Rung.DIFFERS,
                short_hash(expected),
                short_hash(found),
                reason=f"the {title} is broken, it cannot be read as {kind}: {words}",
                # What a pipe table holds is what the article prints.
                printed=path.endswith(".md"),
                flaw=Reason.BROKEN_REFERENCE if content is expected else None,
            )
    return sides[0], sides[1]
