"""A step is recomputed if and only if something it depends on changed; nothing runs in these tests."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from paperbuild.build.plan import Options, Plan, make_plan
from paperbuild.ground.errors import PaperError
from paperbuild.project.workspace import Workspace
from paperbuild.steps.notebook import NotebookStep
from toy import edit, paper


def plan_of(root: Path, *overrides: str) -> Plan:
    """Return the plan of a project's notebooks."""
    return make_plan(Workspace.open(root, overrides=overrides), Options(to=()))


def stale(root: Path, *overrides: str) -> dict[str, list[str]]:
    """Return the stale steps of a project with their reasons."""
    statuses = plan_of(root, *overrides).statuses
    return {name: status.reasons for name, status in statuses.items() if status.reasons}


def test_nothing_is_stale_after_a_build(project: Path) -> None:
    assert stale(project) == {}


def add_prose(root: Path) -> None:
    edit(root / "analysis/01-first.ipynb", "Look at the mean.", "Look at the mean closely.")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "data": (lambda r: edit(r / "data/points.csv", "1.5", "1.6"), "data data/points.csv changed"),
    "register entry": (
        lambda r: edit(r / "data/datapackage.json", "Points", "Dots"),
        "register entry of data/points.csv changed",
    ),
    "cell": (lambda r: edit(r / "analysis/01-first.ipynb", "'.2f'", "'.3f'"), "code analysis/01-first.ipynb"),
    "label": (
        lambda r: edit(r / "analysis/01-first.ipynb", "label: mean", "label: average"),
        "code analysis",
    ),
    "default": (lambda r: edit(r / "analysis/01-first.ipynb", "= 2000", "= 2001"), "code analysis"),
    "module": (lambda r: edit(r / "src/toy/core.py", "sum(values)", "max(values)"), "module src/toy/core.py"),
    "lazy module": (lambda r: edit(r / "src/toy/lazy.py", "2 *", "3 *"), "module src/toy/lazy.py changed"),
    "package init": (
        lambda r: (r / "src/toy/__init__.py").write_text("X = 1\n"),
        "src/toy/__init__.py changed",
    ),
    "file beside": (
        lambda r: (r / "src/toy/a.mplstyle").write_text("x"),
        "module file src/toy/a.mplstyle is new",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_makes_its_step_stale_and_is_named(project: Path, name: str) -> None:
    change, reason = CHANGES[name]
    change(project)
    found = stale(project)
    assert set(found) == {"01-first", "02-second"}
    assert len(found["01-first"]) == 1
    assert reason in found["01-first"][0]
    assert found["02-second"] == ["after 01-first, which must run first"]


NO_CHANGES: dict[str, Callable[[Path], object]] = {
    "prose": add_prose,
    "comment in a cell": lambda r: edit(r / "analysis/01-first.ipynb", "rows = ", "# the rows\\nrows = "),
    "comment in a module": lambda r: edit(
        r / "src/toy/core.py", "import csv", "import csv  # standard library"
    ),
    "blank lines": lambda r: edit(r / "src/toy/lazy.py", "def", "\n\n\ndef"),
    "files of editors": lambda r: [
        (r / "src/toy" / name).write_text("x")
        for name in (".core.py.swp", "core.py~", "core.py.orig", "#core.py#", ".DS_Store", "Thumbs.db")
    ],
    "module nobody imports": lambda r: edit(r / "src/toy/unused.py", "None", "1"),
    "hash in the register": lambda r: edit(r / "data/datapackage.json", "sha256:1", "sha256:2"),
    "times": lambda r: [os.utime(p) for p in r.rglob("*.*") if p.is_file()],
    "README": lambda r: (r / "README.md").write_text("x"),
    "saved outputs": lambda r: save_with_outputs(r / "analysis/02-second.ipynb"),
    "other parameters file keys": lambda r: edit(
        r / "analysis/parameters.yml", "only the later", "the later"
    ),
    "wider limits": lambda r: edit(r / "analysis/parameters.yml", "le: 2020", "le: 2021"),
}


def save_with_outputs(path: Path) -> None:
    """Save a notebook as Jupyter does after running it."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hello"]}]
            cell["metadata"]["collapsed"] = True
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("name", NO_CHANGES)
def test_what_does_not_bear_on_results_recomputes_nothing(project: Path, name: str) -> None:
    NO_CHANGES[name](project)
    found = {step: reasons for step, reasons in stale(project).items() if not is_prose_only(reasons)}
    assert found == {}


def is_prose_only(reasons: list[str]) -> bool:
    """Tell whether all that is left to do is to put new prose around kept outputs."""
    return all(reason.startswith("output build/notebooks/") for reason in reasons)


def test_new_prose_reaches_the_executed_notebook_without_a_kernel(project: Path) -> None:
    add_prose(project)
    done = paper(project, "build", "--explain")
    assert "ran" not in done.stderr
    executed = (project / "build/notebooks/01-first.ipynb").read_text(encoding="utf-8")
    assert "mean closely" in executed
    assert "first.mean" in executed


def test_a_hidden_edit_is_seen(project: Path) -> None:
    """Same size, and the times set back: only the bytes differ."""
    path = project / "data/points.csv"
    stale(project)
    before = path.stat()
    edit(path, "1.5", "1.7")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "01-first" in stale(project)


def test_code_saved_twice_within_a_second_runs_as_it_is_now(project: Path) -> None:
    """Python's own bytecode cache would run the old code: same size, same time."""
    path = project / "src/toy/lazy.py"
    stamp = path.stat().st_mtime
    for factor, mean in (("3", "8.25"), ("4", "11.00")):
        path.write_text(f"def scale(value):\n    return {factor} * value\n")
        os.utime(path, (stamp, stamp))
        assert paper(project, "build", PYTHONDONTWRITEBYTECODE="").returncode == 0
        assert f'"text": "{mean}"' in (project / "build/results/01-first.json").read_text(encoding="utf-8")


def test_equal_numbers_stop_the_wave(project: Path) -> None:
    """02 reads the numbers of 01; a change of 01 that leaves them as they were does not reach 02."""
    edit(project / "src/toy/lazy.py", "return 2 * value", "return value + value")
    done = paper(project, "build")
    assert done.returncode == 0, done.stderr
    ran = [line.split()[0] for line in done.stderr.splitlines() if " ran " in line and " done" in line]
    assert ran == ["01-first"]


def test_parameters_are_inputs(project: Path) -> None:
    found = stale(project, "01-first.first_year=2001")
    assert found["01-first"] == ["parameter first_year is new: 2001"]
    assert stale(project, "01-first.first_year=2000") == {}, "the default, given by hand, is no change"


def test_only_packages_in_use_count(project: Path) -> None:
    alone = plan_of(project).steps["03-alone"]
    assert isinstance(alone, NotebookStep)
    desk = alone.desk
    used = desk.outside(["03-alone"])
    assert used == {"pandas"}
    needed = desk.packages.needed_by(used)
    assert {"pandas", "numpy"} <= set(needed), "what pandas itself computes with counts too"
    assert "seaborn" not in needed
    assert desk.packages.needed_by(desk.outside(["01-first"])) == {}


def test_packages_and_the_parts_of_the_tool_are_among_the_inputs(project: Path) -> None:
    statuses = plan_of(project).statuses
    alone, first = statuses["03-alone"].inputs, statuses["01-first"].inputs
    assert alone is not None
    assert first is not None
    assert "package pandas" in alone
    assert "package pandas" not in first
    for module in ("paperbuild/kernel/inside.py", "paperbuild/kernel/execute.py", "dataregister/tables.py"):
        assert f"module {module}" in first


def test_accepting_data_reruns_no_more_than_the_change_of_data_did(project: Path) -> None:
    register = project / "data/datapackage.json"
    package = json.loads(register.read_text(encoding="utf-8"))
    package["resources"][0]["changes"] = [{"date": "2025-01-01", "why": "page 14", "from": "a", "to": "b"}]
    register.write_text(json.dumps(package), encoding="utf-8")
    assert stale(project) == {}


def test_a_notebook_that_reads_all_data_still_declares_other_files(project: Path) -> None:
    edit(project / "analysis/parameters.yml", "data: [sizes]", "data: all\n    files: [notes.txt]")
    (project / "notes.txt").write_text("one", encoding="utf-8")
    inputs = plan_of(project).statuses["03-alone"].inputs
    assert inputs is not None
    assert "file notes.txt" in inputs
    assert "data data/points.csv" in inputs
    (project / "notes.txt").unlink()
    with pytest.raises(PaperError, match=r"03-alone declares 'notes.txt', which does not exist"):
        stale(project)


@pytest.mark.parametrize("command", ["status", "check"])
def test_a_scenario_with_a_misspelt_parameter_is_refused_before_it_is_built(
    project: Path, command: str
) -> None:
    edit(project / "analysis/parameters.yml", "first_year: 2001", "frist_year: 2001")
    done = paper(project, command)
    assert done.returncode == 1
    expected = "parameters.yml:14: 01-first has no parameter 'frist_year'; did you mean 'first_year'?"
    assert expected in done.stdout + done.stderr
