"""Inside the kernel, and inside every Python program it starts: what a step touches, and whether it may.

Python tells as it happens, with the line; the system afterwards, but also of what C libraries do. What is
seen and what is not stands in ``docs/watched.md`` of the tool.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import sysconfig
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from paperbuild.ground.enclosure import Notices, turned_away
from paperbuild.ground.own import PACKAGE, PACKAGES
from paperbuild.kernel.importer import bytecode_folder, site_folders
from paperbuild.kernel.recorder import current_cell
from paperbuild.kernel.settings import KernelSettings
from paperbuild.project.layout import BUILD, OUTPUT

FOLDER = ".watch"
"""In the staging folder: what children must know, and what was seen."""
CHILD_VARIABLE = "PAPERBUILD_WATCH"
"""Names, for the Python programs that a kernel starts, the file of its settings."""


class UndeclaredWriteError(RuntimeError):
    """A step changed a file of the project, past the artefact writer."""


class NetworkRefusedError(OSError):
    """A step asked the network, which it does not declare."""


# Outside the project only files that look like data are watched; fonts, time zones and settings are not.
DATA_SUFFIXES = frozenset(
    ".csv .tsv .txt .json .geojson .parquet .feather .arrow .xls .xlsx .ods .dta .sav .rds .rdata "
    ".npy .npz .pkl .pickle .h5 .hdf5 .nc .gpkg .shp .dbf .db .sqlite .zip .gz .xz .bz2 .yml .xml".split()
)

# Audit events that change files or folders: what they do in words, and where among their arguments stand the
# paths, each with the descriptor of the folder that it may be relative to.
CHANGES: dict[str, tuple[str, tuple[tuple[int, int | None], ...]]] = {
    "os.chmod": ("changes the mode of", ((0, 2),)),
    "os.chown": ("changes the owner of", ((0, 3),)),
    "os.link": ("links", ((0, 2), (1, 3))),
    "os.mkdir": ("makes the folder", ((0, 2),)),
    "os.remove": ("removes", ((0, 1),)),
    "os.removexattr": ("changes attributes of", ((0, None),)),
    "os.rename": ("renames", ((0, 2), (1, 3))),
    "os.rmdir": ("removes", ((0, 1),)),
    "os.setxattr": ("changes attributes of", ((0, None),)),
    "os.symlink": ("links", ((1, 2),)),
    "os.truncate": ("truncates", ((0, None),)),
    "os.utime": ("changes the times of", ((0, 3),)),
    "shutil.rmtree": ("removes", ((0, 1),)),
}
# These act on what a path leads to, the others on the name itself, which may be a link.
FOLLOWING = frozenset({"os.chmod", "os.chown", "os.removexattr", "os.setxattr", "os.truncate", "os.utime"})

LISTINGS = frozenset({"os.listdir", "os.scandir"})
# Where among the arguments the address or the host name stands.
NETWORK = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}
PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"})
# A Python started so does not load what watches it.
ISOLATING = frozenset({"-I", "-S", "-E"})


@dataclass
class Watch:
    """An audit hook that knows what a step may touch.

    Python raises an event for every file opened, changed or listed, every connection and program, whatever
    the library above. What C libraries do by themselves, and programs other than Python, raise none; what of
    that the system knows is asked for at the end of each cell (`look`).
    """

    settings: KernelSettings
    child: bool = False
    closed: bool = False
    _noted: set[str] = field(default_factory=set)
    _places: set[str] = field(default_factory=set)
    _written: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Resolve every path once, links and all."""
        settings = self.settings
        self._root = os.path.realpath(settings.root) + os.sep
        self._log = Path(settings.staging, FOLDER, "seen.jsonl")
        # Its own staging folder, where compiled code is kept, where libraries keep their settings.
        kept = [os.environ.get(name, "") for name in ("IPYTHONDIR", "MPLCONFIGDIR")]
        own = [settings.staging, str(bytecode_folder(settings.root)), sys.pycache_prefix, *kept]
        self._own = _folders(own)
        self._readable = {os.path.realpath(path) for path in settings.readable}
        self._listable = _folders(settings.folders)
        self._modules = {os.path.realpath(path) for path in settings.modules}
        self._packages = _folders({os.path.dirname(path) for path in self._modules if path.endswith(".py")})
        # Installed packages are known by their versions, those of this distribution by their code.
        own_packages = (str(PACKAGE.parent / name) for name in PACKAGES)
        prefixes = [sys.prefix, sys.base_prefix, *site_folders(), *own_packages]
        system = ["/usr", "/etc", "/proc", "/sys", "/dev", "/lib", "/opt"]
        # A project may itself lie in one of these.
        self._free = tuple(p for p in _folders([*prefixes, *system]) if not self._root.startswith(p))
        self._python = os.path.realpath(sys.executable)
        self._turned_away = turned_away() if self.closed else 0
        self._notices: Notices | None = None
        with contextlib.suppress(OSError):
            self._notices = Notices(self._own_folders())

    @property
    def held(self) -> dict[str, str]:
        """What the system holds this process to, and what this watch alone, in words for a certificate."""
        declared = "declared" if "network" in self.settings.outside else "watched in Python alone"
        return {
            "network": "closed by the system" if self.closed else declared,
            "files": "noticed by the system" if self._notices else "watched in Python alone",
        }

    def _own_folders(self) -> Iterator[str]:
        """Yield the folders of the project but those that are hidden, made or an environment of Python's."""
        for folder, names, files in os.walk(self._root.rstrip(os.sep)):
            if (folder + os.sep).startswith(self._free) or "pyvenv.cfg" in files:
                names.clear()
                continue
            top = folder + os.sep == self._root
            names[:] = [one for one in names if one[0] != "." and not (top and one in (BUILD, OUTPUT))]
            yield folder

    def look(self) -> None:
        """Ask the system what has been done past Python since it was last asked."""
        for path, changed in self._notices.new() if self._notices else ():
            # What Python told of has its line already.
            if path not in self._places and (problem := self.judge(os.path.realpath(path), changed)):
                self._note(problem, "changes" if changed else problem, path)
        if self.closed and (now := turned_away()) > self._turned_away:
            self._turned_away = now
            self._note("reaches", "asks the network through", "a C library or another program")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Judge one audit event."""
        if event == "open":
            self._opens(arguments)
        elif event in CHANGES:
            does, places = CHANGES[event]
            for path, folder in places:
                found = _place(arguments[path], arguments[folder] if folder else -1, event in FOLLOWING)
                if found and self.judge(found, writing=True):
                    self._stop_write(found, does)
        elif event == "sqlite3.connect":
            self._opens_database(arguments[0])
        elif event in LISTINGS:
            self._lists(arguments[0])
        elif event in NETWORK and "network" not in self.settings.outside:
            self._connects(arguments[NETWORK[event]])
        elif event in PROGRAMS and "programs" not in self.settings.outside:
            self._starts(event, arguments)

    def _opens(self, arguments: tuple[Any, ...]) -> None:
        """Judge a file that is opened."""
        if not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        writing = flags & os.O_ACCMODE != os.O_RDONLY
        problem = self.judge(path, writing)
        if problem == "writes":
            self._stop_write(path, "writes")
        elif problem:
            self._note(problem, problem, path)

    def _opens_database(self, database: Any) -> None:
        """Judge a database, which SQLite opens by itself: for writing, unless it is told otherwise."""
        name = os.fsdecode(database) if isinstance(database, str | bytes | os.PathLike) else ""
        path, reading = name, False
        if name.startswith("file:"):
            parts = urllib.parse.urlsplit(name)
            asked = urllib.parse.parse_qs(parts.query)
            path = urllib.parse.unquote(parts.path)
            reading = asked.get("mode") == ["ro"] or "immutable" in asked
            path = "" if asked.get("mode") == ["memory"] else path
        if path in ("", ":memory:"):
            return
        path = os.path.realpath(path)
        problem = self.judge(path, writing=not reading)
        if problem == "writes":
            self._stop_write(path, "opens for writing the database")
        elif problem:
            self._note(problem, problem, path)

    def _lists(self, folder: Any) -> None:
        """Judge a folder whose content is asked for: what is in it would be an input nobody sees."""
        if isinstance(folder, int):
            return
        path = os.path.realpath(os.fsdecode(folder or ".")) + os.sep
        if not path.startswith(self._root) or path.startswith(
            (*self._own, *self._free, *self._listable, *self._packages)
        ):
            return
        # Python looks through folders for modules, which are followed as such.
        asking = sys._getframe(2).f_code.co_filename
        if "importlib" not in asking and os.path.basename(asking) != "pkgutil.py":
            self._note("lists", "lists", path.rstrip(os.sep))

    def _connects(self, address: Any) -> None:
        """Refuse a connection that leaves this machine."""
        host = address[0] if isinstance(address, tuple) else address
        host = os.fsdecode(host) if isinstance(host, bytes) else host
        # A socket of the file system has a path for its address; a cluster was held against this machine.
        if not isinstance(host, str) or "/" in host or host.startswith("\0") or is_here(host):
            return
        if host == urlsplit(self.settings.cluster).hostname:
            return
        self._note("connects", "asks the network for", host)
        raise NetworkRefusedError(f"a notebook does not ask the network ({host})")

    def _starts(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a program that the author's code starts, unless it is a Python that is watched too."""
        program, words = arguments[0], []
        if event != "os.system":
            words = [os.fsdecode(word) for word in _sequence(arguments[1])]
            program = program or (words[0] if words else "")
        program = os.fsdecode(program)
        if event == "subprocess.Popen" and len(arguments) > 3:
            environment = arguments[3]
            watched = environment is None or {CHILD_VARIABLE, "PYTHONPATH"} <= set(environment)
        else:
            watched = True
        if watched and os.path.realpath(program) == self._python and not ISOLATING & set(words):
            return
        if _started_by_author(sys._getframe(2), self._root):
            self._note("runs", "runs", program.split()[0] if program else "a program")

    def judge(self, path: str, writing: bool) -> str:
        """Return ``""`` for an allowed file, else ``reads``, ``writes`` or ``imports``; note what is read."""
        # With a separator, so that the folders themselves are among theirs.
        if (path + os.sep).startswith(self._own):
            return ""
        inside = path.startswith(self._root)
        compiled = f"{os.sep}__pycache__{os.sep}" in path
        if path.startswith(self._free) and (compiled or not (writing and inside)):
            return ""
        if writing:
            self._written.add(path)
            return "writes" if inside else ""
        if path in self._readable:
            self._tell({"read": path})
            return ""
        if not inside:
            hidden = any(part.startswith(".") for part in path.split(os.sep))
            data_like = os.path.splitext(path)[1].lower() in DATA_SUFFIXES
            return "reads" if data_like and not hidden and path not in self._written else ""
        if path in self._modules or path in self._written or os.path.isdir(path) or not os.path.exists(path):
            return ""
        return "imports" if path.endswith(".py") else "reads"

    def _stop_write(self, path: str, does: str) -> None:
        """Note a change of the project's files and stop it, to protect them.

        Reads go on, so that one run finds all that is undeclared.
        """
        self._note("writes", does, path)
        raise UndeclaredWriteError(f"a notebook hands results over with figure(), table(), number(): {path}")

    def _note(self, problem: str, does: str, path: str) -> None:
        """Write down what a step should not have done, and the line that did; the step fails at its end."""
        cell = current_cell()
        self._places.add(path)
        shown = path[len(self._root) :] if path.startswith(self._root) else path
        if self.child:
            place = "a Python program that the notebook starts"
        else:
            place = _innermost(sys._getframe(3), self._root, cell)
        self._tell({"problem": problem, "does": does, "path": shown, "cell": cell, "place": place})

    def _tell(self, seen: dict[str, str]) -> None:
        """Write down, once, what was seen: forked processes have a memory of their own, and one file."""
        line = json.dumps(seen) + "\n"
        if line in self._noted:
            return
        self._noted.add(line)
        with contextlib.suppress(OSError):
            descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line.encode("utf-8"))
            finally:
                os.close(descriptor)


def seen(staging: Path) -> tuple[set[str], list[dict[str, str]]]:
    """Return the declared files that a step read, and what it should not have done, in order."""
    read: set[str] = set()
    violations: list[dict[str, str]] = []
    with contextlib.suppress(OSError):
        for line in (staging / FOLDER / "seen.jsonl").read_text(encoding="utf-8").splitlines():
            # The last line of a process that was killed may be cut off.
            with contextlib.suppress(ValueError):
                one = json.loads(line)
                if "read" in one:
                    read.add(one["read"])
                else:
                    violations.append(one)
    return read, violations


def is_here(host: str) -> bool:
    """Tell whether a host name or address is this machine's own.

    >>> is_here("127.0.0.1"), is_here("::1"), is_here("example.org")
    (True, True, False)
    """
    return host in ("", "localhost", "::1", "0.0.0.0", "::", socket.gethostname()) or host.startswith("127.")


def _folders(paths: Any) -> tuple[str, ...]:
    """Return folders, resolved and with a last separator, without empty ones."""
    return tuple(os.path.realpath(path) + os.sep for path in dict.fromkeys(paths) if path)


def _sequence(value: Any) -> Sequence[Any]:
    """Return the words of a command, which may be given as one."""
    return [value] if isinstance(value, str | bytes | os.PathLike) else list(value or ())


def _place(target: Any, folder: Any, following: bool) -> str:
    """Return the path that an event speaks of; empty where it cannot be told."""
    if isinstance(target, int):
        return _of_descriptor(target)
    path = os.fsdecode(target)
    if isinstance(folder, int) and folder >= 0 and not os.path.isabs(path):
        path = os.path.join(_of_descriptor(folder) or ".", path)
    if following:
        return os.path.realpath(path)
    path = path.rstrip(os.sep) or os.sep
    return os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))


def _of_descriptor(number: int) -> str:
    """Return the path behind an open descriptor; empty where the system does not tell."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/self/fd/{number}")
    import fcntl

    ask = getattr(fcntl, "F_GETPATH", None)  # macOS
    if ask is None:
        return ""
    with contextlib.suppress(OSError):
        return os.fsdecode(fcntl.fcntl(number, ask, b"\0" * 1024).rstrip(b"\0"))
    return ""


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and those that called it, the innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _started_by_author(frame: FrameType | None, root: str) -> bool:
    """Tell whether a cell or the project's code asked for something, rather than an installed library.

    The standard library and what runs cells (``!command``, ``%%bash``) only pass on what they are asked.
    """
    stdlib = sysconfig.get_path("stdlib") + os.sep
    site = tuple(folder + os.sep for folder in site_folders()[:-1])
    passing = tuple(f"{os.sep}{name}{os.sep}" for name in ("IPython", "ipykernel", "pexpect", "ptyprocess"))
    for one in _frames(frame):
        filename = one.f_code.co_filename
        if "ipykernel_" in filename:
            return True
        if filename.startswith(site) and not any(name in filename for name in passing):
            return False
        if filename.startswith(root) and not filename.startswith((*site, stdlib)):
            return True
    return True


def _innermost(frame: FrameType | None, root: str, cell: str) -> str:
    """Return the line of the cell that runs and, if it called the project's code, the line there."""
    inner = ""
    for one in _frames(frame):
        filename = one.f_code.co_filename
        if "ipykernel_" in filename:
            return f"cell {cell or 'without label'}, line {one.f_lineno}" + (
                f" through {inner}" if inner else ""
            )
        own = filename.startswith((sys.prefix + os.sep, str(PACKAGE) + os.sep))
        if not inner and filename.startswith(root) and not own:
            inner = f"{filename[len(root) :]}:{one.f_lineno}"
    return f"cell {cell or 'without label'}"
