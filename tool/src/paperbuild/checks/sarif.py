"""What `paper check` found as SARIF 2.1.0, the form in which code hosts show findings at their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from paperbuild.checks.check import RULES, Outcome
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_json
from paperbuild.project.layout import PARAMETERS

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
SETTINGS = "settings-of-the-check"
"""Under this name the findings about ``checks:`` in the settings, which belong to no rule."""

# `paper.qmd:12`, `data/towns.csv`, `analysis/01-a.ipynb, cell map`, `01-a › map`.
_PLACE = re.compile(r"(?P<path>[^:,›]*[^:,›\s])(?::(?P<line>\d+))?(?P<rest>.*)", re.DOTALL)


def sarif(outcome: Outcome, version: str, folder: PurePosixPath) -> dict[str, Any]:
    """Return an outcome as a SARIF log of one run.

    Parameters
    ----------
    outcome : Outcome
        What became of the check.
    version : str
        Of the tool.
    folder : PurePosixPath
        The project's place in its repository: a code host reads paths from the top of that.
    """
    rules = [
        {
            "id": rule.name,
            "shortDescription": {"text": rule.why},
            "fullDescription": {"text": f"{rule.why} Looks at: {rule.looks_at}."},
            "defaultConfiguration": {"level": "note" if rule.note else "error"},
        }
        for rule in RULES
    ]
    rules.append({"id": SETTINGS, "shortDescription": {"text": "A rule that is switched off must exist."}})
    levels = {rule.name: "note" if rule.note else "error" for rule in RULES}
    results = [_result(name, levels.get(name, "error"), one, folder) for name, one in _with_rules(outcome)]
    driver = {"name": "paper check", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _with_rules(outcome: Outcome) -> Iterator[tuple[str, PaperError]]:
    yield from ((SETTINGS, one) for one in outcome.strange)
    for name, found in outcome.found.items():
        yield from ((name, one) for one in found)


def _result(rule: str, level: str, one: PaperError, folder: PurePosixPath) -> dict[str, Any]:
    path, line = _place(one.where)
    region = {"region": {"startLine": line}} if line else {}
    location = {"artifactLocation": {"uri": quote((folder / path).as_posix())}, **region}
    lines = [one.message]
    lines += [f"Expected: {one.expected}"] if one.expected else []
    lines += [f"Remedy: {one.remedy}"] if one.remedy else []
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": "\n".join(lines)},
        "locations": [{"physicalLocation": location}],
        # Without the line: a finding that moved down with its paragraph is the same finding.
        "partialFingerprints": {"paper/v1": sha256_json([rule, path, one.message])[:32]},
    }


def _place(where: str) -> tuple[str, int]:
    """Return file and line of a finding's place; line 0 where it names none.

    A place that names no file stands for the settings: a code host shows nothing without a file.
    """
    found = _PLACE.fullmatch(where)
    if not found or not PurePosixPath(found["path"]).suffix:
        return PARAMETERS, 0
    return found["path"], int(found["line"] or 0)
