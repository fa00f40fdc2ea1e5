"""What a notebook may not touch without saying so is told with its line, and the project stays as it was."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from paperbuild.ground import enclosure
from paperbuild.ground.enclosure import network_can_be_closed
from paperbuild.kernel import watch
from paperbuild.kernel.settings import KernelSettings
from toy import edit, make_toy, outputs, paper, write_notebook

ALONE = "analysis/03-alone.ipynb"
C = "import ctypes, os; libc = ctypes.CDLL(None)"  # what C libraries do raises no event of Python's


def files(root: Path) -> dict[str, bytes]:
    """Return the project's own files by their path."""
    folders = [root / name for name in ("analysis", "data", "src")]
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found if "pyc" not in path.name}


def told(root: Path, code: str, **settings: object) -> list[str]:
    """Run code in a Python program as a notebook starts it; return what the watch says it did."""
    staging = root / "build/staging/03-alone"
    shutil.rmtree(staging, ignore_errors=True)
    kept = staging / watch.FOLDER / "settings.json"
    kept.parent.mkdir(parents=True)
    read = (str(root / "data/sizes.csv"), str(root / "data/sizes.sqlite"))
    modules = (str(root / "src/toy/__init__.py"),)
    about = KernelSettings("03-alone", str(root), str(staging), read, modules, {}, 0, **settings)
    kept.write_text(json.dumps(asdict(about)), encoding="utf-8")
    children = Path(watch.__file__).with_name("children")
    path = os.pathsep.join([str(children), str(root / "src"), str(Path(watch.__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": path, watch.CHILD_VARIABLE: str(kept)}
    subprocess.run(
        [sys.executable, "-c", f"import os, pathlib, shutil, socket, sqlite3, subprocess\n{code}"],
        cwd=root,
        env=environment,
        capture_output=True,
        check=False,
    )
    return [f"{one['does']} {one['path']}" for one in watch.seen(staging)[1]]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.remove('data/points.csv')", "removes data/points.csv"),
        ("pathlib.Path('data/points.csv').unlink()", "removes data/points.csv"),
        ("os.unlink('points.csv', dir_fd=os.open('data', os.O_RDONLY))", "removes data/points.csv"),
        ("shutil.rmtree('src')", "removes src"),
        ("os.rename('data/points.csv', '/tmp/elsewhere.csv')", "renames data/points.csv"),
        ("os.rename('/tmp', 'data/points.csv')", "renames data/points.csv"),
        ("os.truncate('data/points.csv', 3)", "truncates data/points.csv"),
        ("os.ftruncate(os.open('data/sizes.csv', os.O_RDONLY), 3)", "truncates data/sizes.csv"),
        ("os.link('data/points.csv', '/tmp/elsewhere.csv')", "links data/points.csv"),
        ("os.symlink('/dev/null', 'data/new.csv')", "links data/new.csv"),
        ("os.mkdir('data/new')", "makes the folder data/new"),
        ("os.chmod('data/points.csv', 0)", "changes the mode of data/points.csv"),
        ("import toy; pathlib.Path(toy.__file__).write_text('x = 1')", "writes src/toy/__init__.py"),
        ("open('data/sizes.csv', 'r+')", "writes data/sizes.csv"),
        ("sqlite3.connect('data/sizes.sqlite')", "opens for writing the database data/sizes.sqlite"),
        ("sqlite3.connect('file:data/a.sqlite', uri=True)", "opens for writing the database data/a.sqlite"),
        ("sqlite3.connect('file:data/none.sqlite?mode=ro', uri=True)", "reads data/none.sqlite"),
        ("open('data/points.csv')", "reads data/points.csv"),
        ("import numpy; numpy.memmap('data/points.csv', mode='r')", "reads data/points.csv"),
        (f"{C}; libc.open(b'data/points.csv', os.O_RDONLY)", "reads data/points.csv"),
        ("os.listdir('data')", "lists data"),
        ("list(pathlib.Path('data').glob('*.csv'))", "lists data"),
        ("socket.create_connection(('192.0.2.1', 80), 0.1)", "asks the network for 192.0.2.1"),
        ("socket.getaddrinfo('example.org', 80)", "asks the network for example.org"),
        ("from urllib import request; request.urlopen('http://a.org')", "asks the network for a.org"),
        ("os.system('true')", "runs true"),
        ("subprocess.run(['true'])", "runs true"),
        ("os.execvp('true', ['true'])", "runs /usr/bin/true"),
        ("import sys; subprocess.run([sys.executable, '-I', '-c', ''])", f"runs {sys.executable}"),
        ("import sys; subprocess.run([sys.executable, '-c', ''], env={})", f"runs {sys.executable}"),
    ],
)  # fmt: skip
def test_what_is_not_declared_is_told_and_changes_nothing(tmp_path: Path, code: str, expected: str) -> None:
    root = make_toy(tmp_path / "toy")
    for name in ("sizes", "none"):
        with closing(sqlite3.connect(root / f"data/{name}.sqlite")) as opened:
            opened.execute("create table t (a)")
    before = files(root)
    # Swallowed or not, it is told.
    indented = code.replace("\n", "\n    ")
    assert expected in told(root, f"try:\n    {indented}\nexcept BaseException:\n    pass")
    assert files(root) == before


@pytest.mark.parametrize(
    "code",
    [
        "open('data/sizes.csv').read()",
        "sqlite3.connect('file:data/sizes.sqlite?mode=ro', uri=True).execute('select * from t').fetchall()",
        "sqlite3.connect(':memory:').execute('create table t (a)')",
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder:\n"
        "    path = pathlib.Path(folder, 'a.csv'); path.write_text('a'); path.read_text(); path.unlink()",
        "import toy, importlib.metadata; importlib.metadata.version('numpy')",
        "a, b = socket.socketpair(); a.send(b'x'); b.recv(1)",
        "import sys; subprocess.run([sys.executable, '-c', ''])",
        "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as pool: pool.map(abs, [1])",
        "os.listdir('src/toy')",
        f"{C}; libc.open(b'data/sizes.csv', os.O_RDONLY); libc.open(b'data/none.csv', os.O_RDONLY)",
    ],
)
def test_what_is_declared_or_leads_nowhere_is_free(tmp_path: Path, code: str) -> None:
    root = make_toy(tmp_path / "toy")
    with closing(sqlite3.connect(root / "data/sizes.sqlite")) as opened:
        opened.execute("create table t (a)")
    assert told(root, code) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("libc.write(libc.open(b'data/points.csv', os.O_WRONLY), b'x', 1)", ["changes data/points.csv"]),
        ("libc.unlink(b'data/points.csv')", ["changes data/points.csv"]),
        ("libc.rename(b'data/points.csv', b'notes')", ["changes data/points.csv", "changes notes"]),
        ("libc.open(b'new.txt', os.O_WRONLY | os.O_CREAT, 0o600)", ["changes new.txt"]),
    ],
)
def test_what_a_c_library_changes_is_told(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert told(make_toy(tmp_path / "toy"), f"{C}; {code}") == expected


def test_what_comes_from_outside_may_be_declared(tmp_path: Path) -> None:
    root = make_toy(tmp_path / "toy")
    assert told(root, "os.system('true')", outside=("programs",)) == []
    assert told(root, "socket.getaddrinfo('192.0.2.1', 80)", outside=("network",)) == []
    assert told(root, "os.listdir('data')", folders=(str(root / "data"),)) == []


@pytest.mark.parametrize(
    "code",
    [
        "import toy.core",
        "subprocess.run([sys.executable, '-m', 'toy.core'])",
        "subprocess.run([sys.executable, 'src/toy/core.py'])",
        "import runpy; runpy.run_path('src/toy/core.py')",
        "exec(open('src/toy/core.py').read())",
        "import multiprocessing as m\nwith m.get_context('spawn').Pool(1) as p:\n"
        "    p.map(__import__, ['toy.core'])",
        "from joblib import Parallel, delayed\nParallel(2)(delayed(__import__)('toy.core') for _ in 'ab')",
    ],
)
def test_a_module_that_only_children_import_is_told_also_where_it_is_compiled(
    tmp_path: Path, code: str
) -> None:
    root = make_toy(tmp_path / "toy")
    for _ in "ab":
        assert "imports src/toy/core.py" in told(root, f"import sys\n{code}")


def test_children_are_watched_like_the_notebook(tmp_path: Path) -> None:
    root = make_toy(tmp_path / "toy")
    inner = "open('data/points.csv')"
    spawned = f"import sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    forked = f"if os.fork() == 0: {inner}; os._exit(0)\nos.wait()"
    for code in (spawned, forked):
        assert told(root, code) == ["reads data/points.csv"]


def test_a_build_names_the_cell_the_line_and_the_remedy(project: Path) -> None:
    before, published = files(project), outputs(project)
    cells = [
        "#| label: swallowed\nimport os, socket\ntry:\n    os.remove('data/points.csv')\n"
        "except Exception:\n    pass",
        "#| label: asked\ntry:\n    socket.getaddrinfo('example.org', 80)\nexcept OSError:\n    pass",
        "#| label: called\n!true",
    ]
    write_notebook(project / ALONE, cells)
    done = paper(project, "build", "--to=")
    assert done.returncode == 1
    assert "cell swallowed, line 4 removes data/points.csv" in done.stderr
    assert "cell asked, line 3 asks the network for example.org" in done.stderr
    assert "cell called, line 2 runs " in done.stderr
    assert "notebooks.03-alone.outside: {network: the reason}" in done.stderr
    assert {**files(project), ALONE: b""} == {**before, ALONE: b""}
    assert outputs(project) == published


CONNECT = """\
import ctypes, socket, struct, subprocess, sys
libc = ctypes.CDLL(None)
def reached(host, port, family=socket.AF_INET):
    address = struct.pack("=H2s4s8x", family, port.to_bytes(2, "big"), socket.inet_aton(host))
    return libc.connect(libc.socket(family, socket.SOCK_STREAM, 0), address, len(address)) == 0
"""


@pytest.mark.skipif(not network_can_be_closed(), reason="this system gives no process a network of its own")
def test_the_system_keeps_also_what_is_no_python_from_the_network(project: Path) -> None:
    own = "with socket.create_server(('127.0.0.1', 0)) as server: assert reached(*server.getsockname())"
    child = f"subprocess.run([sys.executable, '-c', {CONNECT + 'reached(sys.argv[1], 80)'!r}, '192.0.2.1'])"
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = f"reached('127.0.0.1', {server.getsockname()[1]})"
        setup = f"#| label: setup\n{CONNECT}"
        cells = [f"#| label: own\n{own}", f"#| label: other\nassert not {other}", f"#| label: child\n{child}"]
        write_notebook(project / ALONE, [setup, *cells])
        done = paper(project, "run", "03-alone")
        assert done.returncode == 1
        assert "cell child asks the network through a C library or another program" in done.stderr
        assert "notebooks.03-alone.outside: {network: the reason}" in done.stderr
        # What is declared stays outside.
        edit(project / "analysis/parameters.yml", "data: [sizes]", "outside: {network: a server of ours}")
        write_notebook(project / ALONE, [setup, f"#| label: other\nassert {other}"])
        assert paper(project, "build", "--to=", "--kernel", "cold").returncode == 0
    shown = paper(project, "status").stdout
    assert "network of notebooks         closed by the system (2), declared (1)" in shown


def test_where_the_system_holds_nothing_the_watch_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosure, "network_can_be_closed", lambda: False)
    monkeypatch.setattr(enclosure, "_libc", lambda: None)  # a C library without fanotify
    assert not enclosure.close_network()
    alone = watch.Watch(KernelSettings("01-a", str(tmp_path), str(tmp_path), (), (), {}, 0))
    assert alone.held == dict.fromkeys(("network", "files"), "watched in Python alone")
    alone.look()


def test_a_folder_that_is_declared_counts_with_every_file_in_it(project: Path) -> None:
    edit(project / "analysis/parameters.yml", "data: [sizes]", "files: [notes]")
    (project / "notes/deep").mkdir(parents=True)
    (project / "notes/deep/one.txt").write_text("one")
    imports = "#| label: setup\nfrom pathlib import Path\nfrom paperbuild import number"
    count = "#| label: count\nnumber('notes.count', len(list(Path('notes').rglob('*.txt'))))"
    write_notebook(project / ALONE, [imports, count])
    assert paper(project, "build", "--to=").returncode == 0
    (project / "notes/two.txt").write_text("two")
    assert "file notes/two.txt is new" in paper(project, "status").stdout


def test_what_is_outside_has_a_known_kind_and_a_reason(project: Path) -> None:
    edit(project / "analysis/parameters.yml", "data: [sizes]", "data: [sizes]\n    outside: {weather: today}")
    done = paper(project, "status")
    assert done.returncode == 1
    assert "analysis/parameters.yml:10" in done.stderr
    assert "network" in done.stderr
