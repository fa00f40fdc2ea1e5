"""The records of a data package and its tables: what is read, and what is said of what cannot be."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataregister import DataError, ForeignKey, Package, parse_package, read_package, table, tables
from dataregister.records import lines_of

PACKAGE: dict[str, Any] = {
    "name": "two",
    "licenses": [{"name": "CC0-1.0"}],
    "resources": [
        {
            "name": "towns",
            "path": "towns.csv",
            "title": "Towns",
            "publisher": "An office",
            "sources": [{"title": "A yearbook", "path": "https://example.org"}],
            "bytes": 22,
            "schema": {
                "fields": [
                    {"name": "town", "type": "string", "constraints": {"required": True}},
                    {"name": "persons", "type": "integer", "unit": "persons", "constraints": {"minimum": 0}},
                ],
                "primaryKey": "town",
            },
        },
        {
            "name": "roads",
            "path": "roads.csv",
            "schema": {
                "fields": [{"name": "end"}, {"name": "length", "type": "number", "unit": "km"}],
                "foreignKeys": [{"fields": "end", "reference": {"resource": "towns", "fields": "town"}}],
            },
        },
        {"name": "map", "path": "deep/map.geojson"},
    ],
}


def make_package(
    root: Path, change: Callable[[dict[str, Any]], object] = lambda _: None, **files: str
) -> Package:
    """Write the package, changed, with its files, and read it."""
    content = json.loads(json.dumps(PACKAGE))
    change(content)
    folder = root / "data"
    folder.mkdir(exist_ok=True)
    for name, text in {"towns": "town,persons\nA,1\nB,\n", "roads": "end,length\nA,1.5\n", **files}.items():
        (folder / f"{name}.csv").write_bytes(text.encode())
    (folder / "datapackage.json").write_text(json.dumps(content, indent=1))
    return read_package(folder / "datapackage.json")


def test_records_say_what_the_file_says(tmp_path: Path) -> None:
    package = make_package(tmp_path)
    towns, roads, drawn = package.resources.values()
    assert (package.name, package.licenses[0].name) == ("two", "CC0-1.0")
    assert (towns.title, towns.publisher, towns.bytes) == ("Towns", "An office", 22)
    assert towns.sources[0].path == "https://example.org"
    assert towns.primary_key == ("town",)
    assert towns.fields is not None
    assert towns.fields[1].unit == "persons"
    assert roads.foreign_keys == (ForeignKey(("end",), "towns", ("town",)),)
    assert drawn.fields is None
    lines = (tmp_path / "data/datapackage.json").read_text().splitlines()
    for name in package.resources:
        assert f'"name": "{name}"' in lines[package.line(name, "name") - 1]
    assert '"persons"' in lines[package.line("towns", "schema", "fields", 1, "name") - 1]


def test_a_table_is_typed_and_carries_its_units(tmp_path: Path) -> None:
    frame = table(make_package(tmp_path), "towns")
    assert frame["town"].tolist() == ["A", "B"]
    assert str(frame["persons"].dtype) == "Int64"
    assert frame["persons"].isna().tolist() == [False, True]
    assert frame.attrs["units"] == {"persons": "persons"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"towns": "town,persons\nA,1,2\n"}, "data/towns.csv:2: found 3 cells"),
        (
            {"towns": "town,persons\nB,1\nA,1\n"},
            "data/towns.csv:3, column town: found 'A', expected a key",
        ),
        (
            {"towns": "town,persons\nA,-1\n"},
            "data/towns.csv:2, column persons: found '-1', expected at",
        ),
        ({"towns": "town,persons\n,1\n"}, "data/towns.csv:2, column town: found '', expected a value"),
        ({"towns": "town,persons\nA,1"}, "data/towns.csv:2: found no newline at the end"),
        ({"towns": "persons,town\n1,A\n"}, "data/towns.csv:1: found columns persons, town"),
        ({"towns": ""}, "data/towns.csv:1: found no newline at the end"),
        ({"towns": "\n"}, "data/towns.csv:1: found columns (none), expected columns town, persons"),
        ({"towns": 'town,persons\n"A,1\n'}, "data/towns.csv:2: found a quotation mark without its pair"),
        ({"towns": 'town,persons\n"A"B,1\n"",\n'}, "data/towns.csv:2: found "),
        ({"towns": "town,persons\nA,1\nA,2\n"}, "data/towns.csv:3, column town: found 'A', expected a key"),
        (
            {"towns": "town,persons\nNaN,1\n"},
            "data/towns.csv:2, column town: found 'NaN', expected a text, not",
        ),
        ({"towns": "town,persons\nA ,1\n"}, "data/towns.csv:2, column town: found 'A ', expected no blank"),
        (
            {"towns": "town,persons\nA\N{COMBINING DIAERESIS},1\n"},
            "data/towns.csv:2, column town: found 'A\N{COMBINING DIAERESIS}', expected composed letters",
        ),
        (
            {"towns": 'town,persons\nA,"1,5"\n'},
            "data/towns.csv:2, column persons: found '1,5', expected a whole number with a decimal point",
        ),
    ],
)
def test_a_table_that_departs_from_its_schema_is_refused(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        table(make_package(tmp_path, **files), "towns")
    assert str(caught.value).startswith(message)


LIMITS = [
    ({"minimum": 2}, "1", "at least 2"),
    ({"maximum": 2}, "3", "at most 2"),
    ({"enum": [1, 2]}, "3", "one of 1, 2"),
    ({"pattern": "[0-9]{2}"}, "3", "a text of the pattern [0-9]{2}"),
    ({"unique": True}, "1\nB,1", "a key not yet used (line 2 has it)"),
]


@pytest.mark.parametrize(("limits", "cell", "expected"), LIMITS)
def test_a_cell_beyond_what_its_column_allows_is_refused(
    tmp_path: Path, limits: dict[str, Any], cell: str, expected: str
) -> None:
    package = make_package(
        tmp_path,
        lambda content: content["resources"][0]["schema"]["fields"][1].update(constraints=limits),
        towns=f"town,persons\nA,{cell}\n",
    )
    with pytest.raises(
        DataError, match=re.escape(f"column persons: found '{cell[-1]}', expected {expected}")
    ):
        table(package, "towns")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda towns: towns.pop("schema"), "towns without a schema, expected a table"),
        (lambda towns: towns["schema"]["fields"][1].update(type="duration"), "the type duration in the sch"),
        (lambda towns: towns["schema"].update(primaryKey=["town", "street"]), "a key of towns over street"),
        (
            lambda towns: towns["schema"].update(
                foreignKeys=[{"fields": ["town"], "reference": {"resource": "roads", "fields": ["start"]}}]
            ),
            "a reference to start of roads, expected columns among end, length",
        ),
    ],
)
def test_a_schema_that_no_table_can_keep_is_told_at_its_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    package = make_package(tmp_path, lambda content: change(content["resources"][0]))
    with pytest.raises(DataError, match=re.escape(expected)) as caught:
        table(package, "towns")
    [finding] = caught.value.findings
    assert (finding.file, finding.line) == ("data/datapackage.json", package.line("towns", "schema"))


def test_a_key_may_lead_to_the_table_itself(tmp_path: Path) -> None:
    def with_seat(content: dict[str, Any]) -> None:
        schema = content["resources"][0]["schema"]
        schema["fields"].append({"name": "seat"})
        schema["foreignKeys"] = [{"fields": "seat", "reference": {"resource": "", "fields": "town"}}]

    seats = "town,persons,seat\nA,1,B\nB,2,\n"
    assert table(make_package(tmp_path, with_seat, towns=seats), "towns")["seat"].tolist()[0] == "B"
    with pytest.raises(DataError, match=r"column seat: found 'C', .* the table itself knows"):
        table(make_package(tmp_path, with_seat, towns=seats.replace("1,B", "1,C")), "towns")


def test_a_file_that_is_gone_is_told_with_the_way_back(tmp_path: Path) -> None:
    package = make_package(tmp_path)
    (tmp_path / "data/towns.csv").unlink()
    with pytest.raises(DataError, match=r"git checkout -- data/towns\.csv"):
        table(package, "towns")


def test_a_table_is_judged_once_while_its_files_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_package(tmp_path)
    first = table(package, "roads")
    with monkeypatch.context() as patch:
        patch.setattr(tables, "_judge", None)  # nobody can judge a cell
        again = table(package, "roads")
    pd.testing.assert_frame_equal(again, first)
    # What one reader does to its frame is nobody else's.
    again.loc[0, "length"] = 7.0
    again.attrs["units"]["length"] = "miles"
    pd.testing.assert_frame_equal(table(package, "roads"), first)
    assert table(package, "roads").attrs["units"] == {"length": "km"}


@pytest.mark.parametrize(
    ("file", "text"), [("roads", "end,length\nC,1.5\n"), ("towns", "town,persons\nB,2\n")]
)
def test_a_table_is_judged_again_once_it_or_one_it_refers_to_is_another(
    tmp_path: Path, file: str, text: str
) -> None:
    package = make_package(tmp_path)
    table(package, "roads")
    (tmp_path / f"data/{file}.csv").write_text(text)
    with pytest.raises(DataError, match=r"^data/roads\.csv:2, column end"):
        table(package, "roads")
    make_package(tmp_path)
    assert table(package, "roads")["length"].tolist() == [1.5]


def test_a_key_must_be_known_where_it_refers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"roads.csv:2, column end: found 'C', .* of data/towns.csv knows"):
        table(make_package(tmp_path, roads="end,length\nC,1\n"), "roads")
    with pytest.raises(DataError, match="Did you mean roads"):
        table(make_package(tmp_path), "road")


def of_towns(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["resources"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(resources=[3]), "found 3, expected an entry"),
        (lambda c: c.update(resources=3), "found 3, expected a list `resources`"),
        (lambda c: c.pop("resources"), "found none, expected a list `resources`"),
        (lambda c: c["resources"].append(c["resources"][0]), "found towns twice"),
        (of_towns(path=3), "found path 3, expected a text"),
        (of_towns(path="../x.csv"), "found the path ../x.csv"),
        (of_towns(bytes="many"), 'found bytes "many"'),
        (of_towns(schema=[]), "found [], expected an object"),
        (of_towns(schema={"fields": [3]}), "found 3, expected an object in `fields`"),
        (of_towns(schema={"fields": [{"type": "string"}]}), "found a column without a name"),
        (of_towns(schema={"fields": [{"name": "a", "constraints": {"minimum": "0"}}]}), 'found minimum "0"'),
        (
            of_towns(schema={"fields": [{"name": "a", "constraints": {"pattern": "("}}]}),
            "found the pattern (",
        ),
        (
            of_towns(schema={"fields": [], "foreignKeys": [{"fields": "a"}]}),
            "expected a `reference`",
        ),
        (of_towns(licenses="CC0"), 'found "CC0", expected a list `licenses`'),
        (
            of_towns(schema={"fields": [], "primaryKey": 3}),
            "found primaryKey 3, expected a name or a list of",
        ),
        (of_towns(schema={"fields": [{"name": "a"}, {"name": "a"}]}), "found the column a twice"),
        (
            of_towns(schema={"fields": [{"name": "a", "constraints": {"unique": "yes"}}]}),
            'found unique "yes", expected true or false',
        ),
    ],
)
def test_a_malformed_register_names_the_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        make_package(tmp_path, change)
    first = caught.value.findings[0]
    assert message in "\n".join(map(str, caught.value.findings))
    assert first.line is not None
    assert first.file == "data/datapackage.json"


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"\xef\xbb\xbf{}", b"[" * 100_000, b"null"])
def test_what_is_no_register_is_refused(raw: bytes) -> None:
    with pytest.raises(DataError):
        parse_package(raw, Path("data"), "data/datapackage.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)


@given(JSON, st.sampled_from([None, 0, 1, 4]))
@settings(max_examples=100, deadline=None)
def test_every_value_has_the_line_where_it_begins(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    found = lines_of(text)

    def walk(part: Any, place: tuple[Any, ...]) -> None:
        assert place in found
        for key, inner in (
            part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        ):
            walk(inner, (*place, key))

    walk(value, ())
    assert max(found.values()) <= text.count("\n") + 1


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_value_in_any_place_ends_in_a_finding_or_a_register(data: st.DataObject) -> None:
    content = json.loads(json.dumps(PACKAGE))
    place = content
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    found = []
    try:
        parse_package(json.dumps(content).encode(), Path("data"), "data/datapackage.json")
    except DataError as error:
        found = error.findings
    assert all(one.line for one in found)


def test_reading_the_register_loads_no_pandas() -> None:
    code = "import dataregister, sys; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
