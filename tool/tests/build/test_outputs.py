"""What notebooks hand over is published as one: names that clash are refused, documents follow numbers."""

import dataclasses
import json
import os
import random
import zlib
from pathlib import Path

import pytest

from paperbuild.article.formats import DOCUMENTS
from paperbuild.build.plan import Options, make_plan
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_bytes
from paperbuild.project.results import NotebookResults
from paperbuild.project.workspace import Workspace
from paperbuild.steps.outputs import check_names
from paperbuild.steps.step import Result, differences
from toy import edit, outputs, paper, write_notebook


def result(folder: Path, *names: str, kind: str = "number") -> Result:
    """A kept result that recorded artefacts of these names."""
    artefacts = tuple({"kind": kind, "name": name, "cell": "c"} for name in names)
    (folder / "files").mkdir(parents=True)
    text = NotebookResults("x", artefacts=artefacts).text()
    (folder / "files/results.json").write_text(text)
    return Result(folder, {"results.json": sha256_bytes(text.encode("utf-8"))})


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("a.b", "a.b", "02-y › c: the number 'a.b' is also made by 01-x › c"),
        ("a.b", "a.b.c", "02-y › c: the number 'a.b.c' lies below the number 'a.b' of 01-x › c"),
        ("a.b.c.d", "a.b", "01-x › c: the number 'a.b.c.d' lies below the number 'a.b' of 02-y › c"),
    ],
)
def test_clashing_names_of_numbers_are_refused(tmp_path: Path, first: str, second: str, message: str) -> None:
    results = {"01-x": result(tmp_path / "x", first), "02-y": result(tmp_path / "y", second)}
    with pytest.raises(PaperError, match="rename one") as caught:
        check_names(results)
    assert message in str(caught.value)


def test_names_that_only_look_alike_are_not(tmp_path: Path) -> None:
    results = {
        "01-x": result(tmp_path / "x", "a.b", "a.bc"),
        "02-y": result(tmp_path / "y", "a.b", kind="table"),
    }
    check_names(results)


@pytest.fixture
def article(project: Path) -> Path:
    (project / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nThe mean is {{< meta n.first.mean >}}.\n")
    (project / "_quarto.yml").write_text("project: {type: default}\n")
    return project


def test_another_number_reaches_every_document(article: Path, tmp_path: Path) -> None:
    plan = make_plan(Workspace.open(article), Options(engine="embedded", accept=True))
    kept = plan.results["01-first"]
    text = kept.path("results.json").read_text(encoding="utf-8").replace('"5.50"', '"5.51"')
    (tmp_path / "other/files").mkdir(parents=True)
    (tmp_path / "other/files/results.json").write_text(text, encoding="utf-8")
    files = {**kept.files, "results.json": sha256_bytes(text.encode("utf-8"))}
    other = {**plan.results, "01-first": dataclasses.replace(kept, folder=tmp_path / "other", files=files)}
    for document in DOCUMENTS.values():
        step = plan.steps[document.file]
        changed = differences(step.inputs(plan.results), step.inputs(other))
        assert [line.split()[0] for line in changed] == ["numbers"], document.name


def test_a_document_is_kept_published_again_and_set_anew(article: Path) -> None:
    build = ("build", "--to", "html", "--engine", "embedded")
    assert paper(article, *build).returncode == 0
    html, text = article / "_output/paper.html", article / "text/paper.html.txt"
    before = outputs(article), text.read_bytes()
    html.write_text("scribble")
    text.unlink()
    states = json.loads(paper(article, "status", "--to", "html", "--engine", "embedded", "--json").stdout)
    assert states["steps"]["paper.html"]["reasons"][0].startswith("output _output/paper.html is not what was")
    done = paper(article, *build)
    assert "typeset" not in done.stderr, "the kept document is brought back"
    assert (outputs(article), text.read_bytes()) == before
    text.write_text("scribble")
    done = paper(article, *build)
    assert (outputs(article), text.read_bytes()) == before, "though the document itself is as it was"
    edit(article / "paper.qmd", "The mean is", "Its mean is")
    assert paper(article, *build).returncode == 0
    assert "Its mean is 5.50" in html.read_text(encoding="utf-8")
    assert "Its mean is 5.50" in text.read_text(encoding="utf-8")
    scenario = (*build, "--scenario", "late")
    assert paper(article, *scenario).returncode == 0
    late = article / "_output/scenarios/late/paper.html"
    assert "Its mean is 6.50" in late.read_text(encoding="utf-8")
    edit(article / "paper.qmd", "Its mean is", "That mean is")
    assert (
        paper(article, "build", "--scenario", "late", "--to", "html", "--engine", "embedded").returncode == 0
    )
    assert "That mean is 6.50" in late.read_text(encoding="utf-8"), "its sources are copied again"


def test_a_text_handed_over_as_a_number_is_no_markdown(article: Path) -> None:
    words = "1. a*b*c_d_ & [x](y) <i>z</i> $k$ `m` -- n@o"
    write_notebook(article / "analysis/03-alone.ipynb", [WORDS % (words, "- none")])
    (article / "paper.qmd").write_text(
        "---\ntitle: Toy\nabstract: '{{< meta n.alone.words >}}'\n---\n\n{{< meta n.alone.words >}}\n\n"
        "In a line {{< meta n.alone.none >}}.\n"
    )
    done = paper(article, "build", "--to", "html", "--engine", "embedded")
    assert done.returncode == 0, done.stderr
    text = (article / "text/paper.html.txt").read_text(encoding="utf-8")
    # Dashes and quotes are set as in the prose around them.
    assert text.count(words.replace("--", "–")) == 2
    assert "In a line - none." in text


WORDS = "#| label: words\nfrom paperbuild import number\nnumber('alone.words', %r)\nnumber('alone.none', %r)"

DRAWS = [
    "# Alone",
    "#| label: setup\nimport os\nimport random\nimport numpy as np\nfrom paperbuild import number",
    "#| label: draw\nnumber('alone.draw', random.random())\nnumber('alone.array', np.random.random())",
    "#| label: again\nnumber('alone.again', random.random())",
    "#| label: threads\nnumber('alone.threads', os.environ['OPENBLAS_NUM_THREADS'])",
]


def test_draws_follow_from_step_and_cell_and_linear_algebra_has_one_thread(project: Path) -> None:
    import numpy as np

    write_notebook(project / "analysis/03-alone.ipynb", DRAWS)
    found = []
    for mode in ("fork", "cold"):
        done = paper(project, "build", "--kernel", mode, OPENBLAS_NUM_THREADS=str(os.cpu_count()))
        assert done.returncode == 0, done.stderr
        record = json.loads((project / "build/results/03-alone.json").read_text(encoding="utf-8"))
        found.append({one["name"]: one["value"] for one in record["artefacts"]})
        paper(project, "clean", "--store")
    assert found[0] == found[1]
    for name in ("draw", "again"):
        # The cells are labelled so. Ten digits are kept of a value.
        seed = zlib.crc32(f"03-alone {name}".encode())
        assert found[0][f"alone.{name}"] == float(f"{random.Random(seed).random():.10g}")
    seed = zlib.crc32(b"03-alone draw")
    assert found[0]["alone.array"] == float(f"{np.random.RandomState(seed).random():.10g}")
    assert found[0]["alone.threads"] == "1"


OWN_SEED = [
    "#| label: setup\nimport random\nimport numpy as np\nfrom paperbuild import number",
    "#| label: seed\nnp.random.seed(3)",
    "#| label: draw\nnumber('alone.numpy', np.random.random())\nnumber('alone.python', random.random())",
]


def test_a_seed_of_the_authors_own_holds_in_the_cells_that_follow(project: Path) -> None:
    import numpy as np

    write_notebook(project / "analysis/03-alone.ipynb", OWN_SEED)
    done = paper(project, "build")
    assert done.returncode == 0, done.stderr
    record = json.loads((project / "build/results/03-alone.json").read_text(encoding="utf-8"))
    found = {one["name"]: one["value"] for one in record["artefacts"]}
    assert found["alone.numpy"] == float(f"{np.random.RandomState(3).random():.10g}")
    seed = zlib.crc32(b"03-alone draw")
    assert found["alone.python"] == float(f"{random.Random(seed).random():.10g}"), (
        "the other one is still held"
    )
