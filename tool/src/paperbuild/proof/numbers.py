"""Compare two recorded numbers: value, tolerance, printed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from dataregister.decimals import printed
from paperbuild.project.tolerances import Tolerance, Tolerances
from paperbuild.proof.ladder import NUMBERS, Comparison, Rung, gap_between


def compare_number(
    name: str, expected: Mapping[str, Any], found: Mapping[str, Any] | None, tolerances: Tolerances
) -> Comparison:
    """Compare a recorded number with its reference: value, tolerance, printed form."""
    path = f"{NUMBERS}{name}"
    shown = _shown(expected)
    if found is None:
        return Comparison(path, Rung.NOT_PRODUCED, shown, "", "the rebuild recorded no such number")
    sides = shown, _shown(found)
    old, new = expected.get("value"), found.get("value")
    texts = expected.get("text"), found.get("text")
    reprinted = texts[0] != texts[1]
    if type(old) is type(new) and (old == new or (old != old and new != new)):
        if not reprinted:
            return Comparison(path, Rung.IDENTICAL, *sides)
        reason = f"the same value, printed {texts[0]!r} in the reference and {texts[1]!r} in the rebuild"
        return Comparison(path, Rung.DIFFERS, *sides, reason=reason, printed=True)
    if not reprinted and "format" in expected and not _prints(expected):
        reason = "another value, and the reference's text is not what its value and format give"
        return Comparison(path, Rung.DIFFERS, *sides, reason=reason)
    values = (old, new) if _is_numeric(old) and _is_numeric(new) else None
    gap = gap_between(*values, name) if values else None
    how_far = f"; {gap}" if gap else ""
    tolerance = tolerances.of("numbers", name)
    # A printed form that changed is a changed result, unless a tolerance was declared that foresees it.
    foreseen = not reprinted or (tolerance != Tolerance() and _prints(expected))
    if values and tolerance.covers(*values) and foreseen:
        reason = (
            "printed otherwise, within the declared tolerance" if reprinted else "printed alike"
        ) + how_far
        return Comparison(path, Rung.WITHIN_TOLERANCE, *sides, reason=reason, gap=gap, printed=reprinted)
    if not reprinted:
        reason = f"beyond the tolerance, printed alike{how_far}"
        return Comparison(path, Rung.SAME_ROUNDING, *sides, reason=reason, gap=gap)
    return Comparison(path, Rung.DIFFERS, *sides, reason=f"another value{how_far}", gap=gap, printed=True)


def _is_numeric(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _prints(number: Mapping[str, Any]) -> bool:
    """Whether a recorded number's text is what its value and format give."""
    try:
        return bool(printed(number["value"], number["format"]) == number["text"])
    except Exception:  # a forged format may be anything
        return False


def _shown(number: Mapping[str, Any]) -> str:
    value, text = number.get("value"), str(number.get("text", "no text"))
    return text if isinstance(value, str | bool) else f"{text} ({value!r})"
