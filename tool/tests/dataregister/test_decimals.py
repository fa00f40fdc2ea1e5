"""How a value is written in decimals: against decimal arithmetic, and whatever its last bits."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataregister.decimals import MINUS, SIGNIFICANT, printed

PLACES = st.integers(0, 4)
# Decimals of few digits, as published figures and what follows from them by addition are: many end in a five.
FIGURES = st.builds(
    lambda digits, place: Decimal(digits).scaleb(-place), st.integers(-999_999, 999_999), PLACES
)
# Far more than the last bit of a sum of thousands of terms.
NOISE = st.floats(-1e-12, 1e-12)


def by_decimal(figure: Decimal, places: int) -> str:
    """Write a decimal with so many places, ties to even, in decimal arithmetic throughout."""
    text = f"{figure.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN):,f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text.replace("-", MINUS)


@given(FIGURES, PLACES)
@example(Decimal("-9.85"), 1)
@example(Decimal("2.675"), 2)
def test_a_value_prints_as_its_decimal_does(figure, places):
    assert printed(float(figure), f",.{places}f") == by_decimal(figure, places)


@given(FIGURES, NOISE, st.sampled_from([",.0f", ".1f", ".2f", ".0%", ".2g", "#.2g", ".3e", ""]))
def test_noise_in_the_last_bits_changes_no_printed_digit(figure, noise, spec):
    assert printed(float(figure) * (1 + noise), spec) == printed(float(figure), spec)


@given(st.floats(-1e300, 1e300), PLACES)
@example(1e300, 4)
@example(5e-324, 0)
def test_what_prints_is_never_further_off_than_half_a_digit(value, places):
    shown = Decimal(printed(value, f".{places}f").replace(MINUS, "-"))
    half = Decimal(5).scaleb(-places - 1)
    assert abs(shown - Decimal(value)) <= half + abs(Decimal(value)).scaleb(1 - SIGNIFICANT)


@pytest.mark.parametrize(
    ("value", "spec", "expected"),
    [
        (0.125, "#.2g", "0.12"),
        (0.135, "#.2g", "0.14"),
        (0.5, "#.2g", "0.50"),
        (0.285, ".0%", "28%"),
        (-0.005, "+.2f", "0.00"),
        (12345, ",d", "12,345"),
        (np.int64(-3), ",.0f", "−3"),
        (np.float64(0.25), ".1f", "0.2"),
        (0.1 + 0.2, "", "0.3"),
        (float("inf"), ".1f", "inf"),
        (True, "", "True"),
        ("a-b", "", "a-b"),
    ],
)
def test_formats_are_pythons(value, spec, expected):
    assert printed(value, spec) == expected
