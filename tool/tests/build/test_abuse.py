"""The build under abuse: stopped, killed, started twice, without room, in odd places and locales."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from paperbuild.ground.bytecode import PLACE
from toy import command, edit, make_toy, outputs, paper, write_notebook


def slow_build(root: Path, marker: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a build whose third notebook takes a minute; return it and its kernel's process number."""
    tell = f"import os, pathlib, time\npathlib.Path({str(marker)!r}).write_text(str(os.getpid()))"
    write_notebook(root / "analysis/03-alone.ipynb", [f"#| label: wait\n{tell}\ntime.sleep(60)"])
    build = subprocess.Popen(
        command("build", "--to="),
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (marker.is_file() and marker.read_text()):
        assert build.poll() is None, build.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return build, int(marker.read_text())


def is_gone(pid: int) -> bool:
    """Wait some seconds for a process to end."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_stopped_builds_leave_no_kernel_and_the_next_one_heals(
    project: Path, tmp_path: Path, number: signal.Signals
) -> None:
    before = outputs(project)
    good = (project / "analysis/03-alone.ipynb").read_bytes()
    edit(project / "data/points.csv", "1.5", "3.5")
    build, kernel = slow_build(project, tmp_path / "pid")
    # The whole process group, as a terminal does on Ctrl-C.
    os.killpg(build.pid, number) if number == signal.SIGINT else build.send_signal(number)
    _, stderr = build.communicate(timeout=60)
    assert is_gone(kernel)
    assert "Traceback" not in stderr
    if number != signal.SIGKILL:
        assert build.returncode == 130
        assert "the last good article is untouched" in stderr
    assert outputs(project) == before
    (project / "analysis/03-alone.ipynb").write_bytes(good)
    done = paper(project, "build")
    assert done.returncode == 0, done.stderr
    assert "paper build" not in done.stderr
    assert outputs(project) != before
    assert not (project / "build/staging").exists()


def interrupted(build: subprocess.Popen[str]) -> str:
    """Press Ctrl-C: the whole process group is told, as by a terminal; return what was then printed."""
    os.killpg(build.pid, signal.SIGINT)
    _, said = build.communicate(timeout=60)
    assert build.returncode in (130, -signal.SIGINT)
    return said


def test_an_interrupt_while_the_command_loads_ends_it_without_a_traceback(project: Path) -> None:
    build = subprocess.Popen(
        [sys.executable, "-X", "importtime", *command("build", "--to=")[1:]],
        cwd=project,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    assert build.stderr is not None
    assert any("paperbuild.ground.errors" in line for line in build.stderr), "never got as far"
    assert "Traceback" not in interrupted(build)


@pytest.mark.parametrize("pause", [0, 0.3], ids=["at once", "while it imports"])
def test_an_interrupt_while_the_fork_server_starts_ends_it_without_a_traceback(
    fresh: Path, pause: float
) -> None:
    build = subprocess.Popen(
        command("build", "--to="),
        cwd=fresh,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (private := list(Path(tempfile.gettempdir()).glob(f"paperbuild-{build.pid}-*"))):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(pause)
    assert interrupted(build).startswith("paper: stopped")
    assert not any(folder.exists() for folder in private)


def test_a_second_build_at_once_is_refused_with_the_owner(project: Path, tmp_path: Path) -> None:
    build, _ = slow_build(project, tmp_path / "pid")
    try:
        done = paper(project, "build")
        assert done.returncode == 1
        assert f"another build of this project is running (process {build.pid})" in done.stderr
        assert "03-alone" in paper(project, "status").stdout
    finally:
        build.terminate()
        build.communicate(timeout=60)


def test_no_room_for_files(project: Path, tmp_path: Path) -> None:
    """A limit on file sizes stands for a full disk: writing fails at some byte, and stays failing.

    What Python compiles meanwhile is cut off too, and must not outlive the build.
    """
    compiled = tmp_path / PLACE
    environment = {"PYTHONPYCACHEPREFIX": str(compiled), "PYTHONDONTWRITEBYTECODE": ""}
    edit(project / "data/sizes.csv", "A,10", "A,11")
    assert paper(project, "build", **environment).returncode == 0
    before = outputs(project)
    edit(project / "data/sizes.csv", "A,11", "A," + "1" * 3000)
    done = subprocess.run(
        command("build", "--to="),
        cwd=project,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
        env=os.environ | environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert not compiled.exists()
    assert outputs(project) == before
    assert paper(project, "build").returncode == 0


def test_an_output_folder_that_cannot_be_written(project: Path) -> None:
    edit(project / "data/sizes.csv", "10", "11")
    shutil.rmtree(project / "tables")
    (project / "tables").write_text("a file where a folder should be")
    done = paper(project, "build")
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert str(project / "tables") in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_project(project: Path) -> None:
    edit(project / "data/sizes.csv", "10", "11")
    for folder in [project / "build", *[p for p in (project / "build").rglob("*") if p.is_dir()]]:
        folder.chmod(0o555)
    try:
        done = paper(project, "build")
        assert done.returncode == 1
        assert "make the folder writable" in done.stderr
    finally:
        for folder in [project / "build", *[p for p in (project / "build").rglob("*") if p.is_dir()]]:
            folder.chmod(0o755)


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "ru_RU", "LANG": "ru_RU", "TZ": "Asia/Almaty", "PYTHONHASHSEED": "17"},
    ],
    ids=["C", "ru_RU"],
)
def test_odd_paths_and_locales_change_no_byte(
    built: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    # Long enough that a socket inside the project would not fit into the 107 bytes a socket's path may have.
    root = make_toy(tmp_path / "Проект пограничье, статья" / ("очень длинное имя папки " * 2).strip())
    done = paper(root, "build", cwd=tmp_path, **environment)
    assert done.returncode == 2, "no project here or above"
    assert "--project DIR" in done.stderr
    done = paper(root, "--project", str(root), "build", cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    assert outputs(root) == outputs(built)
    assert paper(root, "status", cwd=root / "data", **environment).stdout.count("fresh") == 3


def test_no_state_leaks_from_one_notebook_to_the_next(fresh: Path) -> None:
    """Kernels are forked from one server; what one does to a library the next does not see."""
    shutil.rmtree(fresh / "analysis")
    (fresh / "analysis").mkdir()
    (fresh / "analysis/parameters.yml").write_text("notebooks: {}\n")
    for name in ("01-a", "02-b"):
        cells = [
            "#| label: leak\nimport math, os, sys\nassert not hasattr(math, 'leak')\nmath.leak = 1",
            "#| label: more\nassert 'LEAK' not in os.environ\nos.environ['LEAK'] = '1'",
            "#| label: module\nassert 'toy' not in sys.modules\nimport toy",
        ]
        write_notebook(fresh / f"analysis/{name}.ipynb", cells)
    done = paper(fresh, "build", "--jobs", "1")
    assert done.returncode == 0, done.stderr


def test_broken_inputs_end_in_a_message(fresh: Path) -> None:
    (fresh / "analysis/02-second.ipynb").write_text('{"cells": [')
    done = paper(fresh, "build")
    assert done.returncode == 1
    assert "analysis/02-second.ipynb:1: not a notebook" in done.stderr
    (fresh / "analysis/02-second.ipynb").unlink()
    done = paper(fresh, "build")
    assert "there is no notebook '02-second'" in done.stderr
    (fresh / "analysis/parameters.yml").write_text("notebooks: [\n")
    done = paper(fresh, "build")
    assert "analysis/parameters.yml:2: not valid YAML" in done.stderr
    (fresh / "analysis/parameters.yml").write_text("{}\n")
    (fresh / "data/datapackage.json").write_text("{")
    done = paper(fresh, "build")
    assert "data/datapackage.json:1: found " in done.stderr
