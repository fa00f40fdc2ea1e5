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
