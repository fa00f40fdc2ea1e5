"""A drawing made light: the same lines in a third of the bytes.

Matplotlib writes every path with absolute coordinates, every style out in full and every glyph of a text as
an element of its own. Here paths get relative coordinates of a hundredth of a point, styles become classes,
names are short and groups that say nothing go. What other programs draw stays, but for blank space.
"""

from __future__ import annotations

import functools
import re
from xml.etree import ElementTree as ET

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
# What Matplotlib draws with; a drawing that holds anything else, text or a script, is not taken apart.
_ELEMENTS = frozenset(
    f"{{{_SVG}}}{name}" for name in "svg g path use defs clipPath rect style pattern image".split()
)
_STYLE = "*{stroke-linejoin: round; stroke-linecap: butt}"
_UNSEEN = re.compile(
    r"<\?xml[^?]*\?>|<!DOCTYPE[^<>]*>|<!--(?:(?!<!--).)*?-->|<metadata>(?:(?!<metadata>).)*?</metadata>",
    re.DOTALL,
)
_PATH = re.compile(r"[MLQCz]|-?\d+(?:\.\d+)?")
_LEGIBLE = re.compile(r"(?:[MLQCz]|-?\d+(?:\.\d+)?|\s)*")
_NUMBER = re.compile(r"-?(?<!\d)\d+\.\d+")
_NAME = re.compile(r"#([\w.-]+)")
_SIDEWAYS = re.compile(r"translate\((-?[\d.]+) 0\)")
_MOVE = re.compile(r"translate\([^)]*\)")
_COLOUR = re.compile(r"#(\w)\1(\w)\2(\w)\3(?!\w)")
_ARGUMENTS = {"M": 2, "L": 2, "Q": 4, "C": 6}
# Outlines of glyphs come in sixty-fourths of the unit that text is drawn in, a hundredth of its size.
_GLYPH, _GLYPH_TAKEN, _GLYPH_LEFT = "scale(0.015625)", 16, "scale(.25)"
PLACES = 2
"""Decimals of a coordinate in points: a tenth of a pixel of an eight times enlarged figure."""


def light(drawing: str) -> str:
    """Return a drawing that looks the same and takes less room.

    Parameters
    ----------
    drawing : str
        An SVG document.
    """
    drawing = re.sub(r"\s+", " ", _UNSEEN.sub("", drawing)).strip()
    try:
        root = ET.fromstring(drawing)
    except ET.ParseError:
        return drawing
    styles = [element.text or "" for element in root.iter(f"{{{_SVG}}}style")]
    strange = {element.tag for element in root.iter()} - _ELEMENTS
    if strange or styles != [_STYLE] or any("class" in element.attrib for element in root.iter()):
        return drawing
    names = _short_names(root)
    classes: dict[str, str] = {}
    for element in root.iter():
        _shorten(element, names, classes, whole=element is root)
    _drop(root)
    sheet = next(root.iter(f"{{{_SVG}}}style"))
    sheet.attrib.clear()
    sheet.text = _STYLE.replace(" ", "") + "".join(f".{name}{{{style}}}" for style, name in classes.items())
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode")


def _short_names(root: ET.Element) -> dict[str, str]:
    """Return a short name for each identifier that something refers to."""
    known = {element.get("id") for element in root.iter()}
    found: dict[str, str] = {}
    for element in root.iter():
        for value in element.attrib.values():
            for name in _NAME.findall(value):
                if name in known:
                    found.setdefault(name, _letters(len(found)))
    return found


def _letters(number: int) -> str:
    """Return the name with a number from 0: a, b, …, z, aa, …"""
    text = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        text = chr(ord("a") + letter) + text
    return text


def _shorten(element: ET.Element, names: dict[str, str], classes: dict[str, str], *, whole: bool) -> None:
    """Say the attributes of one element in short."""
    given = element.attrib
    identifier = given.pop("id", None)
    style = given.pop("style", None)
    for key, value in given.items():
        given[key] = _NAME.sub(lambda match: "#" + names.get(match[1], match[1]), value)
    if _LINK in given:
        given["href"] = given.pop(_LINK)
    if identifier in names:
        given["id"] = names[identifier]
    moved = given.get("transform", "")
    if "d" in given:
        glyph = moved == _GLYPH
        if glyph:
            given["transform"] = _GLYPH_LEFT
        given["d"] = relative(given["d"], *((0, 1 / _GLYPH_TAKEN) if glyph else (PLACES, 1.0)))
    elif moved:
        sideways = _SIDEWAYS.fullmatch(moved)
        if sideways and element.tag.endswith("}use"):
            del given["transform"]
            given["x"] = _number(float(sideways[1]), 1)
        else:
            given["transform"] = _rounded(_MOVE.sub(lambda match: _rounded(match[0], PLACES), moved), 5)
    for key in ("x", "y", "width", "height"):
        if key in given and not whole:
            given[key] = _rounded(given[key], PLACES)
    if style:
        rules = (rule.replace(": ", ":").strip() for rule in style.split(";"))
        said = _COLOUR.sub(r"#\1\2\3", ";".join(rule for rule in rules if rule))
        said = _NAME.sub(lambda match: "#" + names.get(match[1], match[1]), said)
        given["class"] = classes.setdefault(said, _letters(len(classes)))


def _drop(element: ET.Element) -> None:
    """Drop blank space and groups that say nothing, from the inside out."""
    element.text = element.tail = None if element.tag != f"{{{_SVG}}}style" else element.text
    kept: list[ET.Element] = []
    for child in element:
        _drop(child)
        if child.tag == f"{{{_SVG}}}g" and not child.attrib:
            kept += list(child)
        else:
            kept.append(child)
    element[:] = kept


def relative(path: str, places: int, scale: float = 1.0) -> str:
    """Return the same path with relative coordinates; one with other commands than M, L, Q, C, z as it is.

    Parameters
    ----------
    path : str
        The ``d`` of a path.
    places : int
        Decimals of its coordinates. Each point is rounded by itself, so that no error adds up.
    scale : float
        What coordinates are multiplied with.
    """
    if not _LEGIBLE.fullmatch(path):
        return " ".join(path.split())
    tokens = iter(_PATH.findall(path))
    unit = 10**places
    pieces: list[str] = []
    here, start = [0, 0], [0, 0]
    command = before = ""
    dotted = False  # whether the last number has a point

    def say(letter: str, numbers: list[int]) -> None:
        nonlocal before, dotted
        parted = letter != before
        if parted:
            pieces.append(letter)
        for number in numbers:
            shown = _shown(number, places)
            # A letter parts numbers, and so do a sign, and a point behind a number that has one.
            pieces.append(shown if parted or shown[0] == "-" or (shown[0] == "." and dotted) else f" {shown}")
            parted, dotted = False, "." in shown
        before = letter

    for token in tokens:
        if token == "z":
            pieces.append("z")
            before, here = "z", list(start)
            continue
        if token.isalpha():
            command, token = token, next(tokens)
        wanted = _ARGUMENTS[command]
        numbers = [float(token), *(float(next(tokens)) for _ in range(wanted - 1))]
        points = [round(number * scale * unit) for number in numbers]
        steps = [point - here[place % 2] for place, point in enumerate(points)]
        if command == "L" and steps[1] == 0:
            say("h", steps[:1])
        elif command == "L" and steps[0] == 0:
            say("v", steps[1:])
        else:
            say(command.lower(), steps)
        here = points[-2:]
        if command == "M":
            # Further points behind a move are lines to SVG, too.
            start, command = list(here), "L"
    return "".join(pieces)


@functools.lru_cache(maxsize=100_000)
def _shown(number: int, places: int) -> str:
    return _number(number / 10**places, places)


def _number(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text) if text != "-0" else "0"


def _rounded(text: str, places: int) -> str:
    return _NUMBER.sub(lambda match: _number(float(match[0]), places), text)
