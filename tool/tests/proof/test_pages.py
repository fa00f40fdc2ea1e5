"""Pages for readers: what they say, that what they show is never markup, that they need no network."""

import pytest
from bs4 import BeautifulSoup

from paperbuild.proof.certificate import Certificate
from paperbuild.proof.diff import Change, as_html
from paperbuild.proof.ladder import Comparison, Gap, Reason, Rung

NASTY = "<script>alert('x')</script> & Ко"
OUTPUTS = [
    Comparison("figures/a.png", Rung.DIFFERS, "sha256:1", "sha256:2", NASTY, picture=b"PNG"),
    Comparison("tables/a.csv", Rung.WITHIN_TOLERANCE, "sha256:1", "sha256:3", gap=Gap(1e-9, 1e-12, "row 1")),
    Comparison("tables/b.csv", Rung.IDENTICAL, "sha256:4", "sha256:4"),
    Comparison("numbers/a.b", Rung.DIFFERS, "1 (1.0)", "2 (2.0)", "another value", printed=True),
    Comparison("_output/paper.html", Rung.DIFFERS, "t", "u", "another text", ("−old words", "+new words")),
]


def page(outputs, **other):
    made = Certificate(NASTY, "c" * 40, "2026-01-02", 61.4, {"Python": "3.13"}, outputs, **other)
    return BeautifulSoup(made.as_html(), "html.parser")


def words(tag):
    return " ".join(tag.get_text(" ").split())


def test_the_verdict_stands_first_then_what_differs_and_the_rest_is_folded():
    made = page(OUTPUTS, notes=["a note"])
    first, block, differing, close, every = made.main.find_all("section", recursive=False)
    assert words(first).startswith("Partial Some outputs differ")
    assert "2 of 5 outputs reproduce" in words(first)
    assert words(block.dl).startswith("AEA class partial reproduction; Discrepancy in output Commit cccc")
    assert "a note" in words(block)
    assert Reason.VISUAL.meaning in words(block)
    assert [words(one.h3.code) for one in differing.find_all("article")] == [
        "figures/a.png",
        "_output/paper.html",
    ]
    assert "numbers/a.b differs 1 (1.0) 2 (2.0) another value" in words(differing)
    assert differing.find("pre").get_text() == "−old words\n+new words"
    assert "tables/a.csv" in words(close.details)
    assert not every.find("details", open=True)
    assert [words(one) for one in every.find_all("summary")] == [
        "Figures and tables 2 of 3 reproduce",
        "Numbers 0 of 1 reproduce",
        "Documents 0 of 1 reproduce",
    ]


def test_a_page_where_all_reproduces_speaks_of_no_difference():
    made = page(OUTPUTS[2:3])
    assert words(made.find(class_="word")) == "Full"
    assert "does not reproduce" not in words(made)


def test_the_last_lines_of_a_rebuild_that_stopped_are_shown():
    assert words(page([], failure=f"line 1\n{NASTY}").find("pre")) == f"line 1 {NASTY}"


@pytest.mark.parametrize(
    "made",
    [
        page(OUTPUTS, notes=[NASTY]),
        BeautifulSoup(as_html([Change("prose", NASTY, NASTY, (NASTY,), b"PNG")], "A", NASTY), "html.parser"),
    ],
    ids=["certificate", "diff"],
)
def test_what_is_shown_is_text_and_pictures_lie_in_the_page(made):
    assert made.find("script") is None
    assert NASTY in words(made)
    assert made.img["src"] == "data:image/png;base64,UE5H"
    assert made.img["alt"]
    assert not made.find_all("link")
    assert not [tag for tag in made.find_all(src=True) if not tag["src"].startswith("data:")]


def test_a_diff_counts_what_changed_by_kind():
    found = [
        Change("numbers", "a.b", "1 → 2"),
        Change("data", "data/a.csv", "cells changed: 1", ("A: 1 → 2",)),
    ]
    made = BeautifulSoup(as_html(found, "HEAD~1", "this folder"), "html.parser")
    assert words(made.h1) == "HEAD~1 → this folder"
    assert "data: 1 change, figures: no changes, tables: no changes, numbers: 1 change" in words(made)
    assert [words(one) for one in made.find_all("h2")] == ["Data", "Numbers"]
    assert "A: 1 → 2" in words(made)
