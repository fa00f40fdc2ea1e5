"""A Frictionless data package as typed records, and its tables read and validated as it describes them.

Knows no paper and no country: a package is a folder with ``datapackage.json``, a table a CSV file in it.

>>> from dataregister import read_package, table  # doctest: +SKIP
>>> table(read_package("data/datapackage.json"), "regions")  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from dataregister.records import (
    Constraints,
    DataError,
    Field,
    Finding,
    ForeignKey,
    License,
    Package,
    Resource,
    Source,
    parse_package,
    read_package,
)

if TYPE_CHECKING:
    from dataregister.tables import table

__all__ = [
    "Constraints",
    "DataError",
    "Field",
    "Finding",
    "ForeignKey",
    "License",
    "Package",
    "Resource",
    "Source",
    "parse_package",
    "read_package",
    "table",
]


def __getattr__(name: str) -> Any:
    """Load `table` when it is first asked for: a register is often read for itself."""
    if name == "table":
        from dataregister.tables import table

        return table
    raise AttributeError(f"module 'dataregister' has no attribute {name!r}")
