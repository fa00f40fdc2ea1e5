"""Gravity models of migration by Poisson pseudo maximum likelihood (PPML)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog
from scipy.special import xlogy

from borderland import ties
from borderland.inference import (
    Model,
    cluster_covariance,
    estimates,
    fitted_table,
    identifying_shares,
    jackknife,
    randomisation_test,
)
from borderland.panel import Effect, Effects, Regression, columns, refuse_collinear

_TOLERANCE = 1e-12  # relative change of the deviance; coefficients are then settled to about 1e-8
_ITERATIONS = 100


def ppml(
    frame: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    effects: Sequence[Effect] = (),
    offset: np.ndarray | None = None,
) -> Regression:
    """Poisson pseudo maximum likelihood with absorbed effects, by iteratively reweighted least squares.

    The mean is exp(offset + effects + regressors × coefficients). Consistent for any outcome at or above zero
    whose mean is so specified; zeros stay in, and heteroskedasticity does not bias the elasticities as it
    does in a regression of logs. Separated observations are dropped and reported.

    Parameters
    ----------
    frame : DataFrame
        One row per origin, destination and period, without gaps in the columns used.
    outcome : str
        Column of flows, persons, none negative.
    regressors : sequence of str
        Columns; the coefficient of a logarithm is an elasticity.
    effects : sequence
        Columns or tuples of columns, see :class:`borderland.panel.Effects`.
    offset : array, optional
        Added to the linear predictor with coefficient one, in the order of ``frame``.

    Raises
    ------
    ValueError
        On a negative outcome, no positive outcome, gaps, collinearity, or if the fit does not settle.

    References
    ----------
    Santos Silva & Tenreyro (2006), *Review of Economics and Statistics* 88(4), 641–658; Correia, Guimarães &
    Zylkin (2020), *Stata Journal* 20(1), 95–115, section 3 (absorbing effects inside the iteration).
    """
    flows, design = columns(frame, outcome, regressors)
    if (flows < 0).any():
        row = frame.index[flows < 0][0]
        raise ValueError(f"column {outcome!r} is negative at row {row!r}: a flow is a count of persons")
    if not (flows > 0).any():
        raise ValueError(f"column {outcome!r} has no positive value: there is nothing to fit")
    absorbed = Effects(frame, effects)
    kept = ~_separated(flows > 0, design, absorbed.codes)
    used, shift = frame, np.zeros(len(frame)) if offset is None else np.asarray(offset, dtype=float)
    if not kept.all():
        used, flows, design, shift = frame.loc[kept], flows[kept], design[kept], shift[kept]
        absorbed = Effects(used, effects)
    refuse_collinear(design, absorbed.residualise(design, np.ones(len(used))), regressors, effects)

    predictor = np.log((flows + flows.mean()) / 2)
    mean = np.exp(predictor)
    deviance = np.inf  # the start is no fit of the model: its deviance may lie below the best one
    for _ in range(_ITERATIONS):
        working = predictor - shift + (flows - mean) / mean
        try:
            both = absorbed.residualise(np.column_stack([working, design]), mean)
        except np.linalg.LinAlgError:
            raise ValueError(
                f"the Poisson fit of {outcome!r} ran off: its means span too many orders"
            ) from None
        within = both[:, 1:]
        root = np.sqrt(mean)
        estimate = np.linalg.lstsq(root[:, None] * within, root * both[:, 0], rcond=None)[0]
        step = working + shift - (both[:, 0] - within @ estimate) - predictor
        predictor, mean, new = _damped(flows, predictor, step, deviance)
        settled = abs(deviance - new) <= _TOLERANCE * (0.1 + abs(new))
        deviance = new
        if settled:
            break
    else:
        raise ValueError(f"the Poisson fit of {outcome!r} did not settle in {_ITERATIONS} iterations")
    return Regression(
        coefficients=pd.Series(estimate, index=list(regressors), dtype=float),
        frame=used,
        within=absorbed.residualise(design, mean),
        weights=mean,
        residuals=flows - mean,
        fitted=mean,
        effects=absorbed,
        deviance=deviance,
        separated=frame.index[~kept],
    )


def _deviance(flows: np.ndarray, mean: np.ndarray) -> float:
    """Poisson deviance, McCullagh & Nelder (1989), table 2.1."""
    return float(2 * np.sum(xlogy(flows, flows / mean) - (flows - mean)))


def _damped(
    flows: np.ndarray, predictor: np.ndarray, step: np.ndarray, deviance: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Take the step, halved until the deviance does not rise (a rise within rounding is let through)."""
    for _ in range(30):
        candidate = predictor + step
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.exp(candidate)
            new = _deviance(flows, mean)
        if np.isfinite(new) and new <= deviance * (1 + 1e-9) + 1e-9:
            break
        step = step / 2
    return candidate, mean, new


def separated(
    frame: pd.DataFrame, outcome: str, regressors: Sequence[str], effects: Sequence[Effect] = ()
) -> np.ndarray:
    """Which observations a Poisson fit would send to a mean of zero (true = separated).

    A zero flow is separated if some combination of regressors and effects is zero wherever the flow is
    positive, never positive where it is zero, and negative there. Groups without any positive flow are the
    plain case and are found by counting; the rest by linear programming: maximise the sum of s over the zeros
    subject to z = Xγ, z = 0 on the positive flows, z ≥ s and 0 ≤ s ≤ 1 on the zeros.

    References
    ----------
    Correia, Guimarães & Zylkin (2019), arXiv:1903.01633, section 2 (definition; both ways of detection).
    """
    flows, design = columns(frame, outcome, regressors)
    return _separated(flows > 0, design, Effects(frame, effects).codes)


def _separated(positive: np.ndarray, design: np.ndarray, codes: Sequence[np.ndarray]) -> np.ndarray:
    """Do the work of :func:`separated` on arrays; without effects ``codes`` is the one group of all."""
    n = len(positive)
    out = np.zeros(n, dtype=bool)
    for code in codes:
        out |= (np.bincount(code, weights=positive) == 0)[code]
    zero = ~positive & ~out
    if not zero.any():
        return out
    scale = np.abs(design).max(axis=0, initial=0)
    blocks = [sparse.csr_array(design / np.where(scale > 0, scale, 1))]
    blocks += [sparse.csr_array((np.ones(n), (np.arange(n), code))) for code in codes]
    full = sparse.hstack(blocks, format="csr")
    on_zero, zeros = full[zero], int(zero.sum())
    solution = linprog(
        np.concatenate([np.zeros(full.shape[1]), -np.ones(zeros)]),
        A_eq=sparse.hstack([full[positive], sparse.csr_array((int(positive.sum()), zeros))], format="csr"),
        b_eq=np.zeros(int(positive.sum())),
        A_ub=sparse.hstack([-on_zero, sparse.eye_array(zeros)], format="csr"),
        b_ub=np.zeros(zeros),
        bounds=[(None, None)] * full.shape[1] + [(0, 1)] * zeros,
        method="highs",
    )
    if solution.status != 0:
        raise ValueError(f"the search for separated observations failed: {solution.message}")
    out[zero] = solution.x[-zeros:] > 0.5  # a direction can be scaled up, so each part is 0 or 1
    return out


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


# --- the article's models --------------------------------------------------------------------------

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
    changing = (measure, "log_income_ratio", "log_population")
    if within:
        return Model(ppml, "persons", changing, ("state", "year"))
    fixed = ("cyrillic", *_GRAVITY, "log_born_in_russia")
    return Model(ppml, "persons", (measure, *fixed, *changing[1:]), ("year",))


def network_model(within: bool = False) -> Model:
    """Model of flows between countries, with effects of origin × period and destination × period.

    ``within`` adds effects of pairs: only pairs in which the common official status changes are left.
    """
    if within:
        return Model(ppml, "persons", ("official",), (*_COUNTRY_PERIODS, "pair"))
    return Model(ppml, "persons", ("official", "spoken", *_GRAVITY), _COUNTRY_PERIODS)


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
        :func:`borderland.inference.estimates` with errors clustered by pair; ``p_two_way`` (by origin and by
        destination), ``p_randomisation`` (common official status only: histories of status dealt among the
        states), ``separated``.
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
        "official": "Russian official\nin both",
        "official_within": "Russian official in\nboth, pair effects",
        "spoken": "common spoken\nlanguage",
        "log_distance": "distance\n(elasticity)",
    }
    parts = [network[network["term"] == term].assign(panel=words) for term, words in headings.items()]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(row=rows["outcome"].map(OUTCOMES), series=rows["destinations"])
    return rows[["panel", "row", "series", "estimate", "low", "high", "n"]]


def anchor_rows(fitted: pd.DataFrame, network: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Rows of a coefficient plot: distance and language of our models beside those of other studies."""
    ours = fitted.rename(columns={"model": "label"}).assign(
        label=lambda f: "Russia, " + f["label"].str.lower()
    )
    ours = pd.concat([ours, network.assign(label="network, " + network["destinations"])])
    groups = {
        "log_distance": {"distance": ""},
        "official": {"common-official-language": ": official"},
        "spoken": {"linguistic-proximity": ": proximity"},
        "contiguous": {},
    }
    parts = [
        beside_published(ours[ours["term"] == term], published, variables, TERMS[term])
        for term, variables in groups.items()
    ]
    return pd.concat(parts, ignore_index=True)
