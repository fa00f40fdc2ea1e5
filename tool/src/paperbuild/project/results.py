"""What one notebook is recorded to have made, and from what (``build/results/NOTEBOOK.json``)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from paperbuild.ground.files import read_own


@dataclass(frozen=True)
class NotebookResults:
    """The record of one run.

    Attributes
    ----------
    notebook : str
        Its name.
    parameters : mapping
        All its parameters as it saw them.
    inputs : mapping of str to str
        Hash of each data file it declares.
    artefacts : tuple of mapping
        What it handed over, in order: `kind`, `name`, `cell`, and what its kind adds
        (`paperbuild.kernel.kinds`).
    held : mapping of str to str
        What its kernel was held to (`network`, `files`), and by whom, in words.
    """

    notebook: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    artefacts: tuple[Mapping[str, Any], ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the artefacts of one kind, in order."""
        return [one for one in self.artefacts if one["kind"] == kind]

    @property
    def numbers(self) -> dict[str, Any]:
        """The recorded numbers by name, as raw values."""
        return {one["name"]: one["value"] for one in self.of_kind("number")}

    def text(self) -> str:
        """Return the file's content."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read_results(path: Path) -> NotebookResults:
    """Return the record in a file; what the build wrote is not checked.

    Raises
    ------
    OSError
        Where there is none.
    """
    return parse_results(path.read_bytes())


def parse_results(content: bytes) -> NotebookResults:
    """Return the record that bytes hold."""
    found = json.loads(content)
    return NotebookResults(
        found.get("notebook", ""),
        found.get("parameters", {}),
        found.get("inputs", {}),
        tuple(found["artefacts"]),
        found.get("held", {}),
    )


def held_to(path: Path) -> dict[str, Any]:
    """Return what the kernel of the record in a file was held to, and by whom; nothing without a record."""
    record = read_own(path)
    said = record.get("held") if isinstance(record, dict) else None
    return said if isinstance(said, dict) else {}


def ways_held(folder: Path, held: Callable[[Path], Mapping[str, Any]] = held_to) -> dict[str, str]:
    """Return how the kernels whose records lie in a folder were held, each way with how many were.

    Nothing where there is no record. `held` reads one, or remembers it.
    """
    ways: dict[str, Counter[str]] = {}
    for path in sorted(folder.glob("*.json")):
        for what, way in held(path).items():
            ways.setdefault(f"{what} of notebooks", Counter())[str(way)] += 1
    return {
        what: ", ".join(f"{way} ({count})" for way, count in found.most_common())
        for what, found in ways.items()
    }
