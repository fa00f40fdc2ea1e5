"""Covariances against pyfixest and linearmodels, bootstraps against refits, randomisation by its logic."""

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.panel import PanelOLS
from scipy import stats
from statsmodels.stats.multitest import multipletests

from borderland.methods import covariance, resampling
from borderland.methods.covariance import Model
from borderland.methods.panel import least_squares
from borderland.methods.ppml import ppml
from borderland.study import wording


def made_up(seed: int = 0, units: int = 8, years: int = 9) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame([(u, t) for u in range(units) for t in range(years)], columns=["unit", "year"])
    shock = draw.normal(size=units)[frame["unit"]]
    frame["x"] = draw.normal(size=len(frame)) + 0.5 * shock
    frame["z"] = draw.normal(size=len(frame))
    frame["group"] = draw.integers(0, 5, len(frame))
    frame["y"] = 0.3 * frame["x"] + shock + draw.normal(size=len(frame))
    frame["persons"] = draw.poisson(np.exp(1 + 0.3 * frame["x"] - 0.2 * frame["z"] + 0.1 * frame["unit"]))
    return frame


OLS = Model(least_squares, "y", ("x", "z"), ("year",))
PPML = Model(ppml, "persons", ("x", "z"), ("year",))


@pytest.mark.parametrize("effects", [(), ("year",), ("unit", "year")])
@pytest.mark.parametrize("clusters", [(), ("unit",), ("unit", "group")])
@pytest.mark.parametrize("poisson", [False, True])
def test_standard_errors_equal_pyfixest(effects, clusters, poisson):
    frame = made_up()
    outcome = "persons" if poisson else "y"
    formula = f"{outcome} ~ x + z" + (f" | {' + '.join(effects)}" if effects else "")
    vcov = {"CRV1": " + ".join(clusters)} if clusters else "hetero"
    estimator = {"iwls_tol": 1e-12} if poisson else {}
    theirs = (pf.fepois if poisson else pf.feols)(formula, frame, vcov=vcov, **estimator).se()[["x", "z"]]
    fit = (ppml if poisson else least_squares)(frame, outcome, ["x", "z"], effects)
    found = covariance.cluster_covariance(fit, *clusters) if clusters else covariance.robust_covariance(fit)
    ours = np.sqrt(np.diag(found.matrix))
    known = np.isfinite(theirs.to_numpy())  # they leave a negative variance as it is, we set it to zero
    # Poisson: errors inherit the step at which the iteration stopped, about the root of its tolerance
    assert ours[known] == pytest.approx(theirs.to_numpy()[known], rel=1e-5 if poisson else 1e-9)


def test_degrees_of_freedom_are_those_of_the_smaller_clustering():
    fit = OLS.fit(made_up())
    assert covariance.cluster_covariance(fit, "unit", "group").df == 5 - 1


def test_jackknife_equals_pyfixest_cr3():
    frame = made_up()
    bare = pf.ssc(
        k_adj=False, G_adj=False
    )  # the plain sum of squared deviations; (G − 1)/G is the jackknife's
    theirs = pf.feols("y ~ x + z", frame, vcov={"CRV3": "unit"}, ssc=bare).se()[["x", "z"]] * np.sqrt(7 / 8)
    result = covariance.jackknife(Model(least_squares, "y", ("x", "z")), frame, "unit")
    # closed form there, refits here: both exact, so only rounding differs
    assert np.sqrt(np.diag(result.covariance.matrix)) == pytest.approx(theirs.to_numpy(), rel=1e-8)
    assert list(result.estimates.index) == list(range(8))


@pytest.mark.parametrize("bandwidth", [0, 2, 5])
def test_driscoll_kraay_equals_linearmodels(bandwidth):
    frame = made_up(units=6, years=20)
    panel = frame.set_index(["unit", "year"])
    theirs = PanelOLS(panel["y"], panel[["x", "z"]], entity_effects=True).fit(
        cov_type="kernel",
        kernel="bartlett",
        bandwidth=bandwidth,
        debiased=True,
        auto_df=False,
        count_effects=True,
    )
    fit = least_squares(frame, "y", ["x", "z"], ("unit",))
    ours = covariance.driscoll_kraay(fit, "year", bandwidth)
    # same sums in another order: rounding only
    assert np.sqrt(np.diag(ours.matrix)) == pytest.approx(theirs.std_errors.to_numpy(), rel=1e-9)


def test_a_bandwidth_beyond_the_periods_is_refused():
    with pytest.raises(ValueError, match="between 0 and 8 periods"):
        covariance.driscoll_kraay(OLS.fit(made_up()), "year", 9)


def test_interval_and_p_follow_the_t_distribution():
    fit = OLS.fit(made_up())
    row = covariance.estimates(fit, covariance.cluster_covariance(fit, "unit"), level=0.9).loc["x"]
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(row["estimate"] / row["se"]), 7))
    assert row["high"] - row["estimate"] == pytest.approx(stats.t.ppf(0.95, 7) * row["se"])


# --- the wild cluster bootstrap ----------------------------------------------------------------------


def brute_force(frame: pd.DataFrame, design: np.ndarray, weights, response, restricted, clusters) -> float:
    """p of the restricted wild cluster bootstrap-t on the first column: a refit for every sign vector."""
    groups = np.unique(clusters)

    def t(values):
        fit = sm.WLS(values, design, weights=weights).fit(cov_type="cluster", cov_kwds={"groups": clusters})
        return fit.tvalues[0]

    residual = response - restricted
    reached, observed = 0, abs(t(response))
    for number in range(2 ** len(groups)):
        signs = np.array([1 - 2 * ((number >> position) & 1) for position in range(len(groups))])
        reached += abs(t(restricted + signs[np.searchsorted(groups, clusters)] * residual)) >= observed * (
            1 - 1e-9
        )
    return reached / 2 ** len(groups)


def test_bootstrap_of_least_squares_equals_refits_over_all_signs():
    frame = made_up(units=6)
    years = pd.get_dummies(frame["year"]).to_numpy(float)
    design = np.column_stack([frame[["x", "z"]], years])
    restricted = design[:, 1:] @ np.linalg.lstsq(design[:, 1:], frame["y"], rcond=None)[0]
    expected = brute_force(
        frame, design, np.ones(len(frame)), frame["y"].to_numpy(), restricted, frame["unit"].to_numpy()
    )
    # A count over 64 sign vectors: equal or one draw apart, never nearly equal.
    assert resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit").p == pytest.approx(expected, abs=1e-12)


def test_bootstrap_of_poisson_equals_refits_of_its_working_regression():
    frame = made_up(units=6)
    null = PPML.without("x").fit(frame)
    working = np.log(null.fitted) + null.residuals / null.fitted
    years = pd.get_dummies(frame["year"]).to_numpy(float)
    design = np.column_stack([frame[["x", "z"]], years])
    expected = brute_force(frame, design, null.fitted, working, np.log(null.fitted), frame["unit"].to_numpy())
    ours = resampling.wild_cluster_bootstrap(PPML, frame, "x", "unit")
    # A count over 64 sign vectors: equal or one draw apart, never nearly equal.
    assert ours.p == pytest.approx(expected, abs=1e-12)
    assert ours.draws == 2**6


def test_observed_statistic_of_least_squares_is_the_clustered_t():
    frame = made_up()
    fit = OLS.fit(frame)
    t = covariance.estimates(fit, covariance.cluster_covariance(fit, "unit")).loc["x", "t"]
    # One statistic from scores and one from the fit: rounding only.
    assert resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit").statistic == pytest.approx(t, rel=1e-9)


def test_many_clusters_get_drawn_weights_that_the_seed_fixes():
    frame = made_up(units=18, years=3)
    results = [
        resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit", draws=499, seed=s) for s in (1, 1, 2)
    ]
    assert results[0] == results[1]
    assert results[0].draws == 499
    assert results[0].p != results[2].p


def test_the_null_value_enters_the_test():
    frame = made_up()
    estimate = OLS.fit(frame).coefficients["x"]
    assert resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit", value=estimate).p == pytest.approx(1)


def test_interval_holds_what_is_not_rejected():
    frame = made_up()
    low, high = resampling.wild_cluster_interval(OLS, frame, "x", "unit")
    assert low < OLS.fit(frame).coefficients["x"] < high
    margin = 0.02 * (high - low)  # ends are found to a hundredth of a standard error

    def p(value):
        return resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit", value=value).p

    assert p(low + margin) >= 0.05 > p(low - margin)
    assert p(high - margin) >= 0.05 > p(high + margin)


def test_interval_goes_as_far_as_the_test_does():
    # One of ten clusters has x = 1: its own residuals cancel, so the clustered error is far too small and the
    # test rejects only seventeen such errors out.
    frame = made_up(units=10).assign(x=lambda f: (f["unit"] == 0).astype(float))
    fit = OLS.fit(frame)
    row = covariance.estimates(fit, covariance.cluster_covariance(fit, "unit")).loc["x"]
    low, high = resampling.wild_cluster_interval(OLS, frame, "x", "unit")
    assert np.isfinite([low, high]).all()
    assert min(row["estimate"] - low, high - row["estimate"]) > 15 * row["se"]
    for outside in (low - 0.1 * row["se"], high + 0.1 * row["se"]):  # ends are found to far less than this
        assert resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit", value=outside).p < 0.05


def test_an_end_on_the_way_to_which_no_fit_settles_is_infinite(monkeypatch):
    frame = made_up()
    fit = OLS.fit(frame)
    row = covariance.estimates(fit, covariance.cluster_covariance(fit, "unit")).loc["x"]

    def wild(model, sample, name, cluster, draws, seed, value):
        away = abs(value - row["estimate"]) / row["se"]
        if 0.4 < away < 0.6:
            raise ValueError("the Poisson fit did not settle")
        return resampling.Test(0.0, float(away <= 0.4), 1)

    monkeypatch.setattr(resampling, "_wild", wild)
    assert resampling.wild_cluster_interval(OLS, frame, "x", "unit") == (-np.inf, np.inf)


@pytest.mark.parametrize("units", [16, 18])
def test_no_p_is_zero_and_sixteen_clusters_are_enumerated(units):
    frame = made_up(units=units, years=3)
    frame["y"] = 100 * frame["x"] + 0.01 * frame["y"]  # nothing drawn can reach this
    test = resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit", draws=199)
    # the identity and its mirror image of all sign vectors, or the data's own assignment beside the draws
    assert test.draws == (2**16 if units == 16 else 199)
    assert test.p == pytest.approx(2 / 2**16 if units == 16 else 1 / 200)


def test_p_counts_the_data_itself_and_leaves_missing_draws_out():
    assert resampling.p_value([1.0, 2.0, np.nan, 3.0], 2.5) == pytest.approx((1 + 1) / (1 + 3))
    assert resampling.p_value([], 1.0) == 1


def test_monte_carlo_error_is_that_of_simulated_p_values():
    generator = np.random.default_rng(0)
    p = [np.mean(generator.uniform(size=400) < 0.3) for _ in range(2000)]
    # a standard deviation from 2,000 values has a relative error of 1/sqrt(4000) = 1.6 %: six of them
    assert resampling.monte_carlo_error(0.3, 400) == pytest.approx(np.std(p), rel=0.1)


def test_bootstrap_keeps_its_level_with_few_clusters():
    # A regressor constant within 8 clusters: robust errors reject far too often, the bootstrap about as often
    # as said. 60 trials have a standard error of 2.8 points at 5 %: 15 % is the bound at three and a half.
    rejections = {"wild": 0, "robust": 0}
    for seed in range(60):
        frame = made_up(1000 + seed).drop(columns="x")
        frame["x"] = np.random.default_rng(seed).normal(size=8)[frame["unit"]]
        fit = OLS.fit(frame)
        rejections["robust"] += (
            covariance.estimates(fit, covariance.robust_covariance(fit)).loc["x", "p"] < 0.05
        )
        draw = made_up(2000 + seed)
        frame["y"] = draw["y"] - 0.3 * draw["x"]
        rejections["wild"] += resampling.wild_cluster_bootstrap(OLS, frame, "x", "unit").p < 0.05
    assert rejections["wild"] / 60 < 0.15
    assert rejections["robust"] > rejections["wild"]


# --- randomisation and scores ------------------------------------------------------------------------


def test_score_statistics_of_least_squares_are_those_of_the_full_fit():
    frame = made_up()
    null = OLS.without("x").fit(frame)
    estimate, t = resampling.score_statistics(null, frame[["x"]].to_numpy(), "unit")
    full = OLS.fit(frame)
    row = covariance.estimates(full, covariance.cluster_covariance(full, "unit")).loc["x"]
    # Partialled out first or fitted at once: rounding only.
    assert estimate[0] == pytest.approx(row["estimate"], rel=1e-9)
    assert t[0] == pytest.approx(row["t"], rel=1e-9)


def test_one_step_of_poisson_is_near_the_full_fit_for_a_small_coefficient():
    frame = made_up()
    null = PPML.without("x").fit(frame)
    noise = np.random.default_rng(5).normal(size=(len(frame), 1)) * 0.1
    estimate, _ = resampling.score_statistics(null, noise, "unit")
    full = Model(ppml, "persons", ("w", "z"), ("year",)).fit(frame.assign(w=noise[:, 0])).coefficients["w"]
    # a Newton step misses by the square of its length times the curvature's change: a few per cent here
    assert estimate[0] == pytest.approx(full, rel=0.1)


def test_a_candidate_without_variation_has_no_statistic():
    null = OLS.without("x").fit(made_up())
    estimate, t = resampling.score_statistics(null, np.ones((null.n, 1)), "unit")
    assert np.isnan(estimate[0])
    assert np.isnan(t[0])


def test_dealt_paths_are_the_units_own_paths():
    frame = made_up()
    dealt = resampling.permuted_paths(frame, "x", "unit", "year", 20, 0)
    paths = {tuple(frame.loc[frame["unit"] == unit, "x"]) for unit in range(8)}
    for column in dealt.T:
        assert {tuple(column[frame["unit"] == unit]) for unit in range(8)} == paths


def test_a_unit_without_all_periods_keeps_its_own_path():
    frame = made_up()
    short = frame["unit"].iloc[0]
    cut = frame.iloc[1:]
    dealt = resampling.permuted_paths(cut, "x", "unit", "year", 20, 0)
    own = (cut["unit"] == short).to_numpy()
    assert (dealt[own] == cut.loc[own, "x"].to_numpy()[:, None]).all()
    paths = {tuple(path) for _, path in cut[~own].groupby("unit")["x"]}
    others = cut[~own].assign(x=dealt[~own, 3])
    assert {tuple(path) for _, path in others.groupby("unit")["x"]} == paths
    with pytest.raises(ValueError, match="no paths to deal anew"):
        resampling.permuted_paths(frame[frame["unit"] == short], "x", "unit", "year", 2, 0)


def test_randomisation_p_counts_the_actual_assignment():
    frame = made_up()
    null = OLS.without("x").fit(frame)
    candidates = resampling.permuted_paths(frame, "x", "unit", "year", 199, 3)
    _, t = resampling.score_statistics(null, candidates, "unit")
    result = resampling.randomisation_test(OLS, frame, "x", "unit", candidates)
    assert result.p == pytest.approx((1 + (np.abs(t) >= abs(result.statistic)).sum()) / 200)
    same = np.repeat(frame[["x"]].to_numpy(), 10, axis=1)
    assert resampling.randomisation_test(OLS, frame, "x", "unit", same).p == 1


def test_simulated_power_is_the_level_without_an_effect_and_grows_with_it():
    frame = made_up(units=8, years=6)
    frame["law"] = ((frame["unit"] < 4) & (frame["year"] >= 3)).astype(float)
    model = Model(ppml, "persons", ("law",), ("unit", "year"))
    power = resampling.simulated_power(model, frame, "law", "unit", "year", (0.0, 0.6, 2.0), 60, 499, 0)
    # Four of eight units can be dealt in 70 ways, two of which look like the sample: with 99 draws
    # chance alone may keep p above 5 %, with 499 it does not.
    # 60 samples at 5 % have a standard error of 2.8 points: 15 % is the bound at three and a half
    assert power[0.0] < 0.15
    assert power[0.0] < power[0.6] <= power[2.0]
    assert power[2.0] > 0.9


def test_holm_adjusts_as_in_the_textbook_and_by_statsmodels():
    p = [0.01, 0.04, 0.03, 0.005, 0.5]
    expected = multipletests(p, method="holm")[1]
    assert resampling.holm(p) == pytest.approx(expected)
    assert resampling.holm(p)[0] == pytest.approx(0.04)  # second smallest of five: four times 0.01


# --- what a coefficient rests on, and words ----------------------------------------------------------


def test_units_without_variation_supply_no_information():
    frame = made_up()
    frame["x"] = np.where((frame["unit"] == 3) & (frame["year"] > 4), 1.0, 0.0)
    fit = least_squares(frame, "y", ["x"], ("unit", "year"))
    shares = covariance.identifying_shares(fit, "x", "unit")
    assert shares.sum() == pytest.approx(1)
    # one of eight units changes: with both effects it holds 7/8 of the variation, the others share 1/8
    assert shares.index[0] == 3
    assert shares.iloc[0] == pytest.approx(7 / 8)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 5), st.floats(0.5, 0.95))
def test_detectable_effect_has_the_stated_power(se, power):
    df = 13
    effect = covariance.minimum_detectable_effect(se, df, power)
    # Bloom's multiplier shifts the t distribution by the effect: the chance beyond the critical value is the
    # power
    assert stats.t.sf(stats.t.ppf(0.975, df) - effect / se, df) == pytest.approx(power)


@pytest.mark.parametrize(
    ("coefficient", "step", "change"),
    [(0, 1, 0), (np.log(2), 1, 100), (-np.log(2), 1, -50), (0.1, 10, 171.828)],
)
def test_percent_change(coefficient, step, change):
    assert covariance.percent_change(coefficient, step) == pytest.approx(
        change, abs=1e-3
    )  # printed to 3 digits


def test_words_order_the_ends_of_the_interval():
    words = wording.in_words(low=-0.1, high=0.5, estimate=0.2)
    assert words == "22 per cent more (interval: 10 per cent fewer to 65 per cent more)"
    assert (
        wording.in_words(-0.1, 0.5, 0.2, step=-1)
        == "18 per cent fewer (interval: 39 per cent fewer to 11 per cent more)"
    )
    assert wording.in_words(0, 0, 0.001).startswith("no change")


def test_methods_stand_side_by_side():
    frame = made_up()
    candidates = resampling.permuted_paths(frame, "x", "unit", "year", 99, 0)
    table = resampling.compare_methods(PPML, frame, "x", "unit", candidates)
    assert len(table) == 5
    assert table["p"].between(0, 1).all()
    assert table["estimate"].nunique() == 1
    assert "256 weight vectors" in table.index[3]


def test_coefficient_table_prints_terms_in_order_and_counts_last():
    fitted = covariance.fitted_table({"one": (OLS, made_up()), "two": (OLS.without("z"), made_up())}, "unit")
    table = wording.coefficient_table(fitted, {"z": "second", "x": "first", "q": "absent"})
    assert table["Variable"].tolist() == ["second", "first", "Observations", "Clusters"]
    assert table.loc[0, "two"] == "–"
    assert table.loc[3, "one"] == "8"


def test_unknown_kinds_are_refused():
    frame = made_up()
    with pytest.raises(ValueError, match="error type is one of"):
        covariance.covariance_of("bootstrap", OLS, OLS.fit(frame), "unit")
    with pytest.raises(ValueError, match="'w' is no regressor"):
        OLS.without("w")


def test_drawn_weights_are_webbs_six_points_with_mean_zero_and_variance_one():
    # Webb (2023): ±sqrt(3/2), ±1, ±sqrt(1/2), each with probability one sixth
    drawn = resampling._six_points(17, 6000, 1)
    points, counts = np.unique(drawn, return_counts=True)
    assert points == pytest.approx([-np.sqrt(1.5), -1, -np.sqrt(0.5), np.sqrt(0.5), 1, np.sqrt(1.5)])
    # 102,000 draws: four standard errors of a share of one sixth, of a mean and of a mean square
    assert counts / drawn.size == pytest.approx(1 / 6, abs=0.005)
    assert drawn.mean() == pytest.approx(0, abs=0.013)
    assert (drawn**2).mean() == pytest.approx(1, abs=0.006)
