"""Samples for regressions of net migration: Kazakh districts, and regions of both countries over time."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from borderland import geo, ties
from borderland.demography import rate_per_1000
from borderland.inference import (
    Covariance,
    Model,
    cluster_covariance,
    driscoll_kraay,
    estimates,
    robust_covariance,
)
from borderland.panel import Regression, least_squares
from borderland.spatial import conley_covariance, distance_matrix, morans_i, nearest_neighbour_weights

METROPOLISES = {"KZ-71": "KZ71", "KZ-75": "KZ75", "KZ-79": "KZ79"}  # Astana, Almaty, Shymkent
DISTRICT_SETS = ("without-metropolises", "all", "districts-only", "border-regions")

TERMS = {
    "distance_100km": "distance to the border (100 km)",
    "russian_share_10": "Russians among inhabitants (10 percentage points)",
    "natural_rate": "natural increase (per 1,000)",
    "city": "city",
    "metropolis": "Astana, Almaty or Shymkent",
    "unemployment": "unemployment (percentage points)",
    "log_income": "income per head (log)",
    "million_plus": "city of more than a million",
    "border": "at the border",
}


def district_sample(
    districts: pd.DataFrame,
    migration: pd.DataFrame,
    population: pd.DataFrame,
    vital: pd.DataFrame,
    ethnicity: pd.DataFrame,
    regions: pd.DataFrame,
    border: pd.DataFrame,
    years: Sequence[int],
    chosen: str = "without-metropolises",
) -> pd.DataFrame:
    """Kazakh districts, one row each, with net migration and what it is related to.

    Districts whose territory changed within the years are joined to the area that stayed the same; each of
    the three metropolises is one unit, since moves between its own districts are no migration of the city.

    Parameters
    ----------
    districts, migration, population, vital, ethnicity, regions : DataFrame
        The tables ``districts``, ``district_migration``, ``district_population``, ``district_vital``,
        ``district_ethnicity``, ``regions``.
    border : DataFrame
        The boundary ``border``.
    years : sequence of int
        Years of migration taken together (2023, 2024 or both).
    chosen : str
        One of ``DISTRICT_SETS``.

    Returns
    -------
    DataFrame
        ``area``, ``name``, ``unit`` (region), ``lat``, ``lon``, ``net_rate`` (net migrants of all flows per
        1,000 inhabitants on 1 January and year), ``distance_km``, ``distance_100km``, ``russian_share_10``
        (tens of percent, 2025), ``natural_rate`` (per 1,000, 2023), ``city``, ``metropolis``; areas that lack
        any of it, or one of the years, are left out (see ``attrs["left_out"]``).
    """
    area = districts["unit"].map(METROPOLISES).fillna(districts["stable_area"])
    area = area.set_axis(districts["district"])

    def summed(frame: pd.DataFrame, column: str) -> pd.Series:
        return frame.groupby(frame["district"].map(area))[column].sum()

    def over_years(frame: pd.DataFrame, column: str) -> pd.Series:
        wanted = frame[frame["year"].isin(years)]
        by_year = wanted.groupby([wanted["district"].map(area), "year"])[column].sum().unstack()
        return by_year.sum(axis=1, skipna=False)  # migrants of two years go with persons of the same two

    total, russian = (
        summed(ethnicity[(ethnicity["year"] == 2025) & (ethnicity["group"] == group)], "persons")
        for group in ("total", "russian")
    )
    heads = districts[districts["district"] == districts["district"].map(area)].set_index("district")
    frame = heads[["name", "unit", "lat", "lon"]].assign(
        net=over_years(migration, "net"),
        persons=over_years(population, "persons"),
        russian_share_10=10 * russian / total,
        natural=summed(vital, "natural_increase"),
        start=summed(population[population["year"] == 2023], "persons"),
        city=(heads["kind"] != "district").astype(float),
        metropolis=heads.index.isin(list(METROPOLISES.values())).astype(float),
    )
    full = frame.dropna()
    full = full.assign(
        net_rate=rate_per_1000(full["net"], full["persons"]),
        natural_rate=rate_per_1000(full["natural"], full["start"]),
        distance_km=geo.distance_to_border(full["lat"], full["lon"], border)["distance_km"].to_numpy(),
    )
    full = full.assign(distance_100km=full["distance_km"] / 100)
    result = district_subset(full.rename_axis("area").reset_index(), regions, chosen)
    result.attrs = {"left_out": sorted(set(frame.index) - set(full.index))}
    return result


def district_subset(sample: pd.DataFrame, regions: pd.DataFrame, chosen: str) -> pd.DataFrame:
    """One of ``DISTRICT_SETS`` out of the sample of all districts."""
    if chosen not in DISTRICT_SETS:
        raise ValueError(f"set of districts is one of {', '.join(DISTRICT_SETS)}, found {chosen!r}")
    keep = {
        "all": sample["metropolis"] >= 0,
        "without-metropolises": sample["metropolis"] == 0,
        "districts-only": sample["city"] == 0,
        "border-regions": sample["unit"].isin(regions.loc[regions["border"], "unit"]),
    }[chosen]
    return sample[keep].reset_index(drop=True)


def district_model(chosen: str, controls: str = "all", regions: bool = False) -> Model:
    """Least squares of a district's net migration rate on its distance to the border.

    Parameters
    ----------
    chosen : str
        The set of districts, one of ``DISTRICT_SETS``; without cities in it none is told apart.
    controls : {"none", "russians", "all"}
        Nothing; share of Russians; also natural increase and city.
    regions : bool
        With effects of regions: districts are compared within their region.
    """
    added = {
        "none": (),
        "russians": ("russian_share_10",),
        "all": ("russian_share_10", "natural_rate", *(() if chosen == "districts-only" else ("city",))),
    }
    if controls not in added:
        raise ValueError(f"controls is one of {', '.join(added)}, found {controls!r}")
    regressors = ("distance_100km", *added[controls])
    return Model(least_squares, "net_rate", regressors, ("unit",) if regions else ())


def region_panel(
    rates: pd.DataFrame,
    regions: pd.DataFrame,
    border: pd.DataFrame,
    economy: pd.DataFrame,
    first_year: int,
    last_year: int,
) -> pd.DataFrame:
    """Net migration of regions by year, with distance to the border and the state of the labour market.

    Parameters
    ----------
    rates : DataFrame
        From :func:`borderland.demography.rates`, the units of one country.
    regions, economy : DataFrame
        The tables of these names.
    border : DataFrame
        The boundary ``border``.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``migration_rate`` (per 1,000), ``origin`` (published or residual),
        ``distance_100km`` (of the region's centre), ``border``, ``million_plus`` (0 or 1), ``unemployment``
        (percent) and ``log_income`` (missing where not published); rows without net migration are left out.
    """
    panel = rates[rates["year"].between(first_year, last_year)].dropna(subset="migration_rate")
    if panel.empty:
        raise ValueError(f"no net migration between {first_year} and {last_year}")
    panel = panel[["unit", "year", "migration_rate", "origin"]]
    of = regions.set_index("unit").loc[panel["unit"].unique()]
    known = of.dropna(subset=["centre_lat", "centre_lon"])
    away = geo.distance_to_border(known["centre_lat"], known["centre_lon"], border)["distance_km"]
    of = of.assign(distance_100km=pd.Series(away.to_numpy() / 100, index=known.index))
    of = of[["distance_100km", "border", "million_plus"]].astype(float)
    panel = panel.merge(of, left_on="unit", right_index=True)
    wide = economy.pivot_table(index=["unit", "year"], columns="indicator", values="value")
    panel = panel.merge(wide[["unemployment_rate", "income"]], on=["unit", "year"], how="left")
    panel = panel.assign(log_income=np.log(panel["income"]), unemployment=panel["unemployment_rate"])
    panel = panel.drop(columns="unemployment_rate")
    return panel.drop(columns="income").sort_values(["unit", "year"], ignore_index=True)


def by_period(
    panel: pd.DataFrame, columns: Sequence[str], starts: Sequence[int], base: bool
) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """Split columns by period: each becomes one column per period, zero outside it.

    Parameters
    ----------
    starts : sequence of int
        First years of the periods, ascending; the last period ends with the panel.
    base : bool
        Leave the first period out, as effects of units require of columns fixed in time.

    Returns
    -------
    panel, names : DataFrame, dict
        The panel with the new columns, and for each of them its origin column and the period in words.
    """
    starts = list(starts)
    if starts != sorted(set(starts)) or starts[0] > panel["year"].min():
        raise ValueError(f"periods must ascend and begin by {panel['year'].min()}, found {starts}")
    ends = [start - 1 for start in starts[1:]] + [int(panel["year"].max())]
    new, names = {}, {}
    for column in columns:
        for start, end in list(zip(starts, ends, strict=True))[1 if base else 0 :]:
            inside = panel["year"].between(start, end)
            if not inside.any():
                raise ValueError(f"no observation in the period {start}–{end}")
            name = f"{column}_{start}"
            new[name] = panel[column].where(inside, 0.0)
            names[name] = (column, f"{start}–{end}" if end > start else f"{start}")
    return panel.assign(**new), names


DISTRICT_ERRORS = ("conley", "region", "robust")


def district_covariance(fit: Regression, error: str, cutoff_km: float) -> Covariance:
    """Covariance of a district regression: Conley's up to a cutoff, clustered by region, or HC1."""
    if error == "conley":
        return conley_covariance(fit, distance_matrix(fit.frame["lat"], fit.frame["lon"]), cutoff_km)
    if error == "region":
        return cluster_covariance(fit, "unit")
    if error == "robust":
        return robust_covariance(fit)
    raise ValueError(f"error type is one of {', '.join(DISTRICT_ERRORS)}, found {error!r}")


def district_models(chosen: str) -> dict[str, Model]:
    """The article's district regressions, from the bare distance to the comparison within regions."""
    return {
        "Distance alone": district_model(chosen, "none"),
        "With share of Russians": district_model(chosen, "russians"),
        "All controls": district_model(chosen),
        "All controls, within regions": district_model(chosen, regions=True),
    }


def district_results(
    sample: pd.DataFrame, chosen: str, error: str, cutoff_km: float, neighbours: int, draws: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit all district models, and test their residuals for spatial dependence.

    Returns
    -------
    fitted : DataFrame
        As :func:`borderland.inference.fitted_table`.
    moran : DataFrame
        Index model; the fields of :class:`borderland.spatial.Moran`, of the residuals, with weights on the
        nearest ``neighbours``.
    """
    weights = nearest_neighbour_weights(distance_matrix(sample["lat"], sample["lon"]), neighbours)
    parts, tests = [], {}
    for label, model in district_models(chosen).items():
        fit = model.fit(sample)
        rows = estimates(fit, district_covariance(fit, error, cutoff_km))
        parts.append(rows.rename_axis("term").reset_index().assign(model=label))
        tests[label] = morans_i(fit.residuals, weights, draws, seed)._asdict()
    return pd.concat(parts, ignore_index=True), pd.DataFrame(tests).T.rename_axis("model")


def term_rows(fitted: pd.DataFrame, terms: Sequence[str]) -> pd.DataFrame:
    """Rows of a coefficient plot: chosen terms as headings, models as rows."""
    rows = fitted[fitted["term"].isin(terms)]
    rows = rows.assign(place=rows["term"].map(list(terms).index)).sort_values("place", kind="stable")
    rows = rows.assign(group=rows["term"].map(TERMS), label=rows["model"], kind="ours")
    return rows[["group", "label", "kind", "estimate", "low", "high", "n"]].reset_index(drop=True)


PANEL_ERRORS = ("clustered", "driscoll-kraay")


def panel_covariance(fit: Regression, error: str) -> Covariance:
    """Covariance of a region panel: clustered by region, or Driscoll–Kraay over years."""
    if error == "clustered":
        return cluster_covariance(fit, "unit")
    if error == "driscoll-kraay":
        return driscoll_kraay(fit, "year")
    raise ValueError(f"error type is one of {', '.join(PANEL_ERRORS)}, found {error!r}")


def kazakh_periods(panel: pd.DataFrame, starts: Sequence[int], error: str) -> pd.DataFrame:
    """How the slope of net migration on distance to the border changed, by period and sample.

    Returns
    -------
    DataFrame
        Rows of a coefficient plot with ``p`` and ``clusters``; each coefficient is the change of the slope
        from the first period, in net migrants per 1,000 and year for 100 km.
    """
    split, names = by_period(panel, ["distance_100km"], starts, base=True)
    controls = ("unemployment", "log_income")
    samples = {
        "all units": (split, ()),
        "without Astana and Almaty": (split[~split["unit"].isin(["KZ-AST", "KZ-ALA"])], ()),
        "with unemployment and income": (split.dropna(subset=list(controls)), controls),
    }
    return _period_rows(samples, names, ("unit", "year"), error)


def russian_periods(panel: pd.DataFrame, starts: Sequence[int], error: str) -> pd.DataFrame:
    """Net migration of Russian regions with a million-plus city, and at the border, against the rest.

    Returns
    -------
    DataFrame
        As :func:`kazakh_periods`; each coefficient is a difference in net migrants per 1,000 and year.
    """
    split, names = by_period(panel, ["million_plus", "border"], starts, base=False)
    samples = {
        "all regions": (split, ()),
        "without Moscow and Saint Petersburg": (split[~split["unit"].isin(["RU-MOW", "RU-SPE"])], ()),
    }
    return _period_rows(samples, names, ("year",), error)


def _period_rows(
    samples: Mapping[str, tuple[pd.DataFrame, tuple[str, ...]]],
    names: Mapping[str, tuple[str, str]],
    effects: tuple[str, ...],
    error: str,
) -> pd.DataFrame:
    """Fit net migration on the period columns in each sample; one row per sample, column and period."""
    parts = []
    for label, (frame, controls) in samples.items():
        fit = Model(least_squares, "migration_rate", (*names, *controls), effects).fit(frame)
        rows = estimates(fit, panel_covariance(fit, error)).loc[list(names)]
        words = [names[name] for name in rows.index]
        rows = rows.assign(sample=label, period=[period for _, period in words])
        parts.append(rows.assign(term=[column for column, _ in words]).reset_index(drop=True))
    return pd.concat(parts, ignore_index=True)


def million_plus_model() -> Model:
    """Net migration of Russian regions on a million-plus city and the border, years held constant."""
    return Model(least_squares, "migration_rate", ("million_plus", "border"), ("year",))


def border_means(panel: pd.DataFrame, names: pd.Series, starts: Sequence[int]) -> pd.DataFrame:
    """Mean net migration of the border regions by period, million-plus ones first.

    Returns
    -------
    DataFrame
        ``unit``, ``name``, ``million_plus`` and one column per period, net migrants per 1,000 and year.
    """
    at_border = panel[panel["border"] == 1]
    split, periods = by_period(at_border, ["border"], starts, base=False)
    columns = {
        words: split[split[column] == 1].groupby("unit")["migration_rate"].mean()
        for column, (_, words) in periods.items()
    }
    table = pd.DataFrame(columns)
    table.insert(0, "million_plus", at_border.groupby("unit")["million_plus"].first() == 1)
    table.insert(0, "name", names.reindex(table.index))
    last = table.columns[-1]
    table = ties.by_value(ties.by_value(table, last, descending=True), "million_plus", descending=True)
    return table.rename_axis("unit").reset_index()
