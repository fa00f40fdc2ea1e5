"""The article as a reader has it: three formats from one text, each saying the same and leaving nothing open.

The pages are set from the committed tables and numbers, so these tests need no notebook to run. A plain
square stands for every picture: words are read here, and a PDF full of map outlines takes ten times as long.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from docx import Document
from PIL import Image
from pypdf import PdfReader

from paperbuild.article import languages
from paperbuild.article.formats import FORMATS
from paperbuild.article.job import RenderJob
from paperbuild.article.typesetting import render
from paperbuild.checks.check import check
from paperbuild.checks.mutate import mutate
from paperbuild.checks.rule import Subject
from paperbuild.checks.words import all_bound
from paperbuild.project.layout import Project

ROOT = Path(__file__).parents[2]
ARTICLE = (ROOT / "paper.qmd").read_text(encoding="utf-8")
MANIFEST = ROOT / "figures" / "manifest.json"
NUMBERS = ROOT / "build" / "results" / "numbers.yml"
EPOCH = 1_700_000_000
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M1 1h6v6H1z"/></svg>'

BOUND = re.compile(r"\{\{<\s*meta\s+(?!build\.)(?P<kind>[\w-]+)\.(?P<name>[\w.-]+)\s*>\}\}")
ABSTRACTS = {
    "en": re.compile(r"^abstract: \|\n(?P<text>.*?)^---$", re.MULTILINE | re.DOTALL),
    "ru": re.compile(r'^::: \{\.abstract lang="ru"\}\n(?P<text>.*?)^:::$', re.MULTILINE | re.DOTALL),
    "kk": re.compile(r'^::: \{\.abstract lang="kk"\}\n(?P<text>.*?)^:::$', re.MULTILINE | re.DOTALL),
}

pytestmark = pytest.mark.skipif(
    not (MANIFEST.is_file() and NUMBERS.is_file()), reason="the article is not built yet: run paper build"
)


def recorded() -> dict[str, dict]:
    """Return the committed numbers by name."""
    return json.loads(MANIFEST.read_text(encoding="utf-8"))["numbers"]


def metadata() -> dict:
    """Return what the build hands to the typesetters."""
    return yaml.safe_load(NUMBERS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the article in each format, set by the embedded engine."""
    root = tmp_path_factory.mktemp("article")
    for name in ("paper.qmd", "references.bib", "references.en.bib", "_quarto.yml"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "tables", root / "tables")
    (root / "figures").mkdir()
    for name in re.findall(r"\]\(figures/([\w-]+)\)", ARTICLE):
        (root / "figures" / f"{name}.svg").write_text(SQUARE, encoding="utf-8")
        Image.new("RGB", (8, 8), "white").save(root / "figures" / f"{name}.png")
    (root / "build" / "results").mkdir(parents=True)
    shutil.copy(NUMBERS, root / "build" / "results" / "numbers.yml")
    out = root / "_output"
    return {fmt: render(RenderJob(root, out, fmt, "embedded", EPOCH))[0] for fmt in FORMATS}


@pytest.fixture(scope="module")
def pdf_pages(pages: dict[str, Path]) -> list[str]:
    """Return the text of each page of the PDF."""
    return [page.extract_text() for page in PdfReader(pages["pdf"]).pages]


@pytest.fixture(scope="module")
def texts(pages: dict[str, Path], pdf_pages: list[str]) -> dict[str, str]:
    """Return what a reader reads in each format, blanks made plain."""
    html = BeautifulSoup(pages["html"].read_text(encoding="utf-8"), "html.parser")
    for unread in html(["style", "script", "annotation"]):
        unread.decompose()
    docx = Document(str(pages["docx"]))
    paragraphs = [paragraph.text for paragraph in docx.paragraphs]
    paragraphs += [cell.text for table in docx.tables for row in table.rows for cell in row.cells]
    raw = {
        "html": html.get_text(" "),
        "pdf": "\n".join(pdf_pages),
        "docx": "\n".join(paragraphs),
    }
    return {fmt: " ".join(unicodedata.normalize("NFKC", text).split()) for fmt, text in raw.items()}


@pytest.fixture(scope="module")
def squeezed_texts(texts: dict[str, str]) -> dict[str, str]:
    """Return the texts without blanks and hyphens."""
    return {fmt: squeezed(text) for fmt, text in texts.items()}


@pytest.fixture(scope="module")
def breaks(pdf_pages: list[str]) -> dict[str, str]:
    """Return the stretches after which the text goes on elsewhere: before page ends and floats of the PDF."""
    cut = re.compile(r"(?:Figure|Table)\d+:|\d+$")
    stretches = [stretch[-40:] for page in pdf_pages for stretch in cut.split(squeezed(page))]
    return {"pdf": "\n".join(stretches), "html": "", "docx": ""}


def squeezed(text: str) -> str:
    """Drop blanks and hyphens: a PDF breaks words and lines where it likes."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", unicodedata.normalize("NFKC", text))


def test_the_article_is_sound_and_nothing_is_recorded_for_nothing():
    outcome = check(Project(ROOT))
    assert [str(one) for one in outcome.findings] == []
    assert {name: [one.message for one in notes] for name, notes in outcome.notes.items()} == {}


def test_bound_words_move_with_each_of_their_results():
    subject = Subject(Project(ROOT))
    found = mutate(all_bound(subject), subject.facts)
    assert [f"{one.where}: {one.expression}" for one in (*found.unmoved, *found.idle)] == []
    assert {"paper.qmd", "paper.ru.qmd", "README.md"} <= found.words.keys()


def test_every_number_of_the_text_is_recorded():
    names = {match["name"] for match in BOUND.finditer(ARTICLE)}
    assert names - set(recorded()) == set()
    assert len(names) > 100  # the results are bound, not typed: fewer would mean that they left the text


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_all_abstracts_state_the_same_numbers(language):
    bound = {key: BOUND.findall(pattern.search(ARTICLE)["text"]) for key, pattern in ABSTRACTS.items()}
    roots = {
        code: {
            root for root, of in languages.roots("en").items() if code in {one.code for one in of.languages}
        }
        for code in ABSTRACTS
    }
    assert {kind for kind, _ in bound["en"]} <= roots["en"]
    assert {kind for kind, _ in bound[language]} <= roots[language]
    names = {key: {name for _, name in found} for key, found in bound.items()}
    assert names[language] == names["en"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_nothing_is_left_open(texts, fmt):
    for trace in (
        "{{<",
        ">}}",
        "@fig-",
        "@tbl-",
        "@sec-",
        "@eq-",
        "??",
        "fig-alt",
        ":::",
        "[@",
        "](figures/",
    ):
        assert trace not in texts[fmt], f"{trace} in {fmt}"


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_sentence_prints_the_numbers_it_binds(squeezed_texts, breaks, fmt):
    """The words before a number and the number itself stand together in every format."""
    numbers = metadata()
    body = ARTICLE.split("# Question", 1)[1]
    missing = []
    for match in re.finditer(r"(?<![\w@-])(?P<before>[A-Za-z][a-z]+ [a-z]+) " + BOUND.pattern, body):
        place = numbers[match["kind"]]
        for part in match["name"].split("."):
            place = place[part]
        before = squeezed(match["before"])
        if before + squeezed(place) not in squeezed_texts[fmt] and before not in breaks[fmt]:
            missing.append((match["before"], match["name"], place))
    assert missing == []


def test_every_figure_says_in_words_what_is_seen(pages):
    html = BeautifulSoup(pages["html"].read_text(encoding="utf-8"), "html.parser")
    figures = html.select("figure img")
    assert len(figures) == len(re.findall(r"\{#fig-", ARTICLE))
    for picture in figures:
        alt = " ".join(picture["alt"].split())
        caption = picture.find_parent("figure").find("figcaption").get_text(" ")
        assert len(alt.split()) >= 20, alt  # a sentence or two: fewer words cannot tell what a chart shows
        assert alt not in " ".join(caption.split())


def test_docx_pictures_carry_the_same_words(pages):
    properties = Document(str(pages["docx"])).element.body.iter(
        "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
    )
    words = [" ".join((item.get("descr") or "").split()) for item in properties]
    alts = [" ".join(alt.split()) for alt in re.findall(r'fig-alt="([^"]*)"', ARTICLE)]
    assert sorted(words) == sorted(alts)


@pytest.mark.parametrize("fmt", FORMATS)
def test_figures_and_tables_are_numbered_in_order_of_reading(texts, fmt):
    for label, kind in (("Figure", "fig"), ("Table", "tbl")):
        count = len(re.findall(rf"\{{#{kind}-", ARTICLE))
        captions = {int(n) for n in re.findall(rf"{label} (\d+):", texts[fmt])}
        assert captions == set(range(1, count + 1))


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_figure_and_table_says_where_it_was_made(squeezed_texts, fmt):
    provenance = metadata()["provenance"]
    shown = [cell for name, cell in provenance["figure"].items() if f"figures/{name})" in ARTICLE]
    shown += [cell for name, cell in provenance["table"].items() if f"tables/{name}.md" in ARTICLE]
    assert shown
    for cell in shown:
        assert squeezed(cell) in squeezed_texts[fmt]


@pytest.mark.parametrize("fmt", FORMATS)
def test_letters_of_all_three_languages_arrive(squeezed_texts, fmt):
    for word in (
        "Аннотация",
        "Түйіндеме",
        "көші-қон",
        "Қазақстан",
        "тұжырым",
        "өңір",
        "үйіндеме",
        "халықтың",
    ):
        assert squeezed(word) in squeezed_texts[fmt]


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_cited_work_stands_in_the_list(texts, fmt):
    files = ("references.bib", "references.en.bib")
    bibliography = "".join((ROOT / name).read_text(encoding="utf-8") for name in files)
    known = set(re.findall(r"^@\w+\{([^,]+),", bibliography, re.MULTILINE))
    cited = {key for key in known if re.search(rf"@{re.escape(key)}\b", ARTICLE)}
    assert cited == known
    # The list begins where a line is its heading; in the PDF its name stands at the head of later pages too.
    references = squeezed(re.split(r"(?m)^References$", texts[fmt], maxsplit=1)[-1])
    for doi in re.findall(r"doi\s*=\s*\{([^}]+)\}", bibliography):
        assert squeezed(doi) in references


@pytest.mark.parametrize("name", ["paper.qmd", "paper.ru.qmd"])
def test_what_changes_with_the_commit_moves_no_other_line(name):
    # Two commits are not equally wide in print: a paragraph that goes on behind one may break, and end a
    # page, elsewhere than it did in the reference.
    paragraphs = (ROOT / name).read_text(encoding="utf-8").split("\n\n")
    (told,) = (one for one in paragraphs if "build.commit" in one)
    assert len(re.sub(r"\{\{<.*?>\}\}", "", told)) < 50


def test_the_article_has_the_length_of_an_article():
    """The text proper, without captions, tables, equations, declarations and appendices."""
    text = ARTICLE.split("# Question", 1)[1].split("# Declarations", 1)[0]
    for aside in (r"(?s)\$\$.*?\$\$", r"!\[[^\n]*", r"(?ms)^::: .*?^:::$", r"\{\{<.*?>\}\}|\{#[^}]*\}"):
        text = re.sub(aside, " ", text)
    assert 5_000 <= len(text.split()) <= 7_500  # the plan: about 6,500
