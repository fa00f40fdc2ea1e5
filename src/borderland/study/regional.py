"""Samples for regressions of net migration: Kazakh districts, and regions of both countries over time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland import ties
from borderland.methods.covariance import (
    Covariance,
    Model,
    cluster_covariance,
    driscoll_kraay,
    estimates,
    minimum_detectable_effect,
    robust_covariance,
)
from borderland.methods.panel import Regression, least_squares
from borderland.methods.rates import rate_per_1000
from borderland.methods.rates import rates as component_rates
from borderland.methods.resampling import randomisation_test, wild_cluster_bootstrap
from borderland.methods.spatial import (
    conley_covariance,
    distance_matrix,
    morans_i,
    nearest_neighbour_weights,
    spectral_reassignments,
)
from borderland.study.bases import components, economy_on_base
from borderland.study.frame import comparison, outline, study_area
from borderland.study.wording import Estimate, P, Tested
from borderland.tables import geography

_LAST_RUSSIAN_YEAR = 2021  # the last with births and deaths on the recalculated population
_HALF_DIGIT = 0.05  # net migrants per 1,000: the office rounds its yearly rates to one decimal

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
        ``area``, ``name``, ``unit`` (region), ``lat``, ``lon``, ``persons`` (inhabitants on 1 January, mean
        of the years), ``net_rate`` (net migrants of all flows per 1,000 of them and year), ``distance_km``,
        ``distance_100km``, ``russian_share_10`` (tens of percent, 2025), ``natural_rate`` (per 1,000, 2023),
        ``city``, ``metropolis``; areas that lack any of it, or one of the years, are left out (see
        ``attrs["left_out"]``).
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
        person_years=over_years(population, "persons"),
        russian_share_10=10 * russian / total,
        natural=summed(vital, "natural_increase"),
        start=summed(population[population["year"] == 2023], "persons"),
        city=(heads["kind"] != "district").astype(float),
        metropolis=heads.index.isin(list(METROPOLISES.values())).astype(float),
    )
    full = frame.dropna()
    full = full.assign(
        net_rate=rate_per_1000(full["net"], full["person_years"]),
        persons=full["person_years"] / len(years),
        natural_rate=rate_per_1000(full["natural"], full["start"]),
        distance_km=geography.distance_to_border(full["lat"], full["lon"], border)["distance_km"].to_numpy(),
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
        From :func:`borderland.methods.rates.rates`, the units of one country.
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
    away = geography.distance_to_border(known["centre_lat"], known["centre_lon"], border)["distance_km"]
    of = of.assign(distance_100km=pd.Series(away.to_numpy() / 100, index=known.index))
    of = of[["distance_100km", "border", "million_plus"]].astype(float)
    panel = panel.merge(of, left_on="unit", right_index=True)
    wide = economy.pivot_table(index=["unit", "year"], columns="indicator", values="value")
    panel = panel.merge(wide[["unemployment_rate", "income"]], on=["unit", "year"], how="left")
    panel = panel.assign(log_income=np.log(panel["income"]), unemployment=panel["unemployment_rate"])
    panel = panel.drop(columns="unemployment_rate")
    return panel.drop(columns="income").sort_values(["unit", "year"], ignore_index=True)


def outlined_components(
    population: pd.DataFrame,
    vital_events: pd.DataFrame,
    net_migration: pd.DataFrame,
    yearbook: pd.DataFrame,
    units: Collection[str],
    border_set: str = "nineteen",
    base: str = "recalculated",
) -> pd.DataFrame:
    """:func:`borderland.study.bases.components` of tables as they are loaded, Tyumen on its outline."""
    return components(
        outline(population, ["persons"], border_set),
        outline(vital_events, ["births", "deaths"], border_set),
        net_migration,
        yearbook,
        units,
        base,
    )


def russian_panel(
    population: pd.DataFrame,
    vital_events: pd.DataFrame,
    net_migration: pd.DataFrame,
    yearbook: pd.DataFrame,
    economy: pd.DataFrame,
    regions: pd.DataFrame,
    border: pd.DataFrame,
    first_year: int,
    border_set: str = "nineteen",
    base: str = "recalculated",
) -> pd.DataFrame:
    """Net migration of Russian regions by year to 2021: :func:`region_panel` on an outline and a base.

    Parameters
    ----------
    population, vital_events, net_migration, yearbook, economy, regions : DataFrame
        The tables ``population``, ``vital_events``, ``net_migration``, ``russian_regions``, ``economy``,
        ``regions``, as they are loaded.
    border : DataFrame
        The boundary ``border``.
    border_set : str
        One of :data:`borderland.study.frame.BORDER_SETS`.
    base : str
        One of :data:`borderland.study.bases.RUSSIAN_BASES`.
    """
    area = study_area(regions, border_set=border_set)
    groups = comparison(regions, area, border_set)
    russian = [unit for unit in groups.index if unit.startswith("RU-")]
    tables = (population, vital_events, net_migration, yearbook)
    changes = outlined_components(*tables, russian, border_set, base)
    economy = economy_on_base(outline(economy, border_set=border_set), yearbook, base)
    return region_panel(
        component_rates(changes),
        regions.assign(border=regions["unit"].isin(area.index)),
        border,
        economy[economy["boundary"] == "ru-subjects"],
        first_year,
        _LAST_RUSSIAN_YEAR,
    )


def russian_starts(first_year: int) -> list[int]:
    """First years of the periods that Russian regions are compared in."""
    return [first_year, *(start for start in (2000, 2010) if first_year < start)]


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


DISTRICT_ERRORS: dict[str, Callable[[Regression, float], Covariance]] = {
    "conley": lambda fit, cutoff_km: conley_covariance(
        fit, distance_matrix(fit.frame["lat"], fit.frame["lon"]), cutoff_km
    ),
    "region": lambda fit, _: cluster_covariance(fit, "unit"),
    "robust": lambda fit, _: robust_covariance(fit),
}


def district_covariance(fit: Regression, error: str, cutoff_km: float) -> Covariance:
    """Covariance of a district regression: Conley's up to a cutoff, clustered by region, or HC1."""
    if error not in DISTRICT_ERRORS:
        raise ValueError(f"error type is one of {', '.join(DISTRICT_ERRORS)}, found {error!r}")
    return DISTRICT_ERRORS[error](fit, cutoff_km)


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
        As :func:`borderland.methods.covariance.fitted_table`.
    moran : DataFrame
        Index model; the fields of :class:`borderland.methods.spatial.Moran`, of the residuals, with weights
        on the nearest ``neighbours``.
    """
    weights = nearest_neighbour_weights(distance_matrix(sample["lat"], sample["lon"]), neighbours)
    parts, tests = [], {}
    for label, model in district_models(chosen).items():
        fit = model.fit(sample)
        rows = estimates(fit, district_covariance(fit, error, cutoff_km))
        parts.append(rows.rename_axis("term").reset_index().assign(model=label))
        tests[label] = morans_i(fit.residuals, weights, draws, seed)._asdict()
    return pd.concat(parts, ignore_index=True), pd.DataFrame(tests).T.rename_axis("model")


_TESTED = ("distance_100km", "russian_share_10")
_TESTED_MODELS = ("All controls", "All controls, within regions")


def district_tests(
    sample: pd.DataFrame, chosen: str, fitted: pd.DataFrame, neighbours: int, draws: int, seed: int
) -> pd.DataFrame:
    """Distance and share of Russians by three ways to judge them, for nearby districts are alike.

    Conley's errors are too small where the dependence reaches farther than the cutoff, and with a regressor
    that is itself smooth in space; the wild bootstrap leaves whatever dependence there is within a region,
    and the reassignment deals out regressors as smooth as the true one.

    Parameters
    ----------
    sample, chosen, neighbours
        As in :func:`district_results`.
    fitted : DataFrame
        Its first result.
    draws, seed : int
        Weights of the bootstrap where regions are too many to enumerate, and reassignments.

    Returns
    -------
    DataFrame
        One row per model and term: ``model``, ``term``, ``estimate``, ``p`` (of the errors of ``fitted``),
        ``p_wild`` (wild bootstrap by region), ``p_smooth`` (reassignment).
    """
    weights = nearest_neighbour_weights(distance_matrix(sample["lat"], sample["lon"]), neighbours)
    models = district_models(chosen)
    rows = []
    for term in _TESTED:
        dealt = spectral_reassignments(sample[term], weights, draws, seed)
        for label in _TESTED_MODELS:
            row = _of_model(fitted, label).loc[term]
            wild = wild_cluster_bootstrap(models[label], sample, term, "unit", draws, seed)
            smooth = randomisation_test(models[label], sample, term, "unit", dealt)
            rows.append([label, term, row["estimate"], row["p"], wild.p, smooth.p])
    return pd.DataFrame(rows, columns=["model", "term", "estimate", "p", "p_wild", "p_smooth"])


def term_rows(fitted: pd.DataFrame, terms: Sequence[str]) -> pd.DataFrame:
    """Rows of a coefficient plot: chosen terms as headings, models as rows."""
    rows = fitted[fitted["term"].isin(terms)]
    rows = rows.assign(place=rows["term"].map(list(terms).index)).sort_values("place", kind="stable")
    rows = rows.assign(group=rows["term"].map(TERMS), label=rows["model"], kind="ours")
    return rows[["group", "label", "kind", "estimate", "low", "high", "n"]].reset_index(drop=True)


PANEL_ERRORS: dict[str, Callable[[Regression], Covariance]] = {
    "clustered": lambda fit: cluster_covariance(fit, "unit"),
    "driscoll-kraay": lambda fit: driscoll_kraay(fit, "year"),
}


def panel_covariance(fit: Regression, error: str) -> Covariance:
    """Covariance of a region panel: clustered by region, or Driscoll–Kraay over years."""
    if error not in PANEL_ERRORS:
        raise ValueError(f"error type is one of {', '.join(PANEL_ERRORS)}, found {error!r}")
    return PANEL_ERRORS[error](fit)


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


# --- what the text quotes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class DistrictSample:
    """The districts compared, and whether what the full model leaves over clusters in space."""

    n: Annotated[int, "d"]
    left_out: Annotated[int, "d"]
    metropolises: Annotated[int, "d"]  # Astana, Almaty and Shymkent, if they are in it
    regions: Annotated[int, "d"]
    cutoff: Annotated[float, ".0f"]  # km
    mean: Annotated[float, ".1f"]  # net migrants per 1,000 and year
    losing_share: Annotated[float, ".0f"]  # per cent of the districts
    city: Annotated[float | None, ".1f"]  # coefficient; None where no city is in the sample
    moran: Tested
    moran_within: Tested


@dataclass(frozen=True)
class RussianShare:
    """Net migration of districts by ten percentage points more Russians, across and within regions."""

    russian_share: Estimate
    russian_share_within: Estimate
    russian_share_p_wild: Annotated[float, P]  # wild bootstrap by region
    russian_share_p_smooth: Annotated[float, P]  # against shares dealt anew, as smooth in space
    russian_share_within_p_wild: Annotated[float, P]
    russian_share_within_p_smooth: Annotated[float, P]


@dataclass(frozen=True)
class BorderDistance:
    """Net migration of districts by 100 km from the border: across regions, within them, and alone."""

    distance: Estimate
    distance_within: Estimate
    distance_alone: Tested
    detectable: Annotated[float, ".2f"]
    distance_p_wild: Annotated[float, P]
    distance_p_smooth: Annotated[float, P]
    distance_within_p_wild: Annotated[float, P]
    distance_within_p_smooth: Annotated[float, P]


def _of_model(fitted: pd.DataFrame, model: str) -> pd.DataFrame:
    return fitted[fitted["model"] == model].set_index("term")


def district_summary(
    sample: pd.DataFrame, fitted: pd.DataFrame, moran: pd.DataFrame, cutoff_km: float
) -> DistrictSample:
    """Sum up a sample of :func:`district_sample` and its :func:`district_results`."""
    full = _of_model(fitted, "All controls")
    return DistrictSample(
        n=len(sample),
        left_out=len(sample.attrs["left_out"]),
        metropolises=int(sample["metropolis"].sum()),
        regions=sample["unit"].nunique(),
        cutoff=cutoff_km,
        mean=float(sample["net_rate"].mean()),
        losing_share=float(100 * (sample["net_rate"] < 0).mean()),
        city=float(full.loc["city", "estimate"]) if "city" in full.index else None,
        moran=Tested.of(moran.loc["All controls"], "i"),
        moran_within=Tested.of(moran.loc["All controls, within regions"], "i"),
    )


def _other_p(tests: pd.DataFrame, term: str) -> list[float]:
    """p-values of :func:`district_tests` for a term, model by model: wild, smooth."""
    of_term = tests[tests["term"] == term].set_index("model")
    return [float(p) for model in _TESTED_MODELS for p in of_term.loc[model, ["p_wild", "p_smooth"]]]


def russian_share(fitted: pd.DataFrame, tests: pd.DataFrame) -> RussianShare:
    """Take the share of Russians out of :func:`district_results` and :func:`district_tests`."""
    full, within = (Estimate.of(_of_model(fitted, model).loc["russian_share_10"]) for model in _TESTED_MODELS)
    return RussianShare(full, within, *_other_p(tests, "russian_share_10"))


def border_distance(fitted: pd.DataFrame, tests: pd.DataFrame) -> BorderDistance:
    """Take the distance out of both, and the smallest slope to be detected."""
    full, within, alone = (
        _of_model(fitted, model).loc["distance_100km"] for model in (*_TESTED_MODELS, "Distance alone")
    )
    detectable = minimum_detectable_effect(full["se"], full["df"])
    return BorderDistance(
        Estimate.of(full),
        Estimate.of(within),
        Tested.of(alone),
        detectable,
        *_other_p(tests, "distance_100km"),
    )


@dataclass(frozen=True)
class KazakhChange:
    """Change of the slope of net migration on distance, last period against the first."""

    n: Annotated[int, "d"]
    units: Annotated[int, "d"]
    derived_share: Annotated[float, ".0f"]  # per cent of the net migration that is a residual
    last_period: Annotated[str, "s"]
    change: Tested
    change_p_wild: Annotated[float, P]
    change_without_capitals: Tested
    change_controlled: Tested


def kazakh_change(
    panel: pd.DataFrame, rows: pd.DataFrame, starts: Sequence[int], draws: int, seed: int
) -> KazakhChange:
    """Sum up :func:`kazakh_periods` by its last period, with a wild cluster bootstrap of all units.

    Parameters
    ----------
    panel, rows : DataFrame
        The panel and what :func:`kazakh_periods` made of it.
    starts : sequence of int
        First years of the periods.
    draws, seed : int
        Of the bootstrap.
    """
    split, names = by_period(panel, ["distance_100km"], starts, base=True)
    column, (_, last_period) = list(names.items())[-1]
    model = Model(least_squares, "migration_rate", tuple(names), ("unit", "year"))
    wild = wild_cluster_bootstrap(model, split, column, "unit", draws, seed)
    last = rows[rows["period"] == last_period].set_index("sample")
    return KazakhChange(
        n=len(panel),
        units=panel["unit"].nunique(),
        derived_share=float(100 * (panel["origin"] == "residual").mean()),
        last_period=last_period,
        change=Tested.of(last.loc["all units"]),
        change_p_wild=wild.p,
        change_without_capitals=Tested.of(last.loc["without Astana and Almaty"]),
        change_controlled=Tested.of(last.loc["with unemployment and income"]),
    )


@dataclass(frozen=True)
class RussianPanel:
    """Size of the panel of Russian regions."""

    n: Annotated[int, ",d"]
    units: Annotated[int, "d"]


@dataclass(frozen=True)
class MillionPlus:
    """Net migration of Russian regions with a million-plus city, and at the border (claim A7)."""

    million: Estimate
    border: Estimate
    border_million: Annotated[int, "d"]
    border_million_losing: Annotated[int, "d"]
    border_million_losing_least: Annotated[int, "d"]  # for all that the rounding of the rates tells
    border_million_losing_most: Annotated[int, "d"]
    border_million_losing_names: Annotated[str, "s"]
    border_million_mean: Annotated[float, ".1f"]
    border_other_mean: Annotated[float, ".1f"]
    border_other_losing: Annotated[int, "d"]
    border_other: Annotated[int, "d"]
    million_last_period: Tested
    million_without_capitals: Tested


def russian_panel_size(panel: pd.DataFrame) -> RussianPanel:
    """Count what :func:`million_plus_model` is fitted to."""
    return RussianPanel(len(panel), panel["unit"].nunique())


def million_plus(
    panel: pd.DataFrame, rows: pd.DataFrame, names: Mapping[str, str], error: str, recent: int = 2010
) -> MillionPlus:
    """Hold regions with a million-plus city against the others: in all years, and at the border of late.

    Parameters
    ----------
    panel, rows : DataFrame
        The panel and what :func:`russian_periods` made of it.
    names : mapping
        Unit to its printed name.
    error : str
        One of ``PANEL_ERRORS``.
    recent : int
        First year of the means at the border.
    """
    fit = million_plus_model().fit(panel)
    all_years = estimates(fit, panel_covariance(fit, error))
    at_border = panel[(panel["year"] >= recent) & (panel["border"] == 1)]
    large, other = (
        at_border[at_border["million_plus"] == has].groupby("unit")["migration_rate"].mean() for has in (1, 0)
    )
    last = rows[rows["period"] == rows["period"].iloc[-1]].set_index(["term", "sample"])
    return MillionPlus(
        million=Estimate.of(all_years.loc["million_plus"]),
        border=Estimate.of(all_years.loc["border"]),
        border_million=len(large),
        border_million_losing=int((large < 0).sum()),
        border_million_losing_least=int((large < -_HALF_DIGIT).sum()),
        border_million_losing_most=int((large < _HALF_DIGIT).sum()),
        border_million_losing_names=", ".join(names[unit] for unit in large.index[large < 0]),
        border_million_mean=float(large.mean()),
        border_other_mean=float(other.mean()),
        border_other_losing=int((other < 0).sum()),
        border_other=len(other),
        million_last_period=Tested.of(last.loc[("million_plus", "all regions")]),
        million_without_capitals=Tested.of(last.loc[("million_plus", "without Moscow and Saint Petersburg")]),
    )
