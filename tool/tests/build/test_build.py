"""The real command on a small project: what it makes, says, restores and refuses."""

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from paperbuild.build.plan import Options, make_plan
from paperbuild.build.scheduler import is_nested
from paperbuild.cli.main import main
from paperbuild.ground.files import recall
from paperbuild.ground.own import OWNER_VARIABLE
from paperbuild.project.workspace import Workspace
from paperbuild.steps.step import Running
from toy import edit, outputs, paper, write_notebook


def ran(stderr: str) -> list[str]:
    """Return the steps that a build's output says were executed."""
    return [line.split()[0] for line in stderr.splitlines() if " ran " in line and " done" in line]


def test_outputs_numbers_and_manifest(built: Path) -> None:
    numbers = json.loads((built / "build/results/numbers.yml").read_text(encoding="utf-8"))
    assert numbers["n"] == {"first": {"mean": "5.50"}, "second": {"twice": "11.0"}}
    assert "c" not in numbers, "other languages' forms are there where the text binds them"
    assert numbers["provenance"] == {"table": {"sizes": "03-alone › sizes"}}
    manifest = json.loads((built / "figures/manifest.json").read_text(encoding="utf-8"))
    assert [output["path"] for output in manifest["outputs"]] == ["tables/sizes.csv", "tables/sizes.md"]
    assert manifest["numbers"]["first.mean"]["value"] == 5.5
    assert (built / "tables/sizes.csv").read_text(encoding="utf-8") == "unit,size\nA,10\nB,20\n"


def test_second_build_runs_nothing_and_is_quick(project: Path) -> None:
    before = outputs(project)
    paper(project, "status")  # fills the cache of hashes in this copy
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = paper(project, "build", anew=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - spent.ru_utime - spent.ru_stime
    assert "3 up to date" in done.stderr
    assert outputs(project) == before
    # 0.15 s of a processor where this was written: a clock would count what others do on the machine too.
    assert seconds < 1


def test_no_op_imports_nothing_heavy(project: Path) -> None:
    paper(project, "status")
    done = paper(project, "status", PYTHONPROFILEIMPORTTIME="1")
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "paperbuild.build.plan" in modules
    heavy = {
        "pandas",
        "numpy",
        "matplotlib",
        "papermill",
        "nbformat",
        "pydantic",
        "rich",
        "jupyter_client",
        "typst",
    }
    assert not modules & heavy


@pytest.mark.parametrize("text", ["{}", '{"outputs": 3}', "[]", '{"a'])
def test_status_tells_a_broken_manifest_and_a_build_mends_it(project: Path, text: str) -> None:
    manifest = project / "figures/manifest.json"
    good = manifest.read_bytes()
    assert "broken" not in paper(project, "status").stderr
    manifest.write_text(text)
    assert "figures/manifest.json is broken" in paper(project, "status").stderr
    assert paper(project, "build").returncode == 0
    assert manifest.read_bytes() == good


def test_status_as_json(project: Path) -> None:
    edit(project / "data/sizes.csv", "10", "11")
    steps = json.loads(paper(project, "status", "--json").stdout)["steps"]
    assert {name: step["state"] for name, step in steps.items()} == {
        "01-first": "fresh",
        "02-second": "fresh",
        "03-alone": "stale",
    }
    assert "data data/sizes.csv changed: " in steps["03-alone"]["reasons"][0]
    dry = paper(project, "build", "--dry-run").stdout
    assert "03-alone" in dry
    assert (project / "tables/sizes.csv").read_text(encoding="utf-8").endswith("A,10\nB,20\n")


def test_one_digit_changes_what_depends_on_it_and_nothing_else(project: Path) -> None:
    before = outputs(project)
    edit(project / "data/sizes.csv", "10", "11")
    done = paper(project, "build")
    assert ran(done.stderr) == ["03-alone"]
    after = outputs(project)
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {
        "tables/sizes.csv",
        "tables/sizes.md",
        "figures/manifest.json",
        "build/results/03-alone.json",
        "build/notebooks/03-alone.ipynb",
    }
    # Going back restores from the store.
    edit(project / "data/sizes.csv", "11", "10")
    done = paper(project, "build")
    assert ran(done.stderr) == []
    assert outputs(project) == before


def test_deleted_and_edited_outputs_come_back(project: Path) -> None:
    before = outputs(project)
    (project / "tables/sizes.md").unlink()
    edit(project / "tables/sizes.csv", "10", "99")
    (project / "build/results/numbers.yml").unlink()
    done = paper(project, "build")
    assert ran(done.stderr) == []
    assert outputs(project) == before


def test_a_damaged_store_is_noticed(project: Path) -> None:
    before = outputs(project)
    for path in (project / "build/store").rglob("sizes.csv"):
        path.write_text("damaged")
    (project / "tables/sizes.csv").unlink()
    done = paper(project, "build")
    assert ran(done.stderr) == ["03-alone"]
    assert outputs(project) == before


def test_an_artefact_no_longer_made_disappears(project: Path) -> None:
    edit(project / "analysis/03-alone.ipynb", "table('sizes'", "table('renamed'")
    stranger = project / "tables/by-hand.csv"
    stranger.write_text("not ours")
    assert paper(project, "build").returncode == 0
    assert sorted(path.name for path in (project / "tables").iterdir()) == [
        "by-hand.csv",
        "renamed.csv",
        "renamed.md",
    ]


def test_a_finding_is_told_by_every_build_and_refused_by_check(project: Path) -> None:
    edit(project / "analysis/03-alone.ipynb", "import table", "import finding, table")
    edit(project / "analysis/03-alone.ipynb", "table('sizes'", "finding('A is too large'); table('sizes'")
    for _ in ("a build that runs the notebook", "one that runs nothing"):
        done = paper(project, "build")
        assert done.returncode == 0
        assert "paper: finding of 03-alone › sizes: A is too large" in done.stderr
    checked = paper(project, "check")
    assert checked.returncode == 1
    assert "A is too large" in checked.stdout + checked.stderr
    edit(project / "analysis/03-alone.ipynb", "finding('A is too large'); ", "")
    assert "A is too large" not in paper(project, "build").stderr
    assert "A is too large" not in paper(project, "check").stdout


def test_scenario_has_its_own_folders(project: Path) -> None:
    before = outputs(project)
    done = paper(project, "build", "--scenario", "late")
    assert ran(done.stderr) == ["01-first", "02-second"], "03 is the same in both and restored"
    assert outputs(project) == before
    root = project / "build/scenarios/late"
    numbers = json.loads((root / "build/results/numbers.yml").read_text(encoding="utf-8"))
    assert numbers["n"]["first"]["mean"] == "6.50"
    assert (root / "tables/sizes.csv").is_file()
    assert "fresh" in paper(project, "status").stdout


def test_parameters_are_refused_before_anything_runs(project: Path) -> None:
    done = paper(
        project,
        "build",
        "-p",
        "01-first.frst_year=2001",
        "-p",
        "01-first.first_year=1800",
        "-p",
        "01-frst.x=1",
    )
    assert done.returncode == 2
    assert "did you mean 'first_year'?" in done.stderr
    assert "did you mean '01-first'?" in done.stderr
    assert "at least 1990, at most 2020" in done.stderr
    assert paper(project, "build", "-p", "01-first.first_year=2001.5").returncode == 2
    assert paper(project, "build", "-p", "nonsense").returncode == 2
    assert paper(project, "build", "--scenario", "lat").returncode == 2


def test_a_parameter_may_name_a_file(project: Path) -> None:
    edit(project / "analysis/parameters.yml", "data: [sizes]", "parameters: {segments: {file: true}}")
    write_notebook(
        project / "analysis/03-alone.ipynb",
        [
            "#| label: parameters\nsegments: str = ''  # coded interviews, path",
            "#| label: length\nfrom paperbuild import number\n"
            "number('segments.length', len(open(segments).read()) if segments else 0)",
        ],
    )
    assert paper(project, "build").returncode == 0
    done = paper(project, "build", "-p", "03-alone.segments=data/none.csv")
    assert "names 'data/none.csv', which is no file of the project" in done.stderr
    assert paper(project, "build", "-p", "03-alone.segments=data/points.csv").returncode == 0
    assert '"value": 56' in (project / "build/results/03-alone.json").read_text(encoding="utf-8")
    edit(project / "data/points.csv", "1.5", "1.55")
    assert (
        "file data/points.csv changed"
        in paper(project, "status", "-p", "03-alone.segments=data/points.csv").stdout
    )


def test_params_lists_type_range_default_and_meaning(project: Path) -> None:
    listed = paper(project, "params").stdout
    assert "01-first.first_year = 2000  (int, at least 1990, at most 2020)  first year, calendar" in listed
    assert "scenario late" in listed


def test_run_touches_nothing_of_the_article(project: Path) -> None:
    before = outputs(project)
    done = paper(project, "run", "01-first", "-p", "first_year=2001")
    assert done.returncode == 0, done.stderr
    assert outputs(project) == before
    recorded = json.loads((project / "build/runs/01-first/results.json").read_text(encoding="utf-8"))
    assert recorded["artefacts"][0]["value"] == 6.5
    assert recorded["parameters"] == {"first_year": 2001}


def test_graph_is_the_same_every_time(project: Path) -> None:
    drawings = []
    for name in ("one.svg", "two.svg"):
        assert paper(project, "graph", "-o", str(project / name)).returncode == 0
        drawings.append((project / name).read_bytes())
    assert drawings[0] == drawings[1]
    assert b"02-second" in drawings[0]


def test_clean(project: Path) -> None:
    done = paper(project, "clean", "--store")
    assert done.returncode == 0
    assert "stale: its kept result is gone from build/store" in paper(project, "status").stdout
    assert paper(project, "clean").returncode == 0
    assert not (project / "build").exists()
    assert (project / "tables/sizes.csv").is_file()


def test_store_keeps_to_its_bound(project: Path) -> None:
    store = project / "build/store"
    edit(project / "data/sizes.csv", "10", "11")
    assert paper(project, "build", "--store-limit", "1K").returncode == 0
    # Everything in there was made or used within the last minute, or is needed: nothing may go yet.
    assert len(list(store.iterdir())) == 4
    for kept in store.iterdir():
        os.utime(kept, (0, 0))
    edit(project / "data/sizes.csv", "11", "12")
    assert paper(project, "build", "--store-limit", "1K").returncode == 0
    needed = {step["fingerprint"] for step in recall(project / "build/state.json")["steps"].values()}
    assert {kept.name for kept in store.iterdir()} == needed


@pytest.mark.parametrize(
    ("owner", "nested"), [(str(os.getppid()), True), (str(os.getpid()), False), ("", False), ("-1", False)]
)
def test_a_build_that_a_build_has_started_leaves_it_to_that(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, owner: str, nested: bool
) -> None:
    """Quarto, which typesets for a build, starts a build before it renders."""
    monkeypatch.setenv(OWNER_VARIABLE, owner)
    assert is_nested() == nested
    if nested:
        assert main(["--project", str(fresh), "build"]) == 0
        assert not (fresh / "build").exists()


def test_who_has_ended_owns_no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    monkeypatch.setenv(OWNER_VARIABLE, str(ended.pid))
    assert not is_nested()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["#| label: a\nopen('data/points.csv').read()"], "add to notebooks.03-alone.data"),
        (["#| label: a\nopen('README.md').read()"], "add README.md to notebooks.03-alone.files"),
        (["#| label: a\nopen('data/sizes.csv', 'w')"], "a notebook writes no other file"),
        (["#| label: a\nname = 'toy.un' + 'used'", "#| label: b\n__import__(name)"], "by its literal name"),
        (
            ["#| label: a\ntry:\n    open('README.md')\nexcept Exception:\n    pass"],
            "cell a, line 3 reads README.md",
        ),
    ],
    ids=["table", "file", "write", "computed import", "swallowed"],
)
def test_undeclared_files_are_an_error_that_names_the_line(
    project: Path, cells: list[str], message: str
) -> None:
    (project / "README.md").write_text("read me")
    before = outputs(project)
    data = (project / "data/sizes.csv").read_bytes()
    write_notebook(project / "analysis/03-alone.ipynb", cells)
    done = paper(project, "build")
    assert done.returncode == 1
    assert message in done.stderr
    assert "03-alone › " in done.stderr
    assert outputs(project) == before
    assert (project / "data/sizes.csv").read_bytes() == data


def test_a_table_that_is_declared_and_not_read_is_told(fresh: Path) -> None:
    edit(fresh / "analysis/parameters.yml", "data: [sizes]", "data: [sizes, points]")
    done = paper(fresh, "build")
    assert done.returncode == 0
    assert "paper: 03-alone declares but did not read data/points.csv\n" in done.stderr
    assert done.stderr.count("declares but did not read") == 1


def test_a_failing_cell_says_where_with_what_and_how_to_rerun(project: Path) -> None:
    before = outputs(project)
    edit(project / "src/toy/lazy.py", "return 2 * value", "return value / 0")
    done = paper(project, "build", "-p", "01-first.first_year=2001")
    assert done.returncode == 1
    assert "01-first › mean: ZeroDivisionError" in done.stderr
    assert "at:       src/toy/lazy.py:2 in scale" in done.stderr
    assert "with:     value = 3.25" in done.stderr
    assert "build/log/01-first.failed.ipynb" in done.stderr
    assert "paper run 01-first -p first_year=2001" in done.stderr
    assert (project / "build/log/01-first.failed.ipynb").is_file()
    assert outputs(project) == before
    # The next build heals, with nothing to run: the result for the old code is kept.
    edit(project / "src/toy/lazy.py", "return value / 0", "return 2 * value")
    assert ran(paper(project, "build").stderr) == []


@pytest.mark.parametrize(
    ("code", "option", "message"),
    [
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            (),
            "killed by SIGKILL: by hand, or out of memory",
        ),
        ("x = bytearray(10**9)", ("--memory-limit", "400M"), "out of memory (--memory-limit 0.4G)"),
        ("import os; os._exit(3)", (), "ended itself with exit code 3"),
        ("1 +", (), "SyntaxError"),
    ],
    ids=["killed", "memory limit", "exit", "syntax"],
)
def test_a_dead_kernel_says_why(project: Path, code: str, option: tuple[str, ...], message: str) -> None:
    write_notebook(project / "analysis/03-alone.ipynb", [f"#| label: bad\n{code}"])
    done = paper(project, "build", *option)
    assert done.returncode == 1
    assert "03-alone › bad" in done.stderr
    assert message in done.stderr


def test_a_command_that_fails_fails_its_step(project: Path) -> None:
    edit(project / "analysis/parameters.yml", "data: [sizes]", "data: [sizes]\n    outside: {programs: why}")
    for command in ("!exit 3", "lines = !exit 3"):
        cell = f"#| label: shell\n{command}\nprint('went on')"
        write_notebook(project / "analysis/03-alone.ipynb", [cell])
        done = paper(project, "build")
        assert done.returncode == 1
        assert "Command 'exit 3' returned non-zero exit status 3" in done.stderr
    write_notebook(project / "analysis/03-alone.ipynb", ["#| label: shell\n!true"])
    assert paper(project, "build").returncode == 0


def test_declared_but_missing_and_bad_settings_are_found_at_once(project: Path) -> None:
    edit(project / "analysis/parameters.yml", "data: [sizes]", "data: [size]\n    result: []")
    edit(project / "analysis/parameters.yml", "results: [01-first]", "results: [01-frst]")
    done = paper(project, "build")
    assert done.returncode == 1
    assert "did you mean 'results'?" in done.stderr
    assert "did you mean '01-first'?" in done.stderr
    edit(project / "analysis/parameters.yml", "\n    result: []", "")
    edit(project / "analysis/parameters.yml", "results: [01-frst]", "results: [01-first]")
    done = paper(project, "build")
    assert "03-alone declares 'size', but there is no data/size.csv; did you mean 'sizes'?" in done.stderr
    assert "analysis/parameters.yml:9" in done.stderr


def test_names_must_be_unique_in_the_article(project: Path) -> None:
    write_notebook(
        project / "analysis/03-alone.ipynb",
        ["#| label: again\nfrom paperbuild import number\nnumber('first.mean', 1.0)"],
    )
    done = paper(project, "build")
    assert done.returncode == 1
    assert "the number 'first.mean' is also made by 01-first › mean" in done.stderr


def test_two_builds_elsewhere_cold_and_warm_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "другая папка" / "with space"
    shutil.copytree(built, copy, ignore=shutil.ignore_patterns("build", "figures", "tables", "_output"))
    done = paper(copy, "build", "--kernel", "cold", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert outputs(copy) == outputs(built)


def test_a_notebook_says_how_far_it_is_and_leaves_no_word_of_it(fresh: Path) -> None:
    says = "from paperbuild import progress\ntell = progress('pieces')\n"
    says += "for done in range(1001):\n    tell(done, 1000)"
    write_notebook(fresh / "analysis/04-long.ipynb", ["# Long", f"#| label: long\n{says}"])
    edit(fresh / "analysis/parameters.yml", "scenarios:", "  04-long: {}\nscenarios:")
    plan = make_plan(Workspace.open(fresh), Options(to=(), kernel="cold"))
    told, staging = [], fresh / "build/staging"
    staging.mkdir(parents=True)
    plan.steps["04-long"].make({}, staging, Running(lambda *what: told.append(what)))
    # at its beginning, once a second, at its end
    assert told[0] == ("04-long", "pieces", 0, 1000)
    assert told[-1] == ("04-long", "pieces", 1000, 1000)
    assert len(told) < 10
    assert json.loads((staging / "outputs.json").read_text())[0]["outputs"] == []
