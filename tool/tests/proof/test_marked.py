"""`paper diff --marked`: two states as one text. Pandoc's own reader takes tracked changes over or back."""

import argparse
import io
import json
import os
import re
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image

from paperbuild.article.embedded import pandoc
from paperbuild.article.readers import html_text, pdf_text
from paperbuild.cli import diff as cli
from paperbuild.ground.errors import PaperError, UsageError
from paperbuild.project.layout import Project

FRONT = """---
title: "{title}"
author: "A. Author"
keywords: [{keywords}]
bibliography: references.bib
abstract: |
  {abstract}
---
"""
OLD = """
# Towns {#sec-towns}

The towns *grew quickly* by {{< meta n.growth >}} per cent [see @one2001, p. 3], as @fig-map shows.[^1]
Nobody knows why; "reasons" vary.

[^1]: A note on the old census.

- first thing
- second thing
- third thing

A paragraph that will go away altogether, with @tbl-gone in it.

![A map of towns.](figures/map){#fig-map fig-alt="A map"}

::: {#tbl-rows}
{{< include tables/rows.md >}}

Towns by year.
:::

::: {#tbl-gone}
| a | b |
|---|--:|
| x | 1 |

A table that goes.
:::

$$ a = b $$ {#eq-one}

# References {.unnumbered}

::: {#refs}
:::
"""
NEW = OLD
for before, after in {
    "*grew quickly* by": "*grew slowly* by",
    "see @one2001, p. 3": "@two2002",
    "old census": "new census",
    "- second thing\n": "- second thing\n- another thing\n",
    "A paragraph that will go away altogether, with @tbl-gone in it.\n\n": "",
    "A map of towns.": "A map of all towns.",
    'fig-alt="A map"': 'fig-alt="A map from above"',
    OLD[OLD.index("::: {#tbl-gone}") : OLD.index("$$ a")]: "A wholly new paragraph stands here.\n\n",
    "a = b": "a = c",
}.items():
    assert before in NEW
    NEW = NEW.replace(before, after)
OLD_ROWS = "| town | 2000 | 2010 |\n|:--|--:|--:|\n| A | 1 | 2 |\n| B | 3 | 4 |\n| C | 5 | 6 |\n"
NEW_ROWS = "| town | 2000 | 2010 |\n|:--|--:|--:|\n| A | 1 | 7 |\n| C | 5 | 6 |\n| D | 8 | 9 |\n"
BIB = """@book{one2001, author = {One, Ann}, title = {A first book}, year = {2001}, publisher = {P}}
@book{two2002, author = {Two, Bea}, title = {A second book}, year = {2002}, publisher = {P}}
"""


def png(level):
    buffer = io.BytesIO()
    Image.fromarray(np.full((60, 90, 3), level, dtype=np.uint8)).save(buffer, format="PNG", dpi=(200, 200))
    return buffer.getvalue()


def lay_out(root, body, rows, growth, level, title="Towns", abstract="Towns grow.", keywords="town, map"):
    numbers = {
        "growth": {"value": growth, "text": str(growth), "format": "", "notebook": "01-x", "cell": "g"}
    }
    output = {"path": "figures/map.png", "notebook": "01-x", "cell": "map", "kind": "figure"}
    manifest = {"outputs": [output], "documents": [], "numbers": numbers}
    drawn = f'width="90" height="60"><rect width="{level}" height="9"/></svg>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {drawn}'
    files = {
        "analysis/parameters.yml": b"notebooks: {}",
        "_quarto.yml": b"project: {type: default}\n",
        "references.bib": BIB.encode(),
        "figures/map.png": png(level),
        "figures/map.svg": svg.encode(),
        "tables/rows.md": rows.encode(),
        "figures/manifest.json": json.dumps(manifest).encode(),
        "paper.qmd": (FRONT.format(title=title, abstract=abstract, keywords=keywords) + body).encode(),
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def commit(root, author, date):
    """Commit all that lies there."""
    who = {"NAME": author, "EMAIL": f"{author}@example.org", "DATE": f"{date}T23:30:00-0200"}
    names = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "a change"]):
        subprocess.run(["git", *command], cwd=root, check=True, env=os.environ | names)


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """Two folders; the newer one is under git, with the older state as `HEAD~2`."""
    folder = tmp_path_factory.mktemp("states")
    old = lay_out(folder / "old", OLD, OLD_ROWS, 10, 10)
    new = lay_out(folder / "new", OLD, OLD_ROWS, 10, 10)
    commit(new, "Ada", "2026-01-01")
    # Ben changes a word and breaks a line anew in which Cleo will change another.
    ben = OLD.replace("grew quickly", "grew\nslowly")
    lay_out(new, ben.replace("the old census", "the\nold census"), OLD_ROWS, 10, 10)
    commit(new, "Ben", "2026-02-01")
    lay_out(new, NEW, NEW_ROWS, 12, 200, "All towns", "All towns grow.", "town, growth")
    commit(new, "Cleo", "2026-03-01")
    return old, new


def run(old, new, **options):
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    args = parser.parse_args([str(old), str(new)])
    assert cli.main(Project(new), argparse.Namespace(**vars(args) | options)) == 0


@pytest.fixture(scope="module")
def marked(states, tmp_path_factory):
    old, new = states
    folder = tmp_path_factory.mktemp("marked")
    files = [folder / f"m.{suffix}" for suffix in ("docx", "html", "pdf")]
    run(old, new, marked=files, letter=folder / "letter.md", author="B. Editor")
    run("HEAD~2", new, marked=[folder / "hands.docx"])
    run(old, old, marked=[folder / "old.docx"])
    run(new, new, marked=[folder / "new.docx"])
    return folder


def plain(path, changes="accept"):
    command = [pandoc(), str(path), f"--track-changes={changes}", "-t", "plain", "--wrap=none"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def words(text):
    return re.sub(r"[-\s]+", " ", text)


@pytest.mark.parametrize(("changes", "version"), [("accept", "new"), ("reject", "old")])
def test_changes_taken_over_give_the_new_text_and_taken_back_the_old_one(marked, changes, version):
    found, expected = plain(marked / "m.docx", changes), plain(marked / f"{version}.docx")
    # Pandoc's reader drops the caption of two pictures in one paragraph.
    drop = re.compile(r"Figure.1: A map.*|\[A map[^]]*\]")
    assert "Towns by year" in found
    assert words(drop.sub("", found)) == words(drop.sub("", expected))


def test_words_and_not_whole_paragraphs_are_marked_each_with_its_author(marked):
    document = zipfile.ZipFile(marked / "m.docx").read("word/document.xml").decode()
    went = re.findall(r"<w:delText[^>]*>([^<]*)<", document)
    assert "quickly" in went
    assert "10" in went  # a bound number
    assert not any("The towns" in text for text in went)
    assert set(re.findall(r'<w:(?:ins|del) [^>]*w:author="([^"]*)"', document)) == {"B. Editor"}
    identifiers = re.findall(r'<w:(?:ins|del) w:id="(\d+)"', document)
    assert len(identifiers) == len(set(identifiers)) > 10


def test_history_tells_whose_each_change_is(marked):
    archive = zipfile.ZipFile(marked / "hands.docx")
    document = "".join(archive.read(f"word/{part}.xml").decode() for part in ("document", "footnotes"))
    hands = {}
    for change in re.finditer(r"<w:(ins|del) ([^>]*)>((?:(?!</w:\1>).)*)", document, re.DOTALL):
        author, date = (re.search(f'w:{key}="([^"]*)"', change[2])[1] for key in ("author", "date"))
        words = "".join(re.findall(r"<w:(?:delText|t)[ >][^<]*<", change[3]))
        hands[change[1], re.sub(r"<[^>]*>|<$", "", words).strip()] = (author, date)
    # The day is that in UTC.
    ben, cleo = ("Ben", "2026-02-02T01:30:00Z"), ("Cleo", "2026-03-02T01:30:00Z")
    assert hands["ins", "slowly"] == hands["del", "quickly"] == ben
    assert hands["ins", "new"] == hands["del", "old"] == cleo, "Ben only broke its line anew"
    assert hands["ins", "12"] == hands["del", "10"] == hands["ins", "7"] == cleo
    assert hands["ins", "Two, Bea. 2002. A Second Book. P."] == cleo, "with the citation of it"
    assert {author for author, _ in hands.values()} == {"Ben", "Cleo"}


def test_paragraphs_and_rows_come_and_go_with_their_ends(marked):
    document = zipfile.ZipFile(marked / "m.docx").read("word/document.xml").decode()
    gone = next(one for one in re.findall(r"<w:p>.*?</w:p>", document) if "will go away" in one)
    assert re.search(r"<w:pPr>.*<w:rPr><w:del .*</w:pPr>", gone)
    rows = [row for row in re.findall(r"<w:tr>.*?</w:tr>", document, re.DOTALL) if "<w:trPr>" in row]
    fates = [re.search(r"<w:trPr>.*?<w:(ins|del) ", row.split("</w:trPr>")[0]) for row in rows]
    told = [(re.sub("<[^>]*>", "", row)[:1], fate and fate[1]) for row, fate in zip(rows, fates, strict=True)]
    assert told[:5] == [("t", None), ("A", None), ("B", "del"), ("C", None), ("D", "ins")]


def test_a_changed_picture_is_shown_old_and_new(marked):
    with zipfile.ZipFile(marked / "m.docx") as archive:
        shown = {archive.read(name) for name in archive.namelist() if name.startswith("word/media/")}
    assert {png(10), png(200)} <= shown
    page = (marked / "m.html").read_text(encoding="utf-8")
    picture = page[page.index('id="fig-map"') :].split("<figcaption>")[0]
    assert re.search(r"<del[^>]*><img.*</del><ins[^>]*><img", picture, re.DOTALL)


def test_page_and_pdf_say_what_word_says(marked):
    page = (marked / "m.html").read_text(encoding="utf-8")
    assert re.search(r"<del[^>]*>quickly</del>", re.sub(r"</?em>", "", page))
    assert re.search(r"<h1 class=\"title\"><del[^>]*>Towns</del><ins[^>]*>All towns</ins></h1>", page)
    assert "<title>All towns</title>" in page
    assert 'href="paper.pdf"' not in page
    assert re.search(r"<strong>Keywords:</strong> town, <del[^>]*>map</del>, <ins[^>]*>growth</ins>", page)
    assert re.search(r'<ins[^>]* title="B. Editor', page)
    for text in (html_text(marked / "m.html"), pdf_text(marked / "m.pdf")):
        said = words(text)
        assert re.search(r"Changes since .*old: inserted, deleted; a figure that changed", said)
        for one in (
            "quickly",
            "slowly",
            "A table that goes",
            "A wholly new paragraph",
            "Two, Bea",
            "One, Ann",
        ):
            assert one in said


def test_a_reference_to_what_is_gone_keeps_its_number(marked):
    assert "with Table\u00a02 in it" in html_text(marked / "m.html")


def test_the_letter_lists_changes_by_section(marked):
    letter = (marked / "letter.md").read_text(encoding="utf-8")
    assert letter.index("## Title, abstract and keywords") < letter.index("## Towns")
    assert "grew ~~quickly~~ **slowly** by" in letter
    assert "- Keywords:" in letter
    assert "~~map~~ **growth**" in letter
    assert "- Description of the figure `fig-map`:" in letter
    assert "… A map **from above**" in letter
    assert "(see Figure" not in letter  # what was cited stays a citation
    assert "Figure\u00a01 shows" in letter
    assert "- `growth`: 10 → 12" in letter
    assert "~~B | 3 | 4~~" in letter
    assert "&" not in letter


def test_what_is_only_moved_is_not_taken_out(states, tmp_path):
    old, _ = states
    figure = '![A map of towns.](figures/map){#fig-map fig-alt="A map"}\n\n'
    moved = figure + OLD.replace(figure, "").lstrip()
    new = lay_out(tmp_path / "moved", "\n" + moved, OLD_ROWS, 10, 10)
    run(old, new, marked=[tmp_path / "m.docx"], letter=tmp_path / "l.md")
    document = zipfile.ZipFile(tmp_path / "m.docx").read("word/document.xml").decode()
    assert "w:delText" not in document
    assert "<w:ins " not in document
    assert document.count("<w:drawing>") == 1


def test_a_deposit_is_a_state(states, tmp_path):
    old, new = states
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        for path in sorted(old.rglob("*")):
            if path.is_file() and "build" not in path.parts:
                archive.write(path, path.relative_to(old).as_posix())
    run(tmp_path / "old.zip", new, marked=[tmp_path / "m.html"])
    assert "quickly" in (tmp_path / "m.html").read_text(encoding="utf-8")


def test_the_letter_is_in_the_language_of_the_article(states, tmp_path):
    old, new = (
        lay_out(tmp_path / name, f"\n{text}\n", OLD_ROWS, 1, 1)
        for name, text in (("old", "Города росли быстро."), ("new", "Города росли медленно."))
    )
    for root in (old, new):
        article = root / "paper.qmd"
        article.write_text(article.read_text().replace("keywords:", "lang: ru\nkeywords:"))
    run(old, new, letter=tmp_path / "letter.md")
    letter = (tmp_path / "letter.md").read_text(encoding="utf-8")
    assert letter.startswith("# Изменения в статье «Towns»")
    assert "- Текст:" in letter
    assert "~~быстро~~ **медленно**" in letter
    assert not re.search(r"[A-Za-z]{4,}", re.sub(r"«Towns»|\(.*?\)|версия — \S+|`.*?`", "", letter))


def test_wrong_use_is_told(states, tmp_path):
    old, new = states
    with pytest.raises(UsageError, match=r"no format for m\.odt"):
        run(old, new, marked=[tmp_path / "m.odt"])
    with pytest.raises(PaperError, match="neither a folder with figures/ nor a deposit nor a revision"):
        run("nowhere", new)
    broken = lay_out(tmp_path / "broken", "\n{{< meta n.nothing >}}\n", OLD_ROWS, 1, 1)
    with pytest.raises(PaperError, match=f"{broken}: no result named 'n.nothing'"):
        run(broken, new, marked=[tmp_path / "m.html"])
