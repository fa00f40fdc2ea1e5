"""Inside the kernel: a frame as the two files of a table, for machines and as printed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dataregister import decimals
from paperbuild.kernel.recorder import ArtefactError
from paperbuild.project.numbers import escape

if TYPE_CHECKING:
    import pandas as pd

MISSING = "\N{EN DASH}"
CSV_FLOAT = f"%.{decimals.SIGNIFICANT}g"


def printed(name: str, value: Any, spec: str) -> str:
    """Return `value` formatted by `spec`, with a true minus sign; a format that does not fit names `name`."""
    try:
        return decimals.printed(value, spec)
    except (ValueError, TypeError) as error:
        raise ArtefactError(f"{name!r}: format {spec!r} does not fit {value!r} ({error})") from None


def csv_bytes(name: str, frame: pd.DataFrame) -> bytes:
    """Return a frame as UTF-8 CSV with LF line ends, its index as `flat` has it; empty frames are refused."""
    frame = flat(name, frame)
    return frame.to_csv(index=False, lineterminator="\n", float_format=CSV_FLOAT).encode("utf-8")


def flat(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with one row of heads and with what its index says as columns.

    Levels of the index that have a name (the groups of a `groupby`, what `set_index` took) become columns,
    unless there is such a column; an index of whole numbers without a name only counts rows.

    Raises
    ------
    ArtefactError
        For what is no frame, for an empty one, and for an index of anything else without a name.
    """
    import pandas as pd
    from pandas.api.types import is_integer_dtype

    if not isinstance(frame, pd.DataFrame):
        raise ArtefactError(f"{name!r}: expected a DataFrame, found {type(frame).__name__}")
    if frame.empty:
        raise ArtefactError(f"{name!r}: the table behind it is empty")
    if isinstance(frame.columns, pd.MultiIndex):
        frame = frame.set_axis([heading(column) for column in frame.columns], axis=1)
    for level, called in enumerate(frame.index.names):
        if called is None and not is_integer_dtype(frame.index.get_level_values(level).dtype):
            raise ArtefactError(
                f"{name!r}: its index ({frame.index[0]!r}, …) has no name; frame.rename_axis('Region') makes "
                "it a column of that name, frame.reset_index(drop=True) leaves it out"
            )
    unnamed = [level for level, called in enumerate(frame.index.names) if called is None]
    there = [level for level, called in enumerate(frame.index.names) if called in frame.columns]
    if len({*unnamed, *there}) == frame.index.nlevels:
        return frame.reset_index(drop=True)
    return frame.reset_index(level=sorted({*unnamed, *there}), drop=True).reset_index()


def heading(column: Any) -> str:
    """Return the head of a column: the levels of a `MultiIndex` one after the other, without empty ones.

    >>> heading(("2010", "share")), heading(("unit", "")), heading(2010)
    ('2010: share', 'unit', '2010')
    """
    parts = column if isinstance(column, tuple) else (column,)
    return ": ".join(str(part) for part in parts if part != "")


def days(column: pd.Series) -> pd.Series:
    """Return a column of days without their midnights, as the CSV has them; any other as it is."""
    from pandas.api.types import is_datetime64_any_dtype

    if is_datetime64_any_dtype(column.dtype) and (column.dropna() == column.dropna().dt.normalize()).all():
        return column.dt.date
    return column


def as_it_is(text: str, column: str = "") -> str:
    """Return a text of a table as it stands."""
    return text


def markdown_table(
    name: str,
    frame: pd.DataFrame,
    formats: Mapping[str, str],
    align: Mapping[str, str],
    say: Callable[[str, str], str] = as_it_is,
) -> str:
    """Return a frame as a pandoc pipe table.

    Parameters
    ----------
    name : str
        What messages call it.
    frame : DataFrame
        Its rows.
    formats, align : mapping of str to str
        See `paperbuild.kernel.calls.table`.
    say : callable
        Says a head, or a cell as it would print, in the language of the table: the text, its column.
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    frame = flat(name, frame)
    formats, align = ({heading(key): value for key, value in given.items()} for given in (formats, align))
    frame = frame.set_axis([heading(column) for column in frame.columns], axis=1)
    for column in [*formats, *align]:
        if column not in frame.columns:
            raise ArtefactError(
                f"table {name!r} has no column {column!r}; columns: {', '.join(map(str, frame))}"
            )
    if not frame.columns.is_unique:
        raise ArtefactError(f"table {name!r} has a column name twice: {', '.join(map(str, frame))}")
    rules = {"left": (":", ""), "right": ("", ":"), "center": (":", ":")}
    header, rule, columns = [], [], []
    for column in frame.columns:
        numeric = is_numeric_dtype(frame[column]) and not is_bool_dtype(frame[column])
        side = align.get(column, "right" if numeric else "left")
        if side not in rules:
            raise ArtefactError(
                f"table {name!r}, column {column!r}: align is {side!r}; expected left, right or center"
            )
        values = days(frame[column])
        head = say(column, column)
        texts = (cell_text(f"{name}: {column}", value, formats.get(column)) for value in values)
        cells = [escape(say(text, column)) for text in texts]
        # Pandoc shares the page width by the number of dashes once a row is wider than the text.
        width = min(40, max(len(text) for text in (head, *cells)))
        header.append(escape(head))
        left, right = rules[side]
        rule.append(left + "-" * max(3 - len(left + right), width - len(left + right)) + right)
        columns.append(cells)
    rows = [header, rule, *zip(*columns, strict=True)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cell_text(place: str, value: Any, spec: str | None) -> str:
    """Return one table cell as printed, its text as it stands."""
    import numpy as np
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, np.datetime64):
        # In its own precision; as a Python value nanoseconds would be a number.
        return str(value).replace("T", " ")
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return printed(place, value, spec if spec is not None else ("d" if isinstance(value, int) else ".2f"))
    return str(value)
