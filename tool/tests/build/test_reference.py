"""What a machine's own last bits do to the committed reference: nothing, until its author accepts them.

"Another machine" is a notebook whose values hang on the size of a file outside the project, which no recipe
knows: the same code and data, other bits.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from paperbuild.ground.hashing import sha256_bytes
from paperbuild.steps.reference import recipe
from toy import edit, make_toy, outputs, paper, write_notebook

MANIFEST = "figures/manifest.json"


def git(root: Path, *arguments: str) -> str:
    """Run git as nobody in particular and return what it prints."""
    identity = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout


def move_to_another_machine(root: Path, noise: int) -> None:
    """Make the project's values differ by `noise` units of 2⁻³⁰, and forget what was computed."""
    with open(root.parent / "machine", "wb") as stream:
        stream.truncate(noise)  # a hole in the file: its size alone matters
    shutil.rmtree(root / "build", ignore_errors=True)


def changed(root: Path) -> str:
    """What git sees changed."""
    return git(root, "status", "--porcelain")


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy project whose table and number rest on the machine: built, committed, its tree clean."""
    fresh = make_toy(tmp_path_factory.mktemp("reference") / "toy")
    cells = [
        "# Alone",
        "#| label: setup\nimport os\nimport pandas as pd\nfrom paperbuild import number, table",
        "#| label: machine\nvalue = 1.5 + os.stat('../machine').st_size * 2.0**-30",
        # Ten digits are stored: a unit of 9e-10 shows in the last of them, within the tolerance of 1e-9.
        "#| label: sizes\nshare = 5 + (value - 1.5) * 1\n"
        "table('sizes', pd.read_csv('data/sizes.csv').assign(share=share), formats={'share': '.3f'})",
        "#| label: share\nnumber('alone.share', value, '.2f')",
    ]
    write_notebook(fresh / "analysis/03-alone.ipynb", cells)
    (fresh / ".gitignore").write_text("build/\n_output/\n__pycache__/\n", encoding="utf-8")
    git(fresh, "init", "-q")
    move_to_another_machine(fresh, 0)
    done = paper(fresh, "build")
    assert done.returncode == 0, done.stderr
    git(fresh, "add", "-A")
    git(fresh, "commit", "-qm", "reference")
    return fresh


@pytest.fixture
def clone(committed: Path, tmp_path: Path) -> Path:
    """A copy of it, on a machine of its own."""
    return Path(shutil.copytree(committed, tmp_path / "toy"))


def test_another_machine_leaves_a_clean_tree_and_says_what_differs(clone):
    move_to_another_machine(clone, 1)
    done = paper(clone, "build")
    assert (done.returncode, changed(clone)) == (0, "")
    assert "made 1 files and 1 numbers otherwise" in done.stderr
    assert "no printed result differs" in done.stderr
    assert "paper build --accept" in done.stderr
    kept, made = ((clone / place / "tables/sizes.csv").read_text() for place in ("", "build/differs"))
    assert kept != made
    before = outputs(clone)
    again = paper(clone, "build")
    assert "up to date" in again.stderr
    assert "ran" not in again.stderr.splitlines()[-1]
    assert "no printed result differs" in again.stderr, "a build with nothing to do says it too"
    assert outputs(clone) == before
    states = json.loads(paper(clone, "status", "--json").stdout)["steps"]
    assert {step["state"] for step in states.values()} == {"fresh"}


def test_a_printed_result_that_differs_is_told_loudly(clone):
    move_to_another_machine(clone, 2**23)  # 2⁻⁷
    done = paper(clone, "build")
    assert (done.returncode, changed(clone)) == (0, "")
    assert "PRINTED RESULTS DIFFER HERE: numbers/alone.share" in done.stderr
    numbers = json.loads((clone / "build/results/numbers.yml").read_text())
    assert numbers["n"]["alone"]["share"] == "1.50", "the article goes with the reference it shows"


def test_accepting_makes_this_machine_s_outputs_the_reference(clone):
    move_to_another_machine(clone, 1)
    assert paper(clone, "build").returncode == 0
    assert paper(clone, "build", "--accept").returncode == 0
    assert set(changed(clone).split()) == {"M", MANIFEST, "tables/sizes.csv"}
    assert not (clone / "build/differs").exists()
    after = outputs(clone)
    assert paper(clone, "build").returncode == 0
    assert outputs(clone) == after, "accepted is accepted"


def test_an_edit_replaces_the_reference_and_taking_it_back_brings_it_back(clone):
    move_to_another_machine(clone, 1)
    notebook = clone / "analysis/03-alone.ipynb"
    edit(notebook, "* 1\\n", "* 3\\n")
    assert paper(clone, "build").returncode == 0
    assert "tables/sizes.csv" in changed(clone)
    edit(notebook, "* 3\\n", "* 1\\n")
    stray = clone / "build/differs/tables/gone.csv"
    stray.parent.mkdir(parents=True)
    stray.write_text("of an earlier build\n")
    assert paper(clone, "build").returncode == 0
    assert changed(clone) == "", "the reference of the last commit is this recipe's"
    assert {path.name for path in stray.parent.iterdir()} == {"sizes.csv"}


def test_a_reference_file_that_was_removed_or_edited_comes_back(clone):
    move_to_another_machine(clone, 1)
    (clone / "tables/sizes.csv").write_text("size\n1\n")
    (clone / "tables/sizes.md").unlink()
    assert paper(clone, "build").returncode == 0
    assert changed(clone) == ""


def test_a_reference_that_nobody_has_any_more_does_not_stay(clone):
    (clone / "tables/sizes.csv").write_text("unit,size,share\nA,10,5\n")
    git(clone, "commit", "-qam", "by hand")
    move_to_another_machine(clone, 1)
    assert paper(clone, "build").returncode == 0
    made = (clone / "tables/sizes.csv").read_bytes()
    listed = {one["path"]: one["sha256"] for one in json.loads((clone / MANIFEST).read_text())["outputs"]}
    assert b"5.000000001" in made
    assert listed["tables/sizes.csv"] == sha256_bytes(made)
    assert not (clone / "build/differs").exists()


def test_what_belongs_to_the_machine_is_not_in_the_recipe():
    inputs = {"code a": "1", "python": "3.11.2", "surroundings": "x", "numbers of 01-a": "1"}
    same = inputs | {"python": "3.13.1", "surroundings": "y", "numbers of 01-a": "2"}
    assert recipe(inputs, {"01-a": "r"}) == recipe(same, {"01-a": "r"})
    assert recipe(inputs, {"01-a": "r"}) != recipe(inputs, {"01-a": "s"})
    assert recipe(inputs, {}) != recipe(inputs | {"code a": "2"}, {})
