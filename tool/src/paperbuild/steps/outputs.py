"""From kept results to the files people see: figures, tables, numbers, the manifest of outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paperbuild.article import languages
from paperbuild.build.store import Entry
from paperbuild.ground.errors import PaperError, raise_all
from paperbuild.ground.files import copy_atomic
from paperbuild.project.layout import Project
from paperbuild.project.manifest import Manifest, read_manifest

KINDS = {
    "figure": {".svg": "figure", ".png": "figure", ".csv": "figure-data"},
    "table": {".csv": "table", ".md": "table-text"},
}


def published_name(step: str, name: str) -> str:
    """Return where a kept file of a notebook goes, from the render root; empty for the build's own files."""
    if name.startswith(("figures/", "tables/")):
        return name
    return f"build/results/{step}.json" if name == "results.json" else ""


def artefacts_of(entry: Entry) -> list[dict[str, Any]]:
    """Return the artefacts a kept result recorded."""
    return json.loads(entry.path("results.json").read_text(encoding="utf-8"))["artefacts"]


def check_names(entries: Mapping[str, Entry]) -> None:
    """Refuse names that two notebooks use, and numbers whose names contain one another.

    Raises
    ------
    PaperError, Findings
        One for each clash, naming both cells.
    """
    findings: list[PaperError] = []
    seen: dict[tuple[str, str], str] = {}
    for step, entry in entries.items():
        for artefact in artefacts_of(entry):
            kind, name, place = artefact["kind"], artefact["name"], f"{step} › {artefact['cell'] or 'a cell'}"
            if (kind, name) in seen:
                other = seen[kind, name]
                findings.append(
                    PaperError(
                        f"the {kind} {name!r} is also made by {other}",
                        where=place,
                        remedy="rename one of them",
                    )
                )
            seen[kind, name] = place
    numbers = {name: place for (kind, name), place in seen.items() if kind == "number"}
    for name, place in numbers.items():
        parent = name.rpartition(".")[0]
        while parent:
            if parent in numbers:
                message = f"the number {name!r} lies below the number {parent!r} of {numbers[parent]}"
                findings.append(PaperError(message, where=place, remedy=f"rename one, as in {parent}.value"))
            parent = parent.rpartition(".")[0]
    raise_all(findings)


def numbers_document(
    project: Project,
    entries: Mapping[str, Entry],
    build: Mapping[str, Any],
    held: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return ``numbers.yml``: numbers as each language prints them (``n``, ``c``), provenance, build.

    JSON is YAML, and needs no library to write. `held` has, by notebook, the numbers of a reference that
    stays (`paperbuild.steps.reference`): what the article prints goes with the figures and tables it shows.
    """
    forms = languages.number_forms()
    printed: dict[str, dict[str, Any]] = {root: {} for root in forms}
    provenance: dict[str, str] = {}
    for step, entry in entries.items():
        for artefact in artefacts_of(entry):
            if artefact["kind"] == "number":
                shown = held.get(step, {}).get(artefact["name"], artefact)
                for root, form in forms.items():
                    _nest(printed[root], artefact["name"], form.write(shown["text"], shown["value"]))
            elif artefact["kind"] in KINDS:
                provenance[artefact["name"]] = f"{step} › {artefact['cell']}" if artefact["cell"] else step
    document = {**printed, "provenance": provenance, "build": dict(build)}
    # The document's own date: Quarto reads none from a shortcode in the front matter.
    document["date"] = build["date"]
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _nest(tree: dict[str, Any], name: str, value: Any) -> None:
    """Put `value` under a dotted name."""
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value


def manifest(
    project: Project,
    entries: Mapping[str, Entry],
    parameters: Mapping[str, str],
    documents: Sequence[Mapping[str, Any]],
    recipes: Mapping[str, str],
    held: Mapping[str, Any],
) -> Manifest:
    """Return the manifest of committed outputs that belongs to kept results.

    Parameters
    ----------
    project : Project
        The variant.
    entries : mapping of str to Entry
        Kept results by notebook.
    parameters : mapping of str to str
        Short hash of each notebook's effective parameters.
    documents : sequence of mapping
        Records of the typeset documents, as `paperbuild.proof.compare` makes them.
    recipes : mapping of str to str
        Digest of what the author decides of each notebook (`paperbuild.steps.reference.recipe`).
    held : mapping of str to StepReference
        References that stay, by notebook.
    """
    outputs, numbers, findings = [], {}, []
    for step, entry in entries.items():
        for artefact in artefacts_of(entry):
            if step in held and artefact["kind"] != "finding":
                continue
            origin = {"notebook": step, "cell": artefact["cell"], "parameters": parameters[step]}
            if artefact["kind"] == "number":
                numbers[artefact["name"]] = {k: artefact[k] for k in ("value", "text", "format")} | origin
                continue
            if artefact["kind"] == "finding":
                findings.append({"message": artefact["name"], "notebook": step, "cell": artefact["cell"]})
                continue
            for path in artefact["files"]:
                kind = KINDS[artefact["kind"]][Path(path).suffix]
                outputs.append({"path": path, "kind": kind, "sha256": entry.files[path], **origin})
    for reference in held.values():
        outputs += reference.outputs.values()
        numbers |= reference.numbers
    outputs.sort(key=lambda output: output["path"])
    return Manifest(
        tuple(outputs), numbers, tuple(documents), tuple(findings), {step: recipes[step] for step in entries}
    )


def remove_orphans(project: Project, entries: Mapping[str, Entry], held: Mapping[str, Any]) -> list[str]:
    """Delete figures and tables that the last manifest lists and no notebook makes any more."""
    made = {name for entry in entries.values() for name in entry.files}
    made |= {name for reference in held.values() for name in reference.files}
    listed = read_manifest(project.manifest).outputs
    gone = [output["path"] for output in listed if output["path"] not in made]
    removed = []
    for name in gone:
        path = project.render_root / name
        if path.is_file() and path.parent in (project.figures, project.tables):
            path.unlink()
            removed.append(name)
    return removed


def publish(entry: Entry, files: Mapping[Path, str]) -> None:
    """Copy kept files to the places in `files` (target to kept name) that do not hold them yet."""
    for target, name in files.items():
        copy_atomic(entry.path(name), target)


def results_document(
    step: str, parameters: Mapping[str, Any], inputs: Mapping[str, str], artefacts: list[dict[str, Any]]
) -> str:
    """Return what a notebook is recorded to have made, and from what."""
    document = {
        "notebook": step,
        "parameters": dict(parameters),
        "inputs": dict(inputs),
        "artefacts": artefacts,
    }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def prepare_render_root(project: Project, sources: list[Path]) -> None:
    """Copy the article's own files into a scenario's render root, so that it typesets like the article.

    Parameters
    ----------
    project : Project
        A scenario.
    sources : list of Path
        The article's files under the project root that no notebook makes.
    """
    for source in sources:
        if source.is_file() and source.is_relative_to(project.root):
            target = project.render_root / source.relative_to(project.root)
            if not target.is_file() or target.read_bytes() != source.read_bytes():
                copy_atomic(source, target)
