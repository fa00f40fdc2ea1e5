"""Options that several commands share, and what their words mean."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paperbuild.article.formats import FORMATS
from paperbuild.build.plan import Options
from paperbuild.ground.errors import UsageError, shortened


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


def add_edition(parser: argparse.ArgumentParser) -> None:
    """Declare the option that chooses one of the article's editions."""
    parser.add_argument(
        "--edition", default="", metavar="LANG", help="the edition in this language (default: the article)"
    )


def edition_of(args: argparse.Namespace, known: Sequence[str]) -> str:
    """Return the language of the edition that parsed arguments name; empty for the article.

    Raises
    ------
    UsageError
        Where it is none of those `known`.
    """
    language = str(args.edition)
    if language and language not in known:
        found = ", ".join(known) or "none: a file paper.LANG.qmd makes one"
        raise UsageError(f"no edition {shortened(language)!r}", where="--edition", expected=found)
    return language


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
    given = (
        "jobs",
        "kernel",
        "memory_limit",
        "cluster",
        "cluster_wait",
        "quiet",
        "wait",
        "store_limit",
        "accept",
    )
    for name in given:
        with contextlib.suppress(AttributeError):
            values[name] = getattr(args, name)
    return Options(**values)


# The largest number that the system takes has nineteen digits; decimals stand only before a unit.
_NUMBER = re.compile(
    r"(?P<whole>[0-9]{1,19})(\.(?=[0-9]+[A-Za-z]))?(?P<decimals>(?<=\.)[0-9]{1,19}|)(?P<unit>[A-Za-z]?)"
)


@dataclass(frozen=True)
class Whole:
    """A reader of whole numbers on the command line, for `argparse`'s ``type``.

    Attributes
    ----------
    what : str
        What the number is of, as a refusal names it.
    expected : str
        What would have been right.
    least, most : int
        The bounds, themselves allowed.
    units : mapping of str to int
        Factors by the letter that may follow; a number with such a letter may have decimals.
    """

    what: str
    expected: str
    least: int = 0
    most: int = sys.maxsize
    units: Mapping[str, int] = field(default_factory=dict, hash=False)  # argparse looks readers up

    def __call__(self, text: str) -> int:
        """Return the number that `text` means.

        Raises
        ------
        argparse.ArgumentTypeError
            For anything else.
        """
        match = _NUMBER.fullmatch(text)
        if match and (not match["unit"] or match["unit"].upper() in self.units):
            factor, decimals = self.units.get(match["unit"].upper(), 1), match["decimals"]
            number = int(match["whole"] + decimals) * factor // 10 ** len(decimals)
            if self.least <= number <= self.most:
                return number
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is no {self.what}; expected {self.expected}")


SIZE = Whole("size", "bytes, as 2G, 500M or 64K", units={"K": 10**3, "M": 10**6, "G": 10**9})
COUNT = Whole("number of times or of steps", "1 or more", least=1)
SECONDS = Whole("number of seconds", "0 or more")
PORT = Whole("port", "0 to 65535", most=65535)
