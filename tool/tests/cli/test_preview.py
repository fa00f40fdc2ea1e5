"""The preview server: pages with the reloading script, events, failures laid over the last good page."""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import threading

import pytest

from paperbuild.cli.preview import HOST, Board, edits, folders, is_source, rebuild, server
from paperbuild.ground.errors import PaperError


@pytest.fixture
def site(tmp_path):
    (tmp_path / "paper.html").write_text("<html><body><p>good</p></body></html>", encoding="utf-8")
    board = Board()
    web = server(tmp_path, board, 0)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield board, web.server_address[1], tmp_path
    board.close()
    web.shutdown()
    web.server_close()


def get(port, path, host=None):
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.request("GET", path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode("utf-8"), dict(answer.getheaders())


def test_page_carries_the_reloading_script(site):
    _, port, _ = site
    status, text, headers = get(port, "/paper.html")
    assert status == 200
    assert "<p>good</p>" in text
    assert "EventSource" in text
    assert headers["Cache-Control"] == "no-store"


def test_root_leads_to_the_article(site):
    _, port, _ = site
    status, _, headers = get(port, "/")
    assert (status, headers["Location"]) == (302, "/paper.html")


@pytest.mark.parametrize("path", ["/../secret.html", "/%2e%2e/secret.html"])
def test_nothing_outside_the_output_is_served(site, path):
    _, port, folder = site
    (folder.parent / "secret.html").write_text("secret")
    assert "secret" not in get(port, path)[1]


def test_other_host_names_are_refused(site):
    _, port, _ = site
    assert get(port, "/paper.html", host="evil.example:80")[0] == 403


def test_events_follow_the_builds(site):
    board, port, _ = site
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.request("GET", "/@events")
    stream = connection.getresponse()

    def event():
        line = stream.readline()
        while not line.startswith(b"data: "):
            line = stream.readline()
        return json.loads(line[6:])

    assert event() == {"version": 0, "building": False, "error": ""}
    rebuild(board, lambda: "")
    while (state := event())["building"]:
        pass
    assert state == {"version": 1, "building": False, "error": ""}
    connection.close()


def test_a_failure_keeps_the_version_and_the_page(site):
    board, port, _ = site

    def failing():
        raise PaperError("no result named 'n.x'", where="paper.qmd:7")

    assert not rebuild(board, failing)
    state = board.state()
    assert state["version"] == 0
    assert "paper.qmd:7" in state["error"]
    assert "<p>good</p>" in get(port, "/paper.html")[1]
    assert rebuild(board, lambda: "")
    assert board.state() == {"version": 1, "building": False, "error": ""}


def test_without_an_article_the_failure_is_the_page(site):
    board, port, folder = site
    (folder / "paper.html").unlink()
    rebuild(board, lambda: "paper.qmd:3: <bad>")
    assert "paper.qmd:3: &lt;bad&gt;" in get(port, "/paper.html")[1]


def test_only_sources_start_a_build(tmp_path):
    for name in ("paper.qmd", "analysis/01-a.ipynb", "data/x.csv", "src/borderland/a.py"):
        assert is_source(tmp_path, str(tmp_path / name))
    for name in (
        "_output/paper.html",
        "build/state.json",
        "figures/x.svg",
        "src/borderland/__pycache__/a.pyc",
        "analysis/.ipynb_checkpoints/01-a.ipynb",
        "paper.qmd~",
    ):
        assert not is_source(tmp_path, str(tmp_path / name))


def test_watched_folders_leave_out_what_is_made(tmp_path):
    for name in ("src/borderland", "analysis", "data/boundaries", "_output", ".venv/lib", "build"):
        (tmp_path / name).mkdir(parents=True)
    assert {path.relative_to(tmp_path).as_posix() for path in folders(tmp_path)} == {
        ".",
        "src",
        "src/borderland",
        "analysis",
        "data",
        "data/boundaries",
    }


def test_a_folder_made_meanwhile_is_watched_too(tmp_path):
    (tmp_path / "data").mkdir()
    stop, seen = threading.Event(), queue.Queue()

    def watch():
        for changed in edits(tmp_path, stop):
            seen.put({path.relative_to(tmp_path).as_posix() for path in changed})

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        # Until the first edit is seen nobody knows whether it is watched yet.
        for number in range(100):
            (tmp_path / f"data/{number}.csv").write_text("a")
            with contextlib.suppress(queue.Empty):
                seen.get(timeout=0.3)
                break
        # That an empty folder came need not be told: when folders were last listed it may have been there.
        (tmp_path / "data/new").mkdir()
        found: set[str] = set()
        for number in range(100):
            (tmp_path / f"data/new/{number}.csv").write_text("a")
            with contextlib.suppress(queue.Empty):
                found |= seen.get(timeout=0.3)
            if any(name.startswith("data/new/") for name in found):
                break
        assert any(name.startswith("data/new/") for name in found)
    finally:
        stop.set()
        watching.join(timeout=20)
    assert not watching.is_alive()
