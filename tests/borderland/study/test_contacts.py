"""Shopping against the exchange rate; single published points."""

import pandas as pd
import pytest

from borderland.study import contacts
from borderland.tables import data

RATES = pd.DataFrame(
    {"date": ["2014-01-31", "2014-12-31", "2015-12-31"], "tenge_per_rouble": [5.0, 3.0, 6.0]}
)


def reports(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["date", "place", "bought_in"])


def test_the_rate_is_the_last_one_published_by_the_day():
    assert contacts.rate_change(RATES, "2015-01-15", 11) == (3.0, 5.0)
    with pytest.raises(ValueError, match="no exchange rate 12 months before 2014-03"):
        contacts.rate_change(RATES, "2014-03")


def test_a_month_counts_by_its_last_day():
    assert contacts.as_day("2014-02") == pd.Timestamp("2014-02-28")
    assert contacts.as_day("2014-02-03") == pd.Timestamp("2014-02-03")


def test_the_cheaper_side_follows_the_rouble():
    frame = contacts.shopping_reports(reports(("2015-01-31", "A", "RUS"), ("2015-12-31", "B", "RUS")), RATES)
    assert frame["cheaper"].tolist() == ["RUS", "KAZ"]
    assert frame["matches"].tolist() == [True, False]
    assert frame["change"].tolist() == pytest.approx([-40, 100])


def test_reports_of_one_rush_are_one_episode():
    rows = [
        ("2015-01-31", "A", "RUS"),
        ("2015-02-10", "B", "RUS"),
        ("2015-02-12", "C", "KAZ"),
        ("2015-12-31", "D", "KAZ"),
    ]
    rushes = contacts.episodes(contacts.shopping_reports(reports(*rows), RATES))
    assert rushes["reports"].tolist() == [2, 1, 1]
    assert rushes["matches"].tolist() == [True, False, True]


def test_the_register_has_five_episodes_one_against_the_rate():
    frame = contacts.shopping_reports(data.load("shopping_reports"), data.load("exchange_rate"))
    rushes = contacts.episodes(frame)
    assert len(rushes) == 5
    assert rushes.loc[~rushes["matches"], "first"].dt.year.tolist() == [2022]


def test_a_point_is_one_figure_or_refused():
    points = data.load("published_points")
    assert contacts.point(points, "students-foreign", "RU-OMS", 2025) == 9400  # as printed
    with pytest.raises(ValueError, match="0 published points for students-foreign, RU-OMS, 1950"):
        contacts.point(points, "students-foreign", "RU-OMS", 1950)
    with pytest.raises(ValueError, match="no published point of topic 'weather'"):
        contacts.points(points, "weather")
