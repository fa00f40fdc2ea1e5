"""Both typesetters say the same: text, numbering, captions, references. Runs where Quarto is on PATH."""

from __future__ import annotations

import difflib
import re
import shutil
from pathlib import Path

import pytest
from sample_article import job, make_article

from paperbuild.article.extension import install
from paperbuild.article.typesetting import render

PROJECT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(not shutil.which("quarto"), reason="Quarto is not on PATH")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_article(tmp_path_factory.mktemp("parity") / "article")
    shutil.copy(PROJECT / "_quarto.yml", root)
    install(root)
    return root


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
    # Quarto gives a callout in a PDF an icon, a private-use character.
    text = re.sub(r"[\ue000-\uf8ff]", "", text)
    return re.findall(r"\w+|[^\w\s]", text)


@pytest.mark.parametrize("fmt", ["html", "docx", "pdf"])
def test_same_words(root, fmt):
    ours = words(render(job(root, fmt, "embedded"))[0])
    # The second engine overwrites the file of the first, whose words have been taken by then.
    theirs = words(render(job(root, fmt, "quarto"))[0])
    if fmt == "pdf":
        # Floats and page breaks fall elsewhere: the words stay the same, their order does not.
        ours, theirs = sorted(set(ours)), sorted(set(theirs))
    differences = [line for line in difflib.ndiff(ours, theirs) if line[0] in "+-"]
    assert "\n".join(differences) == ""


def test_same_contents_captions_links_and_pictures_on_the_page(root):
    from bs4 import BeautifulSoup

    def facts(engine):
        page = BeautifulSoup(render(job(root, "html", engine))[0].read_text("utf-8"), "html.parser")

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
        }

    ours, theirs = facts("embedded"), facts("quarto")
    assert all(ours.values())
    assert ours == theirs


def test_same_fields_descriptions_and_styles_in_the_docx(root):
    import docx

    def styles(body):
        found = body.xpath("./w:p/w:pPr/w:pStyle | .//w:tbl[w:tblPr/w:tblDescription]//w:pStyle")
        return [node.get(node.keys()[0]) for node in found]

    def facts(engine):
        body = docx.Document(render(job(root, "docx", engine))[0]).element.body
        return {
            "fields": [node.text for node in body.xpath(".//w:instrText")],
            "pictures": [node.get("descr") for node in body.xpath("./w:p//wp:docPr")],
            "tables": [node.get(node.keys()[0]) for node in body.xpath(".//w:tblDescription")],
            # Quarto lays a callout into a table of its own make.
            "rows": len(body.xpath(".//w:tbl[w:tblPr/w:tblDescription]//w:cantSplit")),
            "styles": [
                name for name in styles(body) if name.startswith(("Heading", "Captioned", "Table", "Image"))
            ],
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
    from dataclasses import replace

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


def test_same_captions_and_headings_in_the_pdf(root):
    from pypdf import PdfReader

    def lines(engine):
        sheets = PdfReader(render(job(root, "pdf", engine))[0]).pages
        text = "\n".join(sheet.extract_text() for sheet in sheets)
        found = re.findall(r"(?m)^(?:(?:Figure|Table)\s\d+:.*|[\d.]+ [A-Z].*|.*Computed in.*)$", text)
        return sorted(" ".join(line.split()) for line in found)

    assert lines("embedded") == lines("quarto")
