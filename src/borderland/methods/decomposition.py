"""A difference of a rate or a share, taken apart into what each of its factors contributes."""

from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any

import numpy as np


def contributions(
    rate: Callable[..., float], first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, float]:
    """Contribution of each factor to ``rate(**second) - rate(**first)``, whatever the order of the factors.

    A factor's contribution is the change of the rate when it alone passes from its first to its second value,
    averaged over all orders in which the factors may pass. Contributions add up to the difference. With the
    two factors of a crude rate, composition and rates by group, they are Kitagawa's.

    Parameters
    ----------
    rate : callable
        Of the factors as keyword arguments.
    first, second : mapping
        Value of each factor (a number or an array) in the two populations or years.

    References
    ----------
    Das Gupta (1993), *Standardization and Decomposition of Rates: A User's Manual*, U.S. Bureau of the
    Census, P23-186; Kitagawa (1955), *Journal of the American Statistical Association* 50, 1168–1194.
    """
    parts: dict[str, list[float]] = {name: [] for name in first}
    for order in permutations(first):
        values = dict(first)
        before = rate(**values)
        for name in order:
            values[name] = second[name]
            after = rate(**values)
            parts[name].append(after - before)
            before = after
    return {name: float(np.mean(steps)) for name, steps in parts.items()}
