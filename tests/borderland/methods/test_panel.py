"""Absorbed effects and least squares, against explicit dummies and pyfixest."""

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland.methods import panel
from borderland.methods.panel import Effects, least_squares


def made_up(seed: int = 0, units: int = 9, years: int = 7) -> pd.DataFrame:
    """An unbalanced panel with a third grouping that crosses the others."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame([(u, t) for u in range(units) for t in range(years)], columns=["unit", "year"])
    frame["sector"] = draw.integers(0, 4, len(frame))
    frame["x"] = draw.normal(size=len(frame)) + 0.2 * frame["unit"]
    frame["z"] = draw.normal(size=len(frame))
    frame["y"] = 0.5 * frame["x"] - frame["z"] + frame["unit"] + draw.normal(size=len(frame))
    return frame.drop(index=draw.choice(len(frame), 8, replace=False)).reset_index(drop=True)


# Orthogonal projections solved in double precision agree to a few units of the last of about ten digits.
EXACT = 1e-9


@pytest.mark.parametrize(
    "effects", [(), ("unit",), ("unit", "year"), ("unit", "year", "sector"), (("unit", "sector"), "year")]
)
def test_residuals_equal_those_on_explicit_dummies(effects, monkeypatch):
    frame = made_up()
    weights = np.random.default_rng(1).uniform(0.01, 100, len(frame))
    columns = [np.ones(len(frame))]
    for effect in effects:
        key = frame[list([effect] if isinstance(effect, str) else effect)].astype(str).agg("-".join, axis=1)
        columns += list(pd.get_dummies(key).to_numpy(float).T)
    dummies, root = np.column_stack(columns), np.sqrt(weights)[:, None]
    values = frame[["x", "y"]].to_numpy()
    expected = values - dummies @ np.linalg.lstsq(root * dummies, root * values, rcond=None)[0]
    assert Effects.of(frame, effects).residualise(values, weights) == pytest.approx(expected, abs=EXACT)
    base = Effects.of(frame, effects).orthonormal(values[:, :0], weights)
    assert values - base @ ((weights[:, None] * base).T @ values) == pytest.approx(expected, abs=EXACT)
    monkeypatch.setattr(panel, "_DENSE", 0)  # crossings too large for a dense table
    assert Effects.of(frame, effects).residualise(values, weights) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("effects", [("unit",), ("unit", "year")])
def test_rank_counts_the_independent_dummies(effects):
    frame = made_up()
    dummies = np.column_stack([pd.get_dummies(frame[e]).to_numpy(float) for e in effects])
    assert Effects.of(frame, effects).rank() == np.linalg.matrix_rank(dummies)


def test_rank_of_groups_in_two_separate_blocks():
    frame = pd.DataFrame({"a": [0, 0, 1, 1, 2, 2], "b": [0, 1, 0, 1, 2, 3]})  # two blocks share no group
    assert Effects.of(frame, ("a", "b")).rank() == 3 + 4 - 2


def test_least_squares_equals_pyfixest_and_statsmodels():
    frame = made_up()
    ours = least_squares(frame, "y", ["x", "z"], ("unit", "year")).coefficients
    assert ours.to_numpy() == pytest.approx(
        pf.feols("y ~ x + z | unit + year", frame).coef().to_numpy(), rel=EXACT
    )
    plain = least_squares(frame, "y", ["x", "z"])
    assert plain.coefficients.to_numpy() == pytest.approx(
        smf.ols("y ~ x + z", frame).fit().params[1:].to_numpy(), rel=EXACT
    )


def test_an_offset_is_taken_off_the_outcome():
    frame = made_up()
    shifted = least_squares(frame, "y", ["z"], ("unit",), offset=0.5 * frame["x"].to_numpy())
    direct = least_squares(frame.assign(y=frame["y"] - 0.5 * frame["x"]), "y", ["z"], ("unit",))
    assert shifted.coefficients["z"] == pytest.approx(direct.coefficients["z"], rel=EXACT)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 1000), st.permutations(range(55)))
def test_order_of_rows_and_units_of_measurement_do_not_matter(seed, scale, order):
    frame = made_up(seed)
    mixed = frame.iloc[list(order)].assign(x=lambda f: f["x"] * scale)
    one = least_squares(frame, "y", ["x", "z"], ("unit", "year")).coefficients
    other = least_squares(mixed, "y", ["x", "z"], ("unit", "year")).coefficients
    assert other["x"] * scale == pytest.approx(one["x"], rel=1e-7)  # looser: the scale enters the rounding
    assert other["z"] == pytest.approx(one["z"], rel=1e-7)


@pytest.mark.parametrize(
    ("change", "regressors", "message"),
    [
        ({"w": lambda f: f["unit"] * 2.0}, ["x", "w"], r"collinear: w cannot be told .* unit"),
        ({"w": lambda f: f["x"] + f["z"]}, ["x", "z", "w"], "collinear"),
        ({"x": lambda f: f["x"].mask(f["year"] == 3)}, ["x"], r"'x' has no finite value in \d+ rows"),
        ({}, ["nothing"], "no column 'nothing'"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_name(change, regressors, message):
    with pytest.raises(ValueError, match=message):
        least_squares(made_up().assign(**change), "y", regressors, ("unit",))


def test_a_gap_in_a_group_is_refused():
    frame = made_up().astype({"unit": float})
    frame.loc[3, "unit"] = np.nan
    with pytest.raises(ValueError, match="unit has gaps"):
        least_squares(frame, "y", ["x"], ("unit",))
