"""Compiled code is kept where it may be, before anything is compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paperbuild.ground.bytecode import MARK, PLACE, drop_bytecode

TELL = "from paperbuild.__main__ import main; import sys; main(); print(sys.pycache_prefix)"


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("forbidden", ["", "1"])
def test_where_bytecode_is_forbidden_beside_the_sources_the_project_keeps_it(
    tmp_path: Path, forbidden: str, named: bool
) -> None:
    project = tmp_path / "paper"
    (project / MARK).parent.mkdir(parents=True)
    (project / MARK).write_text("", encoding="utf-8")
    here = tmp_path if named else project / "analysis"
    done = subprocess.run(
        [sys.executable, "-c", TELL, *(["--project", str(project)] if named else []), "clean"],
        cwd=here,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": forbidden, "PYTHONPYCACHEPREFIX": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    kept = os.path.realpath(project / PLACE) if forbidden else "None"
    assert done.stdout.splitlines()[-1] == kept


def test_bytecode_is_dropped_where_the_project_keeps_it_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept, ours in ((tmp_path / "paper" / PLACE, True), (tmp_path / "cache", False)):
        kept.mkdir(parents=True)
        (kept / "module.pyc").touch()
        monkeypatch.setattr(sys, "pycache_prefix", str(kept))
        drop_bytecode()
        assert kept.exists() != ours
