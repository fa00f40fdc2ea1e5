"""The documentation of this project names what there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_tests_that_the_architecture_names_are_there():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/architecture.md").read_text(encoding="utf-8")))
    there = {
        name
        for folder in ("tests", "tool/tests")
        for file in (ROOT / folder).rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= there
