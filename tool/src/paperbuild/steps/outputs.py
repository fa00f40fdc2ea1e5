"""The published outputs as a step: figures, tables and numbers of all notebooks, and the manifest of them.

It waits for every notebook, so that people see the results of one build together or keep those of the last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paperbuild.article import typesetting
from paperbuild.ground.errors import PaperError, raise_all
from paperbuild.ground.files import write_if_changed
from paperbuild.ground.hashing import sha256_bytes, sha256_json
from paperbuild.ground.located import read_text
from paperbuild.ground.own import PACKAGE
from paperbuild.kernel.kinds import KINDS
from paperbuild.project.layout import Project
from paperbuild.project.manifest import Manifest
from paperbuild.steps.desk import Desk
from paperbuild.steps.notebook import RESULTS, NotebookStep, recorded
from paperbuild.steps.reference import References, StepReference
from paperbuild.steps.step import Inputs, Result, Results, Running, Step

if TYPE_CHECKING:
    from paperbuild.article import languages
    from paperbuild.article.text import Article


class Outputs(Step):
    """See the module.

    Parameters
    ----------
    desk : Desk
        What all steps stand on.
    notebooks : mapping of str to NotebookStep
        The notebooks by name.
    references : References
        Which committed references stay.
    kinds : sequence of str
        Documents that will be typeset from the outputs, by their key in `paperbuild.article.formats`.
    """

    name = "outputs"
    at_once = True

    def __init__(
        self,
        desk: Desk,
        notebooks: Mapping[str, NotebookStep],
        references: References,
        kinds: Sequence[str] = (),
    ) -> None:
        self.desk, self.notebooks, self.references, self.kinds = desk, notebooks, references, kinds
        self.after = tuple(notebooks)
        self._digests: dict[str, tuple[Mapping[str, Any], list[Path], dict[str, str]]] = {}
        self._documents = {one["path"]: dict(one) for one in desk.workspace.manifest.documents}

    def of_notebooks(self, results: Results) -> dict[str, Result]:
        """Return the results that are published here, in reading order."""
        return {name: results[name] for name in self.notebooks if name in results}

    def inputs(self, before: Results) -> Inputs:
        """Return what each notebook recorded, and what the article says of its own making."""
        facts = self.desk.facts()
        return {
            f"results of {name}": one.files[RESULTS][:16] for name, one in self.of_notebooks(before).items()
        } | {"build": sha256_json(facts)[:16]}

    def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
        """Make nothing: all is there."""
        return ()

    def published(self, result: Result, before: Results) -> dict[str, str]:
        """Return all editions' numbers, the manifest, a scenario's sources; notebooks answer for theirs."""
        project = self.desk.project
        files = {str(place): self.desk.scanner.file(source) for place, source in self.sources().items()}
        for language in self.desk.project.all_editions:
            files[str(project.numbers_of(language))] = self.numbers_digests(before, language)["file"]
        return {**files, str(project.manifest): self._manifest_digest(before)}

    def publish(self, result: Result, before: Results) -> None:
        """Put all notebooks' results where people see them; the list of outputs comes last."""
        made, project = self.of_notebooks(before), self.desk.project
        check_names(made)
        held = self.references.all_held(made)
        remove_orphans(project, self.desk.workspace.manifest, made, held)
        for name, one in made.items():
            self.notebooks[name].put(one, before)
        for language in self.desk.project.all_editions:
            write_if_changed(project.numbers_of(language), self.numbers(before, language))
        self.write_manifest(before)
        for place, source in self.sources().items():
            self.references.put(source, place, self.desk.scanner.file(source))
        self.references.tell(made)

    def numbers(self, results: Results, language: str = "") -> str:
        """Return ``numbers.yml`` of an edition as it should stand after these results."""
        made, build, desk = self.of_notebooks(results), self.desk.facts(), self.desk
        editions = desk.project.all_editions
        held = {name: reference.numbers for name, reference in self.references.all_held(made).items()}
        return numbers_document(
            made,
            build,
            held,
            desk.written(language),
            self._content(made, held),
            {one: desk.phrases(one).said for one in desk.project.phrased},
            {one: desk.written(one).language for one in editions} if editions[1:] else {},
        )

    def numbers_digests(self, results: Results, language: str = "") -> dict[str, str]:
        """Return the hash of an edition's ``numbers.yml`` (``file``), and of what results and texts decide
        of it (``said``).

        Remembered by all that decides it, and worked out once between two looks.
        """
        made, desk = self.of_notebooks(results), self.desk
        facts, folders = desk.facts(), [one.folder for one in made.values()]
        known = self._digests.get(language)
        if known and known[0] is facts and known[1] == folders:
            return known[2]
        held = {name: reference.manifest for name, reference in self.references.all_held(made).items()}
        files = {name: one.files for name, one in made.items()}
        root = desk.project.root
        texts = [[path, desk.scanner.file(root / path)] for path in desk.parts(root, language).written]
        phrases = [desk.scanner.file(desk.project.phrases_file(one)) for one in desk.project.phrased]

        def compute() -> dict[str, str]:
            text = self.numbers(results, language)
            said = {key: value for key, value in json.loads(text).items() if key not in ("build", "date")}
            return {"file": sha256_bytes(text.encode("utf-8")), "said": sha256_json(said)}

        key = sha256_json([files, held, facts, language, texts, phrases, self.desk.project.all_editions])
        found: dict[str, str] = desk.workspace.cache.fact("numbers.yml", key, compute)
        self._digests[language] = facts, folders, found
        return found

    def _content(
        self, made: Mapping[str, Result], held: Mapping[str, Mapping[str, Any]]
    ) -> Callable[[str], str | None]:
        """Return the reader of what notebooks have made, of those that stay what is published."""

        def content(path: str) -> str | None:
            for name, result in made.items():
                if path in result.files:
                    file = self.desk.project.render_root / path if name in held else result.path(path)
                    return read_text(file, path)
            return None

        return content

    def document(self, path: str) -> Mapping[str, str] | None:
        """Return the manifest's record of a document as it stands."""
        return self._documents.get(path)

    def list_document(self, record: Mapping[str, str]) -> None:
        """Have the manifest list a document so, once it is written."""
        self._documents[record["path"]] = dict(record)

    def write_manifest(self, results: Results) -> None:
        """Write the manifest of committed outputs that belongs to these results."""
        write_if_changed(self.desk.project.manifest, self._manifest(results).text())

    def _manifest(self, results: Results) -> Manifest:
        """Return the manifest that belongs to these results."""
        from paperbuild.project.parameters import parameters_digest  # here: a no-op remembers its hash

        made, workspace = self.of_notebooks(results), self.desk.workspace
        digests = {name: parameters_digest(workspace.effective(name)) for name in made}
        documents = [self._documents[path] for path in sorted(self._documents)]
        held = self.references.all_held(made)
        return manifest(made, digests, documents, self.references.recipes(made), held)

    def _manifest_digest(self, results: Results) -> str:
        """Return the hash of the manifest's text, remembered by all that decides it."""
        made = self.of_notebooks(results)
        key = sha256_json(
            [
                {
                    name: [one.files, one.inputs, self.desk.workspace.effective(name)]
                    for name, one in made.items()
                },
                self._documents,
                self.references.recipes(made),
                {name: reference.manifest for name, reference in self.references.all_held(made).items()},
            ]
        )
        return self.desk.workspace.cache.fact(
            "manifest", key, lambda: sha256_bytes(self._manifest(results).text().encode("utf-8"))
        )

    def sources(self) -> dict[Path, Path]:
        """Return a scenario's copies of the article's own files, which typeset it like the article, by place.

        None for the article itself.
        """
        project = self.desk.project
        if not project.scenario or not self.kinds:
            return {}
        # Neither what notebooks make nor the build's own parts, where the project holds them.
        made = [project.root / kind.folder for kind in KINDS.values() if kind.folder]
        others = (*made, project.build, PACKAGE)
        return {
            project.render_root / source.relative_to(project.root): source
            for source in sorted(
                {
                    Path(path)
                    for kind in self.kinds
                    for language in self.desk.project.all_editions
                    for path in typesetting.inputs(
                        project.root, self.desk.parts(project.root, language), kind
                    )
                }
            )
            if source.is_file()
            and source.is_relative_to(project.root)
            and not any(source.is_relative_to(other) for other in others)
        }


def check_names(results: Mapping[str, Result]) -> None:
    """Refuse names that two notebooks use, and numbers whose names contain one another.

    Raises
    ------
    PaperError, Findings
        One for each clash, naming both cells.
    """
    findings: list[PaperError] = []
    seen: dict[tuple[str, str], str] = {}
    for step, result in results.items():
        for artefact in recorded(result).artefacts:
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
    results: Mapping[str, Result],
    build: Mapping[str, Any],
    held: Mapping[str, Mapping[str, Any]],
    article: Article,
    content: Callable[[str], str | None],
    phrases: Mapping[str, languages.Say],
    editions: Mapping[str, str],
) -> str:
    """Return ``numbers.yml`` of an edition (`paperbuild.article.metadata`).

    JSON is YAML, and needs no library to write. `held` has, by notebook, the numbers of a reference that
    stays (`paperbuild.steps.reference`): what the article prints goes with the figures and tables it shows.
    `content` returns the text of a published file. `phrases` says recorded texts by language. `editions` has
    the languages of all editions by their names.
    """
    # here: what these numbers say is remembered, and seldom worked out anew
    from paperbuild.article.metadata import metadata

    numbers: dict[str, Mapping[str, Any]] = {}
    provenance: dict[str, dict[str, str]] = {}
    for step, result in results.items():
        for artefact in recorded(result).artefacts:
            if artefact["kind"] == "number":
                numbers[artefact["name"]] = held.get(step, {}).get(artefact["name"], artefact)
            elif KINDS[artefact["kind"]].files:
                # A figure and a table may share a name.
                places = provenance.setdefault(artefact["kind"], {})
                places[artefact["name"]] = f"{step} › {artefact['cell']}" if artefact["cell"] else step
    document = metadata(numbers, provenance, build, article, content, phrases=phrases, editions=editions)
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def manifest(
    results: Mapping[str, Result],
    parameters: Mapping[str, str],
    documents: Sequence[Mapping[str, Any]],
    recipes: Mapping[str, str],
    held: Mapping[str, StepReference],
) -> Manifest:
    """Return the manifest of committed outputs that belongs to kept results.

    Parameters
    ----------
    results : mapping of str to Result
        Kept results by notebook.
    parameters : mapping of str to str
        Short hash of each notebook's effective parameters.
    documents : sequence of mapping
        Records of the typeset documents, as `paperbuild.proof.documents` makes them.
    recipes : mapping of str to str
        Digest of what the author decides of each notebook (`paperbuild.steps.reference.recipe`).
    held : mapping of str to StepReference
        References that stay, by notebook.
    """
    outputs: list[Mapping[str, Any]] = []
    numbers: dict[str, Mapping[str, Any]] = {}
    findings: list[Mapping[str, Any]] = []
    for step, result in results.items():
        for artefact in recorded(result).artefacts:
            kind = KINDS[artefact["kind"]]
            if kind.part == "findings":
                findings.append({"message": artefact["name"], "notebook": step, "cell": artefact["cell"]})
                continue
            if step in held:
                continue
            origin = {"notebook": step, "cell": artefact["cell"], "parameters": parameters[step]}
            listed = kind.listed(artefact, origin, result.files)
            if kind.part == "numbers":
                numbers[artefact["name"]] = listed[0]
            else:
                outputs += listed
    for reference in held.values():
        outputs += reference.outputs.values()
        numbers |= reference.numbers
    outputs.sort(key=lambda output: output["path"])
    return Manifest(tuple(outputs), numbers, tuple(documents), tuple(findings), dict(recipes))


def remove_orphans(
    project: Project, listed: Manifest, results: Mapping[str, Result], held: Mapping[str, StepReference]
) -> None:
    """Delete figures and tables that the last manifest lists and no notebook makes any more."""
    made = {name for result in results.values() for name in result.files}
    made |= {name for reference in held.values() for name in reference.files}
    own = {project.render_root / kind.folder for kind in KINDS.values() if kind.folder}
    for name in (output["path"] for output in listed.outputs):
        path = project.render_root / name
        if name not in made and path.is_file() and any(folder in own for folder in path.parents):
            path.unlink()
