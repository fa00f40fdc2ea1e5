"""`paper verify` on a made-up project under git that carries its own small build."""

import argparse
import json
import subprocess

import pytest

from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import Project
from paperbuild.proof import verify
from paperbuild.proof.certificate import codecheck

# The build of the made-up project: whoever runs it must run the clone's, so the tests change this file too.
BUILD = """
import hashlib, json, pathlib, subprocess, sys

root = pathlib.Path(sys.argv[sys.argv.index("--project") + 1])
value = float((root / "data" / "value.txt").read_text())
files = {
    "figures/bar.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="9">'
    f'<path d="M0 0h{value}v9h-{value}z"/></svg>',
    "figures/bar.csv": f"value\\n{value}\\n",
    "tables/rows.csv": f"name,value\\na,{value}\\n",
    "tables/rows.md": f"| name | value |\\n|:--|--:|\\n| a | {value:.1f} |\\n",
}
head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
commit = head.stdout.strip()
files["_output/paper.html"] = f"<p>The value is {value:.1f}.</p><p>Commit {commit}</p>"
files["build/results/numbers.yml"] = f"build: {{commit: '{commit}', engine: embedded}}"
text = hashlib.sha256(f"Thevalueis{value:.1f}.Commit·".encode()).hexdigest()
manifest = {
    "outputs": [
        {"path": path, "sha256": hashlib.sha256(content.encode()).hexdigest()}
        for path, content in files.items() if path.startswith(("figures", "tables"))
    ],
    "numbers": {"value": {"value": value, "text": f"{value:.1f}"}},
    "documents": [{"path": "_output/paper.html", "engine": "embedded", "text_sha256": text}],
}
files["figures/manifest.json"] = json.dumps(manifest)
for path, content in files.items():
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)
"""


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def commit(root, message="a change"):
    run("git", "add", "-A", cwd=root)
    identity = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")
    run("git", *identity, "commit", "-q", "--allow-empty", "-m", message, cwd=root)


def build(root):
    run("python3", root / "tool/src/paperbuild/__main__.py", "--project", root, cwd=root)


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """A project in a folder below the top of its repository, built and committed."""
    monkeypatch.setattr(verify, "DOCUMENTS", ("_output/paper.html",))
    top = tmp_path / "Хранилище with spaces"
    root = top / "paper"
    files = {
        "paper.qmd": "---\ntitle: Bars\n---\n",
        "analysis/parameters.yml": "notebooks: {}\n",
        "data/value.txt": "21.5",
        "tool/src/paperbuild/__init__.py": "",
        "tool/src/paperbuild/__main__.py": BUILD,
        ".gitignore": "build/\n_output/\n",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    run("git", "init", "-q", cwd=top)
    build(root)
    commit(root)
    return root


def outcome(root, capsys):
    code = verify.main(Project(root), argparse.Namespace(json=root / "c.json", keep=None))
    record = json.loads((root / "c.json").read_text(encoding="utf-8"))
    (root / "c.json").unlink()
    printed = capsys.readouterr().out
    assert f"verdict: {record['verdict']}" in printed
    return code, record, {output["path"]: output["rung"] for output in record["outputs"]}


def test_a_project_that_reproduces(made_up, capsys):
    code, record, rungs = outcome(made_up, capsys)
    assert (code, record["verdict"], record["reasons"]) == (0, "full", {})
    assert rungs == {
        "figures/bar.csv": "identical",
        "figures/bar.svg": "identical",
        "tables/rows.csv": "identical",
        "tables/rows.md": "identical",
        "numbers/value": "identical",
        # Built before the commit that holds it: the text is the same, the commit it names is not.
        "_output/paper.html": "same content",
    }
    build(made_up)
    assert outcome(made_up, capsys)[2]["_output/paper.html"] == "identical"
    for form in ("html", "md", "json"):
        assert "full" in (made_up / "_output" / f"certificate.{form}").read_text(encoding="utf-8")


def test_changed_data_without_a_new_build_differ_everywhere_and_show_it(made_up, capsys):
    (made_up / "data" / "value.txt").write_text("21.6")
    commit(made_up)
    code, record, rungs = outcome(made_up, capsys)
    assert (code, record["verdict"]) == (1, "not reproduced")
    assert set(rungs.values()) == {"differs"}
    assert set(record["reasons"]) == {"numerical-difference", "visual-difference", "text-difference"}
    (table,) = (output for output in record["outputs"] if output["path"] == "tables/rows.csv")
    assert table["details"] == ["row 1, value: 21.5 → 21.6"]
    assert "data:image/png;base64," in (made_up / "_output" / "certificate.html").read_text(encoding="utf-8")


def test_a_change_below_the_printed_digits_is_minor(made_up, capsys):
    (made_up / "data" / "value.txt").write_text("21.5001")
    (made_up / "analysis" / "tolerances.yml").write_text(
        "- {of: [figures, bar], relative: 0.001, share: 1.0, why: a test}\n"
        "- {of: [tables, bar], relative: 0.001, why: a test}\n"
    )
    commit(made_up)
    code, record, rungs = outcome(made_up, capsys)
    assert (code, record["verdict"]) == (1, "minor")
    assert rungs["numbers/value"] == rungs["tables/rows.csv"] == "same rounding"
    assert rungs["figures/bar.csv"] == "within tolerance"


def test_the_code_of_the_clone_is_what_runs(made_up, capsys):
    (made_up / "tool/src/paperbuild/__main__.py").write_text(
        BUILD.replace("float((", "1 + float(("), encoding="utf-8"
    )
    assert outcome(made_up, capsys)[0] == 0, "an uncommitted change of code must not matter"
    commit(made_up)
    assert outcome(made_up, capsys)[0] == 1


def test_an_edited_an_added_and_a_missing_output(made_up, capsys):
    (made_up / "figures" / "bar.svg").write_text(
        (made_up / "figures" / "bar.svg").read_text().replace("21.5", "20.5"), encoding="utf-8"
    )
    (made_up / "tables" / "typed.csv").write_text("a\n1\n")
    (made_up / "figures" / "bar.csv").unlink()
    commit(made_up)
    code, record, rungs = outcome(made_up, capsys)
    assert (code, record["verdict"]) == (1, "partial")
    assert rungs["figures/bar.svg"] == "differs"
    assert rungs["tables/typed.csv"] == rungs["figures/bar.csv"] == "not produced"
    assert set(record["reasons"]) == {"edited-output", "missing-output"}


def test_a_build_that_fails_is_reported_with_its_last_lines(made_up, capsys):
    (made_up / "data" / "value.txt").write_text("no number")
    commit(made_up)
    code, record, rungs = outcome(made_up, capsys)
    assert (code, record["verdict"]) == (1, "not reproduced")
    assert "build-failed" in record["reasons"]
    assert "could not convert string to float" in record["failure"]
    assert set(rungs.values()) == {"not produced"}


def test_uncommitted_files_are_named_and_not_verified(made_up, capsys):
    (made_up / "data" / "value.txt").write_text("99")
    code, record, _ = outcome(made_up, capsys)
    assert code == 0
    assert "data/value.txt" in record["notes"][0]


def test_without_git_or_a_commit_or_a_manifest_the_message_says_so(tmp_path, made_up):
    bare = tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(PaperError, match="not a git repository"):
        verify.verify(Project(bare), tmp_path / "x")
    run("git", "init", "-q", cwd=bare)
    with pytest.raises(PaperError) as refused:
        verify.verify(Project(bare), tmp_path / "y")
    assert "commit it first" in refused.value.remedy
    run("git", "rm", "-q", "figures/manifest.json", cwd=made_up)
    commit(made_up)
    with pytest.raises(PaperError, match="no manifest"):
        verify.verify(Project(made_up), tmp_path / "z")


def test_packages_that_are_not_the_locked_ones_are_named():
    from importlib.metadata import version

    lines = (
        f"pytest=={version('pytest')} \\",
        "    --hash=sha256:0",
        "ruff==0.0.1 ; python_version > '3'",
        "gone==1",
    )
    lock = "\n".join(lines)
    assert verify.lock_differences(lock) == [f"ruff: 0.0.1, not {version('ruff')}"]


def test_a_certificate_serves_as_codecheck_manifest(made_up, tmp_path):
    made = codecheck(verify.verify(Project(made_up), tmp_path / "kept").as_json(), ["A group"])
    assert made["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert made["paper"] == {"title": "Bars", "authors": [{"name": "A group"}]}
    assert {"file": "figures/bar.svg", "comment": "identical"} in made["manifest"]
    assert made["summary"].startswith("full: ")
