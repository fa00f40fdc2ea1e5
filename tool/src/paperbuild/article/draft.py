"""The page after an edit of prose, without setting the rest anew: what `paper preview` shows at once.

Pandoc reads, numbers and cites a whole article in seconds, most of it for what an edit leaves alone. Here
the blocks that changed are set among stubs of the others, which keep what numbers and citations hang on:
headings, named floats and equations, and the keys that are cited. The same is done with the blocks as they
were, and the page holds what came of them once: there the new ones go. Where it does not, or where an edit
reaches further than its blocks, there is no draft, and the whole build shows the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paperbuild.article import embedded
from paperbuild.article.job import RenderJob
from paperbuild.article.source import Source, read
from paperbuild.ground.errors import Findings, PaperError
from paperbuild.project.layout import BUILD
from paperbuild.project.printed import read_numbers

MARK = "changed-blocks"
_FENCE = re.compile(r"\s*(:{3,}|`{3,}|~{3,})(.*)")
_NAMED = re.compile(r"\{#[\w-]+")
_CITED = re.compile(r"(?<![\w.])-?@(?!(?:fig|tbl|sec|eq)-)[A-Za-z][\w:.-]*\w", re.IGNORECASE)
_NUMBERED = re.compile(r"\{#|^#|@(?:fig|tbl|sec|eq)-", re.IGNORECASE | re.MULTILINE)
_HEADING = re.compile(r"^#+.*$", re.MULTILINE)
# Notes are numbered through, what a reference link leads to may stand anywhere, and pandoc sets floats and
# labelled equations only where they stand among paragraphs.
_FAR = re.compile(r"\[\^|\^\[|^\[[^\]]+\]:|\{#(?:fig|tbl|eq)-", re.MULTILINE)
_TABLE = re.compile(r"::: \{#tbl-[\w-]+")
_MARKED = re.compile(rf'<div id="{MARK}">\n(.*?)\n</div>\n', re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A page and what it was made from.

    Attributes
    ----------
    source : Source
        The article as read.
    page : str
        Its page.
    pieces : mapping of str to str
        The page's HTML of blocks that a draft has set, for the next edit is often of the same.
    """

    source: Source
    page: str
    pieces: Mapping[str, str] = field(default_factory=dict)


def shown(root: Path, page: Path) -> Shown | None:
    """Return the page that a build has made of the article as it stands; None where it cannot be read."""
    try:
        return Shown(read(root, read_numbers(root)), page.read_text(encoding="utf-8"))
    except (PaperError, Findings, OSError):
        return None


def draft(root: Path, before: Shown) -> Shown | None:
    """Return the page as it will be, or None where only a build can tell.

    Parameters
    ----------
    root : Path
        Folder of the article.
    before : Shown
        The page as it is.
    """
    numbers = read_numbers(root)
    try:
        source = read(root, numbers)
        if (source.metadata, source.settings) != (before.source.metadata, before.source.settings):
            return None
        old, new = list(blocks(before.source.body)), list(blocks(source.body))
        start, end = _changed(old, new)
        was, now = old[start : len(old) - end], new[start : len(new) - end]
        if not (was and now) or not _stays_near("\n\n".join(was), "\n\n".join(now)):
            return None
        known = dict(before.pieces)

        def html_of(part: Sequence[str]) -> str:
            text = "\n\n".join(part)
            if text not in known:
                asked = {"numbers": bool(_NUMBERED.search(text)), "citations": bool(_CITED.search(text))}
                earlier = [stub(block, **asked) for block in new[:start]]
                later = [stub(block, **asked) for block in new[len(new) - end :]]
                whole = [*earlier, f":::: {{#{MARK}}}", text, "::::", *later]
                body = "\n\n".join(piece for piece in whole if piece) + "\n"
                known[text] = _set(root, replace(source, body=body), numbers)
            return known[text]

        with ThreadPoolExecutor(2) as pool:
            gone, come = pool.map(html_of, (was, now))
    except (PaperError, Findings):
        return None
    if not gone or not come or before.page.count(gone) != 1:
        return None
    return Shown(source, before.page.replace(gone, come), {"\n\n".join(now): come})


def blocks(body: str) -> Iterator[str]:
    """Yield what blank lines part outside fences, so that each block stands by itself."""
    fences: list[str] = []
    lines: list[str] = []
    for line in body.split("\n"):
        fence = _FENCE.fullmatch(line)
        if fence:
            mark, words = fence[1], fence[2].strip()
            if fences and fences[-1][0] == mark[0] and not words and len(mark) >= len(fences[-1]):
                fences.pop()
            elif not fences or fences[-1][0] == ":":
                fences.append(mark)
        if line.strip() or fences:
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def stub(block: str, *, numbers: bool, citations: bool) -> str:
    """Return as little of a block as gives others the same numbers or citations, where asked for."""
    cited = " ".join(f"[{key}]" for key in _CITED.findall(block)) if citations else ""
    if not numbers:
        return cited
    table = _TABLE.match(block)
    if table:
        return f"{table[0]}}}\n\n| a |\n|---|\n| b |\n\n{cited or '…'}\n\n:::"
    return block if block.startswith("#") or _NAMED.search(block) else cited


def _stays_near(old: str, new: str) -> bool:
    """Tell whether the rest of the article sees no difference between two texts."""
    if _FAR.search(old + "\n" + new):
        return False
    return all(seen.findall(old) == seen.findall(new) for seen in (_CITED, _HEADING))


def _changed(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many blocks are the same at the start and at the end."""
    most = min(len(old), len(new))
    start = next((n for n in range(most) if old[n] != new[n]), most)
    end = next((n for n in range(most - start) if old[-1 - n] != new[-1 - n]), most - start)
    return start, end


def _set(root: Path, source: Source, numbers: Mapping[str, Any]) -> str:
    """Return the page's HTML of the marked blocks; an empty text where they are not one piece of it."""
    # Where figures and tables were computed, and their data, take half of the time.
    numbers = {key: value for key, value in numbers.items() if key != "provenance"}
    found = _MARKED.findall(
        embedded.page(RenderJob(root, root / BUILD, "html", "embedded", 0), source, numbers)
    )
    return embedded.pictures_inside(found[0], root) if len(found) == 1 else ""
