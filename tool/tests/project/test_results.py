"""Records of what notebooks made, and of what held them while they did."""

from pathlib import Path

from paperbuild.project.results import NotebookResults, parse_results, ways_held

CLOSED = {"network": "closed by the system", "files": "noticed by the system"}
DECLARED = {"network": "declared", "files": "noticed by the system"}


def test_what_is_written_is_read() -> None:
    record = NotebookResults("01-a", {"year": 2000}, {"data/a.csv": "0"}, ({"kind": "number"},), CLOSED)
    assert parse_results(record.text().encode()) == record


def test_ways_are_counted_and_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    for name, held in {"01-a": CLOSED, "02-b": DECLARED, "03-c": CLOSED, "04-old": {}}.items():
        (tmp_path / f"{name}.json").write_text(NotebookResults(name, held=held).text(), encoding="utf-8")
    for name, content in {"05-cut": "{", "06-list": "[]", "07-odd": '{"held": 3}'}.items():
        (tmp_path / f"{name}.json").write_text(content, encoding="utf-8")
    assert ways_held(tmp_path) == {
        "network of notebooks": "closed by the system (2), declared (1)",
        "files of notebooks": "noticed by the system (3)",
    }
    assert ways_held(tmp_path / "none") == {}
