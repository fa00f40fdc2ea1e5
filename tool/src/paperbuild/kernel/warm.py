"""The warm fork server, and the fixed surroundings of every kernel; imports nothing heavy itself."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

# Slow imports worth doing once: for each package, what notebooks use of it. Only what the steps about to run
# import is loaded. The project's own modules are not among them: they may change while the server lives.
HEAVY = {
    "numpy": ("numpy.random",),
    "pandas": ("pandas",),
    "scipy": ("scipy.stats", "scipy.optimize", "scipy.spatial", "scipy.sparse.linalg"),
    "statsmodels": ("statsmodels.api", "statsmodels.formula.api"),
    "matplotlib": ("matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
    "seaborn": ("seaborn",),
    "shapely": ("shapely",),
    "pyproj": ("pyproj",),
    "joblib": ("joblib",),
}

# One thread for linear algebra (results do not depend on the number of cores), one hash seed, one time zone,
# one locale, no display: what differs between machines and runs is fixed here and nowhere else.
SURROUNDINGS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def surroundings(settings_dir: str, epoch: int) -> dict[str, str]:
    """Return the environment variables of a kernel process, to be laid over the user's own."""
    return {
        **SURROUNDINGS,
        "SOURCE_DATE_EPOCH": str(epoch),
        # Neither the user's IPython start-up files nor their matplotlibrc may change a result.
        "IPYTHONDIR": str(Path(settings_dir) / "ipython"),
        "MATPLOTLIBRC": str(Path(settings_dir) / "matplotlibrc"),
    }


_started = threading.Event()
_lock = threading.Lock()


def start_server(packages: Iterable[str] = ()) -> None:
    """Start the process that imports libraries once and forks kernels; return at once, it imports meanwhile.

    Parameters
    ----------
    packages : iterable of str
        What the kernels will import, of which the slow ones (`HEAVY`) are loaded. A server that runs already
        stays as it is.
    """
    with _lock:
        if not _started.is_set():
            heavy = [module for package in HEAVY if package in packages for module in HEAVY[package]]
            multiprocessing.get_context("forkserver").set_forkserver_preload(
                ["paperbuild.kernel.preload", *heavy]
            )
            _started.set()
        # Before every fork, not once: a server that has died is started again, in the same surroundings.
        with _environment(surroundings(str(settings_folder()), 0)), _without_interrupts():
            forkserver.ensure_running()


def fork_context() -> Any:
    """Return the multiprocessing context whose processes are forked from the warm server."""
    start_server()
    return multiprocessing.get_context("forkserver")


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start a child that Ctrl-C passes by: the build alone answers it, and ends its kernels."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(extra: Mapping[str, str]) -> Iterator[None]:
    """Lay `extra` over this process's environment for as long as a child is being started."""
    saved = dict(os.environ)
    os.environ.update(extra)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


_settings_folder: Path | None = None


def settings_folder() -> Path:
    """Return this process's private folder for sockets and start-up settings, made on first use.

    It lies in the system's temporary folder because a socket's path may hold 107 bytes, which a project's
    own path can exceed. Folders of builds that were killed are removed on the way.
    """
    global _settings_folder
    if _settings_folder is None or not _settings_folder.is_dir():
        base = Path(tempfile.gettempdir())
        base = base if len(os.fsencode(base)) < 60 else Path("/tmp")
        for left in base.glob("paperbuild-*-*"):
            with contextlib.suppress(OSError, ValueError):
                if left.stat().st_uid == os.getuid() and not _is_running(int(left.name.split("-")[1])):
                    shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"paperbuild-{os.getpid()}-", dir=base))
        (folder / "ipython").mkdir()
        (folder / "matplotlibrc").write_text("backend: agg\n", encoding="ascii")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _settings_folder = folder
    return _settings_folder


def _is_running(pid: int) -> bool:
    """Tell whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
