"""A format is one object: the command line, the plan, verification and comparison know it from the table."""

import dataclasses
import zipfile

import pytest
import yaml

from paperbuild.article import extension, formats
from paperbuild.article.formats import DOCUMENTS, FORMATS
from paperbuild.proof.documents import document_text

LISTED = yaml.safe_load((extension.EXTENSION / "_extension.yml").read_text(encoding="utf-8"))["contributes"]


def test_the_extension_knows_every_format_and_names_files_that_it_brings():
    given = LISTED["formats"]
    assert set(given) - {"common"} == {one.quarto for one in FORMATS.values()}
    for options in given.values():
        named = [options.get(key) for key in ("template", "css", "reference-doc")]
        filters = [one["path"] if isinstance(one, dict) else one for one in options.get("filters", [])]
        named += [*filters, *options.get("template-partials", [])]
        for name in filter(None, named):
            assert (extension.EXTENSION / name).is_file(), name


def test_quarto_and_the_build_show_the_same_kind_of_picture():
    for one in FORMATS.values():
        assert f".{LISTED['formats'][one.quarto]['default-image-extension']}" == one.picture


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_asset_is_there(name):
    assert DOCUMENTS[name].assets
    assert all(path.is_file() for path in DOCUMENTS[name].assets)


def test_pages_come_with_the_format_that_links_to_them():
    assert formats.documents(("html", "docx")) == ("html", "docx", "notebooks")
    assert formats.documents(("docx",)) == ("docx",)


def test_a_format_added_is_read_back_by_its_own_reader(tmp_path, monkeypatch):
    added = dataclasses.replace(
        FORMATS["html"], name="txt", file="paper.txt", text=lambda path: path.read_text().upper()
    )
    monkeypatch.setitem(FORMATS, "txt", added)
    (tmp_path / "paper.txt").write_text("two  words\n\nmore")
    assert document_text(tmp_path / "paper.txt") == "TWO WORDS\nMORE"


def test_the_copy_of_this_repository_is_that_of_the_package():
    from pathlib import Path

    root = Path(__file__).resolve().parents[3]
    if not (root / "_quarto.yml").is_file():
        pytest.skip("the tool lies in no article")
    assert extension.differing(root) == []
    named = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))
    assert set(named["format"]) == {f"{extension.NAME}-{one.quarto}" for one in FORMATS.values()}
    hook = named["project"]["pre-render"].split()[0]
    assert (root / hook).is_file()


def test_text_of_a_docx(tmp_path):
    path = tmp_path / "paper.docx"
    with zipfile.ZipFile(path, "w") as archive:
        runs = '<w:p><w:r><w:t>One &amp; </w:t></w:r><w:r><w:t xml:space="preserve">two</w:t></w:r></w:p>'
        archive.writestr("word/document.xml", f"<w:document>{runs}<w:p><w:t>Three</w:t></w:p></w:document>")
    assert document_text(path) == "One & two\nThree"


def test_text_of_a_pdf(tmp_path):
    import typst

    source = tmp_path / "a.typ"
    source.write_text("Сары-Арқа, қала: 1 234", encoding="utf-8")
    path = tmp_path / "paper.pdf"
    path.write_bytes(typst.compile(str(source), format="pdf"))
    assert document_text(path) == "Сары-Арқа, қала: 1 234"


def test_a_file_that_is_no_document_is_not_guessed_at(tmp_path):
    with pytest.raises(ValueError, match="no document"):
        document_text(tmp_path / "notes.html")
