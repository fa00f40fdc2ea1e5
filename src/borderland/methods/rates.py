"""Population change: crude rates, the balancing equation, sums over groups, means over periods.

Populations are persons, events are counts per calendar year, rates are per 1,000 persons and year.
Nothing here smooths or interpolates: where a series breaks, the result is missing and stays missing.
"""

from collections.abc import Collection, Mapping

import pandas as pd

EVERY_UNIT = "*"  # key of a break that holds for all units, in the mapping of breaks


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


def rates(components: pd.DataFrame) -> pd.DataFrame:
    """Add crude rates per 1,000 of births, deaths, natural change, migration and growth to components."""
    frame = components.copy()
    for column in ("births", "deaths", "natural", "migration"):
        frame[f"{column}_rate"] = rate_per_1000(frame[column], frame["persons"])
    frame["growth_rate"] = frame["natural_rate"] + frame["migration_rate"]
    return frame


def aggregate(components: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Sum components over groups of units (sides of the border), year by year.

    A year in which a unit of the group is missing has no row, and one in which a figure of a unit is missing
    has no such figure: a sum over fewer units would read as a fall.

    Parameters
    ----------
    components : DataFrame
        As returned by ``components`` of the study.
    group : Series
        Index unit, values group.

    Returns
    -------
    DataFrame
        ``unit`` (the group's name), ``year`` and the summed columns.
    """
    frame = components.assign(group=components["unit"].map(group)).dropna(subset="group")
    grouped = frame.groupby(["group", "year"])
    columns = ["persons", "births", "deaths", "natural", "migration"]
    known = grouped[columns].count().eq(grouped.size(), axis=0)
    summed = grouped[columns].sum().where(known)
    size = group.value_counts()
    complete = grouped.size() == summed.index.get_level_values("group").map(size)
    return summed[complete.to_numpy()].reset_index().rename(columns={"group": "unit"})


def wide(frame: pd.DataFrame, column: str, order: Collection[str] | None = None) -> pd.DataFrame:
    """Turn a tidy frame into years (rows) by units (columns), in the order given."""
    table = frame.pivot(index="year", columns="unit", values=column)
    return table if order is None else table[[unit for unit in order if unit in table.columns]]


def last_years_mean(frame: pd.DataFrame, column: str, years: int) -> pd.Series:
    """Mean of each unit's last ``years`` values of a yearly column (years without a value do not count)."""
    known = frame.dropna(subset=column).sort_values("year", kind="stable")
    return known.groupby("unit")[column].apply(lambda values: float(values.tail(years).mean()))


def last_years_window(frame: pd.DataFrame, column: str, years: int) -> pd.Series:
    """First and last year of the values that :func:`last_years_mean` averages, worded "2015–2024"."""
    known = frame.dropna(subset=column).sort_values("year", kind="stable")
    return known.groupby("unit")["year"].apply(lambda values: f"{values.tail(years).min()}–{values.max()}")


def period_means(frame: pd.DataFrame, column: str, periods: Collection[tuple[int, int]]) -> pd.DataFrame:
    """Mean of a yearly column over periods, one row per unit; years without a value are left out."""
    means = {
        f"{first}–{last}": frame[frame["year"].between(first, last)].groupby("unit")[column].mean()
        for first, last in periods
    }
    return pd.DataFrame(means).astype(float)
