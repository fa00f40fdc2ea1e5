"""Tables changed on purpose: what their checks see, what only recorded counts do, what passes."""

import json
from pathlib import Path
from typing import Any

from dataregister import Package, read_package
from paperbuild.checks.mutate_tables import mutate_tables

SUM = {
    "check": "balance",
    "why": "Both are all.",
    "sum": {"of": {"men": 1, "women": 1}, "by": "town"},
    "is": {"of": "all"},
}
ROWS = {"check": "rows", "count": 3}


def package(root: Path, *checks: dict[str, Any]) -> Package:
    fields = [{"name": "town"}, *({"name": one, "type": "integer"} for one in ("men", "women", "all"))]
    entry = {"name": "towns", "path": "towns.csv", "schema": {"fields": fields}, "checks": list(checks)}
    (root / "towns.csv").write_text("town,men,women,all\nA,101,202,303\nB,111,121,232\nC,210,130,340\n")
    (root / "datapackage.json").write_text(json.dumps({"resources": [entry]}))
    return read_package(root / "datapackage.json")


def test_without_checks_most_passes(tmp_path: Path) -> None:
    found = mutate_tables(package(tmp_path))
    # All digits but a leading one that became 0, all rows, and columns of one type.
    assert found.passing("a row gone") == found.counts["a row gone"] == 3
    assert found.passing("another digit") >= 3
    assert found.passing("columns exchanged") >= 1
    assert not found.sound
    assert "A,101,202,303" in " ".join(map(str, found.passed))


def test_a_sum_sees_digits_and_a_count_sees_rows(tmp_path: Path) -> None:
    found = mutate_tables(package(tmp_path, SUM, ROWS))
    assert (found.passing("another digit"), found.recorded["another digit"]) == (0, 0)
    assert (found.passing("a row gone"), found.recorded["a row gone"]) == (0, 3)
    # Men and women make the same sum when they change places.
    assert [one.what for one in found.passed] == ["men ↔ women"]


def test_changes_are_the_same_each_time(tmp_path: Path) -> None:
    assert mutate_tables(package(tmp_path)) == mutate_tables(package(tmp_path))
