"""An edition in a further language: built from the same results, checked against the article."""

import json
import re
import shutil
from pathlib import Path

import pytest

from paperbuild.article.extension import install
from paperbuild.checks import editions
from paperbuild.checks.rule import Subject
from paperbuild.project.layout import Project
from paperbuild.proof.deposit import built_files
from paperbuild.proof.verify import documents_of, read_outputs, remove_outputs
from toy import edit, paper, write_notebook

DRAW = '''"""A picture whose words can be said in another language."""

from matplotlib.figure import Figure


def bars(frame, say=str):
    fig = Figure(figsize=(2, 2))
    ax = fig.add_subplot()
    ax.barh([say(name) for name in frame["name"]], frame["value"])
    ax.set_title(say("Value by region"))
    fig.in_language = lambda say: bars(frame, say)
    return fig
'''
NOTEBOOK = [
    "# Regions",
    "#| label: setup\nimport pandas as pd\nfrom toy import draw\n"
    "from paperbuild import figure, number, table",
    "#| label: parameters\n",
    "#| label: made\nframe = pd.DataFrame({'name': ['Omsk', 'Tyumen'], 'value': [1234.5, -2.25]})\n"
    "figure('bars', draw.bars(frame), frame)\n"
    "table('rows', frame.rename(columns={'name': 'Region', 'value': 'Value'}), formats={'Value': ',.2f'})\n"
    "number('regions.sum', 1232.25, ',.2f')\n"
    "number('regions.count', 2)\n"
    "number('regions.names', 'Omsk and Tyumen')",
]
ARTICLE = """---
title: Two regions
lang: en
abstract: |
  The sum is {{< meta n.regions.sum >}}.
---

# Results

{{< meta W.regions.count >}} regions, {{< meta n.regions.names >}}, have {{< meta n.regions.sum >}} together,
which is [more|less]{if="regions.sum > 0"} than nothing (@fig-bars, @tbl-rows).

::: {#tbl-rows}

{{< include tables/rows.md >}}

Rows
:::

![Bars](figures/bars){#fig-bars fig-alt="Two horizontal bars, one long and one short, on one scale from zero"}
"""
EDITION = """---
title: Два региона
lang: ru
metadata-files: [build/results/numbers.ru.yml]
abstract: |
  Сумма — {{< meta n.regions.sum >}}.
---

# Результаты

{{< meta W.regions.count >}} [регион|региона|регионов]{count="regions.count"}, {{< meta n.regions.names >}}:
на @tbl-rows и на @fig-bars у {{< meta n-gen.regions.names >}} вместе {{< meta n.regions.sum >}}, то есть
[больше|меньше]{if="regions.sum > 0"}, чем ничего.

::: {#tbl-rows}

{{< include tables/ru/rows.md >}}

Строки
:::

![Столбцы](figures/ru/bars){#fig-bars fig-alt="Две горизонтальные полосы, длинная и короткая, от нуля"}

::: {.abstract lang="en"}
The sum is {{< meta e.regions.sum >}}.
:::
"""
PHRASES = """\
phrases:
  Region: Регион
  Value: Значение
  Value by region: Значение по регионам
  Omsk: {is: Омская область, gen: Омской области}
  Tyumen: {is: Тюменская область, gen: Тюменской области}
within:
  rows/Region: {Tyumen: Тюмень}
"""
BLANK = "\N{NO-BREAK SPACE}"


def make(root: Path) -> Path:
    """Write a project in two languages."""
    for name, text in {
        "data/datapackage.json": '{"name": "toy", "resources": []}',
        "src/toy/__init__.py": "",
        "src/toy/draw.py": DRAW,
        "analysis/parameters.yml": "notebooks:\n  01-regions: {}\n",
        "analysis/phrases.ru.yml": PHRASES,
        "_quarto.yml": "project: {type: default, render: [paper.qmd, paper.ru.qmd]}\n",
        "paper.qmd": ARTICLE,
        "paper.ru.qmd": EDITION,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write_notebook(root / "analysis/01-regions.ipynb", NOTEBOOK)
    install(root)
    return root


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make(tmp_path_factory.mktemp("editions") / "toy")
    done = paper(root, "build", "--engine", "embedded")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def project(both: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(both, tmp_path / "toy"))


def found(root: Path) -> list[str]:
    """What the rules for editions find, as the command prints it."""
    return [str(one) for rule in editions.RULES for one in rule.find(Subject(Project(root)))]


def test_an_edition_is_set_in_every_format_with_its_words_and_numbers(both: Path) -> None:
    assert {path.name for path in (both / "_output").glob("paper*")} == {
        f"paper{language}.{suffix}" for language in ("", ".ru") for suffix in ("html", "pdf", "docx")
    }
    for suffix in ("html", "pdf", "docx"):
        text = " ".join((both / f"text/paper.ru.{suffix}.txt").read_text(encoding="utf-8").split())
        assert "Два региона, Омская область и Тюменская область:" in text, suffix
        assert "у Омской области и Тюменской области вместе 1 232,25, то есть больше, чем ничего" in text
        assert "Регион" in text
        assert "Тюмень" in text
        assert "1 234,50" in text
        assert "на табл. 1 и на рис. 1" in text
        assert "Рис. 1. Столбцы" in text
        assert "The sum is 1,232.25." in text
        assert "Сумма — 1 232,25." in text


def test_the_article_itself_stays_as_it_was(both: Path) -> None:
    text = (both / "text/paper.html.txt").read_text(encoding="utf-8")
    assert "Two regions, Omsk and Tyumen, have 1,232.25 together, which is more than nothing" in " ".join(
        text.split()
    )
    assert (both / "tables/rows.md").read_text(encoding="utf-8").startswith("| Region | Value |")


def test_pages_of_both_languages_lead_to_each_other(both: Path) -> None:
    for name, other, language in (("paper", "paper.ru", "ru"), ("paper.ru", "paper", "en")):
        page = (both / f"_output/{name}.html").read_text(encoding="utf-8")
        links = dict(re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', page))
        assert links == {"en": "paper.html", "ru": "paper.ru.html", "x-default": "paper.html"}
        assert f'href="{other}.html" lang="{language}" hreflang="{language}"' in page
        assert f'href="{name}.pdf"' in page
        assert f'href="{name}.docx"' in page


def test_an_edition_says_that_notebooks_and_certificate_are_in_another_language(both: Path) -> None:
    own, other = (
        (both / f"_output/{name}.html").read_text(encoding="utf-8") for name in ("paper", "paper.ru")
    )
    assert '<a href="notebooks/index.html">Notebooks</a></li>' in own
    in_english = "<small>(на английском)</small></a></li>"
    assert f'<a href="notebooks/index.html" hreflang="en">Тетради расчётов {in_english}' in other
    assert f'<a href="certificate.html" hreflang="en">Сертификат {in_english}' in other


def test_blanks_that_no_line_may_break_are_kept_together(both: Path) -> None:
    page = (both / "_output/paper.ru.html").read_text(encoding="utf-8")
    assert f"Сумма{BLANK}— 1{BLANK}232,25" in page
    assert f"у{BLANK}Омской" in page


def test_pictures_and_tables_of_an_edition_are_listed_as_references(both: Path) -> None:
    manifest = json.loads((both / "figures/manifest.json").read_text(encoding="utf-8"))
    listed = {one["path"] for one in manifest["outputs"]}
    assert listed == {
        *(f"figures/{place}bars.{suffix}" for place in ("", "ru/") for suffix in ("svg", "png")),
        *("figures/bars.csv", "tables/rows.csv", "tables/rows.md", "tables/ru/rows.md"),
    }
    assert (both / "figures/ru/bars.svg").read_bytes() != (both / "figures/bars.svg").read_bytes()
    assert {one["path"] for one in manifest["documents"]} >= {"_output/paper.ru.html", "_output/paper.ru.pdf"}
    assert not [one for one in manifest["outputs"] if "unsaid" in one]


def test_the_data_of_a_picture_are_linked_in_either_language(both: Path) -> None:
    page = (both / "_output/paper.ru.html").read_text(encoding="utf-8")
    assert 'download="bars.csv"' in page
    assert 'download="rows.csv"' in page


def test_both_editions_are_fresh_and_sound(both: Path) -> None:
    state = json.loads(paper(both, "status", "--json").stdout)["steps"]
    assert state["paper.ru.html"]["state"] == "fresh"
    assert found(both) == []


def test_a_changed_phrase_reaches_the_edition_alone(project: Path) -> None:
    before = (project / "_output/paper.html").read_bytes()
    edit(project / "analysis/phrases.ru.yml", "Регион", "Область")
    state = json.loads(paper(project, "status", "--json").stdout)["steps"]
    assert any("phrases analysis/phrases.ru.yml" in why for why in state["01-regions"]["reasons"])
    done = paper(project, "build", "--engine", "embedded", "--to", "html")
    assert done.returncode == 0, done.stderr
    assert "Область" in (project / "tables/ru/rows.md").read_text(encoding="utf-8")
    assert (project / "_output/paper.html").read_bytes() == before


def test_another_language_of_the_article_reaches_what_is_said_from_it(project: Path) -> None:
    edit(project / "paper.qmd", "lang: en", "lang: de")
    state = json.loads(paper(project, "status", "--json").stdout)["steps"]
    assert state["01-regions"]["reasons"] == ["language of the article changed: en → de"]


def test_a_broken_phrase_is_told_with_its_line(project: Path) -> None:
    edit(project / "analysis/phrases.ru.yml", "Value: Значение\n", 'Value: "{a}"\n')
    done = paper(project, "build", "--engine", "embedded", "--to", "html")
    assert done.returncode == 1
    assert "analysis/phrases.ru.yml:3: {a} stands for nothing in 'Value'" in done.stderr


def test_without_an_edition_its_files_are_removed(project: Path) -> None:
    (project / "paper.ru.qmd").unlink()
    done = paper(project, "build", "--engine", "embedded", "--to", "html")
    assert done.returncode == 0, done.stderr
    assert not list(project.glob("figures/ru/*.*"))
    assert not list(project.glob("tables/ru/*.*"))


def test_what_no_phrase_says_is_found_where_it_is_shown(project: Path) -> None:
    edit(project / "analysis/phrases.ru.yml", "  Value by region: Значение по регионам\n", "")
    edit(project / "analysis/phrases.ru.yml", "gen: Тюменской области", "loc: Тюменской области")
    assert paper(project, "build", "--engine", "embedded", "--to", "html").returncode == 0
    messages = found(project)
    assert len(messages) == 2
    assert "figures/ru/bars has no русский for “Value by region”" in messages[0]
    assert "paper.ru.qmd:22" in messages[0]
    assert "n-gen.regions.names is “Omsk and Tyumen”" in messages[1]
    assert "in the case gen" in messages[1]


DEPARTURES = {
    "another number": (
        "{{< meta W.regions.count >}}",
        "{{< meta n.regions.sum >}}",
        ["lacks the number regions.count"],
    ),
    "another condition": (
        'if="regions.sum > 0"',
        'if="regions.sum > 1"',
        ["lacks if=regions.sum > 0", "has if=regions.sum > 1"],
    ),
    "another figure": ("figures/ru/bars", "figures/ru/pies", ["lacks the figure figures/bars"]),
    "a reference less": (" и на @fig-bars", "", ["lacks the reference @fig-bars"]),
    "the words of the article": (
        "tables/ru/rows.md",
        "tables/rows.md",
        ["tables/rows speaks the language of the article"],
    ),
    "no abstract in English": (
        "The sum is {{< meta e.regions.sum >}}.",
        "None.",
        ["lacks the number regions.sum"],
    ),
    "no numbers in its language": (
        "metadata-files: [build/results/numbers.ru.yml]\n",
        "",
        ["has no metadata-files"],
    ),
    "another language": ("lang: ru\n", "lang: kk\n", ["lang is 'kk'"]),
    "a paragraph more": (
        "# Результаты\n",
        "# Результаты\n\nЕщё {{< meta n.regions.sum >}}.\n",
        ["no such paragraph: the number regions.sum"],
    ),
}


@pytest.mark.parametrize("case", DEPARTURES)
def test_an_edition_that_is_not_the_article_is_found(project: Path, case: str) -> None:
    old, new, expected = DEPARTURES[case]
    edit(project / "paper.ru.qmd", old, new)
    messages = found(project)
    assert messages
    assert all(any(part in message for message in messages) for part in expected), messages
    assert any(re.search(r"paper\.ru\.qmd:\d+", message) for message in messages)


def test_a_paragraph_that_an_edition_lacks_is_told_with_both_places(project: Path) -> None:
    text = (project / "paper.ru.qmd").read_text(encoding="utf-8")
    start, stop = text.index("![Столбцы]"), text.index("::: {.abstract")
    (project / "paper.ru.qmd").write_text(text[:start] + text[stop:], encoding="utf-8")
    [message] = found(project)
    assert "paper.ru.qmd:" in message
    assert "the paragraph at paper.qmd:20 is missing here" in message


def test_quarto_is_told_of_every_edition(project: Path) -> None:
    edit(project / "_quarto.yml", ", paper.ru.qmd]", "]")
    [message] = found(project)
    assert "_quarto.yml:1" in message
    assert "render: [paper.qmd, paper.ru.qmd]" in message


def test_verification_and_deposit_know_what_an_edition_is_made_of(both: Path) -> None:
    reference = read_outputs(both)
    assert {"figures/ru/bars.svg", "figures/ru/bars.png", "tables/ru/rows.md"} <= reference.files.keys()
    assert "text/paper.ru.pdf.txt" in reference.texts
    assert "_output/paper.ru.pdf" in documents_of(both)
    assert "_output/paper.ru.docx" in built_files(Project(both))


def test_a_verification_makes_the_files_of_an_edition_anew(project: Path) -> None:
    (project / "figures/drawn").mkdir()
    (project / "figures/drawn/by-hand.svg").write_text("<svg/>")
    remove_outputs(project)
    assert not (project / "figures/ru/bars.svg").exists()
    assert (project / "figures/drawn/by-hand.svg").exists()
