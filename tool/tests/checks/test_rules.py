"""The rules as a whole: listed, switched off with a reason, and never a crash over what an author typed."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog

from paperbuild.article.extension import PLACE, install
from paperbuild.checks.check import RULES, ask, check
from paperbuild.checks.rule import Rule, Subject
from paperbuild.cli.main import main
from paperbuild.ground.errors import Findings, PaperError
from paperbuild.project.layout import Project

ARTICLE = """---
title: Words
bibliography: refs.bib
---

We find {{< meta n.a.used >}} [@one].
"""
NUMBERS = {
    "a.used": {"value": 1.5, "text": "1.5", "notebook": "01-a", "cell": "c"},
    "a.rested": {"value": 2.5, "text": "2.5", "notebook": "01-a", "cell": "c"},
    "a.claimed": {"value": 2, "text": "2", "notebook": "01-a", "cell": "c"},
    "a.idle": {"value": 3.5, "text": "3.5", "notebook": "01-a", "cell": "c"},
    "b.idle": {"value": 4.5, "text": "4.5", "notebook": "02-b", "cell": "d"},
}
SETTINGS = "notebooks:\n  02-b:\n    results: [01-a]\n    files: [analysis/claims.yml]\n"


def notebook(source):
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "c",
        "metadata": {"tags": ["parameters"]},
        "outputs": [],
        "source": ["#| label: c\n", source],
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@pytest.fixture
def project(tmp_path):
    for name, text in {
        "paper.qmd": ARTICLE,
        "refs.bib": "@book{one,\n}\n",
        "analysis/parameters.yml": SETTINGS,
        "analysis/01-a.ipynb": notebook(""),
        "analysis/02-b.ipynb": notebook("# a.rested, b.idle"),
        "analysis/claims.yml": "rests on: a.claimed\n",
        "data/datapackage.json": '{"resources": []}',
        "figures/manifest.json": json.dumps({"outputs": [], "numbers": NUMBERS, "documents": []}),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def told(outcome):
    return [f"{one.where}: {one.message}" for one in outcome.findings]


def test_a_sound_project_has_no_finding_and_is_told_its_idle_numbers(project):
    outcome = check(Project(project))
    assert told(outcome) == []
    (notes,) = outcome.notes.values()
    # Named by the text, by a notebook that reads results, by a file it declares: used. That a
    # notebook mentions its own number is no use.
    assert [one.message for one in notes] == [
        "nothing uses the number a.idle",
        "nothing uses the number b.idle",
    ]


def test_an_edition_may_describe_the_same_works_in_a_bibliography_of_its_own(project):
    (rule,) = (one for one in RULES if one.name == "citations")
    russian = ARTICLE.replace("refs.bib", "refs.ru.bib")
    (project / "paper.ru.qmd").write_text(russian, encoding="utf-8")
    (project / "refs.ru.bib").write_text("@book{one,\n}\n@book{two,\n}\n", encoding="utf-8")
    assert [f"{one.where}: {one.message}" for one in rule.find(Subject(Project(project)))] == [
        "refs.ru.bib:3: nothing cites two"
    ]
    # What both name is looked at once for each, and told once.
    both = ARTICLE.replace("refs.bib", "[refs.bib, shared.bib]")
    (project / "paper.qmd").write_text(both, encoding="utf-8")
    (project / "paper.ru.qmd").write_text(both, encoding="utf-8")
    (project / "shared.bib").write_text("@book{idle,\n}\n", encoding="utf-8")
    assert [one.message for one in rule.find(Subject(Project(project)))] == ["nothing cites idle"]


def test_numbers_may_be_shown_on_purpose_and_excuses_must_excuse(project):
    settings = "checks:\n  shown:\n    '*.idle': tables print them\n"
    (project / "analysis/parameters.yml").write_text(f"{SETTINGS}{settings}", encoding="utf-8")
    assert (told(check(Project(project))), check(Project(project)).notes) == ([], {})

    # A name stands for itself alone; one that excuses nothing, for it is used or unknown, is found.
    settings = "checks:\n  shown:\n    a.idle: a table prints it\n    a.used: why\n    a.gone: why\n"
    # The second notebook may read the settings: what they excuse is not used by being named there.
    files = SETTINGS.replace("[analysis/claims.yml]", "[analysis/claims.yml, analysis/parameters.yml]")
    (project / "analysis/parameters.yml").write_text(f"{files}{settings}", encoding="utf-8")
    outcome = check(Project(project))
    assert [one.message for one in outcome.notes["unused-numbers"]] == ["nothing uses the number b.idle"]
    assert told(outcome) == [
        "analysis/parameters.yml:8: no number that is recorded and not used is called 'a.used'",
        "analysis/parameters.yml:9: no number that is recorded and not used is called 'a.gone'",
    ]


def test_every_rule_has_a_name_of_its_own_and_says_why():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
    assert all(len(rule.why.split()) > 4 and rule.looks_at for rule in RULES)


def test_the_command_lists_rules_counts_notes_and_exits_by_findings(project, capsys):
    assert main(["--project", str(project), "check", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(rule.name in listed and rule.why in listed for rule in RULES)
    assert main(["--project", str(project), "check", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["rules"]
    assert [(one["name"], one["note"]) for one in listed] == [(rule.name, rule.note) for rule in RULES]

    assert main(["--project", str(project), "check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "notes of unused-numbers: 2; paper check --verbose lists them",
        "findings: 0",
    ]
    assert main(["--project", str(project), "check", "--verbose"]) == 0
    assert "note: analysis/01-a.ipynb, cell c: nothing uses the number a.idle" in capsys.readouterr().out

    (project / "paper.qmd").write_text(ARTICLE + "\nIt is 3.5.\n", encoding="utf-8")
    assert main(["--project", str(project), "check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["where"] for one in found["findings"]] == ["paper.qmd:8"]
    assert len(found["notes"]) == 2


def sarif(project, capsys):
    main(["--project", str(project), "check", "--format", "sarif"])
    log = json.loads(capsys.readouterr().out)
    # The models are made from the schema of OASIS: what it does not know, they refuse.
    SarifLog.model_validate(log)
    return log["runs"][0]


def test_findings_are_told_to_code_hosts_at_their_line(project, capsys):
    (project / "paper.qmd").write_text(ARTICLE + "\nIt is 3.5.\n", encoding="utf-8")
    run = sarif(project, capsys)
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} > {rule.name for rule in RULES}
    error, *notes = run["results"]
    assert (error["ruleId"], error["level"]) == ("typed-numbers", "error")
    (place,) = error["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "paper.qmd"},
        "region": {"startLine": 8},
    }
    # A place that is a cell is shown at its notebook.
    assert [(one["level"], one["locations"][0]["physicalLocation"]) for one in notes] == [
        ("note", {"artifactLocation": {"uri": f"analysis/{name}.ipynb"}}) for name in ("01-a", "02-b")
    ]


def test_a_finding_stays_the_same_when_its_line_moves(project, capsys):
    prints = []
    for before in ("", "One more paragraph.\n\n"):
        (project / "paper.qmd").write_text(f"{ARTICLE}\n{before}It is 3.5.\n", encoding="utf-8")
        prints.append(sarif(project, capsys)["results"][0]["partialFingerprints"])
    assert prints[0] == prints[1]


def test_a_project_below_the_top_of_its_repository_is_shown_there(tmp_path, project, capsys):
    (project / "paper.qmd").write_text(ARTICLE + "\nIt is 3.5.\n", encoding="utf-8")
    inner = tmp_path / "my papers" / "first"
    inner.parent.mkdir()
    for name in ("paper.qmd", "refs.bib", "analysis", "data", "figures"):
        inner.mkdir(exist_ok=True)
        (project / name).rename(inner / name)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    place = sarif(inner, capsys)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20papers/first/paper.qmd"


def test_settings_of_the_check_and_places_without_a_file_have_a_place_too(project, capsys):
    (project / "analysis/parameters.yml").write_text(f"{SETTINGS}checks:\n  without:\n    citation: no\n")
    results = sarif(project, capsys)["results"]
    assert results[0]["ruleId"] == "settings-of-the-check"
    assert (
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "analysis/parameters.yml"
    )


HOME = Path(__file__).parents[3]


def test_the_problem_matcher_finds_what_the_check_prints(project, capsys):
    (project / "paper.qmd").write_text(ARTICLE + "\nIt is 3.5.\n", encoding="utf-8")
    main(["--project", str(project), "check"])
    printed = capsys.readouterr().out.splitlines()
    files = HOME / ".github", HOME / "tool/src/paperbuild/templates/paper/dot_github"
    ours, theirs = ((folder / "problem-matcher.json").read_text() for folder in files)
    assert ours == theirs
    (pattern,) = json.loads(ours)["problemMatcher"][0]["pattern"]
    found = [match for line in printed if (match := re.match(pattern["regexp"], line))]
    assert [(one[pattern["file"]], one[pattern["line"]]) for one in found] == [("paper.qmd", "8")]
    assert found[0][pattern["message"]].startswith("a typed number: 3.5")


def test_the_hook_runs_the_check_of_the_lock():
    (hook,) = yaml.safe_load((HOME / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == ".venv/bin/python -m paperbuild check"
    # Findings depend on other files than those of the commit.
    assert hook["always_run"] is True
    assert hook["pass_filenames"] is False


def test_a_rule_is_switched_off_with_a_reason_and_that_is_said(project, capsys):
    (project / "paper.qmd").write_text(ARTICLE + "\nIt is 3.5.\n", encoding="utf-8")
    reason = "a methods paper full of constants"
    settings = project / "analysis/parameters.yml"
    settings.write_text(f"{SETTINGS}checks:\n  without:\n    typed-numbers: {reason}\n")
    assert main(["--project", str(project), "check"]) == 0
    assert f"switched off: typed-numbers, because {reason}" in capsys.readouterr().out


@pytest.mark.parametrize("reason", ["", "''", "[x]", "3"])
def test_a_rule_is_not_switched_off_without_a_reason(project, reason):
    (project / "analysis/parameters.yml").write_text(
        f"{SETTINGS}checks:\n  without:\n    citations: {reason}\n"
    )
    outcome = check(Project(project))
    assert told(outcome) == ["analysis/parameters.yml:7: no reason for switching off 'citations'"]
    assert "citations" in outcome.found


def test_a_misspelt_rule_is_a_finding(project):
    (project / "analysis/parameters.yml").write_text(
        f"{SETTINGS}checks:\n  without:\n    citation: why not\n"
    )
    (one,) = check(Project(project)).findings
    assert one.where == "analysis/parameters.yml:7"
    assert "did you mean 'citations'" in one.message


def test_what_a_rule_stumbles_over_counts_as_found(tmp_path):
    def stumble(subject):
        raise Findings([PaperError("a"), PaperError("b")])

    found = ask(Rule("r", "why", "all", stumble), Subject(Project(tmp_path)))
    assert [one.message for one in found] == ["a", "b"]


BROKEN = {
    "front matter that is no YAML": ("---\ntitle: A: b\n---\n\nText.\n", "paper.qmd:2", "not valid YAML"),
    "front matter that is a list": ("---\n- a\n---\n\nText.\n", "paper.qmd:2", "no mapping"),
    "an include of itself": ("{{< include paper.qmd >}}\n", "paper.qmd:1", "includes this file"),
    "a missing include": ("\n{{< include no.md >}}\n", "paper.qmd:2", "no.md, which does not exist"),
    "a missing bibliography": ("---\nbibliography: no.bib\n---\n", "paper.qmd:2", "no.bib does not exist"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_article_is_a_finding_at_its_place(project, case):
    text, where, message = BROKEN[case]
    (project / "paper.qmd").write_text(text, encoding="utf-8")
    found = check(Project(project)).findings
    assert [one for one in found if one.where == where and message in one.message]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("paper.qmd", "---\ntitle: x\n---\n\nТекст.\n".encode("cp1251"), "paper.qmd:5"),
        ("refs.bib", "@book{Ы,\n}".encode("cp1251"), "refs.bib:1"),
        ("analysis/01-a.ipynb", "{'Ы'}".encode("cp1251"), "analysis/01-a.ipynb:1"),
    ],
)
def test_a_text_that_is_not_utf8_is_a_finding(project, name, content, where):
    (project / name).write_bytes(content)
    found = check(Project(project)).findings
    assert [one for one in found if one.where == where and "not UTF-8" in one.message]


def test_a_missing_article_is_a_finding(project):
    (project / "paper.qmd").unlink()
    assert "paper.qmd: there is no paper.qmd" in told(check(Project(project)))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"outputs": 3, "numbers": {}}'])
def test_a_manifest_that_cannot_be_read_is_told_once(project, content):
    (project / "figures/manifest.json").write_text(content)
    (one,) = check(Project(project)).findings
    assert one.where == "figures/manifest.json"


def test_an_edited_quarto_extension_is_a_finding(project):
    (project / "_quarto.yml").write_text("project: {type: default}\n")
    assert f"{PLACE}/article.lua: missing" in told(check(Project(project)))
    install(project)
    assert told(check(Project(project))) == []
    (project / PLACE / "article.lua").write_text("-- mine\n")
    (project / PLACE / "own.lua").write_text("-- mine\n")
    (edited, new) = check(Project(project)).findings
    assert (edited.where, new.where) == (f"{PLACE}/article.lua", f"{PLACE}/own.lua")
    assert install(project) == [f"{PLACE}/article.lua", f"{PLACE}/own.lua"]
    assert not (project / PLACE / "own.lua").exists()


def test_a_setting_that_only_quarto_would_obey_is_told_once(project):
    install(project)
    (project / "_quarto.yml").write_text("lang: en\ndate-format: long\n")
    (one,) = check(Project(project)).findings
    assert one.where == "_quarto.yml:2"
    assert "'date-format'" in one.message


def test_numbers_are_bound_in_the_form_of_the_language_around_them(project):
    (project / "paper.qmd").write_text(
        '---\nabstract: "{{< meta n.a.used >}}"\nabstract-ru: "{{< meta n.a.used >}}"\n---\n\n'
        '{{< meta c.a.used >}}\n\n::: {.note lang="kk"}\n{{< meta n.a.used >}} {{< meta c.a.used >}}\n:::\n',
        encoding="utf-8",
    )
    outcome = check(Project(project))
    found = outcome.found["number-forms"]
    assert [(one.where, one.message) for one in found] == [
        ("paper.qmd:3", "n.a.used in a text whose language is ru"),
        ("paper.qmd:6", "c.a.used in a text whose language is en"),
        ("paper.qmd:9", "n.a.used in a text whose language is kk"),
    ]
    assert found[0].remedy == "{{< meta c.a.used >}}"


def test_words_have_no_form(project):
    manifest = {"outputs": [], "numbers": {"a.used": {**NUMBERS["a.used"], "value": "two"}}}
    (project / "figures/manifest.json").write_text(json.dumps(manifest))
    (project / "paper.qmd").write_text('---\nabstract-ru: "{{< meta n.a.used >}}"\n---\n', encoding="utf-8")
    assert check(Project(project)).found["number-forms"] == ()
