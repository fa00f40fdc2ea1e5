"""Whatever is read takes time in proportion to its length, also where much opens and nothing ever closes."""

import time
from collections.abc import Callable

import pytest

from paperbuild.article import drawings, languages
from paperbuild.article.manuscript import Manuscript
from paperbuild.checks.prose import alt_text_findings, typed_in
from paperbuild.project.notebook import outputs_of

REPEATED = (
    *(
        "a",
        "1",
        " ",
        "<",
        "[",
        "`",
        "$",
        "{",
        "(",
        "*",
        '"',
        "|",
        "\\",
        "@",
        "#",
        "-",
        "\n",
        "a\n",
        "a. ",
        "1, ",
    ),
    *("[a](", "{{<", "<!--", "^[", "![a](b)", "$a ", "`a ", "[a]{", "{a=", "::: ", "::: {a}\n", "```\n"),
    *("```a\n", "[^a]", "@a ", "[@a; ", "https://", "doi: ", "<a ", "# a", "a — "),
)
SHORT, TIMES = 1_000, 8


def body(text: str) -> str:
    return f"One.\n\n{text}\n\nEnd.\n"


def alternative(text: str) -> str:
    return f'One.\n\n![a](figures/x){{#fig-x fig-alt="{text}"}}\n\nEnd.\n'


def caption(text: str) -> str:
    return f'One.\n\n![{text}](figures/x){{#fig-x fig-alt="a"}}\n\nEnd.\n'


def read_manuscript(text: str) -> None:
    """Read all that rules and typesetters ask of a text."""
    read = Manuscript("paper.qmd", text)
    for part in ("attributes", "divs", "figures", "metas", "includes", "references", "citations"):
        getattr(read, part)
    for stretch in read.prose:
        languages.sentences(stretch.text)
    typed_in(read)
    alt_text_findings(read)


def read_output(text: str) -> None:
    """Read what a cell prints."""
    output = {"output_type": "stream", "name": "stdout", "text": text}
    outputs_of({"cells": [{"cell_type": "code", "source": "1", "outputs": [output]}]})


def read_drawing(text: str) -> None:
    """Read a figure that an author brings."""
    drawings.light(f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><!--{text}')


DOORS: dict[str, Callable[[str], None]] = {
    "body": lambda text: read_manuscript(body(text)),
    "alternative text": lambda text: read_manuscript(alternative(text)),
    "caption": lambda text: read_manuscript(caption(text)),
    "output": read_output,
    "drawing": read_drawing,
}


def seconds(door: Callable[[str], None], text: str) -> float:
    """Return the processor's time, not the clock's, which other programs share."""
    begun = time.process_time()
    door(text)
    return time.process_time() - begun


@pytest.mark.parametrize("door", DOORS)
def test_twice_the_text_takes_twice_the_time(door: str) -> None:
    slow = {}
    for repeated in REPEATED:
        short, long = (repeated * (length // len(repeated)) for length in (SHORT, SHORT * TIMES))
        took = seconds(DOORS[door], long)
        # In proportion it is 8 times, by the square 64; what takes no time is not measured.
        if took > 0.05 and took > 25 * min(seconds(DOORS[door], short) for _ in range(3)):
            slow[repeated] = took
    assert not slow
