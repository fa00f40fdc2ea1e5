"""`paper submit`: the archive that a journal's system takes, and what stands against handing it in."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.article import source
from paperbuild.article.job import RenderJob
from paperbuild.article.submission import Measured, Person, Profile, Submission, Told, measure
from paperbuild.project.identity import read_citation
from paperbuild.project.layout import Project
from paperbuild.project.printed import read_numbers
from paperbuild.proof.deposit import archive, citation

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
    foreign : str
        The language of the text, where the journal takes none in it; else empty.
    """

    files: Mapping[str, bytes]
    told: Told
    measured: Sequence[Measured]
    foreign: str = ""

    @property
    def over(self) -> list[Measured]:
        """The limits that the article does not keep to."""
        return [one for one in self.measured if not one.kept]

    def archive(self, epoch: int) -> bytes:
        """Return it as a ZIP; the same files give the same bytes."""
        return archive(self.files, (), epoch)


def authors(front: Mapping[str, Any], cited: Sequence[str]) -> list[Person]:
    """Return the authors as the front matter has them, else as ``CITATION.cff`` does."""
    known = {str(one["id"]): _place(one) for one in _list(front.get("affiliations")) if _is_named(one, "id")}
    return [_person(one, known) for one in _list(front.get("author") or list(cited))]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _is_named(value: Any, key: str) -> bool:
    return isinstance(value, dict) and key in value


def _person(one: Any, known: Mapping[str, str]) -> Person:
    if not isinstance(one, dict):
        return Person(str(one))
    name = one["name"] if _is_named(one.get("name"), "family") else one
    given, family = (str(name.get(key) or "") for key in ("given", "family"))
    plain = one.get("name") if isinstance(one.get("name"), str) else " ".join(filter(None, (given, family)))
    where = _list(one.get("affiliations") or one.get("affiliation"))
    refs = (str(place.get("ref", "")) if isinstance(place, dict) else str(place) for place in where)
    places = tuple(known.get(ref) or _place(place) for ref, place in zip(refs, where, strict=True))
    email, orcid = (str(one.get(key) or "") for key in ("email", "orcid"))
    return Person(str(plain or ""), given, family, email, orcid, tuple(filter(None, places)))


def _place(one: Any) -> str:
    """Return an affiliation in a line."""
    if not isinstance(one, dict):
        return str(one)
    return ", ".join(str(one[key]) for key in ("department", "name", "city", "country") if one.get(key))


def revealing(people: Sequence[Person], root: Path) -> list[str]:
    """Return what tells who the authors are: their names and addresses, and the repository's."""
    told = [text for one in people for text in (one.name, one.email, one.orcid)]
    return sorted({text for text in (*told, *read_citation(root).addresses) if text})


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
    made = Submission(job, article, numbers, profile, anonymous=anonymous, names=names, people=people)
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
            "authors": [str(one) for one in people],
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
    lang = article.settings.lang
    foreign = lang if profile.languages and lang.partition("-")[0] not in profile.languages else ""
    return Package(files, told, measured, foreign)


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
