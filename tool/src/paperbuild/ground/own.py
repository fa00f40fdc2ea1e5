"""Where the tool itself lies: what it is made of counts among the inputs of whatever it makes."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package ``paperbuild``."""
