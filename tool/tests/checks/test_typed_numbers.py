"""The rule for numbers in prose: what is caught, what may stand."""

import pytest

from paperbuild.article.manuscript import Manuscript
from paperbuild.checks.typed_numbers import typed_numbers


def typed(text: str) -> list[str]:
    return [
        number.text for stretch in Manuscript("x.qmd", text).prose for number in typed_numbers(stretch.text)
    ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It fell by 3.5 per cent.", ["3.5"]),
        ("It fell by −1 234 persons and 5,678 others.", ["−1 234", "5,678"]),
        ("The elasticity is -0.71, with 14 clusters.", ["-0.71", "14"]),
        ("It is 1,000 per 1,500.", ["1,000", "1,500"]),
        ("A 12% share in a 3-year window.", ["12%", "3"]),
        ("## Three and 4 regions", ["4"]),
        ("- an item with 7 things", ["7"]),
        ("Население сократилось на 17,4 тыс. человек.", ["17,4"]),
        ("A sentence citing another [@smith2020]. But 78 is ours.", ["78"]),
        ("See @fig-map for 9 towns.", ["9"]),
        ("| a | 45 |\n|---|---|\n| b | 46 |", ["45", "46"]),
        ('![Caption with 3](figures/x){#fig-x fig-alt="A map\nof 19 regions"}', ["3", "19"]),
        ("Опрошено с 15 человек, примерно 16, главных 17, прим 18.", ["15", "16", "17", "18"]),
        ("Есть и с 19 по 21.", ["19", "21"]),
        ("Бұл бет 5, ол 6 бет, бап 7.", ["5", "6", "7"]),
        ("---\ntitle: On 12 things\nabstract: |\n  We find 5.\n---\nText.", ["12", "5"]),
    ],
)
def test_typed_numbers_are_found(text, numbers):
    assert sorted(typed(text)) == sorted(numbers)


@pytest.mark.parametrize(
    "text",
    [
        "From 1997 to 2019, in 1988/89, over 1997–2019 and in the 1990s, in the 19th century.",
        "On 1 January 2009, January 12, 2009, 1–3 March and 17 июля.",
        "See Section 3, Tables 4 and 5, Equation 2, step 3, Law No. 151-I, p. 12 and § 7.",
        "1. First\n2. Second\n\n(3) third",
        "См. с. 15, стр. 16, прим. 2, рис. 3 и 4, табл. 5, статья 6, главы 7 и 8.",
        "5-бет, 7-бапта, 3-сурет, сурет 4 және 5, б. 12.",
        "A note[^1] and another.[^n2]\n\n[^1]: What it says.",
        "COVID-19, A4, CO2, ISO 3166-2, EPSG 4326, CC BY 4.0 and SHA-256.",
        "It is {{< meta n.a.b >}} of {{< meta c.a.b >}} at `x[3]` and $y = 4$.\n\n$$z = 5$$",
        '```python\nx = 6\n```\n\n<!-- 7 -->\n\n<span data-x="8">word</span>',
        "A [link](https://example.org/9) and https://example.org/10 and doi: 10.1000/11.",
        "Others found 55 per cent [@smith2020, p. 7]. As @jones2019 [p. 8] puts it, 77 of 99.",
        "Births per 1,000 and per 10 000 people.",
        "На 1000 жителей, per 100 km.",
        "We draw [9,999 permutations]{.stated} and use [95 % intervals]{.stated}.",
        "![All](figures/x){#fig-x width=80%}",
        "---\ntitle: Words\nversion: 12\n---\nWords.",
    ],
)
def test_what_cannot_go_stale_may_stand(text):
    assert typed(text) == []


def test_the_line_is_that_of_the_number():
    text = "---\ntitle: x\n---\n\nFirst line\nsecond with 41 here.\n\n![c\nd 42](figures/x)\n"
    stretches = Manuscript("x.qmd", text).prose
    lines = {
        number.text: stretch.line + number.line
        for stretch in stretches
        for number in typed_numbers(stretch.text)
    }
    assert lines == {"41": 6, "42": 9}
