"""The fixed surroundings in which everything is computed, drawn and typeset, and words for the machine below.

A kernel's environment is built here from what is listed, never laid over the user's own: variables of the
linear algebra, of Python, matplotlib or the C library that happen to be set on a machine must not reach a
result. On x86-64 the linear algebra and numpy are also held to one level of instructions, because each level
adds in another order and so rounds differently.

The environment is complete before a process starts: these libraries choose their code once, when loaded.
Imports the standard library only, since every command needs it.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.ground.interpreter import FREE_VARIABLE, OWN_FOLDER

# All that passes from the user: where programs and their libraries are found (on some machines Python itself
# does not start without it), where compiled Python goes. None of these chooses how a number is computed.
PASSED = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPYCACHEPREFIX",
    "PYTHONDONTWRITEBYTECODE",
)

# One thread for linear algebra (results do not depend on the number of cores), one hash seed, one time zone,
# one locale, no display: what differs between machines and runs is fixed here and nowhere else.
FIXED = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONNOUSERSITE": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

# The third level of the x86-64 psABI: every such processor since Intel's Haswell (2013) and AMD's Excavator
# (2015) has it, some small Atoms and Celerons do not. OpenBLAS (numpy's and scipy's copies both) reads the
# first variable. numpy reads the second: since 2.4 it knows its own groups only, and passes over in silence
# those that a processor lacks. The C library's mathematics needs no variable: its fastest code is that for
# AVX2 and FMA, which every processor of this level has.
LEVEL = "x86-64-v3"
LEVEL_VARIABLES = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
# The level as Linux names it in /proc/cpuinfo; macOS says AVX1.0 for avx and LZCNT for abm.
LEVEL_FLAGS = ("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe")

# Of the user's variables, those that choose how numbers are computed: they name free surroundings.
CHOOSING = re.compile(r"(OPENBLAS|OMP|MKL|NPY|BLIS|GOTO|VECLIB|KMP)_.*|GLIBC_TUNABLES|LD_PRELOAD")


@dataclass(frozen=True)
class Surroundings:
    """Which surroundings a build has: whether they are fixed, and the level of instructions.

    Attributes
    ----------
    fixed : bool
        Whether environments are built here; false where a developer asked for free ones.
    level : str
        The level that kernels are held to; empty where none is.
    because : str
        Why none is, in words, and in free surroundings the user's variables that choose how numbers are
        computed; empty where a level is held.
    """

    fixed: bool
    level: str
    because: str = ""

    @property
    def key(self) -> str:
        """What stands in the fingerprint of every step."""
        if not self.fixed:
            return f"free: {self.because}"
        if not self.level:
            return f"fixed, but for the level: {self.because}"
        return f"fixed at {self.level}, OpenBLAS for {LEVEL_VARIABLES['OPENBLAS_CORETYPE']}"

    @property
    def warning(self) -> str:
        """What the reader of a build's messages must know; empty where the level is held."""
        if self.level:
            return ""
        return (
            f"instructions are not fixed at {LEVEL} ({self.because}): last digits of a number may differ "
            "from those of the reference; paper verify tells whether a result does"
        )


def present(
    environment: Mapping[str, str] = os.environ, machine: str = "", flags: Collection[str] | None = None
) -> Surroundings:
    """Return the surroundings of a build on this machine.

    Parameters
    ----------
    environment : mapping
        The user's environment.
    machine : str
        Kind of processor; by default this one's.
    flags : collection of str, optional
        What the processor can do, in Linux' words; by default this one's.
    """
    if environment.get(FREE_VARIABLE) == "free":
        chosen = sorted(f"{k}={v!r}" for k, v in environment.items() if CHOOSING.fullmatch(k))
        because = " ".join([f"{FREE_VARIABLE}=free", *chosen])
        return Surroundings(False, "", because)
    machine = machine or os.uname().machine
    if machine not in ("x86_64", "AMD64"):
        return Surroundings(True, "", f"this is {machine}")
    known = processor_flags() if flags is None else flags
    if missing := [flag for flag in LEVEL_FLAGS if flag not in known]:
        lacks = (
            f"this processor lacks {', '.join(missing)}" if known else "this system does not tell its level"
        )
        return Surroundings(True, "", lacks)
    return Surroundings(True, LEVEL)


def kernel_environment(folder: str | Path, epoch: int, cache: str | Path | None = None) -> dict[str, str]:
    """Return the whole environment of a kernel process.

    Parameters
    ----------
    folder : path
        The build's private folder, which takes the place of the user's home.
    epoch : int
        ``SOURCE_DATE_EPOCH``.
    cache : path, optional
        Where matplotlib keeps its list of fonts between builds; by default below `folder`.
    """
    folder = Path(folder)
    return {
        **typesetter_environment(folder, epoch),
        **(LEVEL_VARIABLES if present().level else {}),
        # Neither the user's IPython start-up files nor their matplotlibrc may change a result.
        "IPYTHONDIR": str(folder / "ipython"),
        "MATPLOTLIBRC": str(folder / "matplotlibrc"),
        "MPLCONFIGDIR": str(cache or folder / "matplotlib"),
    }


def typesetter_environment(folder: str | Path, epoch: int) -> dict[str, str]:
    """Return the whole environment of a program that typesets: a kernel's, but for what only kernels read.

    Parameters
    ----------
    folder : path
        The build's private folder, which takes the place of the user's home: pandoc would read its own data
        folder there.
    epoch : int
        ``SOURCE_DATE_EPOCH``.
    """
    fixed = present().fixed
    passed = {k: v for k, v in os.environ.items() if not fixed or k in PASSED}
    home = {"HOME": str(folder)} if fixed else {}
    # Temporary files go with the folder, and sockets among them have short names.
    temporary = {"TMPDIR": str(folder)}
    return {**passed, **home, **temporary, **FIXED, "SOURCE_DATE_EPOCH": str(epoch)}


# The machine below ---------------------------------------------------------------------------------------


@functools.cache
def processor_flags() -> frozenset[str]:
    """Return what this processor can do, in Linux' words; nothing where the system does not tell."""
    if sys.platform == "darwin":
        told = _said_by("sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features",
                        "machdep.cpu.extfeatures").lower()  # fmt: skip
        return frozenset(told.replace("avx1.0", "avx").replace("lzcnt", "abm").split())
    return frozenset(_cpuinfo().get("flags", "").split())


@functools.cache
def _cpuinfo() -> Mapping[str, str]:
    """Return what Linux tells of the first processor."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _said_by(*command: str) -> str:
    """Return what a program prints; nothing where it does not exist."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def processor() -> str:
    """Return the processor's name and kind."""
    name = _cpuinfo().get("model name", "") or (
        _said_by("sysctl", "-n", "machdep.cpu.brand_string") if sys.platform == "darwin" else ""
    )
    machine = os.uname().machine
    return f"{name} ({machine})" if name else machine


def loaded() -> dict[str, Any]:
    """Return what numpy and scipy chose in this process: OpenBLAS's kernels by name, numpy's levels.

    The names are OpenBLAS's own answers, asked of the copies of it that are loaded.
    """
    import ctypes

    import numpy._core._multiarray_umath as core  # type: ignore[import-not-found]  # compiled, no stubs
    import scipy.linalg  # noqa: F401  (loads scipy's own copy)

    kernels: dict[str, str] = {}
    for owner, path in openblas_files():
        library = ctypes.CDLL(path)
        for name in (
            "scipy_openblas_get_corename64_",
            "scipy_openblas_get_corename",
            "openblas_get_corename",
        ):
            if hasattr(library, name):
                ask = getattr(library, name)
                ask.restype = ctypes.c_char_p
                kernels[owner] = ask().decode("ascii")
                break
    features = core.__cpu_features__
    runs = [name for name in (*core.__cpu_baseline__, *core.__cpu_dispatch__) if features.get(name)]
    return {"kernels": kernels, "numpy": runs}


def openblas_files() -> list[tuple[str, str]]:
    """Return the copies of OpenBLAS that numpy's and scipy's wheels carry, each with its package."""
    import importlib.util

    found = []
    for package in ("numpy", "scipy"):
        spec = importlib.util.find_spec(package)
        home = Path(spec.origin).parent if spec and spec.origin else Path()
        for folder in (home.with_name(f"{package}.libs"), home / ".dylibs"):
            found += [(package, str(path)) for path in sorted(folder.glob("*openblas*"))]
    return found


def describe(folder: str | Path) -> dict[str, str]:
    """Return, in words for a certificate, the processor and what was really loaded on it.

    A process in the very surroundings of a kernel is started and asked.

    Parameters
    ----------
    folder : path
        Stands for the home folder of that process.
    """
    import platform  # here: few commands describe the machine

    environment = kernel_environment(folder, 0)
    environment["PYTHONPATH"] = OWN_FOLDER
    ask = "import json; from paperbuild.ground.surroundings import loaded; print(json.dumps(loaded()))"
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout) if done.returncode == 0 else {"kernels": {}, "numpy": []}
    by_kernel: dict[str, list[str]] = {}
    for owner, kernel in told["kernels"].items():
        by_kernel.setdefault(kernel, []).append(owner)
    kernels = "; ".join(f"{kernel} (in {' and '.join(owners)})" for kernel, owners in by_kernel.items())
    here = present()
    return {
        "processor": processor(),
        "linear algebra": f"OpenBLAS, kernel {kernels}"
        if kernels
        else "not OpenBLAS, or it could not be asked",
        "instructions": f"numpy runs {', '.join(told['numpy'])}" if told["numpy"] else "could not be asked",
        "C library": " ".join(platform.libc_ver()).strip() or platform.platform(),
        "level fixed": f"yes: {here.level}" if here.level else f"no: {here.because}",
    }
