"""The manifest of committed outputs (``figures/manifest.json``): one record, its reader and its writer.

A build writes it and everyone may edit it, so it is read as far as it can be read: what is sound is kept, and
what is not is said in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from paperbuild.ground.hashing import sha256_bytes

FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a build made, without time and commit, so that equal builds give equal bytes.

    Attributes
    ----------
    outputs : tuple of mapping
        Figures and tables: `path`, `kind`, `sha256`, `notebook`, `cell`, `parameters`.
    numbers : mapping of str to mapping
        By name: `value`, `text`, `format`, `notebook`, `cell`, `parameters`.
    documents : tuple of mapping
        Typeset documents: `path`, `engine`, `text` and its `text_sha256`.
    findings : tuple of mapping
        What notebooks found to be wrong: `message`, `notebook`, `cell`.
    recipes : mapping of str to str
        By notebook, the digest of what the author decides of it (`paperbuild.steps.reference.recipe`).
    broken : tuple of str
        In words, what the file lacks or holds besides; empty for a sound one.
    digest : str
        SHA-256 of the bytes that it was read from; empty where it was not.
    """

    outputs: tuple[Mapping[str, Any], ...] = ()
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    documents: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    digest: str = field(default="", compare=False)

    def text(self) -> str:
        """Return the file's content."""
        listed = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("broken", "digest")}
        return json.dumps({"format": FORMAT, **listed}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def parse_manifest(content: bytes) -> Manifest:
    """Return the manifest that bytes hold; of damaged ones what is sound, and in `broken` what is not."""
    try:
        raw = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return Manifest(broken=(f"no valid JSON: {error}",))
    if not isinstance(raw, dict):
        return Manifest(broken=("not a JSON object",))
    broken: list[str] = []

    def part(name: str, kind: type[Any], *, needed: bool = True) -> Any:
        if name not in raw and needed:
            broken.append(f"has no {name!r}")
        value = raw.get(name, kind())
        if isinstance(value, kind):
            return value
        broken.append(f"{name!r} is no {'list' if kind is list else 'object'}")
        return kind()

    def listed(name: str) -> tuple[Mapping[str, Any], ...]:
        value = part(name, list)
        fit = [one for one in value if isinstance(one, dict) and isinstance(one.get("path"), str)]
        if len(fit) < len(value):
            broken.append(f"{len(value) - len(fit)} entries of {name!r} name no path")
        paths = [one["path"] for one in fit]
        broken.extend(f"{name!r} lists {path} twice" for path in _repeated(paths))
        return tuple(fit)

    outputs, numbers, documents = listed("outputs"), part("numbers", dict), listed("documents")
    # A manifest of an earlier format has neither of these; nothing that is compared hangs on them.
    findings, recipes = part("findings", list, needed=False), part("recipes", dict, needed=False)
    broken += [
        f"the number {name!r} is no object" for name, one in numbers.items() if not isinstance(one, dict)
    ]
    unfit = [
        one for one in findings if not (isinstance(one, dict) and {"message", "notebook", "cell"} <= set(one))
    ]
    broken += [f"{len(unfit)} entries of 'findings' say nothing"] if unfit else []
    return Manifest(
        outputs,
        {name: one for name, one in numbers.items() if isinstance(one, dict)},
        documents,
        tuple(one for one in findings if one not in unfit),
        {str(step): str(digest) for step, digest in recipes.items()},
        tuple(broken),
        sha256_bytes(content),
    )


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in a file; an empty one, with its reason in `broken`, where there is none."""
    try:
        return parse_manifest(path.read_bytes())
    except OSError as error:
        return Manifest(broken=(f"cannot be read: {error.strerror}",))


def _repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, sorted."""
    seen: set[str] = set()
    return sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
