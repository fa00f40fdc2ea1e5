"""Parameters of notebooks: declared in a cell, limited in ``parameters.yml``, refused early when wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from paperbuild.ground.errors import PaperError, UsageError, raise_all, shortened, suggestion
from paperbuild.ground.hashing import sha256_json
from paperbuild.ground.located import line_of, parse_yaml, read_text
from paperbuild.project.layout import Project
from paperbuild.project.notebook import Notebook, read_notebook
from paperbuild.project.settings import Constraints

# More than any value or path needs, and less than what a parser takes time or depth for.
LONGEST = 4000

TYPES = ("int", "float", "str", "bool", "list[int]", "list[float]", "list[str]")
CONSTRAINTS = tuple(field.name for field in fields(Constraints))
ORDER = ("ge", "gt", "le", "lt")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook.

    Attributes
    ----------
    notebook, name : str
        Whose and which.
    type : str
        One of `TYPES`.
    default : object
        The value in the parameters cell.
    doc : str
        The comment beside it: meaning and unit.
    constraints : mapping
        ``ge gt le lt choices`` from ``parameters.yml``; for a list they hold for each item. ``file: true``
        marks a text that, unless empty, is the path of a file the notebook then may read.
    where : str
        ``file:line`` of the declaration.
    """

    notebook: str
    name: str
    type: str
    default: Any
    doc: str
    constraints: Mapping[str, Any]
    where: str

    def check(self, value: Any, where: str) -> Any:
        """Return `value` in the declared type.

        Raises
        ------
        PaperError
            If the type or a constraint is not met.
        """
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(annotation(self.type, self.constraints)).validate_python(value)
        except ValidationError as error:
            reasons = "; ".join(dict.fromkeys(reason["msg"] for reason in error.errors()))
            raise PaperError(
                f"{self.notebook}.{self.name} = {shortened(repr(value))} is refused: {reasons}",
                where=where,
                expected=f"{self.describe()} ({self.doc})" if self.doc else self.describe(),
                remedy="paper params lists every parameter with its range",
            ) from None

    def describe(self) -> str:
        """Return type and range in words, as ``int, at least 1990, at most 2020``."""
        words = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
        parts = [words[key].format(limit) for key, limit in self.constraints.items() if key in words]
        if "choices" in self.constraints:
            parts.append("one of " + ", ".join(map(str, self.constraints["choices"])))
        if self.constraints.get("file"):
            parts.append("a file's path from the project root, or empty")
        return ", ".join([self.type, *parts])


def annotation(type_name: str, constraints: Mapping[str, Any]) -> Any:
    """Return the pydantic type for a declared type and its constraints; types are not converted silently."""
    from typing import Annotated, Literal

    from pydantic import AllowInfNan, Field, Strict

    inner = type_name[5:-1] if type_name.startswith("list[") else type_name
    limits = {key: value for key, value in constraints.items() if key in ORDER}
    if "choices" in constraints:
        base: Any = Literal[tuple(constraints["choices"])]
    else:
        base = {"int": int, "float": float, "str": str, "bool": bool}[inner]
        base = Annotated[base, Strict()]
        base = Annotated[base, AllowInfNan(False)] if inner == "float" else base
        base = Annotated[base, Field(**limits)] if limits else base
    return list[base] if type_name.startswith("list[") else base


def declared(
    notebook: Notebook, constraints: Mapping[str, Mapping[str, Any]], settings_where: Any
) -> list[Parameter]:
    """Return the parameters a notebook declares, in the order of its parameters cell.

    Parameters
    ----------
    notebook : Notebook
        The source notebook.
    constraints : mapping
        Its ``parameters`` block in ``parameters.yml``.
    settings_where : callable
        Maps a parameter name to the ``file:line`` of its constraints.

    Raises
    ------
    PaperError, Findings
        For every line of the cell that is not ``name: type = default  # meaning``, every default that breaks
        its own constraints, every constraint for a parameter that does not exist.
    """
    cell = notebook.parameters_cell
    step = notebook.path.stem
    found: list[Parameter] = []
    findings: list[PaperError] = []
    lines = cell.source.splitlines() if cell else []

    def complain(message: str, line: str, expected: str) -> None:
        findings.append(
            PaperError(message, where=f"{notebook.shown}:{notebook.line_of(line)}", expected=expected)
        )

    try:
        body = ast.parse(cell.source).body if cell else []
    except SyntaxError as error:
        line = lines[(error.lineno or 1) - 1] if lines else ""
        complain(
            f"the parameters cell is not Python: {error.msg}", line, "name: type = default  # meaning, unit"
        )
        body = []
    for statement in body:
        line = lines[statement.lineno - 1]
        if not (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value
        ):
            complain(f"{line.strip()!r} is no parameter", line, "name: type = default  # meaning, unit")
            continue
        name, type_name = statement.target.id, ast.unparse(statement.annotation)
        if type_name not in TYPES:
            complain(f"parameter {name} has type {type_name}", line, "one of " + ", ".join(TYPES))
            continue
        try:
            default = ast.literal_eval(statement.value)
        except (ValueError, TypeError):
            complain(f"the default of {name} is computed", line, "a literal value")
            continue
        last = lines[(statement.end_lineno or statement.lineno) - 1]
        comment = re.search(r"#\s*(.*\S)", last[statement.end_col_offset or 0 :])
        if not comment:
            complain(f"parameter {name} has no comment", line, f"{name}: {type_name} = …  # meaning, unit")
        limits = constraints.get(name, {})
        where = f"{notebook.shown}:{notebook.line_of(line)}"
        parameter = Parameter(
            step, name, type_name, default, comment.group(1) if comment else "", limits, where
        )
        unknown = [key for key in limits if key not in CONSTRAINTS]
        if unknown:
            message = f"unknown constraint {unknown[0]!r} for {name}{suggestion(unknown[0], CONSTRAINTS)}"
            findings.append(PaperError(message, where=settings_where(name), expected=", ".join(CONSTRAINTS)))
            continue
        if problem := unfit(type_name, limits):
            findings.append(
                PaperError(f"{step}.{name}: {problem[0]}", where=settings_where(name), expected=problem[1])
            )
            continue
        try:
            parameter.check(default, where)
        except PaperError as error:
            findings.append(error)
        found.append(parameter)
    names = [parameter.name for parameter in found]
    for name in constraints:
        if cell is None or (name not in names and not findings):
            message = f"{step} has no parameter {name!r}{suggestion(name, names)}"
            findings.append(PaperError(message, where=settings_where(name), expected=", ".join(names)))
    raise_all(findings)
    return found


def unfit(type_name: str, limits: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with constraints for a type, and what would be right; None where they fit."""
    inner = type_name[5:-1] if type_name.startswith("list[") else type_name
    ordered = [key for key in ORDER if key in limits]
    if ordered and inner not in ("int", "float"):
        return (
            f"{ordered[0]} bounds a number, and the parameter is of type {type_name}",
            "choices, or no bound",
        )
    if "file" in limits and type_name != "str":
        return (
            f"file marks the path of a file, and the parameter is of type {type_name}",
            "a parameter of type str",
        )
    if "choices" not in limits:
        return None
    wanted = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}[inner]
    for choice in limits["choices"]:
        if not isinstance(choice, wanted) or (isinstance(choice, bool) and inner != "bool"):
            return f"the choice {choice!r} is no {inner}", f"values of type {inner}"
    return None if limits["choices"] else ("choices lists no value", "one value at least, or no choices")


def all_checked(project: Project) -> dict[str, list[Parameter]]:
    """Return every notebook's parameters; what scenarios set is held to them, whichever is built.

    Raises
    ------
    PaperError, Findings
        Everything wrong with parameters cells, constraints and scenarios.
    """
    known = all_declared(project)
    findings: list[PaperError] = []
    for name in project.settings.scenarios:
        try:
            resolve(known, scenario_overrides(project, name))
        except PaperError as error:
            findings += getattr(error, "findings", [error])
    raise_all(findings)
    return known


def all_declared(project: Project) -> dict[str, list[Parameter]]:
    """Return every notebook's parameters; all findings of all notebooks together."""
    shown = project.relative(project.parameters_file)
    settings = project.settings
    text = read_text(project.parameters_file, shown)
    found: dict[str, list[Parameter]] = {}
    findings: list[PaperError] = []
    for step in project.all_steps:
        path = project.notebook(step)

        def where(name: str, step: str = step) -> str:
            return f"{shown}:{line_of(text, 'notebooks', step, 'parameters', name)}"

        try:
            notebook = read_notebook(path, project.relative(path))
            block = settings.notebooks[step]
            limits = {name: block.limits(name) for name in block.parameters or {}}
            found[step] = declared(notebook, limits, where)
        except PaperError as error:
            findings += getattr(error, "findings", [error])
    raise_all(findings)
    return found


@dataclass(frozen=True)
class Override:
    """A value asked for: by ``-p`` on the command line or by a scenario."""

    notebook: str
    name: str
    value: Any
    where: str
    text: str = ""

    def finding(self, message: str, **details: str) -> PaperError:
        """Return what is wrong with it: wrong use where it was typed, a finding where a file says it."""
        kind = UsageError if self.where.startswith("-p ") else PaperError
        return kind(message, where=self.where, **details)


def parse_overrides(texts: Sequence[str], only: str | None = None) -> list[Override]:
    """Read ``NOTEBOOK.PARAM=VALUE`` arguments (``PARAM=VALUE`` where `only` names the notebook).

    Values are YAML, so that ``2021``, ``true``, ``[a, b]`` and plain words mean what they look like.
    """
    overrides = []
    for text in texts:
        # Bytes that are no UTF-8 arrive from the command line as half characters, which nothing else takes.
        if text != (shown := text.encode("utf-8", "replace").decode("utf-8")):
            message = f"the parameter {shortened(shown)!r} is not UTF-8"
            raise UsageError(message, where="-p", expected="text in UTF-8")
        key, equals, value = text.partition("=")
        notebook, dot, name = key.strip().rpartition(".")
        if not equals or not name or not (dot or only):
            form = "PARAM=VALUE" if only else "NOTEBOOK.PARAM=VALUE, as in 02-population.last_year=2021"
            message = f"cannot read the parameter {shortened(text)!r}"
            raise UsageError(message, where="-p", expected=form)
        where = f"-p {shortened(text)}"
        overrides.append(Override(notebook or only or "", name, parse_value(value, where), where, value))
    return overrides


def parse_value(text: str, where: str) -> Any:
    """Return the value a command line means; text that is no YAML scalar or list stays text.

    Raises
    ------
    UsageError
        For a value longer than any parameter has.
    """
    if len(text) > LONGEST:
        message = f"the value has {len(text):,} characters"
        raise UsageError(message, where=where, expected=f"at most {LONGEST:,}")
    try:
        return parse_yaml(text, where) if text.strip() else ""
    except PaperError:
        return text


def scenario_overrides(project: Project, name: str) -> list[Override]:
    """Return what a scenario sets."""
    shown = project.relative(project.parameters_file)
    text = read_text(project.parameters_file, shown)
    return [
        Override(
            notebook,
            parameter,
            value,
            f"{shown}:{line_of(text, 'scenarios', name, 'set', notebook, parameter)}",
        )
        for notebook, values in project.settings.scenarios[name].set.items()
        for parameter, value in (values or {}).items()
    ]


def resolve(
    known: Mapping[str, Sequence[Parameter]], overrides: Iterable[Override]
) -> dict[str, dict[str, Any]]:
    """Return the values that differ from the defaults, by notebook and parameter; later overrides win.

    Raises
    ------
    PaperError, Findings
        For every unknown or misspelt notebook or parameter, wrong type and value out of range.
    """
    values: dict[str, dict[str, Any]] = {step: {} for step in known}
    findings: list[PaperError] = []
    for override in overrides:
        if override.notebook not in known:
            message = f"there is no notebook {override.notebook!r}{suggestion(override.notebook, known)}"
            findings.append(override.finding(message, remedy="paper params lists them all"))
            continue
        parameters = {parameter.name: parameter for parameter in known[override.notebook]}
        if override.name not in parameters:
            close = suggestion(override.name, parameters)
            message = f"{override.notebook} has no parameter {override.name!r}{close}"
            expected = ", ".join(parameters) or "none: this notebook takes no parameters"
            findings.append(override.finding(message, expected=expected))
            continue
        parameter = parameters[override.name]
        value = override.value
        if parameter.type == "float" and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        try:
            values[override.notebook][override.name] = parameter.check(value, override.where)
        except PaperError as error:
            findings.append(override.finding(error.message, expected=error.expected, remedy=error.remedy))
    raise_all(findings)
    defaults = {step: {p.name: p.default for p in parameters} for step, parameters in known.items()}
    return {
        step: {name: value for name, value in given.items() if value != defaults[step][name]}
        for step, given in values.items()
    }


def parameters_digest(effective: Mapping[str, Any]) -> str:
    """Return the short hash of a notebook's effective parameters that outputs are listed with."""
    return sha256_json(dict(effective))[:12]
