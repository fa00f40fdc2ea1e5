"""Builds over a Dask cluster: a real scheduler and real workers, as processes of their own over TCP."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paperbuild.ground.surroundings import kernel_environment
from toy import edit, paper, write_notebook

distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra scale)")

WORK = '''"""Work that takes a while."""

import time


def square(number):
    time.sleep(0.1)
    return number * number
'''
MAPPING = [
    "# Mapping",
    "#| label: setup\nfrom joblib import Parallel, delayed\nfrom paperbuild import number",
    "#| label: work\nfrom toy import work",
    "#| label: sum\nnumber('mapping.sum', sum(Parallel()(delayed(work.square)(n) for n in range(20))), 'd')",
]


@pytest.fixture
def mapping(fresh: Path) -> Path:
    """The toy project with a notebook that maps."""
    (fresh / "src/toy/work.py").write_text(WORK, encoding="utf-8")
    write_notebook(fresh / "analysis/04-mapping.ipynb", MAPPING)
    edit(fresh / "analysis/parameters.yml", "scenarios:", "  04-mapping: {}\nscenarios:")
    return fresh


@pytest.fixture
def scheduler(tmp_path: Path, mapping: Path):
    """Address of a scheduler on the loopback address."""
    command = [sys.executable, "-m", "paperbuild", "--project", str(mapping), "dask", "scheduler"]
    command += ["--host", "127.0.0.1", "--port", "0"]
    said = tmp_path / "scheduler.txt"
    with open(said, "w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield wait_for(lambda: re.search(r"Scheduler at: +(tcp://127\.0\.0\.1:\d+)", said.read_text()))[1]
        finally:
            process.terminate()


def wait_for(found, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.05)
    raise TimeoutError


@pytest.fixture
def workers(mapping: Path, scheduler: str):
    """Start workers in groups of their own; ended with the test."""
    started = []

    def start(count, command=("-m", "paperbuild", "--project", str(mapping), "dask", "worker"), **variables):
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, *command, scheduler], start_new_session=True, env={**os.environ, **variables}
            )
            started.append(process)
        with distributed.Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(len(started), timeout=60)
        return started

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def transitions(address):
    with distributed.Client(address, set_as_default=False) as client:
        return client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)


def test_a_cluster_gives_the_same_bytes_and_a_killed_worker_loses_nothing(mapping, scheduler, workers):
    assert paper(mapping, "build").returncode == 0
    manifest = (mapping / "figures/manifest.json").read_bytes()
    assert paper(mapping, "clean").returncode == 0
    first, _ = workers(2)
    before = transitions(scheduler)
    command = [sys.executable, "-m", "paperbuild", "--project", str(mapping), "build", "--to="]
    command += ["--dask", scheduler]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as build:
        try:
            wait_for(
                lambda: build.poll() is not None or transitions(scheduler) > before + 20
            )  # some of twenty tasks are done, more are not
            os.killpg(first.pid, signal.SIGKILL)
        except TimeoutError:
            build.kill()
            raise
        _, said = build.communicate(timeout=120)
    assert build.returncode == 0, said
    assert "2 workers at tcp://127.0.0.1" in said
    assert (mapping / "figures/manifest.json").read_bytes() == manifest
    # where work was done enters no fingerprint
    assert "up to date" in paper(mapping, "build").stderr


def test_a_worker_in_other_surroundings_is_refused_before_anything_runs(mapping, scheduler, workers):
    workers(1, ("-m", "distributed.cli.dask_worker", "--no-dashboard", "--nthreads", "1"))
    done = paper(mapping, "build", "--dask", scheduler)
    assert done.returncode == 1
    assert "the cluster would not compute the same" in done.stderr
    assert "started with: paper dask" in done.stderr
    assert not (mapping / "build/store").exists()


def test_a_worker_with_another_version_is_refused_by_its_name(mapping, scheduler, workers, tmp_path):
    other = tmp_path / "joblib-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: joblib\nVersion: 0.0.1\n")
    path = os.pathsep.join([str(tmp_path), str(mapping / "src")])
    alike = kernel_environment(str(tmp_path), 0)
    workers(1, ("-m", "distributed.cli.dask_worker", "--no-dashboard"), **alike | {"PYTHONPATH": path})
    done = paper(mapping, "build", "--dask", scheduler)
    assert done.returncode == 1
    assert "the cluster would not compute the same: joblib is 0.0.1" in done.stderr
    assert not (mapping / "build/store").exists()


def test_what_does_not_answer_or_has_no_workers_is_refused(mapping, scheduler):
    done = paper(mapping, "build", "--dask", scheduler)
    assert (done.returncode, "the scheduler has no workers" in done.stderr) == (1, True)
    done = paper(mapping, "build", "--dask", "tcp://127.0.0.1:9")
    assert (done.returncode, "no Dask scheduler answers" in done.stderr) == (1, True)
    assert not (mapping / "build/store").exists()
