"""Files inside a page: as ``data:`` addresses, and as light as they can be."""

from __future__ import annotations

import base64
import hashlib
import io
import mimetypes
import os
import re
import urllib.parse
from pathlib import Path

HEAVY = 100_000
"""Bytes beyond which a drawing's pixels are lighter: a map of ten thousand points, a thousand marks."""

STEP = 5
"""Colours of such pixels are multiples of this, 52 a channel: no eye sees a step, and a quarter is saved."""

_UNSEEN = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_FONT = re.compile(r'url\("(fonts/[^"]+)"\)')


def data_uri(path: Path) -> str:
    """Return a file as a ``data:`` address: as an image of its own its ids cannot clash with another's."""
    return _base64(mimetypes.guess_type(path.name)[0] or "application/octet-stream", path.read_bytes())


def picture_uri(path: Path, kept: Path) -> str:
    """Return a figure as a light ``data:`` address.

    A drawing goes in as text without what is not drawn; a heavy one as the pixels of the PNG beside it, their
    colours rounded (`STEP`) and compressed without loss.

    Parameters
    ----------
    path : Path
        The SVG, PNG or other picture.
    kept : Path
        Folder that remembers compressed pictures by content, for compressing takes a tenth of a second each.
    """
    if path.suffix != ".svg":
        return data_uri(path)
    if path.stat().st_size > HEAVY and path.with_suffix(".png").is_file():
        return _base64("image/webp", _webp(path.with_suffix(".png").read_bytes(), kept))
    drawing = _UNSEEN.sub("", path.read_text(encoding="utf-8"))
    # A line end inside an address is dropped by browsers, and would join what it parts.
    drawing = re.sub(r"\s+", " ", drawing).strip().replace('"', "'")
    return "data:image/svg+xml," + urllib.parse.quote(drawing, safe=" ':/=;,.()-_!*+@?[]|~$&")


def styles_with_fonts(sheet: Path) -> str:
    """Return a style sheet with the fonts that it names inside it."""
    styles = sheet.read_text(encoding="utf-8")
    return _FONT.sub(lambda match: f'url("{data_uri(sheet.parent / match[1])}")', styles)


def _webp(png: bytes, kept: Path) -> bytes:
    remembered = kept / f"{hashlib.sha256(png).hexdigest()[:20]}-{STEP}.webp"
    if remembered.is_file():
        return remembered.read_bytes()
    from PIL import Image

    stream = io.BytesIO()
    # Figures have no transparent parts; method 1 is within three per cent of the best and twice as fast.
    rounded = Image.open(io.BytesIO(png)).convert("RGB").point(lambda value: round(value / STEP) * STEP)
    rounded.save(stream, "WEBP", lossless=True, quality=50, method=1)
    kept.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: two formats may be set at once, and a build may be stopped.
    temporary = remembered.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(stream.getvalue())
    temporary.replace(remembered)
    return stream.getvalue()


def _base64(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
