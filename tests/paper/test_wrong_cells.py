"""Would a wrong cell of the article's data be seen, had someone accepted it?"""

from pathlib import Path

import pytest

from paperbuild.checks.mutate_tables import mutate_tables
from paperbuild.project import register

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_fewer_than_one_wrong_cell_in_ten_passes() -> None:
    found = mutate_tables(register.read(ROOT))
    assert found.sound, "\n".join(map(str, found.passed))


def test_every_table_says_how_many_rows_it_has() -> None:
    tables = [entry for entry in register.read(ROOT).resources.values() if entry.fields is not None]
    lacking = [
        entry.name
        for entry in tables
        if not any(one["check"] == "rows" for one in entry.raw.get("checks", []))
    ]
    assert lacking == []
