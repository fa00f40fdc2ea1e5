"""``paper dask``: a Dask scheduler or worker in the surroundings of a kernel, for builds with ``--dask``."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

from paperbuild.ground.errors import PaperError
from paperbuild.ground.interpreter import OWN_FOLDER
from paperbuild.ground.private import private_folder
from paperbuild.ground.surroundings import kernel_environment
from paperbuild.kernel.cluster import INSTALL, NOTEBOOKS, PROJECT_VARIABLE
from paperbuild.project.layout import Project

# One thread a process: linear algebra has one, and Python code would wait for itself. One notebook a worker.
OPTIONS = {"scheduler": (), "worker": ("--nthreads", "1", "--resources", f"{NOTEBOOKS}=1")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``paper dask`` understands."""
    parser.add_argument("role", choices=[*OPTIONS], help="what to be")
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="…",
        help="handed on: those of dask scheduler or dask worker (for a worker the scheduler's address)",
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Be a Dask scheduler or worker that has the project's code and the surroundings of a kernel."""
    if importlib.util.find_spec("distributed") is None:
        raise PaperError("Dask is not installed", where="paper dask", remedy=INSTALL)
    environment = kernel_environment(private_folder(), 0)
    environment["PYTHONPATH"] = os.pathsep.join([str(project.src), OWN_FOLDER])
    environment[PROJECT_VARIABLE] = str(project.root)
    # A worker forks kernels from a server of its own, which Python forbids to daemons.
    environment["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
    command = [sys.executable, "-m", "dask", args.role, "--no-dashboard"]
    os.execve(sys.executable, [*command, *OPTIONS[args.role], *args.arguments], environment)
