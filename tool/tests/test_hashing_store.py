"""Hashes that bytes alone decide, and a store that holds whole results or none."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paperbuild.build.store import Store, build_lock, write_atomic
from paperbuild.ground.errors import PaperError
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


def test_write_atomic_keeps_the_old_file_when_it_cannot_write(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.write_text("in the way")
    with pytest.raises(PaperError, match="cannot write"):
        write_atomic(target / "file", "x")
    assert target.read_text() == "in the way"
    write_atomic(tmp_path / "new" / "file", "x")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["file"], "no temporary file is left"


def kept(store: Store, tmp_path: Path, name: str, content: str) -> None:
    """Keep one file under the fingerprint `name`."""
    staged = tmp_path / "staged" / "figures"
    staged.mkdir(parents=True)
    (staged / "a.svg").write_text(content)
    store.keep(name, tmp_path / "staged")


def test_store_keeps_finds_and_notices_damage(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.find("f1") is None
    kept(store, tmp_path, "f1", "picture")
    entry = store.find("f1")
    assert entry is not None
    assert entry.files == {"figures/a.svg": sha256_bytes(b"picture")}
    assert store.is_sound(entry)
    entry.path("figures/a.svg").write_text("pictures")
    assert not store.is_sound(entry)
    entry.path("figures/a.svg").unlink()
    assert not store.is_sound(entry)
    (entry.folder / "entry.json").write_text("{}")
    assert store.find("f1") is None


def test_prune_drops_the_longest_unused_and_nothing_needed_or_recent(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for age, name in [(300, "oldest"), (200, "needed"), (100, "older"), (0, "recent")]:
        kept(store, tmp_path, name, "x" * 1000)
        then = time.time() - age
        os.utime(store.folder / name, (then, then))
    (store.folder / ".half.1").mkdir()
    store.prune(3500, {"needed"})
    assert {p.name for p in store.folder.iterdir()} == {"needed", "older", "recent"}
    store.prune(0, {"needed"})
    assert {p.name for p in store.folder.iterdir()} == {"needed", "recent"}


def test_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = "import sys, time\nfrom pathlib import Path\nfrom paperbuild.build.store import build_lock\n"
    code += "with build_lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    holder = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(PaperError, match=f"process {holder.pid}"), build_lock(lock):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with build_lock(lock):
        assert lock.read_text().strip() == str(os.getpid())
    assert json.dumps(lock.read_text()) == '""'
