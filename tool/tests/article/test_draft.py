"""The page after an edit of prose, without the rest: what the draft shows is what a build makes."""

from __future__ import annotations

import threading

import pytest
from sample_article import edit, job, make_article
from selenium.webdriver.support.ui import WebDriverWait

from browser import CHROMIUM, DRIVER, MISSING, chromium
from paperbuild.article.draft import blocks, draft, shown
from paperbuild.article.typesetting import render
from paperbuild.cli.preview import HOST, Board, server


@pytest.fixture
def root(tmp_path):
    return make_article(tmp_path / "article")


def page_of(root):
    return shown(root, render(job(root, "html"))[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stands beside a displayed formula", "stands, as it *should*, beside a displayed formula"),
        ("Negative rates carry a true", "Rates below zero carry a true"),
        ("This paragraph begins", "This one begins"),
        ("it refers back to @sec-results", "back it refers to @sec-results"),
    ],
    ids=["prose", "callout", "behind a number", "cross reference"],
)
def test_a_draft_is_the_page_that_a_build_makes(root, old, new):
    before = page_of(root)
    name = "paper.qmd" if old in (root / "paper.qmd").read_text(encoding="utf-8") else "text/appendix.md"
    edit(root, old, new, name)
    found = draft(root, before)
    built = page_of(root)
    assert built.page != before.page
    assert found is not None
    assert found.page == built.page
    # The next edit of the same block starts from there.
    edit(root, new, old, name)
    again = draft(root, found)
    assert again is not None
    assert again.page == before.page


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## Detail {#sec-detail}", "## Details {#sec-detail}"),
        ("`code`, ", "`code`, [@knuth1984], "),
        ("The regions of the sample.", "All regions."),
        ("A note follows.", "Here a note follows."),
        ("{#eq-slope}", "{#eq-line}"),
        ("A sample article", "The sample article"),
        ("stands beside", "stands, says {{< meta no.such >}}, beside"),
    ],
    ids=["heading", "citation", "caption", "beside a note", "name", "front matter", "error"],
)
def test_what_reaches_further_is_left_to_a_build(root, old, new):
    before = page_of(root)
    text = (root / "paper.qmd").read_text(encoding="utf-8")
    assert old in text
    (root / "paper.qmd").write_text(text.replace(old, new, 1), encoding="utf-8")
    assert draft(root, before) is None


def test_blocks_are_parted_by_blank_lines_outside_fences():
    body = "One\nline.\n\n\n::: {.note}\nA\n\n::: {.inner}\nB\n\n:::\n\n:::\n\n```\n:::\n\nx\n```\nEnd.\n"
    assert list(blocks(body)) == [
        "One\nline.",
        "::: {.note}\nA\n\n::: {.inner}\nB\n\n:::\n\n:::",
        "```\n:::\n\nx\n```\nEnd.",
    ]


@pytest.fixture(scope="module")
def browser():
    if not (CHROMIUM and DRIVER):
        pytest.skip(MISSING)
    with chromium() as found:
        yield found


@pytest.fixture
def previewed(root):
    """The sample article as `paper preview` serves it: its folder, its page, the board, the address."""
    (page,) = render(job(root, "html"))
    board = Board()
    web = server(page.parent, board, 0)
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield page, board, f"http://{HOST}:{web.server_address[1]}/paper.html"
    board.close()
    web.shutdown()
    web.server_close()


def test_an_edit_changes_its_paragraph_alone_and_keeps_the_place(root, previewed, browser):
    page, board, address = previewed
    before = shown(root, page)
    driver = browser.driver
    driver.get(address)
    figure = driver.find_element("css selector", "#fig-trend")
    browser.run("scrollTo({top: document.body.scrollHeight / 2, behavior: 'instant'})")
    seen = "return document.querySelector('#tbl-wide').getBoundingClientRect().top"
    place = browser.run(seen)
    assert browser.run("return scrollY") > 100
    edit(root, "stands beside a displayed formula", "stands by a displayed formula, says @tbl-regions")
    after = draft(root, before)
    assert after is not None
    board.draft = after.page
    board.post(version=board.state()["version"] + 1)
    text = "return document.querySelector('main').textContent.includes('stands by a displayed formula')"
    WebDriverWait(driver, 10).until(lambda _: browser.run(text))
    # The page was not loaded again: what stood there still does, and is where it was.
    assert figure.is_displayed()
    assert browser.run(seen) == pytest.approx(place, abs=2)
    # What came has what the page's script gives its blocks.
    link = "const all = document.querySelectorAll('main p a.xref[href=\"#tbl-regions\"]');"
    browser.run(link + "all[all.length - 1].dispatchEvent(new PointerEvent('pointerenter'))")
    WebDriverWait(driver, 10).until(
        lambda _: browser.run("return !document.getElementById('preview').hidden")
    )
    assert not [line for line in browser.errors() if "favicon" not in line]
