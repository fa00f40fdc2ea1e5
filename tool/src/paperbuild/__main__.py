"""Run the command line, as ``paper`` and as ``python -m paperbuild``."""

import signal
import sys


def main() -> int:
    """Load the command line and run it.

    Until it is there to answer Ctrl-C, the process ends of it as the system has it, without a traceback.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from paperbuild.cli.main import main as command_line

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return command_line()


if __name__ == "__main__":
    sys.exit(main())
