"""Papers begun with `paper init`, with packages lent instead of installed."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Nobody",
    "GIT_AUTHOR_EMAIL": "nobody@example.org",
    "GIT_COMMITTER_NAME": "Nobody",
    "GIT_COMMITTER_EMAIL": "nobody@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
SCRIPT = '#!/bin/sh\nexec "{python}" -m paperbuild "$@"\n'


def lend_packages(root: Path) -> None:
    """Give a paper the `.venv` that make would set up, with this interpreter's packages in it."""
    folder = root / ".venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    own = next(folder.glob("lib/python*/site-packages"))
    lines = [f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages()]
    (own / "lent.pth").write_text("".join(lines), encoding="utf-8")
    # nbconvert's templates lie beside the packages.
    (folder / "share").symlink_to(Path(sys.prefix) / "share")
    write_script(folder / "bin" / "paper", python)
    for stamp in (".paper", ".test"):
        (folder / stamp).touch()


def write_script(path: Path, python: Path | str = sys.executable) -> None:
    """Write the command `paper` for an interpreter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT.format(python=python), encoding="utf-8")
    path.chmod(0o755)


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a paper as a user does, whoever the user is to git."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **IDENTITY, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def files(root: Path) -> dict[str, bytes]:
    """Return what a paper consists of: its files but for those that git is told to ignore, and git's own."""
    copy = shutil.ignore_patterns(
        ".git", ".venv", "build", "_output", "__pycache__", ".pytest_cache", "figures", "text", "tables"
    )
    found = {}
    for folder, below, names in os.walk(root):
        ignored = copy(folder, [*below, *names])
        below[:] = [name for name in below if name not in ignored]
        found |= {
            (Path(folder) / name).relative_to(root).as_posix(): (Path(folder) / name).read_bytes()
            for name in names
        }
    return found
