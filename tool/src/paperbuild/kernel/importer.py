"""Inside the kernel: the project's modules, imported from what their files hold now."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.machinery
import marshal
import os
import sys
from pathlib import Path
from types import CodeType

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import write_atomic


def site_folders() -> list[str]:
    """Return the folders installed packages are imported from, the standard library's last."""
    import sysconfig

    own = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    # An environment may lend from another: `--system-site-packages`, or a .pth file that adds its folder.
    lent = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    return [*dict.fromkeys([*own, *lent]), sysconfig.get_path("stdlib")]


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
        installed = real.startswith(tuple(os.path.realpath(site) for site in site_folders()))
        if installed or not (real + os.sep).startswith(os.path.realpath(root) + os.sep):
            raise ImportError(f"{folder} is not the project's")
        if not os.path.isdir(real):
            # A script, which Python would otherwise take for a folder with `__main__` in it.
            raise ImportError(f"{folder} is no folder")
        extensions = (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES)
        sources = (SourceLoader, importlib.machinery.SOURCE_SUFFIXES)
        return importlib.machinery.FileFinder(folder, extensions, sources)

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()
