"""Words that results choose, in all three formats as a reader sees them."""

import json
import re

import pytest
from sample_article import edit, job, make_article

from paperbuild.article import languages
from paperbuild.article.bound import bound, bound_in, outcomes
from paperbuild.article.conditions import Facts
from paperbuild.article.manuscript import Manuscript
from paperbuild.article.text import read
from paperbuild.article.typesetting import render
from paperbuild.ground.errors import PaperError
from paperbuild.project.printed import FALSE

TEXT = """The gap [[shrank|rose]{sign="a.gap"}|fell]{if="a.gap > 0"}, and [*clearly*]{when="a.gap > 2"} so;
the rest [shrank|stood still|grew]{sign="a.rest"}.
Of them {{< meta w.a.few >}} [region|regions]{count="a.few"} lose.

::: {when="a.rest < 0"}
A paragraph that is not true.
:::

::: {lang="ru"}
Это {{< meta wr.a.few >}} [регион|региона|регионов]{count="a.few"}, [а не больше]{.no-result why="wording"}.
:::
"""
FACTS = Facts({"a.gap": 10.7, "a.rest": 0, "a.few": 3})


def manuscript(text):
    return Manuscript("paper.qmd", text)


def test_every_binding_is_found_with_its_place_and_language():
    found = bound_in(manuscript(TEXT))
    assert [(one.kind.name, one.line, one.language) for one in found] == [
        ("if", 1, "en"), ("sign", 1, "en"), ("when", 1, "en"), ("sign", 2, "en"), ("count", 3, "en"),
        ("when", 5, "en"), ("count", 10, "ru"),
    ]  # fmt: skip
    assert [one.wordings for one in found[1:4]] == [
        ("shrank", "rose"), ("*clearly*",), ("shrank", "stood still", "grew"),
    ]  # fmt: skip
    assert found[5].wordings == ("A paragraph that is not true.",)


def test_wordings_may_hold_bound_words_of_their_own():
    text = '[[shrank|grew]{sign="a.gap"} by much|stood still]{if="a.gap > 2"}'
    inner, outer = sorted(bound_in(manuscript(text)), key=lambda one: one.end)
    assert inner.wordings == ("shrank", "grew")
    assert outer.wordings == ('[shrank|grew]{sign="a.gap"} by much', "stood still")
    assert (inner.outcome(FACTS), outer.outcome(FACTS)) == (2, 1)


def test_outcomes_number_the_wording_that_is_printed():
    chosen = {one.kind.name + str(one.line): one.outcome(FACTS) for one in bound_in(manuscript(TEXT))}
    assert chosen == {"if1": 1, "sign1": 2, "when1": 1, "sign2": 2, "count3": 2, "when5": FALSE, "count10": 2}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[rose|fell|stood]{if="a.gap > 0"}', "3 wordings in if="),
        ('[rose]{sign="a.gap"}', "1 wordings in sign="),
        ('[region|regions|many]{count="a.few"}', "3 wordings in count="),
        ('[rose]{when="a.gap"}', "neither true nor false"),
        ('[a|b]{count="a.gap"}', "no count"),
        ('[rose]{when="a.gop > 0"}', "did you mean 'a.gap'"),
    ],
)
def test_what_cannot_be_told_says_where_and_why(text, told):
    (one,) = bound_in(manuscript(f"Words.\n\nIt {text} then."))
    with pytest.raises(PaperError) as caught:
        one.outcome(FACTS)
    assert told in str(caught.value)
    assert caught.value.where == "paper.qmd:3"
    assert outcomes([one], FACTS) == {one.key: FALSE}


def test_zero_without_a_wording_of_its_own_is_no_word():
    (one,) = bound_in(manuscript('[fell|rose]{sign="a.rest"}'))
    assert one.outcome(FACTS) == FALSE


# CLDR's examples of the cardinal plural rules (Unicode CLDR 46, en, ru, kk).
@pytest.mark.parametrize(
    ("code", "counts", "form"),
    [
        ("en", [1], 0), ("en", [0, 2, 11, 21], 1),
        ("ru", [1, 21, 31, 101], 0), ("ru", [2, 3, 4, 22, 34, 102], 1),
        ("ru", [0, 5, 11, 12, 14, 19, 100, 111], 2),
        ("kk", [0, 1, 2, 5], 0),
    ],
)  # fmt: skip
def test_plural_forms_follow_the_language(code, counts, form):
    assert [languages.of(code).plural(count) for count in counts] == [form] * len(counts)


def test_small_counts_are_words_and_others_figures():
    english, russian = languages.of("en"), languages.of("ru")
    assert [english.count(str(n), n) for n in (0, 3, 10, 11)] == ["zero", "three", "ten", "11"]
    assert russian.count("1,234.5", 1234.5) == "1\u00a0234,5"
    assert english.count("none", "none") == "none"
    assert english.count("True", True) == "True"
    assert english.count("3", 3.0) == "three"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_article(tmp_path_factory.mktemp("bound") / "article")
    text = (root / "paper.qmd").read_text(encoding="utf-8")
    (root / "paper.qmd").write_text(f"{text}\n\n# Bound\n\n{TEXT}", encoding="utf-8")
    path = root / "build" / "results" / "numbers.yml"
    numbers = path.read_text(encoding="utf-8")
    words = {"w": {"a": {"few": "three"}}, "wr": {"a": {"few": "три"}}}
    chosen = outcomes(bound(read(root)), FACTS)
    path.write_text(f"{numbers}\n{json.dumps(words)[1:-1]}\nbound: {json.dumps(chosen)}\n".replace(
        '"w": ', "w: ").replace(', "wr": ', "\nwr: "), encoding="utf-8")  # fmt: skip
    return root


def test_the_page_prints_the_wording_that_holds_and_marks_what_does_not(root):
    from bs4 import BeautifulSoup

    page = BeautifulSoup(render(job(root, "html"))[0].read_text(encoding="utf-8"), "html.parser")
    text = " ".join(page.get_text(" ").split())
    assert "The gap rose , and clearly so; the rest stood still . Of them three regions lose." in text
    assert "Это три региона , а не больше ." in text
    marked = page.select("mark, .mark")
    assert [" ".join(one.get_text().split()) for one in marked] == ["A paragraph that is not true."]
    assert page.find("em", string="clearly")
    assert not re.search(r"a\.gap|\bwhen=|no-result", str(page.find("main") or page.body))


def test_the_pdf_prints_the_same(root):
    from pypdf import PdfReader

    sheets = PdfReader(render(job(root, "pdf"))[0]).pages
    text = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
    assert "The gap rose, and clearly so; the rest stood still. Of them three regions lose." in text
    assert "Это три региона, а не больше." in text


def test_the_word_document_prints_the_same_and_highlights_what_does_not_hold(root):
    import docx

    paragraphs = docx.Document(render(job(root, "docx"))[0]).paragraphs
    texts = [paragraph.text for paragraph in paragraphs]
    assert "The gap rose, and clearly so; the rest stood still. Of them three regions lose." in texts
    (false,) = [one for one in paragraphs if one.text == "A paragraph that is not true."]
    assert "highlight" in false._p.xml or "Mark" in (false.style.name or "")


def test_a_condition_that_the_build_has_not_seen_stops_the_typesetter(root, tmp_path):
    import shutil

    copy = tmp_path / "article"
    shutil.copytree(root, copy)
    edit(copy, 'when="a.gap > 2"', 'when="a.gap > 3"')
    with pytest.raises(PaperError, match="nothing says whether this holds"):
        render(job(copy, "html"))


@pytest.mark.parametrize("inside", ["*rose|fell*", '"rose|fell"', "**rose|**fell"])
def test_a_bar_inside_markup_parts_nothing_and_is_never_printed(root, tmp_path, inside):
    import shutil

    copy = tmp_path / "article"
    shutil.copytree(root, copy)
    edit(copy, "[*clearly*]", f'[{inside}]{{if="a.gap > 0"}}, [*clearly*]')
    path = copy / "build" / "results" / "numbers.yml"
    chosen = json.dumps(outcomes(bound(read(copy)), FACTS))
    numbers = re.sub(r"(?m)^bound: .*$", lambda _: f"bound: {chosen}", path.read_text(encoding="utf-8"))
    path.write_text(numbers, encoding="utf-8")
    with pytest.raises(PaperError, match="Bars stand between wordings"):
        render(job(copy, "html"))
