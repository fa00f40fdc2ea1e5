"""The built articles in print: where their tables break, how full their pages are, what is read aloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader

from matterhorn import breaches, untagged
from printed import holes, runs, tables

OUTPUT = Path(__file__).resolve().parents[2] / "_output"
MARGINS = (25 * 72 / 25.4, 24 * 72 / 25.4)  # points, of the template


@pytest.fixture(scope="module", params=["paper.pdf", "paper.ru.pdf"])
def pdf(request):
    path = OUTPUT / request.param
    if not path.is_file():
        pytest.skip("the article is not built here (make paper)")
    reader = PdfReader(path)
    if "/StructTreeRoot" not in reader.trailer["/Root"] or "Typst" not in str(reader.metadata.creator):
        pytest.skip("not set by the embedded engine")
    return reader


def test_no_table_leaves_or_takes_fewer_than_three_rows(pdf):
    """Two where three take a quarter of a page, as in the table of amendments; never one, nor in between."""
    broken = [pieces for rows in tables(pdf) if len(pieces := runs(rows)) > 1]
    assert len(broken) > 10
    short = [pieces for pieces in broken if min(pieces[0], pieces[-1]) < (3 if max(pieces) >= 4 * 3 else 2)]
    assert short == []
    assert min(min(pieces) for pieces in broken) > 1


@pytest.mark.slow
def test_no_page_is_more_than_a_quarter_empty_but_before_a_section(pdf):
    """Of those of the first level, whose figures come before the next begins."""
    begins = {pdf.get_destination_page_number(entry) for entry in pdf.outline if not isinstance(entry, list)}
    empty = {}
    for number, page in enumerate(pdf.pages[:-1]):
        top, bottom = holes(page, *MARGINS)[0]
        share = (bottom - top) / (float(page.mediabox.height) - sum(MARGINS))
        if share > 0.25 and number + 1 not in begins:
            empty[number + 1] = round(share, 2)
    assert empty == {}


def test_every_rule_of_pdf_ua_that_can_be_looked_up_is_kept(pdf):
    assert breaches(pdf) == []


@pytest.mark.slow
def test_nothing_on_any_page_stands_outside_of_the_structure(pdf):
    assert [found for page in pdf.pages for found in untagged(pdf, page)] == []
