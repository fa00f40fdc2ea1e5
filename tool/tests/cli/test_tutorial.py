"""The tutorial, as written: its files are saved and its commands typed, and its outputs must appear."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from begun import files, lend_packages, run, write_script

from paperbuild.cli.init import paper_files
from paperbuild.ground.wheel import own_wheel

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(?P<info>\S.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what its head says to do with it, its text, its line."""

    language: str
    body: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)


def blocks(text: str) -> list[Block]:
    """Read the fenced blocks of a page. `file=` names the file that a block goes to.

    The whole file, unless `append` or `before="a line"` or `after="a line"` says where in it.
    """
    found = []
    for match in _BLOCK.finditer(text):
        language, *words = shlex.split(match["info"])
        attributes = dict(word.partition("=")[::2] for word in words)
        found.append(Block(language, match["body"], text.count("\n", 0, match.start()) + 1, attributes))
    return found


def save(block: Block, root: Path) -> None:
    """Do with a file what its block says."""
    path = root / block.attributes["file"]
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    new = block.body
    if "append" in block.attributes:
        new = old + new
    for place in ("before", "after"):
        if place in block.attributes:
            line = block.attributes[place] + "\n"
            assert old.count(line) == 1, (
                f"line {block.line}: {line!r} stands {old.count(line)} times in {path.name}"
            )
            new = old.replace(line, f"{new}\n{line}" if place == "before" else line + new)
    assert old != new
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(new, encoding="utf-8")


@pytest.mark.slow
def test_tutorial_as_written_leads_to_the_example(tmp_path):
    write_script(tmp_path / "bin" / "paper")
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    here, printed = tmp_path, ""
    for block in blocks(TUTORIAL.read_text(encoding="utf-8")):
        if block.language == "sh":
            printed = ""
            for command in block.body.splitlines():
                if command.startswith("cd "):
                    here = here / command.removeprefix("cd ")
                    lend_packages(here)
                    continue
                done = run("bash", "-c", command, cwd=here, PATH=path)
                assert done.returncode == 0, f"line {block.line}: {command}\n{done.stdout}"
                printed += done.stdout
            # a paper that begins has nothing to be noted
            assert "notes of" not in printed, f"line {block.line}:\n{printed}"
        elif block.language == "text":
            assert all(line in printed for line in block.body.splitlines()), f"line {block.line}:\n{printed}"
        else:
            save(block, here)
    article = (here / "_output/scenarios/first-decade/paper.html").read_text(encoding="utf-8")
    assert "per cent a year is not supported by" in " ".join(re.sub(r"</?span[^>]*>", "", article).split())
    example = paper_files("growth", own_wheel(), example=True)
    assert files(here).keys() == example.keys()
    assert {name: content for name, content in files(here).items() if name in example} == example
