"""Variants: what a scenario touches is evaluated anew, thresholds move, and closeness to one is seen."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from borderland.study import rules, scenarios, variants, wording

ROOT = Path(__file__).parents[3]

TEXT = """
claims:
  T1:
    source: someone2020
    wording: The gap is wide.
    test: Look at the gap.
    caution: None.
    statistics:
      demo.gap: {from: 02-demo, meaning: the gap}
      demo.share: {from: 02-demo, meaning: a share}
      other.n: {from: 03-other, meaning: units}
    rule:
      not_testable:
        - other.n < 4
      supported:
        - demo.gap > 2
        - demo.share >= 0.9
      not_supported:
        - demo.gap <= 1
"""
RECORDED = {"demo.gap": 3.0, "demo.share": 0.95, "other.n": 10}


@pytest.fixture
def claim():
    return rules.parse(TEXT)["T1"]


@pytest.fixture
def blocks(monkeypatch):
    """One block that follows a setting, one that follows none; a call of the latter fails."""

    def demo(width: float) -> dict[str, float]:
        return {"demo.gap": width, "demo.share": 0.95}

    def never(count: int) -> dict[str, int]:
        raise AssertionError("evaluated anew, and nothing it depends on was set")

    made = (scenarios.Block("02-demo", ("demo",), demo), scenarios.Block("03-other", ("other",), never))
    monkeypatch.setattr(scenarios, "BLOCKS", made)
    monkeypatch.setattr(scenarios, "DEFAULTS", {"02-demo": {"width": 3.0}, "03-other": {"count": 10}})
    return made


SCENARIOS = {
    "narrow": {"02-demo": {"width": 0.5}},
    "elsewhere": {"02-demo": {"unrelated": 1}, "03-other": {"unrelated": 1}},
}


def test_a_scenario_evaluates_what_it_touches_and_nothing_else(claim, blocks):
    declared = {"T1": claim}
    by_scenario = scenarios.evaluated(declared, RECORDED, SCENARIOS)
    assert by_scenario[wording.MAIN] == by_scenario["elsewhere"] == RECORDED
    assert by_scenario["narrow"] == RECORDED | {"demo.gap": 0.5}
    held = variants.verdicts(declared, by_scenario, SCENARIOS).set_index("variant")
    assert held["verdict"].to_dict() == {
        "main": "supported",
        "narrow": "not supported",
        "elsewhere": "supported",
        "thresholds 25 % lower": "supported",
        "thresholds 25 % higher": "mixed",  # the share asked for is one at most
    }
    assert held.index[held["changed"]].tolist() == ["narrow", "thresholds 25 % higher"]
    assert held.index[held["alike"]].tolist() == ["elsewhere"]
    summed = variants.summary(declared, by_scenario, held.reset_index())
    assert summed["changes"].tolist() == ["not supported: narrow; mixed: thresholds 25 % higher"]
    assert summed["tried"].tolist() == [3]
    found = variants.survival(held.reset_index(), summed)
    assert (found.variants, found.surviving, found.changing_names, found.hinging) == (4, 0, "T1", 0)


def test_a_statistic_without_a_block_is_refused(claim, monkeypatch):
    monkeypatch.setattr(scenarios, "BLOCKS", ())
    with pytest.raises(ValueError, match=r"no block of variants gives 'demo\.gap'"):
        scenarios.evaluated({"T1": claim}, RECORDED, {})


def test_a_block_that_leaves_out_a_statistic_is_refused(claim, monkeypatch):
    def part(width: float) -> dict[str, float]:
        return {"demo.gap": width}

    made = (scenarios.Block("02-demo", ("demo", "other"), part),)
    monkeypatch.setattr(scenarios, "BLOCKS", made)
    monkeypatch.setattr(scenarios, "DEFAULTS", {"02-demo": {"width": 3.0}})
    with pytest.raises(ValueError, match=r"no block of variants gives 'demo\.share'"):
        scenarios.evaluated({"T1": claim}, RECORDED, SCENARIOS)


@given(factor=st.sampled_from([0.75, 1.25]), value=st.floats(-5, 5))
def test_moved_thresholds_keep_the_two_sides_of_a_rule_apart(factor, value):
    moved = variants.moved(rules.parse(TEXT)["T1"], factor)
    assert rules.verdict(moved, RECORDED | {"demo.gap": value}) in rules.VERDICTS  # else it would raise


def test_words_truths_and_equalities_are_no_thresholds():
    text = TEXT.replace("demo.gap > 2", "demo.gap == 2").replace("demo.share >= 0.9", "demo.share == wide")
    claim = rules.parse(text)["T1"]
    assert variants.moved(claim, 1.25).supported == claim.supported


@pytest.mark.parametrize(("p", "close"), [(0.049, True), (0.051, True), (0.02, False), (0.2, False)])
def test_a_verdict_within_three_errors_of_its_simulation_is_marked(monkeypatch, p, close):
    # 1,999 draws leave a standard error of 0.005 at 0.05, so 0.035 to 0.065 is within three of them
    monkeypatch.setattr(variants, "_SIMULATED", {"demo.p": ("demo.draws", 1)})
    text = TEXT.replace("demo.share: {from", "demo.p: {from").replace("demo.share >= 0.9", "demo.p < 0.05")
    claim = rules.parse(text)["T1"]
    values = {"demo.gap": 3.0, "demo.p": p, "demo.draws": 1999, "other.n": 10}
    assert variants.hinges(claim, values) == (["demo.p"] if close else [])


def test_a_count_of_rounded_means_is_marked_where_rounding_would_turn_the_verdict(monkeypatch):
    monkeypatch.setattr(variants, "_ROUNDED", {"other.n": ("other.least", "other.most")})
    claim = rules.parse(TEXT)["T1"]
    assert variants.hinges(claim, RECORDED | {"other.n": 4, "other.least": 3, "other.most": 5}) == ["other.n"]
    assert variants.hinges(claim, RECORDED | {"other.n": 4, "other.least": 4, "other.most": 5}) == []


# --- the project's own scenarios ------------------------------------------------------------------------


def declared_parameters() -> dict[str, list[str]]:
    settings = yaml.safe_load((ROOT / "analysis/parameters.yml").read_text(encoding="utf-8"))
    return {name: list(block.get("parameters", {})) for name, block in settings["notebooks"].items()}


# Where a scenario leaves a parameter of the same name alone, and why.
LEFT_ALONE = {
    ("to-2021", "last_year"): {
        "02-population": "ends in 2021",
        "05-migration-exchange": "ends in 2019",
        "06-gravity": "ends in 2019",
        "08-specification-curve": "ends in 2019",
    },
    ("before-2011", "last_year"): {
        "02-population": "the rule of 2011 concerns arrivals from abroad",
        "04-language-policy": "laws, not arrivals",
        "05-migration-exchange": "shows the break of 2011 itself",
        "07-regions-and-distance": "the rule of 2011 concerns arrivals from abroad",
    },
    ("current-boundaries", "boundary"): {"05-migration-exchange": "in today's division already"},
    ("with-okrugs", "border_set"): {
        "03-ethnic-composition": "the census of 2021 is printed without the okrugs",
        "05-migration-exchange": "counts of points by region, none of an okrug",
    },
}


@pytest.mark.parametrize("scenario", scenarios.declared(ROOT / "analysis/parameters.yml"))
def test_a_scenario_reaches_every_notebook_with_a_parameter_of_its_meaning(scenario):
    setting = scenarios.declared(ROOT / "analysis/parameters.yml")[scenario]
    names = {name for given in setting.values() for name in given}
    for name in names:
        having = {notebook for notebook, known in declared_parameters().items() if name in known}
        reached = {notebook for notebook, given in setting.items() if name in given}
        excused = set(LEFT_ALONE.get((scenario, name), {}))
        assert having == reached | excused, name
        assert not reached & excused, name


def test_every_scenario_has_words_for_figures():
    assert set(scenarios.declared(ROOT / "analysis/parameters.yml")) <= set(variants.LABELS)


def test_every_claim_has_a_title_and_every_verdict_a_sign():
    assert set(rules.load(ROOT / "analysis/claims.yml")) == set(variants.TITLES)
    assert set(variants.SIGNS) == set(rules.VERDICTS)


@pytest.mark.parametrize("block", scenarios.BLOCKS, ids=lambda block: block.evaluate.__name__)
def test_settings_of_a_block_are_parameters_of_its_notebook(block):
    known = declared_parameters()[block.notebook]
    assert set(block.settings) <= set(known)


def test_a_scenario_that_sets_nothing_is_no_variant(tmp_path):
    path = tmp_path / "parameters.yml"
    path.write_text(
        "scenarios:\n  world: {only: [12-world]}\n  late: {set: {02-population: {last_year: 2019}}}\n"
    )
    assert scenarios.declared(path) == {"late": {"02-population": {"last_year": 2019}}}
