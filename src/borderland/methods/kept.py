"""Results of specifications in a file: a run that was killed goes on, one that is extended adds."""

import inspect
import io
import json
import sqlite3
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (made_from TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (id TEXT PRIMARY KEY, choice TEXT NOT NULL, reason TEXT, result BLOB);
"""


class Results:
    """A table of results by identifier, in an SQLite file that any reader of SQLite opens.

    A result is in the file as soon as :meth:`add` returns and stays whole if the process is killed.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    made_from : str
        What the results stand on (:func:`standing`): data, settings and code.

    Raises
    ------
    ValueError
        If the file holds results that stand on something else, or is no table of results.
    """

    def __init__(self, path: Path, made_from: str):
        self.path = path
        try:
            self._open(made_from)
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path}: no table of results ({error}); name another file") from None

    def _open(self, made_from: str) -> None:
        with closing(self._connect()) as file, file:
            file.executescript(_SCHEMA)
            row = file.execute("SELECT made_from FROM about").fetchone()
            if row is None:
                file.execute("INSERT INTO about VALUES (?)", (made_from,))
            elif row[0] != made_from:
                raise ValueError(
                    f"{self.path}: its results were made from other data, settings or code; "
                    "delete the file or name another"
                )

    def _connect(self) -> sqlite3.Connection:
        # Without waiting for the disk: a killed process loses nothing by it, and a lost disk loses the file.
        file = sqlite3.connect(self.path, timeout=60)
        file.execute("PRAGMA synchronous = OFF")
        return file

    def add(self, found: Mapping[str, tuple[Mapping[str, Any], tuple[Any, ...] | str]]) -> None:
        """Add results, by identifier: the choice with its result, or with the reason why there is none."""
        rows = [
            (name, json.dumps(dict(choice)), result if isinstance(result, str) else None, _packed(result))
            for name, (choice, result) in found.items()
        ]
        with closing(self._connect()) as file, file:
            file.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)", rows)

    def read(self, wanted: Collection[str]) -> Iterator[tuple[str, tuple[Any, ...] | str]]:
        """Yield what is there of the identifiers asked for."""
        with closing(self._connect()) as file:
            for name, reason, packed in file.execute("SELECT id, reason, result FROM results"):
                if name in wanted:
                    yield name, _unpacked(packed) if reason is None else reason


def _packed(result: tuple[Any, ...] | str) -> bytes | None:
    """Return the values of a result as an archive of numpy, exact to the last bit."""
    if isinstance(result, str):
        return None
    archive = io.BytesIO()
    np.savez(archive, *[np.asarray(value) for value in result])
    return archive.getvalue()


def _unpacked(packed: bytes) -> tuple[Any, ...]:
    with np.load(io.BytesIO(packed)) as archive:
        values = [archive[name] for name in archive.files]
    return tuple(value if value.ndim else value.item() for value in values)


def standing(evaluate: object) -> str:
    """Return a hash of what the results of an evaluator stand on: its values, and the code of its package."""
    package = sys.modules[type(evaluate).__module__.partition(".")[0]]
    home = Path(inspect.getfile(package))
    sources = sorted(home.parent.rglob("*.py")) if home.name == "__init__.py" else [home]
    found = sha256(joblib.hash(vars(evaluate)).encode())
    for source in sources:
        found.update(source.read_bytes())
    return found.hexdigest()
