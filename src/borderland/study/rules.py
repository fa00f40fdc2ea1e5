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
from typing import Any

import yaml

from borderland.study.wording import plain

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
    except (yaml.YAMLError, RecursionError) as error:
        raise ClaimError(f"{file}: not readable as YAML: {str(error).splitlines()[0]}") from None
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
    found = recorded(condition.statistic, values)
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
        recorded(name, values)
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


def recorded(name: str, values: Mapping[str, Any]) -> Any:
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
    """Write a constant of a condition: truths and words as the file has them, numbers as the article does."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else plain(value, "g" if isinstance(value, float) else "d")


def _suggestion(name: str, known: Any) -> str:
    """``; did you mean 'x'?`` when something known is close, else nothing."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
