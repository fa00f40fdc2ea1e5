"""Event study, stock in the network and power: known effects in made-up panels, and statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from borderland.study import models, networks, panels, status_steps

STATES = [f"S{n:02d}" for n in range(14)]
YEARS = range(1997, 2020)


def made_up(effects: dict[int, float], noise: float = 0.02, seed: int = 0) -> pd.DataFrame:
    """A panel whose four changing states gain log points by year since the step; the last effect stays."""
    generator = np.random.default_rng(seed)
    steps = {"S00": (2003, 1), "S01": (2007, -1), "S02": (2010, 1), "S03": (2005, 2)}
    rows = []
    for state in STATES:
        own = generator.normal(9, 1)
        for year in YEARS:
            at, size = steps.get(state, (3000, 0))
            since = year - at
            effect = size * effects.get(min(since, max(effects, default=0)), 0.0)
            rows.append((state, year, own + 0.03 * (year - 1997) + effect, 1.0 + size * (since >= 0)))
    frame = pd.DataFrame(rows, columns=["state", "year", "log_mean", "status_rank"])
    controls = generator.normal(size=(2, len(frame)))
    mean = np.exp(frame["log_mean"] + 0.1 * controls[0])
    return frame.assign(
        persons=mean * np.exp(noise * generator.normal(size=len(frame))),
        log_income_ratio=controls[0],
        log_population=controls[1],
    )


def test_event_time_bins_its_ends_and_takes_steps_with_their_size():
    frame = made_up({0: 0.0})
    times = frame.join(status_steps.event_time(frame, "status_rank", 2))
    one = times[times["state"] == "S03"].set_index("year")
    assert "event_-1" not in times
    assert one["event_0"].loc[[2004, 2005, 2006]].tolist() == [0, 2, 0]
    assert one["event_2"].loc[[2006, 2007, 2019]].tolist() == [0, 2, 2]
    assert one["event_-2"].loc[[1997, 2003, 2004]].tolist() == [2, 2, 0]
    down = times[(times["state"] == "S01") & (times["year"] == 2008)]
    assert down["event_1"].tolist() == [-1]
    assert not times.loc[times["state"] == "S09", [c for c in times if c.startswith("event_")]].any().any()


def test_event_study_finds_a_known_path_and_nothing_before_it():
    truth = {0: 0.2, 1: 0.4, 2: 0.6, 3: 0.6}
    found = status_steps.event_study(made_up(truth), "status_rank", 3, 39, 0).set_index("distance")
    for distance, effect in {-3: 0.0, -2: 0.0, -1: 0.0, **truth}.items():
        # noise of 0.02 a year over four states: an error of some 0.015
        assert found.loc[distance, "estimate"] == pytest.approx(effect, abs=0.05)
    assert (found.loc[[1, 2, 3], "estimate"] > found.loc[[1, 2, 3], "null_high"]).all()
    assert found["states"].tolist() == [4] * 7
    assert found["pooled"].tolist() == [True, *[False] * 5, True]
    summed = status_steps.event_summary(status_steps.event_study(made_up(truth), "status_rank", 3, 39, 0))
    assert (summed.reach, summed.states_after) == (3, 4)
    assert summed.outside >= 3


def test_event_study_of_a_short_panel_leaves_out_distances_that_no_state_is_seen_at():
    frame = made_up({0: 0.2})
    short = frame[frame["year"].between(2008, 2012)].reset_index(drop=True)  # one step, in 2010
    found = status_steps.event_study(short, "status_rank", 4, 9, 0)
    assert found["distance"].tolist() == [-2, -1, 0, 1, 2]
    # at the very reach, no year lies farther from the step
    assert not status_steps.event_study(short, "status_rank", 2, 9, 0)["pooled"].any()
    summed = status_steps.event_summary(found)
    assert (summed.reach, summed.states_after) == (2, 1)


def test_event_study_equals_statsmodels_with_dummies():
    frame = made_up({0: 0.3, 1: 0.1})
    found = status_steps.event_study(frame, "status_rank", 2, 3, 0).set_index("distance")["estimate"]
    times = status_steps.event_time(frame, "status_rank", 2)
    dummies = pd.get_dummies(frame[["state", "year"]].astype(str), drop_first=True, dtype=float)
    design = sm.add_constant(
        pd.concat([times, frame[["log_income_ratio", "log_population"]], dummies], axis=1)
    )
    fit = sm.GLM(frame["persons"], design, family=sm.families.Poisson()).fit(tol=1e-12)
    for distance in (-2, 0, 1, 2):
        assert found[distance] == pytest.approx(fit.params[f"event_{distance}"], abs=1e-7)  # both iterate


def test_power_against_a_large_effect_is_near_one_and_its_size_near_the_level(monkeypatch):
    frame = made_up({}, noise=0.05)
    # 199 samples leave an error of 1.5 points at 5 per cent; three of them
    assert models.power_against(frame, "status_rank", 0.0, 0) < 5 + 4.6
    monkeypatch.setattr(models, "_SIMULATIONS", 20)  # of which none may miss so large an effect
    assert models.power_against(frame, "status_rank", -2.0, 0) > 95


def network() -> tuple[pd.DataFrame, pd.DataFrame]:
    generator = np.random.default_rng(1)
    countries, periods = ["A", "B", "C", "D", "E"], [1990, 1995, 2000, 2005]
    rows = [(o, d, p) for o in countries for d in countries if o != d for p in periods]
    frame = pd.DataFrame(rows, columns=["origin", "destination", "period"])
    stock = frame.rename(columns={"period": "year"}).assign(persons=generator.poisson(60, len(frame)))
    stock.loc[3, "persons"] = 0
    frame = frame.assign(
        pair=frame["origin"] + "-" + frame["destination"],
        official=((frame["origin"] < "D") & (frame["destination"] < "C") & (frame["period"] > 1995)).astype(
            float
        ),
        spoken=generator.random(len(frame)),
        contiguous=generator.integers(0, 2, len(frame)).astype(float),
        log_distance=generator.normal(7, 1, len(frame)),
        persons=generator.poisson(200, len(frame)).astype(float),
    )
    return frame, stock


@pytest.mark.parametrize("within", [False, True])
def test_network_with_stock_equals_a_glm_with_dummies(within):
    frame, stock = network()
    panel = panels.with_stock(frame, stock)
    assert panel["log_stock"].iloc[3] == 0  # none: log of one
    fit = networks.network_model(within, stock=True).fit(panel)
    parts = {
        "o": panel["origin"] + panel["period"].astype(str),
        "d": panel["destination"] + panel["period"].astype(str),
    } | ({"pair": panel["pair"]} if within else {})
    dummies = pd.concat([pd.get_dummies(v, prefix=k, dtype=float) for k, v in parts.items()], axis=1)
    design = pd.concat([panel[list(fit.coefficients.index)], dummies], axis=1)
    glm = sm.GLM(panel["persons"], design, family=sm.families.Poisson()).fit(tol=1e-12)
    np.testing.assert_allclose(
        fit.coefficients, glm.params[fit.coefficients.index], atol=1e-7
    )  # both iterate


def test_a_pair_without_a_stock_is_refused():
    frame, stock = network()
    with pytest.raises(ValueError, match=r"no .*stock for A, C"):
        panels.with_stock(frame, stock.drop(index=4))


def test_records_of_the_stock_take_the_right_rows():
    rows = pd.DataFrame(
        [
            (outcome, effects, term)
            for outcome in ("x", "y")
            for effects in ("countries × period", "and pairs")
            for term in ("official", "log_stock")
        ],
        columns=["outcome", "effects", "term"],
    )
    steps = np.arange(1.0, 9)
    rows = rows.assign(estimate=steps, low=steps - 1, high=steps + 1, p=steps / 10, without=-steps)
    found = networks.stock_results(rows.drop(index=[2, 3]), "x")
    assert (found.official.value, found.stock.value, found.official_without) == (1, 2, -1)
    assert (found.stock_lowest, found.stock_highest, found.measures_within) == (2, 6, 1)
    assert (found.official_within_lowest, found.stock_within_highest) == (7, 8)


def test_flows_that_are_shares_of_the_stock_are_left_out_with_effects_of_pairs():
    frame, stock = network()
    stock = stock.assign(persons=stock["persons"] + 10)
    share = np.exp(np.random.default_rng(2).normal(-1, 0.5, 5))[frame["origin"].map(ord) - ord("A")]
    flows = frame[["origin", "destination", "period"]].assign(
        method="share", persons=(stock["persons"] + 1) * share
    )
    dyads = frame.drop_duplicates("pair")[["origin", "destination", "contiguous"]].assign(
        distance_weighted_km=lambda rows: np.arange(100.0, 100 + len(rows)) ** 2,
        common_spoken_language=lambda rows: np.random.default_rng(5).random(len(rows)),
    )
    years = [(country, period) for country in "ABCDE" for period in (1990, 1995, 2000, 2005)]
    status = pd.DataFrame(years, columns=["country", "year"]).assign(
        rank=[2 if c < "D" and y > 1995 else 1 for c, y in years]
    )
    found = networks.network_with_stock(flows, dyads, status, stock, ["share"])
    between = found[found["effects"] == networks.COUNTRY_EFFECTS].set_index("term")["estimate"]
    assert between["log_stock"] == pytest.approx(1, abs=1e-6)  # all of the flow, to the iteration's end
