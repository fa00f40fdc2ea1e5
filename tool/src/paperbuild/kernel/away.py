"""A notebook run by a worker of a cluster: what the build sends, what the worker does, what comes back.

The worker runs it as the build would, in a kernel of its own, watched, in its own copy of the project: the
notebook's text and what other notebooks recorded come with the errand, data and code must lie there, the same
bytes. What the kernel leaves in its staging folder comes back whole. A worker that dies loses nothing: the
scheduler gives the errand to another.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.private import private_folder
from paperbuild.kernel import cluster
from paperbuild.kernel.execute import Run, run_notebook
from paperbuild.kernel.importer import bytecode_folder
from paperbuild.kernel.recorder import nobody
from paperbuild.kernel.warm import start_server

_LOOK = 0.5  # seconds between two looks at whether an errand is still wanted


@dataclass(frozen=True)
class Back:
    """What a worker sends back.

    Attributes
    ----------
    files : mapping of str to bytes
        What the kernel left in its staging folder, by path inside it; empty after a failure.
    report : mapping
        The kernel's own (see `Run.report`).
    read : frozenset of str
        Which files of the project it read, by path inside the project.
    failure : PaperError, optional
        What went wrong.
    notebook : bytes, optional
        The notebook as far as it ran, after a failure.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    failure: PaperError | None = None
    notebook: bytes | None = None


@dataclass(frozen=True)
class Errand:
    """What a worker is sent.

    Attributes
    ----------
    run : Run
        The notebook; its paths are those of the build's machine.
    here : mapping of str to str
        What the worker must stand on (see `paperbuild.kernel.cluster.wanted`).
    files : mapping of str to str
        SHA-256 of the files that the notebook may read or import, by place in the project.
    results : mapping of str to bytes
        What other notebooks recorded, by their name.
    packages : tuple of str
        What the project's notebooks import, for the worker's fork server.
    mode : str
        ``fork`` or ``cold``.
    """

    run: Run
    here: Mapping[str, str]
    files: Mapping[str, str]
    results: Mapping[str, bytes]
    packages: tuple[str, ...]
    mode: str


class Away:
    """An errand on its way, seen from the build."""

    def __init__(self, errand: Errand, address: str) -> None:
        self.errand, self.address = errand, address
        self._cancelled = False
        self._future: Any = None

    def cancel(self) -> None:
        """Let go of the errand; the worker ends its kernel as soon as it hears of it."""
        self._cancelled = True
        if self._future is not None:
            self._future.cancel()

    def run(self) -> None:
        """Have the notebook run by a worker; leave in the staging folder all that makes up the result.

        Raises
        ------
        PaperError
            What the notebook would fail with here, or that the cluster failed it.
        """
        run = self.errand.run
        client, key = cluster.shared(self.address), f"{run.settings.step}-{uuid.uuid4().hex}"
        client.subscribe_topic(key, lambda event: run.tell(*event[1]))
        try:
            sent = replace(self.errand, run=replace(run, tell=nobody))
            self._future = client.submit(
                work, sent, key=key, pure=False, resources={cluster.NOTEBOOKS: 1}, allow_other_workers=False
            )
            if self._cancelled:
                self._future.cancel()
            back = self._result()
        finally:
            client.unsubscribe_topic(key)
        if back.notebook is not None:
            write_atomic(run.kept, back.notebook)
        if back.failure is not None:
            raise back.failure
        staging = Path(run.settings.staging)
        for name, content in back.files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(content)
        run.report = dict(back.report)
        run.read = {str(Path(run.settings.root, name)) for name in back.read}

    def _result(self) -> Back:
        """Wait for what the worker sends back, and let the cluster forget it."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker

        where = f"{self.errand.run.settings.step}, --dask {self.address}"
        try:
            back: Back = self._future.result()
        except CancelledError:
            if self._cancelled:
                raise PaperError("stopped") from None
            raise PaperError(
                "the connection to the scheduler was lost while a worker ran the notebook",
                where=where,
                remedy="see whether the scheduler runs, then build again: what is done is kept",
            ) from None
        except KilledWorker as error:
            raise PaperError(
                f"{error.allowed_failures + 1} workers were gone one after the other while they ran it",
                where=where,
                expected="a notebook that its worker survives",
                remedy=f"{self.errand.run.command} runs it here, where the cause can be seen",
            ) from None
        finally:
            self._future.release()
        return back


def work(errand: Errand) -> Back:
    """Run a notebook; a worker's part."""
    from distributed import get_worker, secede

    worker: Any = get_worker()
    key = worker.get_current_task()
    # What the notebook maps must find a thread here while the notebook waits for it.
    secede()
    where = f"{errand.run.settings.step}, worker {worker.address}"
    try:
        cluster.refuse_unlike(errand.here, cluster.standing(list(errand.here)), where)
        cluster.refuse_other_files(errand.files, cluster.held(list(errand.files)), where)
    except PaperError as error:
        return Back(failure=error)
    with tempfile.TemporaryDirectory(prefix="away-", dir=private_folder()) as folder:
        run = settled(errand, Path(folder), worker.scheduler.address)
        run.tell = lambda *told: worker.log_event(key, told)
        mode = "cold" if multiprocessing.current_process().daemon else errand.mode
        with _ended_with(run, lambda: _is_wanted(worker, key)):
            try:
                if mode == "fork":
                    start_server(errand.packages)
                run_notebook(run, mode)
            except PaperError as error:
                kept = run.kept.read_bytes() if run.kept.is_file() else None
                return Back(failure=error, notebook=kept)
        staging, root = Path(run.settings.staging), Path(run.settings.root)
        files = {
            path.relative_to(staging).as_posix(): path.read_bytes()
            for path in staging.rglob("*")
            if path.is_file()
        }
        inside = (Path(name) for name in run.read)
        read = frozenset(path.relative_to(root).as_posix() for path in inside if path.is_relative_to(root))
        return Back(files, run.report, read)


def settled(errand: Errand, folder: Path, address: str) -> Run:
    """Return an errand's run with the paths of this worker.

    Parameters
    ----------
    errand : Errand
        The errand.
    folder : Path
        An empty folder of this run.
    address : str
        Of the scheduler, as it is seen from here.
    """
    staging, root = folder / "staging", str(cluster.own_project())
    staging.mkdir()
    # Where nothing was ever built the kernel, which may not make folders there, would have to.
    with contextlib.suppress(OSError):
        bytecode_folder(root).mkdir(parents=True, exist_ok=True)
    results = {}
    for name, content in errand.results.items():
        results[name] = str(folder / f"{name}.json")
        Path(results[name]).write_bytes(content)
    given = errand.run.settings
    recorded = set(given.results.values())

    def here(path: str) -> str:
        there = Path(path)
        return str(Path(root, there.relative_to(given.root))) if there.is_relative_to(given.root) else path

    settings = replace(
        given,
        root=root,
        staging=str(staging),
        readable=(*(here(path) for path in given.readable if path not in recorded), *results.values()),
        modules=tuple(map(here, given.modules)),
        folders=tuple(map(here, given.folders)),
        results=results,
        cluster=address,
        editions={language: here(path) for language, path in given.editions.items()},
    )
    return replace(errand.run, settings=settings, kept=folder / "kept.ipynb")


@contextlib.contextmanager
def _ended_with(run: Run, wanted: Callable[[], bool]) -> Iterator[None]:
    """End a run's kernel while the block runs, as soon as it is not wanted any more."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK):
            if not wanted():
                run.cancel()
                return

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _is_wanted(worker: Any, key: str) -> bool:
    """Tell whether anybody waits for a task: neither has it been cancelled nor has who sent it gone."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state != "cancelled"
