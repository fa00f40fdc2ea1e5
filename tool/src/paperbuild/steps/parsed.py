"""What follows from a piece of code by parsing it: its meaning, and what it imports.

Loaded for code alone that is not remembered (`paperbuild.steps.dependencies`).
"""

from __future__ import annotations

import ast
import json
import re
import tokenize
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_bytes, sha256_json
from paperbuild.project.notebook import code_digest_text, parse_code, read_notebook

# Tags that decide whether and how a cell runs.
EXECUTION_TAGS = frozenset({"parameters", "raises-exception", "skip-execution"})


def module_code(path: Path) -> str:
    """Return the hash of a module's meaning: its syntax tree, so neither comments nor formatting."""
    return sha256_bytes(code_digest_text(read_code(path)).encode())


def module_imports(path: Path) -> list[list[Any]]:
    """Return the imports a module contains anywhere, as `find_imports` does."""
    return find_imports(read_code(path))


def notebook_code(path: Path, shown: str) -> dict[str, Any]:
    """Return the hash (``code``) and the imports (``imports``) of a notebook's code cells."""
    cells = read_notebook(path, shown).cells
    parts = [
        [cell.source.startswith("%%"), sorted(EXECUTION_TAGS & set(cell.tags)), code_digest_text(cell.source)]
        for cell in cells
    ]
    imports = [found for cell in cells for found in find_imports(cell.source)]
    unique = [json.loads(text) for text in dict.fromkeys(json.dumps(found) for found in imports)]
    return {"code": sha256_json(parts), "imports": unique}


def read_code(path: Path) -> str:
    """Return a module's source in the encoding it declares."""
    try:
        with tokenize.open(path) as stream:
            return stream.read()
    except (SyntaxError, UnicodeDecodeError) as error:
        raise PaperError(f"not Python source: {error}", where=str(path)) from None


def find_imports(source: str) -> list[list[Any]]:
    """Return every import in a piece of code, wherever it stands: ``[level, module, [names]]``.

    Covers ``import``, ``from … import``, ``importlib.import_module`` and ``__import__`` with literal names.
    Code that does not parse (magics) is searched line by line.

    >>> find_imports("def f():\\n    import importlib\\n    importlib.import_module('a.b')")
    [[0, 'importlib', []], [0, 'a.b', []]]
    """
    try:
        tree = parse_code(source)
    except (SyntaxError, ValueError):
        lines = [line.strip() for line in source.splitlines()]
        pieces = [line for line in lines if re.match(r"(import|from)\s", line) and _parses(line)]
        return [found for piece in pieces for found in find_imports(piece)]
    found: list[list[Any]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [[0, alias.name, []] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append([node.level, node.module or "", [alias.name for alias in node.names]])
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                found += _imported_by_call(node)
    return found


def _imported_by_call(call: ast.Call) -> list[list[Any]]:
    """Return what ``import_module(name, package)`` imports, by place or by keyword; nothing where computed.

    >>> _imported_by_call(ast.parse("import_module('.b', package='toy')", mode="eval").body)
    [[0, 'toy.b', []]]
    """
    given = dict(zip(("name", "package"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    name, package = (_literal_text(given.get(key)) for key in ("name", "package"))
    if name is None:
        return []
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if not level or package is None:
        # A package that is computed is the module's own: anything else nobody could follow.
        return [[level, bare, []]]
    parents = package.split(".")
    kept = parents[: len(parents) - level + 1]
    return [[0, ".".join([*kept, *([bare] if bare else [])]), []]]


def _literal_text(node: ast.expr | None) -> str | None:
    """Return a text that stands in code as it is, else None."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _parses(line: str) -> bool:
    """Tell whether a line is Python by itself."""
    try:
        parse_code(line)
    except SyntaxError:
        return False
    return True
