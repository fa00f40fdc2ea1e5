"""The model of the world against pyfixest and a fit with dummy variables; its data are made up here."""

import hashlib
import json
from itertools import product

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
import statsmodels.formula.api as smf
from statsmodels.api import families

from borderland.methods.covariance import cluster_covariance, estimates
from borderland.study import world
from borderland.tables import data

COUNTRIES = ["TMP", *(f"C{n:02d}" for n in range(13))]
PERIODS = range(1990, 2020, 5)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Flows of all measures that hang on distance and languages by known effects, with zeros."""
    draw = np.random.default_rng(5)
    pairs = pd.DataFrame(list(product(COUNTRIES, COUNTRIES)), columns=["orig", "dest"])
    distances = pairs.assign(
        dist=draw.uniform(200, 9000, len(pairs)),
        distw=[f"{km:.1f}" if km > 900 else "." for km in draw.uniform(200, 9000, len(pairs))],
        **{name: draw.integers(0, 2, len(pairs)) for name in ("contig", "comlang_off", "colony")},
    )
    languages = pairs.assign(csl=draw.uniform(0, 1, len(pairs)))
    flows = (
        pairs.merge(pd.DataFrame({"period_start": PERIODS}), how="cross").merge(distances).merge(languages)
    )
    between = pd.to_numeric(flows["distw"], errors="coerce").fillna(flows["dist"])
    mean = np.exp(9 - 1.2 * np.log(between) + 0.5 * flows["comlang_off"] + 0.8 * flows["csl"])
    measured = {measure: draw.poisson(mean) for measure in world.MEASURES}
    flows = flows[["orig", "dest", "period_start"]].assign(**measured)
    today = {"TMP": "TLS"}
    return {
        "flows": flows.replace(today),
        "distances": distances,
        "languages": languages.replace(today),
    }


@pytest.fixture(scope="module")
def panel(tables) -> pd.DataFrame:
    return world.world_panel(**tables)


def test_the_panel_holds_each_pair_once_a_period_under_the_codes_of_today(panel):
    assert len(panel) == 14 * 13 * 6
    assert not panel.duplicated(["period", "origin", "destination"]).any()
    assert "TLS" in set(panel["origin"])
    assert np.isfinite(panel[list(world.TERMS)]).all(axis=None)
    assert panel["period"].is_monotonic_increasing
    assert set(panel["decade"]) == {1990, 2000, 2010}


def test_estimates_and_errors_are_those_of_pyfixest(panel):
    fit = world.world_model("mig_rate").fit(panel)
    ours = estimates(fit, cluster_covariance(fit, world.PAIR))
    named = panel.assign(
        **{side: panel[side].astype(str) + panel["period"].astype(str) for side in world.PAIR},
        pair=panel["origin"].astype(str) + panel["destination"].astype(str),
    )
    formula = f"mig_rate ~ {' + '.join(world.TERMS)} | origin + destination"
    theirs = pf.fepois(formula, named, vcov={"CRV1": "pair"}, iwls_tol=1e-12)
    # both stop with the deviance settled to 1e-12 of itself: coefficients to its square root
    assert ours["estimate"].to_numpy() == pytest.approx(theirs.coef()[ours.index].to_numpy(), abs=1e-6)
    # of which set of groups one level is spared in the small-sample factor is a convention: some per mille
    assert ours["se"].to_numpy() == pytest.approx(theirs.se()[ours.index].to_numpy(), rel=5e-3)


def test_estimates_of_a_subsample_are_those_of_a_fit_with_dummy_variables(panel):
    few = panel[panel["decade"] == 2010].assign(
        o=lambda frame: frame["origin"].astype(str) + frame["period"].astype(str),
        d=lambda frame: frame["destination"].astype(str) + frame["period"].astype(str),
    )
    few = few[~few.groupby("o")["sd_drop_neg"].transform("sum").eq(0)]
    fit = world.world_model("sd_drop_neg").fit(few)
    formula = f"sd_drop_neg ~ {' + '.join(world.TERMS)} + C(o) + C(d)"
    theirs = smf.glm(formula, fit.frame, family=families.Poisson()).fit(tol=1e-12)
    assert fit.coefficients.to_numpy() == pytest.approx(theirs.params[fit.coefficients.index], abs=1e-7)


def test_known_effects_are_found_in_every_decade_and_stand_beside_the_published(panel):
    rows = world.by_decade(panel, ["mig_rate", "da_pb_closed"])
    assert len(rows) == 4 * 2 * len(world.TERMS)
    far = rows[rows["term"] == "log_distance"]
    assert ((far["estimate"] + 1.2).abs() < 4 * far["se"]).all()
    anchors = pd.DataFrame(
        {"term": ["log_distance", "official"], "study": "A", "outcome": "some", "estimate": [-1.0, 1.5]}
    )
    drawn = world.drawn(rows, anchors, "log_distance")
    assert drawn["group"].unique().tolist() == ["1990s", "2000s", "2010s", "Published"]
    assert drawn["kind"].value_counts().to_dict() == {"ours": 6, "published": 1}
    told = world.results(panel, rows)
    assert told.distance_lowest <= told.distance_highest < -1
    assert told.countries == 14


def test_a_file_other_than_the_registered_one_is_refused(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/datapackage.json").write_text("{}")
    folder = tmp_path / "world"
    folder.mkdir()
    content = b"orig,persons\nNA,2\n"
    fields = [{"name": "orig", "type": "string"}, {"name": "persons", "type": "integer"}]
    entry = {"name": "flows", "path": "flows.csv", "title": "Flows", "schema": {"fields": fields}}
    entry |= {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "obtain": "ask the makers"}
    (folder / "datapackage.json").write_text(json.dumps({"name": "world", "resources": [entry]}))
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path / "data"))
    with pytest.raises(data.DataError, match="no file"):
        data.obtained("world", "flows")
    (folder / "flows.csv").write_bytes(content)
    assert data.obtained("world", "flows").to_dict("list") == {"orig": ["NA"], "persons": [2]}
    (folder / "flows.csv").write_bytes(content + b"B,3\n")
    with pytest.raises(data.DataError, match="ask the makers"):
        data.obtained("world", "flows")
