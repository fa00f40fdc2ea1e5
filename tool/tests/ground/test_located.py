"""YAML as YAML 1.2 reads it, and findings that name file and line."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paperbuild.ground.errors import PaperError
from paperbuild.ground.located import STRICT, json_schema, line_of, parse_yaml, problems, said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("01747", 1747),  # no octal
        ("16:39", "16:39"),  # no number of seconds
        ("1e3", 1000.0),
        ("-2.5E-3", -0.0025),
        ("2021-05-01", "2021-05-01"),  # no date
        ("NO", "NO"),  # Norway
        ("yes", "yes"),
        ("true", True),
        ("~", None),
        ("1_000", "1_000"),
        ("[a, 1]", ["a", 1]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = parse_yaml(text, "x.yml")
    assert found == value
    assert type(found) is type(value)


PRINTED = st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs")))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PRINTED | st.booleans())
@settings(max_examples=100, deadline=None)
def test_json_is_yaml(value: object) -> None:
    assert parse_yaml(json.dumps({"x": value}, ensure_ascii=False), "x.yml") == {"x": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "x.yml:2: not valid YAML: the key 'a' stands here for the second time"),
        ("a: [\n", "x.yml:2: not valid YAML"),
        ("a: " + "9" * 5000, "x.yml:1: not valid YAML"),
        ("\n[" * 60 + "]" * 60, "x.yml:52: not valid YAML: nested too deeply"),
        ("- " * 200_000, "x.yml:1: not valid YAML: nested too deeply"),
        ("? [a]\n: 1\n", "x.yml:1: not valid YAML"),
        ("a: \x00", "x.yml: not valid YAML"),
    ],
)
def test_no_yaml_is_a_finding(text: str, message: str) -> None:
    with pytest.raises(PaperError) as caught:
        parse_yaml(text, "x.yml")
    assert str(caught.value).startswith(message)


def test_line_of_nested_keys_and_items() -> None:
    text = "a:\n  x: 1\nb:\n  c: {x: 2}\n  x: 3\nd:\n- 1\n- e: 2\n"
    assert line_of(text, "b") == 3
    assert line_of(text, "b", "c", "x") == 4
    assert line_of(text, "b", "missing") == 3
    assert line_of(text, "d", 1, "e") == 8


@dataclass(frozen=True)
class Inner:
    __pydantic_config__: ClassVar[Any] = STRICT
    size: int = said("how large", "a whole number")


@dataclass(frozen=True)
class Outer:
    """What a file holds.

    Attributes
    ----------
    parts : tuple
        The parts.
    """

    __pydantic_config__: ClassVar[Any] = STRICT
    parts: tuple[Inner, ...] = said("the parts", "a list of parts", default=())
    names: tuple[str, ...] | None = said("the names", "[name, name]", default=None)


@pytest.mark.parametrize(
    ("plain", "place", "message"),
    [
        ([1], (), "the file is not a mapping"),
        ({"part": 1}, ("part",), "unknown key 'part'; did you mean 'parts'?"),
        ({"parts": [{"size": 1}, 2]}, ("parts", 1), "parts.1 is not a mapping"),
        ({"parts": [{"size": "1"}]}, ("parts", 0, "size"), "parts.0.size: input should be a valid integer"),
        ({"parts": [{}]}, ("parts", 0), "parts.0 lacks 'size'"),
        ({"names": "a"}, ("names",), "names: input should be a valid array"),
        ({"names": [1]}, ("names", 0), "names.0: input should be a valid string"),
    ],
)
def test_each_departure_has_its_place(plain: object, place: tuple[Any, ...], message: str) -> None:
    [(found, error)] = problems(Outer, plain, "x.yml")
    assert found == place
    assert error.message == message


def test_the_schema_says_what_fields_mean() -> None:
    schema = json_schema(Outer, "x.yml")
    assert schema["properties"]["parts"]["description"] == "the parts"
    assert schema["$defs"]["Inner"]["properties"]["size"]["description"] == "how large"
    assert schema["additionalProperties"] is False
    assert schema["description"] == "What a file holds."


def test_reading_what_is_remembered_loads_no_library(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis/01-a.ipynb").write_text("{}")
    (tmp_path / "analysis/parameters.yml").write_text(
        "notebooks:\n  01-a: {parameters: {x: {choices: [1, 2]}}}\n"
    )
    code = (
        "import sys; from pathlib import Path; from paperbuild.project.layout import Project\n"
        "print(Project(Path(sys.argv[1])).settings)\n"
        "print(sorted({'yaml', 'pydantic'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in "12")
    assert first.stdout == second.stdout
    assert first.stderr == "['pydantic', 'yaml']\n"
    assert second.stderr == "[]\n"
