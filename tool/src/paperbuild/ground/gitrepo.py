"""What the build asks of git, with messages a user can act on."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints, without the last line end.

    Raises
    ------
    PaperError
        Where git is not installed or refuses, with git's own words.
    """
    try:
        done = _run(folder, *arguments, text=True)
    except FileNotFoundError:
        raise _absent() from None
    if done.returncode:
        raise PaperError(
            f"git {arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}",
            where=str(folder),
            expected="a project under git, with a commit",
            remedy="clone the project with git, or commit it first (git init; git add; git commit)",
        )
    return done.stdout.rstrip("\n")


def top_level(root: Path) -> tuple[Path, Path]:
    """The repository that holds the project, and the project's place in it."""
    top = Path(git(root, "rev-parse", "--show-toplevel")).resolve()
    return top, root.resolve().relative_to(top)


def clean_clone(root: Path, revision: str, folder: Path) -> tuple[Path, str]:
    """Clone the project's repository at a revision, as committed.

    Parameters
    ----------
    root : Path
        Project root, anywhere inside the repository.
    revision : str
        Any name git knows.
    folder : Path
        Where the clone goes; it must not exist.

    Returns
    -------
    tuple of Path and str
        The project root inside the clone, and the full commit hash.
    """
    top, place = top_level(root)
    commit = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    git(top, "clone", "--quiet", "--no-hardlinks", "--no-checkout", str(top), str(folder))
    git(folder, "-c", "core.autocrlf=false", "checkout", "--quiet", "--detach", commit)
    return folder / place, commit


def uncommitted(root: Path) -> list[str]:
    """Files of the project that differ from the last commit or are unknown to it."""
    return [line[3:] for line in git(root, "status", "--porcelain", "--", ".").splitlines()]


def ignored(root: Path, names: list[str]) -> set[str]:
    """Those of the files that git is told to leave alone; none where the project is not under git.

    Parameters
    ----------
    root : Path
        Project root.
    names : list of str
        Files, relative to the root.
    """
    try:
        done = _run(root, "check-ignore", "-z", "--stdin", input="\0".join(names), text=True)
    except FileNotFoundError:
        return set()
    return {name for name in done.stdout.split("\0") if name}


def committed(root: Path, name: str) -> bytes:
    """Return a file of the last commit; nothing where git or the commit does not have it."""
    try:
        content: bytes = _run(root, "show", f"HEAD:./{name}").stdout
    except OSError:
        return b""
    return content


def merge_file(current: str, base: str, other: str) -> str | None:
    """Return `current` with the changes that lead from `base` to `other`; None where both changed one place.

    Raises
    ------
    PaperError
        Where git is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = ("current", "base", "other")
        for name, text in zip(names, (current, base, other), strict=True):
            Path(folder, name).write_bytes(text.encode("utf-8"))
        try:
            done = _run(Path(folder), "merge-file", "--stdout", "--quiet", *names)
        except FileNotFoundError:
            raise _absent() from None
        return done.stdout.decode("utf-8") if done.returncode == 0 else None


def _run(folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[Any]:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, **options)


def _absent() -> PaperError:
    return PaperError(
        "git is not installed",
        where="PATH",
        expected="git, to know what was committed",
        remedy="install git and try again",
    )
