"""The chapters of the science: who imports whom, who knows a country, what each package offers."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import borderland

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ("tables", "methods", "charts", "study")
# Code of a country in a string, or its name; a docstring may give an example from the article.
COUNTRY = re.compile(r"[\"'](KAZ|RUS|KZ-\w+|RU-\w+)[\"']|COUNTRY_NAME")


def test_each_chapter_imports_only_from_those_before_it():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_package_lists_its_modules(chapter):
    package = importlib.import_module(f"borderland.{chapter}")
    assert sorted(package.__all__) == sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    assert chapter in borderland.__all__


def test_words_and_hues_of_figures_import_nothing_that_computes():
    # every notebook takes them, and would run again whenever a module does that they import
    command = "import sys; from borderland.study import labels, palette; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("borderland.study.")}
    assert loaded == {f"borderland.study.{name}" for name in ("frame", "labels", "palette", "wording")}


@pytest.mark.parametrize("chapter", ["methods", "charts"])
def test_methods_and_charts_know_no_country(chapter):
    folder = ROOT / "src/borderland" / chapter
    known = {path.name: COUNTRY.findall(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")}
    assert {name: found for name, found in known.items() if found} == {}
