"""`paper verify`: rebuild a commit or a deposit from nothing, in a folder of its own, and compare outputs.

The commit's own code does the rebuilding: its `src/`, and its `tool/` where it has one, lead the module path.
Of HEAD only the installed packages are shared; another commit and a deposit are set up from their own lock.
Committed figures and tables are read as the reference and removed before the rebuild, so that nothing can
reproduce by having been there already.
"""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from paperbuild.article.formats import FORMATS
from paperbuild.article.text import read as read_article
from paperbuild.ground import surroundings
from paperbuild.ground.files import remove_tree, write_atomic
from paperbuild.ground.gitrepo import clean_clone, uncommitted
from paperbuild.ground.hashing import sha256_file
from paperbuild.ground.interpreter import FREE_VARIABLE
from paperbuild.ground.lock import installed_version, lock_differences
from paperbuild.ground.own import PACKAGE
from paperbuild.ground.wheel import own_wheel
from paperbuild.project.layout import LOCK, MANIFEST, OUTPUT, Project
from paperbuild.project.manifest import Manifest, read_manifest
from paperbuild.project.printed import read_numbers
from paperbuild.project.reading import Reading
from paperbuild.project.reference import Reference, read_outputs, remove_outputs
from paperbuild.project.results import ways_held
from paperbuild.project.revision import require_commit
from paperbuild.project.tolerances import Tolerances, read_tolerances
from paperbuild.proof.artefacts import compare_artefacts
from paperbuild.proof.certificate import CERTIFICATE, FORMS, Certificate
from paperbuild.proof.documents import compare_texts, reference_text, text_digest, text_path
from paperbuild.proof.ladder import NUMBERS, Comparison, Reason, Rung
from paperbuild.proof.numbers import compare_number
from paperbuild.proof.unpack import put_data, set_up, unpack

TOOL = "tool/src"
"""Where a project that develops the build beside its article keeps it."""
LAST_LINES = 40
"""Lines of a failed rebuild that the certificate keeps."""


VOUCHED = {
    "outputs": ("kind", "notebook", "cell", "parameters"),
    "numbers": ("format", "notebook", "cell", "parameters"),
}
"""What the manifest says of each output and number besides its content; a rebuild must say the same."""


def documents_of(root: Path) -> list[str]:
    """Return where a build of a project puts its documents, those of all editions."""
    return [
        f"{OUTPUT}/{document.name_in(language)}"
        for language in Project(root).all_editions
        for document in FORMATS.values()
    ]


def compare_outputs(expected: Reference, found: Reference | None, tolerances: Tolerances) -> list[Comparison]:
    """Compare all committed figures, tables and numbers with those of a rebuild (None: it made nothing).

    What the manifest lists and the commit lacks counts as not produced; what only the rebuild made differs,
    and so does an output of which the manifest says something else than the rebuild.
    """
    files = found.files if found else {}
    listed = {output["path"]: output for output in expected.manifest.outputs}
    made = compare_artefacts(expected.files, files, tolerances)
    result = [
        one.flawed(Reason.EDITED, "edited after the build that listed it")
        if one.path in expected.edited and one.rung != Rung.NOT_PRODUCED
        else one.flawed(Reason.UNLISTED, "committed, but not in the manifest")
        if one.path not in listed and one.rung.reproduces
        else one
        for one in made
    ]
    result.extend(
        Comparison(
            path, Rung.NOT_PRODUCED, f"sha256:{str(output.get('sha256'))[:12]}", "", "listed, not committed"
        )
        for path, output in listed.items()
        if path not in expected.files
    )
    result.extend(
        Comparison(path, Rung.DIFFERS, "", "a new file", "the rebuild made it, the commit lacks it")
        for path in sorted(files.keys() - expected.files.keys() - listed.keys())
    )
    known = expected.manifest.numbers
    numbers = found.manifest.numbers if found else {}
    result.extend(
        compare_number(name, number, numbers.get(name), tolerances) for name, number in known.items()
    )
    result.extend(
        Comparison(
            f"{NUMBERS}{name}",
            Rung.DIFFERS,
            "",
            str(number.get("text")),
            "the rebuild recorded it, the commit lacks it",
        )
        for name, number in numbers.items()
        if name not in known
    )
    if found is None:
        return result
    promised, said = _claims(expected), _claims(found)
    return [_with_claims(one, promised.get(one.path), said.get(one.path)) for one in result]


def _claims(reference: Reference) -> dict[str, dict[str, Any]]:
    """What a manifest says of each output and number besides its content, by path."""
    outputs = {output["path"]: output for output in reference.manifest.outputs}
    numbers = {f"{NUMBERS}{name}": number for name, number in reference.manifest.numbers.items()}
    return {
        path: {key: entry.get(key) for key in VOUCHED[kind]}
        for kind, entries in (("outputs", outputs), ("numbers", numbers))
        for path, entry in entries.items()
    }


def _with_claims(one: Comparison, promised: dict[str, Any] | None, said: dict[str, Any] | None) -> Comparison:
    """The comparison of an output, which differs where the manifest misstates how it was made."""
    if promised is None or said is None or promised == said:
        return one
    wrong = ", ".join(
        f"{key} {promised[key]!r}, in the rebuild {said[key]!r}" for key in said if promised[key] != said[key]
    )
    return one.flawed(Reason.MISSTATED, f"the manifest says {wrong}")


def compare_manifest(expected: Reference, found: Reference | None) -> list[Comparison]:
    """What is wrong with the committed manifest itself; empty for one that a rebuild confirms."""
    itself = Comparison(MANIFEST, Rung.DIFFERS)
    if broken := expected.manifest.broken:
        return [itself.flawed(Reason.BROKEN_REFERENCE, f"the manifest is broken: {'; '.join(broken)}")]
    if found is not None and expected.manifest.findings != found.manifest.findings:
        return [itself.flawed(Reason.MISSTATED, "the manifest says other findings than the rebuild")]
    return []


def recipe_notes(expected: Reference, found: Reference | None) -> list[str]:
    """Say which notebooks the manifest records with another recipe: a build would replace their outputs."""
    if found is None:
        return []
    ours, theirs = found.manifest.recipes, expected.manifest.recipes
    stale = [step for step, recipe in ours.items() if theirs.get(step) != recipe]
    return [f"the manifest was made by other code, data or packages: {', '.join(stale)}"] if stale else []


def build_of(root: Path) -> dict[str, Any]:
    """What the last build in a folder says of itself: commit, date, versions; empty where there was none."""
    found: dict[str, Any] = read_numbers(root).get("build", {})
    return found


def engines_of(manifest: Manifest) -> dict[str, str]:
    """Which engine typeset each document that a manifest lists."""
    return {document["path"]: str(document.get("engine")) for document in manifest.documents}


def compare_documents(author: Path, clone: Path, commit: str, reference: Reference) -> list[Comparison]:
    """Compare the typeset documents with their committed texts, and nothing else.

    Where the author's own ``_output/`` holds a build of the same commit, equal bytes are one rung more; they
    never stand in for the text. A document that another engine typeset has the same text or differs; where it
    has the same, it is no more than printed alike.

    Parameters
    ----------
    author, clone : Path
        Project roots of the author and of the rebuilt clone.
    commit : str
        The commit that was rebuilt.
    reference : Reference
        What is committed.
    """
    build, own = build_of(clone), build_of(author)
    same_build = own.get("commit") == commit and not own.get("dirty")
    engines = engines_of(read_manifest(Project(clone).manifest))
    listed = {document["path"]: document for document in reference.manifest.documents}
    made = []
    for path in dict.fromkeys([*listed, *(path for path in documents_of(clone) if (clone / path).is_file())]):
        document, text_file = listed.get(path), text_path(path)
        expected = f"text {str(document.get('text_sha256'))[:12]}" if document else ""
        if not (clone / path).is_file():
            made.append(Comparison(path, Rung.NOT_PRODUCED, expected, "", "the rebuild did not make it"))
            continue
        found = reference_text(clone / path, build)
        if document is None:
            reason = "the rebuild made it, the commit lists no text of it"
            made.append(Comparison(path, Rung.DIFFERS, "", f"text {text_digest(found)[:12]}", reason))
            continue
        text = reference.texts.get(text_file)
        if text is None:
            reason = f"its text {text_file} is listed, not committed"
            made.append(Comparison(path, Rung.NOT_PRODUCED, expected, "", reason))
            continue
        words = text.decode("utf-8", errors="replace")
        one = compare_texts(path, words, found)
        if text_digest(words) != document.get("text_sha256"):
            made.append(one.flawed(Reason.EDITED, f"edited after the build that listed it ({text_file})"))
        elif document.get("text") != text_file:
            made.append(one.flawed(Reason.MISSTATED, f"the manifest says text {document.get('text')!r}"))
        elif (theirs := document.get("engine")) != (ours := engines.get(path)):
            which = f"typeset by another engine: {theirs} for the reference, {ours} here"
            # Another text is told as that, whoever set it.
            flaw = Reason.OTHER_ENGINE if one.rung == Rung.SAME_CONTENT else Reason.TEXT
            made.append(one.flawed(flaw, which, at_least=Rung.SAME_ROUNDING))
        elif one.rung == Rung.SAME_CONTENT and same_build and _same_bytes(author / path, clone / path):
            made.append(replace(one, rung=Rung.IDENTICAL, reason=""))
        else:
            made.append(one)
    return made


def _same_bytes(one: Path, other: Path) -> bool:
    """Whether two files are there with the same bytes."""
    return one.is_file() and other.is_file() and sha256_file(one) == sha256_file(other)


def tool_of(clone: Path, python: str = sys.executable) -> str:
    """Say which build a clone is rebuilt with: its own in ``tool/``, its lock's or the one installed here.

    Of the installed one it says whether it is, file for file, the one that the commit's lock names.

    Parameters
    ----------
    clone : Path
        The project.
    python : str
        The interpreter that rebuilds; another than this one was set up from the project's lock.
    """
    if (clone / TOOL / PACKAGE.name / "__main__.py").is_file():
        return f"the commit's own {PACKAGE.name} in {TOOL}"
    if python != sys.executable:
        return f"the {PACKAGE.name} that its own {LOCK} names"
    wheel = own_wheel()
    pins = Reading(Project(clone)).lock
    named = re.search(rf"^{PACKAGE.name}==.*\n(?:\s+--hash=\S+.*\n?)*", pins, flags=re.MULTILINE)
    if named is None:
        remark = "which requirements.lock does not name"
    elif f"sha256:{wheel.sha256}" in named[0]:
        remark = f"the one that requirements.lock names (sha256:{wheel.sha256[:12]})"
    else:
        remark = f"not the one that requirements.lock names (its files make sha256:{wheel.sha256[:12]})"
    return f"the installed {PACKAGE.name} {wheel.version}, {remark}"


def rebuild(
    clone: Path, arguments: list[str], tell: Callable[[str], None], python: str, epoch: int | None
) -> tuple[bool, str, float]:
    """Run the clone's own build and `tell` each line that it prints.

    Parameters
    ----------
    clone : Path
        The project to build.
    arguments : list of str
        Of ``paper build``.
    tell : callable
        Is handed each line.
    python : str
        The interpreter that has its packages.
    epoch : int or None
        The date that the build stands for, where no commit says it.

    Returns
    -------
    tuple of bool, str, float
        Success, the last lines it printed, seconds.
    """
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PAPERBUILD_", "SOURCE_DATE")) or key == FREE_VARIABLE
    }
    environment["PYTHONPATH"] = str(clone / TOOL)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
    started = time.monotonic()
    command = [python, "-m", "paperbuild", "--project", str(clone), "build", *arguments]
    process = subprocess.Popen(
        command, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line.rstrip())
        tell(f"  {lines[-1]}")
    success = process.wait() == 0
    return success, "\n".join(lines[-LAST_LINES:]), time.monotonic() - started


def verify(project: Project, folder: Path, tell: Callable[[str], None]) -> Certificate:
    """Rebuild HEAD in a clean clone under `folder`, with the packages installed here, and certify it.

    Parameters
    ----------
    project : Project
        The author's project.
    folder : Path
        Where the clone comes to lie.
    tell : callable
        Is handed each line of what happens meanwhile.
    """
    root = project.root
    require_commit(root, project.revision)
    clone, commit = clean_clone(root, "HEAD", folder / "clone")
    strays = uncommitted(root)
    notes = [f"not verified, because not committed: {', '.join(strays[:10])}"] if strays else []
    if differing := lock_differences(Reading(Project(clone)).lock, installed_version):
        notes.append(f"installed packages are not those of {LOCK}: {', '.join(differing)}")
    tell(f"commit {commit[:12]}, cloned from {root}")
    return _certify(clone, commit, root, notes, tell, sys.executable)


def verify_commit(project: Project, revision: str, folder: Path, tell: Callable[[str], None]) -> Certificate:
    """Rebuild any commit in a clean clone under `folder`, set up from its own lock, and certify it."""
    clone, commit = clean_clone(project.root, revision, folder / "clone")
    tell(f"commit {commit[:12]}, cloned from {project.root}")
    python, packages = set_up(clone, tell)
    return _certify(clone, commit, project.root, [packages], tell, python)


def verify_deposit(
    archive: Path, data: Path | None, folder: Path, tell: Callable[[str], None]
) -> Certificate:
    """Unpack a deposit under `folder`, set it up from its own lock, rebuild it and certify it.

    Parameters
    ----------
    archive : Path
        What `paper deposit` wrote.
    data : Path or None
        Folder of the data that it may not hold.
    folder : Path
        Where it is unpacked.
    tell : callable
        Is handed each line of what happens meanwhile.
    """
    found = unpack(archive, folder / "clone")
    notes = [f"unpacked from {archive.name} (sha256:{sha256_file(archive)})"]
    if found.flawed:
        notes.append(f"not as its checksums list it: {', '.join(found.flawed[:10])}")
    put = put_data(found.root, data)
    notes += [f"data put in place, with the hashes of the register: {', '.join(put)}"] if put else []
    tell(f"commit {found.commit[:12] or 'unknown'}, unpacked from {archive}")
    python, packages = set_up(found.root, tell)
    # The documents in the deposit lie where those of the rebuild will.
    remove_tree(found.root / OUTPUT)
    return _certify(found.root, found.commit, found.root, [*notes, packages], tell, python, found.epoch)


def _certify(
    clone: Path,
    commit: str,
    author: Path,
    notes: list[str],
    tell: Callable[[str], None],
    python: str,
    epoch: int | None = None,
) -> Certificate:
    """Rebuild what lies in `clone` without its outputs, and certify what came of it."""
    notes = [*notes, f"rebuilt with {tool_of(clone, python)}"]
    for line in notes:
        tell(line)
    folder = clone.parent
    reference = read_outputs(clone)
    tolerances = read_tolerances(clone)
    remove_outputs(clone)
    engines = set(engines_of(reference.manifest).values())
    engine = ["--engine", "embedded"] if engines == {"embedded"} else []
    # What is made here must be seen, although the commit of the clone holds a reference.
    success, log, seconds = rebuild(clone, ["--accept", *engine], tell, python, epoch)
    found = read_outputs(clone) if Project(clone).manifest.is_file() else None
    notes += recipe_notes(reference, found)
    outputs = [*compare_manifest(reference, found), *compare_outputs(reference, found, tolerances)]
    documents = compare_documents(author, clone, commit, reference)
    typeset = sorted(set(engines_of(read_manifest(Project(clone).manifest)).values()))
    return Certificate(
        title=str(read_article(clone).metadata.get("title", "")),
        commit=commit,
        checked=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        environment={
            "Python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "typesetting": ", ".join(typeset) or "none",
            **surroundings.describe(folder),
            **ways_held(Project(clone).results),
        },
        outputs=[*outputs, *documents],
        failure="" if success else _anonymous(log, folder),
        notes=notes,
    )


def _anonymous(log: str, folder: Path) -> str:
    """A log without the name of the temporary folder, which says nothing elsewhere."""
    return log.replace(f"{folder}/clone/", "").replace(str(folder), "…")


def write(certificate: Certificate, folder: Path, extra: Path | None = None) -> None:
    """Write the certificate into a folder in its three forms, and its JSON to `extra` as well."""
    record = json.dumps(certificate.as_json(), ensure_ascii=False, indent=1) + "\n"
    for form, content in zip(FORMS, (record, certificate.as_markdown(), certificate.as_html()), strict=True):
        write_atomic(folder / f"{CERTIFICATE}.{form}", content)
    if extra:
        write_atomic(extra, record)
