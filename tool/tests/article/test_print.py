"""Where the tables of a PDF break, and how full its pages are."""

from __future__ import annotations

import io
import random

import pytest
from pypdf import PdfReader
from sample_article import job, make_article

from paperbuild.article.typesetting import render
from printed import holes, runs, structure, tables, texts

MARGINS = (25 * 72 / 25.4, 24 * 72 / 25.4)  # of the template


def table(name: str, rows: int, words: int, columns: int = 4) -> str:
    """A table in an appendix; `words` is how many each text of its second column has."""
    head = "| " + " | ".join(f"Column {number}" for number in range(columns)) + " |"
    lines = [head, "|---" * columns + "|"]
    for row in range(rows):
        cells = [f"{name} {row}", "words of a text " * words, *("0.12" for _ in range(columns - 2))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([f"::: {{#tbl-{name}}}", "", *lines, "", f"The table {name}.", "", ":::", ""])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_article(tmp_path_factory.mktemp("print") / "article")


def printed(root, blocks):
    path = root / "paper.qmd"
    text = path.read_text(encoding="utf-8").partition("\n# Appendix: Tables")[0]
    path.write_text(
        text + "\n# Appendix: Tables {.unnumbered}\n\n" + "\n\n".join(blocks) + "\n", encoding="utf-8"
    )
    return PdfReader(io.BytesIO(render(job(root, "pdf"))[0].read_bytes()))


@pytest.mark.parametrize("seed", range(4))
def test_a_table_leaves_and_takes_three_rows(root, seed):
    """Tables of many lengths, after texts of many lengths, so that pages end anywhere in them."""
    draw = random.Random(seed)
    blocks = []
    for number in range(16):
        blocks += ["A sentence between the tables. " * draw.randrange(40)]
        blocks += [
            table(
                f"t{number}",
                draw.choice([draw.randrange(1, 20), draw.randrange(20, 80)]),
                draw.choice([1, 1, 2, 5]),
            )
        ]
    pdf = printed(root, blocks)
    broken = [found for rows in tables(pdf) if len(found := runs(rows)) > 1]
    assert len(broken) > 2  # else nothing was tried
    for found in broken:
        assert found[0] >= 3, broken
        assert found[-1] >= 3, broken
    # No row is torn, and no page left behind.
    assert all(len(pages) <= 1 for rows in tables(pdf) for pages in rows)
    body = float(pdf.pages[0].mediabox.height) - sum(MARGINS)
    for page in pdf.pages[2:-1]:
        begins, ends = holes(page, *MARGINS)[0]
        assert (ends - begins) / body < 0.25


def test_rows_that_break_are_of_one_table_with_one_head(root):
    """Rows that a table takes along are its foot: cells of data, told by the heads of their columns."""
    pdf = printed(root, [table("long", 60, 1)])
    found = [one for one in structure(pdf.trailer["/Root"]["/StructTreeRoot"]) if one["/S"] == "/Table"][-1]
    parts = [part["/S"] for part in structure(found) if part["/S"] in ("/THead", "/TBody", "/TFoot")]
    assert parts == ["/THead", "/TBody", "/TFoot"]
    cells = [cell for cell in structure(found) if cell["/S"] in ("/TH", "/TD")]
    assert [cell["/S"] for cell in cells] == ["/TH"] * 4 + ["/TD"] * 240
    heads = {str(cell["/ID"]) for cell in cells[:4]}
    for cell in cells[4:]:
        (attributes,) = (one for one in cell["/A"] if one["/O"] == "/Table")
        assert {str(one) for one in attributes["/Headers"]} <= heads


def test_a_table_a_little_wider_than_the_text_takes_of_the_margins(root):
    """Rather than a page on its side, which leaves the rest of two pages empty."""
    pdf = printed(root, ["Text.", table("margins", 5, 1, columns=12), "More text."])
    page = next(page for page in pdf.pages if "margins 0" in page.extract_text())
    assert page.mediabox.width < page.mediabox.height
    assert 8 < min(left for _, left, _ in texts(page)) * 25.4 / 72 < 20  # mm; the text begins at 24


def test_a_name_too_long_for_its_column_breaks_where_it_is_joined(root):
    names = "_".join(["quite"] * 8)
    text = table("joined", 2, 20).replace("joined 0", names)
    page = next(page for page in printed(root, [text]).pages if "quite" in page.extract_text())
    assert len({base for text, _, base in texts(page) if "quite" in text}) > 1
