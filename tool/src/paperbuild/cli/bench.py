"""`paper bench`: what this build costs and saves, beside plain papermill and the drivers installed."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from paperbuild.build.progress import at
from paperbuild.build.report import clock
from paperbuild.build.scheduler import terminable
from paperbuild.cli import bench_large, bench_scale
from paperbuild.cli.arguments import COUNT
from paperbuild.cli.bench_builds import MEASURES, Bench, Measure, Past
from paperbuild.cli.measuring import Ratio, by_turns, machine, say, show
from paperbuild.ground.errors import PaperError, UsageError
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project

Series = Mapping[str, Mapping[str, Sequence[float]]]
"""Seconds in the order in which they were measured, by task and by who did it."""

PROMISES = (("no-op", "doit", 1.0), ("one-figure change", "papermill", 1.5), ("full build", "papermill", 2.5))
"""Task, driver, and how many times as fast as it this build is to be."""


def ratios(row: Mapping[str, Sequence[float]]) -> dict[str, Ratio]:
    """Return how many times as long as this build the others take, as far as they were measured."""
    ours = row.get("paper", ())
    return {name: Ratio.of(taken, ours) for name, taken in row.items() if name != "paper" and taken and ours}


def told(task: str, row: Mapping[str, Sequence[float]]) -> list[str]:
    """Say how the others compare, and of each promise whether this run kept it."""
    promised = {(task, driver): least for task, driver, least in PROMISES}
    lines = []
    for name, ratio in ratios(row).items():
        line = f"{task}: {name} takes {ratio.words()} times as long as paper"
        if least := promised.get((task, name)):
            line += f", at least {least:.2f} promised: {'kept' if ratio.middle >= least else 'missed'}"
        lines.append(line)
    return lines


def rows(tasks: Series) -> list[Sequence[str]]:
    """Return the table of a run: medians with least and most, and ratios to this build with theirs."""
    lines: list[Sequence[str]] = [("task", "by", "seconds", "from – to", "rounds", "times as long as paper")]
    for task, row in tasks.items():
        compared = ratios(row)
        for name, taken in row.items():
            spread = f"{min(taken):.2f} – {max(taken):.2f}" if len(taken) > 1 else ""
            ratio = compared[name].words() if name in compared else ""
            lines.append((task, name, f"{statistics.median(taken):.2f}", spread, str(len(taken)), ratio))
    return lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `paper bench` understands."""
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=f"only these: {', '.join(MEASURES)} (default: all)"
    )
    parser.add_argument(
        "--repeat", type=COUNT, metavar="N", help="rounds of each (default: as many as its ratio needs)"
    )
    parser.add_argument(
        "--jobs", type=COUNT, default=os.cpu_count() or 1, metavar="N", help="notebooks at once"
    )
    parser.add_argument(
        "--scale", action="store_true", help="the project's own computations instead (analysis/scale.py)"
    )
    parser.add_argument(
        "--large",
        type=COUNT,
        nargs="?",
        const=bench_large.NOTEBOOKS,
        metavar="N",
        help="builds of a made-up project of N notebooks instead (default 1000, with 5 GB of data)",
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Measure, tell each ratio as soon as it is known, and keep all in build/bench.json."""
    if unknown := [name for name in args.measures if name not in MEASURES]:
        raise UsageError(f"no measure {unknown[0]!r}", where="paper bench", expected=", ".join(MEASURES))
    if chosen := [f"--{name}" for name in ("scale", "large") if getattr(args, name)]:
        if args.measures or len(chosen) > 1:
            raise UsageError(f"{chosen[0]} measures something else", where=f"paper bench {chosen[0]}")
        with terminable():
            return (
                bench_scale.main(project) if args.scale else bench_large.main(project, args.large, args.jobs)
            )
    measures = {name: one for name, one in MEASURES.items() if name in (args.measures or MEASURES)}
    if not project.article.is_file():
        raise PaperError("there is no article to build", where=project.article.name)
    tasks: dict[str, dict[str, list[float]]] = {}
    try:
        with terminable(), tempfile.TemporaryDirectory(prefix="paper-bench-") as temporary:
            measure(Bench(project, Path(temporary).resolve(), args.jobs), measures, args.repeat, tasks)
    finally:
        # Whoever is interrupted is left with what is known.
        tasks = {task: row for task, row in tasks.items() if row}
        if tasks:
            keep(project, args.jobs, tasks)
            show(*rows(tasks))
    return 0


def measure(
    bench: Bench,
    measures: Mapping[str, Measure],
    repeat: int | None,
    tasks: dict[str, dict[str, list[float]]],
) -> None:
    """Measure one after the other.

    Parameters
    ----------
    bench : Bench
        The copy of the project.
    measures : mapping of str to Measure
        What is measured, by its name.
    repeat : int, optional
        Rounds of each; by default its own number.
    tasks : dict
        Is filled with the seconds, by task and by who did it, as they are known.
    """
    past, begun = Past.of(bench.original, bench.jobs), time.monotonic()
    expected = {name: one.expected(past, repeat or one.rounds) for name, one in measures.items()}
    for place, (name, one) in enumerate(measures.items(), start=1):
        left = sum(list(expected.values())[place - 1 :])
        say(f"{name} ({place} of {len(measures)}; all ends about {at(left)}, from past builds)")
        ways, row = one.ways(bench), tasks.setdefault(one.task, {})
        by_turns(ways, repeat or one.rounds, row, partial(one.prepare, bench), lambda line: say(f"  {line}"))
        print("\n".join(told(one.task, row)), flush=True)
    say(f"measured in {clock(time.monotonic() - begun)}")


def keep(project: Project, jobs: int, tasks: Series) -> None:
    """Write down what was measured."""
    record = {
        "machine": machine(),
        "jobs": jobs,
        "seconds": tasks,
        "ratios": {
            task: {name: vars(ratio) for name, ratio in ratios(row).items()} for task, row in tasks.items()
        },
    }
    write_atomic(project.build / "bench.json", json.dumps(record, indent=1) + "\n")
