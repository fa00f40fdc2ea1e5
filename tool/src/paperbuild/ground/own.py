"""Where the tool itself lies: what it is made of counts among the inputs of whatever it makes."""

import os
from pathlib import Path

PACKAGE = Path(os.path.abspath(__file__)).parents[1]
"""The folder of the package ``paperbuild``."""
