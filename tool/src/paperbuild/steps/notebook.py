"""A notebook as a step: executed in a kernel of its own; its figures, tables and numbers are its result."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paperbuild.ground import surroundings
from paperbuild.ground.files import write_atomic, write_if_changed
from paperbuild.ground.hashing import sha256_bytes, sha256_json
from paperbuild.kernel.kinds import folders
from paperbuild.project.notebook import Notebook, outputs_text, read_notebook
from paperbuild.project.results import NotebookResults, parse_results
from paperbuild.steps.desk import Desk
from paperbuild.steps.reference import References
from paperbuild.steps.step import Inputs, Result, Results, Running, Step

if TYPE_CHECKING:
    from paperbuild.kernel.execute import Run

# Raise it when the meaning of a kept result changes in a way the tool's own code does not show.
FORMAT = "2"

# The tool's own modules through which a notebook's result passes, with all that these import: the door and
# the reader of tables, what runs it, what the fork server loads, what jupyter_client finds by its entry
# point, what writes the record.
OWN_CODE = (
    "paperbuild",
    "dataregister.tables",
    "paperbuild.kernel.execute",
    "paperbuild.kernel.preload",
    "paperbuild.kernel.provisioner",
    "paperbuild.project.results",
)

RESULTS, OUTPUTS = "results.json", "outputs.json"


def recorded(result: Result) -> NotebookResults:
    """Return what a notebook's kept result records."""
    return parse_results(result.content(RESULTS))


@dataclass(frozen=True)
class Dependencies:
    """All a notebook depends on, and the lists its kernel needs.

    Attributes
    ----------
    inputs : dict of str to str
        Readable key to hash or version.
    readable : tuple of Path
        Data files the kernel may open.
    modules : tuple of Path
        The project's modules the kernel may import, with files of their packages.
    """

    inputs: Inputs
    readable: tuple[Path, ...]
    modules: tuple[Path, ...]


class NotebookStep(Step):
    """One notebook. Its files are published with those of all others (`paperbuild.steps.outputs`)."""

    def __init__(self, desk: Desk, name: str, references: References) -> None:
        self.desk, self.name, self.references = desk, name, references
        self.away, self.on_cluster = bool(desk.places), bool(desk.cluster)
        self.after = desk.workspace.reads(name)
        self.path = desk.project.notebook(name)

    def inputs(self, before: Results) -> Inputs:
        """Return code, data, parameters, packages, surroundings and the numbers it reads."""
        return self.dependencies(before).inputs

    def dependencies(self, before: Results) -> Dependencies:
        """Return the inputs, and the files behind them."""
        desk, scanner, shown = self.desk, self.desk.scanner, self.desk.project.relative
        modules, outside = scanner.notebook_closure(self.name)
        beside = scanner.package_files(modules)
        files = desk.declared(self.name)
        inputs: Inputs = {
            "format of results": FORMAT,
            "python": "{}.{}.{}".format(*sys.version_info[:3]),
            "surroundings": surroundings.present().key,
            f"code {shown(self.path)}": scanner.notebook_code(self.path, shown(self.path))["code"][:12],
        }
        inputs |= scanner.own_code(OWN_CODE)
        values = desk.workspace.overrides[self.name]
        inputs |= {
            f"parameter {name}": json.dumps(value, ensure_ascii=False) for name, value in values.items()
        }
        for file, kind in files.items():
            inputs[f"{kind} {shown(file)}"] = scanner.file(file)[:16]
            if entry := desk.workspace.entry(file):
                inputs[f"register entry of {shown(file)}"] = entry.digest
        inputs |= {f"numbers of {name}": self._numbers_digest(before[name])[:16] for name in self.after}
        inputs |= {f"module {shown(module)}": scanner.code(module)[:12] for module in modules}
        inputs |= {f"module file {shown(file)}": scanner.file(file)[:12] for file in beside}
        inputs |= {f"package {name}": version for name, version in desk.packages.needed_by(outside).items()}
        if editions := desk.project.editions:
            inputs["language of the article"] = desk.parts(desk.project.root).language
        for language in editions:
            phrases = desk.project.phrases_file(language)
            inputs[f"phrases {shown(phrases)}"] = (
                scanner.file(phrases)[:16] if phrases.is_file() else "absent"
            )
        register = desk.project.register_file
        readable = (*files, *([register] if register.is_file() else []))
        ordered = {key: inputs[key] for key in sorted(inputs)}
        return Dependencies(ordered, readable, tuple(sorted({*modules, *beside})))

    def _numbers_digest(self, result: Result) -> str:
        """Return the hash of the numbers a result recorded: values and names, not where they were made."""
        return self.desk.scanner.cache.fact(
            "numbers", result.files[RESULTS], lambda: sha256_json(recorded(result).numbers)
        )

    def make(self, before: Results, staging: Path, running: Running) -> Sequence[str]:
        """Execute the notebook; say which of the tables it declares it did not read."""
        from paperbuild.kernel.execute import Run, run_notebook
        from paperbuild.kernel.settings import KernelSettings

        desk, project, found = self.desk, self.desk.project, self.dependencies(before)
        results = {other: str(before[other].path(RESULTS)) for other in self.after}
        for language in project.editions:
            desk.phrases(language)  # Here, where what is wrong with it is told with its line.
        settings = KernelSettings(
            step=self.name,
            root=str(project.root),
            staging=str(staging),
            readable=tuple(map(str, (*found.readable, *results.values()))),
            modules=tuple(map(str, found.modules)),
            results=results,
            epoch=desk.workspace.revision.epoch,
            memory_limit=desk.memory_limit,
            folders=tuple(map(str, desk.workspace.folders(self.name))),
            outside=tuple(desk.workspace.settings.notebooks[self.name].outside or ()),
            cluster=desk.cluster,
            language=desk.written().language,
            editions={language: str(project.phrases_file(language)) for language in project.editions},
        )
        values = desk.workspace.overrides[self.name]
        kept = project.log / f"{self.name}.failed.ipynb"

        def tell(of: str, done: int, whole: int) -> None:
            running.tell(self.name, of, done, whole)

        run = Run(self.source(), settings, values, self.command(), kept, project.relative(kept), tell)
        if self.away:
            self._send(run, found, before, running)
        else:
            with running.ended_by(run.cancel):
                run_notebook(run, desk.kernel)
        declared = {
            key.partition(" ")[2]: digest for key, digest in found.inputs.items() if key.startswith("data ")
        }
        record = NotebookResults(
            self.name,
            desk.workspace.effective(self.name),
            declared,
            tuple(run.report["artefacts"]),
            run.report["held"],
        )
        write_atomic(staging / RESULTS, record.text())
        with contextlib.suppress(OSError):
            kept.unlink()
        read = {project.relative(Path(name)) for name in run.read}
        unread = sorted(set(desk.workspace.tables(self.name)) - read)
        return [f"declares but did not read {', '.join(unread)}"] if unread else []

    def _send(self, run: Run, found: Dependencies, before: Results, running: Running) -> None:
        """Have a worker of the cluster run the notebook."""
        from paperbuild.kernel import away, cluster

        desk, project = self.desk, self.desk.project
        packages = desk.packages.needed_by(desk.outside([self.name]))
        phrases = map(project.phrases_file, project.editions)
        files = [path for path in (*found.readable, *found.modules, *phrases) if path.is_file()]
        errand = away.Errand(
            run,
            cluster.wanted(packages, project.src, surroundings.kernel_environment("", 0)),
            {project.relative(path): desk.scanner.file(path) for path in files},
            {other: before[other].content(RESULTS) for other in self.after},
            tuple(sorted(desk.outside(desk.workspace.notebooks))),
            desk.kernel,
        )
        way = away.Away(errand, desk.cluster)
        with running.ended_by(way.cancel):
            way.run()

    def source(self) -> Notebook:
        """Return the notebook as it stands."""
        return read_notebook(self.path, self.desk.project.relative(self.path))

    def command(self) -> str:
        """Return the command that runs this notebook alone with the same parameters."""
        import shlex

        values = self.desk.workspace.overrides[self.name].items()
        given = [f"-p {shlex.quote(f'{k}={json.dumps(v, ensure_ascii=False)}')}" for k, v in values]
        return " ".join(["paper run", self.name, *given])

    @property
    def executed_file(self) -> Path:
        """Where the executed notebook is published."""
        return self.desk.project.notebooks / f"{self.name}.ipynb"

    def executed(self, result: Result) -> str:
        """Return the executed notebook: today's prose around the kept outputs."""
        return outputs_text(self.source(), result.content(OUTPUTS))

    def places(self, result: Result) -> dict[str, str]:
        """Return where this result's own files belong, by place the name they are kept under."""
        root, own = self.desk.project.render_root, folders()
        places = {f"{root}/{name}": name for name in result.files if name.startswith(own)}
        return {**places, f"{self.desk.project.results}/{self.name}.json": RESULTS}

    def published(self, result: Result, before: Results) -> dict[str, str]:
        """Return figures and tables (or the reference that stays), the record and the executed notebook."""
        project, places = self.desk.project, self.places(result)
        files = {place: result.files[name] for place, name in places.items()}
        if reference := self.references.held(self.name, {**before, self.name: result}):
            files = {place: digest for place, digest in files.items() if places[place] == RESULTS}
            files |= {f"{project.root}/{name}": digest for name, digest in reference.files.items()}
        scanner = self.desk.scanner
        key = sha256_json([scanner.file(self.path), result.files[OUTPUTS]])
        files[str(self.executed_file)] = scanner.cache.fact(
            "executed", key, lambda: sha256_bytes(self.executed(result).encode("utf-8"))
        )
        return files

    def publish(self, result: Result, before: Results) -> None:
        """Leave it to the outputs step: what notebooks make is published together or not at all."""

    def put(self, result: Result, before: Results) -> None:
        """Put this notebook's files where people see them, and bring back a reference that stays."""
        files, places = self.published(result, before), self.places(result)
        for place, name in places.items():
            if files.get(place) == result.files[name]:
                self.references.put(result.path(name), Path(place), files[place])
        if reference := self.references.held(self.name, {**before, self.name: result}):
            self.references.restore(reference)
        write_if_changed(self.executed_file, self.executed(result))

    @classmethod
    def prepare(cls, steps: Sequence[Step]) -> None:
        """Have the fork server import what `steps` import while this process imports papermill."""
        notebooks = [step for step in steps if isinstance(step, NotebookStep)]
        desk = notebooks[0].desk
        if desk.kernel == "fork" and not desk.places:
            from paperbuild.kernel.warm import start_server

            start_server(desk.outside(step.name for step in notebooks), desk.project.build / "matplotlib")
        # Here, not in the threads: two threads that import one package for the first time can trip.
        from paperbuild.kernel import execute  # noqa: F401
