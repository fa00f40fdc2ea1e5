"""The three statements of the environment (pyproject, lock, conda file) agree, and none names an address."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")


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


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
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
