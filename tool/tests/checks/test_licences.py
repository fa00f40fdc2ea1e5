"""`LICENSE-data` and the register say the same, and a difference is found on the side where it stands."""

import json

import pytest

from paperbuild.checks.check import findings
from paperbuild.checks.licences import licence_findings, stated
from paperbuild.project.layout import Project
from paperbuild.project.reading import Reading

TOWNS = {"name": "towns", "path": "towns.csv", "licenses": [{"name": "CC0-1.0"}, {"name": "facts"}]}
ROADS = {
    "name": "roads",
    "path": "roads.csv",
    "licenses": [{"name": "terms"}],
    "redistributable": False,
    "obtain": "ask the office",
}
TOLD = """Which table stands under what:

- towns: facts, CC0-1.0
- roads: terms, not redistributed

- CC0-1.0 = public domain (https://example.org/cc0)
- facts = facts
- terms = the office's terms
"""


@pytest.fixture
def project(tmp_path):
    def write(*entries, told=TOLD):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "datapackage.json").write_text(json.dumps({"resources": entries}))
        if told is not None:
            (tmp_path / "LICENSE-data").write_text(told)
        return tmp_path

    return write


def messages(root):
    return [f"{finding.where}: {finding.message}" for finding in licence_findings(Reading(Project(root)))]


def test_the_same_said_twice_is_no_finding_in_any_order(project):
    assert messages(project(TOWNS, ROADS)) == []


def test_a_project_without_the_file_has_only_its_register(project):
    assert messages(project(TOWNS, ROADS, told=None)) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("- towns: facts, CC0-1.0", "- towns: facts", "LICENSE-data:3: towns stands under facts"),
        ("- towns: facts, CC0-1.0\n", "", "LICENSE-data:1: the table towns is not listed"),
        (", not redistributed", "", "LICENSE-data:4: roads stands under terms"),
        ("- facts = facts\n", "", "LICENSE-data:1: the licence facts is not explained"),
        ("- facts =", "- MIT = code\n- facts =", "LICENSE-data:7: no table stands under MIT"),
        ("- roads", "- rivers: terms\n- roads", "LICENSE-data:4: the register has no table rivers"),
        ("- roads", "- towns: facts, CC0-1.0\n- roads", "LICENSE-data:4: towns is listed twice"),
    ],
)
def test_a_difference_is_found_where_it_stands(project, old, new, found):
    assert messages(project(TOWNS, ROADS, told=TOLD.replace(old, new, 1))) == [found]


def test_a_changed_register_names_the_line_to_write(project):
    freed = ROADS | {"redistributable": True}
    (finding,) = licence_findings(Reading(Project(project(TOWNS, freed))))
    assert finding.expected == stated(freed) == "- roads: terms"


def test_what_is_withheld_says_where_to_get_it(project):
    silent = {key: value for key, value in ROADS.items() if key != "obtain"}
    (finding,) = licence_findings(Reading(Project(project(TOWNS, silent))))
    assert "roads may not be redistributed, and nothing says where to get it" in finding.message


def test_paper_check_applies_the_rule(project):
    root = project(TOWNS, ROADS, told=TOLD.replace("facts, CC0-1.0", "facts"))
    (root / "analysis").mkdir()
    (root / "analysis" / "parameters.yml").write_text("notebooks: {}\n")
    (root / "paper.qmd").write_text("---\ntitle: T\n---\n\nNothing.\n")
    assert "towns stands under facts" in {finding.message for finding in findings(Project(root))}
