"""The warm fork server, which starts in the surroundings of a kernel; imports nothing heavy itself."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

from paperbuild.ground.interpreter import OWN_FOLDER
from paperbuild.ground.private import private_folder
from paperbuild.ground.surroundings import kernel_environment

# Slow imports worth doing once: for each package, what notebooks use of it. Only what the steps about to run
# import is loaded. The project's own modules are not among them: they may change while the server lives.
HEAVY = {
    "pandas": ("pandas",),
    "scipy": ("scipy.stats", "scipy.optimize", "scipy.spatial", "scipy.sparse.linalg"),
    "statsmodels": ("statsmodels.api", "statsmodels.formula.api"),
    "matplotlib": ("matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
    "seaborn": ("seaborn",),
    "shapely": ("shapely",),
    "pyproj": ("pyproj",),
    "joblib": ("joblib",),
}

_started = threading.Event()
_lock = threading.Lock()
_cache: Path | None = None


def start_server(packages: Iterable[str] = (), cache: Path | None = None) -> None:
    """Start the process that imports libraries once and forks kernels; return at once, it imports meanwhile.

    Parameters
    ----------
    packages : iterable of str
        What the kernels will import, of which the slow ones (`HEAVY`) are loaded. A server that runs already
        stays as it is.
    cache : Path, optional
        Where matplotlib's list of fonts is kept between builds.
    """
    global _cache
    with _lock:
        _cache = cache or _cache
        if not _started.is_set():
            heavy = [module for package in HEAVY if package in packages for module in HEAVY[package]]
            multiprocessing.get_context("forkserver").set_forkserver_preload(
                ["paperbuild.kernel.preload", *heavy]
            )
            _started.set()
        # Before every fork, not once: a server that has died is started again, in the same surroundings.
        with _surroundings_of_kernels():
            # The server's own start starts it where it does not run, and that lets interrupts through again.
            resource_tracker.ensure_running()
            with _without_interrupts():
                forkserver.ensure_running()


def environment_of_kernels(epoch: int) -> dict[str, str]:
    """Return the whole environment of a kernel of this process."""
    return kernel_environment(private_folder(), epoch, _cache)


def fork(target: Callable[..., None], arguments: tuple[Any, ...]) -> Any:
    """Fork a process from the warm server and return it, started.

    Parameters
    ----------
    target : callable
        What it runs.
    arguments : tuple
        What that is given.
    """
    start_server()
    process = multiprocessing.get_context("forkserver").Process(target=target, args=arguments, daemon=False)
    process.start()
    return process


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start a child that Ctrl-C passes by: the build alone answers it, and ends its kernels."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _surroundings_of_kernels() -> Iterator[None]:
    """Give this process the environment of a kernel for as long as a child is being started."""
    saved, folder = dict(os.environ), tempfile.tempdir
    # What is forked from the server runs the code that runs here, even where another copy is installed.
    wanted = {**environment_of_kernels(0), "PYTHONPATH": OWN_FOLDER}
    os.environ.clear()
    os.environ.update(wanted)
    # The server's own socket lies in a folder that multiprocessing makes and removes: beside ours, which is
    # removed first and whose name is as short.
    tempfile.tempdir = str(private_folder().parent)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
        tempfile.tempdir = folder
