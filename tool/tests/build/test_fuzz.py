"""Damaged and foreign files of every kind that a build reads are refused in words or made anew."""

import contextlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dataregister import DataError, read_package, table
from fuzz import WHOLE, feed
from paperbuild.article import source, tracked
from paperbuild.build.plan import Options, make_plan
from paperbuild.checks.check import check
from paperbuild.ground.errors import PaperError
from paperbuild.project import parameters
from paperbuild.project.layout import Project
from paperbuild.project.printed import read_numbers
from paperbuild.project.workspace import Workspace
from paperbuild.proof import certificates, unpack

ARTICLE = """\
---
title: Toy
author:
  - name: A. Author
    orcid: 0000-0002-1825-0097
    affiliations: [{name: One place}]
abstract: The mean is {{< meta n.first.mean >}}.
lang: en
bibliography: references.bib
---

# Means {#sec-means}

It is [large|small]{if="first.mean > 2"}, [larger]{when="first.mean > 1"} than 1 and `more`^[So it is said by
@one2000.] in @tbl-sizes; the *mean* is {{< meta n.first.mean >}} and its square $x^2$.

::: {#tbl-sizes}

{{< include tables/sizes.md >}}

Sizes.

:::
"""
QUARTO = """\
project: {type: default, render: [paper.qmd, paper.ru.qmd]}
lang: en
crossref: {fig-title: Figure}
format: {paperbuild-html: {toc: true}}
"""
PHRASES = """\
phrases:
  Sizes: {is: Размеры, gen: Размеров}
  "{n} more": ещё {n}
"""
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCUMENT = (
    f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:pPr><w:pStyle w:val="a"/></w:pPr><w:r><w:t>One</w:t></w:r>'
    '<w:ins w:id="1" w:author="B" w:date="2025-01-01T00:00:00Z"><w:r><w:t>two</w:t></w:r></w:ins>'
    '<w:del w:id="2" w:author="B"><w:r><w:delText>three</w:delText></w:r></w:del></w:p>'
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>four</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>"
)
CERTIFICATE = {
    "verdict": "full",
    "commit": "a" * 40,
    "checked": "2025-01-01",
    "environment": {"system": "Linux", "processor": "one", "Python": "3.11"},
    "printed_changed": 0,
    "outputs": [{"path": "tables/sizes.csv", "rung": "identical"}],
}


def look(root: Path) -> None:
    """See how every step stands, as ``paper status`` does."""
    make_plan(Workspace.open(root), Options(to=()))


def ask_rules(root: Path) -> None:
    """See how every step stands, and ask every rule, as ``paper check`` does."""
    with contextlib.suppress(PaperError):
        look(root)
    check(Project(root))


def read_table(root: Path) -> None:
    """Read a registered table, as a notebook does."""
    table(read_package(root / "data/datapackage.json"), "sizes")


def set_text(root: Path) -> None:
    """Ask every rule, and read the article as it is set."""
    check(Project(root))
    source.read(root, read_numbers(root))


def read_edited(root: Path) -> None:
    """Read what a co-author sends back."""
    (root / "edited.docx").write_bytes(archive({"word/document.xml": (root / "document.xml").read_bytes()}))
    tracked.read(root / "edited.docx")


def compare(root: Path) -> None:
    """Read the certificate of another machine, as ``paper certificates`` does."""
    certificates.entries([root / "certificate.json"])


def open_archive(root: Path) -> None:
    """Unpack a deposit, as ``paper verify`` does."""
    unpack.unpack(root / "deposit.zip", root / "unpacked")


TARGETS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "store": ("build/store/*/entry.json", look),
    "results in the store": ("build/store/*/files/results.json", look),
    "outputs in the store": ("build/store/*/files/outputs.json", look),
    "manifest": ("figures/manifest.json", ask_rules),
    "state": ("build/state.json", look),
    "hashes": ("build/hashes.json", look),
    "checked parameters": ("build/parameters.json", look),
    "numbers": ("build/results/numbers.yml", set_text),
    "parameters": ("analysis/parameters.yml", look),
    "tolerances": ("analysis/tolerances.yml", ask_rules),
    "phrases": ("analysis/phrases.ru.yml", ask_rules),
    "register": ("data/datapackage.json", ask_rules),
    "notebook": ("analysis/*.ipynb", ask_rules),
    "module": ("src/toy/core.py", look),
    "table": ("data/sizes.csv", read_table),
    "table as it is checked": ("data/sizes.csv", ask_rules),
    "article": ("paper.qmd", set_text),
    "settings of Quarto": ("_quarto.yml", set_text),
    "references": ("references.bib", ask_rules),
    "lock": ("requirements.lock", ask_rules),
    "document edited in Word": ("document.xml", read_edited),
    "certificate": ("certificate.json", compare),
    "deposit": ("deposit.zip", open_archive),
}

# Of each of these, of parameters as they are typed, and of claims (tests/borderland/study/test_claims.py).
EACH = -(-WHOLE // (len(TARGETS) + 2))


def archive(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of files by their names."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return held.getvalue()


@pytest.fixture(scope="module")
def whole(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy with every kind of file that a project may have."""
    root = Path(shutil.copytree(built, tmp_path_factory.mktemp("fuzz") / "toy"))
    schema = {"fields": [{"name": "unit", "type": "string"}, {"name": "size", "type": "integer"}]}
    register = json.loads((root / "data/datapackage.json").read_text(encoding="utf-8"))
    steps = {"check": "steps", "why": "w", "column": "size", "along": "size", "by": ["unit"], "factor": 9}
    balance = {"check": "balance", "why": "w", "sum": {"of": "size", "by": "unit"}, "is": {"table": "sizes"}}
    counted = [{"check": "rows", "count": 2}, {"check": "totals", "sums": {"size": "3"}}]
    complete = {"check": "complete", "columns": ["unit", "size"]}
    register["resources"][1] |= {"schema": schema, "checks": [*counted, complete, balance, steps]}
    texts = {
        "data/datapackage.json": json.dumps(register),
        "analysis/tolerances.yml": "- {of: [tables, sizes, size], relative: 1e-6, why: an iteration ends}\n",
        "analysis/phrases.ru.yml": PHRASES,
        "paper.qmd": ARTICLE,
        "paper.ru.qmd": ARTICLE.replace("lang: en", "lang: ru"),
        "_quarto.yml": QUARTO,
        "references.bib": "@book{one2000, title={One}, author={A, B}, year=2000, doi={10.1/a}}\n",
        "requirements.lock": "numpy==1.0 \\\n    --hash=sha256:aa\npandas[all]==2.0 ; python_version > '3'\n",
        "document.xml": DOCUMENT,
        "certificate.json": json.dumps(CERTIFICATE),
    }
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    deposited = {name: (root / name).read_bytes() for name in ("paper.qmd", "analysis/parameters.yml")}
    (root / "deposit.zip").write_bytes(archive(deposited))
    look(root)
    return root


@pytest.mark.parametrize("target", TARGETS)
def test_damaged_files_are_refused_in_words_or_made_anew(whole: Path, target: str) -> None:
    pattern, ask = TARGETS[target]
    [path, *_] = sorted(whole.glob(pattern))
    good = path.read_bytes()

    def read(content: bytes) -> bool:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        try:
            ask(whole)
        except (PaperError, DataError):
            return True
        finally:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(good)
        return False

    feed(target, good, read, EACH)


def test_parameters_typed_are_refused_in_words_or_taken(whole: Path) -> None:
    known = parameters.all_checked(Project(whole))

    def read(content: bytes) -> bool:
        text = content.decode("utf-8", "surrogateescape")
        try:
            parameters.resolve(known, parameters.parse_overrides([text]))
        except PaperError:
            return True
        return False

    feed("parameters as typed", b"01-first.first_year=2001", read, EACH)
