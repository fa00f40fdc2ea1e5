"""Ranks, sorts and counts that do not hang on the last bit."""

import ast
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from borderland import ties

ROOT = Path(__file__).resolve().parents[2]
# Whole numbers: those that differ do so by far more than rounding.
NUMBERS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=30)


def shaken(values: list[int], seed: int) -> np.ndarray:
    """The values with noise in the last bits, as another processor would give them."""
    return np.array(values, dtype=float) * (
        1 + np.random.default_rng(seed).uniform(-4e-16, 4e-16, len(values))
    )


@given(NUMBERS, st.integers(0, 99))
def test_noise_in_the_last_bit_changes_neither_ranks_nor_order(values, seed):
    exact, noisy = pd.Series(values, dtype=float), pd.Series(shaken(values, seed))
    assert (ties.levels(noisy) == ties.levels(exact)).all()
    assert list(ties.ranks(noisy, descending=True)) == list(exact.rank(ascending=False, method="min"))
    assert list(ties.by_value(noisy).index) == list(exact.sort_values(kind="stable").index)
    assert ties.highest(noisy) == exact.idxmax()
    assert ties.lowest(noisy) == exact.idxmin()


@given(NUMBERS, st.integers(0, 99))
def test_a_permutation_that_equals_the_data_counts_whatever_its_last_bit(values, seed):
    assert ties.at_least(shaken(values, seed), np.array(values)).all()


def test_what_is_missing_has_no_level_and_comes_last():
    frame = pd.DataFrame({"value": [np.nan, 2.0, 1.0, np.inf, np.inf]}, index=list("abcde"))
    assert ties.levels(frame["value"]).tolist() == [-1, 1, 0, 2, 2]
    assert "".join(ties.by_value(frame, "value", descending=True).index) == "debca"
    with pytest.raises(ValueError, match="missing value has no rank"):
        ties.ranks(frame["value"])
    with pytest.raises(ValueError, match="no value is known"):
        ties.highest(frame["value"].iloc[:1])


def test_cancellation_beside_large_values_is_zero_and_small_values_are_not():
    assert ties.levels([1.0, 0.1 + 0.2 - 0.3, 0.0]).tolist() == [1, 0, 0]
    assert ties.levels([1e-20, 2e-20]).tolist() == [0, 1]
    assert not ties.at_least([1e300], np.inf).any()


def unstable_sorts(source: str) -> list[str]:
    """Calls that sort by one key and leave the order of equal ones to the processor's own routine."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        several = bool(node.args) and isinstance(node.args[0], ast.List)  # sorted stably by pandas
        stable = any(k.arg == "kind" and getattr(k.value, "value", "") == "stable" for k in node.keywords)
        unsure = node.func.attr in ("sort_values", "argsort") and not (several or stable)
        if unsure or node.func.attr in ("idxmax", "idxmin", "nlargest", "nsmallest"):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "src/borderland").rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_leaves_the_order_of_equal_keys_open(path):
    allowed = {"choices[dimension].sort_values()"}  # of which only the distinct values are used
    assert set(unstable_sorts(path.read_text(encoding="utf-8"))) <= allowed


@pytest.mark.parametrize("path", sorted((ROOT / "analysis").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_notebook_leaves_the_order_of_equal_keys_open(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert [call for source in code for call in unstable_sorts(source)] == []
