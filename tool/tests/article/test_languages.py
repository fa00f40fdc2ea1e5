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
    for root in languages.roots("en").values():
        assert len({(one.numbers.decimal, one.numbers.thousands) for one in root.languages}) == 1


@pytest.mark.parametrize(
    ("main", "root", "text", "value", "written"),
    [
        ("en", "n", "1,234.5", 1234.5, "1,234.5"),
        ("ru", "n", "1,234.5", 1234.5, "1\N{NO-BREAK SPACE}234,5"),
        ("ru", "e", "1,234.5", 1234.5, "1,234.5"),
        ("en", "c", "1,234.5", 1234.5, "1\N{NO-BREAK SPACE}234,5"),
        ("ru", "w", "2", 2, "два"),
        ("ru", "W", "2", 2, "Два"),
        ("ru", "w-f", "2", 2, "две"),
        ("ru", "w-gen", "2", 2, "двух"),
        ("ru", "w-gen", "21", 21, "21"),
        ("ru", "we", "2", 2, "two"),
        ("en", "wk", "2", 2, "екі"),
        ("ru", "n-gen", "2.5", 2.5, "2,5"),
        ("ru", "w", "True", True, "True"),
    ],
)
def test_a_root_writes_numbers_in_the_language_it_stands_for(main, root, text, value, written):
    assert languages.roots(main)[root].write(text, value) == written


def test_a_root_has_recorded_texts_said_in_its_case():
    def say(text, case, place=""):
        return f"{text}/{case}"

    assert languages.roots("ru")["n-gen"].write("Omsk", "Omsk", say) == "Omsk/gen"
    assert languages.roots("ru")["W"].write("omsk", "omsk", say) == "Omsk/"


def test_every_form_of_the_counts_has_as_many_words():
    for language in languages.known().values():
        for form, words in language.counts.forms.items():
            assert len(words) == len(language.counts.words), f"{language.code} {form}"


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


# Declined by hand from the last sound of each numeral: one to ten in words, then figures.
DECLINED = {
    "gen": ("бірдің екінің үштің төрттің бестің алтының жетінің сегіздің тоғыздың онның", "12-нің 50-дің"),
    "dat": ("бірге екіге үшке төртке беске алтыға жетіге сегізге тоғызға онға", "40-қа 70-ке 100-ге 3000-ға"),
    "acc": ("бірді екіні үшті төртті бесті алтыны жетіні сегізді тоғызды онды", "80-ді 60-ты 2000-ды"),
    "loc": ("бірде екіде үште төртте бесте алтыда жетіде сегізде тоғызда онда", "13-те 30-да 2021-де"),
    "abl": ("бірден екіден үштен төрттен бестен алтыдан жетіден сегізден тоғыздан оннан", "80-нен 90-нан"),
    "ins": ("бірмен екімен үшпен төртпен беспен алтымен жетімен сегізбен тоғызбен онмен", "15-пен 30-бен"),
}  # fmt: skip


@pytest.mark.parametrize("case", DECLINED)
def test_kazakh_numerals_take_the_ending_that_their_last_sound_asks_for(case):
    root = languages.roots("kk")[f"wk-{case}"]
    words, figures = (line.split() for line in DECLINED[case])
    assert [root.write(str(number), number) for number in range(1, 11)] == words
    for one in figures:
        number = one.partition("-")[0]
        assert root.write(number, int(number)) == one


def test_of_a_decimal_the_part_read_last_decides():
    kazakh = languages.roots("kk")
    assert kazakh["wk-dat"].write("10.7", 10.7) == "10,7-ге"
    assert kazakh["wk-abl"].write("1,000.25", 1000.25) == "1\u00a0000,25-тен"
    assert kazakh["wk-dat"].write("1,000", 1000) == "1\u00a0000-ға"
    assert languages.roots("ru")["w-gen"].write("12", 12) == "12", "Russian figures take none"
