"""What is committed as the reference: figures, tables, texts of documents, and the manifest of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_bytes
from paperbuild.project.layout import FIGURES, MANIFEST, TABLES, TEXTS, Project
from paperbuild.project.manifest import Manifest, parse_manifest

DOCUMENT_TEXTS = f"{TEXTS}/*.txt"


@dataclass(frozen=True)
class Reference:
    """What is committed: artefacts and texts of documents by path, and the manifest.

    Attributes
    ----------
    files, texts : mapping of str to bytes
        Figures and tables; texts of documents.
    manifest : Manifest
        What it lists; a broken one as far as it can be read.
    """

    files: Mapping[str, bytes]
    manifest: Manifest
    texts: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def edited(self) -> frozenset[str]:
        """Artefacts whose bytes are not those that the manifest lists."""
        listed = {output["path"]: output.get("sha256") for output in self.manifest.outputs}
        return frozenset(
            path
            for path, content in self.files.items()
            if path in listed and sha256_bytes(content) != listed[path]
        )


def output_patterns(root: Path) -> list[str]:
    """Return the patterns of a project's generated files: its own, and those in each edition's language."""
    return [
        f"{folder}/*{suffix}"
        for language in Project(root).all_editions
        for kind, suffixes in ((FIGURES, (".svg", ".png", ".csv")), (TABLES, (".csv", ".md")))
        for folder in (f"{kind}/{language}".rstrip("/"),)
        for suffix in suffixes
    ]


def read_outputs(root: Path) -> Reference:
    """Read figures, tables, texts and manifest as they lie in a project folder.

    Raises
    ------
    PaperError
        Where there is no manifest, so nothing says what should reproduce.
    """
    try:
        content = Project(root).manifest.read_bytes()
    except OSError as error:
        raise PaperError(
            f"no manifest of outputs: {error.strerror}",
            where=MANIFEST,
            expected="the committed list of figures, tables and numbers",
            remedy="paper build, then git add figures tables text && git commit",
        ) from None
    files, texts = (
        {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file())
        }
        for patterns in (output_patterns(root), [DOCUMENT_TEXTS])
    )
    return Reference(files, parse_manifest(content), texts)


def remove_outputs(root: Path) -> None:
    """Remove generated files, so that whatever stands there afterwards was made anew."""
    for pattern in (*output_patterns(root), DOCUMENT_TEXTS):
        for path in root.glob(pattern):
            path.unlink()
    Project(root).manifest.unlink(missing_ok=True)
