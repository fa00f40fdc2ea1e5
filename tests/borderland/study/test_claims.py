"""Claims: rules are complete before results, verdicts follow them, and nothing missing passes silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland.study import claims, rules
from fuzz import WHOLE, feed

ROOT = Path(__file__).parents[3]

ONE = """
claims:
  T1:
    source: someone2020
    wording: The gap is wide.
    test: Look at the gap.
    caution: None.
    statistics:
      demo.gap: {from: 02-population, meaning: the gap}
      demo.n: {from: 02-population, meaning: units}
      demo.word: {from: 03-other, meaning: a word}
    rule:
      not_testable:
        - demo.n < 4
      supported:
        - demo.gap >= 2.5
        - any:
            - demo.word == wide
            - demo.gap > 100
      not_supported:
        - demo.gap < 1
"""
VALUES = {"demo.gap": 3.0, "demo.n": 10, "demo.word": "wide"}


@pytest.fixture
def claim() -> rules.Claim:
    return rules.parse(ONE)["T1"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "supported"),
        ({"demo.gap": 2.5}, "supported"),
        ({"demo.gap": 2.49}, "mixed"),
        ({"demo.gap": 0.99}, "not supported"),
        ({"demo.word": "narrow"}, "mixed"),
        ({"demo.word": "narrow", "demo.gap": 101.0}, "supported"),
        ({"demo.n": 3}, "not testable here"),
    ],
)
def test_verdict_follows_the_rule(claim, change, expected):
    assert rules.verdict(claim, VALUES | change) == expected


@given(gap=st.floats(-1e6, 1e6), n=st.integers(0, 100), word=st.sampled_from(["wide", "narrow"]))
@settings(max_examples=60)
def test_verdict_changes_exactly_where_the_statistic_crosses_its_threshold(gap, n, word):
    found = rules.verdict(rules.parse(ONE)["T1"], {"demo.gap": gap, "demo.n": n, "demo.word": word})
    if n < 4:
        assert found == rules.NOT_TESTABLE
    elif gap >= 2.5 and (word == "wide" or gap > 100):
        assert found == rules.SUPPORTED
    else:
        assert found == (rules.NOT_SUPPORTED if gap < 1 else rules.MIXED)


def test_an_unrecorded_statistic_is_named_with_what_is_close(claim):
    recorded = {"demo.gaps": 1.0, "demo.n": 10, "demo.word": "wide"}
    with pytest.raises(rules.ClaimError, match=r"'demo\.gap' is not recorded; did you mean 'demo\.gaps'\?"):
        rules.verdict(claim, recorded)


def test_a_statistic_is_missed_even_where_the_verdict_would_not_need_it(claim):
    with pytest.raises(rules.ClaimError, match=r"demo\.word"):
        rules.verdict(claim, {"demo.gap": 0.0, "demo.n": 1})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_statistic_that_is_not_finite_decides_nothing(claim, value):
    with pytest.raises(rules.ClaimError, match="finite"):
        rules.verdict(claim, VALUES | {"demo.gap": value})


def test_numbers_and_words_are_not_compared(claim):
    with pytest.raises(rules.ClaimError, match="not comparable"):
        rules.verdict(claim, VALUES | {"demo.gap": "3"})


def test_a_rule_that_says_both_is_an_error():
    both = rules.parse(ONE.replace("demo.gap < 1", "demo.gap < 4"))["T1"]
    with pytest.raises(rules.ClaimError, match="at once"):
        rules.verdict(both, VALUES)


def test_a_reason_makes_a_claim_not_testable_without_statistics():
    head = ONE.split("    statistics:")[0]
    one = rules.parse(head + "    rule:\n      not_testable: no series is published\n")["T1"]
    assert rules.verdict(one, {}) == rules.NOT_TESTABLE
    assert list(one.conditions()) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("      not_supported:\n        - demo.gap < 1\n", "", 13, "has no 'not_supported'"),
        ("    test: Look at the gap.\n", "", 4, "has no 'test'"),
        ("wording:", "wordings:", 5, "unknown key 'wordings'; did you mean 'wording'?"),
        ("demo.gap < 1", "demo.gap =< 1", 21, "'demo.gap =< 1' is no condition"),
        (
            "demo.gap < 1",
            "demo.gpa < 1",
            4,
            "uses 'demo.gpa', not among its statistics; did you mean 'demo.gap'",
        ),
        ("demo.gap < 1", "demo.gap < [1]", 21, "neither number, word nor true/false"),
        ("any:", "some:", 17, "unknown key 'some'"),
        ("meaning: units", "meaning: ''", 10, "meaning of demo.n is empty"),
        ("      demo.n: {", "      demo.gap: {", 10, "twice"),
        ("  T1:", "  - T1:", 3, "claims is not a mapping"),
        ("    rule:\n", "    rule: [\n", 14, "not readable as YAML"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(old, new, line, said):
    assert old in ONE
    with pytest.raises(rules.ClaimError) as refusal:
        rules.parse(ONE.replace(old, new))
    assert said in str(refusal.value)
    places = [int(found.split(":")[1]) for found in str(refusal.value).splitlines()]
    assert any(
        abs(place - line) <= 1 for place in places
    )  # YAML marks a block at its first key, a line below


@pytest.mark.parametrize("text", ["", "claims:\n", "claims: {}\n", "other: 1\n"])
def test_a_file_without_claims_is_refused(text):
    with pytest.raises(rules.ClaimError):
        rules.parse(text)


def test_evidence_says_of_each_statistic_what_was_asked_and_found(claim):
    rows = claims.evidence({"T1": claim}, VALUES).set_index("statistic")
    assert rows["found"].tolist() == [3.0, 10, "wide"]
    assert isinstance(rows.loc["demo.n", "found"], int)  # a count must not print as 10.0
    assert rows[rules.SUPPORTED].tolist() == [
        "at least 2.5: met; above 100 (one of several): not met",
        "",
        "equal to wide (one of several): met",
    ]
    assert rows[rules.NOT_SUPPORTED].tolist() == ["below 1: not met", "", ""]
    assert rows[rules.NOT_TESTABLE].tolist() == ["", "below 4: not met", ""]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (648, "648"),
        (0.0412, "0.041"),
        (-2.345, "−2.34"),
        (5213.4, "5,213"),
        (1e-4, "< 0.001"),
        (0.0, "0.000"),
    ],
)
def test_found_values_are_shown_with_a_true_minus(value, text):
    assert claims.shown(value) == text


def test_a_threshold_below_zero_is_written_with_a_true_minus():
    assert rules.Condition("a.change", "<=", -1).threshold == "at most −1"


def test_verdicts_are_counted_by_identifier(claim):
    decided = claims.verdicts({"T1": claim}, VALUES)
    assert claims.with_verdict(decided, "supported") == ["T1"]
    assert claims.with_verdict(decided, "mixed") == []
    with pytest.raises(ValueError, match="expected one of supported"):
        claims.with_verdict(decided, "true")


AMENDED = (
    ONE
    + """    amendment:
      date: 2026-11-25
      known: Everything.
      reason: The gap was too small to matter.
      test: Look at a larger gap.
      statistics:
        demo.gap: {from: 02-population, meaning: the gap}
      rule:
        supported:
          - demo.gap >= 5
        not_supported:
          - demo.gap < 5
"""
)


def test_an_amended_rule_stands_and_the_first_keeps_its_verdict():
    declared = rules.parse(AMENDED)
    decided = claims.verdicts(declared, VALUES)
    assert decided[["verdict", "first", "amended"]].iloc[0].tolist() == [
        "not supported",
        "supported",
        "2026-11-25",
    ]
    assert claims.verdict_names(decided) == {"t1.verdict": "not supported", "t1.first": "supported"}
    both = claims.amendments(declared, decided)
    assert both[["changed", "before", "verdict"]].iloc[0].tolist() == ["rule", "supported", "not supported"]
    rows = claims.evidence(declared, VALUES)
    assert rows["rule"].tolist() == ["first"] * 3 + ["amended 2026-11-25"]


def test_without_amendment_the_first_rule_stands(claim):
    assert claim.standing is claim
    decided = claims.verdicts({"T1": claim}, VALUES)
    assert decided["verdict"].equals(decided["first"])
    assert claims.amendments({"T1": claim}, decided).empty


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("date: 2026-11-25", "date: November", "expected YYYY-MM-DD"),
        ("      reason: The gap was too small to matter.\n", "", "has no 'reason'"),
        ("demo.gap >= 5", "demo.gapp >= 5", "uses 'demo.gapp', not among its statistics"),
    ],
)
def test_an_incomplete_amendment_is_refused(old, new, said):
    with pytest.raises(rules.ClaimError, match=said):
        rules.parse(AMENDED.replace(old, new))


CHANGED = (
    AMENDED
    + """    data_change:
      date: 2026-11-24
      change: A longer series.
      before: mixed
"""
)


def test_a_change_of_data_is_told_beside_that_of_the_rule():
    declared = rules.parse(CHANGED)
    both = claims.amendments(declared, claims.verdicts(declared, VALUES))
    assert both[["date", "changed", "before", "verdict"]].to_numpy().tolist() == [
        ["2026-11-24", "data", "mixed", "supported"],
        ["2026-11-25", "rule", "supported", "not supported"],
    ]
    counted = claims.rules_counted(declared)
    assert (counted.amended, counted.data_changed, counted.conditions, counted.statistics) == (1, 1, 2, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("before: mixed", "before: unclear", "before of the data change of claim T1 is 'unclear'"),
        ("date: 2026-11-24", "date: today", "expected YYYY-MM-DD"),
        ("      change: A longer series.\n", "", "has no 'change'"),
    ],
)
def test_an_incomplete_change_of_data_is_refused(old, new, said):
    with pytest.raises(rules.ClaimError, match=said):
        rules.parse(CHANGED.replace(old, new))


TESTED = ONE.replace("meaning: the gap}", "meaning: p of the gap, p_value: true}") + ONE.replace(
    "\nclaims:\n  T1:", "  T2:"
).replace("demo.", "other.").replace("meaning: units}", "meaning: p of units, p_value: true}")


def test_p_values_are_adjusted_over_all_claims():
    # two tests: the smaller p is doubled, the larger stays (Holm 1979)
    declared = rules.parse(TESTED)
    values = VALUES | {"demo.gap": 0.03, "other.gap": 3.0, "other.n": 0.04, "other.word": "wide"}
    found = claims.adjusted(declared, values)
    assert found.to_dict() == pytest.approx({"demo.gap": 0.06, "other.n": 0.06})
    assert claims.tests_counted(declared, values) == claims.Tests(number=2, below=2, below_adjusted=0)
    named = claims.adjusted_names(declared, values)
    assert named["t2.n"].adjusted == pytest.approx(0.06)
    rows = claims.evidence(declared, values).set_index("statistic")["adjusted"]
    assert rows["demo.gap"] == pytest.approx(0.06)
    assert rows[["demo.n", "other.gap"]].isna().all()


def test_p_values_of_a_superseded_rule_are_not_counted():
    first = AMENDED.replace(
        "demo.n: {from: 02-population, meaning: units}",
        "demo.n: {from: 02-population, meaning: units, p_value: true}",
    )
    assert claims.adjusted(rules.parse(first), VALUES).empty


def test_a_p_value_is_marked_by_true_alone():
    with pytest.raises(rules.ClaimError, match=r"p_value of demo\.gap is 'maybe'; expected true"):
        rules.parse(ONE.replace("meaning: the gap}", "meaning: the gap, p_value: maybe}"))


def test_claims_are_chosen_by_source(claim):
    decided = claims.verdicts({"T1": claim, "T2": claim}, VALUES).assign(source=["someone2020", "other"])
    kept = {which: len(claims.verdict_rows(decided, "someone2020", which)) for which in claims.SHOWN}
    assert kept == {"all": 2, "tested": 1, "contrary": 1}
    rows = claims.evidence_rows(claims.evidence({"T1": claim}, VALUES), decided)
    assert rows["found"].tolist() == ["3", "10", "wide"]
    with pytest.raises(ValueError, match="expected one of all, tested, contrary"):
        claims.verdict_rows(decided, "someone2020", "none")


def test_all_notebooks_results_are_gathered(claim):
    results = {"02-population": {"demo.gap": 3.0, "demo.n": 10}, "03-other": {"demo.word": "wide"}}
    assert rules.gathered({"T1": claim}, results.__getitem__) == VALUES


@pytest.fixture(scope="module")
def ours() -> dict[str, rules.Claim]:
    """Return the claims of this article."""
    return rules.load(ROOT / rules.FILE)


class TestProject:
    """The claims of this article."""

    def test_all_nine_claims_of_the_article_under_test_are_there_and_contrary_findings_too(self, ours):
        assert {f"A{i}" for i in range(1, 10)} <= set(ours)
        contrary = [one for one in ours.values() if one.source != "karpenko2022"]
        assert len(contrary) >= 4  # the four that the analysis plan names

    def test_each_source_is_in_the_bibliography(self, ours):
        bibliography = "".join(one.read_text(encoding="utf-8") for one in ROOT.glob("references*.bib"))
        assert [one.source for one in ours.values() if f"{{{one.source}," not in bibliography] == []

    def test_no_rule_can_say_both(self, ours):
        """Every possible combination of values just below, at and above the thresholds gives one verdict."""
        for one in [rule for claim in ours.values() for rule in (claim, claim.standing)]:
            thresholds: dict[str, set] = {name: set() for name in one.statistics}
            for _, condition, _ in one.conditions():
                step = 1e-6 if isinstance(condition.value, int | float) else None
                assert step is not None, "a rule on words needs its own test"
                thresholds[condition.statistic] |= {
                    condition.value - step,
                    condition.value,
                    condition.value + step,
                }
            lower = [name for name in one.statistics if name.endswith("_low")]
            ends = [(name, name.removesuffix("low") + "high") for name in lower]
            ends = [(low, high) for low, high in ends if high in one.statistics]
            for low, high in ends:
                thresholds[low] = thresholds[high] = thresholds[low] | thresholds[high]
            grids = [(name, sorted(values) or [0.0]) for name, values in thresholds.items()]
            cases = [{}]
            for name, values in grids:
                cases = [case | {name: value} for case in cases for value in values]
            # no interval, and no range, has its lower end above the upper
            cases = [case for case in cases if all(case[low] <= case[high] for low, high in ends)]
            assert {rules.verdict(one, case) for case in cases} >= {rules.SUPPORTED, rules.NOT_SUPPORTED}

    def test_every_statistic_is_recorded_by_the_notebook_it_names(self, ours):
        manifest = json.loads((ROOT / "figures" / "manifest.json").read_text(encoding="utf-8"))
        recorded = {name: number["notebook"] for name, number in manifest["numbers"].items()}
        ruled = [rule for claim in ours.values() for rule in (claim, claim.standing)]
        wanted = {s.name: s.notebook for one in ruled for s in one.statistics.values()}
        assert {name: recorded.get(name) for name in wanted} == wanted

    def test_the_recorded_verdicts_are_those_of_the_rules(self, ours):
        manifest = json.loads((ROOT / "figures" / "manifest.json").read_text(encoding="utf-8"))
        recorded = {name: number["value"] for name, number in manifest["numbers"].items()}
        for name, one in ours.items():
            assert recorded[f"claims.{name.lower()}.verdict"] == rules.verdict(one.standing, recorded)
            assert recorded[f"claims.{name.lower()}.first"] == rules.verdict(one, recorded)


def test_a_damaged_file_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "claims.yml"

    def read(content: bytes) -> bool:
        path.write_bytes(content)
        try:
            rules.load(path)
        except rules.ClaimError:
            return True
        return False

    feed("claims", ONE.encode(), read, -(-WHOLE // 25))
