"""Parameters of the notebooks: a value other than the default changes what it must and nothing else.

The notebooks' cells run here as they stand, in this process; figures are made but not laid out or saved.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from paperbuild import artefacts

ROOT = Path(__file__).parents[2]

# notebook, parameters; numbers that must change, numbers that must not
CASES = [
    (
        "01-study-area",
        {"border_set": "without-samara", "boundary": "current-20"},
        {"area.rus_regions", "area.kaz_regions", "area.million_plus"},
        {"area.border_land_km", "area.longest_rus_km", "area.farthest_centre_km"},
    ),
    (
        "02-population",
        {"border_set": "without-tyumen"},
        {"population.a9.regions", "population.a4.exceptions", "population.rus_side_last"},
        {"population.c5.omsk_net", "population.kaz_side_last", "population.migration_kaz_2010s"},
    ),
    (
        "02-population",
        {"first_year": 2005, "natural_first": 2010, "natural_last": 2014},
        {"population.sigma_migration_first", "population.a4.gap", "population.c1.years"},
        {"population.sigma_natural_last", "population.regions_smaller", "population.c5.omsk_net"},
    ),
    (
        "03-ethnic-composition",
        {"boundary": "current-20"},
        {"composition.dissimilarity_border_high"},
        {"composition.a2.gap_change", "composition.dissimilarity_country", "composition.border_russian"},
    ),
    # the regions of today and the constant ones cover the same land: their sums agree
    (
        "05-migration-exchange",
        {"boundary": "constant-16"},
        {"exchange.border_regions"},
        {"exchange.border_all", "exchange.border_external", "exchange.c3.internal_share"},
    ),
    (
        "05-migration-exchange",
        {"balance_first": 2023, "first_year": 2000},
        {"exchange.border_all", "exchange.c3.net", "exchange.kaz_net_sum"},
        {"exchange.kaz_net_last", "exchange.c6.departures_ratio", "exchange.mirror_out_mean"},
    ),
    (
        "04-language-policy",
        {"first_year": 1995, "last_year": 2019},
        {"language.status_changes", "language.evidence_assumed"},
        {"language.a3.medium_change", "language.acts", "language.check_status_years"},
    ),
    (
        "06-gravity",
        {"states": "without-ukraine", "error_type": "robust", "outcome": "mig-rate", "draws": 199},
        {"gravity.russia.n", "gravity.a3.status", "gravity.a3.changing_origins", "gravity.network.official"},
        {"gravity.network.changing_pairs", "gravity.network.n", "gravity.network.distance_lowest"},
    ),
    (
        "07-regions-and-distance",
        {"district_set": "border-regions", "district_error": "robust"},
        {"regions.districts.n", "regions.c2.distance", "regions.a8.russian_share_p"},
        {"regions.a7.million", "regions.kazakh.change", "regions.kazakh.change_p_wild"},
    ),
    (
        "07-regions-and-distance",
        {"panel_error": "driscoll-kraay", "russian_first_year": 2000},
        {"regions.a7.million", "regions.a7.million_p", "regions.kazakh.change_p"},
        {"regions.a8.russian_share", "regions.kazakh.change", "regions.a7.border_million_losing"},
    ),
    (
        "08-specification-curve",
        {"permutations": 49, "level": 0.2},
        {"curve.permutations", "curve.a3.significant_share", "curve.c2.significant_share"},
        {"curve.a3.median", "curve.a3.n", "curve.c2.main_percentile"},
    ),
    (
        "09-contacts",
        {"months": 6, "gap_days": 5},
        {"contacts.a6.episodes"},
        {"contacts.a6.reports", "contacts.statements.n", "contacts.c4.tomsk_per_omsk"},
    ),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(artefacts, "figure", lambda name, fig, data: None)
    monkeypatch.setattr(Figure, "draw_without_rendering", lambda fig: None)


@cache
def numbers(notebook: str, parameters: tuple = ()) -> dict[str, object]:
    """Run a notebook's code cells with some parameters set; return the numbers it records."""
    cells = json.loads((ROOT / "analysis" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    recorded: dict[str, object] = {}
    namespace: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artefacts, "number", lambda name, value, spec: recorded.update({name: value}))
        patch.setattr(artefacts, "table", lambda name, frame, formats=None, align=None: None)
        for cell in (cell for cell in cells if cell["cell_type"] == "code"):
            exec(compile("".join(cell["source"]), f"{notebook} {cell['id']}", "exec"), namespace)
            if "parameters" in cell["metadata"].get("tags", []):
                namespace |= dict(parameters)
    return recorded


@pytest.mark.parametrize(("notebook", "parameters", "changing", "fixed"), CASES)
def test_a_parameter_changes_what_it_must_and_nothing_else(notebook, parameters, changing, fixed):
    usual, other = numbers(notebook), numbers(notebook, tuple(parameters.items()))
    assert usual.keys() == other.keys()
    assert {name for name in changing if other[name] == usual[name]} == set()
    for name in fixed:
        assert other[name] == pytest.approx(usual[name], rel=1e-12), name  # the same sum in another order
