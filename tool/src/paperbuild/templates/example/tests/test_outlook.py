"""Doubling times against a case that can be worked by hand."""

import pytest

from study import outlook


def test_a_hundred_per_cent_a_year_doubles_in_a_year():
    assert outlook.doubling_years(100) == pytest.approx(1)


def test_what_does_not_grow_never_doubles():
    with pytest.raises(ValueError, match="never doubles"):
        outlook.doubling_years(0)
