"""Whether a verdict survives: every claim under the declared scenarios and under other thresholds.

Rules and thresholds are those of ``analysis/claims.yml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pandas as pd

from borderland.methods import resampling
from borderland.study import rules, statements, wording
from borderland.study.scenarios import Values, touched
from borderland.study.wording import MAIN

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
    rules.NOT_TESTABLE: "?",
    rules.NOT_SUPPORTED: "−",
    rules.MIXED: "±",
    rules.SUPPORTED: "+",
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


def moved(claim: rules.Claim, factor: float) -> rules.Claim:
    """The claim with every threshold of its rule multiplied, those below one to one at most.

    Words, truths and equalities stay: they are no thresholds. A share cannot be asked to exceed one.
    """

    def scaled(condition: rules.Condition) -> rules.Condition:
        value = condition.value
        if isinstance(value, str | bool) or condition.comparison in ("==", "!="):
            return condition
        new = value * factor
        return replace(condition, value=min(new, 1.0) if 0 < value < 1 else new)

    def rule(items: Any) -> Any:
        if isinstance(items, str):
            return items
        return tuple(
            rules.AnyOf(tuple(map(scaled, item.conditions)))
            if isinstance(item, rules.AnyOf)
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


def hinges(claim: rules.Claim, values: Values) -> list[str]:
    """Statistics of a claim that one of their :func:`alternatives` would turn into another verdict."""
    standing = rules.verdict(claim, values)
    return [
        name
        for name in claim.statistics
        if any(
            rules.verdict(claim, {**values, name: other}) != standing for other in alternatives(name, values)
        )
    ]


def verdicts(
    declared: Mapping[str, rules.Claim],
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
        main = rules.verdict(rule, by_scenario[MAIN])
        tried = [
            (variant, LABELS.get(variant, variant), rule, values, _rests_on(rule, settings.get(variant, {})))
            for variant, values in by_scenario.items()
        ]
        for label, factor in thresholds.items():
            other = moved(rule, factor)
            tried.append((label, label, other, by_scenario[MAIN], other != rule))
        for variant, label, ruled, values, own in tried:
            verdict = rules.verdict(ruled, values)
            alike = variant != MAIN and not own
            close = bool(hinges(ruled, values))
            title = TITLES.get(name, name)
            rows.append([name, title, variant, label, verdict, alike, verdict != main, close])
    columns = ["claim", "title", "variant", "label", "verdict", "alike", "changed", "hinges"]
    return pd.DataFrame(rows, columns=columns)


def _rests_on(rule: rules.Claim, setting: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether a claim rests on a statistic that a scenario evaluates anew."""
    return any(block.gives(name) for block, _ in touched(setting) for name in rule.statistics)


def summary(
    declared: Mapping[str, rules.Claim], by_scenario: Mapping[str, Values], held: pd.DataFrame
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
