"""The lock of packages: what it pins, and what is installed otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable

_PIN = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def lock_differences(lock: str, version: Callable[[str], str | None]) -> list[str]:
    """Return the distributions whose version is not the locked one, as ``name: locked, not installed``.

    One that is not installed at all is locked for another platform, or what needs it will say so.

    Parameters
    ----------
    lock : str
        Text of ``requirements.lock``.
    version : callable
        Tells which version of a distribution is installed; None where it is not.
    """
    # A universal lock may hold one version for each range of Python versions.
    locked: dict[str, list[str]] = {}
    for name, pin in _PIN.findall(lock):
        locked.setdefault(name, []).append(pin)
    return [
        f"{name}: {' or '.join(versions)}, not {installed}"
        for name, versions in locked.items()
        if (installed := version(name)) is not None and installed not in versions
    ]


def pinned(lock: str) -> dict[str, str]:
    """Return the versions that a lock's text pins, by distribution; the first where it has several."""
    return dict(reversed(_PIN.findall(lock)))


def installed_version(name: str) -> str | None:
    """Return which version of a distribution is installed; None where it is not."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
