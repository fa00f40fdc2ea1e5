"""The Russian edition says of the data what the data's own tables say."""

from pathlib import Path

import pytest

from borderland.tables import data
from paperbuild.ground.located import load_yaml

PHRASES = load_yaml(Path(__file__).parents[2] / "analysis/phrases.ru.yml", "analysis/phrases.ru.yml")[
    "phrases"
]
# Short for the full name of a state; cities that bear the name of their region; two regions together.
OTHERWISE = {"Russia", "Moscow", "Nizhny Novgorod", "East Kazakhstan with Abai"}
NAMES = [
    (short, full)
    for name, full in data.load("regions")[["name", "name_ru"]].drop_duplicates().itertuples(index=False)
    if (short := name.removesuffix(" Oblast")) in PHRASES and short not in OTHERWISE
]


@pytest.mark.parametrize(("name", "full"), NAMES)
def test_a_region_is_called_in_russian_as_in_the_table_of_regions(name, full):
    said = PHRASES[name]
    assert (said if isinstance(said, str) else said["is"]) in full


def test_most_regions_of_the_article_are_among_them():
    assert len(NAMES) > 35
