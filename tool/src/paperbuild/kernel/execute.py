"""Runs one notebook: papermill around a kernel of ours, and a reason in words when it fails."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook
from papermill.log import logger

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import remove_tree, write_atomic
from paperbuild.kernel import inside, recorder
from paperbuild.kernel.client import kernel_manager
from paperbuild.kernel.family import end_family
from paperbuild.kernel.settings import KernelSettings
from paperbuild.kernel.watch import FOLDER, seen
from paperbuild.project.notebook import Notebook, label_of, outputs_of

ENGINE = "paperbuild"
FINISH = f"import {inside.__name__} as _k; _k.finish()"

# By what a step did, what its author can do about it.
REMEDIES = {
    "lists": "open files by their names, or add the folder {path} to notebooks.{step}.files, for all in it",
    "connects": "put what {path} answers into data/ and its register; where that cannot be, "
    "notebooks.{step}.outside: {{network: the reason}}",
    "reaches": "put what it asks for into data/ and its register; where that cannot be, "
    "notebooks.{step}.outside: {{network: the reason}}",
    "runs": "{path} is not watched, so a change of what it reads would not be seen: do it in Python, or say "
    "notebooks.{step}.outside: {{programs: the reason}}",
}


@dataclass
class Run:
    """One notebook on its way.

    Attributes
    ----------
    notebook : Notebook
        The source.
    settings : KernelSettings
        What its kernel is told.
    parameters : mapping
        Values that differ from the defaults; papermill injects them.
    command : str
        The command that reruns this step alone.
    kept : Path
        Where the executed notebook is kept if it fails.
    shown : str
        How people are told of that place.
    tell : callable
        Is told how far a long computation is: what it is, how much is done, of how much.
    """

    notebook: Notebook
    settings: KernelSettings
    parameters: Mapping[str, Any]
    command: str
    kept: Path
    shown: str = ""
    tell: Callable[[str, int, int], None] = recorder.nobody
    manager: AsyncKernelManager | None = None
    document: Any = None
    running: str = "start"
    exit_code: int | None = None
    cancelled: bool = False
    kills_before: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def cancel(self) -> None:
        """End the kernel at once, with what it started; the thread that waits for it then returns."""
        self.cancelled = True
        provisioner = self.manager.provisioner if self.manager else None
        pid = getattr(provisioner, "pid", None)
        if pid:
            end_family(pid)
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)


class _Client(PapermillNotebookClient):
    """Papermill's client, which also asks the kernel for its report and notes how a dead kernel ended."""

    def __init__(self, nb_man: Any, run: Run, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.run = run

    def papermill_execute_cells(self) -> None:
        """Execute the cells, then have the kernel write its report."""
        try:
            super().papermill_execute_cells()
            reply = self.kc.execute(FINISH, silent=True, store_history=False)
            told = self.wait_for_reply(reply)["content"]
            if told["status"] != "ok":
                raise RuntimeError(f"{told['ename']}: {told['evalue']}")
        except DeadKernelError:
            self.run.exit_code = self.km.provisioner.process.poll() if self.km.provisioner.process else None
            raise

    def execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        """Execute one cell, remembering which; none any more once the run is cancelled."""
        if self.run.cancelled:
            raise DeadKernelError("stopped")
        self.run.running = label_of(cell.source) or f"cell {cell_index + 1}"
        return super().execute_cell(cell, cell_index, **options)

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Take what the kernel says of its progress, which is no output."""
        if msg["msg_type"] == inside.PROGRESS:
            told = msg["content"]
            self.run.tell(told["of"], told["done"], told["whole"])
            return None
        return super().process_message(msg, cell, cell_index)


class PaperEngine(NBClientEngine):
    """The papermill engine of the build: papermill's own, on the kernel manager that the run brings."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, run: Run, **options: Any) -> Any:
        """Execute the notebook papermill has prepared."""
        run.document = nb_man.nb
        client = _Client(
            nb_man,
            run,
            km=run.manager,
            kernel_name=kernel_name,
            log=logger,
            record_timing=False,
            # A notebook's kernel holds nothing worth a farewell: what counts is on disk.
            shutdown_kernel="immediate",
            startup_timeout=120,
            timeout=None,
        )
        return client.execute(cleanup_kc=True)


papermill_engines.register(ENGINE, PaperEngine)

# What it would say of a dead kernel or an unknown parameter, the build says itself, with place and remedy.
logger.addHandler(logging.NullHandler())
logger.propagate = False


def run_notebook(run: Run, mode: str) -> None:
    """Execute a notebook and leave in its staging folder all that makes up the step's result.

    Parameters
    ----------
    run : Run
        The step.
    mode : str
        ``fork`` or ``cold``.

    Raises
    ------
    PaperError
        If a cell raises, a file is touched that the step does not declare, or the kernel dies.
    """
    run.kills_before = out_of_memory_kills()
    run.manager = kernel_manager(run.settings, mode)
    try:
        execute_notebook(
            nbformat.from_dict(run.notebook.document),
            None,
            parameters=dict(run.parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            autosave_cell_every=0,
            run=run,
        )
    except (PapermillExecutionError, DeadKernelError, CellTimeoutError, RuntimeError) as error:
        raise failure(run, error) from None
    finally:
        shutil.rmtree(Path(run.manager.connection_file).parent, ignore_errors=True)
    staging = Path(run.settings.staging)
    report = staging / "kernel.json"
    run.report = json.loads(report.read_text(encoding="utf-8"))
    report.unlink()
    run.read, violations = seen(staging)
    if violations:
        raise failure(run, None)
    remove_tree(staging / FOLDER)
    refuse_early_end(run)
    outputs = json.dumps(outputs_of(run.document), ensure_ascii=False, sort_keys=True)
    write_atomic(staging / "outputs.json", outputs)


def failure(run: Run, error: Exception | None) -> PaperError:
    """Return what went wrong, where, with which values, and how to look at it."""
    step, staging = run.settings.step, Path(run.settings.staging)
    kept = keep_notebook(run)
    look = f"look into {run.shown}; after the change: " if kept else ""
    remedy = f"{look}{run.command}"
    recorded: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        recorded = json.loads((staging / "failure.json").read_text(encoding="utf-8"))
    _, violations = seen(staging)
    # What was stopped is the cause of whatever exception came of it.
    stopped = any(one["problem"] in ("writes", "connects", "reaches") for one in violations)
    if violations and (stopped or recorded.get("exception") is None):
        return _undeclared(run, violations)
    if isinstance(error, DeadKernelError):
        cell = run.running
        return PaperError(_death(run), where=f"{step} › {cell}", remedy=remedy)
    if recorded.get("exception"):
        exception, message = recorded["exception"], recorded["message"]
        where = f"{step} › {recorded['cell'] or run.running}"
        if exception == "MemoryError":
            limit = run.settings.memory_limit
            message = "out of memory" + (f" (--memory-limit {limit / 1e9:.3g}G)" if limit else f" {message}")
        values = ", ".join(f"{name} = {value}" for name, value in recorded["values"].items())
        text = f"{exception}: {message}" + (f"\n  at:       {recorded['place']}" if recorded["place"] else "")
        text += f"\n  with:     {values}" if values else ""
        return PaperError(text, where=where, remedy=remedy)
    if isinstance(error, PapermillExecutionError):
        # A cell that is not valid Python raises before it runs.
        return PaperError(f"{error.ename}: {error.evalue}", where=f"{step} › {run.running}", remedy=remedy)
    return PaperError(
        f"the kernel could not be used: {error}", where=step, remedy=f"{run.command} --kernel cold"
    )


def refuse_early_end(run: Run) -> None:
    """Raise where a cell has ended the notebook: papermill takes ``sys.exit(0)`` for success."""
    for index, cell in enumerate(run.document.cells):
        if any(output.get("ename") == "SystemExit" for output in cell.get("outputs", ())):
            keep_notebook(run)
            raise PaperError(
                "sys.exit() ends the notebook, and the cells after it did not run",
                where=f"{run.settings.step} › {label_of(cell.source) or f'cell {index + 1}'}",
                expected="a notebook that runs to its last cell",
                remedy="take it out; a cell tagged skip-execution is left out",
            )


def keep_notebook(run: Run) -> bool:
    """Keep the notebook as far as it ran, for the author to open; tell whether there was room for it."""
    if run.document is None or run.cancelled:
        return False
    try:
        write_atomic(run.kept, nbformat.writes(run.document))
    except PaperError:
        return False
    return True


def _undeclared(run: Run, violations: list[dict[str, str]]) -> PaperError:
    """Return the message for what the step touched without declaring it."""
    step = run.settings.step
    findings: list[str] = []
    remedies: list[str] = []
    tables: list[str] = []
    # Each once, where it was first seen; what the system tells of has no line and comes after.
    first: dict[tuple[str, str], dict[str, str]] = {}
    for one in violations:
        first.setdefault((one["problem"], one["path"]), one)
    for item in first.values():
        path, problem = item["path"], item["problem"]
        findings.append(f"{item['place']} {item['does']} {path}")
        if problem in REMEDIES:
            remedies.append(REMEDIES[problem].format(step=step, path=path))
        elif problem == "writes" and "database" in item["does"]:
            remedies.append(f"sqlite3.connect('file:{path}?mode=ro', uri=True) reads a database, and no more")
        elif problem == "writes":
            remedies.append(
                "hand results over with figure(), table() or number(); a notebook writes no other file"
            )
        elif problem == "imports":
            remedies.append(f"import {path} by its literal name, so that the build can follow it")
        elif path.startswith("data/"):
            tables.append(path.removeprefix("data/").removesuffix(".csv"))
        elif path.startswith("/"):
            remedies.append(f"put {path} into data/ and its register, and declare it")
        else:
            remedies.append(f"add {path} to notebooks.{step}.files in analysis/parameters.yml")
    more = f"; and {len(findings) - 3} more" if len(findings) > 3 else ""
    if tables:
        listed = ", ".join(dict.fromkeys(tables))
        remedies.append(f"add to notebooks.{step}.data in analysis/parameters.yml: {listed}")
    return PaperError(
        "the notebook touches what it does not declare: " + "; ".join(findings[:3]) + more,
        where=f"{step} › {violations[0]['cell'] or run.running}",
        remedy="; ".join(dict.fromkeys(remedies)),
    )


def out_of_memory_kills() -> int:
    """Return how many processes the system has ended for want of memory so far, as it counts them."""
    total = 0
    for source in ("/proc/vmstat", "/sys/fs/cgroup/memory.events"):
        with contextlib.suppress(OSError, ValueError):
            lines = Path(source).read_text(encoding="ascii").splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return total


def _death(run: Run) -> str:
    """Say why a kernel is gone, from its exit code and what the system counted."""
    code = run.exit_code
    limit = run.settings.memory_limit
    if code is None:
        return "the kernel died without an exit code"
    if code >= 0:
        return f"the kernel ended itself with exit code {code} (exit() or os._exit() in a cell?)"
    name = signal.Signals(-code).name if -code in {one.value for one in signal.Signals} else f"signal {-code}"
    if name == "SIGKILL" and out_of_memory_kills() > run.kills_before:
        return (
            "out of memory: the system ended the kernel; try fewer --jobs, or --memory-limit to fail earlier"
        )
    if name == "SIGKILL":
        return "the kernel was killed by SIGKILL: by hand, or out of memory where the system does not say so"
    if name in ("SIGABRT", "SIGSEGV", "SIGBUS") and limit:
        return (
            f"the kernel was ended by {name}: most likely out of memory (--memory-limit {limit / 1e9:.3g}G)"
        )
    return f"the kernel was ended by {name}"
