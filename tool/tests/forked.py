"""The command ``paper`` in a process of its own, forked from one that has loaded what commands import.

Loading takes most of the time of a command on a small project, and a test that starts twenty need not wait
for it twenty times. What is forked is a process like any other: it has the arguments, the folder, the
environment and the streams of the command, and ends with its exit code. Kernels are forked from one server,
as those of one build are. What Python, the libraries and the server have read from the environment is read:
a command with variables of its own is started anew (`toy.paper`).
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import NoReturn

import paperbuild
from paperbuild.ground import private
from paperbuild.kernel import warm

# What Python reads when it starts, and the libraries when they are loaded.
STARTING = re.compile(r"(PYTHON|LC_|LANG|TZ|LD_|PAPERBUILD_)")
# What commands import where they first need it, and not before.
LATER = (
    "IPython.core.interactiveshell",
    "PIL.Image",
    "concurrent.futures.thread",
    "nbconvert",
    "nbformat",
    "pandas",
    "paperbuild.kernel.execute",
    "psutil",
    "pydantic",
    "pypandoc",
    "rich.progress",
    "typst",
)

Done = subprocess.CompletedProcess[str]


def serve() -> None:
    """Fork a command for each line read, and answer with its exit code."""
    for module in pkgutil.walk_packages(paperbuild.__path__, "paperbuild."):
        # What kernels run is theirs alone; templates are files of other projects.
        if not module.name.startswith(("paperbuild.kernel.", "paperbuild.templates")):
            importlib.import_module(module.name)
    for name in LATER:
        importlib.import_module(name)
    warm.start_server(["pandas"])
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    while asked := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            answers.close()
            run(**json.loads(asked))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def run(arguments: list[str], folder: str, environment: dict[str, str], streams: list[str]) -> NoReturn:
    """Be the command in this process."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, (name, flags) in enumerate(
        zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)
    ):
        opened = os.open(name, flags)
        os.dup2(opened, number)
        os.close(opened)
    # The server of kernels is there already, and no child of this process; its folder is not this one's.
    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None
    private._private_folder = None
    atexit.unregister(shutil.rmtree)
    sys.argv, sys.orig_argv = ["paper", *arguments], [sys.executable, "-m", "paperbuild", *arguments]
    sys.path[0] = os.getcwd()
    # A kernel that is forked later loads the main module of the process that asks for it.
    sys.modules["__main__"] = importlib.import_module("paperbuild.__main__")
    sys.exit(sys.modules["__main__"].main())


class Server:
    """The process that commands are forked from."""

    def __init__(self) -> None:
        self.environment = dict(os.environ)
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        atexit.register(self.end)

    def would_start_alike(self, environment: Mapping[str, str]) -> bool:
        """Tell whether Python, started with these variables, would be as it is in the server."""
        return read_by_python(environment) == read_by_python(self.environment)

    def ask(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float
    ) -> Done:
        """Run the command."""
        asking, answer = self.process.stdin, self.process.stdout
        assert asking is not None
        assert answer is not None
        with tempfile.TemporaryDirectory() as kept:
            said = [Path(kept, name) for name in ("stdout", "stderr")]
            for file in said:
                file.touch()
            streams = [os.devnull, *map(str, said)]
            asked = {
                "arguments": arguments,
                "folder": str(folder),
                "environment": environment,
                "streams": streams,
            }
            asking.write(json.dumps(asked).encode("ascii") + b"\n")
            asking.flush()
            if not select.select([answer], [], [], seconds)[0]:
                self.end()
                raise subprocess.TimeoutExpired(["paper", *arguments], seconds)
            code = int(answer.readline())
            return Done(["paper", *arguments], code, *(file.read_text(encoding="utf-8") for file in said))

    def end(self) -> None:
        """End it, at once if a command hangs."""
        server.cache_clear()
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@functools.cache
def server() -> Server:
    """Return the server of this process, started when it is first asked for."""
    return Server()


def read_by_python(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Python and the C library read when a process starts."""
    return {name: value for name, value in environment.items() if STARTING.match(name)}


if __name__ == "__main__":
    serve()
