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


# Worked examples of Das Gupta (1993), Standardization and Decomposition of Rates, chapters 2 to 4,
# with the effects as the R package DasGuptR 2.1.0 (King & Matthews 2025) gives them.
def test_birth_rates_of_austria_and_chile_are_parted_as_in_the_textbook():
    austria = {"births": 51.78746, "fertile": 0.45919, "women": 0.52638}
    chile = {"births": 84.90502, "fertile": 0.75756, "women": 0.51065}
    found = contributions(lambda births, fertile, women: births * fertile * women, austria, chile)
    expected = {"births": 10.4340333, "fertile": 10.5608476, "women": -0.6670084}
    assert found == pytest.approx(expected, abs=5e-8)


def test_five_factors_of_the_fertility_of_south_korea_are_parted_as_in_the_textbook():
    names = ("married", "noncontraception", "abortion", "lactation", "fecundity")
    first = dict(zip(names, (0.58, 0.76, 0.84, 0.66, 16.573), strict=True))
    second = dict(zip(names, (0.72, 0.97, 0.97, 0.56, 16.158), strict=True))
    found = contributions(lambda **factors: float(np.prod(list(factors.values()))), first, second)
    expected = (1.0909785, 1.2298438, 0.7278399, -0.8398707, -0.1290187)
    assert found == pytest.approx(dict(zip(names, expected, strict=True)), abs=5e-8)


def test_natural_increase_is_parted_into_births_and_deaths_as_in_the_textbook():
    found = contributions(
        lambda births, deaths: births - deaths,
        {"births": 19.4, "deaths": 10.8},  # United States, 1940
        {"births": 23.7, "deaths": 9.5},  # and 1960
    )
    assert found == pytest.approx({"births": 4.3, "deaths": 1.3}, abs=EXACT)


def test_birth_rate_of_taiwan_by_age_is_parted_as_in_the_textbook():
    later = {  # 1970: births per 1,000 married women, married among women, women among inhabitants, by age
        "births": np.array([488, 452, 338, 156, 63, 22, 3]),
        "married": np.array([0.082, 0.527, 0.866, 0.941, 0.942, 0.923, 0.876]),
        "women": np.array([0.058, 0.038, 0.032, 0.030, 0.026, 0.023, 0.019]),
    }
    earlier = {  # 1960
        "births": np.array([393, 407, 369, 274, 184, 90, 16]),
        "married": np.array([0.122, 0.622, 0.903, 0.930, 0.916, 0.873, 0.800]),
        "women": np.array([0.043, 0.041, 0.036, 0.032, 0.026, 0.020, 0.018]),
    }
    found = contributions(
        lambda births, married, women: float((births * married * women).sum()), earlier, later
    )
    expected = {"births": -7.285632, "married": -2.720633, "women": -1.565181}
    assert found == pytest.approx(expected, abs=5e-7)
