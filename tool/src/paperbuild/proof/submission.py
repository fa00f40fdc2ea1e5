"""`paper submit`: the archive that a journal's system takes, and what stands against handing it in."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.article import source
from paperbuild.article.job import RenderJob
from paperbuild.article.submission import Measured, Profile, Submission, Told, measure
from paperbuild.ground.located import load_yaml
from paperbuild.project.layout import CITATION, Project
from paperbuild.project.printed import read_numbers
from paperbuild.proof.deposit import archive, citation

REVEALING = ("name", "email", "orcid")
FOR_REVIEWERS, FOR_EDITORS = "manuscript", "editor"
"""Folders of the archive: what reviewers may see, and what only editors may."""


@dataclass(frozen=True)
class Package:
    """What is handed in.

    Attributes
    ----------
    files : mapping of str to bytes
        The archive's files by path.
    told : Told
        What was counted and left out.
    measured : sequence of Measured
        The journal's limits, and what the article has.
    """

    files: Mapping[str, bytes]
    told: Told
    measured: Sequence[Measured]

    @property
    def over(self) -> list[Measured]:
        """The limits that the article does not keep to."""
        return [one for one in self.measured if not one.kept]

    def archive(self, epoch: int) -> bytes:
        """Return it as a ZIP; the same files give the same bytes."""
        return archive(self.files, (), epoch)


def authors(front: Mapping[str, Any], cited: Sequence[str]) -> list[Mapping[str, str]]:
    """Return the authors as the front matter has them, else as ``CITATION.cff`` does: name, email, orcid …"""
    given = front.get("author") or list(cited)
    found: list[Mapping[str, str]] = []
    for one in given if isinstance(given, list) else [given]:
        if not isinstance(one, dict):
            found.append({"name": str(one)})
            continue
        name = one.get("name")
        if isinstance(name, dict):
            name = " ".join(filter(None, (name.get("given"), name.get("family"))))
        where = one.get("affiliations") or one.get("affiliation") or []
        named = [
            str(place.get("name", "") if isinstance(place, dict) else place)
            for place in (where if isinstance(where, list) else [where])
        ]
        plain = {key: str(one[key]) for key in ("email", "orcid") if one.get(key)}
        found.append({"name": str(name or ""), **plain, "affiliations": "; ".join(filter(None, named))})
    return found


def revealing(people: Sequence[Mapping[str, str]], root: Path) -> list[str]:
    """Return what tells who the authors are: their names and addresses, and the repository's."""
    path = root / CITATION
    record = load_yaml(path, CITATION) if path.is_file() else {}
    addresses = (record or {}).get("repository-code"), (record or {}).get("url")
    told = [one.get(key, "") for one in people for key in REVEALING]
    return sorted({text for text in (*told, *map(str, filter(None, addresses))) if text})


def make(project: Project, profile: Profile, *, anonymous: bool, language: str = "") -> Package:
    """Return the article as a journal asks for it.

    Parameters
    ----------
    project : Project
        Its outputs are built.
    profile : Profile
        What the journal asks.
    anonymous : bool
        Whether the manuscript is to name nobody.
    language : str
        Of the edition that is handed in; empty for the article itself.

    Raises
    ------
    PaperError, Findings
        Where the article cannot be typeset.
    """
    root = project.render_root
    job = RenderJob(root, root, "docx", "embedded", project.revision.epoch, language)
    title, cited = citation(project.root)
    numbers = read_numbers(root, language)
    article = source.read(root, numbers, job.article)
    front = article.metadata
    title = str(front.get("title") or title)
    people = authors(front, cited)
    names = revealing(people, project.root)
    made = Submission(job, article, numbers, profile, anonymous=anonymous, names=names)
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "manuscript.docx")
        told = made.docx("manuscript", target)
        files[f"{FOR_REVIEWERS}/manuscript.docx"] = target.read_bytes()
        if told.words.get("appendix"):
            target = Path(folder, "supplement.docx")
            made.docx("supplement", target)
            files[f"{FOR_REVIEWERS}/supplement.docx"] = target.read_bytes()
        measured = measure(profile, told, title)
        about = {
            "title": title,
            "authors": _people(people),
            "facts": facts(front, told),
        }
        target = Path(folder, "title-page.docx")
        made.title_page(target, told, measured, about)
        files[f"{FOR_EDITORS}/title-page.docx"] = target.read_bytes()
    if profile.figures.place == "apart":
        files |= {f"{FOR_REVIEWERS}/figures/{name}": content for name, content in made.figures(told)}
    # The pictures of the text as its XML names them.
    files[f"{FOR_EDITORS}/jats/article.xml"] = made.jats()
    for one in told.floats:
        if one["kind"] == "fig":
            drawing = Path(one["source"]).with_suffix(".svg")
            files[f"{FOR_EDITORS}/jats/{drawing.as_posix()}"] = (root / drawing).read_bytes()
    files["README.txt"] = readme(profile, told, measured, anonymous, sorted(files)).encode("utf-8")
    return Package(files, told, measured)


def _people(people: Sequence[Mapping[str, str]]) -> list[str]:
    return [
        ", ".join(filter(None, (one["name"], one.get("affiliations"), one.get("email"), one.get("orcid"))))
        for one in people
    ]


def facts(front: Mapping[str, Any], told: Told) -> dict[str, str]:
    """Return what a title page states besides names."""
    return {
        "Subtitle": str(front.get("subtitle") or ""),
        "Running head": str(front.get("title") or ""),
        "Keywords": ", ".join(map(str, front.get("keywords") or ())),
        "Words of the text": f"{told.words.get('text', 0):,}",
        "Words of the abstract": f"{told.words.get('abstract', 0):,}",
        "Figures and tables": f"{len(told.of('fig'))} and {len(told.of('tbl'))}",
        "Works cited": f"{told.cited}",
    }


def readme(
    profile: Profile, told: Told, measured: Sequence[Measured], anonymous: bool, files: Sequence[str]
) -> str:
    """Return what lies in the archive, what was counted, and what nobody has checked."""
    lines = [f"Submission to {profile.journal}", ""]
    if profile.source:
        lines += [f"After the instructions at {profile.source}, read {profile.read}.", ""]
    lines += ["Could not be learnt there:", *(f"  {one}" for one in profile.unread), ""]
    lines += ["Anonymous." if anonymous else "With the authors' names.", ""]
    lines += ["Words by part:", *(f"  {part}: {count:,}" for part, count in sorted(told.words.items())), ""]
    if measured:
        lines += ["Limits:", *(f"  {one}{'' if one.kept else '  OUTSIDE THE LIMIT'}" for one in measured), ""]
    if told.abstracts:
        lines += [f"Left out: abstracts in {', '.join(told.abstracts)}.", ""]
    lines += ["Figures and tables in order:"]
    lines += [f"  {one['label']}: {one['caption']}" for one in told.floats]
    lines += [
        "",
        f"Files ({FOR_REVIEWERS}/ for reviewers, {FOR_EDITORS}/ for editors alone):",
        *(f"  {name}" for name in files),
    ]
    lines += [
        "",
        "article.xml follows JATS Journal Publishing 1.2; the build does not hold it against the schema.",
    ]
    return "\n".join(lines) + "\n"
