"""Words that state a result: false ones are found with their values, and unbound ones by the finder."""

import json

import pytest

from paperbuild.article.manuscript import Manuscript
from paperbuild.checks.mutate import mutate
from paperbuild.checks.rule import Subject
from paperbuild.checks.words import (
    all_bound,
    false_in,
    plain_findings,
    unbound,
    unbound_findings,
    unbound_readings,
)
from paperbuild.cli.main import main
from paperbuild.project.layout import Project

NUMBERS = {
    "a.gap": {"value": 10.7, "text": "10.7"},
    "a.few": {"value": 3, "text": "3"},
    "a.all": {"value": 18, "text": "18"},
    "model.early": {"value": 0.63, "text": "0.63"},
    "west.kazakh": {"value": -0.61, "text": "−0.61"},
    "west.russian": {"value": 0.43, "text": "0.43"},
    "flow.name": {"value": "departures", "text": "departures"},
}


@pytest.fixture
def project(tmp_path):
    def write(text, readme="", reading="", settings="notebooks: {01-a: {}}\n"):
        for name, content in {
            "paper.qmd": text,
            "README.md": readme,
            "analysis/parameters.yml": settings,
            "analysis/01-a.ipynb": json.dumps(
                {
                    "nbformat": 4,
                    "nbformat_minor": 5,
                    "metadata": {},
                    "cells": [{"cell_type": "markdown", "id": "r1", "metadata": {}, "source": [reading]}],
                },
                indent=1,
            ),
            "figures/manifest.json": json.dumps(
                {
                    "format": 1,
                    "outputs": [{"path": "tables/years.csv"}],
                    "numbers": NUMBERS,
                    "documents": [],
                    "findings": [],
                    "recipes": {},
                }
            ),
            "tables/years.csv": "unit,year,low\nAtyrau,2020,0\nOmsk,2020,1\nOmsk,2021,1\n",
            "build/results/numbers.yml": json.dumps({"n": {"a": {"gap": "10.7"}}, "build": {"commit": "x"}}),
        }.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return Subject(Project(tmp_path))

    return write


# Each is a kind of sentence that was false in this article, or in a variant of it, while nothing said so.
@pytest.mark.parametrize(
    ("sentence", "values"),
    [
        (
            'Lowest [in every row]{when=\'every(column("years", "low", year=2020) == 1)\'}.',
            "",
        ),
        ('Of [nineteen]{when="a.all == 19"} regions three lose.', "a.all = 18"),
        ('The model stands [at −0.27, below zero]{when="model.early < 0"}.', "model.early = 0.63"),
        ('Here [arrivals]{when="flow.name == \'arrivals\'"} are counted.', "flow.name = departures"),
        ('It falls from west to east [on both sides]{when="west.kazakh < 0 and west.russian < 0"}.', "0.43"),
        ('The gap [shrank|grew]{sign="a.few - 3"}.', "a.few = 3"),
    ],
)  # fmt: skip
def test_a_sentence_that_is_false_today_is_found_with_what_it_rests_on(project, sentence, values):
    (found,) = false_in(project(f"Some words.\n\nA true one. {sentence} And [more]{{when='a.gap > 10'}}.\n"))
    assert found.where == "paper.qmd:3"
    assert "not true by today's results" in found.message
    assert values in found.expected
    assert "A true one" not in found.message, "only the sentence itself is shown"


@pytest.mark.parametrize(
    "sentence",
    [
        "The share rose.", "Most regions lose people.", "None of them is significant.",
        "Only three states changed it.",
        "The two sides are alike.", "It is the largest of all.", "All six estimates are negative.",
        "Neither median nor share differs.", "The gap is wider away from the border.",
    ],
)  # fmt: skip
def test_a_stated_result_on_which_nothing_hangs_is_found(sentence):
    (found,) = unbound(Manuscript("paper.qmd", f"Words before.\n\nNo claim here. {sentence}\n"), "en")
    assert found.line == 3
    assert found.sentence == sentence


@pytest.mark.parametrize(
    "text",
    [
        "The share [rose]{when='a.gap > 0'}.",
        "The share [rose|fell]{if='a.gap > 0'} by much.",
        "Did the share rise?",
        "Most of them lose, as @smith2020 finds.",
        "{{< meta W.a.few >}} regions lose people, the majority by moves.".replace(
            ", the majority by moves", ""
        ),
        "[Most articles]{.no-result why='of literature'} use others.",
        "# Methods {.no-result}\n\nThe largest is taken first.\n\n## Below\n\nOnly three are kept.",
        "::: {when='a.gap > 0'}\nThe share rose.\n:::",
        "It is above all a question of at least two words.",
        "Natural increase is a rate.",
        '![A map.](figures/x){fig-alt="The line rises." alt-when="a.gap > 0"}',
    ],
)
def test_what_is_bound_declared_asked_or_cited_is_let_pass(text):
    assert unbound(Manuscript("paper.qmd", f"{text}\n"), "en", ["natural increase"]) == []


def test_alternative_texts_and_captions_and_abstracts_state_results_too():
    text = (
        "---\ntitle: T\nabstract: |\n  The gap widened.\n---\n\n"
        '![Most regions lose.](figures/x){#fig-x fig-alt="The line rises."}\n'
    )
    assert {one.sentence for one in unbound(Manuscript("paper.qmd", text), "en")} >= {
        "The gap widened.", "The line rises.",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("ru", "Доля русских снизилась."), ("kk", "Орыстардың үлесі төмендеді.")],
)
def test_each_language_has_its_words(language, sentence):
    text = f'::: {{lang="{language}"}}\n{sentence}\n:::\n'
    (found,) = unbound(Manuscript("paper.qmd", text), "en")
    assert sentence.strip() in found.sentence
    assert unbound(Manuscript("paper.qmd", f"{sentence}\n"), "en") == [], "in the language of the passage"


def test_readings_of_notebooks_are_read_and_bind_by_comments(project):
    reading = "The gap widens. It was small.\n\nThe share rose.<!-- when: a.gap > 0 --> Look at it."
    (found,) = unbound_readings(project("Words.\n", reading=reading))
    assert found.where.startswith("analysis/01-a.ipynb:")
    assert "The gap widens." in found.message
    assert list(plain_findings(project("Words.\n", reading=reading))) == []
    (false,) = plain_findings(project("Words.\n", reading="The share fell.<!-- when: a.gap < 0 -->"))
    assert "The share fell." in false.message
    assert false.expected == "a.gap < 0"


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        ("Compare the rows: the east lost more.", ["the east lost more."]),
        ("Compare the rows of the smallest; the east lost more.", ["the east lost more."]),
        ("Ask how many rose and fell.", []),
        (
            "Looking back, all rose. The gap widened<!-- no result: a definition -->.",
            ["Looking back, all rose."],
        ),
    ],
)
def test_a_reading_may_say_what_to_look_for_and_not_what_is_found(project, reading, found):
    told = [one.message for one in unbound_readings(project("Words.\n", reading=reading))]
    assert len(told) == len(found)
    assert all(words in message for words, message in zip(found, told, strict=True))


def test_what_an_article_states_is_found_however_its_sentence_begins():
    assert unbound(Manuscript("paper.qmd", "Compare them and most rose.\n"), "en")


def test_what_the_readme_says_of_results_is_bound_and_what_it_says_of_the_project_need_not_be(project):
    readme = "The build is faster.\n\nThe gap is 10.7<!-- = n.a.gap -->. The share rose.\n"
    (found,) = unbound_readings(project("Words.\n", readme))
    assert (found.where, "The share rose." in found.message) == ("README.md:3", True)
    assert not list(
        unbound_readings(project("Words.\n", readme.replace("rose", "rose<!-- when: a.gap > 0 -->")))
    )


def test_the_readme_binds_numbers_and_words_by_comments(project):
    readme = "# Paper\n\nThe gap is **10.7**<!-- = n.a.gap --> a year and grew<!-- when: a.gap > 0 -->.\n"
    assert list(plain_findings(project("Words.\n", readme))) == []
    (found,) = plain_findings(project("Words.\n", readme.replace("10.7", "11.7")))
    assert found.where == "README.md:3"
    assert found.expected == "10.7"
    (found,) = plain_findings(project("Words.\n", readme.replace("n.a.gap", "n.a.gop")))
    assert "nothing is recorded as n.a.gop" in found.message


def test_phrases_of_the_project_need_a_reason(project):
    settings = "notebooks: {01-a: {}}\nchecks: {no_result: {most people: }}\n"
    subject = project("Words.\n", settings=settings)
    with pytest.raises(Exception, match="no reason for passing over the phrase 'most people'"):
        _ = subject.project.settings


def test_words_that_no_change_of_their_results_moves_are_told(project):
    subject = project(
        'It [grew]{when="a.gap > 0"} and [rose|fell]{if="a.few > 2"}, [still]{when="a.gap == a.gap"}, '
        'as [lows]{when=\'every(column("years", "low", unit="Omsk") == 1)\'} and '
        '[regions|region]{sign="abs(a.gap) + 1"}.\n'
    )
    found = mutate(all_bound(subject), subject.facts)
    assert [one.expression for one in found.unmoved] == ["a.gap == a.gap", "abs(a.gap) + 1"]
    assert found.words == {"paper.qmd": 5}
    assert not found.sound


def test_the_command_tells_what_never_moves_and_exits_by_it(project, capsys):
    root = project(
        'It [grew]{when="a.gap == a.gap"}, [rose]{when="a.gap > 0 and (a.few > 2 or a.few < 3)"}.\n'
    )
    root = root.project.root
    (root / "data").mkdir()
    package = {
        "resources": [{"name": "towns", "path": "towns.csv", "schema": {"fields": [{"name": "town"}]}}]
    }
    (root / "data/datapackage.json").write_text(json.dumps(package))
    (root / "data/towns.csv").write_text("town\nA\nB\n")
    command = ["--project", str(root), "check", "--mutate"]
    assert main(command) == 1
    told = capsys.readouterr().out
    assert "paper.qmd:1: stays as it is whatever its results are: “grew”" in told
    assert "expected: a condition that can turn: a.gap == a.gap" in told
    assert "paper.qmd:1: stays as it is whatever a.few says: “rose”" in told
    assert "paper.qmd: 1 of 2 bound words moved\nin all 1 of 2, on " in told
    assert "a row gone: 2 of 2 changes pass; seen are 0 by schema" in told
    (root / "paper.qmd").write_text('It [grew]{when="a.gap > 0"}.\n')
    assert main(command) == 1, "of the table a row may go unseen"
    package["resources"][0]["checks"] = [{"check": "rows", "count": 2}]
    (root / "data/datapackage.json").write_text(json.dumps(package))
    assert main(command) == 0
    assert (
        "a row gone: 0 of 2 changes pass; seen are 0 by schema, sums, neighbours, sources and 2 by rec"
        in (capsys.readouterr().out)
    )


def test_what_a_condition_names_for_nothing_is_told(project):
    subject = project(
        'It [grew]{when="a.gap > 0 and (a.few > 2 or a.few < 3)"}, [rose|fell]{if="a.gap > 0 or a.few > 2"} '
        'and [stayed|stayed]{if="a.all > 2"}.\n'
    )
    found = mutate(all_bound(subject), subject.facts)
    assert [(one.wordings, names) for one, names in found.idle.items()] == [(("grew",), ("a.few",))]
    assert [one.wordings for one in found.unmoved] == [("stayed", "stayed")]
    sound = mutate(all_bound(project('It [grew]{when="a.gap > 0"}.\n')), subject.facts)
    assert sound.sound


def test_words_are_changed_wherever_they_stand(project):
    idle = '{when="a.gap == a.gap"}'
    text = (
        f"---\ntitle: T\nlang: en\nabstract: |\n  It [grew]{idle}.\n---\n\n"
        f'![One [fell]{idle}.](figures/x){{#fig-x fig-alt="It rises." alt-when="a.gap == a.gap"}}\n\n'
        f"# Appendix {{.appendix}}\n\nIt [shrank]{idle}.\n"
    )
    comment = "It grew<!-- when: a.gap == a.gap -->.\n"
    subject = project(text, readme=f"Words.\n\n{comment}", reading=comment)
    (subject.project.root / "paper.ru.qmd").write_text(f"---\nlang: ru\n---\n\nОн [вырос]{idle}.\n")
    subject = Subject(Project(subject.project.root))
    found = mutate(all_bound(subject), subject.facts)
    places = sorted((one.path, one.wordings[0]) for one in found.unmoved)
    assert places == [
        ("README.md", "It grew"),
        ("analysis/01-a.ipynb", "It grew"),
        ("paper.qmd", "It rises."),
        ("paper.qmd", "fell"),
        ("paper.qmd", "grew"),
        ("paper.qmd", "shrank"),
        ("paper.ru.qmd", "вырос"),
    ]
    assert next(one.where for one in found.unmoved if one.path == "README.md") == "README.md:3"


def test_a_change_that_leaves_no_row_to_judge_is_no_move(project):
    always = 'every(column("years", "low", year=2020) > -1)'
    subject = project(f"It is [never below]{{when='{always} or a.gap == a.gap'}}.\n")
    assert [one.kind.name for one in mutate(all_bound(subject), subject.facts).unmoved] == ["when"]


def test_only_figures_that_notebooks_publish_are_facts(project):
    subject = project('It is [low]{when=\'max(column("other", "low")) < 2\'}.\n')
    (subject.project.root / "tables/other.csv").write_text("low\n1\n", encoding="utf-8")
    (found,) = false_in(subject)
    assert "no table or figure is called 'other'" in found.message


def test_a_printed_number_that_only_ends_like_the_recorded_one_is_found(project):
    for typed in ("110.7", "0.10.7", "−10.7"):
        (found,) = plain_findings(project("Words.\n", f"The gap is {typed}<!-- = n.a.gap -->.\n"))
        assert found.expected == "10.7"
    assert not list(plain_findings(project("Words.\n", "The gap is **10.7**<!-- = n.a.gap -->.\n")))


def test_words_declared_to_be_no_result_need_a_reason(project):
    text = "It is [larger]{.no-result} here, and [larger]{.no-result why='of a scale'} there.\n"
    (found,) = unbound_findings(project(text))
    assert (found.where, found.expected) == ("paper.qmd:1", '[…]{.no-result why="definition"}')


@pytest.mark.parametrize(
    "text",
    [
        "The share rose. @smith2020 agree.",
        "The share rose. {{< meta n.a.few >}} others [fell]{when='a.gap > 0'}.",
        "The share rose by {{< meta n.a.gap >}}, unlike that of @smith2020.",
        "The sides cannot be told\nfrom each other.",
        "The share rose. [Most]{when='a.gap > 0'} lose, as @smith2020 finds.",
        "Only three changed it. {{< meta W.a.few >}} lose, as @smith2020 finds.",
        "The share rose. Not only this, as @smith2020 finds.",
    ],
)
def test_neither_the_next_sentence_nor_a_line_end_hides_a_result(text):
    assert len(unbound(Manuscript("paper.qmd", f"{text}\n"), "en")) == 1
