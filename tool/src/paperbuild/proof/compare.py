"""Compare an output with its reference: the first rung of the ladder that it meets.

Identical bytes → identical content → within the declared tolerance → same printed rounding → differs →
not produced.

Tolerances are declared in `analysis/tolerances.yml`, each with its reason; what is not declared there has the
default: a relative difference of 1e-9 in a value and 8 of 255 levels in a pixel.
"""

import csv
import difflib
import hashlib
import html.parser
import io
import math
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

from paperbuild.article import formats
from paperbuild.ground.errors import PaperError
from paperbuild.ground.located import line_of, parse_yaml, read_text
from paperbuild.project.layout import TOLERANCES

TEXTS = "text"
"""The folder of the documents' committed texts, beside figures/ and tables/."""


class Rung(IntEnum):
    """How far an output agrees with its reference; smaller is better."""

    IDENTICAL = 1
    SAME_CONTENT = 2
    WITHIN_TOLERANCE = 3
    SAME_ROUNDING = 4
    DIFFERS = 5
    NOT_PRODUCED = 6

    @property
    def label(self) -> str:
        """The rung in words."""
        return self.name.lower().replace("_", " ")

    @property
    def reproduces(self) -> bool:
        """Whether this counts as reproduced."""
        return self <= Rung.WITHIN_TOLERANCE


@dataclass(frozen=True)
class Tolerance:
    """How far a value may lie from its reference.

    Attributes
    ----------
    relative : float
        Share of the larger of both magnitudes. The default is what a different processor or linear algebra
        library changes in an estimate that an iteration has brought to convergence.
    absolute : float
        In the value's own unit, for values that are zero but for rounding.
    levels : int
        Difference in a pixel's channel, of 255, that a different font rasteriser or compiler causes.
    share : float
        Share of pixels that may lie beyond `levels`.
    why : str
        The reason; every declared tolerance has one.
    """

    relative: float = 1e-9
    absolute: float = 1e-12
    levels: int = 8
    share: float = 0.0
    why: str = "what another processor or linear algebra library changes in a converged estimate"

    def covers(self, expected: float, found: float) -> bool:
        """Whether `found` is as good as `expected`."""
        if expected != expected or found != found:
            return expected != expected and found != found
        # math.isclose takes the larger of both bounds and treats infinities of one sign as equal.
        try:
            return math.isclose(expected, found, rel_tol=self.relative, abs_tol=self.absolute)
        except OverflowError:  # an integer that no float holds
            return expected == found


@dataclass(frozen=True)
class Tolerances:
    """Declared tolerances: for `tables`, NAME, COLUMN; `figures`, NAME; `numbers`, NAME."""

    declared: Mapping[str, Tolerance] = field(default_factory=dict)

    def of(self, *path: str) -> Tolerance:
        """The tolerance declared for the longest leading part of a path, else the default."""
        for length in range(len(path), 0, -1):
            if found := self.declared.get("\0".join(path[:length])):
                return found
        return Tolerance()


def load_tolerances(root: Path) -> Tolerances:
    """Read `analysis/tolerances.yml`: lists of entries with `of`, the bounds and `why`.

    Raises
    ------
    PaperError
        For an entry without a reason, without a bound, or with an unknown key.
    """
    path = root / TOLERANCES
    if not path.is_file():
        return Tolerances()
    text = read_text(path, TOLERANCES)
    entries = parse_yaml(text, TOLERANCES) or []
    if not isinstance(entries, list):
        raise PaperError(
            "no list of tolerances", where=f"{TOLERANCES}:1", expected="entries with `of` and `why`"
        )
    declared = {}
    for position, entry in enumerate(entries):
        if not _is_tolerance(entry):
            raise PaperError(
                f"entry {position + 1} declares no tolerance: {entry}",
                where=f"{TOLERANCES}:{line_of(text, position)}",
                expected="`of` (kind, name, column), a bound (relative, absolute, levels or share) and `why`",
                remedy="complete the entry, or remove it",
            )
        bounds = {key: value for key, value in entry.items() if key not in ("of", "why")}
        declared["\0".join(entry["of"])] = Tolerance(**bounds, why=entry["why"])
    return Tolerances(declared)


def _is_tolerance(entry: Any) -> bool:
    """Tell whether an entry has a place, a bound or several, each a number, and a reason."""
    if not isinstance(entry, dict) or set(entry) - {"of", "relative", "absolute", "levels", "share", "why"}:
        return False
    of, why = entry.get("of"), entry.get("why")
    bounds = [value for key, value in entry.items() if key not in ("of", "why")]
    return (
        isinstance(of, list)
        and bool(of)
        and all(isinstance(part, str) for part in of)
        and isinstance(why, str)
        and bool(bounds)
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in bounds)
    )


@dataclass(frozen=True)
class Comparison:
    """What became of one output.

    Attributes
    ----------
    path : str
        The output, relative to the root; `numbers/NAME` for a number.
    rung : Rung
        The first rung it meets.
    expected, found : str
        Short statement of reference and result: a hash, a value, a count.
    reason : str
        Why it is not identical, in one line; empty where it is.
    details : tuple of str
        Differences worth reading: cells, lines.
    picture : bytes or None
        PNG of reference, result and difference side by side.
    gap : Gap or None
        The largest difference of a value, where values differ.
    printed : bool
        Whether something that the article prints changed: a number's text, a printed table, a document.
    """

    path: str
    rung: Rung
    expected: str = ""
    found: str = ""
    reason: str = ""
    details: tuple[str, ...] = ()
    picture: bytes | None = None
    gap: "Gap | None" = None
    printed: bool = False


@dataclass(frozen=True)
class Gap:
    """The largest difference among the values of an output, and where it is.

    Attributes
    ----------
    absolute : float
        In the value's own unit.
    relative : float
        As a share of the larger magnitude.
    where : str
        Row and column, or the number's name.
    """

    absolute: float
    relative: float
    where: str

    def __str__(self) -> str:
        """The difference in one line."""
        return f"largest difference {self.relative:.1e} relative, {self.absolute:.1e} absolute ({self.where})"


def gap_between(expected: float, found: float, where: str) -> Gap | None:
    """The difference of two values; None where either is no finite number."""
    try:
        left, right = float(expected), float(found)
    except OverflowError:
        return None
    if not (math.isfinite(left) and math.isfinite(right)):
        return None
    larger = max(abs(left), abs(right))
    apart = abs(left - right)
    return Gap(apart, apart / larger if larger else 0.0, where)


def widest(gaps: Iterable[Gap | None]) -> Gap | None:
    """The gap that is largest in relative terms; None among none."""
    return max((gap for gap in gaps if gap), key=lambda gap: (gap.relative, gap.absolute), default=None)


# Tables ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One cell that changed: row (from 1, without header), column, reference, result."""

    row: int
    column: str
    expected: str
    found: str
    within: bool

    @property
    def gap(self) -> Gap | None:
        """How far apart the two values are; None unless both are numbers."""
        left, right = _number(self.expected), _number(self.found)
        if left is None or right is None:
            return None
        return gap_between(left, right, f"row {self.row}, {self.column}")

    def __str__(self) -> str:
        """The change in one line."""
        return f"row {self.row}, {self.column}: {self.expected} → {self.found}"


def _number(text: str) -> float | None:
    plain = text.strip().replace("\u2212", "-").replace(",", "").replace("\u00a0", "").rstrip("%")
    try:
        return float(plain)
    except ValueError:
        return None


def changed_cells(
    expected: list[list[str]], found: list[list[str]], tolerances: Tolerances, name: str
) -> list[Cell] | None:
    """Cells that are not the same text; None where header or number of rows differ.

    Parameters
    ----------
    expected, found : list of list of str
        Rows, the header first.
    tolerances : Tolerances
        What is declared, by `tables`, `name` and column.
    name : str
        The table's name.
    """
    if len(expected) != len(found) or expected[:1] != found[:1]:
        return None
    header = expected[0] if expected else []
    cells = []
    for row, (left, right) in enumerate(zip(expected[1:], found[1:], strict=True), start=1):
        if len(left) != len(right):
            return None
        for column, a, b in zip(header, left, right, strict=False):
            if a != b:
                x, y = _number(a), _number(b)
                covered = None not in (x, y) and tolerances.of("tables", name, column).covers(x, y)
                cells.append(Cell(row, column, a, b, covered))
    return cells


def read_csv(content: bytes) -> list[list[str]]:
    """Rows of a CSV, the header first."""
    return list(csv.reader(io.StringIO(content.decode("utf-8")), strict=True))


def read_pipe_table(content: bytes) -> list[list[str]]:
    """Rows of a pandoc pipe table, the header first, the rule left out."""
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in content.decode("utf-8").splitlines()
        if line.strip().startswith("|")
    ]
    return [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]


def compare_table(path: str, expected: bytes, found: bytes, tolerances: Tolerances) -> Comparison:
    """Compare two tables (CSV or pipe table) cell by cell."""
    hashes = _short_hash(expected), _short_hash(found)
    if expected == found:
        return Comparison(path, Rung.IDENTICAL, *hashes)
    read = read_csv if path.endswith(".csv") else read_pipe_table
    sides, broken = _read_both(path, expected, found, read)
    if sides is None:
        return Comparison(path, Rung.DIFFERS, *hashes, reason=broken, printed=path.endswith(".md"))
    left, right = sides
    cells = changed_cells(left, right, tolerances, Path(path).stem)
    if cells is None:
        shapes = tuple(
            f"{max(len(rows) - 1, 0)} rows × {len(rows[0]) if rows else 0} columns" for rows in (left, right)
        )
        return Comparison(
            path, Rung.DIFFERS, *shapes, reason="another shape or header", printed=path.endswith(".md")
        )
    if not cells:
        return Comparison(path, Rung.SAME_CONTENT, *hashes, reason="the same cells, written otherwise")
    within = all(cell.within for cell in cells)
    gap = widest(cell.gap for cell in cells)
    counted = f"cells that differ: {len(cells)}, within tolerance: {sum(cell.within for cell in cells)}"
    return Comparison(
        path,
        Rung.WITHIN_TOLERANCE if within else Rung.DIFFERS,
        *hashes,
        reason=f"{counted}; {gap}" if gap else counted,
        details=tuple(str(cell) for cell in cells[:20]),
        gap=gap,
        # What a pipe table holds is what the article prints.
        printed=path.endswith(".md"),
    )


def _read_both(
    path: str, expected: bytes, found: bytes, read: Callable[[bytes], Any]
) -> tuple[tuple[Any, Any] | None, str]:
    """Reference and result as `read` understands them, or None and which of them is broken, in words.

    A reference comes from a repository and may be damaged in any way; what a decoder raises on foreign bytes
    is its own affair (Pillow alone has SyntaxError, OSError, ValueError, zlib.error), so every error counts.
    """
    sides = []
    for title, content in (("committed reference", expected), ("rebuilt file", found)):
        try:
            sides.append(read(content))
        except Exception as error:
            kind = "text" if path.endswith((".csv", ".md")) else "a picture"
            words = (str(error).splitlines() or [type(error).__name__])[0][:160]
            return None, f"the {title} is broken, it cannot be read as {kind}: {words}"
    return (sides[0], sides[1]), ""


# Numbers -----------------------------------------------------------------------------------------


def compare_number(
    name: str, expected: Mapping[str, Any], found: Mapping[str, Any] | None, tolerances: Tolerances
) -> Comparison:
    """Compare a recorded number with its reference: value, tolerance, printed form."""
    path = f"numbers/{name}"
    shown = _shown(expected)
    if found is None:
        return Comparison(path, Rung.NOT_PRODUCED, shown, "", "the rebuild recorded no such number")
    sides = shown, _shown(found)
    old, new = expected.get("value"), found.get("value")
    texts = expected.get("text"), found.get("text")
    printed = texts[0] != texts[1]
    if type(old) is type(new) and (old == new or (old != old and new != new)):
        if not printed:
            return Comparison(path, Rung.IDENTICAL, *sides)
        reason = f"the same value, printed {texts[0]!r} in the reference and {texts[1]!r} in the rebuild"
        return Comparison(path, Rung.DIFFERS, *sides, reason=reason, printed=True)
    if not printed and "format" in expected and not _prints(expected):
        reason = "another value, and the reference's text is not what its value and format give"
        return Comparison(path, Rung.DIFFERS, *sides, reason=reason)
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new))
    gap = gap_between(old, new, name) if numeric else None
    how_far = f"; {gap}" if gap else ""
    tolerance = tolerances.of("numbers", name)
    # A printed form that changed is a changed result, unless a tolerance was declared that foresees it.
    foreseen = not printed or (tolerance != Tolerance() and _prints(expected))
    if numeric and tolerance.covers(old, new) and foreseen:
        reason = (
            "printed otherwise, within the declared tolerance" if printed else "printed alike"
        ) + how_far
        return Comparison(path, Rung.WITHIN_TOLERANCE, *sides, reason=reason, gap=gap, printed=printed)
    if not printed:
        reason = f"beyond the tolerance, printed alike{how_far}"
        return Comparison(path, Rung.SAME_ROUNDING, *sides, reason=reason, gap=gap)
    return Comparison(path, Rung.DIFFERS, *sides, reason=f"another value{how_far}", gap=gap, printed=True)


def _prints(number: Mapping[str, Any]) -> bool:
    """Whether a recorded number's text is what its value and format give."""
    from paperbuild.project.numbers import printed

    try:
        return printed(number["value"], number["format"]) == number["text"]
    except Exception:  # a forged format may be anything
        return False


def _shown(number: Mapping[str, Any]) -> str:
    value, text = number.get("value"), str(number.get("text", "no text"))
    return text if isinstance(value, str | bool) else f"{text} ({value!r})"


# Figures -----------------------------------------------------------------------------------------


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


def pixels(path: str, content: bytes) -> Any:
    """A picture as an RGB array, (height, width, 3) of uint8; Typst draws an SVG, 144 dots per inch."""
    import numpy as np
    from PIL import Image

    if path.endswith(".svg"):
        content = _draw_svg(content)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def _draw_svg(content: bytes) -> bytes:
    import tempfile

    import typst

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "figure.svg").write_bytes(content)
        page = Path(folder) / "page.typ"
        page.write_text(
            '#set page(width: auto, height: auto, margin: 0pt)\n#image("figure.svg")\n', encoding="utf-8"
        )
        return typst.compile(str(page), format="png", ppi=144.0)


def changed_share(expected: Any, found: Any, levels: int) -> float:
    """Share of pixels in which some channel differs by more than `levels`; 1 where the sizes differ."""
    import numpy as np

    if expected.shape != found.shape:
        return 1.0
    apart = np.abs(expected.astype(np.int16) - found.astype(np.int16)).max(axis=2)
    return float((apart > levels).mean())


def side_by_side(expected: Any, found: Any) -> bytes:
    """PNG of reference, result and difference (changed pixels dark on a pale copy), at most 2,400 wide."""
    import numpy as np
    from PIL import Image, ImageDraw

    height = max(expected.shape[0], found.shape[0])
    width = max(expected.shape[1], found.shape[1])

    def padded(array: Any) -> Any:
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
    hashes = _short_hash(expected), _short_hash(found)
    if expected == found:
        return Comparison(path, Rung.IDENTICAL, *hashes)
    if path.endswith(".svg"):
        drawings, broken = _read_both(path, expected, found, normal_svg)
        if drawings is not None and drawings[0] == drawings[1]:
            return Comparison(path, Rung.SAME_CONTENT, *hashes, reason="the same drawing under other ids")
    arrays, broken = _read_both(path, expected, found, lambda content: pixels(path, content))
    if arrays is None:
        return Comparison(path, Rung.DIFFERS, *hashes, reason=broken)
    left, right = arrays
    tolerance = tolerances.of("figures", Path(path).stem)
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


# Documents ---------------------------------------------------------------------------------------


class _Text(html.parser.HTMLParser):
    """Text of a page, without scripts, their parts, styles and drawings; one line a block."""

    SILENT = frozenset({"script", "template", "style", "svg", "head"})
    BLOCKS = frozenset("p div li tr h1 h2 h3 h4 h5 h6 figcaption caption section br td th dt dd".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Fall silent inside drawings and styles; break the line before a block."""
        self.silent += tag in self.SILENT
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Speak again after a drawing or style."""
        self.silent -= tag in self.SILENT and self.silent > 0

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        if not self.silent:
            self.parts.append(data)


def document_text(path: Path) -> str:
    """Text of a document, one line a block or printed line: as its format reads it back, else by its suffix.

    Raises
    ------
    ValueError
        For another kind of file.
    """
    known = formats.of_file(path.name)
    if known and known.text:
        text = known.text(path)
    elif path.suffix == ".html":
        # Embedded pictures are long and hold no text.
        page = re.sub(r'"data:[^"]*"', '""', path.read_text(encoding="utf-8"))
        parser = _Text()
        parser.feed(page)
        text = "".join(parser.parts)
    elif path.suffix == ".docx":
        text = _docx_text(path)
    elif path.suffix == ".pdf":
        text = _pdf_text(path)
    else:
        raise ValueError(f"no document: {path.name}")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


# Lines and curves of a PDF's drawings: `x y m`, `x y l`, six numbers and `c`.
_STROKES = re.compile(rb"(?:-?[\d.]+\s){2}(?:(?:-?[\d.]+\s){4}c|[ml])\s")


def _pdf_text(path: Path) -> str:
    import pypdf
    from pypdf.generic import DecodedStreamObject, NameObject

    texts = []
    for page in pypdf.PdfReader(path).pages:
        # A map is a million bytes of strokes on its page, and reading each of them takes five times as long.
        if (drawn := page.get_contents()) is not None:
            content = DecodedStreamObject()
            content.set_data(_STROKES.sub(b"", drawn.get_data()))
            page[NameObject("/Contents")] = content
        texts.append(page.extract_text())
    return "\n".join(texts)


def _docx_text(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        parts = [
            archive.read(name).decode("utf-8")
            for name in sorted(archive.namelist())
            if re.fullmatch(r"word/(document|footnotes|endnotes|header\d*|footer\d*)\.xml", name)
        ]
    import html as entities

    paragraphs = re.split(r"</w:p>", "".join(parts))
    texts = ("".join(re.findall(r"<[wm]:t(?:\s[^>]*)?>([^<]*)<", paragraph)) for paragraph in paragraphs)
    return entities.unescape("\n".join(texts))


def masked_text(text: str, build: Mapping[str, Any]) -> str:
    """A document's text, one block a line, without what differs between two builds of the same sources.

    Parameters
    ----------
    text : str
        As `document_text` reads it.
    build : mapping
        The `build` entry of that build's `numbers.yml`: the colophon prints commit, date and Python, and a
        committed reference cannot hold the name of the commit that holds it.
    """
    volatile = {str(value) for value in build.values() if isinstance(value, str) and len(str(value)) > 3}
    for value in sorted(volatile, key=len, reverse=True):
        # A line may break inside a value.
        pattern = r"\s+".join(re.escape(word) for word in value.split())
        text = re.sub(rf"(?<![\d.]){pattern}(?!\d)", "·", text)
    return text + "\n" if text and not text.endswith("\n") else text


def text_digest(masked: str) -> str:
    """SHA-256 of a document's masked text; where its lines break does not matter."""
    return hashlib.sha256(re.sub(r"\s+", "", masked).encode("utf-8")).hexdigest()


def text_path(document: str) -> str:
    """Where the text of a document is committed: ``text/paper.html.txt`` for ``_output/paper.html``."""
    return f"{TEXTS}/{Path(document).name}.txt"


def document_record(path: Path, engine: str, build: Mapping[str, Any]) -> dict[str, str]:
    """Entry of a document in `figures/manifest.json`, with the hash of its text (see `reference_text`).

    Parameters
    ----------
    path : Path
        The document as built.
    engine : str
        `quarto` or `embedded`.
    build : mapping
        The `build` entry of `numbers.yml`.
    """
    name, digest = f"_output/{path.name}", text_digest(reference_text(path, build))
    return {"path": name, "text": text_path(name), "engine": engine, "text_sha256": digest}


def reference_text(path: Path, build: Mapping[str, Any]) -> str:
    """A document's text as it is committed under `text_path`."""
    return masked_text(document_text(path), build)


def compare_texts(path: str, expected: str, found: str) -> Comparison:
    """Compare a document's committed text with that of a rebuild; the first differing words as details."""
    digests = tuple(f"text {text_digest(text)[:12]}" for text in (expected, found))
    if digests[0] == digests[1]:
        return Comparison(path, Rung.SAME_CONTENT, *digests, reason="the same text but for commit and date")
    first, changed = first_words(expected, found), line_changes(expected.splitlines(), found.splitlines())
    return Comparison(
        path, Rung.DIFFERS, *digests, f"another text; {first}", tuple(changed[:20]), printed=True
    )


def first_words(expected: str, found: str, around: int = 4, most: int = 12) -> str:
    """The first words in which two texts differ, with a few before them: ``… “a b c” → “a b d”``."""
    left, right = expected.split(), found.split()
    same = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    start = min(len(left), len(right)) if same is None else same
    shown = (" ".join(words[max(start - around, 0) : start + most - around]) for words in (left, right))
    return " → ".join(f"“{words}”" for words in shown)


def line_changes(expected: Iterable[str], found: Iterable[str]) -> list[str]:
    """Lines that left (−) and came (+)."""
    changes = difflib.unified_diff(list(expected), list(found), lineterm="", n=0)
    kept = (line for line in changes if line[:1] in "+-" and line[:3] not in ("+++", "---"))
    return [f"−{line[1:]}" if line[0] == "-" else line for line in kept]


def compare_file(
    path: str, expected: bytes, found: bytes | None, tolerances: Tolerances, data: Comparison | None = None
) -> Comparison:
    """Compare one file of figures/ or tables/ with its reference (`data`: see `compare_picture`)."""
    if found is None:
        return Comparison(path, Rung.NOT_PRODUCED, _short_hash(expected), "", "the rebuild did not make it")
    if path.endswith((".csv", ".md")):
        return compare_table(path, expected, found, tolerances)
    return compare_picture(path, expected, found, tolerances, data)


def compare_artefacts(
    expected: Mapping[str, bytes], found: Mapping[str, bytes], tolerances: Tolerances
) -> list[Comparison]:
    """Compare figures and tables with their references, in the order of `expected`.

    A figure's data are compared before its pictures; a table whose values lie beyond the tolerance but print
    alike meets the rung of the same rounding.

    Parameters
    ----------
    expected, found : mapping of str to bytes
        Files by path; what `found` lacks was not produced.
    tolerances : Tolerances
        What is declared.
    """
    made: dict[str, Comparison] = {}
    for path in sorted(expected, key=lambda path: not path.endswith((".csv", ".md"))):
        data = made.get(f"{path.rsplit('.', 1)[0]}.csv")
        made[path] = compare_file(path, expected[path], found.get(path), tolerances, data)
    for path, one in list(made.items()):
        printed = made.get(f"{path.rsplit('.', 1)[0]}.md")
        if (
            path.endswith(".csv")
            and one.rung == Rung.DIFFERS
            # Cells were compared: a file that is broken or of another shape prints nothing alike.
            and one.details
            and printed
            and printed.rung <= Rung.SAME_CONTENT
        ):
            made[path] = replace(one, rung=Rung.SAME_ROUNDING, reason=f"{one.reason}; printed alike")
    return [made[path] for path in expected]


def _short_hash(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()[:12]
