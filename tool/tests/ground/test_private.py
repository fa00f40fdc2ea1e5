"""The private folder of a process goes with it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

# A process that is interrupted as soon as its folder is there, before anything else is done.
INTERRUPTED = """
import tempfile

from paperbuild.ground.private import private_folder

make = tempfile.mkdtemp


def interrupted(**given):
    print(make(**given))
    raise KeyboardInterrupt


tempfile.mkdtemp = interrupted
private_folder()
"""


def test_an_interrupt_while_it_is_made_leaves_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True)
    assert "KeyboardInterrupt" in done.stderr
    assert "paperbuild-" in done.stdout
    assert not Path(done.stdout.strip()).exists()


def test_what_a_killed_process_left_is_removed_and_nothing_else() -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    names = [
        f"paperbuild-{ended.pid}-left",
        f"paperbuild-{os.getpid()}-mine",
        "paperbuild-notes-of-mine",
        "other",
    ]
    code = "from paperbuild.ground.private import private_folder; private_folder()"
    # A short name for it: a long one would not be used.
    with tempfile.TemporaryDirectory(prefix="p", dir="/tmp") as folder:
        base = Path(folder)
        for name in names:
            (base / name).mkdir()
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "TMPDIR": folder}, check=True)
        assert {path.name for path in base.iterdir()} == set(names[1:])
