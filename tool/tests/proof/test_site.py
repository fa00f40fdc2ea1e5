"""`paper site`: a folder that any web server can show, with nothing in it that is not so."""

import hashlib
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import browser
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import Project
from paperbuild.proof import site
from toy import ALONE, SECOND, make_toy, paper, write_notebook

ARTICLE = """\
---
title: A mean
author: A. Author
license: CC BY
lang: en
abstract: The mean is {{< meta n.first.mean >}}.
---

# Result {#sec-result}

Its double is {{< meta n.second.twice >}} (@tbl-sizes).

::: {#tbl-sizes}

{{< include tables/sizes.md >}}

Sizes.

:::
"""


def git(root: Path, *arguments: str) -> None:
    """Run git as somebody."""
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *author, *arguments], cwd=root, check=True, capture_output=True)


def registered(root: Path, name: str, **more: object) -> dict[str, object]:
    """Return an entry of the register that describes a table of the toy."""
    content = (root / "data" / f"{name}.csv").read_bytes()
    head = content.decode().splitlines()[0].split(",")
    kinds = {"unit": "string", "year": "integer"}
    fields = [
        {"name": one, "type": kinds.get(one, "number"), "description": one, "unit": "1"} for one in head
    ]
    return {
        "name": name,
        "path": f"{name}.csv",
        "title": name.capitalize(),
        "description": f"The <{name}>.",
        "publisher": "An office",
        "licenses": [{"name": "CC0-1.0", "path": "https://example.org/cc0"}],
        "sources": [{"title": "A volume", "path": "https://example.org/volume"}],
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "bytes": len(content),
        "schema": {"fields": fields},
        **more,
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A toy as built from its last commit, in which a result has changed once since the first."""
    root = make_toy(tmp_path_factory.mktemp("site") / "toy")
    (root / "data/points.csv").write_text(
        "unit,year,value\n" + "".join(f"A,{y},{y}.5\n" for y in range(1900, 2150))
    )
    (root / "paper.qmd").write_text(ARTICLE)
    change = {"date": "2026-01-02", "why": "corrected against page 14", "from": "", "to": ""}
    entries = [
        registered(
            root, "points", grade="A", changes=[change], breaks=[{"at": "2000", "note": "A new base."}]
        ),
        registered(root, "sizes"),
    ]
    (root / "data/datapackage.json").write_text(json.dumps({"name": "toy", "resources": entries}))
    (root / ".gitignore").write_text("/build/\n/_output/\n__pycache__/\n")
    git(root, "init", "-q", "-b", "main")
    (root / "LICENSE-data").write_text(
        "- CC0-1.0 = no rights reserved, https://example.org/cc0\n- points: CC0-1.0\n- sizes: CC0-1.0\n"
    )
    # Sound as a deposit has to be: with a cell of parameters in every notebook.
    for name, cells in {"02-second": SECOND, "03-alone": ALONE}.items():
        write_notebook(root / f"analysis/{name}.ipynb", [*cells, "#| label: parameters"])
    for message, format_ in (("Begin", ".2f"), ("One digit is enough", ".1f")):
        notebook = root / "analysis/01-first.ipynb"
        notebook.write_text(notebook.read_text().replace(".2f", format_))
        assert paper(root, "build").returncode == 0
        git(root, "add", ".")
        git(root, "commit", "-qm", message)
    assert paper(root, "build").returncode == 0
    return root


@pytest.fixture(scope="module")
def made(root):
    """Its site."""
    done = paper(root, "site")
    assert done.returncode == 0, done.stderr
    assert "without a certificate" in done.stdout
    return root / "build/site"


class Links(HTMLParser):
    """Addresses of a page: what it loads by itself, and where it leads."""

    def __init__(self, page: Path):
        super().__init__()
        self.loads, self.leads, self.ids = [], [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        if tag == "a":
            self.leads.append(given.get("href") or "")
        else:
            self.loads += [given[name] for name in ("src", "href", "srcset", "data") if given.get(name)]


def own_pages(made: Path) -> list[Path]:
    return [made / name for name in ("index.html", "history.html", "certificates.html")] + sorted(
        (made / "data").glob("*.html")
    )


def test_every_link_leads_somewhere_and_nothing_is_asked_of_another_host(made):
    for page in own_pages(made):
        links = Links(page)
        for address in (*links.loads, *links.leads):
            parts = urlsplit(address)
            if parts.scheme == "data":
                continue
            if parts.scheme:
                assert address in links.leads, f"{page.name} loads {address}"
                continue
            target = page.parent / unquote(parts.path) if parts.path else page
            assert target.is_file(), f"{page.name} → {address}"
            assert not parts.fragment or parts.fragment in Links(target).ids
    for sheet in (made / "assets").glob("*.css"):
        for address in re.findall(r'url\("?([^)"]+)', sheet.read_text()):
            assert (sheet.parent / address).is_file()


def test_the_documents_are_those_of_the_build(root, made):
    assert (made / "paper.html").read_bytes() == (root / "_output/paper.html").read_bytes()
    assert (made / "notebooks/01-first.ipynb").is_file()
    front = (made / "index.html").read_text()
    assert "A mean" in front
    assert "The mean is 4150.0" in front
    assert (made / "badges/licence.svg").read_text().count("CC BY") == 3


def test_a_table_is_shown_with_its_register_and_can_be_downloaded(root, made):
    page = (made / "data/points.html").read_text()
    assert "The &lt;points&gt;." in page, "what the register says is no markup"
    assert "2000: A new base." in page
    assert page.count("<td>A</td>") == site.SHOWN_ROWS
    rows = json.loads(re.search(r'id="rows">(.*?)</script>', page)[1])
    assert rows[-1] == ["A", "2149", "2149.5"]
    assert (made / "data/points.csv").read_bytes() == (root / "data/points.csv").read_bytes()


def test_the_history_tells_what_changed_and_why(made):
    page = (made / "history.html").read_text()
    assert "corrected against page 14." in page
    assert "One digit is enough" in page
    assert re.search(r"<code>first\.mean</code> \d+\.\d\d → \d+\.\d<", page)
    assert ">Begin" not in page, "the first commit is where the history begins"


def test_the_same_commit_gives_the_same_bytes_and_checksums_hold(root, made):
    sums = (made / "SHA256SUMS").read_text()
    assert paper(root, "site").returncode == 0
    assert (made / "SHA256SUMS").read_text() == sums
    listed = dict(reversed(line.split("  ")) for line in sums.splitlines())
    present = {path.relative_to(made).as_posix(): path for path in made.rglob("*") if path.is_file()}
    assert listed.keys() == present.keys() - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256(present[name].read_bytes()).hexdigest() == digest


def test_a_certificate_of_this_commit_is_shown_and_another_is_not(root):
    project = Project(root)
    file = root / "_output/certificate.json"
    record = {"verdict": "full", "commit": project.revision.commit, "outputs": [1, 2], "environment": {}}
    try:
        for name in ("certificate.html", "certificate.md"):
            (file.parent / name).write_text("")
        file.write_text(json.dumps(record))
        files = site.collect(project, "")
        assert b'aria-label="reproduced: full"' in files["badges/reproduced.svg"]
        assert b"certificate.html" in files["index.html"]
        assert b"Nobody" not in files["certificates.html"]
        file.write_text(json.dumps(record | {"commit": "0" * 40}))
        files = site.collect(project, "")
        assert b"not yet" in files["badges/reproduced.svg"]
        assert "certificate.html" not in files
        assert b"Nobody has verified this commit" in files["certificates.html"]
    finally:
        for path in file.parent.glob("certificate.*"):
            path.unlink()


def test_what_may_not_travel_is_told_and_not_shown(root):
    entry = registered(root, "sizes", redistributable=False, obtain="Ask the office.")
    register = root / "data/datapackage.json"
    before = register.read_text()
    try:
        register.write_text(json.dumps({"name": "toy", "resources": [entry]}))
        files = site.collect(Project(root), "")
    finally:
        register.write_text(before)
    assert "data/sizes.csv" not in files
    page = files["data/sizes.html"].decode()
    assert "Ask the office." in page
    assert "<td>" not in page.partition("<h2")[2]


def test_a_site_is_made_of_a_commit_and_written_over_nothing_else(root, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = paper(root, "site", "--output", str(tmp_path))
    assert done.returncode == 1
    assert "this folder holds other files" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "mine"
    article = root / "paper.qmd"
    try:
        article.write_text(ARTICLE + "\nMore.\n")
        done = paper(root, "site")
        assert done.returncode == 1
        assert "the project differs from its last commit" in done.stderr
    finally:
        article.write_text(ARTICLE)


def test_without_a_page_there_is_no_site(root):
    page = root / "_output/paper.html"
    kept = page.read_bytes()
    page.unlink()
    try:
        with pytest.raises(PaperError, match="no page of the article"):
            site.collect(Project(root), "")
    finally:
        page.write_bytes(kept)


def test_a_merge_is_told_by_what_it_merges(tmp_path):
    def state(value, message):
        number = {"a": {"value": value, "text": str(value)}}
        (tmp_path / "figures").mkdir(exist_ok=True)
        (tmp_path / "figures/manifest.json").write_text(
            json.dumps({"outputs": [], "numbers": number, "documents": []})
        )
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", message)

    git(tmp_path, "init", "-q", "-b", "main")
    state(1, "Begin")
    git(tmp_path, "checkout", "-qb", "side")
    state(2, "The base of 2021")
    state(3, "Rounded")
    git(tmp_path, "checkout", "-q", "main")
    git(tmp_path, "merge", "-q", "--no-ff", "side", "-m", "Merge branch side")
    ((event,), unchanged) = site.result_changes(tmp_path)
    assert event.reasons == ["Rounded", "The base of 2021"]
    assert [change.summary for change in event.numbers] == ["1 → 3"]
    assert unchanged == 0


@pytest.mark.skipif(not (browser.CHROMIUM and browser.DRIVER), reason=browser.MISSING)
def test_in_a_browser_rows_are_found_sorted_and_turned(made):
    with browser.chromium() as shown:
        for page in own_pages(made):
            for width in browser.WIDTHS:
                for theme in browser.THEMES:
                    shown.show(page, width, theme)
                    assert not shown.errors()
                    assert all(url.startswith("file:") for url in shown.requests())
                    # Last: axe itself asks for the style sheets once more, which a file may not.
                    assert shown.violations() == [], f"{page.name} at {width}, {theme}"
        shown.show(made / "data/points.html")
        first = "return document.querySelector('table.rows tbody tr').textContent"
        said = "return document.querySelector('.viewer output').textContent"
        assert shown.run(said) == "1 to 100 of 250 rows"
        shown.run("document.querySelector('.viewer').after.click()")
        assert shown.run(first).startswith("A2000")
        for _ in range(2):
            shown.run("document.querySelectorAll('.rows th button')[1].click()")
        assert shown.run(first).startswith("A2149")
        shown.run(
            "const box = document.querySelector('.viewer').wanted;"
            "box.value = '1999'; box.dispatchEvent(new Event('input'))"
        )
        assert shown.run(said) == "1 to 1 of 1 rows"
