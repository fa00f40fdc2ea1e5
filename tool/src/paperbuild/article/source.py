"""The article's text as pandoc shall read it: includes and shortcodes resolved, lines still known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paperbuild.article import languages, quarto_settings
from paperbuild.article.manuscript import Manuscript, after_last
from paperbuild.article.quarto_settings import QuartoSettings
from paperbuild.article.text import Article, include_target
from paperbuild.article.text import read as read_text
from paperbuild.ground.errors import Findings, PaperError, raise_all, suggestion
from paperbuild.project.layout import ARTICLE, language_of, numbers_file

FRONT_KEYS = frozenset(
    "title subtitle author affiliations abstract keywords license citation lang engine bibliography csl"
    " line-numbers number-sections".split()
)
"""Front-matter keys that both typesetters treat alike, but that Quarto numbers no lines of a DOCX.

Formats and their options belong to ``_quarto.yml``; the date comes with the numbers, for Quarto reads none
from a shortcode.
"""

NUMBERS_FROM = "metadata-files"
"""The front-matter key by which an edition has its numbers in its own language, from Quarto as well."""

_SHORTCODE = re.compile(r"\{\{<\s*(?P<name>[\w-]+)\s*(?P<argument>.*?)\s*>\}\}", re.DOTALL)
# Quarto prints what is escaped so; both spellings are its own.
_ESCAPED = re.compile(r"\{\{\{<|\{\{</\*")
_CODE_CELL = re.compile(r"^[ \t]*(?:`{3,}|~{3,})\s*\{(?!\.|#|=)", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """The resolved article.

    Attributes
    ----------
    metadata : dict
        Front matter, shortcodes resolved.
    body : str
        Markdown without front matter, includes and shortcodes resolved.
    places : tuple of (str, int)
        File and line each line of `body` came from.
    originals : mapping of str to str
        Text of every file read, by path from the project root.
    settings : QuartoSettings
        Those of ``_quarto.yml``, where the front matter does not say otherwise.
    entry : str
        The text itself, from the project root.
    tree : dict or None
        The article as pandoc's own tree (`paperbuild.article.embedded.tree`), set in place of `body`.
    filters : tuple of Path
        Filters that see it after the article's own.
    styles : str
        CSS of a page besides the article's.
    """

    metadata: dict[str, Any]
    body: str
    places: tuple[tuple[str, int], ...]
    originals: Mapping[str, str] = field(default_factory=dict)
    settings: QuartoSettings = field(default_factory=QuartoSettings)
    entry: str = ARTICLE
    tree: dict[str, Any] | None = None
    filters: tuple[Path, ...] = ()
    styles: str = ""

    def place(self, token: str) -> str:
        """Return ``file:line`` of the first line that holds `token`; the article itself when none does."""
        words = r"\s+".join(re.escape(word) for word in token.split())
        # "@fig-a" must not be found in "@fig-ab".
        pattern = re.compile(words + (r"(?![\w-])" if re.search(r"\w$", token) else ""))
        for path, text in self.originals.items():
            found = pattern.search(text)
            if found:
                return f"{path}:{text.count(chr(10), 0, found.start()) + 1}"
        return self.entry


def read(root: Path, numbers: Mapping[str, Any], entry: str = ARTICLE) -> Source:
    """Read the article, or an edition of it, and all it includes.

    Parameters
    ----------
    root : Path
        Folder of the article.
    numbers : mapping
        What ``{{< meta … >}}`` finds beside the front matter: the content of ``build/results/numbers.yml``.
    entry : str
        The text, from the root.

    Raises
    ------
    PaperError, Findings
        A missing include, an unknown key, an unsupported shortcode, front-matter key or setting, a code
        cell; each with its file and line.
    """
    return _Reader(read_text(root, entry), numbers, entry).read()


def lookup(metadata: Mapping[str, Any], key: str) -> str | None:
    """Return the printed value at a dotted `key`, or None where there is none."""
    value: Any = metadata
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    if isinstance(value, Mapping | list) or value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def keys(metadata: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    """Yield the dotted key of every value."""
    for name, value in metadata.items():
        if isinstance(value, Mapping):
            yield from keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def edition_findings(text: Manuscript) -> list[PaperError]:
    """Return what an edition's front matter lacks for it to speak its language; nothing for the article.

    Parameters
    ----------
    text : Manuscript
        The edition's own text.
    """
    language = language_of(text.path)
    lines = text.text.split("\n")
    found = []
    for key, value in (("lang", language), (NUMBERS_FROM, [numbers_file(language)])) if language else ():
        given = text.metadata.get(key)
        if value not in (given, [given]):
            line = next((number for number, said in enumerate(lines, 1) if said.startswith(f"{key}:")), 1)
            said = f"{key} is {given!r}" if key in text.metadata else f"the front matter has no {key}"
            expected = f"{key}: {value if isinstance(value, str) else f'[{value[0]}]'}"
            found.append(PaperError(said, where=f"{text.path}:{line}", expected=expected))
    return found


class _Reader:
    def __init__(self, article: Article, numbers: Mapping[str, Any], entry: str) -> None:
        self.article, self.numbers, self.entry = article, numbers, entry
        self.findings: list[PaperError] = []
        self.metadata: dict[str, Any] = {}
        self.known: dict[str, Any] = {}

    def read(self) -> Source:
        main = self.article.manuscript(self.entry)
        if main is None or main.front_problem:
            raise self.article.problems[0]
        front = main.metadata
        known = FRONT_KEYS | {NUMBERS_FROM} if self.article.edition else FRONT_KEYS
        for key in sorted(set(front) - known):
            self.complain(
                f"front-matter key {key!r}{suggestion(key, known)}",
                self.entry,
                self.line_of_key(main, key),
                expected=", ".join(sorted(known)),
                remedy="formats and their options belong to _quarto.yml",
            )
        for key, value in front.items():
            if expected := quarto_settings.expected(key, value):
                self.complain(
                    f"{key} is {value!r}", self.entry, self.line_of_key(main, key), expected=expected
                )
        self.findings += edition_findings(main)
        settings = QuartoSettings()
        try:
            settings = quarto_settings.read(self.article.root)
        except Findings as error:
            self.findings += error.findings
        except PaperError as error:
            self.findings.append(error)
        try:
            languages.of(str(front.get("lang", languages.DEFAULT)))
        except PaperError as error:
            where = f"{self.entry}:{self.line_of_key(main, 'lang')}"
            self.findings.append(
                PaperError(error.message, where=where, expected=error.expected, remedy=error.remedy)
            )
        self.known = {**front, **self.numbers}
        self.metadata = {
            key: self.resolve(main, value) for key, value in front.items() if key != NUMBERS_FROM
        }
        lines: list[str] = []
        places: list[tuple[str, int]] = []
        for text, path, number in self.expand(main, (self.entry,)):
            lines.append(text)
            places.append((path, number))
        raise_all([*self.findings, *self.article.unread])
        originals = {text.path: text.text for text in self.article.manuscripts}
        return Source(
            self.metadata,
            "\n".join(lines) + "\n",
            tuple(places),
            originals,
            settings.overridden(self.metadata),
            self.entry,
        )

    def complain(self, message: str, path: str, line: int, *, expected: str = "", remedy: str = "") -> None:
        self.findings.append(PaperError(message, where=f"{path}:{line}", expected=expected, remedy=remedy))

    def line_of_key(self, article: Manuscript, key: str) -> int:
        found = re.search(rf"^{re.escape(key)}\s*:", article.text, re.MULTILINE)
        return article.line(found.start()) if found else 1

    def resolve(self, article: Manuscript, value: Any) -> Any:
        """Replace shortcodes in a front-matter value."""
        if isinstance(value, list):
            return [self.resolve(article, item) for item in value]
        if isinstance(value, dict):
            return {key: self.resolve(article, item) for key, item in value.items()}
        if not isinstance(value, str):
            return value

        def replace(match: re.Match[str]) -> str:
            at = article.text.find(match.group())
            return self.value(match, article.path, article.line(max(at, 0)))

        return _SHORTCODE.sub(replace, value)

    def value(self, shortcode: re.Match[str], path: str, line: int) -> str:
        """Return what stands in place of an inline shortcode."""
        name, argument = shortcode["name"], shortcode["argument"]
        if name != "meta":
            inline = (
                "an include with other text on its line" if name == "include" else f"the shortcode {name!r}"
            )
            self.complain(
                inline, path, line, expected="{{< meta key >}}, or {{< include file >}} on a line of its own"
            )
            return ""
        found = lookup(self.known, argument)
        if found is None:
            self.complain(
                f"no result named {argument!r}{suggestion(argument, keys(self.known))}",
                path,
                line,
                expected="a number recorded by a notebook (n.…, c.…), build.… or a front-matter key",
                remedy="correct the name, or run `paper build` if the notebook is new",
            )
            return ""
        return found

    def expand(self, manuscript: Manuscript, trail: tuple[str, ...]) -> Iterable[tuple[str, str, int]]:
        """Yield the lines of a text and of all it includes, shortcodes resolved, with their places."""
        text, masked, path = manuscript.text, manuscript.uncoded, manuscript.path
        for match in _CODE_CELL.finditer(text):
            self.complain(
                "a code cell",
                path,
                manuscript.line(match.start()),
                expected="computation in analysis/*.ipynb; the article is engine: markdown",
            )
        for match in _ESCAPED.finditer(text):
            if not self.in_comment(text, match.start()):
                self.complain(
                    "an escaped shortcode",
                    path,
                    manuscript.line(match.start()),
                    expected="{{< meta key >}}: no text says how a shortcode is written",
                )
        for match in _SHORTCODE.finditer(text, manuscript.front_end, after_last(">}}", text)):
            if masked[match.start()] != "{" and not self.in_comment(text, match.start()):
                self.complain("a shortcode inside code", path, manuscript.line(match.start()))
        first = manuscript.line(manuscript.front_end) if manuscript.front_end else 1
        original, visible = text.split("\n"), masked.split("\n")
        if original and not original[-1]:
            original.pop()
        for number in range(first, len(original) + 1):
            line = original[number - 1]
            include = _SHORTCODE.fullmatch(visible[number - 1].strip())
            if include and include["name"] == "include":
                yield from self.include(include["argument"], path, trail)
            else:
                before = original[number - 2] if number > first else ""
                yield self.inline(line, visible[number - 1], before, path, number), path, number

    def include(self, target: str, path: str, trail: tuple[str, ...]) -> Iterable[tuple[str, str, int]]:
        """Yield the lines of an included file; the reading of the article says what is wrong with it."""
        included = self.article.manuscript(include_target(path, target))
        if included and included.path not in trail:
            yield from self.expand(included, (*trail, included.path))

    def inline(self, line: str, visible: str, before: str, path: str, number: int) -> str:
        """Resolve the shortcodes of one line."""
        if "{{<" not in visible or _ESCAPED.search(visible):
            return line
        pieces, end = [], 0
        for match in _SHORTCODE.finditer(visible, 0, after_last(">}}", visible)):
            value = self.value(match, path, number)
            # At the start of a paragraph "12." would open a list; a bare span does not. The filter drops it.
            opens = not line[: match.start()].strip() and (
                not before.strip() or before.lstrip().startswith(":::")
            )
            pieces += [line[end : match.start()], f"[{value}]{{}}" if opens else value]
            end = match.end()
        if "{{<" in visible[end:]:
            self.complain(
                "a shortcode that does not end on its line", path, number, expected="{{< meta key >}}"
            )
        return "".join([*pieces, line[end:]])

    @staticmethod
    def in_comment(text: str, position: int) -> bool:
        return text.rfind("<!--", 0, position) > text.rfind("-->", 0, position)
