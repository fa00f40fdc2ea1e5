"""The files a notebook declares that it reads, and what the data register says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError, raise_all, suggestion
from paperbuild.ground.files import is_leftover
from paperbuild.ground.hashing import HashCache, sha256_json
from paperbuild.project.layout import DATA, Project

# Fields of a register entry that say when and how a file was recorded and what holds it to be right, not what
# its columns mean.
BOOKKEEPING = frozenset({"hash", "bytes", "accessed", "changes", "checks"})


@dataclass(frozen=True)
class Registered:
    """What the build asks of a register entry.

    Attributes
    ----------
    name : str
        The table's name in the register.
    digest : str
        Hash of what the entry says of the file's meaning.
    references : tuple of str
        Names of the tables its foreign keys lead to.
    """

    name: str
    digest: str
    references: tuple[str, ...]


def register_entries(project: Project, cache: HashCache) -> dict[str, Registered]:
    """Return the data register's entries by the path of their file (empty without a register)."""
    path = project.register_file
    if not path.is_file():
        return {}

    def compute() -> dict[str, dict[str, Any]]:
        from paperbuild.project import register

        return {
            entry.path: {
                "digest": sha256_json(_without_bookkeeping(entry.raw))[:12],
                "name": entry.name,
                "references": sorted({key.resource for key in entry.foreign_keys if key.resource}),
            }
            for entry in register.read(project.root).resources.values()
        }

    found = cache.fact("register", cache.file(path), compute)
    return {
        path: Registered(one["name"], one["digest"], tuple(one["references"])) for path, one in found.items()
    }


def _without_bookkeeping(value: Any) -> Any:
    """Return a register entry without the fields that do not bear on results, at any depth."""
    if isinstance(value, dict):
        return {key: _without_bookkeeping(item) for key, item in value.items() if key not in BOOKKEEPING}
    return [_without_bookkeeping(item) for item in value] if isinstance(value, list) else value


def declared_files(
    project: Project, step: str, entries: Mapping[str, Registered], named: Sequence[str] = ()
) -> dict[Path, str]:
    """Return the files a notebook may read: its tables, those their keys refer to, and other declared files.

    The value names what kind of input each is (``data`` or ``file``). `named` are files that parameters name.

    Raises
    ------
    PaperError, Findings
        For every declared file that does not exist.
    """
    settings = project.settings.notebooks[step]
    files: dict[Path, str] = {}
    findings = []
    if settings.reads_all:
        # Such a notebook is about the register itself, so all of the register counts.
        listed = sorted(project.data.rglob("*"))
        kept = (path for path in listed if not is_leftover(path.name))
        files = {path: "data" for path in kept if path.suffix in (".csv", ".json", ".geojson")}
    for table in settings.tables:
        path = project.data_file(table)
        if not path.is_file():
            known = [
                p.relative_to(project.data).with_suffix("").as_posix() for p in project.data.rglob("*.csv")
            ]
            missing = project.relative(path)
            findings.append(
                PaperError(
                    f"{step} declares {table!r}, but there is no {missing}{suggestion(table, known)}",
                    where=project.setting("notebooks", step, "data"),
                    expected="a file in data/",
                    remedy=f"correct the name, or bring the file back: git checkout -- {missing}",
                )
            )
            continue
        files[path] = "data"
        entry = entries.get(project.relative(path).removeprefix(f"{DATA}/"))
        if entry and entry.references:
            referred = (path for path, other in entries.items() if other.name in entry.references)
            files |= {project.data / path: "data" for path in referred}
    for name in named:
        path = project.root / name
        if not path.is_file() or ".." in Path(name).parts or Path(name).is_absolute():
            message = f"a parameter of {step} names {name!r}, which is no file of the project"
            findings.append(PaperError(message, expected="a file, as a path from the project root"))
            continue
        files[path] = "file"
    for name in settings.files or ():
        path = project.root / name
        if path.is_dir():
            # A folder stands for all it holds, so that one more file is a change.
            files |= {file: "file" for file in sorted(path.rglob("*")) if file.is_file()}
            continue
        if not path.is_file():
            findings.append(
                PaperError(
                    f"{step} declares {name!r}, which does not exist",
                    where=project.setting("notebooks", step, "files"),
                )
            )
            continue
        files[path] = "file"
    raise_all(findings)
    return files
