"""Inside the kernel: which files a step opens, and whether it declares them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from paperbuild.ground.own import PACKAGE, PACKAGES
from paperbuild.kernel.importer import bytecode_folder, site_folders
from paperbuild.kernel.recorder import current_cell
from paperbuild.kernel.settings import KernelSettings


class UndeclaredWriteError(RuntimeError):
    """A step wrote a file of the project, past the artefact writer."""


# Outside the project only files that look like data are watched; fonts, time zones and settings are not.
DATA_SUFFIXES = frozenset(
    ".csv .tsv .txt .json .geojson .parquet .feather .arrow .xls .xlsx .ods .dta .sav .rds .rdata "
    ".npy .npz .pkl .pickle .h5 .hdf5 .nc .gpkg .shp .dbf .db .sqlite .zip .gz .xz .bz2 .yml .xml".split()
)


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
        # Installed packages are known by their versions, those of this distribution by their code.
        own_packages = (str(PACKAGE.parent / name) for name in PACKAGES)
        prefixes = {sys.prefix, sys.base_prefix, *site_folders(), *own_packages}
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
        cell = current_cell()
        shown = path[len(self._root) :] if path.startswith(self._root) else path
        place = _innermost(sys._getframe(2), self._root, cell)
        self.violations.append({"problem": problem, "path": shown, "cell": cell, "place": place})


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
