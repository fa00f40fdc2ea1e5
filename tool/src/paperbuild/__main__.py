"""Run the command line as ``python -m paperbuild``."""

import sys

from paperbuild.cli.main import main

sys.exit(main())
