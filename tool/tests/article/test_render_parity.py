"""Both typesetters say the same: text, numbering, captions, references. Runs where Quarto is on PATH."""

from __future__ import annotations

import difflib
import json
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sample_article import add_features, job, make_article

from paperbuild.article import languages
from paperbuild.article.extension import install
from paperbuild.article.typesetting import render

PROJECT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(not shutil.which("quarto"), reason="Quarto is not on PATH")


STYLE = """<?xml version="1.0" encoding="utf-8"?>
<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0">
  <info><title>Numbers</title><id>numbers</id><updated>2026-01-01T00:00:00+00:00</updated></info>
  <citation>
    <layout prefix="[" suffix="]" delimiter="; "><text variable="citation-number"/></layout>
  </citation>
  <bibliography>
    <layout><text variable="citation-number" suffix=". "/><text variable="title"/></layout>
  </bibliography>
</style>
"""


EDITIONS = """editions:
  en: {file: paper, name: English, first: true}
  ru: {file: paper.ru, name: Русский}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_article(tmp_path_factory.mktemp("parity") / "article")
    add_features(root)
    shutil.copy(PROJECT / "_quarto.yml", root)
    with (root / "build/results/numbers.yml").open("a", encoding="utf-8") as file:
        file.write(EDITIONS)
    install(root)
    return root


@pytest.fixture(scope="module")
def edition(root):
    """A job of the sample in Russian: numbers, a bound word and a citation style of its own."""
    text = (root / "paper.qmd").read_text(encoding="utf-8")
    own = "lang: ru\nmetadata-files: [build/results/numbers.ru.yml]\ncsl: style.csl"
    counted = '# Results {#sec-results}\n\nЗдесь 12 [регион|региона|регионов]{count="sample.regions"}.'
    text = text.replace("lang: en", own).replace("# Results {#sec-results}", counted)
    text = text.replace("figures/trend", "figures/ru/trend")
    shutil.copytree(root / "figures", root / "figures/ru")
    with (root / "figures/ru/trend.svg").open("a", encoding="utf-8") as file:
        file.write("<!-- another file than the article's -->")
    (root / "paper.ru.qmd").write_text(text, encoding="utf-8")
    (root / "style.csl").write_text(STYLE, encoding="utf-8")
    numbers = (root / "build/results/numbers.yml").read_text(encoding="utf-8")
    numbers = numbers.replace("−0.50", "−0,50") + 'bound: {"count ru 3 sample.regions": 3}\n'
    numbers += f"crossref: {json.dumps(dict(languages.of('ru').crossref))}\n"
    (root / "build/results/numbers.ru.yml").write_text(numbers, encoding="utf-8")
    return lambda fmt, engine: replace(job(root, fmt, engine), edition="ru")


def words(path: Path) -> list[str]:
    """The words a reader sees, in order, without what only the page's furniture says."""
    if path.suffix == ".html":
        from bs4 import BeautifulSoup

        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        # The source of a formula is not read.
        for tag in page.find_all(["annotation", "nav", "script"]):
            tag.decompose()
        text = page.find("body").get_text(" ")
    elif path.suffix == ".pdf":
        from pypdf import PdfReader

        text = "\n".join(sheet.extract_text() for sheet in PdfReader(path).pages)
        text = re.sub(r"(?m)^\d+$|^A sample article about 12 made-up regions$", "", text)
    else:
        import docx

        body = docx.Document(path).element.body
        text = "\n".join(
            "".join(node.text or "" for node in paragraph.xpath("./w:r/w:t|./w:hyperlink/w:r/w:t|.//m:t"))
            for paragraph in body.xpath(".//w:p")
        )
    return re.findall(r"\w+|[^\w\s]", text)


@pytest.mark.parametrize("fmt", ["html", "docx", "pdf"])
def test_same_words(root, fmt):
    same_words(partial(job, root), fmt)


@pytest.mark.parametrize("fmt", ["html", "docx", "pdf"])
def test_same_words_of_an_edition(edition, fmt):
    said = same_words(edition, fmt)
    assert "регионов" in said  # by its own numbers
    assert "региона" not in said
    assert "1984" not in said  # by its own citation style, which prints no years


def same_words(job, fmt):
    ours = words(render(job(fmt, "embedded"))[0])
    # The second engine overwrites the file of the first, whose words have been taken by then.
    theirs = words(render(job(fmt, "quarto"))[0])
    if fmt == "pdf":
        # Floats and page breaks fall elsewhere: the words stay the same, their order does not.
        ours, theirs = sorted(set(ours)), sorted(set(theirs))
    differences = [line for line in difflib.ndiff(ours, theirs) if line[0] in "+-"]
    assert "\n".join(differences) == ""
    return ours


def test_same_contents_captions_links_and_pictures_on_the_page(root, edition):
    for a_job in (partial(job, root), edition):
        ours, theirs = page_facts(a_job("html", "embedded")), page_facts(a_job("html", "quarto"))
        assert all(ours.values())
        assert ours == theirs


def page_facts(job):
    from bs4 import BeautifulSoup

    page = BeautifulSoup(render(job)[0].read_text("utf-8"), "html.parser")

    def texts(selector):
        return [" ".join(tag.get_text(" ").split()) for tag in page.select(selector)]

    return {
        "contents": texts(".contents a"),
        "headings": [
            (tag.name, tag.get("id"), tag.get_text()) for tag in page.select("h1, main :is(h2, h3)")
        ],
        "captions": texts("figcaption"),
        "labels": texts(".float-label"),
        "tables": texts("table"),
        "pictures": [(tag["alt"], tag["src"]) for tag in page.select("figure img")],
        "regions": [
            (tag["aria-label"], tag.get("tabindex")) for tag in page.select(".table-scroll, .equation")
        ],
        "references": [(tag["href"], tag.get_text()) for tag in page.select("main a[href^='#']")],
        "downloads": [(tag["download"], tag["href"]) for tag in page.select("a.download")],
        "cited": texts(".csl-entry"),
        "editions": [tag["href"] for tag in page.select("link[rel='alternate']")],
        "callouts": [(tag["class"], tag.get_text(" ").split()) for tag in page.select("[role='note']")],
    }


def test_same_fields_descriptions_and_styles_in_the_docx(root):
    import docx

    def styles(body):
        found = body.xpath(".//w:pStyle")
        return [node.get(node.keys()[0]) for node in found]

    def facts(engine):
        body = docx.Document(render(job(root, "docx", engine))[0]).element.body
        return {
            "fields": [node.text for node in body.xpath(".//w:instrText")],
            "pictures": [node.get("descr") for node in body.xpath("./w:p//wp:docPr")],
            "tables": [node.get(node.keys()[0]) for node in body.xpath(".//w:tblDescription")],
            "rows": len(body.xpath(".//w:tbl//w:cantSplit")),
            "styles": styles(body),
        }

    ours, theirs = facts("embedded"), facts("quarto")
    assert all(ours.values())
    assert ours == theirs


def test_quarto_leaves_nothing_in_the_project(root):
    before = {
        path: path.read_bytes() for path in root.rglob("*") if path.is_file() and "build" not in path.parts
    }
    (root / ".gitignore").write_text("/build/\n")
    render(job(root, "pdf", "quarto"))
    after = {path for path in root.rglob("*") if path.is_file() and "build" not in path.parts}
    assert after - set(before) == {root / ".gitignore"}
    assert (root / ".gitignore").read_text() == "/build/\n"
    (root / ".gitignore").unlink()


def test_formats_are_set_at_once(root, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    jobs = [replace(job(root, name, "quarto"), output=tmp_path / name) for name in ("html", "docx", "pdf")]
    with ThreadPoolExecutor(3) as pool:
        for made in pool.map(render, jobs):
            assert made[0].stat().st_size > 10_000


def test_unresolved_reference_is_refused_by_both(root, tmp_path):
    from paperbuild.ground.errors import PaperError

    broken = make_article(tmp_path / "broken")
    shutil.copy(PROJECT / "_quarto.yml", broken)
    install(broken)
    text = (broken / "paper.qmd").read_text(encoding="utf-8")
    (broken / "paper.qmd").write_text(text.replace("listed in @tbl-regions", "listed in @tbl-none"))
    places = set()
    for engine in ("embedded", "quarto"):
        with pytest.raises(PaperError, match="tbl-none") as caught:
            render(job(broken, "html", engine))
        places.add(caught.value.where)
    assert len(places) == 1


def test_a_word_that_nothing_decides_ends_both(root, tmp_path):
    from paperbuild.ground.errors import PaperError

    broken = shutil.copytree(root, tmp_path / "broken")
    with (broken / "paper.qmd").open("a", encoding="utf-8") as file:
        file.write('\nIt [rose|fell]{if="sample.slope > 0"}.\n')
    for engine in ("embedded", "quarto"):
        with pytest.raises(PaperError, match="nothing says whether this holds: if 2 sample"):
            render(job(broken, "html", engine))


def test_same_captions_and_headings_in_the_pdf(root):
    from pypdf import PdfReader

    def lines(engine):
        sheets = PdfReader(render(job(root, "pdf", engine))[0]).pages
        text = "\n".join(sheet.extract_text() for sheet in sheets)
        found = re.findall(r"(?m)^(?:(?:Figure|Table)\s\d+:.*|[\d.]+ [A-Z].*|.*Computed in.*)$", text)
        return sorted(" ".join(line.split()) for line in found)

    assert lines("embedded") == lines("quarto")
