"""What the finder takes for a stated result: small copies of sentences, coded by hand, by what they state.

They are of the kinds in which two versions of one article, coded sentence by sentence, stated results; the
words of other authors are told apart, since a list fitted to one article says little about another.
"""

import pytest

from paperbuild.article.manuscript import Manuscript
from paperbuild.checks.words import unbound

STATED = {
    "direction": [
        "Deaths outnumbered births.",
        "Migration offset much of the loss.",
        "What narrowing there was came earlier.",
        "The sign changed again.",
        "The status did not change within the period.",
        "Germans sink to the bottom.",
        "It dips sharply in 2014.",
        "Its impact is diminishing.",
        "Inequality converges across countries.",
        "The share had a downward trend.",
        "The income ratio is positively related to moves.",
        "By then the outflow was over.",
    ],
    "rank": [
        "One region leads by a wide margin.",
        "Both extremes lie on one side.",
        "They go to the cheaper side.",
        "The gap is greater than that between the sides.",
        "The east is poorer than the west.",
        "It is fastest in the north.",
        "The contrast runs along the line as much as across it.",
        "The north lies far above both.",
    ],
    "how many": [
        "It lost people in each year.",
        "All points lie to the right of zero.",
        "Every bar crosses the line.",
        "At the border it does not stand everywhere.",
        "This country is not among them.",
        "Series are too few to tell.",
        "A good part of it is a gap between countries.",
        "A third of the regions are shrinking.",
        "Such a city is no guarantee.",
        "It is so on both sides.",
        "Few districts have a majority.",
        "The border leaves little trace.",
    ],
    "sameness": [
        "The two sides are unequal in size.",
        "Each side resembles its own country.",
        "Two other designs agree with that.",
        "The regions are not of one kind.",
        "Distance behaves as it does elsewhere.",
        "Patterns vary across groups.",
        "The same jump appears with each of the partners.",
        "Births make the difference.",
    ],
    "significance": [
        "Not even size can be told from chance.",
        "Its trace is not distinguishable from chance.",
        "Residuals cluster in space.",
        "The bars cross zero.",
        "Arrivals stay within the band of chance.",
        "There is evidence of divergence.",
        "The findings are robust to this choice.",
        "These data cannot isolate the effect.",
        "The power is low.",
    ],
}

NOT_STATED = [
    "Lower panel: tick marks by choice.",
    "Markers of different shapes over the years.",
    "The test finds an effect where there is none in five samples.",
    "It is a stage of a journey rather than its end.",
    "Net migration counts exchange with everywhere.",
    "This is so not least by definition.",
    "Circles for all regions, squares without the capitals.",
    "An account that ends earlier describes another regime.",
    "Under each figure stands the notebook that made it.",
]


@pytest.mark.parametrize(
    ("kind", "sentence"), [(kind, sentence) for kind, several in STATED.items() for sentence in several]
)
def test_a_stated_result_is_found_whatever_its_kind(kind, sentence):
    assert [one.sentence for one in unbound(Manuscript("paper.qmd", f"{sentence}\n"), "en")] == [sentence], (
        kind
    )


@pytest.mark.parametrize("sentence", NOT_STATED)
def test_what_describes_or_defines_is_let_pass(sentence):
    assert not unbound(Manuscript("paper.qmd", f"{sentence}\n"), "en")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ru", "Разрыв между сторонами сузился."),
        ("ru", "Прирост ниже, чем в остальной стране."),
        ("ru", "Ни в одном регионе доля не изменилась."),
        ("ru", "Влияние политики по этим данным определить нельзя."),
        ("ru", "Стороны мало отличаются друг от друга."),
        ("kk", "Өңірлердің барлығында үлес түсті."),
        ("kk", "Айырма бұрынғыдан аз."),
        ("kk", "Әсерін анықтау мүмкін емес."),
    ],
)
def test_other_languages_have_their_own_words(language, sentence):
    assert len(unbound(Manuscript("paper.qmd", f"{sentence}\n"), language)) == 1
