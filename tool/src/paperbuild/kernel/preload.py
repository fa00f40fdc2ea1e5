"""What every kernel loads before its first cell; the fork server imports this once for all of them."""

import builtins
import gc
import os
import sys
from importlib import import_module
from types import SimpleNamespace, TracebackType

from paperbuild.ground.enclosure import network_can_be_closed


def _tell(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Show what went wrong, but not what fails for want of the folder that an ended build took with it."""
    if os.path.isdir(os.environ["IPYTHONDIR"]):
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _tell

# Libraries leave next to no garbage while they are imported; a kernel looks for its own (`inside.forked`).
gc.disable()

# The fork server has the flags that the build was started with. Where these forbid bytecode, and the build
# keeps it under build/ instead (`paperbuild.ground.bytecode`), the environment says so.
sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))

# Tried once for all kernels, which inherit the answer, and while this process is still small.
network_can_be_closed()

# matplotlib would read a matplotlibrc in whatever folder the build was started from.
os.chdir(os.environ["IPYTHONDIR"])

for _module in (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "tornado.platform.asyncio",
    "jupyter_client.localinterfaces",
    "numpy.random",
):
    import_module(_module)

# Asks the system for its network interfaces (0.2 s); the answer is remembered and comes along with a fork.
import_module("jupyter_client.localinterfaces").localhost()

# Some libraries ask, while they are imported, whether they are in a notebook (pandas, for how wide a printed
# table may be). They are, or will be as soon as a kernel is forked; IPython puts its own function here then.
setattr(builtins, "get_ipython", lambda: SimpleNamespace(kernel=True))  # noqa: B010
