"""What lies in a project as it should not: told by the commands in words, with the file and what to do."""

from pathlib import Path

import pytest

from toy import paper


@pytest.mark.parametrize("name", ["scratch.ipynb", "04_Fourth.ipynb", "old/01-first.ipynb"])
def test_a_notebook_that_is_no_step_is_told(fresh: Path, name: str) -> None:
    stray = fresh / "analysis" / name
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes((fresh / "analysis/01-first.ipynb").read_bytes())
    for folder in (".ipynb_checkpoints", "."):
        # What Jupyter keeps beside a notebook, and what an editor leaves, is nobody's stray.
        (fresh / "analysis" / folder).mkdir(exist_ok=True)
        (fresh / "analysis" / folder / ".01-first-checkpoint.ipynb").write_text("{}")
    told = f"paper: analysis/{name} is no step"
    assert paper(fresh, "status").stderr.splitlines() == [f"{told}, its name is not analysis/NN-name.ipynb"]
    assert told in paper(fresh, "build", "--dry-run").stderr
    checked = paper(fresh, "check")
    assert checked.returncode == 1
    assert f"analysis/{name}: this notebook is no step of the article" in checked.stdout


@pytest.mark.parametrize("command", ["build", "status"])
def test_an_article_that_is_not_there_is_an_error(fresh: Path, command: str) -> None:
    done = paper(fresh, command, "--to", "html")
    assert done.returncode == 1
    assert "paper.qmd: there is no such file" in done.stderr
    assert "--no-render" in done.stderr


MALFORMED = {
    "resources": ("data/datapackage.json", '{"resources": [3]}', "datapackage.json:1: found 3"),
    "register": ("data/datapackage.json", "[]", "expected: a JSON object"),
    "no register": ("data/datapackage.json", "[" * 100_000, "datapackage.json: found "),
    "settings": ("analysis/parameters.yml", "- 1\n", "parameters.yml:1: the file is not a mapping"),
    "scenario": (
        "analysis/parameters.yml",
        "scenarios:\n  late:\n    about: x\n    set: {01-first: {first_yaer: 2000}}\n",
        "parameters.yml:4: 01-first has no parameter 'first_yaer'",
    ),
    "deep settings": ("analysis/parameters.yml", "a:\n " + "[" * 3000, "parameters.yml:2: not valid YAML"),
    "settings in another encoding": (
        "analysis/parameters.yml",
        "# ok\n# год\n".encode("cp1251"),
        "parameters.yml:2: not UTF-8",
    ),
    "notebook in another encoding": (
        "analysis/01-first.ipynb",
        '{"cells": [],\n "x": "год"}'.encode("cp1251"),
        "01-first.ipynb:2: not UTF-8",
    ),
    "notebook of numbers": (
        "analysis/01-first.ipynb",
        '{"nbformat": 4, "cells": [3]}',
        "01-first.ipynb: not a notebook of format 4: cell 1 has no type",
    ),
    "deep notebook": ("analysis/01-first.ipynb", "[" * 100_000, "01-first.ipynb: not a notebook: nested"),
    "front matter": ("paper.qmd", "---\n- 1\n---\n\nWords.\n", "paper.qmd:2: "),
    "article in another encoding": (
        "paper.qmd",
        "Words.\n\nСлова.\n".encode("cp1251"),
        "paper.qmd:3: not UTF-8",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_told_with_file_and_line(project: Path, name: str) -> None:
    file, content, message = MALFORMED[name]
    (project / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nWords.\n", encoding="utf-8")
    (project / file).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    done = paper(project, "build", "--to", "html", "--engine", "embedded")
    assert done.returncode == 1
    assert message in done.stderr
    assert "fault of the build" not in done.stderr
    checked = paper(project, "check")
    assert checked.returncode == 1
    assert "fault of the build" not in checked.stderr
    assert message in checked.stdout
