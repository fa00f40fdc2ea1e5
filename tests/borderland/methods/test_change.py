"""Population arithmetic and the tests of convergence and breaks."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats
from statsmodels.regression.linear_model import OLS

from borderland.methods import convergence, rates
from borderland.study import bases, natural_increase, populations
from borderland.study import frame as study_frame
from borderland.tables import data

EXACT = 1e-9  # closed forms in double precision: only rounding may differ


def population(counts: dict[int, float], unit: str = "A") -> pd.DataFrame:
    return pd.DataFrame({"unit": unit, "year": list(counts), "persons": list(counts.values())})


def events(births: dict[int, float], deaths: dict[int, float], unit: str = "A") -> pd.DataFrame:
    return pd.DataFrame(
        {"unit": unit, "year": list(births), "births": list(births.values()), "deaths": list(deaths.values())}
    )


class TestBalance:
    def test_residual_closes_the_balancing_equation(self):
        frame = rates.balance(population({2000: 1000, 2001: 1030}), events({2000: 40}, {2000: 25}))
        row = frame.iloc[0]
        assert (row["start"], row["change"], row["natural"], row["migration"]) == (1000, 30, 15, 15)

    def test_a_break_refuses_migration_but_keeps_what_is_known(self):
        frame = rates.balance(
            population({2008: 1000, 2009: 1200, 2010: 1210}),
            events({2008: 20, 2009: 20}, {2008: 10, 2009: 10}),
            breaks={"*": [2008]},
        ).set_index("year")
        assert np.isnan(frame.loc[2008, "migration"])
        assert frame.loc[2008, "natural"] == 10
        assert frame.loc[2008, "broken"]
        assert frame.loc[2009, "migration"] == 0

    def test_a_break_of_one_unit_leaves_others_alone(self):
        both = pd.concat([population({2013: 10, 2014: 20}, unit) for unit in "AB"])
        vital = pd.concat([events({2013: 1}, {2013: 0}, unit) for unit in "AB"])
        frame = rates.balance(both, vital, breaks={"A": [2013]}).set_index("unit")
        assert np.isnan(frame.loc["A", "migration"])
        assert frame.loc["B", "migration"] == 9

    def test_annual_means_take_half_of_both_years(self):
        frame = rates.balance(
            population({2000: 1000, 2001: 1050}),
            events({2000: 30, 2001: 50}, {2000: 10, 2001: 10}),
            reference="annual-mean",
        )
        assert frame.loc[0, "natural"] == 30
        assert frame.loc[0, "migration"] == 20

    def test_two_counts_of_one_year_are_refused(self):
        twice = pd.concat([population({2000: 1}), population({2000: 2})])
        with pytest.raises(ValueError, match="A in 2000"):
            rates.balance(twice, events({2000: 1}, {2000: 1}))

    @given(
        st.lists(st.integers(-500, 500), min_size=2, max_size=8),
        st.lists(st.integers(-300, 300), min_size=8, max_size=8),
    )
    @settings(max_examples=40, deadline=None)
    def test_recovers_any_path_of_migration(self, migration, natural):
        years = range(2000, 2000 + len(migration))
        vital = events(
            {y: 1000 + n for y, n in zip(years, natural, strict=False)}, dict.fromkeys(years, 1000)
        )
        stocks = {2000: 1_000_000}
        for year, net, increase in zip(years, migration, natural, strict=False):
            stocks[year + 1] = stocks[year] + net + increase
        assert rates.balance(population(stocks), vital)["migration"].tolist() == migration


class TestRates:
    def test_rate_is_per_thousand(self):
        rate = rates.rate_per_1000(pd.Series([5.0, -3.0]), pd.Series([1000.0, 1500.0]))
        assert rate.tolist() == [5.0, -2.0]

    def test_no_population_is_an_error(self):
        with pytest.raises(ValueError, match="above zero"):
            rates.rate_per_1000(pd.Series([5.0]), pd.Series([0.0]))

    def test_mean_population_does_not_average_over_a_break(self):
        means = rates.mean_population(population({2007: 100, 2008: 110, 2009: 200}), {"*": [2008]})
        assert dict(zip(means["year"], means["persons"], strict=True)) == {2007: 105, 2008: 110}


def means(vintage: str, unit: str, persons: dict[int, int]) -> pd.DataFrame:
    rows = pd.DataFrame({"year": list(persons), "persons": list(persons.values())})
    return rows.assign(unit=unit, reference="annual-mean", vintage=f"{vintage}-2021-census")


def printed(indicator: str, unit: str, values: dict[int, float]) -> pd.DataFrame:
    rows = pd.DataFrame({"year": list(values), "value": list(values.values())})
    return rows.assign(unit=unit, indicator=indicator)


class TestRussianBases:
    """A is in the yearbook, B is not; both have annual means before and after the census."""

    population = pd.concat(
        [
            means("before", "A", {2000: 200, 2010: 250, 2015: 280, 2020: 300}),
            means("after", "A", {2018: 999, 2024: 330}),
            means("before", "B", {2000: 50, 2010: 50, 2015: 60, 2020: 70}),
            means("after", "B", {2020: 80}),
        ]
    )
    yearbook = pd.concat(
        [
            printed("mean_population", "A", {2010: 0.25, 2015: 0.29, 2018: 0.31, 2020: 0.32}),
            printed("net_migration_rate", "A", {2001: 7.0, 2015: -20.0, 2020: 10.0, 2023: 5.0}),
            printed("mean_population", "A", {2001: 0.2}),
        ]
    )

    def test_the_yearbook_comes_first_then_what_follows_the_census_then_the_years_both_share(self):
        found = bases.russian_means(self.population, self.yearbook)
        found = found.set_index(["unit", "year"])["persons"]
        assert found["A"].drop(2001).to_dict() == {
            2000: 200,
            2010: 250,
            2015: 290,
            2018: 310,
            2020: 320,
            2024: 330,
        }
        assert found["B"].to_dict() == {2000: 50, 2010: 50, 2020: 80}  # nothing recalculated for 2015

    def test_the_other_base_is_the_earlier_series_alone(self):
        found = bases.russian_means(self.population, self.yearbook, "before-2021-census")
        assert found.set_index(["unit", "year"])["persons"]["A"].to_dict() == {
            2000: 200,
            2010: 250,
            2015: 280,
            2020: 300,
        }
        with pytest.raises(ValueError, match="recalculated"):
            bases.russian_means(self.population, self.yearbook, "2010")

    def test_a_published_rate_becomes_the_persons_it_was_made_of(self):
        found = bases.official_migration(self.yearbook)
        # −20 per 10,000 of 290 persons; 2023 has no mean population, 2001 does not close the balance
        assert found["year"].tolist() == [2015, 2020]
        assert found["persons"].tolist() == pytest.approx([-0.58, 0.32], abs=1e-12)

    def test_index_keeps_the_withdrawn_estimates_apart_on_one_base(self):
        index = populations.population_index(self.population, self.yearbook, ["A"], 2000)
        index = index.set_index(["vintage", "year"])["index"]
        assert index["current"].loc[[2000, 2015, 2020]].tolist() == [100, 145, 160]
        assert index["before-2021-census"].to_dict() == {2010: 125, 2015: 140, 2020: 150}
        ten_times = self.population.assign(persons=10 * self.population["persons"])
        yearbook = self.yearbook.assign(value=10 * self.yearbook["value"])
        assert (
            populations.population_index(ten_times, yearbook, ["A"], 2000)["index"].tolist()
            == populations.population_index(self.population, self.yearbook, ["A"], 2000)["index"].tolist()
        )

    def test_a_gap_of_the_current_series_can_be_the_base_year(self):
        index = populations.population_index(self.population, self.yearbook, ["B"], 2015)
        assert index.set_index(["vintage", "year"])["index"][("before-2021-census", 2015)] == 100

    def test_a_unit_without_base_year_is_named(self):
        with pytest.raises(ValueError, match="1990 for A, B"):
            populations.population_index(self.population, self.yearbook, ["A", "B"], 1990)

    def test_economic_rows_of_the_yearbook_replace_those_first_published(self):
        economy = printed("income", "A", {2000: 1.0, 2010: 2.0})
        yearbook = pd.concat([self.yearbook, printed("income", "A", {2010: 3.0, 2020: 4.0})])
        found = bases.economy_on_base(economy, yearbook)
        assert found.set_index("year")["value"].to_dict() == {2000: 1.0, 2010: 3.0, 2020: 4.0}
        assert bases.economy_on_base(economy, yearbook, "before-2021-census") is economy


class TestSigma:
    def test_spread_of_two_units_is_half_their_distance(self):
        wide = pd.DataFrame({"A": [0.0, 1.0], "B": [4.0, 3.0]}, index=[2000, 2001])
        assert convergence.dispersion(wide).tolist() == [2.0, 1.0]

    def test_years_with_a_missing_unit_do_not_count(self):
        wide = pd.DataFrame({"A": [0.0, 1.0], "B": [4.0, np.nan]}, index=[2000, 2001])
        assert convergence.dispersion(wide).index.tolist() == [2000]

    def test_trend_equals_statsmodels_and_sees_monotone_movement(self):
        series = pd.Series([1.0, 1.1, 1.3, 1.2, 1.5, 1.6, 1.9, 2.0], index=range(2000, 2008))
        found = convergence.trend(series)
        frame = pd.DataFrame({"y": series, "t": series.index})
        lags = int(4 * (8 / 100) ** (2 / 9))
        reference = (
            smf.ols("y ~ t", frame).fit().get_robustcov_results("HAC", maxlags=lags, use_correction=True)
        )
        # same estimator through another interface: rounding only
        assert found.slope.estimate == pytest.approx(reference.params[1], rel=1e-8)
        assert found.slope.se == pytest.approx(reference.bse[1], rel=1e-8)
        assert found.kendall_tau == pytest.approx(26 / 28)  # 27 concordant, 1 discordant of 28 pairs


class TestBeta:
    @pytest.mark.parametrize("speed", [0.005, 0.02, 0.1])
    def test_recovers_the_speed_of_exponential_catching_up(self, speed):
        start = pd.Series(np.exp([8.0, 8.5, 9.0, 9.7, 10.1]))
        end = np.exp(11 + (np.log(start) - 11) * np.exp(-speed * 20))
        found = convergence.beta_convergence(np.log(start), np.log(end), 20)
        assert found.speed == pytest.approx(speed, rel=1e-7)  # exact up to the logarithms' rounding
        assert found.slope.estimate == pytest.approx(-(1 - np.exp(-speed * 20)) / 20, rel=1e-7)

    def test_hc3_errors_equal_the_textbook_formula(self):
        rng = np.random.default_rng(5)
        start, end = pd.Series(rng.normal(size=12)), pd.Series(rng.normal(size=12))
        found = convergence.beta_convergence(start, end, 10)
        x = np.column_stack([np.ones(12), start])
        y = ((end - start) / 10).to_numpy()
        inverse = np.linalg.inv(x.T @ x)
        residual = y - x @ inverse @ x.T @ y
        leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
        meat = x.T @ np.diag((residual / (1 - leverage)) ** 2) @ x
        # Written out with an explicit inverse, which costs digits where starts lie close together.
        assert found.slope.se == pytest.approx(np.sqrt((inverse @ meat @ inverse)[1, 1]), rel=1e-8)

    def test_constant_distance_is_no_convergence(self):
        start = pd.Series([-3.0, 0.0, 2.0, 5.0])
        end = start + np.array([1.0, 1.1, 1.1, 1.0])  # gains that do not hang on the level
        end -= np.polyval(np.polyfit(start, end - start, 1), start) - 1
        found = convergence.beta_convergence(start, end, 5)
        assert found.slope.estimate == pytest.approx(0, abs=EXACT)
        assert found.speed == pytest.approx(0, abs=EXACT)

    def test_complete_catching_up_has_no_finite_speed(self):
        found = convergence.beta_convergence(pd.Series([1.0, 2.0, 5.0]), pd.Series([3.0, 3.0, 3.0]), 4)
        assert found.slope.estimate == pytest.approx(-1 / 4, abs=EXACT)
        assert not np.isfinite(found.speed) or found.speed > 1  # 1 + b·T is zero up to rounding

    def test_units_missing_at_either_end_are_left_out(self):
        start = pd.Series({"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0})
        assert convergence.beta_convergence(start, start[["A", "B", "C"]] + 1, 5).slope.n == 3


class TestSegmented:
    years = range(1990, 2022)

    def bent(self, at: int, slope_change: float, level_change: float, noise: float = 0.0) -> pd.Series:
        t = np.array(self.years)
        values = 5 - 0.2 * (t - 1990) + (t >= at) * (level_change + slope_change * (t - at))
        return pd.Series(values + noise * np.random.default_rng(1).normal(size=len(t)), index=self.years)

    def test_recovers_slope_and_level_change_exactly(self):
        found = convergence.segmented_regression(self.bent(2010, 0.35, -1.5), 2010)
        assert found.before.estimate == pytest.approx(-0.2, abs=EXACT)
        assert found.slope_change.estimate == pytest.approx(0.35, abs=EXACT)
        assert found.level_change.estimate == pytest.approx(-1.5, abs=EXACT)

    def test_f_equals_that_of_statsmodels(self):
        series = self.bent(2010, 0.1, 0.5, noise=0.7)
        frame = pd.DataFrame({"y": series, "t": np.array(self.years) - 2010.0})
        frame["after"] = (frame["t"] >= 0).astype(float)
        full = smf.ols("y ~ t + after + after:t", frame).fit()
        f, _, _ = full.compare_f_test(smf.ols("y ~ t", frame).fit())
        found = convergence.segmented_regression(series, 2010)
        assert found.f == pytest.approx(f, rel=1e-8)  # the same statistic by another route
        assert found.slope_change.estimate == pytest.approx(full.params["after:t"], rel=1e-8)

    def test_true_break_ranks_first_among_placebos(self):
        ranked = convergence.placebo_breaks(self.bent(2008, 0.3, 2.0, noise=0.3), 2008)
        assert ranked.loc[ranked["true"], "rank"].item() == 1
        assert ranked["year"].min() == 1993
        assert ranked["year"].max() == 2019

    def test_rank_is_unremarkable_without_a_break(self):
        ranks = []
        for seed in range(40):
            noise = pd.Series(np.random.default_rng(seed).normal(size=32), index=self.years)
            ranked = convergence.placebo_breaks(noise, 2010)
            ranks.append(ranked.loc[ranked["true"], "rank"].item() / len(ranked))
        # uniform ranks have mean 0.52 and standard error 0.05 over 40 draws: three errors either way
        assert 0.37 < np.mean(ranks) < 0.67

    def test_a_break_at_the_edge_is_refused(self):
        with pytest.raises(ValueError, match="fewer than three"):
            convergence.segmented_regression(self.bent(2010, 0, 0), 2020)

    def test_hac_errors_exceed_classical_ones_under_positive_serial_correlation(self):
        rng = np.random.default_rng(3)
        noise = np.zeros(200)
        for place in range(1, 200):
            noise[place] = 0.8 * noise[place - 1] + rng.normal()
        series = pd.Series(noise, index=range(200))
        classical = OLS(noise, np.column_stack([np.ones(200), np.arange(200)])).fit().bse[1]
        assert convergence.trend(series).slope.se > classical


class TestSides:
    area = pd.DataFrame({"name": ["W", "E"], "country": ["KAZ", "RUS"]}, index=["A", "B"])

    @given(st.lists(st.lists(st.floats(-20, 20), min_size=4, max_size=4), min_size=1, max_size=5))
    @settings(max_examples=40, deadline=None)
    def test_dispersion_splits_into_between_and_within(self, rows):
        wide = pd.DataFrame(rows, columns=list("ABCD"), index=range(2000, 2000 + len(rows)))
        parts = convergence.dispersion_by_group(wide, pd.Series(list("xxyy"), index=list("ABCD")))
        total = parts["between"] ** 2 + parts["within"] ** 2
        np.testing.assert_allclose(parts["total"] ** 2, total, atol=1e-9)  # analysis of variance, rounding

    def test_a_side_sums_only_complete_years(self):
        components = pd.DataFrame(
            {
                "unit": ["A", "B", "A"],
                "year": [2000, 2000, 2001],
                "persons": [100.0, 300.0, 100.0],
                "births": [3, 4, 3],
                "deaths": [1, 6, 1],
                "natural": [2, -2, 2],
                "migration": [5.0, np.nan, 5.0],
            }
        )
        summed = rates.aggregate(components, pd.Series({"A": "both", "B": "both"}))
        assert summed["year"].tolist() == [2000]
        assert summed.loc[0, "persons"] == 400
        assert summed.loc[0, "natural"] == 0
        assert np.isnan(summed.loc[0, "migration"])  # one unit's migration is missing, so is the sum

    def test_a_side_has_no_natural_change_where_a_unit_has_none(self):
        components = pd.DataFrame(
            {
                "unit": ["A", "B"],
                "year": 2010,
                "persons": [100.0, 300.0],
                "births": [3.0, 4.0],
                "deaths": [1.0, np.nan],
                "natural": [2.0, np.nan],
                "migration": [5.0, 1.0],
            }
        )
        row = rates.aggregate(components, pd.Series({"A": "both", "B": "both"})).loc[0]
        assert row[["persons", "births", "migration"]].tolist() == [400, 7, 6]
        assert row[["deaths", "natural"]].isna().all()

    def test_exceptions_to_the_claimed_sign_are_found(self):
        rates = pd.DataFrame(
            {"unit": ["A", "A", "B", "B"], "year": [2000, 2001] * 2, "natural_rate": [1.0, -3.0, -2.0, -1.0]}
        )
        held = natural_increase.by_region(rates, self.area, 2000, 2001).set_index("unit")
        assert held.loc["A", ["years_as_claimed", "holds", "sign_as_claimed"]].tolist() == [1, False, False]
        assert held.loc["B", ["years_as_claimed", "holds", "sign_as_claimed"]].tolist() == [2, True, True]
        with pytest.raises(ValueError, match="for A"):
            natural_increase.by_region(rates[rates["unit"] == "B"], self.area, 2000, 2001)

    def test_log_ratio_removes_the_currency(self):
        wide = pd.DataFrame([[1.0, 4.0, 100.0, 900.0]], columns=list("ABCD"), index=[2000])
        group = pd.Series(list("xxyy"), index=list("ABCD"))
        one = convergence.log_relative(wide, group)
        other = convergence.log_relative(wide * [1, 1, 37.5, 37.5], group)
        np.testing.assert_allclose(one, other, atol=1e-12)  # rounding of logarithms
        assert one.loc[2000].tolist() == pytest.approx(np.log([0.5, 2, 1 / 3, 3]).tolist())

    def test_synchrony_is_of_ranks_and_level(self):
        one = pd.Series({2000: 1.0, 2001: 2.0, 2002: 8.0, 2003: np.nan})
        found = convergence.synchrony(one, one**2 + 1)
        assert found.spearman == pytest.approx(1)
        assert found.n == 3
        assert found.difference.estimate == pytest.approx(np.mean([-1, -3, -57]))

    def test_the_interval_of_a_rank_correlation_is_that_of_bonett_and_wright(self):
        # by hand for rho 0.6 of ten years: 0.6931 -+ 1.96 sqrt(1.18 / 7), back by tanh
        one = pd.Series([1, 2, 3, 4, 5, 6, 7, 8, 9, 10.0])
        other = pd.Series([7, 1, 2, 3, 4, 10, 5, 6, 8, 9.0])
        found = convergence.synchrony(one, other)
        assert found.spearman == pytest.approx(0.6, abs=1e-9)
        assert (found.low, found.high) == pytest.approx((-0.1112, 0.9048), abs=1e-3)  # four digits by hand

    def test_shifts_keep_their_level_where_independent_years_do_not(self):
        # unrelated series of twenty years, each with autocorrelation 0.8: 200 pairs at 5 % have a standard
        # error of 1.5 points, and short series keep some excess
        shocks = np.random.default_rng(0).normal(size=(40, 400))
        # an autoregression of order one, and what it forgets of its beginning left out
        series = signal.lfilter([1], [1, -0.8], shocks, axis=0)[20:].T.reshape(200, 2, 20)
        naive = np.mean([stats.spearmanr(*pair).pvalue < 0.05 for pair in series])
        shifted = np.mean([convergence.circular_shift_p(*pair) <= 0.05 for pair in series])
        assert naive > 0.2
        assert shifted < 0.12

    def test_shifts_of_one_series_against_itself(self):
        values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0]  # no other shift reaches a correlation of one
        assert convergence.circular_shift_p(values, values) == pytest.approx(1 / 7)

    def test_a_change_needs_the_year_before(self):
        found = convergence.yearly_changes(pd.Series({2000: 1.0, 2001: 3.0, 2003: 4.0, 2004: 9.0}))
        assert found.dropna().to_dict() == {2001: 2.0, 2004: 5.0}

    def test_convergence_table_on_an_exact_case(self):
        years = range(2000, 2012)
        wide = pd.DataFrame(
            {"A": [10 - t / 2 for t in range(12)], "B": [0.0] * 12, "C": [-10 + t / 2 for t in range(12)]},
            index=years,
        )
        row = convergence.convergence_tests({"x": wide}, [2006]).iloc[0]
        assert row["sigma_first"] == pytest.approx(10 * np.sqrt(2 / 3))
        assert row["trend"] == pytest.approx(-0.5 * np.sqrt(2 / 3))  # distance shrinks by half a point a year
        assert row["beta"] == pytest.approx(
            -0.05
        )  # every unit loses a twentieth of its initial distance a year
        assert row["change_2006"] == pytest.approx(0, abs=1e-9)  # the movement is even: no turn

    def test_a_turn_towards_convergence_must_point_down_and_stand_out(self):
        tests = pd.DataFrame(
            {
                "indicator": ["down", "up", "weak", "untested"],
                "change_2010": [-1.0, 1.0, -1.0, np.nan],
                "rank_2010": [1.0, 1.0, 5.0, np.nan],
                "placebos_2010": [20.0, 20.0, 20.0, np.nan],
            }
        )
        turns = convergence.turns_towards(tests, [2010])
        assert dict(zip(turns["indicator"], turns["towards"], strict=True)) == {
            "down": True,
            "up": False,
            "weak": False,
        }


def assembled(units: list[str], base: str = "recalculated") -> pd.DataFrame:
    """Components of some units on the real tables, on the outlines of the study."""
    population = study_frame.outline(data.load("population"), ["persons"])
    vital = study_frame.outline(data.load("vital_events"), ["births", "deaths"])
    others = (data.load(name) for name in ("net_migration", "russian_regions"))
    return bases.components(population, vital, *others, units, base).set_index(["unit", "year"])


class TestComponents:
    """On the real tables: what is published is kept, what is derived says so, what is neither is missing."""

    @pytest.fixture
    def components(self) -> pd.DataFrame:
        return assembled(["KZ-SEV", "RU-OMS"])

    def test_published_migration_is_not_recomputed(self, components):
        assert components.loc[("KZ-SEV", 2021), "origin"] == "published"
        net = data.load("net_migration").query("unit == 'KZ-SEV' and year == 2021 and flow == 'all'")
        assert components.loc[("KZ-SEV", 2021), "migration"] == net["persons"].item()

    def test_re_based_years_have_no_migration(self, components):
        assert np.isnan(components.loc[("KZ-SEV", 2008), "migration"])
        assert components.loc[("KZ-SEV", 2008), "origin"] == ""

    def test_north_kazakhstan_2021_as_reported_in_the_press(self, components):
        # births about 6.5 and deaths about 8.4 thousand (kursiv.media, 6 April 2022): rounded to a hundred
        row = components.loc[("KZ-SEV", 2021)]
        assert row["births"] == pytest.approx(6500, abs=100)
        assert row["deaths"] == pytest.approx(8400, abs=100)
        assert row["natural"] < 0

    def test_russian_migration_is_published_from_2003_and_derived_before(self, components):
        omsk = components.loc["RU-OMS"]
        assert omsk.loc[1990:2002, "origin"].eq("residual").all()
        assert omsk.loc[2003:2023, "origin"].eq("published").all()
        earlier = assembled(["RU-OMS"], "before-2021-census")
        assert earlier["origin"].isin(["residual", ""]).all()

    @pytest.mark.parametrize(
        ("unit", "mean"),
        [
            ("RU-SAR", 1.3),
            ("RU-VGG", 0.0),
            ("RU-ALT", -6.5),  # with 2010, of which the deaths are missing
            ("RU-AL", -4.8),
            ("RU-AST", -5.0),
            ("RU-ORE", -6.1),
            ("RU-KGN", -9.9),
            ("RU-OMS", -4.4),
            ("RU-SAM", 2.0),
            ("RU-NVS", 5.3),
            ("RU-CHE", 0.4),
        ],
    )
    def test_net_migration_of_border_regions_2010_2021_is_the_official_one(self, unit, mean):
        found = rates.rates(assembled([unit]).reset_index()).set_index("year")["migration_rate"]
        # half of the last digit given, and the last bit of a float
        assert found.loc[2010:2021].mean() == pytest.approx(mean, abs=0.0501)

    def test_a_year_without_deaths_keeps_its_published_migration(self):
        row = assembled(["RU-ALT"]).loc[("RU-ALT", 2010)]
        assert pd.isna(row["natural"])
        assert row["origin"] == "published"

    def test_tyumen_without_okrugs(self):
        tyumen = rates.rates(assembled(["RU-TYU"]).reset_index()).set_index("year")
        assert tyumen.index.min() == 1993
        natural = tyumen["natural_rate"]
        assert natural.loc[2015:2019].mean() == pytest.approx(3.6, abs=0.05)
        assert (natural.loc[2000:2021] < 0).sum() == 8
        assert set(tyumen["origin"]) == {"residual", ""}

    def test_a_residual_never_crosses_from_one_base_to_the_other(self):
        """Means before the census stand 43 thousand below those after it: a residual across would hold it."""
        tyumen = rates.rates(assembled(["RU-TYU"]).reset_index()).set_index("year")["migration_rate"]
        steps = tyumen.loc[2014:2021].diff().abs()
        # 43 thousand of 1.5 million persons would be a step of 28 per thousand
        assert steps.max() < 14


def test_years_in_a_gap_are_one_candidate_and_the_named_year_stands_for_it():
    draw = np.random.default_rng(0).normal(size=20)
    series = pd.Series(draw, index=[*range(2000, 2010), *range(2011, 2021)])
    inside, after = convergence.placebo_breaks(series, 2010), convergence.placebo_breaks(series, 2011)
    assert len(inside) == len(after) == 15  # 20 values, three on each side
    assert 2011 not in set(inside["year"])
    assert inside.loc[inside["true"], "rank"].item() == after.loc[after["true"], "rank"].item()


@pytest.mark.parametrize("noise", range(5))
def test_breaks_of_equal_strength_share_a_rank(noise):
    # Symmetric in time: the breaks at 2003 and 2008 part it in mirror images, with one F.
    values = np.array([0.0, 1, 0, 4, 5, 5, 5, 4, 0, 1, 0])
    shaken = values * (1 + np.random.default_rng(noise).uniform(-4e-16, 4e-16, 11))
    ranked = convergence.placebo_breaks(pd.Series(shaken, index=range(2000, 2011)), 2003)
    ranks = ranked.set_index("year")["rank"]
    assert [ranks[year] for year in (2003, 2004, 2005)] == [ranks[year] for year in (2008, 2007, 2006)]


def test_a_trend_keeps_its_digits_wherever_the_years_lie():
    values = np.random.default_rng(0).normal(size=20)
    late = convergence.trend(pd.Series(values, index=range(2000, 2020))).slope
    early = convergence.trend(pd.Series(values, index=range(-10, 10))).slope
    # a dozen digits; uncentred years leave nine
    assert late[:5] == pytest.approx(early[:5], rel=1e-12)
