"""What code depends on: modules and packages it imports, what is installed, and the tool's own code."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import is_leftover
from paperbuild.ground.hashing import HashCache, sha256_bytes, sha256_json
from paperbuild.ground.memo import once
from paperbuild.ground.own import PACKAGE, PACKAGES
from paperbuild.kernel.kinds import KINDS
from paperbuild.project.layout import Project
from paperbuild.project.notebook import code_digest_text, parse_code, read_notebook

# Tags that decide whether and how a cell runs.
EXECUTION_TAGS = frozenset({"parameters", "raises-exception", "skip-execution"})


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
    _loaded: dict[str, tuple[set[Path], set[str]]] = field(default_factory=dict)
    _direct: dict[Path, tuple[set[Path], set[str]]] = field(default_factory=dict)
    _closures: dict[str, tuple[set[Path], set[str]]] = field(default_factory=dict)
    _codes: dict[Path, str] = field(default_factory=dict)
    _beside: dict[Path, list[Path]] = field(default_factory=dict)
    _tops: dict[str, list[Path]] = field(default_factory=dict)

    def refresh(self) -> None:
        """Forget which modules were found and what they hold, because files may have changed since."""
        self._found, self._loaded, self._direct, self._closures = {}, {}, {}, {}
        self._codes, self._beside, self._tops = {}, {}, {}

    def file(self, path: Path) -> str:
        """Return a file's hash, or raise a finding that names it."""
        try:
            return self.cache.file(path)
        except OSError as error:
            raise PaperError(f"cannot read: {error.strerror}", where=self.project.relative(path)) from None

    def code(self, path: Path) -> str:
        """Return the hash of a module's meaning: its syntax tree, so neither comments nor formatting."""

        def compute() -> str:
            return sha256_bytes(code_digest_text(read_code(path)).encode())

        return once(self._codes, path, lambda: self.cache.fact("code", self.file(path), compute))

    def imports(self, path: Path) -> list[list[Any]]:
        """Return the imports a module contains anywhere, as ``[level, module, [names]]``."""
        return self.cache.fact("imports", self.file(path), lambda: find_imports(read_code(path)))

    def notebook_code(self, path: Path, shown: str) -> dict[str, Any]:
        """Return the code hash and the imports of a notebook's code cells."""

        def compute() -> dict[str, Any]:
            cells = read_notebook(path, shown).cells
            parts = [
                [
                    cell.source.startswith("%%"),
                    sorted(EXECUTION_TAGS & set(cell.tags)),
                    code_digest_text(cell.source),
                ]
                for cell in cells
            ]
            imports = [found for cell in cells for found in find_imports(cell.source)]
            unique = [json.loads(text) for text in dict.fromkeys(json.dumps(found) for found in imports)]
            return {"code": sha256_json(parts), "imports": unique}

        return self.cache.fact("notebook", self.file(path), compute)

    def find_module(self, name: str) -> Path | None:
        """Return the project's file for a dotted module name, or None if it is not the project's own."""
        return once(self._found, name, lambda: self._look_for(name))

    def _look_for(self, name: str) -> Path | None:
        """Search ``src/`` and the project root, in the order in which Python does."""
        above, _, _ = name.rpartition(".")
        package = self.find_module(above) if above else None
        if package and package.name != "__init__.py":
            # Of the names that are imported from a module none is a module itself.
            return None
        found = (_module_file(base, name) for base in self._holding(name.partition(".")[0]))
        return next(filter(None, found), None)

    def _holding(self, top: str) -> list[Path]:
        """Return which of ``src/`` and the project root hold a module or a folder of this name, in the order
        in which Python searches them; looked for once until `refresh`.

        Most names are of installed packages, with nothing here to look into.
        """

        def compute() -> list[Path]:
            places = ((base, os.path.join(base, top)) for base in (self.project.src, self.project.root))
            return [base for base, place in places if os.path.isdir(place) or os.path.isfile(f"{place}.py")]

        return once(self._tops, top, compute)

    def module_name(self, path: Path) -> str:
        """Return the dotted name of one of the project's modules."""
        base = self.project.src if path.is_relative_to(self.project.src) else self.project.root
        parts = list(path.relative_to(base).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def closure(self, imports: Iterable[list[Any]]) -> tuple[set[Path], set[str]]:
        """Return the project's modules and the outside packages that `imports` lead to, transitively."""
        modules: set[Path] = set()
        outside: set[str] = set()
        queue = [self._led_to(name for found in imports for name in self.targets(found, ""))]
        while queue:
            direct, packages = queue.pop()
            queue += [self._imported_by(path) for path in direct - modules]
            modules |= direct
            outside |= packages
        return modules, outside

    def _imported_by(self, path: Path) -> tuple[set[Path], set[str]]:
        """Return the project's modules and the outside packages that one of its modules imports itself."""

        def compute() -> tuple[set[Path], set[str]]:
            own = self.module_name(path)
            package = own if path.name == "__init__.py" else own.rpartition(".")[0]
            names = (target for found in self.imports(path) for target in self.targets(found, package))
            return self._led_to(names)

        return once(self._direct, path, compute)

    def _led_to(self, names: Iterable[str]) -> tuple[set[Path], set[str]]:
        """Return the project's modules and the outside packages that importing these names loads first."""
        modules: set[Path] = set()
        outside: set[str] = set()
        for name in names:
            own, packages = self._loads(name)
            modules |= own
            outside |= packages
        return modules, outside

    def _loads(self, name: str) -> tuple[set[Path], set[str]]:
        """Return the project's modules and the outside packages that importing a dotted name loads first."""

        def compute() -> tuple[set[Path], set[str]]:
            above, _, _ = name.rpartition(".")
            top = name.partition(".")[0]
            if top in PACKAGES:
                # The tool's own code is each step's to name (`own_code`), wherever the tool lies. Of what it
                # stands on, a notebook's results hang on what its tables are read into.
                return set(), {"pandas"} if top == "dataregister" else set()
            if path := self.find_module(name):
                # Importing a.b.c runs a/__init__.py and a/b/__init__.py first.
                modules, outside = self._loads(above) if above else (set(), set())
                return {path, *modules}, outside
            # "from a.b import f" also asks for a module "a.b.f"; that there is none does not matter.
            return set(), {top} if self._is_outside(top) else set()

        return once(self._loaded, name, compute)

    def _is_outside(self, top: str) -> bool:
        """Tell whether the project has neither a module nor a folder of modules of this name."""
        if not self._holding(top):
            return True
        return self.find_module(top) is None and not os.path.isdir(os.path.join(self.project.src, top))

    def notebook_closure(self, step: str) -> tuple[set[Path], set[str]]:
        """Return the project's modules and the outside packages behind a notebook, its artefacts included."""

        def compute() -> tuple[set[Path], set[str]]:
            path = self.project.notebook(step)
            imports = self.notebook_code(path, self.project.relative(path))["imports"]
            modules, outside = self.closure(imports)
            handed = [KINDS[name] for found in imports for name in found[2] if name in KINDS]
            return modules, outside | {package for kind in handed for package in kind.written_with}

        return once(self._closures, step, compute)

    def own_code(self, entries: Iterable[str]) -> dict[str, str]:
        """Return the tool's own modules that `entries`, modules of it, lead to: inputs by readable key.

        Whatever a result passes through counts, wherever it is imported. What the entries merely are called
        by does not: a command that draws the steps changes none of them. Nor do the packages above a module:
        the tool's are empty, but for the door of notebooks, which looks its names up when it is asked.
        """
        wanted = tuple(entries)
        # What the cache remembers, it remembers for one state of this code.
        return dict(self.cache.fact("own code", " ".join(wanted), lambda: self._own_closure(wanted)))

    def _own_closure(self, entries: tuple[str, ...]) -> dict[str, str]:
        """Follow the imports of the tool's own modules."""
        found: dict[Path, str] = {}
        asked: set[str] = set()
        queue = list(entries)
        while queue:
            name = queue.pop()
            if name in asked:
                continue
            asked.add(name)
            path = _own_file(name)
            if path is None or path in found:
                continue
            found[path] = self.code(path)[:12]
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            queue += [target for one in self.imports(path) for target in self.targets(one, package)]
        return {
            f"module {path.relative_to(PACKAGE.parent).as_posix()}": found[path] for path in sorted(found)
        }

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
        """Return the files other than code that lie in the packages of `modules`: styles, fonts, tables.

        What editors leave beside them is none: a kernel may not read it, and saving a file reruns nothing.
        """
        return [
            file for folder in sorted({path.parent for path in modules}) for file in self._files_of(folder)
        ]

    def _files_of(self, package: Path) -> list[Path]:
        """Return the files other than code of one package; none where the folder is no package."""

        def compute() -> list[Path]:
            found: list[Path] = []
            for where, below, names in os.walk(package) if (package / "__init__.py").is_file() else ():
                here = Path(where)
                # A package inside a package answers for its own files.
                below[:] = sorted(
                    b for b in below if not is_leftover(b) and not (here / b / "__init__.py").is_file()
                )
                kept = (name for name in sorted(names) if not name.endswith(".py") and not is_leftover(name))
                found += [here / name for name in kept]
            return found

        return once(self._beside, package, compute)


def _own_file(name: str) -> Path | None:
    """Return the file of one of the tool's own modules; None for any other name."""
    return _module_file(PACKAGE.parent, name) if name.partition(".")[0] in PACKAGES else None


def _module_file(base: Path, name: str) -> Path | None:
    """Return the file below `base` of a dotted module name; None where there is none.

    Asked for some thousand names in every build, so that paths are texts here.
    """
    stem = os.path.join(base, *name.split("."))
    places = (os.path.join(stem, "__init__.py"), f"{stem}.py")
    return next((Path(place) for place in places if os.path.isfile(place)), None)


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
            if called in ("import_module", "__import__"):
                found += _imported_by_call(node)
    return found


def _imported_by_call(call: ast.Call) -> list[list[Any]]:
    """Return what ``import_module(name, package)`` imports, by place or by keyword; nothing where computed.

    >>> _imported_by_call(ast.parse("import_module('.b', package='toy')", mode="eval").body)
    [[0, 'toy.b', []]]
    """
    given = dict(zip(("name", "package"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    name, package = (_literal_text(given.get(key)) for key in ("name", "package"))
    if name is None:
        return []
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if not level or package is None:
        # A package that is computed is the module's own: anything else nobody could follow.
        return [[level, bare, []]]
    parents = package.split(".")
    kept = parents[: len(parents) - level + 1]
    return [[0, ".".join([*kept, *([bare] if bare else [])]), []]]


def _literal_text(node: ast.expr | None) -> str | None:
    """Return a text that stands in code as it is, else None."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


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
    _behind: dict[str, dict[str, str]] = field(default_factory=dict, repr=False, compare=False)

    def needed_by(self, import_names: Iterable[str]) -> dict[str, str]:
        """Return name and version of the distributions behind `import_names` and of all they require."""
        names = [name for name in import_names if name not in sys.stdlib_module_names]
        needed: dict[str, str] = {name: "not installed" for name in names if name not in self.owners}
        for owner in {owner for name in names for owner in self.owners.get(name, [])}:
            needed |= self._closure(owner)
        return needed

    def _closure(self, owner: str) -> dict[str, str]:
        """Return name and version of a distribution and of all that it requires; looked for once."""

        def compute() -> dict[str, str]:
            needed: dict[str, str] = {}
            queue = [owner]
            while queue:
                name = queue.pop()
                if name not in needed and name in self.versions:
                    needed[name] = self.versions[name]
                    queue += self.requires.get(name, [])
            return needed

        return once(self._behind, owner, compute)


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


def _told(distribution: Any, field: str) -> str:
    """Return a field of a distribution's metadata; where they lack it, its own attributes would raise."""
    try:
        return str(distribution.metadata[field] or "")
    except KeyError:
        return ""


def _look_up_distributions() -> dict[str, Any]:
    """Read the metadata of everything installed (slow: some 0.3 s)."""
    from importlib import metadata

    def canonical(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    versions: dict[str, str] = {}
    requires: dict[str, list[str]] = {}
    owners: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        name = canonical(_told(distribution, "Name") or "")
        if not name or name in versions:
            continue
        versions[name] = _told(distribution, "Version") or "unknown"
        # Requirements of optional extras are no requirements of the code that is run.
        lines = [line for line in distribution.requires or [] if not re.search(r";.*\bextra\b", line)]
        # A line that begins with no name is no requirement; what wrote it is not ours to mend.
        found = (re.match(r"\s*([\w.-]+)", line) for line in lines)
        requires[name] = sorted({canonical(match.group(1)) for match in found if match})
        for package in _packages(distribution):
            owners.setdefault(package, set()).add(name)
    return {
        "versions": versions,
        "owners": {package: sorted(names) for package, names in owners.items()},
        "requires": requires,
    }


def _packages(distribution: Any) -> set[str]:
    """Return the names under which a distribution is imported (as `importlib.metadata.packages_distributions`
    has them, which gives up over one distribution without a name).
    """
    if declared := distribution.read_text("top_level.txt"):
        return set(declared.split())
    tops = {file.parts[0] if len(file.parts) > 1 else file.stem for file in distribution.files or []}
    return {name for name in tops if name.isidentifier()}
