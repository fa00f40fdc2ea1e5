"""Rules for what the text refers to: cross references, citations."""

import difflib
import re
from collections.abc import Iterable, Mapping

from paperbuild.article.text import Article
from paperbuild.checks.rule import Rule, Subject
from paperbuild.ground.errors import PaperError

_ENTRY = re.compile(r"^[ \t]*@(?P<type>\w+)\s*\{\s*(?P<key>[^\s,]+)\s*,", re.MULTILINE)
_NO_ENTRY = {"comment", "string", "preamble"}


def cross_reference_findings(article: Article) -> list[PaperError]:
    """References that lead nowhere, names defined twice, figures and tables that the text never mentions."""
    found = []
    defined: dict[str, str] = {}
    for name, where in ((one.name, one.where) for one in article.defined):
        if name in defined:
            expected = f"names of their own; the other is at {defined[name]}"
            found.append(
                PaperError(f"#{name} is defined twice", where=where, expected=expected, remedy="rename it")
            )
        defined.setdefault(name, where)
    spoken = {name for one in article.referred for name in (one.name, _lower_first(one.name))}
    for one in article.referred:
        if one.name not in defined and _lower_first(one.name) not in defined:
            kind = one.name.split("-")[0].lower()
            known = ", ".join(sorted(name for name in defined if name.startswith(f"{kind}-")))
            found.append(
                PaperError(
                    f"@{one.name} leads nowhere",
                    where=one.where,
                    expected=f"one of: {known or 'none so far'}",
                    remedy=f"correct the reference, or define {{#{one.name}}}",
                )
            )
    for name, where in defined.items():
        if name.startswith(("fig-", "tbl-")) and name not in spoken:
            expected, remedy = "each figure and table is discussed", f"refer to it with @{name}, or drop it"
            found.append(
                PaperError(f"the text never refers to {name}", where=where, expected=expected, remedy=remedy)
            )
    return found


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def citation_findings(article: Article, bibliographies: Mapping[str, str]) -> list[PaperError]:
    """Citations without an entry, entries without a citation, keys used twice.

    Parameters
    ----------
    article : Article
        The article, or an edition, and what it includes.
    bibliographies : mapping of str to str
        Text of each BibTeX file that it names, by its name.
    """
    entries: dict[str, str] = {}
    found = []
    for path, bibliography in bibliographies.items():
        for match in _ENTRY.finditer(bibliography):
            where = f"{path}:{bibliography.count(chr(10), 0, match.start('type')) + 1}"
            if match["type"].lower() in _NO_ENTRY:
                continue
            if match["key"] in entries:
                expected = f"one entry a key; the other is at {entries[match['key']]}"
                message = f"{match['key']} is the key of two entries"
                found.append(PaperError(message, where=where, expected=expected, remedy="remove one of them"))
            entries[match["key"]] = where
    files = ", ".join(bibliographies) or "a bibliography, which the front matter names"
    for one in article.cited:
        if one.name not in entries:
            close = difflib.get_close_matches(one.name, entries, n=1)
            found.append(
                PaperError(
                    f"@{one.name} is not in the bibliography",
                    where=one.where,
                    expected=f"perhaps @{close[0]}" if close else f"an entry of {files}",
                    remedy=f"correct the key, or add its entry to {files}",
                )
            )
    cited = {one.name for one in article.cited}
    for key, where in entries.items():
        if key not in cited:
            expected, remedy = "a list of what the article cites", "cite it, or remove the entry"
            found.append(PaperError(f"nothing cites {key}", where=where, expected=expected, remedy=remedy))
    return found


def _citations(subject: Subject) -> Iterable[PaperError]:
    """Yield what is wrong with the citations of each edition, and with files that several name but once."""
    told = set()
    for article in subject.articles:
        named = {one.name: one.where for one in article.named_files if one.name.endswith(".bib")}
        found = [
            PaperError(
                f"the bibliography {name} does not exist",
                where=where,
                expected="a BibTeX file of the project",
                remedy="correct the name, or add the file",
            )
            for name, where in named.items()
            if not subject.has(name)
        ]
        present = {name: subject.text(name) for name in named if subject.has(name)}
        for one in (*found, *citation_findings(article, present)):
            if str(one) not in told:
                told.add(str(one))
                yield one


RULES = (
    Rule(
        "cross-references",
        "a reader who follows a reference must arrive, and a figure that nobody mentions is not read",
        "@fig-, @tbl-, @sec-, @eq- and the names they lead to",
        lambda subject: [one for article in subject.articles for one in cross_reference_findings(article)],
    ),
    Rule(
        "citations",
        "a citation without an entry cannot be looked up; an entry that nobody cites is no source",
        "citations and the bibliographies that the front matter names",
        _citations,
    ),
)
