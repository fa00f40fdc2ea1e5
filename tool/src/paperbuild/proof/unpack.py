"""A deposit unpacked and set up from its own lock: what a reviewer does by hand, in a folder of its own."""

from __future__ import annotations

import calendar
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paperbuild.ground.archives import UNREADABLE
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_file
from paperbuild.project import register
from paperbuild.project.layout import LOCK, PARAMETERS
from paperbuild.project.obtained import put

SUMS = "SHA256SUMS"
CRATE = "ro-crate-metadata.json"
READY = ".venv/.paper"
"""What the `Makefile` of every paper makes to set up its environment from its lock."""


@dataclass(frozen=True)
class Unpacked:
    """A deposit in a folder.

    Attributes
    ----------
    root : Path
        Where it lies.
    commit : str
        What it was made of, as its description says; empty where it does not.
    epoch : int
        Seconds since 1970 of its newest member: the date that its build stood for.
    flawed : tuple of str
        Members that are not those that the checksums list, or that these do not list.
    """

    root: Path
    commit: str
    epoch: int
    flawed: tuple[str, ...]


def unpack(archive: Path, folder: Path) -> Unpacked:
    """Unpack a deposit into a new folder and hold it against its own checksums.

    Raises
    ------
    PaperError
        Where the file is no archive of a paper, or a member would lie outside the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [info for info in opened.infolist() if not info.is_dir()]
            for info in members:
                _refuse_stray(info.filename, archive)
            epoch = max((calendar.timegm((*info.date_time, 0, 0, 0)) for info in members), default=0)
            opened.extractall(folder)
            for info in members:
                if info.external_attr >> 16 & 0o100:
                    (folder / info.filename).chmod(0o755)
    except UNREADABLE as error:
        raise PaperError(
            f"cannot be read as an archive: {error}",
            where=str(archive),
            expected="what `paper deposit` wrote",
        ) from None
    if not (folder / PARAMETERS).is_file():
        raise PaperError(
            f"it holds no {PARAMETERS}",
            where=str(archive),
            expected="what `paper deposit` wrote, a whole paper",
        )
    return Unpacked(folder, _commit(folder), epoch, tuple(_flawed(folder, {one.filename for one in members})))


def _refuse_stray(name: str, archive: Path) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise PaperError(
            f"a member lies outside: {name}", where=str(archive), expected="paths inside the paper"
        )


def _commit(folder: Path) -> str:
    try:
        graph = json.loads((folder / CRATE).read_text(encoding="utf-8"))["@graph"]
        told = next(str(one.get("version", "")) for one in graph if one.get("@id") == "./")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return ""
    return told if re.fullmatch(r"[0-9a-f]{40}", told) else ""


def _flawed(folder: Path, members: Iterable[str]) -> list[str]:
    sums = folder / SUMS
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines() if sums.is_file() else []
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    others = set(members) - {SUMS}
    wrong = {
        name for name, digest in listed.items() if name not in others or sha256_file(folder / name) != digest
    }
    return sorted(wrong | (others - listed.keys()))


def put_data(root: Path, folder: Path | None) -> list[str]:
    """Put data that a deposit may not hold in their places; return what was put, by path.

    Parameters
    ----------
    root : Path
        The unpacked deposit.
    folder : Path or None
        Where whoever obtained them keeps them, under the path or the name that the register gives.

    Raises
    ------
    PaperError, Findings
        For each file that is missing, with how to obtain it, and each that is not the one of the register.
    """
    package = register.read(root)
    wanted = [entry for entry in package.resources.values() if not entry.raw.get("redistributable", True)]
    missing = "the deposit may not hold this file"
    found = put(package, wanted, folder, missing, "paper verify --data FOLDER")
    return [path.relative_to(root).as_posix() for path in found]


def set_up(root: Path, tell: Callable[[str], None]) -> tuple[str, str]:
    """Set up the environment of a paper from its own lock, below its folder.

    Returns
    -------
    tuple of str
        The Python to rebuild with, and in words where it comes from.

    Raises
    ------
    PaperError
        Where the lock cannot be installed, with the last lines that say why.
    """
    if not ((root / LOCK).is_file() and (root / "Makefile").is_file()):
        return sys.executable, f"packages installed here, for there is no {LOCK} with a Makefile"
    tell(f"setting up from {LOCK}")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "PYTHON", "VIRTUAL_ENV"))
    }
    command = ["make", "-C", str(root), READY, f"PYTHON={sys.executable}"]
    done = _run(command, kept)
    if done.returncode:
        lines: Sequence[str] = (done.stdout + done.stderr).strip().splitlines()
        raise PaperError(
            "its environment could not be set up: " + "\n".join(lines[-10:]),
            where=LOCK,
            expected="every package of the lock on the package index that pip asks",
            remedy=f"make {READY} in the unpacked deposit shows all of it",
        )
    return str(root / ".venv/bin/python"), f"packages of its own {LOCK}, set up anew"


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PaperError("make is not installed", where="PATH", remedy="install make and try again") from None
