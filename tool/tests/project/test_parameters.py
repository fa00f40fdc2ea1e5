"""Parameters: what the cell must look like, what is refused, and that all findings come at once."""

from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import paperbuild
from paperbuild.cli.params import SCHEMAS
from paperbuild.ground.errors import Findings, PaperError, UsageError
from paperbuild.ground.located import json_schema
from paperbuild.project.layout import PARAMETERS
from paperbuild.project.notebook import Notebook
from paperbuild.project.parameters import Override, Parameter, declared, parse_overrides, resolve


def notebook(tmp_path, source: str) -> Notebook:
    import json

    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}}
    path = tmp_path / "01-a.ipynb"
    document = {"nbformat": 4, "cells": [cell]}
    path.write_text(json.dumps(document, indent=1))
    return Notebook(path, "analysis/01-a.ipynb", document)


def read(tmp_path, source: str, **limits) -> list[Parameter]:
    return declared(notebook(tmp_path, source), limits, lambda name: f"parameters.yml:{name}")


def test_types_defaults_and_meanings(tmp_path) -> None:
    source = (
        "#| label: parameters\n"
        "year: int = 2000  # first year, calendar\n"
        "share: float = -0.5  # part, fraction\n"
        "names: list[str] = ['a', '#b']  # regions, codes\n"
        "deep: bool = True  # whether to look deeper"
    )
    found = read(tmp_path, source, year={"ge": 1990})
    assert [(p.name, p.type, p.default) for p in found] == [
        ("year", "int", 2000),
        ("share", "float", -0.5),
        ("names", "list[str]", ["a", "#b"]),
        ("deep", "bool", True),
    ]
    assert found[2].doc == "regions, codes"
    assert found[0].describe() == "int, at least 1990"


@pytest.mark.parametrize(
    ("source", "limits", "message"),
    [
        ("x = 1  # no type", {}, "is no parameter"),
        ("x: int = 1", {}, "parameter x has no comment"),
        ("x: complex = 1  # odd", {}, "has type complex"),
        ("x: int = 1 + 1  # computed", {}, "the default of x is computed"),
        ("x: int = 1.5  # wrong", {}, "x = 1.5 is refused"),
        ("x: int = 1  # small", {"x": {"ge": 2}}, "at least 2"),
        ("x: int = 1  # fine", {"x": {"gee": 2}}, "did you mean 'ge'"),
        ("x: int = 1  # fine", {"xx": {"ge": 2}}, "01-a has no parameter 'xx'; did you mean 'x'"),
        ("x: int = (  # open", {}, "the parameters cell is not Python"),
        ("x: str = 'a'  # word", {"x": {"ge": 2}}, "ge bounds a number"),
        ("x: int = 1  # fine", {"x": {"choices": []}}, "choices lists no value"),
        ("x: int = 1  # fine", {"x": {"choices": ["1"]}}, "the choice '1' is no int"),
        ("x: int = 1  # fine", {"x": {"file": True}}, "file marks the path of a file"),
    ],
)
def test_what_the_parameters_cell_may_not_be(tmp_path, source: str, limits: dict, message: str) -> None:
    with pytest.raises(PaperError) as caught:
        read(tmp_path, source, **limits)
    assert message in str(caught.value)
    assert "01-a.ipynb:" in str(caught.value) or "parameters.yml:" in str(caught.value)


YEAR = Parameter("02-b", "year", "int", 2000, "a year", {"ge": 1990, "le": 2020}, "")
SIDE = Parameter("02-b", "side", "str", "both", "a side", {"choices": ["both", "north"]}, "")
RATE = Parameter("02-b", "rates", "list[float]", [1.0], "rates", {"gt": 0}, "")
KNOWN = {"02-b": [YEAR, SIDE, RATE]}


def test_only_what_differs_from_the_default_is_kept_and_later_wins() -> None:
    asked = parse_overrides(["02-b.year=2001", "02-b.side=both", "02-b.year=2002", "02-b.rates=[2.5, 3.5]"])
    assert resolve(KNOWN, asked) == {"02-b": {"year": 2002, "rates": [2.5, 3.5]}}


def test_all_findings_at_once_in_order() -> None:
    asked = parse_overrides(["02-b.yaer=1", "02-b.year=1800", "02-b.side=south", "02-c.x=1", "02-b.year=yes"])
    with pytest.raises(Findings) as caught:
        resolve(KNOWN, asked)
    lines = [str(finding).splitlines()[0] for finding in caught.value.findings]
    assert len(lines) == 5
    assert "did you mean 'year'?" in lines[0]
    assert "1800 is refused" in lines[1]
    assert "'south' is refused" in lines[2]
    assert "did you mean '02-b'?" in lines[3]
    assert "'yes' is refused" in lines[4]


@given(st.integers())
@settings(max_examples=40, deadline=None)
def test_the_range_decides(value: int) -> None:
    if 1990 <= value <= 2020:
        assert YEAR.check(value, "") == value
    else:
        with pytest.raises(PaperError):
            YEAR.check(value, "")


@pytest.mark.parametrize("value", ["2001", 2001.0, True, None, [2001]])
def test_types_are_not_converted(value: object) -> None:
    with pytest.raises(PaperError):
        resolve(KNOWN, [Override("02-b", "year", value, "here")])


def test_a_whole_number_is_a_float_where_one_is_wanted() -> None:
    rate = Parameter("a", "rate", "float", 1.5, "", {}, "")
    assert resolve({"a": [rate]}, [Override("a", "rate", 2, "")]) == {"a": {"rate": 2.0}}


def test_what_was_typed_wrongly_is_wrong_use_and_what_a_file_says_is_not() -> None:
    for text in ("02-b.yaer=1", "02-c.x=1", "02-b.year=1800"):
        with pytest.raises(UsageError) as caught:
            resolve(KNOWN, parse_overrides([text]))
        assert caught.value.exit_code == 2
    with pytest.raises(PaperError) as from_file:
        resolve(KNOWN, [Override("02-b", "yaer", 1, "parameters.yml:3")])
    assert from_file.value.exit_code == 1
    with pytest.raises(Findings) as both:
        resolve(KNOWN, [Override("02-b", "yaer", 1, "parameters.yml:3"), *parse_overrides(["02-b.x=1"])])
    assert both.value.exit_code == 1


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_values_that_no_parameter_has_are_wrong_use(value: str) -> None:
    with pytest.raises(UsageError):
        parse_overrides([f"02-b.year={value}"])


@pytest.mark.parametrize(
    ("text", "value"), [("01747", 1747), ("16:39", "16:39"), ("1e3", 1000.0), ("[", "[")]
)
def test_typed_values_mean_what_they_look_like(text: str, value: object) -> None:
    assert parse_overrides([f"a.b={text}"])[0].value == value


@pytest.mark.parametrize("text", ["x", "x=1", "=1", "02-b.=1", "02-b.year=20\udcd2", "\udcd2.year=1"])
def test_an_argument_that_says_nothing_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        parse_overrides([text])
    assert parse_overrides(["x=a=b"], only="01-a")[0].value == "a=b"


@pytest.mark.parametrize("template", ["paper", "example"])
def test_the_schema_for_editors_holds_for_what_a_paper_begins_with(template: str) -> None:
    schema = json_schema(SCHEMAS[PARAMETERS], PARAMETERS)
    jsonschema.Draft202012Validator.check_schema(schema)
    written = Path(paperbuild.__file__).parent / "templates" / template / PARAMETERS
    settings = yaml.safe_load(written.read_text(encoding="utf-8"))
    jsonschema.validate(settings, schema)
    step = next(iter(settings["notebooks"]))
    for wrong in ({"notebook": {}}, {"notebooks": {step: {"data": 7}}}, {"notebooks": {step: {"dat": []}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
