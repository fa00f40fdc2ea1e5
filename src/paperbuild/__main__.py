"""Run the command line as ``python -m paperbuild``."""

import sys

from paperbuild.cli import main

sys.exit(main())
