"""The build of a verifiable paper: fingerprints, kernels, typesetting, checks. Knows nothing of its subject.

What a notebook needs comes through this door: ``from paperbuild import figure, table, number``. The names are
looked up when they are asked for, so that a command that starts no kernel loads none of it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paperbuild.kernel.artefacts import ArtefactError, figure, finding, number, numbers, results, table

__all__ = ["ArtefactError", "figure", "finding", "number", "numbers", "results", "table"]


def __getattr__(name: str) -> Any:
    """Return what a notebook asks for by name."""
    if name in __all__:
        from paperbuild.kernel import artefacts

        return getattr(artefacts, name)
    raise AttributeError(f"module 'paperbuild' has no attribute {name!r}")
