"""What `paper bench --scale` measures: the engine of the curves beside plain loops of statsmodels fits."""

import importlib.util
import json
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from joblib import Parallel, delayed
from scipy import stats

from borderland.methods import specification
from borderland.methods.covariance import Model, cluster_covariance, inference
from borderland.methods.panel import Sample
from borderland.methods.ppml import ppml
from borderland.methods.resampling import dealt_paths
from borderland.study import curves, world
from borderland.tables import data

_DRAWS = 9999  # of the article
_COUNTRIES = 40  # of the world, for a fit with a dummy variable for each in each period
_RUNS = 3
_SAMPLED = 48  # fits of statsmodels behind its rate under reassignment: of all draws they would take a day


def statsmodels_estimate(model: Model, frame: pd.DataFrame, cluster: str) -> tuple[float, float]:
    """Coefficient of the first regressor and its clustered error, as statsmodels fits it from a formula.

    It counts the effects of the clusters among the parameters of the small-sample factor (see
    :mod:`borderland.methods.covariance`); here they are not, as in the engine.
    """
    terms = [*model.regressors, *(f"C({effect})" for effect in model.effects)]
    formula = f"{model.outcome} ~ {' + '.join(terms)}"
    errors = {"cov_type": "cluster", "cov_kwds": {"groups": pd.factorize(frame[cluster])[0]}}
    if model.estimator is ppml:
        fit = smf.glm(formula, frame, family=sm.families.Poisson()).fit(**errors)
    else:
        fit = smf.ols(formula, frame).fit(**errors)
    counted = len(fit.params) - (frame[cluster].nunique() - 1 if cluster in model.effects else 0)
    factor = (fit.nobs - len(fit.params)) / (fit.nobs - counted)
    return float(fit.params[model.regressors[0]]), float(fit.bse[model.regressors[0]] * np.sqrt(factor))


def status_curve(draws: int) -> tuple[pd.DataFrame, curves.StatusCurve]:
    """Grid and evaluator of the curve of the status of Russian, as the article has it."""
    names = {
        "migration": "migration_partners",
        "dyads": "dyads",
        "status": "russian_status",
        "controls": "country_controls",
        "stock": "migrant_stock",
    }
    panels = curves.status_panels({key: data.load(name) for key, name in names.items()}, lag=1)
    grid = specification.grid(curves.STATUS_OPTIONS, curves.status_possible)
    return grid, curves.StatusCurve(panels, draws, seed=0)


def standard_error(row: pd.Series, frame: pd.DataFrame) -> float:
    """Return the error clustered by state that the interval of 95 % of a specification stands for."""
    return float((row["high"] - row["low"]) / 2 / stats.t.ppf(0.975, frame["state"].nunique() - 1))


def _start(jobs: int) -> dict[str, Any]:
    """Start processes that stay: each imports what the engine needs, whatever work follows."""
    grid, evaluate = status_curve(0)
    started = time.perf_counter()
    one_each = grid.drop_duplicates(list(curves.STATUS_BATCH))
    specification.run(one_each, evaluate, jobs=jobs, batch=curves.STATUS_BATCH)
    return {"seconds": time.perf_counter() - started, "work": jobs}


def _engine(draws: int, jobs: int = 1) -> dict[str, Any]:
    """Run the whole curve, in so many processes that have started; the median of some runs."""
    grid, evaluate = status_curve(draws)
    if jobs > 1:
        _start(jobs)
    taken = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        curve = specification.run(grid, evaluate, jobs=jobs, batch=curves.STATUS_BATCH)
        taken.append(time.perf_counter() - started)
    return {"seconds": median(taken), "work": len(curve.estimates) * (1 + draws), "workers": jobs}


def _at_once(draws: int, jobs: int) -> dict[str, Any]:
    """Run the whole curve in so many processes at once that share nothing: what the machine itself gives."""
    each = Parallel(n_jobs=jobs)(delayed(_engine)(draws) for _ in range(jobs))
    seconds = max(one["seconds"] for one in each)
    return {"seconds": seconds, "work": sum(one["work"] for one in each), "workers": jobs}


def _plain(draws: int) -> dict[str, Any]:
    """Estimate by a loop of fits: every specification, or some of them under one reassignment each."""
    grid, evaluate = status_curve(draws)
    curve = specification.run(grid, evaluate, batch=curves.STATUS_BATCH)
    rows = curve.choices.to_dict("records")
    if draws:
        rows = rows[:: len(rows) // _SAMPLED]
    started, differs = time.perf_counter(), 0.0
    for place, row in enumerate(rows):
        model, frame = evaluate.model(row), evaluate.sample(row)
        if draws:
            paths = evaluate.paths[model.regressors[0]]
            dealt = dealt_paths(paths, frame["state"], frame["year"], evaluate.orders[:1])
            frame = frame.assign(**{model.regressors[0]: dealt[:, 0]})
        estimate, se = statsmodels_estimate(model, frame, "state")
        if not draws:
            ours = curve.estimates.iloc[place]
            differs = max(differs, abs(estimate - ours["estimate"]), abs(se - standard_error(ours, frame)))
    return {"seconds": time.perf_counter() - started, "work": len(rows)} | (
        {} if draws else {"differs": differs}
    )


def _world() -> pd.DataFrame:
    return world.world_panel(*(data.obtained("world", name) for name in ("flows", "distances", "languages")))


def _fit_world(panel: pd.DataFrame) -> dict[str, np.ndarray]:
    """Coefficients and errors of all measures of the flow, terms × 2 by measure."""
    sample, found = Sample(panel), {}
    for measure in world.MEASURES:
        fit = world.world_model(measure).fit(sample)
        row = inference(fit, cluster_covariance(fit, world.PAIR))
        found[measure] = np.column_stack([row.estimate, row.se])
    return found


def _world_engine() -> dict[str, Any]:
    panel = _world()
    started = time.perf_counter()
    work = len(_fit_world(panel))
    return {"seconds": time.perf_counter() - started, "work": work}


def _world_pyfixest() -> dict[str, Any]:
    """Fit by pyfixest, after a first fit that compiles it; its own memory, the engine's comparison apart."""
    import pyfixest as pf  # of the tests, not of the article

    panel = _world()
    panel = panel.assign(pair=panel["origin"].astype(str) + panel["destination"].astype(str))
    formula = f"{{}} ~ {' + '.join(world.TERMS)} | origin^period + destination^period"
    pf.fepois(formula.format("mig_rate"), panel[panel["period"] == 1990])
    started, found = time.perf_counter(), {}
    for measure in world.MEASURES:
        fit = pf.fepois(formula.format(measure), panel, vcov={"CRV1": "pair"}, copy_data=False)
        found[measure] = np.column_stack([fit.coef()[list(world.TERMS)], fit.se()[list(world.TERMS)]])
        del fit
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    ours = _fit_world(panel)
    differs = max(float(np.abs(ours[name] - found[name])[:, 0].max()) for name in found)
    return {"seconds": seconds, "work": len(found), "megabytes": megabytes, "differs": differs}


def _subsample() -> pd.DataFrame:
    """Return the flows of the last decade between the countries that send and receive most of the others.

    Among these no country sends or receives nothing, so that no effect is infinite.
    """
    panel = _world()
    panel = panel[panel["decade"] == panel["decade"].max()]
    out, into = (panel.groupby(side, observed=True)["sd_drop_neg"].sum() for side in world.PAIR)
    some = list(out.add(into, fill_value=0).nlargest(_COUNTRIES).index)
    few = panel[panel["origin"].isin(some) & panel["destination"].isin(some)]
    return few.astype({"origin": str, "destination": str})


def _few_engine() -> dict[str, Any]:
    few = _subsample()
    started = time.perf_counter()
    world.world_model("sd_drop_neg").fit(Sample(few))
    return {"seconds": time.perf_counter() - started, "work": 1}


def _few_dummies() -> dict[str, Any]:
    """Fit with a dummy variable for every origin and destination in every period."""
    few = _subsample()
    named = few.assign(
        o=few["origin"] + few["period"].astype(str), d=few["destination"] + few["period"].astype(str)
    )
    formula = f"sd_drop_neg ~ {' + '.join(world.TERMS)} + C(o) + C(d)"
    started = time.perf_counter()
    fit = smf.glm(formula, named, family=sm.families.Poisson()).fit(tol=1e-12)
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    ours = world.world_model("sd_drop_neg").fit(Sample(few)).coefficients
    differs = float((ours - fit.params[ours.index]).abs().max())
    return {"seconds": seconds, "work": 1, "megabytes": megabytes, "differs": differs}


TASKS: Mapping[tuple[str, str], Callable[[], dict[str, Any]]] = {
    ("estimates of the grid", "engine"): partial(_engine, 0),
    ("estimates of the grid", "statsmodels"): partial(_plain, 0),
    ("start of processes", "joblib, 2 processes"): partial(_start, 2),
    ("a sixteenth of the reassignments", "engine"): partial(_engine, _DRAWS // 16),
    ("a sixteenth of the reassignments", "engine, 2 processes"): partial(_engine, _DRAWS // 16, 2),
    ("a sixteenth of the reassignments", "engine, twice at once"): partial(_at_once, _DRAWS // 16, 2),
    ("a quarter of the reassignments", "engine"): partial(_engine, _DRAWS // 4),
    ("a quarter of the reassignments", "engine, 2 processes"): partial(_engine, _DRAWS // 4, 2),
    ("a quarter of the reassignments", "engine, twice at once"): partial(_at_once, _DRAWS // 4, 2),
    ("estimates under reassignment", "engine"): partial(_engine, _DRAWS),
    ("estimates under reassignment", "engine, 2 processes"): partial(_engine, _DRAWS, 2),
    ("estimates under reassignment", "engine, twice at once"): partial(_at_once, _DRAWS, 2),
    ("estimates under reassignment", "statsmodels"): partial(_plain, 1),
}
WORLD: Mapping[tuple[str, str], Callable[[], dict[str, Any]]] = {
    ("PPML of the world, six measures", "engine"): _world_engine,
    ("PPML of the world, six measures", "pyfixest"): _world_pyfixest,
    ("PPML of forty countries, one measure", "engine"): _few_engine,
    ("PPML of forty countries, one measure", "statsmodels, dummy variables"): _few_dummies,
}


def tasks() -> Mapping[tuple[str, str], Callable[[], dict[str, Any]]]:
    """What can be measured here: the world only where its data were obtained and pyfixest is installed."""
    try:
        data.obtained("world", "flows")
    except data.DataError:
        return TASKS
    return {**TASKS, **WORLD} if importlib.util.find_spec("pyfixest") else TASKS


def main(arguments: Sequence[str]) -> str:
    """Say which tasks there are, one a line; or do one, by its number, and say what it took, as JSON."""
    if not arguments:
        return "\n".join(f"{task}\t{by}" for task, by in tasks())
    return json.dumps(list(tasks().values())[int(arguments[0])]())
