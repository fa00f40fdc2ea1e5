"""Which lines of the tool its tests run, in child processes and kernels too (``make coverage``).

Coverage reaches child processes by a variable of the environment, and kernels are given none but the build's
own. So while the tests run, a file of start-up lines in the environment's ``site-packages`` has every Python
that starts there measure itself; it is gone when they end.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "pyproject.toml"
KERNEL = "paperbuild.kernel.inside"


def measure(folder: str) -> None:
    """Have this process, and what is forked from it, write into `folder` which lines it has run.

    Some processes end without telling anyone: children of the fork server by ``os._exit``, kernels killed by
    the build once they have said what they did.
    """
    import atexit
    import resource

    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
        return  # It could not write down what it has run.
    found = coverage.Coverage(data_file=f"{folder}/lines", data_suffix=True, config_file=str(SETTINGS))
    found.start()

    def save() -> None:
        # A clone's folder, or the staging folder of a step, may be gone by now.
        with contextlib.suppress(OSError, coverage.CoverageException):
            found.save()

    add = sys.addaudithook

    def add_traced(hook) -> None:
        # Python traces nothing that a hook does, and a hook is what watches a kernel, unless it says so. It
        # says so itself: a function around it would be one more frame between it and what it looks at.
        hook.__cantrace__ = True
        add(hook)

    sys.addaudithook = add_traced
    # The last that a process does as itself: it ends without a farewell, or becomes another program.
    for name in ("_exit", "execv", "execve"):
        setattr(os, name, _saved_first(getattr(os, name), save))
    atexit.register(save)
    sys.meta_path.insert(0, _Told(save))


def _saved_first(act, save):
    """Return a function of the system that acts once the lines are written down."""

    def saved_first(*arguments) -> None:
        save()
        act(*arguments)

    return saved_first


class _Told(importlib.abc.MetaPathFinder):
    """Has a kernel write down its lines as it writes down what it did."""

    def __init__(self, save) -> None:
        self.save = save

    def find_spec(self, name, path=None, target=None):
        if name != KERNEL:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module) -> None:
            load(module)
            finish = module.finish

            def told() -> None:
                finish()
                self.save()

            module.finish = told

        spec.loader.exec_module = exec_module
        return spec


@contextlib.contextmanager
def measured(folder: str) -> Iterator[None]:
    """Have every Python that starts in this environment measure itself."""
    lines = Path(sysconfig.get_path("purelib"), "paperbuild-measured.pth")
    given = f"import runpy; runpy.run_path({str(Path(__file__))!r}, {{'FOLDER': {folder!r}}}, 'measured')\n"
    lines.write_text(given, encoding="utf-8")
    try:
        yield
    finally:
        lines.unlink()


def main(arguments: list[str]) -> int:
    """Run the tests with these arguments of pytest; say what they did not run, which must be little."""
    with tempfile.TemporaryDirectory(prefix="measured-") as folder:
        with measured(folder):
            tests = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False)
        found = coverage.Coverage(data_file=f"{folder}/lines", config_file=str(SETTINGS))
        found.combine([folder])
        share = found.report(show_missing=True, skip_covered=True)
    least = found.get_option("report:fail_under")
    return tests.returncode or int(share < least)


if __name__ == "measured":
    measure(FOLDER)  # noqa: F821 (handed over by the start-up line)
elif __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
