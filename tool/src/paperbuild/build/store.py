"""Files that appear whole or not at all: atomic writes, the build's lock, and results kept by fingerprint."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_file

# Enough for some forty complete builds of an article with a dozen figures.
DEFAULT_SIZE_LIMIT = 2_000_000_000


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new one and nothing between.

    Raises
    ------
    PaperError
        If the folder is read-only or the disk is full; the old file is untouched.
    """
    payload = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as stream:
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise disk_error(error, path) from None


def copy_atomic(source: Path, target: Path) -> None:
    """Copy a file whole or not at all (see `write_atomic`)."""
    try:
        content = source.read_bytes()
    except OSError as error:
        raise disk_error(error, source) from None
    write_atomic(target, content)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it, if it is there and as far as the system lets us."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def disk_error(error: OSError, path: Path) -> PaperError:
    """Turn the operating system's refusal into a message that says what to do."""
    import errno

    remedies = {
        errno.ENOSPC: "free some space (paper clean --store empties the build's own store), then build again",
        errno.EDQUOT: "free some of your quota (paper clean --store empties the store), then build again",
        errno.EFBIG: "a limit on file sizes (ulimit -f) is in the way: lift it, then build again",
        errno.EACCES: "make the folder writable, then build again",
        errno.EPERM: "make the folder writable, then build again",
        errno.EROFS: "the file system is read-only: work on a copy of the project elsewhere",
    }
    return PaperError(
        f"cannot write: {os.strerror(error.errno) if error.errno else error}",
        where=str(path),
        remedy=remedies.get(error.errno or 0, "see the message above, then build again"),
    )


@contextlib.contextmanager
def build_lock(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the project's build lock.

    The kernel of the operating system keeps the lock (``flock``), so a killed build leaves none behind; the
    process number inside the file only serves the message.

    Raises
    ------
    PaperError
        If another build holds the lock and `wait` is false.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = open(path, "a+", encoding="ascii")
    except OSError as error:
        raise disk_error(error, path) from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            owner = stream.read().strip() or "unknown"
            raise PaperError(
                f"another build of this project is running (process {owner})",
                where=str(path),
                remedy="wait for it to end, or start with --wait; nothing was changed",
            ) from None
        stream.seek(0)
        stream.truncate()
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                stream.truncate(0)


@dataclass(frozen=True)
class Entry:
    """One kept result: a folder of files and their hashes.

    Attributes
    ----------
    folder : Path
        Where the files lie.
    files : mapping of str to str
        SHA-256 by path inside the folder.
    """

    folder: Path
    files: Mapping[str, str]

    def path(self, name: str) -> Path:
        """Return the kept file `name`."""
        return self.folder / "files" / name


@dataclass(frozen=True)
class Store:
    """Results by fingerprint, under one folder, bounded in size."""

    folder: Path

    def find(self, fingerprint: str) -> Entry | None:
        """Return the entry of `fingerprint` if its list of files is readable; contents are checked on use."""
        folder = self.folder / fingerprint
        try:
            listed = json.loads((folder / "entry.json").read_text(encoding="utf-8"))
            files = {str(name): str(digest) for name, digest in listed["files"].items()}
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None
        return Entry(folder, files)

    def is_sound(self, entry: Entry) -> bool:
        """Tell whether every kept file is there with the bytes it was kept with."""
        try:
            return all(sha256_file(entry.path(name)) == digest for name, digest in entry.files.items())
        except OSError:
            return False

    def keep(self, fingerprint: str, staged: Path) -> Entry:
        """Move the folder `staged` into the store under `fingerprint` and return its entry."""
        names = sorted(p.relative_to(staged).as_posix() for p in staged.rglob("*") if p.is_file())
        files = {name: sha256_file(staged / name) for name in names}
        folder, growing = self.folder / fingerprint, self.folder / f".{fingerprint}.{os.getpid()}"
        try:
            remove_tree(growing)
            growing.mkdir(parents=True)
            os.rename(staged, growing / "files")
            write_atomic(growing / "entry.json", json.dumps({"files": files}, indent=1))
            remove_tree(folder)
            os.rename(growing, folder)
        except OSError as error:
            remove_tree(growing)
            raise disk_error(error, folder) from None
        return Entry(folder, files)

    def drop(self, fingerprint: str) -> None:
        """Forget the entry of `fingerprint`."""
        remove_tree(self.folder / fingerprint)

    def touch(self, entry: Entry) -> None:
        """Note that `entry` was used, so that `prune` keeps it longer."""
        with contextlib.suppress(OSError):
            os.utime(entry.folder)

    def prune(self, limit: int, needed: set[str]) -> int:
        """Drop the longest unused entries until the store is within `limit` bytes; return the bytes freed.

        Entries in `needed` stay, however large they are, and so does anything touched in the last minute:
        a store being filled is not emptied at the same time.
        """
        if not self.folder.is_dir():
            return 0
        entries = []
        for folder in self.folder.iterdir():
            if folder.name.startswith("."):
                # Left by a build that was killed while it moved a result in.
                remove_tree(folder)
            else:
                size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
                entries.append((folder.stat().st_mtime, folder, size))
        total, freed, recent = sum(size for *_, size in entries), 0, time.time() - 60
        for used, folder, size in sorted(entries):
            if total - freed <= limit:
                break
            if folder.name not in needed and used < recent:
                remove_tree(folder)
                freed += size
        return freed
