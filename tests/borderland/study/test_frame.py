"""The frame of the study, on the real table of regions."""

import pandas as pd
import pytest

from borderland.study import frame
from borderland.tables import data


@pytest.fixture(scope="module")
def regions() -> pd.DataFrame:
    return data.load("regions")


def test_nineteen_regions_from_west_to_east(regions):
    area = frame.study_area(regions)
    assert area["country"].value_counts().to_dict() == {"RUS": 12, "KAZ": 7}
    assert area["centre_lon"].is_monotonic_increasing
    assert area.index[0] == "RU-VGG"
    assert area.index[-1] == "RU-AL"
    # the order stored with the regions is the same one
    stored = regions[regions["order"].notna()].sort_values("order")["unit"].tolist()
    assert area.index.tolist() == stored


def test_todays_division_has_eight_kazakh_border_regions(regions):
    area = frame.study_area(regions, boundary="current-20")
    assert (area["country"] == "KAZ").sum() == 8
    assert {"KZ-10", "KZ-63"} <= set(area.index)


@pytest.mark.parametrize(
    ("border_set", "left_out"), [("without-samara", "RU-SAM"), ("without-tyumen", "RU-TYU")]
)
def test_other_sets_leave_out_what_their_name_says(regions, border_set, left_out):
    everything = set(frame.study_area(regions).index)
    assert everything - set(frame.study_area(regions, border_set=border_set).index) == {left_out}


def test_unknown_choices_are_refused(regions):
    with pytest.raises(ValueError, match="nineteen"):
        frame.study_area(regions, border_set="twenty")
    with pytest.raises(ValueError, match="constant-16"):
        frame.study_area(regions, boundary="soviet")


def test_every_region_is_on_a_side_or_in_the_rest_of_its_country(regions):
    area = frame.study_area(regions)
    groups = frame.comparison(regions, area)
    assert set(groups) == {*frame.SIDE.values(), *frame.REST.values()}
    assert groups.index.is_unique
    assert not {"RU-KHM", "UA-43", "RU-CE"} & set(
        groups.index
    )  # inside a subject, outside the frame, incomplete
    assert (groups == "Kazakh side").sum() == 7
    assert (groups == "rest of Kazakhstan").sum() == 9


def test_selecting_nothing_says_what_was_asked_for():
    table = pd.DataFrame({"year": [2000], "indicator": ["wage"]})
    assert len(frame.select(table, 1999, 2001, indicator="wage")) == 1
    with pytest.raises(ValueError, match="1999–2001, indicator = income"):
        frame.select(table, 1999, 2001, indicator="income")
