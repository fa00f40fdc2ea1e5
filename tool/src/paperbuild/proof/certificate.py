"""What a verification found, as a certificate for readers (HTML, Markdown) and machines (JSON, CODECHECK)."""

import base64
import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paperbuild.proof.compare import Comparison, Rung, widest

VERDICTS = {
    "full": "every output is identical, identical in content, or within its declared tolerance",
    "minor": "every output prints the same values; some lie beyond the declared tolerance",
    "partial": "some outputs differ or were not produced",
    "not reproduced": "no output could be reproduced",
}
REASONS = {
    "build-failed": "the rebuild stopped with an error",
    "broken-reference": "a committed reference is damaged and cannot be read",
    "edited-output": "a committed output is not the one that the committed manifest lists",
    "misstated-output": "the committed manifest says something of an output that the rebuild does not",
    "unlisted-output": "a committed output is not in the committed manifest",
    "missing-output": "a committed output was not produced",
    "new-output": "the rebuild made an output that is not committed",
    "numerical-difference": "values differ beyond the declared tolerance",
    "visual-difference": "a figure looks different",
    "text-difference": "the text of a document differs",
    "rounding": "values differ beyond the tolerance but print alike",
    "other-engine": "a document was typeset by another engine than the reference's",
    "last-bits": "last bits differ, as on another processor: within tolerance, and nothing printed changed"
    " (counts as reproduced)",
    "declared-tolerance": "printed values differ within a tolerance that the author declared"
    " (counts as reproduced)",
}

# How a remark begins that decides the reason code.
BROKEN = "the manifest is broken"
EDITED = "edited after the build that listed it"
MISSTATED = "the manifest says"
UNLISTED = "committed, but not in the manifest"
OTHER_ENGINE = "typeset by another engine"


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
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        rungs = [one.rung for one in self.outputs]
        if not rungs or min(rungs) > Rung.SAME_ROUNDING:
            return "not reproduced"
        if self.failure or max(rungs) > Rung.SAME_ROUNDING:
            return "partial"
        return "full" if max(rungs) <= Rung.WITHIN_TOLERANCE else "minor"

    @property
    def reproduced(self) -> bool:
        """Whether every output reproduced."""
        return self.verdict == "full"

    @property
    def reasons(self) -> list[str]:
        """Codes from `REASONS` that explain a verdict other than full."""
        codes = {"build-failed"} if self.failure else set()
        codes.update(filter(None, map(self.reason_code, self.outputs)))
        return [code for code in REASONS if code in codes]

    def reason_code(self, one: Comparison) -> str:
        """Why one output is not the same as its reference: a code from `REASONS`; empty where it is."""
        remarks = {
            BROKEN: "broken-reference",
            "the committed reference is broken": "broken-reference",
            EDITED: "edited-output",
            MISSTATED: "misstated-output",
            UNLISTED: "unlisted-output",
            OTHER_ENGINE: "other-engine" if one.rung <= Rung.SAME_ROUNDING else "text-difference",
        }
        for remark, code in remarks.items():
            # A damaged file is told as damaged, though it is edited as well.
            if one.reason.startswith(remark) or (code == "broken-reference" and remark in one.reason):
                return code
        document = one.path.startswith("_output/")
        codes = {
            Rung.IDENTICAL: "",
            Rung.SAME_CONTENT: "",
            Rung.WITHIN_TOLERANCE: "declared-tolerance" if one.printed else "last-bits",
            Rung.SAME_ROUNDING: "rounding",
            Rung.NOT_PRODUCED: "missing-output",
        }
        if one.rung in codes:
            return codes[one.rung]
        if not one.expected:
            return "new-output"
        if one.path.endswith((".svg", ".png")):
            return "visual-difference"
        return "text-difference" if document else "numerical-difference"

    @property
    def changed(self) -> str:
        """Which of two things changed, the results or only the document, in a sentence; empty for neither."""
        failing = [one for one in self.outputs if not one.rung.reproduces]
        results = [one for one in failing if not one.path.startswith("_output/")]
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

    def counts(self) -> dict[str, int]:
        """Number of outputs on each rung that is met at all."""
        met = Counter(one.rung for one in self.outputs)
        return {rung.label: met[rung] for rung in Rung if met[rung]}

    def as_json(self) -> dict[str, Any]:
        """The certificate for machines."""
        return {
            "verdict": self.verdict,
            "meaning": VERDICTS[self.verdict],
            "changed": self.changed,
            "printed_changed": sum(one.printed for one in self.outputs),
            "reasons": {code: REASONS[code] for code in self.reasons},
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
                    "code": self.reason_code(one),
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
            f"{VERDICTS[self.verdict].capitalize()}. {self.changed}".rstrip(),
            "",
            f"- commit: `{self.commit}`",
            f"- checked: {self.checked}, by `paper verify` in a clean clone, in {self.seconds:.0f} s",
            *(f"- {key}: {value}" for key, value in self.environment.items()),
            *(f"- {rung}: {count} outputs" for rung, count in self.counts().items()),
            *(f"- reason `{code}`: {REASONS[code]}" for code in self.reasons),
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
        """The certificate as one page that needs no network: the table, then what differs, with pictures."""
        escape = html.escape
        facts = {
            "Commit": self.commit,
            "Checked": f"{self.checked}, in a clean clone, in {self.seconds:.0f} s",
            **{key.capitalize(): value for key, value in self.environment.items()},
            "Outputs": ", ".join(f"{count} {rung}" for rung, count in self.counts().items()),
        }
        rows = "".join(
            f'<tr class="{"good" if one.rung.reproduces else "bad"}"><td><code>{escape(one.path)}</code></td>'
            f"<td>{one.rung.label}</td><td>{escape(one.expected)}</td><td>{escape(one.found)}</td>"
            f"<td>{escape(one.reason)}</td></tr>\n"
            for one in self.outputs
        )
        closer = "".join(
            f"<h3><code>{escape(one.path)}</code>: {one.rung.label}</h3><p>{escape(one.reason)}</p>"
            + "".join(f"<pre>{escape(detail)}</pre>" for detail in one.details)
            + (_picture(one) if one.picture else "")
            for one in self.outputs
            if one.details or one.picture
        )
        return _PAGE.format(
            title=escape(self.title),
            verdict=self.verdict,
            tone="good" if self.reproduced else "bad",
            meaning=VERDICTS[self.verdict].capitalize(),
            changed=escape(self.changed),
            reasons="".join(f"<li><b>{code}</b>: {REASONS[code]}</li>" for code in self.reasons),
            notes="".join(f"<li>{escape(note)}</li>" for note in self.notes),
            facts="".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items()),
            failure=f"<h2>The rebuild failed</h2><pre>{escape(self.failure)}</pre>" if self.failure else "",
            rows=rows,
            closer=f"<h2>Closer look</h2>{closer}" if closer else "",
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
    files = [output for output in record["outputs"] if not output["path"].startswith("numbers/")]
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
        "report": "_output/certificate.html",
    }


def _picture(one: Comparison) -> str:
    data = base64.b64encode(one.picture or b"").decode("ascii")
    alt = f"Reference, rebuilt result and difference of {one.path} side by side: {one.reason}"
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Certificate of reproduction: {verdict}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }}
h1 span {{ padding: .1em .5em; border-radius: .3em; color: #fff }}
h1 .good {{ background: #1b6e45 }} h1 .bad {{ background: #a33b1f }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem }}
dt {{ font-weight: 600 }} dd {{ margin: 0 }}
.wide {{ overflow-x: auto }} table {{ border-collapse: collapse; font-size: .85rem }}
td, th {{ text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top }}
tr.bad {{ background: #fbe9e4 }} img {{ max-width: 100%; border: 1px solid #ddd }}
pre {{ white-space: pre-wrap; background: #f5f5f5; padding: .4rem .8rem }}
dd, code {{ overflow-wrap: anywhere }}
</style></head><body>
<h1>Certificate of reproduction: <span class="{tone}">{verdict}</span></h1>
<p><i>{title}</i></p><p>{meaning}. {changed}</p><ul>{reasons}{notes}</ul><dl>{facts}</dl>{failure}
<h2>Outputs</h2><div class="wide"><table>
<tr><th>Output</th><th>Verdict</th><th>Expected</th><th>Found</th><th>Remark</th></tr>
{rows}</table></div>{closer}
</body></html>
"""
