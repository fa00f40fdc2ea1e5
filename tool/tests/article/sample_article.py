"""The sample article of `sample`, set up as a folder that the typesetter can work in."""

from __future__ import annotations

import shutil
from pathlib import Path

from paperbuild.article.job import RenderJob

FIXTURE = Path(__file__).parent / "sample"
EPOCH = 1_767_312_000  # 2026-01-02, the date in the fixture's numbers.yml


FEATURES = {
    "a quotation": ("> Quoted words.", "Quoted words."),
    "the commit and the date": (
        "Of {{< meta build.commit >}}, {{< meta build.date >}}.",
        "Of 0123456789abcdef0123456789abcdef01234567, 2026-01-02.",
    ),
    "a list of definitions": ("Term\n:   What it means.", "Term What it means."),
    "a pipe table of its own": ("| one | two |\n|:--|--:|\n| a | 1 |", "one two a 1"),
    "a callout: important": ("::: {.callout-important}\nRead on.\n:::", "Important Read on."),
    "a callout: tip": ("::: {.callout-tip}\nRead on.\n:::", "Tip Read on."),
    "a callout: caution": ("::: {.callout-caution}\nRead on.\n:::", "Caution Read on."),
    "a titled callout": ('::: {.callout-tip title="So"}\nRead on.\n:::', "So Read on."),
    "letters above and below": ("H~2~O and x^2^.", "H2O and x2."),
    "struck words": ("Not ~~this~~.", "Not this."),
    "quotation marks, dashes, dots": ('"So" -- 1--2 --- it\'s...', "“So” – 1–2 — it’s…"),
    "a list in a list": ("- One\n    - Two\n- Three", "One Two Three"),
    "a block of code": ("```python\nx = 1\n```", "x = 1"),
    "a link": (
        "See [the page](https://example.org/a) and <https://example.org/b>.",
        "See the page and https://example.org/b.",
    ),
    "a reference that begins a sentence": ("@Fig-trend falls.", "Figure 1 falls."),
    "small capitals": ("[Words]{.smallcaps}.", "Words."),
}
"""What the sample leaves out of the named subset (tool/docs/markdown.md), and how every format reads."""


def make_article(folder: Path) -> Path:
    """Copy the sample article to `folder`, its numbers to where the build puts them; draw its PNG."""
    from PIL import Image

    shutil.copytree(FIXTURE, folder)
    results = folder / "build" / "results"
    results.mkdir(parents=True)
    (folder / "numbers.yml").rename(results / "numbers.yml")
    Image.new("RGB", (1063, 438), "white").save(folder / "figures" / "trend.png", dpi=(200, 200))
    return folder


def job(root: Path, fmt: str, engine: str = "embedded") -> RenderJob:
    """Return a render job into a staging folder of the article."""
    return RenderJob(root, root / "build" / "staging", fmt, engine, EPOCH)


def edit(root: Path, old: str, new: str, name: str = "paper.qmd") -> None:
    """Replace the one place of `old` in a file of the article."""
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def line(root: Path, fragment: str, name: str = "paper.qmd") -> int:
    """Return the first line, from 1, that holds `fragment`."""
    lines = (root / name).read_text(encoding="utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if fragment in text)


def add_features(root: Path) -> None:
    """Put `FEATURES` into the article, each between words that find it."""
    blocks = [f"Begin {n}.\n\n{one}\n\nEnd {n}." for n, (one, _) in enumerate(FEATURES.values())]
    edit(root, "1. First point.\n2. Second point.", "\n\n".join(blocks))
