"""``paper site``: refuse what would mislead, then write the folder for a web server."""

from __future__ import annotations

import argparse
from pathlib import Path

from paperbuild.article import text
from paperbuild.cli.deposit import refuse_misleading
from paperbuild.project.layout import Project
from paperbuild.proof import site
from paperbuild.proof.certificate import CERTIFICATE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper site``."""
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where the pages go (default: build/site)"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Write the article with its data, certificate and history as a folder for a web server."""
    refuse_misleading(project)
    licence = text.read(project.root).metadata.get("license", "")
    files = site.collect(project, licence if isinstance(licence, str) else "")
    folder = args.output or project.build / "site"
    site.write(files, folder)
    size = sum(map(len, files.values()))
    print(f"{folder}: {len(files)} files, {size:,} bytes, commit {project.revision.commit[:12]}")
    if f"{CERTIFICATE}.html" not in files:
        print("without a certificate: this commit has not been verified; paper verify, then paper site again")
    return 0
