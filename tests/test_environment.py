"""The three statements of the environment (pyproject, lock, conda file) agree, and none names an address."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")


def pins(lines: list[str]) -> dict[str, str]:
    """Distribution → version for each pinned line."""
    return {m[1].lower(): m[2] for line in lines if (m := PIN.match(line.strip()))}


def lock(name: str) -> dict[str, str]:
    return pins((ROOT / name).read_text().splitlines())


def names(requirements: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9._-]+", item)[0].lower() for item in requirements}


FILES = ("pyproject.toml", "tool/pyproject.toml")
PROJECTS = {name: tomllib.loads((ROOT / name).read_text())["project"] for name in FILES}
OWN = {project["name"] for project in PROJECTS.values()}
DEPENDENCIES = {(file, n) for file in FILES for n in names(PROJECTS[file]["dependencies"]) - OWN}
EXTRAS = {
    (file, n)
    for file in FILES
    for extra in PROJECTS[file].get("optional-dependencies", {}).values()
    for n in names(extra)
}


def test_conda_environment_states_the_versions_of_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert pins(pip) == lock("requirements.lock"), "run `make lock` to write environment.yml anew"


def test_lock_covers_every_declared_dependency():
    assert {name for _, name in DEPENDENCIES} <= lock("requirements.lock").keys()
    assert (
        names(PROJECTS["pyproject.toml"]["optional-dependencies"]["test"])
        <= lock("requirements-test.lock").keys()
    )


def test_test_lock_only_adds_to_the_runtime_lock():
    runtime, test = lock("requirements.lock"), lock("requirements-test.lock")
    assert {name: test[name] for name in runtime} == runtime


@pytest.mark.parametrize(
    "name",
    [
        folder + name
        for folder in ("", "tool/src/paperbuild/templates/paper/")
        for name in ("requirements.lock", "requirements-test.lock")
    ],
)
def test_every_pin_carries_hashes_and_no_address(name):
    text = (ROOT / name).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text)


def test_installed_versions_are_the_locked_ones():
    locked = lock("requirements.lock")
    needed = {name for _, name in DEPENDENCIES}
    assert {name: version(name) for name in needed} == {name: locked[name] for name in needed}


@pytest.mark.parametrize(("file", "name"), sorted(DEPENDENCIES | EXTRAS))
def test_each_dependency_has_its_reason_in_one_line(file, name):
    text = (ROOT / file).read_text()
    assert re.search(rf'^ +"{re.escape(name)}[^"]*", +# \S.*$', text, re.MULTILINE | re.IGNORECASE)


def test_locks_of_a_new_paper_hold_what_the_tool_needs_in_the_versions_of_this_repository():
    template = "tool/src/paperbuild/templates/paper/"
    runtime, test = lock(template + "requirements.lock"), lock(template + "requirements-test.lock")
    assert names(PROJECTS["tool/pyproject.toml"]["dependencies"]) <= runtime.keys(), "run `make lock`"
    known = lock("requirements-test.lock")
    assert {**runtime, **test}.items() <= known.items(), "run `make lock`"


def test_make_tells_a_folder_with_a_line_break_in_its_name(tmp_path):
    folder = tmp_path / "a\nb"
    (folder / "tool").mkdir(parents=True)
    for name in ("requirements.lock", "pyproject.toml", "tool/pyproject.toml"):
        (folder / name).touch()
    shutil.copy(ROOT / "Makefile", folder)
    done = subprocess.run(["make", "paper"], cwd=folder, capture_output=True, text=True)
    assert done.returncode
    assert "holds a line break" in done.stderr
    assert not (folder / ".venv").exists()


MAKEFILES = ["Makefile", "tool/src/paperbuild/templates/paper/Makefile"]


@pytest.mark.parametrize("name", MAKEFILES)
def test_make_takes_a_python_whose_path_holds_a_blank(tmp_path, name):
    """As `paper verify` names its own, in whatever folder the paper lies."""
    python = tmp_path / "à deux mots" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    shutil.copy(ROOT / name, tmp_path / "Makefile")
    command = ["make", ".venv/bin/python", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv/bin/python").exists()


@pytest.mark.parametrize("name", MAKEFILES)
def test_make_starts_no_script_whose_first_line_names_the_folder(name):
    """pip writes the folder's name into a shell's double quotes there, where `$` is no letter."""
    scripts = re.findall(r"\$\(VENV\)/bin/(\S+)", (ROOT / name).read_text())
    assert set(scripts) <= {"python", "python:", "ruff"}  # ruff is no script but a program of its own
