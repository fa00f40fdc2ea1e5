"""The claims under test and the declared rules that turn recorded statistics into verdicts.

``analysis/claims.yml`` states each claim with the statistics it rests on and conditions such as
``population.a4.gap > 0``. Nothing in the file is executed: a condition is a name, one of six comparisons and
a constant. :func:`parse` refuses a file with an incomplete rule before any verdict is given, with every
finding and its line; :func:`verdict` is a pure function of a claim and the recorded values.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import yaml

from borderland.methods.resampling import holm
from borderland.study.wording import MINUS, P, p_text

FILE = "analysis/claims.yml"

SUPPORTED, MIXED, NOT_SUPPORTED, NOT_TESTABLE = "supported", "mixed", "not supported", "not testable here"
VERDICTS = (SUPPORTED, MIXED, NOT_SUPPORTED, NOT_TESTABLE)

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_CONDITION = re.compile(r"(?P<statistic>[a-z][a-z0-9_.-]*) +(?P<comparison>[<>]=?|[=!]=) +(?P<value>\S.*)")
_IN_WORDS = {
    ">": "above",
    ">=": "at least",
    "<": "below",
    "<=": "at most",
    "==": "equal to",
    "!=": "other than",
}
_TEXTS = ("source", "wording", "test", "caution")
_RULE = ("not_testable", "supported", "not_supported")
_AMENDED = ("date", "known", "reason", "test")
_DATA_CHANGE = ("date", "change", "before")
_LEVEL = 0.05


class ClaimError(ValueError):
    """A claims file, or a set of recorded statistics, from which no verdict can be drawn."""


@dataclass(frozen=True)
class Condition:
    """A comparison of one recorded statistic with a constant."""

    statistic: str
    comparison: str
    value: float | str | bool

    @property
    def threshold(self) -> str:
        """The comparison in words: ``at least 4``."""
        return f"{_IN_WORDS[self.comparison]} {_plain(self.value)}"


@dataclass(frozen=True)
class AnyOf:
    """Conditions of which one must hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Statistic:
    """A number that a notebook records, what it means, and whether it is a p-value."""

    name: str
    notebook: str
    meaning: str
    p_value: bool = False


@dataclass(frozen=True)
class Amendment:
    """Another rule for a claim, made after results were known, beside the first one.

    Attributes
    ----------
    date : str
        Day of the amendment, ISO 8601.
    known : str
        What was known of the results when it was made.
    reason : str
        What was wrong with the first rule.
    test, statistics, not_testable, supported, not_supported
        As in :class:`Claim`.
    """

    date: str
    known: str
    reason: str
    test: str
    statistics: Mapping[str, Statistic]
    not_testable: str | tuple[Condition | AnyOf, ...]
    supported: tuple[Condition | AnyOf, ...]
    not_supported: tuple[Condition | AnyOf, ...]


@dataclass(frozen=True)
class DataChange:
    """Another set of figures under a rule that stayed as it was.

    Attributes
    ----------
    date : str
        Day of the change, ISO 8601.
    change : str
        What the rule reads now, and what it read before.
    before : str
        Verdict of the same rule on the figures before, one of :data:`VERDICTS`.
    """

    date: str
    change: str
    before: str


@dataclass(frozen=True)
class Claim:
    """A claim with its test and the rule that decides it.

    Attributes
    ----------
    not_testable : str or tuple
        A reason why these data cannot decide the claim at all, or the conditions under which they cannot.
    supported, not_supported : tuple
        Conditions that must all hold for the verdict; empty only where `not_testable` is a reason.
    amendment : Amendment, optional
        The rule that stands in place of the one above, which stays on record with its verdict.
    data_change : DataChange, optional
        Figures that were replaced while the first rule stayed.
    """

    identifier: str
    source: str
    wording: str
    test: str
    caution: str
    statistics: Mapping[str, Statistic]
    not_testable: str | tuple[Condition | AnyOf, ...]
    supported: tuple[Condition | AnyOf, ...]
    not_supported: tuple[Condition | AnyOf, ...]
    amendment: Amendment | None = None
    data_change: DataChange | None = None

    @property
    def standing(self) -> Claim:
        """The claim under the rule that stands: the amended one, else the first."""
        new = self.amendment
        if new is None:
            return self
        rule = {key: getattr(new, key) for key in ("test", "statistics", *_RULE)}
        return replace(self, amendment=None, **rule)

    def conditions(self) -> Iterator[tuple[str, Condition, bool]]:
        """Each condition with the verdict it argues for and whether it is one of several alternatives."""
        rules = {
            NOT_TESTABLE: self.not_testable,
            SUPPORTED: self.supported,
            NOT_SUPPORTED: self.not_supported,
        }
        for outcome, rule in rules.items():
            for item in () if isinstance(rule, str) else rule:
                among = isinstance(item, AnyOf)
                for condition in item.conditions if isinstance(item, AnyOf) else (item,):
                    yield outcome, condition, among


def load(path: Path | None = None) -> dict[str, Claim]:
    """Read the project's claims.

    Parameters
    ----------
    path : Path, optional
        The file; by default the ``analysis/claims.yml`` at or above the working directory.

    Raises
    ------
    ClaimError
        If there is no such file or :func:`parse` refuses it.
    """
    if path is None:
        here = Path.cwd()
        path = next((p / FILE for p in (here, *here.parents) if (p / FILE).is_file()), None)
        if path is None:
            raise ClaimError(f"{FILE}: none at or above {here}; run inside the project")
    try:
        return parse(path.read_text(encoding="utf-8"), FILE)
    except UnicodeDecodeError as error:
        raise ClaimError(f"{FILE}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None


def parse(text: str, file: str = FILE) -> dict[str, Claim]:
    """Turn the text of a claims file into claims by identifier.

    Raises
    ------
    ClaimError
        With every finding and its line: broken YAML, an unknown or missing key, a claim without a complete
        rule, a condition that is none, a statistic used but not described.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ClaimError(f"{file}:{line}: not readable as YAML: {error.problem}") from None
    reader = _Reader(file)
    blocks = reader.mapping(root, "the file", required=("claims",)).get("claims")
    claims = {
        name: reader.claim(name, node)
        for name, node in (reader.mapping(blocks, "claims") if blocks else {}).items()
    }
    if not claims and not reader.findings:
        reader.findings.append(f"{file}:1: no claims; write them under claims:")
    if reader.findings:
        raise ClaimError("\n".join(reader.findings))
    return claims


class _Reader:
    """Walks the YAML nodes, which know their lines, and gathers every finding."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[str] = []

    def complain(self, node: yaml.Node, message: str) -> None:
        self.findings.append(f"{self.file}:{node.start_mark.line + 1}: {message}")

    def mapping(
        self, node: yaml.Node | None, place: str, required: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> dict[str, yaml.Node]:
        """Return nodes by key; with `required`, keys other than those and `optional` are findings."""
        if not isinstance(node, yaml.MappingNode):
            if node is None:
                self.findings.append(f"{self.file}:1: {place} is empty; expected claims:")
            else:
                self.complain(node, f"{place} is not a mapping; expected key: value lines")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in found:
                self.complain(key, f"{place} has {key.value!r} twice")
            found[key.value] = value
            if required and key.value not in (*required, *optional):
                self.complain(
                    key, f"{place} has the unknown key {key.value!r}{_suggestion(key.value, required)}"
                )
        for key in required:
            if key not in found:
                self.complain(node, f"{place} has no {key!r}; every claim needs one")
        return found

    def text(self, node: yaml.Node, place: str) -> str:
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            return " ".join(node.value.split())
        self.complain(node, f"{place} is empty or no text")
        return ""

    def claim(self, name: str, node: yaml.Node) -> Claim:
        optional = ("statistics", "amendment", "data_change")
        parts = self.mapping(node, f"claim {name}", required=(*_TEXTS, "rule"), optional=optional)
        texts = {key: self.text(parts[key], f"{key} of claim {name}") for key in _TEXTS if key in parts}
        amendment = self.amendment(name, parts["amendment"]) if "amendment" in parts else None
        changed = self.data_change(name, parts["data_change"]) if "data_change" in parts else None
        given: dict[str, Any] = {key: texts.get(key, "") for key in _TEXTS}
        ruled = self.ruled(name, node, parts)
        return Claim(name, **given, **ruled, amendment=amendment, data_change=changed)

    def amendment(self, name: str, node: yaml.Node) -> Amendment:
        place = f"the amendment of claim {name}"
        parts = self.mapping(node, place, required=(*_AMENDED, "rule"), optional=("statistics",))
        texts = {key: self.text(parts[key], f"{key} of {place}") for key in _AMENDED if key in parts}
        self.dated(parts, texts, place)
        given: dict[str, Any] = {key: texts.get(key, "") for key in _AMENDED}
        return Amendment(**given, **self.ruled(name, node, parts))

    def data_change(self, name: str, node: yaml.Node) -> DataChange:
        place = f"the data change of claim {name}"
        parts = self.mapping(node, place, required=_DATA_CHANGE)
        texts = {key: self.text(parts[key], f"{key} of {place}") for key in _DATA_CHANGE if key in parts}
        self.dated(parts, texts, place)
        if "before" in texts and texts["before"] not in VERDICTS:
            expected = f"expected one of {', '.join(VERDICTS)}"
            self.complain(parts["before"], f"before of {place} is {texts['before']!r}; {expected}")
        return DataChange(*(texts.get(key, "") for key in _DATA_CHANGE))

    def dated(self, parts: Mapping[str, yaml.Node], texts: Mapping[str, str], place: str) -> None:
        if "date" in texts and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", texts["date"]):
            self.complain(parts["date"], f"date of {place} is {texts['date']!r}; expected YYYY-MM-DD")

    def ruled(self, name: str, node: yaml.Node, parts: Mapping[str, yaml.Node]) -> dict[str, Any]:
        """Return statistics and rule, whose statistics must be among them."""
        statistics = {}
        if "statistics" in parts:
            for key, value in self.mapping(parts["statistics"], f"statistics of claim {name}").items():
                place = f"statistic {key}"
                entry = self.mapping(value, place, required=("from", "meaning"), optional=("p_value",))
                said = {k: self.text(v, f"{k} of {key}") for k, v in entry.items()}
                if said.get("p_value", "true") != "true":
                    self.complain(entry["p_value"], f"p_value of {key} is {said['p_value']!r}; expected true")
                tested = "p_value" in said
                statistics[key] = Statistic(key, said.get("from", ""), said.get("meaning", ""), tested)
        rule = self.rule(name, parts["rule"]) if "rule" in parts else {}
        ruled = {"statistics": statistics} | {key: rule.get(key, ()) for key in _RULE}
        used = {c.statistic for _, c, _ in Claim(name, **dict.fromkeys(_TEXTS, ""), **ruled).conditions()}  # type: ignore[arg-type]
        for missing in sorted(used - set(statistics)):
            close = _suggestion(missing, statistics)
            self.complain(node, f"the rule of claim {name} uses {missing!r}, not among its statistics{close}")
        return ruled

    def rule(self, name: str, node: yaml.Node) -> dict[str, Any]:
        parts = self.mapping(node, f"the rule of claim {name}")
        for key in set(parts) - set(_RULE):
            self.complain(
                node, f"the rule of claim {name} has the unknown key {key!r}{_suggestion(key, _RULE)}"
            )
        if isinstance(parts.get("not_testable"), yaml.ScalarNode):
            if len(parts) > 1:
                self.complain(node, f"claim {name} is declared not testable and has a rule as well; keep one")
            return {"not_testable": self.text(parts["not_testable"], f"the reason of claim {name}")}
        for key in ("supported", "not_supported"):
            if key not in parts:
                self.complain(node, f"the rule of claim {name} has no {key!r}; a verdict needs both")
        return {key: self.conditions(parts[key], f"{key} of claim {name}") for key in _RULE if key in parts}

    def conditions(self, node: yaml.Node, place: str, nested: bool = False) -> tuple[Condition | AnyOf, ...]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.complain(node, f"{place} is no list of conditions; expected - NAME OPERATOR VALUE lines")
            return ()
        found: list[Condition | AnyOf] = []
        for item in node.value:
            if isinstance(item, yaml.MappingNode) and not nested:
                inner = self.mapping(item, place, required=("any",)).get("any")
                if inner is not None:
                    several = self.conditions(inner, f"any of {place}", nested=True)
                    found.append(AnyOf(tuple(one for one in several if isinstance(one, Condition))))
                continue
            match = _CONDITION.fullmatch(item.value) if isinstance(item, yaml.ScalarNode) else None
            if match is None:
                shown = f"{item.value!r}" if isinstance(item, yaml.ScalarNode) else "a nested list"
                expected = "expected NAME OPERATOR VALUE, as in population.a4.gap > 0"
                self.complain(item, f"{place}: {shown} is no condition; {expected}")
                continue
            value = yaml.safe_load(match["value"])
            if not isinstance(value, bool | int | float | str) or (
                isinstance(value, float) and math.isnan(value)
            ):
                self.complain(item, f"{place}: {match['value']!r} is neither number, word nor true/false")
                continue
            found.append(Condition(match["statistic"], match["comparison"], value))
        return tuple(found)


def holds(condition: Condition | AnyOf, values: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds for the recorded `values`.

    Raises
    ------
    ClaimError
        If its statistic is not recorded, is not finite, or is of another kind than the constant.
    """
    if isinstance(condition, AnyOf):
        return any(
            [holds(one, values) for one in condition.conditions]
        )  # all are looked at: a gap must not hide
    found = _recorded(condition.statistic, values)
    if _kind(found) != _kind(condition.value):
        raise ClaimError(
            f"{condition.statistic} is {found!r}, but the rule compares it with {condition.value!r}: "
            "a number, a word and true/false are not comparable"
        )
    return _COMPARISONS[condition.comparison](found, condition.value)


def verdict(claim: Claim, values: Mapping[str, Any]) -> str:
    """Decide a claim by its declared rule.

    Parameters
    ----------
    claim : Claim
        The claim with its rule.
    values : mapping of str to number, word or bool
        Recorded statistics by name; more than the rule needs is fine.

    Returns
    -------
    str
        One of :data:`VERDICTS`.

    Raises
    ------
    ClaimError
        If a statistic is missing, or if the rule's two sides both hold: such a rule decides nothing.
    """
    if isinstance(claim.not_testable, str):
        return NOT_TESTABLE
    for name in claim.statistics:
        _recorded(name, values)
    if claim.not_testable and all([holds(condition, values) for condition in claim.not_testable]):
        return NOT_TESTABLE
    supported = all([holds(condition, values) for condition in claim.supported])
    contradicted = all([holds(condition, values) for condition in claim.not_supported])
    if supported and contradicted:
        raise ClaimError(
            f"{FILE}: the rule of claim {claim.identifier} calls it supported and not supported at once"
        )
    if supported:
        return SUPPORTED
    return NOT_SUPPORTED if contradicted else MIXED


def notebooks(claims: Mapping[str, Claim]) -> list[str]:
    """Notebooks whose statistics the claims need, sorted."""
    rules = [rule for claim in claims.values() for rule in (claim, claim.standing)]
    return sorted({statistic.notebook for rule in rules for statistic in rule.statistics.values()})


def gathered(
    claims: Mapping[str, Claim], results: Callable[[str], Mapping[str, Any]]
) -> dict[str, float | str | bool]:
    """All that the claims' notebooks recorded, by name; ``results`` gives the numbers of one notebook."""
    return {name: value for notebook in notebooks(claims) for name, value in results(notebook).items()}


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
        statistic.name: _recorded(statistic.name, values)
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
    alone = [_recorded(name, values) < _LEVEL for name in together.index]
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
            found = _recorded(statistic.name, values)
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
    ['648', '0.041', '−2.35', '5,213', '< 0.001', 'yes']
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if 0 < value < 0.0005:
        return "< 0.001"
    size = abs(value)
    spec = ",d" if isinstance(value, int) else ".3f" if size < 1 else ".3g" if size < 100 else ",.0f"
    return format(value, spec).replace("-", MINUS)


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


def _recorded(name: str, values: Mapping[str, Any]) -> Any:
    """Return a recorded statistic, or say which one is missing and what it may have been called."""
    if name not in values:
        raise ClaimError(
            f"{FILE}: the statistic {name!r} is not recorded{_suggestion(name, values)}; "
            f'record it in its notebook with number("{name}", …)'
        )
    value = values[name]
    if isinstance(value, float) and not math.isfinite(value):
        raise ClaimError(f"{FILE}: the statistic {name!r} is {value}; a rule needs a finite number")
    return value


def _kind(value: Any) -> str:
    """Number, word or truth: what may be compared with what."""
    if isinstance(value, bool):
        return "truth"
    return "word" if isinstance(value, str) else "number"


def _plain(value: Any) -> str:
    """Write a constant as the file has it."""
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _suggestion(name: str, known: Any) -> str:
    """``; did you mean 'x'?`` when something known is close, else nothing."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
