"""The page's fonts: Source Serif 4 and Source Sans 3, cut to European, Cyrillic and Kazakh letters.

Both are Adobe's, under the SIL Open Font License 1.1 (OFL.txt beside the fonts).

The licence reserves the name "Source" for the uncut fonts, so the subsets have names of their own.
Run once by a maintainer, never by the build:

    npm pack @expo-google-fonts/source-serif-4@0.4.1 @expo-google-fonts/source-sans-3@0.4.1  (and unpack both)
    uv run --with fonttools==4.68.0 --with brotli==1.2.1 subset_fonts.py FOLDER_OF_SERIF FOLDER_OF_SANS
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

CUTS = {
    "article-serif-400": (1, "400Regular/SourceSerif4_400Regular.ttf"),
    "article-serif-400-italic": (1, "400Regular_Italic/SourceSerif4_400Regular_Italic.ttf"),
    "article-serif-600": (1, "600SemiBold/SourceSerif4_600SemiBold.ttf"),
    "article-sans-400": (2, "400Regular/SourceSans3_400Regular.ttf"),
    "article-sans-400-italic": (2, "400Regular_Italic/SourceSans3_400Regular_Italic.ttf"),
    "article-sans-600": (2, "600SemiBold/SourceSans3_600SemiBold.ttf"),
}
LETTERS = (
    "20-7E,A0-17F,18F,259,2BC,"  # Latin, with what European languages add
    "391-3A9,3B1-3C9,"  # Greek, as symbols
    "400-45F,490-493,49A-49B,4A2-4A3,4AE-4B1,4BA-4BB,4D8-4D9,4E8-4E9,"  # Cyrillic with Kazakh
    "2009,200A,2010-2015,2018-201E,2020-2022,2026,202F,2030,2032-2033,2039-203A,2044,"  # punctuation
    "20AC,20B8,20BD,2116,2122,"  # € ₸ ₽ № ™
    "2190-2193,2202,2206,2211-2212,221A,221E,2248,2260,2264-2265"  # arrows, mathematics
)


def main(folders: list[str]) -> None:
    """Write every cut into the extension."""
    fonts = Path(__file__).parent / "_extensions" / "paperbuild" / "fonts"
    for name, (folder, path) in CUTS.items():
        font = TTFont(Path(folders[folder], path))
        options = subset.Options(
            layout_features=["kern", "liga", "locl", "ccmp", "lnum", "tnum"], hinting=False
        )
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=subset.parse_unicodes(LETTERS))
        cutter.subset(font)
        family = "Article Serif" if "serif" in name else "Article Sans"
        style = {"400": "Regular", "600": "SemiBold", "italic": "Italic"}[name.rpartition("-")[2]]
        whole = f"{family} {style}"
        # What draws glyphs as outlines tells two cuts apart by this name alone.
        own = {1: family, 3: whole, 4: whole, 6: f"{family.replace(' ', '')}-{style}", 16: family}
        for record in list(font["name"].names):
            if record.nameID in own:
                font["name"].setName(own[record.nameID], record.nameID, 3, 1, 0x409)
        font.flavor = "woff2"
        font.save(fonts / f"{name}.woff2")


if __name__ == "__main__":
    main(sys.argv)
