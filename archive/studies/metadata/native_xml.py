"""DICOM JSON put into XML: the Native DICOM Model, one document a data set.

Reference  PS3.19 §A.1 (Native DICOM Model), PS3.18 §8.7.3.2 (application/dicom+xml)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from pydicom.datadict import keyword_for_tag

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
_TAIL = "</NativeDicomModel>"
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2
_UNKNOWN_LETTER = "\ufffd"
_KEPT_RETURN = {"\r": "&#13;"}  # a reader would take it for a line end (XML 1.0 §2.11)
Model = Mapping[str, Any]


def native_xml(model: Model) -> bytes:
    """The document of one data set in DICOM JSON. Letters that XML cannot hold become U+FFFD."""
    return "".join([_HEAD, *_attributes(model), _TAIL]).encode()


def _attributes(model: Model) -> Iterator[str]:
    for tag in sorted(model):
        if tag.endswith("0000"):
            continue  # group lengths shall not be included (§A.1.1)
        element = model[tag]
        yield f"<DicomAttribute {_names(model, tag, element['vr'])}>"
        yield from _contents(element)
        yield "</DicomAttribute>"


def _names(model: Model, tag: str, vr: str) -> str:
    """Tag, VR and keyword; of a private element its creator, and its tag without the block (table A.1.5-2)."""
    creator = _creator(model, tag)
    if creator:
        return f'tag="{tag[:4]}00{tag[6:]}" vr="{vr}" privateCreator={quoteattr(_legal(creator))}'
    keyword = _keyword(tag)
    return f'tag="{tag}" vr="{vr}"' + (f' keyword="{keyword}"' if keyword else "")


def _creator(model: Model, tag: str) -> str:
    is_private = int(tag[3], 16) % 2 == 1 and int(tag[4:], 16) >= 0x1000
    values = model.get(f"{tag[:4]}00{tag[4:6]}", {}).get("Value") if is_private else None
    return str(values[0] or "").strip() if values else ""


@lru_cache(maxsize=8192)
def _keyword(tag: str) -> str:
    return keyword_for_tag(int(tag, 16))


def _contents(element: Model) -> Iterator[str]:
    if "BulkDataURI" in element:
        yield f"<BulkData uri={quoteattr(_legal(element['BulkDataURI']))}/>"
    elif "InlineBinary" in element:
        yield f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"
    else:
        yield from _values(element["vr"], element.get("Value", ()))


def _values(vr: str, values: Sequence[Any]) -> Iterator[str]:
    for number, value in enumerate(values, start=1):
        if vr == "SQ":
            yield f'<Item number="{number}">'
            yield from _attributes(value or {})
            yield "</Item>"
        elif vr == "PN":
            yield f'<PersonName number="{number}">{"".join(_groups(value or {}))}</PersonName>'
        else:
            yield f'<Value number="{number}">{_text(value)}</Value>'


def _groups(name: Model) -> Iterator[str]:
    for group in _GROUPS:
        if name.get(group):
            parts = zip(_COMPONENTS, name[group].split("^"), strict=False)
            yield f"<{group}>{''.join(f'<{part}>{_text(text)}</{part}>' for part, text in parts if text)}</{group}>"


def _text(value: Any) -> str:
    return "" if value is None else escape(_legal(str(value)), _KEPT_RETURN)


def _legal(text: str) -> str:
    return _NOT_XML.sub(_UNKNOWN_LETTER, text)
