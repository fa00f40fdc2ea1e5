"""What a project says of itself besides its text: how it is cited, what it is called, what it pins."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.located import parse_mapping, read_text
from paperbuild.project.layout import CITATION, DISTRIBUTION, LOCK


@dataclass(frozen=True)
class Citation:
    """What ``CITATION.cff`` says; nothing of it where there is no such file.

    Attributes
    ----------
    title : str
        Of the work.
    authors : tuple of str
        Their names, in its order.
    addresses : tuple of str
        Of the repository and of the page.
    """

    title: str = ""
    authors: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def read_citation(root: Path) -> Citation:
    """Read how a project is to be cited.

    Raises
    ------
    PaperError
        Where the file is no YAML, or no mapping.
    """
    path = root / CITATION
    record = parse_mapping(read_text(path, CITATION), CITATION) if path.is_file() else {}
    authors = record.get("authors")
    names = [_name(one) for one in (authors if isinstance(authors, list) else ()) if isinstance(one, dict)]
    addresses = (str(record[key]) for key in ("repository-code", "url") if record.get(key))
    return Citation(str(record.get("title") or ""), tuple(names), tuple(addresses))


def _name(author: Mapping[str, Any]) -> str:
    parts = (author.get("given-names"), author.get("family-names"))
    return str(author.get("name") or " ".join(str(part) for part in parts if part))


def read_name(root: Path) -> str:
    """Return the project's name as ``pyproject.toml`` states it, else its folder's.

    Raises
    ------
    PaperError
        Where the file is no TOML.
    """
    path = root / DISTRIBUTION
    try:
        stated = tomllib.loads(read_text(path, DISTRIBUTION)) if path.is_file() else {}
    except tomllib.TOMLDecodeError as error:
        raise PaperError(f"not valid TOML: {error}", where=DISTRIBUTION) from None
    return str(stated.get("project", {}).get("name") or root.name)


def read_lock(root: Path) -> str:
    """Return the text of the lock; empty where there is none."""
    path = root / LOCK
    return read_text(path, LOCK) if path.is_file() else ""
