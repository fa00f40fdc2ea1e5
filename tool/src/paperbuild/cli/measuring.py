"""What the benchmarks share: commands timed as whole processes, ratios of series with their spread."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.build.report import clock
from paperbuild.ground.errors import PaperError
from paperbuild.ground.surroundings import processor

_GRACE = 10  # seconds that a command has to end what it started, once it is told to stop


@dataclass(frozen=True)
class Cost:
    """What a command cost, and what it said.

    Attributes
    ----------
    seconds, processor : float
        Of the whole process: by the clock, and of processor time with the processes it waited for.
    megabytes : float
        Its largest memory, without the processes that it started.
    said, complained : str
        Its standard output and error.
    """

    seconds: float
    processor: float
    megabytes: float
    said: str
    complained: str


def cost(command: Sequence[str], root: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command in the folder `root` and see what it costs.

    Where this process is told to stop meanwhile, so is the command, which has time to end what it started.

    Raises
    ------
    PaperError
        Where it fails, with its last lines.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as wrong:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=out, stderr=wrong)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, wrong):
            stream.seek(0)
        said, complained = out.read(), wrong.read()
    if process.returncode:
        raise PaperError(
            f"a step of the benchmark failed: {(said + complained)[-1500:].strip()}",
            where=" ".join(command[:6]),
            expected="exit code 0",
        )
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, said, complained)


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


@dataclass(frozen=True)
class Ratio:
    """How many times as long one takes as another.

    Attributes
    ----------
    middle : float
        Ratio of the medians.
    low, high : float
        Least and largest ratio of the two in one round, which had the same machine.
    rounds : int
        How many there were.
    """

    middle: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, other: Sequence[float], ours: Sequence[float]) -> Ratio:
        """Compare two series of times of which those at the same place were taken one after the other."""
        pairs = [one / own for one, own in zip(other, ours, strict=False)]
        middle = statistics.median(other) / statistics.median(ours)
        return cls(middle, min(pairs), max(pairs), len(pairs))

    def words(self) -> str:
        """Return it as people read it; measured once it has no spread."""
        spread = f"{self.low:.2f}–{self.high:.2f} in {self.rounds} rounds" if self.rounds > 1 else "once"
        return f"{self.middle:.2f} ({spread})"


def by_turns(
    ways: Mapping[str, Callable[[], float]],
    rounds: int,
    taken: dict[str, list[float]],
    prepare: Callable[[int], object] = lambda number: None,
    tell: Callable[[str], object] = lambda line: None,
) -> None:
    """Take the time of several ways in turn, so that what the machine does else falls on all of them.

    Parameters
    ----------
    ways : mapping of str to callable
        Each does its work once and returns the seconds it took.
    rounds : int
        How often each does it; every other round in the opposite order.
    taken : dict of str to list of float
        Is filled as they are measured: whoever is interrupted has what there is.
    prepare : callable
        Is called with the number of each round before it.
    tell : callable
        Is told after each round but the last how many are done and how long those left will take.
    """
    started = time.perf_counter()
    for number in range(rounds):
        prepare(number)
        for name in list(ways)[:: 1 if number % 2 == 0 else -1]:
            seconds = ways[name]()
            taken.setdefault(name, []).append(seconds)
        if left := rounds - number - 1:
            expected = (time.perf_counter() - started) / (number + 1) * left
            tell(f"{number + 1} of {rounds} rounds, about {clock(expected)} left")


def say(line: str) -> None:
    """Tell how far the benchmark is; what it found goes to standard output."""
    print(line, file=sys.stderr, flush=True)


def show(*rows: Sequence[str], width: int = 160) -> None:
    """Print a table, its heads first."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*rows[0], box=None)
    for row in rows[1:]:
        table.add_row(*row)
    console = Console(highlight=False)
    console.width = console.width if console.is_terminal else width
    console.print(table)


def machine() -> dict[str, Any]:
    """Return what a record says of the machine."""
    import platform

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
