"""What a build made, as an unsigned in-toto statement with SLSA provenance.

Statement v1 and provenance v1: which files, by their hashes, came of which commit, lock and data. Unsigned it
vouches for nothing. Whoever signs wraps the statement into a DSSE envelope: `payload` is its bytes in base64,
`payloadType` is ``application/vnd.in-toto+json``, `signatures` come from the signer's key or identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
# Names, no addresses: nobody runs a service that vouches for a build on an author's machine.
BUILD_TYPE = "urn:x-paperbuild:build:1"
BUILDER = "urn:x-paperbuild:own-machine"


def statement(
    *,
    made: Mapping[str, str],
    commit: str,
    epoch: int,
    inputs: Mapping[str, str],
    version: str,
) -> dict[str, Any]:
    """Return the statement.

    Parameters
    ----------
    made : mapping of str to str
        SHA-256 of each file that the build made, by path.
    commit : str
        What it was built from, 40 hexadecimal digits.
    epoch : int
        Seconds since 1970 that the build stands for.
    inputs : mapping of str to str
        SHA-256 of what the build read besides the commit's own code: lock, register, data.
    version : str
        Of this tool.
    """
    return {
        "_type": STATEMENT,
        "subject": [{"name": path, "digest": {"sha256": digest}} for path, digest in sorted(made.items())],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"command": "make paper"},
                "internalParameters": {"SOURCE_DATE_EPOCH": str(epoch)},
                "resolvedDependencies": [
                    {"name": "sources", "digest": {"gitCommit": commit}},
                    *(
                        {"name": path, "digest": {"sha256": digest}}
                        for path, digest in sorted(inputs.items())
                    ),
                ],
            },
            "runDetails": {"builder": {"id": BUILDER, "version": {"paperbuild": version}}},
        },
    }
