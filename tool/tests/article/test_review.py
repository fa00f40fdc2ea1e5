"""`paper review`: a DOCX that co-authors edited comes home to the source, and nothing of it is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import docx
import hypothesis.strategies as st
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given
from sample_article import edit, job, line, make_article
from word_edits import (
    BEN,
    find,
    join_with_next,
    put_in,
    put_paragraph,
    remark,
    take_out,
    type_over,
)

from paperbuild.article.manuscript import Manuscript
from paperbuild.article.review import edition_of
from paperbuild.article.review import review as look
from paperbuild.article.text import Article, read
from paperbuild.article.tracked import Edited, Hand, Paragraph, Piece, unrecorded
from paperbuild.article.typesetting import render
from paperbuild.cli.main import main
from paperbuild.project.manifest import Manifest
from paperbuild.proof.documents import document_text

IDENTITY = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")
MANIFEST = {
    "numbers": {
        "sample.regions": {"value": 12, "text": "12", "notebook": "01-sample", "cell": "count"},
        "sample.slope": {"value": -0.5, "text": "−0.5", "notebook": "01-sample", "cell": "fit"},
    },
    "outputs": [
        {"path": "tables/regions.md", "kind": "table", "notebook": "01-sample", "cell": "list"},
        {"path": "figures/trend.svg", "kind": "figure", "notebook": "01-sample", "cell": "draw"},
    ],
    "documents": [],
}


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "a change")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The sample article under git, and its DOCX built from the commit."""
    root = make_article(tmp_path_factory.mktemp("review") / "article")
    edit(root, "may be *emphasised*", "may be rather *plainly emphasised* here")
    (root / "analysis").mkdir()
    (root / "analysis/parameters.yml").write_text("notebooks: {}\n")
    (root / "figures/manifest.json").write_text(json.dumps(MANIFEST))
    (root / ".gitignore").write_text("build/\n_output/\n")
    git(root, "init", "-q")
    # As a build commits it: the text of the document in which nothing was changed.
    (root / "text/paper.docx.txt").write_text(document_text(render(job(root, "docx"))[0]))
    numbers = root / "build/results/numbers.yml"
    build = {"commit": commit(root), "dirty": False}
    kept = numbers.read_text().partition("build:")[0]
    numbers.write_text(f"{kept}build: {json.dumps(build)}\n")
    shutil.copy(render(job(root, "docx"))[0], root / "build/paper.docx")
    return root


@pytest.fixture
def root(built, tmp_path) -> Path:
    shutil.copytree(built, tmp_path / "article")
    return tmp_path / "article"


@pytest.fixture
def document(root):
    return docx.Document(str(root / "build/paper.docx"))


def review(root: Path, document, capsys, *options: str) -> tuple[int, str]:
    """Run the command on the edited document; what it prints has no line too many."""
    path = root / "build/edited.docx"
    document.save(str(path))
    code = main(["--project", str(root), "review", str(path), *options])
    return code, capsys.readouterr().out


def source(root: Path, name: str = "paper.qmd") -> str:
    return (root / name).read_text(encoding="utf-8")


def test_a_document_that_nobody_changed_changes_nothing(root, document, capsys):
    assert review(root, document, capsys) == (0, "changes: 0\ncomments: 0\nnot brought home: 0\n")


def test_changed_words_become_a_patch_with_author_and_date(root, document, capsys):
    type_over(document, "Typesetting has been described", "Typesetting was described", BEN)
    code, told = review(root, document, capsys)
    place = line(root, "Typesetting has been described")
    assert code == 0
    assert (
        f"paper.qmd:{place}: Ben, 2026-02-04: “Typesetting has been described” → “Typesetting was described”"
        in told
    )
    before = source(root)
    applied = subprocess.run(
        ["git", "apply"], cwd=root, input=told, text=True, check=False, capture_output=True
    )
    assert applied.returncode == 0, applied.stderr
    assert source(root) == before.replace("Typesetting has been described", "Typesetting was described")


def test_with_apply_the_source_is_changed_and_nothing_else_of_it(root, document, capsys):
    before = source(root)
    type_over(document, "stands beside", "is set beside")
    put_in(document, "begins with a number", " of regions")
    type_over(document, "A note follows.", "")
    assert review(root, document, capsys, "--apply")[0] == 0
    expected = before.replace("stands beside", "is set beside").replace(
        "begins with a number", "begins with a number of regions"
    )
    assert source(root) == expected.replace("A note follows.", "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("made-up regions", "invented regions"),  # the title, in the front matter
        ("none of it is real", "nothing of it is real"),  # the abstract
        ("Detail", "Details"),  # a heading
        ("The made-up trend of", "An invented trend of"),  # the caption of a figure
        ("Persons in thousands", "People in thousands"),  # of a table
        ("Negative rates carry", "Falling rates have"),  # in a callout
        ("Second point", "Another point"),  # an item of a list
        ("code", "source"),  # in code
        ("по-русски", "русским языком"),  # in a span
    ],
)
def test_prose_of_every_kind_is_changed_where_it_stands(root, document, capsys, old, new):
    before = source(root)
    type_over(document, old, new)
    assert review(root, document, capsys, "--apply")[0] == 0
    assert source(root).replace(new, old) == before
    assert source(root) != before


def test_a_picture_that_was_taken_out_names_its_notebook(root, document, capsys):
    (drawing,) = document.element.body.iter(qn("w:drawing"))
    run = drawing.getparent()
    gone = OxmlElement("w:del")
    gone.set(qn("w:author"), "Ada")
    run.addprevious(gone)
    gone.append(run)
    code, told = review(root, document, capsys)
    assert code == 1
    assert "Ada took out or replaced the picture of fig-trend" in told
    assert "analysis/01-sample.ipynb, cell draw, draws it" in told


def test_no_blank_is_left_where_a_sentence_ended_a_paragraph(root, document, capsys):
    type_over(document, "yet it opens no list.", "")
    assert review(root, document, capsys, "--apply")[0] == 0
    assert "a number and a stop,\n\n[^note]" in source(root)


def test_text_that_an_included_file_holds_is_changed_there(root, document, capsys):
    inner = source(root, "text/appendix.md")
    word = next(word for word in inner.split() if len(word) > 6 and word.isalpha() and inner.count(word) == 1)
    type_over(document, word, "altogether")
    assert review(root, document, capsys, "--apply")[0] == 0
    assert source(root, "text/appendix.md") == inner.replace(word, "altogether")


def test_a_number_typed_over_is_no_edit_but_names_its_notebook(root, document, capsys):
    before = source(root)
    type_over(document, "The sample holds 12 regions", "The sample has 13 regions")
    code, told = review(root, document, capsys, "--apply")
    assert code == 1
    assert source(root) == before.replace("The sample holds {{<", "The sample has {{<")
    assert "“12” → “13”, which is n.sample.regions" in told
    assert "analysis/01-sample.ipynb, cell count, computes n.sample.regions" in told


def test_a_sentence_leaves_with_its_number_and_says_so(root, document, capsys):
    type_over(document, "12. This paragraph begins with a number and a stop, yet it opens no list.", "")
    code, told = review(root, document, capsys, "--apply")
    assert code == 0
    assert "(with it: n.sample.regions)" in told
    assert "This paragraph begins" not in source(root)


def test_a_cell_typed_over_names_table_and_notebook(root, document, capsys):
    before = source(root)
    cell = next(row.cells[1].text for table in document.tables[:1] for row in table.rows[1:])
    table = document.tables[0]._tbl
    assert cell in "".join(table.itertext())
    type_over(document, cell, "77")
    code, told = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (1, before)
    assert f"Ada, 2026-02-03 changed a cell of tbl-regions: “{cell}” → “77”" in told
    assert "analysis/01-sample.ipynb, cell list, makes tables/regions.md" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Figure\u00a01", "Figure 7", "made from @fig-trend"),
        ("Knuth 1984", "Knuth 1986", "made from"),
        ("Lamport", "Lampert", "@lamport1994"),
    ],
)
def test_what_the_build_wrote_is_told_with_what_it_is_made_from(root, document, capsys, old, new, told):
    before = source(root)
    type_over(document, old, new)
    code, said = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (1, before)
    assert told in said


def test_marks_of_markdown_stay_whole(root, document, capsys):
    type_over(document, "plainly emphasised", "emphasised")
    assert review(root, document, capsys, "--apply")[0] == 0
    assert "may be rather *emphasised* here" in source(root)


def test_a_change_that_would_tear_marks_apart_is_told_at_its_line(root, document, capsys):
    before = source(root)
    type_over(document, "rather plainly", "wholly")
    code, told = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (1, before)
    assert f"paper.qmd:{line(root, 'rather *plainly')}: Ada, 2026-02-03: “rather plainly” → “wholly”" in told


def test_what_came_is_written_as_markdown(root, document, capsys):
    put_in(document, "A note follows.", " It costs $5*n* [sic], says [@knuth1984].")
    put_in(document, "stands beside a displayed formula", " of “some” length", look="i")
    assert review(root, document, capsys, "--apply")[0] == 0
    assert r"A note follows. It costs \$5\*n\* \[sic\], says [@knuth1984].[^note]" in source(root)
    assert 'stands beside a displayed formula *of "some" length*.' in source(root)


def test_paragraphs_come_leave_and_join(root, document, capsys):
    put_paragraph(document, "displayed formula", "A paragraph of its own.")
    take_out(document, "This paragraph begins with a number")
    assert review(root, document, capsys, "--apply")[0] == 0
    text = source(root)
    assert "stands beside a displayed formula.\n\nA paragraph of its own.\n\n$$\n" in text
    assert "follows.[^note]\n\n[^note]: Notes" in text


def test_two_paragraphs_become_one(root, document, capsys):
    join_with_next(document, "A note follows.")
    assert review(root, document, capsys, "--apply")[0] == 0
    assert "A note follows.[^note]\n{{< meta n.sample.regions >}}. This paragraph" in source(root)


def test_comments_are_listed_with_their_line_and_written_on_request(root, document, capsys):
    remark(document, "12. This", "Is this -- still -- true?")
    place = line(root, "This paragraph begins")
    code, told = review(root, document, capsys)
    assert code == 0
    assert f"  paper.qmd:{place}: Ada" in told
    assert "on “12. This”: Is this -- still -- true?" in told
    assert review(root, document, capsys, "--comments", "--apply")[0] == 0
    text = source(root)
    assert (
        "on “12. This”: Is this – still – true? -->\n\n{{< meta n.sample.regions >}}. This paragraph" in text
    )
    before = (root / "build/paper.docx").read_bytes()
    assert render(job(root, "docx"))[0].read_bytes() == before, "a comment prints nothing"


def test_what_has_no_place_in_the_source_is_listed(root, document, capsys):
    type_over(document, "Addison-Wesley", "Somebody")
    code, told = review(root, document, capsys)
    assert code == 1
    assert "edited.docx: Ada, 2026-02-03: “Addison-Wesley” → “Somebody”" in told


def test_a_caption_leaves_with_its_float_alone(root, document, capsys):
    before = source(root)
    caption = find(document, "The regions of the sample.")
    take_out(document, "The regions of the sample.")
    assert caption is not None
    code, told = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (1, before)
    assert "Ada, 2026-02-03 took out the caption of tbl-regions" in told
    assert "expected: a figure or table leaves as a whole" in told


def test_a_look_that_was_changed_is_told_and_no_edit(root, document, capsys):
    before = source(root)
    run = next(find(document, "stands beside").iter(qn("w:r")))
    properties = run.get_or_add_rPr()
    properties.append(OxmlElement("w:b"))
    change = OxmlElement("w:rPrChange")
    change.set(qn("w:author"), "Ada")
    properties.append(change)
    code, told = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (1, before)
    assert f"paper.qmd:{line(root, 'stands beside')}: Ada: the look of “Inline mathematics such as" in told
    assert "expected: words only" in told


def test_a_cell_of_a_table_that_no_notebook_makes_is_edited_by_hand(root, document, capsys):
    before = source(root)
    cell = document.tables[1].rows[1].cells[0].text
    type_over(document, cell, "Elsewhere")
    code, told = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (1, before)
    assert f"changed a cell of tbl-wide: “{cell}” → “Elsewhere”" in told
    assert "expected: an edit of the table in the source by hand" in told


def test_a_remark_on_a_cell_stands_before_its_table(root, document, capsys):
    remark(document, document.tables[0].rows[1].cells[0].text, "Which one?")
    code, told = review(root, document, capsys)
    assert code == 0
    place = line(root, "The regions of the sample.")
    assert "Which one?" in told
    assert f"paper.qmd:{place - 4}" in told or f"paper.qmd:{place}" in told, told


@pytest.mark.parametrize(
    "behind", ["A sample article about", "The made-up trend of", "The regions of the sample."]
)
def test_behind_a_title_or_a_caption_comes_no_paragraph(root, document, capsys, behind):
    before = source(root)
    put_paragraph(document, behind, "A motto of its own.")
    code, told = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (1, before)
    assert "Ada, 2026-02-03: “A motto of its own.” put in" in told
    assert "expected: a caption, a title or a heading of one paragraph" in told


def test_a_paragraph_that_comes_behind_a_heading_leaves_it_whole(root, document, capsys):
    put_paragraph(document, "Detail", "A paragraph of its own.")
    assert review(root, document, capsys, "--apply")[0] == 0
    assert "## Detail {#sec-detail}\n\nA paragraph of its own.\n\nInline mathematics" in source(root)


def test_an_abstract_takes_another_paragraph(root, document, capsys):
    put_paragraph(document, "none of it is real", "Nor is this.")
    assert review(root, document, capsys, "--apply")[0] == 0
    assert "none of it is real.\n  \n  Nor is this.\nkeywords:" in source(root)


def test_a_source_that_moved_on_is_merged_and_a_collision_is_told(root, document, capsys):
    type_over(document, "stands beside", "is set beside")
    type_over(document, "has been described", "was described")
    edit(
        root,
        "# Introduction {#sec-introduction}",
        "A new first paragraph.\n\n# Introduction {#sec-introduction}",
    )
    edit(root, "stands beside", "is printed beside")
    commit(root)
    before = source(root)
    code, told = review(root, document, capsys, "--apply")
    assert code == 1
    assert source(root) == before.replace("has been described", "was described")
    assert "the source says something else here by now" in told
    assert "remedy:   take the change over by hand: 'is set beside'" in told


def test_bringing_the_same_document_home_twice_is_bringing_it_home_once(root, document, capsys):
    put_in(document, "begins with a number", " of regions")
    review(root, document, capsys, "--apply")
    once = source(root)
    code, told = review(root, document, capsys, "--apply")
    assert (code, source(root)) == (0, once)
    assert "+++" not in told


def test_a_document_without_its_commit_asks_for_one(root, document, capsys):
    path = root / "build/edited.docx"
    plain = docx.Document()
    plain.add_paragraph("A text.")
    plain.save(str(path))
    assert main(["--project", str(root), "review", str(path)]) == 1
    assert "--base COMMIT" in capsys.readouterr().err
    assert main(["--project", str(root), "review", str(path), "--base", "HEAD"]) == 1
    assert "it was not built from" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"<html>"])
def test_a_file_that_is_no_docx_is_refused(root, capsys, content):
    (root / "build/edited.docx").write_bytes(content)
    assert main(["--project", str(root), "review", str(root / "build/edited.docx")]) == 1
    assert "cannot be read as a DOCX" in capsys.readouterr().err


def test_words_changed_while_nothing_was_recorded_are_found_by_the_committed_text(root, document, capsys):
    paragraph = find(document, "begins with a number")
    for text in paragraph.iter(qn("w:t")):
        text.text = text.text.replace("begins with", "starts from")
    cell = document.tables[0].rows[1].cells[1]
    was = cell.text
    cell.paragraphs[0].runs[0].text = "77"
    code, told = review(root, document, capsys, "--apply")
    assert code == 1
    assert "not recorded as a change: “begins” → “starts”" in told
    assert "}}. This paragraph starts from a number and a stop" in source(root)
    assert f"not recorded as a change changed a cell of tbl-regions: “{was}” → “77”" in told


def office_python() -> str:
    """A Python that can talk to LibreOffice; the test is skipped where there is none."""
    candidates = [sys.executable, "/usr/bin/python3"]
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    for python in candidates:
        if subprocess.run([python, "-c", "import uno"], capture_output=True, check=False).returncode == 0:
            return python
    pytest.skip("no Python with uno (python3-uno) is installed")


def test_a_document_edited_by_libreoffice_comes_home(root, tmp_path, capsys):
    edited = tmp_path / "edited.docx"
    script = Path(__file__).with_name("office.py")
    done = subprocess.run(
        [
            office_python(),
            str(script),
            str(root / "build/paper.docx"),
            str(edited),
            str(tmp_path / "profile"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    before = source(root)
    code = main(["--project", str(root), "review", str(edited), "--apply"])
    told = capsys.readouterr().out
    assert code == 1
    expected = before.replace("has been described", "was described").replace("A note follows.", "")
    assert source(root) == expected.replace("opens no list", "starts no list")
    assert "“12” → “13”, which is n.sample.regions" in told
    assert "changed a cell of tbl-regions" in told
    assert f"paper.qmd:{line(root, 'stands beside')}: Ada on “stands beside”: Is that so?" in told
    assert "not recorded as a change: “opens” → “starts”" in told
    assert told.count("expected:") == 2, "nothing else is held"


BOUND = """\
Births [rose]{when="a.change > 0"} by {{< meta n.a.change >}} per cent,
and *deaths* [fell|rose]{if="a.d < 0"}.
"""
ADA = Hand("Ada", "2026-02-03T10:00:00Z")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rose", "grew", 'Ada, 2026-02-03: “rose” → “grew”, which rests on when="a.change > 0"'),
        ("fell", "sank", 'Ada, 2026-02-03: “fell” → “sank”, which rests on if="a.d < 0"'),
        ("4.2", "4.3", "Ada, 2026-02-03: “4.2” → “4.3”, which is n.a.change"),
    ],
)
def test_a_word_that_rests_on_a_result_is_no_edit_but_names_what_it_rests_on(tmp_path, old, new, told):
    (tmp_path / "paper.qmd").write_text(BOUND, encoding="utf-8")
    where = line(tmp_path, "{{<" if old == "4.2" else old)
    number = {"value": 4.2, "text": "4.2", "notebook": "01-a", "cell": "births"}
    before, after = "Births rose by 4.2 per cent, and deaths fell.".split(old, 1)
    pieces = [Piece(before), Piece(old, "went", ADA), Piece(new, "came", ADA), Piece(after)]
    found = look(
        Edited("", False, (Paragraph(pieces=pieces),), ()),
        read(tmp_path),
        Manifest(numbers={"a.change": number, "a.d": {**number, "cell": "deaths"}}),
        "edited.docx",
    )
    assert found.edits == ()
    (held,) = found.held
    assert (held.where, held.message) == (f"paper.qmd:{where}", told)
    assert "analysis/01-a.ipynb, cell" in held.remedy


def test_a_change_in_a_passage_that_rests_on_a_result_says_so(tmp_path):
    (tmp_path / "paper.qmd").write_text('::: {when="a.d < 0"}\nDeaths fell.\n:::\n', encoding="utf-8")
    pieces = [Piece("Deaths "), Piece("fell", "went", ADA), Piece("sank", "came", ADA), Piece(".")]
    edited = Edited("", False, (Paragraph(pieces=pieces),), ())
    (edit,) = look(edited, read(tmp_path), Manifest(), "edited.docx").edits
    assert (edit.new, edit.said) == (
        "sank",
        '“fell” → “sank” (in a passage that rests on when="a.d < 0")',
    )


def test_a_document_of_an_edition_comes_home_to_the_text_of_that_edition():
    texts = {
        "": Manuscript("paper.qmd", "Births in large cities rose by {{< meta n.a.change >}} per cent."),
        "ru": Manuscript("paper.ru.qmd", "\nВ больших городах родилось на {{< meta n-gen.a >}} % больше."),
    }
    editions = {language: Article(Path(), (text,), (), ()) for language, text in texts.items()}
    pieces = [Piece("В "), Piece("больших", "went", ADA), Piece("крупных", "came", ADA)]
    pieces += [Piece(" городах родилось на "), Piece("4,2", "went", ADA), Piece("4,3", "came", ADA)]
    paragraph = Paragraph(pieces=[*pieces, Piece(" % больше.")])
    edited = Edited("", False, (paragraph,), ())
    assert edition_of(edited, editions) == "ru"
    numbers = {"a": {"value": 4.2, "text": "4.2", "notebook": "01-a", "cell": "c"}}
    found = look(edited, editions["ru"], Manifest(numbers=numbers), "edited.docx")
    assert [(edit.place, edit.new) for edit in found.edits] == [("paper.ru.qmd:2", "крупных")]
    assert [held.remedy for held in found.held] == ["analysis/01-a.ipynb, cell c, computes n-gen.a"]


def test_blanks_that_no_line_breaks_are_no_change():
    before = Edited("", False, (Paragraph(pieces=[Piece("Births\u00a0— of 4,2\u202f% fell.")]),), ())
    (paragraph,) = unrecorded(before, ["Births — of 4,2 % rose."])[0].paragraphs
    assert [(one.text, one.fate) for one in paragraph.pieces if one.fate != "kept"] == [
        ("rose", "went"),
        ("fell", "came"),
    ]


@given(st.data())
def test_any_word_typed_over_changes_that_word_of_the_source_and_no_other(data):
    """Whatever words a text has and however its lines break, marks and citations between them."""
    words = data.draw(st.lists(st.from_regex(r"[a-z]{2,6}", fullmatch=True), min_size=4, max_size=30))
    at = data.draw(st.integers(0, len(words) - 1))
    gaps = data.draw(st.lists(st.sampled_from([" ", "\n"]), min_size=len(words), max_size=len(words)))
    noted = data.draw(st.sets(st.integers(0, len(words) - 1)))
    source = "".join(
        f"{word}{' [@key2001]' if n in noted else ''}{gap}"
        for n, (word, gap) in enumerate(zip(words, gaps, strict=True))
    )
    shown = [f"{word}{' (Key 2001)' if n in noted else ''} " for n, word in enumerate(words)]
    rest = shown[at].removeprefix(words[at])
    pieces = [Piece("".join(shown[:at])), Piece(words[at], "went", ADA), Piece("NEW", "came", ADA)]
    paragraph = Paragraph(pieces=[*pieces, Piece(rest + "".join(shown[at + 1 :]))])
    text = Manuscript("paper.qmd", source)
    edited = Edited("", False, (paragraph,), ())
    found = look(edited, Article(Path(), (text,), (), ()), Manifest(), "edited.docx")
    (edit,) = found.edits
    changed = source[: edit.start] + edit.new + source[edit.end :]
    expected = [*words[:at], "NEW", *words[at + 1 :]]
    assert changed.replace("[@key2001]", "").split() == expected
    assert changed.count("[@key2001]") == len(noted)
