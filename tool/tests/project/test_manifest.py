"""The manifest: what is written is read, and of a damaged one what is sound."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paperbuild.project.manifest import Manifest, parse_manifest, read_manifest

SOUND = Manifest(
    ({"path": "figures/a.svg", "kind": "figure", "sha256": "0", "notebook": "01-a", "cell": "c"},),
    {"x.y": {"value": 1, "text": "1", "notebook": "01-a"}},
    ({"path": "paper.html", "engine": "embedded"},),
    ({"message": "odd", "notebook": "01-a", "cell": "c"},),
    {"01-a": "abc"},
)


def test_what_is_written_is_read() -> None:
    assert parse_manifest(SOUND.text().encode()) == SOUND
    assert json.loads(SOUND.text())["format"] == 1


@pytest.mark.parametrize(
    ("content", "broken"),
    [
        (b"", "no valid JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "has no 'outputs'"),
        (b'{"outputs": 3, "numbers": {}, "documents": []}', "'outputs' is no list"),
        (b'{"outputs": [3], "numbers": {}, "documents": []}', "1 entries of 'outputs' name no path"),
        (b'{"outputs": [], "numbers": {"a": 1}, "documents": []}', "the number 'a' is no object"),
        (b'{"outputs": [], "numbers": {}, "documents": [], "findings": [1]}', "1 entries of 'findings'"),
    ],
)
def test_what_is_damaged_is_said(content: bytes, broken: str) -> None:
    found = parse_manifest(content)
    assert broken in found.broken[0]
    assert found.outputs == ()
    assert found.numbers == {}


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)
KEYS = ("outputs", "numbers", "documents", "findings", "recipes")


@given(st.dictionaries(st.sampled_from(KEYS), JSON | st.lists(JSON)) | JSON)
@settings(max_examples=200, deadline=None)
def test_anything_can_be_read_and_the_sound_part_written(value: object) -> None:
    found = parse_manifest(json.dumps(value).encode())
    again = parse_manifest(found.text().encode())
    assert again.broken == ()
    assert again.text() == found.text()


def test_a_missing_manifest_is_an_empty_one(tmp_path: Path) -> None:
    assert read_manifest(tmp_path / "none.json").outputs == ()
    assert read_manifest(tmp_path / "none.json").broken
