"""Verdicts on all claims together, the evidence behind them, and what the text quotes of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd

from borderland.methods.resampling import holm
from borderland.study.rules import (
    NOT_SUPPORTED,
    NOT_TESTABLE,
    SUPPORTED,
    VERDICTS,
    Claim,
    holds,
    recorded,
    verdict,
)
from borderland.study.wording import P, p_text, plain

_LEVEL = 0.05


def verdicts(claims: Mapping[str, Claim], values: Mapping[str, Any]) -> pd.DataFrame:
    """Return claims with verdicts, by the rule that stands and by the first one.

    Columns: ``claim``, ``source``, ``wording``, ``test``, ``verdict`` (by the rule that stands), ``first``
    (by the first rule), ``amended`` (date of the amendment, empty without one), ``caution``.

    Raises
    ------
    ClaimError
        As :func:`verdict`.
    """
    rows = [
        {
            "claim": name,
            "source": claim.source,
            "wording": claim.wording,
            "test": claim.standing.test,
            "verdict": verdict(claim.standing, values),
            "first": verdict(claim, values),
            "amended": "" if claim.amendment is None else claim.amendment.date,
            "caution": claim.caution,
        }
        for name, claim in claims.items()
    ]
    return pd.DataFrame(rows)


def adjusted(claims: Mapping[str, Claim], values: Mapping[str, Any]) -> pd.Series:
    """P-values of the rules that stand, by statistic, adjusted for their number (Holm 1979).

    Tests that a statistic counts or adjusts within itself, as the turns of A1, are not among them.

    Raises
    ------
    ClaimError
        If a p-value is not recorded.
    """
    tested = {
        statistic.name: recorded(statistic.name, values)
        for claim in claims.values()
        for statistic in claim.standing.statistics.values()
        if statistic.p_value
    }
    return pd.Series(holm(list(tested.values())), index=list(tested), dtype=float)


@dataclass(frozen=True)
class Tests:
    """P-values that the rules rest on, and how many stay below 0.05, each alone and all together."""

    number: Annotated[int, "d"]
    below: Annotated[int, "d"]
    below_adjusted: Annotated[int, "d"]


def tests_counted(claims: Mapping[str, Claim], values: Mapping[str, Any]) -> Tests:
    """Count the p-values of :func:`adjusted`."""
    together = adjusted(claims, values)
    alone = [recorded(name, values) < _LEVEL for name in together.index]
    return Tests(len(together), sum(alone), int((together < _LEVEL).sum()))


@dataclass(frozen=True)
class Adjusted:
    """A p-value adjusted for the number of tests."""

    adjusted: Annotated[float, P]


def adjusted_names(claims: Mapping[str, Claim], values: Mapping[str, Any]) -> dict[str, Adjusted]:
    """Adjusted p-values under the names the text quotes them by (``a7.million_p_adjusted``)."""
    together = adjusted(claims, values)
    return {
        f"{claim.identifier.lower()}.{name.rsplit('.', 1)[-1]}": Adjusted(float(together[name]))
        for claim in claims.values()
        for name, statistic in claim.standing.statistics.items()
        if statistic.p_value
    }


def evidence(claims: Mapping[str, Claim], values: Mapping[str, Any]) -> pd.DataFrame:
    """Return every statistic of every claim with what was found and what was asked of it.

    The statistics of an amendment follow those of the first rule. Columns: ``claim``, ``rule`` ("first", or
    "amended" with its date; empty where there is one rule), ``statistic`` (name),
    ``meaning``, ``notebook``, ``found`` (value as recorded), ``adjusted`` (of a p-value of a rule that
    stands, as :func:`adjusted` gives it, else missing) and,
    for each verdict but mixed, its conditions on the statistic in words, with "met" or "not met"; empty where
    the rule asks nothing.

    Raises
    ------
    ClaimError
        If a statistic is not recorded.
    """
    rows = []
    together = adjusted(claims, values)
    ruled = [(name, "" if claim.amendment is None else "first", claim) for name, claim in claims.items()] + [
        (name, f"amended {claim.amendment.date}", claim.standing)
        for name, claim in claims.items()
        if claim.amendment is not None
    ]
    order = list(claims)
    for name, label, claim in sorted(ruled, key=lambda entry: order.index(entry[0])):
        for statistic in claim.statistics.values():
            asked: dict[str, list[str]] = {NOT_TESTABLE: [], SUPPORTED: [], NOT_SUPPORTED: []}
            for outcome, condition, alternative in claim.conditions():
                if condition.statistic == statistic.name:
                    met = "met" if holds(condition, values) else "not met"
                    among = " (one of several)" if alternative else ""
                    asked[outcome].append(f"{condition.threshold}{among}: {met}")
            found = recorded(statistic.name, values)
            said = ["; ".join(texts) for texts in asked.values()]
            stands = claim.amendment is None
            holms = together.get(statistic.name) if stands and statistic.p_value else None
            rows.append(
                [name, label, statistic.name, statistic.meaning, statistic.notebook, found, holms, *said]
            )
    columns = [
        "claim",
        "rule",
        "statistic",
        "meaning",
        "notebook",
        "found",
        "adjusted",
        NOT_TESTABLE,
        SUPPORTED,
        NOT_SUPPORTED,
    ]
    return pd.DataFrame(rows, columns=columns, dtype=object)  # counts stay whole beside numbers with decimals


def shown(value: float | str | bool) -> str:
    """Write a found value for a table: counts whole, small numbers with three decimals or digits.

    >>> [shown(v) for v in (648, 0.0412, -2.345, 5213.4, 0.0001, True)]
    ['648', '0.041', '−2.34', '5,213', '< 0.001', 'yes']
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if 0 < value < 0.0005:
        return "< 0.001"
    size = abs(value)
    spec = ",d" if isinstance(value, int) else ".3f" if size < 1 else ".3g" if size < 100 else ",.0f"
    return plain(value, spec)


def with_verdict(decided: pd.DataFrame, outcome: str) -> list[str]:
    """Identifiers of the claims that :func:`verdicts` decided as `outcome`, in the order of the file."""
    if outcome not in VERDICTS:
        raise ValueError(f"verdict {outcome!r}; expected one of {', '.join(VERDICTS)}")
    return decided.loc[decided["verdict"] == outcome, "claim"].tolist()


@dataclass(frozen=True)
class Counted:
    """Claims by verdict."""

    total: Annotated[int, "d"]
    supported: Annotated[int, "d"]
    mixed: Annotated[int, "d"]
    not_supported: Annotated[int, "d"]
    not_testable: Annotated[int, "d"]


def counted(decided: pd.DataFrame) -> Counted:
    """Count the verdicts that :func:`verdicts` gave."""
    return Counted(len(decided), *(len(with_verdict(decided, outcome)) for outcome in VERDICTS))


def verdict_names(decided: pd.DataFrame) -> dict[str, str]:
    """Verdict of each claim under the name the text quotes it by (``a1.verdict``).

    ``a1.first`` is the verdict under the first rule.
    """
    named = {f"{row.claim.lower()}.verdict": row.verdict for row in decided.itertuples()}
    return named | {f"{row.claim.lower()}.first": row.first for row in decided.itertuples()}


def amendments(claims: Mapping[str, Claim], decided: pd.DataFrame) -> pd.DataFrame:
    """Changes made after results were known: of figures under the first rule, then of rules.

    Returns
    -------
    DataFrame
        ``claim``, ``date``, ``changed`` ("data" or "rule"), ``reason`` (of a change of data what changed),
        ``known`` (of a rule), ``before`` and ``verdict``: on the figures before and on those of today, or
        under the first rule and the amended one, both on the figures of today.
    """
    rows = []
    for row in decided.itertuples():
        changed, amendment = claims[row.claim].data_change, claims[row.claim].amendment
        if changed is not None:
            told = [changed.date, "data", changed.change, "", changed.before, row.first]
            rows.append([row.claim, *told])
        if amendment is not None:
            told = [amendment.date, "rule", amendment.reason, amendment.known, row.first, row.verdict]
            rows.append([row.claim, *told])
    columns = ["claim", "date", "changed", "reason", "known", "before", "verdict"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Rules:
    """Conditions and statistics of the rules that stand, amended rules, claims whose figures changed."""

    conditions: Annotated[int, "d"]
    statistics: Annotated[int, "d"]
    amended: Annotated[int, "d"]
    data_changed: Annotated[int, "d"]


def rules_counted(claims: Mapping[str, Claim]) -> Rules:
    """Count what the claims file asks."""
    standing = [claim.standing for claim in claims.values()]
    return Rules(
        conditions=sum(1 for claim in standing for _ in claim.conditions()),
        statistics=sum(len(claim.statistics) for claim in standing),
        amended=sum(claim.amendment is not None for claim in claims.values()),
        data_changed=sum(claim.data_change is not None for claim in claims.values()),
    )


SHOWN = ("all", "tested", "contrary")


def verdict_rows(decided: pd.DataFrame, source: str, which: str = "all") -> pd.DataFrame:
    """Rows of :func:`verdicts` for a table: all, those of one source ("tested") or the others ("contrary").

    ``by_first`` is the verdict by the first rule where it was amended, else empty.
    """
    if which not in SHOWN:
        raise ValueError(f"claims {which!r}; expected one of {', '.join(SHOWN)}")
    of_tested = decided["source"].eq(source)
    kept = decided[{"all": of_tested | True, "tested": of_tested, "contrary": ~of_tested}[which]]
    return kept.assign(by_first=kept["first"].where(kept["amended"] != "", ""))


def evidence_rows(evidence: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of :func:`evidence` for the claims of :func:`verdict_rows`, values as a table shows them."""
    kept = evidence[evidence["claim"].isin(rows["claim"])]
    adjusted = kept["adjusted"].map(lambda p: "" if pd.isna(p) else p_text(p))
    return kept.assign(found=kept["found"].map(shown), adjusted=adjusted)
