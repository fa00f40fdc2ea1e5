"""A rule for code that asks the clock, or chance without a seed: what no build watches, and none repeats."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError
from paperbuild.project.notebook import Notebook, parse_code, read_notebook

# Calls by the end of their dotted name; what measures how long something took (perf_counter) is none of them.
CLOCK = ("date.today", "datetime.now", "datetime.today", "datetime.utcnow", "time.time", "time.time_ns")
CHANCE = (
    "os.urandom",
    "secrets.token_bytes",
    "secrets.token_hex",
    "secrets.randbelow",
    "uuid.uuid1",
    "uuid.uuid4",
)
UNSEEDED = ("random.default_rng", "random.RandomState", "Random", "default_rng")
"""These draw from a seed, and from chance where they are given none."""


def find(subject: Subject) -> Iterable[PaperError]:
    """What in notebooks and modules gives another result each time."""
    project = subject.project
    excused = {name for name, block in subject.settings.notebooks.items() if "clock" in (block.outside or {})}
    for step in project.steps:
        if step in excused:
            continue
        path = project.notebook(step)
        notebook = read_notebook(path, project.relative(path))
        for cell in notebook.cells:
            for number, what in unrepeatable(cell.source):
                yield _finding(notebook, cell.source, number, what, step)
    # A module is anyone's: what one notebook declares, none of the others is asked for.
    for path in sorted(project.src.rglob("*.py")) if not excused else ():
        shown = project.relative(path)
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


def unrepeatable(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each call whose result is another each time.

    >>> list(unrepeatable("rng = np.random.default_rng()\\nseeded = np.random.default_rng(7)"))
    [(1, 'np.random.default_rng()')]
    """
    try:
        tree = parse_code(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        unseeded = not (node.args or node.keywords) and _ends(called, UNSEEDED)
        if unseeded or _ends(called, (*CLOCK, *CHANCE)):
            yield node.lineno, f"{called}()"


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
