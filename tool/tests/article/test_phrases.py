"""What phrases say: exact ones, patterns, numbers, lists and parts; what they refuse, with its line."""

from pathlib import Path

import pytest

from paperbuild.article import phrases
from paperbuild.ground.errors import PaperError

BLANK = "\N{NO-BREAK SPACE}"
FILE = """\
phrases:
  Kazakh side: казахстанская сторона
  "{part} of {whole}": "{part} из {whole}"
  "{low} to {high}": "от {low} до {high}"
  "{n} rows, by size": "{n} {n|строка|строки|строк}, по величине"
  "in {place}": "в {place:loc}"
  Omsk: {is: Омская область, gen: Омской области, loc: Омской области}
  Tyumen: {is: Тюменская область, gen: Тюменской области}
  "{name}*": "{name}*"
  "* {name}.": "* {name}."
  Rosstat: Росстат
  Bureau: Бюро
  "Sources: {who}.": "Источники: {who}."
  "Tables: {names!}.": "Таблицы: {names!}."
  "Wide net {a}": Узко
  net: сеть
  year: год
  net and year: сальдо и год
  departures: выезды
  "short, {a}": "коротко: {a}"
  "short, very {a}": "коротко и очень: {a}"
  "no slot is left {a}": нет
within:
  distances/Centre: {Omsk: Омск}
  flows: {net: сальдо}
verbatim: [PPML as is]
"""


@pytest.fixture
def said(tmp_path: Path) -> phrases.Phrases:
    path = tmp_path / "phrases.ru.yml"
    path.write_text(FILE, encoding="utf-8")
    return phrases.read(path, "phrases.ru.yml", "ru")


@pytest.mark.parametrize(
    ("text", "in_russian"),
    [
        ("Kazakh side", "казахстанская сторона"),
        ("Kazakh \n  side", "казахстанская сторона"),
        ("3 of 12", "3 из 12"),
        ("−0.56 to 1,234.5", f"от −0,56 до 1{BLANK}234,5"),
        ("1,234.50", f"1{BLANK}234,50"),
        ("2010–2019", "2010–2019"),
        ("1989-09-22", "1989-09-22"),
        ("CR3", "CR3"),
        ("PPML as is", "PPML as is"),
        ("1 rows, by size", "1 строка, по величине"),
        ("1,322 rows, by size", f"1{BLANK}322 строки, по величине"),
        ("111 rows, by size", "111 строк, по величине"),
        ("in Omsk", "в Омской области"),
        ("Omsk*", "Омская область*"),
        ("Omsk and Tyumen", "Омская область и Тюменская область"),
        ("Omsk, Tyumen and Omsk", "Омская область, Тюменская область и Омская область"),
        ("net (Omsk)", "сеть (Омская область)"),
        ("net: Omsk", "сеть: Омская область"),
        ("Sources: Rosstat; Bureau. Tables: a_b, c.", "Источники: Росстат; Бюро. Таблицы: a_b, c."),
        ("Sources: Bureau. * Omsk.", "Источники: Бюро. * Омская область."),
        ("net: 2009 to 2013", "сеть: от 2009 до 2013"),
        ("net: net and year", "сеть: сальдо и год"),
        ("short, net", "коротко: сеть"),
        ("short, very net", "коротко и очень: сеть"),
        ("0.2 (−1.2 to 3.4)", "0,2 (от −1,2 до 3,4)"),
    ],
)
def test_a_text_is_said(said: phrases.Phrases, text: str, in_russian: str) -> None:
    assert said.say(text) == in_russian


@pytest.mark.parametrize(
    "text", ["Kazakh sides", "Omsk and Perm", "in Tyumen", "no slot is left unsaid", "3 of many", "x is"]
)
def test_a_text_of_which_a_part_is_unknown_is_not(said: phrases.Phrases, text: str) -> None:
    assert said.say(text) is None


def test_the_narrowest_place_decides(said: phrases.Phrases) -> None:
    assert said.say("Omsk", ("distances/Centre", "distances")) == "Омск"
    assert said.say("net, departures", ("flows",)) == "сальдо, выезды"
    assert said.say("net", ("other",)) == "сеть"


def test_cases_are_said_in_every_part_of_a_list(said: phrases.Phrases) -> None:
    assert said.say("Omsk and Tyumen", case="gen") == "Омской области и Тюменской области"
    assert said.say("Omsk and Tyumen", case="loc") is None
    assert said.said("Omsk and Tyumen", "loc") == "Омская область и Тюменская область"
    assert said.said("Perm", "loc") == "Perm"


def test_a_speaker_notes_what_it_asked_in_vain(said: phrases.Phrases) -> None:
    speak = phrases.Speaker(said, "distances")
    assert [speak("Omsk", "Centre"), speak("Perm"), speak("Perm"), speak("12.5")] == [
        "Омск",
        "Perm",
        "Perm",
        "12,5",
    ]
    assert speak.unsaid == ["Perm"]


def test_without_a_file_only_numbers_and_codes_are_said(tmp_path: Path) -> None:
    none = phrases.read(tmp_path / "phrases.ru.yml", "phrases.ru.yml", "ru")
    assert (none.say("1.5"), none.say("A4"), none.say("Omsk")) == ("1,5", "A4", None)


WRONG = {
    "a slot that the phrase has not": ('phrases:\n  "{a} of b": "{c}"\n', 2, "{c} stands for nothing", "{a}"),
    "another count of plural forms": (
        'phrases:\n  "{n} rows": "{n|строка|строк}"\n',
        2,
        "count of forms",
        "3 plural",
    ),
    "an unknown case": ("phrases:\n  Omsk: {is: Омск, gne: Омска}\n", 2, "no case 'gne'", "gen"),
    "a slot in an unknown case": ('phrases:\n  "in {a}": "в {a:pre}"\n', 2, "asks for a case", "loc"),
    "a translation that is none": ("phrases:\n  A b: Б\n  Omsk: [Омск]\n", 3, "'Omsk'", "a phrase"),
    "no form without a case": ("phrases:\n  Omsk: {gen: Омска}\n", 2, "'Omsk'", "is"),
    "an unknown part": ("phrases: {}\nwords: {}\n", 2, "no part 'words'", "verbatim"),
    "a place that is none": ("within:\n  map: Омск\n", 2, "map is 'Омск'", "a phrase"),
    "a list that is none": ("verbatim: PPML\n", 1, "verbatim is 'PPML'", "a phrase"),
    "a name that is none": ("verbatim: [A, 3]\n", 1, "3 is no text", "names"),
    "no mapping": ("- a\n", 1, "not a mapping", "phrases:"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    text, line, message, expected = WRONG[case]
    path = tmp_path / "phrases.ru.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PaperError) as caught:
        phrases.read(path, "phrases.ru.yml", "ru")
    [error] = getattr(caught.value, "findings", [caught.value])
    assert error.where == f"phrases.ru.yml:{line}"
    assert message in error.message
    assert expected in str(error.expected)
