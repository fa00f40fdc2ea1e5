"""Charts: what they promise of widths, fonts, breaks and determinism; what they draw where it matters."""

import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager, rc_context, rcParams
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from borderland.charts import bars, coefficients, grids, lines, maps, marks, points, theme
from borderland.study import palette

YEARS = range(2000, 2012)
AREA = pd.DataFrame({"name": ["West", "East"], "country": ["KAZ", "RUS"]}, index=["A", "B"])


def series_by_year(level: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"one": np.arange(12) + level, "two": 12.0 - np.arange(12)}, index=YEARS)


def every_chart() -> dict:
    tidy = pd.DataFrame({"unit": ["A"] * 12 + ["B"] * 12, "year": [*YEARS] * 2, "v": np.arange(24.0)})
    rates = pd.DataFrame(
        {"natural": [1.0, -2.0], "migration": [-1.0, 1.0], "total": [0.0, -1.0]}, index=[2000, 2001]
    )
    estimates = pd.DataFrame(
        {"estimate": [0.3, 0.1], "low": [0.1, -0.1], "high": [0.5, 0.3], "significant": [True, False]}
    )
    listed = pd.DataFrame(
        {
            "label": ["ours", "theirs"],
            "estimate": [0.1, 0.2],
            "low": [0.0, np.nan],
            "high": [0.2, np.nan],
            "kind": ["ours", "published"],
        }
    )
    dated = pd.DataFrame(
        {
            "unit": ["A", "A"],
            "year": [2009, 2021],
            "share": [40.0, 30.0],
            "basis": ["census", "register"],
            "grade": ["C", "B"],
        }
    )
    return {
        "small_multiples": lines.small_multiples(
            tidy,
            AREA,
            value="v",
            ylabel="v",
            colors=palette.COUNTRY,
            names={"KAZ": "West", "RUS": "East"},
            breaks={"KAZ": (2005,)},
        ),
        "balance_chart": bars.balance_chart({"left": rates, "right": rates}, ylabel="v"),
        "slope_chart": lines.slope_chart(pd.DataFrame({2000: [1.0], 2010: [2.0]}, index=["a"]), ylabel="v"),
        "dated_points": points.dated_points(dated, label="unit", value="share", ylabel="v"),
        "timeline_heatmap": grids.timeline_heatmap(
            pd.DataFrame([[0, 1]], index=["a"], columns=[2000, 2001]), levels={0: "none", 1: "some"}
        ),
        "coefficient_plot": coefficients.coefficient_plot(listed, xlabel="v"),
        "specification_curve": coefficients.specification_curve(
            estimates, pd.DataFrame({"sample": ["all", "few"]}), ylabel="v", main=0, null=(-0.1, 0.1)
        ),
        "coverage_matrix": grids.coverage_matrix(
            pd.DataFrame([[0.5, 1.0]], index=["t"], columns=[2000, 2001])
        ),
        "panel_lines": lines.panel_lines(
            {"p": series_by_year(), "q": series_by_year(3)}, ylabel="v", events={2005: "X"}
        ),
        "heatmap": grids.heatmap(pd.DataFrame([[1.0, -1.0]], index=["r"]), label="v", center=0),
        "stacked_shares": bars.stacked_shares(
            pd.DataFrame({"kazakh": [60.0], "russian": [40.0]}, index=["r"]),
            xlabel="%",
            labels=palette.GROUP_LABEL,
            hues=palette.GROUP_COLOR,
        ),
        "diverging_bars": bars.diverging_bars(
            pd.DataFrame({"in": [1.0], "out": [-2.0], "all": [-1.0]}, index=["r"]),
            xlabel="v",
            styles={"in": {"color": palette.KAZ}, "out": {"color": palette.RUS}},
            total="all",
        ),
    }


@pytest.fixture(scope="module")
def charts() -> dict:
    return every_chart()


def test_every_chart_has_a_journal_width_and_readable_type(charts):
    for name, fig in charts.items():
        assert fig.get_figwidth() in (theme.SINGLE, theme.DOUBLE), name
        sizes = [text.get_fontsize() for text in fig.findobj(Text) if text.get_text()]
        assert min(sizes) >= theme.SMALL, name


def test_no_text_is_cut_at_the_edge(charts):
    for name, fig in charts.items():
        renderer = fig.canvas.get_renderer() if hasattr(fig.canvas, "get_renderer") else None
        bounds = fig.get_tightbbox(renderer)
        # half a point of slack: glyph boxes are rounded to pixels
        assert bounds.x0 > -0.5 / 72, name
        assert bounds.x1 < fig.get_figwidth() + 0.5 / 72, name


def test_drawing_twice_gives_the_same_bytes():
    images = []
    for _ in range(2):
        buffer = io.BytesIO()
        lines.panel_lines({"p": series_by_year()}, ylabel="v").savefig(
            buffer, format="png", metadata={"Software": None}
        )
        images.append(buffer.getvalue())
    assert images[0] == images[1]


def test_the_theme_leaves_no_trace_in_the_session():
    before = dict(rcParams)
    lines.panel_lines({"p": series_by_year()}, ylabel="v")
    assert dict(rcParams) == before


def test_the_font_has_russian_and_kazakh_letters():
    path = font_manager.findfont("DejaVu Sans", fallback_to_default=False)
    known = font_manager.get_font(path).get_charmap()
    assert all(ord(letter) in known for letter in "ЖжЩщЪъЫыЭэЮюЯяәғқңөұүһіӘҒҚҢӨҰҮҺІ−–’")


def test_countries_differ_in_lightness():
    def luma(color: str) -> float:
        r, g, b = to_rgb(color)
        return 0.299 * r + 0.587 * g + 0.114 * b

    # a fifth of the range from black to white is told apart in grey print
    assert abs(luma(palette.KAZ) - luma(palette.RUS)) > 0.15


def drawn_pieces(fig) -> list[list[float]]:
    return [list(line.get_xdata()) for line in fig.axes[0].get_lines() if len(line.get_xdata()) > 2]


def test_lines_stop_at_breaks_and_at_gaps():
    series = series_by_year()[["one"]]
    series.loc[2008, "one"] = np.nan
    fig = lines.panel_lines({"p": series}, ylabel="v", breaks={2004: "rule"})
    assert drawn_pieces(fig) == [[*range(2000, 2004)], [*range(2004, 2008)], [*range(2009, 2012)]]


def test_a_lone_value_between_gaps_is_still_seen():
    series = series_by_year()[["one"]]
    series.loc[[2004, 2006], "one"] = np.nan
    fig = lines.panel_lines({"p": series}, ylabel="v")
    alone = [line for line in fig.axes[0].get_lines() if list(line.get_xdata()) == [2005]]
    assert len(alone) == 1
    assert alone[0].get_marker() not in ("", "None", None)


def test_missing_status_codes_are_refused():
    with pytest.raises(ValueError, match="without a level"):
        grids.timeline_heatmap(pd.DataFrame([[7]], index=["a"], columns=[2000]), levels={0: "none"})


def test_published_anchors_are_hollow_and_ours_filled(charts):
    markers = {
        line.get_marker(): line.get_markerfacecolor()
        for line in charts["coefficient_plot"].axes[0].get_lines()
    }
    assert markers["D"] == "white"
    assert markers["o"] == palette.KAZ


@given(st.lists(st.floats(0, 200), min_size=1, max_size=12), st.floats(5, 12))
@settings(max_examples=60, deadline=None)
def test_labels_are_spread_apart_in_order(heights, gap):
    wanted = {f"label {place}": height for place, height in enumerate(heights)}
    placed = marks._spread(wanted, gap)
    ordered = [placed[label] for label in sorted(wanted, key=wanted.get)]
    assert all(upper - lower >= gap - 1e-6 for lower, upper in pairwise(ordered))
    # labels that do not crowd stay where they are wanted
    if len(wanted) == 1 or min(np.diff(sorted(heights))) >= gap:
        assert placed == pytest.approx(wanted)


def test_map_window_covers_the_units_and_is_cut_in_the_north():
    from shapely import box

    frame = pd.DataFrame({"unit": ["A", "B"], "geometry": [box(0, 0, 10, 10), box(20, 5, 30, 900)]})
    assert maps._window(frame, ["A", "B"], north=50, margin=1) == (-1, 31, -1, 50)
    assert maps._window(frame, ["A"], north=50, margin=1) == (-1, 11, -1, 11)


def drawn(fig) -> bytes:
    """The figure as SVG, with ids that depend on its content alone."""
    with rc_context({"svg.hashsalt": "x"}):
        out = io.BytesIO()
        fig.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def test_colours_of_regions_do_not_hang_on_the_order_of_rows():
    frame = pd.DataFrame(
        {
            "unit": [f"region {n:02d}" for n in range(8)] * 2,
            "year": [1999] * 8 + [2009] * 8,
            "value": np.arange(16.0),
            "basis": "census",
            "grade": "A",
        }
    )
    shuffled = frame.sample(frac=1, random_state=3)
    charts = [
        points.dated_points(rows, label="unit", value="value", ylabel="y") for rows in (frame, shuffled)
    ]
    assert drawn(charts[0]) == drawn(charts[1])


def test_a_curve_orders_estimates_equal_but_for_rounding_as_they_are_given():
    n = 40
    noise = np.random.default_rng(0).uniform(-1e-16, 1e-16, n)
    choices = pd.DataFrame({"a": [f"option {k % 4}" for k in range(n)]})
    charts = []
    for estimate in (np.full(n, 0.5), np.full(n, 0.5) + noise):
        frame = pd.DataFrame(
            {"estimate": estimate, "low": 0.1, "high": 0.9, "significant": np.arange(n) % 3 == 0}
        )
        charts.append(coefficients.specification_curve(frame, choices, main=7, ylabel="y"))
    assert drawn(charts[0]) == drawn(charts[1])
