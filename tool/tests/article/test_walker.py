"""One reading of the article: what it is made of, and where each part stands."""

import pytest

from paperbuild.article.text import include_target, read


@pytest.fixture
def root(tmp_path):
    for name, text in {
        "paper.qmd": "---\nlang: en\nbibliography: [a.bib, b.bib]\ncsl: style.csl  # ours\n---\n\n"
        "{{< include parts/one.md >}}\n\n{{< include /shared.md >}}\n\n@one {{< meta n.a >}}\n\n"
        "```\n![no](figures/code)\n```\n\n![yes](figures/drawn){#fig-drawn} ![far](https://x.org/y.png)\n",
        "parts/one.md": "{{< include two.md >}}\n\n{{< include ../shared.md >}}\n\n"
        "<!-- {{< include no.md >}} -->\n",
        "parts/two.md": '::: {.abstract lang="ru"}\n{{< meta c.a >}}\n:::\n\n@fig-drawn ![](photo.jpg)\n',
        "shared.md": "Text.\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_each_file_is_read_once_in_reading_order(root):
    article = read(root)
    assert [text.path for text in article.manuscripts] == [
        "paper.qmd",
        "parts/one.md",
        "parts/two.md",
        "shared.md",
    ]
    assert [(one.name, one.where) for one in article.included] == [
        ("parts/one.md", "paper.qmd:7"),
        ("parts/two.md", "parts/one.md:1"),
        ("shared.md", "parts/one.md:3"),
        ("shared.md", "paper.qmd:9"),
    ]
    assert article.problems == []


def test_every_use_has_its_place_and_bound_keys_their_language(root):
    article = read(root)
    assert [(one.name, one.where, one.language) for one in article.bound] == [
        ("n.a", "paper.qmd:11", ""),
        ("c.a", "parts/two.md:2", "ru"),
    ]
    assert [one.where for one in article.cited] == ["paper.qmd:11"]
    assert [(one.name, one.where) for one in article.referred] == [("fig-drawn", "parts/two.md:5")]
    assert [(one.name, one.where) for one in article.defined] == [("fig-drawn", "paper.qmd:17")]


def test_files_are_those_the_document_is_made_of(root):
    names = {path.relative_to(root).as_posix() for path in read(root).files(".png")}
    assert names == {
        *("paper.qmd", "parts/one.md", "parts/two.md", "shared.md"),
        *("a.bib", "b.bib", "style.csl", "figures/drawn.png", "photo.jpg"),
    }


def test_listed_bibliographies_are_found_too(root):
    (root / "paper.qmd").write_text("---\nbibliography:\n  - a.bib\n  - 'b.bib'\ntitle: x\n---\n")
    assert [one.name for one in read(root).named_files] == ["a.bib", "b.bib"]


def test_what_is_named_and_missing_counts_among_the_files(root):
    (root / "shared.md").unlink()
    article = read(root)
    assert root / "shared.md" in article.files(".svg")
    assert [one.where for one in article.unread] == ["parts/one.md:3", "paper.qmd:9"]


def test_a_circle_is_told_where_it_closes(root):
    (root / "parts/two.md").write_text("{{< include one.md >}}\n")
    (one,) = read(root).problems
    assert (one.where, one.message) == (
        "parts/two.md:1",
        "includes parts/one.md, which includes this file",
    )


@pytest.mark.parametrize(
    ("path", "name", "target"),
    [
        ("paper.qmd", "a.md", "a.md"),
        ("text/a.md", "b.md", "text/b.md"),
        ("text/a.md", "../b.md", "b.md"),
        ("text/a.md", "./deep/../b.md", "text/b.md"),
        ("text/a.md", "/b.md", "b.md"),
        ("paper.qmd", "../../b.md", "../../b.md"),
    ],
)
def test_includes_lead_from_the_including_file_or_the_root(path, name, target):
    assert include_target(path, name) == target


def test_line_ends_of_other_systems_change_nothing(root):
    before = [text.text for text in read(root).manuscripts]
    for path in (*root.glob("*.*d"), *root.glob("parts/*")):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [text.text for text in read(root).manuscripts] == before
