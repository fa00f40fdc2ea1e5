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
READING = {
    "open",
    "read_text",
    "read_bytes",
    "read_own",
    "recall",
    "load_yaml",
    "parse_yaml",
    "parse_mapping",
}
OPENING = {"open", "read_text", "read_bytes", "glob", "rglob", "iterdir"}

# Every module above the floor of the project that reads a file by itself: how often, and what it is. Records
# of the project are read on that floor; the article's own (text, settings, phrases) by one module each.
DOORS = {
    "article/extension.py": (3, "the tool's Quarto extension, and its copy in the project"),
    "article/languages.py": (1, "the tool's languages"),
    "article/manuscript.py": (1, "front matter, of a text that was handed over"),
    "article/phrases.py": (2, "the phrases of an edition: their one reader"),
    "article/quarto_settings.py": (2, "_quarto.yml: its one reader"),
    "article/source.py": (1, "the article, asked of its one reader"),
    "article/submission.py": (4, "a journal's profile: its one reader; what it typesets"),
    "article/text.py": (1, "the article's text: its one reader"),
    "article/draft.py": (1, "a page that was typeset"),
    "article/notebook_pages.py": (2, "notebooks as they ran, and the tool's script"),
    "article/pictures.py": (7, "pictures to be embedded"),
    "article/quarto.py": (1, "a page that was typeset"),
    "article/readers.py": (1, "a page that was typeset"),
    "build/plan.py": (1, "what the build remembers"),
    "build/store.py": (2, "what the build keeps"),
    "cli/bench_builds.py": (6, "the copy that is measured, and what builds of the project took"),
    "cli/bench_large.py": (3, "what is measured, as it is made; the run before"),
    "cli/bench_scale.py": (1, "the run before"),
    "cli/init.py": (2, "the tool's templates"),
    "cli/main.py": (1, "nothing: where output goes that nobody reads"),
    "cli/preview.py": (1, "pages that were typeset"),
    "cli/review.py": (1, "the text to be patched, as its bytes are"),
    "cli/run.py": (1, "what a notebook has just made"),
    "kernel/away.py": (2, "what a kernel has just made"),
    "kernel/cluster.py": (1, "the tool's own modules"),
    "kernel/execute.py": (3, "what a kernel reports, and the line that it stopped at"),
    "kernel/importer.py": (1, "bytecode that was kept"),
    "kernel/inside.py": (1, "the settings that a kernel was started with"),
    "kernel/watch.py": (2, "what a kernel has opened"),
    "proof/certificate.py": (1, "a certificate: its one reader"),
    "proof/deposit.py": (1, "whatever is packed"),
    "proof/diff.py": (1, "data of two states, registered or not"),
    "proof/marked.py": (1, "the tool's style sheet"),
    "proof/site.py": (4, "pages that were typeset, and the tool's own files"),
    "proof/submission.py": (4, "what was typeset"),
    "proof/unpack.py": (2, "an archive that was handed over"),
    "steps/dependencies.py": (1, "metadata of a package"),
    "steps/document.py": (1, "a committed text of a document"),
    "steps/outputs.py": (1, "what notebooks have made"),
    "steps/parsed.py": (1, "modules whose imports are followed"),
    "steps/reference.py": (3, "outputs, and the report of how they differ"),
    "steps/step.py": (1, "what the build keeps"),
}


def opened(source: str, names: set[str] = OPENING) -> list[str]:
    """Return the calls in a module that open or list files by themselves."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls]
    others = {"Workspace.open", "Image.open", "webbrowser.open"}
    return [
        name
        for call, name in zip(calls, named, strict=True)
        if name in names and ast.unparse(call) not in others
    ]


def test_files_that_are_opened_are_found() -> None:
    assert opened("open(a)\nb.read_text()\nreading.text(c)\nWorkspace.open(d)") == ["open", "read_text"]


def test_no_module_above_the_project_reads_a_file_that_is_not_accounted_for() -> None:
    """A record of the project gets its reader in `paperbuild.project`, anything else its line above."""
    found = {
        path.relative_to(TOOL).as_posix(): len(opened(path.read_text(encoding="utf-8"), READING))
        for path in sorted(TOOL.rglob("*.py"))
        if path.relative_to(TOOL).parts[0] not in ("ground", "project", "templates")
    }
    assert {path: times for path, times in found.items() if times} == {
        path: times for path, (times, _) in DOORS.items()
    }


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
