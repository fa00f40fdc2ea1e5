"""The command ``paper``: find the project, load the module of the command typed, turn errors into lines."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from paperbuild.ground.errors import PaperError, UsageError, shortened, unexpected
from paperbuild.ground.files import disk_refused
from paperbuild.ground.interpreter import interpreter_variables
from paperbuild.project.layout import Project

# Command: (module, what it does). Modules are imported only when their command is typed.
COMMANDS = {
    "init": ("paperbuild.cli.init", "begin a paper in an empty folder"),
    "build": ("paperbuild.cli.build", "bring the article up to date"),
    "status": ("paperbuild.cli.status", "say what is stale and why; run nothing"),
    "params": ("paperbuild.cli.params", "list parameters and scenarios"),
    "run": ("paperbuild.cli.run", "run one notebook alone, touching nothing of the article"),
    "preview": ("paperbuild.cli.preview", "serve the article and rebuild it while you edit"),
    "check": ("paperbuild.cli.check", "check register, parameters, numbers, references, alt texts"),
    "verify": ("paperbuild.cli.verify", "rebuild a commit or a deposit and compare every output"),
    "diff": ("paperbuild.cli.diff", "compare two builds or revisions"),
    "accept": ("paperbuild.cli.accept", "accept an intended change of a data file"),
    "deposit": ("paperbuild.cli.deposit", "make the archive package"),
    "submit": ("paperbuild.cli.submit", "make the archive that a journal takes"),
    "site": ("paperbuild.cli.site", "write the article and all behind it as a folder for a web server"),
    "bench": ("paperbuild.cli.bench", "measure the build beside other tools"),
    "certificates": ("paperbuild.cli.certificates", "list certificates of several machines side by side"),
    "review": ("paperbuild.cli.review", "bring home what co-authors changed in the DOCX"),
    "dask": ("paperbuild.cli.dask", "be a scheduler or worker for builds with --dask"),
    "graph": ("paperbuild.cli.graph", "draw the graph of steps as SVG"),
    "clean": ("paperbuild.cli.clean", "remove what a build made"),
}
WITHOUT_PROJECT = {"init"}
"""Commands that need no project to stand in; they are handed None for it."""
ANYWHERE = {"verify"}
"""Commands that may stand in none; they are handed the project or None."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 good, 1 a finding or failed step, 2 wrong use."""
    if argv is None:
        begin_anew_if_needed()
    # Messages hold letters of several scripts; a terminal's or pipe's narrower encoding must not end a build.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return dispatch(utf8(sys.argv[1:] if argv is None else argv))
    except PaperError as error:
        print(f"paper: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            "paper: stopped; the last good article is untouched, the next build goes on from here",
            file=sys.stderr,
        )
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep Python from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"paper: {disk_refused(error, Path(error.filename or '.'))}", file=sys.stderr)
        return 1


def begin_anew_if_needed() -> None:
    """Start this command again where the user's environment has changed Python itself."""
    changed = interpreter_variables(os.environ)
    # Under LANG=C Python reads file names as ASCII; in its UTF-8 mode every locale is alike.
    ascii_only = sys.getfilesystemencoding() != "utf-8"
    if changed or ascii_only:
        for name, value in changed.items():
            if value:
                os.environ[name] = value
            else:
                del os.environ[name]
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def utf8(argv: Sequence[str]) -> list[str]:
    """Return the arguments as a list; bytes that are no UTF-8, which Python carries along, are refused.

    Raises
    ------
    UsageError
        For the first such argument.
    """
    for word in argv:
        try:
            word.encode("utf-8")
        except UnicodeEncodeError:
            where = shortened(word.encode("utf-8", "replace").decode("utf-8"))
            raise UsageError("this argument is not UTF-8", where=where, expected="text in UTF-8") from None
    return list(argv)


def dispatch(argv: list[str]) -> int:
    """Parse `argv`, find the project and hand over to the command's module."""
    parser = argparse.ArgumentParser(
        prog="paper",
        description="Build and verify the article.",
        epilog="commands:\n" + "\n".join(f"  {name:<9} {about}" for name, (_, about) in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--project", type=Path, metavar="DIR", help="the project (default: here or above)")
    parser.add_argument("command", metavar="COMMAND", choices=[*COMMANDS], help="one of those below")
    command = next(
        (i for i, word in enumerate(argv) if word in COMMANDS and (i == 0 or argv[i - 1] != "--project")),
        None,
    )
    # Options before the command are ours, those after it the command's.
    head, tail = (argv, []) if command is None else (argv[: command + 1], argv[command + 1 :])
    args = parser.parse_args(head)
    name, about = COMMANDS[args.command]
    module = importlib.import_module(name)
    sub = argparse.ArgumentParser(
        prog=f"paper {args.command}", description=(module.main.__doc__ or about).splitlines()[0]
    )
    sub.add_argument("--project", type=Path, metavar="DIR", default=args.project, help=argparse.SUPPRESS)
    module.add_arguments(sub)
    parsed = sub.parse_args(tail)
    project = None
    if args.command not in WITHOUT_PROJECT:
        with contextlib.suppress(UsageError) if args.command in ANYWHERE else contextlib.nullcontext():
            project = Project.find(parsed.project)
    try:
        return int(module.main(project, parsed))
    except (PaperError, OSError):
        raise
    except Exception as error:
        from tempfile import gettempdir  # here: most commands come to their end

        log = project.log if project else Path(gettempdir())
        raise unexpected(error, log / "crash.txt") from None
