"""Finding the project, reading its settings, naming its revision."""

import subprocess
from pathlib import Path

import pytest

from paperbuild.ground.errors import Findings, PaperError, UsageError
from paperbuild.project.layout import Project
from paperbuild.project.revision import FALLBACK_EPOCH


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "analysis").mkdir()
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for name in ("01-a", "02-b"):
        (tmp_path / f"analysis/{name}.ipynb").write_text("{}")
    (tmp_path / "analysis/scratch.ipynb").write_text("{}")
    (tmp_path / "analysis/parameters.yml").write_text("")
    return Project(tmp_path)


def test_found_upward_and_not_elsewhere(project: Project, tmp_path: Path) -> None:
    assert Project.find(tmp_path / "data" / "deep").root == tmp_path
    with pytest.raises(UsageError, match="no project here"):
        Project.find(Path("/"))


def test_only_numbered_notebooks_are_steps(project: Project) -> None:
    assert project.steps == ("01-a", "02-b")
    assert project.data_file("regions") == project.root / "data/regions.csv"
    assert project.data_file("boundaries/x.geojson") == project.root / "data/boundaries/x.geojson"


def test_a_scenario_repeats_the_layout_below_its_own_root(project: Project) -> None:
    project.parameters_file.write_text("scenarios:\n  late: {about: later, set: {01-a: {x: 1}}}\n")
    late = Project(project.root).with_scenario("late")
    assert late.render_root == project.root / "build/scenarios/late"
    assert late.figures == late.render_root / "figures"
    assert late.output == project.root / "_output/scenarios/late"
    assert late.with_scenario("baseline") == Project(project.root)


def test_every_finding_has_its_line(project: Project) -> None:
    project.parameters_file.write_text(
        "notebooks:\n"
        "  01-a:\n"
        "    dta: [x]\n"
        "    data: x\n"
        "  02-b:\n"
        "    results: [02-b, 01-aa]\n"
        "    files: [../secret]\n"
        "  03-c: {}\n"
        "scenarios:\n"
        "  Bad Name: {set: {}}\n"
        "extra: 1\n"
    )
    with pytest.raises(Findings) as caught:
        _ = project.settings
    text = str(caught.value)
    for expected in (
        "analysis/parameters.yml:3: unknown key 'dta' for 01-a; did you mean 'data'?",
        "analysis/parameters.yml:4: notebooks.01-a.data: input should be",
        "analysis/parameters.yml:6: 02-b declares results of '02-b'",
        "02-b declares results of '01-aa', which is no other notebook; did you mean '01-a'?",
        "analysis/parameters.yml:7: '../secret' lies outside the project",
        "analysis/parameters.yml:8: there is no notebook '03-c'",
        "analysis/parameters.yml:10: scenario name 'Bad Name'",
        "analysis/parameters.yml:11: unknown key 'extra'",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("notebooks: [01-a]\n", ":1: notebooks is not a mapping"),
        ("- a\n", ":1: the file is not a mapping"),
        (
            "notebooks:\n  01-a:\n    parameters: {x: 3}\n",
            ":3: notebooks.01-a.parameters.x is not",
        ),
        (
            "notebooks:\n  01-a:\n    parameters: {x: {ge: low}}\n",
            ":3: notebooks.01-a.parameters.x.ge",
        ),
        ("scenarios:\n  late: {about: [1]}\n", ":2: scenarios.late.about: input should be"),
        (
            "scenarios:\n  late: {about: x, set: [1]}\n",
            ":2: scenarios.late.set is not a mapping",
        ),
        (
            "scenarios:\n  late: {set: {01-aa: {x: 1}}}\n",
            "there is no notebook '01-aa'; did you mean '01-a'?",
        ),
        (
            "notebooks:\n  01-a: {data: 2021-05-01}\n",
            ":2: notebooks.01-a.data: input should be",
        ),
    ],
)
def test_malformed_settings_are_findings(project: Project, text: str, message: str) -> None:
    project.parameters_file.write_text(text)
    with pytest.raises(PaperError) as caught:
        _ = project.settings
    assert message in str(caught.value)
    assert str(caught.value).startswith("analysis/parameters.yml:")


def test_bad_yaml_names_the_line(project: Project) -> None:
    project.parameters_file.write_text("notebooks:\n  01-a: [\n")
    with pytest.raises(PaperError, match=r":3: not valid YAML"):
        _ = project.settings
    project.parameters_file.write_bytes("notebooks: {} # ё".encode("cp1251"))
    with pytest.raises(PaperError, match="not UTF-8"):
        _ = Project(project.root).settings


def test_revision_outside_git_and_in_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert project.revision.commit == ""
    assert project.revision.epoch == FALLBACK_EPOCH
    assert project.revision.date == "not under version control"
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2025-03-04T05:06:07Z")

    def git(*args: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, *args], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    clean = Project(tmp_path).revision
    assert len(clean.commit) == 40
    assert not clean.dirty
    assert clean.date == "2025-03-04"
    (tmp_path / "README.md").write_text("not an input")
    assert not Project(tmp_path).revision.dirty
    (tmp_path / "data/new.csv").write_text("an input")
    assert Project(tmp_path).revision.dirty
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert Project(tmp_path).revision.date == "1970-01-02"
