"""What a step depends on, and the one hash that stands for all of it.

A step's inputs are a flat mapping from a readable key (``data data/regions.csv``, ``module src/x/y.py``,
``package pandas``) to a short string (a hash or a version). The fingerprint is the hash of that mapping, so
whatever makes a step stale can be named by comparing two mappings.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paperbuild.ground import surroundings
from paperbuild.ground.errors import PaperError, raise_all, suggestion
from paperbuild.ground.hashing import HashCache, sha256_bytes, sha256_json
from paperbuild.ground.located import line_of
from paperbuild.ground.own import PACKAGE
from paperbuild.project.layout import Project
from paperbuild.project.notebook import code_digest_text, parse_code, read_notebook

# Raise it when the meaning of a stored result changes in a way the hashed sources below do not show.
FORMAT = 1

# The parts of the build itself that a notebook's results pass through.
BUILD_SOURCES = ("ground/surroundings.py", "kernel/artefacts.py", "kernel/kernels.py", "kernel/warm.py")

# What the artefact writer imports for each of its calls, by the name a notebook imports it under.
WRITTEN_WITH = {"figure": ("matplotlib", "pandas"), "table": ("pandas",)}

# Fields of a register entry that say when and how a file was recorded, not what its columns mean.
BOOKKEEPING = frozenset({"hash", "bytes", "accessed", "changes"})

Inputs = dict[str, str]


def fingerprint(inputs: Mapping[str, str]) -> str:
    """Return the hash of a step's inputs (32 hexadecimal digits)."""
    return sha256_json(dict(inputs))[:32]


@dataclass
class Scanner:
    """Finds what code depends on, remembering facts that follow from file contents alone.

    Attributes
    ----------
    project : Project
        The project whose ``src/`` and root are searched for modules.
    cache : HashCache
        Hashes and derived facts from earlier runs.
    """

    project: Project
    cache: HashCache
    _found: dict[str, Path | None] = field(default_factory=dict)
    _closures: dict[str, tuple[set[Path], set[str]]] = field(default_factory=dict)

    def refresh(self) -> None:
        """Forget which modules were found, because files may have changed since."""
        self._found, self._closures = {}, {}

    def file(self, path: Path) -> str:
        """Return a file's hash, or raise a finding that names it."""
        try:
            return self.cache.file(path)
        except OSError as error:
            raise PaperError(f"cannot read: {error.strerror}", where=self.project.relative(path)) from None

    def build_version(self) -> str:
        """Return the hash of the build's own format version and code that results pass through."""
        digests = [self.code(PACKAGE / name) for name in BUILD_SOURCES]
        return sha256_json([FORMAT, *digests])[:12]

    def code(self, path: Path) -> str:
        """Return the hash of a module's meaning: its syntax tree, so neither comments nor formatting."""
        digest = self.file(path)
        return self.cache.fact(
            "code", digest, lambda: sha256_bytes(code_digest_text(read_code(path)).encode())
        )

    def imports(self, path: Path) -> list[list[Any]]:
        """Return the imports a module contains anywhere, as ``[level, module, [names]]``."""
        return self.cache.fact("imports", self.file(path), lambda: find_imports(read_code(path)))

    def notebook_code(self, path: Path, shown: str) -> dict[str, Any]:
        """Return the code hash and the imports of a notebook's code cells."""

        def compute() -> dict[str, Any]:
            cells = read_notebook(path, shown).cells
            parts = [
                [cell.source.startswith("%%"), "parameters" in cell.tags, code_digest_text(cell.source)]
                for cell in cells
            ]
            imports = [found for cell in cells for found in find_imports(cell.source)]
            unique = [json.loads(text) for text in dict.fromkeys(json.dumps(found) for found in imports)]
            return {"code": sha256_json(parts), "imports": unique}

        return self.cache.fact("notebook", self.file(path), compute)

    def find_module(self, name: str) -> Path | None:
        """Return the project's file for a dotted module name, or None if it is not the project's own."""
        if name not in self._found:
            self._found[name] = self._look_for(name)
        return self._found[name]

    def _look_for(self, name: str) -> Path | None:
        """Search ``src/`` and the project root, in the order in which Python does."""
        parts = name.split(".")
        for base in (self.project.src, self.project.root):
            stem = base.joinpath(*parts)
            package = stem / "__init__.py"
            if package.is_file():
                return package
            if stem.with_suffix(".py").is_file():
                return stem.with_suffix(".py")
        return None

    def module_name(self, path: Path) -> str:
        """Return the dotted name of one of the project's modules."""
        base = self.project.src if path.is_relative_to(self.project.src) else self.project.root
        parts = list(path.relative_to(base).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def closure(self, imports: Iterable[list[Any]]) -> tuple[set[Path], set[str]]:
        """Return the project's modules and the outside packages that `imports` lead to, transitively."""
        modules: set[Path] = set()
        outside: set[str] = set()
        queue = [name for found in imports for name in self.targets(found, "")]
        while queue:
            name = queue.pop()
            path, top = self.find_module(name), name.partition(".")[0]
            if top == PACKAGE.name:
                # The build answers for its own code (`build_version`), here and where it is merely installed.
                continue
            if path is None:
                # "from a.b import f" also asks for a module "a.b.f"; that there is none does not matter.
                if self.find_module(top) is None and not (self.project.src / top).is_dir():
                    outside.add(top)
                continue
            if path in modules:
                continue
            modules.add(path)
            # Importing a.b.c runs a/__init__.py and a/b/__init__.py first.
            queue += [name.rpartition(".")[0]] if "." in name else []
            own = self.module_name(path)
            package = own if path.name == "__init__.py" else own.rpartition(".")[0]
            queue += [target for found in self.imports(path) for target in self.targets(found, package)]
        return modules, outside

    def notebook_closure(self, step: str) -> tuple[set[Path], set[str]]:
        """Return the project's modules and the outside packages behind a notebook, its artefacts included."""
        if step not in self._closures:
            path = self.project.notebook(step)
            imports = self.notebook_code(path, self.project.relative(path))["imports"]
            modules, outside = self.closure(imports)
            outside |= {p for found in imports for name in found[2] for p in WRITTEN_WITH.get(name, ())}
            self._closures[step] = modules, outside
        return self._closures[step]

    def targets(self, found: list[Any], package: str) -> list[str]:
        """Return the absolute module names one import statement may load."""
        level, module, names = found
        if level:
            parents = package.split(".") if package else []
            parents = parents[: len(parents) - (level - 1)] if level > 1 else parents
            module = ".".join([*parents, *([module] if module else [])])
        if not module:
            return []
        return [module, *(f"{module}.{name}" for name in names if name != "*")]

    def package_files(self, modules: Iterable[Path]) -> list[Path]:
        """Return the files other than code that lie in the packages of `modules`: styles, fonts, tables."""
        folders = {path.parent for path in modules if (path.parent / "__init__.py").is_file()}
        found = []
        for folder in sorted(folders):
            for where, below, names in os.walk(folder):
                here = Path(where)
                # A package inside a package answers for its own files.
                below[:] = sorted(
                    b for b in below if b != "__pycache__" and not (here / b / "__init__.py").is_file()
                )
                found += [here / name for name in sorted(names) if not name.endswith((".py", ".pyc"))]
        return found


def read_code(path: Path) -> str:
    """Return a module's source in the encoding it declares."""
    import tokenize

    try:
        with tokenize.open(path) as stream:
            return stream.read()
    except (SyntaxError, UnicodeDecodeError) as error:
        raise PaperError(f"not Python source: {error}", where=str(path)) from None


def find_imports(source: str) -> list[list[Any]]:
    """Return every import in a piece of code, wherever it stands: ``[level, module, [names]]``.

    Covers ``import``, ``from … import``, ``importlib.import_module`` and ``__import__`` with literal names.
    Code that does not parse (magics) is searched line by line.

    >>> find_imports("def f():\\n    import importlib\\n    importlib.import_module('a.b')")
    [[0, 'importlib', []], [0, 'a.b', []]]
    """
    try:
        tree = parse_code(source)
    except (SyntaxError, ValueError):
        lines = [line.strip() for line in source.splitlines()]
        pieces = [line for line in lines if re.match(r"(import|from)\s", line) and _parses(line)]
        return [found for piece in pieces for found in find_imports(piece)]
    found: list[list[Any]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [[0, alias.name, []] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append([node.level, node.module or "", [alias.name for alias in node.names]])
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    bare = name.value.lstrip(".")
                    found.append([len(name.value) - len(bare), bare, []])
    return found


def _parses(line: str) -> bool:
    """Tell whether a line is Python by itself."""
    try:
        parse_code(line)
    except SyntaxError:
        return False
    return True


@dataclass(frozen=True)
class Distributions:
    """Installed distributions: which one an import name belongs to, and what each one requires."""

    versions: Mapping[str, str]
    owners: Mapping[str, list[str]]
    requires: Mapping[str, list[str]]

    def needed_by(self, import_names: Iterable[str]) -> dict[str, str]:
        """Return name and version of the distributions behind `import_names` and of all they require."""
        names = [name for name in import_names if name not in sys.stdlib_module_names]
        queue = [owner for name in names for owner in self.owners.get(name, [])]
        needed: dict[str, str] = {name: "not installed" for name in names if name not in self.owners}
        while queue:
            name = queue.pop()
            if name not in needed and name in self.versions:
                needed[name] = self.versions[name]
                queue += self.requires.get(name, [])
        return needed


def installed(cache: HashCache) -> Distributions:
    """Return what is installed, looked up again only when a package's folder comes, goes or is renamed."""
    listing = []
    for folder in dict.fromkeys(sys.path):
        try:
            names = [
                entry for entry in os.listdir(folder or ".") if entry.endswith((".dist-info", ".egg-info"))
            ]
        except OSError:
            continue
        listing += [f"{folder}/{name}" for name in sorted(names)]
    fact = cache.fact("distributions", sha256_json([sys.version, listing]), _look_up_distributions)
    return Distributions(fact["versions"], fact["owners"], fact["requires"])


def _look_up_distributions() -> dict[str, Any]:
    """Read the metadata of everything installed (slow: some 0.3 s)."""
    from importlib import metadata

    def canonical(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    versions: dict[str, str] = {}
    requires: dict[str, list[str]] = {}
    for distribution in metadata.distributions():
        # Not `.name`: of a distribution whose metadata name none, some readers raise.
        name = canonical(distribution.metadata.get("Name") or "")
        if not name or name in versions:
            continue
        versions[name] = distribution.version or "unknown"
        # Requirements of optional extras are no requirements of the code that is run.
        lines = [line for line in distribution.requires or [] if not re.search(r";.*\bextra\b", line)]
        # A line that begins with no name is no requirement; what wrote it is not ours to mend.
        found = (re.match(r"\s*([\w.-]+)", line) for line in lines)
        requires[name] = sorted({canonical(match.group(1)) for match in found if match})
    named = metadata.packages_distributions().items()
    owners = {package: sorted({canonical(name) for name in names if name}) for package, names in named}
    return {"versions": versions, "owners": owners, "requires": requires}


def register_entries(project: Project, cache: HashCache) -> dict[str, Any]:
    """Return the data register's entries by the path of their file (empty without a register)."""
    path = project.register_file
    if not path.is_file():
        return {}

    def compute() -> dict[str, Any]:
        from paperbuild.project import register

        return {
            entry.path: {
                "digest": sha256_json(_without_bookkeeping(entry.raw))[:12],
                "name": entry.name,
                "references": sorted({key.resource for key in entry.foreign_keys if key.resource}),
            }
            for entry in register.read(project.root).resources.values()
        }

    return cache.fact("register", cache.file(path), compute)


def _without_bookkeeping(value: Any) -> Any:
    """Return a register entry without the fields that do not bear on results, at any depth."""
    if isinstance(value, dict):
        return {key: _without_bookkeeping(item) for key, item in value.items() if key not in BOOKKEEPING}
    return [_without_bookkeeping(item) for item in value] if isinstance(value, list) else value


def declared_files(
    project: Project, step: str, entries: Mapping[str, Any], named: Sequence[str] = ()
) -> dict[Path, str]:
    """Return the files a notebook may read: its tables, those their keys refer to, and other declared files.

    The value names what kind of input each is (``data`` or ``file``). `named` are files that parameters name.

    Raises
    ------
    PaperError, Findings
        For every declared file that does not exist.
    """
    settings = project.settings.notebooks[step]
    shown = project.relative(project.parameters_file)
    by_name = {entry["name"]: project.data / path for path, entry in entries.items()}
    files: dict[Path, str] = {}
    findings = []
    if settings.reads_all:
        # Such a notebook is about the register itself, so all of the register counts.
        listed = sorted(project.data.rglob("*"))
        files = {path: "data" for path in listed if path.suffix in (".csv", ".json", ".geojson")}
    for table in settings.tables:
        path = project.data_file(table)
        if not path.is_file():
            line = line_of(project.parameters_file.read_text(encoding="utf-8"), "notebooks", step, "data")
            known = [
                p.relative_to(project.data).with_suffix("").as_posix() for p in project.data.rglob("*.csv")
            ]
            missing = project.relative(path)
            findings.append(
                PaperError(
                    f"{step} declares {table!r}, but there is no {missing}{suggestion(table, known)}",
                    where=f"{shown}:{line}",
                    expected="a file in data/",
                    remedy=f"correct the name, or bring the file back: git checkout -- {missing}",
                )
            )
            continue
        files[path] = "data"
        entry = entries.get(path.relative_to(project.data).as_posix(), {})
        files |= {by_name[name]: "data" for name in entry.get("references", []) if name in by_name}
    for name in named:
        path = project.root / name
        if not path.is_file() or ".." in Path(name).parts or Path(name).is_absolute():
            message = f"a parameter of {step} names {name!r}, which is no file of the project"
            findings.append(PaperError(message, expected="a file, as a path from the project root"))
            continue
        files[path] = "file"
    for name in settings.files or ():
        path = project.root / name
        if not path.is_file():
            line = line_of(project.parameters_file.read_text(encoding="utf-8"), "notebooks", step, "files")
            findings.append(
                PaperError(f"{step} declares {name!r}, which does not exist", where=f"{shown}:{line}")
            )
            continue
        files[path] = "file"
    raise_all(findings)
    return files


@dataclass(frozen=True)
class StepInputs:
    """All a notebook depends on, and the lists its kernel needs.

    Attributes
    ----------
    inputs : dict of str to str
        Readable key to hash or version (see the module's description).
    readable : tuple of Path
        Data files the kernel may open.
    modules : tuple of Path
        The project's modules the kernel may import, with files of their packages.
    """

    inputs: Inputs
    readable: tuple[Path, ...]
    modules: tuple[Path, ...]

    @property
    def fingerprint(self) -> str:
        """The hash of all inputs."""
        return fingerprint(self.inputs)


def notebook_inputs(
    scanner: Scanner,
    step: str,
    parameters: Mapping[str, Any],
    results: Mapping[str, str],
    packages: Distributions,
    entries: Mapping[str, Any],
    named: Sequence[str],
) -> StepInputs:
    """Collect what notebook `step` depends on.

    Parameters
    ----------
    scanner : Scanner
        Hashes files and follows imports.
    step : str
        Name of the notebook.
    parameters : mapping
        Values that differ from the defaults (the defaults are code).
    results : mapping of str to str
        Hash of the recorded numbers of each notebook it reads.
    packages : Distributions
        What is installed.
    entries : mapping
        The data register (`register_entries`).
    named : sequence of str
        Files that its parameters name.
    """
    project = scanner.project
    path = project.notebook(step)
    code = scanner.notebook_code(path, project.relative(path))
    modules, outside = scanner.notebook_closure(step)
    beside = scanner.package_files(modules)
    files = declared_files(project, step, entries, named)
    inputs: Inputs = {
        "build": scanner.build_version(),
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "surroundings": surroundings.present().key,
        f"code {project.relative(path)}": code["code"][:12],
    }
    inputs |= {
        f"parameter {name}": json.dumps(value, ensure_ascii=False) for name, value in parameters.items()
    }
    for file, kind in files.items():
        shown = project.relative(file)
        inputs[f"{kind} {shown}"] = scanner.file(file)[:16]
        entry = (
            entries.get(file.relative_to(project.data).as_posix())
            if file.is_relative_to(project.data)
            else None
        )
        if entry:
            inputs[f"register entry of {shown}"] = entry["digest"]
    inputs |= {f"numbers of {name}": digest[:16] for name, digest in results.items()}
    inputs |= {f"module {project.relative(module)}": scanner.code(module)[:12] for module in modules}
    inputs |= {f"module file {project.relative(file)}": scanner.file(file)[:12] for file in beside}
    inputs |= {f"package {name}": version for name, version in packages.needed_by(outside).items()}
    inputs = {key: inputs[key] for key in sorted(inputs)}
    readable = [*files, *([project.register_file] if project.register_file.is_file() else [])]
    return StepInputs(inputs, tuple(readable), tuple(sorted({*modules, *beside})))


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Say in words what changed between two sets of inputs, each as ``KIND NAME changed: old → new``."""
    lines = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if before is None:
            lines.append(f"{key} is new: {shorten(after)}")
        elif after is None:
            lines.append(f"{key} is gone: {shorten(before)}")
        else:
            lines.append(f"{key} changed: {shorten(before)} → {shorten(after)}")
    return lines


def shorten(value: str | None) -> str:
    """Return a hash cut to eight digits; versions and parameter values stay as they are."""
    text = value or ""
    return text[:8] if re.fullmatch(r"[0-9a-f]{12,64}", text) else text
