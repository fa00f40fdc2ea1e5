"""The ladder: one changed pixel, digit, cell or word lands on the right rung."""

import io

import numpy as np
import pytest
from PIL import Image

from paperbuild.project.tolerances import Tolerance, Tolerances
from paperbuild.proof.artefacts import compare_artefacts, compare_file
from paperbuild.proof.documents import (
    compare_texts,
    document_record,
    masked_text,
    reference_text,
    text_digest,
)
from paperbuild.proof.ladder import Comparison, Reason, Rung, Verdict, verdict
from paperbuild.proof.numbers import compare_number
from paperbuild.proof.pictures import compare_picture
from paperbuild.proof.tables import compare_table

EXACT = Tolerances()
LOOSE = Tolerances(
    {("tables", "rows", "b"): Tolerance(relative=0.01, why="a test"), ("figures", "f"): Tolerance(share=0.01)}
)
SVG = """<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<defs><path id="{id}" d="M0 0h{width}v20h-20z"/></defs><use href="#{id}" fill="black"/></svg>"""


def png(array, level=6):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG", compress_level=level)
    return buffer.getvalue()


@pytest.fixture
def picture():
    return np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8)


def rung(path, expected, found, tolerances=EXACT):
    return compare_file(path, expected, found, tolerances).rung


# Tables


@pytest.mark.parametrize(
    ("found", "tolerances", "expected"),
    [
        ("a,b\nx,1.5\n", EXACT, Rung.IDENTICAL),
        ('a,b\r\n"x",1.5\r\n', EXACT, Rung.SAME_CONTENT),
        ("a,b\nx,1.5000000001\n", EXACT, Rung.WITHIN_TOLERANCE),
        ("a,b\nx,1.51\n", EXACT, Rung.DIFFERS),
        ("a,b\nx,1.51\n", LOOSE, Rung.WITHIN_TOLERANCE),
        ("a,b\nx,1.52\n", LOOSE, Rung.DIFFERS),
        ("a,b\ny,1.5\n", LOOSE, Rung.DIFFERS),
        ("a,b\nx,1.5\nz,1\n", LOOSE, Rung.DIFFERS),
        ("a,c\nx,1.5\n", LOOSE, Rung.DIFFERS),
        ("a,b\nx,nan\n", LOOSE, Rung.DIFFERS),
    ],
)
def test_tables(found, tolerances, expected):
    assert rung("tables/rows.csv", b"a,b\nx,1.5\n", found.encode(), tolerances) == expected


def test_a_changed_cell_is_named():
    one = compare_table("tables/rows.csv", b"a,b\nx,1\ny,2\n", b"a,b\nx,1\ny,3\n", EXACT)
    assert one.details == ("row 2, b: 2 → 3",)


def test_printed_tables_are_compared_by_cell():
    printed = "| a | b |\n|:--|--:|\n| x | −1,234.5 |\n".encode()
    padded = "| a  | b |\n|:---|--:|\n| x  | −1,234.5 |\n".encode()
    assert rung("tables/rows.md", printed, padded) == Rung.SAME_CONTENT
    assert rung("tables/rows.md", printed, printed.replace(b"4.5", b"4.6")) == Rung.DIFFERS
    assert rung("tables/rows.md", printed, printed.replace(b"4.5", b"4.6"), LOOSE) == Rung.WITHIN_TOLERANCE


def test_a_table_that_prints_alike_meets_the_fourth_rung():
    printed = b"| b |\n|--:|\n| 1.5 |\n"
    expected = {"tables/rows.csv": b"b\n1.51\n", "tables/rows.md": printed}
    found = {"tables/rows.csv": b"b\n1.52\n", "tables/rows.md": printed}
    assert [one.rung for one in compare_artefacts(expected, found, EXACT)] == [
        Rung.SAME_ROUNDING,
        Rung.IDENTICAL,
    ]


# Numbers


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        (0.5, "0.50", Rung.IDENTICAL),
        (0.5 + 1e-12, "0.50", Rung.WITHIN_TOLERANCE),
        (0.5001, "0.50", Rung.SAME_ROUNDING),
        (0.51, "0.51", Rung.DIFFERS),
        ("0.5", "0.50", Rung.SAME_ROUNDING),
        (True, "yes", Rung.DIFFERS),
    ],
)
def test_numbers(value, text, expected):
    reference = {"value": 0.5, "text": "0.50"}
    assert compare_number("a.b", reference, {"value": value, "text": text}, EXACT).rung == expected


def test_a_number_that_is_gone():
    assert compare_number("a", {"value": 1, "text": "1"}, None, EXACT).rung == Rung.NOT_PRODUCED


# Figures


def test_one_pixel_is_a_difference_with_a_picture(picture):
    changed = picture.copy()
    changed[30, 40] = 255 - changed[30, 40]
    one = compare_picture("figures/f.png", png(picture), png(changed), EXACT)
    assert one.rung == Rung.DIFFERS
    sheet = np.asarray(Image.open(io.BytesIO(one.picture)).convert("RGB")).astype(int)
    red = (sheet[:, :, 0] > 150) & (sheet[:, :, 1] < 60) & (sheet[:, :, 2] < 60)
    # The third panel begins after two pictures and two gaps; its strip of title is 40 high.
    assert red[40 + 30, 2 * (80 + 20) + 40]


def test_pixels_decide_not_compression(picture):
    assert rung("figures/f.png", png(picture), png(picture, level=1)) == Rung.SAME_CONTENT


def test_rasteriser_noise_is_within_the_default_and_a_share_can_be_declared(picture):
    noisy = np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8)
    assert rung("figures/f.png", png(picture), png(noisy)) == Rung.WITHIN_TOLERANCE
    spotted = picture.copy()
    spotted[:4, :4] = 255 - spotted[:4, :4]  # 16 of 4,800 pixels: 0.33 %
    assert rung("figures/f.png", png(picture), png(spotted)) == Rung.DIFFERS
    assert rung("figures/f.png", png(picture), png(spotted), LOOSE) == Rung.WITHIN_TOLERANCE


def test_a_figure_whose_data_differ_is_not_within_tolerance(picture):
    noisy = np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8)
    expected = {"figures/f.png": png(picture), "figures/f.csv": b"a\n1\n"}
    found = {"figures/f.png": png(noisy), "figures/f.csv": b"a\n2\n"}
    made = compare_artefacts(expected, found, EXACT)
    assert [(one.path, one.rung) for one in made] == [
        ("figures/f.png", Rung.DIFFERS),
        ("figures/f.csv", Rung.DIFFERS),
    ]


def test_another_size_differs(picture):
    one = compare_picture("figures/f.png", png(picture), png(picture[:-1]), EXACT)
    assert (one.rung, one.reason) == (Rung.DIFFERS, "another size, 80 × 60 → 80 × 59 pixels")


def test_drawings_are_compared_by_what_they_draw():
    drawing = SVG.format(id="p1", width=20).encode()
    assert rung("figures/f.svg", drawing, SVG.format(id="q7", width=20).encode()) == Rung.SAME_CONTENT
    assert rung("figures/f.svg", drawing, SVG.format(id="p1", width=22).encode()) == Rung.DIFFERS


def test_a_missing_file():
    assert rung("figures/f.svg", b"", None) == Rung.NOT_PRODUCED


# Documents


def page(commit, words="Text"):
    image = '<img src="data:image/png;base64,AAAA">'
    text = f"<p>{words} 1&nbsp;234 {image}</p><p>Commit {commit}</p>"
    return f"<html><head><style>p{{}}</style></head>{text}</html>"


def test_documents_are_compared_without_the_commit_they_name(tmp_path):
    old, new = (tmp_path / side / "paper.html" for side in ("old", "new"))
    for path in (old, new):
        path.parent.mkdir()
    old.write_text(page("abcdef1"))
    new.write_text(page("1234567").replace("<p>", '<p class="x">'))
    builds = {"commit": "abcdef1"}, {"commit": "1234567"}
    text = reference_text(old, builds[0])
    assert text == "Text 1 234\nCommit ·\n"
    assert compare_texts("p", text, reference_text(new, builds[1])).rung == Rung.SAME_CONTENT
    assert document_record(old, "embedded", builds[0]) == {
        "path": "_output/paper.html",
        "text": "text/paper.html.txt",
        "engine": "embedded",
        "text_sha256": text_digest(reference_text(new, builds[1])),
    }
    new.write_text(page("1234567", "Texts"))
    one = compare_texts("p", text, reference_text(new, builds[1]))
    assert one.rung == Rung.DIFFERS
    assert one.reason == "another text; “Text 1 234 Commit ·” → “Texts 1 234 Commit ·”"
    assert one.details == ("−Text 1 234", "+Texts 1 234")


def test_a_date_is_the_build_s_below_the_title_and_beside_the_commit_alone() -> None:
    build = {"commit": "a" * 40, "commit_short": "aaaaaaa", "date": "2026-11-28", "python": "3.11.7"}
    rule = "The rule of 2026-11-28 · was written with Python 3.11.7."
    between = [rule] * 20
    lines = [
        "Title",
        "2026-11-28",
        *between,
        f"Built from\naaaaaaa of 2026-11-28 with Python\n3.11.7. {'So. ' * 40}",
    ]
    masked = masked_text("\n".join([*lines, rule]), build).splitlines()
    assert masked[:2] == ["Title", "·"]
    assert masked[12:22] == between[10:]
    assert " ".join(masked[22:25]).startswith("Built from · of · with Python ·. So.")
    assert masked[-1] == rule


# Verdict and reasons


@pytest.mark.parametrize(
    ("rungs", "failed", "expected"),
    [
        ([1, 2, 3], False, Verdict.FULL),
        ([1, 4], False, Verdict.MINOR),
        ([1, 5], False, Verdict.PARTIAL),
        ([1, 6], False, Verdict.PARTIAL),
        ([1, 2], True, Verdict.PARTIAL),
        ([5, 6], False, Verdict.NONE),
        ([], False, Verdict.NONE),
    ],
)
def test_the_verdict_is_that_of_the_worst_output(rungs, failed, expected):
    assert verdict([Comparison("a", Rung(rung)) for rung in rungs], failed) == expected


def test_a_flaw_of_the_reference_is_no_agreement_and_damage_outweighs_it():
    same = Comparison("tables/a.csv", Rung.IDENTICAL)
    edited = same.flawed(Reason.EDITED, "edited")
    assert (edited.rung, edited.code, edited.reason) == (Rung.DIFFERS, Reason.EDITED, "edited")
    broken = compare_table("tables/a.csv", b"\xff", b"a\n", EXACT).flawed(Reason.EDITED, "edited")
    assert broken.code == Reason.BROKEN_REFERENCE
    assert compare_table("tables/a.csv", b"a\n", b"\xff", EXACT).code == Reason.NUMERICAL


def test_a_verdict_is_told_in_the_classes_of_the_american_economic_association():
    assert [one.aea.partition(" ")[0] for one in Verdict] == ["full", "full", "partial", "not"]
    given = {one.aea for one in Reason}
    assert given == {"", "Code not functional", "Discrepancy in output"}
    assert {one for one in Reason if not one.aea} == {Reason.LAST_BITS, Reason.DECLARED}, "these reproduce"


def test_every_reason_and_verdict_has_its_meaning():
    assert all(one.meaning for one in (*Reason, *Verdict))
