"""The tool as a wheel: the same bytes from a checkout, from an editable install and from an installed wheel.

A paper begun with `paper init` carries the tool in `vendor/`, named in its lock with its hash. The wheel is
made from what is installed, so that no index, no build backend and no checkout is needed; and since the same
files always give the same bytes, its hash also says whether the installed tool is the one that a lock names.
"""

import base64
import hashlib
import importlib.metadata
import importlib.util
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from paperbuild.ground.errors import PaperError
from paperbuild.ground.files import is_leftover
from paperbuild.ground.own import PACKAGE, PACKAGES

BY_INSTALLER = {"INSTALLER", "RECORD", "REQUESTED", "WHEEL", "direct_url.json"}
"""Metadata that says how a distribution came onto this machine, and is no part of it."""
EPOCH = (1980, 1, 1, 0, 0, 0)
WHEEL = "Wheel-Version: 1.0\nGenerator: paperbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Wheel:
    """A wheel: its file name, its version and its bytes."""

    name: str
    version: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash by which a lock names it."""
        return hashlib.sha256(self.content).hexdigest()


def own_wheel() -> Wheel:
    """Return the installed tool as a wheel.

    Raises
    ------
    PaperError
        Where the tool runs from a folder without having been installed, so that its metadata are missing.
    """
    name = PACKAGE.name
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise PaperError(
            f"{name} is not installed here, it only lies on the module path",
            where=str(PACKAGE),
            expected=f"an installed {name}, whose metadata say what it needs",
            remedy="python -m pip install the folder that holds its pyproject.toml",
        ) from None
    files = {path: content for package in PACKAGES for path, content in package_files(package).items()}
    metadata = f"{name}-{distribution.version}.dist-info"
    for entry in distribution.files or ():
        folder, _, inner = entry.as_posix().partition(".dist-info/")
        if folder.startswith(f"{name}-") and inner and inner not in BY_INSTALLER:
            files[f"{metadata}/{inner}"] = Path(str(entry.locate())).read_bytes()
    files[f"{metadata}/WHEEL"] = WHEEL.encode()
    content = pack(files, f"{metadata}/RECORD")
    return Wheel(f"{name}-{distribution.version}-py3-none-any.whl", distribution.version, content)


def package_files(name: str) -> dict[str, bytes]:
    """Return the files of an import package by path, without bytecode and what editors leave."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(spec.submodule_search_locations[0])
    inner = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        f"{name}/{path.as_posix()}": file.read_bytes()
        for path, file in inner.items()
        if not any(is_leftover(part) for part in path.parts)
    }


def pack(files: dict[str, bytes], record: str) -> bytes:
    """Return a wheel of `files` with its list of hashes at path `record`.

    Nothing is compressed: what a compressor makes of the same bytes hangs on its version, and git compresses.
    """
    lines = []
    for path, content in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    listed = "".join([*lines, f"{record},,\n"]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        # The metadata stand last, as the specification of wheels recommends.
        for path in [*sorted(files, key=lambda path: (".dist-info/" in path, path)), record]:
            member = zipfile.ZipInfo(path, EPOCH)
            member.create_system, member.external_attr = 3, 0o100644 << 16
            target.writestr(member, listed if path == record else files[path])
    return buffer.getvalue()
