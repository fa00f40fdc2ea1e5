"""What the typesetter refuses: each with the file and the line where the author finds it."""

from __future__ import annotations

import pytest
from sample_article import edit, job, line, make_article

from paperbuild.article.typesetting import render
from paperbuild.ground.errors import Findings, PaperError


@pytest.fixture
def root(tmp_path):
    return make_article(tmp_path / "article")


# (what is replaced, by what, where the finding must point, what it must say)
REFUSED = {
    "unknown number": (
        "slope of {{< meta n.sample.slope >}}",
        "slope of {{< meta n.sample.slop >}}",
        "n.sample.slop",
        "slope",
    ),
    "unknown number in alt text": (
        "over {{< meta n.sample.regions >}} marks",
        "over {{< meta n.sample.region >}} marks",
        "n.sample.region ",
        "no result named 'n.sample.region'",
    ),
    "missing include": ("tables/wide.md", "tables/narrow.md", "narrow.md", "does not exist"),
    "include amid text": (
        "{{< include tables/wide.md >}}",
        "x {{< include tables/wide.md >}}",
        "wide.md",
        "include",
    ),
    "unknown shortcode": ("1. First point.", "1. {{< pagebreak >}}", "pagebreak", "pagebreak"),
    "shortcode in code": ("`code`", "`{{< meta n.sample.slope >}}`", "`{{<", "inside code"),
    "unresolved figure": ("listed in @tbl-regions", "listed in @tbl-region", "@tbl-region ", "tbl-region"),
    "reference to an unnumbered section": (
        "in @sec-results;",
        "in @sec-appendix;",
        "@sec-appendix",
        "sec-appendix",
    ),
    "unknown citation": ("@lamport1994 went", "@lamport went", "@lamport went", "@lamport"),
    "other reference type": ("by number alone, -@fig-trend", "in @thm-one", "@thm-one", "thm"),
    "citation among references": (
        "[@fig-trend; @tbl-regions]",
        "[@fig-trend; @knuth1984]",
        "[@fig-trend; @k",
        "brackets",
    ),
    "name given twice": ("::: {#tbl-wide}", "::: {#tbl-regions}", "::: {#tbl-regions}", "twice"),
    "table inside a callout": (
        "Negative rates carry a true minus sign.",
        "::: {#tbl-inner}\n\n| a |\n|:--|\n| b |\n\nCaption.\n\n:::",
        "#tbl-inner",
        "inside a callout",
    ),
    "table inside a quotation": (
        "1. First point.",
        "> ::: {#tbl-inner}\n>\n> | a |\n> |:--|\n> | b |\n>\n> Caption.\n>\n> :::",
        "#tbl-inner",
        "inside another block",
    ),
    "code cell": ("1. First point.", "```{python}\n1\n```", "```{python}", "code cell"),
    "raw Typst": ("1. First point.", "One `#pagebreak()`{=typst} two", "#pagebreak", "raw typst"),
    "a block of raw HTML": ("1. First point.", "```{=html}\n<hr>\n```", "<hr>", "raw html"),
    "numbered callout": (
        "::: {.callout-note}\n## How",
        "::: {#nte-one .callout-note}\n## How",
        "#nte-one",
        "nte",
    ),
    "figures side by side": (
        "1. First point.",
        '::: {layout-ncol=2}\n![One](figures/trend){fig-alt="a"}\n\n![Two](figures/trend){fig-alt="b"}\n:::',
        "layout-ncol",
        "layout",
    ),
    "figures in a figure": (
        "1. First point.",
        '::: {#fig-both}\n![One](figures/trend){#fig-a fig-alt="a"}\n\nBoth.\n:::',
        "#fig-both",
        "a figure written as a block",
    ),
    "figure inside a callout": (
        "Negative rates carry a true minus sign.",
        '![One](figures/trend){#fig-inner fig-alt="a line"}',
        "#fig-inner",
        "inside",
    ),
    "raw HTML": ("1. First point.", "One<br>two", "<br>", "raw html"),
    "raw TeX": ("1. First point.", "One \\newpage two", "newpage", "raw tex"),
    "a TeX environment": (
        "1. First point.",
        "\\begin{center}\nOne\n\\end{center}",
        "begin{center}",
        "raw tex",
    ),
    "escaped shortcode": ("1. First point.", "{{{< meta n.sample.slope >}}}", "{{{<", "an escaped shortcode"),
    "shortcode escaped by a comment": (
        "1. First point.",
        "{{</* meta n.sample.slope */>}}",
        "{{</*",
        "an escaped shortcode",
    ),
    "theorem that nothing refers to": (
        "1. First point.",
        "::: {#thm-one}\nOne.\n:::",
        "#thm-one",
        "type thm",
    ),
    "listing that nothing refers to": (
        "1. First point.",
        '```{#lst-one .python lst-cap="One"}\n1\n```',
        "#lst-one",
        "type lst",
    ),
    "linked figure": (
        "1. First point.",
        '[![One](figures/trend){#fig-one fig-alt="a line"}](https://example.org)',
        "[![",
        "a picture as a link",
    ),
    "figure amid text": (
        "1. First point.",
        'See ![One](figures/trend){#fig-one fig-alt="a line"} here.',
        "#fig-one",
        "amid other text",
    ),
    "width in no unit": ("{#fig-trend\n", "{#fig-trend width=wide\n", "width=wide", "the width wide"),
    "reference where no section has a number": (
        "lang: en\n",
        "lang: en\nnumber-sections: false\n",
        "@sec-results",
        "number-sections: true",
    ),
    "numbered sections neither on nor off": (
        "lang: en\n",
        "lang: en\nnumber-sections: some\n",
        "number-sections:",
        "true or false",
    ),
    "callout of unknown kind": (".callout-note", ".callout-hint", "callout-hint", "hint"),
    "tabs": (".callout-note", ".panel-tabset", "panel-tabset", "panel-tabset"),
    "unknown format": (
        'content-visible when-format="html"',
        'content-visible when-format="pdf"',
        'when-format="pdf"',
        "typst",
    ),
    "figure without alt text": (
        '{#fig-trend\nfig-alt="A straight line falls from left to right over {{< meta n.sample.regions >}} '
        'marks on the horizontal axis."}',
        "{#fig-trend}",
        "{#fig-trend}",
        "alternative text",
    ),
    "missing picture": ("(figures/trend)", "(figures/trends)", "#fig-trend", "figures/trends.svg"),
    "table without caption": (
        "A table wide enough for small type: every column of it is invented.\n\n:::",
        ":::",
        "{#tbl-wide}",
        "caption",
    ),
    "equation amid text": ("\n$$\ny_i", "\nHere $$\ny_i", "{#eq-slope}", "equation"),
    "unknown front-matter key": ("lang: en", "lang: en\nformat: html", "format: html", "'format'"),
    "misspelt front-matter key": ("subtitle:", "subtitel:", "subtitel", "did you mean 'subtitle'"),
    "unknown language": ("lang: en", "lang: xx", "lang: xx", "no language 'xx'"),
    "broken front matter": ('title: "A sample', 'title: A: "sample', "title: A", "YAML"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_names_the_line(root, case):
    old, new, where, message = REFUSED[case]
    edit(root, old, new)
    with pytest.raises(PaperError) as caught:
        render(job(root, "html"))
    error = caught.value.findings[0] if isinstance(caught.value, Findings) else caught.value
    assert error.where == f"paper.qmd:{line(root, where)}"
    assert message in str(caught.value)


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
def test_table_with_a_caption_of_its_own(root, fmt):
    edit(
        root,
        "1. First point.",
        "| a |\n|:--|\n| b |\n\n: Its own caption, which isn't *short* by any means\n",
    )
    with pytest.raises(PaperError, match="a caption of its own") as caught:
        render(job(root, fmt))
    assert caught.value.where == f"paper.qmd:{line(root, 'Its own caption')}"


def test_finding_in_an_included_file_names_that_file(root):
    edit(root, "n.sample.slope", "n.sample.nope", "text/appendix.md")
    with pytest.raises(PaperError) as caught:
        render(job(root, "html"))
    assert caught.value.where == f"text/appendix.md:{line(root, 'nope', 'text/appendix.md')}"


def test_all_findings_come_at_once(root):
    edit(root, "slope of {{< meta n.sample.slope >}}", "slope of {{< meta n.no >}}")
    edit(root, "tables/wide.md", "tables/none.md")
    with pytest.raises(Findings) as caught:
        render(job(root, "html"))
    assert len(caught.value.findings) == 2


def test_file_that_includes_itself(root):
    edit(root, "This text comes", "{{< include appendix.md >}}\n\nThis text comes", "text/appendix.md")
    with pytest.raises(PaperError, match="includes this file"):
        render(job(root, "html"))


def test_text_that_is_not_utf8(root):
    (root / "text" / "appendix.md").write_bytes("# Приложение".encode("cp1251"))
    with pytest.raises(PaperError, match="not UTF-8") as caught:
        render(job(root, "html"))
    assert caught.value.where == "text/appendix.md:1"


def test_quarto_asked_for_and_absent(root, monkeypatch):
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(PaperError, match="no quarto on PATH"):
        render(job(root, "html", "quarto"))
