"""Phrases of an edition that nothing says any more are told with their lines; living ones are not."""

import json

import pytest

from paperbuild.checks import idle_phrases
from paperbuild.checks.check import check
from paperbuild.checks.rule import Subject
from paperbuild.project.layout import Project

PHRASES = """phrases:
  Omsk: Омск
  Kurgan: Курган
  "{n} of 19 regions (rest)": "{n} из 19 регионов (остальные)"
  births and deaths: рождения и смерти
  gone: прошло
  "{n} of them gone": "{n} из них прошли"
  median gap: медианный разрыв
within:
  a-table:
    lower end: нижний конец
    nobody: никто
verbatim: [Aral, Balkhash]
"""
CODE = """NAME = (
    "births "
    "and deaths"
)
LABEL = f"{count} of 19 regions ({'rest'})"
"""


@pytest.fixture
def project(tmp_path):
    cell = {
        "cell_type": "code",
        "id": "c",
        "metadata": {},
        "outputs": [],
        "source": ["table('lower', 'lower end')"],
    }
    numbers = {"a.name": {"value": "Omsk", "text": "Omsk", "notebook": "01-a", "cell": "c"}}
    for name, text in {
        "paper.qmd": "---\ntitle: T\nlang: en\n---\n\nWords.\n",
        "paper.ru.qmd": "---\ntitle: T\nlang: ru\n---\n\nСлова.\n",
        "analysis/parameters.yml": "notebooks: {}\n",
        "analysis/phrases.ru.yml": PHRASES,
        "analysis/01-a.ipynb": json.dumps(
            {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
        ),
        "src/names.py": CODE,
        "data/datapackage.json": '{"resources": []}',
        "data/lakes.csv": "lake,median_gap\nAral,1\n",
        "tables/regions.csv": "region\nKurgan\n",
        "tables/ru/regions.md": "gone nobody\n",
        "figures/manifest.json": json.dumps({"outputs": [], "numbers": numbers, "documents": []}),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def told(root):
    return [f"{one.where}: {one.message}" for one in idle_phrases.find(Subject(Project(root)))]


def test_phrases_live_in_code_data_and_results_and_die_with_them(project):
    idle = [
        "analysis/phrases.ru.yml:6: nothing says “gone” any more",
        "analysis/phrases.ru.yml:7: nothing says “{n} of them gone” any more",
        "analysis/phrases.ru.yml:12: nothing says “nobody” any more",
        "analysis/phrases.ru.yml:13: nothing says “Balkhash” any more",
    ]
    assert told(project) == idle
    assert told(project) == idle, "what is remembered says the same"
    (project / "data/lakes.csv").write_text("lake,median_gap\nBalkhash,1\n", encoding="utf-8")
    assert [one.partition("“")[2] for one in told(project)][-1:] == ["Aral” any more"]


def test_they_are_told_and_not_refused(project):
    outcome = check(Project(project))
    assert len(outcome.notes["idle-phrases"]) == 4
    assert not any("any more" in one.message for one in outcome.findings)
