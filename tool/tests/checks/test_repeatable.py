"""Calls whose result is another each time are told with their line; seeded ones and stopwatches are not."""

import ast
from pathlib import Path

import pytest

from paperbuild.checks import repeatable
from paperbuild.checks.rule import Subject
from paperbuild.project.layout import Project
from toy import write_notebook


@pytest.mark.parametrize(
    "call",
    [
        "np.random.default_rng()",
        "random.default_rng()",
        "datetime.datetime.now()",
        "date.today()",
        "time.time()",
        "uuid.uuid4()",
        "Random()",
        "time.localtime()",
        "pd.Timestamp.now()",
    ],
)
def test_clock_and_unseeded_chance_are_found(call: str) -> None:
    assert list(repeatable.unrepeatable(f"import a\nx = {call}\n")) == [(2, call)]


@pytest.mark.parametrize(
    "code",
    [
        "np.random.default_rng(7)",
        "random.Random(seed)",
        "time.perf_counter()",
        "frame.now",
        "%%bash\ndate",
        "uuid5(a)",
        "time.localtime(0)",
    ],
)
def test_what_is_repeatable_is_not(code: str) -> None:
    assert list(repeatable.unrepeatable(code)) == []


def test_a_name_is_followed_to_where_it_was_imported_from() -> None:
    assert list(repeatable.unrepeatable("from time import time as now\nnow()")) == [(2, "now()")]
    assert list(repeatable.unrepeatable("from uuid import uuid4\nuuid4()")) == [(2, "uuid4()")]
    other_cell = repeatable.imported(ast.walk(ast.parse("from uuid import uuid4 as u4")))
    assert list(repeatable.unrepeatable("u4()", other_cell)) == [(1, "u4()")]
    assert list(repeatable.unrepeatable("from mine import time\ntime()")) == []


def test_a_cell_is_told_with_its_line_in_the_notebook_whoever_imported_the_name(tmp_path: Path) -> None:
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis/parameters.yml").write_text("notebooks: {}\n")
    cells = [
        "#| label: setup\nfrom time import time as now",
        "#| label: broken\nnow(",
        "#| label: late\nbegun = 1\nended = now()",
    ]
    write_notebook(tmp_path / "analysis/01-a.ipynb", cells)
    [found] = repeatable.find(Subject(Project(tmp_path)))
    lines = (tmp_path / "analysis/01-a.ipynb").read_text().splitlines()
    line = next(number for number, one in enumerate(lines, start=1) if "ended = now()" in one)
    assert found.where == f"analysis/01-a.ipynb:{line}"
    assert found.message == "now() gives another result each time"
    assert "notebooks.01-a.outside: {clock: the reason}" in found.remedy


def test_a_module_is_told_with_its_line_unless_a_notebook_declares_the_clock(tmp_path: Path) -> None:
    for name, text in {
        "analysis/parameters.yml": "notebooks: {}\n",
        "analysis/01-a.ipynb": '{"nbformat": 4, "cells": []}',
        "src/a.py": "import time\n\nSTART = time.time()\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    [found] = repeatable.find(Subject(Project(tmp_path)))
    assert (found.where, found.message) == ("src/a.py:3", "time.time() gives another result each time")
    settings = "notebooks: {01-a: {outside: {clock: it times itself}}}\n"
    (tmp_path / "analysis/parameters.yml").write_text(settings)
    assert list(repeatable.find(Subject(Project(tmp_path)))) == []
