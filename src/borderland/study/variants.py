"""Whether a verdict survives: every claim under the declared scenarios and under other thresholds.

The statistics of the claims fall into blocks: what one function computes together from tables and settings. A
scenario sets parameters of notebooks; the blocks that take one of these are evaluated anew, all other
statistics stay as the notebooks recorded them. Rules and thresholds are those of ``analysis/claims.yml``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import yaml

from borderland.methods import rates, resampling, segregation, specification
from borderland.study import (
    claims,
    composition,
    curves,
    frame,
    migration,
    models,
    populations,
    regional,
    statements,
    wording,
)
from borderland.study import turns as turns_study
from borderland.tables import data, geography

FILE = "analysis/parameters.yml"
MAIN = "main"
Values = Mapping[str, Any]  # statistic to number, word or truth

# Words for a scenario in figures; one without any is printed under its own name.
LABELS = {
    MAIN: "as in the article",
    "to-2021": "to 2021",
    "before-2011": "arrivals before 2011",
    "without-ukraine": "without Ukraine",
    "departures": "departures",
    "current-boundaries": "boundaries of today",
    "with-okrugs": "Tyumen with okrugs",
    "without-samara": "without Samara",
    "before-2021-census": "base before census 2021",
    "turns-to-2021": "turns to 2021",
}
# Sign of a verdict in a tile, from the lightest shade to the darkest.
SIGNS = {
    claims.NOT_TESTABLE: "?",
    claims.NOT_SUPPORTED: "−",
    claims.MIXED: "±",
    claims.SUPPORTED: "+",
}
TITLES = {
    **statements.CLAIMS,
    "C1": "C1 sides grow in step",
    "C2": "C2 losses next to the border",
    "C3": "C3 North Kazakhstan loses inland",
    "C4": "C4 Tomsk draws as Omsk",
    "C5": "C5 Omsk loses",
    "C6": "C6 departures fell",
}
_QUARTER = 0.25  # by which thresholds are moved
_ERRORS = 3  # standard errors of a simulation within which a verdict counts as resting on it


def scenarios(path: Path | None = None) -> dict[str, dict[str, dict[str, Any]]]:
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


# --- blocks of statistics -----------------------------------------------------------------------------

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
        populations.economy_on_base(economy, yearbook, russian_base),
    )


def turn_statistics(
    first_year: int = 2000,
    last_year: int = 2021,
    customs_union: int = 2010,
    economic_union: int = 2015,
    convergence_last: int = 2019,
    turn_draws: int = 9999,
    turn_seed: int = 20221104,
    border_set: str = "nineteen",
    russian_base: str = "recalculated",
) -> dict[str, Any]:
    """Turns of dispersion beside the smallest that matters (claim A1, amended rule)."""
    of = _sides(border_set, russian_base)
    indicators = populations.indicators(of.border, of.economy, of.area, first_year, last_year)
    events = (customs_union, economic_union)
    tested = turns_study.turn_tests(indicators, events, convergence_last, turn_draws, turn_seed)
    return named("population.turns", turns_study.turns(tested))


def natural_statistics(
    first_year: int = 2000,
    last_year: int = 2021,
    natural_first: int = 2015,
    natural_last: int = 2019,
    border_set: str = "nineteen",
    russian_base: str = "recalculated",
) -> dict[str, Any]:
    """Natural increase of regions and sides (claim A4)."""
    of = _sides(border_set, russian_base)
    held = populations.natural_increase_by_region(of.border, of.area, natural_first, natural_last)
    over_time = populations.natural_increase_by_region(of.border, of.area, first_year, last_year)
    claim = populations.natural_increase_claim(
        held, of.sides, first_year, natural_first, natural_last, over_time
    )
    return named("population.a4", claim)


def concentration_statistics(
    first_year: int = 2000,
    last_year: int = 2021,
    migration_last: int = 2024,
    border_set: str = "nineteen",
    russian_base: str = "recalculated",
) -> dict[str, Any]:
    """Losses by migration and concentration of the population (claims A7 and A9)."""
    of = _sides(border_set, russian_base)
    persons = rates.wide(of.border, "persons", of.area.index).loc[first_year:last_year]
    moves = populations.migration_rows(of.border, of.area, migration_last)
    return {
        **named("population.a7", populations.million_cities(of.border, of.area)),
        **named("population.a9", populations.concentration_claim(moves["migration"], of.area, persons)),
    }


def step_statistics(
    first_year: int = 2000,
    last_year: int = 2021,
    border_set: str = "nineteen",
    russian_base: str = "recalculated",
) -> dict[str, Any]:
    """Growth of the two sides in step, and Omsk (findings C1 and C5)."""
    of = _sides(border_set, russian_base)
    step = named("population.c1", populations.in_step(first_year, last_year, of.sides))
    return step | named("population.c5", populations.omsk(of.border))


def composition_statistics(first_census: int = 1959, border_set: str = "nineteen") -> dict[str, Any]:
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


def settlement_statistics(boundary: str = "current-20", border_set: str = "nineteen") -> dict[str, Any]:
    """Persons settled by policy (claim A5)."""
    regions = _load("regions")
    area = frame.study_area(regions, boundary, border_set)
    settled = migration.settlement(
        _load("published_points"), regions, border_set, _load("vital_events"), area
    )
    return named("exchange.a5", settled)


def balance_statistics(
    balance_first: int = 2022, balance_last: int = 2024, boundary: str = "current-20"
) -> dict[str, Any]:
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


def emigrant_statistics(emigrants_last: int = 2023) -> dict[str, Any]:
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
    direction: str = "arrivals",
    first_year: int = 1997,
    last_year: int = 2019,
    states: str = "all",
    measure: str = "status_rank",
    lag: int = 1,
    draws: int = 9999,
    seed: int = 20221104,
) -> dict[str, Any]:
    """Status of Russian and migration with Russia, within states (claim A3)."""
    tables = _tables(**_STATUS_TABLES)
    full = models.arrivals_panel(
        **tables, direction=direction, first_year=first_year, last_year=last_year, lag=lag
    )
    panel = models.sample(full, states)
    within = models.status_within(panel, measure, draws, seed)
    return {
        "gravity.a3.status": within.value,
        "gravity.a3.status_p": within.p,
        "gravity.a3.power_half": models.power_against(panel, measure, -models.SMALLEST_EFFECT, seed),
    }


def curve_statistics(
    direction: str = "arrivals",
    last_year: int = 2019,
    states: str = "all",
    lag: int = 1,
    permutations: int = 9999,
    level: float = 0.05,
    seed: int = 20221104,
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
    district_years: str = "2023-2024",
    district_set: str = "without-metropolises",
    district_error: str = "conley",
    cutoff_km: float = 200.0,
    neighbours: int = 6,
    draws: int = 9999,
    seed: int = 20221104,
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
    russian_first_year: int = 1990,
    border_set: str = "nineteen",
    russian_base: str = "recalculated",
    panel_error: str = "clustered",
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
        Takes parameters of the notebook by name, with its defaults; returns statistics by name.
    """

    notebook: str
    prefixes: tuple[str, ...]
    evaluate: Callable[..., dict[str, Any]]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Parameters the statistics depend on, with their main values."""
        return {name: p.default for name, p in inspect.signature(self.evaluate).parameters.items()}

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
    declared: Mapping[str, claims.Claim],
    recorded: Values,
    settings: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> dict[str, dict[str, Any]]:
    """Statistics of the claims in each scenario; what a scenario leaves as it is stays as recorded.

    Parameters
    ----------
    declared : mapping
        Claims, as :func:`borderland.study.claims.load` returns them.
    recorded : mapping
        Statistics as the notebooks recorded them.
    settings : mapping
        Scenarios, as :func:`scenarios` returns them.

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
            found = block.evaluate(**given)
            for name in sorted(needed - set(found)):
                if block.gives(name):
                    raise _unknown(name)
            out[scenario] |= found
    return out


def _unknown(statistic: str) -> ValueError:
    return ValueError(
        f"no block of variants gives {statistic!r}, so no scenario could move it; let a function of BLOCKS "
        "give it (or, where no parameter moves it, name it in FIXED) in borderland/study/variants.py"
    )


# --- thresholds and errors ----------------------------------------------------------------------------


def moved(claim: claims.Claim, factor: float) -> claims.Claim:
    """The claim with every threshold of its rule multiplied, those below one to one at most.

    Words, truths and equalities stay: they are no thresholds. A share cannot be asked to exceed one.
    """

    def scaled(condition: claims.Condition) -> claims.Condition:
        value = condition.value
        if isinstance(value, str | bool) or condition.comparison in ("==", "!="):
            return condition
        new = value * factor
        return replace(condition, value=min(new, 1.0) if 0 < value < 1 else new)

    def rule(items: Any) -> Any:
        if isinstance(items, str):
            return items
        return tuple(
            claims.AnyOf(tuple(map(scaled, item.conditions)))
            if isinstance(item, claims.AnyOf)
            else scaled(item)
            for item in items
        )

    return replace(
        claim,
        not_testable=rule(claim.not_testable),
        supported=rule(claim.supported),
        not_supported=rule(claim.not_supported),
    )


# Simulated statistics: the statistic that holds the number of draws, and the value of a share of one.
_SIMULATED = {
    "gravity.a3.status_p": ("gravity.draws", 1),
    "gravity.a3.power_half": ("gravity.a3.simulations", 100),
    "curve.arrivals.median_p": ("curve.permutations", 1),
    "regions.a8.russian_share_p_wild": ("regions.draws", 1),
    "regions.a8.russian_share_p_smooth": ("regions.draws", 1),
    "regions.c2.distance_p_wild": ("regions.draws", 1),
    "regions.c2.distance_p_smooth": ("regions.draws", 1),
}
# Counts of means rounded in their source: least and most that the rounding allows.
_ROUNDED = {
    "regions.a7.border_million_losing": (
        "regions.a7.border_million_losing_least",
        "regions.a7.border_million_losing_most",
    )
}


def alternatives(statistic: str, values: Values) -> tuple[float, ...]:
    """Other values that a statistic may have for all that its simulation or its rounding tells.

    For a simulated share, three standard errors below and above; for a count of rounded means, the least and
    the most; none for others.
    """
    if statistic in _SIMULATED:
        draws, whole = _SIMULATED[statistic]
        found = values[statistic]
        error = whole * resampling.monte_carlo_error(found / whole, values[draws])
        return found - _ERRORS * error, found + _ERRORS * error
    return tuple(values[end] for end in _ROUNDED.get(statistic, ()))


def hinges(claim: claims.Claim, values: Values) -> list[str]:
    """Statistics of a claim that one of their :func:`alternatives` would turn into another verdict."""
    standing = claims.verdict(claim, values)
    return [
        name
        for name in claim.statistics
        if any(
            claims.verdict(claim, {**values, name: other}) != standing for other in alternatives(name, values)
        )
    ]


# --- verdicts -------------------------------------------------------------------------------------------


def verdicts(
    declared: Mapping[str, claims.Claim],
    by_scenario: Mapping[str, Values],
    settings: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> pd.DataFrame:
    """Verdict of every claim under every variant, by the rule that stands.

    Parameters
    ----------
    declared, settings
        As in :func:`evaluated`.
    by_scenario : mapping
        What :func:`evaluated` returns.

    Returns
    -------
    DataFrame
        ``claim``, ``title``, ``variant``, ``label`` (in words), ``verdict``, ``alike`` (no statistic or
        threshold of the claim is the variant's own), ``changed`` (another verdict than :data:`MAIN`),
        ``hinges`` (the verdict turns within the error of a simulation or of rounding); claim by claim,
        :data:`MAIN` first.
    """
    thresholds = {
        f"thresholds {100 * _QUARTER:.0f} % lower": 1 - _QUARTER,
        f"thresholds {100 * _QUARTER:.0f} % higher": 1 + _QUARTER,
    }
    rows = []
    for name, claim in declared.items():
        rule = claim.standing
        main = claims.verdict(rule, by_scenario[MAIN])
        tried = [
            (variant, LABELS.get(variant, variant), rule, values, _rests_on(rule, settings.get(variant, {})))
            for variant, values in by_scenario.items()
        ]
        for label, factor in thresholds.items():
            other = moved(rule, factor)
            tried.append((label, label, other, by_scenario[MAIN], other != rule))
        for variant, label, ruled, values, own in tried:
            verdict = claims.verdict(ruled, values)
            alike = variant != MAIN and not own
            close = bool(hinges(ruled, values))
            title = TITLES.get(name, name)
            rows.append([name, title, variant, label, verdict, alike, verdict != main, close])
    columns = ["claim", "title", "variant", "label", "verdict", "alike", "changed", "hinges"]
    return pd.DataFrame(rows, columns=columns)


def _rests_on(rule: claims.Claim, setting: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether a claim rests on a statistic that a scenario evaluates anew."""
    return any(block.gives(name) for block, _ in touched(setting) for name in rule.statistics)


def summary(
    declared: Mapping[str, claims.Claim], by_scenario: Mapping[str, Values], held: pd.DataFrame
) -> pd.DataFrame:
    """One row a claim: its verdict, in which variants it is another, and what it hinges on.

    Returns
    -------
    DataFrame
        ``claim``, ``verdict``, ``tried`` (variants that touch it), ``changes`` ("supported: without Samara";
        empty where none), ``hinges`` (meaning of the statistics; empty where none).
    """
    rows = []
    for name, claim in declared.items():
        of_claim = held[held["claim"] == name]
        others = of_claim[of_claim["changed"]]
        said = [
            f"{verdict}: {wording.listed(group['label'])}"
            for verdict, group in others.groupby("verdict", sort=False)
        ]
        rule = claim.standing
        close = [rule.statistics[one].meaning for one in hinges(rule, by_scenario[MAIN])]
        rows.append(
            {
                "claim": name,
                "verdict": of_claim["verdict"].iloc[0],
                "tried": int((~of_claim["alike"]).sum()) - 1,
                "changes": "; ".join(said),
                "hinges": "; ".join(close),
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Survival:
    """How many verdicts stand in every variant, and which do not."""

    claims: Annotated[int, "d"]
    variants: Annotated[int, "d"]
    surviving: Annotated[int, "d"]
    surviving_names: str
    changing: Annotated[int, "d"]
    changing_names: str
    hinging: Annotated[int, "d"]  # on the error of a simulation, or on rounding
    hinging_names: str


def survival(held: pd.DataFrame, summed: pd.DataFrame) -> Survival:
    """Count what :func:`verdicts` and :func:`summary` found."""
    stands = summed["changes"] == ""
    close = summed["hinges"] != ""
    return Survival(
        claims=len(summed),
        variants=held["variant"].nunique() - 1,
        surviving=int(stands.sum()),
        surviving_names=wording.listed(summed.loc[stands, "claim"]),
        changing=int((~stands).sum()),
        changing_names=wording.listed(summed.loc[~stands, "claim"]),
        hinging=int(close.sum()),
        hinging_names=wording.listed(summed.loc[close, "claim"]),
    )
