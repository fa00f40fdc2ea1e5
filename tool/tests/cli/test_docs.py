"""The tool's documentation names what there is."""

import re
from pathlib import Path

import pytest

from paperbuild.article.source import FRONT_KEYS
from paperbuild.cli.main import COMMANDS
from paperbuild.project.parameters import CONSTRAINTS, TYPES

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), DOCS.parent / "README.md"]
WRITTEN_LATER = {"architecture.md"}


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_command_is_documented():
    assert set(re.findall(r"^\| `paper (\w+)", text("commands.md"), re.MULTILINE)) == set(COMMANDS)


def test_every_front_matter_key_type_and_constraint_is_documented():
    assert set(re.search(r"Front matter: `([^`]+)`", text("markdown.md"))[1].split()) == FRONT_KEYS
    assert all(f"`{name}`" in text("adding.md") for name in TYPES)
    assert all(re.search(rf"\b{name}\b", text("settings.md")) for name in CONSTRAINTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(
        r"\]\(([^)#]+)(?:#[^)]*)?\)", re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
    ):
        if "://" not in target and Path(target).name not in WRITTEN_LATER:
            assert (page.parent / target).exists(), target
