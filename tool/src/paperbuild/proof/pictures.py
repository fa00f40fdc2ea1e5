"""Compare two pictures: bytes, drawing, then the data behind them and the pixels."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from paperbuild.project.layout import FIGURES
from paperbuild.project.tolerances import Tolerances
from paperbuild.proof.ladder import Comparison, Rung, read_both, short_hash

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def normal_svg(content: bytes) -> str:
    """An SVG without what no reader sees: comments, metadata, the names of its ids, white space."""
    text = content.decode("utf-8")
    text = re.sub(
        r"<!--.*?-->|<metadata>.*?</metadata>|<\?xml.*?\?>|<!DOCTYPE.*?>", "", text, flags=re.DOTALL
    )
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        return match[1] + names.setdefault(match[2], f"i{len(names)}")

    text = re.sub(r'(\bid="|href="#|url\(#)([^")]+)', rename, text)
    return re.sub(r"\s+", " ", text)


def pixels(path: str, content: bytes) -> Pixels:
    """A picture as an RGB array, (height, width, 3) of uint8; Typst draws an SVG, 144 dots per inch."""
    import numpy as np
    from PIL import Image

    if path.endswith(".svg"):
        content = _draw_svg(content)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def _draw_svg(content: bytes) -> bytes:
    import typst

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "figure.svg").write_bytes(content)
        page = Path(folder) / "page.typ"
        page.write_text(
            '#set page(width: auto, height: auto, margin: 0pt)\n#image("figure.svg")\n', encoding="utf-8"
        )
        return typst.compile(str(page), format="png", ppi=144.0)


def changed_share(expected: Pixels, found: Pixels, levels: int) -> float:
    """Share of pixels in which some channel differs by more than `levels`; 1 where the sizes differ."""
    import numpy as np

    if expected.shape != found.shape:
        return 1.0
    apart = np.abs(expected.astype(np.int16) - found.astype(np.int16)).max(axis=2)
    return float((apart > levels).mean())


def side_by_side(expected: Pixels, found: Pixels) -> bytes:
    """PNG of reference, result and difference (changed pixels dark on a pale copy), at most 2,400 wide."""
    import numpy as np
    from PIL import Image, ImageDraw

    height = max(expected.shape[0], found.shape[0])
    width = max(expected.shape[1], found.shape[1])

    def padded(array: Pixels) -> Pixels:
        canvas = np.full((height, width, 3), 255, dtype=np.uint8)
        canvas[: array.shape[0], : array.shape[1]] = array
        return canvas

    left, right = padded(expected), padded(found)
    apart = np.abs(left.astype(np.int16) - right.astype(np.int16)).max(axis=2)
    faint = np.repeat((255 - (255 - left.mean(axis=2)) * 0.2).astype(np.uint8)[:, :, None], 3, axis=2)
    # A single pixel would be lost when the picture is scaled: darken its neighbours too.
    mask = apart > 0
    grown = mask.copy()
    for shift in (-2, -1, 1, 2):
        for axis in (0, 1):
            grown |= np.roll(mask, shift, axis=axis)
    faint[grown] = (200, 30, 30)
    gap, top = 20, 40
    sheet = Image.new("RGB", (3 * width + 2 * gap, height + top), "white")
    draw = ImageDraw.Draw(sheet)
    for position, (title, array) in enumerate(
        (("reference", left), ("compared", right), ("difference", faint))
    ):
        offset = position * (width + gap)
        sheet.paste(Image.fromarray(array), (offset, top))
        draw.text((offset + 10, 8), title, fill="black", font_size=24)
    sheet.thumbnail((2400, 2400))
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


def compare_picture(
    path: str, expected: bytes, found: bytes, tolerances: Tolerances, data: Comparison | None = None
) -> Comparison:
    """Compare two pictures: bytes, content, then the data behind them and the pixels.

    Parameters
    ----------
    path : str
        `figures/NAME.svg` or `.png`.
    expected, found : bytes
        Reference and result.
    tolerances : Tolerances
        What is declared for `figures`, NAME.
    data : Comparison, optional
        What became of the figure's own data; a figure whose data differ cannot be within tolerance.
    """
    hashes = short_hash(expected), short_hash(found)
    if expected == found:
        return Comparison(path, Rung.IDENTICAL, *hashes)
    if path.endswith(".svg"):
        drawings = read_both(path, expected, found, normal_svg)
        if not isinstance(drawings, Comparison) and drawings[0] == drawings[1]:
            return Comparison(path, Rung.SAME_CONTENT, *hashes, reason="the same drawing under other ids")
    arrays = read_both(path, expected, found, lambda content: pixels(path, content))
    if isinstance(arrays, Comparison):
        return arrays
    left, right = arrays
    tolerance = tolerances.of(FIGURES, Path(path).stem)
    if path.endswith(".png") and left.shape == right.shape and (left == right).all():
        return Comparison(path, Rung.SAME_CONTENT, *hashes, reason="the same pixels, compressed otherwise")
    share = changed_share(left, right, tolerance.levels)
    same_data = data is None or data.rung.reproduces
    within = share <= tolerance.share and same_data
    sizes = " → ".join(f"{array.shape[1]} × {array.shape[0]}" for array in (left, right))
    measured = f"{share:.4%} of the pixels differ by more than {tolerance.levels} levels"
    measured = measured if left.shape == right.shape else f"another size, {sizes} pixels"
    return Comparison(
        path,
        Rung.WITHIN_TOLERANCE if within else Rung.DIFFERS,
        *hashes,
        reason=measured if same_data else f"{measured}; the data behind the figure differ",
        picture=side_by_side(left, right),
    )
