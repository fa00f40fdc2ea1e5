"""What growth would lead to if it went on."""

import math


def doubling_years(rate: float) -> float:
    """Return the years in which a population doubles that grows by `rate` per cent a year.

    Raises
    ------
    ValueError
        For a population that does not grow, since it never doubles.
    """
    if rate <= 0:
        raise ValueError(f"a growth of {rate} per cent a year never doubles anything")
    return math.log(2) / math.log1p(rate / 100)
