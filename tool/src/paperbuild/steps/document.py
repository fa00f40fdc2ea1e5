"""A document as a step: typeset from the text and the outputs; its words are committed as a reference."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paperbuild.article import typesetting
from paperbuild.article.formats import DOCUMENTS, Format, Pages
from paperbuild.ground import surroundings
from paperbuild.ground.files import write_atomic
from paperbuild.ground.hashing import sha256_json
from paperbuild.ground.own import PACKAGE
from paperbuild.project.workspace import Workspace
from paperbuild.steps.desk import Desk
from paperbuild.steps.outputs import Outputs
from paperbuild.steps.reference import OF_THE_MACHINE
from paperbuild.steps.step import Inputs, Result, Results, Running, Step

# The tool's own modules through which a document passes, with all that these import.
OWN_CODE = ("paperbuild.article.typesetting",)


class DocumentStep(Step):
    """One document: a format of the article, or the pages of its notebooks.

    Parameters
    ----------
    desk : Desk
        What all steps stand on.
    kind : str
        Its key in `paperbuild.article.formats.DOCUMENTS`.
    outputs : Outputs
        The step that publishes what it is set from, and lists it in the manifest.
    edition : str
        The language of the edition that it is of; empty for the article itself.
    """

    verb = "typeset"
    reads_published = True

    def __init__(self, desk: Desk, kind: str, outputs: Outputs, edition: str = "") -> None:
        self.desk, self.kind, self.outputs, self.edition = desk, kind, outputs, edition
        self.document = DOCUMENTS[kind]
        self.name = (
            self.document.name_in(edition) if isinstance(self.document, Format) else self.document.file
        )
        self.after = (*outputs.notebooks, outputs.name)

    def inputs(self, before: Results) -> Inputs:
        """Return text, pictures, numbers, date, typesetter and the parts of the tool it is set with."""
        desk, root = self.desk, self.desk.project.render_root
        parts = desk.parts(root, self.edition)
        inputs: Inputs = {f"typesetter {name}": version for name, version in desk.typesetter().items()}
        # From where the article or the tool lies, else by its name.
        bases = tuple(f"{base}/" for base in (root, PACKAGE.parent))
        for path in typesetting.inputs(root, parts, self.kind):
            base = next((base for base in bases if path.startswith(base)), "")
            shown = path[len(base) :] if base else os.path.basename(path)
            try:
                inputs[f"file {shown}"] = desk.workspace.cache.file(path)[:16]
            except OSError:
                inputs[f"missing {shown}"] = "absent"
        inputs |= desk.scanner.own_code(OWN_CODE)
        inputs["numbers"] = self.outputs.numbers_digests(before, self.edition)["file"][:16]
        inputs["date"] = str(desk.workspace.revision.epoch)
        inputs["surroundings"] = surroundings.present().key
        if isinstance(self.document, Pages):
            # Their links lead to where the article shows what they make.
            texts = sha256_json([[path, desk.scanner.file(root / path)] for path in parts.texts])
            inputs["places in the article"] = sha256_json(
                desk.workspace.cache.fact("places", texts, self._places)
            )[:16]
            for name, notebook in self.outputs.notebooks.items():
                executed = notebook.published(before[name], before)[str(notebook.executed_file)]
                inputs[f"executed notebook {name}"] = executed[:16]
            packages = self.document.packages
            inputs |= {f"package {name}": desk.packages.versions.get(name, "") for name in packages}
        return {key: inputs[key] for key in sorted(inputs)}

    def _places(self) -> dict[str, Any]:
        """Return what the article shows where."""
        from paperbuild.article import notebook_pages

        return notebook_pages.places(self.desk.article())

    def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
        """Typeset it."""
        from paperbuild.article.job import RenderJob

        epoch = self.desk.workspace.revision.epoch
        typesetting.render(
            RenderJob(
                self.desk.project.render_root, staging, self.kind, self.desk.engine, epoch, self.edition
            )
        )
        return ()

    def published(self, result: Result, before: Results) -> dict[str, str]:
        """Return its files below ``_output/``."""
        return {f"{self.desk.project.output}/{name}": digest for name, digest in result.files.items()}

    def publish(self, result: Result, before: Results) -> None:
        """Put it below ``_output/``, its words into ``text/`` and their hash into the manifest."""
        for name, digest in result.files.items():
            self.outputs.references.put(result.path(name), self.desk.project.output / name, digest)
        if isinstance(self.document, Format):
            self._record(result, before)

    def settled(self, result: Result, before: Results) -> bool:
        """Tell whether its committed text is this build's, or one that stays."""
        if not isinstance(self.document, Format):
            return True
        record = self.record(result, before)
        known, target = self.outputs.document(record["path"]), self.desk.project.render_root / record["text"]
        if known is None or (known != record and not self._text_stays(record)):
            return False
        return target.is_file() and digest_of(self.desk.workspace, target) == known.get("text_sha256")

    def record(self, result: Result, before: Results) -> dict[str, str]:
        """Return the manifest's record of the document that lies in ``_output/``."""
        path, engine, facts = self.desk.project.output / self.name, self.engine, self.desk.facts()

        def compute() -> dict[str, str]:
            from paperbuild.proof.documents import document_record

            return document_record(path, engine, facts)

        cache = self.desk.workspace.cache
        record = cache.fact("document", f"{cache.file(path)} {engine}", compute)
        return {**record, "recipe": self.recipe(result, before)}

    @property
    def engine(self) -> str:
        """The typesetter's name."""
        return self.desk.typesetter()["engine"]

    def recipe(self, result: Result, before: Results) -> str:
        """Return the digest of what an author decides of the text, whichever engine typesets it."""
        chosen = {
            key: value
            for key, value in result.inputs.items()
            if key not in ("numbers", "date", *OF_THE_MACHINE) and not key.startswith("typesetter ")
        }
        versions = self.desk.packages.versions
        engines = {name: versions.get(name, "") for name in ("pypandoc-binary", "typst")}
        return sha256_json([chosen, engines, self.outputs.numbers_digests(before, self.edition)["said"]])[:16]

    def _record(self, result: Result, before: Results) -> None:
        """Put what the document says into ``text/``, and its hash into the manifest."""
        from paperbuild.proof.documents import reference_text

        project, record, facts = self.desk.project, self.record(result, before), self.desk.facts()
        path, target = project.output / self.name, project.render_root / record["text"]
        known = self.outputs.document(record["path"])
        if known is not None and self._text_stays(record):
            write_atomic(project.differs / record["text"], reference_text(path, facts))
            self.outputs.references.tell_text(known, record)
            return
        self.outputs.list_document(record)
        # A longer commit name may move where a PDF's lines break; that is no other text.
        if not target.is_file() or digest_of(self.desk.workspace, target) != record["text_sha256"]:
            write_atomic(target, reference_text(path, facts))
        self.outputs.write_manifest(before)

    def _text_stays(self, record: dict[str, str]) -> bool:
        """Tell whether the committed text stays, because only typesetter or machine differ."""
        known = self.outputs.document(record["path"])
        if known is None or known == record or not self.outputs.references.stays:
            return False
        target = self.desk.project.render_root / record["text"]
        whole = target.is_file() and digest_of(self.desk.workspace, target) == known.get("text_sha256")
        return whole and known.get("recipe") == record["recipe"]


def digest_of(workspace: Workspace, text: Path) -> str:
    """Return the hash of a committed text, wherever its lines break."""

    def compute() -> str:
        from paperbuild.proof.documents import text_digest

        return text_digest(text.read_text(encoding="utf-8", errors="replace"))

    return workspace.cache.fact("text", workspace.cache.file(text), compute)
