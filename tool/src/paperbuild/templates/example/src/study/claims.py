"""Claims with rules that were written down before the results."""

import operator
from collections.abc import Mapping
from pathlib import Path

import yaml

COMPARISONS = {"<": operator.lt, ">": operator.gt}


def load(path: Path = Path("analysis/claims.yml")) -> dict[str, dict[str, str]]:
    """Read the claims by name: `wording` and the conditions `supported` and `not_supported`."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def holds(condition: str, numbers: Mapping[str, float]) -> bool:
    """Tell whether a condition such as ``population.rate > 1`` is true of the recorded numbers.

    Raises
    ------
    KeyError
        If no notebook has recorded the number, or the comparison is neither ``<`` nor ``>``.
    """
    name, comparison, constant = condition.split()
    return COMPARISONS[comparison](numbers[name], float(constant))


def verdict(claim: Mapping[str, str], numbers: Mapping[str, float]) -> str:
    """Return ``supported``, ``not supported`` or ``undecided``, as the claim's rule says."""
    for outcome in ("supported", "not_supported"):
        if holds(claim[outcome], numbers):
            return outcome.replace("_", " ")
    return "undecided"
