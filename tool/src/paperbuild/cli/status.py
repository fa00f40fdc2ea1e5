"""``paper status``: what is stale and why, one line a step; runs nothing."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping

from paperbuild.build.plan import Plan, make_plan
from paperbuild.cli.arguments import add_build_choices, options_from
from paperbuild.project.layout import ANALYSIS, Project
from paperbuild.project.results import held_to, ways_held
from paperbuild.project.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper status``."""
    parser.add_argument("--json", action="store_true", help="print JSON: steps, their state and reasons")
    add_build_choices(parser)


def main(project: Project, args: argparse.Namespace) -> int:
    """Print how every step stands."""
    options = options_from(args)
    workspace = Workspace.open(project.root, args.scenario, options.overrides)
    plan = make_plan(workspace, options)
    tell_strays(project)
    if workspace.manifest.broken and workspace.project.manifest.is_file():
        shown, what = workspace.project.relative(workspace.project.manifest), workspace.manifest.broken[0]
        print(f"paper: {shown} is broken ({what}); paper build writes it anew", file=sys.stderr)
    cache = workspace.cache
    held = ways_held(
        workspace.project.results, lambda path: cache.fact("held", cache.file(path), lambda: held_to(path))
    )
    cache.save()
    if args.json:
        print(as_json(plan, held))
    else:
        print("\n".join([*lines(plan, explain=True), *(f"{what:<28} {ways}" for what, ways in held.items())]))
    if plan.warning:
        print(f"paper: {plan.warning}", file=sys.stderr)
    return 0


def tell_strays(project: Project) -> None:
    """Say which notebooks no command runs, before somebody misses them."""
    for path in project.strays:
        shown = project.relative(path)
        print(f"paper: {shown} is no step, its name is not {ANALYSIS}/NN-name.ipynb", file=sys.stderr)


def as_json(plan: Plan, held: Mapping[str, str]) -> str:
    """Return for machines the steps, and what those that ran last were held to."""
    steps = {
        name: {
            "state": status.state,
            "reasons": status.reasons,
            "fingerprint": status.fingerprint,
            "stored": status.stored,
        }
        for name, status in plan.statuses.items()
    }
    return json.dumps({"steps": steps, "held": held}, ensure_ascii=False, indent=2)


def lines(plan: Plan, explain: bool) -> list[str]:
    """Return one line a step: fresh, or stale and why; with `explain` all reasons, else the first."""
    shown = []
    for name, status in plan.statuses.items():
        if not status.reasons:
            shown.append(f"{name:<28} fresh")
            continue
        reasons = status.reasons if explain else status.reasons[:1]
        more = len(status.reasons) - len(reasons)
        verb = "stale (kept)" if status.stored else "stale"
        shown.append(f"{name:<28} {verb}: " + "; ".join(reasons) + (f"; and {more} more" if more else ""))
    return shown
