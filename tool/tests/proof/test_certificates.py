"""`paper certificates`: a second reviewer's certificate stands beside the first."""

import json

import pytest

from paperbuild.cli.main import main


def record(verdict="full", processor="x86-64", changed=0):
    return {
        "verdict": verdict,
        "commit": "c" * 40,
        "checked": "2026-01-02T03:04:05+00:00",
        "environment": {"Python": "3.12.1", "system": "Linux aarch64", "processor": processor},
        "outputs": [],
        "printed_changed": changed,
    }


@pytest.fixture
def root(tmp_path):
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis/parameters.yml").write_text("notebooks: {}\n")
    for name, content in {
        "_output/certificate.json": record(),
        "certificates/erika.json": record("partial", "Neoverse", 3),
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


def test_each_certificate_is_a_line_with_machine_and_verdict(root, capsys):
    assert main(["--project", str(root), "certificates"]) == 1, "one did not reproduce"
    head, own, erika, count = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["certificate", "commit", "checked"]
    assert own.split() == "certificate ccccccc 2026-01-02 Linux aarch64 x86-64 3.12.1 none full".split()
    assert erika.split() == "erika ccccccc 2026-01-02 Linux aarch64 Neoverse 3.12.1 3 partial".split()
    assert count == "certificates: 2"


def test_certificates_are_listed_for_machines_and_by_name(root, capsys):
    file = root / "_output/certificate.json"
    assert main(["--project", str(root), "certificates", "--json", str(file)]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["python"], one["verdict"], one["changed"]) == ("3.12.1", "full", 0)


@pytest.mark.parametrize("content", ["", "[]", '{"verdict": "full"}'])
def test_a_file_that_is_no_certificate_is_refused(root, content, capsys):
    (root / "certificates/erika.json").write_text(content)
    assert main(["--project", str(root), "certificates"]) == 1
    assert "erika.json: no certificate" in capsys.readouterr().err


def test_a_project_without_certificates_has_none(root, capsys):
    for path in (root / "_output/certificate.json", root / "certificates/erika.json"):
        path.unlink()
    assert main(["--project", str(root), "certificates"]) == 0
    assert "certificates: 0" in capsys.readouterr().out
