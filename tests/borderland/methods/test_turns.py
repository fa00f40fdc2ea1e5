"""The test of a turn: its size and power in simulated series, and what it calls detectable."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import linalg, stats

from borderland.methods import convergence
from borderland.methods.convergence import segmented_regression, turn_test, turn_test_size
from borderland.study import turns


def series(seed: int, turn: float = 0.0, rho: float = 0.5, years: int = 20) -> pd.Series:
    """Twenty years around a line that turns in the tenth, with errors of first order."""
    shocks = np.random.default_rng(seed).normal(size=years)
    errors = np.empty(years)
    errors[0] = shocks[0] / np.sqrt(1 - rho**2)
    for place in range(1, years):
        errors[place] = rho * errors[place - 1] + shocks[place]
    after = np.maximum(0, np.arange(years) - 10)
    return pd.Series(20 + turn * after + errors, index=range(2000, 2000 + years))


@pytest.fixture(scope="module")
def none() -> pd.DataFrame:
    return pd.DataFrame([turn_test(series(seed), 2010, 2.0, 499, 0) for seed in range(200)])


def test_the_test_keeps_its_level_where_newey_west_does_not(none):
    # 200 series at 5 % have a standard error of 1.5 points (Newey-West alone rejects in 13 to 35 %)
    assert (none["p_turn"] < 0.05).mean() < 0.09


@pytest.mark.parametrize(("years", "before"), [(20, 10), (20, 15), (15, 5)])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8, 0.9])
def test_the_level_holds_under_weak_and_strong_dependence(years, before, rho):
    # 2,000 series at 5 % have a standard error of half a point. Where errors nearly wander (0.9) twenty years
    # hide a little too much; a median-unbiased autocorrelation instead of a cautious one found turns in 9 to
    # 11 of a hundred here.
    assert 0.01 < turn_test_size(years, before, rho, 2000, 999, 0) < (0.085 if rho > 0.8 else 0.065)


def test_the_stated_size_is_that_of_series_made_here(none):
    # shares of standard errors of one and a half and half a point; three of them together are allowed
    found = (none["p_turn"] < 0.05).mean()
    assert turn_test_size(20, 10, 0.5, 2000, 499, 0) == pytest.approx(found, abs=0.05)


def test_under_independent_errors_that_are_known_the_line_is_that_of_least_squares(monkeypatch):
    monkeypatch.setattr(convergence, "_AUTOCORRELATIONS", np.zeros(1))
    made = series(3, -1.0)
    test = turn_test(made, 2010, 2.0, 9999, 0)
    fit = segmented_regression(made, 2010)
    time = np.arange(20.0)
    line = np.column_stack([np.ones(20), time, time >= 10, np.maximum(0, time - 10)])
    classical = sm.OLS(made.to_numpy(), line).fit()
    assert test.change == pytest.approx(fit.slope_change.estimate)
    # one-sided p of Student's t, drawn 9,999 times: three standard errors
    assert test.p_turn == pytest.approx(stats.t.cdf(classical.tvalues[3], 16), abs=0.015)


def test_the_line_under_one_autocorrelation_is_that_of_generalised_least_squares(monkeypatch):
    monkeypatch.setattr(convergence, "_AUTOCORRELATIONS", np.array([0.6]))
    made = series(4, -1.0).drop([2005, 2012])  # missing years part the errors further
    years = made.index.to_numpy(float)
    line = np.column_stack([np.ones(18), years, years >= 2010, np.where(years >= 2010, years - 2010, 0)])
    fit = sm.GLS(made.to_numpy(), line, sigma=0.6 ** np.abs(years[:, None] - years)).fit()
    assert turn_test(made, 2010, 2.0, 99, 0).change == pytest.approx(fit.params[3])


def test_autocorrelations_weigh_by_the_likelihood_of_error_contrasts():
    made = series(5, -1.0).drop([2003])
    years = made.index.to_numpy(float)
    line = np.column_stack([np.ones(19), years, years >= 2010, np.where(years >= 2010, years - 2010, 0)])
    contrasts = linalg.null_space(line.T)  # what no line explains
    changes, likelihoods = [], []
    for rho in convergence._AUTOCORRELATIONS:
        dependence = rho ** np.abs(years[:, None] - years)
        changes.append(sm.GLS(made.to_numpy(), line, sigma=dependence).fit().params[3])
        spread = contrasts.T @ dependence @ contrasts
        seen = contrasts.T @ made.to_numpy()
        squares = seen @ np.linalg.solve(spread, seen)
        likelihoods.append(np.linalg.det(spread) ** -0.5 * squares ** (-len(seen) / 2))
    expected = np.average(changes, weights=likelihoods)
    assert turn_test(made, 2010, 2.0, 99, 0).change == pytest.approx(expected)


def test_a_turn_of_the_smallest_size_is_ruled_out_no_more_often_than_the_level():
    p = [turn_test(series(seed, -2.0), 2010, 2.0, 499, 0).p_smaller for seed in range(200)]
    assert np.mean(np.array(p) < 0.05) < 0.09  # as above


def test_stated_power_is_the_share_of_series_without_a_turn_that_rule_it_out(none):
    # stated power varies with each series' own errors; its mean is near the share, whose standard error is
    # three points and a half
    assert none["power"].mean() == pytest.approx((none["p_smaller"] < 0.05).mean(), abs=0.10)


def test_a_large_turn_is_found_and_a_rise_is_none():
    assert turn_test(series(1, -5.0), 2010, 2.0, 499, 0).p_turn < 0.01
    assert turn_test(series(1, 5.0), 2010, 2.0, 499, 0).p_turn > 0.9


def test_too_few_years_are_refused():
    with pytest.raises(ValueError, match="fewer than three"):
        turn_test(series(0), 2018, 2.0, 99, 0)


def test_turns_are_told_in_per_cent_of_the_mean_dispersion():
    wide = pd.DataFrame({"a": series(0), "b": -series(0)})  # dispersion: the series itself
    tests = turns.turn_tests({"one": wide, "twice": 2 * wide}, (2010, 2018), 2019, 199, 0)
    assert tests["event"].tolist() == [2010, 2010]  # two years on one side are too few
    assert tests["change"].iloc[0] == pytest.approx(tests["change"].iloc[1])
    summed = turns.turns(tests)
    assert summed.smaller + summed.not_ruled_out == summed.tested == 2


def test_the_estimated_autocorrelation_is_near_the_true_one_of_long_series():
    # 120 years: the estimate's standard error is about √((1 − ρ²) / 120), a twentieth at most
    found = [
        turn_test(series(7, rho=rho, years=120), 2060, 2.0, 99, 0).autocorrelation for rho in (0.3, 0.6, 0.9)
    ]
    assert found == pytest.approx([0.3, 0.6, 0.9], abs=0.15)


def test_the_stated_size_is_taken_at_the_estimates_and_at_the_strongest(monkeypatch):
    asked = []
    monkeypatch.setattr(
        convergence, "turn_test_size", lambda years, before, rho, *_: asked.append(rho) or rho / 10
    )
    told = turns.size(pd.DataFrame({"autocorrelation": [0.6, 0.4, 0.7]}), 0)
    assert asked == [0.7, convergence.STRONGEST]
    assert (told.dependence_weakest, told.dependence, told.size) == (0.4, 0.7, pytest.approx(7.0))
