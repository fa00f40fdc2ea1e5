"""The article's numbers as they print (``build/results/numbers.yml``), for whoever sets the article."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paperbuild.project.layout import numbers_file

FALSE = 0
"""What stands there under ``bound`` for words that are not true; others number the wording, from 1."""


def read_numbers(root: Path, language: str = "") -> dict[str, Any]:
    """Return the numbers of the article below `root`, or of an edition; nothing before any build.

    The build writes JSON, which is YAML and read in no time; what was written by hand is read as YAML.

    Raises
    ------
    PaperError
        Where it is neither, or no mapping.
    """
    name = numbers_file(language)
    path = root / name
    if not path.is_file():
        return {}
    content = path.read_bytes()
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError, RecursionError):
        from paperbuild.ground.files import utf8
        from paperbuild.ground.located import parse_mapping

        return parse_mapping(utf8(content, name), name)
