"""The frame of the study, on the real table of regions."""

import pandas as pd
import pytest
import shapely

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
    with pytest.raises(ValueError, match="nineteen"):
        frame.outline(counts(OMS=7), ["persons"], "twenty")
    with pytest.raises(ValueError, match="constant-16"):
        frame.study_area(regions, boundary="soviet")


def test_every_region_is_on_a_side_or_in_the_rest_of_its_country(regions):
    area = frame.study_area(regions)
    groups = frame.comparison(regions, area)
    assert set(groups) == {*frame.SIDE.values(), *frame.REST.values()}
    assert groups.index.is_unique
    assert not {"RU-NEN", "UA-43", "RU-CE"} & set(
        groups.index
    )  # inside a subject, outside the frame, incomplete
    assert groups[[frame.TYUMEN, *frame.OKRUGS]].tolist() == ["Russian side", *["rest of Russia"] * 2]
    assert (groups == "Kazakh side").sum() == 7
    assert (groups == "rest of Kazakhstan").sum() == 9


def counts(**persons: int) -> pd.DataFrame:
    rows = [(f"RU-{unit}", number) for unit, number in persons.items()]
    return pd.DataFrame(rows, columns=["unit", "persons"]).assign(year=2010, group="total")


def test_tyumen_loses_its_okrugs_and_nothing_else_changes():
    found = frame.outline(counts(TYU=10, KHM=4, YAN=1, OMS=7), ["persons"]).set_index("unit")["persons"]
    assert found.to_dict() == {"RU-KHM": 4, "RU-YAN": 1, "RU-OMS": 7, "RU-TYU": 5}


def test_tyumen_has_no_row_where_an_okrug_is_missing_or_nothing_can_be_taken_off():
    assert frame.TYUMEN not in set(frame.outline(counts(TYU=10, KHM=4, OMS=7), ["persons"])["unit"])
    assert frame.TYUMEN not in set(frame.outline(counts(TYU=10, KHM=4, YAN=1))["unit"])


def test_counts_of_different_groups_and_vintages_are_taken_off_each_other_apart():
    both = pd.concat([counts(TYU=10, KHM=4, YAN=1), counts(TYU=30, KHM=5, YAN=5).assign(group="kazakh")])
    found = frame.outline(both, ["persons"]).query("unit == 'RU-TYU'").set_index("group")["persons"]
    assert found.to_dict() == {"total": 5, "kazakh": 20}


def test_the_variant_counts_the_okrugs_once(regions):
    table = counts(TYU=10, KHM=4, YAN=1, OMS=7)
    groups = frame.comparison(regions, frame.study_area(regions), "with-okrugs")
    whole = frame.outline(table, ["persons"], "with-okrugs")
    assert whole.equals(table)
    assert not set(frame.OKRUGS) & set(groups.index)
    parted = frame.comparison(regions, frame.study_area(regions))
    sums = [
        table[table["unit"].isin(units)]["persons"].sum()
        for table, units in ((whole, groups.index), (frame.outline(table, ["persons"]), parted.index))
    ]
    assert sums == [17, 17]


def test_tyumen_without_okrugs_as_the_census_counts_it():
    """1,601,940 in 2021 by the census volume; the difference of the three entries of the table."""
    population = data.load("population")
    census = population[(population["reference"] == "census") & (population["year"] == 2021)]
    tyumen = frame.outline(census, ["persons"]).set_index("unit").loc[frame.TYUMEN, "persons"]
    composition = data.load("ethnicity_ru_regions").query("year == 2021 and group == 'total'")
    assert tyumen == composition.set_index("unit").loc[frame.TYUMEN, "persons"]


def test_a_map_joins_the_okrugs_to_tyumen_or_names_them():
    square = shapely.box(0, 0, 1, 1)
    russia = pd.DataFrame({"unit": [frame.TYUMEN, *frame.OKRUGS], "geometry": [square] * 3})
    assert frame.mapped(russia)[1] == dict.fromkeys(frame.OKRUGS, "RUS")
    joined, apart = frame.mapped(russia, "with-okrugs")
    assert joined["unit"].tolist() == [frame.TYUMEN]
    assert not apart


def test_selecting_nothing_says_what_was_asked_for():
    table = pd.DataFrame({"year": [2000], "indicator": ["wage"]})
    assert len(frame.select(table, 1999, 2001, indicator="wage")) == 1
    with pytest.raises(ValueError, match="1999–2001, indicator = income"):
        frame.select(table, 1999, 2001, indicator="income")
