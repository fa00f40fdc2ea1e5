"""What a step may open; the tool's own packages also where they lie in the project, as in this repository."""

from pathlib import Path

import pytest

from paperbuild.ground.own import PACKAGE, PACKAGES
from paperbuild.kernel.settings import KernelSettings
from paperbuild.kernel.watch import Watch


def watch(root: Path, staging: Path) -> Watch:
    return Watch(KernelSettings("step", str(root), str(staging), (), (), {}, 0))


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_of_this_distribution_may_be_imported(tmp_path: Path, package: str) -> None:
    module = PACKAGE.parent / package / "__init__.py"
    assert watch(PACKAGE.parent, tmp_path).judge(str(module), writing=False) == ""


def test_a_module_that_the_step_does_not_import_by_name_is_told(tmp_path: Path) -> None:
    module = tmp_path / "hidden.py"
    module.write_text("x = 1\n", encoding="utf-8")
    assert watch(tmp_path, tmp_path / "staging").judge(str(module), writing=False) == "imports"
