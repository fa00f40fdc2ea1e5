"""`paper init`: what it writes, what it refuses, and the wheel that the new paper carries."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from begun import files, run
from paperbuild.cli.init import distribution_name, paper_files, with_tool
from paperbuild.ground.wheel import PACKAGES, Wheel, own_wheel, pack
from paperbuild.project import register
from paperbuild.proof.verify import tool_of


def paper(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "paperbuild", *arguments, cwd=cwd)


@pytest.mark.parametrize("name", ["new", 'мой $HOME "paper"\n2'])
def test_a_new_folder_becomes_a_paper_and_is_told_what_next(tmp_path, name):
    done = paper("init", name, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "make paper" in done.stdout
    root = tmp_path / name
    assert register.findings(root) == []
    assert (root / ".ci/run").stat().st_mode & 0o111
    assert not (root / ".git").exists()


def test_an_empty_folder_is_taken(tmp_path):
    assert paper("init", ".", cwd=tmp_path).returncode == 0
    assert (tmp_path / "paper.qmd").is_file()


@pytest.mark.parametrize("held", ["notes.txt", ".git/HEAD", "paper.qmd"])
def test_a_folder_that_holds_anything_is_left_as_it_is(tmp_path, held):
    file = tmp_path / "mine" / held
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    done = paper("init", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert "mine: the folder is not empty: it holds" in done.stdout
    assert "remedy:" in done.stdout
    assert files(tmp_path / "mine") == ({} if held.startswith(".git") else {held: b"mine"})
    assert [path for path in (tmp_path / "mine").rglob("*") if path.is_file()] == [file]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "mine").write_text("mine")
    done = paper("init", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert "it is a file" in done.stdout
    assert (tmp_path / "mine").read_text() == "mine"


def test_locks_name_the_wheel_with_its_hash_and_no_address():
    wheel = own_wheel()
    written = paper_files("new", wheel, example=False)
    lock = written["requirements.lock"].decode()
    assert f"paperbuild=={wheel.version} \\\n    --hash=sha256:{wheel.sha256}\n" in lock
    names = re.findall(r"^([a-z0-9._-]+)==", lock, flags=re.MULTILINE)
    assert names == sorted(names)
    assert written[f"vendor/{wheel.name}"] == wheel.content
    for text in (lock, written["requirements-test.lock"].decode()):
        assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text)


def test_the_example_has_more_and_each_paper_the_name_of_its_folder():
    plain, example = (paper_files("growth", own_wheel(), fuller) for fuller in (False, True))
    assert plain.keys() < example.keys()
    assert "analysis/02-outlook.ipynb" in example
    for written in (plain, example):
        assert tomllib.loads(written["pyproject.toml"].decode())["project"]["name"] == "growth-paper"


def test_the_tool_takes_its_place_even_at_the_end_of_a_lock():
    wheel = Wheel("paperbuild-1-py3-none-any.whl", "1", b"")
    lock = "numpy==2 ; python_version < '3.12' \\\n    --hash=sha256:1\nnumpy==3 \\\n    --hash=sha256:2\n"
    assert with_tool(lock, wheel) == lock + f"paperbuild==1 \\\n    --hash=sha256:{wheel.sha256}\n"


def test_the_wheel_is_the_same_from_wherever_the_tool_is_installed(tmp_path):
    wheel = own_wheel()
    (tmp_path / wheel.name).write_bytes(wheel.content)
    target = tmp_path / "installed"
    # pip refuses a wheel whose record or metadata are not as they should be.
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
    ]
    subprocess.run([*pip, str(tmp_path / wheel.name)], check=True, capture_output=True)
    code = "from paperbuild.ground.wheel import *; w = own_wheel(); print(PACKAGE); print(w.name, w.sha256)"
    done = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(target))
    assert done.stdout.splitlines() == [str(target / "paperbuild"), f"{wheel.name} {wheel.sha256}"]


def test_the_wheel_holds_all_of_the_tool_and_nothing_of_this_machine(tmp_path):
    wheel = own_wheel()
    (tmp_path / wheel.name).write_bytes(wheel.content)
    with zipfile.ZipFile(tmp_path / wheel.name) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        modes = {member.external_attr >> 16 for member in archive.infolist()}
    assert {
        "paperbuild/cli/main.py",
        "paperbuild/py.typed",
        "paperbuild/article/assets/_extensions/paperbuild/article.css",
    } <= set(names)
    assert {name.split("/")[0] for name in names} <= {*PACKAGES, f"paperbuild-{wheel.version}.dist-info"}
    assert modes == {0o100644}
    metadata = {name.split("/", 1)[1] for name in names if ".dist-info/" in name}
    known = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
    assert metadata == known
    assert not [name for name in names if "__pycache__" in name]
    assert str(Path(__file__).parents[1]).encode() not in wheel.content


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ("paperbuild=={version} \\\n    --hash=sha256:{sha256}\n", "the one that requirements.lock names"),
        (
            "paperbuild=={version} \\\n    --hash=sha256:0\nx==1 \\\n    --hash=sha256:{sha256}\n",
            "not the one that requirements.lock names",
        ),
        ("paperbuilder==1 \\\n    --hash=sha256:{sha256}\n", "which requirements.lock does not name"),
        (None, "which requirements.lock does not name"),
    ],
)
def test_verify_says_whether_the_installed_tool_is_the_locked_one(tmp_path, lock, said):
    wheel = own_wheel()
    if lock is not None:
        text = lock.format(version=wheel.version, sha256=wheel.sha256)
        (tmp_path / "requirements.lock").write_text(text)
    assert tool_of(tmp_path).startswith(f"the installed paperbuild {wheel.version}, {said}")


def test_a_change_of_one_letter_makes_another_wheel():
    files = {"paperbuild/a.py": b"a = 1\n", "paperbuild-1.dist-info/METADATA": b"Name: paperbuild\n"}
    record = "paperbuild-1.dist-info/RECORD"
    first = pack(files, record)
    assert pack(dict(reversed(files.items())), record) == first
    assert pack(files | {"paperbuild/a.py": b"a = 2\n"}, record) != first


@pytest.mark.parametrize(
    ("folder", "name"),
    [("growth", "growth-paper"), ("My Paper", "my-paper"), ("pandas", "pandas-paper"), ("Статья", "paper")],
)
def test_name_of_the_archive_follows_the_folder(folder, name):
    assert distribution_name(folder) == name
