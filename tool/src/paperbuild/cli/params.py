"""``paper params``: parameters and scenarios as lines or JSON, and the schemas of what authors write."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from paperbuild.ground.located import json_schema
from paperbuild.project.layout import PARAMETERS, TOLERANCES, Project
from paperbuild.project.parameters import Parameter, all_checked
from paperbuild.project.settings import Scenario, SettingsFile
from paperbuild.project.tolerances import Declaration

SCHEMAS: dict[str, Any] = {PARAMETERS: SettingsFile, TOLERANCES: list[Declaration]}
"""The records that files of the project are held to."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper params``."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--schema",
        nargs="?",
        const=PARAMETERS,
        choices=[*SCHEMAS],
        metavar="FILE",
        help=f"print the JSON schema of {PARAMETERS} (or of {TOLERANCES}), for an editor",
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """List every parameter with type, range, default and meaning, and every scenario with what it sets."""
    if args.schema:
        print(json.dumps(json_schema(SCHEMAS[args.schema], args.schema), ensure_ascii=False, indent=2))
        return 0
    known, scenarios = all_checked(project), project.settings.scenarios
    print(as_json(known, scenarios) if args.json else "\n".join(as_lines(known, scenarios)))
    return 0


def as_json(known: Mapping[str, Sequence[Parameter]], scenarios: Mapping[str, Scenario]) -> str:
    """Return parameters and scenarios for machines."""
    listed = {
        step: {
            p.name: {"type": p.type, "default": p.default, "about": p.doc, "constraints": dict(p.constraints)}
            for p in parameters
        }
        for step, parameters in known.items()
    }
    variants = {name: {"about": one.about, "set": one.set} for name, one in scenarios.items()}
    return json.dumps({"parameters": listed, "scenarios": variants}, ensure_ascii=False, indent=2)


def as_lines(known: Mapping[str, Sequence[Parameter]], scenarios: Mapping[str, Scenario]) -> Iterator[str]:
    """Return a line a parameter, then a line a scenario."""
    for step, parameters in known.items():
        for one in parameters:
            yield f"{step}.{one.name} = {one.default!r}  ({one.describe()})  {one.doc}"
    for name, scenario in scenarios.items():
        settings = ", ".join(
            f"{step}.{key} = {value!r}"
            for step, values in scenario.set.items()
            for key, value in (values or {}).items()
        )
        yield f"scenario {name}: {scenario.about}" + (f"  ({settings})" if settings else "")
