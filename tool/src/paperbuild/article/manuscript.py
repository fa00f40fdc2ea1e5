"""One file of the article's Markdown: what it says, includes, shows, cites and binds, with lines.

The text is never changed, only masked: whatever is not prose (code, mathematics, attributes, links,
shortcodes, citations) is overwritten with blanks of the same length, so that every offset keeps its line.
"""

import bisect
import functools
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from paperbuild.ground.errors import PaperError
from paperbuild.ground.located import loader, parse_yaml

REFERENCE_PREFIXES = ("fig", "tbl", "sec", "eq", "lst", "nte", "tip", "wrn", "imp", "cau", "thm", "suppfig")
CITATION_MARK = "@"
"""What a masked citation leaves behind, so that a sentence is known to carry one."""

_KEY = r"[\w](?:[\w:.#$%&+?<>~/-]*[\w/])?"
_CITATION = re.compile(rf"(?<![\w@/.])-?@(?:\{{(?P<braced>[^}}]+)\}}|(?P<key>{_KEY}))")
_BRACKET, _CITED = re.compile(r"\[[^\[\]]*\]"), re.compile(rf"(?<![\w/.])-?@(?:\{{|{_KEY})")
_META = re.compile(r"\{\{<\s*meta\s+(?P<key>[^\s>]+)\s*>\}\}")
_INCLUDE = re.compile(r"\{\{<\s*include\s+(?P<path>[^\n]+?)\s*>\}\}")
_SHORTCODE = re.compile(r"\{\{<.*?>\}\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"^(?P<fence>`{3,}+|~{3,}+)[^\n]*+\n.*?^(?P=fence)[`~]*[ \t]*$", re.DOTALL | re.MULTILINE)
_FENCE_END = re.compile(r"^(?:`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_CODE = re.compile(r"(?<!`)(`++)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_DISPLAY_MATH = re.compile(r"\$\$.+?\$\$", re.DOTALL)
_INLINE_MATH = re.compile(r"(?<![\\$])\$(?=\S)([^$\n]|\n(?!\n))+?(?<=\S)\$(?!\d)")
_HTML_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_TARGET = re.compile(r"\]\((?:(?!\]\()[^)\n])*\)")
_URL = re.compile(r"<?https?://[^\s<>)\]]+>?|\bdoi:\s*\S+", re.IGNORECASE)
_FRONT = re.compile(r"\A---[ \t]*\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_DIV = re.compile(r"^(?P<colons>:{3,})[ \t]*(?P<rest>\S[^\n]*)?$", re.MULTILINE)
_PARAGRAPH = re.compile(r"(?:^[^\S\n]*+\S[^\n]*+\n?)+", re.MULTILINE)
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]+\]:?")
_NAMED = re.compile(r"^(?:bibliography|csl)[ \t]*:(?P<value>[^\n]*(?:\n[ \t]*-[^\n]*)*)", re.MULTILINE)
_PRINTED_FRONT = re.compile(r"(sub)?title|abstract(-[\w-]+)?|description|(plain-language-)?summary")
_FRONT_LANGUAGE = re.compile(r"(?:abstract|title|subtitle|summary)-(?P<language>[a-z]{2})")
_PAIR = re.compile(
    r"""(?<![\w-])([\w-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^\s"'}]+))""", re.DOTALL
)


@dataclass(frozen=True)
class Attributes:
    """A pandoc attribute block `{#id .class key="value"}` and where it stands."""

    start: int
    end: int
    identifier: str = ""
    classes: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """An image of the article: cross-reference name, file, caption, alternative text."""

    identifier: str
    target: str
    caption: str
    alt: str | None
    line: int


@dataclass(frozen=True)
class Use:
    """A name used in the text (citation key, cross reference, meta key, include) and its line."""

    name: str
    line: int


@dataclass(frozen=True)
class Prose:
    """A stretch of masked prose that starts at `line`."""

    text: str
    line: int


def blank(text: str) -> str:
    """Return blanks of the same length, line ends kept."""
    return re.sub(r"[^\n]", " ", text)


def _blank_matches(pattern: re.Pattern[str], text: str, end: int | None = None) -> str:
    """Return text with blanks for what matches before `end`.

    What opens after the last end of its kind opens nothing. Looking for an end from each of many such places
    takes time in proportion to the square of the text.
    """
    return pattern.sub(lambda match: blank(match.group()), text[:end]) + ("" if end is None else text[end:])


def after_last(closing: str, text: str) -> int:
    """Return the offset after the last place where `closing` stands; 0 where it stands nowhere."""
    found = text.rfind(closing)
    return found + len(closing) if found >= 0 else 0


def without_comments(text: str) -> str:
    """Return Markdown without its comments, which bind words and which no reader sees."""
    end = after_last("-->", text)
    return _COMMENT.sub("", text[:end]) + text[end:]


def read_attributes(text: str, start: int) -> Attributes | None:
    """Read the attribute block that opens at `start`, or None where there is none.

    Parameters
    ----------
    text : str
        Markdown.
    start : int
        Offset of the opening brace.
    """
    if not text.startswith("{", start) or text.startswith("{{", start):
        return None
    quote, position = "", start + 1
    while position < len(text):
        char = text[position]
        if quote:
            if char == "\\":
                position += 1
            elif char == quote:
                quote = ""
        elif char in "\"'" and text[position - 1] == "=":
            quote = char
        elif char == "}":
            break
        elif text.startswith("\n\n", position):
            return None
        position += 1
    else:
        return None
    body = text[start + 1 : position]
    values, offsets = {}, {}
    for match in _PAIR.finditer(body):
        group = next(number for number in (2, 3, 4) if match.group(number) is not None)
        values[match[1]] = match[group]
        offsets[match[1]] = start + 1 + match.start(group)
    bare = _PAIR.sub(" ", body).split()
    identifier = next((word[1:] for word in bare if word.startswith("#")), "")
    classes = tuple(word[1:] for word in bare if word.startswith("."))
    return Attributes(start, position + 1, identifier, classes, values, offsets)


def closing_bracket(text: str, start: int) -> int:
    """Offset of the bracket that closes the one at `start`; -1 where the paragraph ends first."""
    depth, position = 0, start
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 1
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return position
        elif text.startswith("\n\n", position):
            return -1
        position += 1
    return -1


class Manuscript:
    """One Markdown file of the article.

    Parameters
    ----------
    path : str
        Path relative to the project root, as findings show it.
    text : str
        The file's text.
    """

    def __init__(self, path: str, text: str):
        self.path = path
        self.text = text
        front = _FRONT.match(text)
        self.front_end = front.end() if front else 0
        self.front_source = front["yaml"] if front else ""

    def line(self, offset: int) -> int:
        """Line of an offset, counted from 1."""
        return bisect.bisect_left(self._line_ends, offset) + 1

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    @cached_property
    def _front(self) -> tuple[dict[str, Any], Any, PaperError | None]:
        """The front matter as values and as nodes, and what is wrong with it."""
        import yaml  # here, because it takes long to load and the build asks only for the files a text names

        try:
            # The line of dashes above it is the first.
            values = parse_yaml(self.front_source, self.path, first=2)
        except PaperError as error:
            return {}, None, error
        nodes = yaml.compose(self.front_source, Loader=loader())
        if values is not None and not isinstance(values, dict):
            expected = "key: value lines between two lines ---"
            problem = PaperError("the front matter is no mapping", where=f"{self.path}:2", expected=expected)
            return {}, None, problem
        return values or {}, nodes, None

    @property
    def metadata(self) -> dict[str, Any]:
        """The YAML front matter; empty where there is none, or none that can be read."""
        return self._front[0] if self.front_source.strip() else {}

    @property
    def front_problem(self) -> PaperError | None:
        """What is wrong with the front matter; None where it can be read."""
        return self._front[2] if self.front_source.strip() else None

    @cached_property
    def named_files(self) -> list[Use]:
        """Bibliographies and citation style that the front matter names (read without a YAML library)."""
        found = []
        for match in _NAMED.finditer(self.front_source):
            line = self.line(self.text.find(self.front_source) + match.start())
            words = re.split(r"[,\n]", match["value"].strip().strip("[]"))
            names = [re.sub(r"\s+#.*", "", word).strip(" \t'\"-") for word in words]
            found += [Use(name, line) for name in names if name]
        return found

    @cached_property
    def uncoded(self) -> str:
        """The text without comments and code: what the typesetter reads as Markdown."""
        text = _blank_matches(_COMMENT, self.text, after_last("-->", self.text))
        text = _blank_matches(_FENCE, text, max((end.end() for end in _FENCE_END.finditer(text)), default=0))
        return _blank_matches(_CODE, text)

    @cached_property
    def _unset(self) -> str:
        """The text without comments, code, shortcodes and formulas."""
        text = _blank_matches(_SHORTCODE, self.uncoded, after_last(">}}", self.uncoded))
        return _blank_matches(_INLINE_MATH, _blank_matches(_DISPLAY_MATH, text))

    @cached_property
    def attributes(self) -> list[Attributes]:
        """Every attribute block, in order."""
        text, found, position = self.uncoded, [], 0
        end = after_last("}", text)
        while (position := text.find("{", position, end)) >= 0:
            block = (
                read_attributes(text, position)
                if text[position - 1 : position] not in ("{", "\\", "$")
                else None
            )
            if block and (block.identifier or block.classes or block.values):
                found.append(block)
                position = block.end
            else:
                position += 1
        return found

    @cached_property
    def divs(self) -> list[tuple[int, int, Attributes]]:
        """Fenced divs as (start, end, attributes), outer before inner."""
        stack: list[tuple[int, Attributes]] = []
        found = []
        for match in _DIV.finditer(self.uncoded, self.front_end):
            if match["rest"]:
                brace = match["rest"].find("{")
                block = read_attributes(self.uncoded, match.start("rest") + brace) if brace >= 0 else None
                name = match["rest"].strip(" :{}.")
                stack.append(
                    (match.start(), block or Attributes(match.start(), match.end(), classes=(name,)))
                )
            elif stack:
                start, block = stack.pop()
                found.append((start, match.end(), block))
        return sorted(found, key=lambda div: div[0])

    def opening(self, close: int) -> int:
        """Return the offset of the bracket that the one at `close` closes."""
        return _opening_bracket(self.uncoded, close)

    @cached_property
    def defined(self) -> list[Use]:
        """Cross-reference names that the file defines."""
        return [
            Use(block.identifier, self.line(block.start))
            for block in self.attributes
            if block.identifier.split("-")[0] in REFERENCE_PREFIXES
        ]

    @cached_property
    def figures(self) -> list[Figure]:
        """Every image, with the caption and alternative text of the div around it where it has none."""
        text, found, position = self.uncoded, [], self.front_end
        while (position := text.find("![", position)) >= 0:
            close = closing_bracket(text, position + 1)
            if close < 0 or not text.startswith("(", close + 1):
                position += 2
                continue
            end = text.find(")", close)
            target = (text[close + 2 : end].split() or [""])[0]
            own = read_attributes(text, end + 1) or Attributes(end, end)
            around = next(
                (div for div in reversed(self.divs) if div[0] < position < div[1] and div[2].identifier), None
            )
            identifier, alt = own.identifier, own.values.get("fig-alt", own.values.get("alt"))
            caption = self.text[position + 2 : close]
            if around and not identifier:
                identifier = around[2].identifier
                alt = alt or around[2].values.get("fig-alt")
                caption = caption or self.caption_of(around)
            found.append(Figure(identifier, target, caption, alt, self.line(position)))
            position = own.end
        return found

    def caption_of(self, div: tuple[int, int, Attributes]) -> str:
        """The caption of a figure or table div: its `fig-cap`, else its last paragraph."""
        given = div[2].values.get("fig-cap") or div[2].values.get("tbl-cap")
        body = self.text[div[2].end : self.text.rfind("\n", 0, div[1])].strip()
        return given or body.rsplit("\n\n", 1)[-1]

    @cached_property
    def includes(self) -> list[Use]:
        """Files that the text includes."""
        return self._uses(_INCLUDE, "path")

    @cached_property
    def metas(self) -> list[Use]:
        """Keys that the text binds with `{{< meta key >}}`, front matter included."""
        return self._uses(_META, "key")

    def _uses(self, pattern: re.Pattern[str], group: str) -> list[Use]:
        found = pattern.finditer(self.uncoded, 0, after_last(">}}", self.uncoded))
        return [Use(match[group], self.line(match.start())) for match in found]

    @cached_property
    def _ats(self) -> list[Use]:
        text = _blank_matches(_URL, self._unset)
        return [
            Use(match["braced"] or match["key"], self.line(match.start()))
            for match in _CITATION.finditer(text)
        ]

    @cached_property
    def references(self) -> list[Use]:
        """Cross references `@fig-x`, in order."""
        return [use for use in self._ats if use.name.split("-")[0].lower() in REFERENCE_PREFIXES]

    @cached_property
    def citations(self) -> list[Use]:
        """Citation keys, in order."""
        return [use for use in self._ats if use.name.split("-")[0].lower() not in REFERENCE_PREFIXES]

    @cached_property
    def masked(self) -> str:
        """The text with all but prose blanked; a citation leaves `CITATION_MARK` at its start."""
        text = _blank_matches(_FOOTNOTE, self._unset)
        for block in self.attributes:
            start = block.start
            if "stated" in block.classes and text[start - 1 : start] == "]":
                start = _opening_bracket(text, start - 1)
            text = text[:start] + blank(text[start : block.end]) + text[block.end :]
        text = _blank_matches(_TARGET, text)
        text = _blank_matches(_URL, text)
        text = _mask_citations(text)
        text = _blank_matches(_HTML_TAG, text)
        return text

    @cached_property
    def prose(self) -> list[Prose]:
        """Masked paragraphs of body, alternative texts and front-matter prose, each with its first line."""
        body = blank(self.masked[: self.front_end]) + self.masked[self.front_end :]
        stretches = [Prose(match.group(), self.line(match.start())) for match in _PARAGRAPH.finditer(body)]
        for block in self.attributes:
            for key in ("fig-alt", "fig-cap", "tbl-cap", "alt", "title"):
                if key in block.values:
                    start = block.offsets[key]
                    value = _blank_matches(
                        _SHORTCODE, block.values[key], after_last(">}}", block.values[key])
                    )
                    stretches.append(Prose(_mask_citations(value), self.line(start)))
        stretches.extend(Prose(self._masked_lines(start, stop), start) for _, start, stop in self.front_prose)
        return stretches

    def _masked_lines(self, start: int, stop: int) -> str:
        lines = self.masked.split("\n")[start - 1 : stop]
        lines[0] = re.sub(r"^\s*[\w-]+:\s*[|>]?[-+]?", lambda match: blank(match.group()), lines[0])
        return "\n".join(lines)

    @cached_property
    def front_prose(self) -> list[tuple[str, int, int]]:
        """Front-matter entries that are printed as text: (key, first line, last line)."""
        if not self.front_source.strip():
            return []
        found = []
        for key, value in getattr(self._front[1], "value", []):
            if _PRINTED_FRONT.fullmatch(str(key.value)):
                stop = value.end_mark.line + (1 if value.end_mark.column else 0)
                found.append((str(key.value), key.start_mark.line + 2, stop + 1))
        return found

    @cached_property
    def _languages(self) -> list[tuple[int, int, str]]:
        """Stretches that declare their language, as (first line, last line, code), outer before inner."""
        found = []
        if self.front_source.strip():
            for key, start, stop in self.front_prose:
                if match := _FRONT_LANGUAGE.fullmatch(key):
                    found.append((start, stop, match["language"]))
        for start, end, block in self.divs:
            if "lang" in block.values:
                found.append((self.line(start), self.line(end), block.values["lang"]))
        return found

    def language_at(self, line: int) -> str:
        """Return the language that a line declares by a div's `lang` or a front-matter key; else nothing."""
        return next((code for first, last, code in reversed(self._languages) if first <= line <= last), "")

    @cached_property
    def abstracts(self) -> list[tuple[str, int, list[Use]]]:
        """Abstracts as (name, line, bound keys): front-matter `abstract…` entries and `.abstract` divs."""
        found = []
        for key, start, stop in self.front_prose:
            if key.startswith("abstract") and not key.startswith("abstract-title"):
                found.append((key, start, [use for use in self.metas if start <= use.line <= stop]))
        for start, end, block in self.divs:
            if "abstract" in block.classes or block.identifier.startswith("abstract"):
                first, last = self.line(start), self.line(end)
                name = block.identifier or f"abstract ({block.values.get('lang', 'no lang')})"
                found.append((name, first, [use for use in self.metas if first <= use.line <= last]))
        return found


def _opening_bracket(text: str, close: int) -> int:
    depth = 0
    for position in range(close, -1, -1):
        if text[position] == "]":
            depth += 1
        elif text[position] == "[":
            depth -= 1
            if depth == 0:
                return position
    return close


def _mask_citations(text: str) -> str:
    """Blank citations (whole bracket, locators too) and cross references; mark where a citation stood."""

    def replace(match: re.Match[str]) -> str:
        keys = [found["braced"] or found["key"] for found in _CITATION.finditer(match.group())]
        cites = any(key.split("-")[0].lower() not in REFERENCE_PREFIXES for key in keys)
        blanked = blank(match.group())
        return CITATION_MARK + blanked[1:] if cites else blanked

    # In two steps: one pattern for both would look for the end of a bracket from each @ in it.
    text = _BRACKET.sub(lambda match: replace(match) if _CITED.search(match.group()) else match.group(), text)
    narrative = re.compile(rf"{_CITATION.pattern}(?:\s*\[[^\[\]]*\])?")
    return narrative.sub(replace, text)


# A text is read again at every look at the article, and looked at several times a build.
@functools.lru_cache(maxsize=256)
def manuscript(path: str, text: str) -> Manuscript:
    """Return the manuscript of a file's text, the same one for the same text."""
    return Manuscript(path, text)
