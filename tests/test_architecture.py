"""The documentation of this project names what there is, and its examples hold."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = (ROOT / "src", ROOT / "tool/src")
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(source).with_suffix("").parts)
    for source in SOURCES
    for path in source.rglob("*.py")
    if "templates" not in path.parts and re.search(r">>> (?!.*\+SKIP)", path.read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("page", ["docs/architecture.md", "tool/docs/cases.md"])
def test_the_tests_that_a_page_names_are_there(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / page).read_text(encoding="utf-8")))
    there = {
        name
        for folder in ("tests", "tool/tests")
        for file in (ROOT / folder).rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= there, named - there


def test_each_case_that_failed_names_its_test() -> None:
    rows = [
        line.strip("|").split(" | ")
        for line in (ROOT / "tool/docs/cases.md")
        .read_text(encoding="utf-8")
        .partition("\n## ")[0]
        .splitlines()
        if line.startswith("| ") and not line.startswith(("| **", "| case"))
    ]
    assert len(rows) > 60
    assert [row[0].strip() for row in rows if len(row) != 4 or "`test_" not in row[3]] == []


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_in_the_code_hold(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module.removesuffix(".__init__")))
    assert found.attempted
    assert not found.failed
