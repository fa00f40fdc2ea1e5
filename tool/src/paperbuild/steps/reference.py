"""The committed reference, and when a machine's own outputs do not replace it.

The manifest records of each notebook the digest of its *recipe*: its inputs without what belongs to the
machine. Where a build follows the recorded recipe and yet makes other bytes, it is the machine and not the
author that changed them: the reference stays, and what was made here goes to ``build/differs/``. Where the
recipe is another, the author changed something, and the outputs become the reference as they are made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from paperbuild.article.formats import FORMATS
from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import remove_tree, write_atomic, write_if_changed
from paperbuild.ground.hashing import HashCache, sha256_bytes, sha256_json
from paperbuild.kernel.kinds import folders
from paperbuild.project.layout import MANIFEST, Project
from paperbuild.project.manifest import Manifest, parse_manifest
from paperbuild.project.results import parse_results
from paperbuild.project.workspace import Workspace
from paperbuild.steps.step import Result, Results

# Inputs that belong to the machine: they are in the fingerprint, because they may change a result, and not in
# the recipe, because no author chose them.
OF_THE_MACHINE = frozenset({"python", "surroundings"})


def recipe(inputs: Mapping[str, str], before: Mapping[str, str]) -> str:
    """Return the digest of what an author decides of a step: code, data, parameters, package versions.

    Parameters
    ----------
    inputs : mapping
        The step's inputs (`paperbuild.steps.step`). The numbers it reads of other notebooks are among
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
    manifest : str
        Digest of the manifest: what follows from all this is remembered under it.
    """

    recipe: str
    outputs: Mapping[str, dict[str, Any]]
    numbers: Mapping[str, dict[str, Any]]
    manifest: str

    @cached_property
    def files(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {path: output["sha256"] for path, output in self.outputs.items()}


def read_references(listed: Manifest) -> dict[str, StepReference]:
    """Return what a manifest holds of each notebook."""
    outputs: dict[str, dict[str, dict[str, Any]]] = {step: {} for step in listed.recipes}
    numbers: dict[str, dict[str, dict[str, Any]]] = {step: {} for step in listed.recipes}
    for one in listed.outputs:
        if one.get("notebook") in outputs and one.get("sha256"):
            outputs[one["notebook"]][one["path"]] = dict(one)
    for name, one in listed.numbers.items():
        if one.get("notebook") in numbers:
            numbers[one["notebook"]][name] = dict(one)
    return {
        step: StepReference(digest, outputs[step], numbers[step], listed.digest)
        for step, digest in listed.recipes.items()
    }


def committed_references(project: Project) -> dict[str, StepReference]:
    """Return what the last commit's manifest holds of each notebook."""
    return read_references(parse_manifest(committed(project, MANIFEST)))


@dataclass
class References:
    """Which committed references stay in a build of one workspace.

    Attributes
    ----------
    workspace : Workspace
        The project.
    accept : bool
        Whether none does, because its author accepts what this machine makes.
    """

    workspace: Workspace
    accept: bool = False
    _texts: dict[str, str] = field(default_factory=dict)
    _recipes: dict[str, tuple[Result, dict[str, str], str]] = field(default_factory=dict)

    @cached_property
    def listed(self) -> Mapping[str, StepReference]:
        """What the manifest holds of each notebook."""
        return read_references(self.workspace.manifest)

    @cached_property
    def committed(self) -> Mapping[str, StepReference]:
        """What the last commit holds of each notebook; asked where the manifest at hand does not answer."""
        return committed_references(self.workspace.project)

    @property
    def stays(self) -> bool:
        """Whether a reference may stay at all: a scenario has none."""
        return not (self.accept or self.workspace.project.scenario)

    def recipes(self, results: Results) -> dict[str, str]:
        """Return the recipe of each notebook among `results`."""
        return {step: self.recipe(step, results) for step in self.workspace.notebooks if step in results}

    def recipe(self, step: str, results: Results) -> str:
        """Return the recipe of one notebook, worked out once for each result and the recipes before it."""
        result, before = results[step], {o: self.recipe(o, results) for o in self.workspace.reads(step)}
        known = self._recipes.get(step)
        if known is None or known[0] is not result or known[1] != before:
            known = self._recipes[step] = result, before, recipe(result.inputs, before)
        return known[2]

    def held(self, step: str, results: Results) -> StepReference | None:
        """Return the reference that stays although `step` made another result; None where that is published.

        It stays where the manifest records the recipe of today and the reference is whole: then only the
        machine can have made the difference.
        """
        return self._held(step, results, self.recipe(step, results)) if self.stays else None

    def all_held(self, results: Results) -> dict[str, StepReference]:
        """Return the references that stay, by notebook."""
        if not self.stays:
            return {}
        found = {step: self._held(step, results, known) for step, known in self.recipes(results).items()}
        return {step: reference for step, reference in found.items() if reference is not None}

    def _held(self, step: str, results: Results, today: str) -> StepReference | None:
        """Return the reference of `step` that stays, given the recipe of today."""
        result, cache, project = results[step], self.workspace.cache, self.workspace.project
        known = self.listed.get(step)
        if known and known.recipe != today:
            # Back from an edit, or from other parameters, to what was committed.
            known = self.committed.get(step)
        if known is None or known.recipe != today:
            return None
        reference = known
        key = sha256_json([step, result.files, reference.manifest])
        if not cache.fact("differs", key, lambda: differs_from(reference, result)):
            return None
        whole = all(
            is_intact(project, path, digest, cache)
            or reference_bytes(project, path, digest, cache) is not None
            for path, digest in reference.files.items()
        )
        return reference if whole else None

    def put(self, source: Path, place: Path, digest: str) -> None:
        """Copy a kept file to its place unless it lies there already."""
        try:
            there = self.workspace.cache.file(place) == digest
        except OSError:
            there = False
        if not there:
            content = source.read_bytes()
            if sha256_bytes(content) != digest:
                raise PaperError(
                    "the file is not as it was kept", where=str(source), remedy="paper build makes it anew"
                )
            write_atomic(place, content)

    def restore(self, reference: StepReference) -> None:
        """Bring back, from the last commit, files of a reference that were edited or removed."""
        project, cache = self.workspace.project, self.workspace.cache
        for path, digest in reference.files.items():
            if not is_intact(project, path, digest, cache):
                content = reference_bytes(project, path, digest, cache)
                if content is not None:
                    write_atomic(project.root / path, content)

    def tell(self, results: Results) -> None:
        """Put what this machine made otherwise than the references that stay beside them, and say how far."""
        if self.workspace.project.scenario:
            return
        self._texts.clear()
        held = self.all_held(results)
        both = {step: (reference, results[step]) for step, reference in held.items()}
        keep_differences(self.workspace.project, both, self.workspace.cache)

    def tell_text(self, known: Mapping[str, str], made: Mapping[str, str]) -> None:
        """Add a document whose committed text stays: its record in the reference, and that of this build."""
        report = self.workspace.project.differs_report
        before = _report(report)
        old = "".join(f"{line}\n" for line in self._texts.values())
        order = [
            document.name_in(language)
            for language in self.workspace.project.all_editions
            for document in FORMATS.values()
        ]
        self._texts[made["path"]] = line_of_text(known, made)
        self._texts = dict(sorted(self._texts.items(), key=lambda one: order.index(Path(one[0]).name)))
        write_if_changed(report, "".join(f"{line}\n" for line in self._texts.values()) + before[len(old) :])


def made_here(result: Result) -> tuple[dict[str, str], dict[str, tuple[Any, str]]]:
    """Return what a kept result would publish: hashes of files by path, value and text of numbers by name."""
    files = {path: digest for path, digest in result.files.items() if path.startswith(folders())}
    recorded = parse_results(result.content("results.json")).of_kind("number")
    numbers = {one["name"]: (one["value"], one["text"]) for one in recorded}
    return files, numbers


def differs_from(reference: StepReference, result: Result) -> bool:
    """Tell whether a kept result is another than the reference."""
    files, numbers = made_here(result)
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
    project: Project, held: Mapping[str, tuple[StepReference, Result]], cache: HashCache
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
    for reference, result in held.values():
        files, numbers = made_here(result)
        expected = {
            path: reference_bytes(project, path, digest, cache) or b""
            for path, digest in reference.files.items()
        }
        found = {path: result.content(path) for path in files}
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


def differs_in_words(project: Project) -> list[str]:
    """Lines that say how far what this machine made lies from the reference; none where it does not."""
    return _report(project.differs_report).partition("\n\n")[0].splitlines()


def _report(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


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


def line_of_text(known: Mapping[str, str], made: Mapping[str, str]) -> str:
    """Say in a line how the text of a document differs from the reference's."""
    same = known.get("text_sha256") == made["text_sha256"]
    other = (
        f"ANOTHER TEXT, {made['text']} stays, and build/differs/{made['text']} is what was made here"
        " (paper build --accept makes it the reference)"
    )
    told = "the same text" if same else other
    return f"{made['path']}: typeset by {made['engine']}, the reference by {known.get('engine')}; {told}"
