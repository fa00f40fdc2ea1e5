"""One toy project, built once a session by whichever worker is first; tests work on copies of it."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from toy import make_toy, paper


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as built: to look at and to copy, never to change, since all workers share it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a folder of its own in that of the session
        base = base.parent
    root, whole = base / "built" / "toy", base / "built.whole"
    with (base / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(root, ignore_errors=True)
            done = paper(make_toy(root), "build")
            assert done.returncode == 0, done.stderr
            whole.touch()
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of the built project, store included."""
    return Path(shutil.copytree(built, tmp_path / "toy"))


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The same project, never built."""
    return make_toy(tmp_path / "toy")
