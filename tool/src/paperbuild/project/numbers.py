"""How a number prints, by a Python format specification; one way for notebooks, tables and comparisons."""

from __future__ import annotations

import re
from typing import Any

MINUS = "\N{MINUS SIGN}"

# Digits of a stored value: more than any table prints, fewer than those in which two processors' arithmetic
# differs (an estimate carries eleven or twelve that agree).
SIGNIFICANT = 10


def stored(value: float | int | str | bool) -> float | int | str | bool:
    """Return a value with the digits that mean something.

    >>> stored(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.{SIGNIFICANT}g}") if isinstance(value, float) else value


def printed(value: Any, spec: str) -> str:
    """Return `value` formatted by `spec`, with a true minus sign.

    >>> printed(-1234.5, ",.1f")
    '−1,234.5'

    Raises
    ------
    ValueError, TypeError
        If `spec` does not fit `value`.
    """
    text = format(value, spec)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A value that rounds to nothing has no sign worth printing.
        if text.startswith("-") and not re.search(r"[1-9]", text):
            text = text[1:]
        return text.replace("-", MINUS)
    return text


def one_line(text: str) -> str:
    """Return a text on one line: runs of blanks and line ends are one blank, no-break blanks stay.

    >>> one_line("1\\u00a0234 \\n rows") == "1\\u00a0234 rows"
    True
    """
    return " ".join(re.split(r"[ \t\n\r\f\v]+", text.strip(" \t\n\r\f\v")))


def escape(text: str) -> str:
    """Return text that pandoc's Markdown prints as it stands inside a line, on one line.

    >>> escape("a*b*c")
    'a\\\\*b\\\\*c'
    """
    return re.sub(r"([\\`*_{}\[\]<>$|@#^~&])", r"\\\1", one_line(text))


def as_markdown(text: str) -> str:
    """Return a printed number, or a word in its place, that Markdown prints as it stands, also by itself.

    What would begin a list or a title there is held from it too.

    >>> as_markdown("1. January"), as_markdown("- none")
    ('1\\\\. January', '\\\\- none')
    """
    text = re.sub(r"^(\(?\w{1,9})([.)])(?=\s|$)", r"\1\\\2", escape(text))
    return re.sub(r"^([-+:%])", r"\\\1", text)
