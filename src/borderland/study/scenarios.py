"""The statistics of the claims under the declared scenarios.

The statistics fall into blocks: what one function computes together from tables and settings. A scenario
sets parameters of notebooks; the blocks that take one of these are evaluated anew, all other statistics stay
as the notebooks recorded them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from borderland.methods import rates, segregation, specification
from borderland.study import (
    alike,
    bases,
    composition,
    concentration,
    curves,
    frame,
    migration,
    models,
    natural_increase,
    panels,
    regional,
    rules,
)
from borderland.study import turns as turns_study
from borderland.study.wording import MAIN
from borderland.tables import data, geography

FILE = "analysis/parameters.yml"
Values = Mapping[str, Any]  # statistic to number, word or truth


def declared(path: Path | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """Read what each declared scenario sets: scenario to notebook to parameter to value.

    A scenario that sets nothing (it builds notebooks that the article does not have) is no variant.

    Parameters
    ----------
    path : Path, optional
        The file; by default the ``analysis/parameters.yml`` at or above the working directory.
    """
    if path is None:
        here = Path.cwd()
        path = next((p / FILE for p in (here, *here.parents) if (p / FILE).is_file()), None)
        if path is None:
            raise ValueError(f"{FILE}: none at or above {here}; run inside the project")
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["scenarios"]
    # One that sets nothing adds a notebook, on data of its own, and varies no other.
    return {name: scenario["set"] for name, scenario in declared.items() if "set" in scenario}


_load = cache(data.load)  # one reading of a table serves all variants; no function changes what it is given


def _tables(**names: str) -> dict[str, Any]:
    """Tables by the arguments they are given as."""
    return {argument: _load(name) for argument, name in names.items()}


# What the components of change are made of.
_CHANGE = {
    "population": "population",
    "vital_events": "vital_events",
    "net_migration": "net_migration",
    "yearbook": "russian_regions",
}


@dataclass(frozen=True)
class Sides:
    """Components of change of the border regions, and of the sides, on one outline and base."""

    area: pd.DataFrame
    border: pd.DataFrame
    sides: pd.DataFrame
    economy: pd.DataFrame


@cache
def _sides(border_set: str, russian_base: str) -> Sides:
    regions, yearbook = _load("regions"), _load("russian_regions")
    area = frame.study_area(regions, border_set=border_set)
    groups = frame.comparison(regions, area, border_set)
    components = regional.outlined_components(
        **_tables(**_CHANGE),
        units=groups.index,
        border_set=border_set,
        base=russian_base,
    )
    economy = frame.outline(_load("economy"), border_set=border_set)
    return Sides(
        area,
        rates.rates(components[components["unit"].isin(area.index)]),
        rates.rates(rates.aggregate(components, groups)),
        bases.economy_on_base(economy, yearbook, russian_base),
    )


def turn_statistics(
    first_year: int,
    last_year: int,
    customs_union: int,
    economic_union: int,
    convergence_last: int,
    turn_draws: int,
    turn_seed: int,
    border_set: str,
    russian_base: str,
) -> dict[str, Any]:
    """Turns of dispersion beside the smallest that matters (claim A1, amended rule)."""
    of = _sides(border_set, russian_base)
    indicators = alike.indicators(of.border, of.economy, of.area, first_year, last_year)
    events = (customs_union, economic_union)
    tested = turns_study.turn_tests(indicators, events, convergence_last, turn_draws, turn_seed)
    return named("population.turns", turns_study.turns(tested))


def natural_statistics(
    first_year: int,
    last_year: int,
    natural_first: int,
    natural_last: int,
    border_set: str,
    russian_base: str,
) -> dict[str, Any]:
    """Natural increase of regions and sides (claim A4)."""
    of = _sides(border_set, russian_base)
    held = natural_increase.by_region(of.border, of.area, natural_first, natural_last)
    over_time = natural_increase.by_region(of.border, of.area, first_year, last_year)
    claim = natural_increase.claim(held, of.sides, first_year, natural_first, natural_last, over_time)
    return named("population.a4", claim)


def concentration_statistics(
    first_year: int,
    last_year: int,
    migration_last: int,
    border_set: str,
    russian_base: str,
) -> dict[str, Any]:
    """Losses by migration and concentration of the population (claims A7 and A9)."""
    of = _sides(border_set, russian_base)
    persons = rates.wide(of.border, "persons", of.area.index).loc[first_year:last_year]
    moves = concentration.migration_rows(of.border, of.area, migration_last)
    return {
        **named("population.a7", concentration.million_cities(of.border, of.area)),
        **named("population.a9", concentration.claim(moves["migration"], of.area, persons)),
    }


def step_statistics(
    first_year: int,
    last_year: int,
    border_set: str,
    russian_base: str,
) -> dict[str, Any]:
    """Growth of the two sides in step, and Omsk (findings C1 and C5)."""
    of = _sides(border_set, russian_base)
    step = named("population.c1", alike.in_step(first_year, last_year, of.sides))
    return step | named("population.c5", concentration.omsk(of.border))


def composition_statistics(first_census: int, border_set: str) -> dict[str, Any]:
    """Shares of Russians on both sides (claim A2)."""
    regions, national, russian_side = (
        _load(name) for name in ("regions", "ethnicity_national", "ethnicity_ru_regions")
    )
    area = frame.study_area(regions, border_set=border_set)
    census = composition.counted(national, first_census)
    shares = segregation.shares_over_time(census, ["kazakh", "russian", "ukrainian", "german", "uzbek"])
    fragments = _load("ethnicity_kz_regions")
    dated = composition.dated_shares(
        fragments[fragments["unit"].isin(area.index)], "russian", _load("population")
    )
    carried = composition.carried_forward(national)["share"]
    gap = composition.gap_of_sides(composition.russian_counts(russian_side, area), shares, carried)
    names = regions.set_index("unit")["name"]
    return {
        **named("composition.a2", composition.fall_before_recount(national, shares)),
        **named("composition.a2", composition.dated_summary(dated, names)),
        **named("composition.a2", gap),
    }


def settlement_statistics(boundary: str, border_set: str) -> dict[str, Any]:
    """Persons settled by policy (claim A5)."""
    regions = _load("regions")
    area = frame.study_area(regions, boundary, border_set)
    settled = migration.settlement(
        _load("published_points"), regions, border_set, _load("vital_events"), area
    )
    return named("exchange.a5", settled)


def balance_statistics(balance_first: int, balance_last: int, boundary: str) -> dict[str, Any]:
    """Internal and external loss of North Kazakhstan (finding C3)."""
    population = _load("population")
    kazakh = (population["reference"] == "1-january") & population["unit"].str.startswith("KZ-")
    balance = migration.regional_balance(
        _load("net_migration"),
        rates.mean_population(population[kazakh]),
        boundary,
        balance_first,
        balance_last,
    )
    return named("exchange.c3", migration.north_balance(balance, boundary))


def emigrant_statistics(emigrants_last: int) -> dict[str, Any]:
    """Russians among those who left Kazakhstan (claim A8)."""
    series = migration.russian_emigrants(
        _load("published_points"),
        migration.external_exchange(_load("kz_external_migration"))["departures"],
        composition.russian_share(_load("ethnicity_national")),
        emigrants_last,
    )
    return named("exchange.a8", migration.emigrants(series))


_STATUS_TABLES = {
    "migration": "migration_partners",
    "dyads": "dyads",
    "status": "russian_status",
    "controls": "country_controls",
    "stock": "migrant_stock",
}


def status_statistics(
    direction: str,
    first_year: int,
    last_year: int,
    states: str,
    measure: str,
    lag: int,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Status of Russian and migration with Russia, within states (claim A3)."""
    tables = _tables(**_STATUS_TABLES)
    full = panels.arrivals_panel(
        **tables, direction=direction, first_year=first_year, last_year=last_year, lag=lag
    )
    panel = panels.sample(full, states)
    within = models.status_within(panel, measure, draws, seed)
    return {
        "gravity.a3.status": within.value,
        "gravity.a3.status_p": within.p,
        "gravity.a3.power_half": models.power_against(panel, measure, -models.SMALLEST_EFFECT, seed),
    }


def curve_statistics(
    direction: str,
    last_year: int,
    states: str,
    lag: int,
    permutations: int,
    level: float,
    seed: int,
) -> dict[str, Any]:
    """Specification curve of the status of Russian in one direction (claim A3)."""
    tables = _tables(**_STATUS_TABLES)
    choices = specification.grid(curves.status_options(states, last_year), curves.status_possible)
    curve = specification.run(
        choices[choices["direction"] == direction],
        curves.StatusCurve(curves.status_panels(tables, lag, last_year), permutations, seed),
        level,
        batch=curves.STATUS_BATCH,
        seed=seed,
    )
    return named("curve.arrivals", curves.summary(curve, curves.status_main(states)))


def district_statistics(
    district_years: str,
    district_set: str,
    district_error: str,
    cutoff_km: float,
    neighbours: int,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Net migration of districts on distance and share of Russians (claims A8 and C2)."""
    sample = regional.district_sample(
        **_tables(
            districts="districts",
            migration="district_migration",
            population="district_population",
            vital="district_vital",
            ethnicity="district_ethnicity",
            regions="regions",
        ),
        border=geography.boundaries("border"),
        years=sorted({int(year) for year in district_years.split("-")}),
        chosen=district_set,
    )
    fitted, _ = regional.district_results(
        sample, district_set, district_error, cutoff_km, neighbours, draws, seed
    )
    tests = regional.district_tests(sample, district_set, fitted, neighbours, draws, seed)
    return named("regions.a8", regional.russian_share(fitted, tests)) | named(
        "regions.c2", regional.border_distance(fitted, tests)
    )


def million_statistics(
    russian_first_year: int,
    border_set: str,
    russian_base: str,
    panel_error: str,
) -> dict[str, Any]:
    """Net migration of regions with a city of more than a million (claim A7)."""
    regions = _load("regions")
    panel = regional.russian_panel(
        **_tables(**_CHANGE, economy="economy"),
        regions=regions,
        border=geography.boundaries("border"),
        first_year=russian_first_year,
        border_set=border_set,
        base=russian_base,
    )
    names = regions.set_index("unit")["name"]
    short = {unit: frame.short_name(unit, name) for unit, name in names.items()}
    rows = regional.russian_periods(panel, regional.russian_starts(russian_first_year), panel_error)
    return named("regions.a7", regional.million_plus(panel, rows, short, panel_error))


# What blocks take where a scenario sets nothing: the parameters of the article, by notebook. Their home is in
# the notebooks' cells, to which a test holds these.
DEFAULTS: dict[str, dict[str, Any]] = {
    "02-population": {
        "first_year": 2000,
        "last_year": 2021,
        "customs_union": 2010,
        "economic_union": 2015,
        "convergence_last": 2019,
        "turn_draws": 9999,
        "turn_seed": 20221104,
        "border_set": "nineteen",
        "russian_base": "recalculated",
        "natural_first": 2015,
        "natural_last": 2019,
        "migration_last": 2024,
    },
    "03-ethnic-composition": {
        "first_census": 1959,
        "border_set": "nineteen",
    },
    "05-migration-exchange": {
        "boundary": "current-20",
        "border_set": "nineteen",
        "balance_first": 2022,
        "balance_last": 2024,
        "emigrants_last": 2023,
    },
    "06-gravity": {
        "direction": "arrivals",
        "first_year": 1997,
        "last_year": 2019,
        "states": "all",
        "measure": "status_rank",
        "lag": 1,
        "draws": 9999,
        "seed": 20221104,
    },
    "07-regions-and-distance": {
        "district_years": "2023-2024",
        "district_set": "without-metropolises",
        "district_error": "conley",
        "cutoff_km": 200.0,
        "neighbours": 6,
        "draws": 9999,
        "seed": 20221104,
        "russian_first_year": 1990,
        "border_set": "nineteen",
        "russian_base": "recalculated",
        "panel_error": "clustered",
    },
    "08-specification-curve": {
        "direction": "arrivals",
        "last_year": 2019,
        "states": "all",
        "lag": 1,
        "permutations": 9999,
        "level": 0.05,
        "seed": 20221104,
    },
}


@dataclass(frozen=True)
class Block:
    """Statistics of one notebook that one function computes together.

    Attributes
    ----------
    notebook : str
        The notebook that records them.
    prefixes : tuple of str
        What stands before the last part of their names.
    evaluate : callable
        Takes parameters of the notebook by name; returns statistics by name.
    """

    notebook: str
    prefixes: tuple[str, ...]
    evaluate: Callable[..., dict[str, Any]]

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the parameters that the statistics depend on."""
        return tuple(inspect.signature(self.evaluate).parameters)

    def under(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Statistics by name, with these parameters and the notebook's own for the others."""
        main = DEFAULTS[self.notebook]
        return self.evaluate(**{name: given[name] if name in given else main[name] for name in self.settings})

    def gives(self, statistic: str) -> bool:
        """Tell whether a statistic is among those of the block."""
        return statistic.rpartition(".")[0] in self.prefixes


BLOCKS = (
    Block("02-population", ("population.turns",), turn_statistics),
    Block("02-population", ("population.a4",), natural_statistics),
    Block("02-population", ("population.a7", "population.a9"), concentration_statistics),
    Block("02-population", ("population.c1", "population.c5"), step_statistics),
    Block("03-ethnic-composition", ("composition.a2",), composition_statistics),
    Block("05-migration-exchange", ("exchange.a5",), settlement_statistics),
    Block("05-migration-exchange", ("exchange.c3",), balance_statistics),
    Block("05-migration-exchange", ("exchange.a8",), emigrant_statistics),
    Block("06-gravity", ("gravity.a3",), status_statistics),
    Block("07-regions-and-distance", ("regions.a8", "regions.c2"), district_statistics),
    Block("07-regions-and-distance", ("regions.a7",), million_statistics),
    Block("08-specification-curve", ("curve.arrivals",), curve_statistics),
)
# Statistics that no parameter of a scenario can move: of one national series, or of published points.
FIXED = ("language.a3", "exchange.c3.window", "exchange.c6", "contacts")


def named(prefix: str, record: Any) -> dict[str, Any]:
    """Statistics of a record under the names by which a notebook records them (``paperbuild.numbers``)."""
    found: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if is_dataclass(value):
            for inner in fields(value):
                name = field.name if inner.name == "value" else f"{field.name}_{inner.name}"
                found[f"{prefix}.{name}"] = getattr(value, inner.name)
        elif value is not None:
            found[f"{prefix}.{field.name}"] = value
    return found


def touched(setting: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Blocks whose statistics depend on what a scenario sets, with the settings it gives them."""
    for block in BLOCKS:
        given = {
            name: value for name, value in setting.get(block.notebook, {}).items() if name in block.settings
        }
        if given:
            yield block, given


def evaluated(
    declared: Mapping[str, rules.Claim],
    recorded: Values,
    settings: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> dict[str, dict[str, Any]]:
    """Statistics of the claims in each scenario; what a scenario leaves as it is stays as recorded.

    Parameters
    ----------
    declared : mapping
        Claims, as :func:`borderland.study.rules.load` returns them.
    recorded : mapping
        Statistics as the notebooks recorded them.
    settings : mapping
        Scenarios, as :func:`declared` returns them.

    Returns
    -------
    dict
        Scenario (:data:`MAIN` first) to its statistics by name.

    Raises
    ------
    ValueError
        If a claim rests on a statistic of which no block here is in charge: it would not follow a scenario.
    """
    needed = {name for claim in declared.values() for name in claim.standing.statistics}
    for name in sorted(needed):
        fixed = any(name.startswith(f"{prefix}.") for prefix in FIXED)
        if not fixed and not any(block.gives(name) for block in BLOCKS):
            raise _unknown(name)
    out = {MAIN: dict(recorded)}
    for scenario, setting in settings.items():
        out[scenario] = dict(recorded)
        for block, given in touched(setting):
            found = block.under(given)
            for name in sorted(needed - set(found)):
                if block.gives(name):
                    raise _unknown(name)
            out[scenario] |= found
    return out


def _unknown(statistic: str) -> ValueError:
    return ValueError(
        f"no block of variants gives {statistic!r}, so no scenario could move it; let a function of BLOCKS "
        "give it (or, where no parameter moves it, name it in FIXED) in borderland/study/scenarios.py"
    )
