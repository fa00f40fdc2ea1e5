"""What notebooks hand over: exact files, refused mistakes, the same bytes every time."""

import io
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import seaborn
from matplotlib import pyplot
from matplotlib.figure import Figure
from seaborn import objects

from paperbuild.kernel import recorder as recording
from paperbuild.kernel.calls import (
    ArtefactError,
    as_figure,
    figure,
    finding,
    named_ids,
    number,
    numbers,
    results,
    rounded_paths,
    table,
)
from paperbuild.kernel.recorder import Recorder
from paperbuild.kernel.tables import markdown_table, printed


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path, {})
    recording.begin(recorder)
    recording.enter_cell("the-cell")
    yield recorder
    recording.begin(None)


def drawing() -> Figure:
    fig = Figure(figsize=(3, 2))
    axes = fig.add_subplot()
    axes.plot([1, 2, 3], [1, 4, 9], label="squares", clip_on=True)
    axes.legend()
    axes.set_title("Ә ғ қ ң ө ұ ү һ і")
    return fig


def test_figures_have_the_same_bytes_whatever_the_user_has_set(recorder: Recorder, tmp_path: Path) -> None:
    data = pd.DataFrame({"x": [1, 2, 3], "y": [1.0, 4.0, 9.0]})
    figure("first", drawing(), data)
    before = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    assert set(before) == {"first.svg", "first.png", "first.csv"}
    recorder.artefacts.clear()
    with mpl.rc_context({"svg.fonttype": "none", "savefig.bbox": "tight", "svg.hashsalt": None}):
        figure("first", drawing(), data)
    assert {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()} == before
    assert b"<dc:date>" not in before["first.svg"]
    assert b"<text" not in before["first.svg"], "letters are outlines, so no font is needed to read them"
    assert before["first.csv"] == b"x,y\n1,1\n2,4\n3,9\n"
    assert recorder.artefacts[0]["cell"] == "the-cell"


def facets() -> object:
    grid = seaborn.FacetGrid(FRAME, col="unit", height=2)
    return grid.map(seaborn.lineplot, "year", "rate")


def axes() -> object:
    _, both = pyplot.subplots(1, 2)
    both[1].plot([1, 2], [2, 1])
    return both[1]


def axes_within() -> object:
    part = pyplot.figure().subfigures(1, 2)[0]
    return part.subplots()


def grammar() -> object:
    return objects.Plot(FRAME, x="year", y="rate").add(objects.Line()).layout(size=(3, 2))


FRAME = pd.DataFrame({"unit": ["A", "A", "B", "B"], "year": [1, 2, 1, 2], "rate": [1.0, 2.0, 3.0, 2.5]})


@pytest.mark.parametrize("draw", [facets, axes, axes_within, grammar, drawing])
def test_whatever_has_or_makes_a_figure_is_taken(
    recorder: Recorder, tmp_path: Path, draw: Callable[[], object]
) -> None:
    pyplot.close("all")
    figure("drawn", draw(), FRAME)
    first = (tmp_path / "figures/drawn.svg").read_bytes()
    assert pyplot.get_fignums() == [], "closed afterwards"
    recorder.artefacts.clear()
    figure("drawn", draw(), FRAME)
    assert (tmp_path / "figures/drawn.svg").read_bytes() == first


def test_a_plot_keeps_the_size_its_author_gave_it(recorder: Recorder) -> None:
    assert list(as_figure("x", grammar()).get_size_inches()) == [3, 2]
    with pytest.raises(ArtefactError, match="hand over that one"):
        as_figure("x", objects.Plot(FRAME, x="year", y="rate").on(Figure()))


def test_what_is_no_figure_is_refused_with_what_is_wanted(recorder: Recorder) -> None:
    made_elsewhere = type("Figure", (), {"__module__": "plotly.graph_objs._figure"})()
    with pytest.raises(ArtefactError, match="drawn by a browser: draw its data with matplotlib"):
        figure("x", made_elsewhere, FRAME)
    for nothing in (None, FRAME, 3, "picture.png"):
        with pytest.raises(ArtefactError, match=r"expected a figure of matplotlib's.*hand over their figure"):
            figure("x", nothing, FRAME)
    assert recorder.artefacts == []


def test_groups_stand_in_the_table(recorder: Recorder, tmp_path: Path) -> None:
    table("means", FRAME.groupby("unit")[["rate"]].mean())
    assert (tmp_path / "tables/means.csv").read_text() == "unit,rate\nA,1.5\nB,2.75\n"
    assert (tmp_path / "tables/means.md").read_text().splitlines()[2] == "| A | 1.50 |"
    table("again", FRAME.set_index("unit", drop=False))
    assert (tmp_path / "tables/again.csv").read_text().startswith("unit,year,rate\nA,1,1\n")


def test_heads_of_several_rows_are_read_as_one(recorder: Recorder, tmp_path: Path) -> None:
    wide = FRAME.pivot(index="unit", columns="year", values=["rate"])
    table("wide", wide, formats={("rate", 2): ".1f"}, align={"rate: 1": "left"})
    assert (tmp_path / "tables/wide.md").read_text() == (
        "| unit | rate: 1 | rate: 2 |\n| :--- | :------ | ------: |\n| A | 1.00 | 2.0 |\n| B | 3.00 | 2.5 |\n"
    )
    assert (tmp_path / "tables/wide.csv").read_text().splitlines()[0] == "unit,rate: 1,rate: 2"


def test_an_index_without_a_name_is_not_dropped_unsaid(recorder: Recorder) -> None:
    with pytest.raises(ArtefactError, match=r"its index \('Omsk', …\) has no name; frame.rename_axis"):
        table("t", pd.DataFrame({"a": [1]}, index=["Omsk"]))
    table("t", FRAME[FRAME["unit"] == "B"])  # whole numbers only count rows


def test_days_print_as_days_and_other_times_in_their_precision(recorder: Recorder, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "day": pd.Series(["2020-01-01", None], dtype="datetime64[s]"),
            "time": pd.to_datetime(["2020-01-01", "2020-01-02 10:00:00.5"], format="ISO8601"),
        }
    )
    mixed = [np.datetime64("2020", "Y"), np.datetime64("2020-01-02T10:00:00.123456789", "ns")]
    frame["mixed"] = pd.Series(mixed, dtype=object)
    table("t", frame)
    rows = (tmp_path / "tables/t.md").read_text(encoding="utf-8").splitlines()[2:]
    assert rows[0] == "| 2020-01-01 | 2020-01-01 00:00:00 | 2020 |"
    assert rows[1] == "| – | 2020-01-02 10:00:00.500000 | 2020-01-02 10:00:00.123456789 |"


def test_svg_paths_are_rounded_and_nothing_else_is() -> None:
    svg = (
        b'<g transform="scale(0.015625)"><path id="d1" d="M 1.2345678 -0.0001 L 20.500 7 z" x="1.2345"/></g>'
    )
    wanted = b'<g transform="scale(0.015625)"><path id="d1" d="M 1.235 0 L 20.5 7 z" x="1.2345"/></g>'
    assert rounded_paths(svg) == wanted


def test_a_finding_is_recorded_with_its_cell_and_withholds_nothing(recorder: Recorder) -> None:
    finding("births do not sum: KZ-KZY 2011")
    number("a.b", 1, "d")
    assert recorder.artefacts[0] == {
        "kind": "finding",
        "name": "births do not sum: KZ-KZY 2011",
        "cell": "the-cell",
    }
    assert recorder.artefacts[1]["value"] == 1


def test_table_files(recorder: Recorder, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "Region": ["A|B", "Omsk*"],
            "Rate": [-1.234567, math.nan],
            "N": [1234567, 5],
            "Border": [True, False],
        },
        index=[7, 8],
    )
    table("rates", frame, formats={"N": ",d"}, align={"Border": "center"})
    assert (tmp_path / "tables/rates.md").read_text(encoding="utf-8") == (
        "| Region | Rate | N | Border |\n"
        "| :----- | ----: | --------: | :----: |\n"
        "| A\\|B | −1.23 | 1,234,567 | yes |\n"
        "| Omsk\\* | – | 5 | no |\n"
    )
    csv = (tmp_path / "tables/rates.csv").read_text(encoding="utf-8")
    assert csv == "Region,Rate,N,Border\nA|B,-1.234567,1234567,True\nOmsk*,,5,False\n"


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (-0.5, ".1f", "−0.5"),
        (-0.001, ".1f", "0.0"),
        (1234567.8, ",.1f", "1,234,567.8"),
        (np.int64(7), "", "7"),
        (np.float64(0.25), ".0%", "25%"),
        (1e-9, ".1e", "1.0e−09"),
        ("North, and South.", "", "North, and South."),
        (np.bool_(True), "", "True"),
    ],
)
def test_numbers_as_printed(recorder: Recorder, value: object, spec: str, text: str) -> None:
    number("group.value", value, spec)
    assert recorder.artefacts[0]["text"] == text
    json.dumps(recorder.artefacts)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: number("plain", 1.0), "dotted, as in gravity.distance"),
        (lambda: number("a.b", math.nan, ".1f"), "must be finite"),
        (lambda: number("a.b", 1.5, "d"), "format 'd' does not fit 1.5"),
        (lambda: number("a.b", [1, 2]), "is a list; expected one number"),
        (lambda: number("a.b", np.array([1.0, 2.0])), "is a ndarray; expected one number"),
        (lambda: table("Bad Name", pd.DataFrame({"a": [1]})), "kebab-case"),
        (lambda: table("t", pd.DataFrame({"a": []})), "is empty"),
        (lambda: table("t", [1]), "expected a DataFrame, found list"),
        (lambda: table("t", pd.DataFrame({"a": [1]}), formats={"b": "d"}), "no column 'b'; columns: a"),
        (
            lambda: table("t", pd.DataFrame({"a": [1]}), align={"a": "middle"}),
            "expected left, right or center",
        ),
        (lambda: table("t", pd.DataFrame([[1, 2]], columns=["a", "a"])), "a column name twice"),
        (
            lambda: table("t", pd.DataFrame({"a": [1.5]}), formats={"a": "d"}),
            "t: a'?: format 'd' does not fit",
        ),
        (lambda: results("02-population"), "add it under results: in parameters.yml"),
    ],
)
def test_mistakes_are_refused(recorder: Recorder, call: object, message: str) -> None:
    with pytest.raises(ArtefactError, match=message):
        call()
    assert recorder.artefacts == []


def test_a_name_may_be_used_once(recorder: Recorder) -> None:
    number("a.b", 1)
    with pytest.raises(ArtefactError, match="already written by cell 'the-cell'"):
        number("a.b", 2)


@dataclass(frozen=True)
class Effect:
    value: Annotated[float, ".2f"]
    p: Annotated[float, ".3f"]


@dataclass(frozen=True)
class Record:
    share: Annotated[float, ".1f"]
    year: int
    region: str
    slope: Effect
    for_: Annotated[int, "d"] = 3
    absent: Annotated[float | None, ".1f"] = None


def test_a_record_is_handed_over_field_by_field_as_its_annotations_say(recorder: Recorder) -> None:
    numbers("group", Record(33.333, 2021, "West", Effect(-0.256, 0.04)))
    found = {a["name"]: (a["value"], a["text"], a["format"]) for a in recorder.artefacts}
    assert found == {
        "group.share": (33.333, "33.3", ".1f"),
        "group.year": (2021, "2021", ""),
        "group.region": ("West", "West", ""),
        "group.slope": (-0.256, "−0.26", ".2f"),
        "group.slope_p": (0.04, "0.040", ".3f"),
        "group.for": (3, "3", "d"),
    }


def test_a_mapping_is_handed_over_by_its_keys(recorder: Recorder) -> None:
    numbers("claims", {"a1": "mixed", "slope": Effect(1.0, 0.5)})
    assert [a["name"] for a in recorder.artefacts] == ["claims.a1", "claims.slope", "claims.slope_p"]
    with pytest.raises(ArtefactError, match="takes a dataclass or a mapping; found float"):
        numbers("claims", 1.0)


def test_values_keep_the_digits_that_mean_something(recorder: Recorder) -> None:
    number("group.sum", 0.1 + 0.2)
    number("group.whole", 12345678901)
    assert [a["value"] for a in recorder.artefacts] == [0.3, 12345678901]


def test_outside_a_build_calls_check_and_show_but_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    number("a.b", 1.0)
    table("t", pd.DataFrame({"a": [1]}))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ArtefactError, match="run: paper build"):
        results("01-first")
    folder = tmp_path / "build/results"
    folder.mkdir(parents=True)
    record = {"artefacts": [{"kind": "number", "name": "a.b", "value": 2.5}, {"kind": "table", "name": "t"}]}
    (folder / "01-first.json").write_text(json.dumps(record))
    assert results("01-first") == {"a.b": 2.5}


def test_wide_cells_keep_their_share_of_the_page() -> None:
    frame = pd.DataFrame({"a": ["x" * 90], "b": ["y"]})
    rule = markdown_table("t", frame, {}, {}).splitlines()[1]
    assert rule.count("-") == 39 + 2
    assert printed("x", -2, "+d") == "−2"


def test_ids_of_an_svg_do_not_hang_on_the_last_bits_of_its_layout() -> None:
    def drawn(left: float) -> bytes:
        fig = Figure(figsize=(2, 2))
        axes = fig.add_axes((left, 0.1, 0.8, 0.8))
        axes.plot([0, 1], [0, 1], marker="o")
        file = io.BytesIO()
        fig.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return named_ids("f", rounded_paths(file.getvalue()))

    with pyplot.rc_context({"svg.hashsalt": "f"}):
        first, second = drawn(0.1), drawn(0.1 + 1e-15)
    assert first == second
    defined = set(re.findall(rb'\bid="([^"]+)"', first))
    asked = set(re.findall(rb'(?:url\(#|href="#)([^)"]+)', first))
    assert asked
    assert asked <= defined
