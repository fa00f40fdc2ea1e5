"""Statistical methods on data frames; none knows a country."""

__all__ = [
    "coding",
    "convergence",
    "covariance",
    "decomposition",
    "kept",
    "mapping",
    "panel",
    "ppml",
    "rates",
    "resampling",
    "segregation",
    "spatial",
    "specification",
]
