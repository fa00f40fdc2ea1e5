"""The article's results on processors that round differently: the same bytes, or at least the same print."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paperbuild.cli.bench_builds import LEFT_OUT
from paperbuild.ground import interpreter, surroundings
from paperbuild.project.tolerances import read_tolerances
from paperbuild.proof import verify
from paperbuild.proof.ladder import Rung

ROOT = Path(__file__).parents[2]

# The two ends of what an x86-64 machine chooses by itself: nothing of the last fifteen years, and all of it.
# Between them lie Nehalem, Sandybridge, Zen and numpy without AVX-512 alone.
PERSONALITIES = {
    "before AVX": {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    },
    "AVX-512": {"OPENBLAS_CORETYPE": "SkylakeX"},
}
PICTURES = (".svg", ".png")


def rebuilt(folder: Path, **environment: str) -> verify.Reference:
    """Return what notebooks run from nothing make of this article under an environment of the user's."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    verify.remove_outputs(folder)
    command = [sys.executable, "-m", "paperbuild", "--project", str(folder), "build", "--no-render"]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return verify.read_outputs(folder)


def printed(outputs: verify.Reference) -> dict[str, str]:
    """Return what a reader sees of tables and numbers."""
    tables = {path: text.decode() for path, text in outputs.files.items() if path.endswith(".md")}
    return tables | {f"numbers/{name}": number["text"] for name, number in outputs.manifest.numbers.items()}


@pytest.mark.slow
@pytest.mark.skipif(not surroundings.present({}).level, reason="the level is that of x86-64")
def test_fixed_surroundings_give_the_committed_bytes(tmp_path: Path) -> None:
    reference, found = verify.read_outputs(ROOT), rebuilt(tmp_path / "copy", **PERSONALITIES["before AVX"])
    assert found.files.keys() == reference.files.keys()
    assert [path for path, content in reference.files.items() if found.files[path] != content] == []
    assert found.manifest.numbers == reference.manifest.numbers


@pytest.mark.slow
@pytest.mark.parametrize("name", PERSONALITIES)
def test_free_surroundings_print_the_same_results(tmp_path: Path, name: str) -> None:
    free = PERSONALITIES[name] | {interpreter.FREE_VARIABLE: "free"}
    reference, found = verify.read_outputs(ROOT), rebuilt(tmp_path / "copy", **free)
    assert printed(found) == printed(reference)
    made = verify.compare_outputs(reference, found, read_tolerances(ROOT))
    differing = [
        one.path for one in made if not one.path.endswith(PICTURES) and one.rung > Rung.WITHIN_TOLERANCE
    ]
    assert differing == []
