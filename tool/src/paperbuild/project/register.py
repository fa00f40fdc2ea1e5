"""The data register (`data/datapackage.json`): does it describe every file, and are the files what it says?

A change of data is never taken silently. `paper check` refuses a file whose bytes differ from its entry and
prints the command that accepts the change; `paper accept` records the new hash with the reason for it. Both
hold the cells of a table to its schema and its checks (`dataregister.checks`).
"""

from __future__ import annotations

import datetime
import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dataregister import DataError, Finding, Package, Resource, parse_package, read_package
from dataregister import checks as claims
from dataregister.tables import cells
from paperbuild.ground.errors import Findings, PaperError, raise_all
from paperbuild.ground.files import is_leftover, write_atomic
from paperbuild.ground.gitrepo import ignored
from paperbuild.ground.hashing import HashCache, sha256_file, sha256_json
from paperbuild.project.layout import DATA, REGISTER, Project

KEPT_BESIDE = {".py", ".md"}
"""Endings of files in data/ that are no data: the script that extracts boundaries, notes for readers."""
NAME = Path(REGISTER).name
MEASURED = "number"
"""The Table Schema type whose every column must name its unit."""


def read(root: Path, shown: str = REGISTER) -> Package:
    """Read the register, or another that the project has.

    Raises
    ------
    PaperError, Findings
        Where it is missing, no JSON or of another shape, naming the lines.
    """
    try:
        return read_package(root / shown, shown)
    except DataError as error:
        raise _refused(error) from None


def content(package: Package, about: Resource) -> bytes:
    """Return the bytes of a registered file.

    Raises
    ------
    PaperError
        Where it is missing.
    """
    try:
        return package.content(about)
    except DataError as error:
        raise _refused(error) from None


def _refused(error: DataError) -> PaperError | Findings:
    found = [_told(one) for one in error.findings]
    return found[0] if len(found) == 1 else Findings(found)


def _told(one: Finding) -> PaperError:
    """Return what the register's reader found as the build tells it."""
    where = one.file if one.line is None else f"{one.file}:{one.line}"
    column = "" if one.column is None else f"column {one.column}: "
    return PaperError(f"{column}found {one.found}", where=where, expected=one.expected, remedy=one.remedy)


def digest(path: Path) -> str:
    """SHA-256 of a file as the register writes it: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{sha256_file(path)}"


def data_files(root: Path) -> list[str]:
    """Files in data/ that need an entry, relative to data/, sorted."""
    folder = root / DATA
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != Path(REGISTER).name
        and path.suffix not in KEPT_BESIDE
        and not any(is_leftover(part) for part in path.relative_to(folder).parts)
    )


def findings(root: Path) -> list[PaperError]:
    """Compare register and files: unregistered, missing, changed, undescribed.

    Reads every byte of data/ once; what the cells say is asked by `table_findings`.
    """
    package = read(root)
    found: list[PaperError] = []
    for entry in package.resources.values():
        where = package.where(entry.name, "name")
        found.extend(_description_findings(entry, where, package))
        found.extend(_file_findings(root, entry, where))
    known = {entry.path for entry in package.resources.values()}
    unknown = [f"{DATA}/{path}" for path in data_files(root) if path not in known]
    # What git ignores is an author's own (coded interviews, say): neither published nor described.
    private = ignored(root, unknown) if unknown else set()
    found.extend(
        PaperError(
            "no entry of the register describes this file",
            where=path,
            expected=f"a resource with this path in {REGISTER}",
            remedy="add its entry (README, “Adding a table”), or remove the file",
        )
        for path in unknown
        if path not in private
    )
    return found


def _description_findings(entry: Resource, where: str, package: Package) -> list[PaperError]:
    lacking = [
        (f"no {key}", f"`{key}` tells a reader of the data what this is and whose")
        for key in ("path", "title", "description", "publisher", "hash", "bytes")
        if not getattr(entry, key)
    ]
    if not (entry.licenses or package.licenses):
        lacking.append(("no licence", "`licenses` with name and title, or the address of the terms"))
    if not entry.sources:
        lacking.append(("no source", "`sources` with title, publisher and address of what was read"))
    for field in entry.fields or ():
        if not field.description:
            lacking.append((f"column {field.name} has no description", "what the column means"))
        if field.type == MEASURED and not field.unit:
            lacking.append((f"column {field.name} has no unit", "its `unit`; 1 where it has none"))
    return [
        PaperError(f"{entry.name}: {what}", where=where, expected=expected, remedy="complete the entry")
        for what, expected in lacking
    ]


def _file_findings(root: Path, entry: Resource, where: str) -> list[PaperError]:
    name, shown = entry.name, f"{DATA}/{entry.path}"
    path = root / DATA / entry.path
    if not path.is_file():
        return [
            PaperError(
                "the register names this file, and it is missing",
                where=shown,
                expected=f"the file that {where} describes",
                remedy=f"git checkout -- {shown}, or remove the entry {name}",
            )
        ]
    found = []
    actual = digest(path)
    if actual != entry.hash:
        found.append(
            PaperError(
                f"the bytes are not those of the register: {_short(actual)}, {path.stat().st_size:,} bytes",
                where=shown,
                expected=f"{_short(entry.hash)}, {entry.bytes or 0:,} bytes ({where})",
                remedy=f'paper accept {name} --why "…" if the change is meant, else git checkout -- {shown}',
            )
        )
    return found


def table_findings(root: Path, cache: HashCache) -> list[PaperError]:
    """Hold the cells of every table to schema and checks; what was judged once is remembered.

    Parameters
    ----------
    root : Path
        The project's folder.
    cache : HashCache
        Where verdicts are remembered, by the bytes of the tables and the entries that they rest on.
    """
    package = read(root)
    judge, found = claims.Judge(package), list[Finding]()
    there = {entry.name for entry in package.resources.values() if package.file(entry).is_file()}
    for name in (entry.name for entry in _tables(package) if entry.name in there):
        rests_on = sorted({name, *claims.tables_asked(package, name)} & there)
        entries = [package.entry(other) for other in rests_on]
        key = sha256_json(
            [[cache.file(package.file(entry)), entry.raw, package.where(name)] for entry in entries]
        )
        found += [
            Finding(*one)
            for one in cache.fact(
                "table", key, lambda name=name: [[*vars(one).values()] for one in judge.findings(name)]
            )
        ]
    return [_told(one) for one in dict.fromkeys(found)]


def _tables(package: Package) -> list[Resource]:
    return [entry for entry in package.resources.values() if entry.fields is not None]


def _short(value: str) -> str:
    return value[: len("sha256:") + 12] or "nothing"


def accepted(
    text: str, name: str, why: str, sha256: str, size: int, date: str, checks: Sequence[Any] = ()
) -> str:
    """Write a changed file's hash into the register's text, with the reason.

    Parameters
    ----------
    text : str
        The register as it stands.
    name : str
        Resource whose file changed.
    why : str
        The reason, kept in the entry's `changes`.
    sha256, size, date : str, int, str
        Hash (with its `sha256:`) and bytes of the file now; day of the change.
    checks : sequence, optional
        The entry's checks from now on; without, they stay.

    Returns
    -------
    str
        The register with that entry changed and its indentation kept.
    """
    package = json.loads(text)
    entry = next(entry for entry in package["resources"] if entry["name"] == name)
    change = {"date": date, "why": why, "from": entry.get("hash", ""), "to": sha256}
    entry.update(hash=sha256, bytes=size, changes=[*entry.get("changes", []), change])
    if checks:
        entry["checks"] = checks
    second_line = text.split("\n", 2)[1] if text.count("\n") else ""
    indent = len(second_line) - len(second_line.lstrip(" ")) or 2
    return json.dumps(package, ensure_ascii=False, indent=indent) + "\n"


@dataclass(frozen=True)
class Acceptance:
    """What became of a file's bytes in the register.

    Attributes
    ----------
    path : str
        The file, from the project root.
    before, now : str
        The register's hash before, and that of the file; equal where there was nothing to accept.
    """

    path: str
    before: str
    now: str

    @property
    def changed(self) -> bool:
        """Whether there was anything to accept."""
        return self.before != self.now

    def __str__(self) -> str:
        """Both hashes, shortened."""
        return f"{self.path}: {_short(self.before)} → {_short(self.now)}"


def accept(project: Project, table: str, why: str, *, count: bool = False) -> Acceptance:
    """Take the bytes that a data file has now as the right ones, and record the reason in the register.

    What breaks schema or checks is refused. Rows and control totals of a table that the register did not know
    are recorded as they are.

    Parameters
    ----------
    project : Project
        The project.
    table : str
        Name of the table in the register, or its file.
    why : str
        The reason; more than one word.
    count : bool
        Whether rows and control totals are recorded anew as well; else they must be as recorded.

    Raises
    ------
    PaperError, Findings
        For an unknown table, a missing reason, a missing file, and cells that cannot stand.
    """
    entry = _entry(project.root, table)
    name, shown = entry.name, f"{DATA}/{entry.path}"
    if len(why.split()) < 2:
        raise PaperError(
            "the reason is missing",
            where=f"--why {why!r}",
            expected="why the data changed, in a few words: it is kept in the register",
            remedy=f'paper accept {name} --why "corrected against page 14 of the yearbook"',
        )
    path = project.data / entry.path
    if not path.is_file():
        raise PaperError(
            "the file is missing", where=shown, expected="the file", remedy=f"git checkout -- {shown}"
        )
    outcome = Acceptance(shown, entry.hash or "", digest(path))
    if outcome.changed or count:
        register = project.register_file
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        text, size = register.read_text(encoding="utf-8"), path.stat().st_size
        checks = _counted(project.root, name) if count or not entry.hash else ()
        made = accepted(text, name, why, outcome.now, size, today, checks)
        _refuse_broken(project.root, made, name)
        write_atomic(register, made)
    return outcome


def _counted(root: Path, name: str) -> Sequence[Any]:
    """Return a table's checks with rows and totals as they are now; none where they cannot be counted."""
    package = read(root)
    entry = package.entry(name)
    if entry.fields is None:
        return ()
    try:
        return claims.recorded(entry, cells(package, name))
    except DataError:  # told, with all else, when the table is judged
        return ()


def _refuse_broken(root: Path, text: str, name: str) -> None:
    """Refuse a table that does not keep what the register is about to say of it."""
    package = parse_package(text.encode(), root / DATA, REGISTER)
    if package.entry(name).fields is None:
        return
    found = claims.Judge(package).findings(name)
    if found and not claims.Judge(package, without=claims.RECORDED).findings(name):
        # Nothing is wrong but the counts, and these the author may mean.
        path = f"{DATA}/{package.entry(name).path}"
        remedy = f'paper accept {name} --count --why "…" if this is meant, else git checkout -- {path}'
        found = [replace(one, remedy=remedy) for one in found]
    raise_all([_told(one) for one in found])


def _entry(root: Path, table: str) -> Resource:
    known = read(root).resources
    wanted = table.removeprefix(f"{DATA}/")
    entry = known.get(table) or next((entry for entry in known.values() if entry.path == wanted), None)
    if entry is None:
        close = difflib.get_close_matches(Path(table).stem, known, n=1)
        raise PaperError(
            f"no table is called {table}",
            where=REGISTER,
            expected=f"one of {', '.join(sorted(known))}",
            remedy=f"paper accept {close[0]} --why …" if close else "add its entry to the register first",
        )
    return entry
