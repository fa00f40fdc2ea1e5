"""What a reader trusts: kept results, seeds, origins, variants, packages; and what must end with a build."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import sha256_bytes
from paperbuild.project.notebook import CELL_FILE, outputs_of
from paperbuild.project.workspace import Workspace
from paperbuild.steps.reference import References
from toy import command, edit, make_toy, outputs, paper, write_notebook

ALONE = "analysis/03-alone.ipynb"
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org")


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *AUTHOR, *words], cwd=root, check=True, capture_output=True)


def numbers(root: Path) -> dict:
    return json.loads((root / "build/results/numbers.yml").read_text(encoding="utf-8"))


def value(root: Path, name: str) -> object:
    manifest = json.loads((root / "figures/manifest.json").read_text(encoding="utf-8"))
    return manifest["numbers"][name]["value"]


# Kept results ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["files/results.json", "files/outputs.json", "entry.json"])
def test_a_flipped_byte_in_a_kept_result_is_told_and_made_again(project: Path, file: str) -> None:
    before = outputs(project)
    (project / "build/hashes.json").unlink()
    [kept] = [
        path
        for path in (project / "build/store").glob(f"*/{file}")
        if b"first.mean" in (path.parents[file.count("/")] / "files/results.json").read_bytes()
    ]
    content = kept.read_bytes()
    place = content.index(b"5.5") if b"5.5" in content else len(content) // 2
    kept.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert "01-first                     stale" in paper(project, "status").stdout
    done = paper(project, "build", "--to=")
    assert done.returncode == 0, done.stderr
    assert "01-first                     ran" in done.stderr
    if file != "entry.json":
        assert "a damaged result in the store is dropped and made again" in done.stderr
    assert outputs(project) == before


def test_a_kept_file_that_changes_before_it_is_published_is_not(project: Path) -> None:
    references = References(Workspace.open(project))
    kept, place = project / "kept.csv", project / "tables/sizes.csv"
    kept.write_text("unit,size\nA,11\n", encoding="utf-8")
    before = place.read_bytes()
    with pytest.raises(PaperError, match="the file is not as it was kept"):
        references.put(kept, place, sha256_bytes(b"unit,size\nA,10\n"))
    assert place.read_bytes() == before


# Seeds, tags, early ends ----------------------------------------------------------------------------------

DRAWS = [
    "#| label: setup\nimport random\nimport numpy as np\nfrom paperbuild import number",
    "#| label: draw\nnumber('draw.plain', random.random())\nnumber('draw.numpy', np.random.random())",
    "#| label: own\nnp.random.seed(7)",
    "#| label: later\nnumber('draw.own', np.random.random())",
]


def test_draws_hang_on_what_the_fingerprint_hangs_on(project: Path) -> None:
    import numpy as np

    write_notebook(project / ALONE, DRAWS)
    assert paper(project, "build", "--to=", "--kernel", "cold").returncode == 0
    drawn = {name: value(project, f"draw.{name}") for name in ("plain", "numpy", "own")}
    assert drawn["own"] == pytest.approx(np.random.RandomState(7).random_sample(), rel=1e-9), "ten digits"
    # A comment changes neither the fingerprint nor, in a clean build, a draw.
    edit(project / ALONE, "number('draw.plain'", "# said\\nnumber('draw.plain'")
    assert "03-alone                     stale (kept): output" in paper(project, "status").stdout
    paper(project, "clean", "--store")
    assert paper(project, "build", "--to=").returncode == 0
    assert {name: value(project, f"draw.{name}") for name in drawn} == drawn


def test_a_tag_that_decides_whether_a_cell_runs_is_an_input(project: Path) -> None:
    document = json.loads((project / ALONE).read_text(encoding="utf-8"))
    document["cells"][-1]["metadata"]["tags"] = ["skip-execution"]
    (project / ALONE).write_text(json.dumps(document), encoding="utf-8")
    assert "03-alone                     stale" in paper(project, "status").stdout


@pytest.mark.parametrize("code", ["import sys\nsys.exit(0)", "raise SystemExit"])
def test_a_cell_that_ends_the_notebook_fails_the_step(project: Path, code: str) -> None:
    write_notebook(project / ALONE, [f"#| label: ends\n{code}", "#| label: after\n1"])
    done = paper(project, "run", "03-alone")
    assert done.returncode == 1
    assert "03-alone › ends: sys.exit() ends the notebook" in done.stderr


# Origins, variants, revisions -----------------------------------------------------------------------------


def test_a_figure_and_a_table_of_one_name_have_each_their_origin(project: Path) -> None:
    drawing = (
        "import pandas as pd\nimport matplotlib.pyplot as plt\nfrom paperbuild import figure\n"
        "fig, ax = plt.subplots()\nax.plot([1])\nfigure('sizes', fig, pd.DataFrame({'a': [1]}))"
    )
    write_notebook(project / "analysis/04-drawn.ipynb", [f"#| label: drawing\n{drawing}"])
    assert paper(project, "build", "--to=").returncode == 0
    assert numbers(project)["provenance"] == {
        "figure": {"sizes": "04-drawn › drawing"},
        "table": {"sizes": "03-alone › sizes"},
    }


def test_a_variant_says_so_below_its_title_in_every_format(project: Path) -> None:
    (project / "paper.qmd").write_text("---\ntitle: Toy\n---\n\nThe mean is {{< meta n.first.mean >}}.\n")
    assert paper(project, "build").returncode == 0
    assert "variant" not in numbers(project)["build"]
    text = {path.name: path.read_text(encoding="utf-8") for path in (project / "text").iterdir()}
    assert not any("Variant" in words for words in text.values())
    assert paper(project, "build", "--scenario", "late").returncode == 0
    for path in (project / "build/scenarios/late/text").iterdir():
        assert "Variant" in path.read_text(encoding="utf-8"), path
    said = numbers(project / "build/scenarios/late")["build"]["variant"]
    assert said == "scenario late (only the later year): 01-first.first_year = 2001"
    assert paper(project, "build", "--to=", "-p", "01-first.first_year=2001").returncode == 0
    assert numbers(project)["build"]["variant"] == "01-first.first_year = 2001"


def test_a_repository_that_does_not_hold_the_project_lends_it_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "other.txt").write_text("another project")
    git(tmp_path, "add", "other.txt")
    git(tmp_path, "commit", "-qm", "first")
    root = make_toy(tmp_path / "unpacked")
    done = paper(root, "deposit")
    assert done.returncode == 1
    assert "no commit holds this project" in done.stderr
    assert "git init" in done.stderr
    assert "no commit holds this project" in paper(root, "verify").stderr
    assert paper(root, "build", "--to=").returncode == 0
    told = numbers(root)
    assert told["build"]["commit"] == "no commit"
    assert told["build"]["date"] == "not under version control"
    assert "date" not in told
    git(root, "add", "--all", ".")
    git(root, "commit", "-qm", "ours")
    assert paper(root, "build", "--to=").returncode == 0
    assert len(numbers(root)["build"]["commit"]) == 40


def test_a_clone_that_changes_line_ends_gets_the_committed_bytes(tmp_path: Path) -> None:
    """The rule that this repository and every new paper carry."""
    root = make_toy(tmp_path / "toy")
    rules = Path(sys.modules["paperbuild"].__file__).parent / "templates/paper/dot_gitattributes"
    shutil.copy(rules, root / ".gitattributes")
    git(root, "init", "-q")
    git(root, "add", "--all")
    git(root, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(root), "clone")
    for name in ("data/points.csv", "src/toy/core.py", "analysis/01-first.ipynb"):
        assert (tmp_path / "clone" / name).read_bytes() == (root / name).read_bytes()
    (root / ".gitattributes").unlink()
    git(root, "commit", "-qam", "without")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(root), "spoilt")
    assert b"\r\n" in (tmp_path / "spoilt/data/points.csv").read_bytes(), "the rule does nothing"


# Packages -------------------------------------------------------------------------------------------------


def test_packages_that_are_not_those_of_the_lock_are_told(project: Path) -> None:
    from importlib.metadata import version

    lock = project / "requirements.lock"
    lock.write_text(f"numpy=={version('numpy')}\npandas==0.1\nnot-installed==1\n")
    said = f"installed packages are not those of requirements.lock: pandas: 0.1, not {version('pandas')}"
    assert f"paper: {said}\n" in paper(project, "status").stderr
    assert f"paper: {said}\n" in paper(project, "build").stderr
    assert "notes of locked-packages: 1" in paper(project, "check").stdout
    lock.write_text(f"pandas=={version('pandas')}\n")
    assert "requirements.lock" not in paper(project, "status").stderr


# Staying alive --------------------------------------------------------------------------------------------


def test_long_words_in_an_output_are_read_in_one_pass() -> None:
    """A megabyte without a blank; in proportion to its length this takes hundredths of a second."""
    text = "ipykernel_1" * 90_000
    cell = {"cell_type": "code", "source": "1", "outputs": [{"output_type": "stream", "text": text}]}
    begun = time.perf_counter()
    [kept] = outputs_of({"cells": [cell]})
    assert time.perf_counter() - begun < 2, "a quadratic pattern takes minutes"
    assert kept["outputs"][0]["text"] == text
    assert CELL_FILE.sub("cell", "in /tmp/ipykernel_12/345.py:1: said") == "in cell:1: said"


def test_what_is_printed_in_pieces_is_one_whatever_the_pieces() -> None:
    def kept(*said: str) -> list[dict[str, str]]:
        outputs = [
            {"output_type": "display_data", "data": {}}
            if one == "shown"
            else {"output_type": "stream", "name": f"std{one[:3]}", "text": one[4:]}
            for one in said
        ]
        [cell] = outputs_of({"cells": [{"cell_type": "code", "source": "1", "outputs": outputs}]})
        return cell["outputs"]

    whole = kept("out a\nb\n", "err !", "shown", "out c\n")
    assert kept("out a\n", "err !", "out b\n", "shown", "out c\n") == whole
    assert kept("err !", "out a\n", "out b\n", "shown", "out c\n") == whole
    assert [one["output_type"] for one in whole] == ["stream", "stream", "display_data", "stream"]


def processes(mark: str) -> list[int]:
    """Return the processes whose command holds `mark`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in words and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").is_file(), reason="processes are looked up in /proc")
def test_a_child_with_a_session_of_its_own_ends_with_its_notebook(project: Path, tmp_path: Path) -> None:
    mark = f"survivor-{tmp_path.name}-{os.getpid()}"
    # A daemon: a child of a child that has ended, in a session of its own.
    daemon = f"import os, time\nif os.fork(): os._exit(0)\nos.setsid()\ntime.sleep(300)  # {mark}"
    start = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {daemon!r}])"
    write_notebook(project / ALONE, [f"#| label: start\n{start}"])
    assert paper(project, "run", "03-alone").returncode == 0
    assert processes(mark) == []
    waiting = f"{start}\nimport pathlib\npathlib.Path({str(tmp_path / 'there')!r}).touch()\n"
    write_notebook(project / ALONE, [f"#| label: start\n{waiting}import time\ntime.sleep(300)"])
    build = subprocess.Popen(command("run", "03-alone"), cwd=project, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not (tmp_path / "there").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert processes(mark)
    build.terminate()
    build.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while processes(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes(mark) == []


def test_half_characters_are_shown_as_such_and_refused_as_results(project: Path) -> None:
    write_notebook(project / ALONE, ["#| label: said\nprint('\\ud800 said')\n'\\udc80'"])
    done = paper(project, "run", "03-alone")
    assert done.returncode == 0
    assert "? said" in (project / "build/runs/03-alone/03-alone.ipynb").read_text(encoding="utf-8")
    write_notebook(
        project / ALONE, ["#| label: said\nfrom paperbuild import number\nnumber('a.word', '\\ud800')"]
    )
    done = paper(project, "run", "03-alone")
    assert done.returncode == 1
    assert "03-alone › said: ArtefactError: the number 'a.word' holds half a character" in done.stderr


def test_a_long_name_of_the_temporary_folder(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("long " * 24)
    folder.mkdir()
    pooled = (
        "import multiprocessing as m\nwith m.get_context('forkserver').Pool(1) as p:\n    p.map(abs, [-1])"
    )
    write_notebook(project / ALONE, [f"#| label: pooled\n{pooled}"])
    done = paper(project, "run", "03-alone", TMPDIR=str(folder))
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []


def test_a_failed_step_is_told_although_nothing_can_be_kept_of_it(project: Path) -> None:
    write_notebook(project / ALONE, ["#| label: fails\nraise ValueError('the reason')"])
    shutil.rmtree(project / "build/log", ignore_errors=True)
    (project / "build/log").write_text("a file where a folder should be")
    done = paper(project, "run", "03-alone")
    assert done.returncode == 1
    assert "03-alone › fails: ValueError: the reason" in done.stderr
    assert "look into" not in done.stderr


def test_two_runs_of_one_notebook_exclude_each_other(project: Path, tmp_path: Path) -> None:
    wait = f"import pathlib, time\npathlib.Path({str(tmp_path / 'there')!r}).touch()\ntime.sleep(60)"
    write_notebook(project / ALONE, [f"#| label: wait\n{wait}"])
    first = subprocess.Popen(command("run", "03-alone"), cwd=project, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "there").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        done = paper(project, "run", "03-alone")
        assert done.returncode == 1
        assert f"another paper run of 03-alone is running (process {first.pid})" in done.stderr
    finally:
        first.terminate()
        first.communicate(timeout=60)
