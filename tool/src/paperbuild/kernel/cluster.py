"""A Dask cluster that does what notebooks map, and runs notebooks: held to be like this machine, then used.

A notebook maps with joblib; where that happens is joblib's setting, which the kernel makes. How a worker runs
a whole notebook stands in `paperbuild.kernel.away`. Nothing of it enters a fingerprint: the results are the
same bytes, because a cluster that could give others is refused before anything runs.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import os
import platform
import threading
import time
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import HashCache
from paperbuild.ground.own import PACKAGE, PACKAGES
from paperbuild.ground.surroundings import CHOOSING

PATIENCE = 5  # seconds that a scheduler has to answer
LOOK = 1.0  # seconds between two looks at whether one is there
INSTALL = "pip install 'dask[distributed]', here and where the workers are"
NOTEBOOKS = "notebooks"
"""What a worker offers (in Dask's words a resource) that runs notebooks: how many at a time."""
PROJECT_VARIABLE = "PAPERBUILD_PROJECT"
"""Tells a worker where it has the project."""

_clients: dict[str, Any] = {}
_lock = threading.Lock()
_loaded: dict[str, str] = {}


def connect(address: str) -> Any:
    """Return a client of the scheduler at `address`.

    Raises
    ------
    PaperError
        If Dask is not installed, or nothing that speaks its protocol answers there.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise PaperError("Dask is not installed", where="--dask", remedy=INSTALL) from None
    # What becomes of a connection is told here in words; Dask would log it too, with tracebacks.
    for logger in ("distributed", "distributed.client"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise PaperError(
            f"no Dask scheduler answers ({error})",
            where=f"--dask {address}",
            expected="tcp://HOST:PORT of a running scheduler (dask scheduler prints it)",
            remedy="start it, or build on this machine alone, without --dask",
        ) from None


def shared(address: str) -> Any:
    """Return this process's own client of the scheduler at `address`, made when it is first asked for."""
    with _lock:
        if address not in _clients or _clients[address].status != "running":
            _clients[address] = connect(address)
        return _clients[address]


def wanted(packages: Mapping[str, str], sources: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return what a process must stand on to compute as a kernel of this machine does.

    Parameters
    ----------
    packages : mapping of str to str
        Names and versions of what the notebooks' code stands on.
    sources : Path
        The project's own code (``src``).
    variables : mapping of str to str
        Environment of a kernel, of which those that choose how numbers are computed count.
    """
    own = [path for path in sources.glob("*/") if (path / "__init__.py").is_file()]
    # This process too keeps what it has loaded of the build, whatever becomes of the files.
    tool = {name: _loaded.setdefault(name, code_of(PACKAGE.parent / name)) for name in PACKAGES}
    return {
        "Python": platform.python_version(),
        **{f"package {name}": version for name, version in packages.items()},
        **{f"code {path.name}": code_of(path) for path in sorted(own)},
        **{f"code {name}": code for name, code in tool.items()},
        **{f"variable {name}": value for name, value in variables.items() if CHOOSING.fullmatch(name)},
    }


def require_alike(address: str, here: Mapping[str, str], files: Mapping[str, str]) -> tuple[int, int]:
    """Hold scheduler and workers of a cluster against this machine.

    Parameters
    ----------
    address : str
        Of the scheduler.
    here : mapping of str to str
        From `wanted`.
    files : mapping of str to str
        SHA-256 of files that a worker must have in its copy of the project if it runs notebooks, by place in
        the project.

    Returns
    -------
    workers, notebooks : int
        How many there are, and how many notebooks they run at a time.

    Raises
    ------
    PaperError
        If there is no worker, or something there could compute otherwise.
    """
    client = shared(address)
    try:
        there = client.run(standing, list(here))
        # The scheduler takes every task apart before it hands it on, and needs the code for it.
        there["scheduler"] = client.run_on_scheduler(standing, list(here))
        offers = {
            worker: int(told["resources"].get(NOTEBOOKS, 0))
            for worker, told in client.scheduler_info(n_workers=-1)["workers"].items()
            if worker in there
        }
        offering = [worker for worker, number in offers.items() if number]
        have = client.run(held, list(files), workers=offering) if offering else {}
    except Exception as error:
        raise PaperError(
            f"the cluster cannot say what it is made of: {error}",
            where=f"--dask {address}",
            expected="a scheduler and workers that have the project and its build installed",
            remedy=f"start them with: paper dask scheduler, paper dask worker {address}",
        ) from None
    if len(there) == 1:
        raise PaperError(
            "the scheduler has no workers",
            where=f"--dask {address}",
            expected="one or more",
            remedy=f"start them with: paper dask worker {address}",
        )
    for process, found in sorted(there.items()):
        refuse_unlike(here, found, f"--dask {address}, {process}")
    for process, found in sorted(have.items()):
        refuse_other_files(files, found, f"--dask {address}, {process}")
    return len(there) - 1, sum(offers.values())


def refuse_unlike(here: Mapping[str, str], there: Mapping[str, str], where: str) -> None:
    """Raise a finding where a process stands on something else than this machine (see `wanted`)."""
    if differing := [name for name in here if there.get(name) != here[name]]:
        name = differing[0]
        more = f" ({len(differing) - 1} more differ)" if len(differing) > 1 else ""
        raise PaperError(
            f"the cluster would not compute the same: {name} is {there.get(name) or 'not there'}{more}",
            where=where,
            expected=f"{name} {here[name]}",
            remedy="the same lock and the same commit there, started anew with: paper dask",
        )


def refuse_other_files(here: Mapping[str, str], there: Mapping[str, str], where: str) -> None:
    """Raise a finding where a worker's copy of the project lacks a file or has another in its place."""
    if differing := [name for name in here if there.get(name) != here[name]]:
        name = differing[0]
        more = f" ({len(differing) - 1} more differ)" if len(differing) > 1 else ""
        found = there.get(name)
        what = f"has another {name} (sha256:{found[:8]})" if found else f"does not see {name}"
        raise PaperError(
            f"the worker {what}{more}",
            where=where,
            expected=f"the project's folder as it is here: {name} sha256:{here[name][:8]}",
            remedy="share the folder or bring the same commit and data there, and start workers in it (paper "
            'dask worker); with --resources "" a worker does what notebooks map and runs none',
        )


def standing(names: Collection[str]) -> dict[str, str]:
    """Return what this process, one of a cluster, stands on, of what `wanted` names.

    Code is told as it was when this process was first asked, before it did any work: what it has imported it
    keeps, whatever becomes of the files.
    """
    found = {}
    for name in names:
        kind, _, one = name.partition(" ")
        if kind == "package":
            try:
                found[name] = metadata.version(one)
            except metadata.PackageNotFoundError:
                found[name] = "not installed"
        elif kind == "code":
            spec = importlib.util.find_spec(one)
            known = code_of(Path(spec.origin).parent) if spec and spec.origin else "not installed"
            found[name] = _loaded.setdefault(one, known)
        elif kind == "variable":
            found[name] = os.environ.get(one, "")
        else:
            found[name] = platform.python_version()
    return found


def held(files: Collection[str]) -> dict[str, str]:
    """Return the SHA-256 of those of these files, named by place, that this worker's project has."""
    root = own_project()
    found = {}
    for name in files:
        with contextlib.suppress(OSError):
            found[name] = _hashes().file(root / name)
    return found


@functools.cache
def _hashes() -> HashCache:
    """Return what this worker remembers of files for as long as it lives."""
    return HashCache(Path(os.devnull))


def own_project() -> Path:
    """Return the folder in which this worker has the project: that it was started for, or in."""
    return Path(os.path.realpath(os.environ.get(PROJECT_VARIABLE, "")))


class Presence:
    """What a build has of a cluster while it needs one: looked at again and again, from a thread of its own.

    Parameters
    ----------
    address : str
        Of the scheduler.
    notebooks : bool
        Whether only workers count that run notebooks.
    wait : float
        Seconds that a worker may be waited for when none is left.
    needed : callable
        Tells whether anything is still to be done there.
    say : callable
        Is told, in words, that none is left and that one is there again.
    end : callable
        Is called once when nothing can be hoped for any more.

    Attributes
    ----------
    lost : PaperError, optional
        Why nothing can be hoped for.
    """

    def __init__(
        self,
        address: str,
        notebooks: bool,
        wait: float,
        needed: Callable[[], bool],
        say: Callable[[str], None],
        end: Callable[[], None],
    ) -> None:
        self.address, self.notebooks, self.wait = address, notebooks, wait
        self.needed, self.say, self.end = needed, say, end
        self.lost: PaperError | None = None
        self._client = shared(address)
        self._over = threading.Event()
        self._since: float | None = None

    def __enter__(self) -> Presence:
        """Begin to look."""
        threading.Thread(target=self._watch, daemon=True, name="presence").start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._over.set()

    def judged(self) -> PaperError | None:
        """Return why nothing can be hoped for, if nothing can."""
        if self.lost is None and not self._answers():
            self._lose(f"the Dask scheduler at {self.address} does not answer any more", "start it anew")
        return self.lost

    def _answers(self) -> bool:
        """Tell whether the scheduler that all was sent to is there; one started anew knows nothing of it."""
        return bool(self._client.status == "running")

    def _watch(self) -> None:
        while not self._over.wait(LOOK):
            if not self.needed():
                self._since = None
            elif self.judged() is not None:
                return
            else:
                # Where the scheduler is gone before it answers, the next look finds that.
                with contextlib.suppress(OSError):
                    self._note(self._client.run_on_scheduler(is_stuck, notebooks=self.notebooks))

    def _note(self, stuck: bool) -> None:
        """Take note of whether work waits for a worker and there is none."""
        now, start = time.monotonic(), f"paper dask worker {self.address}"
        kind = "worker that runs notebooks" if self.notebooks else "worker"
        if not stuck:
            if self._since is not None:
                self.say(f"a {kind} is there again at {self.address}")
            self._since = None
        elif self._since is None:
            self._since = now
            self.say(f"no {kind} is left at {self.address}; waiting {self.wait} s for one ({start})")
        elif now - self._since >= self.wait:
            what = f"no {kind} is left at {self.address}, and none came within {self.wait} s"
            self._lose(what, f"start some with {start} (--dask-wait SECONDS waits longer)")

    def _lose(self, what: str, remedy: str) -> None:
        then = "the same command again goes on from what is done; without --dask it needs no cluster"
        self.lost = PaperError(what, where="--dask", remedy=f"{remedy}; {then}")
        self.end()


def is_stuck(dask_scheduler: Any, notebooks: bool) -> bool:
    """Tell whether a scheduler has work that waits and no worker, or none that runs notebooks; run there."""
    workers = dask_scheduler.workers.values()
    left = any(not notebooks or worker.resources.get(NOTEBOOKS, 0) > 0 for worker in workers)
    return not left and bool(dask_scheduler.unrunnable or dask_scheduler.queued)


def code_of(package: Path) -> str:
    """Return the hash of a package's modules, by name and content."""
    found = sha256()
    for path in sorted(package.rglob("*.py")):
        found.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:12]


def use(address: str) -> None:
    """Have everything that this process maps with joblib done by the cluster."""
    import joblib

    joblib.parallel_config(backend="dask", client=connect(address))
