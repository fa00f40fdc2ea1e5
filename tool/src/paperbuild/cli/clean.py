"""``paper clean``: removes what a build made and can make again."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from paperbuild.build.store import build_lock
from paperbuild.ground.files import disk_refused
from paperbuild.project.layout import OUTPUT, Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper clean``."""
    parser.add_argument("--store", action="store_true", help="only the kept results (build/store)")


def main(project: Project, args: argparse.Namespace) -> int:
    """Remove build/ and _output/ (or only the kept results); figures/ and tables/ stay."""
    targets = [project.store] if args.store else [project.build, project.root / OUTPUT]
    freed = 0
    with build_lock(project.lock):
        for target in targets:
            freed += size_of(target)
            try:
                shutil.rmtree(target)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise disk_refused(error, target) from None
    names = ", ".join(f"{project.relative(target)}/" for target in targets)
    print(f"paper: removed {names} ({freed / 1e6:.0f} MB); the next build makes them again", file=sys.stderr)
    return 0


def size_of(folder: Path) -> int:
    """Return the bytes of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
