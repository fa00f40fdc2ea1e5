"""The article's numbers as they print (``build/results/numbers.yml``), for whoever sets the article."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paperbuild.project.layout import NUMBERS

FALSE = 0
"""What stands there under ``bound`` for words that are not true; others number the wording, from 1."""


def read_numbers(root: Path) -> dict[str, Any]:
    """Return the content of ``numbers.yml`` below `root`; nothing where no build has written it.

    The build writes JSON, which is YAML and read in no time; what was written by hand is read as YAML.

    Raises
    ------
    PaperError
        Where it is neither.
    """
    path = root / NUMBERS
    if not path.is_file():
        return {}
    content = path.read_bytes()
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError, RecursionError):
        from paperbuild.ground.files import utf8
        from paperbuild.ground.located import parse_yaml

        return dict(parse_yaml(utf8(content, NUMBERS), NUMBERS) or {})
