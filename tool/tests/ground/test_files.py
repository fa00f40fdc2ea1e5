"""Files whole or not at all, and the build's own memory, in which any damage counts as absence."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import read_own, recall, remember, write_atomic

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_write_atomic_keeps_the_old_file_when_it_cannot_write(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.write_text("in the way")
    with pytest.raises(PaperError, match="cannot write"):
        write_atomic(target / "file", "x")
    assert target.read_text() == "in the way"
    write_atomic(tmp_path / "new" / "file", "x")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["file"], "no temporary file is left"


@given(value=JSON)
@settings(max_examples=50, deadline=None)
def test_what_is_remembered_is_recalled(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("memory") / "own.json"
    remember(path, value)
    assert recall(path) == value
    assert read_own(path)["content"] == value, "the file stays plain JSON"


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_changed_byte_makes_a_memory_absent(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("memory") / "own.json"
    remember(path, {"files": {"a": [1, 2]}, "facts": {"x": "y"}})
    content = bytearray(path.read_bytes())
    # The last byte is the line end behind the value.
    place = data.draw(st.integers(0, len(content) - 3))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert recall(path) is None
    path.write_bytes(content[:place])
    assert recall(path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1'])
def test_what_cannot_be_read_is_absent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.json").write_bytes(content)
    assert read_own(tmp_path / "own.json") is None
    assert recall(tmp_path / "own.json") is None
    assert read_own(tmp_path / "none.json") is None
