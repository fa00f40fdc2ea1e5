"""`paper site`: the article with everything behind it as a folder that any web server can show.

The documents are those of the build, to the byte; around them stand pages of the data, of the machines that
rebuilt the article, and of what changed in its results and why. The same commit gives the same bytes. No page
asks another host for anything.
"""

from __future__ import annotations

import html.parser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataregister import Package, Resource
from paperbuild.article.extension import EXTENSION
from paperbuild.article.formats import FORMATS
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import remove_tree, write_atomic
from paperbuild.ground.gitrepo import git
from paperbuild.ground.pages import render
from paperbuild.project import register
from paperbuild.project.layout import FIGURES, MANIFEST, OUTPUT, TABLES, Project
from paperbuild.project.manifest import Manifest, parse_manifest
from paperbuild.project.register import MEASURED
from paperbuild.proof import certificates
from paperbuild.proof.certificate import CERTIFICATE
from paperbuild.proof.deposit import (
    CERTIFICATES,
    built_files,
    certificate_record,
    checksums,
    citation,
    refuse_addresses,
)
from paperbuild.proof.diff import Change, number_changes
from paperbuild.proof.tables import read_csv

PAGE = FORMATS["html"]
PAGES = Path(__file__).parent / "assets" / "site"
SUMS = "SHA256SUMS"
SHOWN_ROWS = 100
"""Rows of a table that its page shows without scripts; site.js turns the same number at a time."""
PLACES = {
    "Article": "index.html",
    "Data": "data/index.html",
    "Machines": "certificates.html",
    "History": "history.html",
}
GOOD, OTHER = "#1b6e45", "#8f4700"


@dataclass(frozen=True)
class Edition:
    """One edition of the article, as the head of its page describes it.

    Attributes
    ----------
    stem, language, title, abstract : str
        Of its page: name without ending, language code, title and abstract as printed.
    forms : mapping of str to str
        Its documents: what to call each, and the file.
    """

    stem: str
    language: str
    title: str
    abstract: str
    forms: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A file of the data as its page shows it; what lacks is empty.

    Attributes
    ----------
    about : dataregister.Resource
        Its entry in the register.
    page, file : str
        Their names below ``data/``; no file where it may not be redistributed.
    rows : list of list of str, or None
        Its cells; None for what is no table or may not be shown.
    header, numeric : sequence of str
        Columns, and those of numbers.
    """

    about: Resource
    page: str
    file: str = ""
    obtain: str = ""
    grade: str = ""
    licences: str = ""
    breaks: tuple[str, ...] = ()
    rows: list[list[str]] | None = None
    header: Sequence[str] = ()
    numeric: Sequence[str] = ()


@dataclass(frozen=True)
class Event:
    """A commit that changed results.

    Attributes
    ----------
    commit, date : str
        Its hash and its day.
    reasons : list of str
        What the commits that made these outputs say of themselves: itself, or those that it merges.
    numbers : list of Change
        Printed numbers that came, left or changed.
    outputs : list of str
        Figures and tables whose content changed, without ending.
    """

    commit: str
    date: str
    reasons: list[str]
    numbers: list[Change]
    outputs: list[str]


class _Head(html.parser.HTMLParser):
    """Language, title and description that the head of a page states."""

    def __init__(self) -> None:
        super().__init__()
        self.language, self.said = "", {}  # type: str, dict[str, str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        elif tag == "meta" and (name := given.get("property") or given.get("name")):
            self.said[name] = given.get("content") or ""


def editions(project: Project) -> list[Edition]:
    """Return the editions that a project's output holds as pages, the article's own first."""
    pages = {language: project.output / PAGE.name_in(language) for language in project.all_editions}
    return [_edition(page, language) for language, page in pages.items() if page.is_file()]


def _edition(page: Path, language: str) -> Edition:
    head = _Head()
    head.feed(page.read_text(encoding="utf-8").partition("</head>")[0])
    files = {name: page.with_name(form.name_in(language)) for name, form in FORMATS.items()}
    forms = {name.upper(): file.name for name, file in files.items() if file.is_file()}
    title = head.said.get("og:title", page.stem)
    return Edition(page.stem, head.language, title, head.said.get("description", ""), forms)


def tables(package: Package) -> list[Table]:
    """Return every file of the register as its page shows it, in the register's order."""
    return [_table(about, package) for about in package.resources.values()]


def _table(about: Resource, package: Package) -> Table:
    raw, path = about.raw, package.file(about)
    told = [f"{place['at']}: {place['note']}" for place in raw.get("breaks", ()) if isinstance(place, dict)]
    page = f"{about.name}.html"
    common: dict[str, Any] = {
        "grade": raw.get("grade", ""),
        "licences": "; ".join(licence.name or licence.title for licence in about.licenses),
        "breaks": tuple(told),
    }
    if not raw.get("redistributable", True):
        return Table(about, page, obtain=str(raw.get("obtain", "")), **common)
    if about.fields is None or path.suffix != ".csv":
        return Table(about, page, path.name, **common)
    header, *rows = read_csv(register.content(package, about))
    numeric = [field.name for field in about.fields if field.type in (MEASURED, "integer")]
    return Table(about, page, path.name, rows=rows, header=header, numeric=numeric, **common)


def data_changes(root: Path) -> list[dict[str, str]]:
    """Return the accepted changes of data files with their reasons, the latest first."""
    entries = register.read(root).resources.values()
    found = [
        {
            "table": entry.name,
            "page": f"{entry.name}.html",
            "date": one["date"],
            "why": one["why"].rstrip("."),
        }
        for entry in entries
        for one in entry.raw.get("changes", ())
    ]
    return sorted(found, key=lambda one: (one["date"], one["table"]), reverse=True)


def output_changes(old: Manifest, new: Manifest) -> list[str]:
    """Return the figures and tables whose cells, or whose data, came, left or changed.

    How a figure is drawn is no result, so it is its data that are compared; a table is compared as printed.
    """
    before, after = _contents(old), _contents(new)
    return sorted(stem for stem in before.keys() | after.keys() if before.get(stem) != after.get(stem))


def _contents(manifest: Manifest) -> dict[str, Any]:
    shown = {FIGURES: ".csv", TABLES: ".md"}
    return {
        stem: one.get("sha256")
        for one in manifest.outputs
        for stem, dot, ending in [one["path"].rpartition(".")]
        if shown.get(stem.partition("/")[0]) == dot + ending
    }


def result_changes(root: Path) -> tuple[list[Event], int]:
    """Return the commits that changed results, the latest first, and how many changed none.

    The first commit that holds results is where the history begins, and no change.
    """
    told = git(root, "log", "--first-parent", "--format=%H %cs", "--", MANIFEST).splitlines()
    states = [line.split() for line in reversed(told)]
    found = list(_events(root, states))
    return found[::-1], max(len(states) - 1 - len(found), 0)


def _events(root: Path, states: Sequence[Sequence[str]]) -> Iterator[Event]:
    manifests = (parse_manifest(git(root, "show", f"{one[0]}:./{MANIFEST}").encode()) for one in states)
    before = next(manifests, Manifest())
    for (earlier, _), (commit, date), now in zip(states, states[1:], manifests, strict=False):
        # A number whose last bits moved and whose print did not is none that a reader saw change.
        numbers = [
            change
            for change in number_changes(before, now)
            if before.numbers.get(change.name, {}).get("text") != now.numbers.get(change.name, {}).get("text")
        ]
        outputs = output_changes(before, now)
        if numbers or outputs:
            said = git(root, "log", "--no-merges", "--format=%s", f"{earlier}..{commit}", "--", MANIFEST)
            alone = git(root, "log", "-1", "--format=%s", commit)
            yield Event(commit, date, said.splitlines() or [alone], numbers, outputs)
        before = now


def badges(record: Mapping[str, Any] | None, licence: str) -> list[dict[str, str]]:
    """Return what the badges say: whether it was reproduced, how many outputs, under which licence."""
    verdict = str(record["verdict"]) if record else "not yet"
    shown = [
        {
            "file": "reproduced.svg",
            "label": "reproduced",
            "value": verdict,
            "colour": GOOD if verdict == "full" else OTHER,
        }
    ]
    if record:
        count = str(len(record["outputs"]))
        shown.append({"file": "outputs.svg", "label": "outputs compared", "value": count, "colour": GOOD})
    if licence:
        shown.append({"file": "licence.svg", "label": "licence", "value": licence, "colour": "#0b5a7a"})
    return shown


def collect(project: Project, licence: str) -> dict[str, bytes]:
    """Return the files of the site by their path in it.

    Parameters
    ----------
    project : Project
        Its article is built from its last commit.
    licence : str
        Of the article, as its front matter states it; may be empty.

    Raises
    ------
    PaperError
        Where there is no page of the article.
    """
    root, record = project.root, certificate_record(project)
    built = {name.removeprefix(f"{OUTPUT}/"): path for name, path in built_files(project).items()}
    if not record:
        # That of another commit would vouch for what it did not see.
        built = {name: path for name, path in built.items() if name not in CERTIFICATES}
    shown = editions(project)
    if not shown:
        raise PaperError(
            "there is no page of the article",
            where=project.relative(project.output),
            expected=PAGE.file,
            remedy="paper build --to html",
        )
    title, authors = citation(root)
    package = register.read(root)
    listed, said = tables(package), badges(record, licence)
    site = {
        "title": title,
        "authors": authors,
        "editions": shown,
        "badges": said,
        "places": PLACES,
        "notebooks": "notebooks/index.html" in built,
        "tables": len(listed),
        "certificate": str(record["verdict"]) if record else "",
        "commit": project.revision.commit,
        "date": project.revision.date,
    }

    def page(template: str, here: str, **values: Any) -> bytes:
        up = "../" * here.count("/")
        return render(PAGES / template, site=site, here=here, up=up, **values).encode("utf-8")

    events, unchanged = result_changes(root)
    own = {f"{CERTIFICATE}.json"} if not record else set()
    entries = certificates.entries(path for path in certificates.kept(project) if path.name not in own)
    shallow = git(root, "rev-parse", "--is-shallow-repository") == "true"
    history = {"results": events, "unchanged": unchanged, "data": data_changes(root), "shallow": shallow}
    files = {name: path.read_bytes() for name, path in built.items()}
    files |= {
        "index.html": page("index.html.j2", "index.html"),
        "history.html": page("history.html.j2", "history.html", **history),
        "certificates.html": page("certificates.html.j2", "certificates.html", entries=entries),
        "data/index.html": page("data.html.j2", "data/index.html", entries=listed),
        # GitHub's pages are else run through a generator that leaves out names with an underscore.
        ".nojekyll": b"",
    }
    for one in listed:
        files[f"data/{one.page}"] = page("table.html.j2", f"data/{one.page}", one=one, shown=SHOWN_ROWS)
        if one.file:
            files[f"data/{one.file}"] = register.content(package, one.about)
    for badge in said:
        files[f"badges/{badge['file']}"] = render(PAGES / "badge.svg.j2", **badge).encode("utf-8")
    files |= {f"assets/{name}": (PAGES / name).read_bytes() for name in ("site.css", "site.js")}
    dress = (EXTENSION / "article.css", *sorted((EXTENSION / "fonts").iterdir()))
    files |= {f"assets/{path.relative_to(EXTENSION).as_posix()}": path.read_bytes() for path in dress}
    refuse_addresses(files, (root, Path.home()))
    return files | {SUMS: checksums(files)}


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Make `folder` hold exactly `files`; it stays as it was where one cannot be written.

    Raises
    ------
    PaperError
        Where the folder holds something that is no earlier site.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / SUMS).is_file():
        raise PaperError(
            "this folder holds other files",
            where=str(folder),
            expected="an empty folder, a new one, or a site made before",
            remedy="choose another with --output, or empty it",
        )
    staged = folder.with_name(f".{folder.name}.new")
    remove_tree(staged)
    for name, content in files.items():
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(staged / name, content)
    remove_tree(folder)
    staged.rename(folder)
