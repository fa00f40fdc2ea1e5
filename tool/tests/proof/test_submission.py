"""`paper submit`: manuscript, figures and tables as a journal wants them, and what stands against it."""

import io
import json
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from lxml import etree
from PIL import Image

from paperbuild.article.submission import PROFILES, Figures, Limits, Person, Profile, people, read_profile
from paperbuild.ground.errors import Findings, PaperError, UsageError
from paperbuild.project.layout import Project
from paperbuild.proof.submission import picture, submission

ARTICLE = """---
title: "Towns"
author:
  - name: {given: Ann, family: Towner}
    email: ann@example.org
    orcid: 0000-0002-1825-0097
    affiliations: [University of Towns]
keywords: [towns, growth]
bibliography: references.bib
abstract: "Towns grow by {{< meta n.growth >}} per cent."
---

::: {.abstract lang="ru"}
**Аннотация.** Города растут.
:::

# Growth {#sec-growth}

Towns grow, as @fig-map and @tbl-rows show [@one2001].[^1]

[^1]: Five words in a note.

![A map of towns.](figures/map){#fig-map fig-alt="A map"}

::: {#tbl-rows}
| town | growth |
|:--|--:|
| A | 1 |

Towns by growth.
:::

# Acknowledgements

Ann Towner thanks the readers of @tbl-rows.

# Appendix: More

![A second map.](figures/more){#fig-more fig-alt="Another map"}

# References {.unnumbered}

::: {#refs}
:::
"""
BIB = "@book{one2001, author = {One, Ann}, title = {A first book}, year = {2001}, publisher = {P}}\n"
SIZE = 'width="144pt" height="72pt" viewBox="0 0 144 72"'
DRAWING = f'<svg xmlns="http://www.w3.org/2000/svg" {SIZE}><rect width="{{}}" height="9"/></svg>'


def lay_out(root, article=ARTICLE):
    numbers = {
        "n": {"growth": "10"},
        "date": "2026-01-02",
        "bound": {},
        "provenance": {"figure": {"map": "01-x › map"}},
        "build": {"commit": "a" * 40, "commit_short": "aaaaaaa", "date": "2026-01-02"},
    }
    files = {
        "analysis/parameters.yml": "notebooks: {}",
        "_quarto.yml": "project: {type: default}\n",
        "references.bib": BIB,
        "CITATION.cff": "title: Towns\nauthors:\n  - {given-names: Ann, family-names: Towner}\n",
        "build/results/numbers.yml": json.dumps(numbers),
        "paper.qmd": article,
        "figures/map.svg": DRAWING.format(9),
        "figures/more.svg": DRAWING.format(90),
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    for name in ("map", "more"):
        Image.new("RGB", (400, 200), "white").save(root / f"figures/{name}.png", dpi=(200, 200))
    return Project(root)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return lay_out(tmp_path_factory.mktemp("towns"))


BOTH = Profile("A journal", ("anonymous", "named"), title_page=True, spacing=2, font_size=12)


@pytest.fixture(scope="module")
def both(project):
    return submission(project, BOTH)


def opened(content):
    return docx.Document(io.BytesIO(content))


def said(content):
    return "\n".join(one.text for one in opened(content).paragraphs)


def whole(content):
    """Every word in any part of a document."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_the_anonymous_manuscript_names_nobody_anywhere(both):
    everything = whole(both.contents["manuscript-anonymous.docx"])
    for telling in ("Towner", "example.org", "0000-0002", "University of Towns", "a" * 40):
        assert telling not in everything
    assert not both.findings
    assert "Towner" in said(both.contents["manuscript-named.docx"])


def test_what_tells_is_found_where_it_stands(tmp_path):
    project = lay_out(tmp_path, ARTICLE.replace("Towns grow, as", "We at the University of Towns say, as"))
    (found,) = submission(project, BOTH).findings
    assert "says “University of Towns”" in found.message
    assert found.where == "paper.qmd:19"


def test_the_title_page_takes_what_the_manuscript_leaves_out(both):
    page = said(both.contents["title-page.docx"])
    for part in ("Ann Towner", "University of Towns", "ann@example.org", "0000-0002-1825-0097"):
        assert part in page
    assert "thanks the readers of Table\u00a01" in page
    assert "Acknowledgements" not in said(both.contents["manuscript-anonymous.docx"])


def test_lines_are_doubled_numbered_and_large(project, both):
    document = opened(both.contents["manuscript-named.docx"])
    style = document.styles["Body Text"]
    assert style.paragraph_format.line_spacing == 2
    assert style.font.size.pt == 12
    assert "lnNumType" not in whole(both.contents["manuscript-named.docx"])
    numbered = submission(project, replace(BOTH, versions=("named",), line_numbers=True))
    assert "lnNumType" in whole(numbered.contents["manuscript.docx"])


def test_floats_apart_leave_their_label_and_keep_their_numbers(project):
    made = submission(
        project, Profile("J", ("named",), figures=Figures("apart", "png", 300), tables="apart")
    ).contents
    text = said(made["manuscript.docx"])
    assert "[Figure\u00a01]" in text
    assert "[Table\u00a01]" in text
    assert "as Figure\u00a01 and Table\u00a01 show" in text
    assert text.rstrip().endswith("Figure\u00a02: A second map.")
    assert not opened(made["manuscript.docx"]).tables
    assert not opened(made["manuscript.docx"]).inline_shapes
    tables = opened(made["tables.docx"])
    assert [cell.text for cell in tables.tables[0].rows[1].cells] == ["A", "1"]
    assert said(made["tables.docx"]).strip().startswith("Towns")
    assert {name for name in made if name.startswith("figures/")} == {
        "figures/figure-1.png",
        "figures/figure-2.png",
    }


def test_floats_at_the_end_stand_behind_the_references(project):
    made = submission(project, Profile("J", ("named",), figures=Figures("end"), tables="end")).contents
    text = said(made["manuscript.docx"])
    assert text.index("A First Book") < text.index("Table\u00a01: ") < text.index("Figure\u00a01: ")
    assert len(opened(made["manuscript.docx"]).inline_shapes) == 2


def test_figures_have_the_format_and_resolution_asked_for(project):
    for dpi in (300, 600):
        made = submission(project, replace(BOTH, figures=Figures("text", "tiff", dpi))).contents
        image = Image.open(io.BytesIO(made["figures/figure-1.tif"]))
        assert (image.format, image.size) == ("TIFF", (2 * dpi, dpi))  # 144 by 72 points
        assert image.info["dpi"] == (dpi, dpi)
    made = submission(project, replace(BOTH, figures=Figures("text", "pdf"))).contents
    assert made["figures/figure-2.pdf"].startswith(b"%PDF-")


def test_pixels_do_not_become_more(tmp_path):
    Image.new("RGB", (40, 20)).save(tmp_path / "photo.png", dpi=(200, 200))
    with Image.open(io.BytesIO(picture(tmp_path / "photo.png", "tiff", 150))) as image:
        assert image.size == (40, 20)
    with pytest.raises(PaperError, match="cannot become tiff at 600"):
        picture(tmp_path / "photo.png", "tiff", 600)


def test_words_are_counted_by_part(both):
    counts = both.counts
    assert counts.abstract == 6
    # Growth; Towns grow, as @fig-map and @tbl-rows show (One 2001).; the note; the acknowledgements.
    assert counts.text == 1 + 9 + 5 + 1 + 6
    assert (counts.figures, counts.tables, counts.appendix_figures) == (1, 1, 1)
    assert (counts.references, counts.keywords) == (1, 2)


def test_limits_are_told_with_place_and_source(project):
    limits = Limits(abstract_words=5, text_words=10, floats=1, keywords=(3, 5), references=1, figures=1)
    found = submission(project, replace(BOTH, limits=limits)).findings
    assert [(one.where, one.message) for one in found] == [
        ("paper.qmd:10", "6 words in the abstract"),
        ("paper.qmd:17", "22 words in the text, without abstract, floats, references"),
        ("paper.qmd:23", "2 figures and tables in the text"),
        ("paper.qmd:8", "2 keywords"),
    ]
    assert found[0].expected == "at most 5 (A journal)"


def test_other_languages_stay_out_where_a_journal_has_one(project, both):
    assert "Города" in said(both.contents["manuscript-named.docx"])
    english = submission(project, replace(BOTH, languages=("en",))).contents
    assert "Города" not in said(english["manuscript-named.docx"])


def test_authors_are_read_in_every_form():
    assert people({"author": "A. B."}) == [Person("A. B.")]
    assert people({"author": ["A", {"name": "B", "affiliation": "C"}]}) == [
        Person("A"),
        Person("B", affiliations=("C",)),
    ]
    known = {
        "author": [{"name": "A", "affiliations": [{"ref": "u"}]}],
        "affiliations": [{"id": "u", "name": "U"}],
    }
    assert people(known)[0].affiliations == ("U",)


@pytest.mark.parametrize("name", [path.stem for path in sorted(PROFILES.glob("*.yml"))])
def test_every_profile_is_sound_and_names_its_source(name):
    profile = read_profile(name)
    assert name == "generic" or (profile.source and profile.source.page.startswith("http"))


def test_a_wrong_profile_is_told_with_its_line(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'demography'"):
        read_profile("demografy")
    file = tmp_path / "mine.yml"
    file.write_text("journal: J\nversions: [secret]\nlimits:\n  abstract_word: 3\n")
    with pytest.raises(Findings) as told:
        read_profile(str(file))
    assert {one.where for one in told.value.findings} == {"mine.yml:2", "mine.yml:4"}
    file.write_text("journal: J\nversions: [named]\nlimits: {keywords: [1, 3]}\n")
    assert read_profile(str(file)).limits.keywords == (1, 3)


@pytest.fixture(scope="module")
def jats(project):
    return submission(project, replace(BOTH, jats=True)).contents["jats/article.xml"]


def test_jats_names_authors_floats_and_references(jats):
    root = etree.fromstring(re.sub(rb"<!DOCTYPE.*?>", b"", jats, flags=re.DOTALL))
    assert root.findtext(".//contrib/name/surname") == "Towner"
    assert root.findtext(".//contrib/contrib-id") == "https://orcid.org/0000-0002-1825-0097"
    assert [one.findtext("label") for one in root.iter("fig", "table-wrap")] == [
        "Figure\u00a01",
        "Table\u00a01",
        "Figure\u00a02",
    ]
    names = {one.get("id") for one in root.iter() if one.get("id")}
    assert {one.get("rid") for one in root.iter("xref")} <= names
    assert {one.text for one in root.iter("kwd")} == {"towns", "growth"}
    assert root.find(".//ref/mixed-citation") is not None


def test_jats_is_valid(jats):
    """The DTD comes on no index as a small package of its own: JATS_DTD names the file where one has it."""
    path = os.environ.get("JATS_DTD", "")
    if not path:
        pytest.skip("JATS_DTD names no JATS-journalpublishing1.dtd; version 1.1 and later will do")
    dtd = etree.DTD(path)
    known = re.search(r'PUBLIC IDENTIFIER\s+"[^"]* v(\d\.\d)|DTD v(\d\.\d)', Path(path).read_text())
    version = next(filter(None, known.groups())) if known else "1.2"
    text = re.sub(rb"<!DOCTYPE.*?>", b"", jats, flags=re.DOTALL)
    root = etree.fromstring(text.replace(b'dtd-version="1.2"', f'dtd-version="{version}"'.encode()))
    assert dtd.validate(root), dtd.error_log
