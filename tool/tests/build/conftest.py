"""One toy project, built once a session; tests work on copies of it."""

import shutil
from pathlib import Path

import pytest

from toy import make_toy, paper


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_toy(tmp_path_factory.mktemp("built") / "toy")
    done = paper(root, "build")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of the built project, store included."""
    return Path(shutil.copytree(built, tmp_path / "toy"))


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The same project, never built."""
    return make_toy(tmp_path / "toy")
