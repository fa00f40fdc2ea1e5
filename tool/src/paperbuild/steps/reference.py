"""The committed reference, and when a machine's own outputs do not replace it.

The manifest records of each notebook the digest of its *recipe*: its inputs without what belongs to the
machine. Where a build follows the recorded recipe and yet makes other bytes, it is the machine and not the
author that changed them: the reference stays, and what was made here goes to ``build/differs/``. Where the
recipe is another, the author changed something, and the outputs become the reference as they are made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paperbuild.build.store import Entry
from paperbuild.ground.files import remove_tree, write_atomic, write_if_changed
from paperbuild.ground.hashing import HashCache, sha256_bytes, sha256_json
from paperbuild.project.layout import MANIFEST, Project
from paperbuild.project.manifest import Manifest, parse_manifest
from paperbuild.steps.outputs import artefacts_of

# Inputs that belong to the machine: they are in the fingerprint, because they may change a result, and not in
# the recipe, because no author chose them.
OF_THE_MACHINE = frozenset({"python", "surroundings"})


def recipe(inputs: Mapping[str, str], before: Mapping[str, str]) -> str:
    """Return the digest of what an author decides of a step: code, data, parameters, package versions.

    Parameters
    ----------
    inputs : mapping
        The step's inputs (`paperbuild.steps.fingerprint`). The numbers it reads of other notebooks are among
        them, last bits and all, so the recipes of those notebooks stand in their place.
    before : mapping of str to str
        Recipes of the notebooks whose results it reads.
    """
    chosen = {
        key: value
        for key, value in inputs.items()
        if key not in OF_THE_MACHINE and not key.startswith("numbers of ")
    }
    return sha256_json([chosen, dict(before)])[:16]


@dataclass(frozen=True)
class StepReference:
    """What the manifest holds of one notebook.

    Attributes
    ----------
    recipe : str
        See `recipe`; empty where the manifest records none.
    outputs : mapping of str to dict
        Its figures and tables by path.
    numbers : mapping of str to dict
        Its numbers by name.
    """

    recipe: str
    outputs: Mapping[str, dict[str, Any]]
    numbers: Mapping[str, dict[str, Any]]

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {path: output["sha256"] for path, output in self.outputs.items()}


def read_references(listed: Manifest) -> dict[str, StepReference]:
    """Return what a manifest holds of each notebook."""
    return {
        step: StepReference(
            digest,
            {
                one["path"]: dict(one)
                for one in listed.outputs
                if one.get("notebook") == step and one.get("sha256")
            },
            {name: dict(one) for name, one in listed.numbers.items() if one.get("notebook") == step},
        )
        for step, digest in listed.recipes.items()
    }


def committed_references(project: Project) -> dict[str, StepReference]:
    """Return what the last commit's manifest holds of each notebook."""
    return read_references(parse_manifest(committed(project, MANIFEST)))


def made_here(entry: Entry) -> tuple[dict[str, str], dict[str, tuple[Any, str]]]:
    """Return what a kept result would publish: hashes of files by path, value and text of numbers by name."""
    files = {path: digest for path, digest in entry.files.items() if path.startswith(("figures/", "tables/"))}
    numbers = {a["name"]: (a["value"], a["text"]) for a in artefacts_of(entry) if a["kind"] == "number"}
    return files, numbers


def differs_from(reference: StepReference, entry: Entry) -> bool:
    """Tell whether a kept result is another than the reference."""
    files, numbers = made_here(entry)
    known = {name: (one.get("value"), one.get("text")) for name, one in reference.numbers.items()}
    return files != reference.files or json.dumps(numbers, sort_keys=True) != json.dumps(
        known, sort_keys=True
    )


def reference_bytes(project: Project, path: str, digest: str, cache: HashCache) -> bytes | None:
    """Return the bytes of a reference file, from its folder or the last commit; None where neither has it."""
    if is_intact(project, path, digest, cache):
        return (project.root / path).read_bytes()
    content = committed(project, path)
    return content if sha256_bytes(content) == digest else None


def committed(project: Project, path: str) -> bytes:
    """Return a file of the last commit; nothing where git or the commit does not have it."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", str(project.root), "show", f"HEAD:./{path}"], capture_output=True, check=False
        )
    except OSError:
        return b""
    return done.stdout


def is_intact(project: Project, path: str, digest: str, cache: HashCache) -> bool:
    """Tell whether a file of the reference lies there as the manifest lists it."""
    try:
        return cache.file(project.root / path) == digest
    except OSError:
        return False


def keep_differences(
    project: Project, held: Mapping[str, tuple[StepReference, Entry]], cache: HashCache
) -> None:
    """Put what this machine made otherwise beside the reference, and say in words how far it lies from it.

    Parameters
    ----------
    project : Project
        The article.
    held : mapping
        By notebook, the reference that stays and the result made here.
    cache : HashCache
        Knows which files of the reference are in place.
    """
    folder = project.differs
    if not held:
        remove_tree(folder)
        return
    from paperbuild.project.tolerances import read_tolerances
    from paperbuild.proof.artefacts import compare_artefacts
    from paperbuild.proof.ladder import Comparison, Rung
    from paperbuild.proof.numbers import compare_number

    tolerances = read_tolerances(project.root)
    compared, wanted = [], set()
    for reference, entry in held.values():
        files, numbers = made_here(entry)
        expected = {
            path: reference_bytes(project, path, digest, cache) or b""
            for path, digest in reference.files.items()
        }
        found = {path: entry.path(path).read_bytes() for path in files}
        compared += compare_artefacts(expected, found, tolerances)
        compared += [
            Comparison(path, Rung.DIFFERS, reason="made only here") for path in files.keys() - expected.keys()
        ]
        for name in reference.numbers.keys() | numbers.keys():
            own = dict(zip(("value", "text"), numbers[name], strict=True)) if name in numbers else None
            known = reference.numbers.get(name, {"text": "no such number"})
            compared.append(compare_number(name, known, own, tolerances))
        for path, digest in files.items():
            if reference.files.get(path) != digest:
                write_atomic(folder / path, found[path])
                wanted.add(folder / path)
    for stray in [path for path in folder.rglob("*") if path.is_file() and path not in wanted]:
        if stray != project.differs_report:
            stray.unlink()
    differing = [one for one in compared if one.rung != Rung.IDENTICAL]
    write_if_changed(project.differs_report, report_of(differing))


def report_of(differing: list[Any]) -> str:
    """Say how many outputs differ, by how much at most, whether anything printed does, and what to do."""
    from paperbuild.proof.ladder import widest

    files = [one for one in differing if not one.path.startswith("numbers/")]
    printed = sorted(one.path for one in differing if one.printed)
    beyond = sorted(one.path for one in differing if not one.rung.reproduces and not one.printed)
    far = widest(one.gap for one in differing)
    lines = [
        f"this machine made {len(files)} files and {len(differing) - len(files)} numbers otherwise than the"
        f" reference from the same code and data" + (f"; {far}" if far else "")
    ]
    if printed:
        lines.append(
            f"PRINTED RESULTS DIFFER HERE: {', '.join(printed[:5])}{' …' if len(printed) > 5 else ''};"
            " the article shows the reference's, and paper verify refuses them"
        )
    else:
        lines.append("no printed result differs")
    if beyond:
        lines.append(f"beyond the tolerance: {', '.join(beyond[:5])}{' …' if len(beyond) > 5 else ''}")
    lines.append(
        "the reference in figures/ and tables/ stays, what was made here is in build/differs/;"
        " to make it the reference: paper build --accept"
    )
    details = [
        f"{one.path}: {one.rung.label}; {one.reason}" for one in sorted(differing, key=lambda o: o.path)
    ]
    return "\n".join([*lines, "", *details]) + "\n"


def tell_texts(project: Project, stay: Sequence[tuple[Mapping[str, str], Mapping[str, str]]]) -> None:
    """Add to the report the documents whose committed text stays, as pairs of records: reference, build."""
    lines = [
        f"{made['path']}: typeset by {made['engine']}, the reference by {known.get('engine')}; "
        + (
            "the same text"
            if known.get("text_sha256") == made["text_sha256"]
            else f"ANOTHER TEXT, {made['text']} stays, and build/differs/{made['text']} is what was made here"
            " (paper build --accept makes it the reference)"
        )
        for known, made in stay
    ]
    report = project.differs_report
    before = report.read_text(encoding="utf-8") if report.is_file() else ""
    write_if_changed(report, "\n".join([*lines, before]) if before else "\n".join(lines) + "\n")
