"""The functions of the study against cases worked by hand, and the table against what it claims to hold."""

from pathlib import Path

import pandas as pd
import pytest

from study import population

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def doubling() -> pd.DataFrame:
    """One state that doubles in ten years, one that stays as it is."""
    rows = [("KAZ", 2000, 100), ("KAZ", 2010, 200), ("UZB", 2000, 50), ("UZB", 2010, 50)]
    return pd.DataFrame(rows, columns=["country", "year", "persons"])


def test_doubling_in_ten_years_is_seven_per_cent_a_year(doubling):
    table = population.growth(doubling, 2000, 2010)
    # 2 ** 0.1 = 1.0717735, from any table of roots; printed with two decimals.
    assert table["rate"].tolist() == pytest.approx([7.17735, 0], abs=1e-5)
    assert table["state"].tolist() == ["Kazakhstan", "Uzbekistan"]


def test_index_begins_at_a_hundred(doubling):
    assert population.index(doubling, 2000, 2010)["index"].tolist() == [100, 200, 100, 100]


def test_table_holds_each_state_in_each_year_once():
    table = population.load(DATA)
    assert not table.duplicated(["country", "year"]).any()
    assert set(table["country"]) == set(population.NAMES)
    assert (table.groupby("country")["year"].agg(["min", "max", "count"]) == [2000, 2024, 25]).all(axis=None)
    assert (table["persons"] > 0).all()
