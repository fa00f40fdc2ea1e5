"""A scenario with notebooks of its own and data that the project does not hold."""

import hashlib
import json

import pytest

from toy import edit, paper, write_notebook

AWAY = b"unit,far\nA,10\nB,30\n"
OWN = [
    "# Away",
    "#| label: setup\nimport pandas as pd\nfrom paperbuild import number",
    "#| label: far\nnumber('away.far', float(pd.read_csv('away/far.csv')['far'].mean()), '.1f')",
]


@pytest.fixture
def away(fresh):
    """The toy project with a scenario whose notebook reads a table that is elsewhere."""
    entry = {"name": "far", "path": "far.csv", "title": "Far", "obtain": "ask its makers"}
    entry["hash"] = f"sha256:{hashlib.sha256(AWAY).hexdigest()}"
    (fresh / "away").mkdir()
    (fresh / "away/datapackage.json").write_text(json.dumps({"name": "away", "resources": [entry]}))
    write_notebook(fresh / "analysis/04-away.ipynb", OWN)
    edit(
        fresh / "analysis/parameters.yml",
        "scenarios:\n",
        "  04-away: {files: [away]}\nscenarios:\n  far:\n    about: far away\n"
        "    only: [04-away]\n    obtained: away\n",
    )
    return fresh


def test_the_article_goes_without_and_the_scenario_says_how_to_get_them(away, tmp_path):
    status = json.loads(paper(away, "status", "--json").stdout)["steps"]
    assert "04-away" not in status
    assert "01-first" in status
    refused = paper(away, "build", "--scenario", "far")
    assert refused.returncode == 1
    assert "away/far.csv: the project does not hold this file" in refused.stderr
    assert "ask its makers; then paper build --scenario far --data FOLDER" in refused.stderr
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "far.csv").write_bytes(AWAY + b"C,1\n")
    refused = paper(away, "build", "--scenario", "far", "--data", str(kept))
    assert "not the file that the paper was computed from" in refused.stderr
    assert not (away / "away/far.csv").exists()


def test_they_are_taken_from_a_folder_and_held_to_their_hash(away, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "far.csv").write_bytes(AWAY)
    done = paper(away, "build", "--scenario", "far", "--data", str(kept))
    assert "away/far.csv put in place" in done.stderr
    recorded = json.loads((away / "build/scenarios/far/build/results/04-away.json").read_text())
    assert "20.0" in json.dumps(recorded)
    assert not (away / "build/results/04-away.json").exists()
    again = json.loads(paper(away, "status", "--json", "--scenario", "far").stdout)["steps"]
    assert again["04-away"]["state"] == "fresh"
    (away / "away/far.csv").write_bytes(AWAY + b"C,1\n")
    changed = paper(away, "status", "--scenario", "far")
    assert "not the file that the paper was computed from" in changed.stderr


def test_wrong_use_is_told_at_once(away, tmp_path):
    told = paper(away, "build", "--data", str(tmp_path))
    assert told.returncode == 2
    assert "needs no data that the project does not hold" in told.stderr
    told = paper(away, "build", "--scenario", "far", "--data", str(tmp_path / "none"))
    assert told.returncode == 2
    assert "there is no such folder" in told.stderr
    edit(away / "analysis/parameters.yml", "    results: [01-first]", "    results: [04-away]")
    told = paper(away, "status")
    assert "declares results of '04-away', which some scenario alone runs" in told.stderr
