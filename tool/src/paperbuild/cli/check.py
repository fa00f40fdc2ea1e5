"""``paper check``: what the rules of `paperbuild.checks` find, and which of them were not asked."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from importlib.metadata import version
from pathlib import PurePosixPath

from paperbuild.checks.check import RULES, Outcome, check
from paperbuild.checks.mutate import Mutated, mutate
from paperbuild.checks.mutate_tables import Mutations, mutate_tables
from paperbuild.checks.rule import Subject
from paperbuild.checks.sarif import sarif
from paperbuild.checks.words import all_bound
from paperbuild.ground.errors import PaperError
from paperbuild.ground.gitrepo import top_level
from paperbuild.project import register
from paperbuild.project.layout import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `paper check` understands."""
    parser.add_argument("--list", action="store_true", help="list the rules and what each is for")
    parser.add_argument("--verbose", action="store_true", help="print notes one by one")
    parser.add_argument(
        "--mutate",
        action="store_true",
        help="change the results that bound words rest on, and cells of tables; list what nothing saw",
    )
    parser.add_argument(
        "--format",
        choices=["text", "json", "sarif"],
        default="text",
        help="what to print: lines, JSON, or SARIF for code hosts",
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="short for --format json"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Print each finding with its place, expectation and remedy; 1 where there is any."""
    if args.list:
        print(listing(args.format == "json"))
        return 0
    if args.mutate:
        subject = Subject(project)
        mutated = mutate(all_bound(subject), subject.facts)
        print(unmoved(mutated))
        tables = mutate_tables(register.read(project.root))
        print(unseen(tables))
        return 0 if mutated.sound and tables.sound else 1
    outcome = check(project)
    if args.format == "sarif":
        print(as_sarif(outcome, project))
    else:
        print(as_json(outcome) if args.format == "json" else as_text(outcome, args.verbose))
    return 1 if outcome.findings else 0


def unmoved(mutated: Mutated) -> str:
    """Return the words that no change of their results moved, what others name for nothing, and the count."""
    lines = [
        PaperError(
            f"stays as it is whatever its results are: “{' | '.join(one.wordings)}”",
            where=one.where,
            expected=f"a condition that can turn: {one.expression}",
            remedy="bind the words to the result that they state",
        )
        for one in mutated.unmoved
    ]
    lines += [
        PaperError(
            f"stays as it is whatever {', '.join(names)} says: “{' | '.join(one.wordings)}”",
            where=one.where,
            expected=f"a condition that turns with all it names: {one.expression}",
            remedy="leave out what the words do not rest on, or write what they say of it",
        )
        for one, names in mutated.idle.items()
    ]
    still = Counter(one.path for one in mutated.unmoved)
    lasting = {path: count - still[path] for path, count in mutated.words.items()}
    counts = [
        f"{path}: {lasting[path]} of {count} bound words moved" for path, count in mutated.words.items()
    ]
    whole = f"in all {sum(lasting.values())} of {mutated.words.total()}, on {mutated.changes} changes"
    return "\n".join([*map(str, lines), *counts, whole])


def unseen(tables: Mutations) -> str:
    """Return the changes of tables that no schema and no check saw, and the count by kind."""
    lines = [f"passes unseen: {one}" for one in tables.passed]
    lines += [
        f"{kind}: {tables.passing(kind)} of {count} changes pass; seen are "
        f"{count - tables.passing(kind) - tables.recorded[kind]} by schema, sums, neighbours, sources and "
        f"{tables.recorded[kind]} by recorded counts alone"
        for kind, count in tables.counts.items()
    ]
    return "\n".join(lines)


def listing(as_data: bool) -> str:
    """Return the rules with what they look at and why."""
    if as_data:
        rules = [
            {"name": rule.name, "why": rule.why, "looks_at": rule.looks_at, "note": rule.note}
            for rule in RULES
        ]
        return json.dumps({"rules": rules}, ensure_ascii=False, indent=1)
    return "\n".join(
        f"{rule.name}{'  (a note: told, not refused)' if rule.note else ''}\n"
        f"  why:      {rule.why}\n"
        f"  looks at: {rule.looks_at}"
        for rule in RULES
    )


def as_text(outcome: Outcome, verbose: bool) -> str:
    """Return the outcome as lines: findings, notes, what was switched off, the count."""
    lines = [str(one) for one in outcome.findings]
    for name, notes in outcome.notes.items():
        lines += [f"note: {one}" for one in notes] if verbose else []
        more = "" if verbose else "; paper check --verbose lists them"
        lines.append(f"notes of {name}: {len(notes)}{more}")
    lines += [f"switched off: {name}, because {reason}" for name, reason in outcome.off.items()]
    return "\n".join([*lines, f"findings: {len(outcome.findings)}"])


def as_json(outcome: Outcome) -> str:
    """Return the outcome for machines."""
    notes = [one for several in outcome.notes.values() for one in several]
    listed = {
        "findings": [_record(one) for one in outcome.findings],
        "notes": [_record(one) for one in notes],
        "off": dict(outcome.off),
    }
    return json.dumps(listed, ensure_ascii=False, indent=1)


def as_sarif(outcome: Outcome, project: Project) -> str:
    """Return the outcome for code hosts, its paths from the top of the repository."""
    try:
        folder = PurePosixPath(top_level(project.root)[1].as_posix())
    except PaperError:
        folder = PurePosixPath()
    return json.dumps(sarif(outcome, version("paperbuild"), folder), ensure_ascii=False, indent=1)


def _record(one: PaperError) -> dict[str, str]:
    return {"where": one.where, "found": one.message, "expected": one.expected, "remedy": one.remedy}
