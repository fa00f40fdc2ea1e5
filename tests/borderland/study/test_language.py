"""From dated acts to a panel of status; the stored panel against the acts."""

import pandas as pd
import pytest

from borderland.study import language
from borderland.tables import data


def acts(*rows) -> pd.DataFrame:
    columns = ["country", "date", "status_after", "script_event", "evidence", "instrument"]
    return pd.DataFrame(rows, columns=columns)


START = pd.DataFrame({"country": ["AAA"], "status": ["interethnic"]})


def coded(*rows, first=1990, last=2000) -> pd.Series:
    return language.status_panel(acts(*rows), START, first, last).set_index("year")["status"]


def test_an_act_counts_from_its_year_until_the_next():
    status = coded(
        ("AAA", "1992-05-01", "none", None, "law", "x"), ("AAA", "1995", "official", None, "page", "y")
    )
    assert status[1991] == "interethnic"
    assert status[1992] == "none"
    assert status[1994] == "none"
    assert status[2000] == "official"


def test_an_act_that_is_silent_or_a_draft_changes_nothing():
    status = coded(
        ("AAA", "1993", None, "latin-law", "law", "x"), ("AAA", "1996", "none", None, "draft", "y")
    )
    assert (status == "interethnic").all()


def test_the_better_evidence_wins_on_one_date():
    rows = [("AAA", "1993", "none", None, "page", "x"), ("AAA", "1993", "official", None, "law", "y")]
    for order in (rows, rows[::-1]):
        assert coded(*order)[1993] == "official"


def test_equal_evidence_that_contradicts_itself_is_refused():
    rows = [("AAA", "1993", "none", None, "page", "x"), ("AAA", "1993", "official", None, "page", "y")]
    with pytest.raises(ValueError, match="AAA, 1993: two acts of equal evidence"):
        coded(*rows)


def test_evidence_and_act_are_kept():
    panel = language.status_panel(acts(("AAA", "1993", "none", None, "page", "the law")), START, 1990, 1995)
    assert panel.set_index("year")["evidence"].to_dict() == {
        **dict.fromkeys(range(1990, 1993), "assumed"),
        **dict.fromkeys(range(1993, 1996), "secondary"),
    }
    assert panel.iloc[-1]["act"] == "the law"


@pytest.mark.parametrize("column", ["status", "script"])
def test_the_stored_panel_follows_from_the_acts(column):
    stored = data.load("russian_status")
    start = stored.loc[stored["year"] == 1990, ["country", column]]
    panel = language.status_panel(data.load("language_laws"), start, 1990, 2024, column)
    differing = language.disagreements(panel, stored, column)
    # Georgia dropped Russian before the constitution of 1995; the stored panel says so as an assumption.
    known = differing["country"].eq("GEO") & differing["last"].eq(1994)
    assert differing[~known].empty


def test_disagreements_are_runs_of_years():
    one = pd.DataFrame({"country": "AAA", "year": range(1990, 1996), "status": "none"})
    other = one.assign(status=["none", "official", "official", "none", "state", "none"])
    runs = language.disagreements(one, other)
    assert runs[["first", "last", "stored", "years"]].to_numpy().tolist() == [
        [1991, 1992, "official", 2],
        [1994, 1994, "state", 1],
    ]


def test_changes_name_before_and_after():
    changed = language.changes(data.load("russian_status"))
    kyrgyzstan = changed[changed["country"] == "KGZ"]
    assert kyrgyzstan[["year", "before", "after"]].to_numpy().tolist() == [[2000, "interethnic", "official"]]


def test_order_runs_from_strong_to_weak():
    order = language.order_by_status(data.load("russian_status"))
    assert order[:3] == ["RUS", "BLR", "KAZ"]
    assert len(order) == 15


def test_heat_map_frames_follow_the_order_and_names():
    status = data.load("russian_status")
    names = data.load("countries").set_index("country")["name"]
    codes, assumed = language.heat_map_frames(status, "rank", names, ["KAZ", "EST"])
    assert list(codes.index) == ["Kazakhstan", "Estonia"]
    assert codes.loc["Kazakhstan", 1994] == 1
    assert assumed.loc["Estonia"].all()


def test_schooling_compares_two_dates_of_one_source():
    schools = language.schooling(data.load("russian_medium"), "q-monitor", (1988, 2019))
    assert schools.loc["KAZ"].tolist() == [67.4, 31.5]  # as printed
    assert schools.shape == (14, 2)
    with pytest.raises(ValueError, match="for both 1988 and 2005"):
        language.schooling(data.load("russian_medium"), "q-monitor", (1988, 2005))


def test_school_years():
    assert language.school_year(1988) == "1988/89"
    assert language.school_year(1999) == "1999/00"
