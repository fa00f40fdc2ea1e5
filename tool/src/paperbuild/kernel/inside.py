"""Inside the kernel: what its process does, forked from the warm server or started cold alike."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import reprlib
import resource
import signal
import sys
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from paperbuild.kernel import cluster, recorder
from paperbuild.kernel.importer import import_from_source
from paperbuild.kernel.settings import KernelSettings
from paperbuild.kernel.watch import Watch
from paperbuild.project.notebook import label_of

_watch: Watch | None = None


def run_kernel(connection_file: str, settings: KernelSettings) -> None:
    """Be the kernel of one step until it is told to stop; the same code for forked and cold kernels."""
    global _watch
    from ipykernel.kernelapp import IPKernelApp

    os.chdir(settings.root)
    source = str(Path(settings.root) / "src")
    sys.path[:] = [source, *(p for p in sys.path if p not in ("", source))]
    import_from_source(settings.root)
    if settings.memory_limit:
        # Private writable memory: what an analysis fills, without the address space libraries merely reserve.
        resource.setrlimit(resource.RLIMIT_DATA, (settings.memory_limit, settings.memory_limit))
    recorder.begin(
        recorder.Recorder(Path(settings.staging), {k: Path(v) for k, v in settings.results.items()})
    )
    if settings.cluster:
        cluster.use(settings.cluster)
    app = IPKernelApp.instance()
    app.initialize(
        ["-f", connection_file, "--HistoryManager.enabled=False", "--IPKernelApp.log_level=CRITICAL"]
    )
    shell: Any = app.shell
    shell.events.register("pre_run_cell", _prepare_cell)
    shell.set_custom_exc((Exception,), _record_failure)
    _watch = Watch(settings)
    sys.addaudithook(_watch)
    app.start()


def _prepare_cell(info: Any) -> None:
    """Tell the artefact writer which cell runs, and seed the global random generators by step and cell.

    Seeding each cell, not only the first, keeps draws the same whether or not importing a library drew some:
    a forked kernel has imported most of them before.
    """
    assert _watch is not None
    recorder.enter_cell(label_of(info.raw_cell or ""))
    seed = zlib.crc32(f"{_watch.settings.step} {info.raw_cell}".encode())
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


def _record_failure(
    shell: Any, kind: type, error: BaseException, traceback: Any, tb_offset: int | None = None
) -> None:
    """Write down where in the project's own code a cell failed, with what arguments; show it as usual."""
    assert _watch is not None
    root = os.path.realpath(_watch.settings.root) + os.sep
    place = ""
    values: dict[str, str] = {}
    step: TracebackType | None = traceback
    while step is not None:
        code = step.tb_frame.f_code
        if "ipykernel_" in code.co_filename:
            place, values = f"line {step.tb_lineno} of the cell", {}
        elif code.co_filename.startswith(root) and not code.co_filename.startswith(sys.prefix + os.sep):
            place = f"{code.co_filename[len(root) :]}:{step.tb_lineno} in {code.co_name}"
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            values = {
                name: brief(step.tb_frame.f_locals[name]) for name in names if name in step.tb_frame.f_locals
            }
        step = step.tb_next
    failure: dict[str, Any] = {"cell": recorder.current_cell(), "place": place, "values": values}
    failure |= {"exception": kind.__name__, "message": str(error), "violations": _watch.violations}
    Path(_watch.settings.staging, "failure.json").write_text(json.dumps(failure), encoding="utf-8")
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)


def brief(value: Any) -> str:
    """Return a value in at most some sixty characters: tables and arrays by their shape."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        columns = [str(name) for name in getattr(value, "columns", [])]
        named = f" ({', '.join(columns[:5])}{', …' if len(columns) > 5 else ''})" if columns else ""
        return f"{type(value).__name__} {' × '.join(map(str, shape))}{named}"
    text = reprlib.repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def finish() -> None:
    """Write what the step did into its staging folder (the build runs this after the last cell)."""
    assert _watch is not None
    usage = resource.getrusage(resource.RUSAGE_SELF)
    report = {
        "artefacts": recorder.recorded(),
        "read": sorted(_watch.read),
        "violations": _watch.violations,
        "seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_kilobytes": usage.ru_maxrss,
    }
    Path(_watch.settings.staging, "kernel.json").write_text(json.dumps(report), encoding="utf-8")


def forked(connection_file: str, settings: KernelSettings, environment: Mapping[str, str]) -> None:
    """Turn a process fresh from the fork server into a kernel."""
    # A process group of its own: Ctrl-C in the terminal reaches the build, which then ends its kernels.
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    run_kernel(connection_file, settings)


def _end_with_parent() -> None:
    """End this kernel, and what it started, as soon as the build is gone, even if it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.killpg(os.getpgid(0), signal.SIGKILL)


def cold() -> None:
    """Be a kernel started as a program of its own, with connection file and settings (JSON) as arguments."""
    run_kernel(sys.argv[1], KernelSettings(**json.loads(sys.argv[2])))
