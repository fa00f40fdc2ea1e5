"""Contributions of factors against the formulas of Kitagawa and of Das Gupta, and their properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland.methods.decomposition import contributions

EXACT = 1e-9  # sums of a few products in double precision
numbers = st.floats(0.01, 10)


def crude(composition: np.ndarray, rates: np.ndarray) -> float:
    return float(composition @ rates)


def test_two_age_groups_by_hand():
    # crude rates 12 and 26
    first = {"composition": np.array([0.8, 0.2]), "rates": np.array([10.0, 20.0])}
    second = {"composition": np.array([0.4, 0.6]), "rates": np.array([20.0, 30.0])}
    found = contributions(crude, first, second)
    # composition: -.4 x 15 + .4 x 25 = 4; rates: 10 x .6 + 10 x .4 = 10; together 26 - 12
    assert found == pytest.approx({"composition": 4.0, "rates": 10.0}, abs=EXACT)


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_two_factors_of_a_crude_rate_are_kitagawas(rows):
    c1, c2, r1, r2 = (np.array(column) for column in zip(*rows, strict=True))
    found = contributions(crude, {"composition": c1, "rates": r1}, {"composition": c2, "rates": r2})
    assert found["composition"] == pytest.approx(((c2 - c1) * (r1 + r2) / 2).sum(), abs=EXACT)
    assert found["rates"] == pytest.approx(((r2 - r1) * (c1 + c2) / 2).sum(), abs=EXACT)


@given(*[numbers] * 6)
@settings(max_examples=40, deadline=None)
def test_three_factors_of_a_product_are_das_guptas(a, b, c, x, y, z):
    # Das Gupta's formula for the effect of the first of three factors
    found = contributions(lambda p, q, r: p * q * r, {"p": a, "q": b, "r": c}, {"p": x, "q": y, "r": z})
    assert found["p"] == pytest.approx(((b * c + y * z) / 3 + (b * z + y * c) / 6) * (x - a), abs=1e-7)


@given(*[numbers] * 4)
@settings(max_examples=40, deadline=None)
def test_contributions_add_up_and_change_sign_with_the_point_of_view(a, b, x, y):
    def share(part: float, rest: float) -> float:
        return part / (part + rest)

    there = contributions(share, {"part": a, "rest": b}, {"part": x, "rest": y})
    back = contributions(share, {"part": x, "rest": y}, {"part": a, "rest": b})
    assert sum(there.values()) == pytest.approx(share(x, y) - share(a, b), abs=EXACT)
    assert back == pytest.approx({name: -value for name, value in there.items()}, abs=EXACT)


def test_a_factor_that_stays_contributes_nothing():
    found = contributions(
        crude,
        {"composition": np.ones(2), "rates": np.ones(2)},
        {"composition": np.ones(2), "rates": np.full(2, 3.0)},
    )
    assert found == {"composition": 0.0, "rates": 4.0}
