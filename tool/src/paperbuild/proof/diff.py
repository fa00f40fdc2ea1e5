"""`paper diff A [B]`: what changed between two states of the article, as its reader would put it.

Compared is what a state (`paperbuild.proof.states`) holds, not what it would build: data by row and column,
figures by data and pixels, tables by cell, numbers by value, prose by sentence.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paperbuild.article.languages import sentences
from paperbuild.article.manuscript import Manuscript
from paperbuild.article.text import read as read_article
from paperbuild.ground import pages
from paperbuild.ground.errors import PaperError
from paperbuild.project import register
from paperbuild.project.layout import ARTICLE, DATA, FIGURES, MANIFEST, REGISTER, TABLES, Project, edition
from paperbuild.project.manifest import Manifest
from paperbuild.project.reference import Reference, read_outputs
from paperbuild.project.tolerances import Tolerances
from paperbuild.proof.documents import line_changes
from paperbuild.proof.pictures import compare_picture
from paperbuild.proof.tables import read_csv, read_pipe_table

KINDS = ("data", "figures", "tables", "numbers", "prose")
PAGE = Path(__file__).parent / "assets" / "diff.html.j2"


@dataclass(frozen=True)
class Change:
    """One thing that changed.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    name : str
        File or number.
    summary : str
        The change in one line.
    details : tuple of str
        Cells, sentences.
    picture : bytes or None
        PNG of both figures and their difference.
    """

    kind: str
    name: str
    summary: str
    details: tuple[str, ...] = ()
    picture: bytes | None = None


def keyed(rows: Sequence[Sequence[str]], key: Sequence[str]) -> dict[tuple[str, ...], Sequence[str]] | None:
    """Rows by the values of their key columns; None where these are missing or repeat.

    Parameters
    ----------
    rows : sequence of rows
        The header first.
    key : sequence of str
        Names of the key columns.
    """
    header = list(rows[0]) if rows else []
    if not key or any(column not in header for column in key):
        return None
    places = [header.index(column) for column in key]
    found = {tuple(row[place] for place in places): row for row in rows[1:] if len(row) == len(header)}
    return found if len(found) == len(rows) - 1 else None


def guess_key(old: Sequence[Sequence[str]], new: Sequence[Sequence[str]]) -> list[str]:
    """The fewest leading columns whose values do not repeat in either table; empty where there are none."""
    header = list(old[0]) if old and new and old[0] == new[0] else []
    for length in range(1, len(header)):
        if keyed(old, header[:length]) and keyed(new, header[:length]):
            return header[:length]
    return []


def table_change(
    kind: str, name: str, old: Sequence[Sequence[str]], new: Sequence[Sequence[str]], key: Sequence[str] = ()
) -> Change | None:
    """How one table became another: columns, rows that came and left, cells that changed.

    Parameters
    ----------
    kind, name : str
        What the change will be called.
    old, new : sequence of rows
        The header first.
    key : sequence of str
        Columns that name a row; by default the fewest leading columns that can.
    """
    if old == new:
        return None
    header = new[0] if new else []
    if not old or old[0] != header:
        known = old[0] if old else []
        details = (
            *(f"+ column {column}" for column in sorted(set(header) - set(known))),
            *(f"− column {column}" for column in sorted(set(known) - set(header))),
        )
        return Change(kind, name, "other columns", details or ("the columns stand in another order",))
    key = list(key) or guess_key(old, new)
    before, after = keyed(old, key), keyed(new, key)
    if before is None or after is None:
        lines = line_changes([",".join(row) for row in old[1:]], [",".join(row) for row in new[1:]])
        return Change(kind, name, f"rows came or left: {len(lines)}", tuple(lines))
    left = [f"− {' '.join(row)}" for row in before if row not in after]
    came = [f"+ {' '.join(row)}" for row in after if row not in before]
    cells = [
        f"{' '.join(row)}, {column}: {was or '(empty)'} → {now or '(empty)'}"
        for row in before
        if row in after
        for column, was, now in zip(header, before[row], after[row], strict=True)
        if was != now
    ]
    counts = {"cells changed": len(cells), "rows came": len(came), "rows left": len(left)}
    summary = ", ".join(f"{what}: {count}" for what, count in counts.items() if count)
    summary = summary or "the rows stand in another order"
    return Change(kind, name, summary, (*cells, *came, *left))


def data_changes(old: Path, new: Path) -> list[Change]:
    """Changed tables of data/, rows named by the primary key that the register declares."""
    keys: dict[str, Sequence[str]] = {}
    with contextlib.suppress(PaperError):
        keys = {f"{DATA}/{entry.path}": entry.primary_key for entry in register.read(new).resources.values()}
    sides = [
        {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in (root / DATA).rglob("*.*")
            if path.is_file() and path.suffix != ".pyc"
        }
        for root in (old, new)
        if (root / DATA).is_dir()
    ]
    if len(sides) < 2:
        return []
    changes = []
    for name in sorted(sides[0].keys() | sides[1].keys()):
        if name == REGISTER:
            continue
        was, now = sides[0].get(name), sides[1].get(name)
        if was is None or now is None:
            changes.append(Change("data", name, "came" if was is None else "left"))
        elif was != now and name.endswith(".csv"):
            change = table_change("data", name, read_csv(was), read_csv(now), keys.get(name, ()))
            changes.append(change or Change("data", name, "the same cells, written otherwise"))
        elif was != now:
            changes.append(Change("data", name, f"{len(was):,} → {len(now):,} bytes"))
    return changes


def artefact_changes(old: Reference, new: Reference) -> list[Change]:
    """Changed figures (once for each, with a picture) and tables."""
    changes = []
    stems = sorted({path.rsplit(".", 1)[0] for path in (*old.files, *new.files)})
    for stem in stems:
        kind = stem.split("/")[0]
        drawn = f"{stem}.png" if kind == FIGURES else f"{stem}.md"
        was, now = old.files.get(drawn), new.files.get(drawn)
        before, after = (read_csv(side.files.get(f"{stem}.csv", b"")) for side in (old, new))
        values = table_change(kind, stem, before, after)
        if was is None or now is None:
            changes.append(Change(kind, stem, "came" if was is None else "left"))
        elif kind == TABLES and (values or was != now):
            printed = table_change(kind, stem, read_pipe_table(was), read_pipe_table(now))
            unseen = Change(
                kind, stem, "values changed beyond the printed digits", values.details if values else ()
            )
            changes.append(printed or unseen)
        elif kind == FIGURES and (values or was != now):
            picture = compare_picture(drawn, was, now, Tolerances())
            behind = f"data: {values.summary}" if values else "the data behind it did not change"
            seen = picture.reason or "it looks the same"
            details = values.details if values else ()
            changes.append(Change(kind, stem, f"{behind}; {seen}", details, picture.picture))
    return changes


def number_changes(old: Manifest, new: Manifest) -> list[Change]:
    """Changed numbers, old → new, as printed; with their full values where these print alike."""
    before, after = old.numbers, new.numbers
    changes = []
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None:
            changes.append(Change("numbers", name, f"came: {after[name]['text']}"))
        elif now is None:
            changes.append(Change("numbers", name, f"left: {was['text']}"))
        elif was["text"] != now["text"]:
            changes.append(Change("numbers", name, f"{was['text']} → {now['text']}"))
        elif was["value"] != now["value"]:
            changes.append(
                Change("numbers", name, f"{was['text']}, as before: {was['value']!r} → {now['value']!r}")
            )
    return changes


def prose_changes(old: str, new: str, name: str = ARTICLE) -> list[Change]:
    """Sentences of one text of the article that left and came."""
    lines = line_changes(_sentences(old), _sentences(new))
    if not lines:
        return []
    left = sum(line.startswith("−") for line in lines)
    return [Change("prose", name, f"sentences left: {left}, came: {len(lines) - left}", tuple(lines))]


def _sentences(text: str) -> list[str]:
    body = Manuscript("", text)
    paragraphs = text[body.front_end :].split("\n\n")
    spoken = [part for _, start, stop in body.front_prose for part in text.split("\n")[start - 1 : stop]]
    found = [
        " ".join(paragraph[start:end].split())
        for paragraph in ("\n".join(spoken), *paragraphs)
        for start, end in sentences(paragraph)
    ]
    return [sentence for sentence in found if sentence]


def sound(outputs: Reference) -> Reference:
    """The outputs of a state, refused where their manifest is damaged."""
    if outputs.manifest.broken:
        raise PaperError(
            f"the manifest is broken: {outputs.manifest.broken[0]}",
            where=MANIFEST,
            remedy="paper build makes it anew; of a commit, compare another one",
        )
    return outputs


def _written(root: Path) -> dict[str, str]:
    """Return the texts that people write, of all editions, by path."""
    articles = (read_article(root, edition(language)) for language in Project(root).all_editions)
    return {text.path: text.text for article in articles for text in article.written}


def changes(old: Path, new: Path) -> list[Change]:
    """Everything that changed between two project folders."""
    before, after = (sound(read_outputs(root)) for root in (old, new))
    was, now = (_written(root) for root in (old, new))
    prose = [
        change
        for path in dict.fromkeys((*was, *now))
        for change in prose_changes(was.get(path, ""), now.get(path, ""), path)
    ]
    return [
        *data_changes(old, new),
        *artefact_changes(before, after),
        *number_changes(before.manifest, after.manifest),
        *prose,
    ]


def as_html(found: Sequence[Change], old: str, new: str) -> str:
    """The changes as one page with pictures, which needs no network."""
    kinds = {kind: [one for one in found if one.kind == kind] for kind in KINDS}
    return pages.render(PAGE, kinds=kinds, old=old, new=new)
