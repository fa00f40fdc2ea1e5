"""The page for reviewers of a deposit, in the order of the social-science data editors' template README.

Vilhuber, Connolly, Koren, Llull and Morrow (2022), A template README for social science replication packages,
version 1.1. Everything in it comes from the register, the manifest and the certificate; what only people can
affirm, their rights to the data, is left for them to tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from paperbuild.project.layout import ANALYSIS, DATA
from paperbuild.project.revision import Revision


def readme(
    title: str,
    revision: Revision,
    record: Mapping[str, Any] | None,
    resources: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
) -> str:
    """Return what a reviewer who opens the archive should read first.

    Parameters
    ----------
    title : str
        Of the article.
    revision : Revision
        What the archive was made of.
    record : mapping or None
        The certificate of that commit, where it was verified.
    resources : sequence of mapping
        Entries of the data register.
    outputs : sequence of mapping
        Figures and tables as the manifest lists them.
    """
    left_out = [entry for entry in resources if not entry.get("redistributable", True)]
    return "\n".join(
        [
            "# README for reviewers",
            "",
            f"*{title}*, as of commit `{revision.commit}` ({revision.date}).",
            *_overview(record),
            *_availability(resources, left_out),
            *_requirements(record),
            *_programs(),
            *_instructions(revision.epoch, left_out),
            *_results(outputs),
            "",
        ]
    )


def _overview(record: Mapping[str, Any] | None) -> list[str]:
    verdict = (
        f"`_output/certificate.html` certifies **{record['verdict']}**: {record['meaning']}."
        if record
        else "This commit has not been verified: `paper verify` of this archive certifies it."
    )
    codecheck = ", `codecheck.yml`" if record else ""
    return [
        "",
        "## Overview",
        "",
        "- `_output/paper.html`, `.pdf`, `.docx`: the article. `_output/notebooks/`: the executed notebooks.",
        "- `paper.qmd`, `analysis/`, `data/`, `src/`: what it is made of.",
        "- `figures/`, `tables/`: its results; `figures/manifest.json` lists them with every number.",
        f"- `ro-crate-metadata.json`{codecheck}: the same for machines. `SHA256SUMS`: a checksum a file.",
        "- `attestation.intoto.json`: which files came of which commit, lock and data (in-toto, unsigned).",
        "",
        f"{verdict} One command rebuilds all of it.",
    ]


def _availability(resources: Sequence[Mapping[str, Any]], left_out: Sequence[Mapping[str, Any]]) -> list[str]:
    summary = (
        f"Some data cannot be made publicly available here: {len(left_out)} of {len(resources)} files."
        if left_out
        else "All data are publicly available and in this archive."
    )
    details = [line for entry in resources for line in ("", *_source(entry))]
    rows = [
        f"| `{DATA}/{entry['path']}` | {_licences(entry)} | "
        f"{'yes' if entry.get('redistributable', True) else 'no'} |"
        for entry in resources
    ]
    return [
        "",
        "## Data Availability and Provenance Statements",
        "",
        "### Statement about Rights",
        "",
        "For the authors to tick; no program can affirm it:",
        "",
        "- [ ] We have legitimate access to the data used here and permission to use them.",
        "- [ ] We have permission to redistribute the data that this archive holds.",
        "",
        "### License for Data",
        "",
        "As the table under Dataset list says, file by file; `data/datapackage.json` has the addresses.",
        "",
        "### Summary of Availability",
        "",
        summary,
        "",
        "### Details on each Data Source",
        *details,
        "",
        "## Dataset list",
        "",
        "| file | licence | in the archive |",
        "|:--|:--|:--|",
        *rows,
    ]


def _source(entry: Mapping[str, Any]) -> list[str]:
    """What the register says of a table: title, description, where it was obtained."""
    lines = [f"**{entry['title']}** (`{DATA}/{entry['path']}`). {entry.get('description', '')}".rstrip()]
    for source in entry.get("sources", []):
        told = [source.get(key) for key in ("publisher", "title", "year", "path")]
        accessed = f"accessed {source['accessed']}" if source.get("accessed") else ""
        lines.append(f"- {', '.join(str(one) for one in [*told, accessed] if one)}")
    if not entry.get("redistributable", True):
        lines.append(f"- Not in the archive (`{entry.get('hash')}`). To obtain it: {entry.get('obtain')}")
    return lines


def _licences(entry: Mapping[str, Any]) -> str:
    return "; ".join(str(one.get("title") or one.get("name", "")) for one in entry.get("licenses", []))


def _requirements(record: Mapping[str, Any] | None) -> list[str]:
    where: Mapping[str, str] = record["environment"] if record else {}
    ran = [f"- {name}: {value}" for name, value in where.items()]
    runtime = (
        f"The certified rebuild took {float(record['seconds']) / 60:.0f} minutes, on this machine:"
        if record
        else "No run of this commit has been certified, so none is stated."
    )
    return [
        "",
        "## Computational requirements",
        "",
        "### Software Requirements",
        "",
        "Python 3.11 or newer, make, and a Python package index. `requirements.lock` names every package",
        "with its version and hash; `make paper` installs them into `.venv`.",
        "",
        "### Controlled Randomness",
        "",
        "The build seeds every generator by notebook and cell, so each run draws the same numbers.",
        "",
        "### Memory, Runtime, Storage Requirements",
        "",
        runtime,
        *(["", *ran] if ran else []),
    ]


def _programs() -> list[str]:
    return [
        "",
        "## Description of programs/code",
        "",
        f"- `{ANALYSIS}/`: the notebooks in the order of their numbers; each makes the outputs listed below.",
        "- `src/`: the functions that they call, with units, sources and tests in `tests/`.",
        "",
        "### License for Code",
        "",
        "See `LICENSE`.",
    ]


def _instructions(epoch: int, left_out: Iterable[Mapping[str, Any]]) -> list[str]:
    missing = [f"`{DATA}/{entry['path']}`" for entry in left_out]
    put = [f"Put in place what the archive may not hold: {', '.join(missing)}.", ""] if missing else []
    return [
        "",
        "## Instructions to Replicators",
        "",
        *put,
        "    sha256sum --check --quiet SHA256SUMS",
        f"    SOURCE_DATE_EPOCH={epoch} make paper",
        "    sha256sum --check --quiet SHA256SUMS",
        "",
        "The first command checks the archive, the last names each figure, table and document whose bytes",
        "are not those of the archive. Outside git the build does not know the commit, so documents differ",
        "where they name it; figures and tables must not. Where the tool is installed, one command does all",
        "of this in a folder of its own and writes a certificate: `paper verify ARCHIVE.zip`.",
    ]


def _results(outputs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        "",
        "## List of tables and programs",
        "",
        "Every number of the text is listed with its notebook and cell in `figures/manifest.json`.",
        "",
        "| output | program | cell |",
        "|:--|:--|:--|",
        *(
            f"| `{one['path']}` | `{ANALYSIS}/{one.get('notebook')}.ipynb` | {one.get('cell')} |"
            for one in outputs
        ),
        "",
        "## References",
        "",
        "`references.bib`; of the data, the sources above.",
    ]
