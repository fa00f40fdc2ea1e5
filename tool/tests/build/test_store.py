"""A store that holds whole results or none, and a lock that goes with its process."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paperbuild.build.store import Store, build_lock
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_bytes
from paperbuild.steps.step import fingerprint


def named(name: str) -> dict[str, str]:
    """Return inputs that differ from those of any other name."""
    return {"name": name}


def left(store: Store) -> set[str]:
    """Return the names of what lies in the store."""
    return {path.name for path in store.folder.iterdir()}


def kept(store: Store, tmp_path: Path, name: str, content: str) -> None:
    """Keep one file as what the one input `name` gives."""
    staged = tmp_path / "staged" / "figures"
    staged.mkdir(parents=True)
    (staged / "a.svg").write_text(content)
    store.keep(named(name), tmp_path / "staged")


def test_store_keeps_finds_and_notices_damage(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.find(named("f1")) is None
    kept(store, tmp_path, "f1", "picture")
    entry = store.find(named("f1"))
    assert entry is not None
    assert entry.files == {"figures/a.svg": sha256_bytes(b"picture")}
    assert store.is_sound(entry)
    assert entry.content("figures/a.svg") == b"picture"
    entry.path("figures/a.svg").write_text("pictures")
    with pytest.raises(PaperError, match=r"the kept file figures/a\.svg is damaged"):
        entry.content("figures/a.svg")
    assert not store.is_sound(entry)
    entry.path("figures/a.svg").unlink()
    assert not store.is_sound(entry)
    listed = entry.folder / "entry.json"
    listed.write_text(json.dumps(json.loads(listed.read_text()) | {"content": {"files": {}}}))
    assert store.find(named("f1")) is None, "a list that says other than it did is none"
    listed.write_text("{}")
    assert store.find(named("f1")) is None


def test_prune_drops_the_longest_unused_and_nothing_needed_or_recent(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for age, name in [(300, "oldest"), (200, "needed"), (100, "older"), (0, "recent")]:
        kept(store, tmp_path, name, "x" * 1000)
        then = time.time() - age
        os.utime(store.folder / fingerprint(named(name)), (then, then))
    (store.folder / ".half.1").mkdir()
    needed = {fingerprint(named("needed"))}
    store.prune(3600, needed)
    assert left(store) == {fingerprint(named(name)) for name in ("needed", "older", "recent")}
    store.prune(0, needed)
    assert left(store) == {fingerprint(named(name)) for name in ("needed", "recent")}


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
