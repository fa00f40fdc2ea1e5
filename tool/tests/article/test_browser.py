"""The pages as a reader meets them, in a real browser: wide or narrow, light or dark."""

from __future__ import annotations

import base64
import io
import json
import urllib.parse

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sample_article import edit, job, make_article
from selenium.webdriver.support.ui import WebDriverWait

import browser as chrome
from paperbuild.article.typesetting import render

pytestmark = pytest.mark.skipif(not (chrome.CHROMIUM and chrome.DRIVER), reason=chrome.MISSING)

WIDE = "\n".join("|" + f" {cell} |" * 12 for cell in ("a-long-head", "---", "0.123"))
"""A table of Markdown that no phone is wide enough for."""

TAB, ENTER, ESCAPE = "\ue004", "\ue007", "\ue00c"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The sample article, with two authors, three notebooks and what else its page links to."""
    root = make_article(tmp_path_factory.mktemp("browser") / "article")
    authors = (
        "author:\n"
        "  - name: {given: Aigerim, family: Sample}\n    orcid: 0000-0002-1825-0097\n"
        "    email: a@example.org\n"
        "    affiliations: [{name: Institute of Samples, city: Oral}]\n"
        "  - name: Boris Example\n    affiliations: [Institute of Examples]\n"
        'license: "CC BY"\ncitation: {doi: 10.1234/sample, container-title: Journal of Samples}\n'
    )
    edit(root, "author: borderland paper contributors\n", authors)
    (root / "figures" / "trend.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    (root / "build" / "notebooks").mkdir()
    picture = base64.b64encode((root / "figures" / "trend.png").read_bytes()).decode()
    for name in ("01-sample", "02-more", "03-last"):
        notebook = new_notebook(
            cells=[
                new_markdown_cell(f"# Notebook {name}\n\nWhat is it for?", id="a"),
                new_code_cell(
                    f"#| label: trend-figure\nfigure('{name}')",
                    id="b",
                    outputs=[new_output("display_data", data={"image/png": picture})],
                ),
                new_code_cell(
                    "#| label: regions-table\ntable('regions')",
                    id="c",
                    outputs=[new_output("display_data", data={"text/markdown": WIDE})],
                ),
                new_markdown_cell(f"What the columns mean:\n\n{WIDE}", id="d"),
            ]
        )
        nbformat.write(notebook, root / "build" / "notebooks" / f"{name}.ipynb")
        artefacts = [{"kind": "number", "name": "sample.slope", "cell": "trend-figure", "text": "−0.50"}]
        record = {
            "artefacts": artefacts,
            "parameters": {"slope": -0.5},
            "inputs": {"data/a.csv": "0123456789"},
        }
        (root / "build" / "results" / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    render(job(root, "html"))
    render(job(root, "notebooks"))
    staging = root / "build" / "staging"
    for name in ("paper.pdf", "paper.docx", "certificate.html"):
        (staging / name).write_text("<html lang='en'><title>x</title>", encoding="utf-8")
    return staging


@pytest.fixture(scope="module")
def browser():
    with chrome.chromium() as started:
        yield started


@pytest.fixture
def page(browser, site):
    browser.show(site / "paper.html")
    return browser


@pytest.mark.parametrize("name", ["paper.html", "notebooks/index.html", "notebooks/02-more.html"])
@pytest.mark.parametrize("theme", chrome.THEMES)
@pytest.mark.parametrize("width", chrome.WIDTHS)
def test_axe_finds_nothing_and_nothing_is_logged_or_asked_for(browser, site, name, width, theme):
    browser.show(site / name, width, theme)
    assert browser.violations() == []
    assert browser.errors() == []
    assert browser.requests() == [(site / name).resolve().as_uri()]
    # No page is wider than its window.
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", ["paper.html", "notebooks/index.html", "notebooks/02-more.html"])
def test_every_link_resolves(browser, site, name):
    browser.show(site / name)
    links = browser.run("return Array.from(document.links, (a) => a.href)")
    assert links
    for link in links:
        address, _, fragment = link.partition("#")
        if not address.startswith("file:"):
            assert urllib.parse.urlsplit(address).scheme in ("https", "http", "mailto", "data")
            continue
        target = urllib.parse.unquote(urllib.parse.urlsplit(address).path)
        content = (site / target).read_text(encoding="utf-8", errors="replace")
        assert not fragment or f'id="{urllib.parse.unquote(fragment)}"' in content, link


def test_letters_of_three_languages_come_from_the_page_itself(page):
    """Latin, Russian and Kazakh text is set in the fonts inside the page, wherever the page is opened."""
    page.command("DOM.enable")
    page.command("CSS.enable")
    root = page.command("DOM.getDocument")["root"]["nodeId"]
    for selector in (
        "main > p",
        ".abstract[lang=ru] p",
        ".abstract[lang=kk] p",
        "figcaption",
        "h1",
        ".float-tbl td",
    ):
        node = page.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        used = page.command("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]
        assert used
        assert all(font["isCustomFont"] for font in used), (selector, used)


def test_keyboard_reaches_everything_that_can_be_used(page):
    visible = (
        "el.checkVisibility({visibilityProperty: true}) && !el.closest('details:not([open]) > :not(summary)')"
    )
    wanted = page.run(
        "return Array.from(document.querySelectorAll('a[href], button, summary, [tabindex=\"0\"]'))"
        f".filter((el) => {visible}).map((el, i) => (el.dataset.stop = String(i)))"
    )
    reached = set()
    for _ in range(len(wanted) + 5):
        page.press(TAB)
        reached.add(page.run("return document.activeElement.dataset.stop"))
    assert set(wanted) <= reached


def test_regions_that_scroll_are_stops_only_while_they_do(browser, site):
    script = (
        "return Array.from(document.querySelectorAll('.table-scroll'),"
        " (e) => [e.scrollWidth > e.clientWidth + 1, e.tabIndex === 0])"
    )
    seen = set()
    for width in (390, 1280):
        browser.show(site / "paper.html", width)
        browser.run("return new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        states = browser.run(script)
        assert all(scrolls == stop for scrolls, stop in states)
        seen |= {scrolls for scrolls, _ in states}
    assert seen == {True, False}


def test_first_column_stays_while_a_table_scrolls(browser, site):
    browser.show(site / "paper.html", 390)
    moved = browser.run(
        "const region = document.querySelector('#tbl-wide .table-scroll');"
        "const cell = region.querySelector('tbody td');"
        "const before = cell.getBoundingClientRect().left; region.scrollLeft = 120;"
        "return [region.scrollLeft, cell.getBoundingClientRect().left - before]"
    )
    assert moved == [120, 0]


def column(page, position):
    return page.run(
        "return Array.from(document.querySelectorAll('#tbl-regions tbody tr'),"
        f" (row) => row.cells[{position}].textContent)"
    )


def test_tables_sort_up_and_down_and_back(page):
    names, rates = column(page, 0), column(page, 2)
    assert len(rates) >= 3
    numbers = [float(text.replace("−", "-").replace(",", "")) for text in rates]
    button = "#tbl-regions thead th:nth-child(3)"
    expected = {"ascending": sorted(numbers), "descending": sorted(numbers, reverse=True), None: numbers}
    for order, values in expected.items():
        page.run(f"document.querySelector('{button} button').focus()")
        page.press(ENTER)
        assert [float(text.replace("−", "-").replace(",", "")) for text in column(page, 2)] == values
        assert page.run(f"return document.querySelector('{button}').getAttribute('aria-sort')") == order
    assert column(page, 0) == names


def test_a_figure_enlarges_and_the_way_back_is_escape(page):
    page.run("document.querySelector('#fig-trend .enlarge').focus()")
    page.press(ENTER)
    assert page.run(
        "const d = document.querySelector('dialog'); return [d.open, d.querySelector('img').alt]"
    ) == [True, "A straight line falls from left to right over 12 marks on the horizontal axis."]
    assert page.violations() == []
    page.press(ESCAPE)
    assert page.run(
        "return [document.querySelector('dialog').open, document.activeElement.matches('.enlarge')]"
    ) == [False, True]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("#ref-knuth1984", "Knuth"),
        ("#tbl-regions", "The regions of the sample"),
        ("#fig-trend", "The made-up trend"),
    ],
)
def test_links_preview_what_they_point_to(page, target, shown):
    preview = "const box = document.querySelector('.preview'); return box.hidden ? '' : box.textContent"
    link = page.driver.find_element("css selector", f"main a[href='{target}']")
    # By keyboard ...
    page.press(TAB)  # from now on the focus is the keyboard's
    page.run("arguments[0].focus()", link)
    page.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    assert shown in page.run(preview)
    box = page.run(
        "const r = document.querySelector('.preview').getBoundingClientRect();"
        "return [r.left, r.right, r.top, r.bottom]"
    )
    assert box[0] >= 0
    assert box[1] <= 1280
    assert box[2] >= 0
    assert box[3] <= 900
    page.press(ESCAPE)
    assert page.run(preview) == ""
    # ... and by mouse.
    from selenium.webdriver import ActionChains

    page.run("document.activeElement.blur()")
    ActionChains(page.driver, duration=0).move_to_element(link).pause(0.4).perform()
    assert shown in page.run(preview)
    ids = page.run("return Array.from(document.querySelectorAll('[id]'), (e) => e.id)")
    assert len(ids) == len(set(ids))


def test_contents_follow_reading(page):
    for section in ("sec-results", "sec-introduction"):
        page.run("document.getElementById(arguments[0]).scrollIntoView()", section)
        page.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        marked = page.run(
            "return Array.from(document.querySelectorAll('.contents [aria-current]'), (a) => a.hash)"
        )
        assert marked == [f"#{section}"]


def test_downloads_hold_what_they_say(page):
    def content(selector):
        address = page.driver.find_element("css selector", selector).get_attribute("href")
        return urllib.parse.unquote(address.partition(",")[2])

    assert content("#fig-trend .download") == "x,y\n1,2\n"
    bibtex = content("a[download='paper.bib']")
    assert "author = {Sample, Aigerim and {Boris Example}}" in bibtex
    assert "doi = {10.1234/sample}" in bibtex
    ris = content("a[download='paper.ris']").split("\r\n")
    assert {
        "TY  - JOUR",
        "AU  - Sample, Aigerim",
        "AU  - Boris Example",
        "PY  - 2026",
        "DO  - 10.1234/sample",
    } <= set(ris)


def test_without_scripts_all_is_there(browser, site):
    words = ("The made-up trend", "A table wide enough", "Knuth", "Computed in", "BibTeX")

    def missing(_):
        tree = json.dumps(browser.command("DOM.getDocument", depth=-1), ensure_ascii=False)
        return [one for one in words if one not in tree]

    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.show(site / "paper.html")
        # Without scripts the driver cannot ask whether the page has loaded, and does not wait.
        WebDriverWait(browser.driver, 20).until_not(missing, "the page lacks some of its words")
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_printed_page_is_light_and_whole(browser, site):
    import pypdf

    browser.show(site / "paper.html", theme="dark")
    printed = browser.command("Page.printToPDF", printBackground=True)["data"]
    text = "\n".join(
        sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(base64.b64decode(printed))).pages
    )
    for words in ("Figure 1:", "Table 2:", "How to cite", "Түйіндеме"):
        assert words in text
    assert "Enlarge" not in text
    browser.command("Emulation.setEmulatedMedia", media="print")
    try:
        colours = browser.run(
            "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        )
    finally:
        browser.command("Emulation.setEmulatedMedia", media="")
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


def test_all_code_of_a_notebook_opens_at_once(browser, site):
    browser.show(site / "notebooks" / "02-more.html")
    states = "return Array.from(document.querySelectorAll('details.code'), (d) => d.open)"
    assert not any(browser.run(states))
    browser.driver.find_element("css selector", "button.expand").click()
    assert all(browser.run(states))
