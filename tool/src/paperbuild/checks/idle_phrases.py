"""A rule for phrases of an edition that nothing says any more.

A phrase lives while its words are written somewhere: in code, in what notebooks recorded and published, in
data. What code puts together while it runs is looked for part by part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from paperbuild.article.phrases import SLOT, Phrases
from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError
from paperbuild.ground.hashing import HashCache, sha256_json
from paperbuild.ground.located import line_of
from paperbuild.project.layout import PARAMETERS
from paperbuild.project.workspace import own_version

_ADJACENT = re.compile(r"""(?<!\\)(["'])\s+[rf]*\1""")
_PARTS = re.compile(r"[\0,;:·()?+−±.|]")
_WORD = re.compile(r"[^\W\d]{2}")
_SAYING = (".csv", ".md", ".json")


def find(subject: Subject) -> Iterable[PaperError]:
    """Phrases of editions whose words nothing in the project writes."""
    for other in subject.editions:
        shown = subject.project.relative(subject.project.phrases_file(other.edition))
        if not subject.has(shown):
            continue
        for place in _idle(subject, subject.phrases(other.edition), shown):
            yield PaperError(
                f"nothing says “{place[-1]}” any more",
                where=f"{shown}:{line_of(subject.text(shown), *place)}",
                expected="words that code, data or a result writes",
                remedy="take the phrase out",
            )


def _idle(subject: Subject, phrases: Phrases, shown: str) -> list[list[str]]:
    """Return the keys that lead to each idle phrase; remembered for as long as no file changes."""
    cache = HashCache(subject.project.build / "checked.json", own_version)
    files = [shown, *_files(subject)]
    digest = sha256_json([*map(cache.file, map(subject.project.root.joinpath, files)), _recorded(subject)])

    def look() -> list[list[str]]:
        texts = [_ADJACENT.sub("", text) for text in _texts(subject, files[1:])]
        written = " ".join(" ".join(texts).split())
        written += written.replace("_", " ")
        return [
            [*place, phrase]
            for place, phrase in _all(phrases)
            if any(part not in written for part in _parts(phrase))
        ]

    found: list[list[str]] = cache.fact("idle phrases", digest, look)
    cache.save()
    return found


def _all(phrases: Phrases) -> Iterator[tuple[tuple[str, ...], str]]:
    yield from ((("phrases",), phrase) for phrase in phrases.everywhere.exact)
    for place, said in phrases.within.items():
        yield from ((("within", place), phrase) for phrase in said.exact)
    yield from ((("verbatim",), phrase) for phrase in sorted(phrases.verbatim))


def _parts(phrase: str) -> list[str]:
    """Return the words of a phrase between its slots, commas and the like.

    >>> _parts("{n} of 19 regions (without Tyumen)")
    ['of 19 regions', 'without Tyumen']
    """
    return [part.strip() for part in _PARTS.split(SLOT.sub("\0", phrase)) if _WORD.search(part)]


def _files(subject: Subject) -> list[str]:
    """Return what may write the words of figures and tables; an edition's own files say them already."""
    editions = tuple(f"/{language}/" for language in subject.project.all_editions if language)
    made = [path for path in subject.made if not any(part in path for part in editions)]
    settings = [
        PARAMETERS,
        *(file for one in subject.settings.notebooks.values() for file in one.files or ()),
    ]
    others = [path for path in (*subject.data, *made) if path.endswith(_SAYING)]
    known = dict.fromkeys([*subject.modules, *subject.notebooks, *settings, *others])
    return [path for path in known if subject.has(path)]


def _texts(subject: Subject, files: Iterable[str]) -> Iterator[str]:
    yield from _recorded(subject)
    for path in files:
        if path.endswith(".ipynb"):
            yield from (cell.source for cell in subject.notebook(path).cells)
        else:
            yield subject.text(path)


def _recorded(subject: Subject) -> list[str]:
    return [str(number.get("value")) for number in subject.manifest.numbers.values()]


RULES = (
    Rule(
        "idle-phrases",
        "a phrase that nothing says any more is read and kept right for nothing",
        "the phrases of editions, and all that may write their words",
        lambda subject: () if subject.manifest.broken else find(subject),
        note=True,
    ),
)
