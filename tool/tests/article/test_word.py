"""The DOCX as an editor has it: insertions renumber, tables keep together, pages turn, lines are numbered."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from pypdf import PdfReader
from sample_article import edit, job, make_article

from paperbuild.article import word
from paperbuild.article.typesetting import render

WIDE = [f"a longer text of column {number} that has to break somewhere" for number in range(9)]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    root = make_article(tmp_path_factory.mktemp("word") / "article")
    table = "\n".join(
        f"| {' | '.join(cells)} |" for cells in ([f"Head {n}" for n in range(9)], ["---"] * 9, WIDE, WIDE)
    )
    edit(root, "# Results", f"::: {{#tbl-turned}}\n{table}\n\nWider than the page.\n:::\n\n# Results")
    return render(job(root, "docx"))[0]


@pytest.fixture(scope="module")
def document(path):
    return docx.Document(path)


def instructions(document):
    return [" ".join(node.text.split()) for node in document.element.body.iter(qn("w:instrText"))]


def test_captions_are_numbered_by_fields(document):
    fields = instructions(document)
    assert fields.count("SEQ Figure \\* ARABIC") == 1
    assert fields.count("SEQ Table \\* ARABIC") == 3


def test_numbers_of_a_part_go_on_from_those_of_the_part_before():
    """Whoever updates the fields of a supplement keeps the numbers that the main text refers to."""
    captions = "".join(
        f'<w:bookmarkStart w:id="{n}" w:name="tbl-t{n}"/><w:p><w:pPr><w:pStyle w:val="TableCaption"/></w:pPr>'
        f"<w:r><w:t>Table {n}: More</w:t></w:r></w:p>"
        for n in (7, 8, 10)
    )
    page = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:left="1440" w:right="1440"/></w:sectPr>'
    text = f'<w:document xmlns:w="{word.MAIN}"><w:body>{captions}{page}</w:body></w:document>'
    fields = re.findall(r"SEQ [^<]*", word.finished(text.encode()).decode())
    assert [field.strip() for field in fields] == [
        "SEQ Table \\* ARABIC \\r 7",
        "SEQ Table \\* ARABIC",
        "SEQ Table \\* ARABIC \\r 10",
    ]


def test_every_reference_is_a_field_to_a_bookmark_that_is_there(document):
    marks = [mark.get(qn("w:name")) for mark in document.element.body.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks))
    asked = [field.split()[1] for field in instructions(document) if field.startswith("REF ")]
    assert {"_Ref_fig_1", "_Ref_tbl_2", "_Num_fig_1", "_Num_sec_2"} <= set(asked)
    assert set(asked) <= set(marks)
    assert all(len(name) <= 40 for name in asked), "Word's limit"
    left = {link.get(qn("w:anchor")) or "" for link in document.element.body.iter(qn("w:hyperlink"))}
    assert not {name for name in left if name.startswith(("fig-", "tbl-", "sec-"))}


def test_bookmarks_have_numbers_of_their_own_and_end(document):
    starts = [mark.get(qn("w:id")) for mark in document.element.body.iter(qn("w:bookmarkStart"))]
    ends = [mark.get(qn("w:id")) for mark in document.element.body.iter(qn("w:bookmarkEnd"))]
    assert len(starts) == len(set(starts))
    assert sorted(starts) == sorted(ends)


def test_rows_stay_whole_and_widths_are_fixed(document):
    for table in document.tables:
        grid = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid]
        assert table._tbl.tblPr.find(qn("w:tblLayout")).get(qn("w:type")) == "fixed"
        for row in table.rows:
            assert row._tr.xpath("./w:trPr/w:cantSplit")
            assert [int(cell.get(qn("w:w"))) for cell in row._tr.xpath("./w:tc/w:tcPr/w:tcW")] == grid
        kept = [bool(row._tr.xpath("./w:tc/w:p/w:pPr/w:keepNext")) for row in table.rows]
        assert (kept[0], *kept[-2:]) == (True, True, True)
        assert not any(kept[1:-2])
        for row in (table.rows[0], table.rows[-1]):
            assert len(row._tr.xpath("./w:tc/w:p/w:pPr/w:keepNext")) == len(grid)


def test_the_line_of_origin_stays_with_its_caption(document):
    assert document.styles["Image Caption"].paragraph_format.keep_with_next


def test_a_row_is_as_high_as_its_text_where_cells_are_empty_too(tmp_path):
    root = make_article(tmp_path / "article")
    table = "| a | b |\n|---|---|\n| 1 |   |"
    edit(root, "# Results", f"::: {{#tbl-gaps}}\n{table}\n\nWith a gap.\n:::\n\n# Results")
    document = docx.Document(render(job(root, "docx"))[0])
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    assert any(not cell.text for cell in cells)
    styles = {paragraph.style.name for cell in cells for paragraph in cell.paragraphs}
    assert styles == {"Table Text", "Table Text Small"}


def test_no_column_is_narrower_than_its_longest_word(document):
    """Half an em a letter of Arial, on the average of a word; 8 points are 160 twentieths, margins 140."""
    for table in document.tables:
        grid = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid]
        for number, width in enumerate(grid):
            cells = [row.cells[number].text for row in table.rows]
            longest = max((len(part) for cell in cells for part in cell.split()), default=0)
            assert width >= longest * 80 + 140


def test_tables_are_described(document):
    found = [
        (
            table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val")),
            table._tbl.tblPr.find(qn("w:tblDescription")).get(qn("w:val")),
        )
        for table in document.tables
    ]
    assert found[0] == ("Table 1", "Wider than the page.")
    assert found[1][1].startswith("The regions of the sample.")
    assert len(found) == 3


def test_a_table_wider_than_the_text_has_a_page_on_its_side_with_its_caption(document):
    assert [section.orientation for section in document.sections] == [
        WD_ORIENT.PORTRAIT,
        WD_ORIENT.LANDSCAPE,
        WD_ORIENT.PORTRAIT,
    ]
    turned = document.sections[1]
    assert turned.page_width > turned.page_height
    contents = list(turned.iter_inner_content())
    assert contents[0].text.endswith("Wider than the page.")
    assert sum(hasattr(content, "rows") for content in contents) == 1
    assert "PAGE" in turned.footer._element.xml


def test_lines_are_numbered_on_request_only(document, tmp_path):
    assert not document.element.body.xpath(".//w:lnNumType")
    root = make_article(tmp_path / "article")
    edit(root, "\nlang: en", "\nlang: en\nline-numbers: true")
    asked = docx.Document(render(job(root, "docx"))[0])
    assert len(asked.element.body.xpath(".//w:sectPr/w:lnNumType[@w:restart='continuous']")) == 1


def test_what_word_must_know_is_kept(path):
    """The parser writes the prefixes back that the document came with."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(word.DOCUMENT).decode("utf-8")
    assert text.startswith("<?xml version='1.0' encoding='utf-8'?>\n<w:document ")
    assert "ns0:" not in text


def test_an_insertion_renumbers_in_libreoffice(path, tmp_path):
    office = shutil.which("soffice")
    if not office:
        pytest.skip("LibreOffice is not installed, so no word processor updates the fields")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts[word.DOCUMENT].decode("utf-8")
    for style, says in (("ImageCaption", "made-up trend"), ("TableCaption", "regions of the sample")):
        captions = re.findall(rf'<w:p><w:pPr><w:pStyle w:val="{style}" ?/>.*?</w:p>', text, re.DOTALL)
        caption = next(one for one in captions if says in one)
        copy = re.sub(r"<w:bookmark(Start|End)[^>]*/>", "", caption)
        text = text.replace(caption, copy + caption)
    parts[word.DOCUMENT] = text.encode("utf-8")
    with zipfile.ZipFile(tmp_path / "inserted.docx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    subprocess.run(
        [
            *(office, "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"),
            *("--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "inserted.docx"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    sheets = PdfReader(tmp_path / "inserted.pdf").pages
    read = " ".join(" ".join(sheet.extract_text() for sheet in sheets).replace("\u00a0", " ").split())
    assert "Figure 1: The made-up trend" in read
    assert "Figure 2: The made-up trend" in read
    assert "Table 2: The regions of the sample" in read
    assert "Table 3: The regions of the sample" in read
    assert "Table 4: A table wide enough" in read
    assert "The trend is drawn in Figure 2, listed in Table 3 and Table 4" in read
