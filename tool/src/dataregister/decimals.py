"""How a computed value is written in decimals: one rule, for the build and for the science that it builds.

A value is first what its ten significant digits say; that decimal is rounded to the digits that are asked
for, and of two equally near ones the even is taken (ISO 80000-1, annex B, rule A). A binary fraction would
decide by its last bit instead: 9.85 lies a hair below nine and eighty-five hundredths, 6 × 0.05 a hair above
three tenths, and which hair may change with the processor.
"""

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from numbers import Real
from typing import Any

MINUS = "\N{MINUS SIGN}"

# Digits of a stored value: more than any table prints, fewer than those in which two processors' arithmetic
# differs (an estimate carries eleven or twelve that agree).
SIGNIFICANT = 10

_ENOUGH = Context(prec=400, rounding=ROUND_HALF_EVEN)  # whatever a double may hold, written out
_END = re.compile(r"(?:\.(\d+))?([eEfFgGn%]?)\Z")  # precision and kind, at the end of a format specification


def stored(value: float | int | str | bool) -> float | int | str | bool:
    """Return a value with the digits that mean something.

    >>> stored(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.{SIGNIFICANT}g}") if isinstance(value, float) else value


def rounded(value: float, spec: str) -> float:
    """Return a number rounded to the digits that a format specification prints, ties to the even digit.

    >>> rounded(9.85, ".1f"), rounded(9.75, ".1f"), rounded(0.15, ".0%"), rounded(2.675, ".3g")
    (9.8, 9.8, 0.15, 2.68)
    """
    if not math.isfinite(value):
        return value
    exact = Decimal(f"{value:.{SIGNIFICANT}g}")
    precision, kind = _END.search(spec).groups()  # type: ignore[union-attr]  # the end is always found
    if precision is None and not kind:
        return float(exact)
    digits = 6 if precision is None else int(precision)
    if kind and kind in "fF%":
        last = Decimal(1).scaleb(-digits - (2 if kind == "%" else 0))
        return float(exact.quantize(last, context=_ENOUGH))
    significant = digits + 1 if kind and kind in "eE" else max(digits, 1)
    return float(Context(prec=significant, rounding=ROUND_HALF_EVEN).plus(exact))


def printed(value: Any, spec: str) -> str:
    """Return `value` formatted by `spec`, numbers rounded by the rule above, with a true minus sign.

    >>> printed(-1234.5, ",.1f"), printed(-9.85, ".1f"), printed(-0.04, ".1f")
    ('−1,234.5', '−9.8', '0.0')

    Raises
    ------
    ValueError, TypeError
        If `spec` does not fit `value`.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return format(value, spec)
    text = format(rounded(value, spec) if isinstance(value, float) else value, spec)
    # A value that rounds to nothing has no sign worth printing.
    if text.startswith("-") and not re.search(r"[1-9]", text):
        text = text[1:]
    return text.replace("-", MINUS)
