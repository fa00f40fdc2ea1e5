"""Exchange, mirror statistics and series that break."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland import migration


def test_exchange_closed_forms():
    frame = migration.exchange(pd.Series({2000: 300, 2001: 0}), pd.Series({2000: 100, 2001: 0}))
    assert frame.loc[2000].tolist() == [300, 100, 200, 400, 50]
    assert np.isnan(frame.loc[2001, "effectiveness"])  # no movement has no direction


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=1, max_size=10))
@settings(max_examples=40, deadline=None)
def test_exchange_changes_sign_with_the_point_of_view(pairs):
    arrivals, departures = map(pd.Series, zip(*pairs, strict=True))
    here, there = migration.exchange(arrivals, departures), migration.exchange(departures, arrivals)
    assert (here["net"] == -there["net"]).all()
    np.testing.assert_allclose(here["effectiveness"], -there["effectiveness"], atol=1e-9)  # rounding
    assert here["effectiveness"].abs().max() <= 100


def test_external_is_what_internal_flows_leave():
    index = pd.MultiIndex.from_tuples([("A", 2022), ("B", 2022), ("B", 2023)], names=["unit", "year"])
    total = pd.Series([-50, 80, 10], index=index)
    internal = pd.Series([-60, 60], index=index[:2])
    external = migration.external_by_subtraction(total, internal)
    assert external.to_dict() == {("A", 2022): 10, ("B", 2022): 20}
    assert external.sum() == total[:2].sum()  # internal flows sum to zero over the country


def test_mirror_pairs_only_years_both_counted():
    frame = migration.mirror_statistics(
        pd.Series({2016: 60.0, 2017: 70.0}), pd.Series({2017: 35.0, 2018: 1.0})
    )
    assert frame.index.tolist() == [2017]
    assert frame.loc[2017, "ratio"] == 2
    assert frame.loc[2017, "log_ratio"] == pytest.approx(np.log(2))


def test_log_ratio_changes_sign_when_sides_are_exchanged():
    one, two = pd.Series({1: 3.0, 2: 9.0}), pd.Series({1: 4.0, 2: 2.0})
    forth, back = migration.mirror_statistics(one, two), migration.mirror_statistics(two, one)
    np.testing.assert_allclose(forth["log_ratio"], -back["log_ratio"], atol=1e-12)  # rounding


@given(st.sets(st.integers(1990, 2025), min_size=1), st.sets(st.integers(1985, 2030), max_size=4))
@settings(max_examples=50, deadline=None)
def test_pieces_partition_the_series(years, breaks):
    series = pd.Series(0.0, index=sorted(years))
    pieces = migration.split_at_breaks(series, breaks)
    assert [year for piece in pieces for year in piece.index] == series.index.tolist()
    for piece in pieces:
        assert not any(piece.index[0] < at <= piece.index[-1] for at in breaks)


def test_change_between_periods_needs_every_year():
    series = pd.Series({2018: 10.0, 2019: 14.0, 2022: 2.0})
    assert migration.change_between(series, [2018, 2019], [2022]) == -10
    with pytest.raises(ValueError, match="2021"):
        migration.change_between(series, [2021], [2022])
