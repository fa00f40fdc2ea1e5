"""Turns of regional dispersion at the years of the treaties, beside the smallest that matters (claim A1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland.methods import convergence
from borderland.methods.resampling import holm
from borderland.study.wording import p_text

SMALLEST_TURN = 5.0  # per cent of the mean dispersion a year: kept up for ten years it halves the dispersion
_LEVEL = 0.05


def turn_tests(
    indicators: Mapping[str, pd.DataFrame], events: Collection[int], last_year: int, draws: int, seed: int
) -> pd.DataFrame:
    """Test each indicator's dispersion for a turn at each event, to a last year.

    Returns
    -------
    DataFrame
        ``indicator``, ``event``, and in per cent of the mean dispersion a year ``change`` (of the slope) and
        ``detectable`` (turn that would be found four times in five); ``p_turn`` (no turn towards
        convergence), ``p_smaller`` (a turn as large as ``SMALLEST_TURN``), ``power`` (per cent) of the
        latter test where there is no turn, and ``autocorrelation`` of the errors. Events with fewer than
        three years on a side are left out.
    """
    rows = []
    for name, values in indicators.items():
        sigma = convergence.dispersion(values.loc[:last_year].astype(float))
        unit = sigma.mean() / 100
        for event in events:
            if min((sigma.index < event).sum(), (sigma.index >= event).sum()) < 3:
                continue
            test = convergence.turn_test(sigma / unit, event, SMALLEST_TURN, draws, seed)
            rows.append({"indicator": name, "event": event, **test._asdict()} | {"power": 100 * test.power})
    return pd.DataFrame(rows)


def rows(tests: pd.DataFrame) -> pd.DataFrame:
    """:func:`turn_tests` with its p-values as a table prints them."""
    return tests.assign(**{name: tests[name].map(p_text) for name in ("p_turn", "p_smaller")})


@dataclass(frozen=True)
class Turns:
    """Turns tested to one last year, and what the tests could find."""

    tested: Annotated[int, "d"]
    found: Annotated[int, "d"]  # p below 0.05 after Holm's correction
    smaller: Annotated[int, "d"]  # turns shown to be smaller than the smallest that matters
    not_ruled_out: Annotated[int, "d"]  # turns that may be that large
    power: Annotated[float, ".0f"]  # per cent, median over the turns
    powerful: Annotated[int, "d"]  # turns with a power of four in five
    detectable_lowest: Annotated[float, ".0f"]  # per cent of the mean dispersion a year
    detectable_highest: Annotated[float, ".0f"]


def turns(tests: pd.DataFrame) -> Turns:
    """Sum up :func:`turn_tests`."""
    return Turns(
        tested=len(tests),
        found=int((holm(tests["p_turn"]) < _LEVEL).sum()),
        smaller=int((tests["p_smaller"] < _LEVEL).sum()),
        not_ruled_out=int((tests["p_smaller"] >= _LEVEL).sum()),
        power=float(np.median(tests["power"])),
        powerful=int((tests["power"] >= 80).sum()),
        detectable_lowest=float(tests["detectable"].min()),
        detectable_highest=float(tests["detectable"].max()),
    )


_SIZE_SERIES, _SIZE_DRAWS = 5000, 1999  # a share of a twentieth has a standard error of 0.3 points


@dataclass(frozen=True)
class TurnSize:
    """How often the 5 % test finds a turn in the middle of twenty years that have none (per cent)."""

    size: Annotated[float, ".0f"]  # at the strongest autocorrelation estimated
    size_strongest: Annotated[float, ".0f"]  # at the strongest considered
    dependence_weakest: Annotated[float, ".1f"]  # estimates, by indicator and date
    dependence: Annotated[float, ".1f"]
    dependence_considered: Annotated[float, ".2f"]


def size(tests: pd.DataFrame, seed: int) -> TurnSize:
    """Simulate the size of the test at the autocorrelations that :func:`turn_tests` estimated."""
    weakest, strongest = float(tests["autocorrelation"].min()), float(tests["autocorrelation"].max())
    at_strongest, at_limit = (
        100 * convergence.turn_test_size(20, 10, rho, _SIZE_SERIES, _SIZE_DRAWS, seed)
        for rho in (strongest, convergence.STRONGEST)
    )
    return TurnSize(at_strongest, at_limit, weakest, strongest, convergence.STRONGEST)
