"""A deposit described for machines: an RO-Crate that says what is what and what made what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from paperbuild.project.layout import ANALYSIS, DATA, OUTPUT, PARAMETERS
from paperbuild.project.results import NotebookResults
from paperbuild.proof.unpack import CRATE

CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
CONFORMS = "https://w3id.org/ro/crate/1.1"
WORKFLOW = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    WORKFLOW: ("Workflow RO-Crate", "1.0"),
}
"""Name and edition of each profile that a crate follows, by its address."""
COMPUTATION = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
MEDIA = {
    ".bib": "application/x-bibtex",
    ".cff": "text/yaml",
    ".css": "text/css",
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".geojson": "application/geo+json",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".qmd": "text/markdown",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
}
PLAIN = "text/plain"
"""Of every other file: licences, locks, settings, templates."""


def crate(
    *,
    title: str,
    authors: Sequence[str],
    date: str,
    commit: str,
    files: Mapping[str, int],
    resources: Iterable[Mapping[str, Any]],
    runs: Iterable[NotebookResults],
) -> dict[str, Any]:
    """Describe a deposit as an RO-Crate 1.1 that follows the Workflow Run profile.

    The workflow is the project's declaration of its notebooks; its run made the whole article, and the run
    of each notebook its figures and tables.

    Parameters
    ----------
    title, authors, date, commit : str, sequence of str, str, str
        Of the article; the date of its commit.
    files : mapping of str to int
        Bytes of each file in the deposit, by path.
    resources : iterable of mapping
        Entries of the data register.
    runs : iterable of NotebookResults
        What each notebook read and made.

    Returns
    -------
    dict
        The content of `ro-crate-metadata.json`.
    """
    people = [
        {"@id": f"#author-{place}", "@type": "Organization", "name": name}
        for place, name in enumerate(authors, 1)
    ]
    licences = [{"@id": name} for name in files if Path(name).name.upper().startswith("LICENSE")]
    tables = {f"{DATA}/{entry['path']}": entry for entry in resources if isinstance(entry.get("path"), str)}
    entities, contextual = [], {}
    for name, size in files.items():
        entity: dict[str, Any] = {"@id": name, "@type": "File", "name": name, "contentSize": str(size)}
        entity["encodingFormat"] = MEDIA.get(Path(name).suffix, PLAIN)
        if name.endswith((".ipynb", ".py")):
            entity["@type"] = ["File", "SoftwareSourceCode"]
        if entry := tables.get(name):
            terms = [_licence(licence) for licence in entry.get("licenses", [])]
            contextual.update({term["@id"]: term for term in terms})
            entity |= {
                "name": entry["title"],
                "description": entry["description"],
                "license": [{"@id": term["@id"]} for term in terms],
                "citation": [source["title"] for source in entry.get("sources", [])],
                "sha256": entry["hash"].removeprefix("sha256:"),
            }
        entities.append(entity)
    runs = list(runs)
    actors = {"agent": [{"@id": person["@id"]} for person in people]} if people else {}
    actions = [action | {"endTime": date} | actors for run in runs if (action := _action(run, files))]
    workflow, language, inputs, whole = _workflow(title, files, runs)
    whole |= {"endTime": date} | actors
    entities = [one | workflow if one["@id"] == PARAMETERS else one for one in entities]
    entities = [
        one | {"version": commit} if "SoftwareSourceCode" in one["@type"] else one for one in entities
    ]
    entities = [one | {"about": {"@id": "./"}} if one["@id"] == "README.md" else one for one in entities]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": [{"@id": one} for one in PROFILES],
        "mainEntity": {"@id": PARAMETERS},
        "name": title,
        "description": "The article with its data, code, results and certificate.",
        "datePublished": date,
        "version": commit,
        "author": [{"@id": person["@id"]} for person in people],
        "license": licences,
        "hasPart": [{"@id": name} for name in files],
        "mentions": [{"@id": action["@id"]} for action in (whole, *actions)],
    }
    descriptor = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": [{"@id": CONFORMS}, {"@id": WORKFLOW}],
    }
    profiles = [
        {"@id": address, "@type": "CreativeWork", "name": name, "version": edition}
        for address, (name, edition) in PROFILES.items()
    ]
    contextual |= {one["@id"]: one for one in (*profiles, language, *inputs)}
    graph: list[dict[str, Any]] = [
        descriptor,
        root,
        *people,
        *contextual.values(),
        whole,
        *actions,
        *entities,
    ]
    return {"@context": CONTEXT, "@graph": [_compact(one) for one in graph]}


def _compact(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entity in which what a list would hold alone stands by itself, as RO-Crate 1.1 has it."""
    return {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in entity.items()
    }


def _licence(licence: Mapping[str, str]) -> dict[str, str]:
    identifier = licence.get("path") or f"#licence-{licence.get('name', '')}"
    return {
        "@id": identifier,
        "@type": "CreativeWork",
        "name": licence.get("title") or licence.get("name", ""),
    }


def _action(run: NotebookResults, files: Mapping[str, int]) -> dict[str, Any] | None:
    """How one notebook made its figures and tables; None where the deposit lacks the notebook."""
    notebook = f"{ANALYSIS}/{run.notebook}.ipynb"
    if notebook not in files:
        return None
    made = [path for path in _made(run) if path in files]
    return {
        "@id": f"#run-{run.notebook}",
        "@type": "CreateAction",
        "name": f"Execution of {notebook}",
        "description": "The notebook run from its first cell to its last, with the parameters of the build.",
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "instrument": {"@id": notebook},
        "object": [{"@id": path} for path in sorted(run.inputs) if path in files],
        "result": [{"@id": path} for path in made],
    }


def _workflow(
    title: str, files: Mapping[str, int], runs: Sequence[NotebookResults]
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Return what the declaration of notebooks is besides a file, its language, parameters and run."""
    steps = [run for run in runs if f"{ANALYSIS}/{run.notebook}.ipynb" in files]
    values = {f"{run.notebook}.{name}": value for run in steps for name, value in run.parameters.items()}
    declared = [
        {
            "@id": f"#parameter-{name}",
            "@type": "FormalParameter",
            "conformsTo": {"@id": PARAMETER},
            "name": name,
            "additionalType": _type(value),
            "valueRequired": "False",
        }
        for name, value in values.items()
    ]
    given = [
        {
            "@id": f"#value-{name}",
            "@type": "PropertyValue",
            "name": name,
            "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
            "exampleOfWork": {"@id": f"#parameter-{name}"},
        }
        for name, value in values.items()
    ]
    language = {
        "@id": "#paperbuild",
        "@type": "ComputerLanguage",
        "name": "paperbuild",
        "version": version("paperbuild"),
    }
    workflow = {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "conformsTo": {"@id": COMPUTATION},
        "name": f"Notebooks of “{title}”",
        "programmingLanguage": {"@id": language["@id"]},
        "hasPart": [{"@id": f"{ANALYSIS}/{run.notebook}.ipynb"} for run in steps],
        "input": [{"@id": one["@id"]} for one in declared],
    }
    read = sorted({path for run in steps for path in run.inputs if path in files})
    made = [
        path
        for run in steps
        for artefact in run.artefacts
        for path in artefact.get("files", [])
        if path in files
    ]
    made += [path for path in files if path.startswith(f"{OUTPUT}/paper.")]
    whole = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Build of “{title}”",
        "description": "All notebooks in their order, then the article set from what they made.",
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "instrument": {"@id": PARAMETERS},
        "object": [*({"@id": path} for path in read), *({"@id": one["@id"]} for one in given)],
        "result": [{"@id": path} for path in dict.fromkeys(made)],
    }
    return workflow, language, [*declared, *given], whole


def _made(run: NotebookResults) -> list[str]:
    return [path for artefact in run.artefacts for path in artefact.get("files", [])]


def _type(value: Any) -> str:
    """Return the name that schema.org has for the kind of a value."""
    known = {bool: "Boolean", int: "Integer", float: "Float", list: "Text", tuple: "Text"}
    return known.get(type(value), "Text")
