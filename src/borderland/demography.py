"""Population change: rates, the balancing equation, index numbers, convergence and breaks in time.

Populations are persons, events are counts per calendar year, rates are per 1,000 persons and year.
Nothing here smooths or interpolates: where a series breaks, the result is missing and stays missing.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from borderland import ties

EVERY_UNIT = "*"  # key of a break that holds for all units, in the mapping of breaks


class Fit(NamedTuple):
    """One estimated coefficient with what is needed to judge it."""

    estimate: float
    se: float
    low: float
    high: float
    p: float
    n: int


def rate_per_1000(events: pd.Series, persons: pd.Series) -> pd.Series:
    """Return the crude rate: events per 1,000 persons and year.

    Parameters
    ----------
    events : Series
        Events of the year (births, deaths, net migrants), persons.
    persons : Series
        Population exposed: the annual mean, or the mean of two 1 January counts, persons.

    Raises
    ------
    ValueError
        If a population is zero or negative; the message names the rows.

    References
    ----------
    Preston, Heuveline & Guillot (2001), *Demography*, chapter 1 (crude rates over person-years).
    """
    wrong = persons.index[persons <= 0]
    if len(wrong):
        raise ValueError(
            f"population must be above zero, found otherwise at {list(wrong[:3])}: check the table"
        )
    return 1000 * events / persons


def mean_population(
    population: pd.DataFrame, breaks: Mapping[str, Collection[int]] | None = None
) -> pd.DataFrame:
    """Average two successive 1 January populations: the exposure of the year between them.

    Parameters
    ----------
    population : DataFrame
        Columns ``unit``, ``year``, ``persons``, counted on 1 January of ``year``.
    breaks : mapping, optional
        Unit (or ``"*"``) to the years within which the basis of the count changed. There the two counts are
        not of one kind; the January count alone is the exposure.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``persons``: mean population of each year with a count at its start and, unless
        the year is a break, at its end.
    """
    frame = _with_next(population)
    broken = _broken(frame, breaks or {})
    mean = (frame["persons"] + frame["persons_next"]) / 2
    frame["persons"] = mean.where(~broken, frame["persons"].astype(float))
    return frame.loc[frame["persons"].notna(), ["unit", "year", "persons"]].reset_index(drop=True)


def balance(
    population: pd.DataFrame,
    vital_events: pd.DataFrame,
    breaks: Mapping[str, Collection[int]] | None = None,
    reference: str = "1-january",
) -> pd.DataFrame:
    """Split population change into a natural part and the residual, by the balancing equation.

    ``P(t+1) - P(t) = births(t) - deaths(t) + net migration(t)``, solved for net migration. Whatever the
    counts of population contain besides births, deaths and moves (re-basing on a census, a transfer of
    territory) lands in the residual; years named in ``breaks`` are therefore refused: their migration is
    missing.

    Parameters
    ----------
    population : DataFrame
        Columns ``unit``, ``year``, ``persons``.
    vital_events : DataFrame
        Columns ``unit``, ``year``, ``births``, ``deaths``.
    breaks : mapping, optional
        Unit (or ``"*"`` for all) to years whose change is not demographic.
    reference : {"1-january", "annual-mean"}
        How ``persons`` was counted. For annual means the change runs from the middle of ``year`` to the
        middle of the next, so the natural part is the average of the two calendar years and the residual is
        an approximation dated at the turn of the year.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``start`` (population at the start), ``change``, ``natural``, ``migration``
        (persons; ``migration`` is *derived*, not published) and ``broken``.

    References
    ----------
    Preston, Heuveline & Guillot (2001), *Demography*, section 1.1 (balancing equation of population change);
    United Nations (1970), *Manual VI: Methods of Measuring Internal Migration* (vital statistics method).
    """
    if reference not in ("1-january", "annual-mean"):
        raise ValueError(f"reference is '1-january' or 'annual-mean', found {reference!r}")
    events = vital_events.assign(natural=vital_events["births"] - vital_events["deaths"])
    events = events[["unit", "year", "natural"]].astype({"natural": float})
    if reference == "annual-mean":
        following = events.assign(year=events["year"] - 1)
        events = events.merge(following, on=["unit", "year"], suffixes=("", "_next"), validate="1:1")
        events["natural"] = (events["natural"] + events["natural_next"]) / 2
    frame = _with_next(population).merge(
        events[["unit", "year", "natural"]], on=["unit", "year"], validate="1:1"
    )
    frame["broken"] = _broken(frame, breaks or {})
    frame["change"] = frame["persons_next"] - frame["persons"]
    frame["migration"] = (frame["change"] - frame["natural"]).where(~frame["broken"])
    frame = frame.rename(columns={"persons": "start"})
    columns = ["unit", "year", "start", "change", "natural", "migration", "broken"]
    return frame.loc[frame["change"].notna(), columns].reset_index(drop=True)


def _with_next(population: pd.DataFrame) -> pd.DataFrame:
    """Put the population of the following year beside each year's own (missing where there is none)."""
    duplicated = population.duplicated(["unit", "year"])
    if duplicated.any():
        unit, year = population.loc[duplicated, ["unit", "year"]].iloc[0]
        raise ValueError(f"more than one population for {unit} in {year}: choose one boundary and reference")
    frame = population[["unit", "year", "persons"]]
    following = frame.assign(year=frame["year"] - 1)
    return frame.merge(following, on=["unit", "year"], how="left", suffixes=("", "_next")).sort_values(
        ["unit", "year"], ignore_index=True
    )


def _broken(frame: pd.DataFrame, breaks: Mapping[str, Collection[int]]) -> pd.Series:
    """Mark the rows whose unit and year fall on a break."""
    everywhere = set(breaks.get(EVERY_UNIT, ()))
    return pd.Series(
        [
            year in everywhere or year in breaks.get(unit, ())
            for unit, year in zip(frame["unit"], frame["year"], strict=True)
        ],
        index=frame.index,
        dtype=bool,
    )


# Kazakh stocks of 1 January 2009 and 2022 were re-based on the censuses of 2009 and 2021, not carried back;
# Almaty took territory from its region within 2008, 2013 and 2014 (in 2013 the residuals of the two miss the
# published figures by 2,541 and −2,584). Their change is not made of events alone.
KAZAKH_BREAKS: Mapping[str, Collection[int]] = {
    EVERY_UNIT: (2008, 2021),
    "KZ-ALA": (2013, 2014),
    "KZ-ALM": (2013, 2014),
}
# Russian annual means of 1989 still follow the estimates before the census of that January.
RUSSIAN_BREAKS: Mapping[str, Collection[int]] = {EVERY_UNIT: (1989,)}


def components(
    population: pd.DataFrame, vital_events: pd.DataFrame, net_migration: pd.DataFrame, units: Collection[str]
) -> pd.DataFrame:
    """Assemble the components of change of Kazakh and Russian units, migration published or derived.

    Parameters
    ----------
    population, vital_events, net_migration : DataFrame
        The tables of these names. Of the Russian annual means only the vintage before the census of 2021 is
        used: the later one stands on another base.
    units : collection of str
        Units wanted, of either country.

    Returns
    -------
    DataFrame
        Sorted by ``unit`` and ``year``: ``persons`` (mean population), ``births``, ``deaths``, ``natural``,
        ``migration`` (persons; missing where it is neither published nor derivable) and ``origin`` of the
        migration figure: "published", "residual" or "" where missing.

    Notes
    -----
    The residual of a Russian unit runs from mid-year to mid-year and is filed under the first of the two.
    """
    wanted = set(units)
    population = population[population["unit"].isin(wanted)]
    vital = vital_events[vital_events["unit"].isin(wanted)].dropna(subset=["births", "deaths"])
    january = population[population["reference"] == "1-january"]
    means = population[
        (population["reference"] == "annual-mean") & (population["vintage"] == "before-2021-census")
    ]
    exposure = pd.concat([mean_population(january, KAZAKH_BREAKS), means[["unit", "year", "persons"]]])
    residual = pd.concat(
        [
            balance(january, vital, KAZAKH_BREAKS),
            balance(means, vital, RUSSIAN_BREAKS, reference="annual-mean"),
        ]
    )
    published = net_migration[net_migration["unit"].isin(wanted) & (net_migration["flow"] == "all")]
    frame = vital[["unit", "year", "births", "deaths"]].merge(exposure, on=["unit", "year"], validate="1:1")
    frame["natural"] = frame["births"] - frame["deaths"]
    for column, source, value in (("residual", residual, "migration"), ("published", published, "persons")):
        values = source[["unit", "year", value]].rename(columns={value: column})
        frame = frame.merge(values, on=["unit", "year"], how="left", validate="1:1")
    frame["migration"] = frame["published"].astype(float).fillna(frame["residual"])
    frame["origin"] = np.select(
        [frame["published"].notna(), frame["residual"].notna()], ["published", "residual"], default=""
    )
    columns = ["unit", "year", "persons", "births", "deaths", "natural", "migration", "origin"]
    return frame[columns].sort_values(["unit", "year"], ignore_index=True)


INDICATOR_UNIT = {
    "natural increase": "per 1,000",
    "net migration": "per 1,000",
    "population growth": "per 1,000",
    "unemployment": "points",
    "product per head": "log",
}
VINTAGE_LABEL = {
    "current": "as published",
    "before-2021-census": "as published",
    "after-2021-census": "after the 2021 census",
}


def population_index(population: pd.DataFrame, units: Collection[str], base: int) -> pd.DataFrame:
    """Index the population of each unit on a base year, vintages kept apart.

    Parameters
    ----------
    population : DataFrame
        The table ``population``.
    units : collection of str
        Units wanted.
    base : int
        Year set to 100, taken from the long vintage (Kazakhstan as published, Russia before the census of
        2021); the vintage after that census is expressed on the same base, so that its jump is seen.

    Returns
    -------
    DataFrame
        ``unit``, ``year``, ``vintage``, ``persons``, ``index``.
    """
    frame = population[population["unit"].isin(set(units)) & (population["reference"] != "census")]
    frame = frame[["unit", "year", "vintage", "persons"]]
    long = frame[frame["vintage"] != "after-2021-census"]
    at_base = long[long["year"] == base].set_index("unit")["persons"]
    missing = sorted(set(units) - set(at_base.index))
    if missing:
        raise ValueError(f"no population in base year {base} for {', '.join(missing)}")
    return frame.assign(index=100 * frame["persons"] / frame["unit"].map(at_base))


def rates(components: pd.DataFrame) -> pd.DataFrame:
    """Add crude rates per 1,000 of births, deaths, natural change, migration and growth to components."""
    frame = components.copy()
    for column in ("births", "deaths", "natural", "migration"):
        frame[f"{column}_rate"] = rate_per_1000(frame[column], frame["persons"])
    frame["growth_rate"] = frame["natural_rate"] + frame["migration_rate"]
    return frame


def aggregate(components: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Sum components over groups of units (sides of the border), year by year.

    A year in which a unit of the group is missing has no row, and one in which a unit's migration is missing
    has no migration: a sum over fewer units would read as a fall.

    Parameters
    ----------
    components : DataFrame
        As returned by :func:`components`.
    group : Series
        Index unit, values group.

    Returns
    -------
    DataFrame
        ``unit`` (the group's name), ``year`` and the summed columns.
    """
    frame = components.assign(group=components["unit"].map(group)).dropna(subset="group")
    grouped = frame.groupby(["group", "year"])
    summed = grouped[["persons", "births", "deaths", "natural"]].sum()
    summed["migration"] = (
        grouped["migration"].sum(min_count=1).where(grouped["migration"].count() == grouped.size())
    )
    size = group.value_counts()
    complete = grouped.size() == summed.index.get_level_values("group").map(size)
    return summed[complete.to_numpy()].reset_index().rename(columns={"group": "unit"})


def wide(frame: pd.DataFrame, column: str, order: Collection[str] | None = None) -> pd.DataFrame:
    """Turn a tidy frame into years (rows) by units (columns), in the order given."""
    table = frame.pivot(index="year", columns="unit", values=column)
    return table if order is None else table[[unit for unit in order if unit in table.columns]]


def dispersion(wide: pd.DataFrame) -> pd.Series:
    """Standard deviation over units, year by year: the sigma of sigma convergence.

    Parameters
    ----------
    wide : DataFrame
        Index year, one column per unit; only years in which every unit has a value are used, so that the set
        of units cannot change the dispersion. Pass logarithms of positive levels (:func:`log_relative`),
        rates as they are.

    Returns
    -------
    Series
        In the indicator's unit; the divisor is the number of units, for the units are the population.

    References
    ----------
    Barro & Sala-i-Martin (1992), *Journal of Political Economy* 100(2), 223–251 (sigma convergence).
    """
    return wide.dropna().std(axis=1, ddof=0)


def _newey_west_lags(n: int) -> int:
    """Lag truncation ``floor(4 (n/100)^(2/9))`` of Newey & West (1994), the usual rule for short series."""
    return int(4 * (n / 100) ** (2 / 9))


def _hac(outcome: np.ndarray, design: np.ndarray):
    """Ordinary least squares with errors robust to serial correlation, t distribution (short series)."""
    lags = _newey_west_lags(len(outcome))
    options = {"maxlags": lags, "use_correction": True}
    return sm.OLS(outcome, design).fit(cov_type="HAC", cov_kwds=options, use_t=True)


def _coefficient(result, position: int) -> Fit:
    low, high = result.conf_int()[position]
    return Fit(
        float(result.params[position]),
        float(result.bse[position]),
        float(low),
        float(high),
        float(result.pvalues[position]),
        int(result.nobs),
    )


class Trend(NamedTuple):
    """Linear trend of a series and its rank correlation with time."""

    slope: Fit
    kendall_tau: float
    kendall_p: float


def trend(series: pd.Series) -> Trend:
    """Test whether a series rises or falls over time.

    Parameters
    ----------
    series : Series
        Index year; missing years are left out, not filled.

    Returns
    -------
    Trend
        Least-squares slope per year with Newey–West errors, and Kendall's tau against time (Mann 1945), which
        asks only whether the movement is monotone.
    """
    series = series.dropna()
    years = series.index.to_numpy(float)
    # Years as they are (about 2,000) would cost the slope seven of its digits.
    slope = _coefficient(_hac(series.to_numpy(float), sm.add_constant(years - years.mean())), 1)
    tau, p = stats.kendalltau(years, ties.levels(series))
    return Trend(slope, float(tau), float(p))


def last_years_mean(frame: pd.DataFrame, column: str, years: int) -> pd.Series:
    """Mean of each unit's last ``years`` values of a yearly column (years without a value do not count)."""
    known = frame.dropna(subset=column).sort_values("year", kind="stable")
    return known.groupby("unit")[column].apply(lambda values: float(values.tail(years).mean()))


def last_years_window(frame: pd.DataFrame, column: str, years: int) -> pd.Series:
    """First and last year of the values that :func:`last_years_mean` averages, worded "2015–2024"."""
    known = frame.dropna(subset=column).sort_values("year", kind="stable")
    return known.groupby("unit")["year"].apply(lambda values: f"{values.tail(years).min()}–{values.max()}")


def total_change(indices: pd.DataFrame, first: int, last: int) -> pd.Series:
    """Change of population between two years by unit, per cent, on one vintage of ``population_index``."""
    table = wide(indices[indices["vintage"] != "after-2021-census"], "persons")
    return 100 * (table.loc[last] / table.loc[first] - 1)


def side_panels(sides: pd.DataFrame, names: Collection[str]) -> dict[str, pd.DataFrame]:
    """Rates of each named side by year, in the shape the balance chart draws."""
    columns = ["natural_rate", "migration_rate", "growth_rate"]
    return {name: sides[sides["unit"] == name].set_index("year")[columns].astype(float) for name in names}


def side_gap(sides: pd.DataFrame, periods: Collection[tuple[int, int]]) -> list[float]:
    """Mean natural increase of the Kazakh side less that of the Russian side, per 1,000, period by period."""
    means = period_means(sides, "natural_rate", periods)
    return (means.loc["Kazakh side"] - means.loc["Russian side"]).tolist()


def stack_measures(
    measures: Mapping[str, pd.DataFrame], order: Collection[str] | None = None
) -> pd.DataFrame:
    """Put frames of one shape under each other, the name of each in column ``measure``.

    With ``order`` (index labels) rows are taken in that order and labelled in column ``group``.
    """
    parts = []
    for name, frame in measures.items():
        rows = frame if order is None else frame.loc[list(order)]
        label = "year" if order is None else "group"
        parts.append(rows.rename_axis(label).reset_index().assign(measure=name))
    stacked = pd.concat(parts, ignore_index=True)
    leading = [parts[0].columns[0], "measure"]
    return stacked[leading + [column for column in stacked.columns if column not in leading]]


def turns_towards(tests: pd.DataFrame, events: Collection[int], strongest: float = 0.1) -> pd.DataFrame:
    """Say of each tested turn whether it points towards convergence and stands out among placebo years.

    Parameters
    ----------
    tests : DataFrame
        As returned by :func:`convergence_tests`.
    events : collection of int
        The years tested there.
    strongest : float
        A turn stands out if its rank lies within this share of the candidate years.

    Returns
    -------
    DataFrame
        ``indicator``, ``event``, ``change``, ``rank``, ``placebos``, ``towards``; only turns that could be
        tested.
    """
    rows = [
        {
            "indicator": row["indicator"],
            "event": year,
            "change": row[f"change_{year}"],
            "rank": row[f"rank_{year}"],
            "placebos": row[f"placebos_{year}"],
            "towards": row[f"change_{year}"] < 0
            and row[f"rank_{year}"] <= strongest * row[f"placebos_{year}"],
        }
        for _, row in tests.iterrows()
        for year in events
        if pd.notna(row[f"rank_{year}"])
    ]
    return pd.DataFrame(rows, columns=["indicator", "event", "change", "rank", "placebos", "towards"])


class Synchrony(NamedTuple):
    """How far two series move together, and how far apart they lie on average."""

    spearman: float
    p: float
    difference: float
    n: int


def synchrony(first: pd.Series, second: pd.Series) -> Synchrony:
    """Compare two yearly series over the years both have.

    Returns
    -------
    Synchrony
        Spearman's rank correlation with its p value, the mean of ``first - second``, the number of years.
    """
    pair = pd.concat([first, second], axis=1, join="inner").dropna().astype(float).to_numpy()
    correlation = stats.spearmanr(ties.levels(pair[:, 0]), ties.levels(pair[:, 1]))
    return Synchrony(
        float(correlation.statistic),
        float(correlation.pvalue),
        float((pair[:, 0] - pair[:, 1]).mean()),
        len(pair),
    )


def period_means(frame: pd.DataFrame, column: str, periods: Collection[tuple[int, int]]) -> pd.DataFrame:
    """Mean of a yearly column over periods, one row per unit; years without a value are left out."""
    means = {
        f"{first}–{last}": frame[frame["year"].between(first, last)].groupby("unit")[column].mean()
        for first, last in periods
    }
    return pd.DataFrame(means).astype(float)


class Beta(NamedTuple):
    """Beta convergence: growth on initial level, and the speed it implies."""

    slope: Fit
    speed: float
    r2: float


def beta_convergence(initial: pd.Series, final: pd.Series, years: int) -> Beta:
    """Regress growth on the initial level; a negative slope means that laggards catch up.

    Parameters
    ----------
    initial, final : Series
        Value by unit at the start and the end: the logarithm of a positive level, a rate as it is. Units
        missing in either are left out.
    years : int
        Length of the interval.

    Returns
    -------
    Beta
        Slope with HC3 errors and t distribution (few units), the implied speed of convergence per year,
        ``-log(1 + slope * years) / years`` (NaN where the slope implies overshooting), and R².

    References
    ----------
    Barro & Sala-i-Martin (1992), *Journal of Political Economy* 100(2), 223–251 (growth on initial level);
    MacKinnon & White (1985), *Journal of Econometrics* 29, 305–325 (HC3).
    """
    pair = pd.concat([initial.rename("initial"), final.rename("final")], axis=1).dropna().astype(float)
    growth = ((pair["final"] - pair["initial"]) / years).to_numpy()
    design = sm.add_constant((pair["initial"] - pair["initial"].mean()).to_numpy())
    result = sm.OLS(growth, design).fit(cov_type="HC3", use_t=True)
    slope = _coefficient(result, 1)
    remaining = 1 + slope.estimate * years
    speed = -np.log(remaining) / years if remaining > 0 else np.nan
    return Beta(slope, float(speed), float(result.rsquared))


class Segmented(NamedTuple):
    """A series with one known break: slope before it and change of slope and level at it."""

    before: Fit
    slope_change: Fit
    level_change: Fit
    f: float


def segmented_regression(series: pd.Series, at: int) -> Segmented:
    """Fit a line whose level and slope may change from a known year on.

    ``y(t) = a + b t + c [t >= at] + d [t >= at] (t - at)``.

    Parameters
    ----------
    series : Series
        Index year; at least three values on each side of the break, for the fit has two parameters a side.
    at : int
        First year of the new regime.

    Returns
    -------
    Segmented
        ``before`` (b), ``slope_change`` (d) and ``level_change`` (c), Newey–West errors; ``f``, the classical
        F of ``c = d = 0`` (Chow 1960), used to compare true and placebo years.

    References
    ----------
    Wagner, Soumerai, Zhang & Ross-Degnan (2002), *J. Clin. Pharm. Ther.* 27, 299–309 (segmented
    regression of an interrupted series).
    """
    series = series.dropna()
    years = series.index.to_numpy(float)
    after = years >= at
    if min(after.sum(), (~after).sum()) < 3:
        raise ValueError(f"a break at {at} leaves fewer than three values on one side")
    outcome = series.to_numpy(float)
    design = np.column_stack([np.ones_like(years), years - at, after, after * (years - at)])
    result = _hac(outcome, design)
    full = result.ssr
    restricted = sm.OLS(outcome, design[:, :2]).fit().ssr
    freedom = len(outcome) - design.shape[1]
    # What is left of a line that fits exactly is rounding, and F would be its inverse.
    exact = full <= 1e-24 * (outcome @ outcome)
    f = np.inf if exact else (restricted - full) / 2 / (full / freedom)
    return Segmented(_coefficient(result, 1), _coefficient(result, 3), _coefficient(result, 2), float(f))


def placebo_breaks(series: pd.Series, at: int, margin: int = 3) -> pd.DataFrame:
    """Fit the same break at every admissible year and rank the true one among them.

    A break that any year would show as strongly is no evidence for the event of the true year.

    Parameters
    ----------
    series : Series
        Index year, rising.
    at : int
        The year named beforehand.
    margin : int
        Values kept on each side, at least three.

    Returns
    -------
    DataFrame
        One row per candidate year: ``year``, ``slope_change``, ``p`` (of the slope change), ``f``, ``true``
        (bool) and ``rank`` of ``f`` (1 = strongest). Years that part the values in the same way are one
        candidate.
    """
    series = series.dropna()
    fewer = min((series.index < at).sum(), (series.index >= at).sum())
    if fewer < margin:
        raise ValueError(f"{at} has fewer than {margin} values on one side: no rank among placebos")
    # Years without a value between them (2010 within a gap, and 2011) part the series in one way and are one
    # candidate; the year named beforehand stands for its own.
    parted_alike = int((series.index < at).sum())
    first_after = np.arange(margin, len(series) - margin + 1)
    candidates = [at if place == parted_alike else series.index[place] for place in first_after]
    rows = []
    for year in candidates:
        fit = segmented_regression(series, int(year))
        rows.append((int(year), fit.slope_change.estimate, fit.slope_change.p, fit.f, year == at))
    frame = pd.DataFrame(rows, columns=["year", "slope_change", "p", "f", "true"])
    frame["rank"] = ties.ranks(frame["f"], descending=True)
    return frame


def dispersion_by_group(wide: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Split the dispersion over units into what lies between groups (sides of the border) and within.

    Parameters
    ----------
    wide : DataFrame
        Index year, one column per unit; years with a missing unit are left out.
    group : Series
        Index unit, values group.

    Returns
    -------
    DataFrame
        Index year; ``total``, ``between`` and ``within`` standard deviations, in the indicator's unit. Their
        squares add up: ``total² = between² + within²`` (analysis of variance, units of equal weight).
    """
    values = wide.dropna().astype(float)
    means = values.T.groupby(group.reindex(values.columns)).transform("mean").T
    return pd.DataFrame(
        {
            "total": values.std(axis=1, ddof=0),
            "between": means.std(axis=1, ddof=0),
            "within": np.sqrt(((values - means) ** 2).mean(axis=1)),
        }
    )


def log_relative(wide: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Logarithm of each value over the geometric mean of its group in that year.

    For amounts of money in two currencies: what is left are the differences within each country.
    """
    logs = np.log(wide.dropna().astype(float))
    return logs - logs.T.groupby(group.reindex(wide.columns)).transform("mean").T


def convergence_tests(indicators: Mapping[str, pd.DataFrame], events: Collection[int]) -> pd.DataFrame:
    """Test each indicator for convergence over units, and for a turn towards it at given years.

    Parameters
    ----------
    indicators : mapping
        Name to values (index year, one column per unit). Only years in which all units have a value count.
    events : collection of int
        Years at which a turn is asked for; each is ranked among placebo years.

    Returns
    -------
    DataFrame
        One row per indicator: ``indicator``, ``units``, ``first``, ``last`` (years); ``sigma_first``,
        ``sigma_last``; ``trend`` with ``trend_low``, ``trend_high``, ``trend_p`` and ``kendall`` of sigma;
        ``beta`` with ``beta_low``, ``beta_high``, ``beta_p``; for each event year Y ``change_Y`` (change of
        sigma's slope), ``change_Y_p`` and ``rank_Y`` (of ``placebos_Y`` candidate years by F), missing where
        fewer than three years lie on one side.
    """
    rows = []
    for name, values in indicators.items():
        complete = values.dropna().astype(float)
        sigma = dispersion(complete)
        over_time = trend(sigma)
        first, last = int(complete.index[0]), int(complete.index[-1])
        beta = beta_convergence(complete.loc[first], complete.loc[last], last - first).slope
        row = {
            "indicator": name,
            "units": complete.shape[1],
            "first": first,
            "last": last,
            "sigma_first": sigma.loc[first],
            "sigma_last": sigma.loc[last],
            "trend": over_time.slope.estimate,
            "trend_low": over_time.slope.low,
            "trend_high": over_time.slope.high,
            "trend_p": over_time.slope.p,
            "kendall": over_time.kendall_tau,
            "beta": beta.estimate,
            "beta_low": beta.low,
            "beta_high": beta.high,
            "beta_p": beta.p,
        }
        for year in events:
            fewer = min((sigma.index < year).sum(), (sigma.index >= year).sum())
            ranked = placebo_breaks(sigma, year) if fewer >= 3 else None
            true = None if ranked is None else ranked.loc[ranked["true"]].iloc[0]
            row[f"change_{year}"] = np.nan if true is None else true["slope_change"]
            row[f"change_{year}_p"] = np.nan if true is None else true["p"]
            row[f"rank_{year}"] = np.nan if true is None else float(true["rank"])
            row[f"placebos_{year}"] = np.nan if ranked is None else float(len(ranked))
        rows.append(row)
    return pd.DataFrame(rows)


def natural_increase_by_region(
    rates: pd.DataFrame, area: pd.DataFrame, first: int, last: int
) -> pd.DataFrame:
    """Hold each region to the simple form "natural increase positive in Kazakhstan, negative in Russia".

    Parameters
    ----------
    rates : DataFrame
        ``unit``, ``year``, ``natural_rate`` (per 1,000).
    area : DataFrame
        Index unit in the order wanted; ``country``, ``name``.
    first, last : int
        Period; a year without a figure is left out of the unit's mean and count.

    Returns
    -------
    DataFrame
        ``unit``, ``name``, ``country``, ``mean``, ``lowest``, ``highest`` (per 1,000), ``years``,
        ``years_as_claimed``, ``holds`` (every year has the claimed sign), ``sign_as_claimed`` (the mean has
        it).
    """
    values = wide(rates[rates["year"].between(first, last)], "natural_rate", area.index).astype(float)
    missing = [unit for unit in area.index if unit not in values.columns or values[unit].isna().all()]
    if missing:
        raise ValueError(f"no natural increase in {first}–{last} for {', '.join(missing)}")
    years = values.notna().sum()
    claimed = area["country"].map({"KAZ": 1, "RUS": -1})
    as_claimed = (np.sign(values) == claimed).sum()
    return pd.DataFrame(
        {
            "unit": area.index,
            "name": area["name"].to_numpy(),
            "country": area["country"].to_numpy(),
            "mean": values.mean().to_numpy(),
            "lowest": values.min().to_numpy(),
            "highest": values.max().to_numpy(),
            "years": years.to_numpy(),
            "years_as_claimed": as_claimed.to_numpy(),
            "holds": (as_claimed == years).to_numpy(),
            "sign_as_claimed": (np.sign(values.mean()) == claimed).to_numpy(),
        }
    )
