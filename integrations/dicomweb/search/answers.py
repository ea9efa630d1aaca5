"""Rows of the index written straight as DICOM JSON.

Reference  PS3.18 §F.2 (DICOM JSON model), §10.6.3.3 (Retrieve URL, Specific Character Set)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from json.encoder import encode_basestring

from archive.studies.queries.requests import UNIQUE_KEYS, Level
from archive.studies.queries.statement import Column

SPECIFIC_CHARACTER_SET, RETRIEVE_AE_TITLE, RETRIEVE_URL = 0x00080005, 0x00080054, 0x00081190
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_WHOLE, _DECIMAL = frozenset(["IS", "US", "UL", "SS", "SL"]), frozenset(["DS", "FL", "FD"])
_ONE_VALUE = frozenset(["LT", "ST", "UT", "UR"])
_PATHS = {
    Level.STUDY: ((Level.STUDY, "/studies/"),),
    Level.SERIES: ((Level.STUDY, "/studies/"), (Level.SERIES, "/series/")),
    Level.IMAGE: ((Level.STUDY, "/studies/"), (Level.SERIES, "/series/"), (Level.IMAGE, "/instances/")),
}
Row = Sequence[str | None]
_Part = Callable[[Row], str]


class JsonAnswers:
    """Writes the rows of a search; `base` is the absolute address of our DICOMweb service."""

    def __init__(self, columns: Sequence[Column], *, level: Level, base: str, ae_title: str = "") -> None:
        places = {column.tag: place for place, column in enumerate(columns)}
        parts: dict[int, _Part] = {
            SPECIFIC_CHARACTER_SET: _constant(_element(SPECIFIC_CHARACTER_SET, "CS", '"ISO_IR 192"')),
            RETRIEVE_URL: _retrieve_url(
                base, [(step, places[UNIQUE_KEYS[at][0]]) for at, step in _PATHS[level]]
            ),
        }
        if ae_title:
            title = encode_basestring(ae_title)
            parts[RETRIEVE_AE_TITLE] = _constant(_element(RETRIEVE_AE_TITLE, "AE", title))
        parts |= {column.tag: _of_column(column, place) for place, column in enumerate(columns)}
        self._parts = [parts[tag] for tag in sorted(parts)]

    def body(self, rows: Iterable[Row]) -> bytes:
        """All rows as one JSON array."""
        parts = self._parts
        matches = ["{" + ",".join(filter(None, [part(row) for part in parts])) + "}" for row in rows]
        return ("[" + ",\n".join(matches) + "]").encode()


def _element(tag: int, vr: str, values: str) -> str:
    value = f',"Value":[{values}]' if values else ""
    return f'"{tag:08X}":{{"vr":"{vr}"{value}}}'


def _constant(text: str) -> _Part:
    return lambda _row: text


def _retrieve_url(base: str, steps: Sequence[tuple[str, int]]) -> _Part:
    start = _element(RETRIEVE_URL, "UR", "").removesuffix("}") + f',"Value":["{base}'
    return lambda row: start + "".join([f"{step}{row[place]}" for step, place in steps]) + '"]}'


def _of_column(column: Column, place: int) -> _Part:
    empty = _element(column.tag, column.vr, "")
    if column.is_json:
        name = f'"{column.tag:08X}":'
        return lambda row: name + _kept(row[place]) if row[place] else ""
    before = empty.removesuffix("}") + ',"Value":['
    write = _writer(column.vr)

    def part(row: Row) -> str:
        value = row[place]
        return f"{before}{write(value)}]}}" if value else empty

    return part


def _kept(text: str | None) -> str:
    """An element kept as DICOM JSON goes out as it is; one that was made of no rows has no Value."""
    found = text or "null"
    return found if '"Value": null' not in found else json.dumps({"vr": json.loads(found)["vr"]})


def _writer(vr: str) -> Callable[[str], str]:
    if vr == "PN":
        return _names
    if vr in _WHOLE or vr in _DECIMAL:
        return _numbers
    if vr in _ONE_VALUE:
        return encode_basestring
    return _texts


def _texts(value: str) -> str:
    if "\\" not in value:
        return encode_basestring(value)
    return ",".join([encode_basestring(one) if one else "null" for one in value.split("\\")])


def _numbers(value: str) -> str:
    return value.replace("\\", ",")


def _names(value: str) -> str:
    return ",".join([_name(one) for one in value.split("\\")])


def _name(value: str) -> str:
    groups = zip(_GROUPS, value.split("="), strict=False)
    return "{" + ",".join([f'"{group}":{encode_basestring(text)}' for group, text in groups if text]) + "}"
