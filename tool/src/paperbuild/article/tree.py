"""Pandoc's tree of a text, as its JSON has it: what reads and rewrites it here needs no more than this."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

Node = dict[str, Any]
"""A block or an inline: ``t`` says which, ``c`` holds what is in it."""

ATTRIBUTES = {"Div": 0, "Span": 0, "Table": 0, "Figure": 0, "CodeBlock": 0, "Code": 0, "Link": 0, "Image": 0}
"""Where a node keeps its identifier, classes and attributes."""
INLINES = frozenset(
    "Str Emph Underline Strong Strikeout Superscript Subscript SmallCaps Quoted Cite Code Space SoftBreak"
    " LineBreak Math RawInline Link Image Note Span".split()
)


def attributes(node: Node) -> tuple[str, list[str], list[list[str]]]:
    """Return identifier, classes and attributes of a node; empty ones where it has none."""
    if node["t"] == "Header":
        found = node["c"][1]
    elif node["t"] in ATTRIBUTES:
        found = node["c"][ATTRIBUTES[node["t"]]]
    else:
        found = ["", [], []]
    return found[0], found[1], found[2]


def identifier(node: Node) -> str:
    """Return the name that a node bears; empty for none."""
    return attributes(node)[0]


def nodes(value: Any) -> Iterator[Node]:
    """Yield every node of a tree, outer before inner."""
    if isinstance(value, list):
        for one in value:
            yield from nodes(one)
    elif isinstance(value, dict):
        if "t" in value:
            yield value
        for one in value.values():
            yield from nodes(one)


def rewrite(value: Any, change: Callable[[Node], list[Node] | None]) -> Any:
    """Return a tree with nodes replaced, outer before inner; what came instead of one is left as it is.

    Parameters
    ----------
    value : tree
        It stays as it was.
    change : callable
        Returns what stands in place of a node of a list; None leaves it, and looks inside it.
    """
    if isinstance(value, list):
        found: list[Any] = []
        for one in value:
            instead = change(one) if isinstance(one, dict) and "t" in one else None
            if instead is None:
                found.append(rewrite(one, change))
            else:
                found.extend(instead)
        return found
    if isinstance(value, dict):
        return {key: rewrite(one, change) for key, one in value.items()}
    return value


def plain(value: Any) -> str:
    """Return the text of a tree, blocks parted by spaces."""
    parts: list[str] = []

    def visit(one: Any) -> None:
        if isinstance(one, list):
            for inner in one:
                visit(inner)
        elif isinstance(one, dict) and "t" in one:
            kind, content = one["t"], one.get("c", "")
            if kind == "Str":
                parts.append(content)
            elif kind in ("Space", "SoftBreak", "LineBreak"):
                parts.append(" ")
            elif kind in ("Code", "CodeBlock", "Math"):
                parts.append(content[1])
            elif kind == "Quoted":
                marks = "“”" if content[0]["t"] == "DoubleQuote" else "‘’"
                parts.append(marks[0])
                visit(content[1])
                parts.append(marks[1])
            elif kind == "Cite":
                visit(content[1])
            elif kind not in ("RawInline", "RawBlock", "Image"):
                visit(content)
            if kind not in INLINES:
                parts.append(" ")

    visit(value)
    # A space that does not break is part of what is printed.
    return re.sub(r"[ \n]+", " ", "".join(parts)).strip(" ")


def text(words: str) -> list[Node]:
    """Return words as inlines."""
    found: list[Node] = []
    for word in words.split(" "):
        found += [{"t": "Space"}] if found else []
        found += [{"t": "Str", "c": word}] if word else []
    return found


def span(classes: list[str], pairs: list[list[str]], content: list[Node]) -> Node:
    """Return a span."""
    return {"t": "Span", "c": [["", classes, pairs], content]}


def div(content: list[Node], *, name: str = "", pairs: list[list[str]] | None = None) -> Node:
    """Return a div."""
    return {"t": "Div", "c": [[name, [], pairs or []], content]}


def para(content: list[Node]) -> Node:
    """Return a paragraph."""
    return {"t": "Para", "c": content}


def with_pictures(tree: Any, suffix: str) -> Any:
    """Return a tree whose pictures without a suffix bear this one, as pandoc's reader of Markdown does it."""

    def complete(node: Node) -> list[Node] | None:
        if node["t"] != "Image" or PurePosixPath(node["c"][2][0]).suffix:
            return None
        own, alternative, (source, title) = node["c"]
        return [{"t": "Image", "c": [own, alternative, [f"{source}.{suffix}", title]]}]

    return rewrite(tree, complete)
