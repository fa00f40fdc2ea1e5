"""What a running build shows: a live display in a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from paperbuild.build.report import clock


class Progress:
    """Counts and shows the steps of one build.

    Parameters
    ----------
    waiting : mapping of str to float or None
        Steps that will run, with the seconds each took last time.
    expected : float
        Seconds the whole is expected to take; 0 if unknown.
    quiet : bool
        Whether to show nothing.
    """

    def __init__(self, waiting: Mapping[str, float | None], expected: float, quiet: bool) -> None:
        self._waiting = dict(waiting)
        self._running: dict[str, float] = {}
        self._done = 0
        self._expected = expected
        self._start = time.monotonic()
        self._quiet = quiet
        self._lock = threading.RLock()
        self._live: Any = None

    def __enter__(self) -> Progress:
        """Begin the display."""
        if self._quiet or not self._waiting:
            return self
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(stderr=True),
                get_renderable=self._picture,
                refresh_per_second=5,
                transient=True,
            )
            self._live.start()
        elif self._expected:
            self.say(f"{len(self._waiting)} steps, about {clock(self._expected)} from past runs")
        return self

    def __exit__(self, *_: object) -> None:
        """End the display."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def started(self, step: str) -> None:
        """Note that a step begins to run."""
        with self._lock:
            self._running[step] = time.monotonic()

    def ended(self, step: str, outcome: str) -> None:
        """Note that a step has ended, and say so."""
        with self._lock:
            began = self._running.pop(step, None)
            self._waiting.pop(step, None)
            self._done += 1
            took = f"  {clock(time.monotonic() - began)}" if began else ""
            running = f", {len(self._running)} running" if self._running else ""
            left = len(self._waiting) - len(self._running)
            waiting = f", {left} waiting" if left > 0 else ""
            pace = f", {self._pace()}" if self._waiting and self._pace() else ""
            self.say(f"{step:<28} {outcome}{took}   ({self._done} done{running}{waiting}{pace})")

    def say(self, line: str) -> None:
        """Print one line above the display."""
        if self._quiet:
            return
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def _pace(self) -> str:
        """Return the rate so far and the time of day at which all will be done, as far as they are known.

        The end follows from past runs of these steps, and where one of them never ran from the rate.
        """
        elapsed = time.monotonic() - self._start
        if not self._done or not elapsed:
            return ""
        rate = self._done / elapsed
        left = self._expected - elapsed if self._expected else len(self._waiting) / rate
        end = time.strftime("%H:%M:%S", time.localtime(round(time.time() + max(0.0, left))))
        return f"{60 * rate:.3g} a minute, ends about {end}"

    def _picture(self) -> Any:
        """Return the live display: a line a running step, then the totals."""
        from rich.text import Text

        with self._lock:
            now = time.monotonic()
            lines = []
            for step, began in self._running.items():
                past = self._waiting.get(step)
                lines.append(
                    f"  {step:<26} {clock(now - began)}" + (f" of about {clock(past)}" if past else "")
                )
            waiting = len(self._waiting) - len(self._running)
            elapsed = clock(now - self._start)
            expected = f" of about {clock(self._expected)}" if self._expected else ""
            counts = f"{self._done} done, {len(self._running)} running, {max(0, waiting)} waiting"
            total = ", ".join(filter(None, [counts, f"{elapsed}{expected}", self._pace()]))
            return Text("\n".join([*lines, total]))
