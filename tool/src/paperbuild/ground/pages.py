"""Pages from templates: one way to fill them, in which what is filled in is never markup by accident."""

from __future__ import annotations

import base64
import functools
from pathlib import Path
from typing import Any


@functools.cache
def environment(folder: Path) -> Any:
    """Return the Jinja environment of a folder of templates: escaping, strict about names it does not know.

    Beside Jinja's own filters it has ``base64``, for bytes that a page carries in itself.
    """
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        # Markdown has no markup in which a letter could be mistaken for one of HTML's.
        autoescape=lambda name: name is None or not name.endswith(".md.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["base64"] = lambda content: base64.b64encode(content).decode("ascii")
    return made


def render(template: Path, **values: Any) -> str:
    """Return a template filled with values."""
    return str(environment(template.parent).get_template(template.name).render(**values))
