"""The processes that a kernel starts: kept in its family, and ended with it."""

from __future__ import annotations

import contextlib
import ctypes
import sys

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Have this process inherit what its children leave behind, where the system knows of that (Linux).

    A daemon, whose parent has ended and which leads a session of its own, is then still found below it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_family(pid: int) -> None:
    """End all processes below one, whatever group or session they are in; nothing where it is gone."""
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        # Again, until none is left: one may have started another before it was ended.
        for _ in range(100):
            living = [one for one in process.children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]
            if not living:
                return
            for one in living:
                with contextlib.suppress(psutil.Error):
                    one.kill()
            psutil.wait_procs(living, timeout=0.2)
