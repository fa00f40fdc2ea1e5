"""Certificates of several machines side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import Project
from paperbuild.proof.certificate import CERTIFICATE, read_certificate

FOLDER = "certificates"
"""Where a project keeps what reviewers sent, one JSON file a verification."""


@dataclass(frozen=True)
class Entry:
    """One certificate in a line.

    Attributes
    ----------
    name : str
        Of its file, without the ending.
    verdict, commit, checked : str
        As it says them.
    machine, processor, python : str
        Where the rebuild ran.
    changed : int
        Printed results that are not the reference's.
    """

    name: str
    verdict: str
    commit: str
    checked: str
    machine: str
    processor: str
    python: str
    changed: int


def kept(project: Project) -> list[Path]:
    """Files of the certificates that a project has: its own, then those of reviewers by name."""
    own = project.output / f"{CERTIFICATE}.json"
    return [*([own] if own.is_file() else []), *sorted((project.root / FOLDER).glob("*.json"))]


def entries(paths: Iterable[Path]) -> list[Entry]:
    """Read certificates, in the order given.

    Raises
    ------
    PaperError
        For a file that is none.
    """
    return [_entry(path) for path in paths]


def _entry(path: Path) -> Entry:
    record = read_certificate(path)
    if record is None:
        raise PaperError(
            "no certificate",
            where=str(path),
            expected="the JSON that paper verify --json FILE writes",
            remedy="ask its sender for certificate.json",
        )
    where = record["environment"]
    return Entry(
        path.stem,
        str(record["verdict"]),
        str(record["commit"]),
        str(record.get("checked", "")),
        str(where.get("system", "")),
        str(where.get("processor", "")),
        str(where.get("Python", "")),
        int(record.get("printed_changed", 0)),
    )
