"""Grids, curves with what cannot be estimated, the joint tests of a curve, runs that are killed and go on."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config, register_parallel_backend
from joblib._parallel_backends import AutoBatchingMixin
from joblib.parallel import ThreadingBackend

from borderland.methods import mapping, specification
from borderland.methods.specification import Specified
from borderland.study import curves


def evaluate(choice, shared, seed):
    """Estimates around the choice's own effect; one combination has none."""
    if choice["sample"] == "none":
        raise ValueError("no variation")
    draw = np.random.default_rng(0)
    null = draw.normal(size=200)
    t = choice["effect"] + null[0] * 0
    return Specified(t, t - 2, t + 2, 0.01 if abs(t) > 2 else 0.5, t, 10, t, null, null, 1e6, np.nan)


def curve(effects=(0.0, 1.0, 4.0)):
    choices = specification.grid({"sample": ["all", "none"], "effect": list(effects)})
    return specification.run(choices, evaluate)


def test_grid_holds_every_combination_that_is_possible():
    grid = specification.grid({"a": [1, 2, 3], "b": ["x", "y"]}, lambda row: row["a"] < 3)
    assert len(grid) == 4
    assert list(grid.columns) == ["a", "b"]


def test_what_cannot_be_estimated_is_listed_with_its_reason():
    result = curve()
    assert len(result.estimates) == 3
    assert len(result.left_out) == 3
    assert set(result.left_out["reason"]) == {"no variation"}
    assert (result.left_out["sample"] == "none").all()


def test_none_estimable_is_an_error():
    with pytest.raises(ValueError, match=r"none of the 1 specifications .* no variation"):
        specification.run(specification.grid({"sample": ["none"], "effect": [1]}), evaluate)


def test_joint_tests_tell_an_effect_from_chance():
    strong = specification.joint_tests(curve((4.0, 4.1, 4.2)))
    assert (strong.loc[["median", "stouffer"], "p"] == 1 / 201).all()  # no draw of a normal lies beyond 4
    # every specification has the same draws here: by chance all are significant together, 5 % of the time
    assert strong.loc["share", "p"] == pytest.approx(0.05, abs=0.03)  # two standard errors of 200 draws
    none = specification.joint_tests(curve((0.0, 0.01, -0.01)))
    assert none.loc["median", "p"] > 0.9
    assert strong.loc["share", "observed"] == 100


def test_a_permutation_equal_to_the_data_is_never_beaten():
    result = curve((4.0,))
    same = result._replace(null_t=np.full((1, 50), 4.0), null_estimate=np.full((1, 50), 4.0))
    assert (specification.joint_tests(same)["p"] == 1).all()


def test_the_observed_median_is_computed_as_the_null_is():
    result = curve((4.0, 4.1, 4.2))
    shifted = result._replace(estimates=result.estimates.assign(estimate=9.0))  # full fits far from one step
    assert specification.joint_tests(shifted).loc["median", "observed"] == pytest.approx(4.1)


def test_a_part_keeps_what_shares_the_choice():
    choices = specification.grid({"sample": ["all", "none"], "effect": [1.0, 2.0], "way": ["in", "out"]})
    whole = specification.run(choices, evaluate)
    inward = specification.part(whole, way="in")
    assert list(inward.choices.columns) == ["sample", "effect"]
    assert inward.estimates["estimate"].tolist() == [1.0, 2.0]
    assert inward.null_t.shape == (2, 200)
    assert len(inward.left_out) == 2
    with pytest.raises(ValueError, match="no specification has"):
        specification.part(whole, way="up")


def test_place_of_the_main_specification():
    row, percentile = specification.place(curve(), {"sample": "all", "effect": 1.0})
    assert row == 1
    assert percentile == pytest.approx(200 / 3)
    with pytest.raises(ValueError, match="0 specifications match"):
        specification.place(curve(), {"sample": "all", "effect": 9.0})


def test_the_number_of_workers_does_not_change_the_result():
    choices = specification.grid({"sample": ["all"], "effect": [0.0, 1.0, 4.0]})
    with parallel_config(backend="threading"):  # starting processes would take longer than all other tests
        one, two = (specification.run(choices, evaluate, jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)


def test_short_pieces_are_handed_out_one_at_a_time():
    sizes = []

    class Counting(AutoBatchingMixin, ThreadingBackend):
        def submit(self, func, callback=None):
            sizes.append(len(func))
            return super().submit(func, callback)

    register_parallel_backend("counting", Counting)
    with parallel_config("counting", n_jobs=2):
        assert sorted(mapping.each(abs, [-3] * 60)) == [(place, 3) for place in range(60)]
    assert sizes == [1] * 60


def test_described_curves_stand_under_one_another():
    tests = specification.joint_tests(curve())
    both = curves.described({"one": tests, "two": tests})
    assert len(both) == 6
    assert set(both["curve"]) == {"one", "two"}


# --- names, seeds, shared work -------------------------------------------------------------------------


def test_a_specification_has_one_name_in_every_grid():
    one = specification.identifier({"a": 1, "b": "x"})
    assert one == specification.identifier({"b": "x", "a": 1})
    assert one != specification.identifier({"a": 2, "b": "x"})
    assert one == "ce5c626fb403"  # of the choices' JSON: it stays from version to version
    assert specification.seed_of({"a": 1}, 0) != specification.seed_of({"a": 2}, 0)
    assert specification.seed_of({"a": 1}, 0) != specification.seed_of({"a": 1}, 1)


class Counting:
    """Counts evaluations and shared work in a file, so that other processes count too."""

    def __init__(self, log):
        self.log = str(log)

    def note(self, word):
        with open(self.log, "a") as file:
            file.write(f"{word}\n")
        return word

    def __call__(self, choice, shared, seed):
        shared.once(choice["a"], lambda: self.note("shared"))
        self.note("evaluated")
        if choice["b"] == 2:
            raise ValueError("no variation")
        draws = np.random.default_rng(seed).normal(size=5)
        return Specified(draws[0], 0.0, 1.0, 0.5, draws[1], 10, draws[0], draws, draws, 9.0, 0.25)


def words(log):
    return log.read_text().split() if log.exists() else []


def small(b):
    return specification.grid({"a": [1, 2], "b": b})


def test_a_batch_shares_its_work(tmp_path):
    log = tmp_path / "log"
    specification.run(small([1, 2, 3]), Counting(log), batch=["a"])
    assert words(log).count("shared") == 2
    log.unlink()
    specification.run(small([1, 2, 3]), Counting(log))
    assert words(log).count("shared") == 6


# --- results that are kept -----------------------------------------------------------------------------


def test_a_larger_grid_adds_to_what_is_kept(tmp_path):
    log, kept = tmp_path / "log", tmp_path / "kept.sqlite"
    specification.run(small([1, 2]), Counting(log), kept=kept, seed=3)
    assert len(words(log)) == 8
    log.unlink()
    grown = specification.run(small([1, 2, 3]), Counting(log), kept=kept, seed=3)
    assert words(log).count("evaluated") == 2  # the new ones: not even what cannot be estimated is retried
    fresh = specification.run(small([1, 2, 3]), Counting(tmp_path / "other"), seed=3)
    pd.testing.assert_frame_equal(grown.estimates, fresh.estimates, check_exact=True)
    np.testing.assert_array_equal(grown.null_t, fresh.null_t)
    pd.testing.assert_frame_equal(grown.left_out, fresh.left_out)


def test_how_far_it_is_counts_what_was_there(tmp_path):
    log, kept, told = tmp_path / "log", tmp_path / "kept.sqlite", []
    specification.run(small([1, 2]), Counting(log), kept=kept)
    specification.run(
        small([1, 2, 3]), Counting(log), batch=["a"], kept=kept, tell=lambda *far: told.append(far)
    )
    assert told == [(4, 6), (5, 6), (6, 6)]


def test_results_of_other_data_or_of_no_table_are_refused(tmp_path):
    kept = tmp_path / "kept.sqlite"
    specification.run(small([1]), Counting(tmp_path / "log"), kept=kept)
    with pytest.raises(ValueError, match="other data, settings or code"):
        specification.run(small([1]), Counting(tmp_path / "elsewhere"), kept=kept)
    kept.write_text("no table")
    with pytest.raises(ValueError, match="no table of results"):
        specification.run(small([1]), Counting(tmp_path / "log"), kept=kept)


SLOW = """
    import sys, time
    import numpy as np
    from borderland.methods import specification
    from borderland.methods.specification import Specified

    class Slow:
        def __call__(self, choice, shared, seed):
            print(choice["a"], flush=True)
            if choice["a"] == 5 and "wait" in sys.argv:
                time.sleep(60)
            null = np.full(3, float(choice["a"]))
            return Specified(*[float(choice["a"])] * 5, 10, 1.0, null, null, 9.0, 0.5)

    grid = specification.grid({"a": list(range(10))})
    curve = specification.run(grid, Slow(), kept=sys.argv[1])
    print("sum", curve.estimates["estimate"].sum())
"""


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path):
    script, kept = tmp_path / "slow.py", tmp_path / "kept.sqlite"
    script.write_text(textwrap.dedent(SLOW))
    command = [sys.executable, str(script), str(kept)]
    with subprocess.Popen([*command, "wait"], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:  # the sixth specification does not end by itself
            if line.strip() == "5":
                os.kill(run.pid, signal.SIGKILL)
                break
    with sqlite3.connect(kept) as file:
        assert file.execute("SELECT count(*) FROM results").fetchone() == (5,)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["5", "6", "7", "8", "9", "sum", "45.0"]


# --- influence -----------------------------------------------------------------------------------------


def bare(choices, estimate):
    """A curve of which only the estimates matter."""
    null, threshold = np.zeros((len(choices), 3)), np.full(len(choices), 2.0)
    frame = pd.DataFrame({"estimate": estimate})
    return specification.Curve(choices, frame, null, null, threshold, choices.iloc[:0])


def test_influence_finds_what_moves_the_estimates_in_a_grid_with_gaps():
    options = {"x": ["a", "b"], "y": [0, 1, 2], "z": ["p", "q"]}
    choices = specification.grid(options, lambda row: (row["x"], row["y"]) != ("b", 2))
    estimate = 1.0 + 2.0 * (choices["x"] == "b") - 0.5 * (choices["y"] == 1)
    curve = bare(choices, estimate)
    moved = specification.influence(curve, {"x": "a", "y": 0, "z": "p"}).set_index(["dimension", "option"])
    # made without noise: exact up to the rounding of a least-squares fit
    assert moved.loc[("x", "b"), "moves"] == pytest.approx(2.0)
    assert moved.loc[("y", 1), "moves"] == pytest.approx(-0.5)
    assert moved.loc[("z", "q"), "moves"] == pytest.approx(0.0, abs=1e-12)
    assert moved.loc[("x", "a"), "moves"] == 0
    assert moved.loc["z", "share"].max() == pytest.approx(0, abs=1e-9)
    assert moved.loc[("x", "b"), "share"] > moved.loc[("y", 1), "share"] > 0
    assert moved.loc[("y", 2), "n"] == 2


def test_choices_always_made_together_have_no_influence_of_their_own():
    choices = pd.DataFrame({"x": ["a", "b"], "y": ["c", "d"]})
    with pytest.raises(ValueError, match="always makes some choices together"):
        specification.influence(bare(choices, [1.0, 2.0]), {"x": "a", "y": "c"})
