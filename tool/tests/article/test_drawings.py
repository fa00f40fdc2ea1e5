"""Light drawings: a third of the bytes, the same picture."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from paperbuild.article.drawings import light, relative


def drawn(**settings) -> str:
    """Return a figure with lines, markers, texts, a clipped scatter and a hatch, as Matplotlib writes it."""
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "test", **settings}):
        figure, axes = plt.subplots(figsize=(3, 2))
        axes.plot(np.linspace(0, 1, 40), np.sin(np.linspace(0, 9, 40)), marker="o")
        axes.bar([0.2, 0.5], [0.4, -0.6], width=0.1, hatch="//", facecolor="#aabbcc")
        axes.set_title("Язык Қазақ äß −0.5")
        stream = io.StringIO()
        figure.savefig(stream, format="svg")
        plt.close(figure)
    return stream.getvalue()


def points(path: str) -> list[tuple[str, float, float]]:
    """Return where each step of a path ends, by a reading that shares nothing with the writer."""
    tokens = re.findall(r"[a-zA-Z]|-?(?:\d+\.?\d*|\.\d+)", path)
    found, here, start, command = [], (0.0, 0.0), (0.0, 0.0), ""
    while tokens:
        if tokens[0].isalpha():
            command = tokens.pop(0)
        if command in "zZ":
            here = start
        else:
            wanted = {"h": 1, "v": 1, "m": 2, "l": 2, "q": 4, "c": 6}[command.lower()]
            numbers = [float(tokens.pop(0)) for _ in range(wanted)]
            base = here if command.islower() else (0.0, 0.0)
            if command == "h":
                here = (here[0] + numbers[0], here[1])
            elif command == "v":
                here = (here[0], here[1] + numbers[0])
            else:
                here = (base[0] + numbers[-2], base[1] + numbers[-1])
            if command in "mM":
                start = here
        found.append((command.lower(), *here))
    return found


def test_a_path_ends_each_step_where_it_did():
    steps = np.cumsum(np.random.default_rng(1).normal(0, 3, (400, 2)), axis=0)
    absolute = (
        "M " + " L ".join(f"{x:.3f} {y:.3f}" for x, y in steps) + " z M 5 5 Q 1 2 3.25 -4.5 C 1 1 2 2 9 9 z"
    )
    before, after = points(absolute), points(relative(absolute, 2))
    assert len(before) == len(after)
    for (_, x, y), (_, u, v) in zip(before, after, strict=True):
        assert (u, v) == pytest.approx((x, y), abs=0.0051)  # half of the last decimal, however long the path
    assert len(relative(absolute, 2)) < 0.7 * len(absolute)


def test_numbers_are_parted_only_where_they_must_be():
    assert relative("M 0 0 L 0.5 0.25 L 12.5 0.75 L 12.5 1 L 2 1 z", 2) == "m0 0l.5.25 12 .5v.25h-10.5z"


def test_a_path_with_arcs_stays_as_it_is():
    assert relative("M 0 0\nA 5 5 0 0 1 10 10", 2) == "M 0 0 A 5 5 0 0 1 10 10"


def test_a_drawing_by_matplotlib_takes_half_and_loses_no_reference():
    drawing = drawn()
    short = light(drawing)
    assert len(short) < 0.55 * len(drawing)
    assert "<metadata" not in short
    named = set(re.findall(r'\bid="([^"]+)"', short))
    used = set(re.findall(r'href="#([^"]+)"', short)) | set(re.findall(r"url\(#([^)]+)\)", short))
    assert used
    assert named == used
    classes = set(re.findall(r'class="([^"]+)"', short))
    assert classes == set(re.findall(r"\.([a-z]+)\{", short))
    assert short.count("<use ") == drawing.count("<use ")
    assert light(drawing) == short


@pytest.mark.parametrize(
    "inside",
    ["<text>A  word</text>", "<script>1</script>", "<style>.a{fill:red}</style><path class='a' d='M 0 0'/>"],
)
def test_what_others_draw_stays(inside):
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg'>\n{inside}</svg>"
    assert light(drawing) == " ".join(drawing.split())


def test_what_is_no_drawing_stays():
    assert light("<svg") == "<svg"
