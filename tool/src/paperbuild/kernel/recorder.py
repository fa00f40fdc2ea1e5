"""Inside the kernel: the running step, where its files go, and what it has handed over so far."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paperbuild.article.phrases import Phrases


class ArtefactError(ValueError):
    """A figure, table or number that cannot go into the article as it is."""


def nobody(of: str, done: int, whole: int) -> None:
    """Tell nobody how far a computation is."""


@dataclass
class Recorder:
    """The running step: where its files go and what it has handed over so far.

    Attributes
    ----------
    staging : Path
        Folder that receives ``figures/`` and ``tables/``.
    results : mapping of str to Path
        Recorded results of the notebooks this one declares.
    cell : str
        Label of the cell that is running.
    artefacts : list of dict
        Records in the order of the calls.
    editions : mapping of str to Phrases
        By the language of each further edition of the article, what phrases are in it.
    tell : callable
        Tells the build how far a long computation is: what it is, how much is done, of how much.
    """

    staging: Path
    results: Mapping[str, Path]
    cell: str = ""
    artefacts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    editions: Mapping[str, Phrases] = dataclasses.field(default_factory=dict)
    tell: Callable[[str, int, int], None] = nobody

    def add(self, kind: str, name: str, **details: Any) -> None:
        """Record one artefact; a name used twice for one kind of thing is an error."""
        taken = next((a for a in self.artefacts if a["name"] == name and a["kind"] == kind), None)
        if taken is not None:
            raise ArtefactError(
                f"the {kind} {name!r} was already written by cell {taken['cell']!r}; choose another name"
            )
        try:
            json.dumps([name, details], ensure_ascii=False, default=str).encode("utf-8")
        except UnicodeEncodeError:
            raise ArtefactError(
                f"the {kind} {name!r} holds half a character (a lone surrogate), which no file can hold"
            ) from None
        self.artefacts.append({"kind": kind, "name": name, "cell": self.cell, **details})


_recorder: Recorder | None = None


def begin(recorder: Recorder | None) -> None:
    """Send what follows to `recorder` (called by the build before the notebook's first cell)."""
    global _recorder
    _recorder = recorder


def enter_cell(label: str) -> None:
    """Note which cell runs now (called by the kernel before each cell)."""
    if _recorder is not None:
        _recorder.cell = label


def current_cell() -> str:
    """Return the label of the cell that runs now."""
    return _recorder.cell if _recorder is not None else ""


def recorded() -> list[dict[str, Any]]:
    """Return what the step has handed over so far."""
    return _recorder.artefacts if _recorder is not None else []


def editions() -> Mapping[str, Phrases]:
    """Return what phrases are in the language of each further edition; none outside a build."""
    return _recorder.editions if _recorder is not None else {}


def results_of(notebook: str) -> Path | None:
    """Return where the recorded results of another notebook lie; None where it is not declared.

    Outside a build, where nothing is declared, they are what the last build left, seen from the working
    directory.
    """
    if _recorder is not None:
        return _recorder.results.get(notebook)
    here = Path.cwd()
    places = (folder / "build" / "results" / f"{notebook}.json" for folder in (here, *here.parents))
    return next((place for place in places if place.is_file()), None)


def progress(of: str) -> Callable[[int, int], None]:
    """Return what a long computation calls now and then to say how far it is, for the build to show.

    The build shows it with rate and expected end; elsewhere nobody is told.

    Parameters
    ----------
    of : str
        What is done, in a word or two.

    Returns
    -------
    callable
        Of how much is done, and of how much.
    """

    def tell(done: int, whole: int) -> None:
        if _recorder is not None:
            _recorder.tell(of, done, whole)

    return tell


def is_building() -> bool:
    """Tell whether what is handed over now is recorded."""
    return _recorder is not None


def hand_over(kind: str, name: str, files: Mapping[str, bytes] | None = None, **details: Any) -> None:
    """Record an artefact and write its files into staging; outside a build do nothing."""
    if _recorder is None:
        return
    _recorder.add(kind, name, **({"files": list(files)} if files else {}), **details)
    for path, content in (files or {}).items():
        target = _recorder.staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
