"""``paper init``: a new paper in an empty folder, which builds at once and carries the tool with it."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

from paperbuild.article import extension
from paperbuild.ground.errors import PaperError
from paperbuild.ground.own import PACKAGE
from paperbuild.ground.wheel import Wheel, own_wheel

TEMPLATES = PACKAGE / "templates"
"""``paper``: the smallest paper; ``example``: what a fuller one adds to it or has otherwise."""
HIDDEN = "dot_"
"""What stands for the dot of a hidden name: as ``.gitignore`` the template would rule its own repository."""
PROGRAMS = (".ci/run",)
LOCKS = ("requirements.lock", "requirements-test.lock")
VENDOR = "vendor"
NAME = b"name-of-the-paper"
"""The template's distribution name, which the folder's takes the place of."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper init``."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new or empty folder")
    parser.add_argument(
        "--example",
        action="store_true",
        help="a fuller paper: a second notebook, a claim, a scenario, an abstract in two languages",
    )


def main(project: None, args: argparse.Namespace) -> int:
    """Begin a paper in an empty folder and say what to do next."""
    folder = args.folder
    refuse_occupied(folder)
    write(folder, paper_files(folder.resolve().name, own_wheel(), args.example))
    place = shlex.quote(str(folder))
    print(f"{folder}: a paper that builds. Next:\n")
    print(f"  cd {place}")
    print("  make paper            sets up .venv from the lock (once, a minute), builds _output/paper.html")
    print("  make test             runs the tests")
    print('  git init && git add --all && git commit --message "A paper that builds"')
    print("\nthen README.md says how to make it your own, and .venv/bin/paper verify that it reproduces.")
    return 0


def refuse_occupied(folder: Path) -> None:
    """Raise where `folder` is a file or holds anything: nothing of an author's is ever written over."""
    if folder.is_dir():
        held = sorted(path.name for path in folder.iterdir())
        if not held:
            return
        message = f"the folder is not empty: it holds {held[0]}" + (
            f" and {len(held) - 1} more" if held[1:] else ""
        )
    elif folder.exists() or folder.is_symlink():
        message = "it is a file, no folder"
    else:
        return
    raise PaperError(
        message, where=str(folder), expected="a new or empty folder", remedy="name another: paper init FOLDER"
    )


def paper_files(name: str, wheel: Wheel, example: bool) -> dict[str, bytes]:
    """Return every file of a new paper by path.

    Parameters
    ----------
    name : str
        Name of the folder, which names the paper's archive.
    wheel : Wheel
        The tool, to be carried along.
    example : bool
        Whether to begin with the fuller paper.
    """
    files = template("paper") | (template("example") if example else {})
    files["pyproject.toml"] = files["pyproject.toml"].replace(NAME, distribution_name(name).encode())
    files[LOCKS[0]] = with_tool(files[LOCKS[0]].decode(), wheel).encode()
    files[f"{VENDOR}/{wheel.name}"] = wheel.content
    quarto = extension.files(extension.EXTENSION)
    files |= {f"{extension.PLACE}/{inner}": path.read_bytes() for inner, path in quarto.items()}
    return files


def template(name: str) -> dict[str, bytes]:
    """Return the files of a template by the path they have in a paper."""
    root = TEMPLATES / name
    return {
        "/".join(re.sub(f"^{HIDDEN}", ".", part) for part in path.relative_to(root).parts): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def distribution_name(folder: str) -> str:
    """Return a distribution name for a folder's name: ``Über uns (2)`` becomes ``ber-uns-2-paper``.

    The ending keeps a folder called ``pandas`` from naming a paper that depends on itself.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")
    return plain if plain.endswith("paper") else f"{plain}-paper".lstrip("-")


def with_tool(lock: str, wheel: Wheel) -> str:
    """Return a lock of the tool's dependencies with the tool itself in its place of the alphabet."""
    blocks = re.split(r"\n(?=\S)", lock.rstrip("\n"))
    blocks.append(f"{PACKAGE.name}=={wheel.version} \\\n    --hash=sha256:{wheel.sha256}")
    return "\n".join(sorted(blocks, key=lambda block: re.split(r"[=;\s]", block, maxsplit=1)[0])) + "\n"


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write `files` into `folder`, which comes into being with them."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if name in PROGRAMS:
            target.chmod(0o755)
