"""Arrivals in Russia before and after a step of the status of Russian at their origin (claim A3)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from borderland.methods.covariance import Model
from borderland.methods.ppml import ppml
from borderland.methods.resampling import p_value, permuted_paths
from borderland.study.models import CONTROLS


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
    model = Model(ppml, "persons", (*names, *CONTROLS), ("state", "year"))
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
