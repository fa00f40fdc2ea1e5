"""What of the user's environment reaches Python itself, and so the build's own process.

Every command asks this before it knows where compiled Python goes, so that this module is short and alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from paperbuild.ground.own import PACKAGE

# For developers: `free` lets a process have the user's own environment, linear algebra and instructions.
FREE_VARIABLE = "PAPERBUILD_SURROUNDINGS"

# Python's own variables that may stay in the build's process, none of which changes what code does.
HARMLESS_PYTHON = frozenset(
    "PYTHONUTF8 PYTHONPYCACHEPREFIX PYTHONDONTWRITEBYTECODE PYTHONPROFILEIMPORTTIME PYTHONHASHSEED "
    "PYTHONCOERCECLOCALE PYTHONUNBUFFERED PYTHONPATH PYTHONFAULTHANDLER PYTHONHOME".split()
)

OWN_FOLDER = str(PACKAGE.parent)
"""Where this package is imported from."""


def interpreter_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what must change in the environment of the build itself: name and new value, ``""`` for none.

    Python reads ``PYTHONOPTIMIZE``, ``PYTHONWARNINGS``, ``PYTHONPATH`` and their like when it starts, and
    hands what they chose on to the fork server. The folder this package lies in may stay on the path.
    """
    if environment.get(FREE_VARIABLE) == "free":
        return {}
    changed = {name: "" for name in environment if name.startswith("PYTHON") and name not in HARMLESS_PYTHON}
    if path := environment.get("PYTHONPATH"):
        own = [part for part in path.split(os.pathsep) if part and os.path.abspath(part) == OWN_FOLDER]
        if path != os.pathsep.join(own):
            changed["PYTHONPATH"] = os.pathsep.join(own)
    return changed
