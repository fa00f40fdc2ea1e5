"""`paper submit`: what a journal asks for, made of the article; nothing in it that it did not ask for."""

import dataclasses
import io
import os
import re
import zipfile
from xml.etree import ElementTree as ET

import docx
import pytest
from PIL import Image

from paperbuild.article import source
from paperbuild.article.job import RenderJob
from paperbuild.article.submission import (
    Limit,
    Measured,
    Submission,
    Told,
    finished_jats,
    measure,
    profiles,
    read_profile,
)
from paperbuild.ground.errors import Findings, PaperError
from paperbuild.project.printed import read_numbers
from paperbuild.proof.submission import authors
from toy import make_toy, paper, write_notebook

ARTICLE = """\
---
title: A mean
author:
  - name: Ada Example
    email: ada@example.org
    affiliations: [An institute]
lang: en
keywords: [mean, double]
abstract: The mean is {{< meta n.first.mean >}}.
---

::: {.abstract lang="ru"}
**Аннотация.** Среднее.
:::

# Result {#sec-result}

Its double is {{< meta n.second.twice >}} (@tbl-sizes, @fig-line), as in @known2020.

Written by Ada Example at home.

![A line of points.](figures/line){#fig-line fig-alt="A rising line."}

::: {#tbl-sizes}

{{< include tables/sizes.md >}}

Sizes of things.

:::

# Appendix: More {.unnumbered}

$$ d = 2m $$ {#eq-double}

That is @eq-double.

Appended words.

# References {.unnumbered}

::: {#refs}
:::
"""
BOOK = """\
@book{known2020, author = {Known, N.}, title = {A Book}, publisher = {Press}, address = {Town}, year = {2020}}
"""
DRAWN = [
    "# Drawn",
    "#| label: setup\nimport matplotlib.pyplot as plt\nimport pandas as pd\n"
    "from paperbuild import figure, table",
    "#| label: parameters",
    "#| label: line\nfig, ax = plt.subplots(figsize=(4, 3))\nax.plot([1, 2, 3])\n"
    "figure('line', fig, data=pd.DataFrame({'y': [1, 2, 3]}))",
    "#| label: sizes\ntable('sizes', pd.DataFrame({'unit': ['A', 'B'], 'who': ['Ada Example', 'nobody']}))",
]
PROFILE = """\
journal: A Journal
issn: 1234-5679
source: https://example.org/authors
read: 2026-01-02
unread: [whether it likes short papers]
anonymous: true
line_spacing: 2
font_size: 12
line_numbers: true
figures: {place: apart, format: tif, resolution: 300}
tables: apart
limits:
  words: {most: 1000, of: [text]}
  abstract: {most: 3}
  keywords: {least: 1, most: 3}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_toy(tmp_path_factory.mktemp("submit") / "toy")
    write_notebook(root / "analysis/03-alone.ipynb", DRAWN)
    for name, text in {"paper.qmd": ARTICLE, "references.bib": BOOK, "journal.yml": PROFILE}.items():
        (root / name).write_text(text, encoding="utf-8")
    (root / "paper.qmd").write_text(ARTICLE.replace("lang: en", "lang: en\nbibliography: references.bib"))
    done = paper(root, "build")
    assert done.returncode == 0, done.stderr
    return root


def submitted(root, *arguments):
    """Run the command; return how it ended, what it said, and the archive's files."""
    target = root / "build/submission.zip"
    target.unlink(missing_ok=True)
    done = paper(root, "submit", *arguments, "--output", str(target))
    files = {}
    if target.exists():
        with zipfile.ZipFile(target) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    return done, files


@pytest.fixture(scope="module")
def anonymous(root):
    return submitted(root, "--for", "journal.yml")


def plain(text):
    """Text with blanks that may break."""
    return text.replace("\u00a0", " ")


def words(content):
    """The text of a DOCX, paragraph by paragraph, tables included."""
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [paragraph.text for paragraph in document.paragraphs], cells


def test_limits_are_counted_and_one_that_is_broken_is_told(anonymous):
    done, files = anonymous
    assert done.returncode == 1
    assert "outside the limit: words of the abstract: 4 (at most 3)" in done.stdout
    assert "  keywords: 2 (at least 1, at most 3)" in done.stdout
    # Counted by hand: the heading with its number, and the one sentence that names nobody.
    assert "  words of text: 14 (at most 1,000)" in done.stdout
    assert "words of the abstract: 4 (at most 3)  OUTSIDE THE LIMIT" in files["README.txt"].decode()


def test_reviewers_see_no_name_and_the_editor_does(anonymous):
    _, files = anonymous
    for name, content in files.items():
        if name.startswith("manuscript/") and name.endswith(".docx"):
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                everything = b"".join(parts.read(one) for one in parts.namelist())
            assert b"Ada" not in everything, name
            assert b"example.org" not in everything, name
    paragraphs, _ = words(files["editor/title-page.docx"])
    assert "Ada Example, An institute, ada@example.org" in paragraphs
    assert "Written by Ada Example at home." in paragraphs, "what was left out is not lost"
    _, cells = words(files["manuscript/manuscript.docx"])
    assert cells == ["unit", "who", "A", "[…]", "B", "nobody"]


def test_the_manuscript_is_as_the_journal_asks(anonymous):
    _, files = anonymous
    document = docx.Document(io.BytesIO(files["manuscript/manuscript.docx"]))
    paragraphs = [plain(paragraph.text) for paragraph in document.paragraphs]
    body = document.styles["Body Text"]
    assert body.paragraph_format.line_spacing == 2
    assert body.font.size.pt == 12
    assert "lnNumType" in document.sections[0]._sectPr.xml
    assert "[Figure 1]" in paragraphs
    assert "Keywords: mean, double" in paragraphs
    parts = ("Its double", "[Table 1]", "Known, N.", "Table 1: Sizes of", "Figure 1: A line of points.")
    order = [next(i for i, text in enumerate(paragraphs) if part in text) for part in parts]
    assert order == sorted(order)
    assert not document.inline_shapes, "figures are files of their own"
    assert not any("Appended" in text or "Среднее" in text or "Computed in" in text for text in paragraphs)
    assert words(files["manuscript/supplement.docx"])[0][-1] == "Appended words."


def test_figures_have_names_in_order_and_the_resolution_asked_for(anonymous):
    _, files = anonymous
    picture = Image.open(io.BytesIO(files["manuscript/figures/Figure-1.tif"]))
    assert picture.format == "TIFF"
    assert [float(side) for side in picture.info["dpi"]] == [300, 300]
    assert picture.width == pytest.approx(4 * 300, abs=2)
    assert picture.convert("L").getextrema()[0] < 100, "something is drawn"


@pytest.mark.parametrize("form", ["png", "pdf", "svg"])
def test_other_formats_of_figures(root, form):
    text = PROFILE.replace("format: tif, resolution: 300", f"format: {form}, resolution: 150")
    (root / "other.yml").write_text(text.replace("most: 3}\n  key", "most: 30}\n  key"))
    done, files = submitted(root, "--for", "other.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    begins = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    assert files[f"manuscript/figures/Figure-1.{form}"].startswith(begins[form])


def test_named_in_the_text_as_one_wishes_and_in_a_language_that_the_journal_takes(root):
    text = PROFILE.replace("place: apart", "place: text").replace("tables: apart", "tables: text")
    text = text.replace("anonymous:", "languages: [fr, de]\nanonymous:").partition("limits:")[0]
    (root / "other.yml").write_text(text)
    done, files = submitted(root, "--for", "other.yml", "--named")
    assert done.returncode == 1
    assert "the text is in en; the journal takes fr, de" in done.stdout
    document = docx.Document(io.BytesIO(files["manuscript/manuscript.docx"]))
    paragraphs = [paragraph.text for paragraph in document.paragraphs]
    assert "Ada Example" in " ".join(paragraphs)
    assert "Written by Ada Example at home." in paragraphs
    assert len(document.inline_shapes) == 1
    assert not any(name.startswith("manuscript/figures/") for name in files)


def test_jats_is_whole_and_every_reference_in_it_leads_somewhere(anonymous):
    _, files = anonymous
    root = ET.fromstring(files["editor/jats/article.xml"])
    ids = {element.get("id") for element in root.iter()}
    led = {"aff-1", "eq-double", "tbl-sizes", "fig-line", "ref-known2020"}
    assert {xref.get("rid") for xref in root.iter("xref")} == led <= ids
    assert [plain(label.text) for label in root.findall(".//fig/label")] == ["Figure 1"]
    assert root.findtext(".//fig/caption/p") == "A line of points."
    assert plain(root.findtext(".//table-wrap/label")) == "Table 1"
    assert root.findtext(".//table-wrap[@id='tbl-sizes']//td") == "A"
    assert not root.findall(".//boxed-text"), "nothing is left of a layout that is a DOCX's"
    assert root.findtext("front/journal-meta//journal-title") == "A Journal"
    (translated,) = root.findall("front/article-meta/trans-abstract")
    assert translated.get("{http://www.w3.org/XML/1998/namespace}lang") == "ru"
    link = root.find(".//fig//graphic").get("{http://www.w3.org/1999/xlink}href")
    assert f"editor/jats/{link}" in files
    assert root.findtext(".//contrib//surname") or "Ada Example" in "".join(
        root.find(".//contrib").itertext()
    )


def test_jats_says_what_the_schema_and_a_journal_want_to_know(anonymous):
    """What was broken when it was first held against the schema, or said what is not so."""
    _, files = anonymous
    root = ET.fromstring(files["editor/jats/article.xml"])
    assert root.get("article-type") == "research-article"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert {one.text for one in root.findall("front/journal-meta//*") if not len(one)} == {
        "1234-5679",
        "A Journal",
    }
    meta = root.find("front/article-meta")
    order = ["title-group", "contrib-group", "pub-date-not-available", "abstract", "trans-abstract"]
    assert [child.tag for child in meta] == [*order, "kwd-group"]
    assert [one.text for one in meta.iter("kwd")] == ["mean", "double"]
    assert root.findtext(".//sec[@id='sec-result']/title") == "Result"
    formula = root.find(".//disp-formula[@id='eq-double']")
    assert formula.findtext("label") == "(1)"
    assert formula.findtext(".//tex-math").strip() == "d = 2m"
    assert "(1)" not in "".join(formula.find("alternatives").itertext())


@pytest.mark.skipif("JATS_DTD" not in os.environ, reason="JATS_DTD names no JATS-journalpublishing1.dtd")
def test_jats_is_valid(anonymous):
    """The schema comes on no package index; who has it names its file, of Journal Publishing 1.2."""
    from lxml import etree

    schema = etree.DTD(os.environ["JATS_DTD"])
    _, files = anonymous
    assert schema.validate(etree.fromstring(files["editor/jats/article.xml"])), schema.error_log


def test_the_same_article_gives_the_same_archive(root, anonymous):
    _, before = anonymous
    _, again = submitted(root, "--for", "journal.yml")
    assert before == again


def test_a_stale_article_is_not_handed_in(root):
    article = root / "paper.qmd"
    kept = article.read_text()
    article.write_text(kept + "\nMore.\n")
    try:
        done, files = submitted(root, "--for", "generic")
    finally:
        article.write_text(kept)
    assert done.returncode == 1
    assert "the article is stale" in done.stderr
    assert not files


@pytest.mark.parametrize("name", profiles())
def test_every_profile_names_its_source_and_what_was_not_read(name):
    profile = read_profile(name)
    assert profile.unread
    assert name == "generic" or profile.source.startswith("http")
    assert name == "generic" or re.fullmatch(r"\d{4}-\d\d-\d\d", profile.read)


def test_the_xml_says_who_wrote_it_and_where_they_work():
    front = {
        "author": [
            {
                "name": {"given": "Ada", "family": "Example"},
                "orcid": "0000-0002-1825-0097",
                "email": "ada@example.org",
                "affiliations": [{"ref": "one"}, {"name": "Another", "city": "Town"}],
            },
            {"name": "Ben Plain", "affiliation": "one"},
            "A group",
        ],
        "affiliations": [{"id": "one", "name": "An Institute", "country": "Land"}],
    }
    people = authors(front, [])
    assert str(people[0]) == (
        "Ada Example, An Institute, Land, Another, Town, ada@example.org, 0000-0002-1825-0097"
    )
    front_matter = "<title-group/><contrib-group/><abstract/>"
    text = (
        f"<article><front><journal-meta/><article-meta>{front_matter}</article-meta></front><body/></article>"
    )
    group = ET.fromstring(finished_jats(text.encode(), "en", people=people)).find(".//contrib-group")
    assert [one.tag for one in group[0]] == ["contrib-id", "name", "email", "xref", "xref"]
    assert group.findtext("contrib/name/surname") == "Example"
    assert group[0][0].text == "https://orcid.org/0000-0002-1825-0097"
    places = {one.get("id"): one.text for one in group.findall("aff")}
    assert [
        [places[xref.get("rid")] for xref in one.findall("xref")] for one in group.findall("contrib")
    ] == [
        ["An Institute, Land", "Another, Town"],
        ["An Institute, Land"],
        [],
    ]
    assert [one.text for one in group.findall("contrib/string-name")] == ["Ben Plain", "A group"]


def test_an_unknown_profile_is_refused_with_those_there_are():
    with pytest.raises(PaperError, match=r"no profile 'demografy'.*demography"):
        read_profile("demografy")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("most: 1000", "most: many", 13, "limits.words.most"),
        ("tables: apart", "tables: above", 11, "tables"),
        ("journal: A Journal\n", "", 1, "lacks 'journal'"),
        ("line_numbers", "line_nombers", 9, "line_numbers"),
    ],
)
def test_a_wrong_profile_is_refused_at_its_line(tmp_path, old, new, line, said):
    path = tmp_path / "mine.yml"
    path.write_text(PROFILE.replace(old, new))
    with pytest.raises((PaperError, Findings)) as error:
        read_profile(str(path))
    assert f"mine.yml:{line}" in str(error.value)
    assert said in str(error.value)


def test_labels_of_an_edition_are_its_languages_and_names_of_files_are_plain(root, tmp_path):
    job = RenderJob(root, root, "docx", "embedded", 0)
    numbers = read_numbers(root) | {"crossref": {"fig-title": "Рис.", "title-delim": "."}}
    given = source.read(root, numbers)
    made = Submission(job, given, numbers, read_profile("generic"), anonymous=False, names=())
    told = made.docx("manuscript", tmp_path / "m.docx")
    (drawn,) = told.of("fig")
    assert (plain(drawn["label"]), drawn["caption"]) == ("Рис. 1", "A line of points.")
    assert [name for name, _ in made.figures(told)] == ["Figure-1.tif"]


@pytest.mark.parametrize(
    ("abstract", "kept"),
    [("**Aim.** To know.\n\n**Result.** Known.\n", True), ("To know.\n\nKnown **well**.\n", False)],
)
def test_an_abstract_in_parts_is_one_whose_paragraphs_begin_with_headings(root, tmp_path, abstract, kept):
    job = RenderJob(root, root, "docx", "embedded", 0)
    given = source.read(root, read_numbers(root))
    given.metadata["abstract"] = abstract
    profile = dataclasses.replace(read_profile("demographic-research"), line_numbers=True)
    made = Submission(job, given, read_numbers(root), profile, anonymous=False, names=())
    (parts,) = measure(profile, made.docx("manuscript", tmp_path / "m.docx"), "")
    assert (str(parts).partition(":")[0], parts.kept) == ("parts of the abstract with headings", kept)


def test_a_limit_has_two_ends():
    told = Told({"text": 10}, keywords=2, cited=3)
    ends = [Measured("x", found, Limit(least=2, most=4)).kept for found in (1, 2, 4, 5)]
    assert ends == [False, True, True, False]
    assert measure(read_profile("demography"), told, "A title")[0].found == 10
