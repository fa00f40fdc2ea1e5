"""Where compiled code is kept, settled before anything of this package is compiled.

Where bytecode beside the sources is forbidden, this module and its caller are all that every command compiles
anew, so it imports little.
"""

import os
import sys

MARK = "analysis/parameters.yml"
"""The file that makes a folder a project."""
PLACE = "build/pycache"


def keep_bytecode(words: list[str]) -> None:
    """Where bytecode beside the sources is forbidden, keep it under build/, for this process and children.

    Otherwise every command and every kernel would compile all the libraries it imports anew.

    Parameters
    ----------
    words : list of str
        The command line, which may name the project; else it is the one that the working folder lies in.
    """
    if not sys.dont_write_bytecode:
        return
    named = words[words.index("--project") + 1 :][:1] if "--project" in words else []
    folder = os.path.realpath(named[0] if named else os.curdir)
    while not os.path.isfile(os.path.join(folder, MARK)):
        if folder == os.path.dirname(folder):
            return
        folder = os.path.dirname(folder)
    sys.pycache_prefix = os.path.join(folder, PLACE)
    sys.dont_write_bytecode = False
    os.environ["PYTHONPYCACHEPREFIX"], os.environ["PYTHONDONTWRITEBYTECODE"] = sys.pycache_prefix, ""


def drop_bytecode() -> None:
    """Remove the bytecode kept under build/, as a full disk may have cut it off.

    Python before 3.12.8 takes a half-written file for a whole one (gh-126606), and could load what it holds
    never again.
    """
    if sys.pycache_prefix and sys.pycache_prefix.endswith(PLACE):
        import shutil

        shutil.rmtree(sys.pycache_prefix, ignore_errors=True)
