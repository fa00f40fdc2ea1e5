"""A rule for code that asks the clock, or chance without a seed: what no build watches, and none repeats."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError
from paperbuild.project.notebook import Notebook, parse_code

# Calls by the end of their dotted name; what measures how long something took (perf_counter) is none of them.
CLOCK = (
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.time",
    "time.time_ns",
    "Timestamp.now",
    "Timestamp.today",
)
CHANCE = (
    "os.urandom",
    "secrets.token_bytes",
    "secrets.token_hex",
    "secrets.randbelow",
    "uuid.uuid1",
    "uuid.uuid4",
)
UNSEEDED = (
    "random.RandomState",
    "Random",
    "default_rng",
    "time.ctime",
    "time.gmtime",
    "time.localtime",
)
"""These take a seed or a time, and chance or the clock where they are given none."""
_NAMED = re.compile(
    rf"\b(?:{'|'.join({name.rpartition('.')[2] for name in (*CLOCK, *CHANCE, *UNSEEDED)})})\b"
)
"""How each of them ends. Who calls one writes that word, if only where it gives it another name."""


def find(subject: Subject) -> Iterable[PaperError]:
    """What in notebooks and modules gives another result each time."""
    project = subject.project
    excused = {name for name, block in subject.settings.notebooks.items() if "clock" in (block.outside or {})}
    for step in project.all_steps:
        if step in excused:
            continue
        notebook = subject.notebook(project.relative(project.notebook(step)))
        if not any(_NAMED.search(cell.source) for cell in notebook.cells):
            continue
        names: dict[str, str] = {}
        for cell in notebook.cells:
            names |= imported(_nodes(cell.source))
        for cell in notebook.cells:
            for number, what in unrepeatable(cell.source, names):
                yield _finding(notebook, cell.source, number, what, step)
    # A module is anyone's: what one notebook declares, none of the others is asked for.
    for shown in subject.modules if not excused else ():
        for number, what in unrepeatable(subject.text(shown)):
            yield PaperError(f"{what} gives another result each time", where=f"{shown}:{number}", **ADVICE)


ADVICE = {
    "expected": "results that hang on data, parameters and seeds alone",
    "remedy": "pass a date or a seed as a parameter; or notebooks.NAME.outside: {clock: the reason}",
}


def _finding(notebook: Notebook, source: str, number: int, what: str, step: str) -> PaperError:
    line = notebook.line_of(source.splitlines()[number - 1].strip())
    advice = {**ADVICE, "remedy": ADVICE["remedy"].replace("NAME", step)}
    return PaperError(f"{what} gives another result each time", where=f"{notebook.shown}:{line}", **advice)


def imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Return the full names of what code imports, by the names that it has there.

    >>> imported(ast.walk(ast.parse("from time import time as now; import numpy as np")))
    {'now': 'time.time', 'np': 'numpy'}
    """
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            package = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
            names |= {one.asname or one.name: package + one.name for one in node.names}
    return names


def _nodes(source: str) -> list[ast.AST]:
    """Return the nodes of the syntax tree; none where it has none (another rule tells)."""
    try:
        return list(ast.walk(parse_code(source)))
    except (SyntaxError, ValueError):
        return []


def unrepeatable(source: str, names: Mapping[str, str] = MappingProxyType({})) -> Iterator[tuple[int, str]]:
    """Yield line and name of each call whose result is another each time.

    Parameters
    ----------
    source : str
        Code of a cell or a module.
    names : mapping of str to str
        What other cells have imported (see `imported`).

    >>> list(unrepeatable("rng = np.random.default_rng()\\nseeded = np.random.default_rng(7)"))
    [(1, 'np.random.default_rng()')]
    """
    if not names and not _NAMED.search(source):
        return
    nodes = _nodes(source)
    known = {**names, **imported(nodes)}
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        written = ast.unparse(node.func)
        first, dot, rest = written.partition(".")
        called = known.get(first, first) + dot + rest
        unseeded = not (node.args or node.keywords) and _ends(called, UNSEEDED)
        if unseeded or _ends(called, (*CLOCK, *CHANCE)):
            yield node.lineno, f"{written}()"


def _ends(called: str, names: Iterable[str]) -> bool:
    return any(called == name or called.endswith(f".{name}") for name in names)


RULES = (
    Rule(
        "repeatable",
        "what hangs on the clock or on unseeded chance is another result in every build, for no reason seen",
        "calls in analysis/*.ipynb and src/",
        find,
    ),
)
