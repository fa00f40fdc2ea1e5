"""Data that the project does not hold: what is missing, how it is obtained, and how it comes into its place.

A register tells of such files what it tells of all: title, hash, how to obtain them. Whoever has them keeps
them in a folder of his own, under the path or the name that the register gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dataregister import Package, Resource
from paperbuild.ground.errors import PaperError, UsageError, raise_all
from paperbuild.ground.hashing import HashCache, sha256_file
from paperbuild.project import register
from paperbuild.project.layout import Project


def put(
    package: Package, wanted: Iterable[Resource], folder: Path | None, missing: str, remedy: str
) -> list[Path]:
    """Put files of a register in their places; return those that were put.

    Parameters
    ----------
    package : Package
        The register.
    wanted : iterable of Resource
        Entries of the files; what is in its place already stays.
    folder : Path or None
        Where whoever obtained them keeps them.
    missing, remedy : str
        What it means that a file is not there, and the command that takes it.

    Raises
    ------
    PaperError, Findings
        For each file that is missing, with how to obtain it, and each that is not the one of the register.
        Nothing is put then.
    """
    put, findings = {}, []
    for entry in wanted:
        target = package.file(entry)
        if target.exists():
            continue
        known = [folder / entry.path, folder / target.name] if folder else []
        source = next((one for one in known if one.is_file()), None)
        if source is None:
            findings.append(_missing(package, entry, folder, missing, remedy))
        elif f"sha256:{sha256_file(source)}" != entry.raw.get("hash"):
            findings.append(_other(str(source), entry))
        else:
            put[target] = source
    raise_all(findings)
    for target, source in put.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    return list(put)


def put_obtained(project: Project, folder: Path) -> list[Path]:
    """Put what a scenario's own register describes in its places, from where it was obtained.

    Raises
    ------
    UsageError
        If the scenario needs nothing of the kind, or `folder` is none.
    PaperError, Findings
        See `put`.
    """
    package = _package(project)
    if package is None:
        raise UsageError(
            "this variant needs no data that the project does not hold",
            where=f"--data {folder}",
            expected="a scenario with obtained: in its settings",
        )
    if not folder.is_dir():
        raise UsageError("there is no such folder", where=f"--data {folder}", expected="where the data are")
    return put(package, package.resources.values(), folder, _MISSING, _remedy(project))


def require_obtained(project: Project, cache: HashCache) -> None:
    """Refuse a scenario whose data are not in their places.

    Raises
    ------
    PaperError, Findings
        For each file that is missing, with how to obtain it, and each that is not the one of the register.
    """
    package = _package(project)
    if package is None:
        return
    findings = []
    for entry in package.resources.values():
        path = package.file(entry)
        if not path.is_file():
            findings.append(_missing(package, entry, None, _MISSING, _remedy(project)))
        elif f"sha256:{cache.file(path)}" != entry.raw.get("hash"):
            findings.append(_other(package.shown_file(entry), entry))
    raise_all(findings)


_MISSING = "the project does not hold this file"


def _remedy(project: Project) -> str:
    return f"paper build --scenario {project.scenario} --data FOLDER"


def _package(project: Project) -> Package | None:
    folder = project.settings.scenarios[project.scenario].obtained if project.scenario else ""
    return register.read(project.root, f"{folder}/{register.NAME}") if folder else None


def _missing(package: Package, entry: Resource, folder: Path | None, missing: str, remedy: str) -> PaperError:
    return PaperError(
        missing + (f", and {folder} does not either" if folder else ""),
        where=package.shown_file(entry),
        expected=f"{entry.title}, {entry.raw.get('hash')}",
        remedy=f"{entry.raw.get('obtain')}; then {remedy}",
    )


def _other(where: str, entry: Resource) -> PaperError:
    return PaperError(
        "not the file that the paper was computed from",
        where=where,
        expected=str(entry.raw.get("hash")),
        remedy=str(entry.raw.get("obtain", "obtain the same edition of it")),
    )
