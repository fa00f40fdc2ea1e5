"""Content hashes, remembered by a file's size and times but decided by its bytes alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from paperbuild.ground.files import recall, remember

# A file touched this recently may change again without its times moving (file systems keep times coarsely),
# so its remembered hash is not trusted yet: the rule by which git treats "racily clean" files.
RACY_NANOSECONDS = 2_000_000_000

ABSENT = ""
"""What stands for the hash of a file that is not there."""

Hashed = Callable[[Path | str], str]
"""Whatever tells the SHA-256 of a file."""


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256_bytes(text.encode("utf-8"))


class HashCache:
    """File hashes and derived facts, kept between runs so that an unchanged project is not read again.

    A remembered hash is used only while size, inode, modification *and* change time stay as they were, and
    only if the file was already at rest when it was hashed. The change time cannot be set by a user, so
    ``touch -d``, ``cp -p`` or an editor that restores times does not hide an edit. Losing the cache file
    costs time, never correctness.

    Parameters
    ----------
    path : Path
        Where the cache is kept.
    version : callable
        Tells which code derives the facts, given what hashes its files; facts of other code are forgotten.
    """

    def __init__(self, path: Path, version: Callable[[Hashed], str] = lambda hashed: "") -> None:
        self._path = path
        self._changed = False
        self._files: dict[str, list[Any]] = {}
        self._facts: dict[str, Any] = {}
        self._used: set[str] = set()
        self._seen: set[str] = set()
        self._still: dict[str, str] | None = None
        kept = recall(path)
        if kept:
            self._files = kept["files"]
        self._version = version(self.file)
        if kept and kept["version"] == self._version:
            self._facts = kept["facts"]

    def file(self, path: Path | str) -> str:
        """Return the SHA-256 of `path`'s bytes."""
        key = str(path)
        if self._still is not None and key in self._still:
            return self._still[key]
        status = os.stat(path)
        mark = [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
        self._seen.add(key)
        known = self._files.get(key)
        if known is not None and known[:4] == mark:
            digest: str = known[4]
        else:
            digest = sha256_file(path)
            if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > RACY_NANOSECONDS:
                self._files[key] = [*mark, digest]
                self._changed = True
            else:
                self._files.pop(key, None)
        if self._still is not None:
            self._still[key] = digest
        return digest

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Take every file to stay as it is while the block runs, which only looks: each is asked for once."""
        self._still = {}
        try:
            yield
        finally:
            self._still = None

    def fact(self, kind: str, digest: str, compute: Any) -> Any:
        """Return ``compute()``, a JSON-like fact that follows from content with hash `digest` alone."""
        key = f"{kind}:{digest}"
        self._used.add(key)
        if key not in self._facts:
            self._facts[key] = compute()
            self._changed = True
        return self._facts[key]

    def traced(self, kind: str, name: str, compute: Callable[[], tuple[Any, Iterable[Path]]]) -> Any:
        """Return a JSON-like fact that follows from files of which only reading them tells which they are.

        Parameters
        ----------
        kind, name : str
            What the fact is, and of what.
        compute : callable
            Returns the fact and the files that it was read from or that were looked for in vain. The fact
            holds for as long as these have the same bytes, or are as absent.
        """
        key = f"{kind}:{name}"
        self._used.add(key)
        known = self._facts.get(key)
        if known is not None and all(self._or_absent(path) == was for path, was in known["read"].items()):
            return known["fact"]
        fact, paths = compute()
        read = {str(path): self._or_absent(path) for path in paths}
        # A file that is no longer at rest may have been read as it was before.
        if all(path in self._files or was == ABSENT for path, was in read.items()):
            self._facts[key] = {"read": read, "fact": fact}
            self._changed = True
        return fact

    def _or_absent(self, path: Path | str) -> str:
        """Return the SHA-256 of a file's bytes, `ABSENT` where there is no file to be read."""
        try:
            return self.file(Path(path))
        except OSError:
            return ABSENT

    def save(self) -> None:
        """Keep the cache for the next run; a folder that cannot be written only costs that run its time."""
        if not self._changed:
            return
        # What a run used is some hundred entries; far more than that is memory of files and code long gone,
        # which every later run would read.
        files, facts = self._files, self._facts
        if len(facts) > 2 * len(self._used) + 400:
            facts = {key: facts[key] for key in self._used}
        if len(files) > 2 * len(self._seen) + 400:
            files = {key: files[key] for key in self._seen & set(files)}
        kept = {"version": self._version, "files": files, "facts": facts}
        remember(self._path, kept)
        self._changed = False
