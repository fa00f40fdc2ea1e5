"""Inside the kernel: a frame as the two files of a table, for machines and as printed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paperbuild.kernel.recorder import ArtefactError
from paperbuild.project import numbers

if TYPE_CHECKING:
    import pandas as pd

MISSING = "\N{EN DASH}"
CSV_FLOAT = f"%.{numbers.SIGNIFICANT}g"


def printed(name: str, value: Any, spec: str) -> str:
    """Return `value` formatted by `spec`, with a true minus sign; a format that does not fit names `name`."""
    try:
        return numbers.printed(value, spec)
    except (ValueError, TypeError) as error:
        raise ArtefactError(f"{name!r}: format {spec!r} does not fit {value!r} ({error})") from None


def csv_bytes(name: str, frame: pd.DataFrame) -> bytes:
    """Return a frame as UTF-8 CSV with LF line ends, without its index; empty frames are refused."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ArtefactError(f"{name!r}: expected a DataFrame, found {type(frame).__name__}")
    if frame.empty:
        raise ArtefactError(f"{name!r}: the table behind it is empty")
    return frame.to_csv(index=False, lineterminator="\n", float_format=CSV_FLOAT).encode("utf-8")


def markdown_table(
    name: str, frame: pd.DataFrame, formats: Mapping[str, str], align: Mapping[str, str]
) -> str:
    """Return a frame as a pandoc pipe table."""
    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if not isinstance(frame, pd.DataFrame):
        raise ArtefactError(f"{name!r}: expected a DataFrame, found {type(frame).__name__}")
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
        cells = [cell_text(f"{name}: {column}", value, formats.get(column)) for value in frame[column]]
        # Pandoc shares the page width by the number of dashes once a row is wider than the text.
        width = min(40, max(len(text) for text in (str(column), *cells)))
        header.append(escape(str(column)))
        left, right = rules[side]
        rule.append(left + "-" * max(3 - len(left + right), width - len(left + right)) + right)
        columns.append(cells)
    rows = [header, rule, *zip(*columns, strict=True)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cell_text(place: str, value: Any, spec: str | None) -> str:
    """Return one table cell as printed."""
    import pandas as pd

    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return printed(place, value, spec if spec is not None else ("d" if isinstance(value, int) else ".2f"))
    return escape(str(value))


def escape(text: str) -> str:
    """Return text that pandoc's Markdown prints as it stands, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>$|@#^~])", r"\\\1", " ".join(text.split()))
