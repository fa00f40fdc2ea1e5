"""The DOCX look: pandoc's own reference document with the article's styles, page and footer.

``python -m paperbuild.article.reference_document`` writes ``assets/reference.docx`` anew;
a test compares the two.
"""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace

from paperbuild.article.extension import EXTENSION

# Both are in every word processor, or replaced by letters of the same widths; both have the Kazakh letters.
SERIF, SANS = "Times New Roman", "Arial"
ACCENT, QUIET = "0B4F6C", "595959"
# A ZIP cannot hold an earlier moment; a constant one keeps the file the same whenever it is made.
MOMENT = (1980, 1, 1, 0, 0, 0)
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@dataclass(frozen=True)
class Style:
    """A paragraph style.

    Attributes
    ----------
    name : str
        As word processors show it.
    size : float
        Type size in points.
    based_on, following : str
        Identifiers of the parent and of the next paragraph's style.
    font : str
        Typeface.
    look : str
        Run properties beside font and size (bold, italic, colour), as WordprocessingML in schema order.
    keep : str
        Paragraph properties that stand before spacing (keep with next, borders, shading).
    spacing : tuple of float
        Points before, points after, line height in lines.
    end : str
        Paragraph properties that stand behind spacing (indents, alignment, outline level).
    """

    name: str
    size: float = 11
    based_on: str = "Normal"
    following: str = "BodyText"
    font: str = SERIF
    look: str = ""
    keep: str = ""
    spacing: tuple[float, float, float] = (0, 6, 1.1)
    end: str = ""

    def xml(self, identifier: str) -> str:
        """Return the style as an element of ``styles.xml``."""
        before, after, line = (
            round(self.spacing[0] * 20),
            round(self.spacing[1] * 20),
            round(self.spacing[2] * 240),
        )
        parent = f'<w:basedOn w:val="{self.based_on}"/>' if self.based_on else ""
        default = ' w:default="1"' if identifier == "Normal" else ""
        half_points = round(self.size * 2)
        return (
            f'<w:style w:type="paragraph"{default} w:styleId="{identifier}"><w:name w:val="{self.name}"/>'
            f"{parent}"
            f'<w:next w:val="{self.following}"/><w:qFormat/><w:pPr>{self.keep}'
            f'<w:spacing w:before="{before}" w:after="{after}" w:line="{line}" w:lineRule="auto"/>'
            f'{self.end}</w:pPr><w:rPr><w:rFonts w:ascii="{self.font}" w:hAnsi="{self.font}" '
            f'w:cs="{self.font}" w:eastAsia="{self.font}"/>'
            f'{self.look}<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/></w:rPr></w:style>'
        )


def colour(value: str) -> str:
    """Return the run property for a text colour."""
    return f'<w:color w:val="{value}"/>'


def _left_rule(value: str, fill: str = "") -> str:
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return f'<w:pBdr><w:left w:val="single" w:sz="12" w:space="8" w:color="{value}"/></w:pBdr>{shade}'


BOLD, ITALIC = "<w:b/><w:bCs/>", "<w:i/><w:iCs/>"
KEEP = "<w:keepNext/><w:keepLines/>"
JUSTIFIED = '<w:jc w:val="both"/>'
STYLES = {
    "Normal": Style("Normal", based_on="", following="Normal", spacing=(0, 0, 1.1)),
    "BodyText": Style("Body Text", end=JUSTIFIED),
    "FirstParagraph": Style("First Paragraph", based_on="BodyText", end=JUSTIFIED),
    "Compact": Style("Compact", spacing=(0, 3, 1.1)),
    "TableText": Style("Table Text", 9, font=SANS, spacing=(1.5, 1.5, 1)),
    "TableTextSmall": Style("Table Text Small", 8, font=SANS, spacing=(1, 1, 1)),
    "Title": Style(
        "Title", 22, following="Subtitle", font=SANS, look=BOLD + colour(ACCENT), keep=KEEP, spacing=(0, 6, 1)
    ),
    "Subtitle": Style("Subtitle", 13, look=ITALIC + colour(QUIET), keep=KEEP, spacing=(0, 8, 1)),
    "Author": Style("Author", 11, keep=KEEP, spacing=(0, 2, 1)),
    "Date": Style("Date", 10, look=colour(QUIET), keep=KEEP, spacing=(0, 10, 1)),
    "AbstractTitle": Style(
        "Abstract Title",
        10,
        following="Abstract",
        font=SANS,
        look=BOLD,
        keep=KEEP + _left_rule(ACCENT),
        spacing=(6, 3, 1),
    ),
    "Abstract": Style("Abstract", 10, keep=_left_rule(ACCENT), spacing=(0, 8, 1.05), end=JUSTIFIED),
    "Heading1": Style(
        "heading 1",
        15,
        font=SANS,
        look=BOLD + colour(ACCENT),
        keep=KEEP,
        spacing=(20, 8, 1),
        end='<w:outlineLvl w:val="0"/>',
    ),
    "Heading2": Style(
        "heading 2",
        12.5,
        font=SANS,
        look=BOLD + colour(ACCENT),
        keep=KEEP,
        spacing=(14, 6, 1),
        end='<w:outlineLvl w:val="1"/>',
    ),
    "Heading3": Style(
        "heading 3",
        11,
        font=SANS,
        look=ITALIC + colour(ACCENT),
        keep=KEEP,
        spacing=(12, 4, 1),
        end='<w:outlineLvl w:val="2"/>',
    ),
    "Caption": Style("caption", 9.5, font=SANS, keep="<w:keepLines/>", spacing=(3, 4, 1.05)),
    # With the line of origin behind it.
    "ImageCaption": Style("Image Caption", 9.5, "Caption", font=SANS, keep=KEEP, spacing=(3, 4, 1.05)),
    "TableCaption": Style("Table Caption", 9.5, "Caption", font=SANS, keep=KEEP, spacing=(12, 4, 1.05)),
    "CaptionedFigure": Style(
        "Captioned Figure", keep="<w:keepNext/>", spacing=(12, 0, 1), end='<w:jc w:val="center"/>'
    ),
    "Provenance": Style("Provenance", 8, font=SANS, look=colour(QUIET), spacing=(3, 12, 1)),
    "CalloutTitle": Style(
        "Callout Title",
        10.5,
        following="Callout",
        font=SANS,
        look=BOLD + colour(ACCENT),
        keep=KEEP + _left_rule(ACCENT, "F3F5F6"),
        spacing=(10, 0, 1),
    ),
    "Callout": Style(
        "Callout", 10.5, following="Callout", keep=_left_rule(ACCENT, "F3F5F6"), spacing=(0, 6, 1.1)
    ),
    "Bibliography": Style(
        "Bibliography",
        10,
        following="Bibliography",
        spacing=(0, 4, 1.05),
        end='<w:ind w:left="360" w:hanging="360"/>',
    ),
    "FootnoteText": Style("footnote text", 9, following="FootnoteText", spacing=(0, 2, 1)),
    "Footer": Style(
        "footer", 9, following="Footer", look=colour(QUIET), end='<w:jc w:val="center"/>', spacing=(0, 0, 1)
    ),
}

_RULE = '<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="auto"/>'
TABLE_STYLE = (
    '<w:style w:type="table" w:default="1" w:styleId="Table"><w:name w:val="Table"/>'
    '<w:basedOn w:val="TableNormal"/><w:qFormat/><w:tblPr><w:tblBorders>'
    + _RULE.format(side="top", size=8)
    + _RULE.format(side="bottom", size=8)
    + '</w:tblBorders><w:tblCellMar><w:left w:w="70" w:type="dxa"/><w:right w:w="70" w:type="dxa"/>'
    "</w:tblCellMar></w:tblPr><w:trPr><w:cantSplit/></w:trPr>"
    '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:bCs/></w:rPr><w:tcPr><w:tcBorders>'
    + _RULE.format(side="bottom", size=4)
    + '</w:tcBorders><w:vAlign w:val="bottom"/></w:tcPr></w:tblStylePr></w:style>'
)
LINK_STYLE = (
    '<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/>'
    f'<w:basedOn w:val="DefaultParagraphFont"/><w:rPr>{colour(ACCENT)}</w:rPr></w:style>'
)

# A4 with margins of 25 mm, in twentieths of a point.
PAGE = (
    '<w:sectPr><w:footerReference w:type="default" r:id="rIdFooter"/><w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1418" w:right="1418" w:bottom="1418" w:left="1418" w:header="709" w:footer="709" '
    'w:gutter="0"/></w:sectPr>'
)
FOOTER = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<w:ftr xmlns:w="{MAIN}"><w:p>'
    '<w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    '<w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p></w:ftr>'
)


READ = (
    "Normal",
    "BodyText",
    "FirstParagraph",
    "Compact",
    "Abstract",
    "Bibliography",
    "ImageCaption",
    "TableCaption",
)
"""Styles of what is read as text, whose size and lines a journal may set for a manuscript."""


def manuscript(size: float, line: float) -> dict[str, Style]:
    """Return the styles with text of at least a size (points) at a line height (lines)."""
    return STYLES | {
        name: replace(
            STYLES[name], size=max(size, STYLES[name].size), spacing=(*STYLES[name].spacing[:2], line)
        )
        for name in READ
    }


def restyle(styles: str, ours: Mapping[str, Style] = STYLES) -> str:
    """Return ``styles.xml`` with the article's styles in place of pandoc's of the same identifiers."""
    identifiers = {*STYLES, "Table", "Hyperlink"}

    def drop(match: re.Match[str]) -> str:
        found = re.search(r'w:styleId="(\w+)"', match.group())
        return "" if found and found[1] in identifiers else match.group()

    kept = re.sub(r"<w:style\s.*?</w:style>\s*", drop, styles, flags=re.DOTALL)
    kept = re.sub(r'<w:link w:val="\w+" ?/>', "", kept)
    added = "".join(style.xml(identifier) for identifier, style in ours.items()) + TABLE_STYLE + LINK_STYLE
    return kept.replace("</w:styles>", f"{added}</w:styles>")


def make(styles: Mapping[str, Style] = STYLES) -> bytes:
    """Return the reference document with these styles; always the same bytes with the same pandoc."""
    from paperbuild.article.embedded import pandoc

    default = subprocess.run(
        [pandoc(), "--print-default-data-file", "reference.docx"], capture_output=True, check=True
    ).stdout
    with zipfile.ZipFile(io.BytesIO(default)) as source:
        parts = {name: source.read(name).decode("utf-8") for name in source.namelist()}
    parts["word/styles.xml"] = restyle(parts["word/styles.xml"], styles)
    parts["word/document.xml"] = re.sub(
        r"<w:sectPr\b.*?(?:</w:sectPr>|/>)(?=\s*</w:body>)", PAGE, parts["word/document.xml"], flags=re.DOTALL
    )
    parts["word/footer1.xml"] = FOOTER
    parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Type="{RELATIONSHIPS}/footer" Id="rIdFooter" Target="footer1.xml"/></Relationships>',
    )
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        "</Types>",
        '<Override PartName="/word/footer1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/></Types>',
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in parts.items():
            target.writestr(zipfile.ZipInfo(name, MOMENT), text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


if __name__ == "__main__":
    (EXTENSION / "reference.docx").write_bytes(make())
