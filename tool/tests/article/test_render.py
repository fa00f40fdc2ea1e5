"""The article as typeset by the embedded engine: the same text, numbers and names in all three formats."""

from __future__ import annotations

import datetime
import io
import itertools
import re
import zipfile
from pathlib import Path

import pytest
from sample_article import EPOCH, FEATURES, add_features, edit, job, make_article

from paperbuild.article.extension import ASSETS, EXTENSION
from paperbuild.article.formats import FORMATS
from paperbuild.article.parts import parts_of
from paperbuild.article.text import read
from paperbuild.article.typesetting import inputs, render
from printed import structure

PROJECT = Path(__file__).resolve().parents[3]
KAZAKH = "Ә ә Ғ ғ Қ қ Ң ң Ө ө Ұ ұ Ү ү Һ һ І і"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_article(tmp_path_factory.mktemp("render") / "article")


@pytest.fixture(scope="module")
def html(root):
    return render(job(root, "html"))[0].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    from bs4 import BeautifulSoup

    return BeautifulSoup(html, "html.parser")


@pytest.fixture(scope="module")
def pdf(root):
    from pypdf import PdfReader

    return PdfReader(render(job(root, "pdf"))[0])


@pytest.fixture(scope="module")
def docx(root):
    import docx

    return docx.Document(render(job(root, "docx"))[0])


@pytest.fixture(scope="module")
def texts(page, pdf, docx):
    """The text of each format, white space made even."""

    def even(text):
        return " ".join(text.replace("\u00a0", " ").split())

    notes = next(
        part for part in docx.part.package.iter_parts() if part.partname == "/word/footnotes.xml"
    ).blob.decode()
    paragraphs = [
        "".join(node.text or "" for node in p.xpath(".//w:t")) for p in docx.element.body.xpath(".//w:p")
    ]
    return {
        "html": even(page.find("body").get_text(" ")),
        "pdf": even("\n".join(sheet.extract_text() for sheet in pdf.pages)),
        "docx": even("\n".join([*paragraphs, re.sub(r"<[^>]+>", "", notes)])),
    }


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
@pytest.mark.parametrize(
    "sentence",
    [
        "A sample article about 12 made-up regions",
        "The sample holds 12 regions and a slope of −0.50",
        "наклон −0,50",
        KAZAKH,
        "Figure 1: The made-up trend of 12 regions",
        "Table 1: The regions of the sample.",
        "Table 2: A table wide enough",
        "Computed in 01-sample › trend-figure",
        "Computed in 01-sample › regions-table",
        "1.1 Detail",
        "2.1.1 A third level",
        "Appendix: included text",
        "12. This paragraph begins with a number",
        "Donald E. 1984.",
        "How to read the table",
        "A callout without a title",
    ],
)
def test_every_format_says(texts, fmt, sentence):
    assert sentence in texts[fmt]


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
def test_references_are_worded_and_numbered_as_by_quarto(texts, fmt):
    text = re.sub(r"\s+([,.;])", r"\1", texts[fmt])
    assert (
        "The trend is drawn in Figure 1, listed in Table 1 and Table 2, defined by Equation 1 and discussed "
        "in Section 2; see also Figure 1, Table 1 and, by number alone, 1."
    ) in text
    assert "Notes refer to Section 1.1 as well" in text
    assert "?@" not in text
    assert "{{<" not in text


@pytest.mark.parametrize(("fmt", "printed"), [("html", False), ("pdf", True), ("docx", True)])
def test_content_by_format(texts, fmt, printed):
    assert ("Only readers of the printed article" in texts[fmt]) is printed
    assert ("Only readers of the page" in texts[fmt]) is not printed


@pytest.fixture(scope="module")
def featured(tmp_path_factory):
    """What the sample leaves out of the named subset (tool/docs/markdown.md), in each format."""
    root = make_article(tmp_path_factory.mktemp("features") / "article")
    add_features(root)
    found = {}
    for fmt in ("html", "pdf", "docx"):
        text = FORMATS[fmt].text(render(job(root, fmt))[0])
        text = " ".join(re.sub("[\u00a0|•‣]", " ", text).split())
        # The foot of a page and the head of the next.
        found[fmt] = re.sub(
            r"\d+ borderland paper contributors\. A sample article .*? regions \w+ ?", "", text
        )
    return found


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
@pytest.mark.parametrize("feature", FEATURES)
def test_features_that_the_sample_leaves_out(featured, feature, fmt):
    number = list(FEATURES).index(feature)
    between = featured[fmt].partition(f"Begin {number}.")[2].partition(f"End {number}.")[0].strip()
    assert between == FEATURES[feature][1]


def test_words_by_format(tmp_path):
    root = make_article(tmp_path / "article")
    edit(
        root,
        "1. First point.",
        'Read [a page]{.content-visible when-format="html"}[paper]{.content-hidden when-format="html"} now.',
    )
    for fmt, expected in (
        ("html", "Read a page now."),
        ("pdf", "Read paper now."),
        ("docx", "Read paper now."),
    ):
        assert expected in FORMATS[fmt].text(render(job(root, fmt))[0])


def test_a_rule_between_paragraphs_and_a_width_in_pixels(tmp_path):
    """300 pixels are 300 / 96 inches, 225 points, in a PDF as everywhere."""
    from pypdf import PdfReader

    root = make_article(tmp_path / "article")
    edit(root, "1. First point.", "One.\n\n---\n\nTwo.")
    edit(root, "{#fig-trend\n", "{#fig-trend width=300\n")
    elements = structure(PdfReader(render(job(root, "pdf"))[0]).trailer["/Root"]["/StructTreeRoot"])
    (figure,) = (element for element in elements if element.get("/S") == "/Figure")
    left, _, right, _ = figure["/A"][0]["/BBox"]
    assert float(right - left) == pytest.approx(225, abs=0.01)  # Typst writes four decimals


class TestPage:
    def test_needs_no_network_and_no_other_file(self, page):
        for tag in page.find_all(src=True):
            assert tag["src"].startswith("data:")
        assert not page.find_all("link")
        assert "@import" not in page.find("style").get_text()
        assert re.findall(r'url\((?!"data:font/woff2;)', page.find("style").get_text()) == []

    def test_every_link_inside_leads_somewhere(self, page):
        identifiers = [tag["id"] for tag in page.find_all(id=True)]
        assert len(identifiers) == len(set(identifiers))
        targets = {link["href"][1:] for link in page.find_all("a", href=True) if link["href"].startswith("#")}
        assert targets <= set(identifiers)
        assert {"fig-trend", "tbl-regions", "eq-slope", "sec-results"} <= targets

    def test_landmarks_headings_and_alt_text(self, page):
        assert page.find("main")
        assert page.find("nav", attrs={"aria-label": "Contents"})
        assert page.find("a", class_="skip")["href"] == "#content"
        assert len(page.find_all("h1")) == 1
        assert page.find("img")["alt"] == (
            "A straight line falls from left to right over 12 marks on the horizontal axis."
        )
        levels = [int(tag.name[1]) for tag in page.find("main").find_all(re.compile(r"^h\d$"))]
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))

    def test_languages_are_declared(self, page):
        assert page.html["lang"] == "en"
        assert [tag["lang"] for tag in page.find_all("div", class_="abstract")] == ["ru", "kk"]

    def test_provenance_links_to_the_notebook_cell(self, page):
        link = page.find("figure", id="fig-trend").find("a", href=re.compile("^notebooks/"))
        assert link["href"] == "notebooks/01-sample.html#trend-figure"
        assert not page.find("figure", id="tbl-wide").find(class_="provenance")

    def test_wide_tables_scroll_by_keyboard_too(self, page):
        scroll = page.find("figure", id="tbl-wide").find("div", class_="table-scroll")
        assert scroll["tabindex"] == "0"
        assert scroll["aria-label"] == "Table 2"

    def test_mathematics_is_mathml_with_its_number(self, page):
        equation = page.find(id="eq-slope")
        assert equation.find("math")
        assert equation.find(class_="equation-number").get_text() == "(1)"


class TestPdf:
    def test_fonts_are_embedded_and_typsts_own(self, pdf):
        names = {
            font.get_object()["/BaseFont"].split("+")[-1]
            for sheet in pdf.pages
            for font in sheet["/Resources"].get("/Font", {}).values()
        }
        assert names
        assert all(re.match(r"/?(Libertinus|NewCM|DejaVuSansMono)", name) for name in names)

    def test_metadata_language_and_outline(self, pdf):
        assert pdf.metadata.title == "A sample article about 12 made-up regions"
        assert pdf.metadata.author == "borderland paper contributors"
        assert pdf.trailer["/Root"]["/Lang"] == "en"
        assert next(entry.title for entry in pdf.outline if not isinstance(entry, list)) == "1 Introduction"

    def test_it_is_dated_by_the_revision_and_never_by_the_clock(self, pdf):
        dated = datetime.datetime.fromtimestamp(EPOCH, datetime.UTC)
        assert (pdf.metadata.creation_date, pdf.metadata.modification_date) == (dated, dated)

    def test_says_that_it_keeps_the_rules_of_pdf_ua_and_pdf_a(self, pdf):
        said = pdf.trailer["/Root"]["/Metadata"].get_data().decode("utf-8")
        assert "<pdfuaid:part>1</pdfuaid:part>" in said
        assert "<pdfaid:part>2</pdfaid:part>" in said
        assert "<pdfaid:conformance>A</pdfaid:conformance>" in said

    def test_is_tagged_with_what_stands_in_it(self, pdf):
        """What the tags must be like is in test_accessible_pdf.py."""
        elements = list(structure(pdf.trailer["/Root"]["/StructTreeRoot"]))
        kinds = {element.get("/S") for element in elements}
        assert {"/H1", "/P", "/Table", "/TH", "/TD", "/Figure", "/Formula", "/Link", "/Note"} <= kinds
        alts = [str(element["/Alt"]) for element in elements if element.get("/S") == "/Figure"]
        assert alts == ["A straight line falls from left to right over 12 marks on the horizontal axis."]

    def test_every_page_but_the_first_names_author_title_and_section(self, pdf):
        heads = [" ".join(sheet.extract_text().split("\n")[:2]) for sheet in pdf.pages]
        assert all("borderland paper contributors. A sample article" in head for head in heads[1:])
        assert re.search(r"\d [A-Z]\w+", heads[1])

    def test_letters_of_tables_have_eight_points_or_more(self, pdf):
        """Everything but figures, indices and notes' marks: the smallest of the text's own sizes is 8."""
        sizes = set()

        def visit(text, _matrix, matrix, _font, size):
            if len(text.strip()) > 12:
                sizes.add(round(size * matrix[0], 1))

        for sheet in pdf.pages:
            sheet.extract_text(visitor_text=visit)
        assert sizes
        assert min(size for size in sizes if size > 0) >= 8

    def test_long_table_repeats_its_header(self, pdf):
        heads = [sheet.extract_text().count("Region Persons Rate") for sheet in pdf.pages]
        assert sum(heads) >= 2


class TestDocx:
    def test_headings_and_captions_have_their_styles(self, docx):
        styled = {(p.style.name, p.text.replace("\u00a0", " ")) for p in docx.paragraphs}
        assert ("Title", "A sample article about 12 made-up regions") in styled
        assert ("Heading 1", "1. Introduction") in styled
        assert ("Heading 3", "2.1.1 A third level") in styled
        assert ("Image Caption", "Figure 1: The made-up trend of 12 regions (after Knuth 1984).") in styled
        assert any(style == "Bibliography" for style, _ in styled)
        assert any(style == "Callout Title" for style, _ in styled)

    def test_caption_styles_belong_to_caption(self, docx):
        for name in ("Image Caption", "Table Caption"):
            assert docx.styles[name].base_style.name == "Caption"

    def test_tables_repeat_their_header_row(self, docx):
        for table in docx.tables:
            assert table.rows[0]._tr.xpath("./w:trPr/w:tblHeader")

    def test_pictures_carry_alt_text_and_text_its_language(self, docx):
        described = docx.element.body.xpath(".//wp:docPr/@descr")
        assert described == ["A straight line falls from left to right over 12 marks on the horizontal axis."]
        assert {"ru", "kk"} <= set(docx.element.body.xpath(".//w:lang/@w:val"))

    def test_page_is_a4_with_a_number_in_the_footer(self, docx):
        section = docx.sections[0]
        assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
        assert "PAGE" in section.footer._element.xml


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
def test_same_bytes_in_another_folder(root, tmp_path, fmt):
    other = make_article(tmp_path / "другая папка")
    assert render(job(other, fmt))[0].read_bytes() == render(job(root, fmt))[0].read_bytes()


def test_docx_keeps_no_clock_time(root):
    with zipfile.ZipFile(render(job(root, "docx"))[0]) as archive:
        core = archive.read("docProps/core.xml").decode()
    assert re.findall(r"20\d\d-\d\d-\d\dT[\d:]+", core) == ["2026-01-02T00:00:00"] * 2


def test_reference_document_is_what_the_code_makes():
    from paperbuild.article.reference_document import make

    def parts(content):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    # Contents, not bytes: another zlib may compress the same parts differently.
    assert parts(make()) == parts((EXTENSION / "reference.docx").read_bytes())


def test_inputs_name_every_file_the_article_reads(root):
    def names(fmt):
        return {
            Path(path).relative_to(root).as_posix()
            for path in inputs(root, parts_of(read(root)), fmt)
            if Path(path).is_relative_to(root)
        }

    text = {
        "paper.qmd",
        "_quarto.yml",
        "references.bib",
        "text/appendix.md",
        "tables/regions.md",
        "tables/wide.md",
    }
    assert names("pdf") == text | {"figures/trend.svg"}
    # The page holds the figures behind its floats, and reads how to cite it.
    behind = {
        "figures/trend.csv",
        "figures/trend.png",
        "tables/regions.csv",
        "tables/wide.csv",
        "CITATION.cff",
    }
    assert names("html") == names("pdf") | behind
    assert names("docx") == text | {"figures/trend.png"}
    assert str(ASSETS / "subset.lua") in inputs(root, parts_of(read(root)), "html")


def test_a_number_changes_where_it_is_bound_and_nowhere_else(tmp_path):
    def lines():
        page = render(job(root, "html"))[0].read_text(encoding="utf-8")
        # The downloads of the citation hold the abstract too, in letters of an address.
        return re.sub(r'href="data:[^"]*"', "", page).splitlines()

    root = make_article(tmp_path / "article")
    before = lines()
    edit(root, '"−0.50"', '"−0.75"', "build/results/numbers.yml")
    after = lines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [(old, old.replace("−0.50", "−0.75")) for old, _ in changed]
    # Abstract and appendix; in the head the abstract as description, for shared links and for search engines.
    assert len(changed) == 5


def test_a_pdf_that_typst_cannot_tag_is_set_without_tags(root, monkeypatch):
    import typst

    compile_really = typst.compile

    def compile_untagged(text, pdf_tags=True, **options):
        if pdf_tags:
            raise typst.TypstError("internal error: parent group")
        return compile_really(text, pdf_tags=False, **options)

    monkeypatch.setattr(typst, "compile", compile_untagged)
    with pytest.warns(UserWarning, match="neither PDF/UA nor PDF/A.*parent group.*nor is it tagged"):
        assert render(job(root, "pdf"))[0].read_bytes().startswith(b"%PDF")


def test_a_pdf_that_breaks_a_rule_is_tagged_and_the_rule_told(root):
    from paperbuild.article.embedded import typeset

    with pytest.warns(UserWarning, match="missing alt text"):
        document = typeset(b'#set document(title: "A")\n= A\n$ x $', root, 0)
    assert b"/StructTreeRoot" in document
    assert b"pdfuaid:part" not in document


def test_the_users_own_pandoc_files_change_nothing(root, html, tmp_path, monkeypatch):
    """Pandoc takes its default style of citations from the user's data folder, where there is one."""
    (tmp_path / "pandoc").mkdir()
    (tmp_path / "pandoc" / "default.csl").write_text("no style at all")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert render(job(root, "html"))[0].read_text(encoding="utf-8") == html
    monkeypatch.setenv("PAPERBUILD_SURROUNDINGS", "free")
    assert render(job(root, "html"))[0].read_text(encoding="utf-8") == html
