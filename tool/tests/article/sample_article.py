"""The sample article of `sample`, set up as a folder that the typesetter can work in."""

from __future__ import annotations

import shutil
from pathlib import Path

from paperbuild.article.job import RenderJob

FIXTURE = Path(__file__).parent / "sample"
EPOCH = 1_767_312_000  # 2026-01-02, the date in the fixture's numbers.yml


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
