"""``paper verify``: the options, the lines while it runs, the table and the verdict."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from paperbuild.ground.errors import PaperError, UsageError
from paperbuild.project.layout import Project
from paperbuild.proof.certificate import CERTIFICATE, FORMS, Certificate
from paperbuild.proof.ladder import Rung
from paperbuild.proof.verify import verify, verify_commit, verify_deposit, write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper verify``."""
    parser.add_argument(
        "state",
        metavar="COMMIT|DEPOSIT.zip",
        nargs="?",
        help="what is verified, set up from its own lock (default: HEAD, with the packages installed here)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where data are that the deposit may not hold"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the certificate's JSON here too")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="rebuild in this new folder and leave it there"
    )


def main(project: Project | None, args: argparse.Namespace) -> int:
    """Verify a commit or a deposit; 0 only where every output reproduces."""
    archive = Path(args.state) if args.state and args.state.endswith(".zip") else None
    if project is None and archive is None:
        project = Project.find(args.project)
    if args.data and archive is None:
        raise UsageError("--data belongs to a deposit", where="--data", expected="paper verify DEPOSIT.zip")
    if args.keep and args.keep.exists() and any(args.keep.iterdir()):
        raise PaperError("not empty", where=str(args.keep), expected="a new folder", remedy="name another")
    # A certificate of a deposit is the reviewer's, and lies where she stands.
    place = project.output if project and archive is None else Path.cwd()
    # What an earlier verification found must not stand beside the outcome of this one, whatever it is.
    for form in FORMS:
        (place / f"{CERTIFICATE}.{form}").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="paper-verify-") as temporary:
        folder = args.keep.resolve() if args.keep else Path(temporary).resolve()
        certificate = certify(project, args.state, archive, args.data, folder)
    write(certificate, place, args.json)
    show(certificate)
    print(f"certificate: {project.relative(place / 'certificate.html') if project else 'certificate.html'}")
    return 0 if certificate.reproduced else 1


def certify(
    project: Project | None, revision: str | None, archive: Path | None, data: Path | None, folder: Path
) -> Certificate:
    """Verify what was asked for: a deposit, a commit, or HEAD."""
    if archive is not None:
        return verify_deposit(archive.resolve(), data, folder, tell)
    assert project is not None, "only a deposit stands for itself"
    return verify_commit(project, revision, folder, tell) if revision else verify(project, folder, tell)


def tell(line: str) -> None:
    """Print a line at once: a rebuild takes minutes, and its lines are its progress."""
    print(line, flush=True)


def show(certificate: Certificate) -> None:
    """Print a line for each file, the numbers as one line where all of them agree, and the verdict."""
    from rich.console import Console
    from rich.table import Table

    numbers = [one for one in certificate.outputs if one.is_number]
    agreeing = [one for one in numbers if one.rung == Rung.IDENTICAL]
    table = Table(box=None, pad_edge=False)
    table.add_column("output", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("reference → rebuilt")
    for one in certificate.outputs:
        if one not in agreeing:
            colour = "green" if one.rung.reproduces else "red"
            remark = (
                f"{one.expected} → {one.found or 'nothing'}: {one.reason}" if one.reason else one.expected
            )
            table.add_row(one.path, f"[{colour}]{one.rung.label}[/]", remark)
    if agreeing:
        table.add_row("numbers", "[green]identical[/]", f"{len(agreeing)} of {len(numbers)}")
    console = Console(highlight=False)
    # A log file has no width of its own; lines of a table broken at 80 are hard to search.
    console.width = console.width if console.is_terminal else 160
    console.print(table)
    if certificate.changed:
        console.print(certificate.changed)
    console.print(f"verdict: {certificate.verdict} ({', '.join(certificate.reasons) or 'no exception'})")
