"""What is done around Quarto, seen on a program in its place that writes and says what Quarto would.

What Quarto itself makes of an article is compared where it is installed (test_render_parity.py).
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sample_article import job, line, make_article

from paperbuild.article.extension import PLACE, install
from paperbuild.article.typesetting import identity, render
from paperbuild.build.plan import Options, make_plan
from paperbuild.ground.errors import PaperError
from paperbuild.ground.own import OWNER_VARIABLE
from paperbuild.project.workspace import Workspace
from paperbuild.steps.step import Result
from toy import paper

PROGRAM = """import json, os, shutil, sys
from pathlib import Path

own, here = Path(__file__).parent, Path.cwd()
files = sorted(path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file())
seen = {"words": sys.argv[1:], "files": files, "variables": dict(os.environ)}
seen["article"] = Path(sys.argv[2]).read_text()
(own / "seen.json").write_text(json.dumps(seen))
wanted = json.loads((own / "wanted.json").read_text())
output = here / sys.argv[sys.argv.index("--output-dir") + 1]
output.mkdir()
for name in wanted["makes"]:
    shutil.copy(own / name, output)
(here / ".gitignore").write_text("/.quarto/")
print("pandoc\\n  to: html", file=sys.stderr)
print(wanted["says"], file=sys.stderr)
sys.exit(wanted["code"])
"""
PAGE = """<!DOCTYPE html><html><body><header><h1 class="title">A sample</h1></header>
<main id="content"><h1 id="abstract-title">Abstract</h1><h1 id="one">One</h1><h5>Deep</h5>
<img src="data:image/svg+xml;base64,{drawing}"><img src="data:image/svg+xml;base64,PHN2Zy8+">
</main></body></html>"""


@dataclass
class StandIn:
    """The program: what it is to do, and what it saw."""

    folder: Path

    def will(self, makes: tuple[str, ...] = (), says: str = "", code: int = 0) -> None:
        wanted = {"makes": makes, "says": says, "code": code}
        (self.folder / "wanted.json").write_text(json.dumps(wanted), encoding="utf-8")

    @property
    def saw(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "seen.json").read_text(encoding="utf-8")))


@pytest.fixture
def quarto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "quarto.py").write_text(PROGRAM, encoding="utf-8")
    (folder / "quarto").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$0.py" "$@"\n', encoding="utf-8")
    (folder / "quarto").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return StandIn(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_article(tmp_path / "article")
    install(root)
    return root


def contents(root: Path) -> dict[Path, bytes]:
    """What lies in the project, but for what the build remembers."""
    files = (path for path in root.rglob("*") if path.is_file() and "build" not in path.parts)
    return {path: path.read_bytes() for path in files if "_output" not in path.parts}


def test_quarto_sets_a_copy_with_all_that_the_article_is_made_of(quarto: StandIn, root: Path) -> None:
    drawing = (root / "figures/trend.svg").read_bytes()
    page = PAGE.replace("{drawing}", base64.b64encode(drawing).decode("ascii"))
    (quarto.folder / "paper.html").write_text(page, encoding="utf-8")
    quarto.will(makes=("paper.html",))
    before = contents(root)
    [made] = render(job(root, "html", "quarto"))
    assert contents(root) == before, "it works in a folder of its own"
    saw = quarto.saw
    assert saw["words"] == ["render", "paper.qmd", "--to", "paperbuild-html", "--output-dir", "_output"]
    assert {f"{PLACE}/article.lua", "figures/trend.svg", "paper.qmd", "references.bib"} <= set(saw["files"])
    said = re.sub(r"<!--.*?-->", "", saw["article"], flags=re.DOTALL)
    assert "{{<" not in said, "what is bound and included is there already"
    _, front, body = saw["article"].split("---\n", 2)
    assert json.loads(front)["title"].startswith("A sample article")
    assert "This text comes from a file of its own and binds −0.50 too" in body
    assert saw["variables"][OWNER_VARIABLE] == str(os.getpid())
    assert "HOME" in saw["variables"]
    assert saw["variables"]["HOME"] != os.environ["HOME"]
    text = made.read_text(encoding="utf-8")
    assert '<h1 class="title">A sample</h1>' in text, "the page has one heading of the first level"
    assert '<h2 id="one">One</h2><h6>Deep</h6>' in text
    assert '<h1 id="abstract-title">' in text
    assert text.count("base64") == 1, "a picture of the article is light, another as it was"


REPORTS = {
    "a reference": (
        "[WARNING] Unable to resolve crossref @fig-trend",
        "nothing that is numbered bears the name fig-trend",
        "@fig-trend",
    ),
    "a citation": (
        "\x1b[33m[WARNING]\x1b[0m Citeproc: citation lamport1994 not found",
        "no entry for the citati",
        "@lamport1994",
    ),
}


@pytest.mark.parametrize("report", REPORTS)
def test_what_quarto_only_warns_of_is_refused_at_its_line(quarto: StandIn, root: Path, report: str) -> None:
    says, message, at = REPORTS[report]
    (quarto.folder / "paper.html").write_text(PAGE.replace("{drawing}", "PHN2Zy8+"), encoding="utf-8")
    quarto.will(makes=("paper.html",), says=says)
    with pytest.raises(PaperError, match=message) as caught:
        render(job(root, "html", "quarto"))
    assert caught.value.where == f"paper.qmd:{line(root, at)}"


@pytest.mark.parametrize("code", [0, 1])
def test_a_failure_of_quarto_is_told_without_its_stack(quarto: StandIn, root: Path, code: int) -> None:
    stack = "Stack trace:\n    at render (file:///opt/quarto.js:1:2)\n"
    quarto.will(says=f"ERROR: no such filter\n\n{stack}ERROR: no such filter", code=code)
    with pytest.raises(PaperError) as caught:
        render(job(root, "pdf", "quarto"))
    assert caught.value.message == f"quarto render failed with status {code}:\nERROR: no such filter"
    assert "paper build --engine embedded does without Quarto" in caught.value.remedy
    assert not (root / "_output/paper.pdf").exists()


def test_a_project_without_the_extension_is_told_how_to_get_it(quarto: StandIn, root: Path) -> None:
    for path in (root / PLACE).rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(PaperError, match="the project has no Quarto extension") as caught:
        render(job(root, "html", "quarto"))
    assert caught.value.remedy == "python -m paperbuild.article.extension"


def test_another_quarto_is_another_typesetter_and_no_other_recipe(quarto: StandIn, project: Path) -> None:
    (project / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nText.\n", encoding="utf-8")
    install(project)
    steps = {
        engine: make_plan(Workspace.open(project), Options(engine=engine))
        for engine in ("quarto", "embedded")
    }
    one, other = (plan.steps["paper.html"] for plan in steps.values())
    results = steps["quarto"].results
    found = [step.inputs(results) for step in (one, other)]
    assert found[0]["typesetter engine"] == "quarto"
    assert found[1]["typesetter engine"] == "embedded"
    digests = {
        step.recipe(Result(project, {}, inputs), results)
        for step, inputs in zip((one, other), found, strict=True)
    }
    assert len(digests) == 1
    before = identity("quarto")
    with (quarto.folder / "quarto").open("a", encoding="utf-8") as script:
        script.write("# another version\n")
    assert identity("quarto") != before


def test_a_text_that_another_engine_sets_lies_beside_the_reference(quarto: StandIn, project: Path) -> None:
    (project / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nText.\n", encoding="utf-8")
    install(project)
    assert paper(project, "build", "--to", "html", "--engine", "embedded").returncode == 0
    reference = project / "text/paper.html.txt"
    before = reference.read_bytes(), (project / "figures/manifest.json").read_bytes()
    (quarto.folder / "paper.html").write_text(PAGE.replace("{drawing}", "PHN2Zy8+"), encoding="utf-8")
    quarto.will(makes=("paper.html",))
    for told in ("paper.html                   typeset", "up to date"):
        done = paper(project, "build", "--to", "html", "--engine", "quarto")
        assert done.returncode == 0
        assert told in done.stderr
        assert "_output/paper.html: typeset by quarto" in done.stderr
        assert "ANOTHER TEXT, text/paper.html.txt stays" in done.stderr
        assert (reference.read_bytes(), (project / "figures/manifest.json").read_bytes()) == before
        assert "Deep" in (project / "build/differs/text/paper.html.txt").read_text(encoding="utf-8")
    assert paper(project, "build", "--to", "html", "--engine", "quarto", "--accept").returncode == 0
    assert "Deep" in reference.read_text(encoding="utf-8")


def test_after_quarto_in_the_project_its_documents_are_finished_and_notebooks_added(project: Path) -> None:
    (project / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nText.\n", encoding="utf-8")
    install(project)
    assert paper(project, "build", "--no-render").returncode == 0
    output = project / "_output"
    (output / "figures").mkdir(parents=True)
    (output / "figures/left.svg").write_text("<svg/>", encoding="utf-8")
    (output / "paper.html").write_text(PAGE.replace("{drawing}", "PHN2Zy8+"), encoding="utf-8")
    hook = [sys.executable, str(project / PLACE / "hook.py"), "after"]
    told = {**os.environ, "QUARTO_PROJECT_OUTPUT_FILES": "_output/paper.html"}
    subprocess.run(hook, cwd=project, env=told | {OWNER_VARIABLE: "1"}, check=True)
    assert not (output / "notebooks").exists(), "where a build has started Quarto, it does that itself"
    subprocess.run(hook, cwd=project, env=told, check=True)
    assert '<h2 id="one">One</h2>' in (output / "paper.html").read_text(encoding="utf-8")
    assert not (output / "figures").exists()
    assert (output / "notebooks/01-first.html").is_file()
