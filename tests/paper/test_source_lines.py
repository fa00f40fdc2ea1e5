"""The source line of a figure names the tables that its rows come from.

What a notebook loads is followed through its cells, statement by statement, to the figures: a table that
reaches no part of a figure may not stand in its source line, and one that does has to, or the reason stands
here.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from borderland.tables import data

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "analysis").glob("*.ipynb"))

# They say which unit is which and where it lies, and are no figures that are drawn.
FRAME = {"regions", "countries", "places"}
# Loaded with what is drawn, and not drawn.
BESIDE = {
    "vital-rates": {"net_migration"},  # the balance is made whole; births and deaths are drawn
    "natural-increase-regions": {"net_migration"},  # likewise
    "regions-composition": {"districts"},  # which districts a region has
    "russian-periods": {"net_migration", "economy"},  # of Kazakh regions; the controls of another table
    "kazakh-distance-periods": {"russian_regions"},  # of Russian regions
}
# Its note names what is drawn: outlines, crossings and places of several makers.
OWN_NOTE = {"borderland-map"}


def calls(node: ast.AST, name: str) -> list[ast.Call]:
    """Calls of a function or method of this name within a statement."""
    return [
        one
        for one in ast.walk(node)
        if isinstance(one, ast.Call) and name in (getattr(one.func, "attr", ""), getattr(one.func, "id", ""))
    ]


def words(nodes: list[ast.Call]) -> set[str]:
    """Texts and names among the arguments of calls; a name stands as ``=name``."""
    inside = [one for call in nodes for argument in call.args for one in ast.walk(argument)]
    return {one.value for one in inside if isinstance(one, ast.Constant) and isinstance(one.value, str)} | {
        f"={one.id}" for one in inside if isinstance(one, ast.Name)
    }


def statements(notebook: str) -> Iterator[ast.stmt]:
    cells = json.loads((ROOT / "analysis" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            yield from ast.parse("".join(cell["source"])).body


def figures(notebook: str) -> dict[str, tuple[set[str], set[str]]]:
    """For each figure of a notebook, the tables its source line names and those that reach it."""
    known, found = set(data.register()), {}
    reach: dict[str, set[str]] = {}  # tables behind a variable
    lines: dict[str, set[str]] = {}  # tables that a source line kept in a variable names

    def tables(found: set[str]) -> set[str]:
        return {
            table
            for one in found
            for table in (reach.get(one[1:], set()) if one[0] == "=" else {one} & known)
        }

    for statement in statements(notebook):
        sourced = calls(statement, "source_line")
        named = tables(words(sourced))
        apart = {one for call in sourced for one in ast.walk(call)}
        apart |= {key for one in ast.walk(statement) if isinstance(one, ast.Dict) for key in one.keys}
        rest = [one for one in ast.walk(statement) if one not in apart]
        passing = {
            name.id
            for one in rest
            if isinstance(one, ast.comprehension)
            for name in ast.walk(one.target)
            if isinstance(name, ast.Name)
        }
        names = [one for one in rest if isinstance(one, ast.Name) and one.id not in passing]
        used = {one.id for one in names if isinstance(one.ctx, ast.Load)}
        texts = {one.value for one in rest if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        behind = (texts & known) | {table for name in used for table in reach.get(name, set())}
        for figure in calls(statement, "figure"):
            called = figure.args[0].value
            found[called] = (named | {t for name in used for t in lines.get(name, set())}, behind)
        for name in (one.id for one in names if isinstance(one.ctx, ast.Store)):
            reach[name] = set() if sourced else behind
            lines[name] = named
    return found


DRAWN = {name: both for notebook in NOTEBOOKS for name, both in figures(notebook).items()}


@pytest.mark.parametrize("figure", DRAWN)
def test_a_source_line_names_what_reaches_the_figure_and_nothing_else(figure):
    named, behind = DRAWN[figure]
    assert named - behind == set()
    if figure not in OWN_NOTE:
        assert behind - named - FRAME == BESIDE.get(figure, set())
