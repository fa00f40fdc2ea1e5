"""The article's gravity models: panels, specifications and the rows of their tables and charts."""

from collections.abc import Sequence
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
    p_value,
    permuted_paths,
    randomisation_test,
    simulated_power,
    wild_cluster_bootstrap,
)
from borderland.study.wording import Estimate, P, Tested, in_words

FAVOURED = 2  # rank from which Russian is an official or a state language


def arrivals_panel(
    migration: pd.DataFrame,
    dyads: pd.DataFrame,
    status: pd.DataFrame,
    controls: pd.DataFrame,
    stock: pd.DataFrame,
    direction: str = "arrivals",
    first_year: int = 1997,
    last_year: int = 2019,
    lag: int = 1,
) -> pd.DataFrame:
    """Russia's registered migration with the other post-Soviet states, one row per state and year.

    Parameters
    ----------
    migration, dyads, status, controls, stock : DataFrame
        The tables ``migration_partners``, ``dyads``, ``russian_status``, ``country_controls``,
        ``migrant_stock``.
    direction : {"arrivals", "departures"}
        Arrivals in Russia from the state, or departures from Russia to it.
    lag : int
        Years by which the status of Russian and the script are taken earlier: the table gives them at the
        end of a year.

    Returns
    -------
    DataFrame
        ``state``, ``year``, ``persons``, ``log_distance`` (km, between populations), ``contiguous``,
        ``status_rank`` (0 not named … 3 state language), ``favoured`` (rank 2 or 3), ``cyrillic`` (no other
        script decided by law), ``log_born_in_russia`` (persons, 1990, before the flows),
        ``log_income_ratio`` (Russia over the state, purchasing power), ``log_population``; sorted.

    Raises
    ------
    ValueError
        If a state and year lacks a value (the message names it).
    """
    chosen = migration[
        (migration["direction"] == direction)
        & (migration["partner"].isin(status["country"]))
        & migration["year"].between(first_year, last_year)
    ]
    if chosen.empty:
        raise ValueError(f"no {direction!r} between {first_year} and {last_year} in migration_partners")
    panel = chosen.rename(columns={"partner": "state"})[["state", "year", "persons"]]
    to_russia = dyads[dyads["destination"] == "RUS"].rename(columns={"origin": "state"})
    panel = panel.merge(to_russia[["state", "distance_weighted_km", "contiguous"]], on="state", how="left")
    panel = panel.merge(language_columns(status, lag, "state"), on=["state", "year"], how="left")
    income = controls[["country", "year", "gdp_per_head_ppp", "population"]]
    russia = income.loc[income["country"] == "RUS", ["year", "gdp_per_head_ppp"]]
    panel = panel.merge(income.rename(columns={"country": "state"}), on=["state", "year"], how="left")
    panel = panel.merge(russia, on="year", how="left", suffixes=("", "_russia"))
    born = stock[(stock["origin"] == "RUS") & (stock["year"] == 1990)].rename(
        columns={"destination": "state"}
    )
    panel = panel.merge(born[["state", "persons"]], on="state", how="left", suffixes=("", "_born"))
    panel = panel.assign(
        contiguous=panel["contiguous"].astype(float),
        log_distance=np.log(panel["distance_weighted_km"]),
        log_income_ratio=np.log(panel["gdp_per_head_ppp_russia"] / panel["gdp_per_head_ppp"]),
        log_population=np.log(panel["population"]),
        log_born_in_russia=np.log(panel["persons_born"]),
    )
    names = ["log_distance", "contiguous", "status_rank", "favoured", "cyrillic"]
    names += ["log_born_in_russia", "log_income_ratio", "log_population"]
    return _complete(panel[["state", "year", "persons", *names]].sort_values(["state", "year"]))


def language_columns(status: pd.DataFrame, lag: int, country: str) -> pd.DataFrame:
    """Status of Russian and script by country and year, ``lag`` years later than the table states them."""
    shifted = status.assign(
        year=status["year"] + lag,
        status_rank=status["rank"].astype(float),
        favoured=(status["rank"] >= FAVOURED).astype(float),
        cyrillic=status["script"].isin(["cyrillic", "latin-decreed"]).astype(float),
    )
    columns_kept = ["country", "year", "status_rank", "favoured", "cyrillic"]
    return shifted[columns_kept].rename(columns={"country": country})


def network_panel(
    flows: pd.DataFrame,
    dyads: pd.DataFrame,
    status: pd.DataFrame,
    outcome: str,
    destinations: str = "post-soviet",
) -> pd.DataFrame:
    """Five-year flows between countries with what a pair has in common, one row per pair and period.

    Parameters
    ----------
    flows : DataFrame
        The table ``flows_abel_cohen``; its methods ``sd-…`` are differences of migrant stocks, the others
        models fitted to stocks.
    dyads, status : DataFrame
        The tables ``dyads`` and ``russian_status``.
    outcome : str
        Value of ``method``.
    destinations : {"post-soviet", "all"}
        The post-Soviet states alone, or with the destinations outside.

    Returns
    -------
    DataFrame
        ``origin``, ``destination``, ``pair``, ``period``, ``persons``, ``log_distance``, ``contiguous``,
        ``spoken`` (common spoken language, 0–1), ``official`` (Russian official or state language of both at
        the end of the first year), ``post_soviet`` (both post-Soviet); sorted.
    """
    states = status["country"].unique()
    panel = flows[(flows["method"] == outcome) & flows["origin"].isin(states)]
    if panel.empty:
        raise ValueError(
            f"no flows of method {outcome!r}; there are {', '.join(sorted(set(flows['method'])))}"
        )
    if destinations == "post-soviet":
        panel = panel[panel["destination"].isin(states)]
    elif destinations != "all":
        raise ValueError(f"destinations is 'post-soviet' or 'all', found {destinations!r}")
    panel = panel.merge(dyads, on=["origin", "destination"], how="left")
    rank = status.set_index(["country", "year"])["rank"]
    favoured = [
        rank.reindex(pd.MultiIndex.from_frame(panel[[side, "period"]])).to_numpy() >= FAVOURED
        for side in ("origin", "destination")
    ]
    panel = panel.assign(
        pair=panel["origin"] + "-" + panel["destination"],
        log_distance=np.log(panel["distance_weighted_km"]),
        contiguous=panel["contiguous"].astype(float),
        spoken=panel["common_spoken_language"],
        official=(favoured[0] & favoured[1]).astype(float),
        post_soviet=panel["destination"].isin(states).astype(float),
    )
    names = ["log_distance", "contiguous", "spoken", "official", "post_soviet"]
    keys = ["origin", "destination", "pair", "period"]
    return _complete(panel[[*keys, "persons", *names]].sort_values(keys, kind="stable"))


def event_time(panel: pd.DataFrame, measure: str, reach: int) -> pd.DataFrame:
    """Steps of the status within the panel by the years since them, one column per year of distance.

    The column for k holds the step that a state took k years before (k < 0: will take); the outermost ones
    hold all steps as far away or farther. So a state may change more than once, and by more than one rank. A
    distance of −1 has no column: the year before the step is what others are held against.

    Parameters
    ----------
    panel : DataFrame
        Of :func:`arrivals_panel`.
    reach : int
        Years told apart before and after a step.

    Returns
    -------
    DataFrame
        Index of ``panel``; columns "event_-5", …, "event_5".

    References
    ----------
    Schmidheiny & Siegloch (2023), *Journal of Applied Econometrics* (binned ends; several steps of unlike
    size).
    """
    steps = panel.sort_values("year").groupby("state")[measure].diff().fillna(0.0)
    taken = panel.assign(step=steps).query("step != 0")
    distances = [distance for distance in range(-reach, reach + 1) if distance != -1]
    columns = {}
    for distance in distances:
        column = pd.Series(0.0, index=panel.index)
        for step in taken.itertuples():
            since = panel["year"] - step.year
            near = {-reach: since <= -reach, reach: since >= reach}.get(distance, since == distance)
            column += step.step * ((panel["state"] == step.state) & near)
        columns[f"event_{distance}"] = column
    return pd.DataFrame(columns)


def event_study(panel: pd.DataFrame, measure: str, reach: int, draws: int, seed: int) -> pd.DataFrame:
    """Arrivals before and after a step of the status, against the year before it (claim A3).

    Poisson pseudo maximum likelihood with effects of states and years and the controls of the main model.
    The band is where the coefficients of the same model fall when the histories of status are dealt anew
    among the states: with four states that change, it holds where clustered errors do not.

    Returns
    -------
    DataFrame
        ``distance`` (years since the step, those at which a state is seen), ``estimate`` (log points a rank;
        zero at −1), ``null_low``, ``null_high`` (middle 95 % of the reassignments), ``states`` (with a step
        seen at that distance), ``p`` (missing at −1) and ``pooled`` (it holds steps farther away too).
        ``attrs["draws"]`` is the number of reassignments that can be fitted.
    """
    times = event_time(panel, measure, reach)
    times = times.loc[:, times.any()]  # a short panel shows no state at some distances
    sample = panel.join(times)
    names = tuple(times)
    model = Model(ppml, "persons", (*names, *_CONTROLS), ("state", "year"))
    found = model.fit(sample).coefficients[list(names)]
    # one seed deals all columns alike: a state is handed the whole history of another
    dealt = np.stack([permuted_paths(sample, name, "state", "year", draws, seed) for name in names], axis=2)
    null = []
    for draw in range(draws):
        try:
            fit = model.fit(sample.assign(**dict(zip(names, dealt[:, draw].T, strict=True))))
        except ValueError:  # this deal leaves a distance without variation of its own
            continue
        null.append(fit.coefficients[list(names)])
    drawn = pd.DataFrame(null)
    low, high = drawn.quantile(0.025), drawn.quantile(0.975)
    seen = times.ne(0).groupby(panel["state"]).any().sum()
    rows = [
        [
            int(name.removeprefix("event_")),
            found[name],
            low[name],
            high[name],
            seen[name],
            p_value(drawn[name].abs(), abs(found[name])),
        ]
        for name in found.index
    ]
    rows.append([-1, 0.0, 0.0, 0.0, seen["event_0"], np.nan])
    columns = ["distance", "estimate", "null_low", "null_high", "states", "p"]
    table = pd.DataFrame(rows, columns=columns).sort_values("distance", ignore_index=True)
    farther = event_time(panel, measure, reach + 1)
    ends = {-reach: f"event_{-reach - 1}", reach: f"event_{reach + 1}"}
    table["pooled"] = [end in ends and bool(farther[ends[end]].any()) for end in table["distance"]]
    table.attrs = {"draws": len(drawn)}
    return table


def with_stock(panel: pd.DataFrame, stock: pd.DataFrame) -> pd.DataFrame:
    """Add ``log_stock`` to a network panel: log of one more than the migrants of the pair at the start.

    Persons born at the origin who live at the destination in the first year of the period (table
    ``migrant_stock``). The estimates of flows are themselves made from these stocks and their change.
    """
    at_start = stock.rename(columns={"year": "period", "persons": "stock"})
    merged = panel.merge(at_start, on=["origin", "destination", "period"], how="left")
    return _complete(merged.assign(log_stock=np.log1p(merged["stock"])).drop(columns="stock"))


def permuted_official(panel: pd.DataFrame, status: pd.DataFrame, draws: int, seed: int) -> np.ndarray:
    """Versions of ``official`` in :func:`network_panel` with the histories of status dealt among the states.

    Returns
    -------
    array, n × draws
        In the order of ``panel``.
    """
    wide = status.pivot(index="country", columns="year", values="rank") >= FAVOURED
    origin, destination = (wide.index.get_indexer(panel[side]) for side in ("origin", "destination"))
    period = wide.columns.get_indexer(panel["period"])
    inside = destination >= 0
    generator = np.random.default_rng(seed)
    out = np.zeros((len(panel), draws))
    for draw in range(draws):
        dealt = wide.to_numpy()[generator.permutation(len(wide))]
        out[:, draw] = dealt[origin, period] & dealt[destination, period] & inside
    return out


def _complete(panel: pd.DataFrame) -> pd.DataFrame:
    """Refuse a panel with gaps, naming the first; a merge that found no partner would leave one."""
    gaps = panel.isna()
    if gaps.to_numpy().any():
        row, column = np.argwhere(gaps.to_numpy())[0]
        where = ", ".join(str(value) for value in panel.iloc[row, :2])
        raise ValueError(
            f"no {panel.columns[column]} for {where}: the tables do not cover the period asked for"
        )
    return panel.reset_index(drop=True)


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
OUTCOMES = {
    "da-pb-closed": "demographic accounting, pseudo-Bayesian",
    "da-min-closed": "demographic accounting, minimum, closed",
    "da-min-open": "demographic accounting, minimum, open",
    "mig-rate": "migration rates",
    "sd-drop-neg": "growth of stocks, shrinking ones as zero",
    "sd-rev-neg": "growth of stocks, shrinking ones as return",
}
SAMPLES = {
    "all": "all states",
    "ukraine-to-2013": "Ukraine to 2013 only",
    "without-ukraine": "without Ukraine",
}
_GRAVITY = ("contiguous", "log_distance")
_CONTROLS = ("log_income_ratio", "log_population")
COUNTRY_EFFECTS, PAIR_EFFECTS = "countries × period", "and pairs"
_COUNTRY_PERIODS = (("origin", "period"), ("destination", "period"))


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
    changing = (measure, *_CONTROLS)
    if within:
        return Model(ppml, "persons", changing, ("state", "year"))
    fixed = ("cyrillic", *_GRAVITY, "log_born_in_russia")
    return Model(ppml, "persons", (measure, *fixed, *changing[1:]), ("year",))


def network_model(within: bool = False, stock: bool = False) -> Model:
    """Model of flows between countries, with effects of origin × period and destination × period.

    ``within`` adds effects of pairs: only pairs in which the common official status changes are left.
    ``stock`` adds the persons of the pair who had moved before, of :func:`with_stock`.
    """
    added = ("log_stock",) if stock else ()
    if within:
        return Model(ppml, "persons", ("official", *added), (*_COUNTRY_PERIODS, "pair"))
    return Model(ppml, "persons", ("official", "spoken", *_GRAVITY, *added), _COUNTRY_PERIODS)


def sample(panel: pd.DataFrame, name: str) -> pd.DataFrame:
    """One of ``SAMPLES`` of the arrivals panel: Ukraine's flows are refugees' from 2014."""
    if name not in SAMPLES:
        raise ValueError(f"sample is one of {', '.join(SAMPLES)}, found {name!r}")
    ukraine = panel["state"] == "UKR"
    if name == "ukraine-to-2013":
        ukraine &= panel["year"] >= 2014
    return panel if name == "all" else panel[~ukraine]


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


def changing_pairs(panel: pd.DataFrame) -> list[str]:
    """Directed pairs whose common official status changes between periods."""
    range_ = panel.groupby("pair")["official"].agg(["min", "max"])
    return list(range_.index[range_["min"] != range_["max"]])


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


def anchor_rows(fitted: pd.DataFrame, network: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Rows of a coefficient plot: the elasticity of distance in our models beside those of other studies."""
    ours = fitted.rename(columns={"model": "label"}).assign(
        label=lambda f: "Russia, " + f["label"].str.lower()
    )
    ours = pd.concat([ours, network.assign(label="network, " + network["destinations"])])
    term = "log_distance"
    return beside_published(ours[ours["term"] == term], published, {"distance": ""}, TERMS[term])


# --- what the text quotes ---------------------------------------------------------------------------


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


@dataclass(frozen=True)
class EventStudy:
    """Arrivals around a step of the status (claim A3)."""

    reach: Annotated[int, "d"]
    draws: Annotated[int, "d"]
    states_before: Annotated[int, "d"]  # seen in all years before the step but the outermost
    states_after: Annotated[int, "d"]  # in the year of the step and all after it
    outside: Annotated[int, "d"]  # distances at which the estimate leaves the band
    first: Annotated[float, ".2f"]  # in the year of the step, log points a rank
    last: Annotated[float, ".2f"]


def event_summary(rows: pd.DataFrame) -> EventStudy:
    """Sum up :func:`event_study`."""
    by_distance = rows.set_index("distance")
    beyond = (rows["estimate"] < rows["null_low"]) | (rows["estimate"] > rows["null_high"])
    inner = min(int(rows["distance"].min()) + 1, -1)  # where the year before is itself the outermost
    return EventStudy(
        reach=int(rows["distance"].max()),
        draws=rows.attrs["draws"],
        states_before=int(by_distance.loc[inner:-1, "states"].min()),
        states_after=int(by_distance.loc[0:, "states"].min()),
        outside=int(beyond.sum()),
        first=float(by_distance.loc[0, "estimate"]),
        last=float(rows["estimate"].iloc[-1]),
    )
