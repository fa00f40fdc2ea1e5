"""A command that finds nothing to do: what it loads and opens, which is what its time goes into."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paperbuild.ground.hashing import RACY_NANOSECONDS
from toy import paper

# Runs a command and tells which modules it loaded and which files it opened to read.
TOLD = """
import json, sys
bare = set(sys.modules)
opened = []
def noted(event, given):
    if event == "open" and isinstance(given[0], str) and not (given[1] and set("wax") & set(given[1])):
        opened.append(given[0])
sys.addaudithook(noted)
from paperbuild.__main__ import main
told, sys.argv = sys.argv[1], sys.argv[1:]
code = main()
with open(told, "w") as stream:
    json.dump({"code": code, "modules": sorted(set(sys.modules) - bare), "opened": opened}, stream)
"""

READ = ("analysis/parameters.yml", "build/hashes.json", "build/parameters.json", "figures/manifest.json")
"""The settings, and what the build keeps of its own beside its entry for each result."""

CHOSEN = ("--to", "html", "--engine", "embedded")


@pytest.fixture(scope="module")
def article(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with an article, built and at rest: what was just written is read again."""
    root = Path(shutil.copytree(built, tmp_path_factory.mktemp("idle") / "toy"))
    (root / "_quarto.yml").write_text("project: {type: default}\n")
    (root / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nThe mean is {{< meta n.first.mean >}}.\n")
    done = paper(root, "build", *CHOSEN)
    assert done.returncode == 0, done.stderr
    time.sleep(RACY_NANOSECONDS / 1e9)
    return root


@pytest.fixture(scope="module", params=["build", "status"])
def told(request: pytest.FixtureRequest, article: Path) -> dict[str, list[str]]:
    """What a command of a process of its own loads and opens, once all is remembered that can be."""
    place = article.parent / "told.json"
    command = [sys.executable, "-c", TOLD, str(place), request.param, *CHOSEN]
    for _ in range(2):
        subprocess.run(command, cwd=article, check=True)
    found: dict[str, list[str]] = json.loads(place.read_text())
    return found


def test_a_command_with_nothing_to_do_loads_no_library_and_little_of_the_tool(
    told: dict[str, list[str]],
) -> None:
    modules = set(told["modules"])
    tops = {name.partition(".")[0] for name in modules}
    assert tops - sys.stdlib_module_names == {"paperbuild"}
    own = {name for name in modules if name.startswith("paperbuild.")}
    # Of the floors that judge, prove and compute only what kinds of artefact there are; nothing that parses.
    floors = {name: name.split(".")[1] for name in own}
    assert {name for name in own if floors[name] in ("checks", "proof", "kernel")} == {
        "paperbuild.kernel",
        "paperbuild.kernel.kinds",
    }
    assert not own & {
        "paperbuild.article.text",
        "paperbuild.build.progress",
        "paperbuild.project.notebook",
        "paperbuild.project.parameters",
        "paperbuild.project.register",
        "paperbuild.steps.parsed",
    }
    assert len(own) <= 46
    # Each takes between one and five hundredths of such a command.
    dear = {"asyncio", "concurrent", "datetime", "decimal", "difflib", "logging", "platform", "tempfile"}
    assert not tops & dear


def test_it_opens_once_the_settings_and_what_the_build_keeps_for_itself_and_nothing_else(
    told: dict[str, list[str]], article: Path
) -> None:
    opened = [path for path in map(Path, told["opened"]) if path.is_relative_to(article)]
    found = sorted(path for path in opened if not path.is_relative_to(article / "build/pycache"))
    entries = article.glob("build/store/*/entry.json")
    assert found == sorted([*entries, *(article / name for name in READ)])
