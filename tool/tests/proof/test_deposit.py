"""`paper deposit`: the archive is whole, deterministic, described, and refused where it would mislead."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from rocrate.rocrate import ROCrate

from paperbuild.cli.main import main
from paperbuild.ground.errors import Findings, PaperError
from paperbuild.project.layout import Project
from paperbuild.project.results import NotebookResults
from paperbuild.project.revision import Revision
from paperbuild.proof import crate as crates
from paperbuild.proof import deposit
from paperbuild.proof.certificate import Certificate
from paperbuild.proof.readme import readme
from paperbuild.proof.verify import write as write_certificate
from toy import write_notebook

AUTHOR = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
FILES = {
    "analysis/parameters.yml": 9,
    "data/towns.csv": 20,
    "analysis/01-a.ipynb": 30,
    "figures/map.svg": 40,
    "LICENSE": 5,
}
RESOURCE = {
    "name": "towns",
    "path": "towns.csv",
    "title": "Towns",
    "description": "All of them.",
    "licenses": [{"name": "ODbL-1.0", "path": "https://example.org/odbl"}],
    "sources": [{"title": "A map"}],
    "hash": "sha256:00ff",
}
RUN = NotebookResults(
    "01-a",
    parameters={"first_year": 2000, "regions": ["A", "B"]},
    inputs={"data/towns.csv": "00ff", "data/elsewhere.csv": ""},
    artefacts=({"kind": "figure", "files": ["figures/map.svg"]}, {"kind": "number", "name": "a"}),
)


def crate():
    return crates.crate(
        title="T",
        authors=["A group"],
        date="2026-01-02",
        commit="c" * 40,
        files=FILES,
        resources=[RESOURCE],
        runs=[RUN, replace(RUN, notebook="02-gone")],
    )


def test_the_crate_has_what_the_profile_demands():
    described = crate()
    entities = {entity["@id"]: entity for entity in described["@graph"]}
    assert len(entities) == len(described["@graph"]), "each entity once"
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    root = entities["./"]
    assert all(root[key] for key in ("name", "description", "datePublished", "license", "author"))
    assert {part["@id"] for part in root["hasPart"]} == set(FILES)
    assert entities["data/towns.csv"]["license"] == {"@id": "https://example.org/odbl"}
    assert all(one["encodingFormat"] for one in described["@graph"] if "File" in one["@type"])
    lists = [
        (key, one) for entity in described["@graph"] for key, one in entity.items() if isinstance(one, list)
    ]
    assert all(len(one) > 1 for _, one in lists), "one thing stands by itself"
    whole, action = (entity for entity in described["@graph"] if entity["@type"] == "CreateAction")
    assert root["mainEntity"] == whole["instrument"] == {"@id": "analysis/parameters.yml"}
    workflow = entities["analysis/parameters.yml"]
    assert workflow["@type"] == ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    assert entities[workflow["programmingLanguage"]["@id"]]["@type"] == "ComputerLanguage"
    value = entities["#value-01-a.first_year"]
    assert (value["value"], entities[value["exampleOfWork"]["@id"]]["additionalType"]) == ("2000", "Integer")
    assert {"@id": "#value-01-a.first_year"} in whole["object"]
    assert (action["instrument"], action["object"], action["result"]) == (
        {"@id": "analysis/01-a.ipynb"},
        {"@id": "data/towns.csv"},
        {"@id": "figures/map.svg"},
    )


def test_every_reference_in_the_crate_leads_to_an_entity():
    described = crate()
    known = {entity["@id"] for entity in described["@graph"]}
    outside = {
        crates.CONFORMS,
        crates.PARAMETER,
        crates.COMPUTATION,
    }

    def references(value):
        if isinstance(value, dict):
            yield from [value["@id"]] if set(value) == {"@id"} else []
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    assert set(references(described["@graph"])) <= known | outside


def test_the_crate_is_read_by_the_library_of_its_makers(tmp_path):
    """ro-crate-py builds its model of the crate: root, files, actions and what they link to."""
    folder = tmp_path / "deposit"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / crates.CRATE).write_text(json.dumps(crate()))
    read = ROCrate(folder)
    assert {one.id for one in read.data_entities} == set(FILES)
    assert {one.id for one in read.root_dataset["conformsTo"]} == set(crates.PROFILES)
    assert read.mainEntity.id == "analysis/parameters.yml"
    whole, action = read.root_dataset["mentions"]
    assert whole["instrument"].id == "analysis/parameters.yml"
    assert action.type == "CreateAction"
    assert action["instrument"].id == "analysis/01-a.ipynb"
    assert action["object"].id == "data/towns.csv"
    assert action["result"].id == "figures/map.svg"
    # Written again by the library, every entity is still there with its properties.
    read.write(tmp_path / "again")
    again = json.loads((tmp_path / "again" / crates.CRATE).read_text())["@graph"]
    assert {one["@id"] for one in again} == {one["@id"] for one in crate()["@graph"]}


@pytest.mark.parametrize("profile", ["ro-crate-1.1", "process-run-crate-0.5", "workflow-run-crate-0.5"])
def test_the_crate_is_valid_by_its_profiles(tmp_path, profile):
    """It asks for another edition of a package than the build does, so it is not among the locked."""
    validator = shutil.which("rocrate-validator")
    if not validator:
        pytest.skip("no rocrate-validator on PATH (pip install roc-validator, in an environment of its own)")
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / crates.CRATE).write_text(json.dumps(crate()))
    command = [validator, "-y", "validate", "-p", profile, "--no-paging", "-v", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "URLError" in done.stdout or "Unable to retrieve" in done.stdout:
        pytest.skip("rocrate-validator reads the crate's contexts from the network, and there is none")
    assert done.returncode == 0, done.stdout


def test_the_statement_names_what_was_made_and_of_what():
    contents = {
        "figures/map.svg": b"map",
        "_output/paper.html": b"page",
        "_output/certificate.json": b"{}",
        "data/towns.csv": b"towns",
        "requirements.lock": b"lock",
        "paper.qmd": b"text",
    }
    told = deposit.attested(contents, Revision("c" * 40, False, 7))
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["predicateType"] == "https://slsa.dev/provenance/v1"
    assert {one["name"]: one["digest"]["sha256"] for one in told["subject"]} == {
        name: hashlib.sha256(contents[name]).hexdigest() for name in ("_output/paper.html", "figures/map.svg")
    }
    built = told["predicate"]["buildDefinition"]
    sources, *inputs = built["resolvedDependencies"]
    assert sources["digest"] == {"gitCommit": "c" * 40}
    assert [one["name"] for one in inputs] == ["data/towns.csv", "requirements.lock"]
    # The profile asks for URIs here.
    assert all(":" in one for one in (built["buildType"], told["predicate"]["runDetails"]["builder"]["id"]))


def test_the_same_files_give_the_same_archive_and_true_checksums():
    contents = {"b.txt": b"two", "a/run": b"one"}
    contents["SHA256SUMS"] = deposit.checksums(contents)
    zipped = deposit.archive(contents, ["a/run"], 1_700_000_000)
    assert zipped == deposit.archive(dict(reversed(contents.items())), ["a/run"], 1_700_000_000)
    with zipfile.ZipFile(io.BytesIO(zipped)) as opened:
        assert opened.namelist() == sorted(contents)
        assert {info.filename for info in opened.infolist() if info.external_attr >> 16 & 0o100} == {"a/run"}
        listed = dict(reversed(line.split("  ")) for line in opened.read("SHA256SUMS").decode().splitlines())
        assert listed == {name: hashlib.sha256(opened.read(name)).hexdigest() for name in ("b.txt", "a/run")}


def test_an_archive_dated_before_zip_began_is_dated_1980():
    with zipfile.ZipFile(io.BytesIO(deposit.archive({"a": b""}, [], 0))) as opened:
        assert opened.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_a_folder_of_this_machine_is_refused():
    with pytest.raises(Findings) as refused:
        deposit.refuse_addresses(
            {"a.html": b"see /home/someone/paper/x", "b": b"fine /"}, map(Path, ("/home/someone", "/"))
        )
    assert refused.value.findings[0].where == "a.html"


HEADINGS = """
## Overview
## Data Availability and Provenance Statements
### Statement about Rights
### License for Data
### Summary of Availability
### Details on each Data Source
## Dataset list
## Computational requirements
### Software Requirements
### Controlled Randomness
### Memory, Runtime, Storage Requirements
## Description of programs/code
### License for Code
## Instructions to Replicators
## List of tables and programs
## References
"""


def page(record=None, resources=(RESOURCE,)):
    outputs = [{"path": "figures/map.svg", "notebook": "01-a", "cell": "draw"}]
    return readme("T", Revision("c" * 40, False, 7), record, list(resources), outputs)


def test_the_reviewers_page_follows_the_data_editors_template():
    headings = [line for line in page().splitlines() if line.startswith("##")]
    assert headings == HEADINGS.split("\n")[1:-1]


def test_the_reviewers_page_states_verdict_commands_sources_and_programs():
    record = {
        "verdict": "minor",
        "meaning": "prints alike",
        "seconds": 180,
        "environment": {"Python": "3.12"},
    }
    told = page(record)
    assert "certifies **minor**: prints alike" in told
    assert "SOURCE_DATE_EPOCH=7 make paper" in told
    assert "took 3 minutes" in told
    assert "- Python: 3.12" in told
    assert "**Towns** (`data/towns.csv`). All of them.\n- A map" in told
    assert "| `figures/map.svg` | `analysis/01-a.ipynb` | draw |" in told
    assert "All data are publicly available and in this archive." in told
    assert "has not been verified" in page()


def test_what_may_not_be_redistributed_is_left_out_and_the_page_says_how_to_get_it(tmp_path):
    """The real command on a project of two tables, one of them withheld."""
    free = RESOURCE | {"hash": "sha256:aa", "redistributable": True}
    kept_back = RESOURCE | {
        "name": "secret",
        "path": "secret.csv",
        "title": "Theirs",
        "hash": "sha256:bb",
        "redistributable": False,
        "obtain": "register at the office and save table 3",
    }
    files = {
        "paper.qmd": "---\ntitle: T\n---\n",
        "data/towns.csv": "a\n",
        "data/secret.csv": "b\n",
        "data/datapackage.json": json.dumps({"resources": [free, kept_back]}),
        "analysis/parameters.yml": "notebooks: {}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for command in (["init", "-q"], ["add", "."], [*AUTHOR, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    contents, _ = deposit.collect(Project(tmp_path))
    assert "data/towns.csv" in contents
    assert "data/secret.csv" not in contents
    assert b"data/secret.csv" not in contents["SHA256SUMS"]
    described = json.loads(contents["ro-crate-metadata.json"])
    assert "data/secret.csv" not in {entity["@id"] for entity in described["@graph"]}
    told = contents["README-REVIEWERS.md"].decode()
    assert "Not in the archive (`sha256:bb`). To obtain it: register at the office and save table 3" in told
    assert "1 of 2 files" in told
    assert "Put in place what the archive may not hold: `data/secret.csv`." in told


@pytest.fixture
def unsound(tmp_path):
    """A committed project whose article cites what is nowhere."""
    root = tmp_path / "project"
    files = {
        "paper.qmd": "---\ntitle: T\n---\n\nAs shown by @nobody2020.\n",
        "data/datapackage.json": '{"name": "d", "resources": []}',
        "analysis/parameters.yml": "notebooks: {}\n",
        "figures/manifest.json": '{"outputs": [], "numbers": {}, "documents": []}',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for command in (["init", "-q"], ["add", "."], [*AUTHOR, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_findings_stand_against_a_deposit(unsound, tmp_path, capsys):
    target = tmp_path / "deposit.zip"
    assert main(["--project", str(unsound), "deposit", "--output", str(target)]) == 1
    assert "nobody2020" in capsys.readouterr().err
    assert not target.exists()


def test_uncommitted_changes_stand_against_a_deposit(unsound, tmp_path, capsys):
    (unsound / "paper.qmd").write_text("another text")
    target = tmp_path / "deposit.zip"
    assert main(["--project", str(unsound), "deposit", "--output", str(target)]) == 1
    assert "the project differs from its last commit" in capsys.readouterr().err
    assert not target.exists()


def test_stale_steps_stand_against_a_deposit(unsound):
    with pytest.raises(PaperError, match="the article is stale: 01-a"):
        deposit.refuse_unsound(Project(unsound), [], ["01-a"])
    deposit.refuse_unsound(Project(unsound), [], [])


def test_the_command_asks_which_steps_are_stale(unsound, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("paperbuild.cli.deposit.findings", lambda project: [])
    stale = SimpleNamespace(stale=["01-a"])
    monkeypatch.setattr("paperbuild.cli.deposit.make_plan", lambda workspace, *_: stale)
    monkeypatch.setattr("paperbuild.cli.deposit.Workspace.open", lambda *_: None)
    target = tmp_path / "deposit.zip"
    assert main(["--project", str(unsound), "deposit", "--output", str(target)]) == 1
    assert "the article is stale: 01-a" in capsys.readouterr().err
    assert not target.exists()


def test_a_sound_article_is_deposited_with_the_certificate_of_its_own_commit_alone(unsound, tmp_path, capsys):
    (unsound / "paper.qmd").write_text("---\ntitle: T\n---\n\nA text.\n")
    (unsound / ".gitignore").write_text("build/\n_output/\n")
    write_notebook(
        unsound / "analysis/01-a.ipynb", ["# What is one?", "#| label: parameters\none: int = 1  # it"]
    )
    build = [sys.executable, "-m", "paperbuild", "build", "--engine", "embedded"]
    command = ["--project", str(unsound), "deposit", "--output", str(tmp_path / "deposit.zip")]
    for words in (build, ["git", "add", "."], ["git", *AUTHOR, "commit", "-qm", "built"], build):
        subprocess.run(words, cwd=unsound, check=True, capture_output=True)
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "deposit.zip: " in told
    assert "without a certificate: this commit has not been verified" in told
    commit = Project(unsound).revision.commit
    for verified, kept in ((commit, True), ("0" * 40, False)):
        certificate = Certificate("T", verified, "2026-01-02T10:00:00+00:00", 1.5, {}, [])
        write_certificate(certificate, unsound / "_output")
        contents, _ = deposit.collect(Project(unsound))
        assert ("_output/certificate.json" in contents) == kept
        assert ("codecheck.yml" in contents) == kept
        assert "_output/paper.pdf" in contents
    (unsound / "_output/notes.txt").write_text(f"made in {unsound}\n")
    with pytest.raises(Findings, match="the file names a folder of this machine"):
        deposit.collect(Project(unsound))
