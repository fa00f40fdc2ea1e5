"""What a verification found, as a certificate for readers (HTML, Markdown) and machines (JSON, CODECHECK)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.ground import pages
from paperbuild.ground.files import read_own
from paperbuild.project.layout import OUTPUT
from paperbuild.proof.ladder import NUMBERS, Comparison, Reason, Rung, Verdict, verdict, widest

CERTIFICATE = "certificate"
"""What the certificate is called below ``_output/``, by its forms."""
FORMS = ("json", "md", "html")
_SAYS = {"verdict", "commit", "environment", "outputs"}
PAGE = Path(__file__).parent / "assets" / "certificate.html.j2"


def read_certificate(path: Path) -> dict[str, Any] | None:
    """Return what a certificate's JSON says; None where there is none, or it is none."""
    record = read_own(path)
    if (
        not isinstance(record, dict)
        or not _SAYS <= set(record)
        or not isinstance(record["environment"], dict)
    ):
        return None
    return record if isinstance(record.get("printed_changed", 0), int) else None


@dataclass(frozen=True)
class Certificate:
    """The outcome of one verification.

    Attributes
    ----------
    title : str
        The article.
    commit : str
        What was verified, 40 hexadecimal digits.
    checked : str
        Time of the verification, ISO 8601 in UTC.
    seconds : float
        Time the rebuild took.
    environment : mapping
        Python, operating system, machine, typesetting engine.
    outputs : sequence of Comparison
        One for each committed output.
    failure : str
        The last lines of a rebuild that failed; empty where it did not.
    notes : sequence of str
        What the reader must know besides: uncommitted files, documents without a reference.
    """

    title: str
    commit: str
    checked: str
    seconds: float
    environment: Mapping[str, str]
    outputs: Sequence[Comparison]
    failure: str = ""
    notes: Sequence[str] = ()

    @property
    def verdict(self) -> Verdict:
        """What becomes of the article as a whole."""
        return verdict(self.outputs, bool(self.failure))

    @property
    def reproduced(self) -> bool:
        """Whether every output reproduced."""
        return self.verdict == Verdict.FULL

    @property
    def reasons(self) -> list[Reason]:
        """Why some outputs are not their references, each reason once."""
        given = {one.code for one in self.outputs}
        if self.failure:
            given.add(Reason.BUILD_FAILED)
        return [reason for reason in Reason if reason in given]

    @property
    def changed(self) -> str:
        """Which of two things changed, the results or only the document, in a sentence; empty for neither."""
        failing = [one for one in self.outputs if not one.rung.reproduces]
        results = [one for one in failing if not one.is_document]
        gaps = [one for one in self.outputs if one.rung in (Rung.WITHIN_TOLERANCE, Rung.SAME_ROUNDING)]
        if results:
            printed = sum(one.printed for one in results)
            also = len(failing) - len(results)
            return (
                f"The results changed: {len(results)} figures, tables or numbers do not reproduce, "
                f"{printed or 'none'} of them with another printed value"
                + (f"; {also} documents with them." if also else "; the documents are as they were.")
            )
        if failing:
            return (
                f"Only the document changed ({', '.join(one.path for one in failing)}): "
                "every figure, table and number reproduces."
            )
        if gaps:
            far = widest(one.gap for one in gaps)
            printed = sum(one.printed for one in gaps)
            return (
                f"Last bits differ in {len(gaps)} outputs"
                + (f", {far}" if far else "")
                + f"; printed results that changed: {printed or 'none'}."
            )
        return ""

    @property
    def aea(self) -> str:
        """Class and reasons as a report to the data editor of the American Economic Association has them."""
        reasons = dict.fromkeys(reason.aea for reason in self.reasons if reason.aea)
        return "; ".join([self.verdict.aea, *reasons])

    def counts(self) -> dict[str, int]:
        """Number of outputs on each rung that is met at all."""
        met = Counter(one.rung for one in self.outputs)
        return {rung.label: met[rung] for rung in Rung if met[rung]}

    def as_json(self) -> dict[str, Any]:
        """The certificate for machines."""
        return {
            "verdict": self.verdict,
            "meaning": self.verdict.meaning,
            "changed": self.changed,
            "printed_changed": sum(one.printed for one in self.outputs),
            "reasons": {code: code.meaning for code in self.reasons},
            "aea": self.aea,
            "title": self.title,
            "commit": self.commit,
            "checked": self.checked,
            "seconds": round(self.seconds, 1),
            "environment": dict(self.environment),
            "counts": self.counts(),
            "outputs": [
                {
                    "path": one.path,
                    "rung": one.rung.label,
                    "expected": one.expected,
                    "found": one.found,
                    "reason": one.reason,
                    "code": one.code or "",
                    "printed_changed": one.printed,
                    "largest_relative": one.gap.relative if one.gap else None,
                    "largest_absolute": one.gap.absolute if one.gap else None,
                    "details": list(one.details),
                }
                for one in self.outputs
            ],
            "failure": self.failure,
            "notes": list(self.notes),
        }

    def as_markdown(self) -> str:
        """The certificate as a replication report in Markdown."""
        lines = [
            f"# Certificate of reproduction: {self.verdict}",
            "",
            f"*{self.title}*",
            "",
            f"{self.verdict.meaning.capitalize()}. {self.changed}".rstrip(),
            "",
            f"- AEA class: {self.aea}",
            f"- commit: `{self.commit}`",
            f"- checked: {self.checked}, by `paper verify` in a clean clone, in {self.seconds:.0f} s",
            *(f"- {key}: {value}" for key, value in self.environment.items()),
            *(f"- {rung}: {count} outputs" for rung, count in self.counts().items()),
            *(f"- reason `{code}`: {code.meaning}" for code in self.reasons),
            *(f"- note: {note}" for note in self.notes),
            "",
        ]
        if self.failure:
            lines += ["## The rebuild failed", "", "```", self.failure, "```", ""]
        lines += ["| output | verdict | expected | found | remark |", "|:--|:--|:--|:--|:--|"]
        for one in self.outputs:
            cells = (f"`{one.path}`", one.rung.label, one.expected, one.found, one.reason)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        for one in self.outputs:
            if one.details:
                lines += ["", f"## {one.path}", "", *(f"- {detail}" for detail in one.details)]
        return "\n".join(lines) + "\n"

    def as_html(self) -> str:
        """The certificate as one page that needs no network: the verdict, what differs, the rest folded."""
        differing = [one for one in self.outputs if not one.rung.reproduces]
        return pages.render(
            PAGE,
            certificate=self,
            differing=differing,
            # Reproduced, and yet not the same: worth a look, and no reason for alarm.
            close=[one for one in self.outputs if one.code and one.rung.reproduces],
            groups={
                "Figures and tables": [one for one in self.outputs if not (one.is_document or one.is_number)],
                "Numbers": [one for one in self.outputs if one.is_number],
                "Documents": [one for one in self.outputs if one.is_document],
            },
        )


def codecheck(record: Mapping[str, Any], authors: Sequence[str]) -> dict[str, Any]:
    """Return a certificate in the terms of a CODECHECK configuration (`codecheck.yml`, version 1).

    Parameters
    ----------
    record : mapping
        What `Certificate.as_json` made.
    authors : sequence of str
        Names of the article's authors.
    """
    files = [output for output in record["outputs"] if not output["path"].startswith(NUMBERS)]
    return {
        "version": "https://codecheck.org.uk/spec/config/1.0/",
        "paper": {"title": record["title"], "authors": [{"name": name} for name in authors]},
        "manifest": [
            {"file": one["path"], "comment": ": ".join(filter(None, (one["rung"], one["reason"])))}
            for one in files
        ],
        "codechecker": [{"name": "paper verify (automatic, no person)"}],
        "summary": f"{record['verdict']}: {record['meaning']}",
        "check_time": record["checked"],
        "report": f"{OUTPUT}/{CERTIFICATE}.html",
    }
