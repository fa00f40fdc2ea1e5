"""``paper build``: the options, the words before and after."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paperbuild.build.plan import CLUSTER_WAIT, Plan, make_plan
from paperbuild.build.store import DEFAULT_SIZE_LIMIT
from paperbuild.cli.arguments import COUNT, SECONDS, SIZE, add_build_choices, options_from
from paperbuild.ground import surroundings
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import HashCache
from paperbuild.ground.surroundings import kernel_environment
from paperbuild.project.layout import Project
from paperbuild.project.manifest import read_manifest
from paperbuild.project.printed import FALSE, read_numbers
from paperbuild.project.workspace import Workspace
from paperbuild.steps.desk import Desk
from paperbuild.steps.reference import differs_in_words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper build``."""
    add_build_choices(parser)
    parser.add_argument("--jobs", "-j", type=COUNT, metavar="N", help="steps at a time (default: processors)")
    parser.add_argument(
        "--dask",
        dest="cluster",
        default="",
        metavar="tcp://HOST:PORT",
        help="have a Dask cluster run notebooks and do what they map with joblib",
    )
    parser.add_argument(
        "--dask-wait",
        dest="cluster_wait",
        type=SECONDS,
        default=CLUSTER_WAIT,
        metavar="SECONDS",
        help=f"how long to wait for a worker when none is left ({CLUSTER_WAIT})",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where data are that a scenario needs and the project lacks"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and why; do nothing")
    parser.add_argument("--explain", action="store_true", help="say why each step runs, then build")
    parser.add_argument("--no-render", action="store_true", help="stop before typesetting")
    parser.add_argument("--kernel", choices=["fork", "cold"], default="fork", help="how kernels start")
    parser.add_argument("--memory-limit", type=SIZE, default=0, metavar="SIZE", help="per kernel, as 2G")
    parser.add_argument(
        "--store-limit",
        type=SIZE,
        default=DEFAULT_SIZE_LIMIT,
        metavar="SIZE",
        help="for kept results (2G)",
    )
    parser.add_argument("--wait", action="store_true", help="wait for another build of this project to end")
    parser.add_argument(
        "--accept",
        action="store_true",
        help="make what this machine computes the reference in figures/ and tables/",
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="print failures only")


def main(project: Project, args: argparse.Namespace) -> int:
    """Bring the article up to date: notebooks, figures, tables, numbers, documents."""
    from paperbuild.build import scheduler
    from paperbuild.cli.status import lines, tell_strays

    if scheduler.is_nested():
        return 0
    options = options_from(args)

    def look() -> Plan:
        return make_plan(Workspace.open(project.root, args.scenario, options.overrides), options)

    project = project.with_scenario(args.scenario)
    if args.data:
        from paperbuild.project.obtained import put_obtained

        for path in put_obtained(project, args.data):
            print(f"paper: {project.relative(path)} put in place", file=sys.stderr)
    if not args.quiet:
        tell_strays(project)
    if args.dry_run:
        print("\n".join(lines(look(), explain=True)))
        return 0
    if args.cluster:
        options = dataclasses.replace(options, places=require_alike_cluster(project, args))
    if args.explain:
        print("\n".join(lines(look(), explain=True)), file=sys.stderr)
    report = scheduler.build(look)
    for step, notes in report.notes.items():
        if not args.quiet:
            print("\n".join(f"paper: {step} {note}" for note in notes), file=sys.stderr)
    if report.ok:
        for found in _found_wrong(project, report.cache):
            place = f"{found['notebook']} › {found['cell']}"
            print(f"paper: finding of {place}: {found['message']} (paper check refuses it)", file=sys.stderr)
        for error in _false_words(project, report.cache):
            print(f"paper: {error}", file=sys.stderr)
        if not args.quiet and not project.scenario:
            for line in differs_in_words(project):
                print(f"paper: {line}", file=sys.stderr)
        report.cache.save()
    if (report.ran or report.failures) and (warning := surroundings.present().warning):
        print(f"paper: {warning}", file=sys.stderr)
    if report.warning and not args.quiet:
        print(f"paper: {report.warning}", file=sys.stderr)
    for error in report.failures.values():
        print(f"paper: {error}", file=sys.stderr)
    if report.failures and project.output.is_dir():
        kept = project.relative(project.output)
        print(f"paper: {report.summary()}; {kept}/ still holds the last good article", file=sys.stderr)
    elif report.failures or not args.quiet:
        made = report.ok and options.to and project.output.is_dir()
        where = f"; the article is in {project.relative(project.output)}/" if made else ""
        print(f"paper: {report.summary()}{where}", file=sys.stderr)
    if report.ok and args.overrides and not args.quiet:
        print(
            "paper: figures/ and tables/ now show these parameters; paper build returns to the defaults",
            file=sys.stderr,
        )
    return 0 if report.ok else 1


def _found_wrong(project: Project, cache: HashCache) -> list[Mapping[str, Any]]:
    """Return what notebooks found to be wrong, as the manifest lists it."""
    manifest = project.manifest
    found: list[Mapping[str, Any]] = cache.fact(
        "findings", cache.file(manifest), lambda: list(read_manifest(manifest).findings)
    )
    return found


def _false_words(project: Project, cache: HashCache) -> list[PaperError]:
    """Return a finding for each bound word that these results make false; the page marks it."""

    def says_what_is_false(language: str) -> bool:
        said = read_numbers(project.render_root, language).get("bound", {})
        return FALSE in said.values()

    printed = ((language, cache.file(project.numbers_of(language))) for language in project.all_editions)
    if not any(
        cache.fact("false words", digest, functools.partial(says_what_is_false, language))
        for language, digest in printed
    ):
        return []
    from paperbuild.checks.rule import Subject  # here: a build whose words are true goes without
    from paperbuild.checks.words import false_in

    return false_in(Subject(project))


def require_alike_cluster(project: Project, args: argparse.Namespace) -> int:
    """Refuse a cluster that cannot be reached or would compute something else, before anything runs.

    Returns how many notebooks its workers run at a time.
    """
    from paperbuild.kernel.cluster import require_alike, wanted

    desk = Desk.of(Workspace.open(project.root, args.scenario, tuple(args.overrides)))
    packages = desk.packages.needed_by(desk.outside(desk.workspace.notebooks))
    texts = (project.parameters_file, project.register_file)
    files = {project.relative(path): desk.scanner.file(path) for path in texts if path.is_file()}
    here = wanted(packages, project.src, kernel_environment("", 0))
    workers, places = require_alike(args.cluster, here, files)
    if not args.quiet:
        run = f"notebooks run there, {places} at a time" if places else "notebooks run here"
        print(f"paper: {workers} workers at {args.cluster}; {run}", file=sys.stderr)
    return places
