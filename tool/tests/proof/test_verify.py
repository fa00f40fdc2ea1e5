"""`paper verify` on a made-up project under git that carries its own small build."""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from paperbuild.cli import verify as cli
from paperbuild.cli.main import main
from paperbuild.ground.errors import PaperError
from paperbuild.ground.lock import installed_version, lock_differences
from paperbuild.project.layout import Project
from paperbuild.proof import deposit, verify
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
commit = head.stdout.strip() or "no commit"
files["_output/paper.html"] = f"<p>The value is {value:.1f}.</p><p>Commit {commit}</p>"
files["build/results/numbers.yml"] = f"build: {{commit: '{commit}', engine: embedded}}"
text = hashlib.sha256(f"Thevalueis{value:.1f}.Commit·".encode()).hexdigest()
manifest = {
    "outputs": [
        {"path": path, "sha256": hashlib.sha256(content.encode()).hexdigest(), "kind": "made",
         "notebook": "01-bars", "cell": "bars", "parameters": "0" * 12}
        for path, content in files.items() if path.startswith(("figures", "tables"))
    ],
    "numbers": {"value": {"value": value, "text": f"{value:.1f}", "format": ".1f",
                          "notebook": "01-bars", "cell": "bars", "parameters": "0" * 12}},
    "documents": [{"path": "_output/paper.html", "engine": "embedded", "text": "text/paper.html.txt",
                   "text_sha256": text}],
    "findings": [], "recipes": {"01-bars": "1" * 16},
}
files["text/paper.html.txt"] = f"The value is {value:.1f}.\\nCommit ·\\n"
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
    run(sys.executable, root / "tool/src/paperbuild/__main__.py", "--project", root, cwd=root)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A repository with a project in a folder below its top, built and committed."""
    top = tmp_path_factory.mktemp("verify") / "repository"
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
    return top


@pytest.fixture
def made_up(whole, tmp_path, monkeypatch):
    """The project in a copy of it."""
    monkeypatch.setattr(verify, "documents_of", lambda root: ["_output/paper.html"])
    return Path(shutil.copytree(whole, tmp_path / "Хранилище with spaces")) / "paper"


def outcome(root, capsys):
    options = {"state": None, "data": None, "keep": None, "project": None}
    code = cli.main(Project(root), argparse.Namespace(json=root / "c.json", **options))
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


# As every paper's Makefile, but that setting up takes no time and leaves a mark.
MAKEFILE = """
.venv/.paper: requirements.lock
\t@grep -q pinned requirements.lock || { echo no such package; exit 1; }
\t@mkdir -p .venv/bin && printf '#!/bin/sh\\nMARK=own exec "$(PYTHON)" "$$@"\\n' > .venv/bin/python
\t@chmod +x .venv/bin/python && touch $@
"""
REGISTER = {"name": "d", "resources": []}


@pytest.fixture
def locked(made_up):
    """The same project with a lock and what sets it up."""
    (made_up / "Makefile").write_text(MAKEFILE)
    (made_up / "requirements.lock").write_text("pinned==1\n")
    (made_up / "data/datapackage.json").write_text(json.dumps(REGISTER))
    (made_up / "LICENSE").write_text("MIT\n")
    commit(made_up)
    return made_up


def test_a_commit_is_verified_with_its_own_lock_whatever_came_after(locked, capsys):
    first = head(locked)
    (locked / "data/value.txt").write_text("30")
    (locked / "requirements.lock").write_text("nonsense")
    commit(locked)
    target = locked / "c.json"
    assert main(["--project", str(locked), "verify", "HEAD~1", "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    assert (record["commit"], record["verdict"]) == (first, "full")
    assert "packages of its own requirements.lock, set up anew" in record["notes"]
    assert main(["--project", str(locked), "verify", "HEAD"]) == 1
    assert "no such package" in capsys.readouterr().err


@pytest.fixture
def archive(locked, tmp_path, monkeypatch):
    """Its deposit, in a folder that is no project."""
    contents, programs = deposit.collect(Project(locked))
    folder = tmp_path / "reviewer"
    folder.mkdir()
    (folder / "d.zip").write_bytes(deposit.archive(contents, programs, 1_767_312_000))
    monkeypatch.chdir(folder)
    return folder / "d.zip"


def head(root):
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True
    ).stdout.strip()


def test_a_deposit_is_verified_where_there_is_no_project(archive, locked, capsys):
    assert main(["verify", "d.zip", "--json", "mine.json"]) == 0, capsys.readouterr()
    record = json.loads((archive.parent / "mine.json").read_text())
    assert (record["verdict"], record["commit"]) == ("full", head(locked))
    assert {one["path"] for one in record["outputs"]} >= {"figures/bar.svg", "numbers/value"}
    assert any(note.startswith("unpacked from d.zip (sha256:") for note in record["notes"])
    assert "packages of its own requirements.lock, set up anew" in record["notes"]
    assert not any("checksums" in note for note in record["notes"])
    assert (archive.parent / "certificate.html").is_file()


def test_a_deposit_whose_reference_was_changed_differs_and_is_told_as_not_its_own(archive):
    with zipfile.ZipFile(archive) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    contents["figures/bar.csv"] = b"value\n99\n"
    archive.write_bytes(deposit.archive(contents, [], 1_767_312_000))
    assert main(["verify", "d.zip", "--json", "mine.json"]) == 1
    record = json.loads((archive.parent / "mine.json").read_text())
    assert "not as its checksums list it: figures/bar.csv" in record["notes"]
    assert "edited-after-build" in "".join(record["reasons"]) or record["verdict"] == "partial"


def test_data_that_may_not_travel_are_asked_for_and_held_against_their_hash(archive, tmp_path, capsys):
    entry = {
        "name": "secret",
        "path": "secret.csv",
        "title": "Theirs",
        "hash": f"sha256:{hashlib.sha256(b'theirs').hexdigest()}",
        "redistributable": False,
        "obtain": "ask the office",
    }
    with zipfile.ZipFile(archive) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    contents["data/datapackage.json"] = json.dumps({"name": "d", "resources": [entry]}).encode()
    contents["SHA256SUMS"] = deposit.checksums({k: v for k, v in contents.items() if k != "SHA256SUMS"})
    archive.write_bytes(deposit.archive(contents, [], 1_767_312_000))
    assert main(["verify", "d.zip"]) == 1
    told = capsys.readouterr().err
    assert "data/secret.csv: the deposit may not hold this file" in told
    assert "ask the office; then paper verify --data FOLDER" in told
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "secret.csv").write_bytes(b"another edition")
    assert main(["verify", "d.zip", "--data", str(mine)]) == 1
    assert "not the file that the paper was computed from" in capsys.readouterr().err
    (mine / "secret.csv").write_bytes(b"theirs")
    assert main(["verify", "d.zip", "--data", str(mine), "--json", "mine.json"]) == 0
    notes = json.loads((archive.parent / "mine.json").read_text())["notes"]
    assert "data put in place, with the hashes of the register: data/secret.csv" in notes


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt"])
def test_a_member_outside_the_paper_is_refused(archive, name, capsys):
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(name, "out")
    assert main(["verify", "d.zip"]) == 1
    assert "a member lies outside" in capsys.readouterr().err
    assert not (archive.parent / "out.txt").exists()


@pytest.mark.parametrize("content", [b"", b"no zip", "empty"])
def test_a_file_that_is_no_deposit_is_refused(archive, content, capsys):
    if content == "empty":
        with zipfile.ZipFile(archive, "w"):
            pass
    else:
        archive.write_bytes(content)
    assert main(["verify", "d.zip"]) == 1
    assert "what `paper deposit` wrote" in capsys.readouterr().err


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


def test_what_this_machine_makes_is_seen_whatever_the_commit_holds(made_up, capsys):
    """A build keeps the reference of the commit where only the machine differs, unless it is to accept."""
    (made_up / "tool/src/paperbuild/__main__.py").write_text(
        BUILD.replace("float((", "('--accept' in sys.argv) + float(("), encoding="utf-8"
    )
    commit(made_up)
    code, _, rungs = outcome(made_up, capsys)
    assert (code, set(rungs.values())) == (1, {"differs"})


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
    assert "edited" in next(one["reason"] for one in record["outputs"] if one["path"] == "figures/bar.svg")
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
    with pytest.raises(PaperError, match="no commit holds this project"):
        verify.verify(Project(bare), tmp_path / "x", print)
    run("git", "init", "-q", cwd=bare)
    with pytest.raises(PaperError) as refused:
        verify.verify(Project(bare), tmp_path / "y", print)
    assert "git commit in this folder" in refused.value.remedy
    run("git", "rm", "-q", "figures/manifest.json", cwd=made_up)
    commit(made_up)
    with pytest.raises(PaperError, match="no manifest"):
        verify.verify(Project(made_up), tmp_path / "z", print)


def test_packages_that_are_not_the_locked_ones_are_named():
    from importlib.metadata import version

    lines = (
        f"pytest=={version('pytest')} \\",
        "    --hash=sha256:0",
        "ruff==0.0.1 ; python_version > '3'",
        "gone==1",
    )
    lock = "\n".join(lines)
    assert lock_differences(lock, installed_version) == [f"ruff: 0.0.1, not {version('ruff')}"]
    assert lock_differences("ruff[x]==0.0.1 \\\n", installed_version) == lock_differences(
        "ruff==0.0.1 \\\n", installed_version
    )


def test_a_certificate_serves_as_codecheck_manifest(made_up, tmp_path):
    made = codecheck(verify.verify(Project(made_up), tmp_path / "kept", print).as_json(), ["A group"])
    assert made["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert made["paper"] == {"title": "Bars", "authors": [{"name": "A group"}]}
    assert {"file": "figures/bar.svg", "comment": "identical"} in made["manifest"]
    assert made["summary"].startswith("full: ")


# Forgeries ---------------------------------------------------------------------------------------

MANIFEST = "figures/manifest.json"


def in_manifest(change):
    """A forgery of the manifest: `change` edits it as read."""

    def forge(root):
        path = root / MANIFEST
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps(change(manifest) or manifest))

    return forge


def set_in(*keys, to):
    """A forgery of one value in the manifest."""

    def change(manifest):
        place = manifest
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return in_manifest(change)


def drop(*keys):
    """A forgery that removes a key or an entry from the manifest."""

    def change(manifest):
        place = manifest
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return in_manifest(change)


def bytes_of(path, change):
    """A forgery of a file's bytes."""
    return lambda root: (root / path).write_bytes(change((root / path).read_bytes()))


def listed_bytes(path, content):
    """A forgery of a file together with the hash that the manifest lists."""

    def forge(root):
        (root / path).write_bytes(content)

        def change(manifest):
            for output in manifest["outputs"]:
                if output["path"] == path:
                    output["sha256"] = hashlib.sha256(content).hexdigest()

        in_manifest(change)(root)

    return forge


NUMBER = ("numbers", "value")
DOCUMENT = ("documents", 0)
HTML = "_output/paper.html"


def unknown(path):
    """A forgery that removes a file and all that the manifest says of it: the rebuild makes it anew."""

    def forge(root):
        (root / path).unlink()

        def change(manifest):
            for kind in ("outputs", "documents"):
                kept = [one for one in manifest[kind] if path not in (one["path"], one.get("text"))]
                manifest[kind] = kept

        in_manifest(change)(root)

    return forge


FORGERIES = {
    "file unknown": (unknown("tables/rows.csv"), "tables/rows.csv", "new-output", "the commit lacks it"),
    "document unknown": (unknown("text/paper.html.txt"), HTML, "new-output", "lists no text of it"),
    # name: (forgery, the output that must fail, its reason code, words of its remark)
    "printed text": (set_in(*NUMBER, "text", to="99"), "numbers/value", "numerical-difference", "'99'"),
    "value": (
        set_in(*NUMBER, "value", to=21.6),
        "numbers/value",
        "numerical-difference",
        "not what its value",
    ),
    "value and text": (
        in_manifest(lambda m: m["numbers"]["value"].update(value=99.0, text="99.0")),
        "numbers/value",
        "numerical-difference",
        "another value",
    ),
    "integer no float holds": (
        set_in(*NUMBER, "value", to=10**400),
        "numbers/value",
        "numerical-difference",
        "not what",
    ),
    "no value": (drop(*NUMBER, "value"), "numbers/value", "numerical-difference", "not what"),
    "no text": (drop(*NUMBER, "text"), "numbers/value", "numerical-difference", ""),
    "format": (set_in(*NUMBER, "format", to=".3f"), "numbers/value", "misstated-output", "format '.3f'"),
    "number's cell": (set_in(*NUMBER, "cell", to="x"), "numbers/value", "misstated-output", "cell 'x'"),
    "number's notebook": (
        set_in(*NUMBER, "notebook", to="x"),
        "numbers/value",
        "misstated-output",
        "notebook",
    ),
    "number's parameters": (drop(*NUMBER, "parameters"), "numbers/value", "misstated-output", "parameters"),
    "number removed": (drop(*NUMBER), "numbers/value", "new-output", ""),
    "number of no shape": (set_in(*NUMBER, to=3), MANIFEST, "broken-reference", "'value' is no object"),
    "kind": (set_in("outputs", 0, "kind", to="x"), "figures/bar.svg", "misstated-output", "kind 'x'"),
    "cell": (set_in("outputs", 0, "cell", to="x"), "figures/bar.svg", "misstated-output", "cell 'x'"),
    "notebook": (
        set_in("outputs", 0, "notebook", to="x"),
        "figures/bar.svg",
        "misstated-output",
        "notebook 'x'",
    ),
    "parameters": (set_in("outputs", 0, "parameters", to="x"), "figures/bar.svg", "misstated-output", "'x'"),
    "hash": (set_in("outputs", 0, "sha256", to="0" * 64), "figures/bar.svg", "edited-output", ""),
    "no hash": (drop("outputs", 0, "sha256"), "figures/bar.svg", "edited-output", ""),
    "output removed": (drop("outputs", 0), "figures/bar.svg", "unlisted-output", "not in the manifest"),
    "output twice": (
        in_manifest(lambda m: m["outputs"].append(m["outputs"][0])),
        MANIFEST,
        "broken-reference",
        "twice",
    ),
    "outputs emptied": (set_in("outputs", to=[]), "tables/rows.md", "unlisted-output", ""),
    "outputs of no shape": (set_in("outputs", to=3), MANIFEST, "broken-reference", "'outputs' is no list"),
    "findings": (set_in("findings", to=[{"message": "x"}]), MANIFEST, "broken-reference", "findings"),
    "text hash": (set_in(*DOCUMENT, "text_sha256", to="0" * 64), HTML, "edited-output", ""),
    "text's file": (set_in(*DOCUMENT, "text", to="x"), HTML, "misstated-output", "text 'x'"),
    "engine": (set_in(*DOCUMENT, "engine", to="quarto"), HTML, "other-engine", "quarto for the reference"),
    "no engine": (drop(*DOCUMENT, "engine"), HTML, "other-engine", ""),
    "documents emptied": (set_in("documents", to=[]), HTML, "new-output", "lists no text"),
    "document renamed": (set_in(*DOCUMENT, "path", to="_output/x"), "_output/x", "missing-output", ""),
    "documents missing": (drop("documents"), MANIFEST, "broken-reference", "has no 'documents'"),
    "numbers missing": (drop("numbers"), MANIFEST, "broken-reference", "has no 'numbers'"),
    "manifest {}": (lambda root: (root / MANIFEST).write_text("{}"), MANIFEST, "broken-reference", "outputs"),
    "manifest []": (lambda root: (root / MANIFEST).write_text("[]"), MANIFEST, "broken-reference", "object"),
    "manifest truncated": (bytes_of(MANIFEST, lambda b: b[:200]), MANIFEST, "broken-reference", "JSON"),
    "manifest no text": (bytes_of(MANIFEST, lambda b: b"\xff" + b), MANIFEST, "broken-reference", "JSON"),
    "document's text": (
        bytes_of("text/paper.html.txt", lambda b: b.replace(b"21.5", b"99")),
        HTML,
        "edited-output",
        "“The value is 99. Commit",
    ),
    "document's text removed": (
        lambda root: (root / "text/paper.html.txt").unlink(),
        HTML,
        "missing-output",
        "not committed",
    ),
    "svg cut": (
        bytes_of("figures/bar.svg", lambda b: b[:40]),
        "figures/bar.svg",
        "broken-reference",
        "picture",
    ),
    "svg no text": (
        listed_bytes("figures/bar.svg", b"\xff<"),
        "figures/bar.svg",
        "broken-reference",
        "picture",
    ),
    "csv no text": (
        listed_bytes("tables/rows.csv", b"\xff,\n"),
        "tables/rows.csv",
        "broken-reference",
        "text",
    ),
    "csv quote": (listed_bytes("tables/rows.csv", b'"a\n'), "tables/rows.csv", "broken-reference", "text"),
    "md no text": (listed_bytes("tables/rows.md", b"\xfe|"), "tables/rows.md", "broken-reference", "text"),
    "csv empty": (listed_bytes("tables/rows.csv", b""), "tables/rows.csv", "numerical-difference", "shape"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_reference_is_a_verdict_that_names_what_was_forged(made_up, capsys, name):
    forge, path, code, words = FORGERIES[name]
    forge(made_up)
    commit(made_up)
    exit_code, record, _ = outcome(made_up, capsys)
    assert exit_code == 1
    assert record["verdict"] != "full"
    (one,) = (output for output in record["outputs"] if output["path"] == path)
    assert (one["code"], words in one["reason"]) == (code, True), one
    assert code in record["reasons"]
    assert path in (made_up / "_output" / "certificate.html").read_text(encoding="utf-8")


def test_a_document_of_another_engine_is_at_most_printed_alike(made_up, capsys):
    """Also where the author's own copy has the rebuild's bytes."""
    set_in(*DOCUMENT, "engine", to="quarto")(made_up)
    commit(made_up)
    build(made_up)
    set_in(*DOCUMENT, "engine", to="quarto")(made_up)
    code, record, rungs = outcome(made_up, capsys)
    assert (code, record["verdict"], rungs[HTML]) == (1, "minor", "same rounding")
    assert record["reasons"].keys() == {"other-engine"}


def test_another_text_is_told_as_that_whoever_set_it(made_up, capsys):
    set_in(*DOCUMENT, "engine", to="quarto")(made_up)
    bytes_of("text/paper.html.txt", lambda b: b.replace(b"value", b"worth"))(made_up)
    digest = hashlib.sha256("Theworthis21.5.Commit·".encode()).hexdigest()
    set_in(*DOCUMENT, "text_sha256", to=digest)(made_up)
    commit(made_up)
    _, record, rungs = outcome(made_up, capsys)
    assert (rungs[HTML], record["verdict"]) == ("differs", "partial")
    assert record["reasons"].keys() == {"text-difference"}


def test_a_reference_of_another_recipe_is_noted(made_up, capsys):
    set_in("recipes", "01-bars", to="x")(made_up)
    commit(made_up)
    code, record, _ = outcome(made_up, capsys)
    assert code == 0
    assert any("other code, data or packages: 01-bars" in note for note in record["notes"])


def test_an_old_certificate_does_not_outlive_a_verification_that_fails(made_up, capsys):
    outcome(made_up, capsys)
    run("git", "rm", "-q", MANIFEST, cwd=made_up)
    commit(made_up)
    with pytest.raises(PaperError, match="no manifest"):
        outcome(made_up, capsys)
    assert not list((made_up / "_output").glob("certificate.*"))


def test_the_author_s_own_document_does_not_stand_in_for_its_text(made_up, capsys):
    """The same bytes in ``_output/`` as in the rebuild; the committed text is another."""
    bytes_of("text/paper.html.txt", lambda b: b.replace(b"value", b"worth"))(made_up)
    digest = hashlib.sha256("Theworthis21.5.Commit·".encode()).hexdigest()
    set_in("documents", 0, "text_sha256", to=digest)(made_up)
    commit(made_up)
    build(made_up)
    _, record, rungs = outcome(made_up, capsys)
    assert rungs[HTML] == "differs"
    assert record["changed"].startswith("Only the document changed (_output/paper.html)")


def test_last_bits_are_told_with_their_size_and_count_as_reproduced(made_up, capsys):
    # 21.5 as another processor might have it: one unit in the last place more.
    (made_up / "data" / "value.txt").write_text("21.500000000000004")
    commit(made_up)
    code, record, rungs = outcome(made_up, capsys)
    assert (code, record["verdict"]) == (0, "full")
    assert list(record["reasons"]) == ["last-bits"]
    assert rungs["tables/rows.csv"] == rungs["numbers/value"] == "within tolerance"
    (number,) = (output for output in record["outputs"] if output["path"] == "numbers/value")
    assert number["largest_absolute"] == pytest.approx(3.6e-15, rel=0.1)  # 2⁻⁴⁸
    assert "printed results that changed: none" in record["changed"]


def test_changed_results_are_told_from_a_changed_document(made_up, capsys):
    (made_up / "data" / "value.txt").write_text("22")
    commit(made_up)
    _, record, _ = outcome(made_up, capsys)
    assert record["changed"].startswith("The results changed: 5 figures, tables or numbers")
    assert record["printed_changed"] == 3  # the number, the printed table, the document
