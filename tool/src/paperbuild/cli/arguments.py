"""Options that several commands share, and what their words mean."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

from paperbuild.article.formats import FORMATS
from paperbuild.build.plan import Options
from paperbuild.ground.errors import UsageError


def add_build_choices(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose what is built: variant, parameters, formats, typesetter."""
    parser.add_argument("--scenario", metavar="NAME", help="build this variant into its own folders")
    parser.add_argument(
        "-p",
        dest="overrides",
        action="append",
        default=[],
        metavar="NOTEBOOK.PARAM=VALUE",
        help="set a parameter",
    )
    parser.add_argument(
        "--to", default=",".join(FORMATS), metavar=",".join(FORMATS), help="formats to typeset"
    )
    parser.add_argument(
        "--engine", choices=["auto", "quarto", "embedded"], default="auto", help="the typesetter"
    )


def options_from(args: argparse.Namespace) -> Options:
    """Return the build options that parsed arguments mean."""
    to = tuple(part.strip() for part in args.to.split(",") if part.strip())
    unknown = [part for part in to if part not in FORMATS]
    if unknown:
        raise UsageError(f"unknown format {unknown[0]!r}", where="--to", expected=", ".join(FORMATS))
    values: dict[str, Any] = {
        "to": () if getattr(args, "no_render", False) else tuple(f for f in FORMATS if f in to)
    }
    values |= {"overrides": tuple(args.overrides), "engine": args.engine}
    for name in ("jobs", "kernel", "memory_limit", "cluster", "quiet", "wait", "store_limit", "accept"):
        with contextlib.suppress(AttributeError):
            values[name] = getattr(args, name)
    return Options(**values)


def byte_count(text: str) -> int:
    """Return the bytes that ``500M``, ``2G`` or a plain number mean."""
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in units else (text, "")
    try:
        return int(float(number) * units.get(unit, 1))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; expected for instance 2G or 500M") from None


def job_count(text: str) -> int:
    """Return a number of steps at a time, at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs; expected 1 or more")
    return int(text)
