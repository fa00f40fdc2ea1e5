"""A language is one file: whatever hangs on it follows from that file alone."""

import re
import shutil
import subprocess

import pytest
from sample_article import edit, job, make_article

from paperbuild.article import languages
from paperbuild.article.extension import EXTENSION, LANGUAGES
from paperbuild.article.typesetting import render
from paperbuild.ground.errors import PaperError

ENGLISH = LANGUAGES / "en.yml"


@pytest.mark.parametrize(
    ("code", "number", "value", "written"),
    [
        ("en", "−1,234.5", -1234.5, "−1,234.5"),
        ("ru", "1,234,567.8", 1234567.8, "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,8"),
        ("kk", "1.0e−09", 1e-9, "1,0e−09"),
        ("ru", "25%", 0.25, "25%"),
        ("ru", "North, and South.", "North, and South.", "North, and South."),
        ("ru", "True", True, "True"),
    ],
)
def test_numbers_are_written_as_the_language_does(code, number, value, written):
    assert languages.of(code).numbers.write(number, value) == written


def test_languages_that_share_a_root_write_numbers_alike():
    for language in languages.known().values():
        assert languages.number_forms()[language.numbers.bound] == language.numbers


def test_all_languages_word_the_same_things():
    for language in languages.known().values():
        assert language.words.keys() == languages.of("en").words.keys()
        assert all(isinstance(word, str) and word for word in language.words.values())
        assert len(language.months) == 12


def test_a_tag_with_a_region_is_its_language_and_an_unknown_one_is_refused():
    assert languages.of("en-GB").code == "en"
    with pytest.raises(PaperError, match="no language 'xx'") as refused:
        languages.of("xx", "paper.qmd:3")
    assert refused.value.where == "paper.qmd:3"
    assert "xx.yml" in refused.value.remedy


@pytest.mark.parametrize("change", [("months:", "month:"), ("places:", "place:"), ("decimal:", "dot:")])
def test_a_file_of_another_shape_is_refused(tmp_path, change):
    path = tmp_path / "xx.yml"
    path.write_text(ENGLISH.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(PaperError, match="not a language"):
        languages.read(path)


def test_sentences_end_in_every_language_and_not_behind_abbreviations():
    text = "См. табл. Один. Ұзақ сөйлем. Әрине, e.g. This. That."
    parts = [text[start:end].strip() for start, end in languages.sentences(text)]
    assert parts == ["См. табл. Один.", "Ұзақ сөйлем.", "Әрине, e.g. This.", "That."]


def test_the_article_speaks_the_language_it_declares(tmp_path):
    root = make_article(tmp_path / "article")
    edit(root, "lang: en", "lang: ru-RU")
    html = render(job(root, "html"))[0].read_text(encoding="utf-8")
    html = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    for words in ("Рисунок\N{NO-BREAK SPACE}1:", "Вычислено в ", "<summary>Содержание", 'label="Таблица 1"'):
        assert words in html
    for words in ("Figure", "Computed in", "Contents", "Keywords:"):
        assert words not in html


def test_a_language_is_added_by_its_file_alone(tmp_path):
    import pypandoc

    extension = tmp_path / "paperbuild"
    shutil.copytree(EXTENSION, extension)
    german = ENGLISH.read_text(encoding="utf-8").replace(
        "computed-in: Computed in", "computed-in: Berechnet in"
    )
    (extension / "languages" / "de.yml").write_text(german, encoding="utf-8")
    text = "---\nlang: de\nprovenance: {figure: {a: 01-x › y}}\n---\n\n![Bild](a.svg){#fig-a}\n"
    filters = [pypandoc.get_pandoc_path(), "--to=html", f"--lua-filter={extension / 'article.lua'}"]
    page = subprocess.run(filters, input=text, capture_output=True, text=True, encoding="utf-8", check=True)
    assert "Berechnet in <a" in page.stdout
