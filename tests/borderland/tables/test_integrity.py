"""The checks hold on the real tables, and notice what they are there to notice."""

import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland.tables import data, integrity

REAL = Path(__file__).parents[3] / "data"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A folder with the register and all tables, to be spoilt; the checks read there."""
    for file in (REAL / data.REGISTER, *REAL.glob("*.csv")):
        shutil.copy(file, tmp_path)
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def verdict(name):
    """Report row of the check whose name begins so."""
    there = [check for check in integrity.CHECKS if check.name.startswith(name)] or integrity.of_register()
    (check,) = [check for check in there if check.name.startswith(name)]
    return integrity.judge(check, check.run(data.load), integrity.exceptions())


def edit(folder, name, where, column, change):
    """Change one cell of a copied table; `where` is the beginning of its line."""
    file = folder / f"{name}.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    (line,) = [i for i, text in enumerate(lines) if text.startswith(where)]
    cells = lines[line].split(",")
    at = lines[0].split(",").index(column)
    cells[at] = str(change(int(cells[at])))
    lines[line] = ",".join(cells)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


# --- on the real tables ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def timed_report():
    start = time.process_time()  # not wall time: other work on the machine is none of the checks' business
    return integrity.run_all(), time.process_time() - start


@pytest.fixture(scope="module")
def report(timed_report):
    return timed_report[0]


def test_every_check_holds_on_the_committed_tables(report):
    failed = report[report["result"] == "fails"]
    assert failed.empty, failed[["check", "exceptions"]].to_string()
    assert (report["rows"] > 0).all(), "a check that compares nothing proves nothing"


def test_every_check_names_its_tables_and_its_reason(report):
    registered = set(data.register()) | {"all"}
    for check in (*integrity.CHECKS, *integrity.of_register()):
        assert set(check.tables) <= registered, check.name
        assert len(check.reason) > 30, check.name
    assert report["check"].is_unique


def test_every_sum_that_the_register_declares_is_reported():
    nameless = [
        name
        for name, about in data.register().items()
        for one in about.get("checks", [])
        if one["check"] == "balance" and not one.get("name")
    ]
    assert nameless == []


def test_every_known_exception_belongs_to_a_check_and_is_explained():
    known = integrity.exceptions()
    here = data.load(integrity.EXCEPTIONS)
    assert set(here["check"]) <= {check.name for check in integrity.CHECKS}
    assert len(known) > len(here) > 0
    assert (known["explanation"].str.len() > 20).all()


def test_all_checks_run_in_seconds(timed_report):
    # 1 s on the machine this was written on; ten is what the build promises.
    assert timed_report[1] < 10


# --- on spoilt tables -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "where", "column", "check", "case"),
    [
        ("population", "KZ-KUS,constant-16,2005,", "persons", "Kazakh regions sum to the country", "2005"),
        ("population", "KZ-10,current-20,2015,", "persons", "parts sum to constant units", "KZ-VOS 2015"),
        ("population", "RU-OMS,ru-subjects,2021,census", "persons", "Russian census counts sum", "2021"),
        ("vital_events", "KZ-SEV,constant-16,2010,", "births", "Kazakh regions sum to the country", "2010"),
        (
            "net_migration",
            "KZ-59,current-20,2023,internal",
            "persons",
            "arrivals minus departures equal",
            "KZ-59 2023",
        ),
        ("internal_migration", "KZ-59,current-20,2023", "arrivals", "internal migration cancels", "2023"),
        (
            "internal_migration",
            "KZ-59,current-20,2023",
            "arrivals",
            "arrivals minus departures equal",
            "KZ-59 2023",
        ),
        ("migration_partners", "KAZ,2015,arrivals", "persons", "migration partners sum", "arrivals 2015"),
        ("district_migration", "KZ591000,2024", "net", "districts sum to regions: migration", "KZ-59 2024"),
        (
            "district_ethnicity",
            "KZ591000,2025,russian",
            "persons",
            "districts sum to regions: mig",
            "KZ-SEV russian 2025",
        ),
        (
            "ethnicity_kz_regions",
            "KZ-SEV,constant-16,2025,kazakh",
            "persons",
            "ethnic groups sum",
            "kazakh 2025",
        ),
    ],
)
def test_one_person_too_many_is_found_where_it_stands(copy, table, where, column, check, case):
    edit(copy, table, where, column, lambda value: value + 1)
    row = verdict(check)
    assert row["result"] == "fails"
    assert f"{case}: UNEXPLAINED" in row["exceptions"]


@pytest.mark.parametrize(
    ("table", "where", "column", "change", "check"),
    [
        ("population", "KZ-KUS,constant-16,2015,", "persons", lambda v: v + 200, "population balance of Kaz"),
        (
            "population",
            "RU-OMS,ru-subjects,2005,annual",
            "persons",
            lambda v: v // 10,
            "no jump in population",
        ),
        (
            "vital_events",
            "RU-OMS,ru-subjects,2005",
            "deaths",
            lambda v: v * 10,
            "no jump in births and deaths",
        ),
        ("vital_events", "RU-OMS,ru-subjects,2005", "births", lambda v: v + 2000, "Russian subjects sum"),
        ("cities", "Omsk,RU-OMS,2010", "persons", lambda v: v * 2, "parts stay below totals"),
        (
            "russian_regions",
            "RU-OMS,ru-subjects,2010,net_migration_rate",
            "value",
            lambda v: v + 10,
            "population balance of Russian regions",
        ),
        (
            "population",
            "RU-OMS,ru-subjects,2020,annual-mean,after-2021-census",
            "persons",
            lambda v: v + 200,
            "recalculated figures",
        ),
        ("trips", "KAZ,to-russia,2014,12", "trips", lambda v: v + 10, "trips sum"),
        ("trips", "KAZ,to-russia,2015,3", "trips", lambda v: v + 2000, "trips do not fall"),
        (
            "kz_external_migration",
            "2015,arrivals,total",
            "persons",
            lambda v: v + 1,
            "arrivals minus departures of",
        ),
        ("towns", "Omsk,RU-OMS,ru-subjects,2010", "persons", lambda v: v + 5000, "towns agree"),
        (
            "student_numbers",
            "RU-YAN,ru-subjects,2017",
            "students",
            lambda v: v + 80,
            "students of the okrugs",
        ),
        (
            "district_ethnicity",
            "KZ591000,2024,kazakh",
            "persons",
            lambda v: v * 10,
            "parts stay below totals",
        ),
        (
            "district_population",
            "KZ591000,2023",
            "persons",
            lambda v: v - 2000,
            "districts sum to regions: pop",
        ),
        (
            "district_vital",
            "KZ591000,2023",
            "natural_increase",
            lambda v: -v,
            "districts sum to regions: nat",
        ),
    ],
)
def test_a_figure_out_of_bounds_is_found(copy, table, where, column, change, check):
    edit(copy, table, where, column, change)
    row = verdict(check)
    assert row["result"] == "fails"
    assert "UNEXPLAINED" in row["exceptions"]


def test_a_cell_copied_from_the_year_before_is_found(copy):
    deaths = data.load("vital_events").set_index(["unit", "year"])["deaths"]
    edit(copy, "vital_events", "RU-OMS,ru-subjects,2005", "deaths", lambda _: deaths["RU-OMS", 2004])
    row = verdict("no carried-over or interpolated cell")
    assert "deaths RU-OMS 2005: UNEXPLAINED" in row["exceptions"]


def test_interpolated_cells_are_found(copy):
    """Two years between two counts, filled on a straight line."""
    people = (
        data.load("population")
        .query("vintage == 'before-2021-census'")
        .set_index(["unit", "year"])["persons"]
    )
    start, end = people["RU-OMS", 2003], people["RU-OMS", 2006]
    step = (end - start) // 3
    for year in (2004, 2005, 2006):
        edit(copy, "population", f"RU-OMS,ru-subjects,{year},annual-mean", "persons",
             lambda _, year=year: start + step * (year - 2003))  # fmt: skip
    assert (
        "RU-OMS before-2021-census 2006: UNEXPLAINED"
        in verdict("no carried-over or interpolated cell")["exceptions"]
    )


def test_an_exception_that_no_longer_occurs_is_a_finding(copy):
    file = copy / "known_exceptions.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    gone = next(i for i, line in enumerate(lines) if "KZ-ALA 2013" in line)
    lines[gone] = lines[gone].replace("KZ-ALA 2013", "KZ-ALA 2012")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    row = verdict("population balance of Kazakhstan")
    assert row["result"] == "fails"
    assert "KZ-ALA 2013: UNEXPLAINED" in row["exceptions"]
    assert "KZ-ALA 2012: NO LONGER OCCURS" in row["exceptions"]


def test_an_exception_for_which_nothing_speaks_fails_its_check_by_itself(copy):
    name = "population balance of Kazakhstan"
    (check,) = [check for check in integrity.CHECKS if check.name.startswith(name)]
    file = copy / "known_exceptions.csv"
    head, *lines = file.read_text(encoding="utf-8").splitlines()
    lines.append(f"{check.name},KZ-ALA 1899,Nothing of this year is in the table.")
    file.write_text("\n".join([head, *sorted(lines)]) + "\n", encoding="utf-8")
    row = verdict(name)
    assert (row["result"], "UNEXPLAINED" in row["exceptions"]) == ("fails", False)
    assert "KZ-ALA 1899: NO LONGER OCCURS" in row["exceptions"]


# --- the pure parts -------------------------------------------------------------------------------

series = st.lists(st.integers(1000, 10**7), min_size=1, max_size=12).map(
    lambda values: pd.Series(
        values, index=pd.MultiIndex.from_product([["A"], range(2000, 2000 + len(values))])
    )
)


@given(series, st.integers(1, 1000))
@settings(max_examples=50, deadline=None)
def test_differences_are_found_beyond_the_bound_and_not_within(values, shift):
    assert integrity.differences(values, values).cases.empty
    assert integrity.differences(values + shift, values, absolute=shift).cases.empty
    found = integrity.differences(values + shift, values, absolute=shift - 1)
    assert len(found.cases) == found.compared == len(values)


@given(series)
@settings(max_examples=50, deadline=None)
def test_a_jump_is_the_same_up_and_down(values):
    up = integrity.jumps(values, 1.5).cases
    down = integrity.jumps((1e12 / values), 1.5).cases
    assert up["case"].to_list() == down["case"].to_list()
    assert integrity.jumps(values, 1e5).cases.empty


def test_a_jump_needs_consecutive_years_and_no_declared_break():
    values = pd.Series(
        {("A", 2000): 100.0, ("A", 2001): 300.0, ("A", 2003): 900.0, ("B", 2003): 5.0, ("B", 2004): np.nan}
    )
    assert integrity.jumps(values, 2).cases["case"].to_list() == ["A 2001"]
    assert integrity.jumps(values, 2, breaks=[2001]).cases.empty


@pytest.mark.parametrize(
    ("values", "cases"),
    [
        ([5000, 5000, 5100], ["A 2001"]),
        ([5000, 5100, 5200, 5300, 5450], ["A 2003"]),
        ([5000, 5100, 5200, 5310], []),  # three on a line happen by chance
        ([9, 9, 9, 9], []),  # small counts repeat by chance
        ([5000, np.nan, 5000], []),
        ([-5000, -5000], ["A 2001"]),
    ],
)
def test_filled_in_cells(values, cases):
    values = pd.Series(values, index=pd.MultiIndex.from_product([["A"], range(2000, 2000 + len(values))]))
    assert integrity.filled_in(values).cases["case"].to_list() == cases


def test_a_part_may_equal_its_whole_but_not_exceed_it():
    whole = pd.Series({"a": 10, "b": 10, "c": 10})
    outcome = integrity.exceeding(pd.Series({"a": 10, "b": 11, "d": 99}), whole)
    assert outcome.compared == 2
    assert outcome.cases.to_dict("records") == [{"case": "b", "found": 11.0, "expected": 10.0}]


# --- coverage -------------------------------------------------------------------------------------


def test_coverage_counts_the_units_of_each_table_and_year():
    table = integrity.coverage()
    assert (table["share"] > 0).all()
    assert (table["share"] <= 1).all()
    assert not table.duplicated(["table", "division", "year"]).any()
    known = table.set_index(["table", "division", "year"])
    assert known.loc[("population", "constant-16", 1991)].to_dict() == {"units": 16, "of": 16, "share": 1.0}
    assert known.loc[("net_migration", "current-20", 2024), "units"] == 20
    assert ("net_migration", "constant-16", 2012) not in known.index
    assert known.loc[("district_migration", "districts", 2023), "units"] == 220
