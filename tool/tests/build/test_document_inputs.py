"""What each document depends on: the texts, pictures, words and parts it is set from, and nothing else."""

from pathlib import Path

import pytest

from paperbuild.article.extension import PLACE, install
from paperbuild.article.formats import DOCUMENTS, FORMATS
from paperbuild.build.plan import Options, make_plan
from paperbuild.ground.interpreter import FREE_VARIABLE
from paperbuild.project import workspace as opening
from paperbuild.project.workspace import Workspace
from paperbuild.steps.step import differences
from toy import edit

ARTICLE = """---
title: Toy
---

Prose. {{< include tables/sizes.md >}}

![A picture](figures/drawn){#fig-drawn}

{{< include text/more.md >}}
"""


@pytest.fixture
def article(project: Path) -> Path:
    (project / "text").mkdir()
    (project / "text/more.md").write_text("More prose.\n")
    (project / "figures/drawn.svg").write_text("<svg/>")
    (project / "figures/drawn.png").write_bytes(b"PNG")
    (project / "_quarto.yml").write_text("project: {type: default}\n")
    (project / "paper.qmd").write_text(ARTICLE)
    install(project)
    return project


def inputs(root: Path, kind: str) -> dict[str, str]:
    plan = make_plan(Workspace.open(root), Options(engine="embedded"))
    return plan.steps[DOCUMENTS[kind].file].inputs(plan.results)


CHANGES = {
    "prose": (lambda r: edit(r / "paper.qmd", "Prose.", "Better prose."), {"html", "pdf", "docx"}),
    "included prose": (lambda r: edit(r / "text/more.md", "More", "Less"), {"html", "pdf", "docx"}),
    "drawing": (lambda r: edit(r / "figures/drawn.svg", "<svg/>", "<svg></svg>"), {"html", "pdf"}),
    "pixels": (lambda r: (r / "figures/drawn.png").write_bytes(b"PNG2"), {"html", "docx"}),
    "name that pages link to": (lambda r: edit(r / "paper.qmd", "#fig-drawn", "#fig-new"), set(DOCUMENTS)),
    "quarto project": (lambda r: edit(r / "_quarto.yml", "default", "website"), set(DOCUMENTS)),
    "quarto extension": (lambda r: edit(r / PLACE / "article.lua", "local", "local "), set(DOCUMENTS)),
    "another text": (lambda r: (r / "text/other.md").write_text("Nobody includes it.\n"), set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_reaches_the_documents_it_bears_on(article: Path, change: str) -> None:
    before = {kind: inputs(article, kind) for kind in DOCUMENTS}
    make, reached = CHANGES[change]
    make(article)
    after = {kind: inputs(article, kind) for kind in DOCUMENTS}
    assert {kind for kind in DOCUMENTS if differences(before[kind], after[kind])} == reached


def test_the_second_that_a_document_is_dated_counts(article: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for second in ("1600000000", "1600000001"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", second)
        found.append({kind: inputs(article, kind) for kind in DOCUMENTS})
    for kind in DOCUMENTS:
        assert differences(found[0][kind], found[1][kind]) == ["date changed: 1600000000 → 1600000001"]


def test_surroundings_count_for_documents_too(article: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = {kind: inputs(article, kind)["surroundings"] for kind in FORMATS}
    monkeypatch.setenv(FREE_VARIABLE, "free")
    for kind in FORMATS:
        assert inputs(article, kind)["surroundings"] != fixed[kind]


def test_a_picture_that_is_not_there_yet_is_waited_for(article: Path) -> None:
    (article / "figures/drawn.svg").unlink()
    assert inputs(article, "html")["missing figures/drawn.svg"] == "absent"


def test_words_and_filters_of_the_tool_count(article: Path) -> None:
    named = " ".join(inputs(article, "docx"))
    for name in ("languages/ru.yml", "article.lua", "subset.lua", "reference.docx", "article/text.py"):
        assert name in named
    assert "module paperbuild/article/embedded.py" in inputs(article, "docx")
    # The project's own copy of the extension counts as a whole.
    assert f"assets/{PLACE}/article.css" not in named


def test_what_is_remembered_is_forgotten_with_the_language_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "paperbuild"
    tool.mkdir()
    monkeypatch.setattr(opening, "PACKAGE", tool)
    (tool / "en.yml").write_text("name: English\n")
    before = opening.own_version()
    (tool / "en.yml").write_text("name: english\n")
    assert opening.own_version() != before
