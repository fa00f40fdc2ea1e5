"""What the system itself is asked for: a network of one's own, and notices of files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534
UNPRIVILEGED = f"""
import ctypes, os
from pathlib import Path
from paperbuild.ground.enclosure import close_network

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: its files in /proc are its own
closed = close_network()
lines = Path("/proc/self/status").read_text().splitlines()
print(closed, os.getuid(), *(line.split()[1] for line in lines if line.startswith(("CapEff", "CapPrm"))))
"""
NOTICED = """
import os, sys
from pathlib import Path
from paperbuild.ground.enclosure import Notices

try:
    notices = Notices([sys.argv[1]])
except OSError as error:
    sys.exit(str(error))
Path(sys.argv[1], "written").write_text("x")
child = os.fork()
if child == 0:
    os._exit(len(list(notices.new())))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), dict(notices.new()))
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has namespaces")
def test_who_is_alone_in_a_network_keeps_no_other_right() -> None:
    done = run(UNPRIVILEGED)
    assert done.returncode == 0, done.stderr
    closed, user, *rights = done.stdout.split()
    if closed == "False":
        pytest.skip("the system gives no network of one's own without rights")
    assert user == str(os.geteuid() or NOBODY), "it stays who it is"
    assert {int(one, 16) for one in rights} == {0}


def test_notices_of_a_process_are_not_taken_from_it_by_a_fork(tmp_path: Path) -> None:
    done = run(NOTICED, str(tmp_path))
    if done.returncode:
        pytest.skip(f"the system gives no notices: {done.stderr.strip()}")
    assert done.stdout == f"0 {{{str(tmp_path / 'written')!r}: True}}\n"
