"""Tables of pandoc's trees, cell by cell: the rows and columns of two versions paired."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from paperbuild.article.alignment import best_in_order
from paperbuild.article.tree import Node, plain

Cells = list[Any]
"""The cells of a row: each holds attributes, alignment, rows and columns that it spans, blocks."""


def table_of(block: Node) -> tuple[Node, Node] | None:
    """Return table and caption of a div that holds nothing else."""
    content = block["c"][1]
    kinds = [one["t"] for one in content]
    return (content[0], content[1]) if kinds in (["Table", "Para"], ["Table", "Plain"]) else None


def simple_rows(table: Node) -> list[Cells] | None:
    """Return the rows of a simple table, the head first; None for one with joined cells or several parts."""
    head, bodies = table["c"][3][1], table["c"][4]
    if len(head) != 1 or len(bodies) != 1 or bodies[0][2] or table["c"][5][1]:
        return None
    rows = [row[1] for row in [*head, *bodies[0][3]]]
    simple = all(cell[2] == cell[3] == 1 for row in rows for cell in row)
    return rows if simple and len({len(row) for row in rows}) == 1 else None


def paired_columns(old: Cells, new: Cells) -> list[tuple[int | None, int | None]]:
    """Return the columns of both tables in order, by what stands in their heads."""
    left, right = ([plain(cell[4]) for cell in side] for side in (old, new))
    if len(left) == len(right) and sum(map(str.__eq__, left, right)) * 2 >= len(left):
        return [(place, place) for place in range(len(left))]
    found: list[tuple[int | None, int | None]] = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            found += zip(range(i1, i2), range(j1, j2), strict=True)
        else:
            found += [*((i, None) for i in range(i1, i2)), *((None, j) for j in range(j1, j2))]
    return found


def paired_rows(
    old: Sequence[Cells], new: Sequence[Cells], columns: Sequence[tuple[int | None, int | None]]
) -> Iterator[tuple[Cells | None, Cells | None]]:
    """Yield the rows of both tables in order: the same first cell, or half of all cells, makes them one."""
    shared = [(i, j) for i, j in columns if i is not None and j is not None]
    left, right = ([[plain(cell[4]) for cell in row] for row in side] for side in (old, new))
    scores = {}
    for i, before in enumerate(left):
        for j, after in enumerate(right):
            same = sum(before[a] == after[b] for a, b in shared)
            first = bool(shared) and before[shared[0][0]] == after[shared[0][1]]
            if first or 2 * same >= len(shared) > 0:
                scores[i, j] = 1 + same + 2 * first
    i = j = 0
    for k, m in [*best_in_order(len(old), len(new), scores), (len(old), len(new))]:
        yield from ((row, None) for row in old[i:k])
        yield from ((None, row) for row in new[j:m])
        if k < len(old):
            yield old[k], new[m]
        i, j = k + 1, m + 1


def with_cells(table: Node, change: Callable[[list[Node]], list[Node]]) -> Node:
    """Return a table with the blocks of every cell changed."""

    def rows(given: Any) -> list[Any]:
        return [[own, [[*cell[:4], change(cell[4])] for cell in cells]] for own, cells in given]

    own, caption, specs, head, bodies, foot = table["c"]
    parts = [[one[0], one[1], rows(one[2]), rows(one[3])] for one in bodies]
    ends = [[part[0], rows(part[1])] for part in (head, foot)]
    return {"t": "Table", "c": [own, caption, specs, ends[0], parts, ends[1]]}
