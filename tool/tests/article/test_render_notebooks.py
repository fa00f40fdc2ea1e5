"""Executed notebooks as pages."""

from __future__ import annotations

import base64
import json

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sample_article import job, make_article

from paperbuild.article.typesetting import render
from paperbuild.ground.errors import PaperError


@pytest.fixture
def root(tmp_path):
    root = make_article(tmp_path / "article")
    picture = base64.encodebytes((root / "figures" / "trend.png").read_bytes()).decode()
    frame = "<table><thead><tr><th>unit</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A made-up trend\n\nDoes it *fall*<!-- no result: asked -->?", id="title"),
            new_code_cell(
                "#| label: parameters\nslope: float = -0.5", id="p", metadata={"tags": ["parameters"]}
            ),
            new_code_cell(
                '#| label: trend-figure\nfigure("trend", chart, data=frame)',
                id="f",
                metadata={"papermill": {"duration": 1.5}},
                outputs=[
                    new_output("display_data", data={"image/png": picture, "text/plain": "Figure"}),
                    new_output("stream", name="stderr", text="a <warning>"),
                ],
            ),
            new_code_cell(
                '#| label: extra-table\ntable("extra", frame)',
                id="t",
                outputs=[new_output("display_data", data={"text/html": frame, "text/plain": "unit"})],
            ),
        ]
    )
    (root / "build" / "notebooks").mkdir()
    nbformat.write(notebook, root / "build" / "notebooks" / "01-sample.ipynb")
    artefacts = [
        {"kind": "figure", "name": "trend", "cell": "trend-figure"},
        {"kind": "table", "name": "extra", "cell": "extra-table"},
        {"kind": "number", "name": "sample.slope", "cell": "extra-table", "text": "−0.50"},
        {"kind": "number", "name": "sample.unused", "cell": "extra-table", "text": "<7>"},
    ]
    record = {
        "artefacts": artefacts,
        "parameters": {"slope": -0.5},
        "inputs": {"data/a.csv": "0123456789abcdef"},
    }
    (root / "build" / "results" / "01-sample.json").write_text(json.dumps(record))
    for name in ("02-second", "03-third"):
        path = root / "build" / "notebooks" / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=[new_markdown_cell(f"# Title of {name}", id="t")]), path)
    return root


@pytest.fixture
def page(root):
    render(job(root, "notebooks"))
    text = (root / "build" / "staging" / "notebooks" / "01-sample.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


def test_every_labelled_cell_is_an_anchor(page):
    assert [cell["id"] for cell in page.find_all("section", class_="cell")] == [
        "parameters",
        "trend-figure",
        "extra-table",
    ]


def test_artefacts_lead_back_to_where_the_article_shows_them(page):
    made = page.find(id="trend-figure").find(class_="provenance")
    assert made.find("a")["href"] == "../paper.html#fig-trend"
    # The article of the fixture does not print this one.
    assert page.find(id="extra-table").find(class_="provenance").find("a") is None


def test_outputs_are_shown_and_code_is_folded_away(page):
    cell = page.find(id="trend-figure")
    assert cell.find("img")["src"].startswith("data:image/png;base64,")
    assert cell.find("pre", class_="output").get_text() == "a <warning>"
    assert not cell.find("details").has_attr("open")
    assert page.find(id="parameters").find("details").has_attr("open")
    assert page.find(id="extra-table").find("table")


def test_page_needs_no_other_file(page):
    assert not page.find_all("link")
    assert not page.find_all("script", src=True)
    assert all(tag["src"].startswith("data:") for tag in page.find_all(src=True))


def test_label_lines_and_times_of_execution_are_not_shown(page):
    assert "#| label" not in page.get_text()
    assert "duration" not in page.get_text()


def test_numbers_are_listed_with_the_sections_that_print_them(page):
    rows = page.find("section", class_="numbers").find("tbody").find_all("tr")
    cells = [[cell.get_text() for cell in row.find_all("td")] for row in rows]
    assert cells == [
        ["sample.slope", "−0.50", "extra-table", "Abstract, Appendix: included text"],
        ["sample.unused", "<7>", "extra-table", ""],
    ]
    links = [link["href"] for link in rows[0].find_all("a")]
    assert links == ["#extra-table", "../paper.html#abstract-title", "../paper.html#sec-appendix"]


def test_run_names_parameters_files_and_commit(page):
    run = page.find("section", class_="run").get_text(" ")
    for words in ("slope = -0.5", "data/a.csv 01234567", "0123456 of 2026-01-02"):
        assert words in " ".join(run.split())


def test_pages_lead_to_their_neighbours_and_give_the_notebook(root, page):
    def neighbours(name):
        text = (root / "build" / "staging" / "notebooks" / name).read_text(encoding="utf-8")
        links = BeautifulSoup(text, "html.parser").find("header").find_all("a", rel=True)
        return {link["rel"][0]: link["href"] for link in links}

    assert neighbours("01-sample.html") == {"next": "02-second.html"}
    assert neighbours("02-second.html") == {"prev": "01-sample.html", "next": "03-third.html"}
    assert neighbours("03-third.html") == {"prev": "02-second.html"}
    link = page.find("a", download=True)
    given = (root / "build" / "staging" / "notebooks" / link["href"]).read_bytes()
    assert given == (root / "build" / "notebooks" / "01-sample.ipynb").read_bytes()


def test_index_lists_title_and_question(root, page):
    index = BeautifulSoup(
        (root / "build" / "staging" / "notebooks" / "index.html").read_text(encoding="utf-8"), "html.parser"
    )
    entry = index.find("li")
    assert entry.find("a")["href"] == "01-sample.html"
    assert "A made-up trend" in entry.get_text()
    assert "Does it fall?" in entry.get_text()


def test_same_bytes_each_time(root):
    first = [path.read_bytes() for path in render(job(root, "notebooks"))]
    assert [path.read_bytes() for path in render(job(root, "notebooks"))] == first


def test_a_broken_notebook_is_named(root):
    (root / "build" / "notebooks" / "04-broken.ipynb").write_text("{")
    with pytest.raises(PaperError, match="not a notebook") as caught:
        render(job(root, "notebooks"))
    assert caught.value.where == "build/notebooks/04-broken.ipynb"
