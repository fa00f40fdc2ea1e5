"""What a register claims beyond a schema: each kind of claim holds, and is belied by one wrong cell."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dataregister import DataError, Package, read_package
from dataregister.checks import RECORDED, Judge, edited, findings, named, recorded, tables_asked
from dataregister.tables import cells

REGIONS = "region,country\nA1,A\nA2,A\nB1,B\n"
PEOPLE = "region,year,men,women,all\nA1,2000,10,11,21\nA1,2001,11,11,22\nA2,2000,4,5,9\nA2,2001,4,6,10\n"
COUNTRIES = "country,year,persons,rounded\nA,2000,30,false\nA,2001,32,true\n"

CHECKS: dict[str, dict[str, Any]] = {
    "rows": {"check": "rows", "count": 4},
    "complete": {"check": "complete", "columns": ["region", "year"]},
    "totals": {"check": "totals", "sums": {"year": "8002", "men": "29", "women": "33", "all": "62"}},
    "balance of columns": {
        "check": "balance",
        "why": "Both sexes are all.",
        "sum": {"of": {"men": 1, "women": 1}, "by": ["region", "year"]},
        "is": {"of": "all"},
    },
    "balance with another table": {
        "check": "balance",
        "why": "Regions make the country.",
        "sum": {"of": "all", "by": ["regions.country", "year"]},
        "is": {"table": "countries", "of": "persons", "by": ["country", "year"]},
    },
    "part and whole": {
        "check": "balance",
        "why": "The first region lies in the country.",
        "sum": {"of": "all", "by": ["regions.country", "year"], "where": {"region": "A1"}},
        "at_most": {"table": "countries", "of": "persons", "by": ["country", "year"]},
    },
    "steps": {
        "check": "steps",
        "why": "Nothing moves by a third.",
        "column": "all",
        "along": "year",
        "by": ["region"],
        "factor": 1.3,
    },
}


def make(root: Path, *checks: Mapping[str, Any], people: str = PEOPLE) -> Package:
    """Write three tables, the checks on the one of people, and read the register."""

    def columns(*names: str) -> list[dict[str, Any]]:
        kinds = {"rounded": "boolean", **dict.fromkeys(("year", "men", "women", "all", "persons"), "integer")}
        return [{"name": name, "type": kinds.get(name, "string")} for name in names]

    key = {"fields": "region", "reference": {"resource": "regions", "fields": "region"}}
    schemas: dict[str, dict[str, Any]] = {
        "regions": {"fields": columns("region", "country"), "primaryKey": "region"},
        "people": {
            "fields": columns("region", "year", "men", "women", "all"),
            "primaryKey": ["region", "year"],
            "foreignKeys": [key],
        },
        "countries": {"fields": columns("country", "year", "persons", "rounded")},
    }
    entries = [{"name": name, "path": f"{name}.csv", "schema": schema} for name, schema in schemas.items()]
    entries[1]["checks"] = list(checks)
    for name, text in (("regions", REGIONS), ("people", people), ("countries", COUNTRIES)):
        (root / f"{name}.csv").write_text(text)
    (root / "datapackage.json").write_text(json.dumps({"resources": entries}, indent=1))
    return read_package(root / "datapackage.json", "data/datapackage.json")


def told(package: Package) -> list[str]:
    return [str(one) for one in findings(package, "people")]


@pytest.mark.parametrize("kind", CHECKS)
def test_what_is_claimed_and_so_is_no_finding(tmp_path: Path, kind: str) -> None:
    assert told(make(tmp_path, CHECKS[kind])) == []


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        ("rows", "A2,2001,4,6,10\n", "", "found 3 rows, expected 4 rows"),
        ("complete", "A2,2001,4,6,10\n", "", "found no row for A2 2001"),
        ("totals", "11,22", "11,27", "found a total of 67 (+5), expected 62"),
        ("balance of columns", "10,11,21", "10,17,21", "found a sum of 27 for A1 2000, expected 21"),
        ("balance with another table", "5,9", "5,8", "found a sum of 29 for A 2000, expected 30"),
        ("part and whole", "11,21", "11,31", "found a sum of 31 for A 2000, expected at most 30"),
        ("steps", "11,22", "11,29", "found 29 for A1 2001, expected within 1.3-fold of 21"),
    ],
)
def test_a_cell_that_belies_a_claim_is_named(
    tmp_path: Path, kind: str, before: str, after: str, said: str
) -> None:
    (one,) = told(make(tmp_path, CHECKS[kind], people=PEOPLE.replace(before, after)))
    assert one.startswith("data/people.csv")
    assert said in one
    line = (tmp_path / "datapackage.json").read_text().splitlines()[int(one.rpartition(":")[2][:-1]) - 1]
    assert line.strip() == "{"


def test_decimal_fractions_add_up_as_they_are_written(tmp_path: Path) -> None:
    package = make(tmp_path)
    entry = package.entry("people")
    rows = {**cells(package, "people"), "men": ["1", "2", "0", "0"]}
    assert recorded(entry, rows)[1]["sums"]["men"] == "3"
    tenths = {"year": ["0.1"] * 10, "men": [""] * 10, "women": ["1e-06"] * 10, "all": ["-5"] * 10}
    sums = recorded(entry, {"region": ["A"] * 10, **tenths})[1]["sums"]
    assert sums == {"year": "1.0", "men": "0", "women": "0.000010", "all": "-50"}


def test_what_is_recorded_holds_and_keeps_the_other_claims(tmp_path: Path) -> None:
    package = make(tmp_path, CHECKS["rows"] | {"count": 7}, CHECKS["steps"])
    checks = recorded(package.entry("people"), cells(package, "people"))
    assert [one["check"] for one in checks] == ["rows", "totals", "steps"]
    assert told(make(tmp_path, *checks)) == []


def test_an_exception_is_passed_over_and_told_when_it_no_longer_occurs(tmp_path: Path) -> None:
    known = CHECKS["steps"] | {"exceptions": [{"case": "A1 2001", "why": "A camp was opened."}]}
    assert told(make(tmp_path, known, people=PEOPLE.replace("11,22", "11,29"))) == []
    (one,) = told(make(tmp_path, known))
    assert "the exception A1 2001, which no longer occurs" in one


def test_an_empty_cell_leaves_its_group_out_and_no_group_at_all_is_told(tmp_path: Path) -> None:
    wanting = PEOPLE.replace("10,11,21", "10,,21")
    assert told(make(tmp_path, CHECKS["balance of columns"], people=wanting)) == []
    nobody = CHECKS["balance of columns"] | {"is": {"of": "all", "where": {"year": {"from": 2005}}}}
    (one,) = told(make(tmp_path, nobody))
    assert "no group to compare" in one


def test_a_part_of_a_table_may_be_complete(tmp_path: Path) -> None:
    without = PEOPLE.replace("A2,2001,4,6,10\n", "")
    first = CHECKS["complete"] | {"where": {"region": "A1"}}
    assert told(make(tmp_path, first, people=without)) == []
    (one,) = told(make(tmp_path, first | {"where": {"region": "B1"}}, people=without))
    assert "no row to look at" in one


def test_rows_are_chosen_by_values_bounds_and_what_they_are_not(tmp_path: Path) -> None:
    sum_of = CHECKS["balance of columns"]["sum"]
    for where, groups in (
        ({"region": ["A1"]}, {("A1", "2000"), ("A1", "2001")}),
        ({"region": {"not": "A1"}}, {("A2", "2000"), ("A2", "2001")}),
        ({"year": {"to": 2000}, "regions.country": "A"}, {("A1", "2000"), ("A2", "2000")}),
    ):
        # The wrong total of every row is found only where the row counts.
        off = {"check": "balance", "why": "w", "sum": {**sum_of, "where": where}, "is": {"of": "men"}}
        found = findings(make(tmp_path, off), "people")
        assert {tuple(one.found.partition(" for ")[2].split()) for one in found} == groups


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"check": "rowz"}, "the check 'rowz'; known are rows"),
        ({"check": "rows"}, "'count'"),
        ({"count": 3}, "'check'"),
        ("rows", "TypeError"),
        ({"check": "totals", "sums": {"men": "a"}}, "cannot be read"),
        ({"check": "complete", "columns": ["nowhere"]}, "the column nowhere, which people does not have"),
        (CHECKS["steps"] | {"why": " "}, "without `why`"),
        (CHECKS["steps"] | {"where": [1]}, "no object of columns"),
        (CHECKS["steps"] | {"by": ["countries.name"]}, "no foreign key of people leads to countries"),
        (CHECKS["steps"] | {"along": "region"}, "cannot be asked"),
        (CHECKS["balance of columns"] | {"is": {"table": "nowhere"}}, "no table named 'nowhere'"),
    ],
)
def test_a_check_that_cannot_be_asked_is_told(tmp_path: Path, check: Any, said: str) -> None:
    found = told(make(tmp_path, check))
    assert len(found) == 1
    assert found[0].startswith("data/datapackage.json")
    assert said in found[0]


def test_a_verdict_rests_on_the_tables_of_keys_and_checks(tmp_path: Path) -> None:
    package = make(tmp_path, CHECKS["balance with another table"])
    assert tables_asked(package, "people") == {"regions", "countries"}
    changed = edited(package, {"countries": COUNTRIES.replace("32", "33").encode()})
    assert "expected 33" in str(findings(changed, "people")[0])
    assert findings(edited(package, {"regions": b""}), "people")


def test_checks_of_one_name_are_reported_together(tmp_path: Path) -> None:
    """Each name with what was compared and what departs, whether or not it is an exception."""
    said = {"name": "parts make wholes", "why": "They are counted once."}
    columns = CHECKS["balance of columns"] | said | {"exceptions": [{"case": "A1 2001", "why": "A camp."}]}
    wholes = CHECKS["balance with another table"] | said
    off = PEOPLE.replace("11,11,22", "12,11,22")
    (one,) = named(make(tmp_path, CHECKS["rows"], columns, wholes, CHECKS["steps"], people=off))
    assert (one.name, one.why, one.tables) == (*said.values(), ("people", "countries"))
    # four rows of two sexes, two years of one country
    assert (one.compared, [departure.case for departure in one.departures]) == (6, ["A1 2001"])
    with pytest.raises(DataError, match="another `why`"):
        named(make(tmp_path, columns, wholes | {"why": "Otherwise."}))


def test_each_kind_counts_what_it_looks_at(tmp_path: Path) -> None:
    checks = [CHECKS[kind] | {"name": kind} for kind in CHECKS]
    counted = {one.name: one.compared for one in named(make(tmp_path, *checks))}
    assert counted == {
        "rows": 1,
        "complete": 4,
        "totals": 4,
        "balance of columns": 4,
        "balance with another table": 2,
        "part and whole": 2,
        "steps": 2,
    }


def test_a_named_check_that_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be asked"):
        named(make(tmp_path, CHECKS["steps"] | {"name": "steps", "column": "none"}))
    with pytest.raises(DataError, match=r"people\.csv:2"):
        named(
            make(
                tmp_path, CHECKS["steps"] | {"name": "steps"}, people=PEOPLE.replace("10,11,21", "ten,11,21")
            )
        )


def test_a_key_leads_on_from_the_table_it_leads_to(tmp_path: Path) -> None:
    """Groups by the continent of the country of a region: two keys in a row."""
    make(tmp_path)
    (tmp_path / "land.csv").write_text("country,continent\nA,North\nB,South\n")
    register = json.loads((tmp_path / "datapackage.json").read_text())
    regions = register["resources"][0]
    key = {"fields": "country", "reference": {"resource": "land", "fields": "country"}}
    regions["schema"]["foreignKeys"] = [key]
    text = [{"name": name, "type": "string"} for name in ("country", "continent")]
    register["resources"].append({"name": "land", "path": "land.csv", "schema": {"fields": text}})
    (tmp_path / "datapackage.json").write_text(json.dumps(register))
    package = read_package(tmp_path / "datapackage.json", "data/datapackage.json")
    found = Judge(package).keys(package.entry("people"), ["regions.land.continent", "year"])
    assert found == [("North", "2000"), ("North", "2001"), ("North", "2000"), ("North", "2001")]


def test_kinds_can_be_left_out(tmp_path: Path) -> None:
    package = make(tmp_path, CHECKS["rows"], CHECKS["totals"], people=PEOPLE.replace("11,22", "11,27"))
    assert Judge(package).findings("people")
    assert Judge(package, without=RECORDED).findings("people") == []
