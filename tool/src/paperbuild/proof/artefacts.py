"""Compare figures and tables with their references, the data behind a figure before its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from paperbuild.project.tolerances import Tolerances
from paperbuild.proof.ladder import TEXTUAL, Comparison, Rung, short_hash
from paperbuild.proof.pictures import compare_picture
from paperbuild.proof.tables import compare_table


def compare_file(
    path: str, expected: bytes, found: bytes | None, tolerances: Tolerances, data: Comparison | None = None
) -> Comparison:
    """Compare one file of figures/ or tables/ with its reference (`data`: see `compare_picture`)."""
    if found is None:
        return Comparison(path, Rung.NOT_PRODUCED, short_hash(expected), "", "the rebuild did not make it")
    if path.endswith(TEXTUAL):
        return compare_table(path, expected, found, tolerances)
    return compare_picture(path, expected, found, tolerances, data)


def compare_artefacts(
    expected: Mapping[str, bytes], found: Mapping[str, bytes], tolerances: Tolerances
) -> list[Comparison]:
    """Compare figures and tables with their references, in the order of `expected`.

    A figure's data are compared before its pictures; a table whose values lie beyond the tolerance but print
    alike meets the rung of the same rounding.

    Parameters
    ----------
    expected, found : mapping of str to bytes
        Files by path; what `found` lacks was not produced.
    tolerances : Tolerances
        What is declared.
    """
    made: dict[str, Comparison] = {}
    for path in sorted(expected, key=lambda path: not path.endswith(TEXTUAL)):
        data = made.get(f"{path.rsplit('.', 1)[0]}.csv")
        made[path] = compare_file(path, expected[path], found.get(path), tolerances, data)
    for path, one in list(made.items()):
        printed = made.get(f"{path.rsplit('.', 1)[0]}.md")
        if (
            path.endswith(".csv")
            and one.rung == Rung.DIFFERS
            # Cells were compared: a file that is broken or of another shape prints nothing alike.
            and one.details
            and printed
            and printed.rung <= Rung.SAME_CONTENT
        ):
            made[path] = replace(one, rung=Rung.SAME_ROUNDING, reason=f"{one.reason}; printed alike")
    return [made[path] for path in expected]
