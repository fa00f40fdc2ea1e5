"""The fork server: what is forked from it runs the code of the process that asked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from paperbuild.ground.bytecode import PLACE
from paperbuild.ground.own import PACKAGE, PACKAGES
from toy import paper

PROBE = """\
import sys
from pathlib import Path

def tell(path):
    import dataregister, paperbuild.kernel.preload
    Path(path).write_text(f"{dataregister.__file__} {paperbuild.kernel.preload.__file__}", encoding="utf-8")

if __name__ == "__main__":
    import probe
    from paperbuild.kernel.warm import fork
    fork(probe.tell, (sys.argv[1],)).join()
"""


def test_a_copy_of_the_tool_forks_its_own_code_though_another_is_installed(tmp_path: Path) -> None:
    # As in `paper verify`, whose clone brings the tool of its commit.
    copy, told = tmp_path / "copy", tmp_path / "told"
    for package in PACKAGES:
        shutil.copytree(PACKAGE.with_name(package), copy / package)
    (copy / "probe.py").write_text(PROBE, encoding="utf-8")
    command = [sys.executable, str(copy / "probe.py"), str(told)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(copy)}, check=True, timeout=60)
    found = [Path(path) for path in told.read_text(encoding="utf-8").split()]
    assert len(found) == len(PACKAGES)
    assert all(path.is_relative_to(copy) for path in found), found


def test_where_bytecode_is_forbidden_the_server_keeps_under_build_what_it_compiled(fresh: Path) -> None:
    done = paper(fresh, "build", PYTHONDONTWRITEBYTECODE="1", PYTHONPYCACHEPREFIX="")
    assert done.returncode == 0, done.stderr
    # Else the next build would compile the same thousand modules.
    assert list((fresh / PLACE).rglob("pandas/core/frame.*.pyc"))
