"""Grids, curves with what cannot be estimated, and the joint tests of a curve."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from borderland.methods import specification
from borderland.methods.specification import Specified
from borderland.study import curves


def evaluate(choice):
    """Estimates around the choice's own effect; one combination has none."""
    if choice["sample"] == "none":
        raise ValueError("no variation")
    draw = np.random.default_rng(0)
    null = draw.normal(size=200)
    t = choice["effect"] + null[0] * 0
    return Specified(t, t - 2, t + 2, 0.01 if abs(t) > 2 else 0.5, t, 10, t, null, null, 1e6)


def curve(effects=(0.0, 1.0, 4.0)):
    choices = specification.grid({"sample": ["all", "none"], "effect": list(effects)})
    return specification.run(choices, evaluate)


def test_grid_holds_every_combination_that_is_possible():
    grid = specification.grid({"a": [1, 2, 3], "b": ["x", "y"]}, lambda row: row["a"] < 3)
    assert len(grid) == 4
    assert list(grid.columns) == ["a", "b"]


def test_what_cannot_be_estimated_is_listed_with_its_reason():
    result = curve()
    assert len(result.estimates) == 3
    assert len(result.left_out) == 3
    assert set(result.left_out["reason"]) == {"no variation"}
    assert (result.left_out["sample"] == "none").all()


def test_none_estimable_is_an_error():
    with pytest.raises(ValueError, match=r"none of the 1 specifications .* no variation"):
        specification.run(specification.grid({"sample": ["none"], "effect": [1]}), evaluate)


def test_joint_tests_tell_an_effect_from_chance():
    strong = specification.joint_tests(curve((4.0, 4.1, 4.2)))
    assert (strong.loc[["median", "stouffer"], "p"] == 1 / 201).all()  # no draw of a normal lies beyond 4
    # every specification has the same draws here: by chance all are significant together, 5 % of the time
    assert strong.loc["share", "p"] == pytest.approx(0.05, abs=0.03)  # two standard errors of 200 draws
    none = specification.joint_tests(curve((0.0, 0.01, -0.01)))
    assert none.loc["median", "p"] > 0.9
    assert strong.loc["share", "observed"] == 100


def test_a_permutation_equal_to_the_data_is_never_beaten():
    result = curve((4.0,))
    same = result._replace(null_t=np.full((1, 50), 4.0), null_estimate=np.full((1, 50), 4.0))
    assert (specification.joint_tests(same)["p"] == 1).all()


def test_the_observed_median_is_computed_as_the_null_is():
    result = curve((4.0, 4.1, 4.2))
    shifted = result._replace(estimates=result.estimates.assign(estimate=9.0))  # full fits far from one step
    assert specification.joint_tests(shifted).loc["median", "observed"] == pytest.approx(4.1)


def test_a_part_keeps_what_shares_the_choice():
    choices = specification.grid({"sample": ["all", "none"], "effect": [1.0, 2.0], "way": ["in", "out"]})
    whole = specification.run(choices, evaluate)
    inward = specification.part(whole, way="in")
    assert list(inward.choices.columns) == ["sample", "effect"]
    assert inward.estimates["estimate"].tolist() == [1.0, 2.0]
    assert inward.null_t.shape == (2, 200)
    assert len(inward.left_out) == 2
    with pytest.raises(ValueError, match="no specification has"):
        specification.part(whole, way="up")


def test_place_of_the_main_specification():
    row, percentile = specification.place(curve(), {"sample": "all", "effect": 1.0})
    assert row == 1
    assert percentile == pytest.approx(200 / 3)
    with pytest.raises(ValueError, match="0 specifications match"):
        specification.place(curve(), {"sample": "all", "effect": 9.0})


def test_the_number_of_workers_does_not_change_the_result():
    choices = specification.grid({"sample": ["all"], "effect": [0.0, 1.0, 4.0]})
    with parallel_config(backend="threading"):  # starting processes would take longer than all other tests
        one, two = (specification.run(choices, evaluate, jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)


def test_described_curves_stand_under_one_another():
    tests = specification.joint_tests(curve())
    both = curves.described({"one": tests, "two": tests})
    assert len(both) == 6
    assert set(both["curve"]) == {"one", "two"}
