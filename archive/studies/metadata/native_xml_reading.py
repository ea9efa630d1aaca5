"""The Native DICOM Model read as DICOM JSON, from whoever sends it.

Reference  PS3.19 §A.1 (Native DICOM Model), PS3.18 §F.2 (DICOM JSON)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from archive.studies.metadata.native_xml import NAMESPACE
from common.errors import InvalidInput

_FIRST_BLOCK, _LAST_BLOCK = 0x10, 0xFF
_WHOLE = frozenset(["US", "SS", "UL", "SL", "UV", "SV"])
_REAL = frozenset(["FL", "FD"])
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
Model = dict[str, Any]


def model_of(document: bytes) -> Model:
    """The data set of a document. Elements outside of the model's namespace are taken for its own, as many write them.

    Raises  InvalidInput for what is no such document; entities are not followed, and document types not taken.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(document, parser)
        if root.getroottree().docinfo.doctype or _name(root) != "NativeDicomModel":
            raise _malformed()
        return _data_set(root)
    except (etree.XMLSyntaxError, ValueError, KeyError, RecursionError) as error:
        raise _malformed() from error


def _data_set(parent: etree._Element) -> Model:
    model: Model = {}
    private: list[tuple[str, str, Model]] = []
    for child in _named(parent, "DicomAttribute"):
        tag, creator = child.attrib["tag"].upper(), child.get("privateCreator", "")
        int(tag, 16)
        element = _element(child, child.attrib["vr"])
        if creator:
            private.append((tag, creator, element))
        else:
            model[tag] = element
    for tag, creator, element in private:
        model[f"{tag[:4]}{_block(model, tag[:4], creator)}{tag[6:]}"] = element
    return model


def _block(model: Model, group: str, creator: str) -> str:
    """Where the creator's elements are in the group; a block is reserved for one that has none (PS3.5 §7.8.1)."""
    for block in range(_FIRST_BLOCK, _LAST_BLOCK + 1):
        held = model.setdefault(f"{group}00{block:02X}", {"vr": "LO", "Value": [creator]})
        if held.get("Value") == [creator]:
            return f"{block:02X}"
    raise _malformed()


def _element(node: etree._Element, vr: str) -> Model:
    for child in node:
        if _name(child) == "BulkData":
            return {"vr": vr, "BulkDataURI": child.attrib["uri"]}
        if _name(child) == "InlineBinary":
            return {"vr": vr, "InlineBinary": "".join((child.text or "").split())}
    if vr == "SQ":
        values: list[Any] = [_data_set(item) for item in _named(node, "Item")]
    elif vr == "PN":
        values = [_person(person) for person in _named(node, "PersonName")]
    else:
        values = [_value(vr, child.text or "") for child in _named(node, "Value")]
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _person(node: etree._Element) -> dict[str, str] | None:
    groups = {_name(group): _components(group) for group in node if _name(group) in _GROUPS}
    return groups or None


def _components(group: etree._Element) -> str:
    texts = {_name(part): part.text or "" for part in group}
    return "^".join(texts.get(component, "") for component in _COMPONENTS).rstrip("^")


def _value(vr: str, text: str) -> Any:
    if not text:
        return None
    if vr in _WHOLE:
        return int(text)
    return float(text) if vr in _REAL else text


def _named(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in parent if _name(child) == name)


def _name(node: etree._Element) -> str:
    """The local name; nothing for what is no element of the model."""
    tag = node.tag if isinstance(node.tag, str) else ""
    return tag.removeprefix(f"{{{NAMESPACE}}}")


def _malformed() -> InvalidInput:
    return InvalidInput("The metadata are not of the Native DICOM Model", code="METADATA_MALFORMED")
