"""`paper check`: each rule against a text that breaks it and one that does not."""

import argparse
import json
import subprocess
from pathlib import Path

import pytest

from paperbuild.article.manuscript import Manuscript
from paperbuild.article.text import Article, Occurrence, include_target
from paperbuild.checks import notebooks, prose, references, results
from paperbuild.cli import accept
from paperbuild.cli.main import main
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import HashCache
from paperbuild.project import register
from paperbuild.project.layout import Project
from paperbuild.project.manifest import Manifest
from paperbuild.project.reading import Reading

ARTICLE = """---
title: Words
abstract: |
  We find {{< meta n.a.b >}}.
abstract-ru: |
  Мы видим {{< meta c.a.b >}}.
---

See @fig-map and @tbl-rows, after @smith2020.

![The map](figures/map){#fig-map fig-alt="Nineteen regions along the line, darker where more people left."}

::: {#tbl-rows}
{{< include tables/rows.md >}}

Rows.
:::
"""
BIBLIOGRAPHY = "@article{smith2020,\n title={T}\n}\n"
CODE = {
    "cell_type": "code",
    "execution_count": None,
    "id": "c1",
    "metadata": {"tags": ["parameters"]},
    "outputs": [],
    "source": ["#| label: parameters\n", "year: int = 2000  # first year"],
}


def manifest(*paths, numbers=("a.b",)):
    return Manifest(
        tuple(
            {"path": path, "kind": path.split("/")[0][:-1], "sha256": "", "notebook": "01-a", "cell": "c"}
            for path in paths
        ),
        {name: {"value": 1, "text": "1"} for name in numbers},
    )


def texts(article=ARTICLE):
    return [Manuscript("paper.qmd", article)]


def read(article=ARTICLE):
    """The article as one file, whatever it includes not being there."""
    (text,) = texts(article)
    included = tuple(
        Occurrence(include_target("paper.qmd", use.name), "paper.qmd", use.line) for use in text.includes
    )
    return Article(Path("nowhere"), (text,), included, ())


def notebook(*cells):
    return json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 5, "metadata": {}}, indent=1)


def messages(findings):
    return [f"{one.where}: {one.message}" for one in findings]


def test_a_sound_article_has_no_finding(tmp_path):
    for name in ("figures/map.svg", "tables/rows.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    made = manifest("figures/map.svg", "tables/rows.md")
    for output in made.outputs:
        output["sha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    found = [
        *prose.typed_number_findings(texts()[0]),
        *prose.alt_text_findings(texts()[0]),
        *prose.abstract_findings(texts()),
        *references.cross_reference_findings(read()),
        *references.citation_findings(read(), {"references.bib": BIBLIOGRAPHY}),
        *results.meta_findings(texts(), made, {}),
        *results.artefact_findings(Reading(Project(tmp_path)), read(), made),
        *notebooks.notebook_findings("analysis/01-a.ipynb", notebook(CODE)),
    ]
    assert found == []


def test_a_typed_number_names_line_and_remedy():
    (one,) = prose.typed_number_findings(texts(ARTICLE + "\nIt fell by 3.5 per cent.\n")[0])
    assert one.where == "paper.qmd:19"
    assert "3.5" in one.message
    assert "{.stated}" in one.remedy


@pytest.mark.parametrize(
    ("alt", "problem"),
    [
        ("", "has no alternative text"),
        (' fig-alt=""', "has no alternative text"),
        (' fig-alt="The map"', "no more than its caption"),
    ],
)
def test_alternative_text_must_say_what_is_seen(alt, problem):
    (one,) = prose.alt_text_findings(Manuscript("paper.qmd", f"![The map](figures/map){{#fig-map{alt}}}"))
    assert problem in one.message


def test_alternative_text_of_a_figure_div_counts():
    alt = "Nineteen regions along the line, darker where more left."
    div = f'::: {{#fig-map fig-alt="{alt}"}}\n![](figures/map)\n\nThe map\n:::\n'
    assert prose.alt_text_findings(Manuscript("paper.qmd", div)) == []


def test_abstracts_must_bind_the_same_results():
    one_sided = ARTICLE.replace("Мы видим {{< meta c.a.b >}}.", "Мы видим {{< meta c.a.d >}}.")
    assert messages(prose.abstract_findings(texts(one_sided))) == [
        "paper.qmd:5: abstract-ru does not state a.b",
        "paper.qmd:5: abstract does not state a.d",
    ]


def test_a_result_in_words_may_be_named_by_language():
    article = ARTICLE.replace("n.a.b >}}.", "n.a.said_en >}}.", 1).replace(
        "c.a.b >}}.", "c.a.said_ru >}}.", 1
    )
    assert prose.abstract_findings(texts(article)) == []


def test_abstract_divs_are_compared_too():
    english = "::: {.abstract lang=en}\n{{< meta n.a >}} {{< meta n.b >}}\n:::\n\n"
    article = english + "::: {.abstract lang=kk}\n{{< meta n.a >}}\n:::\n"
    assert messages(prose.abstract_findings(texts(article))) == [
        "paper.qmd:5: abstract (kk) does not state b"
    ]


def test_cross_references():
    broken = (
        ARTICLE.replace("See @fig-map and", "See @fig-mop and") + "\n## Again {#sec-a}\n\n## Again {#sec-a}\n"
    )
    assert sorted(messages(references.cross_reference_findings(read(broken)))) == [
        "paper.qmd:11: the text never refers to fig-map",
        "paper.qmd:21: #sec-a is defined twice",
        "paper.qmd:9: @fig-mop leads nowhere",
    ]


def test_citations():
    bibliography = BIBLIOGRAPHY + "@book{idle,\n}\n@book{smith2020,\n}\n@comment{no, entry}\n"
    found = references.citation_findings(
        read(ARTICLE + "\nBy @smiht2020.\n"), {"references.bib": bibliography}
    )
    assert messages(found) == [
        "references.bib:6: smith2020 is the key of two entries",
        "paper.qmd:19: @smiht2020 is not in the bibliography",
        "references.bib:4: nothing cites idle",
    ]
    assert "@smith2020" in found[1].expected


def test_bound_numbers_must_be_recorded():
    article = "{{< meta n.a.c >}} {{< meta c.a.b >}} {{< meta title >}} {{< meta titel >}}"
    found = results.meta_findings(texts(article), manifest(), {"title": "T"})
    assert messages(found) == [
        "paper.qmd:1: nothing is recorded as n.a.c",
        "paper.qmd:1: nothing is recorded as titel",
    ]
    assert "n.a.b" in found[0].expected


def test_artefacts_unused_unknown_edited_stray(tmp_path):
    for name, content in {"figures/map.svg": "edited", "figures/old.png": "", "tables/idle.md": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    made = manifest("figures/map.svg", "tables/idle.md", "figures/gone.png")
    found = messages(results.artefact_findings(Reading(Project(tmp_path)), read(), made))
    assert "paper.qmd:14: no notebook produces tables/rows" in found
    assert "analysis/01-a.ipynb: 01-a produces tables/idle, which the article does not show" in found
    assert "figures/old.png: no notebook produces this file" in found
    assert "figures/gone.png: missing" in found
    assert any(message.startswith("figures/map.svg: not the bytes") for message in found)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ({"outputs": [{"output_type": "stream"}]}, "01-a.ipynb:18: the cell was committed with its output"),
        ({"execution_count": 3}, "committed with its output"),
        ({"source": ["year: int = 2000"]}, "the cell has no label"),
        ({"source": ["#| label: My_Cell\n", "x = 1"]}, "not in kebab-case"),
        ({"source": ["#| label: a\n", "x = 1\n", "def f():\n", "    return 1"]}, "defines the function f"),
        ({"source": ["#| label: a\n", "f = lambda x: x"]}, "a function by lambda"),
        ({"source": ["#| label: a\n", "class A: pass"]}, "the class A"),
        ({"metadata": {}}, "0 cells are tagged `parameters`"),
    ],
)
def test_notebooks_are_thin_and_clean(cell, problem):
    found = notebooks.notebook_findings("analysis/01-a.ipynb", notebook(CODE | cell))
    assert problem in "\n".join(messages(found))


def test_notebook_findings_point_at_the_line():
    broken = CODE | {"source": ["#| label: a\n", "x = 1\n", "def f(): ..."]}
    text = notebook(broken)
    (one,) = notebooks.notebook_findings("analysis/01-a.ipynb", text)
    line = int(one.where.rsplit(":", 1)[1])
    assert "def f()" in text.splitlines()[line - 1]


def test_notebook_labels_are_unique_and_its_prose_binds_no_number():
    other = CODE | {"id": "c2", "metadata": {}}
    prose = {"cell_type": "markdown", "id": "m1", "metadata": {}, "source": ["The index falls to 0.31."]}
    found = messages(notebooks.notebook_findings("analysis/01-a.ipynb", notebook(CODE, other, prose)))
    assert "labelled parameters" in found[0]
    assert "0.31" in found[1]


# The register --------------------------------------------------------------------------------


@pytest.fixture
def registered(tmp_path):
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "parameters.yml").write_text("notebooks: {}\n")
    data = tmp_path / "data"
    data.mkdir()
    (data / "towns.csv").write_text("town,persons\nA,1\n")
    entry = {
        "name": "towns",
        "path": "towns.csv",
        "title": "Towns",
        "description": "Towns and their people.",
        "publisher": "An office",
        "licenses": [{"name": "CC0-1.0"}],
        "sources": [{"title": "A yearbook"}],
        "hash": register.digest(data / "towns.csv"),
        "bytes": (data / "towns.csv").stat().st_size,
        "schema": {
            "fields": [
                {"name": "town", "type": "string", "description": "Its name"},
                {"name": "persons", "type": "number", "unit": "persons", "description": "People"},
            ]
        },
    }
    (data / "datapackage.json").write_text(json.dumps({"resources": [entry]}, indent=2) + "\n")
    return tmp_path


def edit(root, change):
    path = root / "data" / "datapackage.json"
    package = json.loads(path.read_text())
    change(package["resources"][0])
    path.write_text(json.dumps(package, indent=2))


def test_a_sound_register_has_no_finding(registered):
    assert register.findings(registered) == []


def test_a_changed_byte_is_refused_and_the_accepting_command_works(registered, capsys):
    (registered / "data" / "towns.csv").write_text("town,persons\nA,2\n")
    (one,) = register.findings(registered)
    assert one.where == "data/towns.csv"
    assert 'paper accept towns --why "…"' in one.remedy

    (registered / "analysis").mkdir(exist_ok=True)
    (registered / "analysis/parameters.yml").touch()
    command = ["--project", str(registered), "accept", "towns", "--why", "corrected against the yearbook"]
    assert main(command) == 0
    assert "data/towns.csv: sha256:" in capsys.readouterr().out
    assert register.findings(registered) == []
    accepted = (registered / "data/datapackage.json").read_bytes()
    assert main(command) == 0
    assert "nothing to accept, the bytes are those of the register" in capsys.readouterr().out
    assert (registered / "data/datapackage.json").read_bytes() == accepted
    (change,) = register.read(registered).entry("towns").raw["changes"]
    assert change["why"] == "corrected against the yearbook"
    assert change["to"] == register.digest(registered / "data" / "towns.csv")


def test_accepting_changes_nothing_but_the_entry(registered):
    before = (registered / "data" / "datapackage.json").read_text()
    assert register.accepted(before, "towns", "w", "h", 1, "d").count("\n") == before.count("\n") + 8


@pytest.mark.parametrize(("table", "why"), [("towns", ""), ("towns", "because"), ("twons", "a good reason")])
def test_accepting_needs_a_reason_and_a_known_table(registered, table, why):
    (registered / "data" / "towns.csv").write_text("town,persons\nA,2\n")
    before = (registered / "data" / "datapackage.json").read_text()
    with pytest.raises(PaperError) as refused:
        accept.main(Project(registered), argparse.Namespace(table=table, why=why, count=False))
    assert "paper accept towns" in refused.value.remedy
    assert (registered / "data" / "datapackage.json").read_text() == before


def judged(root):
    return register.table_findings(root, HashCache(root / "build" / "checked.json"))


def test_cells_that_break_the_schema_are_found_and_not_accepted(registered):
    (registered / "data" / "towns.csv").write_text("town,persons\nA,1e5\n")
    (one,) = judged(registered)
    assert (one.where, one.message) == ("data/towns.csv:2", "column persons: found '1e5'")
    before = (registered / "data" / "datapackage.json").read_text()
    with pytest.raises(PaperError, match="'1e5'"):
        register.accept(Project(registered), "towns", "read from page 3", count=True)
    assert (registered / "data" / "datapackage.json").read_text() == before


def test_a_header_that_is_not_the_schema_s_is_found(registered):
    edit(registered, lambda entry: entry["schema"]["fields"].pop())
    (one,) = judged(registered)
    assert one.message == "found columns town, persons"


def test_counts_are_recorded_first_held_then_and_counted_anew_where_meant(registered):
    project, path = Project(registered), registered / "data" / "towns.csv"
    edit(registered, lambda entry: entry.update(hash=""))
    register.accept(project, "towns", "first version")
    assert register.read(registered).entry("towns").raw["checks"] == [
        {"check": "rows", "count": 1},
        {"check": "totals", "sums": {"persons": "1"}},
    ]
    path.write_text("town,persons\nA,2\n")
    assert "a total of 2 (+1)" in str(judged(registered)[0])
    with pytest.raises(PaperError) as refused:
        register.accept(project, "towns", "read from page 3")
    assert "paper accept towns --count" in refused.value.remedy
    for _ in "ab":  # also where the bytes were accepted before
        edit(registered, lambda entry: entry["checks"][0].update(count=9))
        assert (
            accept.main(project, argparse.Namespace(table="towns", why="read from page 3", count=True)) == 0
        )
    assert [*register.findings(registered), *judged(registered)] == []


def test_a_verdict_is_remembered_until_what_it_rests_on_changes(registered, monkeypatch):
    cache = HashCache(registered / "build" / "checked.json")
    edit(registered, lambda entry: entry.update(checks=[{"check": "rows", "count": 2}]))
    (first,) = register.table_findings(registered, cache)
    with monkeypatch.context() as patch:
        patch.setattr(register.claims.Judge, "findings", lambda *_: pytest.fail("asked again"))
        (again,) = register.table_findings(registered, cache)
    assert str(again) == str(first)
    edit(registered, lambda entry: entry.update(checks=[{"check": "rows", "count": 1}]))
    assert register.table_findings(registered, cache) == []


def test_unregistered_and_missing_files(registered):
    (registered / "data" / "towns.csv").rename(registered / "data" / "cities.csv")
    assert sorted(messages(register.findings(registered))) == [
        "data/cities.csv: no entry of the register describes this file",
        "data/towns.csv: the register names this file, and it is missing",
    ]


def test_a_private_file_that_git_ignores_needs_no_entry(registered):
    private = registered / "data" / "interviews" / "segments.csv"
    private.parent.mkdir()
    private.write_text("segment\n")
    assert len(register.findings(registered)) == 1
    subprocess.run(["git", "init", "-q"], cwd=registered, check=True)
    (registered / ".gitignore").write_text("data/interviews/\n")
    assert register.findings(registered) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda entry: entry.pop("licenses"), "no licence"),
        (lambda entry: entry.pop("publisher"), "no publisher"),
        (lambda entry: entry.update(sources=[]), "no source"),
        (lambda entry: entry["schema"]["fields"][1].pop("unit"), "persons has no unit"),
        (lambda entry: entry["schema"]["fields"][0].pop("description"), "town has no description"),
    ],
)
def test_an_entry_must_describe_its_table(registered, change, problem):
    edit(registered, change)
    (one,) = register.findings(registered)
    assert problem in one.message


def test_a_broken_register_names_its_line(registered):
    (registered / "data" / "datapackage.json").write_text('{\n "resources": [\n}')
    with pytest.raises(PaperError) as refused:
        register.findings(registered)
    assert refused.value.where == "data/datapackage.json:3"


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("- a", "paper.qmd:2: the front matter is no mapping"),
        (
            "title: a\ntitle: b",
            "paper.qmd:3: not valid YAML: the key 'title' stands here for the second time",
        ),
        ("title: [", "paper.qmd:3: not valid YAML"),
    ],
)
def test_malformed_front_matter_is_a_finding_with_its_line(front, message):
    text = Manuscript("paper.qmd", f"---\n{front}\n---\n\nText.\n")
    assert str(text.front_problem).startswith(message)
    assert text.metadata == {}
