"""A query identifier as keys: decoded by its own character sets, within bounds.

Reference  PS3.4 §C.4.1.1.3 (identifier), PS3.5 §6.1.2 (character repertoires)
"""

from __future__ import annotations

import struct

from archive.studies.datasets import Element, encodings_of, read_elements, text_values
from archive.studies.queries.requests import Key, Level, Query
from common.errors import InvalidInput

QUERY_RETRIEVE_LEVEL, QUERY_RETRIEVE_VIEW = 0x00080052, 0x00080053
_NO_KEYS = frozenset([0x00080005, QUERY_RETRIEVE_LEVEL, QUERY_RETRIEVE_VIEW])
_IMPLICIT, _BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
_BINARY = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d"}
_UNREAD = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "UN", "AT", "SV", "UV"])


def elements_in(data: bytes, transfer_syntax_uid: str) -> tuple[Element, ...]:
    """The elements of an identifier. Raises InvalidInput if it is damaged or larger than any real one."""
    return read_elements(
        data, is_implicit=transfer_syntax_uid == _IMPLICIT, order=_order(transfer_syntax_uid)
    )


def keys_in(data: bytes, transfer_syntax_uid: str) -> tuple[str, tuple[Key, ...]]:
    """The Query/Retrieve Level as it is written (empty if it is not), and the keys."""
    elements = elements_in(data, transfer_syntax_uid)
    encodings = encodings_of(elements)
    order = _order(transfer_syntax_uid)
    level = next((one.value for one in elements if one.tag == QUERY_RETRIEVE_LEVEL), b"")
    keys = tuple(
        _key(element, encodings, order)
        for element in elements
        if element.tag not in _NO_KEYS and element.tag & 0xFFFF
    )
    return level.decode("latin-1").strip(" \0"), keys


def query_in(
    data: bytes,
    *,
    transfer_syntax_uid: str,
    is_patient_root: bool,
    is_relational: bool = False,
    is_datetime_combined: bool = False,
) -> Query:
    """The query of a Query/Retrieve identifier. Raises InvalidInput for what is none."""
    named, keys = keys_in(data, transfer_syntax_uid)
    try:
        level = Level[named]
    except KeyError as error:
        raise InvalidInput(
            "The identifier names no Query/Retrieve Level we know", code="QUERY_LEVEL"
        ) from error
    return Query(level, keys, is_patient_root, is_relational, is_datetime_combined)


def _order(transfer_syntax_uid: str) -> str:
    return ">" if transfer_syntax_uid == _BIG else "<"


def _key(element: Element, encodings: list[str], order: str) -> Key:
    if element.vr == "SQ":
        first = element.items[0] if element.items else ()
        inside = encodings_of(first, inherited=encodings)
        return Key(
            element.tag, "SQ", items=tuple(_key(one, inside, order) for one in first if one.tag & 0xFFFF)
        )
    if element.vr in _UNREAD:
        return Key(element.tag, element.vr)
    if element.vr in _BINARY:
        return Key(element.tag, element.vr, _numbers(element, order))
    values = text_values(element, encodings)
    return Key(element.tag, element.vr, tuple(values) if any(values) else ())


def _numbers(element: Element, order: str) -> tuple[str, ...]:
    code = struct.Struct(order + _BINARY[element.vr])
    if len(element.value) % code.size:
        raise InvalidInput("A binary value has an impossible length", code="KEY_NUMBER")
    return tuple(str(value) for (value,) in code.iter_unpack(element.value))
