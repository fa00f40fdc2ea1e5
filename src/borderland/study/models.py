"""Russia's migration with post-Soviet states and the status of Russian there: models and results."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland import ties
from borderland.methods.covariance import (
    Model,
    cluster_covariance,
    estimates,
    fitted_table,
    identifying_shares,
    jackknife,
)
from borderland.methods.ppml import ppml
from borderland.methods.resampling import (
    permuted_paths,
    randomisation_test,
    simulated_power,
    wild_cluster_bootstrap,
)
from borderland.study.panels import sample
from borderland.study.wording import Estimate, P, Tested, in_words

TERMS = {
    "status_rank": "status of Russian at the origin (0–3)",
    "favoured": "Russian official or state language at the origin",
    "cyrillic": "Cyrillic script at the origin",
    "contiguous": "common border",
    "log_distance": "distance (log)",
    "log_born_in_russia": "born in Russia, living at the origin 1990 (log)",
    "log_income_ratio": "income per head, Russia over origin (log)",
    "log_population": "population of the origin (log)",
    "official": "Russian official or state language of both",
    "official_within": "the same, with pair effects",
    "spoken": "common spoken language (0–1)",
    "log_stock": "migrants of the pair at the start (log)",
}
GRAVITY = ("contiguous", "log_distance")
CONTROLS = ("log_income_ratio", "log_population")


def arrivals_model(measure: str = "status_rank", within: bool = False) -> Model:
    """Model of Russia's migration with the post-Soviet states.

    Parameters
    ----------
    measure : {"status_rank", "favoured"}
        How the status of Russian enters.
    within : bool
        With effects of states beside those of years: only what changes over time within a state is left.
    """
    if measure not in ("status_rank", "favoured"):
        raise ValueError(f"measure is 'status_rank' or 'favoured', found {measure!r}")
    changing = (measure, *CONTROLS)
    if within:
        return Model(ppml, "persons", changing, ("state", "year"))
    fixed = ("cyrillic", *GRAVITY, "log_born_in_russia")
    return Model(ppml, "persons", (measure, *fixed, *changing[1:]), ("year",))


def identification(panel: pd.DataFrame, measure: str = "status_rank") -> pd.DataFrame:
    """Which states the coefficient of the status of Russian rests on.

    Returns
    -------
    DataFrame
        One row per state: ``state``, ``changes`` (in words; empty if none in the period), ``share_year`` and
        ``share_within`` (percent of the information with year effects, and with state and year effects),
        ``without`` (the coefficient of the latter model with the state left out); most informative first.
    """
    model = arrivals_model(measure, within=True)
    shares = {
        "share_year": 100 * identifying_shares(arrivals_model(measure).fit(panel), measure, "state"),
        "share_within": 100 * identifying_shares(model.fit(panel), measure, "state"),
        "without": jackknife(model, panel, "state").estimates[measure],
        "changes": panel.groupby("state").apply(_changes_in_words, column=measure),
    }
    frame = pd.DataFrame(shares).rename_axis("state").reset_index()
    return ties.by_value(frame, "share_within", descending=True).reset_index(drop=True)


def _changes_in_words(history: pd.DataFrame, column: str) -> str:
    """ "2001: 1 to 2" for every change of a column from one year to the next."""
    values = history.sort_values("year", kind="stable").set_index("year")[column]
    changed = values[values.diff().fillna(0) != 0]
    return "; ".join(f"{year}: {values[year - 1]:.0f} to {value:.0f}" for year, value in changed.items())


def beside_published(
    ours: pd.DataFrame, published: pd.DataFrame, variables: dict[str, str], group: str
) -> pd.DataFrame:
    """Rows for a coefficient plot: our estimates of one kind, then those of other studies.

    Parameters
    ----------
    ours : DataFrame
        ``label``, ``estimate``, ``low``, ``high``, ``n``.
    published : DataFrame
        The table ``published_coefficients``.
    variables : dict
        Its variables to show, with the words to add to the study's name.
    group : str
        Heading.

    Returns
    -------
    DataFrame
        ``group``, ``label``, ``kind``, ``estimate``, ``low``, ``high``, ``n``; intervals of other studies
        are the estimate and 1.96 standard errors, missing where none is printed.
    """
    theirs = published[published["variable"].isin(variables)].sort_values(["study", "id"])
    notes = theirs["note"].fillna("")
    words = theirs["variable"].map(variables)
    theirs = theirs.assign(
        label=theirs["study"] + words + notes.where(notes == "", ", " + notes),
        low=theirs["estimate"] - 1.96 * theirs["se"],
        high=theirs["estimate"] + 1.96 * theirs["se"],
        n=theirs["observations"].astype(float),
        kind="published",
    )
    both = pd.concat([ours.assign(kind="ours"), theirs], ignore_index=True)
    return both.assign(group=group)[["group", "label", "kind", "estimate", "low", "high", "n"]]


def status_rows(
    panel: pd.DataFrame, measure: str, break_year: int, names: pd.Series, error: str
) -> pd.DataFrame:
    """Rows of a coefficient plot: status of Russian by model, sample and period, and by state left out."""
    samples = {
        "all states and years": panel,
        "Ukraine to 2013 only": sample(panel, "ukraine-to-2013"),
        f"to {break_year - 1}": panel[panel["year"] < break_year],
        f"from {break_year}": panel[panel["year"] >= break_year],
    }
    within = arrivals_model(measure, within=True)
    groups = {
        "year effects": {label: (arrivals_model(measure), part) for label, part in samples.items()},
        "state and year effects": {label: (within, part) for label, part in samples.items()},
        "state and year effects, one state left out": {
            f"without {names[state]}": (within, panel[panel["state"] != state])
            for state in panel["state"].unique()
        },
    }
    parts = []
    for group, models in groups.items():
        rows = fitted_table(models, "state", error)
        parts.append(rows[rows["term"] == measure].assign(group=group))
    table = pd.concat(parts, ignore_index=True).rename(columns={"model": "label"})
    return table.assign(kind="ours")[["group", "label", "kind", "estimate", "low", "high", "n"]]


def anchor_rows(fitted: pd.DataFrame, network: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Rows of a coefficient plot: the elasticity of distance in our models beside those of other studies."""
    ours = fitted.rename(columns={"model": "label"}).assign(
        label=lambda f: "Russia, " + f["label"].str.lower()
    )
    ours = pd.concat([ours, network.assign(label="network, " + network["destinations"])])
    term = "log_distance"
    return beside_published(ours[ours["term"] == term], published, {"distance": ""}, TERMS[term])


@dataclass(frozen=True)
class StatusTests:
    """p-values of the status of Russian under five methods; None where a method gives none."""

    status_p_robust: Annotated[float | None, P]
    status_p_clustered: Annotated[float | None, P]
    status_p_jackknife: Annotated[float | None, P]
    status_p_wild: Annotated[float | None, P]
    status_p: Annotated[float | None, P]  # reassigned histories


@dataclass(frozen=True)
class RussianFlows:
    """Russia's migration with the post-Soviet states: the sample, and the model with effects of years."""

    n: Annotated[int, ",d"]
    states: Annotated[int, "d"]
    first: Annotated[int, "d"]
    last: Annotated[int, "d"]
    status: Annotated[float, ".2f"]
    log_distance: Estimate
    contiguous: Estimate
    cyrillic: Estimate
    log_born_in_russia: Estimate
    log_income_ratio: Estimate
    log_population: Estimate


@dataclass(frozen=True)
class StatusEffect:
    """The status of Russian within states over time (claim A3), and whom its coefficient rests on."""

    changing_origins: Annotated[int, "d"]
    changing_names: Annotated[str, "s"]
    status: Annotated[float, ".2f"]
    status_low: Annotated[float | None, ".2f"]  # None where one state carries the estimate alone
    status_high: Annotated[float | None, ".2f"]
    status_words: Annotated[str, "s"]
    top_state: Annotated[str, "s"]
    top_share: Annotated[float, ".0f"]  # per cent of the information
    without_low: Annotated[float, ".2f"]
    without_high: Annotated[float, ".2f"]


SMALLEST_EFFECT = float(np.log(2))  # a step of the status that halves or doubles arrivals
_SIMULATIONS = 199  # samples behind a power: a standard error of three points at four in five


@dataclass(frozen=True)
class StatusPower:
    """How often the randomisation test finds an effect of the status within states, in simulated samples."""

    size: Annotated[float, ".0f"]  # per cent of the samples without an effect
    power_half: Annotated[float, ".0f"]  # per cent, where a step of the status halves arrivals
    power_double: Annotated[float, ".0f"]
    simulations: Annotated[int, "d"]


@dataclass(frozen=True)
class FewClusters:
    """What the wild bootstrap says of coefficients that a clustered error (CR1) would call significant."""

    log_population_p_clustered: Annotated[float, P]
    log_population_p_wild: Annotated[float, P]
    distance_early: Annotated[float | None, ".2f"]  # before the break; None without years before it
    distance_early_p_clustered: Annotated[float | None, P]
    distance_early_p_wild: Annotated[float | None, P]


def status_tests(methods: pd.DataFrame) -> StatusTests:
    """Take the p-values out of :func:`borderland.methods.resampling.compare_methods`."""
    # the jackknife has none where one state carries the estimate alone
    return StatusTests(*(None if np.isnan(p) else float(p) for p in methods["p"]))


def russian_flows(panel: pd.DataFrame, fitted: pd.DataFrame, measure: str) -> RussianFlows:
    """Sum up a panel of :func:`arrivals_panel` and its models with effects of years, and of states too."""
    pooled = fitted[fitted["model"] == "Year effects"].set_index("term")
    within = fitted[(fitted["model"] == "State and year effects") & (fitted["term"] == measure)]
    fixed = ("log_distance", "contiguous", "cyrillic", "log_born_in_russia")
    terms = (*fixed, "log_income_ratio", "log_population")
    return RussianFlows(
        n=int(within["n"].iloc[0]),
        states=panel["state"].nunique(),
        first=int(panel["year"].min()),
        last=int(panel["year"].max()),
        status=float(pooled.loc[measure, "estimate"]),
        **{term: Estimate.of(pooled.loc[term]) for term in terms},
    )


def status_effect(fitted: pd.DataFrame, identified: pd.DataFrame, measure: str) -> StatusEffect:
    """Sum up the model with effects of states, and :func:`identification` with states by name."""
    of_states = fitted[(fitted["model"] == "State and year effects") & (fitted["term"] == measure)].iloc[0]
    changing = identified[identified["changes"] != ""]
    low, high = (None if np.isnan(of_states[end]) else float(of_states[end]) for end in ("low", "high"))
    words = "an estimate without interval" if low is None else in_words(low, high, of_states["estimate"])  # type: ignore[arg-type]
    return StatusEffect(
        changing_origins=len(changing),
        changing_names=", ".join(changing["state"]),
        status=float(of_states["estimate"]),
        status_low=low,
        status_high=high,
        status_words=words,
        top_state=identified["state"].iloc[0],
        top_share=float(identified["share_within"].iloc[0]),
        without_low=float(identified["without"].min()),
        without_high=float(identified["without"].max()),
    )


def status_within(panel: pd.DataFrame, measure: str, draws: int, seed: int) -> Tested:
    """Coefficient of the status within states, and its p-value against histories dealt anew (claim A3)."""
    within = arrivals_model(measure, within=True)
    dealt = permuted_paths(panel, measure, "state", "year", draws, seed)
    test = randomisation_test(within, panel, measure, "state", dealt)
    return Tested(float(within.fit(panel).coefficients[measure]), test.p)


def power_against(panel: pd.DataFrame, measure: str, effect: float, seed: int) -> float:
    """Simulate how often the test on which claim A3 rests finds an effect, per cent.

    ``effect`` is in log points for a step of the status; each sample is tested with 199 reassignments.
    """
    within = arrivals_model(measure, within=True)
    shares = simulated_power(within, panel, measure, "state", "year", (effect,), _SIMULATIONS, 199, seed)
    return float(100 * shares[effect])


def status_power(panel: pd.DataFrame, measure: str, seed: int) -> StatusPower:
    """Put together :func:`power_against` no effect, and one that halves or doubles arrivals."""
    size, half, double = (
        power_against(panel, measure, effect, seed) for effect in (0.0, -SMALLEST_EFFECT, SMALLEST_EFFECT)
    )
    return StatusPower(size, half, double, _SIMULATIONS)


def few_clusters(panel: pd.DataFrame, before: pd.DataFrame, measure: str) -> FewClusters:
    """Test population, and distance before the break, by both methods (model with effects of years)."""
    model = arrivals_model(measure)

    def tested(frame: pd.DataFrame, term: str) -> tuple[float, float, float]:
        fit = model.fit(frame)
        row = estimates(fit, cluster_covariance(fit, "state")).loc[term]
        return row["estimate"], row["p"], wild_cluster_bootstrap(model, frame, term, "state").p

    _, clustered, wild = tested(panel, "log_population")
    early = (None, None, None) if before.empty else tested(before, "log_distance")
    return FewClusters(clustered, wild, *early)
