"""Which commit a project is of, and of what date."""

import subprocess
from pathlib import Path

import pytest

from paperbuild.ground.errors import PaperError
from paperbuild.project.revision import UNDATED, read_revision, require_commit

KNOWN = "analysis/parameters.yml"


def git(root: Path, *arguments: str) -> str:
    author = ["-c", "user.name=A <b> 1", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(root), *author, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, of 2020, that says what a commit says in its own message."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1577880000 +0600")
    (tmp_path / "analysis").mkdir()
    (tmp_path / KNOWN).write_text("committer nobody <> 5 +0000\nHEAD missing\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "committer somebody <> 7 +0000")
    return tmp_path


def test_commit_and_date_are_those_of_the_last_commit(repository: Path) -> None:
    found = read_revision(repository, ("analysis",), KNOWN)
    assert (found.commit, found.epoch, found.date) == (
        git(repository, "rev-parse", "HEAD"),
        1577880000,
        "2020-01-01",
    )
    assert not found.dirty
    (repository / KNOWN).write_text("edited", encoding="utf-8")
    assert read_revision(repository, ("analysis",), KNOWN).dirty
    assert not read_revision(repository, ("data",), KNOWN).dirty


def test_a_project_below_the_top_of_its_repository_is_of_its_commit(repository: Path) -> None:
    git(repository, "mv", "-k", "analysis", "inner")
    (repository / "paper").mkdir()
    git(repository, "mv", "inner", "paper/analysis")
    git(repository, "commit", "-q", "-m", "moved")
    assert read_revision(repository / "paper", ("analysis",), KNOWN).commit == git(
        repository, "rev-parse", "HEAD"
    )


def test_a_folder_unpacked_inside_another_repository_is_of_no_commit(repository: Path) -> None:
    inner = repository / "unpacked"
    (inner / "analysis").mkdir(parents=True)
    (inner / KNOWN).write_text("", encoding="utf-8")
    found = read_revision(inner, ("analysis",), KNOWN)
    assert (found.commit, found.date) == ("", UNDATED)
    with pytest.raises(PaperError, match="no commit holds this project"):
        require_commit(inner, found)


def test_a_date_that_is_given_stands_for_the_commit_s(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert read_revision(repository, ("analysis",), KNOWN).date == "1970-01-02"


def test_without_git_there_is_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert read_revision(repository, ("analysis",), KNOWN).commit == ""
