"""The ladder: one changed pixel, digit, cell or word lands on the right rung."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from paperbuild.ground.errors import PaperError
from paperbuild.proof import compare
from paperbuild.proof.compare import Rung, Tolerance, Tolerances

EXACT = Tolerances()
LOOSE = Tolerances(
    {"tables\0rows\0b": Tolerance(relative=0.01, why="a test"), "figures\0f": Tolerance(share=0.01)}
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
    return compare.compare_file(path, expected, found, tolerances).rung


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
    one = compare.compare_table("tables/rows.csv", b"a,b\nx,1\ny,2\n", b"a,b\nx,1\ny,3\n", EXACT)
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
    assert [one.rung for one in compare.compare_artefacts(expected, found, EXACT)] == [
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
    assert compare.compare_number("a.b", reference, {"value": value, "text": text}, EXACT).rung == expected


def test_a_number_that_is_gone():
    assert compare.compare_number("a", {"value": 1, "text": "1"}, None, EXACT).rung == Rung.NOT_PRODUCED


# Figures


def test_one_pixel_is_a_difference_with_a_picture(picture):
    changed = picture.copy()
    changed[30, 40] = 255 - changed[30, 40]
    one = compare.compare_picture("figures/f.png", png(picture), png(changed), EXACT)
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
    made = compare.compare_artefacts(expected, found, EXACT)
    assert [(one.path, one.rung) for one in made] == [
        ("figures/f.png", Rung.DIFFERS),
        ("figures/f.csv", Rung.DIFFERS),
    ]


def test_another_size_differs(picture):
    one = compare.compare_picture("figures/f.png", png(picture), png(picture[:-1]), EXACT)
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
    old, new = tmp_path / "paper.html", tmp_path / "b.html"
    old.write_text(page("abcdef1"))
    new.write_text(page("1234567").replace("<p>", '<p class="x">'))
    builds = {"commit": "abcdef1"}, {"commit": "1234567"}
    text = compare.reference_text(old, builds[0])
    assert text == "Text 1 234\nCommit ·\n"
    assert compare.compare_texts("p", text, compare.reference_text(new, builds[1])).rung == Rung.SAME_CONTENT
    assert compare.document_record(old, "embedded", builds[0]) == {
        "path": "_output/paper.html",
        "text": "text/paper.html.txt",
        "engine": "embedded",
        "text_sha256": compare.text_digest(compare.reference_text(new, builds[1])),
    }
    new.write_text(page("1234567", "Texts"))
    one = compare.compare_texts("p", text, compare.reference_text(new, builds[1]))
    assert one.rung == Rung.DIFFERS
    assert one.reason == "another text; “Text 1 234 Commit ·” → “Texts 1 234 Commit ·”"
    assert one.details == ("−Text 1 234", "+Texts 1 234")


def test_text_of_a_docx(tmp_path):
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        runs = '<w:p><w:r><w:t>One &amp; </w:t></w:r><w:r><w:t xml:space="preserve">two</w:t></w:r></w:p>'
        archive.writestr("word/document.xml", f"<w:document>{runs}<w:p><w:t>Three</w:t></w:p></w:document>")
    assert compare.document_text(path) == "One & two\nThree"


def test_text_of_a_pdf(tmp_path):
    import typst

    source = tmp_path / "a.typ"
    source.write_text("Сары-Арқа, қала: 1 234", encoding="utf-8")
    path = tmp_path / "a.pdf"
    path.write_bytes(typst.compile(str(source), format="pdf"))
    assert compare.document_text(path) == "Сары-Арқа, қала: 1 234"


# Declared tolerances


def test_tolerances_are_declared_with_their_reason(tmp_path):
    (tmp_path / "analysis").mkdir()
    path = tmp_path / "analysis" / "tolerances.yml"
    path.write_text("- {of: [tables, rows], relative: 1.0e-3, why: a test}\n")
    tolerances = compare.load_tolerances(tmp_path)
    assert tolerances.of("tables", "rows", "b").relative == 1e-3
    assert tolerances.of("tables", "others", "b") == Tolerance()
    unfit = ("{of: [tables, rows], relative: 0.1}", "{of: [t], why: x}", "{of: [t], wide: 1, why: x}")
    malformed = ("3", "[1]", "{of: t, levels: 1, why: x}", "{of: [t], levels: many, why: x}")
    for bad in [f"- {entry}" for entry in (*unfit, *malformed)]:
        path.write_text(bad)
        with pytest.raises(PaperError, match="declares no tolerance"):
            compare.load_tolerances(tmp_path)
