"""Kernels and typesetters compute in surroundings of the build's own, whatever the user's are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paperbuild.ground import interpreter, surroundings
from toy import make_toy, outputs, paper, write_notebook

# A notebook whose results show the last bit of what each choice below decides: a matrix product (OpenBLAS's
# kernel), sums and an elementary function (numpy's level), another (the C library's), how a figure is drawn
# (matplotlib's settings), whether assertions hold, and which start-up files ran.
SENSITIVE = [
    "# Sensitive",
    "#| label: setup\nimport math\nimport matplotlib.pyplot as plt\nimport numpy as np\n"
    "import pandas as pd\nimport scipy.linalg\nfrom paperbuild import figure",
    "#| label: digits\nrng = np.random.default_rng(1)\na = rng.normal(size=(97, 97))\n"
    "b = np.abs(rng.normal(size=(1000, 7)))\n"
    "float((a @ a).sum()).hex(), float(scipy.linalg.inv(a).sum()).hex(), "
    "float(np.tanh(b).sum()).hex(), float(np.exp(b).sum()).hex(), "
    "float(np.sin(b).sum(axis=0)[3]).hex(), sum(math.exp(x) + math.sin(x) for x in b[:, 0]).hex()",
    "#| label: python\n__debug__, 'HOSTILE' in globals(), f'{1234.5:n}'",
    "#| label: figure\nfig, ax = plt.subplots()\nax.plot(np.cumsum(a[0]))\n"
    "figure('line', fig, data=pd.DataFrame({'y': a[0]}))",
]

# What a user may have set, each of which would change a result or end the build.
PERSONALITIES = {
    "Zen": {"OPENBLAS_CORETYPE": "Zen"},
    "SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "Nehalem": {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"},
    "Prescott": {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    },
}


def hostile(folder: Path) -> dict[str, str]:
    """Return an environment full of variables and files that would change a result or end the build."""
    files = {
        "home/.ipython/profile_default/startup/00.py": "HOSTILE = True\nraise SystemExit('start-up file')",
        "home/.ipython/profile_default/ipython_config.py": "c.IPKernelApp.exec_lines = ['HOSTILE = 1']",
        "home/.config/matplotlib/matplotlibrc": "lines.linewidth: 9\nsavefig.dpi: 11\n",
        "startup.py": "HOSTILE = True",
        "modules/numpy.py": "raise ImportError('the module of another numpy')",
        "modules/yaml.py": "raise ImportError('the module of another yaml')",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(folder / "home/.config/matplotlib/matplotlibrc", folder / "matplotlibrc")
    return PERSONALITIES["Prescott"] | {
        "HOME": str(folder / "home"),
        "OPENBLAS_NUM_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
        "MKL_CBWR": "COMPATIBLE",
        "PYTHONPATH": str(folder / "modules"),
        "PYTHONSTARTUP": str(folder / "startup.py"),
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error",
        "LC_ALL": "de_DE.UTF-8",
        "LC_NUMERIC": "de_DE.UTF-8",
        "MPLCONFIGDIR": str(folder / "home/.config/matplotlib"),
        "MATPLOTLIBRC": str(folder / "matplotlibrc"),
        "MPLBACKEND": "svg",
        "IPYTHONDIR": str(folder / "home/.ipython"),
        "PROJ_DATA": "/nowhere",
    }


def sensitive_toy(root: Path) -> Path:
    """Return the toy project with the one notebook whose results show every last bit."""
    make_toy(root)
    for path in (root / "analysis").iterdir():
        path.unlink()
    write_notebook(root / "analysis/01-sensitive.ipynb", SENSITIVE)
    (root / "analysis/parameters.yml").write_text("notebooks: {}\n", encoding="utf-8")
    return root


def built_under(root: Path, cwd: Path | None = None, *options: str, **environment: str) -> dict[str, bytes]:
    """Return what a build of the sensitive project makes under an environment of the user's."""
    done = paper(sensitive_toy(root), "--project", str(root), "build", *options, cwd=cwd, **environment)
    assert done.returncode == 0, done.stderr
    return outputs(root)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return built_under(tmp_path_factory.mktemp("plain") / "toy")


# The newest here and the oldest among what is hostile below; those between are slow.
@pytest.mark.parametrize(
    "name", [one if one == "SkylakeX" else pytest.param(one, marks=pytest.mark.slow) for one in PERSONALITIES]
)
def test_the_users_processor_settings_change_no_byte(
    plain: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    assert built_under(tmp_path / "toy", **PERSONALITIES[name]) == plain


@pytest.mark.parametrize("kernel", ["fork", "cold"])
def test_a_hostile_environment_changes_no_byte(plain: dict[str, bytes], tmp_path: Path, kernel: str) -> None:
    folder = tmp_path / "user"
    environment = hostile(folder)
    # Started in a folder with a matplotlibrc, which matplotlib would read first of all.
    assert built_under(tmp_path / "toy", folder, "--kernel", kernel, **environment) == plain


@pytest.mark.skipif(not surroundings.present({}).level, reason="this machine has one level only")
def test_free_surroundings_show_what_the_fixed_ones_hold(plain: dict[str, bytes], tmp_path: Path) -> None:
    """The proof of the tests above: the same settings, let in, do change the bytes they compare."""
    free = PERSONALITIES["Prescott"] | {interpreter.FREE_VARIABLE: "free"}
    found = built_under(tmp_path / "toy", **free)
    assert found["build/notebooks/01-sensitive.ipynb"] != plain["build/notebooks/01-sensitive.ipynb"]


def test_what_is_chosen_makes_a_step_stale_and_is_named(project: Path) -> None:
    done = paper(project, "status", **{interpreter.FREE_VARIABLE: "free", "OPENBLAS_CORETYPE": "Prescott"})
    assert "stale: surroundings changed: " in done.stdout
    assert "→ free: PAPERBUILD_SURROUNDINGS=free OPENBLAS_CORETYPE='Prescott'" in done.stdout
    assert paper(project, "status", OPENBLAS_CORETYPE="Prescott").stdout.count("fresh") == 3


def test_a_build_without_the_level_says_so(fresh: Path) -> None:
    done = paper(fresh, "build", **{interpreter.FREE_VARIABLE: "free"})
    assert "instructions are not fixed at x86-64-v3 (PAPERBUILD_SURROUNDINGS=free)" in done.stderr


@pytest.mark.parametrize(
    ("machine", "flags", "level", "because"),
    [
        ("x86_64", surroundings.LEVEL_FLAGS, "x86-64-v3", ""),
        ("x86_64", ("avx", "f16c"), "", "this processor lacks avx2, bmi1, bmi2, fma, abm, movbe"),
        ("x86_64", (), "", "this system does not tell its level"),
        ("aarch64", surroundings.LEVEL_FLAGS, "", "this is aarch64"),
    ],
)
def test_the_level_is_held_where_the_processor_has_it(
    machine: str, flags: tuple[str, ...], level: str, because: str
) -> None:
    found = surroundings.present({}, machine, flags)
    assert (found.fixed, found.level, found.because) == (True, level, because)
    assert because in found.key
    assert because in found.warning


def test_only_what_is_listed_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(interpreter.FREE_VARIABLE, raising=False)
    monkeypatch.setenv("ANYTHING", "at all")
    monkeypatch.setenv("TMPDIR", "/somewhere")
    environment = surroundings.kernel_environment(tmp_path, 7)
    assert environment["TMPDIR"] == str(tmp_path)
    assert environment["HOME"] == str(tmp_path)
    assert environment["SOURCE_DATE_EPOCH"] == "7"
    own = {*surroundings.FIXED, *surroundings.LEVEL_VARIABLES, *surroundings.PASSED}
    own |= {"HOME", "TMPDIR", "SOURCE_DATE_EPOCH", "IPYTHONDIR", "MATPLOTLIBRC", "MPLCONFIGDIR"}
    assert {*environment} <= own


def test_what_changes_python_itself_is_taken_from_the_build() -> None:
    own = interpreter.OWN_FOLDER
    given = {
        "PYTHONOPTIMIZE": "1",
        "PYTHONPATH": f"/other{os.pathsep}{own}",
        "PYTHONUTF8": "1",
        "PATH": "/bin",
    }
    assert interpreter.interpreter_variables(given) == {"PYTHONOPTIMIZE": "", "PYTHONPATH": own}
    assert interpreter.interpreter_variables({"PYTHONPATH": own}) == {}
    assert interpreter.interpreter_variables({"PYTHONPATH": "/other"}) == {"PYTHONPATH": ""}
    assert interpreter.interpreter_variables(given | {interpreter.FREE_VARIABLE: "free"}) == {}


@pytest.mark.skipif(not surroundings.present({}).level, reason="the level is that of x86-64")
def test_the_libraries_confirm_the_level_without_a_warning(tmp_path: Path) -> None:
    """The names are the libraries' own answers; numpy warns of a name that it does not know."""
    described = surroundings.describe(tmp_path)
    assert described["linear algebra"] == "OpenBLAS, kernel Haswell (in numpy and scipy)"
    assert described["instructions"] == "numpy runs X86_V2, X86_V3"
    assert described["level fixed"] == "yes: x86-64-v3"
    environment = surroundings.kernel_environment(tmp_path, 0)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import numpy"], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
