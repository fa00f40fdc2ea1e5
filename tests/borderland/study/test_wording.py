"""Wording of numbers and columns."""

import pandas as pd
import pytest

from borderland.study import sources, wording


def test_negative_numbers_carry_a_real_minus_and_missing_ones_a_dash():
    assert wording.plain(-1.25, ".1f") == "−1.2"
    assert wording.plain(float("nan"), ".1f") == "–"


def test_intervals_stay_readable_when_negative():
    assert wording.interval(pd.Series([-0.3]), pd.Series([-0.1]), ".1f").tolist() == ["−0.3 to −0.1"]


def test_counts_out_of_counts():
    found = wording.out_of(pd.Series([3.0, float("nan")]), pd.Series([17.0, 17.0]))
    assert found.tolist() == ["3 of 17", "–"]


@pytest.mark.parametrize(
    ("names", "text"),
    [([], "none"), (["A"], "A"), (["A", "B*"], "A and B"), (["A", "B", "C"], "A, B and C")],
)
def test_lists_read_as_in_a_sentence(names, text):
    assert wording.listed(names) == text


def test_printed_columns_come_in_order_and_missing_ones_are_named():
    frame = pd.DataFrame({"b": [1], "a": [2]}, index=["x"])
    printed = wording.printed(frame, {"a": "Second", "b": "First"})
    assert printed.columns.tolist() == ["Second", "First"]
    assert printed.index.tolist() == [0]
    with pytest.raises(ValueError, match="no column c"):
        wording.printed(frame, {"c": "Third"})


def test_coverage_names_a_division_only_where_there_are_several():
    coverage = pd.DataFrame(
        {
            "table": ["p_r", "p_r", "q"],
            "division": ["x", "country", "x"],
            "year": [2001, 2003, 2001],
            "share": [1.0, 0.5, 1.0],
        }
    )
    matrix = sources.coverage_rows(coverage, 2000)
    assert matrix.index.tolist() == ["p r · whole countries", "p r · x", "q"]
    assert matrix.columns.tolist() == [2000, 2001, 2002, 2003]
    assert matrix.loc["p r · whole countries"].tolist() == [0, 0, 0, 0.5]
    register = {"p_r": {"grade": "B"}, "q": {"grade": "C"}}
    assert sources.coverage_grades(coverage, register) == {
        "p r · x": "B",
        "p r · whole countries": "B",
        "q": "C",
    }
