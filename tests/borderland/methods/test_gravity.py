"""PPML against pyfixest and statsmodels, separation, and the panels built from the tables."""

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland.methods import panel
from borderland.methods import ppml as estimator
from borderland.methods.ppml import ppml, separated
from borderland.study import models, networks, panels
from borderland.tables import data


def flows(seed: int = 0, places: int = 8, periods: int = 3, rate: float = 1.0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    rows = [(i, j, t) for i in range(places) for j in range(places) for t in range(periods) if i != j]
    frame = pd.DataFrame(rows, columns=["origin", "destination", "period"])
    frame["distance"] = draw.uniform(0, 2, len(frame))
    frame["border"] = draw.integers(0, 2, len(frame)).astype(float)
    mean = rate * np.exp(1 - frame["distance"] + 0.3 * frame["border"] + 0.2 * frame["origin"])
    return frame.assign(persons=draw.poisson(mean))


FULL = (("origin", "period"), ("destination", "period"))


@pytest.mark.parametrize("effects", [("period",), ("origin", "destination"), FULL])
def test_coefficients_equal_pyfixest(effects):
    frame = flows()
    formula = " + ".join(e if isinstance(e, str) else "^".join(e) for e in effects)
    theirs = pf.fepois(f"persons ~ distance + border | {formula}", frame, iwls_tol=1e-12)
    # both stop when the deviance settles to 1e-12 of itself; its square root is the step left in coefficients
    assert ppml(frame, "persons", ["distance", "border"], effects).coefficients.to_numpy() == pytest.approx(
        theirs.coef().to_numpy(), rel=1e-6
    )


def test_coefficients_and_deviance_equal_statsmodels_with_dummies():
    frame = flows()
    dummies = pd.get_dummies(frame[["origin", "period"]].astype(str), drop_first=True).astype(float)
    design = sm.add_constant(pd.concat([frame[["distance", "border"]], dummies], axis=1))
    theirs = sm.GLM(frame["persons"], design, family=sm.families.Poisson()).fit(tol=1e-12)
    ours = ppml(frame, "persons", ["distance", "border"], ("origin", "period"))
    assert ours.coefficients.to_numpy() == pytest.approx(
        theirs.params[["distance", "border"]].to_numpy(), rel=1e-7
    )
    assert ours.deviance == pytest.approx(theirs.deviance, rel=1e-10)  # the deviance is flat at its minimum


def test_only_group_means_gives_the_closed_form():
    frame = flows()
    fit = ppml(frame, "persons", [], ("origin",))
    # Iterations stop with the deviance settled to 1e-12; with effects alone they end on the means.
    assert fit.fitted == pytest.approx(
        frame.groupby("origin")["persons"].transform("mean").to_numpy(), rel=1e-9
    )


def test_fitted_means_add_up_to_the_flows_in_every_group():
    # The Poisson score of a dummy is the sum of the residuals in its group: zero at the estimate.
    fit = ppml(flows(), "persons", ["distance"], FULL)
    for effect in FULL:
        sums = fit.frame.assign(residual=fit.residuals).groupby(list(effect))["residual"].sum()
        # One migrant in a million: what the stopping rule leaves of the score.
        assert sums.to_numpy() == pytest.approx(0, abs=1e-6 * fit.frame["persons"].sum())


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 500), st.floats(0.5, 1e4))
def test_the_unit_of_the_outcome_does_not_matter(seed, scale):
    frame = flows(seed)
    one = ppml(frame, "persons", ["distance"], ("origin",)).coefficients["distance"]
    other = ppml(frame.assign(persons=frame["persons"] * scale), "persons", ["distance"], ("origin",))
    # The stopping rule is relative, so other units stop at another iteration.
    assert other.coefficients["distance"] == pytest.approx(one, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.2, 1.0])
def test_separation_finds_what_pyfixest_finds(rate):
    frame = flows(3, rate=rate)
    theirs = pf.fepois(
        "persons ~ distance + border | origin^period + destination^period",
        frame,
        separation_check=["fe", "ir"],
    )
    ours = separated(frame, "persons", ["distance", "border"], FULL)
    assert len(frame) - ours.sum() == theirs._N


@pytest.mark.parametrize("seed", range(8))
def test_separation_settled_by_the_positive_flows_is_what_the_search_finds(seed, monkeypatch):
    frame = flows(seed, places=6, rate=[0.02, 0.1][seed % 2])
    found = separated(frame, "persons", ["distance", "border"], FULL)
    monkeypatch.setattr(estimator, "_settled_by_positive", lambda *_: False)
    assert separated(frame, "persons", ["distance", "border"], FULL).tolist() == found.tolist()


def test_positive_flows_that_leave_a_zero_free_do_not_settle_it():
    # two circles of exchange, tied by zeros alone: raising one against the other sends these to nothing
    places = [(i, j) for i in range(6) for j in range(6)]
    frame = pd.DataFrame(places, columns=["origin", "destination"])
    apart = (frame["origin"] < 3) != (frame["destination"] < 3)
    frame = frame.assign(persons=np.where(apart, 0.0, 1.0 + frame["origin"] * frame["destination"]))
    one_way = frame[~apart | (frame["origin"] < 3)]
    lost = separated(one_way, "persons", [], ("origin", "destination"))
    assert lost.tolist() == (one_way["persons"] == 0).tolist()


def test_effects_in_parts_give_what_one_system_gives(monkeypatch):
    frame = flows(places=9).sample(frac=1, random_state=0)  # rows of a period do not stand together
    whole = ppml(frame, "persons", ["distance", "border"], FULL)
    monkeypatch.setattr(panel, "_DENSE", 100)
    parts = ppml(frame, "persons", ["distance", "border"], FULL)
    ordered = ppml(frame.sort_values("period"), "persons", ["distance", "border"], FULL)
    assert len(parts.effects._parts) == 3  # one a period
    assert isinstance(ordered.effects._parts[0][0], slice)
    for fit in (parts, ordered):
        # systems of another order round otherwise; the iteration settles to about 1e-8
        assert fit.coefficients.to_numpy() == pytest.approx(whole.coefficients.to_numpy(), abs=1e-8)
        assert fit.effects.rank() == whole.effects.rank()


def test_separation_by_a_regressor():
    # x is above zero only where there is no flow: its coefficient would run to minus infinity.
    frame = pd.DataFrame({"y": [1, 2, 3, 0, 0, 0], "x": [0.0, 0, 0, 1, 2, 0], "w": [1.0, 2, 1, 2, 1, 2]})
    assert separated(frame, "y", ["x", "w"]).tolist() == [False, False, False, True, True, False]


def rectified(positive: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Separated rows by the iterative rectifier: least squares in turn with a cut at zero, no programme.

    Correia, Guimarães & Zylkin (2019), arXiv:1903.01633, section 3.
    """
    weights = np.where(positive, 1e4, 1.0)  # square roots: they hold fitted values there at zero, to 1e-8
    # What separates grows to the order of one; 1e-6 lies far below that and far above what the fit leaves.
    target = np.where(positive, 0.0, 1.0)
    for _ in range(5000):
        fitted = design @ np.linalg.lstsq(weights[:, None] * design, weights * target, rcond=None)[0]
        fitted = np.where(positive | (np.abs(fitted) < 1e-6), 0.0, fitted)
        if np.abs(fitted - target).max() < 1e-6:
            break
        target = np.maximum(fitted, 0.0)
    else:
        raise AssertionError("the rectifier did not settle")
    return ~positive & (fitted > 1e-5)


SEPARATED = {
    # What separates: a dummy, a measure, two together, a difference of two, a group, a group with a measure.
    "dummy": ("y ~ d", "y=3 1 0 0 2 0, d=0 0 1 1 0 0", "001100"),
    "measure": ("y ~ x", "y=3 1 0 0 2 0, x=0 0 1.5 0.2 0 0", "001100"),
    "measure of either sign": ("y ~ x", "y=3 1 0 0 2 0, x=0 0 1.5 -0.2 0 0", "000000"),
    "measure that varies": ("y ~ x", "y=3 1 0 0 2 0, x=1 2 9 8 3 7", "000000"),
    "two together": ("y ~ a b", "y=3 1 2 0 0 0 4, a=1 2 3 5 4 1 2, b=1 2 3 4 4 1 2", "0001000"),
    "two and a constant": ("y ~ a b", "y=3 1 2 0 0 0 4, a=1 2 3 5 4 1 2, b=2 3 4 5 5 2 3", "0001000"),
    "three": (
        "y ~ a b c",
        "y=3 1 2 5 0 0 0 4, a=1 0 0 2 1 0 0 1, b=0 1 0 1 1 1 0 2, c=1 1 0 3 1 1 0 3",
        "00001000",
    ),
    "group": ("y ~ | g", "y=3 1 0 0 2 0, g=0 0 1 1 2 2", "001100"),
    "two groups in a ring": ("y ~ | g h", "y=1 2 0 3 4 0, g=0 0 0 1 1 1, h=0 1 2 2 3 0", "000000"),
    "group and measure": ("y ~ x | g", "y=3 1 0 2 2 0, x=1 1 2 5 5 4, g=0 0 0 1 1 1", "000000"),
    "group and measure, one side": ("y ~ x | g", "y=3 1 0 2 2 0, x=1 1 2 5 5 7, g=0 0 0 1 1 1", "001001"),
}


@pytest.mark.parametrize("case", SEPARATED)
def test_every_kind_of_separation_is_found(case):
    formula, columns, expected = SEPARATED[case]
    pairs = (one.split("=") for one in columns.split(", "))
    frame = pd.DataFrame({name: [float(value) for value in values.split()] for name, values in pairs})
    regressors, _, effects = formula.removeprefix("y ~ ").partition("|")
    found = separated(frame, "y", regressors.split(), tuple(effects.split()))
    assert "".join("01"[int(one)] for one in found) == expected


@pytest.mark.parametrize("seed", range(40))
def test_separation_is_what_the_iterative_rectifier_finds(seed):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "y": draw.poisson(0.35, 14),
            "a": draw.integers(0, 3, 14),
            "b": draw.integers(0, 2, 14),
            "c": draw.integers(-1, 2, 14),
            "g": draw.integers(0, 3, 14),
        }
    )
    groups = pd.get_dummies(frame["g"]).to_numpy(float)
    ours = separated(frame, "y", ["a", "b", "c"], ("g",))
    assert (
        ours.tolist()
        == rectified(frame["y"].to_numpy() > 0, np.column_stack([frame[["a", "b", "c"]], groups])).tolist()
    )


def test_dropped_observations_are_reported_and_leave_the_fit_finite():
    frame = flows(3, rate=0.2)
    fit = ppml(frame, "persons", ["distance"], FULL)
    assert len(fit.separated) > 0
    assert fit.n + len(fit.separated) == len(frame)
    assert np.isfinite(fit.coefficients).all()


@pytest.mark.parametrize(
    ("persons", "message"), [(-1, "negative at row 0"), (np.nan, "no finite value in 1 rows")]
)
def test_flows_that_are_no_counts_are_refused(persons, message):
    frame = flows().astype({"persons": float})
    frame.loc[0, "persons"] = persons
    with pytest.raises(ValueError, match=message):
        ppml(frame, "persons", ["distance"])


def test_no_flow_at_all_is_refused():
    with pytest.raises(ValueError, match="no positive value"):
        ppml(flows().assign(persons=0), "persons", ["distance"])


# --- the real tables ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables():
    names = {
        "migration": "migration_partners",
        "dyads": "dyads",
        "status": "russian_status",
        "controls": "country_controls",
        "stock": "migrant_stock",
    }
    return {key: data.load(name) for key, name in names.items()}


def test_the_arrivals_panel_is_complete(tables):
    panel = panels.arrivals_panel(**tables)
    assert panel.shape[0] == 14 * 23
    assert not panel.isna().to_numpy().any()
    kazakhstan = panel[(panel["state"] == "KAZ") & (panel["year"] == 1997)].iloc[0]
    assert kazakhstan["persons"] == 235_903  # Rosstat, as printed
    assert kazakhstan["favoured"] == 1


def test_the_status_is_taken_so_many_years_earlier(tables):
    for lag, first in ((0, 2000), (1, 2001), (3, 2003)):
        panel = panels.arrivals_panel(**tables, lag=lag)
        kyrgyzstan = panel[(panel["state"] == "KGZ") & (panel["favoured"] == 1)]
        assert kyrgyzstan["year"].min() == first  # Russian became official there in 2000


def test_a_period_without_data_is_refused(tables):
    with pytest.raises(ValueError, match="no 'arrivals' between 1950 and 1960"):
        panels.arrivals_panel(**tables, first_year=1950, last_year=1960)


def test_twelve_pairs_change_their_common_official_status(tables):
    flow = data.load("flows_abel_cohen")
    panel = panels.network_panel(flow, tables["dyads"], tables["status"], "da-pb-closed")
    assert len(panel) == 15 * 14 * 6
    pairs = networks.changing_pairs(panel)
    assert len(pairs) == 12
    assert {code for pair in pairs for code in pair.split("-")} == {"RUS", "BLR", "KAZ", "KGZ"}
    wider = panels.network_panel(flow, tables["dyads"], tables["status"], "da-pb-closed", "all")
    assert len(wider) == 15 * (14 + 18) * 6


def test_dealing_the_true_histories_gives_back_the_true_regressor(tables, monkeypatch):
    panel = panels.network_panel(
        data.load("flows_abel_cohen"), tables["dyads"], tables["status"], "da-pb-closed", "all"
    )

    class Unmoved:
        @staticmethod
        def permutation(n):
            return np.arange(n)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Unmoved)
    dealt = panels.permuted_official(panel, tables["status"], 2, 0)
    assert (dealt == panel["official"].to_numpy()[:, None]).all()


def test_growth_of_stocks_is_what_the_published_estimates_call_so():
    # Ties two tables from different files: Abel & Cohen's first method is the growth of the UN stocks.
    flow, stock = data.load("flows_abel_cohen"), data.load("migrant_stock")
    later = stock.assign(year=stock["year"] - 5)
    both = stock.merge(later, on=["origin", "destination", "year"], suffixes=("", "_later"))
    growth = both.assign(growth=(both["persons_later"] - both["persons"]).clip(lower=0), period=both["year"])
    named = flow[flow["method"] == "sd-drop-neg"].merge(growth, on=["origin", "destination", "period"])
    assert len(named) == 4500
    assert (named["persons_x"] == named["growth"]).all()


def test_samples_leave_ukraine_out_as_named(tables):
    panel = panels.arrivals_panel(**tables)
    assert len(panels.sample(panel, "without-ukraine")) == 13 * 23
    assert len(panels.sample(panel, "ukraine-to-2013")) == 322 - 6
    with pytest.raises(ValueError, match="sample is one of"):
        panels.sample(panel, "something")


def test_published_anchors_keep_their_numbers_beside_ours():
    ours = pd.DataFrame({"label": ["ours"], "estimate": [-1.0], "low": [-1.2], "high": [-0.8], "n": [10]})
    rows = models.beside_published(ours, data.load("published_coefficients"), {"distance": ""}, "distance")
    assert rows["kind"].iloc[0] == "ours"
    hungary = rows[rows["label"].str.startswith("Hungarian subregions, without")].iloc[0]
    assert hungary[["estimate", "low", "high"]].tolist() == pytest.approx(
        [-1.05, -1.05 - 1.96 * 0.038, -1.05 + 1.96 * 0.038]
    )


@pytest.mark.parametrize("overshoot", [3.0, 40.0, 900.0])
def test_a_step_that_raises_the_deviance_is_halved_until_it_does_not(overshoot):
    flows, start = np.array([1.0, 2.0, 4.0]), np.zeros(3)
    before = estimator._deviance(flows, np.exp(start))
    predictor, mean, after = estimator._damped(flows, start, np.full(3, overshoot), before)
    assert after <= before
    assert mean == pytest.approx(np.exp(predictor))
    # the step itself, halved some times and not turned
    assert np.log2(overshoot / predictor[0]) == pytest.approx(round(np.log2(overshoot / predictor[0])))


def test_a_fit_that_has_not_settled_is_refused(monkeypatch):
    monkeypatch.setattr(estimator, "_ITERATIONS", 1)
    frame = pd.DataFrame({"persons": [1.0, 2.0, 4.0, 9.0], "distance": [3.0, 2.0, 1.0, 0.0]})
    with pytest.raises(ValueError, match="'persons' did not settle in 1 iterations"):
        ppml(frame, "persons", ["distance"])
