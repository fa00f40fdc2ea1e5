"""Who judges a project reads it by one reader, whatever is wrong with it."""

import ast
import json
from pathlib import Path

import pytest

import paperbuild
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import Project
from paperbuild.project.reading import Reading

TOOL = Path(paperbuild.__file__).parent
JUDGES = [*sorted(TOOL.glob("checks/*.py")), TOOL / "proof/verify.py"]
OPENING = {"open", "read_text", "read_bytes", "glob", "rglob", "iterdir"}


def opened(source: str) -> list[str]:
    """Return the calls in a module that open or list files by themselves."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls]
    return [name for name in named if name in OPENING]


def test_files_that_are_opened_are_found() -> None:
    assert opened("open(a)\nb.read_text()\nreading.text(c)") == ["open", "read_text"]


@pytest.mark.parametrize("module", JUDGES, ids=lambda path: path.relative_to(TOOL).as_posix())
def test_no_judge_opens_a_file_by_itself(module: Path) -> None:
    assert opened(module.read_text(encoding="utf-8")) == []


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """A project with little in it and much wrong with it."""
    for name, text in {
        "analysis/parameters.yml": "notebooks: 7\n",
        "analysis/01-a.ipynb": "{",
        "analysis/notes.ipynb": "{}",
        "src/study/model.py": "",
        "figures/drawn.csv": "a\n1\n",
        "figures/stray.csv": "b\n2\n",
        "figures/manifest.json": json.dumps({"outputs": [{"path": "figures/drawn.csv"}]}),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "paper.qmd").write_bytes(b"\xff")
    return Reading(Project(tmp_path))


def test_what_is_there_is_found_whatever_is_wrong(reading: Reading) -> None:
    assert reading.notebooks == ["analysis/01-a.ipynb", "analysis/notes.ipynb"]
    assert reading.modules == ["src/study/model.py"]
    assert reading.made == ["figures/drawn.csv", "figures/manifest.json", "figures/stray.csv"]
    assert reading.settings.notebooks == {}
    assert reading.lock == ""
    assert not reading.has("data/datapackage.json")


def test_only_what_notebooks_have_made_is_published(reading: Reading) -> None:
    assert reading.published("figures/drawn.csv") == "a\n1\n"
    assert reading.published("figures/stray.csv") is None


def test_what_cannot_be_read_is_told(reading: Reading) -> None:
    for ask, told in ((reading.text, "not UTF-8"), (reading.notebook, "not a notebook")):
        with pytest.raises(PaperError, match=told):
            ask("paper.qmd" if ask == reading.text else "analysis/01-a.ipynb")
