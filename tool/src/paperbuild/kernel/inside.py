"""Inside the kernel: what its process does, forked from the warm server or started cold alike."""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import multiprocessing
import os
import reprlib
import resource
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from paperbuild.article import phrases
from paperbuild.ground.enclosure import close_network
from paperbuild.ground.errors import PaperError
from paperbuild.kernel import cluster, recorder, watch
from paperbuild.kernel.family import adopt_orphans, end_family
from paperbuild.kernel.importer import import_from_source
from paperbuild.kernel.settings import KernelSettings
from paperbuild.project.notebook import label_of

_settings: KernelSettings | None = None
_watch: watch.Watch | None = None
_cells = 0
_seeded: set[str] = set()
_SEEDS: dict[str, Callable[..., Any]] = {}
_told: dict[str, float] = {}

PROGRESS = "paperbuild_progress"
"""The message by which a kernel says how far a long computation is: ``of``, ``done``, ``whole``."""
_PAUSE = 1.0  # seconds between two of them


def run_kernel(connection_file: str, settings: KernelSettings, closed: bool) -> None:
    """Be the kernel of one step until it is told to stop; the same code for forked and cold kernels.

    `closed` tells whether the system keeps it from the network.
    """
    global _settings, _watch
    from ipykernel.kernelapp import IPKernelApp

    os.chdir(settings.root)
    source = str(Path(settings.root) / "src")
    sys.path[:] = [source, *(p for p in sys.path if p not in ("", source))]
    import_from_source(settings.root)
    adopt_orphans()
    # Whether numpy is there before the first cell must not hang on how the kernel started: it is seeded.
    for name in ("random", "numpy.random"):
        _leave_to_author(import_module(name))
    if settings.memory_limit:
        # Private writable memory: what an analysis fills, without the address space libraries merely reserve.
        resource.setrlimit(resource.RLIMIT_DATA, (settings.memory_limit, settings.memory_limit))
    recorder.begin(
        recorder.Recorder(
            Path(settings.staging),
            {k: Path(v) for k, v in settings.results.items()},
            editions={
                language: phrases.read(Path(file), Path(file).name, language, settings.language)
                for language, file in settings.editions.items()
            },
            tell=_tell,
        )
    )
    if settings.cluster:
        try:
            cluster.use(settings.cluster)
        except PaperError as error:
            # The scheduler went away meanwhile. The build finds that, and that this kernel has ended.
            sys.exit(f"paper: {error}")
    app = IPKernelApp.instance()
    app.initialize(
        ["-f", connection_file, "--HistoryManager.enabled=False", "--IPKernelApp.log_level=CRITICAL"]
    )
    app.session.pack = functools.partial(_pack, app.session.pack)
    shell: Any = app.shell
    shell.events.register("pre_run_cell", _prepare_cell)
    shell.set_custom_exc((Exception,), _record_failure)
    # A command that fails fails the cell: `!command`, and `lines = !command`.
    shell.system_raise_on_error = True
    _settings = settings
    # Python programs that a notebook starts are watched like itself.
    kept = Path(settings.staging, watch.FOLDER, "settings.json")
    kept.parent.mkdir()
    kept.write_text(json.dumps(asdict(settings)), encoding="utf-8")
    os.environ[watch.CHILD_VARIABLE] = str(kept)
    _watch = watch.Watch(settings, closed=closed)
    shell.events.register("post_run_cell", lambda result: _look())
    sys.addaudithook(_watch)
    app.start()


def _enclose(settings: KernelSettings) -> bool:
    """Keep this process, which has no threads yet, from the network where it needs none; tell whether."""
    return "network" not in settings.outside and not settings.cluster and close_network()


def _look() -> None:
    assert _watch is not None
    _watch.look()


def _pack(given: Callable[[Any], bytes], message: Any) -> bytes:
    """Return a message as the client is sent it; half a character (a lone surrogate) as a question mark.

    jupyter_client's own way sends what is no UTF-8, or raises where nobody looks.
    """
    from jupyter_client.jsonutil import json_default

    try:
        text = json.dumps(message, default=json_default, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return given(message)
    return text.encode("utf-8", "replace")


def watch_child(settings_file: str) -> None:
    """Watch this process, a Python program that a notebook has started."""
    try:
        settings = KernelSettings(**json.loads(Path(settings_file).read_text(encoding="utf-8")))
    except OSError:
        return  # The notebook has ended, and ends its children.
    import_from_source(settings.root)
    watching = watch.Watch(settings, child=True)
    atexit.register(watching.look)
    sys.addaudithook(watching)


def _leave_to_author(module: Any) -> None:
    """Have the author's own call of a module's ``seed`` noted, so that no later cell is seeded over it."""
    given = module.seed

    def seed(*values: Any, **options: Any) -> Any:
        _seeded.add(module.__name__)
        return given(*values, **options)

    _SEEDS[module.__name__] = given
    module.seed = functools.wraps(given)(seed)


def _prepare_cell(info: Any) -> None:
    """Tell the artefact writer which cell runs, and seed the global random generators by step and cell.

    Seeding each cell, not only the first, keeps draws the same whether or not importing a library drew some:
    a forked kernel has imported most of them before. The seed hangs on the cell's label, or without one on
    its place, which are in the step's fingerprint; its comments are not.
    """
    global _cells
    assert _settings is not None
    _cells += 1
    label = label_of(info.raw_cell or "")
    recorder.enter_cell(label)
    seed = zlib.crc32(f"{_settings.step} {label or _cells}".encode())
    for name, give in _SEEDS.items():
        if name not in _seeded:
            give(seed)


def _tell(of: str, done: int, whole: int) -> None:
    """Say how far a long computation is: at its beginning, once a second, at its end."""
    from ipykernel.kernelapp import IPKernelApp

    now = time.monotonic()
    if of in _told and done < whole and now < _told[of] + _PAUSE:
        return
    _told[of] = now
    kernel: Any = IPKernelApp.instance().kernel
    kernel.send_response(kernel.iopub_socket, PROGRESS, {"of": of, "done": done, "whole": whole})


def _record_failure(
    shell: Any, kind: type, error: BaseException, traceback: Any, tb_offset: int | None = None
) -> None:
    """Write down where in the project's own code a cell failed, with what arguments; show it as usual."""
    assert _settings is not None
    root = os.path.realpath(_settings.root) + os.sep
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
    failure |= {"exception": kind.__name__, "message": str(error)}
    # On a full disk the failure is told without its place.
    with contextlib.suppress(OSError):
        Path(_settings.staging, "failure.json").write_text(json.dumps(failure), encoding="utf-8")
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
    """End what the step has left running; write what it did into its staging folder.

    The build runs this after the last cell.
    """
    assert _watch is not None
    end_family(os.getpid())
    _watch.look()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    report = {
        "artefacts": recorder.recorded(),
        "held": _watch.held,
        "seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_kilobytes": usage.ru_maxrss,
    }
    Path(_watch.settings.staging, "kernel.json").write_text(json.dumps(report), encoding="utf-8")


def forked(connection_file: str, settings: KernelSettings, environment: Mapping[str, str]) -> None:
    """Turn a process fresh from the fork server into a kernel."""
    # A process group of its own: Ctrl-C in the terminal reaches the build, which then ends its kernels. The
    # fork server holds interrupts back; a kernel and its children have them as a cold one has. One that came
    # before this process had its own group is let go: ipykernel takes them while a cell runs, and then alone.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.environ.clear()
    os.environ.update(environment)
    # The libraries that came along with the fork stay: looking through them for garbage again and again would
    # take a quarter of a notebook's time, and copy them. What the notebook leaves is looked for, as ever.
    gc.freeze()
    gc.enable()
    closed = _enclose(settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    run_kernel(connection_file, settings, closed)


def _end_with_parent() -> None:
    """End this kernel, and what it started, as soon as the build is gone, even if it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    end_family(os.getpid())
    os.killpg(os.getpgid(0), signal.SIGKILL)


def cold() -> None:
    """Be a kernel started as a program of its own, with connection file and settings (JSON) as arguments."""
    settings = KernelSettings(**json.loads(sys.argv[2]))
    run_kernel(sys.argv[1], settings, _enclose(settings))
