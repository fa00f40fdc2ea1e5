"""The picture of the graph, the words of a running build, the executed notebook."""

import json
import time
from pathlib import Path

import pytest

from paperbuild.build.plan import chain
from paperbuild.build.progress import Progress, clock
from paperbuild.cli.graph import layers
from paperbuild.project.notebook import Notebook, merge_outputs, outputs_of


def test_layers_put_each_step_right_of_what_it_waits_for() -> None:
    after = {"c": ["a"], "d": ["c", "b"], "e": []}
    assert layers(["a", "b", "c", "d", "e"], after) == [["a", "b", "e"], ["c"], ["d"]]


def test_the_longest_way_to_the_end() -> None:
    after = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    seconds = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 1.0}
    assert chain(["a", "b", "c", "d"], after.__getitem__, seconds) == {"a": 7.0, "b": 6.0, "c": 3.0, "d": 1.0}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.9, "9.9 s"), (59.4, "59 s"), (185, "3:05")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_plain_lines_when_not_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress({"01-a": 1.0, "02-b": None}, 12.0, quiet=False) as progress:
        progress.started("01-a")
        progress.ended("01-a", "ran")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "2 steps, about 12 s from past runs"
    assert lines[1].startswith("01-a ")
    assert "(1 done, 1 waiting, " in lines[1]
    with Progress({"01-a": 1.0}, 12.0, quiet=True) as progress:
        progress.ended("01-a", "ran")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("past", "expected", "end"),
    [
        ([1.0, 1.0, None, 1.0], 0.0, "12:01:00"),
        ([10.0, 0.0, 40.0, 0.0], 30.0, "12:01:20"),
        ([40.0, 0.0, 5.0, 5.0], 50.0, "12:00:05"),
        ([0.0, 10.0, 10.0, 10.0], 30.0, "12:00:10"),
    ],
)
def test_rate_and_end_follow_from_past_runs_or_from_this_one(
    past: list[float | None],
    expected: float,
    end: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = dict(zip(("01-a", "02-b", "03-c", "04-d"), past, strict=True))
    with Progress(steps, expected, quiet=False) as progress:
        began = time.monotonic()
        noon = time.mktime((2026, 1, 1, 12, 0, 0, 0, 0, 0))
        monkeypatch.setattr(time, "time", lambda: noon)
        monkeypatch.setattr(time, "monotonic", lambda: began + 20)
        progress.ended("01-a", "ran")
    # One step in twenty seconds, three to go: in a minute. Or it took twice or half as long as in the past,
    # and the others will too. Or nothing can be told of it: what is left of the thirty seconds of past runs.
    assert f"3 a minute, ends about {end})" in capsys.readouterr().err


def test_live_picture_shows_running_and_totals() -> None:
    progress = Progress({"01-a": 8.0, "02-b": 1.0}, 9.0, quiet=False)
    progress.started("01-a")
    text = str(progress._picture())
    assert "01-a" in text
    assert "of about 8.0 s" in text
    assert "0 done, 1 running, 1 waiting" in text


def test_a_long_computation_says_now_and_then_how_far_it_is_how_fast_and_until_when(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress({"01-a": None}, 0.0, quiet=False)
    began, noon = time.monotonic(), time.mktime((2026, 1, 1, 12, 0, 0, 0, 0, 0))
    monkeypatch.setattr(time, "time", lambda: noon)

    def after(seconds: float, *told: object) -> str:
        monkeypatch.setattr(time, "monotonic", lambda: began + seconds)
        progress.got("01-a", *told)
        return capsys.readouterr().err

    monkeypatch.setattr(time, "monotonic", lambda: began)
    progress.started("01-a")
    # A run that is resumed: what was there before says nothing of how fast this one is.
    assert after(0, "curve", 900, 2000) == ""
    assert after(10, "curve", 1000, 2000) == ""
    assert after(40, "curve", 1300, 2000).split() == (
        "01-a curve 1,300 of 2,000, 10 a second, ends about 12:01:10".split()
    )
    assert after(45, "curve", 1350, 2000) == ""  # not again so soon
    assert "curve 1,350 of 2,000, 10 a second" in str(progress._picture())
    # Another computation of the same step begins by itself.
    assert after(50, "second curve", 0, 10) == ""
    assert "second curve 0 of 10" in str(progress._picture())
    progress.ended("01-a", "ran")
    assert "curve" not in str(progress._picture())


def test_executed_notebook_is_todays_prose_around_kept_outputs() -> None:
    def code(source: str, **more: object) -> dict[str, object]:
        return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], **more}

    stream = {"output_type": "stream", "name": "stdout", "text": "<Axes at 0x7f00deadbeef>\n"}
    injected = {"metadata": {"tags": ["injected-parameters"]}}
    executed = {
        "cells": [
            {"cell_type": "markdown", "source": "old prose", "metadata": {}},
            code("x: int = 1  # one", execution_count=1),
            code("x = 2", execution_count=2, **injected),
            code("print(x)", execution_count=3, outputs=[stream]),
        ]
    }
    today = {
        "nbformat": 4,
        "cells": [
            {"cell_type": "markdown", "source": "new prose", "metadata": {}},
            code("x: int = 1  # one"),
            code(""),
            code("# new comment\nprint(x)"),
        ],
    }
    merged = json.loads(merge_outputs(Notebook(Path("a.ipynb"), "a.ipynb", today), outputs_of(executed)))
    assert [cell["source"] for cell in merged["cells"]] == [
        "new prose",
        "x: int = 1  # one",
        "x = 2",
        "",
        "# new comment\nprint(x)",
    ]
    assert merged["cells"][4]["outputs"][0]["text"] == "<Axes at 0x…>\n"
