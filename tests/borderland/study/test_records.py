"""Records that the text quotes: each field by hand on small frames."""

import dataclasses
import importlib
import pkgutil

import numpy as np
import pandas as pd
import pytest

import borderland
from borderland.study import (
    alike,
    claims,
    composition,
    concentration,
    contacts,
    frame,
    language,
    migration,
    natural_increase,
    statements,
)

AREA = pd.DataFrame(
    {
        "name": ["West", "East", "City"],
        "country": ["KAZ", "RUS", "RUS"],
        "million_plus": [False, False, True],
    },
    index=["A", "B", "C"],
)


def test_losers_are_counted_among_regions_without_a_city_of_a_million():
    # equal sizes have an index of zero; A doubles, and with it the side that it is alone on
    persons = pd.DataFrame({"A": [10.0, 20.0], "B": [12.0, 10.0], "C": [11.0, 10.0]}, index=[2000, 2002])
    found = concentration.claim(pd.Series({"A": -1.0, "B": 2.0, "C": -3.0}), AREA, persons)
    assert (found.regions, found.losing_count, found.losing_share) == (2, 1, 0.5)
    assert (found.gaining, found.million_losing) == ("East", "City")
    assert (found.first_year, found.last_year) == (2000, 2002)
    assert found.theil_last == pytest.approx(0.5 * np.log(1.5) + 0.5 * np.log(0.75))
    assert found.theil_change == pytest.approx(found.theil_between_change + found.theil_within_change)
    assert found.theil_percent == pytest.approx(100 * (found.theil_last / found.theil_first - 1))
    # without A what is left becomes equal
    assert (found.theil_percent_low, found.theil_low_without) == (pytest.approx(-100), "West")


def test_kazakh_regions_as_counted_later_replace_those_of_the_last_year_alone():
    persons = pd.DataFrame({"A": [10, 20], "B": [12, 10], "C": [11, 10]}, index=[2000, 2002])
    population = pd.DataFrame(
        {
            "unit": ["A", "A", "A", "B"],
            "reference": ["1-january", "annual-mean", "1-january", "1-january"],
            "year": [2003, 2003, 2002, 2003],
            "persons": [10, 99, 77, 55],
        }
    )
    found = concentration.counted_later(persons, population, AREA)
    # three regions of ten each: nothing is left of the inequality of 2000
    assert (found.later_year, found.theil_percent_later) == (2003, pytest.approx(-100))
    assert persons.loc[2002, "A"] == 20, "what was given stays"


def test_a_clear_loss_is_larger_than_half_a_person_in_a_thousand():
    rows = pd.DataFrame(
        {
            "unit": ["B", "B", "C", "C"],
            "year": [2010, 2021, 2010, 2021],
            "migration_rate": [-9.0, -9, -0.9, 0.1],
        }
    )
    found = concentration.million_cities(rows, AREA)  # only C has such a city: its mean is -0.4
    assert (found.clearly_losing, found.clearly_losing_names) == (0, "none")
    found = concentration.million_cities(rows.assign(migration_rate=rows["migration_rate"] - 0.2), AREA)
    assert (found.clearly_losing, found.clearly_losing_names) == (1, "City")


def test_the_lowest_natural_increase_has_its_region_and_year():
    wide = pd.DataFrame({"A": [1.0, -4.0], "B": [0.0, -1.0], "KZ-SEV": [-2.0, np.nan]}, index=[2000, 2001])
    area = pd.concat([AREA, pd.DataFrame({"name": ["North"]}, index=["KZ-SEV"])])
    found = natural_increase.natural_low(wide, area)
    assert (found.natural_low, found.natural_low_region, found.natural_low_year) == (-4, "West", 2001)
    assert (found.north_kazakhstan_last, found.north_kazakhstan_last_year) == (-2, 2000)


def test_a_gap_that_grows_has_widened():
    held = pd.DataFrame(
        {"name": ["West", "East"], "country": ["KAZ", "RUS"], "sign_as_claimed": [True, False]}
    )
    over_time = held.assign(holds=[False, True])
    sides = pd.DataFrame(
        {
            "unit": ["Kazakh side", "Russian side"] * 2,
            "year": [2000, 2000, 2015, 2015],
            "natural_rate": [4.0, -1.0, 9.0, -2.0],
        }
    )
    found = natural_increase.claim(held, sides, 2000, 2015, 2019, over_time)
    assert (found.gap, found.gap_change) == (11, 6)
    assert (found.exceptions, found.exceptions_count, found.conforming_share) == ("East", 1, 0.5)
    assert (found.always_conforming, found.kaz_ever_negative_names) == (1, "West")


def test_share_of_kazakhstan_is_split_where_russia_changed_its_rule():
    def flows(net):
        frame = pd.DataFrame({"net": net}, index=[2009, 2010, 2011, 2012])
        return frame.assign(
            arrivals=[5.0, 6, 7, 8], departures=[1.0, 2, 3, 4], effectiveness=[10.0, 20, 30, 40]
        )

    exchanges = {"KAZ": flows([1.0, 1, 3, 3]), "UZB": flows([3.0, 3, 1, 1])}
    found = migration.partner_exchange(exchanges, ["KAZ", "UZB"])
    assert (found.kaz_share_of_net_before_2011, found.kaz_share_of_net_from_2011) == (25, 75)
    assert (found.partners, found.kaz_net_sum, found.kaz_share_of_net) == (2, 8, 50)
    assert (found.kaz_arrivals_2010, found.kaz_departures_2011, found.kaz_effectiveness_last) == (6, 3, 40)


def point(indicator: str, period: str, value: float, unit: str = "KAZ") -> dict[str, object]:
    return {"indicator": indicator, "period": period, "value": value, "unit": unit, "year": int(period[:4])}


def test_emigrants_are_held_against_the_last_count_before():
    points = pd.DataFrame(
        [
            point("departures-russians", "2011/2012", 90.0),
            point("departures-russians", "2022", 60.0),
            point("departures-russians", "2022-01/2022-06", 1.0),  # half a year has no count of all who left
            point("departures-russians-share", "2012-01/2012-07", 74.0),
            point("departures-russians-share", "2022", 99.0),  # its whole year has a count
            point("departures-russians-share", "2022", 67.0, unit="KZ-SEV"),
        ]
    )
    departures = pd.Series({2011: 50.0, 2012: 100.0, 2022: 80.0})
    series = migration.russian_emigrants(points, departures, pd.Series({2009: 20.0, 2021: 15.0}), 2023)
    assert series["period"].tolist() == ["2011–2012", "2012-01–2012-07", "2022"]
    assert series["emigrant_share"].tolist() == pytest.approx([60, 74, 75])
    assert series["population_year"].tolist() == [2009, 2009, 2021]
    found = migration.emigrants(series)
    assert (found.year, found.population_year, found.russian_ratio) == (2022, 2021, pytest.approx(5))
    # a period counts from the year in which it begins
    assert (found.points, found.first_year, found.ratio_low) == (3, 2011, pytest.approx(3))
    earlier = migration.russian_emigrants(points, departures, pd.Series({2009: 20.0, 2021: 15.0}), 2021)
    assert earlier["year"].tolist() == [2012, 2012]


def test_departures_of_the_north_bound_the_part_of_the_outside():
    points = pd.DataFrame(
        [
            point("departures", "2000/2021", 90.0, unit="KZ-SEV"),
            point("departures", "2000/2021", 900.0),
            point("departures-to-russia", "2000/2021", 60.0, unit="KZ-SEV"),
        ]
    )
    components = pd.DataFrame(
        {"unit": "KZ-SEV", "year": range(2000, 2022), "migration": [-6.0] * 8 + [np.nan] * 14}
    )
    components.loc[9:, "migration"] = -4.0
    found = migration.north_window(points, components)
    assert (found.net, found.years, found.years_without) == (-100, 21, "2008")
    assert (found.to_russia_ratio, found.abroad_ratio) == pytest.approx((0.6, 0.9))


def test_persons_settled_are_held_against_natural_change_by_size():
    points = pd.DataFrame(
        [
            point("kandas-under-northern-quota", "2020", 99.0, unit="A"),
            point("kandas-under-northern-quota", "2021", 30.0, unit="A"),
            point("kandas-under-northern-quota", "2021", 500.0, unit="KAZ"),
            point("compatriots-moved-to-region", "2019", 8.0, unit="B"),
            point("compatriots-moved-to-region", "2019", 70.0, unit="elsewhere"),
            point("compatriots-moved-to-russia", "2013", 1000.0, unit="RUS"),
            point("compatriots-moved-in-the-year", "2019", 110.0, unit="RUS"),
        ]
    )
    events = pd.DataFrame(
        {"unit": ["A", "B"], "year": [2021, 2019], "births": [200.0, 10.0], "deaths": [100.0, 50.0]}
    )
    regions = (
        AREA.rename_axis("unit")
        .reset_index()
        .assign(
            border=True,
            boundary=["constant-16", "ru-subjects", "ru-subjects"],
            centre="",
            centre_lat=0.0,
            centre_lon=0.0,
        )
    )
    found = migration.settlement(points, regions, "nineteen", events, AREA)
    assert (found.year, found.settled, found.kaz_ratio) == (2021, 30, pytest.approx(0.3))
    assert (found.rus_points, found.rus_regions_named, found.rus_natural) == (1, "East", -40)
    assert (found.rus_ratio, found.programme_year) == (pytest.approx(0.2), 110)


def test_departures_after_2022_are_held_against_those_before_the_epidemic():
    flows = pd.DataFrame(
        {"net": range(8), "departures": [10.0, 20, 30, 99, 99, 5, 5, 5]}, index=range(2017, 2025)
    )
    found = migration.turn_of_balance(flows)
    assert (found.net_last, found.departures_ratio) == (7, 0.25)


def test_balance_of_the_border_sums_the_border_alone():
    balance = pd.DataFrame(
        {"all": [-10.0, 4.0, 50.0], "internal": [-4.0, 5.0, 60.0], "external": [-6.0, -1.0, -10.0]},
        index=["A", "B", "Z"],
    ).assign(name=["West", "East", "Capital"])
    found = migration.border_balance(balance, AREA, 2022, 2024)
    assert (found.border_all, found.border_internal, found.border_external) == (-6, 1, -7)
    assert (found.border_regions, found.border_losing, found.border_losing_abroad) == (2, 1, 2)
    assert found.regions_gaining == "East and Capital"


def test_schools_rank_by_their_fall():
    schools = pd.DataFrame({1988: [50.0, 40.0, 10.0], 2019: [30.0, 10.0, 12.0]}, index=["KAZ", "UKR", "ARM"])
    found = language.russian_medium(schools, 2019, 1988)
    assert (found.states, found.falling, found.median_change, found.rank_of_kazakhstan) == (3, 2, -20, 2)
    assert language.kazakh_medium(schools, 2019, 1988).medium_change == -20


def test_episodes_are_counted_by_the_side_of_the_purchase():
    rushes = pd.DataFrame({"matches": [True, True, False, True], "bought_in": ["RUS", "RUS", "RUS", "KAZ"]})
    found = contacts.shopping_summary(rushes, pd.concat([rushes, rushes]))
    assert (found.episodes, found.reports, found.matching, found.matching_share) == (4, 8, 3, 0.75)
    assert (found.to_russia, found.to_kazakhstan) == (3, 1)


def test_dated_shares_name_the_regions_compared_and_those_without_a_pair():
    dated = pd.DataFrame({"unit": ["A", "A", "B"], "year": [1999, 2009, 2009], "share": [40.0, 30.0, 20.0]})
    found = composition.dated_summary(dated.assign(basis="census"), AREA["name"])
    assert (found.regions_compared, found.regions_falling_share) == (1, 1.0)
    assert (found.regions_named, found.regions_without) == ("West", "East")


@pytest.mark.parametrize(
    ("years", "bases", "over"),
    [
        ((1999, 2009), ("census", "census"), 0),
        ((2009, 2025), ("census", "register"), 1),
        ((2010, 2022), ("estimate", "estimate"), 0),  # carried forward from 2009 on both sides of 2021
        ((2022, 2025), ("estimate", "register"), 1),
        ((2021, 2025), ("census", "register"), 0),
    ],
)
def test_dates_on_either_side_of_the_recount_are_told(years, bases, over):
    dated = pd.DataFrame({"unit": "A", "year": years, "share": [40.0, 30.0], "basis": bases})
    assert composition.dated_summary(dated, AREA["name"]).regions_over_recount == over


def test_the_longest_border_is_found_on_either_side():
    lengths = pd.DataFrame(
        {
            "unit": ["KZ-1", "KZ-2", "RU-1"],
            "name": ["One Region", "Two Region", "Three Region"],
            "country": ["KAZ", "KAZ", "RUS"],
            "length_km": [30.0, 80.0, 110.0],
            "scaled_km": [27.0, 73.0, 100.0],
            "share": [0.27, 0.73, 1.0],
        }
    )
    found = frame.border_summary(lengths, pd.Series({"land": 100.0, "sea": 5.0}))
    assert (found.border_drawn_km, found.border_total_km) == (110, 105)
    assert found.border_drawn_excess == pytest.approx(10)
    assert (found.longest_kaz_km, found.longest_rus_share) == (73, 100)


def test_records_cannot_be_changed():
    names = [one.name for one in pkgutil.walk_packages(borderland.__path__, "borderland.")]
    things = {name: vars(importlib.import_module(name)).values() for name in names}
    records = {
        f"{name}.{thing.__name__}": thing.__dataclass_params__.frozen
        for name, found in things.items()
        for thing in found
        if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__ == name
    }
    assert "borderland.study.networks.NetworkSize" in records
    assert [name for name, frozen in records.items() if not frozen] == []


def test_statements_are_counted_by_direction():
    register = pd.DataFrame(
        {
            "direction": ["for", "for", "against", "mixed"],
            "source": ["p", "p", "q", "q"],
            "theme": ["a", "b", "c", "a"],
            "grade": ["C", "A", "A", "A"],
        }
    )
    found = statements.statements_summary(register)
    assert dataclasses.astuple(found) == (4, 2, 3, 2, 1, 1, 25)
    by_claim = pd.DataFrame({"for": [2], "against": [1], "mixed": [0]}, index=["A1"])
    assert statements.pointing(by_claim) == {"a1": statements.Pointing(2, 1)}


def test_verdicts_are_counted():
    verdicts = ["mixed", "mixed", "not testable here"]
    decided = pd.DataFrame(
        {"claim": ["A1", "A2", "A3"], "verdict": verdicts, "first": ["mixed", "mixed", "supported"]}
    )
    assert dataclasses.astuple(claims.counted(decided)) == (3, 0, 2, 0, 1)
    assert claims.verdict_names(decided)["a2.verdict"] == "mixed"
    assert claims.verdict_names(decided)["a3.first"] == "supported"


def growth_of(kazakh: list[float], russian: list[float]) -> pd.DataFrame:
    """Growth and natural increase of the sides, per 1,000, from 2000 on."""
    years = range(2000, 2000 + len(kazakh))
    parts = [
        pd.DataFrame({"unit": side, "year": years, "growth_rate": values, "natural_rate": values})
        for side, values in (("Kazakh side", kazakh), ("Russian side", russian))
    ]
    return pd.concat(parts, ignore_index=True)


def test_sides_in_step_are_compared_in_levels_and_in_changes():
    # a common rise with opposite years: levels agree, changes do not
    rise = np.arange(12) * 10.0
    wave = np.tile([2.0, -2.0], 6)
    found = alike.in_step(2000, 2011, growth_of(list(rise + wave), list(rise - wave)))
    assert found.synchrony == pytest.approx(1)
    assert found.changes < -0.8
    assert (found.years, found.changes_years) == (12, 11)
    assert found.growth_difference == pytest.approx(0)
    assert found.growth_difference_low == 0  # the sign of the difference is open


def test_a_difference_of_growth_has_no_sign():
    apart = growth_of([10.0, 12.0, 9.0, 11.0, 10.0, 12.0], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    swapped = apart.assign(
        unit=apart["unit"].map({"Kazakh side": "Russian side", "Russian side": "Kazakh side"})
    )
    one, other = (alike.in_step(2000, 2005, sides) for sides in (apart, swapped))
    assert one.growth_difference == pytest.approx(other.growth_difference)
    assert 0 < one.growth_difference_low < one.growth_difference < one.growth_difference_high
    assert one.growth_difference_low == pytest.approx(other.growth_difference_low)


def test_the_share_of_russians_is_taken_apart_as_far_as_figures_reach():
    # 40 of 100, then 30 of 120: from 40 to 25 per cent
    rows = [(2009, "russian", 40), (2009, "total", 100), (2021, "russian", 30), (2021, "total", 120)]
    census = pd.DataFrame(rows, columns=["year", "group", "persons"])
    points = pd.DataFrame(
        [
            point("departures-russians", "2011/2015", 10.0),
            point("arrivals-russians", "2011/2015", 5.0),
            point("departures-russians", "2016", 99.0),
        ]
    )
    found = composition.russian_share_parts(census, 30.0, points)
    assert (found.total, found.recount, found.before_recount) == pytest.approx((-15, -5, -10))
    assert found.fewer_russians + found.more_others == pytest.approx(found.total)
    # by hand: Russians 40 to 30 among 60 others, and among 90
    by_russians = ((30 / 90 - 40 / 100) + (30 / 120 - 40 / 130)) / 2
    assert found.fewer_russians == pytest.approx(100 * by_russians)
    assert (found.migration_persons, found.migration) == (-5, pytest.approx(100 * (35 / 95 - 0.4)))
    assert found.rest == pytest.approx(found.before_recount - found.migration)


def test_the_change_of_the_gap_is_a_range():
    # Russian side: 80 of 100 in 2010; in 2021 80 of 90 who stated, of 100 inhabitants. Kazakhstan 20 to 10,
    # carried forward 18
    counts = composition.RussianCounts(
        pd.DataFrame({"russian": [80.0], "stated": [100.0]}, index=["B"]),
        pd.DataFrame({"russian": [80.0], "stated": [90.0]}, index=["B"]),
        pd.Series({"B": 100.0}),
        pd.Series({"B": 10.0}),
    )
    shares = pd.DataFrame({"russian": [20.0, 10.0]}, index=[2009, 2021])
    found = composition.gap_of_sides(counts, shares, 18.0)
    assert found.gap_first == 60
    assert found.gap_change == pytest.approx(800 / 9 - 10 - 60)
    assert (found.gap_change_low, found.gap_low_before_recount) == pytest.approx((10, 2))
