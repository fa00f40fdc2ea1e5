"""Cross references and citations in pandoc's tree of an article: what they are of, and what they print."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from paperbuild.article import embedded
from paperbuild.article.job import RenderJob
from paperbuild.article.source import Source
from paperbuild.article.tree import Node, identifier, nodes, para, plain, span

LABEL = re.compile(r"\{#(eq-[^}\s]+)\}")
"""What the reader of Markdown leaves behind a numbered formula."""
_NUMBERED = re.compile(r"(?i:fig|tbl|sec|eq)-")


def reference(name: str) -> Node:
    """Return a cross reference as Markdown's ``@fig-name`` makes it."""
    citation = {
        "citationId": name,
        "citationPrefix": [],
        "citationSuffix": [],
        "citationMode": {"t": "AuthorInText"},
        "citationNoteNum": 0,
        "citationHash": 0,
    }
    return {"t": "Cite", "c": [[citation], [{"t": "Str", "c": f"@{name}"}]]}


def reference_key(cite: Node) -> str:
    """Return under what a citation or cross reference is the same in two versions of a text."""
    parts = [
        [
            one["citationId"],
            one["citationMode"]["t"],
            plain(one["citationPrefix"]),
            plain(one["citationSuffix"]),
        ]
        for one in cite["c"][0]
    ]
    return json.dumps(parts, ensure_ascii=False)


def refers(cite: Node) -> bool:
    """Tell whether a citation is a cross reference."""
    return all(_NUMBERED.match(one["citationId"]) for one in cite["c"][0])


def labelled(block: Node) -> str:
    """Return the name of a numbered equation; empty for any other block."""
    if block["t"] not in ("Para", "Plain") or not block["c"] or block["c"][0]["t"] != "Math":
        return ""
    last = block["c"][-1]
    found = LABEL.fullmatch(last["c"]) if last["t"] == "Str" else None
    return found[1] if found else ""


def printed(job: RenderJob, source: Source, numbers: Mapping[str, Any], tree: Node) -> dict[str, str]:
    """Return what the cross references of an article print, by `reference_key`; also those to each float."""
    cites = {
        reference_key(node): node
        for node in nodes([tree["blocks"], tree["meta"]])
        if node["t"] == "Cite" and refers(node)
    }
    for node in nodes(tree["blocks"]):
        name = identifier(node) or labelled(node)
        if node["t"] != "Header" and name.startswith(("fig-", "tbl-", "eq-")):
            cites.setdefault(reference_key(reference(name)), reference(name))
    asked = para([span(["printed"], [["key", key]], [cite]) for key, cite in cites.items()])
    given = replace(source, tree={**tree, "blocks": [*tree["blocks"], asked]})
    written = json.loads(embedded.convert(job, given, numbers, to="json", picture="png"))
    return {
        dict(map(tuple, node["c"][0][2]))["key"]: plain(node["c"][1])
        for node in nodes(written["blocks"])
        if node["t"] == "Span" and "printed" in node["c"][0][1]
    }
