"""Russian tables on the base after the census of 2021, trips, students, towns: keys, coverage, figures."""

import pytest

from borderland.tables import data

CRIMEA = ["UA-40", "UA-43"]
NOT_READ = {"RU-ARK", "RU-KHM", "RU-SE", "RU-TYU"}


def indicator(name):
    table = data.load("russian_regions")
    return table[table["indicator"] == name].set_index(["unit", "year"])["value"]


def years(series):
    return series.reset_index().groupby("unit")["year"].agg(set)


@pytest.mark.parametrize(
    ("name", "first", "last", "crimea_from", "late"),
    [
        ("mean_population", 2001, 2023, 2014, {}),
        ("net_migration_rate", 2001, 2023, 2015, {}),
        ("grp_per_head", 2001, 2023, 2014, {"RU-CE": 2005, "RU-NEN": 2003, "RU-YAN": 2003}),
        ("income", 2001, 2024, 2015, {"RU-CE": 2010}),
        ("unemployment_rate", 2013, 2023, 2015, {}),
    ],
)
def test_every_region_has_every_year_that_the_register_claims(name, first, last, crimea_from, late):
    regions = data.load("regions").query("boundary == 'ru-subjects'")["unit"]
    found = years(indicator(name))
    assert set(found.index) == set(regions) - NOT_READ
    begins = dict.fromkeys(CRIMEA, crimea_from) | late
    for unit, have in found.items():
        assert have == set(range(begins.get(unit, first), last + 1)), unit


@pytest.mark.parametrize(
    ("unit", "mean"),
    [
        # Per 1,000, as computed from Rosstat's published rates before this table was made.
        ("RU-SAR", 1.3),
        ("RU-VGG", 0.0),
        ("RU-ALT", -6.5),
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
def test_official_net_migration_of_the_border_regions(unit, mean):
    # Half of the last digit printed, and the last bit of a float.
    assert indicator("net_migration_rate")[unit].loc[2010:2021].mean() / 10 == pytest.approx(mean, abs=0.0501)


def test_each_indicator_has_one_unit_of_measure():
    measures = data.load("russian_regions").groupby("indicator")["unit_of_measure"].unique()
    assert {name: list(units) for name, units in measures.items()} == {
        "grp_per_head": ["RUB per year"],
        "income": ["RUB per month"],
        "mean_population": ["thousand persons"],
        "net_migration_rate": ["per 10 000"],
        "unemployment_rate": ["percent"],
    }


def test_trips_are_cumulative_and_agree_with_what_was_quoted():
    trips = data.load("trips").set_index(["partner", "direction", "year", "months"])["trips"]
    assert trips["KAZ", "to-russia", 2014, 12] == 3733
    assert trips["KAZ", "from-russia", 2014, 12] == 3330
    quoted = data.load("published_points").query("topic == 'trips' and period == '2014'")
    quoted = quoted.set_index("indicator")["value"]
    # The newspapers round to a tenth of a million.
    assert quoted["trips-kazakhstan-to-russia"] == pytest.approx(3_733_000, abs=50_000)
    assert quoted["trips-russia-to-kazakhstan"] == pytest.approx(3_330_000, abs=50_000)


def test_trips_of_every_partner_and_quarter_and_their_break():
    table = data.load("trips")
    stood = table.groupby(["year", "direction"])["months"].agg(set)
    assert all(have == ({6, 9, 12} if year == 2014 else {3, 6, 9, 12}) for (year, _), have in stood.items())
    assert set(table["year"]) == set(range(2014, 2023))
    assert set(table.loc[table["year"] < 2020, "method"]) == {"until-2019"}
    assert set(table.loc[table["year"] >= 2020, "method"]) == {"from-2020"}
    assert "2020" in {cut["at"] for cut in data.entry("trips")["breaks"]}
    rows = table.groupby(["year", "direction", "months"]).size()
    # Rows of the printed table, one of them (2019, to Russia, three months) short by one.
    assert set(rows.loc[2014:2015]) == {27}
    assert set(rows.loc[2016:2017]) == {62}
    assert rows.loc[2018:2022].value_counts().to_dict() == {67: 39, 66: 1}


def test_students_of_every_region_and_year():
    table = data.load("student_numbers")
    have = years(table.set_index(["unit", "year"])["students"])
    whole = set(range(2000, 2021))
    gaps = {unit: whole - seen for unit, seen in have.items() if seen != whole}
    assert set(gaps) == {"RU-CHU", "RU-NEN", "RU-YAN", *CRIMEA}
    assert gaps["RU-NEN"] == set(range(2009, 2021))
    assert gaps["RU-YAN"] == {2000}
    assert set(have.index) == set(data.load("regions").query("boundary == 'ru-subjects'")["unit"])
    students = table.set_index(["unit", "year"])["students"]
    assert students["RU-NVS", 2005] == 171.2
    assert students["RU-TYU", 2005] == 166.3


def test_towns_stand_at_censuses_only_and_before_2020_apart():
    table = data.load("towns")
    held = {"KZ": {1959, 1970, 1979, 1989, 2009}, "RU": {1959, 1970, 1979, 1989, 2002, 2010}}
    counted = table[table["reference"] == "census"]
    assert counted.groupby(counted["unit"].str[:2])["year"].agg(set).to_dict() == held
    estimated = table[table["reference"] == "1-january"]
    assert set(estimated["year"]) == {2020}
    assert (estimated["persons"] % 100 == 0).all()
    towns = table.set_index(["town", "year"])["persons"]
    assert towns["Omsk", 2010] == 1_153_971
    assert towns["Petropavl", 1989] == 241_360
    assert towns["Omsk", 2020] == 1_154_500


def test_regional_quotas_of_2026_sum_to_the_country():
    quotas = data.load("published_points")
    quotas = quotas[(quotas["topic"] == "quota") & (quotas["year"] == 2026)]
    quotas = quotas[quotas["indicator"].isin(["quota-kandas", "quota-movers"])]
    country = quotas["unit"] == "KAZ"
    sums = quotas[~country].groupby("indicator")["value"].sum()
    assert sums.to_dict() == {"quota-kandas": 2281, "quota-movers": 5997}
    assert quotas[country].set_index("indicator")["value"].to_dict() == sums.to_dict()


def test_contradicting_pairs_are_noted_where_they_stand():
    points = data.load("published_points").set_index("id")
    mirror = data.load("migration_mirror").set_index(["reporter", "partner", "year", "direction"])["persons"]
    series = data.load("kz_external_migration").query("partner_group == 'total' and 2011 <= year <= 2015")
    sums = series.groupby("direction")["persons"].sum()
    for point, office in (
        ("exchange-02", mirror["KAZ", "RUS", 2022, "departures"]),
        ("exchange-04", mirror["KAZ", "RUS", 2022, "arrivals"]),
        ("emigration-03", sums["departures"]),
        ("emigration-05", sums["arrivals"]),
    ):
        assert points.loc[point, "value"] != office
        assert f"{office:,}" in points.loc[point, "note"]
    assert "45,287" in data.entry("kz_external_migration")["description"]


def test_the_two_figures_of_north_kazakhstan_name_each_other():
    points = data.load("published_points").set_index("id")
    assert points.loc["emigration-65", "value"] == 105_053
    assert points.loc["emigration-66", "value"] == 79_106
    assert "79,106" in points.loc["emigration-65", "note"]
    assert "105,053" in points.loc["emigration-66", "note"]


def test_the_register_no_longer_calls_unread_figures_unpublished():
    denied = ("be reached", "was found", "were found", "in reach", "is published:")
    for name, entry in data.register().items():
        told = entry["description"] + "".join(cut["note"] for cut in entry["breaks"])
        assert not [phrase for phrase in denied if phrase in told], name


def test_no_table_carries_a_licence_of_software_as_its_own():
    for name, entry in data.register().items():
        assert "MIT" not in {licence["name"] for licence in entry["licenses"]}, name
    assert {entry["name"] for entry in data.register().values() if _rests_on(entry, "rusfmd")} == {
        name
        for name, entry in data.register().items()
        if "rusfmd-agreement" in {licence["name"] for licence in entry["licenses"]}
    }


def _rests_on(entry, source):
    return source in {told.get("id") for told in entry["sources"]}


def test_crossings_lie_on_the_line_of_openstreetmap_and_say_so():
    for name in ("crossings", "boundaries-border", "boundaries-kazakhstan"):
        assert "ODbL-1.0" in {licence["name"] for licence in data.entry(name)["licenses"]}, name


def test_nothing_is_left_of_what_may_not_be_passed_on():
    for name in ("population", "age_structure"):
        assert "kz-census-2009" not in set(data.load(name)["source"])
    assert "linguistic_distance" not in data.load("dyads")
    # of RusFMD neither rates by age nor an indicator of its own
    carried = {name for name, entry in data.register().items() if _rests_on(entry, "rusfmd")}
    assert carried == {"population", "vital_events"}
    assert not {"age", "tfr"} & {column for name in carried for column in data.load(name)}
