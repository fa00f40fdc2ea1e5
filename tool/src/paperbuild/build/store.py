"""The build's lock, and results kept by fingerprint."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import disk_refused, recall, remove_tree, sealed, write_atomic
from paperbuild.ground.hashing import sha256_file
from paperbuild.steps.step import Result, fingerprint

# Enough for some forty complete builds of an article with a dozen figures.
DEFAULT_SIZE_LIMIT = 2_000_000_000


@contextlib.contextmanager
def build_lock(
    path: Path, *, wait: bool = False, what: str = "another build of this project"
) -> Iterator[None]:
    """Hold the project's build lock, or the lock of `what` else must not happen twice at once.

    The kernel of the operating system keeps the lock (``flock``), so a killed build leaves none behind; the
    process number inside the file only serves the message.

    Raises
    ------
    PaperError
        If another process holds the lock and `wait` is false.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = open(path, "a+", encoding="ascii")
    except OSError as error:
        raise disk_refused(error, path) from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            owner = stream.read().strip() or "unknown"
            raise PaperError(
                f"{what} is running (process {owner})",
                where=str(path),
                remedy="wait for it to end (paper build waits with --wait); nothing was changed",
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
class Store:
    """Results by the fingerprint of their inputs, under one folder, bounded in size."""

    folder: Path

    def find(self, inputs: Mapping[str, str]) -> Result | None:
        """Return what is kept for `inputs` if its list of files is readable; contents are checked on use."""
        folder = self.folder / fingerprint(inputs)
        listed = recall(folder / "entry.json")
        files = listed.get("files") if isinstance(listed, dict) else None
        if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
            return None
        return Result(folder, files, dict(inputs))

    def is_sound(self, result: Result, hashed: Callable[[Path | str], str] = sha256_file) -> bool:
        """Tell whether every kept file is there with the bytes it was kept with, as `hashed` hashes them."""
        try:
            kept = f"{result.folder}/files"  # a path an object each would take longer than the look at it
            return all(hashed(f"{kept}/{name}") == digest for name, digest in result.files.items())
        except OSError:
            return False

    def keep(self, inputs: Mapping[str, str], staged: Path) -> Result:
        """Move the folder `staged` into the store as what `inputs` give, and return it as a result."""
        name = fingerprint(inputs)
        found = sorted(p.relative_to(staged).as_posix() for p in staged.rglob("*") if p.is_file())
        files = {file: sha256_file(staged / file) for file in found}
        folder, growing = self.folder / name, self.folder / f".{name}.{os.getpid()}"
        try:
            remove_tree(growing)
            growing.mkdir(parents=True)
            os.rename(staged, growing / "files")
            write_atomic(growing / "entry.json", sealed({"files": files}))
            remove_tree(folder)
            os.rename(growing, folder)
        except OSError as error:
            remove_tree(growing)
            raise disk_refused(error, folder) from None
        return Result(folder, files, dict(inputs))

    def drop(self, result: Result) -> None:
        """Forget a result."""
        remove_tree(result.folder)

    def touch(self, result: Result) -> None:
        """Note that a result was used, so that `prune` keeps it longer."""
        with contextlib.suppress(OSError):
            os.utime(result.folder)

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
