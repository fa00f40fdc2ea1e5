"""The private folder of a process goes with it."""

import subprocess
import sys
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
