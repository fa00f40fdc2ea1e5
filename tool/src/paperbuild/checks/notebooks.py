"""Rules for notebooks as committed: thin, labelled, without outputs."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from paperbuild.article.manuscript import Manuscript
from paperbuild.checks.prose import typed_in
from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import ANALYSIS
from paperbuild.project.notebook import label_of, parse_notebook

_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def find(subject: Subject) -> Iterable[PaperError]:
    """What is wrong with the notebooks of a project."""
    project = subject.project
    for path in project.strays:
        yield PaperError(
            "this notebook is no step of the article: nothing runs it, and nobody can rebuild what it shows",
            where=project.relative(path),
            expected=f"{ANALYSIS}/NN-name.ipynb, NN two digits and the name in kebab-case",
            remedy=f"rename it so, or move it out of {ANALYSIS}/",
        )
    for path in map(project.notebook, project.all_steps):
        shown = project.relative(path)
        try:
            yield from notebook_findings(shown, subject.text(shown))
        except PaperError as error:
            yield error


def notebook_findings(path: str, text: str) -> list[PaperError]:
    """A notebook as committed: no outputs, a label on each code cell, one parameters cell, no definitions.

    Parameters
    ----------
    path, text : str
        The notebook's path relative to the root, and its JSON.
    """
    found: list[PaperError] = []

    def add(cell: Mapping[str, Any], line: int, message: str, expected: str, remedy: str) -> None:
        where = f"{path}:{_source_line(text, cell) + line}"
        found.append(PaperError(message, where=where, expected=expected, remedy=remedy))

    cells = parse_notebook(text, path)["cells"]
    code = [cell for cell in cells if cell.get("cell_type") == "code"]
    labels: Counter[str] = Counter()
    for cell in code:
        source = "".join(cell.get("source", []))
        if cell.get("outputs") or cell.get("execution_count") is not None:
            strip = f"jupyter nbconvert --clear-output --inplace {path}"
            add(cell, 0, "the cell was committed with its output", "notebooks without outputs", strip)
        name = label_of(source)
        labels[name] += 1
        if not _KEBAB.fullmatch(name):
            stated = f"the label {name!r} is not in kebab-case" if name else "the cell has no label"
            add(
                cell,
                0,
                stated,
                "`#| label: kebab-name` as the cell's first line",
                "name the cell after what it does",
            )
        elif labels[name] == 2:
            add(
                cell,
                0,
                f"a second cell is labelled {name}",
                "labels unique in a notebook",
                "rename one of them",
            )
        for line, what in _definitions(source):
            remedy = "move it into src/, with a docstring and a test, and import it"
            add(cell, line, f"the notebook defines {what}", "calls of tested library functions only", remedy)
    tagged = [cell for cell in code if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        found.append(
            PaperError(
                f"{len(tagged)} cells are tagged `parameters`",
                where=path,
                expected="exactly one code cell with this tag, even where it is empty",
                remedy="tag the cell that assigns the parameters",
            )
        )
    for cell in cells:
        if cell.get("cell_type") == "markdown":
            for line, message in typed_in(Manuscript(path, "".join(cell.get("source", [])))):
                expected, remedy = (
                    "a reading that no new result makes wrong",
                    "say what to look for; constants in words",
                )
                add(cell, line, message, expected, remedy)
    return found


def _source_line(text: str, cell: Mapping[str, Any]) -> int:
    """Line of a notebook's JSON at which the cell's source begins."""
    start = max(text.find(f'"id": "{cell.get("id")}"'), 0)
    source = text.find('"source": [', start)
    return text.count("\n", 0, source if source >= 0 else start) + 2


def _definitions(source: str) -> list[tuple[int, str]]:
    """What a cell defines instead of importing it: (line from 0, description)."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [((error.lineno or 1) - 1, f"nothing Python can read ({error.msg})")]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((node.lineno - 1, f"the function {node.name}"))
        elif isinstance(node, ast.ClassDef):
            found.append((node.lineno - 1, f"the class {node.name}"))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(
            node.value, ast.Lambda
        ):
            found.append((node.lineno - 1, "a function by lambda"))
    return found


RULES = (
    Rule(
        "notebooks",
        "a committed output or typed result outlives its data, nobody tests a function in a notebook, and "
        "what has no label cannot be cited",
        "analysis/*.ipynb",
        find,
    ),
)
