"""The private folder of a process: sockets, and the settings that take the place of the user's own."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

_private_folder: Path | None = None


def private_folder() -> Path:
    """Return this process's private folder for sockets and start-up settings, made on first use.

    It lies in the system's temporary folder, or in ``/tmp`` where the name of that is long: a socket's path
    may hold 107 bytes (104 on macOS), and those of ``multiprocessing`` take 60 below it. Folders of builds
    that were killed are removed on the way.
    """
    global _private_folder
    if _private_folder is None or not _private_folder.is_dir():
        base = Path(tempfile.gettempdir())
        base = base if len(os.fsencode(base)) < 40 else Path("/tmp")
        for left in base.glob("paperbuild-*-*"):
            with contextlib.suppress(OSError, ValueError):
                if left.stat().st_uid == os.getuid() and not _is_running(int(left.name.split("-")[1])):
                    shutil.rmtree(left, ignore_errors=True)
        # First, so that nothing is left where an interrupt comes while it is made.
        atexit.register(_remove, base, os.getpid())
        folder = Path(tempfile.mkdtemp(prefix=f"paperbuild-{os.getpid()}-", dir=base))
        (folder / "ipython").mkdir()
        (folder / "matplotlib").mkdir()
        (folder / "matplotlibrc").write_text("backend: agg\n", encoding="ascii")
        _private_folder = folder
    return _private_folder


def _remove(base: Path, pid: int) -> None:
    """Remove the folders of a process, at its end; not at that of one that was forked from it."""
    if pid == os.getpid():
        for folder in base.glob(f"paperbuild-{pid}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    """Tell whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
