"""What is asked of git, and what is said where there is none."""

from pathlib import Path

import pytest

from paperbuild.ground.errors import PaperError
from paperbuild.ground.gitrepo import committed, git, ignored, merge_file

BASE = "one\ntwo\nthree\nfour\nfive\n"


def test_two_changes_of_different_places_are_both_taken_and_of_one_neither() -> None:
    ours, theirs = BASE.replace("one", "eins"), BASE.replace("five", "fünf")
    assert merge_file(ours, BASE, theirs) == "eins\ntwo\nthree\nfour\nfünf\n"
    assert merge_file(ours, BASE, BASE.replace("one", "un")) is None


def test_without_git_the_message_says_so_and_what_can_do_without_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for ask in (lambda: git(tmp_path, "status"), lambda: merge_file(BASE, BASE, BASE)):
        with pytest.raises(PaperError, match="git is not installed"):
            ask()
    assert ignored(tmp_path, ["a"]) == set()
    assert committed(tmp_path, "a") == b""


def test_a_folder_that_is_under_no_git_is_told_in_the_words_of_git(tmp_path: Path) -> None:
    with pytest.raises(PaperError, match=r"git rev-parse failed: .*not a git repository"):
        git(tmp_path, "rev-parse", "HEAD")
    assert committed(tmp_path, "a") == b""
