"""The project on disk: where inputs lie, where outputs go, what the settings and the revision are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from paperbuild.ground.bytecode import MARK
from paperbuild.ground.errors import UsageError, suggestion
from paperbuild.ground.files import is_leftover

if TYPE_CHECKING:
    from paperbuild.project.revision import Revision
    from paperbuild.project.settings import Settings

STEP_NAME = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")

# An edition of the article in a further language: its text beside the article's, named by the language.
_EDITION = re.compile(r"(?P<stem>.+)\.(?P<language>[a-z]{2,3}(?:-[A-Za-z0-9]+)*)\.qmd")

# Names from the project root, as messages show them; each is spelt here and nowhere else.
ARTICLE = "paper.qmd"
REFERENCES = "references.bib"
QUARTO_PROJECT = "_quarto.yml"
QUARTO_EXTENSIONS = "_extensions"
CITATION = "CITATION.cff"
DISTRIBUTION = "pyproject.toml"
README = "README.md"
LICENCES = "LICENSE-data"
LOCK = "requirements.lock"
ANALYSIS = "analysis"
SCALE = "analysis/scale.py"
PARAMETERS = MARK
TOLERANCES = f"{ANALYSIS}/tolerances.yml"
DATA = "data"
REGISTER = f"{DATA}/datapackage.json"
SOURCES = "src"
FIGURES = "figures"
TABLES = "tables"
TEXTS = "text"
MANIFEST = f"{FIGURES}/manifest.json"
PHRASES = f"{ANALYSIS}/phrases.{{language}}.yml"
BUILD = "build"
RESULTS = f"{BUILD}/results"
NUMBERS = f"{RESULTS}/numbers.yml"
EXECUTED = f"{BUILD}/notebooks"
OUTPUT = "_output"

# What the article is computed from; a change elsewhere (README, tests) does not make its revision "changed".
INPUT_PATHS = (
    ARTICLE,
    ARTICLE.replace(".", ".*."),
    REFERENCES,
    REFERENCES.replace(".", ".*."),
    QUARTO_PROJECT,
    QUARTO_EXTENSIONS,
    ANALYSIS,
    DATA,
    SOURCES,
    "tool",
    LOCK,
)


def below(path: Path | str, folder: Path) -> str | None:
    """Return a path from `folder`, with forward slashes; None where it lies elsewhere.

    Asked for a thousand files in every build, so that paths are texts here.
    """
    text, start = str(path), str(folder)
    if text == start:
        return "."
    start = start if start.endswith(os.sep) else start + os.sep
    return text[len(start) :].replace(os.sep, "/") if text.startswith(start) else None


def is_generated(path: str) -> bool:
    """Tell whether the build writes the file at this path from the root: what it holds are results."""
    return path.startswith((f"{FIGURES}/", f"{TABLES}/", f"{BUILD}/"))


def edition(language: str) -> str:
    """Return the text of the article's edition in a language; the article itself for none.

    >>> edition("ru"), edition("")
    ('paper.ru.qmd', 'paper.qmd')
    """
    return Path(ARTICLE).with_suffix(f".{language}.qmd").name if language else ARTICLE


def language_of(article: str) -> str:
    """Return the language of an edition by the name of its text; empty for the article itself.

    >>> language_of("paper.ru.qmd"), language_of("paper.qmd")
    ('ru', '')
    """
    found = _EDITION.fullmatch(article)
    return found["language"] if found and found["stem"] == Path(ARTICLE).stem else ""


def numbers_file(language: str = "") -> str:
    """Return the metadata file of an edition's numbers, from the render root."""
    return f"{RESULTS}/numbers.{language}.yml" if language else NUMBERS


@dataclass(frozen=True)
class Project:
    """A project folder seen as the article itself or as one of its scenarios.

    A scenario's render root, ``build/scenarios/NAME``, repeats the project's layout, so that whatever
    typesets the article typesets a scenario without knowing that there are any.
    """

    root: Path
    scenario: str | None = None

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project that holds `start` (default: the working directory), looking upward.

        Raises
        ------
        UsageError
            If neither `start` nor any folder above it is a project.
        """
        first = Path(start or Path.cwd()).resolve()
        for folder in (first, *first.parents):
            if (folder / PARAMETERS).is_file():
                return cls(folder)
        raise UsageError(
            "no project here",
            where=str(first),
            expected=f"a folder that holds {PARAMETERS}, here or above",
            remedy="cd into the project or name it: paper --project DIR …",
        )

    def with_scenario(self, name: str | None) -> Project:
        """Return the same project seen as scenario `name`, which ``parameters.yml`` must declare."""
        if name in (None, "baseline"):
            return replace(self, scenario=None)
        known = self.settings.scenarios
        if name not in known:
            raise UsageError(
                f"no scenario {name!r}{suggestion(name, known)}",
                where=self.relative(self.parameters_file),
                expected=", ".join(["baseline", *sorted(known)]),
                remedy="declare it under scenarios: or choose one of these",
            )
        return replace(self, scenario=name)

    @property
    def article(self) -> Path:
        """The article's source."""
        return self.root / ARTICLE

    @cached_property
    def editions(self) -> tuple[str, ...]:
        """Languages of the further editions of the article, whose texts lie beside it."""
        found = (language_of(path.name) for path in self.root.glob("*.qmd"))
        return tuple(sorted(filter(None, found)))

    @property
    def all_editions(self) -> tuple[str, ...]:
        """The article itself, under no name, and the languages of its further editions."""
        return ("", *self.editions)

    def phrases_file(self, language: str) -> Path:
        """Return the file that says what the study's words are in the language of an edition."""
        return self.root / PHRASES.format(language=language)

    @cached_property
    def phrased(self) -> tuple[str, ...]:
        """Languages in which something says what the study's words are."""
        before, after = PHRASES.split("{language}")
        files = self.root.glob(f"{before}*{after}")
        return tuple(sorted(path.name[len(Path(before).name) : -len(after)] for path in files))

    @property
    def analysis(self) -> Path:
        """The folder of notebooks."""
        return self.root / ANALYSIS

    @cached_property
    def data(self) -> Path:
        """The folder of tables."""
        return self.root / DATA

    @cached_property
    def src(self) -> Path:
        """The folder of the project's own modules."""
        return self.root / SOURCES

    @cached_property
    def parameters_file(self) -> Path:
        """Declarations of data, results, constraints and scenarios."""
        return self.root / PARAMETERS

    @property
    def register_file(self) -> Path:
        """The data register."""
        return self.root / REGISTER

    @cached_property
    def build(self) -> Path:
        """Everything the build keeps for itself."""
        return self.root / BUILD

    @cached_property
    def store(self) -> Path:
        """Results by fingerprint."""
        return self.build / "store"

    @property
    def log(self) -> Path:
        """Kept notebooks of failed steps."""
        return self.build / "log"

    @property
    def staging(self) -> Path:
        """Where outputs grow before they are moved into place whole."""
        return self.build / "staging"

    @property
    def lock(self) -> Path:
        """The lock of a running build."""
        return self.build / "lock"

    @property
    def differs(self) -> Path:
        """What this machine made otherwise than the reference that stays."""
        return self.build / "differs"

    @property
    def differs_report(self) -> Path:
        """How far that lies from the reference, in words."""
        return self.differs / "report.txt"

    @cached_property
    def render_root(self) -> Path:
        """The folder the typesetter works in."""
        return self.build / "scenarios" / self.scenario if self.scenario else self.root

    @property
    def state(self) -> Path:
        """What the last build of this variant was made from (explains, never decides)."""
        return self.render_root / BUILD / "state.json"

    @property
    def figures(self) -> Path:
        """Published figures."""
        return self.render_root / FIGURES

    @property
    def tables(self) -> Path:
        """Published tables."""
        return self.render_root / TABLES

    @property
    def texts(self) -> Path:
        """Texts of the typeset documents, committed as the reference."""
        return self.render_root / TEXTS

    @cached_property
    def results(self) -> Path:
        """Recorded results, one JSON file a notebook, and ``numbers.yml``."""
        return self.render_root / RESULTS

    @property
    def numbers(self) -> Path:
        """The metadata file the article's numbers come from."""
        return self.numbers_of("")

    def numbers_of(self, language: str) -> Path:
        """Return the metadata file that the numbers of an edition come from."""
        return self.render_root / numbers_file(language)

    @cached_property
    def notebooks(self) -> Path:
        """Executed notebooks."""
        return self.render_root / EXECUTED

    @property
    def manifest(self) -> Path:
        """The list of committed outputs."""
        return self.render_root / MANIFEST

    @property
    def output(self) -> Path:
        """The typeset article."""
        base = self.root / OUTPUT
        return base / "scenarios" / self.scenario if self.scenario else base

    def notebook(self, step: str) -> Path:
        """Return the source notebook of `step`."""
        return self.analysis / f"{step}.ipynb"

    def data_file(self, table: str) -> Path:
        """Return the file of a declared table: a bare name is a CSV file, a path stays as it is."""
        return self.data / (table if Path(table).suffix else f"{table}.csv")

    def setting(self, *keys: str) -> str:
        """Return the place in ``analysis/parameters.yml`` that these keys lead to, as findings show it."""
        from paperbuild.ground.located import line_of, read_text

        return f"{PARAMETERS}:{line_of(read_text(self.parameters_file, PARAMETERS), *keys)}"

    def relative(self, path: Path) -> str:
        """Return `path` as messages show it: from the project root, with forward slashes."""
        shown = below(path, self.root)
        return str(path) if shown is None else shown

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Names of the notebooks that this variant runs, in reading order."""
        others = (one for name, one in self.settings.scenarios.items() if name != self.scenario)
        left_out = {step for one in others for step in one.only or ()}
        own = self.settings.scenarios[self.scenario].only if self.scenario else None
        return tuple(step for step in self.all_steps if step not in left_out or step in (own or ()))

    @cached_property
    def all_steps(self) -> tuple[str, ...]:
        """Names of all notebooks, whatever variant runs them."""
        return tuple(sorted(p.stem for p in self.analysis.glob("*.ipynb") if STEP_NAME.fullmatch(p.stem)))

    @property
    def strays(self) -> tuple[Path, ...]:
        """Notebooks below the folder of notebooks that are no steps: named otherwise, or in a folder."""
        found = (path for path in self.analysis.rglob("*.ipynb") if path.is_file())
        inner = {path: path.relative_to(self.analysis) for path in found}
        own = (path for path, below in inner.items() if not any(map(is_leftover, below.parts)))
        return tuple(
            sorted(path for path in own if inner[path].with_suffix("").as_posix() not in self.all_steps)
        )

    @cached_property
    def settings(self) -> Settings:
        """The validated ``analysis/parameters.yml``."""
        from paperbuild.project.settings import read_settings

        path = self.parameters_file
        return read_settings(path, self.relative(path), self.build / "parameters.json", self.all_steps)

    @cached_property
    def revision(self) -> Revision:
        """The commit and the date that go into the outputs."""
        return self.ask_revision()()

    def ask_revision(self) -> Callable[[], Revision]:
        """Begin to ask git for the revision; return what waits for the answer."""
        from paperbuild.project.revision import ask_revision

        return ask_revision(self.root, INPUT_PATHS, PARAMETERS)
