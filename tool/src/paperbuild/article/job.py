"""A typesetting task, as the build hands it to whatever typesets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paperbuild.project.layout import edition


@dataclass(frozen=True)
class RenderJob:
    """One typesetting task.

    Attributes
    ----------
    root : Path
        Folder with ``paper.qmd``, ``figures/``, ``tables/``, ``build/results/`` and ``build/notebooks/``.
    output : Path
        Empty staging folder; the build moves what appears there to ``_output/``.
    format : str
        Name of one of `paperbuild.article.formats.DOCUMENTS`.
    engine : str
        ``auto``, ``quarto`` or ``embedded``.
    epoch : int
        Seconds since 1970 for dates inside the document.
    edition : str
        The language of the edition that is typeset; empty for the article itself.
    """

    root: Path
    output: Path
    format: str
    engine: str
    epoch: int
    edition: str = ""

    @property
    def article(self) -> str:
        """The text that is typeset, from the root."""
        return edition(self.edition)
