"""What a running build shows: a live display in a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paperbuild.build.report import clock

INTERVAL = 30.0
"""Seconds between two lines about one step, where they are printed one below the other."""


@dataclass
class Far:
    """How far a long computation inside a step is.

    Attributes
    ----------
    of : str
        What it does.
    first : int
        How much was done when it was first told of.
    begun : float
        When that was.
    done, whole : int
        How much is done, and of how much.
    printed : float
        When a line last said so.
    """

    of: str
    first: int
    begun: float
    done: int
    whole: int
    printed: float

    def words(self, now: float) -> str:
        """Return how far it is, and as far as they are known the rate and the time of day of its end."""
        words = f"{self.of} {self.done:,} of {self.whole:,}"
        elapsed, new = now - self.begun, self.done - self.first
        if not new or not elapsed:
            return words
        left = (self.whole - self.done) * elapsed / new
        return f"{words}, {new / elapsed:.3g} a second, ends about {at(left)}"


def at(seconds: float) -> str:
    """Return the time of day in so many seconds."""
    return time.strftime("%H:%M:%S", time.localtime(round(time.time() + max(0.0, seconds))))


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
        self._past = dict(waiting)
        self._made: list[str] = []
        self._running: dict[str, float] = {}
        self._far: dict[str, Far] = {}
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
            self._far.pop(step, None)
            self._waiting.pop(step, None)
            self._made.append(step)
            took = f"  {clock(time.monotonic() - began)}" if began else ""
            running = f", {len(self._running)} running" if self._running else ""
            left = len(self._waiting) - len(self._running)
            waiting = f", {left} waiting" if left > 0 else ""
            pace = f", {self._pace()}" if self._waiting and self._pace() else ""
            self.say(f"{step:<28} {outcome}{took}   ({len(self._made)} done{running}{waiting}{pace})")

    def got(self, step: str, of: str, done: int, whole: int) -> None:
        """Note how far a running step is with one of its computations; say so now and then.

        Parameters
        ----------
        step : str
            The step.
        of : str
            What it does.
        done, whole : int
            How much of it is done, and how much there is.
        """
        with self._lock:
            now = time.monotonic()
            far = self._far.get(step)
            if far is None or far.of != of or done < far.done:
                far = self._far[step] = Far(of, done, now, done, whole, now)
            far.done, far.whole = done, whole
            if self._live is None and now >= far.printed + INTERVAL:
                far.printed = now
                self.say(f"{step:<28} {far.words(now)}")

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

        The end follows from past runs of these steps and how much longer or shorter those done took this
        time, and where one of them never ran from the rate.
        """
        elapsed = time.monotonic() - self._start
        if not self._made or not elapsed:
            return ""
        rate = len(self._made) / elapsed
        left = len(self._waiting) / rate
        if self._expected:
            past = [seconds for seconds in self._past.values() if seconds is not None]
            done = sum(self._past.get(step) or 0.0 for step in self._made)
            left = elapsed * (sum(past) / done - 1) if done else self._expected - elapsed
        return f"{60 * rate:.3g} a minute, ends about {at(left)}"

    def _picture(self) -> Any:
        """Return the live display: a line a running step, then the totals."""
        from rich.text import Text

        with self._lock:
            now = time.monotonic()
            lines = []
            for step, began in self._running.items():
                past, far = self._waiting.get(step), self._far.get(step)
                line = f"  {step:<26} {clock(now - began)}" + (f" of about {clock(past)}" if past else "")
                lines.append(f"{line}   {far.words(now)}" if far else line)
            waiting = len(self._waiting) - len(self._running)
            elapsed = clock(now - self._start)
            expected = f" of about {clock(self._expected)}" if self._expected else ""
            counts = f"{len(self._made)} done, {len(self._running)} running, {max(0, waiting)} waiting"
            total = ", ".join(filter(None, [counts, f"{elapsed}{expected}", self._pace()]))
            return Text("\n".join([*lines, total]))
