"""What a kernel does as it begins and at its end, seen in a process that stands for it."""

import json
import subprocess
import sys
from pathlib import Path

ENDING = """
import subprocess, sys
from pathlib import Path
from types import SimpleNamespace

import psutil

from paperbuild.kernel import inside, recorder

left = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
recorder.begin(recorder.Recorder(Path(sys.argv[1]), {}))


def look():
    print(left.poll() is None and psutil.Process(left.pid).status() != psutil.STATUS_ZOMBIE)


settings = SimpleNamespace(staging=sys.argv[1])
inside._watch = SimpleNamespace(look=look, held={"network": "closed"}, settings=settings)
inside.finish()
"""


def test_what_is_left_running_is_ended_before_the_last_look(tmp_path: Path) -> None:
    """Else it could still do what nobody would see."""
    command = [sys.executable, "-c", ENDING, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"], "it is looked at once, and nothing runs by then"
    report = json.loads((tmp_path / "kernel.json").read_text(encoding="utf-8"))
    assert (report["artefacts"], report["held"]) == ([], {"network": "closed"})


BEGINNING = """
import os, signal

from paperbuild.kernel import inside

# As the fork server has it, and Ctrl-C in the terminal meanwhile.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
os.kill(os.getpid(), signal.SIGINT)
inside._enclose = inside._end_with_parent = lambda *given: None
inside.run_kernel = lambda *given: print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
inside.forked("", None, os.environ.copy())
"""


def test_an_interrupt_that_came_before_it_is_not_the_kernel_s() -> None:
    """The build answers that one; the kernel takes those to come, as ipykernel has it."""
    done = subprocess.run([sys.executable, "-c", BEGINNING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


LOST = """
import sys
from types import SimpleNamespace

from paperbuild.ground.errors import PaperError
from paperbuild.kernel import inside

def gone(address):
    raise PaperError("no Dask scheduler answers", where=f"--dask {address}")

inside.cluster.use = gone
there = dict(root=sys.argv[1], staging=sys.argv[1], results={}, editions={}, language="en", memory_limit=0)
inside.run_kernel("", SimpleNamespace(cluster="tcp://nobody", **there), closed=False)
"""


def test_a_scheduler_that_is_gone_by_then_ends_a_kernel_in_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOST, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "paper: --dask tcp://nobody: no Dask scheduler answers\n")
