"""`paper check`: does the project keep its own promises? Reads, never runs; half a second.

To add a rule, add a `Rule` to the `RULES` of its family, or a family to `RULES` here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paperbuild.checks import (
    editions,
    idle_phrases,
    inputs,
    notebooks,
    prose,
    references,
    repeatable,
    results,
    words,
)
from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError, suggestion
from paperbuild.project.layout import Project

RULES: tuple[Rule, ...] = (
    *inputs.RULES,
    *notebooks.RULES,
    *repeatable.RULES,
    *prose.RULES,
    *references.RULES,
    *results.RULES,
    *words.RULES,
    *editions.RULES,
    *idle_phrases.RULES,
)
"""Every rule, in the order in which findings are told."""


@dataclass(frozen=True)
class Outcome:
    """What became of a check.

    Attributes
    ----------
    found : mapping of str to tuple of PaperError
        What each rule that was asked found.
    off : mapping of str to str
        Rules that the settings switch off, with the reason.
    strange : tuple of PaperError
        Findings about the settings of the check themselves.
    """

    found: Mapping[str, tuple[PaperError, ...]]
    off: Mapping[str, str]
    strange: tuple[PaperError, ...] = ()

    @property
    def findings(self) -> list[PaperError]:
        """What makes the project unsound."""
        binding = (self.found.get(rule.name, ()) for rule in RULES if not rule.note)
        return [*self.strange, *(one for several in binding for one in several)]

    @property
    def notes(self) -> dict[str, tuple[PaperError, ...]]:
        """What is only told, by rule."""
        return {rule.name: self.found[rule.name] for rule in RULES if rule.note and self.found.get(rule.name)}


def check(project: Project) -> Outcome:
    """Ask every rule that the settings do not switch off."""
    off = _switched_off(project)
    names = [rule.name for rule in RULES]
    strange = []
    for name in off:
        if name not in names:
            strange.append(
                PaperError(
                    f"there is no rule {name!r}{suggestion(name, names)}",
                    where=project.setting("checks", "without", name),
                    expected=", ".join(names),
                    remedy="paper check --list says what each rule is for",
                )
            )
    subject = Subject(project)
    found = {rule.name: ask(rule, subject) for rule in RULES if rule.name not in off}
    return Outcome(found, off, tuple(strange))


def _switched_off(project: Project) -> Mapping[str, str]:
    try:
        return project.settings.checks.without or {}
    except PaperError:
        # Settings that cannot be read switch nothing off; the rule on parameters tells what is wrong.
        return {}


def ask(rule: Rule, subject: Subject) -> tuple[PaperError, ...]:
    """Return what a rule finds, or stumbles over."""
    try:
        return tuple(rule.find(subject))
    except PaperError as error:
        return tuple(getattr(error, "findings", [error]))


def findings(project: Project) -> list[PaperError]:
    """Everything in the project that is not as promised, in the order of the rules."""
    return check(project).findings
