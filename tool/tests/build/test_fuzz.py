"""Damaged and foreign files of every kind that a build reads are refused in words or made anew.

A small seeded part runs with the suite; ``PAPERBUILD_FUZZ=10000`` asks for as many inputs as that in all.
"""

import contextlib
import copy
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataregister import DataError, read_package, table
from paperbuild.build.plan import Options, make_plan
from paperbuild.checks.check import check
from paperbuild.ground.errors import PaperError
from paperbuild.project import parameters
from paperbuild.project.layout import Project
from paperbuild.project.workspace import Workspace

WHOLE = int(os.environ.get("PAPERBUILD_FUZZ", "100"))
SEED = 20

ODD: list[Any] = [None, True, -1, 0, 3, 1e308, 10**40, "", "a", "\x00", "é" * 50, [], [[]], {}, {"a": {}}]
WORDS = 'null [ { } " \\ 01747 16:39 1e400 &a *a << !!python/name:os.abc --- #x ё NaN = , ../../..'.split()
WORDS += [": ", "- ", "\t", "\r", "\n", "\x00", "\ufeff"]


def in_bytes(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with one thing wrong: cut, flipped, doubled, filled in or replaced altogether."""
    place = chance.randrange(len(content) + 1)
    other = chance.randrange(len(content) + 1)
    start, end = sorted((place, other))
    word = chance.choice(WORDS).encode("utf-8", "surrogatepass")
    return chance.choice(
        [
            lambda: content[:place],
            lambda: content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :],
            lambda: content[:start] + content[end:],
            lambda: content[:end] + content[start:],
            lambda: content[:place] + word + content[place:],
            lambda: content[:start] + word + content[end:],
            lambda: json.dumps(chance.choice(ODD)).encode(),
            lambda: chance.randbytes(chance.randrange(60)),
            lambda: content.decode("utf-8", "replace").encode("utf-16"),
            lambda: content.replace(b"\n", b"\r\n"),
            lambda: b"[" * chance.choice([10, 100_000]),
            lambda: b"9" * chance.choice([300, 6000]),
        ]
    )()


def in_shape(content: bytes, chance: random.Random) -> bytes:
    """Return JSON with one value, key or item that does not belong there."""
    value = json.loads(content)
    holders: list[Any] = []

    def walk(one: Any) -> None:
        if isinstance(one, dict | list) and one:
            holders.append(one)
            for inner in one.values() if isinstance(one, dict) else one:
                walk(inner)

    walk(value)
    holder = chance.choice(holders)
    key = chance.choice([*holder]) if isinstance(holder, dict) else chance.randrange(len(holder))
    act = chance.randrange(4)
    if act == 0:
        del holder[key]
    elif act == 1 and isinstance(holder, dict):
        holder[chance.choice(["x", "", "path", "name"])] = copy.deepcopy(holder[key])
    else:
        holder[key] = copy.deepcopy(chance.choice(ODD))
    return json.dumps(value).encode()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return content with one to three things wrong."""
    for _ in range(chance.randint(1, 3)):
        try:
            content = chance.choice([in_bytes, in_shape])(content, chance)
        except (ValueError, IndexError, RecursionError):
            content = in_bytes(content, chance)
    return content


def look(root: Path) -> None:
    """See how every step stands, as ``paper status`` does."""
    with contextlib.suppress(PaperError):
        make_plan(Workspace.open(root), Options(to=()))


def ask_rules(root: Path) -> None:
    """See how every step stands, and ask every rule, as ``paper check`` does."""
    look(root)
    check(Project(root))


def read_table(root: Path) -> None:
    """Read a registered table, as a notebook does."""
    with contextlib.suppress(DataError):
        table(read_package(root / "data/datapackage.json"), "sizes")


TARGETS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "store": ("build/store/*/entry.json", look),
    "results in the store": ("build/store/*/files/results.json", look),
    "outputs in the store": ("build/store/*/files/outputs.json", look),
    "manifest": ("figures/manifest.json", ask_rules),
    "state": ("build/state.json", look),
    "hashes": ("build/hashes.json", look),
    "checked parameters": ("build/parameters.json", look),
    "numbers": ("build/results/numbers.yml", look),
    "parameters": ("analysis/parameters.yml", look),
    "register": ("data/datapackage.json", ask_rules),
    "notebook": ("analysis/*.ipynb", ask_rules),
    "table": ("data/sizes.csv", read_table),
    "table as it is checked": ("data/sizes.csv", ask_rules),
}

# Of each of these, and of parameters as they are typed.
EACH = -(-WHOLE // (len(TARGETS) + 1))


@pytest.mark.parametrize("target", TARGETS)
def test_damaged_files_are_refused_in_words_or_made_anew(project: Path, target: str) -> None:
    pattern, ask = TARGETS[target]
    schema = {"fields": [{"name": "unit", "type": "string"}, {"name": "size", "type": "integer"}]}
    register = json.loads((project / "data/datapackage.json").read_text(encoding="utf-8"))
    steps = {"check": "steps", "why": "w", "column": "size", "along": "size", "by": ["unit"], "factor": 9}
    balance = {"check": "balance", "why": "w", "sum": {"of": "size", "by": "unit"}, "is": {"table": "sizes"}}
    counted = [{"check": "rows", "count": 2}, {"check": "totals", "sums": {"size": "3"}}]
    complete = {"check": "complete", "columns": ["unit", "size"]}
    register["resources"][1] |= {"schema": schema, "checks": [*counted, complete, balance, steps]}
    (project / "data/datapackage.json").write_text(json.dumps(register), encoding="utf-8")
    look(project)
    [path, *_] = sorted(project.glob(pattern))
    good, chance, met = path.read_bytes(), random.Random(f"{SEED} {target}"), Counter[str]()
    for number in range(EACH):
        content = damaged(good, chance)
        path.write_bytes(content)
        try:
            ask(project)
        except Exception as error:
            met[f"{type(error).__name__}: {error}"[:200]] += 1
            Path(project, f"unexpected-{number}").write_bytes(content)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(good)
    assert not met, f"{sum(met.values())} inputs, kept in {project}: {met.most_common(5)}"


def test_parameters_typed_are_refused_in_words_or_taken(project: Path) -> None:
    chance, met = random.Random(SEED), Counter[str]()
    known = parameters.all_checked(Project(project))
    for _ in range(EACH):
        text = damaged(b"01-first.first_year=2001", chance).decode("utf-8", "surrogateescape")
        try:
            with contextlib.suppress(PaperError):
                parameters.resolve(known, parameters.parse_overrides([text]))
        except Exception as error:
            met[f"{type(error).__name__}: {error} of {text!r}"[:200]] += 1
    assert not met, met.most_common(5)
    shutil.rmtree(project)
