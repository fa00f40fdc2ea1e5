"""Rules for what the build made: the manifest, bound numbers, figures and tables, findings of notebooks."""

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from paperbuild.article import languages
from paperbuild.article.bound import expression_names
from paperbuild.article.manuscript import Manuscript
from paperbuild.article.text import Article
from paperbuild.checks.rule import Rule, Subject
from paperbuild.checks.words import all_bound, plain_texts, printed_in
from paperbuild.ground.errors import PaperError
from paperbuild.project.layout import FIGURES, MANIFEST, TABLES
from paperbuild.project.manifest import Manifest
from paperbuild.project.reading import Reading

_NUMBER_NAME = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)+")


def reported_findings(manifest: Manifest) -> list[PaperError]:
    """What the notebooks themselves found to be wrong in the last build."""
    return [
        PaperError(
            found["message"],
            where=f"analysis/{found['notebook']}.ipynb, cell {found['cell']}",
            expected="a build without findings",
            remedy="correct what it names, then: paper build",
        )
        for found in manifest.findings
    ]


def meta_findings(
    texts: Iterable[Manuscript], manifest: Manifest, other: Mapping[str, Any]
) -> list[PaperError]:
    """Bound keys that no notebook records and no metadata holds."""
    forms = languages.root_names()
    recorded = set(manifest.numbers)
    found = []
    for text in texts:
        for use in text.metas:
            head, _, name = use.name.partition(".")
            if name in recorded if head in forms else _resolves(use.name, other):
                continue
            close = difflib.get_close_matches(name, recorded, n=1) if head in forms else []
            found.append(
                PaperError(
                    f"nothing is recorded as {use.name}",
                    where=f"{text.path}:{use.line}",
                    expected=f"perhaps {head}.{close[0]}" if close else "a number that a notebook records",
                    remedy="correct the name, or record it with number(…) and run: paper build",
                )
            )
    return found


def _resolves(key: str, tree: Any) -> bool:
    for part in key.split("."):
        if not isinstance(tree, Mapping) or part not in tree:
            # Written by each build, so unknown in a fresh clone.
            return key.split(".")[0] in ("build", "provenance") and "build" not in tree
        tree = tree[part]
    return True


def artefact_findings(
    reading: Reading, article: Article, manifest: Manifest, editions: Sequence[Article] = ()
) -> list[PaperError]:
    """Pictures and tables that no notebook produces, products that no text uses, strays on disk."""
    found = []
    produced = {output["path"]: output for output in manifest.outputs}
    stems = {path.rsplit(".", 1)[0] for path in produced}
    shown: set[str] = set()
    places: list[tuple[str, str]] = []
    for text in (article, *editions):
        places += [(one.name, one.where) for one in text.pictured]
        places += [(one.name, one.where) for one in text.included if one.name.startswith(f"{TABLES}/")]
    for target, where in places:
        stem = re.sub(r"\.(svg|png|pdf|md|csv)$", "", target.lstrip("/"))
        shown.add(stem)
        if stem.startswith((f"{FIGURES}/", f"{TABLES}/")) and stem not in stems:
            found.append(
                PaperError(
                    f"no notebook produces {stem}",
                    where=where,
                    expected=f"an artefact listed in {MANIFEST}",
                    remedy="correct the name, or produce it with figure(…) or table(…)",
                )
            )
    for stem, output in sorted({path.rsplit(".", 1)[0]: output for path, output in produced.items()}.items()):
        if stem not in shown:
            found.append(
                PaperError(
                    f"{output['notebook']} produces {stem}, which the article does not show",
                    where=f"analysis/{output['notebook']}.ipynb",
                    expected="each figure and table has its place in the article",
                    remedy=f"show it, or remove the cell {output['cell']}",
                )
            )
    for name in reading.made:
        if name not in produced and name != MANIFEST:
            expected, remedy = "generated files only", f"git rm {name}, then paper build"
            found.append(
                PaperError("no notebook produces this file", where=name, expected=expected, remedy=remedy)
            )
    for name, output in sorted(produced.items()):
        expected = f"the file that {MANIFEST} lists, sha256 {output['sha256'][:12]}"
        if not reading.has(name):
            found.append(PaperError("missing", where=name, expected=expected, remedy="paper build"))
        elif (actual := reading.digest(name)) != output["sha256"]:
            message = f"not the bytes that the build wrote: sha256 {actual[:12]}"
            found.append(PaperError(message, where=name, expected=expected, remedy="paper build"))
    return found


def unused_numbers(subject: Subject) -> Iterable[PaperError]:
    """Recorded numbers that no text binds, no other notebook names, and no setting says are shown on purpose.

    A notebook that puts names together while it runs is not followed: this is a note.
    """
    shown = [re.compile(fnmatch.translate(name)) for name in subject.settings.checks.shown or {}]
    for name in _unused(subject):
        if not any(pattern.match(name) for pattern in shown):
            number = subject.manifest.numbers[name]
            yield PaperError(
                f"nothing uses the number {name}",
                where=f"analysis/{number['notebook']}.ipynb, cell {number['cell']}",
                expected="what is recorded is said in the text, or another notebook rests on it",
                remedy=f"bind it with {{{{< meta n.{name} >}}}}, or excuse it under checks: shown:",
            )


def idle_shown(subject: Subject) -> Iterable[PaperError]:
    """Settings that excuse unused numbers of which there are none."""
    unused = _unused(subject)
    for name in subject.settings.checks.shown or {}:
        pattern = re.compile(fnmatch.translate(name))
        if not any(pattern.match(one) for one in unused):
            yield PaperError(
                f"no number that is recorded and not used is called {name!r}",
                where=subject.project.setting("checks", "shown", name),
                expected="the name of one, * for any letters",
                remedy="take the line out",
            )


def _unused(subject: Subject) -> list[str]:
    """Return the recorded numbers that no text binds and no other notebook names, nor a file it declares."""
    if broken_parts(subject.manifest):
        return []
    numbers, forms = subject.manifest.numbers, languages.root_names()
    keys = [use.name.partition(".") for article in subject.articles for use in article.bound]
    used = {name for head, _, name in keys if head in forms}
    used |= {name for one in all_bound(subject) for name in expression_names(one.expression)}
    used |= {name for _, text in plain_texts(subject) for name in printed_in(text)}
    for step, settings in subject.settings.notebooks.items():
        if settings.results:
            named = set(_NUMBER_NAME.findall(_code(subject, step)))
            # The settings name a number to excuse that nothing uses it.
            for file in set(settings.files or ()) - {
                subject.project.relative(subject.project.parameters_file)
            }:
                named |= set(_NUMBER_NAME.findall(subject.text(file)))
            used |= {name for name in named & numbers.keys() if numbers[name]["notebook"] in settings.results}
    return [name for name in numbers if name not in used]


def _code(subject: Subject, step: str) -> str:
    """Return the code of a notebook as one text; nothing where it is none, which a rule of its own tells."""
    try:
        notebook = subject.notebook(subject.project.relative(subject.project.notebook(step)))
    except PaperError:
        return ""
    return "\n".join(cell.source for cell in notebook.cells)


def _with_manifest(
    find: Callable[[Subject, Manifest], Iterable[PaperError]],
) -> Callable[[Subject], Iterable[PaperError]]:
    """Let a rule about the manifest look only where there is one: that there is none is told once."""
    return lambda subject: () if broken_parts(subject.manifest) else find(subject, subject.manifest)


def broken_parts(manifest: Manifest) -> list[str]:
    """Say what of a manifest is broken: its shape, or an entry that does not say where it is from."""
    outputs = {output["path"]: output for output in manifest.outputs}
    needed = [(name, one, "sha256") for name, one in outputs.items()]
    needed += [
        (name, one, field)
        for name, one in [*outputs.items(), *manifest.numbers.items()]
        for field in ("notebook", "cell")
    ]
    lacking = [
        f"{name} has no {field!r}" for name, one, field in needed if not isinstance(one.get(field), str)
    ]
    return [*manifest.broken, *lacking]


def _manifest_findings(subject: Subject) -> Iterable[PaperError]:
    broken = broken_parts(subject.manifest)
    if broken:
        more = f"; and {len(broken) - 3} more" if len(broken) > 3 else ""
        yield PaperError(
            f"the manifest of figures, tables and numbers is broken: {'; '.join(broken[:3])}{more}",
            where=MANIFEST,
            expected="the manifest that a build writes",
            remedy="paper build",
        )


RULES = (
    Rule(
        "manifest",
        "without it nothing says which notebook made what",
        MANIFEST,
        _manifest_findings,
    ),
    Rule(
        "reported",
        "what a notebook found to be wrong stays wrong until someone looks",
        "findings that notebooks handed over in the last build",
        _with_manifest(lambda subject, manifest: reported_findings(manifest)),
    ),
    Rule(
        "bound-numbers",
        "a name that nothing records prints nothing",
        "{{< meta … >}} in all texts",
        _with_manifest(
            lambda subject, manifest: [
                one
                for article in subject.articles
                for one in meta_findings(article.manuscripts, manifest, subject.metadata_of(article))
            ]
        ),
    ),
    Rule(
        "artefacts",
        "a figure or table that no notebook makes, or that was edited by hand, cannot be reproduced",
        "figures/, tables/ and what the article shows of them",
        _with_manifest(
            lambda subject, manifest: artefact_findings(subject, subject.article, manifest, subject.editions)
        ),
    ),
    Rule(
        "unused-numbers",
        "a number that nobody uses is computed, verified and read for nothing, or was forgotten in the text",
        "recorded numbers, the text, and notebooks that read results",
        unused_numbers,
        note=True,
    ),
    Rule(
        "shown-numbers",
        "an excuse that excuses nothing hides the next number that is forgotten",
        "recorded numbers, and checks: shown: of analysis/parameters.yml",
        idle_shown,
    ),
)
