"""Segregation, diversity and concentration against closed forms and other implementations."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from borderland.methods import segregation
from borderland.study import concentration

EXACT = 1e-9  # closed forms in double precision
tables = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(2, 4)), elements=st.integers(1, 5000))


def frame(values) -> pd.DataFrame:
    values = np.asarray(values)
    return pd.DataFrame(values, columns=[f"g{place}" for place in range(values.shape[1])])


class TestDissimilarity:
    def test_worked_example(self):
        # shares (.6, .3, .1) and (.1, .3, .6): the differences .5 + 0 + .5 add up to 1, half of it is D
        counts = frame([[60, 10], [30, 30], [10, 60]])
        assert segregation.dissimilarity_index(counts["g0"], counts["g1"]) == pytest.approx(0.5, abs=EXACT)

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ([100, 100, 100], [100, 100, 100], 0),
            ([100, 60, 40, 0], [0, 40, 60, 100], 0.6),
            ([80, 80, 20, 20], [20, 20, 80, 80], 0.6),
            ([100, 100, 0, 0], [0, 0, 100, 100], 1),
        ],
    )
    def test_values_the_r_package_segregation_expects(self, first, second, expected):
        # Elbers (2023), Sociological Methods & Research 52(1); cases of its own test of dissimilarity()
        found = segregation.dissimilarity_index(pd.Series(first), pd.Series(second))
        assert found == pytest.approx(expected, abs=EXACT)

    def test_extremes(self):
        assert segregation.dissimilarity_index(pd.Series([1, 0]), pd.Series([0, 7])) == 1
        assert segregation.dissimilarity_index(pd.Series([1, 2]), pd.Series([10, 20])) == pytest.approx(
            0, abs=EXACT
        )

    @given(tables)
    @settings(max_examples=40, deadline=None)
    def test_is_the_share_that_must_move(self, values):
        # Duncan & Duncan's reading: the surplus of group a over its even spread, as a share of group a
        counts = frame(values).astype(float)
        a, b = counts["g0"], counts["g1"]
        even = b / b.sum() * a.sum()
        surplus = (a - even).clip(lower=0).sum() / a.sum()
        assert segregation.dissimilarity_index(a, b) == pytest.approx(surplus, abs=EXACT)

    @given(tables, st.integers(2, 50))
    @settings(max_examples=30, deadline=None)
    def test_symmetric_scale_free_and_blind_to_order(self, values, scale):
        counts = frame(values)
        found = segregation.dissimilarity_index(counts["g0"], counts["g1"])
        assert segregation.dissimilarity_index(counts["g1"], counts["g0"]) == pytest.approx(found, abs=EXACT)
        assert segregation.dissimilarity_index(scale * counts["g0"], counts["g1"]) == pytest.approx(
            found, abs=EXACT
        )
        turned = counts.iloc[::-1].reset_index(drop=True)
        assert segregation.dissimilarity_index(turned["g0"], turned["g1"]) == pytest.approx(found, abs=EXACT)

    def test_missing_and_negative_counts_are_named(self):
        with pytest.raises(ValueError, match="1"):
            segregation.dissimilarity_index(pd.Series([1, np.nan]), pd.Series([1, 2]))
        with pytest.raises(ValueError, match="negative"):
            segregation.dissimilarity_index(pd.Series([1, -2]), pd.Series([1, 2]))
        with pytest.raises(ValueError, match="without persons"):
            segregation.dissimilarity_index(pd.Series([0, 0]), pd.Series([1, 2]))


class TestDiversity:
    @given(tables)
    @settings(max_examples=40, deadline=None)
    def test_entropy_equals_scipy(self, values):
        expected = stats.entropy(values, axis=1, base=values.shape[1])
        np.testing.assert_allclose(segregation.entropy(frame(values)), expected, rtol=0, atol=EXACT)

    def test_entropy_of_one_group_and_of_equal_groups(self):
        assert segregation.entropy(frame([[10, 0, 0], [4, 4, 4]])).tolist() == pytest.approx(
            [0, 1], abs=EXACT
        )

    @given(tables)
    @settings(max_examples=40, deadline=None)
    def test_information_index_is_mutual_information_over_entropy(self, values):
        # H = I(unit; group) / E: the likelihood-ratio statistic of independence divided by 2 T E
        statistic = stats.chi2_contingency(values, correction=False, lambda_="log-likelihood").statistic
        whole = stats.entropy(values.sum(axis=0))
        expected = statistic / (2 * values.sum() * whole)
        assert segregation.information_theory_index(frame(values)) == pytest.approx(expected, abs=1e-8)

    def test_information_index_extremes(self):
        assert segregation.information_theory_index(frame([[9, 0], [0, 4]])) == pytest.approx(1, abs=EXACT)
        assert segregation.information_theory_index(frame([[9, 3], [3, 1]])) == pytest.approx(0, abs=EXACT)
        with pytest.raises(ValueError, match="one group"):
            segregation.information_theory_index(frame([[9, 0], [4, 0]]))


class TestTheil:
    persons = st.lists(st.integers(1, 10_000), min_size=2, max_size=12)

    @given(persons)
    @settings(max_examples=40, deadline=None)
    def test_is_the_divergence_from_equal_shares(self, values):
        expected = stats.entropy(values, np.ones(len(values)))
        assert segregation.theil_index(pd.Series(values)).total == pytest.approx(expected, abs=EXACT)

    @given(persons, st.data())
    @settings(max_examples=40, deadline=None)
    def test_within_is_the_weighted_sum_of_the_groups_own_indices(self, values, data):
        persons = pd.Series(values)
        group = pd.Series(
            data.draw(st.lists(st.sampled_from("ab"), min_size=len(values), max_size=len(values)))
        )
        found = segregation.theil_index(persons, group)
        within = sum(
            part.sum() / persons.sum() * segregation.theil_index(part).total
            for _, part in persons.groupby(group)
        )
        assert found.within == pytest.approx(within, abs=EXACT)
        assert found.between >= -EXACT

    def test_all_in_one_unit(self):
        assert segregation.theil_index(pd.Series([12, 0, 0])).total == pytest.approx(np.log(3), abs=EXACT)

    def test_a_unit_without_group_is_named(self):
        with pytest.raises(ValueError, match="'B'"):
            segregation.theil_index(pd.Series({"A": 1, "B": 2}), pd.Series({"A": "x"}))


class TestPrimacy:
    def test_share_and_four_city_index(self):
        cities = pd.Series({"B": 30, "A": 60, "C": 20, "D": 10})
        assert segregation.primacy(cities) == 0.5
        assert segregation.primacy(cities, followers=3) == 1.0

    def test_too_few_cities(self):
        with pytest.raises(ValueError, match="4 cities"):
            segregation.primacy(pd.Series([2, 1]), followers=3)


class TestCounts:
    long = pd.DataFrame(
        {
            "unit": ["A"] * 3 + ["B"] * 4,
            "group": ["total", "kazakh", "russian", "total", "kazakh", "russian", "not-stated"],
            "persons": [100, 60, 30, 1000, 80, 400, 200],
        }
    )

    def test_shares_are_of_those_who_stated(self):
        counts = segregation.counts_by(self.long, "unit", ["kazakh", "russian"])
        assert counts.loc["B"].tolist() == [80, 400, 320, 800]
        assert segregation.percentages(counts).loc["B"].tolist() == [10, 50, 40]
        assert segregation.percentages(counts).loc["A"].tolist() == [60, 30, 10]

    def test_a_missing_group_and_too_many_persons_are_named(self):
        with pytest.raises(ValueError, match="uzbek"):
            segregation.counts_by(self.long, "unit", ["kazakh", "uzbek"])
        with pytest.raises(ValueError, match="exceed"):
            segregation.counts_by(self.long.replace({"persons": {100: 80}}), "unit", ["kazakh", "russian"])

    def test_segregation_of_a_single_district_is_missing(self):
        counts = frame([[60, 10], [30, 30], [10, 60], [5, 5]])
        found = segregation.segregation_by_unit(counts, pd.Series(list("xxxy")), "g0", "g1", ["g0", "g1"])
        assert found.loc["x", "dissimilarity"] == pytest.approx(0.5, abs=EXACT)
        assert np.isnan(found.loc["y", "dissimilarity"])


def test_concentration_keeps_complete_years_only():
    persons = pd.DataFrame({"A": [1.0, 2.0], "B": [1.0, np.nan]}, index=[2000, 2001])
    found = segregation.concentration(persons, pd.Series({"A": "x", "B": "y"}))
    assert found.index.tolist() == [2000]
    assert found.loc[2000].tolist() == pytest.approx([0, 0, 0], abs=EXACT)


def test_centres_are_matched_by_name_and_region():
    cities = pd.DataFrame(
        {
            "city": ["Omsk", "Omsk", "Tara"],
            "unit": ["A", "B", "A"],
            "year": 2006,
            "persons": [60.0, 5.0, 10.0],
        }
    )
    persons = pd.DataFrame({"unit": ["A", "B"], "year": 2006, "persons": [100.0, 100.0]})
    area = pd.DataFrame({"centre": ["Omsk", "Kurgan"]}, index=["A", "B"])
    found = concentration.centre_shares(cities, persons, area)
    assert found.to_dict() == {"A": {2006: 60.0}}
