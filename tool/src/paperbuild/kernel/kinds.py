"""The kinds of artefact that notebooks hand over to the article: figures, tables, numbers, findings.

A kind is one object here: how its names look, which files it makes and what the manifest calls them, what it
is written with. To add one, add its object to `KINDS` and its call to `paperbuild.kernel.calls`: the door
(``from paperbuild import …``), fingerprints, publishing and the manifest ask these. Every command asks them,
so that what the calls take to write is imported there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEBAB_CASE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DOTTED = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)+")


@dataclass(frozen=True)
class Kind:
    """One kind of artefact.

    Attributes
    ----------
    name : str
        What it is called, in records and by the call that hands one over.
    part : str
        The part of the manifest that lists it (a field of `paperbuild.project.manifest.Manifest`).
    pattern : Pattern, optional
        What its names look like; None where the name is free text.
    expected : str
        The same in words.
    folder : str
        Where its files are published, from the render root; empty where it has none.
    files : mapping of str to str
        By suffix of each file it makes, what the manifest calls that file.
    fields : tuple of str
        What its record adds to name and cell.
    written_with : tuple of str
        Import names of the packages that its bytes hang on, whatever the notebook itself imports.
    """

    name: str
    part: str
    pattern: re.Pattern[str] | None = None
    expected: str = ""
    folder: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    written_with: tuple[str, ...] = ()

    def listed(
        self, artefact: Mapping[str, Any], origin: Mapping[str, str], digests: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Return what the manifest lists of a recorded artefact: one record, or one for each of its files.

        `origin` says which notebook, cell and parameters it is from; `digests` has the hashes of its files.
        """
        if not self.files:
            return [{**{key: artefact[key] for key in self.fields}, **origin}]
        unsaid = {
            f"{self.folder}/{language}/": {"unsaid": texts}
            for language, texts in artefact.get("unsaid", {}).items()
        }
        return [
            {
                "path": path,
                "kind": self.files[path[path.rindex(".") :]],
                "sha256": digests[path],
                **origin,
                **unsaid.get(path[: path.rindex("/") + 1], {}),
            }
            for path in artefact["files"]
        ]


FIGURE = Kind(
    "figure",
    "outputs",
    KEBAB_CASE,
    "kebab-case, as in border-map",
    "figures",
    {".svg": "figure", ".png": "figure", ".csv": "figure-data"},
    written_with=("matplotlib", "pandas"),
)
TABLE = Kind(
    "table",
    "outputs",
    KEBAB_CASE,
    "kebab-case, as in border-lengths",
    "tables",
    {".csv": "table", ".md": "table-text"},
    written_with=("pandas",),
)
NUMBER = Kind(
    "number", "numbers", DOTTED, "dotted, as in gravity.distance", fields=("value", "text", "format")
)
FINDING = Kind("finding", "findings")

KINDS: dict[str, Kind] = {kind.name: kind for kind in (FIGURE, TABLE, NUMBER, FINDING)}


def folders() -> tuple[str, ...]:
    """Return the folders that files of artefacts are published in, from the render root, with a slash."""
    return tuple(sorted({f"{kind.folder}/" for kind in KINDS.values() if kind.folder}))
