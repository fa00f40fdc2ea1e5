"""Kernels for notebooks: forked from a warm server, or started cold, with the same surroundings either way.

`run_kernel` is what a kernel process does in both modes; `ForkProvisioner` is jupyter_client's way of being
told to fork instead of to start a program.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.machinery
import json
import marshal
import multiprocessing
import os
import random
import reprlib
import resource
import signal
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty
from types import CodeType, FrameType, TracebackType
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic
from paperbuild.ground.own import PACKAGE
from paperbuild.ground.private import private_folder
from paperbuild.ground.surroundings import OWN_FOLDER
from paperbuild.kernel import artefacts
from paperbuild.kernel.warm import environment_of_kernels, fork
from paperbuild.project.notebook import label_of


@dataclass(frozen=True)
class KernelSettings:
    """What a kernel process must know about its step.

    Attributes
    ----------
    step : str
        Name of the notebook; seeds the global random generators.
    root : str
        Project root, the working directory of the notebook.
    staging : str
        Folder for artefacts and the kernel's report.
    readable : tuple of str
        Files of the project the step may read, besides its modules.
    modules : tuple of str
        Source files of the project the step is known to import.
    results : mapping of str to str
        Recorded results of other notebooks it may read.
    epoch : int
        ``SOURCE_DATE_EPOCH`` for the process.
    memory_limit : int
        Bytes of memory the process may hold; 0 for no limit.
    """

    step: str
    root: str
    staging: str
    readable: tuple[str, ...]
    modules: tuple[str, ...]
    results: Mapping[str, str]
    epoch: int
    memory_limit: int = 0


class UndeclaredWriteError(RuntimeError):
    """A step wrote a file of the project, past the artefact writer."""


# Outside the project only files that look like data are watched; fonts, time zones and settings are not.
DATA_SUFFIXES = frozenset(
    ".csv .tsv .txt .json .geojson .parquet .feather .arrow .xls .xlsx .ods .dta .sav .rds .rdata "
    ".npy .npz .pkl .pickle .h5 .hdf5 .nc .gpkg .shp .dbf .db .sqlite .zip .gz .xz .bz2 .yml .xml".split()
)


def bytecode_folder(root: str | Path) -> Path:
    """Return where compiled code is kept between runs."""
    return Path(os.path.realpath(root), "build", "bytecode")


class SourceLoader(importlib.machinery.SourceFileLoader):
    """Imports the project's modules from what their files hold now.

    Python's own cache of compiled modules compares a file's size and its time in whole seconds: a module
    saved twice within a second, or with its old time, would run as it was before. This compares the bytes.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Return the module's code, compiled anew or kept from a run with the same bytes in the file."""
        path = self.get_filename(fullname)
        source = self.get_data(path)
        key = hashlib.sha256(b"\0".join([sys.version.encode(), os.fsencode(path), source])).hexdigest()
        kept = bytecode_folder(_root) / key
        with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
            return marshal.loads(kept.read_bytes())
        code = self.source_to_code(source, path)
        with contextlib.suppress(PaperError):
            write_atomic(kept, marshal.dumps(code))
        return code


_root = ""


def import_from_source(root: str) -> None:
    """Have modules below ``root`` and its ``src`` imported by `SourceLoader`."""
    global _root
    _root = root

    def finder(folder: str) -> importlib.machinery.FileFinder:
        real = os.path.realpath(folder)
        installed = real.startswith(tuple(os.path.realpath(site) for site in _site_folders()))
        if installed or not (real + os.sep).startswith(os.path.realpath(root) + os.sep):
            raise ImportError(f"{folder} is not the project's")
        extensions = (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES)
        sources = (SourceLoader, importlib.machinery.SOURCE_SUFFIXES)
        return importlib.machinery.FileFinder(folder, extensions, sources)

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()


@dataclass
class Watch:
    """An audit hook that knows which files a step may open.

    Python raises the event ``open`` for every file opened through it, whatever the library above. Files
    opened inside C libraries or by child processes are not seen.
    """

    settings: KernelSettings
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    violations: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Resolve every path once, links and all."""
        settings = self.settings
        self._root = os.path.realpath(settings.root) + os.sep
        # Its own staging folder, and where compiled code is kept.
        own = [settings.staging, str(bytecode_folder(settings.root)), *filter(None, [sys.pycache_prefix])]
        self._own = tuple(os.path.realpath(path) + os.sep for path in own)
        self._readable = {os.path.realpath(path) for path in settings.readable}
        self._modules = {os.path.realpath(path) for path in settings.modules}
        # Installed packages, and this one wherever it lies, are known by their versions.
        prefixes = {sys.prefix, sys.base_prefix, *_site_folders(), str(PACKAGE)}
        system = (
            "/usr",
            "/etc",
            "/proc",
            "/sys",
            "/dev",
            "/lib",
            "/opt",
            os.environ.get("IPYTHONDIR", "/nowhere"),
            os.environ.get("MPLCONFIGDIR", "/nowhere"),
        )
        self._free = tuple(os.path.realpath(p) + os.sep for p in (*prefixes, *system))

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Judge one audit event."""
        if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        writing = flags & os.O_ACCMODE != os.O_RDONLY
        problem = self.judge(path, writing)
        if problem:
            self.note(path, problem)
        if problem == "writes":
            # Stopped at once, to protect the file. Reads go on, so that one run finds all that is undeclared.
            raise UndeclaredWriteError(
                f"a notebook hands results over with figure(), table(), number(): {path}"
            )

    def judge(self, path: str, writing: bool) -> str:
        """Return ``""`` for an allowed file, else ``reads``, ``writes`` or ``imports``; note what is read."""
        if path.startswith((*self._own, *self._free)):
            return ""
        inside = path.startswith(self._root)
        if writing:
            self.written.add(path)
            return "writes" if inside else ""
        if path in self._readable:
            self.read.add(path)
            return ""
        if not inside:
            hidden = any(part.startswith(".") for part in path.split(os.sep))
            data_like = os.path.splitext(path)[1].lower() in DATA_SUFFIXES
            return "reads" if data_like and not hidden and path not in self.written else ""
        if path in self._modules or path in self.written or os.path.isdir(path) or not os.path.exists(path):
            return ""
        return "imports" if path.endswith(".py") else "reads"

    def note(self, path: str, problem: str) -> None:
        """Remember what a step should not have touched, and the line that did; the step fails at its end."""
        cell = artefacts.current_cell()
        shown = path[len(self._root) :] if path.startswith(self._root) else path
        place = _innermost(sys._getframe(2), self._root, cell)
        self.violations.append({"problem": problem, "path": shown, "cell": cell, "place": place})


def _site_folders() -> list[str]:
    """Return the folders installed packages are imported from."""
    import sysconfig

    return [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sysconfig.get_path("stdlib")]


def _innermost(frame: FrameType | None, root: str, cell: str) -> str:
    """Return the line of the cell that runs and, if it called the project's code, the line there."""
    inner = ""
    while frame is not None:
        filename = frame.f_code.co_filename
        if "ipykernel_" in filename:
            return f"cell {cell or 'without label'}, line {frame.f_lineno}" + (
                f" through {inner}" if inner else ""
            )
        if not inner and filename.startswith(root) and not filename.startswith(sys.prefix + os.sep):
            inner = f"{filename[len(root) :]}:{frame.f_lineno}"
        frame = frame.f_back
    return f"cell {cell or 'without label'}"


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
    artefacts.begin(
        artefacts.Recorder(Path(settings.staging), {k: Path(v) for k, v in settings.results.items()})
    )
    app = IPKernelApp.instance()
    app.initialize(
        ["-f", connection_file, "--HistoryManager.enabled=False", "--IPKernelApp.log_level=CRITICAL"]
    )
    app.shell.events.register("pre_run_cell", _prepare_cell)
    app.shell.set_custom_exc((Exception,), _record_failure)
    _watch = Watch(settings)
    sys.addaudithook(_watch)
    app.start()


def _prepare_cell(info: Any) -> None:
    """Tell the artefact writer which cell runs, and seed the global random generators by step and cell.

    Seeding each cell, not only the first, keeps draws the same whether or not importing a library drew some:
    a forked kernel has imported most of them before.
    """
    assert _watch is not None
    artefacts.enter_cell(label_of(info.raw_cell or ""))
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
    place, values = "", {}
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
    failure = {"cell": artefacts.current_cell(), "place": place, "values": values}
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
        "artefacts": artefacts.recorded(),
        "read": sorted(_watch.read),
        "violations": _watch.violations,
        "seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_kilobytes": usage.ru_maxrss,
    }
    Path(_watch.settings.staging, "kernel.json").write_text(json.dumps(report), encoding="utf-8")


def _forked(connection_file: str, settings: KernelSettings, environment: Mapping[str, str]) -> None:
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


class _ForkedProcess:
    """A forked kernel with the face of ``subprocess.Popen`` that jupyter_client's provisioner expects."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkProvisioner(LocalProvisioner):
    """Starts kernels by forking a server that has the heavy libraries imported already.

    Registered under ``jupyter_client.kernel_provisioners``; the kernel specification made by
    `kernel_manager` asks for it by name and passes the step's settings along.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel; ``cmd`` is the cold kernel's command and ends with connection file and settings."""
        connection_file, settings = cmd[-2], KernelSettings(**json.loads(cmd[-1]))
        process = fork(_forked, (connection_file, settings, dict(kwargs["env"])))
        self.process = _ForkedProcess(process)
        self.pid = self.pgid = process.pid
        self.cwd = settings.root
        # A client that connects before the sockets exist waits a tenth of a second before it tries again; the
        # heartbeat's is bound last.
        heartbeat = Path(f"{self.connection_info['ip']}-{self.connection_info['hb_port']}")
        while not heartbeat.exists() and process.exitcode is None:
            await asyncio.sleep(0.002)
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel with all it started, and take note of its end at once."""
        await super().kill(restart=restart)
        if self.process is not None:
            self.process.wait()


class QuickClient(AsyncKernelClient):
    """A kernel client that is ready as soon as the kernel is.

    jupyter_client's own waits until the output channel has been silent for 0.2 s. This one waits for the end
    of its own request on that channel, which shows the same: the channel works, and nothing older is in it.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel has answered on both channels.

        Raises
        ------
        RuntimeError
            If it dies before, or does not answer within `timeout` seconds.
        """
        deadline = time.monotonic() + (timeout or 60)
        while time.monotonic() < deadline:
            request = self.kernel_info()
            with contextlib.suppress(Empty):
                await self.get_shell_msg(timeout=1)
                while True:
                    message = await self.get_iopub_msg(timeout=0.2)
                    ended = message["content"].get("execution_state") == "idle"
                    if ended and message["parent_header"].get("msg_id") == request:
                        return
            if not await self.is_alive():
                raise RuntimeError("the kernel died while it started")
        raise RuntimeError(f"the kernel did not answer within {timeout} seconds")


class _OneSpec(KernelSpecManager):
    """A kernel-specification manager that knows one specification, whatever is installed on the machine."""

    def __init__(self, spec: KernelSpec) -> None:
        super().__init__()
        self._spec = spec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self._spec


class _Manager(AsyncKernelManager):
    """A manager whose kernel has the environment it is given, and nothing of this process's own."""

    def __init__(self, environment: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._environment = dict(environment)

    async def start_kernel(self, **options: Any) -> None:
        """Start the kernel; jupyter_client alone would lay the specification's variables over ours."""
        await super().start_kernel(**{**options, "env": self._environment})


def kernel_manager(settings: KernelSettings, mode: str) -> AsyncKernelManager:
    """Return a manager for a fresh kernel over IPC sockets.

    Parameters
    ----------
    settings : KernelSettings
        The step's settings.
    mode : str
        ``fork`` or ``cold``.
    """
    folder = private_folder()
    sockets = Path(tempfile.mkdtemp(prefix="k", dir=folder))
    environment = environment_of_kernels(settings.epoch)
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(settings.root) / "src"), OWN_FOLDER])
    command = [
        sys.executable,
        "-c",
        "from paperbuild.kernel.kernels import cold; cold()",
        "{connection_file}",
    ]
    spec = KernelSpec(
        argv=[*command, json.dumps(asdict(settings))],
        display_name="Python 3",
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": "paperbuild-fork"}} if mode == "fork" else {},
    )
    return _Manager(
        environment,
        kernel_name="paper",
        kernel_spec_manager=_OneSpec(spec),
        client_factory=QuickClient,
        transport="ipc",
        ip=str(sockets / "s"),
        connection_file=str(sockets / "c.json"),
    )
