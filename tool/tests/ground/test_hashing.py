"""Hashes that bytes alone decide, remembered only while nothing can have changed."""

import os
import time
from pathlib import Path

import pytest

from paperbuild.ground.hashing import HashCache, sha256_bytes, sha256_json


def at_rest(path: Path, content: str) -> None:
    """Write a file whose modification lies well in the past."""
    path.write_text(content)
    old = time.time() - 60
    os.utime(path, (old, old))


def test_a_file_that_may_still_change_is_not_remembered(tmp_path: Path) -> None:
    path, cache = tmp_path / "a", HashCache(tmp_path / "cache.json")
    path.write_text("one")
    assert cache.file(path) == sha256_bytes(b"one")
    # Same size, same inode; on a file system with coarse times the stamps could be the same, too.
    path.write_text("two")
    assert cache.file(path) == sha256_bytes(b"two")
    cache.save()
    assert not (tmp_path / "cache.json").exists(), "nothing at rest, nothing to remember"


def test_times_set_back_hide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    monkeypatch.setattr("paperbuild.ground.hashing.RACY_NANOSECONDS", 0)
    cache = HashCache(tmp_path / "cache.json")
    cache.file(path)
    cache.save()
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert HashCache(tmp_path / "cache.json").file(path) == sha256_bytes(b"two")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": 1, "facts": 2}', '{"files": {}}'])
def test_a_broken_cache_costs_time_only(tmp_path: Path, content: str) -> None:
    (tmp_path / "cache.json").write_text(content)
    at_rest(tmp_path / "a", "x")
    cache = HashCache(tmp_path / "cache.json")
    assert cache.file(tmp_path / "a") == sha256_bytes(b"x")
    assert cache.fact("kind", "digest", lambda: 7) == 7
    cache.save()
    assert HashCache(tmp_path / "cache.json").fact("kind", "digest", lambda: 8) == 7


def test_order_of_keys_does_not_matter() -> None:
    assert sha256_json({"a": 1, "b": [2]}) == sha256_json({"b": [2], "a": 1})
    assert sha256_json([1, 2]) != sha256_json([2, 1])


def traced(cache: HashCache, *paths: Path) -> tuple[str, int]:
    """Have the texts of `paths` joined and remembered; return them and how often they were read for it."""
    reads = []

    def compute() -> tuple[str, tuple[Path, ...]]:
        reads.append(1)
        return "".join(path.read_text() if path.is_file() else "?" for path in paths), paths

    return cache.traced("joined", "them", compute), len(reads)


@pytest.mark.parametrize("change", ["edited", "appeared", "gone"])
def test_what_follows_from_files_holds_until_one_of_them_changes_comes_or_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr("paperbuild.ground.hashing.RACY_NANOSECONDS", 0)
    one, other = tmp_path / "one", tmp_path / "other"
    at_rest(one, "a")
    cache = HashCache(tmp_path / "cache.json")
    assert traced(cache, one, other) == ("a?", 1)
    cache.save()
    assert traced(HashCache(tmp_path / "cache.json"), one, other) == ("a?", 0)
    if change == "edited":
        one.write_text("b")
    elif change == "appeared":
        other.write_text("b")
    else:
        one.unlink()
    expected = {"edited": "b?", "appeared": "ab", "gone": "??"}[change]
    assert traced(HashCache(tmp_path / "cache.json"), one, other) == (expected, 1)


def test_nothing_that_follows_from_a_file_still_in_motion_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("a")
    cache = HashCache(tmp_path / "cache.json")
    assert [traced(cache, tmp_path / "one") for _ in range(2)] == [("a", 1), ("a", 1)]


def test_in_a_still_look_a_file_is_asked_for_once_and_afterwards_again(tmp_path: Path) -> None:
    path, cache = tmp_path / "a", HashCache(tmp_path / "cache.json")
    path.write_text("one")
    with cache.still():
        assert cache.file(path) == sha256_bytes(b"one")
        path.write_text("two")
        assert cache.file(path) == sha256_bytes(b"one")
    assert cache.file(path) == sha256_bytes(b"two")
