"""What an article is made of, as every build asks: remembered, so that no text is read for nothing.

Reading a text means parsing all of it (`paperbuild.article.text`), and its settings are YAML: both are
imported here only for what is not remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paperbuild.article.formats import FORMATS
from paperbuild.ground.hashing import HashCache
from paperbuild.project.layout import QUARTO_PROJECT, edition, is_generated

if TYPE_CHECKING:
    from paperbuild.article.text import Article


@dataclass(frozen=True)
class Parts:
    """The files of an article, as paths from its root.

    Attributes
    ----------
    texts : tuple of str
        Its manuscripts, itself first.
    files : mapping of str to tuple of str
        By the suffix of the pictures that a format shows, all it is made of; what is named and missing too,
        for it may appear.
    style : str
        Its citation style; empty for the embedded one.
    edition : str
        Its language, for an edition of the article; else empty.
    language : str
        That of its text.
    """

    texts: tuple[str, ...]
    files: Mapping[str, tuple[str, ...]]
    style: str
    edition: str = ""
    language: str = ""

    @property
    def written(self) -> tuple[str, ...]:
        """The manuscripts that people write."""
        return tuple(text for text in self.texts if not is_generated(text))


def parts_of(article: Article) -> Parts:
    """Return what an article that has been read is made of.

    Raises
    ------
    PaperError, Findings
        Where the settings of ``_quarto.yml`` are wrong.
    """
    from paperbuild.article import quarto_settings

    return Parts(
        tuple(text.path for text in article.manuscripts),
        {
            suffix: tuple(sorted(_from(article.root, path) for path in article.files(suffix)))
            for suffix in sorted({one.picture for one in FORMATS.values()})
        },
        quarto_settings.read(article.root).csl,
        article.edition,
        article.language,
    )


def _from(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def remembered(root: Path, cache: HashCache, language: str = "") -> Parts:
    """Return what the article in `root`, or an edition, is made of.

    It is read again where a text, or what one names, has changed.
    """
    entry = edition(language)

    def compute() -> tuple[dict[str, Any], list[Path]]:
        from paperbuild.article import text

        article = text.read(root, entry)
        found = parts_of(article)
        read = [entry, *found.texts, *(one.name for one in article.included), QUARTO_PROJECT]
        return asdict(found), [root / name for name in (*read, *filter(None, [found.style]))]

    known = cache.traced("parts of the article", f"{root} {entry}", compute)
    files = {suffix: tuple(names) for suffix, names in known["files"].items()}
    return Parts(tuple(known["texts"]), files, known["style"], known["edition"], known["language"])
