"""``paper preview``: the article in the browser, rebuilt and reloaded at every change of its sources.

A failing edit lays its message over the page; the last good article stays underneath and in ``_output/``.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import http.server
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from paperbuild.article.draft import Shown, draft, shown
from paperbuild.cli.arguments import PORT
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import is_leftover
from paperbuild.project.layout import (
    ANALYSIS,
    ARTICLE,
    DATA,
    QUARTO_EXTENSIONS,
    QUARTO_PROJECT,
    REFERENCES,
    SOURCES,
    Project,
    language_of,
)

HOST = "127.0.0.1"
DEFAULT_PORT = 4848
EVENTS = "/@events"
PAGE = "paper.html"
KEEP_ALIVE_SECONDS = 15.0
"""A silent connection is written to this often, so that a closed browser tab is noticed."""

WATCHED = (ARTICLE, REFERENCES, QUARTO_PROJECT, QUARTO_EXTENSIONS, ANALYSIS, DATA, SOURCES)

SCRIPT = """
<script>
(() => {
  const events = new EventSource("%s");
  const box = document.createElement("div");
  box.setAttribute("role", "status");
  box.style.cssText =
    "position:fixed;inset:auto 1rem 1rem 1rem;max-height:60vh;overflow:auto;z-index:9;padding:.8rem 1rem;" +
    "font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;color:#fff;border-radius:8px;display:none";
  document.body.append(box);
  const show = (text, colour) => {
    box.textContent = text;
    box.style.background = colour;
    box.style.display = text ? "block" : "none";
  };
  // The page as it came: what stands here now has been worked on by its own script.
  const came = async () =>
    new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
  let page = came();
  const same = (one, other) => one && other && one.outerHTML === other.outerHTML;
  // New blocks in the place of those that changed, so that the reader's place and all else stays.
  function patch(before, after) {
    const main = document.querySelector("main");
    const [old, fresh] = [before, after].map((one) => Array.from(one.querySelector("main")?.children || []));
    if (!main || !old.length || !same(before.head, after.head)) return location.reload();
    for (const part of [".title-block", ".contents ul"]) {
      if (same(before.querySelector(part), after.querySelector(part))) continue;
      document.querySelector(part).replaceWith(document.importNode(after.querySelector(part), true));
    }
    let [start, end] = [0, 0];
    while (start < Math.min(old.length, fresh.length) && same(old[start], fresh[start])) start += 1;
    const most = Math.min(old.length, fresh.length) - start;
    while (end < most && same(old[old.length - 1 - end], fresh[fresh.length - 1 - end])) end += 1;
    const nodes = fresh.slice(start, fresh.length - end).map((node) => document.importNode(node, true));
    const gone = Array.from(main.children).slice(start, old.length - end);
    if (gone.length) gone[0].before(...nodes);
    else if (start) main.children[start - 1].after(...nodes);
    else main.prepend(...nodes);
    gone.forEach((node) => node.remove());
    dispatchEvent(new CustomEvent("patched", { detail: nodes }));
  }
  let seen = null;
  let turn = Promise.resolve();
  events.onmessage = (message) => {
    const state = JSON.parse(message.data);
    if (seen !== null && state.version !== seen) {
      turn = turn.then(async () => {
        const [before, after] = [await page, await came()];
        page = after;
        patch(before, after);
      });
    }
    seen = state.version;
    show(state.error || (state.building ? "Building …" : ""), state.error ? "#8f1d14" : "#33475b");
  };
  events.onerror = () => show("The preview has stopped: run paper preview again.", "#33475b");
})();
</script>
"""

WAITING = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Preview</title></head>
<body style="font:16px/1.6 system-ui,sans-serif;margin:4rem auto;max-width:40rem;padding:0 1rem">
<h1>Nothing to show yet</h1><p>%s</p></body></html>
"""


class Board:
    """What the browser is to know: how often the article changed, whether a build runs, what went wrong."""

    def __init__(self) -> None:
        self.draft: str | None = None
        """The article's page after an edit, until the build has made it."""
        self._changed = threading.Condition()
        self._state: dict[str, Any] = {"version": 0, "building": False, "error": ""}
        self._serial = 0
        self.closed = False

    def post(self, **changes: Any) -> None:
        """Change the state and wake every browser."""
        with self._changed:
            self._state.update(changes)
            self._serial += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let every waiting connection end."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def state(self) -> dict[str, Any]:
        """Return a copy of the state."""
        with self._changed:
            return dict(self._state)

    def wait(self, serial: int, timeout: float) -> tuple[int, dict[str, Any] | None]:
        """Wait for a state newer than `serial`; return its serial and it, or None after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._serial != serial, timeout)
            return (serial, None) if self._serial == serial else (self._serial, dict(self._state))


def rebuild(board: Board, build: Callable[[], str], outdated: Callable[[], bool] = lambda: False) -> bool:
    """Run one build and tell the board how it went.

    Parameters
    ----------
    board : Board
        What the browsers look at.
    build : callable
        Builds the article; returns an empty text, or what failed.
    outdated : callable
        Whether a draft of what was written since it began is to stay.

    Returns
    -------
    bool
        Whether the article is good now.
    """
    board.post(building=True)
    try:
        error = build()
    except PaperError as failure:
        error = str(failure)
    shows = not error and not outdated()
    if shows:
        board.draft = None
    board.post(building=False, error=error, version=board.state()["version"] + shows)
    return not error


class _Maker:
    """Keeps the page up to date: at once where prose was edited, and by a build behind it."""

    def __init__(
        self, project: Project, board: Board, make: Callable[[], str], announce: Callable[[bool], None]
    ) -> None:
        self.project, self.board, self.make, self.announce = project, board, make, announce
        self.shown: Shown | None = None
        self.edited = False
        """Whether the sources changed since the last build began."""
        self.due = threading.Event()
        self.lock = threading.Lock()

    def changed(self, names: Sequence[str]) -> None:
        """Show what an edit changes, and have the build look after all of it."""
        with self.lock:
            self.edited = True
            if self.shown and all(name.endswith((".qmd", ".md")) for name in names):
                self.draft(self.shown)
        self.due.set()

    def draft(self, before: Shown) -> None:
        """Show the page after an edit of prose; leave it as it is where only a build can tell."""
        found = draft(self.project.render_root, before)
        if found is not None and found.page != before.page:
            self.shown, self.board.draft = found, found.page
            self.board.post(error="", version=self.board.state()["version"] + 1)
            print("shown", flush=True)

    def build(self) -> None:
        """Make all of it. Where an edit came meanwhile, its draft stays until the build that knows of it."""
        with self.lock:
            self.edited = False
        good = rebuild(self.board, self.make, lambda: self.edited)
        with self.lock:
            if good and not self.edited:
                self.shown = shown(self.project.render_root, self.project.output / PAGE)
        self.announce(good)

    def run(self) -> None:
        """Build whenever something changed, and once for all that changed meanwhile."""
        while self.due.wait():
            self.due.clear()
            self.build()


def server(folder: Path, board: Board, port: int) -> http.server.ThreadingHTTPServer:
    """Return a server of `folder` on the loopback interface; pages carry the reloading script."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def do_GET(self) -> None:
            # A page elsewhere that has its name resolve to this machine must not read the article.
            if self.headers.get("Host", "").rpartition(":")[0] not in (HOST, "localhost"):
                self.send_error(403)
            elif self.path == EVENTS:
                self._events()
            elif self.path == "/":
                self._redirect(f"/{PAGE}")
            elif self.path.partition("?")[0].endswith(".html"):
                self._page()
            else:
                super().do_GET()

        def _redirect(self, target: str) -> None:
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        def _page(self) -> None:
            path = Path(self.translate_path(self.path))
            if board.draft is not None and path == folder / PAGE:
                text = board.draft
            elif path.is_file():
                text = path.read_text(encoding="utf-8")
            else:
                error = board.state()["error"]
                text = WAITING % (
                    f"<pre>{html.escape(error)}</pre>" if error else "The article is being built."
                )
            content = text.replace("</body>", SCRIPT % EVENTS + "</body>").encode("utf-8")
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def _events(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            serial = -1
            with contextlib.suppress(ConnectionError):
                while not board.closed:
                    serial, state = board.wait(serial, KEEP_ALIVE_SECONDS)
                    line = f"data: {json.dumps(state)}\n\n" if state else ": still here\n\n"
                    self.wfile.write(line.encode("utf-8"))
                    self.wfile.flush()

        def log_message(self, *args: Any) -> None:
            pass

    http.server.ThreadingHTTPServer.daemon_threads = True
    return http.server.ThreadingHTTPServer((HOST, port), Handler)


def is_source(root: Path, path: str) -> bool:
    """Whether a changed file can change the article; what the build writes itself cannot."""
    try:
        relative = Path(path).relative_to(root)
    except ValueError:
        return False
    first = relative.parts[0]
    named = first in WATCHED or language_of(first) or first.endswith((".bib", ".csl"))
    return bool(named) and not any(is_leftover(part) for part in relative.parts)


def folders(root: Path) -> list[Path]:
    """Return the folders to watch, each by itself: the root must not drag environment and outputs along.

    Single files are watched through their folder, for editors replace a file rather than write into it.
    """
    below = [
        path
        for name in WATCHED
        if (root / name).is_dir()
        for path in (root / name, *(root / name).rglob("*"))
        if path.is_dir() and path.name != "__pycache__"
    ]
    return [root, *below]


def edits(root: Path, stop: threading.Event | None = None) -> Iterator[set[Path]]:
    """Yield the sources that changed, from edit to edit, until interrupted or `stop` is set."""
    import watchfiles

    watched = folders(root)
    while True:
        for changes in watchfiles.watch(
            *watched,
            watch_filter=lambda _, path: is_source(root, path),
            recursive=False,
            raise_interrupt=False,
            stop_event=stop,
            step=20,
            debounce=200,
        ):
            yield {Path(path) for _, path in changes}
            if (now := folders(root)) != watched:
                break
        else:
            return
        # A folder came or went. What is in a new one already has been told of by nobody.
        new = {path for folder in set(now) - set(watched) for path in folder.iterdir()}
        watched = now
        if found := {path for path in new if is_source(root, str(path))}:
            yield found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper preview``."""
    parser.add_argument(
        "--port", type=PORT, default=DEFAULT_PORT, help=f"port on {HOST} (default {DEFAULT_PORT}; 0: any)"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def main(project: Project, args: argparse.Namespace) -> int:
    """Serve, watch, rebuild, reload until interrupted."""
    import webbrowser

    def build() -> str:
        from paperbuild.build.plan import Options, make_plan
        from paperbuild.build.scheduler import build as build_article
        from paperbuild.project.workspace import Workspace

        options = Options(to=("html",), quiet=True, wait=True)
        report = build_article(lambda: make_plan(Workspace.open(project.root, project.scenario), options))
        return "\n\n".join(f"{step}\n{error}" for step, error in report.failures.items())

    def announce(good: bool) -> None:
        print("built" if good else board.state()["error"], flush=True)

    board = Board()
    try:
        web = server(project.output, board, args.port)
    except OSError as error:
        raise PaperError(
            f"cannot listen on {HOST}:{args.port}: {error.strerror}", remedy="paper preview --port 0"
        ) from None
    threading.Thread(target=web.serve_forever, daemon=True).start()
    address = f"http://{HOST}:{web.server_address[1]}/{PAGE}"
    print(f"preview at {address} (Ctrl-C ends it)", flush=True)
    maker = _Maker(project, board, build, announce)
    maker.build()
    if not args.no_browser:
        webbrowser.open(address)
    threading.Thread(target=maker.run, daemon=True).start()
    try:
        for changed in edits(project.root):
            names = sorted(map(project.relative, changed))
            print("changed: " + ", ".join(names), flush=True)
            maker.changed(names)
    except KeyboardInterrupt:
        print("preview ended")
    finally:
        board.close()
        web.shutdown()
        web.server_close()
    return 0
