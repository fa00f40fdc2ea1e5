"""Imports found wherever they stand, followed through the project's modules; code compared by meaning."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paperbuild.ground.hashing import HashCache
from paperbuild.project.layout import Project
from paperbuild.project.notebook import code_digest_text
from paperbuild.steps.dependencies import Distributions, Scanner, installed
from paperbuild.steps.parsed import find_imports
from paperbuild.steps.step import differences, fingerprint, shorten


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b as c, d", [[0, "a.b", []], [0, "d", []]]),
        ("from a import b, c as d", [[0, "a", ["b", "c"]]]),
        ("from . import x", [[1, "", ["x"]]]),
        ("from ..y import *", [[2, "y", ["*"]]]),
        ("def f():\n    if 1:\n        import lazy", [[0, "lazy", []]]),
        ("importlib.import_module('.z', __package__)", [[1, "z", []]]),
        ("importlib.import_module('.z', 'a.b')", [[0, "a.b.z", []]]),
        ("importlib.import_module(package='a.b', name='..z')", [[0, "a.z", []]]),
        ("importlib.import_module(name='a.b')", [[0, "a.b", []]]),
        ("importlib.import_module('.', 'a')", [[0, "a", []]]),
        ("__import__('q')", [[0, "q", []]]),
        ("__import__(name='q.r')", [[0, "q.r", []]]),
        ("import_module(name)", []),
        ("%matplotlib inline\nimport a\nfrom b import c", [[0, "a", []], [0, "b", ["c"]]]),
    ],
)
def test_find_imports(source: str, expected: list[object]) -> None:
    assert find_imports(source) == expected


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    files = {
        "analysis/parameters.yml": "",
        "src/pkg/__init__.py": "from .late import name",
        "src/pkg/late.py": "import scipy.stats\nname = 1",
        "src/pkg/a.py": "from pkg import b\nfrom .sub.deep import thing",
        "src/pkg/b.py": "def f():\n    import importlib\n    importlib.import_module('pkg.c')",
        "src/pkg/c.py": "import pkg.a, os",
        "src/pkg/sub/__init__.py": "",
        "src/pkg/sub/deep.py": "from ..other import *\nthing = 1",
        "src/pkg/other.py": "",
        "src/pkg/lonely.py": "import torch",
        "src/pkg/theme.mplstyle": "axes.grid: True",
        "src/pkg/fonts/a.ttf": "font",
        "src/pkg/sub/table.csv": "x",
        "helper.py": "import numpy",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Scanner(Project(tmp_path), HashCache(tmp_path / "cache.json"))


def names(scanner: Scanner, source: str) -> tuple[set[str], set[str]]:
    modules, outside = scanner.closure(find_imports(source))
    return {scanner.project.relative(path) for path in modules}, outside


def test_closure_follows_lazy_relative_and_literal_imports(scanner: Scanner) -> None:
    modules, outside = names(scanner, "from pkg.a import anything")
    assert modules == {
        f"src/pkg/{name}.py"
        for name in ("__init__", "late", "a", "b", "c", "sub/__init__", "sub/deep", "other")
    }
    assert outside == {"scipy", "os", "importlib"}


def test_closure_of_names_and_of_modules_beside_the_notebooks(scanner: Scanner) -> None:
    assert names(scanner, "from pkg.sub import deep")[0] >= {"src/pkg/sub/deep.py", "src/pkg/other.py"}
    assert names(scanner, "import helper") == ({"helper.py"}, {"numpy"})
    assert names(scanner, "import pandas as pd") == (set(), {"pandas"})
    assert names(scanner, "from paperbuild import table") == (set(), set())
    assert names(scanner, "from dataregister import table") == (set(), {"pandas"})


def test_files_beside_modules_count_with_their_package(scanner: Scanner) -> None:
    modules, _ = scanner.closure(find_imports("import pkg.late"))
    beside = {scanner.project.relative(path) for path in scanner.package_files(modules)}
    assert beside == {"src/pkg/theme.mplstyle", "src/pkg/fonts/a.ttf"}
    modules, _ = scanner.closure(find_imports("import pkg.sub.deep"))
    assert len(scanner.package_files(modules)) == 3


@given(
    st.sampled_from(["x = 1", "def f(a):\n    return a + 1", "for i in y:\n    print(i)"]),
    st.text(alphabet="abc #éж", max_size=10),
)
@settings(max_examples=25, deadline=None)
def test_comments_and_blank_lines_are_no_code(source: str, comment: str) -> None:
    dressed = f"# {comment}\n\n" + source.replace("\n", f"  # {comment}\n\n") + "   "
    assert code_digest_text(dressed) == code_digest_text(source)
    assert code_digest_text(source + "\nz = 2") != code_digest_text(source)


def test_what_counts_in_code() -> None:
    assert code_digest_text("#| label: a\nx = 1") != code_digest_text("#| label: b\nx = 1")
    assert code_digest_text('"""Doc."""') != code_digest_text('"""Other doc."""'), (
        "a docstring can be printed"
    )
    assert code_digest_text("%magic  \nx") == code_digest_text("%magic\nx")
    assert code_digest_text("%magic one") != code_digest_text("%magic two")


def test_needed_distributions_follow_requirements() -> None:
    packages = Distributions(
        versions={"big": "2", "small": "1", "other": "9"},
        owners={"big": ["big"], "small_module": ["small"]},
        requires={"big": ["small", "absent"], "small": ["big"]},
    )
    assert packages.needed_by({"big", "os"}) == {"big": "2", "small": "1"}
    assert packages.needed_by({"small_module"}) == {"big": "2", "small": "1"}
    assert packages.needed_by({"nowhere"}) == {"nowhere": "not installed"}


def test_differences_name_kind_and_short_hashes() -> None:
    old = {"data a": "1" * 16, "package p": "1.0", "gone": "x"}
    new = {"data a": "2" * 16, "package p": "1.1", "module m": "3" * 12}
    assert differences(old, new) == [
        "data a changed: 11111111 → 22222222",
        "gone is gone: x",
        "module m is new: 33333333",
        "package p changed: 1.0 → 1.1",
    ]
    assert fingerprint(old) != fingerprint(new)
    assert shorten("2001") == "2001"


def test_another_package_with_broken_metadata_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, metadata in {
        "odd-1.0": "Name: odd\nVersion: 1.0\nRequires-Dist: >=2 nameless\nRequires-Dist: numpy (>=1)\n",
        "unnamed-1.0": "Version: 1.0\n",
        "timeless-1.0": "Name: timeless\n",
    }.items():
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\n{metadata}", encoding="utf-8")
        (folder / "top_level.txt").write_text(name.partition("-")[0], encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = installed(HashCache(tmp_path / "cache.json"))
    assert found.requires["odd"] == ["numpy"]
    assert found.versions["timeless"] == "unknown"
    assert "odd" in found.needed_by(["odd"])
