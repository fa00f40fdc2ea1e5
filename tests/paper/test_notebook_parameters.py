"""Parameters of the notebooks: a value other than the default changes what it must and nothing else.

The notebooks' cells run here as they stand, in this process; figures are made but not laid out or saved, and
once only from the same frames and words. A run gives every number, the frame of every table and the data
behind every figure.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import combinations, product
from pathlib import Path
from types import FunctionType

import joblib
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from borderland.charts import bars, coefficients, grids, lines, maps, points
from borderland.study import rules, scenarios
from borderland.tables import data
from paperbuild.kernel import calls
from paperbuild.project.layout import Project
from paperbuild.project.parameters import all_checked

ROOT = Path(__file__).parents[2]

# fewer draws than in the article, in both runs that are compared: here speed counts, not digits
QUICK = {
    "02-population": {"turn_draws": 199},
    "06-gravity": {"draws": 199, "dealt_draws": 39},
    "07-regions-and-distance": {"draws": 99},
    "08-specification-curve": {"permutations": 19},
}
CURVES = ("a3", "arrivals", "departures", "c2")
# notebook, parameters; results that must change; beginnings of the names of all others that may
CASES = [
    (
        "00-data",
        {"first_year": 2005},
        {"figure data-coverage", "data.coverage_first"},
        (),
    ),
    (
        "01-study-area",
        {"border_set": "without-samara", "boundary": "current-20"},
        {"area.rus_regions", "area.kaz_regions", "area.million_plus", "table border-length"},
        ("figure borderland-map",),
    ),
    # nothing of the Kazakh side alone, of the rest of Kazakhstan or of single regions
    (
        "02-population",
        {"border_set": "without-tyumen"},
        {"population.a9.regions", "population.a4.exceptions", "population.rus_side_last"},
        (
            *("figure ", "table ", "population.a", "population.c1.", "population.ratio_"),
            *("population.natural_rus_", "population.migration_rus_", "population.births_rus_"),
            *(
                "population.sigma_",
                "population.beta_",
                "population.between_",
                "population.within_",
                "population.turn",
            ),
            *("population.unemployment_rus_", "population.compared_from", "population.largest_"),
        ),
    ),
    # nothing of the Kazakh side alone, of the rest of Kazakhstan or of the centres' number
    (
        "02-population",
        {"border_set": "with-okrugs"},
        {"population.a4.gap", "population.a9.theil_change", "population.rus_side_last"},
        (
            *("figure ", "table ", "population.a", "population.c1.", "population.ratio_"),
            *("population.natural_rus_", "population.migration_rus_", "population.births_rus_"),
            *(
                "population.sigma_",
                "population.beta_",
                "population.between_",
                "population.within_",
                "population.turn",
            ),
            *("population.unemployment_", "population.compared_from", "population.largest_"),
        ),
    ),
    # nothing that shows the whole series or its end
    (
        "02-population",
        {"first_year": 2005, "natural_first": 2010, "natural_last": 2016},
        {"population.sigma_migration_first", "population.a4.gap", "population.c1.years"},
        (
            *("figure sigma-convergence", "table natural-increase-by-region", "table convergence-t"),
            *("figure overview", "population.between_migration_", "population.within_migration_"),
            *("population.sigma_migration_late_", "population.a9.theil_"),
            *(
                "population.a1.",
                "population.turns.",
                "population.a4.",
                "population.c1.",
                "population.ratio_first",
            ),
            *("population.a9.first_year", "population.a9.theil_first", "population.a9.theil_change"),
            *("population.a9.theil_between_change", "population.beta_", "population.between_natural_first"),
            *("population.sigma_natural_first", "population.sigma_natural_trend", "population.turn_"),
            *("population.sigma_migration_trend", "population.sigma_migration_late_"),
            *("population.sigma_unemployment_first", "population.sigma_product_first"),
        ),
    ),
    (
        "02-population",
        {"migration_last": 2021},
        {"table migration-by-region"},
        ("population.a9.",),
    ),
    (
        "03-ethnic-composition",
        {"boundary": "current-20"},
        {"composition.dissimilarity_border_high", "table composition-by-region"},
        ("figure regions-composition",),
    ),
    (
        "04-language-policy",
        {"first_year": 1995, "last_year": 2019},
        {"language.status_changes", "language.evidence_assumed", "figure language-status"},
        (
            "table language-changes",
            *("language.status_", "language.evidence_", "language.favoured_first"),
        ),
    ),
    # the regions of today and the constant ones cover the same land: their sums agree
    (
        "05-migration-exchange",
        {"boundary": "constant-16"},
        {"exchange.border_regions", "table regional-balance"},
        ("figure regional-balance", "exchange.border_losing", "exchange.regions_gaining"),
    ),
    (
        "05-migration-exchange",
        {"emigrants_last": 2021},
        {"table russian-emigrants", "exchange.a8.points", "exchange.a8.ratio_high"},
        ("exchange.a8.",),
    ),
    # nothing of the mirror statistics' years, of claims A5, A8, C6 or of the last year
    (
        "05-migration-exchange",
        {"balance_first": 2023, "first_year": 2000},
        {"exchange.border_all", "exchange.c3.net", "exchange.kaz_net_sum"},
        (
            *("figure mirror-statistics", "figure russia-partners", "figure regional-balance"),
            *("table regional-balance", "exchange.balance_first", "exchange.border_", "exchange.c3."),
            *("exchange.kaz_arrivals_first", "exchange.kaz_share_of_net"),
        ),
    ),
    # nothing that covers all measures of the flow
    (
        "06-gravity",
        {"states": "without-ukraine", "error_type": "robust", "outcome": "mig-rate"},
        {"gravity.russia.n", "gravity.a3.status", "gravity.a3.changing_origins", "gravity.network.official"},
        (
            *("figure gravity-status", "figure gravity-anchors", "table ", "gravity.russia.", "gravity.a3."),
            *("figure gravity-event-study", "gravity.events.", "gravity.stock."),
            *(f"gravity.{key}.{term}" for key in ("network", "wider") for term in ("spoken", "contiguous")),
            *(f"gravity.{key}.log_distance" for key in ("network", "wider")),
            *(f"gravity.{key}.official_{part}" for key in ("network", "wider") for part in ("p", "within")),
            *(f"gravity.{key}.official_{end}" for key in ("network", "wider") for end in ("low", "high")),
            *("gravity.wider.official", "gravity.network.official_significant"),
        ),
    ),
    (
        "06-gravity",
        {"reach": 3},
        {"figure gravity-event-study", "gravity.events.reach", "gravity.events.last"},
        ("gravity.events.",),
    ),
    (
        "07-regions-and-distance",
        {"convergence_last": 2021, "economic_union": 2014},
        {"table border-after", "table neighbour-pairs", "regions.neighbours.lowest"},
        ("regions.neighbours.",),
    ),
    (
        "07-regions-and-distance",
        {"district_set": "border-regions", "district_error": "robust"},
        {"regions.districts.n", "regions.c2.distance", "regions.a8.russian_share_p"},
        ("figure district-", "table district-", "regions.districts.", "regions.c2.", "regions.a8."),
    ),
    # errors change no estimate, and the bootstrap has its own
    (
        "07-regions-and-distance",
        {"panel_error": "driscoll-kraay", "russian_first_year": 2000},
        {"regions.a7.million", "regions.a7.million_p", "regions.kazakh.change_p"},
        (
            *("figure kazakh-distance-periods", "figure russian-periods", "table border-region-means"),
            *("regions.kazakh.change_without_capitals_p", "regions.kazakh.change_controlled_p"),
            *("regions.russian.n", "regions.a7.million", "regions.a7.border"),
        ),
    ),
    # nothing of the Kazakh side, of the years before 2003 or of the regions' centres before 2010
    (
        "02-population",
        {"russian_base": "before-2021-census"},
        {"population.migration_rus_2010s", "population.a9.gaining", "population.c5.omsk_net"},
        (
            *("figure ", "table ", "population.a", "population.c1.", "population.ratio_last"),
            *("population.natural_rus_", "population.migration_rus_", "population.births_rus_"),
            *(
                "population.sigma_",
                "population.beta_",
                "population.between_",
                "population.within_",
                "population.turn",
            ),
            *("population.unemployment_", "population.natural_low", "population.rus_side_last"),
        ),
    ),
    # neither districts nor Kazakh regions
    (
        "07-regions-and-distance",
        {"russian_base": "before-2021-census"},
        {"regions.a7.million", "regions.a7.border_other_mean", "regions.russian.n"},
        (
            *("figure russian-periods", "table border-region-means", "regions.russian.", "regions.a7."),
            *("table border-after", "table neighbour-pairs", "regions.neighbours."),
        ),
    ),
    (
        "07-regions-and-distance",
        {"border_set": "with-okrugs"},
        {"regions.russian.n", "regions.a7.border_other_mean", "regions.a7.million"},
        (
            *("figure russian-periods", "table border-region-means", "regions.russian.", "regions.a7."),
            *("table border-after", "table neighbour-pairs", "regions.neighbours."),
        ),
    ),
    # nothing of distance; the other direction's curve has the same sample
    (
        "08-specification-curve",
        {"states": "without-ukraine", "last_year": 2010},
        {"curve.arrivals.n", "curve.a3.median", "curve.departures.median"},
        (
            *("figure specification-status", "table specification-tests", "table specification-influence"),
            *("curve.a3.", "curve.arrivals.", "curve.departures."),
        ),
    ),
    # the two curves change places, in one figure with the same data
    (
        "08-specification-curve",
        {"direction": "departures"},
        {"curve.arrivals.median", "curve.departures.median", "table specification-tests"},
        (
            *("table specification-tests", "table specification-influence"),
            *("curve.flow", "curve.a3.main", "curve.arrivals.", "curve.departures."),
        ),
    ),
    (
        "08-specification-curve",
        {"permutations": 39, "level": 0.2},
        {"curve.permutations", "curve.a3.significant_share", "curve.c2.significant_share"},
        (
            *("figure ", "table specification-tests"),
            *(f"curve.{key}.{part}" for key in CURVES for part in ("significant_", "wild_")),
            "curve.p_error",
            *(f"curve.{key}.{test}_p" for key in CURVES for test in ("median", "share", "stouffer")),
        ),
    ),
    (
        "09-contacts",
        {"months": 6, "gap_days": 5},
        {"contacts.a6.episodes", "figure shopping-and-rate"},
        ("table shopping-episodes", "contacts.a6.matching", "contacts.a6.to_"),
    ),
    ("10-claims", {"shown": "contrary"}, {"table claims", "table claim-evidence"}, ()),
    (
        "10-claims",
        {"tested": "sokolov2023"},
        {"claims.tested.total", "claims.contrary.total"},
        ("claims.tested.", "claims.contrary."),
    ),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(Figure, "draw_without_rendering", lambda fig: None)
    monkeypatch.setattr(data, "load", lambda name: loaded(name).copy())
    for module in (bars, coefficients, grids, lines, maps, points):
        for name, chart in vars(module).items():
            if isinstance(chart, FunctionType) and hasattr(chart, "__wrapped__"):
                monkeypatch.setattr(module, name, drawn_once(chart))


loaded = cache(data.load)
DRAWN: set[str] = set()


def drawn_once(chart: Callable[..., Figure]) -> Callable[..., Figure | None]:
    """A chart that is not drawn again from what it was drawn from before: nothing here looks at it."""

    def drawn(*given: object, **more: object) -> Figure | None:
        what = joblib.hash((chart.__module__, chart.__name__, given, more))
        if what in DRAWN:
            return None
        fig = chart(*given, **more)
        DRAWN.add(what)
        return fig

    return drawn


@cache
def results(notebook: str, parameters: tuple[tuple[str, object], ...]) -> dict[str, object]:
    """Run a notebook's code cells with some parameters set; return what it records, by name."""
    cells = json.loads((ROOT / "analysis" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    found: dict[str, object] = {}
    namespace: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "number", lambda name, value, spec="": found.update({name: value}))
        patch.setattr(calls, "table", lambda name, frame, **_: found.update({f"table {name}": frame}))
        patch.setattr(calls, "figure", lambda name, fig, data: found.update({f"figure {name}": data}))
        patch.setattr(calls, "results", ones)
        for cell in (cell for cell in cells if cell["cell_type"] == "code"):
            exec(compile("".join(cell["source"]), f"{notebook} {cell['id']}", "exec"), namespace)
            if "parameters" in cell["metadata"].get("tags", []):
                namespace |= dict(parameters)
    return found


def ones(notebook: str) -> dict[str, float]:
    """Stand in for the numbers of another notebook: every statistic the claims rest on is one."""
    declared = rules.load().values()
    ruled = [rule for claim in declared for rule in (claim, claim.standing)]
    return {name: 1.0 for rule in ruled for name, s in rule.statistics.items() if s.notebook == notebook}


def equal(first: object, second: object) -> bool:
    """Whether two results agree; numbers to twelve digits, for the same sum may run in another order."""
    if isinstance(first, pd.DataFrame):
        try:
            pd.testing.assert_frame_equal(first, second, rtol=1e-12)
        except AssertionError:
            return False
        return True
    return first == (second if isinstance(second, str | bool) else pytest.approx(second, rel=1e-12))


def names(case: object) -> str | None:
    """Words of a case for the report of the tests."""
    return ", ".join(f"{key} {value}" for key, value in case.items()) if isinstance(case, Mapping) else None


# Both runs of the network models take minutes, so they are left to the slow tests.
PACED = [pytest.param(*case, marks=[pytest.mark.slow] if case[0] == "06-gravity" else []) for case in CASES]


@pytest.mark.parametrize(("notebook", "parameters", "changing", "reach"), PACED, ids=names)
def test_a_parameter_changes_what_it_must_and_nothing_else(notebook, parameters, changing, reach):
    quick = QUICK.get(notebook, {})
    usual, other = (results(notebook, tuple((quick | more).items())) for more in ({}, parameters))
    assert usual.keys() == other.keys()
    changed = {name for name in usual if not equal(usual[name], other[name])}
    assert changing - changed == set()
    assert {name for name in changed - changing if not name.startswith(reach)} == set()


def test_every_notebook_with_parameters_has_a_case():
    declared = yaml.safe_load((ROOT / "analysis" / "parameters.yml").read_text(encoding="utf-8"))
    having = {notebook for notebook, block in declared["notebooks"].items() if block.get("parameters")}
    assert {notebook for notebook, *_ in CASES} == having


# they change time and last digits, not what is computed
LEFT_OUT = {
    "draws",
    "dealt_draws",
    "permutations",
    "turn_draws",
    "jobs",
    "seed",
    "turn_seed",
    "segments_file",
}
SLOW = {"06-gravity", "07-regions-and-distance", "08-specification-curve"}


def values(declared: Mapping[str, object]) -> list[object]:
    """Choices of a parameter, or the low end, the middle and the high end of its range."""
    if "choices" in declared:
        return list(declared["choices"])
    low, high = declared.get("ge", declared.get("gt")), declared.get("le", declared.get("lt"))
    if "gt" in declared:  # open ends: just inside
        low, high = low + (high - low) / 100, high - (high - low) / 100
    middle = (low + high) // 2 if isinstance(low, int) else (low + high) / 2
    return [low, middle, high]


def range_runs() -> list[object]:
    """Parameters of the runs that take each notebook through its ranges.

    Quick notebooks run all low, all middle, all high, and on until each choice was run. Of the others, whose
    models cannot be told apart at several ends at once, each parameter passes through its range alone.
    """
    declared = yaml.safe_load((ROOT / "analysis" / "parameters.yml").read_text(encoding="utf-8"))
    runs = []
    for notebook, entry in declared["notebooks"].items():
        ranges = {
            name: values(of) for name, of in (entry.get("parameters") or {}).items() if name not in LEFT_OUT
        }
        if notebook in SLOW:
            alone = [{name: value} for name, among in ranges.items() for value in among]
            runs += [pytest.param(notebook, one) for one in alone]
        elif ranges:
            longest = max(map(len, ranges.values()))
            runs += [
                pytest.param(notebook, {name: among[run % len(among)] for name, among in ranges.items()})
                for run in range(longest)
            ]
    return runs


@pytest.mark.slow
@pytest.mark.parametrize(("notebook", "parameters"), range_runs(), ids=names)
def test_ends_and_middle_of_every_declared_range_run(notebook, parameters):
    found = results(notebook, tuple((QUICK.get(notebook, {}) | parameters).items()))
    assert [
        name for name, value in found.items() if isinstance(value, float) and not np.isfinite(value)
    ] == []


# what a notebook says where its models cannot be told apart, or where no year is left
REFUSED = r"collinear: \w+(, \w+)* cannot be told from|no '\w+' between \d+ and \d+"


def pairs_of_values() -> list[object]:
    """Runs of the slow notebooks in which any two values of any two parameters meet once at least."""
    declared = yaml.safe_load((ROOT / "analysis" / "parameters.yml").read_text(encoding="utf-8"))
    runs = []
    for notebook in sorted(SLOW):
        entry = declared["notebooks"][notebook]["parameters"]
        ranges = {name: values(of) for name, of in entry.items() if name not in LEFT_OUT}
        met: set[frozenset[tuple[str, object]]] = set()
        for (one, some), (other, more) in combinations(ranges.items(), 2):
            for value, second in product(some, more):
                if frozenset({(one, value), (other, second)}) in met:
                    continue
                run = {one: value, other: second}
                for name, among in ranges.items():  # of the rest, what meets most that have not met
                    if name not in run:
                        run[name] = max(
                            among,
                            key=lambda new: sum(
                                frozenset({(name, new), pair}) not in met for pair in run.items()
                            ),
                        )
                met |= {frozenset(pair) for pair in combinations(run.items(), 2)}
                runs.append(pytest.param(notebook, run))
    return runs


@pytest.mark.slow
@pytest.mark.parametrize(("notebook", "parameters"), pairs_of_values(), ids=names)
def test_any_two_values_of_two_parameters_run_together_or_are_refused_with_a_reason(notebook, parameters):
    try:
        found = results(notebook, tuple((QUICK.get(notebook, {}) | parameters).items()))
    except ValueError as error:
        if re.match(REFUSED, str(error)):
            return
        raise
    assert [
        name for name, value in found.items() if isinstance(value, float) and not np.isfinite(value)
    ] == []


def test_variants_depart_from_the_parameters_that_the_notebooks_declare():
    taken = {(block.notebook, name) for block in scenarios.BLOCKS for name in block.settings}
    declared = {
        (notebook, one.name): one.default
        for notebook, found in all_checked(Project(ROOT)).items()
        for one in found
        if (notebook, one.name) in taken
    }
    assert declared == {
        (notebook, name): value
        for notebook, found in scenarios.DEFAULTS.items()
        for name, value in found.items()
    }


def assert_recorded(block: scenarios.Block, given: Mapping[str, object]) -> None:
    """What the verdicts by variant compute is what the notebook records with the same parameters."""
    quick = QUICK.get(block.notebook, {})
    recorded = results(block.notebook, tuple((quick | given).items()))
    few = {name: value for name, value in quick.items() if name in block.settings}
    found = block.under(few | given)
    differing = {
        name: (value, recorded.get(name))
        for name, value in found.items()
        if not equal(recorded.get(name), value)
    }
    assert differing == {}


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, marks=[pytest.mark.slow] if block.notebook == "06-gravity" else [])
        for block in scenarios.BLOCKS
    ],
    ids=lambda block: block.evaluate.__name__,
)
def test_a_block_of_variants_gives_what_its_notebook_records(block):
    assert_recorded(block, {})


TOUCHED = [
    pytest.param(block, given, id=f"{scenario} {block.evaluate.__name__}")
    for scenario, setting in scenarios.declared(ROOT / "analysis/parameters.yml").items()
    for block, given in scenarios.touched(setting)
]


@pytest.mark.slow
@pytest.mark.parametrize(("block", "given"), TOUCHED)
def test_a_variant_is_what_its_notebook_records_in_that_scenario(block, given):
    assert_recorded(block, given)
