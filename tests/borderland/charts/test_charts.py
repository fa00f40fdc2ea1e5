"""Charts: what they promise of widths, fonts, breaks and determinism; what they draw where it matters."""

import io
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager, pyplot, rc_context, rcParams
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from borderland.charts import bars, coefficients, grids, lines, maps, marks, points, theme
from borderland.charts.coefficients import Curve
from borderland.charts.theme import Words
from borderland.study import labels, palette

YEARS = range(2000, 2012)
AREA = pd.DataFrame({"name": ["West", "East"], "country": ["KAZ", "RUS"]}, index=["A", "B"])


def series_by_year(level: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"one": np.arange(12) + level, "two": 12.0 - np.arange(12)}, index=YEARS)


def said(**marks: str) -> Words:
    return Words("Title with Ққ", "unit", "Source: somebody.", marks)


LISTED = {"ours": "ours", "published": "published", "estimate": "estimate", "n": "N"}
TIMED = {
    "estimate": "estimate",
    "null": "chance",
    "event": "event",
    "time": "years",
    "states": "seen",
    "earlier": "or earlier",
    "later": "or later",
}
TOLD = {"alike": "alike", "changed": "another", "hinges": "turns"}
CURVE = {"significant": "yes", "not": "no", "null": "chance", "main": "main", "order": "{n} models"}


def every_chart() -> dict:
    tidy = pd.DataFrame(
        {"unit": ["A"] * 12 + ["B"] * 12, "year": [*YEARS] * 2, "series": "now", "value": np.arange(24.0)}
    )
    estimates = pd.DataFrame(
        {"estimate": [0.3, 0.1], "low": [0.1, -0.1], "high": [0.5, 0.3], "significant": [True, False]}
    )
    listed = pd.DataFrame(
        {
            "group": "term",
            "label": ["ours", "theirs"],
            "estimate": [0.1, 0.2],
            "low": [0.0, np.nan],
            "high": [9.0, np.nan],
            "n": [1200.0, 30.0],
            "kind": ["ours", "published"],
        }
    )
    dated = pd.DataFrame(
        {"unit": ["A", "A"], "year": [2009, 2021], "value": [40.0, 30.0], "basis": ["census", "register"]}
    )
    moments = pd.DataFrame(
        {
            "block": ["West"] * 2 + ["East"] * 2,
            "measure": "m",
            "row": ["a", "a", "b", "b"],
            "moment": ["then", "now"] * 2,
            "value": [1.0, -2.0, 3.0, 4.0],
        }
    )
    grid = listed.assign(panel="p", row=["x", "y"], series="s")
    curve = Curve(estimates, pd.DataFrame({"sample": ["all", "few"]}), 0, (-0.1, 0.1))
    years = pd.DataFrame([[0, 1]], index=["a"], columns=[2000, 2001])
    return {
        "unit_panels": lines.unit_panels(
            tidy,
            AREA,
            words=said(KAZ="West", RUS="East", **{"break": "break"}),
            colors=palette.COUNTRY,
            styles={"now": {"dashes": ""}},
            breaks={"KAZ": (2005,)},
            reference=10,
        ),
        "dated_lines": lines.dated_lines(
            pd.DataFrame({2000: [1.0], 2010: [2.0]}, index=["a"]), words=said(), colors={"a": palette.KAZ}
        ),
        "dated_points": points.dated_points(dated, words=said(), color=palette.KAZ),
        "dumbbells": points.dumbbells(
            moments, words=said(), colors={"West": palette.KAZ, "East": palette.RUS}, moments=("then", "now")
        ),
        "timeline_heatmap": grids.timeline_heatmap(
            years, words=said(assumed="assumed"), levels={0: "none", 1: "some"}, assumed=years == 1
        ),
        "coefficient_list": coefficients.coefficient_list(listed, words=said(**LISTED), reach=2),
        "coefficient_grid": coefficients.coefficient_grid(grid, words=said(base="first"), base="b"),
        "specification_curves": coefficients.specification_curves(
            {"one": curve, "other": curve}, words=said(**CURVE)
        ),
        "event_study": coefficients.event_study(timed(), words=said(**TIMED)),
        "outcome_tiles": outcome_tiles(tiles(alike=[False, False, False, True])),
        "coverage_matrix": grids.coverage_matrix(
            pd.DataFrame([[0.5, 1.0]] * 3, index=["t", "u", "v"], columns=[2000, 2001]),
            words=said(share="share", grade="grade"),
            grades={"t": "A", "u": "B", "v": "C"},
        ),
        "panel_lines": panel_lines({"p": series_by_year(), "q": series_by_year(3)}, events={2005: "X"}),
        "block_heatmaps": grids.block_heatmaps(
            {"West": pd.DataFrame([[1.0, -1.0]], index=["r"], columns=[2000, 2001])},
            words=said(),
            levels=(-2, 0, 2),
            colors={"West": palette.KAZ},
        ),
        "stacked_shares": bars.stacked_shares(
            pd.DataFrame({"kazakh": [60.0], "russian": [40.0]}, index=["r"]),
            words=said(kazakh="Kazakhs", russian="Russians"),
            hues=palette.GROUP_COLOR,
        ),
        "bar_panels": bars.bar_panels(
            pd.DataFrame({"in": [1.0, 2.0], "out": [-2.0, 0.0]}, index=["r", "s"]), words=said()
        ),
    }


def timed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "distance": [-2, -1, 0],
            "estimate": [0.2, 0.0, -0.1],
            "null_low": [-0.5, 0.0, -0.4],
            "null_high": [0.5, 0.0, 0.4],
            "states": [3, 4, 2],
            "pooled": [True, False, False],
        }
    )


def tiles(**flags: list[bool]) -> pd.DataFrame:
    told = pd.DataFrame({"claim": ["b", "b", "a", "a"], "variant": ["own", "other"] * 2})
    told["outcome"] = ["yes", "no", "no", "no"]
    return told.assign(**{name: flags.get(name, [False] * 4) for name in TOLD})


def outcome_tiles(told: pd.DataFrame) -> Figure:
    return grids.outcome_tiles(
        told,
        words=said(**TOLD),
        row="claim",
        column="variant",
        outcome="outcome",
        signs={"no": "−", "yes": "+"},
    )


def panel_lines(panels: dict, **options) -> Figure:
    names = {name for frame in panels.values() for name in frame}
    return lines.panel_lines(
        panels, words=said(), styles={name: {"color": palette.KAZ, "dashes": ""} for name in names}, **options
    )


@pytest.fixture(scope="module")
def charts() -> dict:
    return every_chart()


def test_every_chart_has_a_journal_width_and_readable_type(charts):
    for name, fig in charts.items():
        assert fig.get_figwidth() == pytest.approx(theme.WIDTH), name
        sizes = [text.get_fontsize() for text in fig.findobj(Text) if text.get_text()]
        assert min(sizes) >= theme.SMALL, name


def test_no_text_is_cut_at_the_edge(charts):
    for name, fig in charts.items():
        renderer = fig.canvas.get_renderer() if hasattr(fig.canvas, "get_renderer") else None
        bounds = fig.get_tightbbox(renderer)
        # half a point of slack: glyph boxes are rounded to pixels
        assert bounds.x0 > -0.5 / 72, name
        assert bounds.x1 < fig.get_figwidth() + 0.5 / 72, name


@pytest.mark.parametrize(
    "text",
    [
        "By moves inside the country eight of eight regions lose people, five of them by moves abroad " * 3,
        "Естественный прирост положителен в семи казахстанских и трёх российских приграничных регионах " * 3,
    ],
)
def test_words_are_broken_within_the_width_in_either_script(text):
    fig = theme.themed(theme.canvas)(1.0, words=Words(text, text, text))
    assert {*" ".join(one.get_text() for one in fig.texts).split()} == {*text.split()}
    assert max(one.get_window_extent().x1 for one in fig.texts) <= fig.bbox.width


def test_every_word_and_number_of_a_chart_is_said_in_another_language(charts):
    for name, fig in charts.items():
        other = fig.in_language(lambda text: re.sub("[A-Za-z]", "ж", text).replace(".", ","))
        texts = {text.get_text() for text in other.findobj(Text) if text.get_visible()}
        assert {text for text in texts if re.search(r"[A-Za-z]|\d\.\d", text)} == set(), name
        assert len(other.axes) == len(fig.axes), name


def test_what_a_chart_prints_stays_as_it_is_where_nothing_is_said(charts):
    for name, fig in charts.items():
        texts = [text.get_text() for text in fig.findobj(Text)]
        assert [text.get_text() for text in fig.in_language(str).findobj(Text)] == texts, name


def test_drawing_twice_gives_the_same_bytes():
    images = []
    for _ in range(2):
        buffer = io.BytesIO()
        panel_lines({"p": series_by_year()}).savefig(buffer, format="png", metadata={"Software": None})
        images.append(buffer.getvalue())
    assert images[0] == images[1]


def test_the_theme_leaves_no_trace_in_the_session():
    before = dict(rcParams)
    panel_lines({"p": series_by_year()})
    assert dict(rcParams) == before
    assert not pyplot.get_fignums()


def test_the_bundled_font_is_drawn_and_has_russian_and_kazakh_letters(charts):
    for weight, file in zip((400, 600), theme.FONT_FILES, strict=True):
        found = font_manager.findfont(
            font_manager.FontProperties(family=theme.FONT, weight=weight), fallback_to_default=False
        )
        assert Path(found).name == file.name
        known = font_manager.get_font(found).get_charmap()
        assert all(ord(letter) in known for letter in "ЖжЩщЪъЫыЭэЮюЯяәғқңөұүһіӘҒҚҢӨҰҮҺІ−–’↑↓≥·")
    families = {text.get_fontfamily()[0] for fig in charts.values() for text in fig.findobj(Text)}
    assert {font_manager.FontProperties(family=family).get_name() for family in families} <= {
        theme.FONT,
        "sans-serif",
    }


def test_a_figure_that_is_saved_outside_the_theme_keeps_its_ticks(charts):
    for name, fig in charts.items():
        before = [list(ax.get_xticks()) + list(ax.get_yticks()) for ax in fig.axes]
        with rc_context({"font.size": 20, "xtick.labelsize": 30, "ytick.labelsize": 30}):
            fig.draw_without_rendering()
            assert [list(ax.get_xticks()) + list(ax.get_yticks()) for ax in fig.axes] == before, name


def test_the_legend_lies_between_the_unit_and_the_panels(charts):
    for name, fig in charts.items():
        for legend in fig.legends:
            low = legend.get_window_extent().y0
            assert all(ax.get_window_extent().y1 <= low for ax in fig.axes), name
            words = [text for text in fig.texts if text.get_va() == "top"]
            assert all(text.get_window_extent().y0 >= legend.get_window_extent().y1 - 1 for text in words)


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
    fig = panel_lines({"p": series}, breaks={"p": {2004: "rule"}})
    assert drawn_pieces(fig) == [[*range(2000, 2004)], [*range(2004, 2008)], [*range(2009, 2012)]]


@pytest.mark.parametrize(
    ("first", "last", "steps", "named"),
    [
        (1993, 2024, 5, ["1993", "2000", "2010", "2024"]),  # 2020 would touch 2024
        (1997, 2019, 2, ["1997", "2010", "2019"]),
        (2023, 2024, 2, ["2023", "2024"]),
    ],
)
def test_an_axis_of_years_names_its_ends_and_round_years_that_touch_neither(first, last, steps, named):
    ax = Figure().add_subplot()
    marks.year_ticks(ax, first, last, steps)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == named


def test_a_lone_value_between_gaps_is_still_seen():
    series = series_by_year()[["one"]]
    series.loc[[2004, 2006], "one"] = np.nan
    fig = panel_lines({"p": series})
    alone = [points for points in fig.axes[0].collections if points.get_offsets()[:, 0].tolist() == [2005]]
    assert len(alone) == 1


@given(st.sets(st.integers(1990, 2020), min_size=1), st.sets(st.integers(1990, 2020), max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_piece_has_no_gap_and_no_break_inside(years, breaks):
    known = pd.Series(sorted(years))
    for _, piece in known.groupby(marks.piece_of(known, breaks)):
        assert piece.tolist() == [*range(piece.min(), piece.max() + 1)]
        assert not breaks & {*range(piece.min() + 1, piece.max() + 1)}
    pieces = marks.piece_of(known, breaks).nunique()
    opened = sum(year - 1 not in years or year in breaks for year in years)
    assert pieces == opened  # and no more pieces than that


def test_missing_status_codes_are_refused():
    with pytest.raises(ValueError, match="without a level"):
        grids.timeline_heatmap(
            pd.DataFrame([[7]], index=["a"], columns=[2000]),
            words=said(),
            levels={0: "none"},
            assumed=pd.DataFrame([[False]]),
        )


def test_published_estimates_are_hollow_and_ours_filled(charts):
    drawn = charts["coefficient_list"].axes[0].collections
    faces = [to_hex(points.get_facecolors()[0]) for points in drawn if isinstance(points, PathCollection)]
    assert faces[:2] == [to_hex(theme.INK), to_hex("white")]


def test_an_interval_beyond_the_scale_ends_in_an_arrow_and_keeps_its_numbers(charts):
    ax = charts["coefficient_list"].axes[0]
    assert [points.get_offsets().tolist() for points in ax.collections if len(points.get_offsets()) == 1][
        -1
    ] == [[2, 1]]
    assert "0.10 (0.00 to 9.00)" in [text.get_text() for text in ax.texts]


def test_only_ends_of_an_event_study_that_pool_are_named_so_and_no_number_lies_on_the_band(charts):
    ax = charts["event_study"].axes[0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["−2\nor earlier", "−1", "0"]
    assert [text.get_text() for text in ax.texts] == ["3", "4", "2", "seen"]
    assert all(text.get_window_extent().y0 > ax.bbox.y1 for text in ax.texts)


def test_tiles_keep_their_order_and_the_legend_tells_only_what_occurs():
    fig = outcome_tiles(tiles(alike=[False, True, False, False], changed=[False, False, False, True]))
    ax = fig.axes[0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["b", "a"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["own", "other"]
    placed = {tuple(text.get_position()): text for text in ax.texts}
    assert {place: text.get_text() for place, text in placed.items()} == {
        (0.5, 0.5): "+",
        (1.5, 0.5): "−",
        (0.5, 1.5): "−",
        (1.5, 1.5): "−",
    }
    assert placed[1.5, 0.5].get_fontsize() < placed[0.5, 0.5].get_fontsize()  # alike
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["−  no", "+  yes", "alike", "another"]


@pytest.mark.parametrize(("figure", "words"), labels.FIGURES.items())
def test_words_of_a_figure_say_their_facts_in_title_and_unit_only(figure, words):
    assert words.title
    assert not re.search(r"[{}]", words.source)
    facts = {name: "1" for name in re.findall(r"{(\w+)}", words.title + words.unit)}
    assert "{" not in labels.words(figure, "S.", **facts).title


def test_title_of_a_figure_follows_the_data():
    area = pd.DataFrame({"country": ["KAZ", "KAZ", "RUS"]}, index=["a", "b", "c"])
    facts = labels.positive("natural", pd.Series({"a": 1.0, "b": np.nan, "c": -1.0}), area)
    assert facts == {"natural_kaz": 1, "natural_kaz_of": 1, "natural_rus": 0, "natural_rus_of": 1}


def test_other_verdicts_are_counted_among_the_tiles_that_a_variant_touches():
    told = pd.DataFrame(
        {
            "variant": ["main", "to-2021", "departures"],
            "alike": [False, False, True],
            "changed": [False, True, False],
        }
    )
    assert labels.other_verdicts(told) == {"changed": 1, "tried": 1}


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


@pytest.mark.parametrize(("levels", "crosses"), [([-10, 0, 10], 2), ([0, 10, 20], 0)])
def test_a_cross_marks_gain_where_a_map_of_districts_has_both_signs(levels, crosses):
    from shapely import LineString, box

    square = pd.DataFrame({"unit": ["A"], "geometry": [box(0, 0, 1e6, 1e6)]})
    border = pd.DataFrame({"geometry": [LineString([(0, 0), (1e6, 0)])]})
    districts = pd.DataFrame({"x": [1e5, 2e5, 3e5], "y": 2e5, "rate": [-5.0, 5.0, 8.0], "persons": 1e5})
    fig = maps.district_map(
        {"countries": square, "home": square, "border": border},
        pd.DataFrame({"country": ["KAZ"]}, index=["A"]),
        districts,
        pd.DataFrame(columns=["name", "unit", "x", "y"]),
        value="rate",
        size="persons",
        words=theme.Words("Title", "", "", {"bar": "rate", "size": "persons"}),
        levels=levels,
        look=maps.Look(("home",), {}, {}, {}),
        cmap=theme.DIVERGING,
    )
    scattered = [one.get_offsets().tolist() for one in fig.axes[0].collections]
    assert [len(points) for points in scattered] == [3, crosses][: 1 + bool(crosses)]
    if crosses:
        assert sorted(scattered[1]) == [[2e5, 2e5], [3e5, 2e5]]


def drawn(fig) -> bytes:
    """The figure as SVG, with ids that depend on its content alone."""
    with rc_context({"svg.hashsalt": "x"}):
        out = io.BytesIO()
        fig.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def test_points_do_not_hang_on_the_order_of_rows():
    frame = pd.DataFrame(
        {
            "unit": [f"region {n:02d}" for n in range(8)] * 2,
            "year": [1999] * 8 + [2009] * 8,
            "value": np.arange(16.0),
            "basis": "census",
        }
    )
    shuffled = frame.sample(frac=1, random_state=3)
    charts = [points.dated_points(rows, words=said(), color=palette.KAZ) for rows in (frame, shuffled)]
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
        curve = Curve(frame, choices, 7, (-0.1, 0.1))
        charts.append(coefficients.specification_curves({"": curve}, words=said(**CURVE)))
    assert drawn(charts[0]) == drawn(charts[1])


def test_two_weights_of_the_bundled_font_keep_their_own_glyphs_in_a_drawing():
    # Matplotlib defines a glyph once by the name of its font: cuts of one name would share the first one's.
    fig = pyplot.figure()
    with rc_context({"svg.fonttype": "path"}):
        for height, weight in ((0.2, 400), (0.6, 600)):
            fig.text(0.1, height, "1", family=theme.FONT, weight=weight)
        drawing = io.StringIO()
        fig.savefig(drawing, format="svg")
    pyplot.close(fig)
    assert len(set(re.findall(r'<path id="(ArticleSans[^"]*)"', drawing.getvalue()))) == 2


def test_a_name_at_the_edge_of_a_map_is_moved_inside_its_frame_and_off_its_mark():
    fig = Figure(figsize=(3, 2))
    ax = fig.add_subplot(xlim=(0, 1), ylim=(0, 1))
    places = {
        "Nizhny Novgorod": (0.03, (-4, 3), "right"),
        "Gorno-Altaysk": (0.97, (4, -8), "left"),
        "Omsk": (0.5, (4, -8), "left"),
    }
    names = [
        ax.annotate(name, (x, 0.5), xytext=shift, textcoords="offset points", ha=side)
        for name, (x, shift, side) in places.items()
    ]
    maps._keep_inside(fig, ax, names)
    frame = ax.get_window_extent()
    for name in names:
        extent = name.get_window_extent()
        assert frame.x0 < extent.x0 < extent.x1 < frame.x1
    assert names[0].xyann[1] == 5
    assert names[2].xyann == (4, -8)
