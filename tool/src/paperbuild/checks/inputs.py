"""Rules for what the project is built from: data, parameters, texts, Quarto extension."""

from collections.abc import Iterable

from paperbuild.article import extension, quarto_settings
from paperbuild.checks.licences import licence_findings
from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import HashCache
from paperbuild.ground.lock import installed_version, lock_differences
from paperbuild.project import parameters, register
from paperbuild.project.layout import LOCK, QUARTO_PROJECT, TOLERANCES
from paperbuild.project.tolerances import read_tolerances
from paperbuild.project.workspace import own_version


def parameter_findings(subject: Subject) -> Iterable[PaperError]:
    """Parameters cells and `analysis/parameters.yml`: what a build would refuse before running anything."""
    _ = subject.project.settings  # first: while it is wrong, every notebook would say so
    parameters.all_checked(subject.project)
    return ()


def tolerance_findings(subject: Subject) -> Iterable[PaperError]:
    """Declared tolerances that a verification would refuse."""
    read_tolerances(subject.project.root)
    return ()


def extension_findings(subject: Subject) -> Iterable[PaperError]:
    """Files of the project's copy of the Quarto extension that are not those of the build."""
    root = subject.project.root
    if not subject.has(QUARTO_PROJECT):
        return
    for shown in extension.differing(root):
        yield PaperError(
            "missing" if not subject.has(shown) else "not the file that comes with paperbuild",
            where=shown,
            expected="the Quarto extension of the installed paperbuild",
            remedy="python -m paperbuild.article.extension",
        )


def setting_findings(subject: Subject) -> Iterable[PaperError]:
    """Settings of `_quarto.yml` that one typesetter would obey and the other pass over."""
    quarto_settings.read(subject.project.root)
    return ()


def table_findings(subject: Subject) -> Iterable[PaperError]:
    """Cells of tables that their schema or their checks do not allow."""
    # Beside the build's own memory, which forgets what a build does not ask.
    cache = HashCache(subject.project.build / "checked.json", own_version)
    found = register.table_findings(subject.project.root, cache)
    cache.save()
    return found


def package_findings(subject: Subject) -> Iterable[PaperError]:
    """Installed packages that are not those of the lock."""
    for difference in lock_differences(subject.lock, installed_version):
        yield PaperError(
            f"another version is installed: {difference}",
            where=LOCK,
            expected="the versions of the lock, which make the article's bytes",
            remedy="make paper installs them, or make lock writes another lock",
        )


RULES = (
    Rule(
        "register",
        "data without publisher, licence, unit or hash cannot be trusted, nor a changed file be noticed",
        "data/ and its register datapackage.json",
        lambda subject: register.findings(subject.project.root),
    ),
    Rule(
        "tables",
        "a wrong digit that stays within bounds, or a row that is gone, is found in no cell by itself",
        "the cells of data/, by the schemas and checks of the register",
        table_findings,
    ),
    Rule(
        "licences",
        "two statements of one fact drift apart, and a reader who trusts the wrong one breaks a law",
        "LICENSE-data and the licences of the register",
        licence_findings,
    ),
    Rule(
        "parameters",
        "a misspelt or unlimited parameter would fail late, or not at all",
        "parameters cells and analysis/parameters.yml",
        parameter_findings,
    ),
    Rule(
        "quarto-settings",
        "a setting that one typesetter obeys and the other passes over makes two articles of one",
        "_quarto.yml",
        setting_findings,
    ),
    Rule(
        "locked-packages",
        "what was computed with other packages than those of the lock need not be what others compute",
        f"{LOCK} and what is installed",
        package_findings,
        note=True,
    ),
    Rule(
        "tolerances",
        "a tolerance that is misspelt holds for nothing, and one without a reason for too much",
        TOLERANCES,
        tolerance_findings,
    ),
    Rule(
        "texts",
        "a text that cannot be read is not in the article",
        "the article, its front matter and all it includes",
        lambda subject: subject.article.problems,
    ),
    Rule(
        "quarto-extension",
        "with another copy of the extension Quarto would set another text than the build",
        "_extensions/paperbuild, where the project is one of Quarto's",
        extension_findings,
    ),
)
