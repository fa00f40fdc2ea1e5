"""The language of conditions: what can be said, what it means, what is refused."""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperbuild.article.conditions import Facts, evaluate, names
from paperbuild.ground.errors import PaperError

ROWS = "Region,Side,Mean\nOmsk,RUS,-4.4\nKurgan,RUS,-9.8\nAtyrau,KAZ,21.4\nAktobe,KAZ,\n"
FACTS = Facts(
    {"a.gap": 10.7, "a.change": -3.0, "a.count": 3, "a.name": "Omsk", "a.none": 0},
    {"tables/regions.csv": ROWS, "tables/named.csv": "name,label,artefact\na,1,x\nb,0,x\nc,0,y\n"}.get,
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a.gap > 0", True),
        ("a.gap > 0 and a.change > 0", False),
        ("a.change > 0 or not a.count == 4", True),
        ("-4 < a.change < 0 < a.gap", True),
        ("abs(a.change) == 3", True),
        ("a.gap - 2 * a.count", pytest.approx(4.7)),  # of decimal fractions
        ("a.name in ('Kurgan', 'Omsk')", True),
        ("'ms' in a.name", True),
        ("max(a.gap, a.change, 11)", 11),
        ('every(column("regions", "Mean", Side="RUS") < 0)', True),
        ('some(column("tables/regions", "Mean") > 30)', False),
        ('none(column("regions", "Mean") == 0)', True),
        ('count(column("regions", "Mean") < 0)', 2),
        ('largest("regions", "Mean", "Region")', "Atyrau"),
        ('smallest("regions", "Mean", "Region", Side="RUS") == "Kurgan"', True),
        ('sum(column("regions", "Mean", Side="KAZ"))', 21.4),
        ('every(column("regions", "Side") in ("RUS", "KAZ"))', True),
        ('none(column("regions", "Region", Side="KAZ") not in ("Atyrau", "Aktobe"))', True),
        ('largest("named", "label", "name", artefact="x")', "a"),  # columns may have any name
    ],
)
def test_an_expression_means_what_it_says(expression, value):
    assert evaluate(expression, FACTS) == value


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("a.gab > 0", "did you mean 'a.gap'"),
        ("a.gap >", "not a condition"),
        ("a.gap > 'x'", "cannot be evaluated"),
        ("a.gap / a.none > 1", "cannot be evaluated"),
        ("evry(a.gap)", "did you mean 'every'"),
        ("a.name.upper()", "no function"),
        ("__import__('os').system('true')", "no function"),
        ("[x for x in (1, 2)]", "cannot be said"),
        ("lambda: 1", "cannot be said"),
        ("a.gap if a.count else 0", "cannot be said"),
        ("2 ** 9 ** 9", "cannot be said"),
        ("a.gap is 3", "compare"),
        ('column("region", "Mean") > 0', "no table or figure"),
        ('every(column("regions", "Maen") > 0)', "did you mean 'Mean'"),
        ('max(column("regions", "Mean", Side="UKR"))', "no row with Side = UKR"),
        # Python takes a text or list for true and repeats a list: these would hold whatever the results are.
        ('column("regions", "Mean") > 0 and a.gap > 0', "neither true nor false"),
        ('not column("regions", "Mean") > 0', "neither true nor false"),
        ("a.gap < 0 or a.name", "neither true nor false"),
        ('every(column("regions", "Mean"))', "neither true nor false"),
        ("every(a.name)", "no column"),
        ('max(column("regions", "Mean") * 2) > 40', "no number to reckon with"),
        ("-(a.gap > 0) < 0", "no number to reckon with"),
        ('none(column("regions", "Mean") == column("regions", "Region"))', "left of a comparison"),
        ('a.name != column("regions", "Region")', "left of a comparison"),
        ('smallest("named", "label", "name")', "b and c share the min 0.0"),
    ],
)
def test_what_is_no_condition_is_refused_in_words(expression, told):
    with pytest.raises(PaperError) as caught:
        evaluate(expression, FACTS)
    assert told in str(caught.value)


def test_the_numbers_an_expression_names_are_known():
    assert names('a.gap > 0 and every(column("regions", "Mean", Side=a.name) < a.gap)') == ["a.gap", "a.name"]


@given(st.text(alphabet=string.printable, max_size=60))
def test_nothing_but_a_finding_comes_of_any_text(text):
    try:
        evaluate(text, FACTS)
    except PaperError:
        pass


numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(numbers, numbers, numbers)
def test_comparisons_agree_with_python(a, b, c):
    facts = Facts({"x.a": a, "x.b": b, "x.c": c})
    assert evaluate("x.a < x.b <= x.c or not x.a != x.c", facts) == (a < b <= c or not a != c)
    difference = evaluate("x.a - x.b", facts)
    assert difference == a - b or math.isnan(difference)
