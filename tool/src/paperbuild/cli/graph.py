"""``paper graph``: the steps and what flows between them, as a small SVG that is the same every time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from paperbuild.build.plan import Plan, make_plan
from paperbuild.cli.arguments import add_build_choices, options_from
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project
from paperbuild.project.workspace import Workspace

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 38, 70, 16, 20
COLOURS = {"fresh": ("#e6f2ea", "#2e7d4f"), "stale": ("#fdeede", "#b35c00"), "data": ("#eef1f5", "#5a6b7b")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper graph``."""
    parser.add_argument("--output", "-o", type=Path, metavar="FILE.svg", help="default: build/graph.svg")
    add_build_choices(parser)


def main(project: Project, args: argparse.Namespace) -> int:
    """Draw the graph of steps, coloured by state, as an SVG file."""
    target = args.output or project.build / "graph.svg"
    options = options_from(args)
    workspace = Workspace.open(project.root, args.scenario, options.overrides)
    write_atomic(target, draw(workspace, make_plan(workspace, options)))
    print(f"paper: {project.relative(target)}", file=sys.stderr)
    return 0


def layers(steps: Sequence[str], after: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the steps in columns, each one right of everything it waits for.

    >>> layers(["a", "b", "c"], {"b": ["a"], "c": ["a", "b"]})
    [['a'], ['b'], ['c']]
    """
    depth: dict[str, int] = {}

    def column(step: str) -> int:
        if step not in depth:
            depth[step] = 1 + max((column(other) for other in after.get(step, ())), default=-1)
        return depth[step]

    for step in steps:
        column(step)
    return [[step for step in steps if depth[step] == i] for i in range(max(depth.values(), default=-1) + 1)]


def draw(workspace: Workspace, plan: Plan) -> str:
    """Return the SVG: a column of data, the notebooks, the documents; arrows for what is read."""
    settings = workspace.settings.notebooks
    states = {name: status.state for name, status in plan.statuses.items()}
    after = {name: list(status.after) for name, status in plan.statuses.items()}
    columns = layers(list(states), after)
    titles = {n: "; ".join([f"{n}: {status.state}", *status.reasons]) for n, status in plan.statuses.items()}
    labels = {name: name for name in states}
    for step in workspace.notebooks:
        if settings[step].reads_all or settings[step].tables:
            name = f"data of {step}"
            states[name], after[step] = "data", [name, *after[step]]
            tables = settings[step].tables
            count = f"{len(tables)} table{'s' if len(tables) > 1 else ''}"
            labels[name] = "all tables" if settings[step].reads_all else count
            titles[name] = ", ".join(tables) or "all"
    columns = [[name for name in states if states[name] == "data"], *columns]
    place = {
        name: (MARGIN + x * (BOX_WIDTH + GAP_X), MARGIN + y * (BOX_HEIGHT + GAP_Y))
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    width = 2 * MARGIN + len(columns) * BOX_WIDTH + (len(columns) - 1) * GAP_X
    height = 2 * MARGIN + max(map(len, columns)) * (BOX_HEIGHT + GAP_Y) - GAP_Y
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" '
        'font-family="sans-serif" font-size="13" role="img" aria-label="Graph of the build">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#8a949e"/></marker></defs>',
    ]
    for name, others in after.items():
        x, y = place[name]
        for other in others:
            left, top = place[other][0] + BOX_WIDTH, place[other][1] + BOX_HEIGHT / 2
            bend, middle = (left + x) / 2, y + BOX_HEIGHT / 2
            curve = f"M{left} {top:g}C{bend:g} {top:g} {bend:g} {middle:g} {x} {middle:g}"
            parts.append(f'<path d="{curve}" fill="none" stroke="#8a949e" marker-end="url(#tip)"/>')
    for name, (x, y) in place.items():
        fill, line = COLOURS[states[name]]
        # A dashed border tells stale from fresh without colour.
        dashes = ' stroke-dasharray="5 3"' if states[name] == "stale" else ""
        parts.append(
            f'<g><title>{escape(titles[name])}</title><rect x="{x}" y="{y}" width="{BOX_WIDTH}" '
            f'height="{BOX_HEIGHT}" rx="5" fill="{fill}" stroke="{line}"{dashes}/>'
            f'<text x="{x + BOX_WIDTH / 2:g}" y="{y + BOX_HEIGHT / 2 + 4.5:g}" text-anchor="middle">'
            f"{escape(labels[name])}</text></g>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
