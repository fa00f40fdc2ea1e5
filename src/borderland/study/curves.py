"""The article's specification curves: migration on the status of Russian, and on distance to the border."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd

from borderland import ties
from borderland.methods import ppml
from borderland.methods.covariance import Covariance, Model, cluster_covariance, inference, robust_covariance
from borderland.methods.panel import Regression, Sample, least_squares
from borderland.methods.resampling import dealt_paths, orders, score_statistics, wild_test
from borderland.methods.spatial import (
    conley_covariance,
    distance_matrix,
    nearest_neighbour_weights,
    spectral_reassignments,
)
from borderland.methods.specification import Curve, Shared, Specified, influence, joint_tests, place
from borderland.study import panels, regional
from borderland.study.wording import P, Tested

STATUS_OPTIONS = {
    "direction": ("arrivals", "departures"),
    "states": ("all", "Ukraine to 2013", "without Ukraine"),
    "years": ("all", "to 2010", "from 2011"),
    "status": ("rank 0–3", "official or not"),
    "controls": ("none", "income, population", "all"),
    "effects": ("year", "state and year"),
    "estimator": ("PPML", "OLS of logs"),
}
STATUS_MAIN = {
    "direction": "arrivals",
    "states": "all",
    "years": "all",
    "status": "rank 0–3",
    "controls": "income, population",
    "effects": "state and year",
    "estimator": "PPML",
}
STATUS_BATCH = ("direction", "states", "years")  # specifications of one sample share its work
_STATES = {"all": "all", "Ukraine to 2013": "ukraine-to-2013", "without Ukraine": "without-ukraine"}
_MEASURES = {"rank 0–3": "status_rank", "official or not": "favoured"}
_CONTROLS = {
    "none": (),
    "income, population": ("log_income_ratio", "log_population"),
    "all": (
        "log_income_ratio",
        "log_population",
        "cyrillic",
        "contiguous",
        "log_distance",
        "log_born_in_russia",
    ),
}
_RUSSIAN_BREAK = 2011  # Rosstat's registration rule
# Clusters below which errors clustered by them may be too small (Cameron & Miller 2015, Journal of Human
# Resources 50(2), 317–372, section VI: from "less than 20" to "less than 50").
_FEW_CLUSTERS = 50

DISTANCE_OPTIONS = {
    "years": ("both", "2023", "2024"),
    "districts": ("without metropolises", "districts only", "border regions"),
    "controls": ("none", "Russians", "all"),
    "effects": ("none", "region"),
    "errors": ("Conley", "clustered by region", "robust"),
}
DISTANCE_MAIN = {
    "years": "both",
    "districts": "without metropolises",
    "controls": "all",
    "effects": "none",
    "errors": "Conley",
}
DISTANCE_BATCH = ("years", "districts")
_DISTANCE = "distance_100km"
_NEIGHBOURS = 6  # of a district, in the smoothness that its reassigned distances keep
_YEARS = {"both": (2023, 2024), "2023": (2023,), "2024": (2024,)}
_SETS = {
    "without metropolises": "without-metropolises",
    "districts only": "districts-only",
    "border regions": "border-regions",
}


def status_options(states: str = "all", last_year: int = 2019) -> dict[str, tuple[str, ...]]:
    """The choices of the curve of the status that a sample of states and a last year leave open."""
    chosen = tuple(label for label, name in _STATES.items() if states in ("all", name))
    years = STATUS_OPTIONS["years"] if last_year >= _RUSSIAN_BREAK else ("all",)
    return STATUS_OPTIONS | {"states": chosen, "years": years}


def status_main(states: str = "all") -> dict[str, str]:
    """The article's own specification in a sample of states, in either direction."""
    (label,) = (label for label, name in _STATES.items() if name == states)
    return {name: choice for name, choice in STATUS_MAIN.items() if name != "direction"} | {"states": label}


def directions(own: str) -> tuple[str, str]:
    """The direction that answers claim A3, and the other."""
    (other,) = (direction for direction in STATUS_OPTIONS["direction"] if direction != own)
    return own, other


def status_possible(choice: Mapping[str, Any]) -> bool:
    """Leave out what adds nothing: controls fixed in time beside effects of states, the same sample twice.

    Specifications in a curve are not redundant with each other (Simonsohn, Simmons & Nelson 2020, p. 1209).
    """
    fixed_beside_effects = choice["effects"] == "state and year" and choice["controls"] == "all"
    # before 2011 nothing of Ukraine is left out by leaving it out after 2013
    sample_twice = choice["states"] == "Ukraine to 2013" and choice["years"] == "to 2010"
    return not (fixed_beside_effects or sample_twice)


class StatusCurve:
    """Evaluates one specification of migration with Russia on the status of Russian.

    Parameters
    ----------
    panels : mapping
        Direction to the panel of :func:`borderland.study.panels.arrivals_panel`, all years and states.
    draws, seed : int
        Reassignments of status histories among the states; the same ones serve every specification. With no
        draws a specification is estimated and not tested: its statistics under the null are missing.
    """

    def __init__(self, panels: Mapping[str, pd.DataFrame], draws: int, seed: int):
        self.panels = dict(panels)
        some = next(iter(self.panels.values()))
        self.paths = {
            measure: some.pivot(index="state", columns="year", values=measure)
            for measure in _MEASURES.values()
        }
        self.orders = orders(some["state"].nunique(), draws, seed)

    def __call__(self, choice: Mapping[str, Any], shared: Shared, seed: int) -> Specified:
        """Estimate and its statistics under the reassignments; ``ValueError`` if it cannot be estimated."""
        sample = shared.once("sample", lambda: Sample(self.sample(choice)))
        model, measure = self.model(choice), _MEASURES[choice["status"]]
        fit = model.fit(sample)
        covariance = cluster_covariance(fit, "state")
        if not len(self.orders):
            return _estimated(fit, covariance, measure, "state")
        without = model.without(measure)
        # what is separated with the regressor stays out of the fit without it
        null = shared.once((without, tuple(fit.separated)), lambda: without.fit(fit.sample))
        dealt = shared.once(
            (measure, tuple(fit.separated)),
            lambda: dealt_paths(self.paths[measure], fit.frame["state"], fit.frame["year"], self.orders),
        )
        return _specified(
            fit, null, measure, covariance, "state", _scores(null, measure, "state", dealt), seed
        )

    def sample(self, choice: Mapping[str, Any]) -> pd.DataFrame:
        """Rows of a specification's states and years."""
        frame = panels.sample(self.panels[choice["direction"]], _STATES[choice["states"]])
        if choice["years"] != "all":
            early = frame["year"] < _RUSSIAN_BREAK
            frame = frame[early if choice["years"] == "to 2010" else ~early]
        return frame.assign(log_persons=np.log(frame["persons"]))

    def model(self, choice: Mapping[str, Any]) -> Model:
        """Model of a specification; the status of Russian is its first regressor."""
        logs = choice["estimator"] == "OLS of logs"
        return Model(
            least_squares if logs else ppml.ppml,
            "log_persons" if logs else "persons",
            (_MEASURES[choice["status"]], *_CONTROLS[choice["controls"]]),
            ("state", "year") if choice["effects"] == "state and year" else ("year",),
        )


class DistanceCurve:
    """Evaluates one specification of districts' net migration on distance to the border.

    Parameters
    ----------
    samples : mapping
        (years, set of districts) to the sample of :func:`borderland.study.regional.district_sample`.
    cutoff_km : float
        Reach of Conley's errors.
    draws, seed : int
        Reassigned distances, as smooth in space as the true ones; the same ones serve every specification.
    """

    def __init__(
        self, samples: Mapping[tuple[str, str], pd.DataFrame], cutoff_km: float, draws: int, seed: int
    ):
        self.samples = dict(samples)
        self.distances = {key: distance_matrix(frame["lat"], frame["lon"]) for key, frame in samples.items()}
        self.cutoff_km = cutoff_km
        places = pd.concat(self.samples.values()).drop_duplicates("area").set_index("area")
        weights = nearest_neighbour_weights(distance_matrix(places["lat"], places["lon"]), _NEIGHBOURS)
        dealt = spectral_reassignments(places[_DISTANCE], weights, draws, seed)
        self.reassigned = pd.DataFrame(dealt, index=places.index)

    def __call__(self, choice: Mapping[str, Any], shared: Shared, seed: int) -> Specified:
        """Estimate and its statistics under the reassignments; ``ValueError`` if it cannot be estimated."""
        sample = shared.once("sample", lambda: Sample(self.sample(choice)))
        model, frame = self.model(choice), sample.frame
        # the three error types of one model share its fits and its null
        fit = shared.once(model, lambda: model.fit(sample))
        without = model.without(_DISTANCE)
        null = shared.once(without, lambda: without.fit(sample))
        scores = shared.once(
            (model, "scores"),
            lambda: _scores(null, _DISTANCE, "unit", self.reassigned.loc[frame["area"]].to_numpy()),
        )
        distances = self.distances[(choice["years"], choice["districts"])]
        covariance = self._covariance(fit, choice["errors"], distances)
        return _specified(fit, null, _DISTANCE, covariance, "unit", scores, seed)

    def sample(self, choice: Mapping[str, Any]) -> pd.DataFrame:
        """Districts of a specification."""
        return self.samples[(choice["years"], choice["districts"])]

    def model(self, choice: Mapping[str, Any]) -> Model:
        """Model of a specification; the distance to the border is its first regressor."""
        return regional.district_model(
            _SETS[choice["districts"]], choice["controls"].lower(), regions=choice["effects"] == "region"
        )

    def _covariance(self, fit: Regression, errors: str, distances: np.ndarray) -> Covariance:
        if errors == "Conley":
            return conley_covariance(fit, distances, self.cutoff_km)
        return cluster_covariance(fit, "unit") if errors == "clustered by region" else robust_covariance(fit)


def _scores(null: Regression, name: str, cluster: str, dealt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One-step estimate and t of the regressor, then of its reassignments (ordered as ``null.frame``)."""
    return score_statistics(null, np.column_stack([null.frame[name], dealt]), cluster)


def _estimated(fit: Regression, covariance: Covariance, name: str, cluster: str) -> Specified:
    """Put a fit into the shape of a curve, without statistics under the null."""
    place = fit.coefficients.index.get_loc(name)
    found = inference(fit, covariance)
    none = np.empty(0)
    return Specified(
        estimate=float(found.estimate[place]),
        low=float(found.low[place]),
        high=float(found.high[place]),
        p=float(found.p[place]),
        t=np.nan,
        n=fit.n,
        one_step=np.nan,
        null_estimate=none,
        null_t=none,
        df=int(fit.sample.codes(cluster).max()),
        p_wild=np.nan,
    )


def _specified(
    fit: Regression,
    null: Regression,
    name: str,
    covariance: Covariance,
    cluster: str,
    scores: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> Specified:
    """Put fits with and without the regressor, and its :func:`_scores`, into the shape of a curve."""
    estimate, t = scores
    few = 0 < covariance.clusters < _FEW_CLUSTERS
    focal = null.frame[name].to_numpy(dtype=float)
    return _estimated(fit, covariance, name, cluster)._replace(
        t=float(t[0]),
        one_step=float(estimate[0]),
        null_estimate=estimate[1:],
        null_t=t[1:],
        p_wild=wild_test(null, focal, cluster, seed=seed).p if few else np.nan,
    )


def status_panels(
    tables: Mapping[str, pd.DataFrame], lag: int, last_year: int = 2019
) -> dict[str, pd.DataFrame]:
    """Panels of both directions from the tables that :func:`borderland.study.panels.arrivals_panel` takes."""
    return {
        direction: panels.arrivals_panel(**tables, direction=direction, last_year=last_year, lag=lag)
        for direction in STATUS_OPTIONS["direction"]
    }


def distance_samples(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], pd.DataFrame]:
    """Samples of all choices from the tables of :func:`borderland.study.regional.district_sample`."""
    everything = {
        years: regional.district_sample(**tables, years=numbers, chosen="all")
        for years, numbers in _YEARS.items()
    }
    return {
        (years, chosen): regional.district_subset(everything[years], tables["regions"], name)
        for years in DISTANCE_OPTIONS["years"]
        for chosen, name in _SETS.items()
    }


TESTS = {
    "median": "median of the estimates",
    "share": "significant estimates with the sign of the median (%)",
    "stouffer": "mean t",
}


def described(tests: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Joint tests of several curves in one printable frame: ``curve``, ``test`` in words, and the columns."""
    parts = [frame.rename(index=TESTS).reset_index().assign(curve=label) for label, frame in tests.items()]
    return pd.concat(parts, ignore_index=True)


def influences(curves: Mapping[str, tuple[Curve, Mapping[str, Any]]]) -> pd.DataFrame:
    """:func:`borderland.methods.specification.influence` of several curves, with the article's own choices.

    An error type is left out: it moves the interval alone.
    """
    parts = []
    for label, (curve, main) in curves.items():
        moving = {name: choice for name, choice in main.items() if name != "errors"}
        parts.append(influence(curve, moving).assign(curve=label))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class CurveSummary:
    """A specification curve in the numbers that the text quotes."""

    n: Annotated[int, "d"]
    distinct: Annotated[int, "d"]  # estimates that differ: an error type moves the interval alone
    left_out: Annotated[int, "d"]
    median: Tested
    lowest: Annotated[float, ".2f"]
    highest: Annotated[float, ".2f"]
    negative_share: Annotated[float, ".0f"]  # per cent of the estimates
    significant_share: Annotated[float, ".0f"]  # per cent of the estimates
    significant_negative: Annotated[int, "d"]
    significant_positive: Annotated[int, "d"]
    main: Annotated[float, ".2f"]  # the article's own specification
    main_percentile: Annotated[float, ".0f"]
    share_p: Annotated[float, P]
    stouffer_p: Annotated[float, P]
    wild_n: Annotated[int, "d"]  # estimates with few clusters, tested by the wild cluster bootstrap
    wild_negative: Annotated[int, "d"]  # of these, negative and significant by it
    wild_positive: Annotated[int, "d"]
    wild_lowest_p: Annotated[float, P]
    strongest: str  # the dimension that explains most of what no other explains of the estimates' variation
    strongest_share: Annotated[float, ".0f"]  # per cent of the variation


def summary(curve: Curve, main: Mapping[str, Any]) -> CurveSummary:
    """Sum up a curve, with its joint tests and the place of the article's own specification in it."""
    estimate, significant = curve.estimates["estimate"], curve.estimates["significant"]
    tests = joint_tests(curve)
    row, percentile = place(curve, main)
    wild, wild_significant = curve.estimates["p_wild"], curve.estimates["wild_significant"]
    moved = influences({"": (curve, main)}).set_index("dimension")["share"]
    return CurveSummary(
        n=len(estimate),
        distinct=int(ties.levels(estimate).max()) + 1,
        left_out=len(curve.left_out),
        median=Tested(float(estimate.median()), float(tests.loc["median", "p"])),
        lowest=float(estimate.min()),
        highest=float(estimate.max()),
        negative_share=float(100 * (estimate < 0).mean()),
        significant_share=float(100 * significant.mean()),
        significant_negative=int((significant & (estimate < 0)).sum()),
        significant_positive=int((significant & (estimate > 0)).sum()),
        main=float(estimate.loc[row]),
        main_percentile=percentile,
        share_p=float(tests.loc["share", "p"]),
        stouffer_p=float(tests.loc["stouffer", "p"]),
        wild_n=int(wild.notna().sum()),
        wild_negative=int((wild_significant & (estimate < 0)).sum()),
        wild_positive=int((wild_significant & (estimate > 0)).sum()),
        wild_lowest_p=float(wild.min()),
        strongest=ties.highest(moved),
        strongest_share=float(moved.max()),
    )
