"""The gravity model on every pair of countries: distance and language by decade and measure of the flow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland.methods.covariance import Model, cluster_covariance, estimates
from borderland.methods.panel import Sample
from borderland.methods.ppml import ppml
from borderland.study.networks import OUTCOMES

# Columns of the flows, by the names that the article gives the measures.
MEASURES = {name.replace("-", "_"): name for name in OUTCOMES}
TERMS = {
    "log_distance": "Distance (log)",
    "contiguous": "Common border",
    "official": "Common official language",
    "spoken": "Common spoken language",
    "colony": "Colonial relation",
}
PAIR = ("origin", "destination")
_EFFECTS = (("origin", "period"), ("destination", "period"))
_RENAMED = {"TMP": "TLS"}  # codes of GeoDist that have changed since


def world_panel(flows: pd.DataFrame, distances: pd.DataFrame, languages: pd.DataFrame) -> pd.DataFrame:
    """Flows of all measures between all countries with what a pair has in common, a row per pair and period.

    Parameters
    ----------
    flows, distances, languages : DataFrame
        The tables of the scenario's register. A pair that one of them lacks is left out.

    Returns
    -------
    DataFrame
        ``period`` (first year of five), ``decade`` (its first year), ``origin``, ``destination``, the terms
        of ``TERMS`` and a column for each of ``MEASURES``; sorted by period, so that each stands together.
    """
    known = distances.assign(
        orig=distances["orig"].replace(_RENAMED), dest=distances["dest"].replace(_RENAMED)
    )
    # between populations, as in the article; between the largest cities where that was not computed
    between = pd.to_numeric(known["distw"], errors="coerce").fillna(known["dist"])
    pairs = known.assign(
        log_distance=np.log(between), contiguous=known["contig"], official=known["comlang_off"]
    )
    pairs = pairs[["orig", "dest", "log_distance", "contiguous", "official", "colony"]].merge(
        languages[["orig", "dest", "csl"]].rename(columns={"csl": "spoken"}), on=["orig", "dest"]
    )
    panel = flows[flows["orig"] != flows["dest"]].merge(pairs, on=["orig", "dest"])
    panel = panel.assign(decade=panel["period_start"] // 10 * 10).rename(
        columns={"orig": "origin", "dest": "destination", "period_start": "period"}
    )
    kept = ["period", "decade", "origin", "destination", *TERMS, *MEASURES]
    panel = panel[kept].sort_values(kept[:4], kind="stable", ignore_index=True)
    return panel.astype({"origin": "category", "destination": "category"})


def world_model(measure: str) -> Model:
    """Poisson model with effects of every origin and destination in every period."""
    return Model(ppml, measure, tuple(TERMS), _EFFECTS)


def by_decade(panel: pd.DataFrame, measures: Sequence[str] = tuple(MEASURES)) -> pd.DataFrame:
    """The model for each measure and decade, and for all periods together.

    Returns
    -------
    DataFrame
        ``measure``, ``decade`` (0: all periods), ``term`` and the columns of
        :func:`borderland.methods.covariance.estimates`, errors clustered by pair; ``separated`` observations.

    Raises
    ------
    ValueError
        For a measure that the flows do not have.
    """
    unknown = [measure for measure in measures if measure not in MEASURES]
    if unknown or not measures:
        raise ValueError(f"measures of the flow are some of {', '.join(MEASURES)}; found {unknown}")
    samples = {0: panel} | dict(iter(panel.groupby("decade")))
    parts = []
    for decade, frame in samples.items():
        sample = Sample(frame)
        for measure in measures:
            fit = world_model(measure).fit(sample)
            rows = estimates(fit, cluster_covariance(fit, PAIR)).rename_axis("term").reset_index()
            parts.append(rows.assign(measure=MEASURES[measure], decade=decade, separated=len(fit.separated)))
    return pd.concat(parts, ignore_index=True)


def drawn(rows: pd.DataFrame, anchors: pd.DataFrame, term: str) -> pd.DataFrame:
    """Estimates of one term as :func:`borderland.charts.coefficients.coefficient_list` draws them.

    A group for each decade, a row for each measure of the flow, the published ones last.
    """
    own = rows[(rows["term"] == term) & (rows["decade"] > 0)]
    ours = own.assign(
        group=own["decade"].map(lambda first: f"{first}s"), label=own["measure"].map(OUTCOMES), kind="ours"
    )
    there = anchors[anchors["term"] == term]
    published = there.assign(
        group="Published",
        label=there["study"] + ": " + there["outcome"],
        kind="published",
        low=np.nan,
        high=np.nan,
        n=np.nan,
    )
    columns = ["group", "label", "estimate", "low", "high", "n", "kind"]
    return pd.concat([ours[columns], published[columns]], ignore_index=True)


@dataclass(frozen=True)
class WorldResults:
    """The model of the world in a few numbers."""

    countries: Annotated[int, "d"]
    rows: Annotated[int, "d"]
    distance_lowest: Annotated[float, ".2f"]  # over measures, all periods
    distance_highest: Annotated[float, ".2f"]
    official_lowest: Annotated[float, ".2f"]
    official_highest: Annotated[float, ".2f"]
    spoken_lowest: Annotated[float, ".2f"]
    spoken_highest: Annotated[float, ".2f"]


def results(panel: pd.DataFrame, rows: pd.DataFrame) -> WorldResults:
    """Sum up :func:`by_decade`."""
    whole = rows[rows["decade"] == 0].groupby("term")["estimate"]
    low, high = whole.min(), whole.max()
    return WorldResults(
        countries=panel["origin"].nunique(),
        rows=len(panel),
        distance_lowest=float(low["log_distance"]),
        distance_highest=float(high["log_distance"]),
        official_lowest=float(low["official"]),
        official_highest=float(high["official"]),
        spoken_lowest=float(low["spoken"]),
        spoken_highest=float(high["spoken"]),
    )
