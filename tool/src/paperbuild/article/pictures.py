"""Files inside a page: as ``data:`` addresses, and as light as they can be."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import mimetypes
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from paperbuild.article import drawings
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import FIGURES

HEAVY = 130_000
"""Bytes of a light drawing beyond which its pixels are lighter: a map of ten thousand points."""

KEPT = "build/pictures"
"""Where light pictures are remembered, from the article's folder."""

_DRAWING = re.compile(r'(<img\b[^>]*?\bsrc=")(data:image/svg\+xml;base64,([^"]+))')
_FONT = re.compile(r'url\("(fonts/[^"]+)"\)')


def data_uri(path: Path) -> str:
    """Return a file as a ``data:`` address: as an image of its own its ids cannot clash with another's."""
    return _base64(mimetypes.guess_type(path.name)[0] or "application/octet-stream", path.read_bytes())


def picture_uri(path: Path, kept: Path) -> str:
    """Return a figure as a light ``data:`` address.

    A drawing goes in as text, as light as it can be; a heavy one as the pixels of the PNG beside it,
    compressed without loss.

    Parameters
    ----------
    path : Path
        The SVG, PNG or other picture.
    kept : Path
        Folder that remembers them by content, for making them light takes a tenth of a second each.
    """
    if path.suffix != ".svg":
        return data_uri(path)
    content, pixels = path.read_bytes(), path.with_suffix(".png")
    # None gets as light as a quarter.
    hopeless = len(content) > 4 * HEAVY and pixels.is_file()
    drawing = content if hopeless else _remembered(kept, ".svg", content, _light)
    if len(drawing) > HEAVY and pixels.is_file():
        return _base64("image/webp", _remembered(kept, ".webp", pixels.read_bytes(), _webp))
    return drawing_uri(drawing.decode("utf-8"))


def drawing_uri(drawing: str) -> str:
    """Return a drawing as a ``data:`` address of text, in which nothing has to be escaped in HTML."""
    text = urllib.parse.quote(drawing.replace('"', "'"), safe=" ':/=;,.()-_!*+@?[]|~${}")
    return f"data:image/svg+xml,{text}"


def lightened(page: str, root: Path) -> str:
    """Return a page by Quarto with the article's figures as light as in one by the embedded engine.

    Parameters
    ----------
    page : str
        The page, whose pictures pandoc has put into it as they are.
    root : Path
        Folder of the article.
    """
    known = {path.read_bytes(): path for path in sorted((root / FIGURES).rglob("*.svg"))}

    def light_source(match: re.Match[str]) -> str:
        path = known.get(base64.b64decode(match[3]))
        return match[1] + (picture_uri(path, root / KEPT) if path else match[2])

    return _DRAWING.sub(light_source, page)


def styles_with_fonts(sheet: Path) -> str:
    """Return a style sheet with the fonts that it names inside it."""
    styles = sheet.read_text(encoding="utf-8")
    return _FONT.sub(lambda match: f'url("{data_uri(sheet.parent / match[1])}")', styles)


def _remembered(kept: Path, suffix: str, content: bytes, make: Callable[[bytes], bytes]) -> bytes:
    """Return what `make` makes of a content, from the folder where it was made before by the same code."""
    remembered = kept / f"{hashlib.sha256(_own_code() + content).hexdigest()[:20]}{suffix}"
    if remembered.is_file():
        return remembered.read_bytes()
    made = make(content)
    kept.mkdir(parents=True, exist_ok=True)
    # Two formats may be set at once, and a build may be stopped.
    write_atomic(remembered, made)
    return made


@functools.cache
def _own_code() -> bytes:
    return b"".join(Path(name).read_bytes() for name in (__file__, drawings.__file__))


def _light(drawing: bytes) -> bytes:
    return drawings.light(drawing.decode("utf-8")).encode("utf-8")


def _webp(png: bytes) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    # Figures have no transparent parts; method 1 is within three per cent of the best and twice as fast.
    Image.open(io.BytesIO(png)).convert("RGB").save(stream, "WEBP", lossless=True, quality=50, method=1)
    return stream.getvalue()


def _base64(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
