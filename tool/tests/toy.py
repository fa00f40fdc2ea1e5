"""A made-up project of three small notebooks, and the real `paper` command to build it with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import forked
from paperbuild.ground.surroundings import CHOOSING

DATA = "unit,year,value\nA,2000,1.5\nA,2001,2.5\nB,2000,3\nB,2001,4\n"
OTHER = "unit,size\nA,10\nB,20\n"
REGISTER = {
    "name": "toy",
    "resources": [
        {"name": "points", "path": "points.csv", "hash": "sha256:1", "title": "Points"},
        {"name": "sizes", "path": "sizes.csv", "title": "Sizes"},
    ],
}
CORE = '''"""Reads and averages."""

import csv


def load(name):
    with open(f"data/{name}.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def mean(rows, first_year):
    from toy import lazy

    values = [float(row["value"]) for row in rows if int(row["year"]) >= first_year]
    return lazy.scale(sum(values) / len(values))
'''
LAZY = "def scale(value):\n    return 2 * value\n"
UNUSED = "def never():\n    return None\n"
PARAMETERS = """\
notebooks:
  01-first:
    data: [points]
    parameters:
      first_year: {ge: 1990, le: 2020}
  02-second:
    results: [01-first]
  03-alone:
    data: [sizes]
scenarios:
  late:
    about: only the later year
    set:
      01-first: {first_year: 2001}
"""
FIRST = [
    "# First",
    "#| label: setup\nfrom toy import core\nfrom paperbuild import number",
    "#| label: parameters\nfirst_year: int = 2000  # first year, calendar",
    "#| label: mean\nrows = core.load('points')\nnumber('first.mean', core.mean(rows, first_year), '.2f')",
    "Look at the mean.",
]
SECOND = [
    "# Second",
    "#| label: setup\nfrom paperbuild import number, results",
    "#| label: twice\nnumber('second.twice', 2 * results('01-first')['first.mean'], '.1f')",
]
ALONE = [
    "# Alone",
    "#| label: setup\nimport pandas as pd\nfrom paperbuild import table",
    "#| label: sizes\ntable('sizes', pd.read_csv('data/sizes.csv'))",
    # How pandas prints a wide table depends on where it was when it was imported.
    "#| label: wide\npd.DataFrame([range(30)])",
]


def make_toy(root: Path) -> Path:
    """Write the project into the folder `root` and return it."""
    for name, text in {
        "data/points.csv": DATA,
        "data/sizes.csv": OTHER,
        "data/datapackage.json": json.dumps(REGISTER),
        "src/toy/__init__.py": "",
        "src/toy/core.py": CORE,
        "src/toy/lazy.py": LAZY,
        "src/toy/unused.py": UNUSED,
        "analysis/parameters.yml": PARAMETERS,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write_notebook(root / "analysis/01-first.ipynb", FIRST)
    write_notebook(root / "analysis/02-second.ipynb", SECOND)
    write_notebook(root / "analysis/03-alone.ipynb", ALONE)
    return root


def write_notebook(path: Path, sources: Iterable[str]) -> None:
    """Write a notebook: sources that begin with ``#|`` are code cells, others prose."""
    cells = []
    for index, source in enumerate(sources):
        cell = {"id": f"cell-{index}", "metadata": {}, "source": source.splitlines(keepends=True)}
        if source.startswith("#|"):
            tags = {"tags": ["parameters"]} if "label: parameters" in source else {}
            cell |= {"cell_type": "code", "metadata": tags, "outputs": [], "execution_count": None}
        else:
            cell["cell_type"] = "markdown"
        cells.append(cell)
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": cells}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    """Replace text in a file; it must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def paper(
    root: Path, *args: str, cwd: Path | None = None, anew: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own (`forked`), and see that no traceback reaches the user.

    Started anew, it also loads by itself what it needs; with variables of its own it always is.

    The toy as it is made has no article, so that nothing is typeset where a test does not look at it.
    """
    typesetting = next((word for word in args if word in ("build", "status", "graph")), None)
    if typesetting and not (root / "paper.qmd").is_file():
        place = args.index(typesetting) + 1
        args = (*args[:place], "--to=", *args[place:])
    # Libraries that other tests of this process import set such variables (KMP_INIT_AT_FORK, for one).
    ours = {name: value for name, value in os.environ.items() if not CHOOSING.fullmatch(name)}
    folder, variables, seconds = cwd or root, {**ours, **environment}, 240
    if not (anew or environment) and forked.server().would_start_alike(variables):
        done = forked.server().ask(args, folder, variables, seconds)
    else:
        done = subprocess.run(
            command(*args),
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


def command(*args: str) -> list[str]:
    """Return the command line of ``paper`` with `args`, on this interpreter."""
    return [sys.executable, "-m", "paperbuild", *args]


def outputs(root: Path) -> dict[str, bytes]:
    """Return every published file of a project by its path."""
    folders = [root / name for name in ("figures", "tables", "build/results", "build/notebooks", "_output")]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
