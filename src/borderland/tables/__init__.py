"""The tables of the study: loading and validating, geography, integrity."""

__all__ = ["data", "geography", "integrity"]
