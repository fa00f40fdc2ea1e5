"""Gravity models of migration by Poisson pseudo maximum likelihood (PPML)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog
from scipy.special import xlogy

from borderland.panel import Effect, Effects, Regression, columns, group_codes, refuse_collinear

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
    kept = ~separated(frame, outcome, regressors, effects)
    used = frame.loc[kept]
    flows, design = flows[kept], design[kept]
    shift = np.zeros(len(used)) if offset is None else np.asarray(offset, dtype=float)[kept]
    absorbed = Effects(used, effects)
    refuse_collinear(design, absorbed.residualise(design, np.ones(len(used))), regressors, effects)

    predictor = np.log((flows + flows.mean()) / 2)
    mean = np.exp(predictor)
    deviance = np.inf  # the start is no fit of the model: its deviance may lie below the best one
    for _ in range(_ITERATIONS):
        working = predictor - shift + (flows - mean) / mean
        both = absorbed.residualise(np.column_stack([working, design]), mean)
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
    plain case and are found by counting; the rest by linear programming: maximise the sum of z on the zeros
    subject to z = Xγ, z = 0 on the positive flows, 0 ≤ z ≤ 1 on the zeros.

    References
    ----------
    Correia, Guimarães & Zylkin (2019), arXiv:1903.01633, section 2 (definition; both ways of detection).
    """
    flows, design = columns(frame, outcome, regressors)
    positive = flows > 0
    codes = [group_codes(frame, effect) for effect in effects]
    out = np.zeros(len(frame), dtype=bool)
    for code in codes:
        out |= (np.bincount(code, weights=positive) == 0)[code]
    zero = ~positive & ~out
    if not zero.any():
        return out
    scale = np.abs(design).max(axis=0, initial=0)
    blocks = [
        sparse.csr_array(design / np.where(scale > 0, scale, 1)),
        sparse.csr_array(np.ones((len(frame), 1))),
    ]
    for code in codes:
        blocks.append(sparse.csr_array((np.ones(len(code)), (np.arange(len(code)), code))))
    full = sparse.hstack(blocks, format="csr")
    on_zero = full[zero]
    solution = linprog(
        -np.asarray(on_zero.sum(axis=0)).ravel(),
        A_eq=full[positive],
        b_eq=np.zeros(int(positive.sum())),
        A_ub=sparse.vstack([on_zero, -on_zero], format="csr"),
        b_ub=np.repeat([1.0, 0.0], int(zero.sum())),
        bounds=(None, None),
        method="highs",
    )
    if solution.status != 0:
        raise ValueError(f"the search for separated observations failed: {solution.message}")
    out[zero] = on_zero @ solution.x > 0.5  # a feasible direction can be scaled up until it reaches 1
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
        ``origin``, ``destination``, ``period`` (first year), ``method``, ``persons``: the estimates of Abel &
        Cohen, or differences of stocks from :func:`stock_differences`.
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
    return _complete(panel[[*keys, "persons", *names]].sort_values(keys))


def stock_differences(stock: pd.DataFrame) -> pd.DataFrame:
    """Growth of migrant stocks over five years, none below zero, in the shape of the flow estimates.

    A stock difference leaves out deaths and return: it is a lower bound on arrivals, and zero for a shrinking
    stock.

    References
    ----------
    Beine, Docquier & Özden (2011), *Journal of Development Economics* 95(1), 30–41 (differences of stocks as
    flows, negative ones set to zero).
    """
    later = stock.assign(year=stock["year"] - 5)
    both = stock.merge(later, on=["origin", "destination", "year"], suffixes=("", "_later"))
    growth = (both["persons_later"] - both["persons"]).clip(lower=0)
    return both.assign(period=both["year"], method="stock-difference", persons=growth)[
        ["origin", "destination", "period", "method", "persons"]
    ]


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
