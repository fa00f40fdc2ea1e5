"""The way into ``data/``: every table is read by :func:`load`, validated against the register.

The register is ``data/datapackage.json``, a Frictionless data package: for each table its origin, licence,
grade, hash and a Table Schema with the meaning and unit of every column. ``dataregister`` reads both and
refuses what does not conform; here stands what this study adds: where its folder is, what its register
must tell of every table, and the source line of a figure.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataregister import DataError, Finding, Package, parse_package, read_package, table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DataError",
    "Finding",
    "digest",
    "entry",
    "folder",
    "load",
    "obtained",
    "package",
    "path",
    "register",
    "source_line",
]

REGISTER = "datapackage.json"
FOLDER_VARIABLE = "BORDERLAND_DATA"
OURSELVES = "borderland paper contributors"
_SHOWN = f"data/{REGISTER}"
_TOLD = ("title", "publisher")  # what every entry says beyond name and path: source lines are made of it


def folder() -> Path:
    """Folder that holds the tables and the register.

    The environment variable ``BORDERLAND_DATA`` names it; without it, the first ``data/datapackage.json`` at
    or above the working directory is taken, so notebooks and tests run from anywhere inside the project.

    Raises
    ------
    DataError
        If there is no register in the named folder, or none above the working directory.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        if (Path(named) / REGISTER).is_file():
            return Path(named)
        raise _register_error(
            f"no {REGISTER} in {named}",
            "the folder of the tables",
            f"Correct or unset the variable {FOLDER_VARIABLE}.",
        )
    here = Path.cwd()
    for parent in (here, *here.parents):
        if (parent / "data" / REGISTER).is_file():
            return parent / "data"
    raise _register_error(
        f"none at or above {here}",
        f"a folder data/ with {REGISTER}",
        f"Run inside the project, or set {FOLDER_VARIABLE} to the folder of the tables.",
    )


def register() -> dict[str, Mapping[str, Any]]:
    """Entries of the register by table name, each as written in ``datapackage.json``.

    Raises
    ------
    DataError
        If the register is no data package of uniquely named entries with title and publisher.
    """
    return {name: about.raw for name, about in package().resources.items()}


def package() -> Package:
    """The register as ``dataregister`` reads it, with title and publisher in every entry."""
    where = folder()
    return _parsed((where / REGISTER).read_bytes(), where)


@lru_cache(maxsize=2)  # by content, so an edited register is never served stale
def _parsed(raw: bytes, where: Path) -> Package:
    package = parse_package(raw, where, _SHOWN)
    for about in package.resources.values():
        lacking = [key for key in _TOLD if not getattr(about, key)]
        if lacking:
            found = f"the entry {about.name} without {', '.join(lacking)}"
            raise _register_error(found, f"entries with {', '.join(_TOLD)}", "Complete the entry.")
    return package


def entry(name: str) -> Mapping[str, Any]:
    """Register entry of one table, as written.

    Raises
    ------
    DataError
        If no entry has that name; the message offers the nearest names.
    """
    return package().entry(name).raw


def path(name: str) -> Path:
    """Path of the registered file called ``name`` (a table or a boundary file)."""
    of = package()
    return of.file(of.entry(name))


def digest(name: str) -> str:
    """SHA-256 of the file behind ``name``, written as in the register (``sha256:`` and 64 hex digits)."""
    of = package()
    return "sha256:" + hashlib.sha256(of.content(of.entry(name))).hexdigest()


def source_line(*names: str) -> str:
    """Source line of a figure or table that draws on the named tables.

    Returns
    -------
    str
        ``Sources: Publisher A; Publisher B. Tables: first, second.`` in the order of the names, each
        publisher once. Tables of our own making name no publisher beside others.
    """
    entries = [package().entry(name) for name in names]
    publishers = dict.fromkeys(who for about in entries for who in about.publisher.split("; "))
    if len(publishers) > 1:
        publishers.pop(OURSELVES, None)
    plural = {"Source": len(publishers), "Table": len(names)}
    sources, tables = (word + "s" if count > 1 else word for word, count in plural.items())
    who = "; ".join(publishers).rstrip(".")
    return f"{sources}: {who}. {tables}: {', '.join(names)}."


def obtained(scenario: str, name: str) -> pd.DataFrame:
    """Read a table that the project does not hold but a scenario needs, by the register of that scenario.

    Its bytes are held to the hash of the register instead of its cells to the schema: millions of cells would
    take longer to look at than to analyse.

    Parameters
    ----------
    scenario : str
        Folder beside ``data/`` with the register.
    name : str
        Name of the table in it.

    Raises
    ------
    DataError
        If the name is not registered, or the file is missing or another than the registered one.
    """
    import pandas as pd

    package = read_package(folder().parent / scenario / REGISTER, f"{scenario}/{REGISTER}")
    about = package.entry(name)
    found = "sha256:" + hashlib.sha256(package.content(about)).hexdigest()
    if found != about.raw.get("hash"):
        remedy = str(about.raw.get("obtain", "obtain the registered file"))
        file = package.shown_file(about)
        raise DataError([Finding(file, None, None, found, str(about.raw.get("hash")), remedy)])
    types = {"string": "str", "number": "float64", "integer": "int64"}
    columns = {field.name: types[field.type] for field in about.fields or ()}
    # NA is Namibia's code elsewhere, and a cell that is empty is none of these columns'
    return pd.read_csv(package.file(about), usecols=list(columns), dtype=columns, keep_default_na=False)


def load(name: str) -> pd.DataFrame:
    """Read one registered table, validated against its Table Schema (:func:`dataregister.table`).

    Parameters
    ----------
    name : str
        Name of the table in the register, which is also the stem of its file.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of the schema, rows sorted by the primary key. ``attrs`` holds ``name``,
        ``units`` (by column), ``title``, ``publisher`` and ``source`` (a ready source line).

    Raises
    ------
    DataError
        If the name is not registered, the file is missing, or anything in it departs from the schema.
    """
    frame = table(package(), name)
    frame.attrs["source"] = source_line(name)
    return frame


def _register_error(found: str, expected: str, remedy: str) -> DataError:
    return DataError([Finding(_SHOWN, None, None, found, expected, remedy)])
