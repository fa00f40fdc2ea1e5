"""`paper check`: does the project keep its own promises? Reads, never runs; half a second.

Each rule is a function of its own: the data register and its licences (`paperbuild.checks.licences`), the
parameters, the notebooks as committed, typed numbers (the rule stands in `paperbuild.checks.typed_numbers`),
bound numbers, cross references, artefacts, citations, alternative texts, and that the abstracts of all
languages state the same results.
"""

import argparse
import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from paperbuild.article import text as manuscript
from paperbuild.article.text import Manuscript
from paperbuild.checks.licences import licence_findings
from paperbuild.checks.typed_numbers import typed_numbers
from paperbuild.ground.errors import Findings, PaperError
from paperbuild.ground.hashing import sha256_file
from paperbuild.project import register
from paperbuild.project.layout import Project, load_yaml

NEW_WORDS = 6
"""Words an alternative text must hold that its caption does not: fewer cannot describe what is seen."""
BOUND = ("n", "c")
"""Metadata roots under which recorded numbers appear: decimal point, decimal comma."""

_LABEL = re.compile(r"^#\|\s*label:\s*(?P<label>\S+)\s*$", re.MULTILINE)
_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTRY = re.compile(r"^[ \t]*@(?P<type>\w+)\s*\{\s*(?P<key>[^\s,]+)\s*,", re.MULTILINE)
_LANGUAGE = re.compile(r"_[a-z]{2}$")
_NO_ENTRY = {"comment", "string", "preamble"}


def findings(project: Project) -> list[PaperError]:
    """Everything in the project that is not as promised, in the order of the rules."""
    root = project.root
    texts, found = manuscript.read(root, project.article.relative_to(root).as_posix())
    written = [text for text in texts if not manuscript.is_generated(text.path)]
    manifest, missing = read_manifest(project.manifest, root)
    found = register.findings(root) + licence_findings(root) + parameter_findings(project) + found + missing
    for path in sorted(project.analysis.glob("*.ipynb")):
        found.extend(notebook_findings(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")))
    for text in written:
        found.extend(typed_number_findings(text))
        found.extend(alt_text_findings(text))
    found.extend(abstract_findings(texts))
    found.extend(cross_reference_findings(texts))
    if not missing:
        found.extend(reported_findings(manifest))
        found.extend(meta_findings(texts, manifest, metadata(project, texts)))
        found.extend(artefact_findings(root, texts, manifest))
    bibliography = root / "references.bib"
    if bibliography.is_file():
        found.extend(citation_findings(texts, "references.bib", bibliography.read_text(encoding="utf-8")))
    return found


def read_manifest(path: Path, root: Path) -> tuple[dict[str, Any], list[PaperError]]:
    """Read `figures/manifest.json`; a finding where there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8")), []
    except (OSError, ValueError) as error:
        finding = PaperError(
            f"the manifest of figures, tables and numbers cannot be read: {error}",
            where=path.relative_to(root).as_posix(),
            expected="the manifest that a build writes",
            remedy="paper build",
        )
        return {"outputs": [], "numbers": {}}, [finding]


def reported_findings(manifest: Mapping[str, Any]) -> list[PaperError]:
    """What the notebooks themselves found to be wrong in the last build."""
    return [
        PaperError(
            found["message"],
            where=f"analysis/{found['notebook']}.ipynb, cell {found['cell']}",
            expected="a build without findings",
            remedy="correct what it names, then: paper build",
        )
        for found in manifest.get("findings", [])
    ]


def metadata(project: Project, texts: Sequence[Manuscript]) -> dict[str, Any]:
    """Metadata that `{{< meta … >}}` can reach: last build, project file, front matter."""

    known: dict[str, Any] = {}
    for path in (project.numbers, project.root / "_quarto.yml"):
        if path.is_file():
            known.update(load_yaml(path, project.relative(path)) or {})
    for text in texts:
        known.update(text.metadata)
    return known


def parameter_findings(project: Project) -> list[PaperError]:
    """Parameters cells and `analysis/parameters.yml`: what a build would refuse before running anything."""
    from paperbuild.project import parameters

    try:
        parameters.all_declared(project)
    except Findings as several:
        return list(several.findings)
    except PaperError as one:
        return [one]
    return []


def notebook_findings(path: str, text: str) -> list[PaperError]:
    """A notebook as committed: no outputs, a label on each code cell, one parameters cell, no definitions.

    Parameters
    ----------
    path, text : str
        The notebook's path relative to the root, and its JSON.
    """
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        expected, remedy = "a Jupyter notebook (JSON)", f"git checkout -- {path}"
        return [
            PaperError(f"not JSON: {error}", where=f"{path}:{error.lineno}", expected=expected, remedy=remedy)
        ]
    found: list[PaperError] = []

    def add(cell: Mapping[str, Any], line: int, message: str, expected: str, remedy: str) -> None:
        where = f"{path}:{_source_line(text, cell) + line}"
        found.append(PaperError(message, where=where, expected=expected, remedy=remedy))

    cells = notebook.get("cells", [])
    code = [cell for cell in cells if cell.get("cell_type") == "code"]
    labels: Counter[str] = Counter()
    for cell in code:
        source = "".join(cell.get("source", []))
        if cell.get("outputs") or cell.get("execution_count") is not None:
            strip = f"jupyter nbconvert --clear-output --inplace {path}"
            add(cell, 0, "the cell was committed with its output", "notebooks without outputs", strip)
        label = _LABEL.match(source)
        name = label["label"] if label else ""
        labels[name] += 1
        if not _KEBAB.fullmatch(name):
            stated = f"the label {name!r} is not in kebab-case" if name else "the cell has no label"
            add(
                cell,
                0,
                stated,
                "`#| label: kebab-name` as the cell's first line",
                "name the cell after what it does",
            )
        elif labels[name] == 2:
            add(
                cell,
                0,
                f"a second cell is labelled {name}",
                "labels unique in a notebook",
                "rename one of them",
            )
        for line, what in _definitions(source):
            remedy = "move it into src/, with a docstring and a test, and import it"
            add(cell, line, f"the notebook defines {what}", "calls of tested library functions only", remedy)
    tagged = [cell for cell in code if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        found.append(
            PaperError(
                f"{len(tagged)} cells are tagged `parameters`",
                where=path,
                expected="exactly one code cell with this tag, even where it is empty",
                remedy="tag the cell that assigns the parameters",
            )
        )
    for cell in cells:
        if cell.get("cell_type") == "markdown":
            for line, message in _typed(Manuscript(path, "".join(cell.get("source", [])))):
                expected, remedy = (
                    "a reading that no new result makes wrong",
                    "say what to look for; constants in words",
                )
                add(cell, line, message, expected, remedy)
    return found


def _source_line(text: str, cell: Mapping[str, Any]) -> int:
    """Line of a notebook's JSON at which the cell's source begins."""
    start = max(text.find(f'"id": "{cell.get("id")}"'), 0)
    source = text.find('"source": [', start)
    return text.count("\n", 0, source if source >= 0 else start) + 2


def _definitions(source: str) -> list[tuple[int, str]]:
    """What a cell defines instead of importing it: (line from 0, description)."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [((error.lineno or 1) - 1, f"nothing Python can read ({error.msg})")]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((node.lineno - 1, f"the function {node.name}"))
        elif isinstance(node, ast.ClassDef):
            found.append((node.lineno - 1, f"the class {node.name}"))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(
            node.value, ast.Lambda
        ):
            found.append((node.lineno - 1, "a function by lambda"))
    return found


def _typed(text: Manuscript) -> list[tuple[int, str]]:
    """Typed numbers of a text: line from 0, and what is wrong."""
    return sorted(
        (stretch.line - 1 + number.line, f"a typed number: {number.text} in “{number.around}”")
        for stretch in text.prose
        for number in typed_numbers(stretch.text)
    )


def typed_number_findings(text: Manuscript) -> list[PaperError]:
    """Numbers typed into the article, by the rule of `paperbuild.checks.typed_numbers`."""
    return [
        PaperError(
            message,
            where=f"{text.path}:{line + 1}",
            expected="a number that comes from a result or a cited source",
            remedy="record it with number(…) and write {{< meta n.… >}}; cite its source in the sentence; "
            "or mark a constant as […]{.stated}",
        )
        for line, message in _typed(text)
    ]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", re.sub(r"\{\{<.*?>\}\}|\{[^}]*\}", " ", text).lower()))


def alt_text_findings(text: Manuscript) -> list[PaperError]:
    """Images without an alternative text, or with one that only repeats the caption."""
    found = []
    for figure in text.figures:
        where, name = f"{text.path}:{figure.line}", figure.identifier or figure.target
        if not (figure.alt or "").strip():
            message = f"{name} has no alternative text"
        elif len(_words(figure.alt or "") - _words(figure.caption)) < NEW_WORDS:
            message = f"the alternative text of {name} says no more than its caption"
        else:
            continue
        expected = (
            f'fig-alt="…" that says what is seen, with {NEW_WORDS} words or more that the caption lacks'
        )
        found.append(
            PaperError(message, where=where, expected=expected, remedy="describe the picture in fig-alt")
        )
    return found


def abstract_findings(texts: Iterable[Manuscript]) -> list[PaperError]:
    """Abstracts that do not bind the same set of results: two languages, one set of numbers.

    A result in words has a name per language, as in ``claims.summary_ru``: the ending does not count.
    """
    found = []
    abstracts = [(text.path, *abstract) for text in texts for abstract in text.abstracts]
    bound = []
    for path, name, line, uses in abstracts:
        keys = [use.name.partition(".") for use in uses]
        bound.append((path, name, line, {_LANGUAGE.sub("", key) for head, _, key in keys if head in BOUND}))
    for path, name, line, keys in bound[1:]:
        first = bound[0]
        for lacking, holder in ((first[3] - keys, name), (keys - first[3], first[1])):
            if lacking:
                found.append(
                    PaperError(
                        f"{holder} does not state {', '.join(sorted(lacking))}",
                        where=f"{path}:{line}",
                        expected=f"{first[1]} and {name} state the same results",
                        remedy="bind the same numbers in both: {{< meta n.… >}}, or c.… for a decimal comma",
                    )
                )
    return found


def meta_findings(
    texts: Iterable[Manuscript], manifest: Mapping[str, Any], other: Mapping[str, Any]
) -> list[PaperError]:
    """Bound keys that no notebook records and no metadata holds."""
    import difflib

    recorded = set(manifest["numbers"])
    found = []
    for text in texts:
        for use in text.metas:
            head, _, name = use.name.partition(".")
            if name in recorded if head in BOUND else _resolves(use.name, other):
                continue
            close = difflib.get_close_matches(name, recorded, n=1) if head in BOUND else []
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


def cross_reference_findings(texts: Sequence[Manuscript]) -> list[PaperError]:
    """References that lead nowhere, names defined twice, figures and tables that the text never mentions."""
    found = []
    defined: dict[str, str] = {}
    for text in texts:
        for name, where in ((use.name, f"{text.path}:{use.line}") for use in text.defined):
            if name in defined:
                expected = f"names of their own; the other is at {defined[name]}"
                found.append(
                    PaperError(
                        f"#{name} is defined twice", where=where, expected=expected, remedy="rename it"
                    )
                )
            defined.setdefault(name, where)
    used = {use.name for text in texts for use in text.references}
    for text in texts:
        for use in text.references:
            if use.name not in defined and _lower_first(use.name) not in defined:
                kind = use.name.split("-")[0].lower()
                known = (
                    ", ".join(sorted(name for name in defined if name.startswith(f"{kind}-")))
                    or "none so far"
                )
                found.append(
                    PaperError(
                        f"@{use.name} leads nowhere",
                        where=f"{text.path}:{use.line}",
                        expected=f"one of: {known}",
                        remedy=f"correct the reference, or define {{#{use.name}}}",
                    )
                )
    spoken = used | {_lower_first(name) for name in used}
    for name, where in defined.items():
        if name.startswith(("fig-", "tbl-")) and name not in spoken:
            expected, remedy = "each figure and table is discussed", f"refer to it with @{name}, or drop it"
            found.append(
                PaperError(f"the text never refers to {name}", where=where, expected=expected, remedy=remedy)
            )
    return found


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def artefact_findings(
    root: Path, texts: Sequence[Manuscript], manifest: Mapping[str, Any]
) -> list[PaperError]:
    """Pictures and tables that no notebook produces, products that no text uses, strays on disk."""
    found = []
    produced = {output["path"]: output for output in manifest["outputs"]}
    stems = {path.rsplit(".", 1)[0] for path in produced}
    shown: set[str] = set()
    for text in texts:
        places = [(figure.target, figure.line) for figure in text.figures]
        places += [(use.name, use.line) for use in text.includes if use.name.startswith("tables/")]
        for target, line in places:
            stem = re.sub(r"\.(svg|png|pdf|md|csv)$", "", target.lstrip("/"))
            shown.add(stem)
            if stem.startswith(("figures/", "tables/")) and stem not in stems:
                found.append(
                    PaperError(
                        f"no notebook produces {stem}",
                        where=f"{text.path}:{line}",
                        expected="an artefact listed in figures/manifest.json",
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
    for path in sorted([*(root / "figures").glob("*.*"), *(root / "tables").glob("*.*")]):
        name = path.relative_to(root).as_posix()
        if name not in produced and path.name != "manifest.json":
            expected, remedy = "generated files only", f"git rm {name}, then paper build"
            found.append(
                PaperError("no notebook produces this file", where=name, expected=expected, remedy=remedy)
            )
    for name, output in sorted(produced.items()):
        expected = f"the file that figures/manifest.json lists, sha256 {output['sha256'][:12]}"
        if not (root / name).is_file():
            found.append(PaperError("missing", where=name, expected=expected, remedy="paper build"))
        elif (actual := sha256_file(root / name)) != output["sha256"]:
            message = f"not the bytes that the build wrote: sha256 {actual[:12]}"
            found.append(PaperError(message, where=name, expected=expected, remedy="paper build"))
    return found


def citation_findings(texts: Sequence[Manuscript], path: str, bibliography: str) -> list[PaperError]:
    """Citations without an entry, entries without a citation, keys used twice.

    Parameters
    ----------
    texts : sequence of Manuscript
        The article and what it includes.
    path, bibliography : str
        Name and text of the BibTeX file.
    """
    import difflib

    entries: dict[str, int] = {}
    found = []
    for match in _ENTRY.finditer(bibliography):
        line = bibliography.count("\n", 0, match.start("type")) + 1
        if match["type"].lower() in _NO_ENTRY:
            continue
        if match["key"] in entries:
            expected = f"one entry a key; the other is in line {entries[match['key']]}"
            message = f"{match['key']} is the key of two entries"
            found.append(
                PaperError(message, where=f"{path}:{line}", expected=expected, remedy="remove one of them")
            )
        entries[match["key"]] = line
    cited = set()
    for text in texts:
        for use in text.citations:
            cited.add(use.name)
            if use.name not in entries:
                close = difflib.get_close_matches(use.name, entries, n=1)
                found.append(
                    PaperError(
                        f"@{use.name} is not in the bibliography",
                        where=f"{text.path}:{use.line}",
                        expected=f"perhaps @{close[0]}" if close else f"an entry of {path}",
                        remedy=f"correct the key, or add its entry to {path}",
                    )
                )
    for key, line in entries.items():
        if key not in cited:
            expected, remedy = "a list of what the article cites", "cite it, or remove the entry"
            found.append(
                PaperError(f"nothing cites {key}", where=f"{path}:{line}", expected=expected, remedy=remedy)
            )
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `paper check` understands."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def main(project: Project, args: argparse.Namespace) -> int:
    """Print each finding with its place, expectation and remedy; 1 where there is any."""
    found = findings(project)
    if args.json:
        listed = [
            {"where": one.where, "found": one.message, "expected": one.expected, "remedy": one.remedy}
            for one in found
        ]
        print(json.dumps({"findings": listed}, ensure_ascii=False, indent=1))
    else:
        for one in found:
            print(one)
        print(f"findings: {len(found)}")
    return 1 if found else 0
