"""`paper bench`: the drivers it compares with run the steps once, and again where an input changed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from paperbuild.cli import bench, bench_large, bench_scale
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import Project


def lay_out(root):
    """Two steps that note each run: a is made from x, b from a."""
    script = "import pathlib, sys; i, o = map(pathlib.Path, sys.argv[1:]); o.write_text(i.read_text() + '.');"
    script += "log = pathlib.Path('log'); log.write_text(log.read_text() + o.name)"
    (root / "step.py").write_text(script)
    (root / "x").write_text("x")
    (root / "log").write_text("")
    return [
        bench.Step("a", (sys.executable, "step.py", "x", "a"), ("x", "step.py"), "a"),
        bench.Step("b", (sys.executable, "step.py", "a", "b"), ("a", "step.py"), "b"),
    ]


@pytest.mark.parametrize("name", bench.DRIVERS)
def test_a_driver_runs_what_changed_and_nothing_else(tmp_path, name):
    driver = bench.DRIVERS[name]
    if not importlib.util.find_spec(driver.module):
        pytest.skip(f"{name} is not installed")
    (tmp_path / driver.file).write_text(driver.describe(lay_out(tmp_path)))
    command = [sys.executable, *(part.format(jobs=1) for part in driver.command)]

    def ran():
        (tmp_path / "log").write_text("")
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return (tmp_path / "log").read_text()

    assert ran() == "ab"
    assert ran() == ""
    (tmp_path / "x").write_text("y")
    assert ran() == "ab"
    assert (tmp_path / "b").read_text() == "y.."


def test_drivers_are_told_every_file_the_article_depends_on():
    project = Project.find(Path(__file__).parent)
    made = bench.steps(project)
    outputs = {step.output for step in made}
    missing = [
        name
        for step in made
        for name in step.inputs
        if name not in outputs and not (project.root / name).is_file()
    ]
    assert missing == []
    # A notebook that declares all data depends on all tables, and one on claims on their rules.
    inputs = {step.name: step.inputs for step in made}
    assert "data/regions.csv" in inputs["00-data"]
    assert "analysis/claims.yml" in inputs["10-claims"]


def test_edits_change_what_they_say(tmp_path):
    (tmp_path / "paper.qmd").write_text("Words.\n")
    bench.edit_prose(tmp_path, 1)
    assert (tmp_path / "paper.qmd").read_text().startswith("Words.\n\nRemark again")
    (tmp_path / "analysis").mkdir()
    path = tmp_path / "analysis" / "01-a.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"]}, {"cell_type": "markdown"}]})
    )
    bench.edit_notebook(tmp_path, "01-a")
    assert json.loads(path.read_text())["cells"][0]["source"] == "x = 1\nbench = True"


def test_what_is_promised_is_held_against_what_was_measured():
    met = {"no-op": {"paper": 0.2, "doit": 0.3}, "full build": {"paper": 10.0, "papermill": 24.0}}
    told = bench.promises(met)
    assert told == [
        "no-op: 1.50 times as fast as doit (at least 1.00: kept)",
        "full build: 2.40 times as fast as papermill (at least 2.50: missed)",
    ]


def test_ratios_are_printed_beside_our_own_seconds(capsys):
    bench.show({"no-op": {"paper": 0.2, "doit": 0.5}, "full build": {"paper": 10.0}})
    printed = capsys.readouterr().out
    assert "0.50 s (2.5×)" in printed
    assert "–" in printed


SCALE = """
import json, sys
TASKS = ["square\\tone", "square\\tanother"]
PLACE = int((sys.argv[1:] or "0")[0])
SAID = {"seconds": 2.0, "work": 10 - 5 * PLACE, "workers": 1 + PLACE}
print(json.dumps(SAID) if sys.argv[1:] else "\\n".join(TASKS))
"""


def test_the_projects_own_tasks_are_measured_side_by_side(tmp_path, capsys):
    (tmp_path / "analysis").mkdir()
    project = Project(tmp_path)
    with pytest.raises(PaperError, match="no benchmark of its own"):
        bench_scale.main(project)
    (tmp_path / "analysis/scale.py").write_text(SCALE)
    assert bench_scale.main(project) == 0
    one, another = json.loads((tmp_path / "build/scale.json").read_text())["measured"]
    assert (one["by"], one["work"], another["by"], another["work"]) == ("one", 10, "another", 5)
    assert one["megabytes"] > 1  # a Python takes some
    printed = capsys.readouterr().out
    assert "2.00×" in printed
    assert "0.25" in printed  # two workers at half the rate of one
    (tmp_path / "analysis/scale.py").write_text("raise SystemExit('no data')")
    with pytest.raises(PaperError, match="no data"):
        bench_scale.main(project)


@pytest.mark.slow
def test_a_large_project_is_made_built_and_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench_large, "BYTES", 1_000_000_000)  # a megabyte a notebook
    project = Project(tmp_path)
    assert bench_large.main(project, 3, jobs=2) == 0
    record = json.loads((tmp_path / "build/large.json").read_text())
    assert (record["notebooks"], record["artefacts"], record["bytes"]) == (3, 30, 3_000_000)
    cost = {one["task"]: one for one in record["measured"]}
    assert {"full build", "no-op (3)", "status"} < set(cost)
    idle, touched = cost["no-op (3)"]["read"], cost["no-op, one file of data touched"]["read"]
    # the one file of a megabyte is read again, the others are not
    assert touched - idle == pytest.approx(1, abs=0.1)
    assert cost["full build"]["read"] > idle + 2.9
    assert "MB" in capsys.readouterr().out
