"""Files that appear whole or not at all, and the build's own memory, in which damage counts as absence."""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from paperbuild.ground.bytecode import drop_bytecode
from paperbuild.ground.errors import PaperError

_HEAD = '{"sha256": "%s", "content": '
_HEAD_LENGTH = len(_HEAD % ("0" * 64))

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_LEFTOVER = re.compile(
    r"\..*|#.*#|.*~|.*\.(orig|rej|bak|tmp|pyc)|__pycache__|Thumbs\.db|desktop\.ini", re.IGNORECASE
)


def is_leftover(name: str) -> bool:
    """Tell whether a file or folder of this name is what editors, merges, file managers or Python leave.

    >>> [is_leftover(name) for name in (".plots.py.swp", "plots.py~", "plots.py.orig", "plots.py")]
    [True, True, True, False]
    """
    return _LEFTOVER.fullmatch(name) is not None


def utf8(content: bytes, shown: str) -> str:
    """Return the text of a file that an author wrote.

    Raises
    ------
    PaperError
        Where it is no UTF-8, with the line of the first byte that is none.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte 0x{content[error.start]:02x}"
        raise PaperError(message, where=f"{shown}:{line}", remedy="save the file as UTF-8") from None


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
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise disk_refused(error, path) from None
        raise


def write_if_changed(path: Path, content: str) -> None:
    """Write a text file atomically unless it has this content already."""
    with contextlib.suppress(OSError):
        if path.read_bytes() == content.encode("utf-8"):
            return
    write_atomic(path, content)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it, if it is there and as far as the system lets us."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def read_own(path: Path) -> Any:
    """Return the JSON value in a file that the build made for itself, or None where there is none to be read.

    A file that is missing, cut off, not UTF-8, not JSON or nested beyond reason is as good as none: whoever
    asks makes it anew. The shape of the value is for the caller to check.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def remember(path: Path, content: Any) -> None:
    """Keep a JSON value under its own hash for `recall`; where that cannot be written, nothing is kept."""
    with contextlib.suppress(PaperError, TypeError, ValueError):
        write_atomic(path, sealed(content))


def sealed(content: Any) -> str:
    """Return a JSON value as text under its own hash, as `recall` reads it."""
    body = json.dumps(content)
    return f"{_HEAD % hashlib.sha256(body.encode('utf-8')).hexdigest()}{body}}}\n"


def recall(path: Path) -> Any:
    """Return what `remember` kept in a file, or None: a single changed byte makes the whole file absent."""
    try:
        text = path.read_bytes()
        body = text[_HEAD_LENGTH:-2]
        if text[:_HEAD_LENGTH] != (_HEAD % hashlib.sha256(body).hexdigest()).encode("ascii"):
            return None
        return json.loads(body)
    except (OSError, ValueError, RecursionError):
        return None


def disk_refused(error: OSError, path: Path) -> PaperError:
    """Return what to tell of the operating system's refusal; tidy up at the end where it is for want of room.

    What Python compiles until then may be cut off as well.
    """
    if error.errno in _NO_ROOM:
        atexit.register(drop_bytecode)
    return disk_error(error, path)


def disk_error(error: OSError, path: Path) -> PaperError:
    """Turn the operating system's refusal into a message that says what to do."""
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
