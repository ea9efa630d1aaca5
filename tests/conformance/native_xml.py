"""What an answer in XML is judged by: the standard's own grammar."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

NAMESPACE = {"d": "http://dicom.nema.org/PS3.19/models/NativeDICOM"}
_GRAMMAR = Path(__file__).with_name("native_dicom.rng")


def valid_document(data: bytes) -> etree._Element:
    """The root of a document that is valid by PS3.19 §A.1.6."""
    document = etree.fromstring(data)
    etree.RelaxNG(etree.parse(_GRAMMAR)).assertValid(document)
    return document


def texts(document: etree._Element, tag: str, *path: str) -> list[str]:
    """The texts below the attribute with this tag."""
    steps = "/".join(f"d:{step}" for step in path or ("Value",))
    found = document.xpath(f"d:DicomAttribute[@tag='{tag}']/{steps}", namespaces=NAMESPACE)
    return [one.text or "" for one in found]
