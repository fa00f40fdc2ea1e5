"""The data register (`data/datapackage.json`): does it describe every file, and are the files what it says?

A change of data is never taken silently. `paper check` refuses a file whose bytes differ from its entry and
prints the command that accepts the change; `paper accept` records the new hash with the reason for it.
"""

from __future__ import annotations

import datetime
import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from dataregister import DataError, Package, Resource, read_package
from paperbuild.ground.errors import Findings, PaperError
from paperbuild.ground.files import is_leftover, write_atomic
from paperbuild.ground.gitrepo import ignored
from paperbuild.ground.hashing import sha256_file
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
        found = [
            PaperError(
                f"found {one.found}",
                where=one.file if one.line is None else f"{one.file}:{one.line}",
                expected=one.expected,
                remedy=one.remedy,
            )
            for one in error.findings
        ]
        raise (found[0] if len(found) == 1 else Findings(found)) from None


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

    Reads every byte of data/ once; parses only the header of each CSV.
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
    fields = [field.name for field in entry.fields or ()]
    if fields and path.suffix == ".csv":
        with path.open("rb") as handle:
            header = handle.readline().decode("utf-8", errors="replace").rstrip("\r\n").split(",")
        if [column.strip('"') for column in header] != fields:
            found.append(
                PaperError(
                    f"the header reads {','.join(header)}",
                    where=f"{shown}:1",
                    expected=f"the columns of {where}: {','.join(fields)}",
                    remedy=f"correct the header, or the fields of {name} in the register",
                )
            )
    return found


def _short(value: str) -> str:
    return value[: len("sha256:") + 12] or "nothing"


def accepted(text: str, name: str, why: str, sha256: str, size: int, date: str) -> str:
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

    Returns
    -------
    str
        The register with that entry changed and its indentation kept.
    """
    package = json.loads(text)
    entry = next(entry for entry in package["resources"] if entry["name"] == name)
    change = {"date": date, "why": why, "from": entry.get("hash", ""), "to": sha256}
    entry.update(hash=sha256, bytes=size, changes=[*entry.get("changes", []), change])
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


def accept(project: Project, table: str, why: str) -> Acceptance:
    """Take the bytes that a data file has now as the right ones, and record the reason in the register.

    Parameters
    ----------
    project : Project
        The project.
    table : str
        Name of the table in the register, or its file.
    why : str
        The reason; more than one word.

    Raises
    ------
    PaperError
        For an unknown table, a missing reason or a missing file.
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
    if outcome.changed:
        register = project.register_file
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        text, size = register.read_text(encoding="utf-8"), path.stat().st_size
        write_atomic(register, accepted(text, name, why, outcome.now, size, today))
    return outcome


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
