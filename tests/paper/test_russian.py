"""The Russian edition says of the data what their own tables say, and cites works in their own language."""

import re
from pathlib import Path

import pytest

from borderland.tables import data
from paperbuild.ground.located import load_yaml

ROOT = Path(__file__).parents[2]
PHRASES = load_yaml(ROOT / "analysis/phrases.ru.yml", "analysis/phrases.ru.yml")["phrases"]
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


def test_works_in_russian_are_cited_in_russian_and_are_the_same_works():
    """Two files describe the same works: keys, years, volumes and addresses are alike, letters are not."""
    entry = re.compile(r"^@\w+\{(?P<key>[^,]+),\n(?P<fields>.*?)^\}", re.MULTILINE | re.DOTALL)
    field = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", re.MULTILINE)
    english, russian = (
        {found["key"]: dict(field.findall(found["fields"])) for found in entry.finditer(text)}
        for text in ((ROOT / f"references.{code}.bib").read_text(encoding="utf-8") for code in ("en", "ru"))
    )
    alike = ("year", "volume", "number", "pages", "doi", "url")
    numbers = [
        {key: [fields.get(name) for name in alike] for key, fields in one.items()}
        for one in (english, russian)
    ]
    assert numbers[0] == numbers[1]
    for fields in russian.values():
        assert re.fullmatch(r"[^a-zA-Z]+", fields["author"].replace(" and ", " "))
        assert re.search("[а-я]", fields["title"])
        # By this the style tells them from descriptions in English.
        assert fields["entrysubtype"] == "magazine"
