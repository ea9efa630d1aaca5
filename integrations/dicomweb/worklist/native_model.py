"""A data set sent as XML, made into DICOM JSON.

Reference  PS3.19 §A.1 (Native DICOM Model), PS3.18 §8.7.3.2
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from common.errors import InvalidInput

_DEEPEST = 12
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
Model = dict[str, Any]


def model_of(document: bytes) -> Model:
    """The data set of one document. Raises  InvalidInput for what is no Native DICOM Model."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _malformed() from error
    if _name(root) != "NativeDicomModel" or root.getroottree().docinfo.doctype:
        raise _malformed()
    return _data_set(root, 0)


def _data_set(within: Any, depth: int) -> Model:
    if depth > _DEEPEST:
        raise _malformed()
    model: Model = {}
    for attribute in _children(within, "DicomAttribute"):
        tag, vr = attribute.get("tag", ""), attribute.get("vr", "")
        if attribute.get("privateCreator") is not None:
            raise InvalidInput("Private attributes are taken in JSON only", code="PRIVATE_ATTRIBUTE")
        model[tag] = {"vr": vr} | _held(attribute, vr, depth)
    return model


def _held(attribute: Any, vr: str, depth: int) -> Model:
    for bulk in _children(attribute, "BulkData"):
        return {"BulkDataURI": bulk.get("uri") or bulk.get("uuid") or ""}
    for inline in _children(attribute, "InlineBinary"):
        return {"InlineBinary": (inline.text or "").strip()}
    if vr == "SQ":
        found: list[Any] = [_data_set(item, depth + 1) for item in _numbered(attribute, "Item")]
    elif vr == "PN":
        found = [_person(name) for name in _numbered(attribute, "PersonName")]
    else:
        found = [value.text or None for value in _numbered(attribute, "Value")]
    return {"Value": found} if found else {}


def _person(name: Any) -> Model:
    made = {}
    for group in _GROUPS:
        for held in _children(name, group):
            parts = {_name(part): part.text or "" for part in held if isinstance(part.tag, str)}
            made[group] = "^".join(parts.get(component, "") for component in _COMPONENTS).rstrip("^")
    return made


def _numbered(attribute: Any, name: str) -> list[Any]:
    """The children by their `number`, which tells the order (PS3.19 Table A.1.5-2)."""
    found = list(_children(attribute, name))
    try:
        return sorted(found, key=lambda child: int(child.get("number", "0")))
    except ValueError as error:
        raise _malformed() from error


def _children(within: Any, name: str) -> Iterator[Any]:
    return (child for child in within if isinstance(child.tag, str) and _name(child) == name)


def _name(node: Any) -> str:
    return str(etree.QName(node).localname)


def _malformed() -> InvalidInput:
    return InvalidInput("The payload is no Native DICOM Model", code="PAYLOAD_MALFORMED")
