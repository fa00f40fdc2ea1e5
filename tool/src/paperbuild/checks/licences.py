"""Does `LICENSE-data` say of every table what the register says?

The register holds the licences of each table, and `LICENSE-data` is what a reader of the repository, or of a
deposit, opens first. Two statements of one fact drift apart unless they are compared. The file is prose with
two kinds of line that are read: `- TABLE: LICENCE, LICENCE` for each table of the register, with `not
redistributed` among them where the register says so, and `- LICENCE = what it means` for each licence named.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.project import register
from paperbuild.project.layout import LICENCES, REGISTER
from paperbuild.project.reading import Reading

WITHHELD = "not redistributed"

_TABLE = re.compile(r"^- (?P<table>[\w.-]+): (?P<terms>.+?)\s*$")
_MEANING = re.compile(r"^- (?P<licence>[\w.-]+) = (?P<meaning>.+?)\s*$")


def stated(entry: Mapping[str, Any]) -> str:
    """The line that `LICENSE-data` should hold for an entry of the register."""
    terms = list(dict.fromkeys(licence.get("name", "") for licence in entry.get("licenses", [])))
    if not entry.get("redistributable", True):
        terms.append(WITHHELD)
    return f"- {entry['name']}: {', '.join(terms)}"


def licence_findings(reading: Reading) -> list[PaperError]:
    """Where register and `LICENSE-data` disagree; nothing in a project that has no such file.

    The order of the licences of a table does not count. A table that may not be redistributed must say in
    `obtain` where a reader gets it.
    """
    entries = {name: entry.raw for name, entry in register.read(reading.project.root).resources.items()}
    found = [
        PaperError(
            f"{name} may not be redistributed, and nothing says where to get it",
            where=REGISTER,
            expected="`obtain`: the address and the steps, for readers of a deposit that leaves it out",
            remedy=f"complete the entry {name}",
        )
        for name, entry in entries.items()
        if not entry.get("redistributable", True) and not entry.get("obtain")
    ]
    if reading.has(LICENCES):
        found.extend(_compare(entries.values(), reading.text(LICENCES).splitlines()))
    return found


def _compare(entries: Iterable[Mapping[str, Any]], lines: Iterable[str]) -> list[PaperError]:
    tables: dict[str, tuple[int, str]] = {}
    meanings: dict[str, int] = {}
    found = []
    for number, line in enumerate(lines, 1):
        if match := _TABLE.match(line):
            if match["table"] in tables:
                found.append(_finding(number, f"{match['table']} is listed twice", "one line a table"))
            tables[match["table"]] = number, match["terms"]
        elif match := _MEANING.match(line):
            meanings[match["licence"]] = number
    used: set[str] = set()
    for entry in entries:
        name, line = entry["name"], stated(entry)
        wanted = _terms(line.split(": ", 1)[1])
        used |= wanted - {WITHHELD}
        number, terms = tables.pop(name, (1, ""))
        if not terms:
            found.append(_finding(number, f"the table {name} is not listed", line))
        elif _terms(terms) != wanted:
            found.append(_finding(number, f"{name} stands under {terms}", line))
    found += [
        _finding(number, f"the register has no table {name}", "tables of the register only")
        for name, (number, _) in tables.items()
    ]
    found += [
        _finding(1, f"the licence {name} is not explained", f"- {name} = what it allows, and its address")
        for name in sorted(used - set(meanings))
    ]
    return found + [
        _finding(number, f"no table stands under {name}", "licences that the register uses")
        for name, number in meanings.items()
        if name not in used
    ]


def _terms(text: str) -> set[str]:
    return {term.strip() for term in text.split(",")}


def _finding(line: int, message: str, expected: str) -> PaperError:
    return PaperError(
        message,
        where=f"{LICENCES}:{line}",
        expected=expected,
        remedy=f"correct {LICENCES}, or the licences in {REGISTER}: whichever is not true",
    )
