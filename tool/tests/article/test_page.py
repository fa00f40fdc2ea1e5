"""What the page tells readers and machines of the article, and what it weighs."""

from __future__ import annotations

import json
import re
import urllib.parse

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from pypdf import PdfReader
from sample_article import edit, job, make_article

from paperbuild.article.pictures import HEAVY, picture_uri
from paperbuild.article.typesetting import render

STRUCTURED = """author:
  - name: {given: Aigerim, family: Sample}
    orcid: 0000-0002-1825-0097
    email: a@example.org
    affiliations: [{name: Institute of Samples, city: Oral}, {ref: exa}]
  - name: Boris Example
    affiliation: Institute of Examples
affiliations: [{id: exa, name: Institute of Examples}]
license: CC BY
citation: {doi: 10.1234/sample, container-title: 'Journal of \\</script> & \\"Samples\\"', volume: 7}
"""
PLAIN = "author: borderland paper contributors\n"
CITATION = """cff-version: 1.2.0
title: A sample
authors:
  - name: borderland paper contributors
url: https://example.org/sample/
repository-code: https://example.org/code
"""


def read(root, fmt="html"):
    return BeautifulSoup(render(job(root, fmt))[0].read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def structured(tmp_path_factory):
    root = make_article(tmp_path_factory.mktemp("structured") / "article")
    edit(root, PLAIN, STRUCTURED)
    return root


@pytest.fixture(scope="module")
def page(structured):
    return read(structured)


def metas(page, name):
    key = "property" if ":" in name else "name"
    return [tag["content"] for tag in page.find_all("meta", attrs={key: name})]


def test_authors_stand_with_affiliations_and_orcid(page):
    byline = page.find(class_="byline")
    assert re.sub(r"\s+", " ", byline.get_text()) == "Aigerim Sample1,2 iD @, Boris Example2"
    assert byline.find(class_="orcid")["href"] == "https://orcid.org/0000-0002-1825-0097"
    places = [item.get_text() for item in page.find("ol", class_="affiliations").find_all("li")]
    assert places == ["Institute of Samples, Oral", "Institute of Examples"]


def test_authors_are_named_in_every_format(structured):
    import docx

    text = PdfReader(render(job(structured, "pdf"))[0]).pages[0].extract_text()
    document = docx.Document(str(render(job(structured, "docx"))[0]))
    for found in (text, "\n".join(paragraph.text for paragraph in document.paragraphs)):
        assert "Aigerim Sample" in found
        assert "Boris Example" in found
        assert not re.search(r"^\W*true\W*$", found, re.MULTILINE)


def test_scholars_and_search_engines_find_what_the_front_matter_says(page):
    assert metas(page, "citation_title") == [
        "A sample article about 12 made-up regions: Everything the article’s Markdown may hold, once"
    ]
    assert metas(page, "citation_author") == ["Sample, Aigerim", "Boris Example"]
    assert metas(page, "citation_doi") == ["10.1234/sample"]
    assert metas(page, "citation_publication_date") == ["2026/01/02"]
    assert metas(page, "citation_journal_title") == ['Journal of </script> & "Samples"']
    assert metas(page, "og:type") == ["article"]
    assert metas(page, "og:title") == metas(page, "citation_title")
    record = json.loads(page.find("script", type="application/ld+json").get_text())
    assert record["@type"] == "ScholarlyArticle"
    assert [author["name"] for author in record["author"]] == ["Aigerim Sample", "Boris Example"]
    assert record["isPartOf"]["name"] == 'Journal of </script> & "Samples"'
    assert record["license"] == "https://creativecommons.org/licenses/by/4.0/"
    # Without an address of the article there is none to give.
    assert metas(page, "citation_pdf_url") == []


def test_citation_file_fills_what_the_front_matter_leaves_open(tmp_path):
    root = make_article(tmp_path / "article")
    (root / "CITATION.cff").write_text(CITATION, encoding="utf-8")
    page = read(root)
    assert metas(page, "citation_pdf_url") == ["https://example.org/sample/paper.pdf"]
    assert "https://example.org/code" in [
        link["href"] for link in page.find("nav", class_="files").find_all("a")
    ]
    record = json.loads(page.find("script", type="application/ld+json").get_text())
    # An entity, by the citation file; a person otherwise.
    assert record["author"] == [{"@type": "Organization", "name": "borderland paper contributors"}]


def test_the_section_on_data_is_one_click_away(page, tmp_path):
    def links(of):
        return {link.get_text(): link["href"] for link in of.find("nav", class_="files").find_all("a")}

    assert "Data" not in links(page)
    root = make_article(tmp_path / "article")
    edit(root, "## Detail {#sec-detail}", "## Sources {#sec-data}\n\nText.\n\n## Detail {#sec-detail}")
    assert links(read(root))["Data"] == "#sec-data"


def test_downloads_of_the_citation_can_be_read_back(page, tmp_path):
    """Pandoc's own readers of BibTeX and RIS find what was written."""
    import subprocess

    from paperbuild.article.embedded import pandoc

    for name, form in (("paper.bib", "bibtex"), ("paper.ris", "ris")):
        address = page.find("a", download=name)["href"]
        content = urllib.parse.unquote(address.partition(",")[2])
        done = subprocess.run(
            [pandoc(), "--from", form, "--to", "csljson"],
            input=content.encode(),
            capture_output=True,
            check=True,
        )
        (entry,) = json.loads(done.stdout)
        assert entry["title"].startswith("A sample article about 12")
        assert entry["author"][0] == {"family": "Sample", "given": "Aigerim"}
        assert entry["DOI"] == "10.1234/sample"
        assert entry["issued"]["date-parts"][0][0] == 2026


def test_pictures_have_sizes_and_wait_until_they_are_seen(page):
    image = page.find("figure", id="fig-trend").find("img")
    assert (image["loading"], image["decoding"]) == ("lazy", "async")
    assert int(image["width"]) / int(image["height"]) == pytest.approx(1063 / 438, rel=0.01)  # as the PNG's


def test_a_heavy_drawing_goes_in_as_its_pixels_and_a_light_one_as_text(tmp_path):
    drawing, kept = tmp_path / "figure.svg", tmp_path / "kept"
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg'>\n <!-- x --><path d='M 0 0\nL 1 1'/></svg>")
    light = picture_uri(drawing, kept)
    assert light.startswith("data:image/svg+xml,")
    shown = urllib.parse.unquote(light.partition(",")[2])
    assert shown == "<svg xmlns='http://www.w3.org/2000/svg'> <path d='M 0 0 L 1 1'/></svg>"
    points = "L 1 1 " * (HEAVY // 6 + 1)
    drawing.write_text(f"<svg xmlns='http://www.w3.org/2000/svg'><path d='M 0 0 {points}'/></svg>")
    assert picture_uri(drawing, kept).startswith("data:image/svg+xml,")  # no pixels beside it
    Image.effect_noise((40, 30), 60).save(drawing.with_suffix(".png"))
    pixels = picture_uri(drawing, kept)
    assert pixels.startswith("data:image/webp;base64,")
    with (
        Image.open(next(kept.glob("*.webp"))) as picture,
        Image.open(drawing.with_suffix(".png")) as original,
    ):
        assert picture.convert("L").tobytes() == original.tobytes()
    assert picture_uri(drawing, kept) == pixels
