"""The language of conditions: what a sentence may rest on, and whether it holds.

A condition is an expression over recorded numbers, named as the text binds them, and over the figures behind
published tables and pictures::

    population.a4.gap > 0 and population.a4.gap_change > 0
    every(column("natural-increase-by-region", "Mean 2015–2019", Side="Kazakh side") > 0)
    largest("border-region-means", "2010–2021", "Region") == "Tyumen"

It is read by Python's own parser and evaluated node by node: names, numbers, texts, comparisons, arithmetic,
``and``, ``or``, ``not`` and the functions of `FUNCTIONS`. Nothing else can be said in it. What Python would
take for true, as a text or the cells of a column, is an error: it would hold whatever the results are.
"""

from __future__ import annotations

import ast
import csv
import functools
import io
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paperbuild.ground.errors import PaperError, suggestion
from paperbuild.project.layout import FIGURES, TABLES

Value = Any
"""A number, a text, a truth value, or a list of one of these."""

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}


@dataclass(frozen=True)
class Facts:
    """What conditions may rest on.

    Attributes
    ----------
    numbers : mapping of str to value
        Recorded numbers by dotted name, as values and not as printed.
    content : callable
        Returns the CSV of a path such as ``tables/regions.csv``; None where no notebook makes it.
    """

    numbers: Mapping[str, Value]
    content: Callable[[str], str | None] = field(default=lambda path: None)

    def rows(self, artefact: str) -> list[dict[str, str]]:
        """Return the rows behind a table or figure, named with or without its folder.

        Raises
        ------
        PaperError
            If there is none of that name, or both a table and a figure.
        """
        paths = [artefact] if "/" in artefact else [f"{TABLES}/{artefact}", f"{FIGURES}/{artefact}"]
        found = [text for path in paths if (text := self.content(f"{path}.csv")) is not None]
        if len(found) != 1:
            count = "no table or figure is" if not found else "a table and a figure are"
            raise PaperError(
                f"{count} called {artefact!r}",
                expected=f"the name of one that is published with its figures, as {TABLES}/{artefact}",
            )
        return _rows(found[0])


@functools.lru_cache(maxsize=64)
def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _value(cell: str) -> Value:
    try:
        return float(cell)
    except ValueError:
        return cell


# Names before the slash are free for columns: a filter may ask for `label="Omsk"`.
def _column(facts: Facts, artefact: str, name: str, /, **where: Value) -> list[Value]:
    """Return the cells of a column as numbers where they are, empty ones left out."""
    return [cell for cell, _ in _cells(facts, artefact, name, name, where)]


def _largest(facts: Facts, artefact: str, name: str, label: str, /, **where: Value) -> Value:
    """Return the cell of the column `label` where the column `name` is largest."""
    return _of_one(max, _cells(facts, artefact, name, label, where), artefact)


def _smallest(facts: Facts, artefact: str, name: str, label: str, /, **where: Value) -> Value:
    """Return the cell of the column `label` where the column `name` is smallest."""
    return _of_one(min, _cells(facts, artefact, name, label, where), artefact)


def _of_one(choose: Callable[..., Value], cells: Sequence[tuple[Value, Value]], artefact: str) -> Value:
    """Return the label of the extreme value; none has that rank where two share it."""
    extreme = choose(value for value, _ in cells)
    labels = dict.fromkeys(label for value, label in cells if value == extreme)
    if len(labels) > 1:
        raise PaperError(
            f"in {artefact} {' and '.join(map(str, labels))} share the {choose.__name__} {extreme}"
        )
    return next(iter(labels))


def _cells(
    facts: Facts, artefact: str, name: str, label: str, where: Mapping[str, Value]
) -> list[tuple[Value, Value]]:
    rows = facts.rows(artefact)
    for asked in (name, label, *where):
        if rows and asked not in rows[0]:
            raise PaperError(
                f"{artefact} has no column {asked!r}{suggestion(asked, rows[0])}", expected=", ".join(rows[0])
            )
    chosen = [row for row in rows if all(_value(row[key]) == value for key, value in where.items())]
    cells = [(_value(row[name]), _value(row[label])) for row in chosen if row[name] != ""]
    if not cells:
        filters = ", ".join(f"{key} = {value}" for key, value in where.items())
        raise PaperError(f"{artefact} has no row with {filters or 'a figure'} in {name!r}")
    return cells


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "abs": abs,
    "min": lambda *values: min(_flat(values)),
    "max": lambda *values: max(_flat(values)),
    "sum": lambda *values: sum(_flat(values)),
    "count": lambda answers: sum(_answers(answers)),
    "every": lambda answers: all(_answers(answers)),
    "some": lambda answers: any(_answers(answers)),
    "none": lambda answers: not any(_answers(answers)),
}
"""What a condition may call; lists come from `OF_FACTS` and from comparing them with a value."""

OF_FACTS: dict[str, Callable[..., Value]] = {"column": _column, "largest": _largest, "smallest": _smallest}
"""Functions that look at the figures behind a table or picture."""


def _flat(values: Sequence[Value]) -> list[Value]:
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def _answers(value: Value) -> list[bool]:
    if not isinstance(value, list):
        raise PaperError(f"{value!r} is no column", expected='a comparison of cells, as column("t", "x") > 0')
    return [_truth(one) for one in value]


def _truth(value: Value) -> bool:
    if not isinstance(value, bool):
        raise PaperError(
            f"{value!r} is neither true nor false",
            expected="a comparison, as a.b > 0; of cells, every(…), some(…) or none(…) of it",
        )
    return value


def _amount(value: Value) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PaperError(f"{value!r} is no number to reckon with")
    return value


@functools.lru_cache(maxsize=1024)
def parse(expression: str) -> ast.expr:
    """Return an expression's tree.

    Raises
    ------
    PaperError
        If it is none.
    """
    try:
        return ast.parse(" ".join(expression.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise PaperError(
            f"not a condition: {expression!r} ({getattr(error, 'msg', error)})",
            expected="names of recorded numbers, comparisons, and, or, not, + - * /",
        ) from None


def names(expression: str) -> list[str]:
    """Return the recorded numbers that an expression names, in order, each once."""
    found = dict.fromkeys(_names(parse(expression)))
    return list(found)


def constants(expression: str) -> list[Value]:
    """Return the numbers and texts that stand in an expression; none where it is none."""
    try:
        return [node.value for node in ast.walk(parse(expression)) if isinstance(node, ast.Constant)]
    except PaperError:
        return []


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute | ast.Name):
        yield _dotted(node)
    elif isinstance(node, ast.Call):
        for child in (*node.args, *node.keywords):
            yield from _names(child)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _names(child)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise PaperError(f"not a name: {ast.unparse(node)}")


def evaluate(expression: str, facts: Facts) -> Value:
    """Return the value of an expression.

    Raises
    ------
    PaperError
        If it is none, names what is not recorded, or compares what cannot be compared.

    Examples
    --------
    >>> evaluate("0 < a.gap < 2 and a.name == 'Omsk'", Facts({"a.gap": 1.5, "a.name": "Omsk"}))
    True
    """
    try:
        return _evaluate(parse(expression), facts)
    except (TypeError, ZeroDivisionError, ValueError, AttributeError, RecursionError) as error:
        raise PaperError(f"{expression!r} cannot be evaluated: {error}") from None


def _evaluate(node: ast.AST, facts: Facts) -> Value:
    again = functools.partial(_evaluate, facts=facts)
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return [again(part) for part in parts]
        case ast.Name() | ast.Attribute():
            return _number(_dotted(node), facts)
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_truth(again(part)) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_truth(again(part)) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _truth(again(operand))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_amount(again(operand))
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _ARITHMETIC:
            return _ARITHMETIC[type(operation)](_amount(again(left)), _amount(again(right)))
        case ast.Compare(left=left, ops=operations, comparators=others):
            return _compare([left, *others], operations, again)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in FUNCTIONS or (
            name in OF_FACTS
        ):
            given = [again(arg) for arg in args]
            where = {str(one.arg): again(one.value) for one in keywords}
            if name in OF_FACTS:
                return OF_FACTS[name](facts, *given, **where)
            return FUNCTIONS[name](*given, **where)
        case ast.Call(func=func):
            called = ast.unparse(func)
            known = [*FUNCTIONS, *OF_FACTS]
            raise PaperError(f"no function {called!r}{suggestion(called, known)}", expected=", ".join(known))
        case _:
            raise PaperError(f"{ast.unparse(node)!r} cannot be said in a condition")


def _compare(
    nodes: Sequence[ast.AST], operations: Sequence[ast.cmpop], again: Callable[[ast.AST], Value]
) -> Value:
    """Compare neighbours; a list on the left is compared value by value."""
    values = [again(node) for node in nodes]
    outcome: Value = True
    for left, operation, right in zip(values, operations, values[1:], strict=False):
        if type(operation) not in _COMPARISONS:
            raise PaperError("only <, <=, >, >=, ==, !=, in and not in compare")
        compare = _COMPARISONS[type(operation)]
        inside = isinstance(operation, ast.In | ast.NotIn)
        if isinstance(right, list) and not inside:
            raise PaperError("a list stands on the left of a comparison, or behind in")
        if isinstance(left, list):
            if len(operations) > 1:
                raise PaperError("a column is compared with one value at a time")
            return [compare(one, right) for one in left]
        outcome = outcome and compare(left, right)
    return outcome


def _number(name: str, facts: Facts) -> Value:
    if name not in facts.numbers:
        raise PaperError(
            f"nothing is recorded as {name!r}{suggestion(name, facts.numbers)}",
            expected="a number that a notebook records, by its name without n. or c.",
            remedy="correct the name, or run `paper build` if the notebook is new",
        )
    return facts.numbers[name]
