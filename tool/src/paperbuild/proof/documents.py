"""Compare two typeset documents by their text, without what differs between two builds of one source."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from paperbuild.article import formats
from paperbuild.project.layout import OUTPUT, TEXTS
from paperbuild.proof.ladder import Comparison, Rung


def document_text(path: Path) -> str:
    """Text of a document, one line a block or printed line, as its format reads it back.

    Raises
    ------
    ValueError
        For a file that is no document of the article.
    """
    known = formats.of_file(path.name)
    if known is None:
        raise ValueError(f"no document: {path.name}")
    lines = (" ".join(line.split()) for line in known.text(path).splitlines())
    return "\n".join(line for line in lines if line)


def masked_text(text: str, build: Mapping[str, Any]) -> str:
    """A document's text, one block a line, without what differs between two builds of the same sources.

    Parameters
    ----------
    text : str
        As `document_text` reads it.
    build : mapping
        The `build` entry of that build's `numbers.yml`: the colophon prints commit, date and Python, and a
        committed reference cannot hold the name of the commit that holds it.
    """
    volatile = {key: value for key, value in build.items() if isinstance(value, str) and len(value) > 3}
    named = [value for key, value in volatile.items() if key.startswith("commit")]
    text = _without(named, text, _COMMIT)
    # A date and a version may stand in the article for themselves: those of the build stand below the title
    # and in the sentence that names the commit.
    others = [value for key, value in volatile.items() if not key.startswith("commit")]
    head = "".join(text.splitlines(keepends=True)[:HEAD])
    near = rf"(?:(?!\.\s)[^{_COMMIT}]){{0,{BESIDE}}}"
    body = re.sub(f"{near}{_COMMIT}{near}", lambda one: _without(others, one.group()), text[len(head) :])
    text = (_without(others, head) + body).replace(_COMMIT, _MASK)
    return text + "\n" if text and not text.endswith("\n") else text


HEAD = 12
"""Lines of a document in which its date stands: title, authors, date, how to cite it."""
BESIDE = 120
"""Characters of the same sentence around the commit, in which date and Python are those of the build."""


_MASK, _COMMIT = "·", "\0"


def _without(values: Iterable[str], text: str, mask: str = _MASK) -> str:
    """Return a text with a mark for each value."""
    for value in sorted(values, key=len, reverse=True):
        # A line may break inside a value.
        pattern = r"\s+".join(re.escape(word) for word in value.split())
        text = re.sub(rf"(?<![\d.]){pattern}(?!\d)", mask, text)
    return text


def text_digest(masked: str) -> str:
    """SHA-256 of a document's masked text; where its lines break does not matter."""
    return hashlib.sha256(re.sub(r"\s+", "", masked).encode("utf-8")).hexdigest()


def text_path(document: str) -> str:
    """Where the text of a document is committed: ``text/paper.html.txt`` for ``_output/paper.html``."""
    return f"{TEXTS}/{Path(document).name}.txt"


def document_record(path: Path, engine: str, build: Mapping[str, Any]) -> dict[str, str]:
    """Entry of a document in `figures/manifest.json`, with the hash of its text (see `reference_text`).

    Parameters
    ----------
    path : Path
        The document as built.
    engine : str
        `quarto` or `embedded`.
    build : mapping
        The `build` entry of `numbers.yml`.
    """
    name, digest = f"{OUTPUT}/{path.name}", text_digest(reference_text(path, build))
    return {"path": name, "text": text_path(name), "engine": engine, "text_sha256": digest}


def reference_text(path: Path, build: Mapping[str, Any]) -> str:
    """A document's text as it is committed under `text_path`."""
    return masked_text(document_text(path), build)


def compare_texts(path: str, expected: str, found: str) -> Comparison:
    """Compare a document's committed text with that of a rebuild; the first differing words as details."""
    digests = f"text {text_digest(expected)[:12]}", f"text {text_digest(found)[:12]}"
    if digests[0] == digests[1]:
        return Comparison(path, Rung.SAME_CONTENT, *digests, reason="the same text but for commit and date")
    first, changed = first_words(expected, found), line_changes(expected.splitlines(), found.splitlines())
    return Comparison(
        path, Rung.DIFFERS, *digests, f"another text; {first}", tuple(changed[:20]), printed=True
    )


def first_words(expected: str, found: str, around: int = 4, most: int = 12) -> str:
    """The first words in which two texts differ, with a few before them: ``… “a b c” → “a b d”``."""
    left, right = expected.split(), found.split()
    same = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    start = min(len(left), len(right)) if same is None else same
    shown = (" ".join(words[max(start - around, 0) : start + most - around]) for words in (left, right))
    return " → ".join(f"“{words}”" for words in shown)


def line_changes(expected: Iterable[str], found: Iterable[str]) -> list[str]:
    """Lines that left (−) and came (+)."""
    changes = difflib.unified_diff(list(expected), list(found), lineterm="", n=0)
    kept = (line for line in changes if line[:1] in "+-" and line[:3] not in ("+++", "---"))
    return [f"−{line[1:]}" if line[0] == "-" else line for line in kept]
