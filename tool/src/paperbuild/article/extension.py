"""The Quarto extension ``paperbuild``: what both typesetters share, in Quarto's own layout of an extension.

It travels in this package, where the embedded engine reads it, and as a copy in ``_extensions/paperbuild/``
of each project, where Quarto looks for extensions (it takes no link for one). The copy is committed, so that
``quarto render`` works on a fresh clone; `paper check` holds it against the package, and
``python -m paperbuild.article.extension`` writes it anew.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
NAME = "paperbuild"
PLACE = f"_extensions/{NAME}"
"""Where an extension lies in a project, by Quarto's rule."""
EXTENSION = ASSETS / PLACE
LANGUAGES = EXTENSION / "languages"
"""What hangs on a language, one file each."""
NOTEBOOK_PAGE, NOTEBOOK_INDEX = ASSETS / "notebook.html.j2", ASSETS / "notebook-index.html.j2"


def files(folder: Path) -> dict[str, Path]:
    """Return the files of an extension's folder by their path in it; none where there is no such folder."""
    found: dict[str, Path] = {}
    start = len(str(folder)) + 1
    # Asked for by every document of every build, so that paths are texts until the end.
    for here, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name != "__pycache__")
        found |= {f"{here}/{name}"[start:]: Path(here, name) for name in sorted(names)}
    return found


def differing(root: Path) -> list[str]:
    """Return the files of a project's copy, from its root, that are not those of the package."""
    ours, theirs = files(EXTENSION), files(root / PLACE)
    return [
        f"{PLACE}/{name}"
        for name in sorted(ours.keys() | theirs.keys())
        if name not in ours or name not in theirs or ours[name].read_bytes() != theirs[name].read_bytes()
    ]


def install(root: Path) -> list[str]:
    """Make a project's copy equal to the package's; return the files that changed, from the root."""
    changed = differing(root)
    for shown in changed:
        source, target = ASSETS / shown, root / shown
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        else:
            target.unlink()
    return changed


if __name__ == "__main__":
    print("\n".join(install(Path(sys.argv[1] if len(sys.argv) > 1 else "."))))
