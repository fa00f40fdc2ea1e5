"""Builds over a Dask cluster: a real scheduler and real workers, as processes of their own over TCP."""

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from paperbuild.build.plan import Options, make_plan
from paperbuild.ground.errors import PaperError
from paperbuild.ground.surroundings import kernel_environment
from paperbuild.kernel import cluster
from paperbuild.project.workspace import Workspace
from paperbuild.steps.step import Running
from toy import edit, make_toy, outputs, paper, write_notebook

distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra scale)")

WORK = '''"""Work that takes a while."""

import time


def square(number):
    time.sleep(0.1)
    return number * number
'''
MAPPING = [
    "# Mapping",
    "#| label: setup\nfrom joblib import Parallel, delayed\nfrom paperbuild import number, progress",
    "#| label: work\nfrom toy import work\ntell = progress('squares')\ntell(0, 20)",
    "#| label: sum\nsquares = Parallel()(delayed(work.square)(n) for n in range(20))\ntell(20, 20)",
    "#| label: number\nnumber('mapping.sum', sum(squares), 'd')",
]
WATCHED = ("-m", "paperbuild", "dask", "worker")
# Without the process that would start it anew, and whose own start costs as much as the worker's.
WORKER = (*WATCHED, "--no-nanny")
PLAIN = ("-m", "distributed.cli.dask_worker", "--no-dashboard", "--nthreads", "1")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project with a notebook that maps; what a test changes in it, it puts back."""
    root = make_toy(tmp_path_factory.mktemp("cluster") / "toy")
    (root / "src/toy/work.py").write_text(WORK, encoding="utf-8")
    write_notebook(root / "analysis/04-mapping.ipynb", MAPPING)
    edit(root / "analysis/parameters.yml", "scenarios:", "  04-mapping: {}\nscenarios:")
    return root


@pytest.fixture(autouse=True)
def unbuilt(project: Path):
    """Each test finds the project as it was, never built."""
    files = [path for folder in ("analysis", "data", "src") for path in (project / folder).rglob("*.*")]
    kept = {path: path.read_bytes() for path in files if path.is_file()}
    yield
    for folder in ("build", "figures", "tables"):
        shutil.rmtree(project / folder, ignore_errors=True)
    for path, content in kept.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


@contextlib.contextmanager
def scheduling(folder: Path, project: Path):
    """Address of a scheduler on the loopback address, and its process."""
    command = [sys.executable, "-m", "paperbuild", "--project", str(project), "dask", "scheduler"]
    command += ["--host", "127.0.0.1", "--port", "0"]
    said = folder / "said.txt"
    with open(said, "w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            found = wait_for(lambda: re.search(r"Scheduler at: +(tcp://127\.0\.0\.1:\d+)", said.read_text()))
            yield found[1], process
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory, project: Path):
    """Address of a scheduler that all tests share."""
    with scheduling(tmp_path_factory.mktemp("scheduler"), project) as (address, _):
        yield address


@pytest.fixture(scope="module")
def client(scheduler: str):
    """Return a client of the scheduler, for a test to look at it."""
    with distributed.Client(scheduler, set_as_default=False) as client:
        yield client


def wait_for(found, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.05)
    raise TimeoutError


def workers_of(client) -> dict:
    return client.scheduler_info(n_workers=-1)["workers"]


@pytest.fixture
def start(project: Path, scheduler: str, client):
    """Start workers in groups of their own, as many as the test has then; ended with it."""
    started = []

    def begin(command=WORKER, *arguments, cwd=project, **variables):
        before = len(workers_of(client))
        process = subprocess.Popen(
            [sys.executable, *command, scheduler, *arguments],
            start_new_session=True,
            cwd=cwd,
            env={**os.environ, **variables},
        )
        started.append(process)
        client.wait_for_workers(before + 1, timeout=60)
        return process

    yield begin
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)
    wait_for(lambda: not workers_of(client))


def building(root: Path, scheduler: str, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "paperbuild", "build", "--to=", "--dask", scheduler, *options]
    return subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)


def test_a_cluster_gives_the_same_bytes_and_a_killed_worker_loses_nothing(project, scheduler, start, client):
    assert paper(project, "build").returncode == 0
    here = made(project)
    shutil.rmtree(project / "build")
    victim, _ = start(WATCHED), start()
    before = transitions(client)
    with building(project, scheduler) as build:
        try:
            # The notebooks and some of twenty tasks are done or under way, more are not.
            wait_for(lambda: build.poll() is not None or transitions(client) > before + 60)
            os.killpg(victim.pid, signal.SIGKILL)
        except TimeoutError:
            build.kill()
            raise
        _, said = build.communicate(timeout=120)
    assert build.returncode == 0, said
    assert f"2 workers at {scheduler}; notebooks run there, 2 at a time" in said
    assert made(project) == here
    # where work was done enters no fingerprint
    assert "up to date" in paper(project, "build").stderr


def made(project: Path) -> dict[str, bytes]:
    """Return what was published; of the records all but who kept a kernel from network and files there."""
    found = outputs(project)
    for name in found:
        if name.startswith("build/results/") and "held" in (record := json.loads(found[name])):
            found[name] = json.dumps(record | {"held": {}}).encode()
    return found


def transitions(client) -> int:
    return client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)


def test_a_worker_tells_what_the_kernel_here_would_have_told(project, scheduler, start):
    edit(project / "analysis/03-alone.ipynb", "data/sizes.csv", "data/points.csv")
    start()
    plan = make_plan(Workspace.open(project), Options(to=(), cluster=scheduler, places=1))
    told, staging = [], project / "build/away"
    staging.mkdir(parents=True)
    plan.steps["04-mapping"].make({}, staging, Running(lambda *what: told.append(what)))
    assert told == [("04-mapping", "squares", 0, 20), ("04-mapping", "squares", 20, 20)]
    assert {"results.json", "outputs.json"} == {path.name for path in staging.iterdir()}
    # a failure with its cell, and the notebook as far as it ran
    failed = paper(project, "build", "--dask", scheduler)
    assert failed.returncode == 1
    assert "03-alone › sizes: the notebook touches what it does not declare" in failed.stderr
    assert "add to notebooks.03-alone.data in analysis/parameters.yml: points" in failed.stderr
    assert (project / "build/log/03-alone.failed.ipynb").is_file()
    assert "3 ran" in failed.stderr


def test_a_build_that_is_gone_leaves_no_kernel_on_a_worker(project, scheduler, start):
    edit(
        project / "analysis/03-alone.ipynb",
        "import pandas as pd\\n",
        "import time, pandas as pd\\ntime.sleep(600)\\n",
    )
    worker = psutil.Process(start().pid)
    for number in (signal.SIGINT, signal.SIGKILL):
        with building(project, scheduler) as build:
            wait_for(lambda: build.poll() is not None or sleeping(worker))
            build.send_signal(number)
            build.communicate(timeout=60)
        assert wait_for(lambda: not sleeping(worker), 20)


def lines_of(build: subprocess.Popen) -> queue.Queue:
    """Return what a build says, line by line as it says it; at its end comes None."""
    said: queue.Queue = queue.Queue()

    def read():
        for line in build.stderr:
            said.put(line)
        said.put(None)

    threading.Thread(target=read, daemon=True).start()
    return said


def heard(said: queue.Queue, words: str | None) -> str:
    """Return what was said up to the line with these words, or to the end."""
    lines = []
    while (line := said.get(timeout=90)) is not None:
        lines.append(line)
        if words and words in line:
            return "".join(lines)
    assert words is None, "".join(lines)
    return "".join(lines)


@pytest.fixture
def mapping_last(project):
    """Have the notebook that maps wait for all others."""
    edit(
        project / "analysis/parameters.yml", "04-mapping: {}", "04-mapping: {results: [02-second, 03-alone]}"
    )


@pytest.mark.usefixtures("mapping_last")
def test_a_build_without_workers_says_so_waits_ends_and_goes_on_with_the_next(project, scheduler, start):
    worker = start()
    with building(project, scheduler, "--dask-wait", "1") as build:
        said = lines_of(build)
        heard(said, "3 done")
        os.killpg(worker.pid, signal.SIGKILL)
        last = heard(said, None)
    assert build.returncode == 1
    assert f"no worker that runs notebooks is left at {scheduler}; waiting 1 s for one" in last
    assert "none came within 1 s; not done: 04-mapping (1 of 4 steps)" in last
    assert f"start some with paper dask worker {scheduler} (--dask-wait SECONDS waits longer)" in last
    # what was done is kept, and a worker that comes in time is given what its predecessor had
    worker = start()
    with building(project, scheduler) as build:
        said = lines_of(build)
        wait_for(lambda: sleeping(psutil.Process(worker.pid)))
        os.killpg(worker.pid, signal.SIGKILL)
        heard(said, "waiting 120 s for one")
        start()
        last = heard(said, None)
    assert build.returncode == 0, last
    assert f"a worker that runs notebooks is there again at {scheduler}" in last
    assert "1 ran, 3 " in last


@pytest.mark.usefixtures("mapping_last")
def test_a_notebook_that_runs_here_does_not_wait_for_ever_for_what_it_maps(project, scheduler, start, client):
    worker = start(WORKER, "--resources", "", "--nthreads", "2")  # joblib maps nothing to one thread
    before = transitions(client)
    with building(project, scheduler, "--dask-wait", "1") as build:
        said = lines_of(build)
        wait_for(lambda: transitions(client) > before + 4)  # it maps
        os.killpg(worker.pid, signal.SIGKILL)
        last = heard(said, None)
    assert build.returncode == 1
    assert f"no worker is left at {scheduler}, and none came within 1 s; not done: 04-mapping" in last


@pytest.mark.usefixtures("mapping_last")
@pytest.mark.parametrize("options", [(), ("--resources", "")])
def test_a_scheduler_that_goes_away_ends_the_build_with_its_name_and_what_is_not_done(
    project, tmp_path, options
):
    with scheduling(tmp_path, project) as (address, process):
        command = [sys.executable, *WORKER, address, *options]
        worker = subprocess.Popen(command, start_new_session=True, cwd=project)
        try:
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(1, timeout=60)
            with building(project, address) as build:
                said = lines_of(build)
                heard(said, "3 done")
                process.kill()
                last = heard(said, None)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    assert build.returncode == 1
    assert f"the Dask scheduler at {address} does not answer any more; not done: 04-mapping" in last
    assert "without --dask it needs no cluster" in last
    assert "Traceback" not in last
    done = paper(project, "build")
    assert "1 ran, 3 " in done.stderr


def sleeping(worker: psutil.Process) -> list[psutil.Process]:
    """Return the kernels below a worker."""
    found = []
    for one in worker.children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it may end while it is looked at
            if any("/k" in socket.laddr for socket in one.net_connections("unix")):
                found.append(one)
    return found


def test_a_worker_that_computes_otherwise_or_lacks_the_project_is_refused_before_anything_runs(
    project, scheduler, start, client, tmp_path
):
    done = paper(project, "build", "--dask", scheduler)
    assert (done.returncode, "the scheduler has no workers" in done.stderr) == (1, True)
    done = paper(project, "build", "--dask", "tcp://127.0.0.1:9")
    assert (done.returncode, "no Dask scheduler answers" in done.stderr) == (1, True)

    def refused(*words: str, **variables: str) -> None:
        process = start(PLAIN, "--resources", f"{cluster.NOTEBOOKS}=1", cwd=tmp_path, **variables)
        done = paper(project, "build", "--dask", scheduler)
        assert done.returncode == 1
        for word in (*words, "paper dask"):
            assert word in done.stderr
        assert not (project / "build/store").exists()
        os.killpg(process.pid, signal.SIGKILL)
        wait_for(lambda: not workers_of(client))

    refused("the cluster would not compute the same: code toy is not installed")
    other = tmp_path / "other" / "joblib-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: joblib\nVersion: 0.0.1\n")
    alike = kernel_environment(str(tmp_path), 0) | {"PYTHONPATH": str(project / "src")}
    path = os.pathsep.join([str(other.parent), str(project / "src")])
    refused("compute the same: package joblib is 0.0.1", **alike | {"PYTHONPATH": path})
    refused("the worker does not see analysis/parameters.yml (1 more differ)", **alike)
    (tmp_path / "older/paperbuild").mkdir(parents=True)
    (tmp_path / "older/paperbuild/__init__.py").write_text("")
    refused("the cluster cannot say what it is made of: ", PYTHONPATH=str(tmp_path / "older"))


def test_a_worker_whose_data_or_code_are_others_is_refused_by_their_name(project, scheduler, start, tmp_path):
    there = Path(shutil.copytree(project, tmp_path / "there"))
    edit(there / "data/points.csv", "1.5", "1.6")
    start(("-m", "paperbuild", "--project", str(there), *WORKER[2:]))
    done = paper(project, "build", "--dask", scheduler)
    assert done.returncode == 1
    assert "the worker has another data/points.csv" in done.stderr
    assert "expected: the project's folder as it is here: data/points.csv" in done.stderr
    assert "2 ran" in done.stderr, done.stderr  # neither 01-first, nor 02-second, which reads its results
    edit(project / "src/toy/work.py", "return number", "return 1 * number")
    done = paper(project, "build", "--dask", scheduler)
    assert "the cluster would not compute the same: code toy is" in done.stderr
    # A worker keeps the code that it has loaded, whatever its files say since.
    shutil.copy(project / "src/toy/work.py", there / "src/toy/work.py")
    done = paper(project, "build", "--dask", scheduler)
    assert "started anew with: paper dask" in done.stderr


def test_a_worker_that_offers_no_place_for_notebooks_gets_none(project, scheduler, start, tmp_path):
    alike = kernel_environment(str(tmp_path), 0) | {"PYTHONPATH": str(project / "src")}
    start(PLAIN, cwd=tmp_path, **alike)  # it has no copy of the project
    done = paper(project, "build", "--dask", scheduler)
    assert done.returncode == 0
    assert f"1 workers at {scheduler}; notebooks run here" in done.stderr
    shutil.rmtree(project / "build")
    start()
    done = paper(project, "build", "--dask", scheduler, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert f"2 workers at {scheduler}; notebooks run there, 1 at a time" in done.stderr
    assert "4 ran" in done.stderr


def test_a_notebook_that_its_workers_do_not_survive_is_told_to_be_run_here(project, scheduler, start, client):
    edit(
        project / "analysis/03-alone.ipynb",
        "import pandas as pd\\n",
        "import psutil, pandas as pd\\npsutil.Process().parent().parent().kill()\\n",
    )
    start(WATCHED)
    given = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.allowed_failures)
    try:
        allow_failures(client, 1)
        done = paper(project, "build", "--dask", scheduler)
    finally:
        allow_failures(client, given)
    assert done.returncode == 1
    assert f"03-alone, --dask {scheduler}: 2 workers were gone one after the other while they" in done.stderr
    assert "paper run 03-alone runs it here" in done.stderr


def allow_failures(client, number: int) -> None:
    """Have the scheduler give up a task once so many workers more than one were gone under it."""
    client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", number))


def test_an_errand_that_is_let_go_before_it_is_on_its_way_does_not_run(project, scheduler, start):
    start()
    plan = make_plan(Workspace.open(project), Options(to=(), cluster=scheduler, places=1))
    staging = project / "build/away"
    staging.mkdir(parents=True)

    class Stopped(Running):
        @contextlib.contextmanager
        def ended_by(self, end):
            end()
            yield

    with pytest.raises(PaperError, match=r"^stopped$"):
        plan.steps["04-mapping"].make({}, staging, Stopped())
    assert not any(staging.iterdir())


def test_without_dask_the_message_says_how_it_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PaperError, match="Dask is not installed") as caught:
        cluster.connect("tcp://127.0.0.1:9")
    assert caught.value.remedy == cluster.INSTALL


def test_a_process_says_what_it_lacks():
    names = ["package no-such-thing", "code no_such_thing", "variable NO_SUCH_THING"]
    lacking = {names[0]: "not installed", names[1]: "not installed", names[2]: ""}
    assert cluster.standing(names) == lacking
