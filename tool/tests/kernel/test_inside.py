"""What a kernel does at its end, seen in a process that stands for it."""

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
