"""`paper bench`: what it runs, how ratios follow from what was measured, and what an interruption leaves."""

import argparse
import importlib.util
import itertools
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from paperbuild.cli import bench, bench_builds, bench_drivers, bench_large, bench_scale, measuring
from paperbuild.cli.measuring import Cost, Ratio
from paperbuild.ground.errors import PaperError, UsageError
from paperbuild.project.layout import Project
from toy import outputs, paper


def lay_out(root):
    """Two steps that note each run: a is made from x, b from a."""
    script = "import pathlib, sys; i, o = map(pathlib.Path, sys.argv[1:]); o.write_text(i.read_text() + '.');"
    script += "log = pathlib.Path('log'); log.write_text(log.read_text() + o.name)"
    (root / "step.py").write_text(script)
    (root / "x").write_text("x")
    (root / "log").write_text("")
    return [
        bench_drivers.Step("a", (sys.executable, "step.py", "x", "a"), ("x", "step.py"), "a"),
        bench_drivers.Step("b", (sys.executable, "step.py", "a", "b"), ("a", "step.py"), "b"),
    ]


@pytest.mark.parametrize("name", bench_drivers.DRIVERS)
def test_a_driver_runs_what_changed_and_nothing_else(tmp_path, name):
    driver = bench_drivers.DRIVERS[name]
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
    made = bench_drivers.steps(project)
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
    bench_builds.edit_prose(tmp_path, 1)
    assert (tmp_path / "paper.qmd").read_text().startswith("Words.\n\nRemark again")
    (tmp_path / "analysis").mkdir()
    path = tmp_path / "analysis" / "01-a.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"]}, {"cell_type": "markdown"}]})
    )
    bench_builds.edit_notebook(tmp_path, "01-a", 7)
    assert json.loads(path.read_text())["cells"][0]["source"] == "x = 1\nbench = 7"


def test_ways_take_turns_and_leave_what_is_known_to_whoever_is_interrupted():
    done, told, taken, clock = [], [], {}, itertools.count()

    def way(name):
        def run():
            done.append(name)
            if done.count("a") == 3:
                raise KeyboardInterrupt
            return float(next(clock))

        return run

    ways = {"a": way("a"), "b": way("b")}
    with pytest.raises(KeyboardInterrupt):
        measuring.by_turns(ways, 5, taken, lambda number: done.append(str(number)), told.append)
    assert "".join(done) == "0ab1ba2a"
    assert taken == {"a": [0.0, 3.0], "b": [1.0, 2.0]}
    assert [line[:11] for line in told] == ["1 of 5 roun", "2 of 5 roun"]


def test_a_ratio_is_that_of_medians_and_spreads_as_its_rounds():
    ratio = Ratio.of([2.0, 9.0, 4.0], [1.0, 3.0, 2.0])
    assert (ratio.middle, ratio.low, ratio.high, ratio.rounds) == (2.0, 2.0, 3.0, 3)
    assert ratio.words() == "2.00 (2.00–3.00 in 3 rounds)"
    assert Ratio.of([3.0], [2.0, 2.0]).words() == "1.50 (once)"


def test_what_is_promised_is_held_against_what_was_measured():
    assert bench.told("no-op", {"paper": [0.2], "doit": [0.3]}) == [
        "no-op: doit takes 1.50 (once) times as long as paper, at least 1.00 promised: kept"
    ]
    assert bench.told("full build", {"paper": [10.0, 10.0], "papermill": [25.0, 23.0]}) == [
        "full build: papermill takes 2.40 (2.30–2.50 in 2 rounds) times as long as paper, "
        "at least 2.50 promised: missed"
    ]
    assert bench.told("full build", {"paper": [10.0]}) == []


def test_what_is_not_understood_is_refused(tmp_path):
    done = paper(tmp_path, "bench", "nothing")
    assert done.returncode == 2  # there is no project
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    for words, message in {
        ("noop", "everything"): "no measure 'everything'",
        ("--scale", "noop"): "--scale measures something else",
        ("--scale", "--large"): "--scale measures something else",
    }.items():
        with pytest.raises(UsageError, match=message):
            bench.main(Project(tmp_path), parser.parse_args(words))
    with pytest.raises(PaperError, match="no article"):
        bench.main(Project(tmp_path), parser.parse_args([]))


@pytest.fixture
def article(project, tmp_path, monkeypatch):
    """The built toy with a text; where benchmarks put their copies is a folder of its own."""
    (project / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nThe mean is {{< meta n.first.mean >}}.\n")
    (project / "references.bib").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return Project(project)


def measured(project, *words):
    """Run the command in this process; return its record."""
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    assert bench.main(project, parser.parse_args(words)) == 0
    return json.loads((project.build / "bench.json").read_text())


def copies(project):
    """Return what benchmarks have left where they put their copies."""
    return [
        path for path in (project.root.parent / "temporary").iterdir() if path.name.startswith("paper-bench")
    ]


def test_a_no_op_is_measured_beside_a_driver_that_does_nothing_either(article, capsys):
    record = measured(article, "noop", "surroundings", "--repeat", "2", "--jobs", "1")
    assert list(record["seconds"]) == ["no-op", "longest notebook"]
    taken = record["seconds"]["no-op"]
    assert {"paper", "paper status"} <= set(taken)
    assert ("doit" in taken) == bool(importlib.util.find_spec("doit"))
    assert {len(series) for series in taken.values()} == {2}
    for task, row in record["ratios"].items():
        for name, ratio in row.items():
            known = record["seconds"][task]
            assert ratio == vars(Ratio.of(known[name], known["paper"]))
    said = capsys.readouterr()
    assert "longest notebook: paper (free surroundings) takes" in said.out
    assert "noop (1 of 2; all ends about" in said.err
    assert "1 of 2 rounds, about" in said.err
    assert copies(article) == []


def test_a_driver_that_runs_something_is_no_measure_of_a_no_op(article, tmp_path):
    always = "import sys, pathlib; pathlib.Path('bench/ran').open('a').write('x')"
    driver = bench_drivers.Driver("json", "always.py", lambda made: always, ("always.py",))
    copy = bench_builds.Bench(article, tmp_path / "temporary", 1)
    with pytest.raises(PaperError, match="always ran steps though nothing had changed"):
        copy._settled("always", driver)()


@pytest.fixture
def ran(monkeypatch):
    """Commands that were to run, each a second longer than the one before; none does."""
    commands = []

    def cost(command, root, environment=None):
        commands.append((" ".join(command), Path(root)))
        return Cost(float(len(commands)), 0.0, 1.0, "", "")

    monkeypatch.setattr(bench_builds, "cost", cost)
    return commands


def test_changes_and_full_builds_are_measured_beside_papermill_one_by_one(article, ran, capsys):
    record = measured(article, "full", "figure", "prose", "--jobs", "3")
    # in the order of the list, whatever the order asked for
    assert list(record["seconds"]) == ["prose change", "one-figure change", "full build"]
    build = "build --to html --engine embedded --jobs 3"
    assert [build in command for command, _ in ran[:3]] == [True, True, False]  # the copy, prose, render
    # 02-second reads 01-first, so that one of the others is changed
    figure = [command for command, _ in ran[3:12]]
    assert [build in one for one in figure] == [True, False, False, False, False, True, True, False, False]
    assert sum("papermill" in one and "02-second" in one for one in figure) == 3
    assert [one.split()[-1] for one, _ in ran[12:]] == [
        "3",
        "bench/01-first.ipynb",
        "bench/02-second.ipynb",
        "bench/03-alone.ipynb",
        "bench",
    ]
    assert record["seconds"]["full build"] == {"paper": [13.0], "papermill": [14.0 + 15 + 16 + 17]}
    assert record["ratios"]["full build"]["papermill"]["middle"] == pytest.approx(62 / 13)
    said = capsys.readouterr()
    assert (
        "full build: papermill takes 4.77 (once) times as long as paper, at least 2.50 promised: kept"
        in said.out
    )
    assert "papermill: 03-alone (3 of 4, 29 s so far)" in said.err
    assert article.notebook("02-second").read_text().count("bench =") == 0  # changed in the copy alone


def test_an_interrupted_run_tells_what_it_knows_and_leaves_nothing(article, ran, monkeypatch, capsys):
    def stopped(command, root, environment=None):
        if len(ran) == 4:
            raise KeyboardInterrupt
        return counted(command, root, environment)

    counted = bench_builds.cost
    monkeypatch.setattr(bench_builds, "cost", stopped)
    with pytest.raises(KeyboardInterrupt):
        measured(article, "prose", "full")
    record = json.loads((article.build / "bench.json").read_text())
    assert record["seconds"] == {
        "prose change": {"paper": [2.0], "papermill": [3.0]},
        "full build": {"paper": [4.0]},
    }
    assert "prose change" in capsys.readouterr().out.splitlines()[-3]
    assert copies(article) == []


def test_a_kernel_is_measured_forked_cold_and_by_papermill(article, tmp_path, monkeypatch):
    cell = bench_builds.NOTHING["cells"][0] | {"source": "import json"}
    monkeypatch.setattr(bench_builds, "NOTHING", bench_builds.NOTHING | {"cells": [cell]})
    monkeypatch.setattr(bench_builds, "IMPORTS", ("json",))
    record = measured(article, "kernel", "--repeat", "1")
    assert set(record["seconds"]["kernel overhead"]) == {"paper", "paper (cold kernel)", "papermill"}
    assert all(series[0] > 0 for series in record["seconds"]["kernel overhead"].values())


def test_a_command_that_is_measured_ends_with_who_measures(tmp_path):
    code = (
        "import os, time; open('pid', 'w').write(str(os.getpid())); os.rename('pid', 'known'); time.sleep(60)"
    )

    def stop(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        while True:
            # Until the command has begun there is nothing to end.
            try:
                measuring.cost([sys.executable, "-c", code], tmp_path)
            except KeyboardInterrupt:
                if (tmp_path / "known").exists():
                    break
            signal.setitimer(signal.ITIMER_REAL, 1, 0.05)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not psutil.pid_exists(int((tmp_path / "known").read_text()))
    with pytest.raises(PaperError, match="a step of the benchmark failed: wrong"):
        measuring.cost([sys.executable, "-c", "raise SystemExit('wrong')"], tmp_path)


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
    assert one["took"] > 0
    printed = capsys.readouterr().out
    assert "square: another 2.00 s, 2.5 a second" in printed
    assert "one is 2.00× as fast" in printed
    assert "0.25" in printed  # two workers at half the rate of one
    assert bench_scale.main(project) == 0
    assert "square: one … (1 of 2, all ends about" in capsys.readouterr().err
    (tmp_path / "analysis/scale.py").write_text("raise SystemExit('no data')")
    with pytest.raises(PaperError, match="no data"):
        bench_scale.main(project)


def test_results_handed_over_are_those_that_kernels_leave(tmp_path):
    root = tmp_path / "large"
    bench_large.make(root, 3, 300)
    bench_large.cost("first", root, "build", "--to=", kernels=1)
    handed = outputs(root)
    shutil.rmtree(root / "build")
    assert paper(root, "build", "--to=").returncode == 0
    found = outputs(root)
    assert handed.keys() == found.keys()
    assert [name for name in found if handed[name] != found[name]] == []


def test_a_large_project_is_made_built_and_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench_large, "BYTES", 1_000_000_000)  # a megabyte a notebook
    monkeypatch.setattr(bench_large, "KERNELS", 1)
    monkeypatch.setattr(bench_large, "ROUNDS", 2)
    project = Project(tmp_path)
    assert bench_large.main(project, 3, jobs=2) == 0
    record = json.loads((tmp_path / "build/large.json").read_text())
    assert (record["notebooks"], record["artefacts"], record["bytes"]) == (3, 30, 3_000_000)
    cost = {one["task"]: one for one in record["measured"]}
    first = "first build, 1 in kernels, 2 handed over"
    assert [first, "no-op, what was written last read again", "no-op", "status"] == list(cost)[:4]
    idle, touched = cost["no-op"]["read"], cost["no-op, one file of data touched"]["read"]
    # the one file of a megabyte is read again, the others are not
    assert touched - idle == pytest.approx(1, abs=0.1)
    assert cost[first]["read"] > idle + 2.9
    said = capsys.readouterr().out
    taken = sorted(one["seconds"] for one in record["measured"] if one["task"] == "no-op")
    assert f"no-op: {sum(taken) / 2:.2f} s ({taken[0]:.2f}–{taken[1]:.2f} in 2 rounds)" in said
    assert bench_large.past_seconds(project, 3) == [one["seconds"] for one in record["measured"]]
    assert bench_large.past_seconds(project, 4) == []


def test_promises_about_a_large_project_are_held_against_the_median():
    costs = [bench_large.Cost("no-op", seconds, 0.5, 600.0, 1.0) for seconds in (0.8, 1.1, 3.0)]
    assert bench_large.promises(costs) == [
        "no-op: 1.10 s (0.80–3.00 in 3 rounds), under 1 s promised: missed",
        "memory: 600 MB at most, under 500 MB promised: missed",
    ]
    assert bench_large.promises([]) == []


def test_a_large_project_that_is_interrupted_tells_what_it_cost_so_far(tmp_path, monkeypatch, capsys):
    def cost(task, root, *arguments, kernels=-1):
        if task == "status":
            raise KeyboardInterrupt
        return bench_large.Cost(task, 0.5, 0.4, 90.0, 2.0)

    monkeypatch.setattr(bench_large, "cost", cost)
    with pytest.raises(KeyboardInterrupt):
        bench_large.main(Project(tmp_path), 2, jobs=1)
    assert len(json.loads((tmp_path / "build/large.json").read_text())["measured"]) == 3
    assert "no-op: 0.50 s" in capsys.readouterr().out
