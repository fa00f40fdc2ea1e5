"""The commands that tests fork are the commands that users start."""

from pathlib import Path

import pytest

from toy import outputs, paper


@pytest.mark.parametrize("words", ["status", "params", "build -p nonsense", "nope", "graph --to"])
def test_a_forked_command_ends_and_says_the_same(project: Path, words: str) -> None:
    forked, anew = (paper(project, *words.split(), anew=anew) for anew in (False, True))
    assert forked.stdout + forked.stderr
    assert (forked.returncode, forked.stdout, forked.stderr) == (anew.returncode, anew.stdout, anew.stderr)


def test_a_forked_build_makes_the_same_bytes(built: Path, fresh: Path) -> None:
    assert paper(fresh, "build", anew=True).returncode == 0
    assert outputs(fresh) == outputs(built)
