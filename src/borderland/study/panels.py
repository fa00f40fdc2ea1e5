"""Panels of the gravity models: Russia's registered migration by state, and flows between countries."""

import numpy as np
import pandas as pd

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


SAMPLES = {
    "all": "all states",
    "ukraine-to-2013": "Ukraine to 2013 only",
    "without-ukraine": "without Ukraine",
}


def sample(panel: pd.DataFrame, name: str) -> pd.DataFrame:
    """One of ``SAMPLES`` of the arrivals panel: Ukraine's flows are refugees' from 2014."""
    if name not in SAMPLES:
        raise ValueError(f"sample is one of {', '.join(SAMPLES)}, found {name!r}")
    ukraine = panel["state"] == "UKR"
    if name == "ukraine-to-2013":
        ukraine &= panel["year"] >= 2014
    return panel if name == "all" else panel[~ukraine]
