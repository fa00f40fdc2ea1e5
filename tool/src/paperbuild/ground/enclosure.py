"""What the operating system itself holds the processes of a notebook to, where it can: Linux, without rights.

What a C library does by itself raises no audit event of Python's. But in a network of its own a process
reaches only what it has started, whatever in it asks; and the system's notices of a folder name each file
that a process opens or changes, whatever in it does. Where either is refused, the watch inside Python stands
alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1  # linux/sockios.h, linux/if.h
CAPABILITY_VERSION = 0x20080522  # linux/capability.h

# linux/fanotify.h
FAN_CLOEXEC, FAN_NONBLOCK, FAN_REPORT_DFID_NAME = 0x1, 0x2, 0x400 | 0x800
FAN_MARK_ADD, AT_FDCWD = 0x1, -100
FAN_OPEN, FAN_EVENT_ON_CHILD = 0x20, 0x08000000
# FAN_MODIFY, and what happens to names: FAN_MOVED_FROM, FAN_MOVED_TO, FAN_CREATE, FAN_DELETE.
FAN_CHANGES = 0x2 | 0x40 | 0x80 | 0x100 | 0x200
EVENT, INFORMATION = struct.Struct("=IBBHQii"), struct.Struct("=BBH8x")
HANDLE_BYTES = 128  # MAX_HANDLE_SZ


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _failed(what: str) -> OSError:
    return OSError(ctypes.get_errno(), what)


# The network ---------------------------------------------------------------------------------------------


def close_network() -> bool:
    """Give this process, and all it starts, a network in which there is nothing else; tell whether it has.

    To be called before it has threads.
    """
    if not network_can_be_closed():
        return False
    _enter_own_network()
    return True


@functools.cache
def network_can_be_closed() -> bool:
    """Tell whether the system allows it, by trying in a child: half of it could not be taken back here."""
    if sys.platform != "linux":
        return False
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _enter_own_network()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _enter_own_network() -> None:
    """Enter a network that holds only this machine's own addresses.

    Root has the right to; anyone else has it in a namespace of users of their own, in which they stay who
    they are and whose other rights they give back.
    """
    libc, user, group = _libc(), os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if user else 0)):
        raise _failed("unshare")
    if user:
        maps = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
        for name, content in maps.items():
            Path("/proc/self", name).write_text(content, encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    if user and libc.capset((ctypes.c_uint32 * 2)(CAPABILITY_VERSION), (ctypes.c_uint32 * 6)()):
        raise _failed("capset")


def turned_away() -> int:
    """Return how often something in this process's own network has asked for what is not in it.

    That is what found no route, and what was sent to this machine where nobody listens, as questions for a
    name are where a server of this machine answers them.
    """
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/net/snmp").read_text(encoding="ascii").splitlines()
        for names, values in zip(lines[::2], lines[1::2], strict=True):
            kind, *keys = names.replace(":", "").split()
            counts = map(int, values.split()[1:])
            found |= {kind + key: count for key, count in zip(keys, counts, strict=True)}
        pairs = map(str.split, Path("/proc/self/net/snmp6").read_text(encoding="ascii").splitlines())
        found |= {name: int(value) for name, value in pairs}
    asked = ("IpOutNoRoutes", "Ip6OutNoRoutes", "UdpNoPorts", "Udp6NoPorts")
    return sum(found.get(name, 0) for name in asked)


# Files ---------------------------------------------------------------------------------------------------


class Notices:
    """Which files in some folders this process opens or changes, whatever in it does.

    What its children do is not among them: the system does not say who they are.

    Parameters
    ----------
    folders : iterable of str
        The folders, each for what lies directly in it.

    Raises
    ------
    OSError
        Where the system gives no notices of them, or none that name files.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self._process = os.getpid()
        self._folders: dict[bytes, str] = {}
        libc = _libc()
        if sys.platform != "linux" or not hasattr(libc, "fanotify_init"):
            raise OSError("only Linux gives notices")
        self._queue = libc.fanotify_init(FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME, os.O_RDONLY)
        if self._queue < 0:
            raise _failed("fanotify_init")
        mask = ctypes.c_uint64(FAN_OPEN | FAN_CHANGES | FAN_EVENT_ON_CHILD)
        for folder in folders:
            name = os.fsencode(folder)
            handle = ctypes.create_string_buffer(struct.pack("=I", HANDLE_BYTES), 8 + HANDLE_BYTES)
            refused = libc.fanotify_mark(self._queue, FAN_MARK_ADD, mask, AT_FDCWD, name)
            if refused or libc.name_to_handle_at(AT_FDCWD, name, handle, ctypes.byref(ctypes.c_int()), 0):
                os.close(self._queue)
                raise _failed(f"notices of {folder}")
            (length,) = struct.unpack_from("=I", handle.raw)
            self._folders[handle.raw[: 8 + length]] = folder

    def new(self) -> Iterator[tuple[str, bool]]:
        """Yield each file that this process has opened or changed since last asked, and whether changed."""
        while os.getpid() == self._process:
            try:
                told = os.read(self._queue, 65536)
            except BlockingIOError:
                return
            place = 0
            while place < len(told):
                length, _, _, start, mask, _, process = EVENT.unpack_from(told, place)
                if process == self._process and start < length:
                    yield self._path(told[place + start : place + length]), bool(mask & FAN_CHANGES)
                place += length

    def _path(self, about: bytes) -> str:
        """Return the path that an event's information names: its folder's handle, then the name in it."""
        start = INFORMATION.size
        (length,) = struct.unpack_from("=I", about, start)
        end = start + 8 + length
        return os.path.join(self._folders[about[start:end]], os.fsdecode(about[end:].split(b"\0")[0]))
