"""Documents and reports as a browser shows them: what is encapsulated as it is, structured reports as HTML.

Reference  PS3.18 §8.7.4 (rendered media types of text), PS3.3 §C.24.2 (encapsulated), PS3.3 §C.17.3 (SR content)
"""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydicom import Dataset, dcmread

ENCAPSULATED = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/xml",
}
_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
_KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
_DEEPEST = 20
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
    "dl{margin-left:1em}dt{font-weight:600}"
)


@dataclass(frozen=True, slots=True)
class Document:
    """What is shown, and its media type."""

    media_type: str
    data: bytes


def document_of(sop_class_uid: str, read: Callable[[], bytes]) -> Document | None:
    """The document of an object of this class; None for a class that is no document. `read` gives its Part 10 bytes."""
    if sop_class_uid in ENCAPSULATED:
        dataset = dcmread(io.BytesIO(read()), force=True)
        data = bytes(dataset.get("EncapsulatedDocument") or b"")
        length = dataset.get("EncapsulatedDocumentLength") or len(data)
        return Document(ENCAPSULATED[sop_class_uid], data[: int(length)])
    if sop_class_uid.startswith(_REPORTS) and sop_class_uid != _KEY_OBJECTS:
        return Document("text/html", report_html(dcmread(io.BytesIO(read()), force=True)).encode())
    return None


def report_html(report: Dataset) -> str:
    """A structured report as nested definition lists; every text is escaped."""
    title = _meaning(report.get("ConceptNameCodeSequence")) or "Report"
    head = " · ".join(
        html.escape(str(text))
        for text in (report.get("PatientName"), report.get("PatientID"), report.get("ContentDate"))
        if text
    )
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{html.escape(title)}</h1><p>{head}</p>"
        f"{_items(report.get('ContentSequence') or (), 0)}</body></html>"
    )


def _items(items: Iterable[Dataset], depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    shown = [_item(item, depth) for item in items]
    return f"<dl>{''.join(shown)}</dl>" if shown else ""


def _item(item: Dataset, depth: int) -> str:
    name = html.escape(_meaning(item.get("ConceptNameCodeSequence")))
    value = html.escape(_value(item)).replace("\n", "<br>")
    inner = _items(item.get("ContentSequence") or (), depth + 1)
    return f"<dt>{name}</dt><dd>{value}{inner}</dd>"


def _value(item: Dataset) -> str:
    kind = item.get("ValueType")
    if kind == "CODE":
        return _meaning(item.get("ConceptCodeSequence"))
    if kind == "NUM":
        return " ".join(_measured(measured) for measured in (item.get("MeasuredValueSequence") or ())[:1])
    if kind in {"IMAGE", "COMPOSITE", "WAVEFORM"}:
        return " ".join(
            str(one.get("ReferencedSOPInstanceUID", "")) for one in item.get("ReferencedSOPSequence") or ()
        )
    for keyword in ("TextValue", "PersonName", "Date", "Time", "DateTime", "UID"):
        if item.get(keyword) is not None:
            return str(item.get(keyword))
    return ""


def _measured(item: Dataset) -> str:
    number = item.get("NumericValue")
    unit = (item.get("MeasurementUnitsCodeSequence") or (Dataset(),))[0]
    shown = unit.get("CodeValue", "")
    return f"{number} {'' if shown in {'1', '{ratio}'} else shown}".strip()


def _meaning(codes: Iterable[Dataset] | None) -> str:
    return next((str(code.get("CodeMeaning", "")) for code in codes or ()), "")
