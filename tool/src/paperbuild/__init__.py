"""The build of a verifiable paper: fingerprints, kernels, typesetting, checks. Knows nothing of its subject.

What a notebook needs comes through this door: ``from paperbuild import figure, table, number``. The names are
those of `paperbuild.kernel.calls`, looked up when they are asked for, so that a command that starts no kernel
loads none of it.
"""

from __future__ import annotations

# As type checkers know it; importing typing, first of all modules, would take a fifth of the command's start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from paperbuild.kernel.calls import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Return what a notebook asks for by name."""
    # Python itself asks for names with two underscores, of every package.
    if name == "__all__" or not name.startswith("__"):
        from paperbuild.kernel import calls

        if name == "__all__":
            return calls.__all__
        if name in calls.__all__:
            return getattr(calls, name)
    raise AttributeError(f"module 'paperbuild' has no attribute {name!r}")
