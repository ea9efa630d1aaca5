"""Values that mean nothing, legal for their VR, for attributes that must hold something (action D)."""

from __future__ import annotations

from typing import Any

TEXT = "REMOVED"
_BY_VR: dict[str, Any] = {
    "AE": "REMOVED", "AS": "000Y", "CS": "REMOVED", "DA": "19000101", "DT": "19000101000000", "TM": "000000",
    "DS": "0", "IS": "0", "LO": TEXT, "LT": TEXT, "SH": TEXT, "ST": TEXT, "UC": TEXT, "UT": TEXT,
    "PN": "REMOVED^Anonymous", "UR": "urn:removed", "FL": 0.0, "FD": 0.0, "SL": 0, "SS": 0, "UL": 0, "US": 0,
    "SV": 0, "UV": 0,
}  # fmt: skip
_EMPTY_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


_EMPTY_CDA = b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"/>'


def dummy_document(document: bytes) -> bytes:
    """An encapsulated document of the same kind that says nothing: a blank page, or an empty element."""
    empty = _EMPTY_PDF if document.lstrip()[:5] == b"%PDF-" else _EMPTY_CDA
    return empty + b" " * (len(empty) % 2)


def dummy_of(vr: str) -> Any:
    """A dummy of this VR; binary values become two zero bytes."""
    return _BY_VR.get(vr, b"\0\0")
