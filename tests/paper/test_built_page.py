"""The built article in a browser: what only its full length shows."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

import pytest

import browser as chrome

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "_output"
PAGE = OUTPUT / "paper.html"
# With the edition in Russian and the notebooks, as far as they are built.
PAGES = sorted(
    path.relative_to(OUTPUT).as_posix() for path in OUTPUT.glob("**/*.html") if "scenarios" not in path.parts
)

pytestmark = [
    pytest.mark.skipif(not (chrome.CHROMIUM and chrome.DRIVER), reason=chrome.MISSING),
    pytest.mark.skipif(not PAGE.is_file(), reason="the article is not built here (make paper)"),
]


@pytest.fixture(scope="module")
def browser():
    with chrome.chromium() as started:
        yield started


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser, name):
    """At the width of a phone, where every table scrolls. Contrast is tested with the tool."""
    browser.show(OUTPUT / name, 390)
    assert browser.violations({"rules": {"color-contrast": {"enabled": False}}}) == []
    assert browser.errors() == []
    assert browser.requests() == [(OUTPUT / name).as_uri()]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", chrome.THEMES)
@pytest.mark.parametrize("width", chrome.WIDTHS)
def test_axe_finds_nothing_anywhere(browser, name, width, theme):
    browser.show(OUTPUT / name, width, theme)
    assert browser.violations() == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", chrome.WIDTHS)
def test_nothing_is_wider_than_the_window(browser, name, width):
    browser.show(OUTPUT / name, width)
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_links_between_the_built_pages_resolve(browser):
    browser.show(PAGE)
    links = set(browser.run("return Array.from(document.links, (a) => a.href)"))
    pages: dict[Path, str] = {}
    dead = []
    for link in sorted(links):
        address, _, fragment = link.partition("#")
        path = Path(urllib.parse.unquote(urllib.parse.urlsplit(address).path))
        # Other forms are there when they were asked for, the certificate after `paper verify`.
        if (
            not address.startswith("file:")
            or path.suffix in (".pdf", ".docx")
            or path.name == "certificate.html"
        ):
            continue
        if path not in pages:
            pages[path] = path.read_text(encoding="utf-8")
        if fragment and f'id="{urllib.parse.unquote(fragment)}"' not in pages[path]:
            dead.append(link)
    assert not dead


def test_weight_and_first_paint(browser):
    """Four megabytes at most, so that the page can be sent; painted before a reader waits."""
    assert PAGE.stat().st_size < 4_000_000
    browser.show(PAGE)
    painted = browser.run("return performance.getEntriesByName('first-contentful-paint')[0].startTime")
    # 0.3 s on an idle machine; tests share theirs with others.
    assert painted < 3000
