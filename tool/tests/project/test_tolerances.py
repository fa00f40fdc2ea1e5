"""Declared tolerances: the longest leading part counts, and what is wrong is told with its line."""

import pytest

from paperbuild.ground.errors import Findings, PaperError
from paperbuild.ground.located import json_schema
from paperbuild.project.tolerances import Declaration, Tolerance, Tolerances, read_tolerances


@pytest.fixture
def written(tmp_path):
    def write(text):
        (tmp_path / "analysis").mkdir(exist_ok=True)
        (tmp_path / "analysis" / "tolerances.yml").write_text(text)
        return tmp_path

    return write


def test_none_are_declared_where_there_is_no_file(tmp_path):
    assert read_tolerances(tmp_path) == Tolerances()


def test_the_longest_declared_part_of_a_place_counts(written):
    tolerances = read_tolerances(
        written(
            "- {of: [tables, rows], relative: 1.0e-3, why: a test}\n"
            "- {of: [tables, rows, b], absolute: 2, why: a test}\n"
        )
    )
    assert tolerances.of("tables", "rows", "a") == Tolerance(relative=1e-3, why="a test")
    assert tolerances.of("tables", "rows", "b") == Tolerance(absolute=2, why="a test")
    assert tolerances.of("tables", "others", "b") == Tolerance()


@pytest.mark.parametrize(
    ("entry", "message", "line"),
    [
        ("{of: [tables, rows], relative: 0.1}", "lacks 'why'", 2),
        ("{of: [tables], why: x}", "sets no bound", 2),
        ("{of: [tables], wide: 1, why: x}", "unknown key 'wide'", 2),
        ("{of: [tabels], levels: 1, why: x}", "holds for nothing", 2),
        ("{of: [figures, f, column], levels: 1, why: x}", "holds for nothing", 2),
        ("{of: [], levels: 1, why: x}", "0.of", 2),
        ("{of: t, levels: 1, why: x}", "0.of", 2),
        ("{of: [numbers], levels: many, why: x}", "levels", 2),
        ("{of: [numbers], relative: -1, why: x}", "greater than or equal to 0", 2),
        ("{of: [figures], share: 2, why: x}", "less than or equal to 1", 2),
        ("3", "is not a mapping", 2),
    ],
)
def test_an_entry_that_declares_no_tolerance_is_a_finding_with_its_line(written, entry, message, line):
    with pytest.raises((PaperError, Findings)) as refused:
        read_tolerances(written(f"# Reasons beside each.\n- {entry.replace('0.of', '')}\n"))
    assert message in str(refused.value)
    assert f"analysis/tolerances.yml:{line}" in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(written):
    with pytest.raises(Findings) as refused:
        read_tolerances(written("- {of: [tables], why: x}\n- {of: [none], levels: 1, why: x}\n"))
    assert [one.where for one in refused.value.findings] == [
        "analysis/tolerances.yml:1",
        "analysis/tolerances.yml:2",
    ]


def test_an_editor_is_told_what_each_key_means():
    schema = json_schema(list[Declaration], "analysis/tolerances.yml")
    described = schema["$defs"]["Declaration"]["properties"]
    assert described["why"]["description"] == "the reason, which certificates state"
    assert schema["$defs"]["Declaration"]["required"] == ["of", "why"]
