"""`paper deposit`: the article with everything behind it as one archive that a repository can keep.

A deterministic zip: what is committed, what was built from it, the certificate of the last verification, an
RO-Crate that says what is what and what made what, and checksums. Data that may not be redistributed is left
out, and the page for reviewers says how to get it. No network is used.
"""

from __future__ import annotations

import io
import json
import stat
import time
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from paperbuild.article import text
from paperbuild.ground.errors import Findings, PaperError
from paperbuild.ground.gitrepo import git
from paperbuild.ground.hashing import sha256_bytes
from paperbuild.project import register
from paperbuild.project.identity import read_citation
from paperbuild.project.layout import (
    DATA,
    FIGURES,
    LOCK,
    OUTPUT,
    TABLES,
    Project,
)
from paperbuild.project.manifest import read_manifest
from paperbuild.project.results import NotebookResults, read_results
from paperbuild.project.revision import Revision, require_commit
from paperbuild.proof.attestation import statement
from paperbuild.proof.certificate import CERTIFICATE, FORMS, codecheck, read_certificate
from paperbuild.proof.crate import crate
from paperbuild.proof.readme import readme
from paperbuild.proof.unpack import CRATE

CODECHECK = "codecheck.yml"
ATTESTATION = "attestation.intoto.json"
CERTIFICATES = frozenset(f"{CERTIFICATE}.{form}" for form in FORMS)


def refuse_uncommitted(project: Project) -> None:
    """Raise where the project, or what its outputs were built from, differs from its last commit."""
    require_commit(project.root, project.revision)
    changed = git(project.root, "status", "--porcelain", "--untracked-files=no", "--", ".")
    if changed or project.revision.dirty:
        raise PaperError(
            "the project differs from its last commit",
            where=changed.splitlines()[0][3:] if changed else str(project.root),
            expected="a deposit of what a commit holds, so that its name can be cited",
            remedy="git add and git commit, then paper build and paper deposit",
        )


def refuse_unsound(project: Project, findings: Sequence[PaperError], stale: Sequence[str]) -> None:
    """Raise what stands against a deposit besides.

    Parameters
    ----------
    project : Project
        The project.
    findings : sequence of PaperError
        What `paper check` finds.
    stale : sequence of str
        Steps that the next build would make anew.
    """
    if findings:
        raise Findings(list(findings))
    if stale:
        raise PaperError(
            f"the article is stale: {', '.join(stale)}",
            where=project.relative(project.output),
            expected="outputs built from this very commit",
            remedy="paper build (paper status says why)",
        )


def committed_files(root: Path) -> dict[str, Path]:
    """Files that git keeps, by path from the project root."""
    names = git(root, "-c", "core.quotepath=off", "ls-files", "-z").split("\0")
    return {name: root / name for name in sorted(names) if name and (root / name).is_file()}


def built_files(project: Project) -> dict[str, Path]:
    """The article as built, its notebooks and its certificate, by path from the project root."""
    folder = project.output
    return {
        f"{OUTPUT}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and "scenarios" not in path.relative_to(folder).parts
        and not path.name.startswith(".")
    }


def certificate_record(project: Project) -> dict[str, Any] | None:
    """The certificate of the last verification, where it is of this commit."""
    record = read_certificate(project.output / f"{CERTIFICATE}.json")
    return record if record and record["commit"] == project.revision.commit else None


def citation(root: Path) -> tuple[str, list[str]]:
    """Title and authors as `CITATION.cff` states them; the article's own title where there is none."""
    cited = read_citation(root)
    return str(text.read(root).metadata.get("title") or cited.title), list(cited.authors)


def runs(project: Project) -> list[NotebookResults]:
    """What each notebook read and made, as the last build recorded it."""
    return [read_results(path) for path in sorted(project.results.glob("*.json"))]


def withheld(resources: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Entries of the register whose file may not be redistributed."""
    return [entry for entry in resources if not entry.get("redistributable", True)]


def checksums(contents: Mapping[str, bytes]) -> bytes:
    """Checksums in the form that `sha256sum --check` reads."""
    return "".join(f"{sha256_bytes(content)}  {name}\n" for name, content in sorted(contents.items())).encode(
        "utf-8"
    )


def archive(contents: Mapping[str, bytes], executable: Iterable[str], epoch: int) -> bytes:
    """Zip files so that the same files give the same bytes.

    Parameters
    ----------
    contents : mapping of str to bytes
        Files by path.
    executable : iterable of str
        Paths of programs.
    epoch : int
        Seconds since 1970 that every member bears as its date; a zip cannot hold one before 1980.
    """
    programs, buffer = set(executable), io.BytesIO()
    moment = max(time.gmtime(epoch)[:6], (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, moment)
            member.create_system = 3
            member.external_attr = (stat.S_IFREG | (0o755 if name in programs else 0o644)) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, contents[name])
    return buffer.getvalue()


def refuse_addresses(contents: Mapping[str, bytes], places: Iterable[Path]) -> None:
    """Raise where a file names a folder of this machine, which says nothing elsewhere."""
    # A place such as / or /home stands in every text.
    needles = {str(place).encode() for place in places if len(place.parts) > 2}
    found = [
        PaperError(
            f"the file names a folder of this machine: {needle.decode()}",
            where=name,
            expected="paths from the project root",
            remedy="remove the path, then paper build",
        )
        for name, content in contents.items()
        for needle in needles
        if needle in content
    ]
    if found:
        raise Findings(found)


def collect(project: Project) -> tuple[dict[str, bytes], list[str]]:
    """Everything that goes into the deposit, and which of it are programs."""
    import yaml

    revision, root = project.revision, project.root
    sources = committed_files(root)
    programs = [name for name, path in sources.items() if path.stat().st_mode & stat.S_IXUSR]
    record = certificate_record(project)
    built = built_files(project)
    if not record:
        built = {name: path for name, path in built.items() if path.name not in CERTIFICATES}
    resources = [entry.raw for entry in register.read(root).resources.values()]
    left_out = withheld(resources)
    absent = {f"{DATA}/{entry['path']}" for entry in left_out}
    contents = {name: path.read_bytes() for name, path in (sources | built).items() if name not in absent}
    title, authors = citation(root)
    outputs = read_manifest(project.manifest).outputs
    contents["README-REVIEWERS.md"] = readme(title, revision, record, resources, outputs).encode("utf-8")
    if record:
        entries = yaml.safe_dump(codecheck(record, authors), allow_unicode=True, sort_keys=False)
        contents[CODECHECK] = entries.encode("utf-8")
    contents[ATTESTATION] = _json(attested(contents, revision))
    described = crate(
        title=title,
        authors=authors,
        date=revision.date,
        commit=revision.commit,
        files={name: len(content) for name, content in sorted(contents.items())},
        resources=resources,
        runs=runs(project),
    )
    contents[CRATE] = _json(described)
    refuse_addresses(contents, (root, Path.home()))
    contents["SHA256SUMS"] = checksums(contents)
    return contents, programs


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def attested(contents: Mapping[str, bytes], revision: Revision) -> dict[str, Any]:
    """Return the unsigned statement of what the build made of which commit, lock and data.

    Parameters
    ----------
    contents : mapping of str to bytes
        Files of the deposit by path.
    revision : Revision
        What they were built from.
    """
    digests = {name: sha256_bytes(content) for name, content in contents.items()}
    made = (f"{FIGURES}/", f"{TABLES}/", f"{OUTPUT}/")
    certificates = {f"{OUTPUT}/{name}" for name in CERTIFICATES}
    return statement(
        made={n: d for n, d in digests.items() if n.startswith(made) and n not in certificates},
        commit=revision.commit,
        epoch=revision.epoch,
        inputs={n: d for n, d in digests.items() if n == LOCK or n.startswith(f"{DATA}/")},
        version=version("paperbuild"),
    )
