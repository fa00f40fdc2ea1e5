"""Border against interior and pairs across the line, by hand and by statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from borderland.study import integration

EVENTS = (2010, 2015)


def made_up(effect: float = 0.0) -> pd.DataFrame:
    """Rates of 12 regions of two countries, five at the border, which shifts by ``effect`` from 2010 on."""
    generator = np.random.default_rng(3)
    units = [f"KZ-{n}" for n in range(5)] + [f"RU-{n}" for n in range(7)]
    frame = pd.DataFrame(
        [(unit, year) for unit in units for year in range(2004, 2020)], columns=["unit", "year"]
    )
    own = dict(zip(units, generator.normal(0, 3, len(units)), strict=True))
    country_year = frame["unit"].str[:2].eq("KZ") * 0.4 * (frame["year"] - 2004) + np.sin(frame["year"])
    shift = effect * (frame["unit"].isin(BORDER) & (frame["year"] >= 2010))
    for outcome in integration.OUTCOMES:
        frame[outcome] = frame["unit"].map(own) + country_year + shift + generator.normal(0, 0.5, len(frame))
    return frame


BORDER = ["KZ-0", "KZ-1", "RU-0", "RU-1", "RU-2"]


def groups(frame: pd.DataFrame) -> pd.Series:
    return pd.Series("any", index=frame["unit"].unique())


def test_border_after_equals_statsmodels_with_dummies():
    frame = made_up()
    frame.loc[5, "natural_rate"] = np.nan  # left out of this outcome alone
    found = integration.border_after(frame, groups(frame), BORDER, EVENTS, 2004, 2019, 99, 0)
    found = found.set_index(["outcome", "event"])
    at_border = frame["unit"].isin(BORDER)
    frame = frame.assign(
        a=(at_border & (frame["year"] >= 2010)).astype(float),
        b=(at_border & (frame["year"] >= 2015)).astype(float),
        country=frame["unit"].str[:2],
    )
    for outcome in integration.OUTCOMES:
        sample = frame.dropna(subset=outcome)
        fit = smf.ols(f"{outcome} ~ a + b + C(unit) + C(country):C(year)", sample).fit()
        for name, event in (("a", 2010), ("b", 2015)):
            row = found.loc[(outcome, event)]
            assert row["estimate"] == pytest.approx(fit.params[name], abs=1e-9)  # rounding of dummies
            assert (row["n"], row["clusters"]) == (len(sample), 12)


def test_a_shift_of_the_border_is_found_at_its_year():
    frame = made_up(effect=4.0)
    found = integration.border_after(frame, groups(frame), BORDER, EVENTS, 2004, 2019, 99, 0)
    found = found.set_index(["outcome", "event"])
    for outcome in integration.OUTCOMES:
        # noise of 0.5 over 5 border regions and 5 or more years leaves an error of some 0.15
        assert found.loc[(outcome, 2010), "estimate"] == pytest.approx(4, abs=0.6)
        assert found.loc[(outcome, 2015), "estimate"] == pytest.approx(0, abs=0.6)
        assert found.loc[(outcome, 2010), "low"] > 2


def test_units_that_are_not_compared_do_not_count():
    frame = made_up()
    other = frame[frame["unit"] == "RU-6"].assign(unit="RU-X", growth_rate=1e6)
    args = (groups(frame), BORDER, EVENTS, 2004, 2019, 99, 0)
    with_other = integration.border_after(pd.concat([frame, other]), *args)
    pd.testing.assert_frame_equal(with_other, integration.border_after(frame, *args))


@pytest.mark.parametrize(
    ("first", "last", "told"), [(2010, 2019, {2015}), (2004, 2014, {2010}), (2009, 2015, {2010, 2015})]
)
def test_an_event_without_years_on_both_sides_is_left_out(first, last, told):
    frame = made_up()
    found = integration.border_after(frame, groups(frame), BORDER, EVENTS, first, last, 99, 0)
    assert set(found["event"]) == told


def test_pairs_meet_at_the_line_in_constant_units_once():
    border = pd.DataFrame({"kz_unit": ["KZ-63", "KZ-10", "KZ-63"], "ru_unit": ["RU-ALT", "RU-ALT", "RU-AL"]})
    constant = {"KZ-63": "KZ-VOS", "KZ-10": "KZ-VOS"}
    found = integration.pairs_across(border, constant, ["KZ-VOS", "RU-ALT", "RU-AL"])
    assert found.to_numpy().tolist() == [["KZ-VOS", "RU-ALT"], ["KZ-VOS", "RU-AL"]]
    assert len(integration.pairs_across(border, constant, ["KZ-VOS", "RU-AL"])) == 1


def test_asymmetry_sigma_and_beta_over_pairs_by_hand():
    years = range(2000, 2010)
    wide = pd.DataFrame(
        {
            "K1": np.linspace(6, 3, 10),  # gap to R1 closes from 6 to 3
            "R1": 0.0,
            "K2": -2.0,  # gap to R2 stays at −4
            "R2": 2.0,
            "K3": np.linspace(1, 1, 10),
            "R3": 0.0,
        },
        index=years,
    )
    pairs = pd.DataFrame({"kazakh": ["K1", "K2", "K3", "K3"], "russian": ["R1", "R2", "R3", "none"]})
    found = integration.pair_convergence({"x": wide}, pairs).iloc[0]
    assert found["pairs"] == 3  # one of the fourth pair has no series
    assert (found["asymmetry_first"], found["asymmetry_last"]) == pytest.approx(
        ((6 + 4 + 1) / 3, (3 + 4 + 1) / 3)
    )
    assert found["trend"] == pytest.approx(-1 / 9)  # three in nine years, over three pairs
    assert found["sigma_first"] == pytest.approx(np.std([6, -4, 1]))
    slope = np.polyfit([6, -4, 1], np.array([-3, 0, 0]) / 9, 1)[0]
    assert found["beta"] == pytest.approx(slope)
    missing = wide.copy()
    missing.loc[2009, "R2"] = np.nan
    assert integration.pair_convergence({"x": missing}, pairs).iloc[0]["last"] == 2008


def test_summary_counts_after_holm():
    changes = pd.DataFrame({"estimate": [1.0, -2.0], "p_wild": [0.02, 0.04], "clusters": [96.0, 95.0]})
    across = pd.DataFrame({"trend": [0.1, -0.1, -0.2], "trend_p": [0.01, 0.01, 0.5], "pairs": [17, 16, 17]})
    found = integration.neighbours(changes, across)
    assert (found.tested, found.significant, found.lowest_p) == (2, 2, 0.02)
    assert (found.narrowing, found.widening, found.pairs, found.regions) == (1, 1, 17, 96)
    assert integration.neighbours(changes.assign(p_wild=[0.03, 0.04]), across).significant == 0
