"""A Dask cluster over which notebooks spread their work: held to be like this machine, then used.

A notebook maps with joblib; where that happens is joblib's setting, which the kernel makes. Nothing of it
enters a fingerprint: the results are the same bytes, because a cluster that could give others is refused
before anything runs.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Collection, Mapping
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.surroundings import CHOOSING

PATIENCE = 5  # seconds that a scheduler has to answer
INSTALL = "pip install 'dask[distributed]', here and where the workers are"


def connect(address: str) -> Any:
    """Return a client of the scheduler at `address`.

    Raises
    ------
    PaperError
        If Dask is not installed, or nothing that speaks its protocol answers there.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise PaperError("Dask is not installed", where="--dask", remedy=INSTALL) from None
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise PaperError(
            f"no Dask scheduler answers ({error})",
            where=f"--dask {address}",
            expected="tcp://HOST:PORT of a running scheduler (dask scheduler prints it)",
            remedy="start it, or build on this machine alone, without --dask",
        ) from None


def require_alike(
    address: str, packages: Mapping[str, str], sources: Path, variables: Mapping[str, str]
) -> int:
    """Hold scheduler and workers of a cluster against this machine; return how many workers there are.

    Parameters
    ----------
    address : str
        Of the scheduler.
    packages : mapping of str to str
        Names and versions of what the notebooks' code stands on.
    sources : Path
        The project's own code (``src``).
    variables : mapping of str to str
        Environment of a kernel, of which those that choose how numbers are computed must be the workers' too.

    Raises
    ------
    PaperError
        If there is no worker, or something there could compute otherwise.
    """
    own = sorted(path.name for path in sources.glob("*/") if (path / "__init__.py").is_file())
    chosen = {name: value for name, value in variables.items() if CHOOSING.fullmatch(name)}
    here = {
        "Python": platform.python_version(),
        **packages,
        **{f"code of {name}": code_of(sources / name) for name in own},
        **chosen,
    }
    with connect(address) as client:
        try:
            there = client.run(standing, sorted(packages), own, sorted(chosen))
            # The scheduler takes every task apart before it hands it on, and needs the code for it.
            there["scheduler"] = client.run_on_scheduler(standing, sorted(packages), own, sorted(chosen))
        except Exception as error:
            raise PaperError(
                f"the cluster cannot say what it is made of: {error}",
                where=f"--dask {address}",
                expected="a scheduler and workers that have the project and its build installed",
                remedy=f"start them with: paper dask scheduler, paper dask worker {address}",
            ) from None
    if len(there) == 1:
        raise PaperError(
            "the scheduler has no workers",
            where=f"--dask {address}",
            expected="one or more",
            remedy=f"start them with: paper dask worker {address}",
        )
    for process, found in sorted(there.items()):
        if differing := [name for name in here if found.get(name) != here[name]]:
            name = differing[0]
            more = f" ({len(differing) - 1} more differ)" if len(differing) > 1 else ""
            raise PaperError(
                f"the cluster would not compute the same: {name} is {found.get(name) or 'not there'}{more}",
                where=f"--dask {address}, {process}",
                expected=f"{name} {here[name]}",
                remedy="the same lock and the same commit there, started with: paper dask",
            )
    return len(there) - 1


def standing(packages: Collection[str], own: Collection[str], variables: Collection[str]) -> dict[str, str]:
    """Return what a process stands on; runs on scheduler and workers."""
    found = {"Python": platform.python_version()}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    for name in own:
        spec = importlib.util.find_spec(name)
        found[f"code of {name}"] = (
            code_of(Path(spec.origin).parent) if spec and spec.origin else "not installed"
        )
    return found | {name: os.environ.get(name, "") for name in variables}


def code_of(package: Path) -> str:
    """Return the hash of a package's modules, by name and content."""
    found = sha256()
    for path in sorted(package.rglob("*.py")):
        found.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:12]


def use(address: str) -> None:
    """Have everything that this process maps with joblib done by the cluster."""
    import joblib

    joblib.parallel_config(backend="dask", client=connect(address))
