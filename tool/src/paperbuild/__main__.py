"""Run the command line, as ``paper`` and as ``python -m paperbuild``."""

import gc
import signal
import sys

from paperbuild.ground.bytecode import keep_bytecode

# A command makes many objects and is soon over: looking for garbage as often as a long program must costs it
# a twentieth of its time.
COLLECT_EVERY = 50_000


def main() -> int:
    """Load the command line and run it.

    Until it is there to answer Ctrl-C, the process ends of it as the system has it, without a traceback. At
    the end nobody looks for garbage in all that is left, which would take a tenth of a short command's time:
    the system takes it back.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(COLLECT_EVERY)
    keep_bytecode(sys.argv[1:])
    from paperbuild.cli.main import main as command_line

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return command_line()
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
