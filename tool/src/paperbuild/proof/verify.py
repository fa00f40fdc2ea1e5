"""`paper verify`: rebuild the committed state from nothing, in a clean clone, and compare every output.

The clone's own code does the rebuilding (its `src/`, and its `tool/` where it has one, lead the module path);
only the installed packages are shared. Committed figures and tables are read as the reference and removed
before the rebuild, so that nothing can reproduce by having been there already.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.article.text import Manuscript
from paperbuild.build.store import write_atomic
from paperbuild.ground.errors import PaperError
from paperbuild.ground.gitrepo import clean_clone, uncommitted
from paperbuild.ground.hashing import sha256_bytes
from paperbuild.ground.own import PACKAGE
from paperbuild.ground.wheel import own_wheel
from paperbuild.project.layout import Project, load_yaml
from paperbuild.proof import compare
from paperbuild.proof.certificate import Certificate
from paperbuild.proof.compare import Comparison, Rung, Tolerances

OUTPUTS = ("figures/*.svg", "figures/*.png", "figures/*.csv", "tables/*.csv", "tables/*.md")
DOCUMENTS = ("_output/paper.html", "_output/paper.pdf", "_output/paper.docx")
TOOL = "tool/src"
"""Where a project that develops the build beside its article keeps it."""
LAST_LINES = 40
"""Lines of a failed rebuild that the certificate keeps."""


@dataclass(frozen=True)
class Reference:
    """What is committed: artefacts by path, and the manifest."""

    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    @property
    def edited(self) -> frozenset[str]:
        """Artefacts whose bytes are not those that the manifest lists."""
        listed = {output["path"]: output["sha256"] for output in self.manifest["outputs"]}
        return frozenset(
            path
            for path, content in self.files.items()
            if path in listed and sha256_bytes(content) != listed[path]
        )


def read_outputs(root: Path) -> Reference:
    """Read figures, tables and manifest as they lie in a project folder.

    Raises
    ------
    PaperError
        Where there is no manifest, so nothing says what should reproduce.
    """
    manifest = Project(root).manifest
    try:
        listed = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PaperError(
            f"no manifest of outputs: {error}",
            where="figures/manifest.json",
            expected="the committed list of figures, tables and numbers",
            remedy="paper build, then git add figures tables && git commit",
        ) from None
    paths = sorted(path for pattern in OUTPUTS for path in root.glob(pattern))
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    return Reference(files, listed)


def remove_outputs(root: Path) -> None:
    """Remove generated files, so that whatever stands there afterwards was made anew."""
    for pattern in OUTPUTS:
        for path in root.glob(pattern):
            path.unlink()
    Project(root).manifest.unlink(missing_ok=True)


def compare_outputs(expected: Reference, found: Reference | None, tolerances: Tolerances) -> list[Comparison]:
    """Compare all committed figures, tables and numbers with those of a rebuild (None where it made nothing).

    What the manifest lists and the commit lacks counts as not produced; what only the rebuild made differs.
    """
    files = found.files if found else {}
    made = compare.compare_artefacts(expected.files, files, tolerances)
    edited = expected.edited
    result = [
        Comparison(one.path, Rung.DIFFERS, one.expected, one.found, "edited after the build that listed it")
        if one.path in edited
        else one
        for one in made
    ]
    uncommitted_outputs = [
        output for output in expected.manifest["outputs"] if output["path"] not in expected.files
    ]
    result.extend(
        Comparison(
            output["path"], Rung.NOT_PRODUCED, f"sha256:{output['sha256'][:12]}", "", "listed, not committed"
        )
        for output in uncommitted_outputs
    )
    result.extend(
        Comparison(path, Rung.DIFFERS, "", "a new file", "the rebuild made it, the commit lacks it")
        for path in sorted(files.keys() - expected.files.keys())
        if path not in {output["path"] for output in uncommitted_outputs}
    )
    known = expected.manifest["numbers"]
    numbers = found.manifest["numbers"] if found else {}
    result.extend(
        compare.compare_number(name, number, numbers.get(name), tolerances) for name, number in known.items()
    )
    result.extend(
        Comparison(
            f"numbers/{name}",
            Rung.DIFFERS,
            "",
            number["text"],
            "the rebuild recorded it, the commit lacks it",
        )
        for name, number in numbers.items()
        if name not in known
    )
    return result


def build_of(root: Path) -> dict[str, Any]:
    """What the last build in a folder says of itself: commit, date, versions; empty where there was none."""
    numbers = Project(root).numbers
    return (load_yaml(numbers, str(numbers)) or {}).get("build", {}) if numbers.is_file() else {}


def engines_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Which engine typeset each document that a manifest lists."""
    return {document["path"]: document["engine"] for document in manifest.get("documents", [])}


def manifest_of(root: Path) -> dict[str, Any]:
    """The manifest as it lies in a project folder; empty where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads(Project(root).manifest.read_text(encoding="utf-8"))
    return {}


def compare_documents(
    author: Path, clone: Path, commit: str, reference: Mapping[str, Any]
) -> tuple[list[Comparison], list[str]]:
    """Compare the typeset documents with the author's own, else with the text that the manifest vouches for.

    Parameters
    ----------
    author, clone : Path
        Project roots of the author and of the rebuilt clone.
    commit : str
        The commit that was rebuilt.
    reference : mapping
        The committed manifest.

    Returns
    -------
    tuple
        A comparison for each document that has a reference, and a note for each that has none.
    """
    made, notes = [], []
    builds = build_of(author), build_of(clone)
    same_build = builds[0].get("commit") == commit and not builds[0].get("dirty")
    engines, theirs = engines_of(manifest_of(clone)), engines_of(manifest_of(author))
    listed = {document["path"]: document for document in reference.get("documents", [])}
    for path in DOCUMENTS:
        promised = listed.get(path)
        expected = f"text {promised['text_sha256'][:12]}" if promised else "the document"
        if not (clone / path).is_file():
            made.append(Comparison(path, Rung.NOT_PRODUCED, expected, "", "the rebuild did not make it"))
        elif same_build and theirs.get(path) == engines.get(path) and (author / path).is_file():
            made.append(compare.compare_documents(path, author / path, clone / path, builds))
        elif promised and promised["engine"] == engines.get(path):
            digest = compare.text_hash(clone / path, builds[1])
            same = digest == promised["text_sha256"]
            rung = Rung.SAME_CONTENT if same else Rung.DIFFERS
            reason = "the same text but for commit and date" if same else "another text"
            made.append(Comparison(path, rung, expected, f"text {digest[:12]}", reason))
        else:
            why = "it was typeset by another engine" if promised else "the manifest does not list its text"
            notes.append(f"{path} was made, and not compared: {why}")
    return made, notes


def tool_of(clone: Path) -> str:
    """Say which build a clone is rebuilt with: its own under ``tool/``, else the one installed here.

    Of the installed one it says whether it is, file for file, the one that the commit's lock names.
    """
    if (clone / TOOL / PACKAGE.name / "__main__.py").is_file():
        return f"the commit's own {PACKAGE.name} in {TOOL}"
    wheel = own_wheel()
    lock = clone / "requirements.lock"
    pins = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    named = re.search(rf"^{PACKAGE.name}==.*\n(?:\s+--hash=\S+.*\n?)*", pins, flags=re.MULTILINE)
    if named is None:
        remark = "which requirements.lock does not name"
    elif f"sha256:{wheel.sha256}" in named[0]:
        remark = f"the one that requirements.lock names (sha256:{wheel.sha256[:12]})"
    else:
        remark = f"not the one that requirements.lock names (its files make sha256:{wheel.sha256[:12]})"
    return f"the installed {PACKAGE.name} {wheel.version}, {remark}"


def rebuild(clone: Path, arguments: list[str]) -> tuple[bool, str, float]:
    """Run the clone's own build and pass on what it prints.

    Returns
    -------
    tuple of bool, str, float
        Success, the last lines it printed, seconds.
    """
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PAPERBUILD_", "SOURCE_DATE"))
    }
    environment["PYTHONPATH"] = os.pathsep.join(str(clone / name) for name in (TOOL, "src"))
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    started = time.monotonic()
    command = [sys.executable, "-m", "paperbuild", "--project", str(clone), "build", *arguments]
    process = subprocess.Popen(
        command, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    for line in process.stdout or ():
        print("  " + line, end="", flush=True)
        lines.append(line.rstrip())
    success = process.wait() == 0
    return success, "\n".join(lines[-LAST_LINES:]), time.monotonic() - started


def lock_differences(lock: str) -> list[str]:
    """Installed distributions whose version is not the locked one: `name: locked, not installed one`.

    A distribution that is not installed at all is locked for another platform, or the rebuild will say so.

    Parameters
    ----------
    lock : str
        Text of `requirements.lock`.
    """
    from importlib.metadata import PackageNotFoundError, version

    # A universal lock may hold one version for each range of Python versions.
    locked: dict[str, list[str]] = {}
    for name, pinned in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE):
        locked.setdefault(name, []).append(pinned)
    differences = []
    for name, versions in locked.items():
        with contextlib.suppress(PackageNotFoundError):
            if (installed := version(name)) not in versions:
                differences.append(f"{name}: {' or '.join(versions)}, not {installed}")
    return differences


def verify(project: Project, folder: Path) -> Certificate:
    """Rebuild HEAD in a clean clone under `folder` and certify what came of it."""
    root = project.root
    clone, commit = clean_clone(root, "HEAD", folder / "clone")
    strays = uncommitted(root)
    notes = [f"not verified, because not committed: {', '.join(strays[:10])}"] if strays else []
    lock = clone / "requirements.lock"
    if differing := lock_differences(lock.read_text(encoding="utf-8")) if lock.is_file() else []:
        notes.append(f"installed packages are not those of requirements.lock: {', '.join(differing)}")
    notes.append(f"rebuilt with {tool_of(clone)}")
    print(f"commit {commit[:12]}, cloned from {root}", *notes, sep="\n", flush=True)
    reference = read_outputs(clone)
    tolerances = compare.load_tolerances(clone)
    remove_outputs(clone)
    engines = set(engines_of(reference.manifest).values())
    success, log, seconds = rebuild(clone, ["--engine", "embedded"] if engines == {"embedded"} else [])
    found = read_outputs(clone) if Project(clone).manifest.is_file() else None
    outputs = compare_outputs(reference, found, tolerances)
    documents, unlisted = compare_documents(root, clone, commit, reference.manifest)
    typeset = sorted(set(engines_of(manifest_of(clone)).values()))
    return Certificate(
        title=str(
            Manuscript("paper.qmd", (clone / "paper.qmd").read_text(encoding="utf-8")).metadata.get(
                "title", ""
            )
        ),
        commit=commit,
        checked=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        environment={
            "Python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "typesetting": ", ".join(typeset) or "none",
        },
        outputs=[*outputs, *documents],
        failure="" if success else _anonymous(log, folder),
        notes=[*notes, *unlisted],
        edited=reference.edited,
        added=frozenset(one.path for one in outputs if not one.expected),
    )


def _anonymous(log: str, folder: Path) -> str:
    """A log without the name of the temporary folder, which says nothing elsewhere."""
    return log.replace(f"{folder}/clone/", "").replace(str(folder), "…")


def write(certificate: Certificate, folder: Path, extra: Path | None = None) -> None:
    """Write the certificate into a folder in its three forms, and its JSON to `extra` as well."""
    record = json.dumps(certificate.as_json(), ensure_ascii=False, indent=1) + "\n"
    write_atomic(folder / "certificate.json", record)
    write_atomic(folder / "certificate.md", certificate.as_markdown())
    write_atomic(folder / "certificate.html", certificate.as_html())
    if extra:
        write_atomic(extra, record)


def show(certificate: Certificate) -> None:
    """Print a line for each file, the numbers as one line where all of them agree, and the verdict."""
    from rich.console import Console
    from rich.table import Table

    numbers = [one for one in certificate.outputs if one.path.startswith("numbers/")]
    agreeing = [one for one in numbers if one.rung == Rung.IDENTICAL]
    table = Table(box=None, pad_edge=False)
    table.add_column("output", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("reference → rebuilt")
    for one in certificate.outputs:
        if one not in agreeing:
            colour = "green" if one.rung.reproduces else "red"
            remark = (
                f"{one.expected} → {one.found or 'nothing'}: {one.reason}" if one.reason else one.expected
            )
            table.add_row(one.path, f"[{colour}]{one.rung.label}[/]", remark)
    if agreeing:
        table.add_row("numbers", "[green]identical[/]", f"{len(agreeing)} of {len(numbers)}")
    console = Console(highlight=False)
    # A log file has no width of its own; lines of a table broken at 80 are hard to search.
    console.width = console.width if console.is_terminal else 160
    console.print(table)
    console.print(f"verdict: {certificate.verdict} ({', '.join(certificate.reasons) or 'no exception'})")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `paper verify` understands."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the certificate's JSON here too")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="rebuild in this new folder and leave it there"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Verify HEAD; 0 only where every output reproduces."""
    if args.keep and args.keep.exists() and any(args.keep.iterdir()):
        raise PaperError("not empty", where=str(args.keep), expected="a new folder", remedy="name another")
    with tempfile.TemporaryDirectory(prefix="paper-verify-") as temporary:
        certificate = verify(project, args.keep.resolve() if args.keep else Path(temporary).resolve())
    write(certificate, project.output, args.json)
    show(certificate)
    print(f"certificate: {project.relative(project.output / 'certificate.html')}")
    return 0 if certificate.reproduced else 1
