"""Flows between countries and a common official status of Russian, under each measure of the flow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland.methods.covariance import Model, cluster_covariance, estimates
from borderland.methods.ppml import ppml
from borderland.methods.resampling import randomisation_test, wild_cluster_bootstrap
from borderland.study.models import GRAVITY
from borderland.study.panels import network_panel, permuted_official, with_stock
from borderland.study.wording import Estimate, P

OUTCOMES = {
    "da-pb-closed": "demographic accounting, pseudo-Bayesian",
    "da-min-closed": "demographic accounting, minimum, closed",
    "da-min-open": "demographic accounting, minimum, open",
    "mig-rate": "migration rates",
    "sd-drop-neg": "growth of stocks, shrinking ones as zero",
    "sd-rev-neg": "growth of stocks, shrinking ones as return",
}
COUNTRY_EFFECTS, PAIR_EFFECTS = "countries × period", "and pairs"
_COUNTRY_PERIODS = (("origin", "period"), ("destination", "period"))


def network_model(within: bool = False, stock: bool = False) -> Model:
    """Model of flows between countries, with effects of origin × period and destination × period.

    ``within`` adds effects of pairs: only pairs in which the common official status changes are left.
    ``stock`` adds the persons of the pair who had moved before, of :func:`with_stock`.
    """
    added = ("log_stock",) if stock else ()
    if within:
        return Model(ppml, "persons", ("official", *added), (*_COUNTRY_PERIODS, "pair"))
    return Model(ppml, "persons", ("official", "spoken", *GRAVITY, *added), _COUNTRY_PERIODS)


def network_by_outcome(
    flows: pd.DataFrame,
    dyads: pd.DataFrame,
    status: pd.DataFrame,
    outcomes: Sequence[str],
    destinations: str,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """The network model for several measures of the flow, one row per outcome and term.

    Returns
    -------
    DataFrame
        ``outcome``, ``term`` (``official_within``: from the model with pair effects) and the columns of
        :func:`borderland.methods.covariance.estimates` with errors clustered by pair; ``p_two_way`` (by
        origin and by destination), ``p_randomisation`` (common official status only: histories of status
        dealt among the states), ``separated``.
    """
    parts = []
    for outcome in outcomes:
        panel = network_panel(flows, dyads, status, outcome, destinations)
        candidates = permuted_official(panel, status, draws, seed)
        for within in (False, True):
            model = network_model(within)
            fit = model.fit(panel)
            rows = estimates(fit, cluster_covariance(fit, "pair"))
            rows["p_two_way"] = estimates(fit, cluster_covariance(fit, "origin", "destination"))["p"]
            test = randomisation_test(model, panel, "official", "pair", candidates)
            rows["p_randomisation"] = pd.Series({"official": test.p})
            rows = rows.rename(index={"official": "official_within"}) if within else rows
            rows = rows.rename_axis("term").reset_index()
            parts.append(rows.assign(outcome=outcome, separated=len(fit.separated)))
    return pd.concat(parts, ignore_index=True)


def network_with_stock(
    flows: pd.DataFrame,
    dyads: pd.DataFrame,
    status: pd.DataFrame,
    stock: pd.DataFrame,
    outcomes: Sequence[str],
) -> pd.DataFrame:
    """The network of post-Soviet states with and without the migrants who had moved before.

    With effects of pairs too the model has three sets of effects. Its estimates are consistent where
    countries are many, but with six periods intervals clustered by pair are neither centred on the true value
    nor wide enough: they are to be read as too narrow. Where the stock explains the flows to the last person,
    as those that are shares of it, the model with effects of pairs does not settle and is left out.

    Returns
    -------
    DataFrame
        One row per outcome, effects and term: ``outcome``, ``effects`` ("countries × period" or "and pairs"),
        ``term`` ("official", "log_stock"), ``without`` (estimate without the stock; missing for the stock)
        and the columns of :func:`borderland.methods.covariance.estimates`, clustered by pair.

    References
    ----------
    Weidner & Zylkin (2021), *Journal of International Economics* 132, 103513 (three-way effects).
    """
    parts = []
    for outcome in outcomes:
        panel = with_stock(network_panel(flows, dyads, status, outcome), stock)
        for within, effects in ((False, COUNTRY_EFFECTS), (True, PAIR_EFFECTS)):
            try:
                fit = network_model(within, stock=True).fit(panel)
            except ValueError:  # nothing is left of the flows for the fit to settle on
                continue
            rows = estimates(fit, cluster_covariance(fit, "pair")).loc[["official", "log_stock"]]
            plain = network_model(within).fit(panel).coefficients["official"]
            rows = rows.rename_axis("term").reset_index().assign(without=[plain, np.nan])
            parts.append(rows.assign(outcome=outcome, effects=effects))
    return pd.concat(parts, ignore_index=True)


def changing_pairs(panel: pd.DataFrame) -> list[str]:
    """Directed pairs whose common official status changes between periods."""
    range_ = panel.groupby("pair")["official"].agg(["min", "max"])
    return list(range_.index[range_["min"] != range_["max"]])


def outcome_rows(network: pd.DataFrame) -> pd.DataFrame:
    """Rows of a grid of coefficients: terms of the network model by measure of the flow and destinations."""
    headings = {
        "official": "Russian official or state language of both",
        "log_distance": "Distance (elasticity)",
    }
    parts = [network[network["term"] == term].assign(panel=words) for term, words in headings.items()]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(row=rows["outcome"].map(OUTCOMES), series=rows["destinations"])
    return rows[["panel", "row", "series", "estimate", "low", "high", "n"]]


@dataclass(frozen=True)
class NetworkSize:
    """The network of flows: what identifies the common official status in it, and how it is measured."""

    changing_pairs: Annotated[int, "d"]
    official_p_wild: Annotated[float, P]
    outcomes: Annotated[int, "d"]


@dataclass(frozen=True)
class NetworkResults:
    """The network model under one measure of the flow, and its range over all measures."""

    n: Annotated[int, ",d"]
    pairs: Annotated[int, "d"]
    official: Estimate
    official_within: Estimate
    spoken: Estimate
    log_distance: Estimate
    contiguous: Estimate
    official_p_randomisation: Annotated[float, P]
    official_lowest: Annotated[float, ".2f"]
    official_highest: Annotated[float, ".2f"]
    official_significant: Annotated[int, "d"]  # measures with p below 0.05 against dealt histories
    distance_lowest: Annotated[float, ".2f"]
    distance_highest: Annotated[float, ".2f"]


def network_size(pairs: pd.DataFrame, draws: int, seed: int) -> NetworkSize:
    """Count changing pairs of a :func:`network_panel` and test its common official status by origin."""
    wild = wild_cluster_bootstrap(network_model(), pairs, "official", "origin", draws, seed)
    return NetworkSize(len(changing_pairs(pairs)), wild.p, len(OUTCOMES))


def network_results(rows: pd.DataFrame, outcome: str) -> NetworkResults:
    """Sum up :func:`network_by_outcome`."""
    main = rows[rows["outcome"] == outcome].set_index("term")
    official, far = (rows[rows["term"] == term] for term in ("official", "log_distance"))
    terms = ("official", "official_within", "spoken", "log_distance", "contiguous")
    return NetworkResults(
        n=int(main.loc["official", "n"]),
        pairs=int(main.loc["official", "clusters"]),
        **{term: Estimate.of(main.loc[term]) for term in terms},
        official_p_randomisation=float(main.loc["official", "p_randomisation"]),
        official_lowest=float(official["estimate"].min()),
        official_highest=float(official["estimate"].max()),
        official_significant=int((official["p_randomisation"] < 0.05).sum()),
        distance_lowest=float(far["estimate"].min()),
        distance_highest=float(far["estimate"].max()),
    )


@dataclass(frozen=True)
class StockResults:
    """The network model with the migrants who had moved before: one measure of the flow, and all of them."""

    official: Estimate  # with effects of countries × period
    official_without: Annotated[float, ".2f"]  # the same without the stock
    stock: Estimate
    stock_lowest: Annotated[float, ".2f"]
    stock_highest: Annotated[float, ".2f"]
    measures_within: Annotated[int, "d"]  # that can be fitted with effects of pairs
    official_within_lowest: Annotated[float, ".2f"]
    official_within_highest: Annotated[float, ".2f"]
    stock_within_lowest: Annotated[float, ".2f"]
    stock_within_highest: Annotated[float, ".2f"]


def stock_results(rows: pd.DataFrame, outcome: str) -> StockResults:
    """Sum up :func:`network_with_stock`."""
    between, within = (
        {
            term: rows[(rows["effects"] == effects) & (rows["term"] == term)]
            for term in ("official", "log_stock")
        }
        for effects in (COUNTRY_EFFECTS, PAIR_EFFECTS)
    )
    official, stock = (part[part["outcome"] == outcome].iloc[0] for part in between.values())
    return StockResults(
        official=Estimate.of(official),
        official_without=float(official["without"]),
        stock=Estimate.of(stock),
        stock_lowest=float(between["log_stock"]["estimate"].min()),
        stock_highest=float(between["log_stock"]["estimate"].max()),
        measures_within=len(within["official"]),
        official_within_lowest=float(within["official"]["estimate"].min()),
        official_within_highest=float(within["official"]["estimate"].max()),
        stock_within_lowest=float(within["log_stock"]["estimate"].min()),
        stock_within_highest=float(within["log_stock"]["estimate"].max()),
    )
