"""The tool's own code is an input of what passes through it, found by its imports, and of nothing else."""

import shutil
from pathlib import Path

import pytest

import paperbuild
from paperbuild.ground.hashing import HashCache
from paperbuild.project.layout import Project
from paperbuild.steps import dependencies, document, notebook
from paperbuild.steps.dependencies import Scanner
from paperbuild.steps.step import differences

KINDS = {"notebook": notebook.OWN_CODE, "document": document.OWN_CODE}


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tool's code that may be edited."""
    source = Path(paperbuild.__file__).parent
    for name in dependencies.PACKAGES:
        shutil.copytree(source.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(dependencies, "PACKAGE", tmp_path / "paperbuild")
    return tmp_path / "paperbuild"


def own_code(tool: Path) -> dict[str, dict[str, str]]:
    scanner = Scanner(Project(tool), HashCache(tool.parent / "hashes.json"))
    return {kind: scanner.own_code(entries) for kind, entries in KINDS.items()}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The inputs that the code is as it stands, of which each test edits a copy."""
    return own_code(tmp_path_factory.mktemp("unedited") / "paperbuild")


@pytest.mark.parametrize(
    ("module", "reached"),
    [
        ("kernel/execute.py", {"notebook"}),
        ("kernel/inside.py", {"notebook"}),
        ("kernel/preload.py", {"notebook"}),
        ("kernel/provisioner.py", {"notebook"}),
        ("kernel/calls.py", {"notebook"}),
        ("kernel/kinds.py", {"notebook"}),
        ("project/notebook.py", {"notebook", "document"}),
        ("project/results.py", {"notebook", "document"}),
        ("ground/surroundings.py", {"notebook", "document"}),
        ("../dataregister/tables.py", {"notebook"}),
        ("article/text.py", {"document"}),
        ("article/embedded.py", {"document"}),
        ("article/quarto.py", {"document"}),
        ("cli/graph.py", set()),
        ("build/scheduler.py", set()),
        ("proof/ladder.py", set()),
    ],
)
def test_an_edit_of_the_tool_reaches_what_passes_through_it(
    before: dict[str, dict[str, str]], tool: Path, module: str, reached: set[str]
) -> None:
    path = tool / module
    path.write_text(path.read_text(encoding="utf-8") + "\nEDITED = True\n", encoding="utf-8")
    after = own_code(tool)
    assert {kind for kind in KINDS if before[kind] != after[kind]} == reached
    for kind in reached:
        [reason] = differences(before[kind], after[kind])
        assert reason.startswith(f"module {path.resolve().relative_to(tool.parent)} changed")


def test_a_comment_in_the_tool_reaches_nothing(before: dict[str, dict[str, str]], tool: Path) -> None:
    path = tool / "kernel/execute.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert own_code(tool) == before


def test_a_module_the_tool_imports_anew_counts(tool: Path) -> None:
    (tool / "kernel/extra.py").write_text("X = 1\n", encoding="utf-8")
    before = own_code(tool)
    path = tool / "kernel/warm.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n\ndef late():\n    from paperbuild.kernel import extra\n", encoding="utf-8")
    assert "module paperbuild/kernel/extra.py is new: " in " ".join(
        f"{line} " for line in differences(before["notebook"], own_code(tool)["notebook"])
    )
