"""What a project says of itself is read once, and wrong files are told by their names."""

from pathlib import Path

import pytest

from paperbuild.ground.errors import PaperError
from paperbuild.project.identity import Citation, read_citation, read_lock, read_name

CITED = """\
cff-version: 1.2.0
title: Of towns
authors:
  - {given-names: Ann, family-names: Berg}
  - name: The society of towns
  - family-names: Cole
repository-code: https://code.example/towns
"""


def test_a_citation_has_title_authors_and_addresses(tmp_path: Path) -> None:
    (tmp_path / "CITATION.cff").write_text(CITED, encoding="utf-8")
    authors = ("Ann Berg", "The society of towns", "Cole")
    assert read_citation(tmp_path) == Citation("Of towns", authors, ("https://code.example/towns",))


def test_what_is_not_said_is_nothing(tmp_path: Path) -> None:
    assert read_citation(tmp_path) == Citation()
    (tmp_path / "CITATION.cff").write_text("", encoding="utf-8")
    assert read_citation(tmp_path) == Citation()
    assert read_name(tmp_path) == tmp_path.name
    assert read_lock(tmp_path) == ""


@pytest.mark.parametrize("text", ["title: [", "- a list"])
def test_a_citation_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "CITATION.cff").write_text(text, encoding="utf-8")
    with pytest.raises(PaperError) as refused:
        read_citation(tmp_path)
    assert refused.value.where.startswith("CITATION.cff")


def test_the_name_is_that_of_the_distribution(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "towns"\n', encoding="utf-8")
    assert read_name(tmp_path) == "towns"
    file.write_text("[tool.ruff]\n", encoding="utf-8")
    assert read_name(tmp_path) == tmp_path.name
    file.write_text("name = ", encoding="utf-8")
    with pytest.raises(PaperError, match="not valid TOML"):
        read_name(tmp_path)


def test_the_lock_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_bytes(b"numpy==2.0\r\n")
    assert read_lock(tmp_path) == "numpy==2.0\n"
