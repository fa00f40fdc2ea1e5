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
