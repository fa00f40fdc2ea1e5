"""``analysis/tolerances.yml``: how far a value may lie from its reference, and why it may.

What is not declared there has the default: a relative difference of 1e-9 in a value and 8 of 255 levels in a
pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Le, MinLen

from paperbuild.ground.errors import PaperError, raise_all
from paperbuild.ground.located import STRICT, Key, line_of, parse_yaml, problems, read_text, said
from paperbuild.project.layout import TOLERANCES

KINDS = {"tables": ("name", "column"), "figures": ("name",), "numbers": ("name",)}
"""What a tolerance may be declared for, and what narrows it down."""


@dataclass(frozen=True)
class Tolerance:
    """How far a value may lie from its reference.

    Attributes
    ----------
    relative : float
        Share of the larger of both magnitudes. The default is what a different processor or linear algebra
        library changes in an estimate that an iteration has brought to convergence.
    absolute : float
        In the value's own unit, for values that are zero but for rounding.
    levels : int
        Difference in a pixel's channel, of 255, that a different font rasteriser or compiler causes.
    share : float
        Share of pixels that may lie beyond `levels`.
    why : str
        The reason; every declared tolerance has one.
    """

    relative: float = 1e-9
    absolute: float = 1e-12
    levels: int = 8
    share: float = 0.0
    why: str = "what another processor or linear algebra library changes in a converged estimate"

    def covers(self, expected: float, found: float) -> bool:
        """Whether `found` is as good as `expected`."""
        if expected != expected or found != found:
            return expected != expected and found != found
        # math.isclose takes the larger of both bounds and treats infinities of one sign as equal.
        try:
            return math.isclose(expected, found, rel_tol=self.relative, abs_tol=self.absolute)
        except OverflowError:  # an integer that no float holds
            return expected == found


@dataclass(frozen=True)
class Declaration:
    """One entry of the file."""

    __pydantic_config__: ClassVar[Any] = STRICT

    of: Annotated[tuple[str, ...], MinLen(1)] = said(
        "what it holds for", "[tables, NAME, COLUMN], [figures, NAME] or [numbers, NAME]"
    )
    why: Annotated[str, MinLen(1)] = said(
        "the reason, which certificates state", "why it may, in a few words"
    )
    relative: Annotated[float, Ge(0)] | None = said(
        "share of the larger of both magnitudes", "a number, 0 or more", default=None
    )
    absolute: Annotated[float, Ge(0)] | None = said(
        "in the value's own unit, for values that are zero but for rounding",
        "a number, 0 or more",
        default=None,
    )
    levels: Annotated[int, Ge(0), Le(255)] | None = said(
        "difference in a pixel's channel, of 255", "a whole number from 0 to 255", default=None
    )
    share: Annotated[float, Ge(0), Le(1)] | None = said(
        "share of pixels that may lie beyond `levels`", "a number from 0 to 1", default=None
    )

    @property
    def bounds(self) -> dict[str, Any]:
        """The bounds that it sets, by name."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("of", "why")}
        return {name: bound for name, bound in given.items() if bound is not None}


@dataclass(frozen=True)
class Tolerances:
    """Declared tolerances: for `tables`, NAME, COLUMN; `figures`, NAME; `numbers`, NAME."""

    declared: Mapping[tuple[str, ...], Tolerance] = field(default_factory=dict)

    def of(self, *path: str) -> Tolerance:
        """The tolerance declared for the longest leading part of a path, else the default."""
        for length in range(len(path), 0, -1):
            if found := self.declared.get(path[:length]):
                return found
        return Tolerance()


def read_tolerances(root: Path) -> Tolerances:
    """Read the declared tolerances of a project; none where it has no such file.

    Raises
    ------
    PaperError, Findings
        With its line, for every entry of another shape, without reason or bound, or for no kind of output.
    """
    path = root / TOLERANCES
    if not path.is_file():
        return Tolerances()
    text = read_text(path, TOLERANCES)
    plain = parse_yaml(text, TOLERANCES)
    plain = [] if plain is None else plain
    wrong = problems(list[Declaration], plain, TOLERANCES)
    entries = [] if wrong else [Declaration(**{**one, "of": tuple(one["of"])}) for one in plain]
    located = [(line_of(text, *place), error) for place, error in (*wrong, *_unfit(entries))]
    for line, error in located:
        error.where = f"{TOLERANCES}:{line}"
    raise_all([error for _, error in sorted(located, key=lambda one: one[0])])
    return Tolerances({one.of: Tolerance(**one.bounds, why=one.why) for one in entries})


def _unfit(entries: Sequence[Declaration]) -> Iterator[tuple[tuple[Key, ...], PaperError]]:
    """What is wrong with entries of the right shape, with the keys that lead there."""
    for position, one in enumerate(entries):
        kind, *rest = one.of
        if kind not in KINDS or len(rest) > len(KINDS[kind]):
            forms = " or ".join(f"[{', '.join((name, *more))}]" for name, more in KINDS.items())
            message = f"a tolerance of {', '.join(one.of)} holds for nothing"
            yield (position, "of"), PaperError(message, expected=forms)
        if not one.bounds:
            message = f"the tolerance of {', '.join(one.of)} sets no bound"
            yield (position,), PaperError(message, expected="relative, absolute, levels or share")
