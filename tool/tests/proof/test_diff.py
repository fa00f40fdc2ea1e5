"""`paper diff`: data, figures, tables, numbers and prose of two states."""

import argparse
import io
import json
import subprocess

import numpy as np
import pytest
from PIL import Image

from paperbuild.cli import diff as cli
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import MANIFEST, Project
from paperbuild.project.manifest import Manifest
from paperbuild.proof import diff

ROWS = [["unit", "year", "persons"], ["A", "2000", "1"], ["A", "2001", "2"], ["B", "2000", "3"]]


def test_rows_are_matched_by_their_key_not_their_place():
    new = [ROWS[0], ["A", "1999", "9"], ["A", "2000", "1"], ["A", "2001", "5"]]
    change = diff.table_change("data", "towns", ROWS, new, ["unit", "year"])
    assert change.summary == "cells changed: 1, rows came: 1, rows left: 1"
    assert change.details == ("A 2001, persons: 2 → 5", "+ A 1999", "− B 2000")


def test_the_key_is_guessed_where_none_is_declared():
    assert diff.guess_key(ROWS, ROWS[:3]) == ["unit", "year"]


def test_other_columns_and_repeated_keys_are_told_plainly():
    columns = diff.table_change("data", "t", ROWS, [["unit", "year", "people"], *ROWS[1:]])
    assert columns.details == ("+ column people", "− column persons")
    repeated = [["a"], ["x"], ["x"]]
    assert diff.table_change("data", "t", repeated, [*repeated, ["y"]]).details == ("+y",)
    assert diff.table_change("data", "t", ROWS, ROWS) is None


def recorded(**numbers):
    return Manifest(
        numbers={name: {"value": value, "text": f"{value:.0f}"} for name, value in numbers.items()}
    )


def test_numbers_old_to_new():
    old, new = recorded(a=1.0, b=2, c=3), recorded(a=1.1, b=4, d=5)
    assert [(one.name, one.summary) for one in diff.number_changes(old, new)] == [
        ("a", "1, as before: 1.0 → 1.1"),
        ("b", "2 → 4"),
        ("c", "left: 3"),
        ("d", "came: 5"),
    ]


def test_prose_by_sentence():
    old = "---\ntitle: T\n---\n\nThe first stays. The second\ngoes.\n"
    new = "---\ntitle: T\n---\n\nThe first\nstays. Another well-kept one came.\n"
    (change,) = diff.prose_changes(old, new)
    assert change.details == ("−The second goes.", "+Another well-kept one came.")
    assert diff.prose_changes(old, old.replace("first stays", "first\nstays")) == []


def test_prose_of_an_included_text_counts(tmp_path):
    for name, text in (("old", "It stays. It goes."), ("new", "It stays. It came.")):
        (tmp_path / name / "text").mkdir(parents=True)
        (tmp_path / name / "paper.qmd").write_text("{{< include text/one.md >}}\n")
        (tmp_path / name / "text" / "one.md").write_text(text)
        (tmp_path / name / "figures").mkdir()
        (tmp_path / name / "figures" / "manifest.json").write_text(
            '{"outputs": [], "numbers": {}, "documents": []}'
        )
    (change,) = diff.changes(tmp_path / "old", tmp_path / "new")
    assert (change.name, change.details) == ("text/one.md", ("−It goes.", "+It came."))


def png(level):
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, dtype=np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def lay_out(root, persons, level):
    manifest = {
        "outputs": [],
        "documents": [],
        "numbers": {"persons": {"value": persons, "text": str(persons)}},
    }
    files = {
        "analysis/parameters.yml": b"notebooks: {}",
        "data/towns.csv": f"town,persons\nA,{persons}\n".encode(),
        "figures/map.png": png(level),
        "figures/map.csv": f"town,persons\nA,{persons}\n".encode(),
        "tables/rows.md": f"| town | persons |\n|:--|--:|\n| A | {persons} |\n".encode(),
        "tables/rows.csv": f"town,persons\nA,{persons}\n".encode(),
        "figures/manifest.json": json.dumps(manifest).encode(),
        "paper.qmd": b"Words.\n",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def options(*words):
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_two_folders_and_a_revision(tmp_path, capsys):
    old, new = tmp_path / "old", tmp_path / "new"
    lay_out(old, 10, 0)
    lay_out(new, 12, 200)
    assert cli.main(Project(new), options(old, new, "--output", tmp_path / "d.html")) == 0
    printed = capsys.readouterr().out
    for line in (
        "data/towns.csv: cells changed: 1",
        "A, persons: 10 → 12",
        "figures/map: data: cells changed: 1; 100.0000%",
        "tables/rows: cells changed: 1",
        "persons: 10 → 12",
        "prose: no changes",
    ):
        assert line in printed
    assert "data:image/png;base64," in (tmp_path / "d.html").read_text(encoding="utf-8")

    def run(*command):
        subprocess.run(command, cwd=new, check=True, capture_output=True)

    run("git", "init", "-q")
    run("git", "add", "-A")
    run("git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "commit", "-q", "-m", "one")
    run("git", "rm", "-q", "--cached", MANIFEST)
    run("git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "commit", "-q", "-m", "two")
    with pytest.raises(PaperError, match=r"there is no figures/manifest\.json in it") as refused:
        cli.main(Project(new), options("HEAD"))
    assert (refused.value.where, refused.value.remedy) == (
        "HEAD",
        "git log --oneline -- figures/manifest.json lists the revisions that have one",
    )
    run("git", "reset", "-q", "--hard", "HEAD~1")
    lay_out(new, 13, 200)
    cli.main(Project(new), options("HEAD", "--json"))
    found = json.loads(capsys.readouterr().out)
    assert [(one["kind"], one["name"]) for one in found] == [
        ("data", "data/towns.csv"),
        ("figures", "figures/map"),
        ("tables", "tables/rows"),
        ("numbers", "persons"),
    ]
    with pytest.raises(PaperError, match="neither a folder with figures/ nor a deposit nor a revision"):
        cli.main(Project(new), options("nowhere"))
