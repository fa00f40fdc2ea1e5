"""What ``_quarto.yml`` says is done, in every format it concerns, or refused with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sample_article import edit, job, make_article

from paperbuild.article import quarto_settings
from paperbuild.article.formats import FORMATS
from paperbuild.article.parts import parts_of
from paperbuild.article.quarto_settings import QuartoSettings
from paperbuild.article.text import read as read_article
from paperbuild.article.typesetting import inputs, render
from paperbuild.ground.errors import Findings, PaperError

TEMPLATE = Path(quarto_settings.__file__).parents[1] / "templates" / "paper" / "_quarto.yml"
# Titles only, as a style of citations that nobody mistakes for another.
STYLE = """<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0">
<info><title>t</title><id>t</id><updated>2026-01-02T00:00:00Z</updated></info>
<citation><layout prefix="«" suffix="»"><text variable="title"/></layout></citation>
<bibliography><layout><text variable="title"/></layout></bibliography></style>"""


@pytest.fixture
def root(tmp_path):
    return make_article(tmp_path / "article")


def say(root, text):
    (root / "_quarto.yml").write_text(text, encoding="utf-8")


def unreferenced_sections(root):
    """Take out the references to sections, which need numbers."""
    for name in ("paper.qmd", "text/appendix.md"):
        path = root / name
        path.write_text(re.sub(r"@sec-\w+", "a section", path.read_text(encoding="utf-8")), encoding="utf-8")


def text_of(root, fmt):
    text = FORMATS[fmt].text(render(job(root, fmt))[0])
    return re.sub(r"[\s\u00a0]+", " ", text)


def contents(root):
    """Levels of the entries that the page lists."""
    page = BeautifulSoup(render(job(root, "html"))[0].read_text(encoding="utf-8"), "html.parser")
    listed = page.find("nav", class_="contents")
    return [len(link.find_parents("ul")) for link in listed.find_all("a")] if listed else None


def test_settings_of_a_new_project_are_the_defaults():
    """So an article is set alike with the file, without it, and by Quarto: its extension says the same."""
    assert quarto_settings.read(TEMPLATE.parent) == QuartoSettings()


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("place", ["_quarto.yml", "paper.qmd"])
def test_sections_without_numbers(root, fmt, place):
    unreferenced_sections(root)
    if place == "paper.qmd":
        say(root, "number-sections: true\n")
        edit(root, "lang: en\n", "lang: en\nnumber-sections: false\n")
    else:
        say(root, "number-sections: false\n")
    text = text_of(root, fmt)
    assert "A third level" in text
    assert not re.search(r"\d\.? (Introduction|Detail|Results|A second level|A third level)", text)
    assert "Figure 1: The made-up trend" in text


@pytest.mark.parametrize("fmt", FORMATS)
def test_language_of_the_project_is_the_articles_unless_it_says_another(root, fmt):
    say(root, "lang: ru\n")
    assert "Figure 1: The made-up" in text_of(root, fmt)
    edit(root, "lang: en\n", "")
    assert "Рисунок 1: The made-up" in text_of(root, fmt)
    assert read_article(root).language == "ru"
    say(root, "lang: kk\n")
    assert "Сурет 1: The made-up" in text_of(root, fmt)


def test_contents_go_as_deep_as_the_project_says(root):
    assert set(contents(root)) == {1, 2, 3}
    say(root, "format: {paperbuild-html: {toc-depth: 2}}\n")
    assert set(contents(root)) == {1, 2}
    say(root, "format: {paperbuild-html: {toc: false}}\n")
    assert contents(root) is None


@pytest.mark.parametrize("fmt", FORMATS)
def test_words_before_the_numbers_of_captions_and_references(root, fmt):
    say(
        root,
        "crossref: {fig-title: Plate, fig-prefix: pl., tbl-prefix: tab., sec-prefix: sec., eq-prefix: eq.}\n",
    )
    edit(root, "see also [@fig-trend;", "see also [@Fig-trend;")
    text = re.sub(r" (?=[,.;])", "", text_of(root, fmt))
    assert "Plate 1: The made-up trend" in text
    assert "Table 1: The regions" in text
    assert (
        "drawn in pl. 1, listed in tab. 1 and tab. 2, defined by eq. 1 and discussed in sec. 2; "
        "see also Pl. 1, tab. 1"
    ) in text


@pytest.mark.parametrize("fmt", FORMATS)
def test_citation_style_of_the_project(root, fmt):
    (root / "titles.csl").write_text(STYLE, encoding="utf-8")
    say(root, "csl: titles.csl\n")
    assert "«Literate programming»" in text_of(root, fmt)
    assert str(root / "titles.csl") in inputs(root, parts_of(read_article(root)), fmt)


def test_citations_without_links(root):
    assert 'role="doc-biblioref"' in render(job(root, "html"))[0].read_text(encoding="utf-8")
    say(root, "link-citations: false\n")
    assert 'role="doc-biblioref"' not in render(job(root, "html"))[0].read_text(encoding="utf-8")


# (the file, the line of the finding, what it must say)
REFUSED = {
    "depth of numbers": ("lang: en\nnumber-depth: 1\n", 2, "number-depth"),
    "offset of numbers": ("number-offset: 2\n", 1, "number-offset"),
    "form of numbers": ("section-numbering: 1.a\n", 1, "section-numbering"),
    "form of dates": ("date-format: long\n", 1, "date-format"),
    "contents of every format": ("toc: true\n", 1, "under format, paperbuild-html"),
    "contents of a PDF": ("format:\n  paperbuild-typst:\n    toc: true\n", 2, "no options"),
    "another option of the page": ("format:\n  paperbuild-html:\n    theme: cosmo\n", 3, "theme"),
    "another format": ("format:\n  html: default\n", 2, "paperbuild-html, paperbuild-typst"),
    "contents of no depth": ("format:\n  paperbuild-html:\n    toc-depth: 0\n", 3, "from 1 to 5"),
    "a depth that is a truth value": ("format:\n  paperbuild-html:\n    toc-depth: true\n", 3, "from 1 to 5"),
    "a misspelt key": ("\nnumber-section: true\n", 2, "did you mean 'number-sections'"),
    "neither true nor false": ("number-sections: no\n", 1, "true or false"),
    "citations by Typst": ("citeproc: false\n", 1, "no other way to cite"),
    "a delimiter of captions": ("crossref:\n  title-delim: .\n", 2, "title-delim"),
    "an empty word": ('crossref:\n  fig-prefix: ""\n', 2, "a text"),
    "a group that is none": ("crossref: true\n", 1, "key: value lines"),
    "a style that is not there": ("csl: none.csl\n", 1, "none.csl does not exist"),
    "a language without words": ("project: {type: default}\nlang: xx\n", 2, "no language 'xx'"),
    "a bibliography": ("bibliography: references.bib\n", 1, "front matter of paper.qmd"),
    "a second file of settings": ("metadata-files: [more.yml]\n", 1, "numbers.yml"),
    "no YAML": ("lang: [\n", 2, "not valid YAML"),
    "a list": ("- lang\n", 1, "not a mapping"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_only_quarto_would_obey_is_refused(root, case):
    content, at, message = REFUSED[case]
    say(root, content)
    with pytest.raises(PaperError) as caught:
        render(job(root, "html"))
    assert caught.value.where == f"_quarto.yml:{at}"
    assert message in str(caught.value)


def test_all_findings_of_settings_and_text_come_at_once(root):
    say(root, "number-depth: 1\ntoc: true\n")
    edit(root, "slope of {{< meta n.sample.slope >}}", "slope of {{< meta n.no >}}")
    with pytest.raises(Findings) as caught:
        render(job(root, "html"))
    assert len(caught.value.findings) == 3
