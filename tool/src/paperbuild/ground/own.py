"""The tool itself: where it lies (it counts among the inputs of what it makes), and its mark on children."""

import os
from pathlib import Path

PACKAGE = Path(os.path.abspath(__file__)).parents[1]
"""The folder of the package ``paperbuild``."""

PACKAGES = ("paperbuild", "dataregister")
"""The packages that this distribution installs, side by side."""

OWNER_VARIABLE = "PAPERBUILD_OWNER"
"""Tells a build that a `quarto render` of ours asks for which process has done its work already.

The Quarto extension's hook, a plain script, spells it too.
"""
