"""The PDF keeps the rules of PDF/UA-1 that can be looked up, and the checks notice where one is broken."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)
from sample_article import job, make_article

from matterhorn import breaches, untagged
from paperbuild.article.typesetting import render
from printed import structure


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    root = make_article(tmp_path_factory.mktemp("accessible") / "article")
    return render(job(root, "pdf"))[0].read_bytes()


def test_the_sample_keeps_every_rule(document):
    pdf = PdfReader(io.BytesIO(document))
    assert breaches(pdf) == []
    assert [found for page in pdf.pages for found in untagged(pdf, page)] == []


def first(pdf, kind):
    return next(one for one in structure(pdf.root_object["/StructTreeRoot"]) if one["/S"] == kind)


def table(element):
    return next(one for one in element["/A"] if one.get("/O") == "/Table")


def font(pdf):
    return next(iter(pdf.pages[0]["/Resources"]["/Font"].values())).get_object()


def said_otherwise(pdf, old, new):
    content = DecodedStreamObject()
    content.set_data(pdf.root_object["/Metadata"].get_data().replace(old, new))
    pdf.root_object[NameObject("/Metadata")] = content


def untitled(pdf):
    said_otherwise(pdf, b"dc:title>", b"dc:other>")


def unclaimed(pdf):
    said_otherwise(pdf, b"pdfuaid:part>", b"pdfuaid:other>")


def unmapped(pdf):
    below = font(pdf)["/DescendantFonts"][0].get_object()
    below[NameObject("/Subtype")] = NameObject("/CIDFontType2")
    below.pop("/CIDToGIDMap", None)


def given(**entries):
    return DictionaryObject({NameObject(f"/{name}"): entry for name, entry in entries.items()})


BROKEN = {
    "UA1:6.2": lambda pdf: pdf.root_object.pop("/MarkInfo"),
    "01-007": lambda pdf: pdf.root_object["/MarkInfo"].update(given(Suspects=BooleanObject(True))),
    "06-001": lambda pdf: pdf.root_object.pop("/Metadata"),
    "06-002": unclaimed,
    "06-003": untitled,
    "07-001": lambda pdf: pdf.root_object["/ViewerPreferences"].pop("/DisplayDocTitle"),
    "07-002": lambda pdf: pdf.root_object["/ViewerPreferences"].update(
        given(DisplayDocTitle=BooleanObject(False))
    ),
    "11-006": lambda pdf: pdf.root_object.pop("/Lang"),
    "UA1:7.1": lambda pdf: pdf.root_object.pop("/StructTreeRoot"),
    "02-001": lambda pdf: first(pdf, "/P").update({NameObject("/S"): NameObject("/Paragraph")}),
    "02-004": lambda pdf: pdf.root_object["/StructTreeRoot"].update(
        given(RoleMap=given(P=NameObject("/Div")))
    ),
    "09-004": lambda pdf: first(pdf, "/TD").update({NameObject("/P"): first(pdf, "/H1").indirect_reference}),
    "13-004": lambda pdf: first(pdf, "/Figure").pop("/Alt"),
    "UA1:7.3": lambda pdf: first(pdf, "/Figure").pop("/A"),
    "17-002": lambda pdf: first(pdf, "/Formula").update({NameObject("/Alt"): TextStringObject(" ")}),
    "14-002": lambda pdf: first(pdf, "/H1").update({NameObject("/S"): NameObject("/H2")}),
    "14-003": lambda pdf: first(pdf, "/H2").update({NameObject("/S"): NameObject("/H4")}),
    "UA1:7.2": lambda pdf: first(pdf, "/TR").update({NameObject("/K"): ArrayObject()}),
    "15-003": lambda pdf: table(first(pdf, "/TH")).pop("/Scope"),
    "15-005": lambda pdf: first(pdf, "/TH").pop("/ID"),
    "19-003": lambda pdf: first(pdf, "/Note").pop("/ID"),
    "19-004": lambda pdf: first(pdf, "/P").update(
        given(S=NameObject("/Note"), ID=first(pdf, "/Note")["/ID"])
    ),
    "20-001": lambda pdf: pdf.root_object.update(given(OCProperties=given(Configs=ArrayObject([given()])))),
    "20-002": lambda pdf: pdf.root_object.update(given(OCProperties=given(D=given()))),
    "25-001": lambda pdf: pdf.root_object.update(given(AcroForm=given(XFA=ArrayObject()))),
    "28-008": lambda pdf: pdf.pages[0].pop("/Tabs"),
    "28-009": lambda pdf: pdf.pages[0].update(given(Tabs=NameObject("/R"))),
    "28-012": lambda pdf: pdf.pages[0]["/Annots"][0].get_object().pop("/Contents"),
    "28-011": lambda pdf: pdf.pages[0]["/Annots"][0].get_object().pop("/StructParent"),
    "29-001": lambda pdf: (
        pdf.pages[0]["/Annots"][0].get_object().update(given(A=given(S=NameObject("/JavaScript"))))
    ),
    "31-005": unmapped,
    "31-009": lambda pdf: font(pdf)["/DescendantFonts"][0].get_object().pop("/FontDescriptor"),
    "31-027": lambda pdf: font(pdf).pop("/ToUnicode"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_named(document, rule):
    pdf = PdfWriter(clone_from=io.BytesIO(document))
    BROKEN[rule](pdf)
    target = io.BytesIO()
    pdf.write(target)
    found = breaches(PdfReader(target))
    assert any(one.startswith(rule) for one in found), found


def test_a_line_outside_of_the_structure_is_named(document):
    pdf = PdfWriter(clone_from=io.BytesIO(document))
    content = DecodedStreamObject()
    content.set_data(b"0 0 m 9 9 l S /Artifact BMC 0 0 m 9 9 l S EMC " + pdf.pages[0]["/Contents"].get_data())
    pdf.pages[0][NameObject("/Contents")] = content
    assert untagged(pdf, pdf.pages[0]) == ["01-005 S outside of the structure"]
