"""What the user is told when something is wrong: file, place, expectation, remedy; never a bare traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path


class PaperError(Exception):
    """A finding that ends a command with exit code 1.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    where : str, optional
        File and place, as ``file:line`` or ``notebook › cell``.
    expected : str, optional
        What would have been right.
    remedy : str, optional
        The command or edit that fixes it or shows more.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", expected: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.where, self.expected, self.remedy = message, where, expected, remedy

    def __str__(self) -> str:
        """Return the finding as the lines the terminal shows."""
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        lines += [f"  expected: {self.expected}"] if self.expected else []
        lines += [f"  remedy:   {self.remedy}"] if self.remedy else []
        return "\n".join(lines)


class UsageError(PaperError):
    """The command was typed wrongly (exit code 2)."""

    exit_code = 2


class Findings(PaperError):  # noqa: N818 - a report of several, not an error of its own kind
    """Several findings reported at once, in the order given."""

    def __init__(self, findings: Sequence[PaperError]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = tuple(findings)
        # Wrong use only where nothing else is wrong: what is wrong in a file stays wrong however one types.
        self.exit_code = min((finding.exit_code for finding in findings), default=1)

    def __str__(self) -> str:
        """Return all findings, one after the other."""
        return "\n".join(str(finding) for finding in self.findings)


def raise_all(findings: Sequence[PaperError]) -> None:
    """Raise nothing, the single finding, or all of them together."""
    if findings:
        raise findings[0] if len(findings) == 1 else Findings(findings)


def shortened(text: str, length: int = 100) -> str:
    """Return what a message shows of a text: all of it, or its beginning."""
    return text if len(text) <= length else text[: length - 1] + "…"


def suggestion(name: object, known: Iterable[object]) -> str:
    """Return ``; did you mean 'x'?`` when `name` looks like one of `known`, else nothing."""
    import difflib

    close = difflib.get_close_matches(str(name), [str(item) for item in known], n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def unexpected(error: Exception, log: Path) -> PaperError:
    """Turn an error nobody foresaw into a short message, with the traceback kept in `log` for a report."""
    import traceback

    with contextlib.suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return PaperError(
        f"unexpected {type(error).__name__}: {error}",
        where="paperbuild",
        expected="this is a fault of the build, not of your text or data",
        remedy=f"the traceback is in {log}; please report it",
    )
