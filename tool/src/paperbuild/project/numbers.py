"""A printed number, or the word in its place, as Markdown prints it as it stands."""

from __future__ import annotations

import re


def one_line(text: str) -> str:
    """Return a text on one line: runs of blanks and line ends are one blank, no-break blanks stay.

    >>> one_line("1\\u00a0234 \\n rows") == "1\\u00a0234 rows"
    True
    """
    return " ".join(re.split(r"[ \t\n\r\f\v]+", text.strip(" \t\n\r\f\v")))


def escape(text: str) -> str:
    """Return text that pandoc's Markdown prints as it stands inside a line, on one line.

    >>> escape("a*b*c")
    'a\\\\*b\\\\*c'
    """
    return re.sub(r"([\\`*_{}\[\]<>$|@#^~&])", r"\\\1", one_line(text))


def as_markdown(text: str) -> str:
    """Return a printed number, or a word in its place, that Markdown prints as it stands, also by itself.

    What would begin a list or a title there is held from it too.

    >>> as_markdown("1. January"), as_markdown("- none")
    ('1\\\\. January', '\\\\- none')
    """
    text = re.sub(r"^(\(?\w{1,9})([.)])(?=\s|$)", r"\1\\\2", escape(text))
    return re.sub(r"^([-+:%])", r"\\\1", text)
