"""Other values in the header of an encoded data set, the former ones kept inside it.

Only the elements before the pixel data are parsed and written. An element nobody asked for keeps its bytes, unless a
new text needs a character set that the object did not have. Nothing here needs Django: a decoder's process does it too.

Reference  PS3.3 §C.12.1.1.9 (Original Attributes Sequence), PS3.4 §B.4.1.3 (coercion)
"""

from __future__ import annotations

import copy
import datetime as dt
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

_PIXELS = 0x7FE00000
_ANY_TEXT = ("ISO_IR 192", "GB18030")
_GE_IMPLICIT = "1.2.840.113619.5.2"


@dataclass(frozen=True, slots=True)
class Modification:
    """What is put down beside the former values: whose values they were, when and why they were changed.

    `reason` is a defined term of Reason for the Attribute Modification (0400,0565): COERCE or CORRECT.
    """

    source: str
    moment: dt.datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """The values an object is to have, by keyword, and what leaves it `without` them: see `coercion.with_values`.

    `system` is the Modifying System (0400,0563).
    """

    values: Mapping[str, str]
    without: Mapping[str, Collection[str]]
    modification: Modification
    system: str

    def plain(self) -> dict[str, Any]:
        """As JSON can carry it."""
        modification = self.modification
        return {
            "values": dict(self.values),
            "without": {cause: sorted(keywords) for cause, keywords in self.without.items()},
            "modification": [modification.source, modification.moment.isoformat(), modification.reason],
            "system": self.system,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Change:
        source, moment, reason = plain["modification"]
        modification = Modification(source, dt.datetime.fromisoformat(moment), reason)
        return cls(plain["values"], plain["without"], modification, plain["system"])


def header_of(encoded: bytes | memoryview, syntax: str) -> tuple[Dataset, int]:
    """The elements before the pixel data, and where those of the pixel data begin.

    Raises  DATA_SET_FAILURES.
    """
    stream = io.BytesIO(encoded)
    dataset = read_dataset(
        stream,
        is_implicit_VR=syntax in (ImplicitVRLittleEndian, _GE_IMPLICIT),
        is_little_endian=syntax != ExplicitVRBigEndian,
        stop_when=lambda tag, _vr, _length: int(tag) >= _PIXELS,
    )
    return dataset, stream.tell()


def modified(dataset: Dataset, change: Change) -> bytes | None:
    """The header encoded anew with what differs; None where nothing does. Raises  DATA_SET_FAILURES."""
    different = {
        keyword: value for keyword, value in change.values.items() if _text(dataset, keyword) != value
    }
    if not different:
        return None
    former = _exchanged(dataset, different, _leaving(dataset, different, change.without))
    known = list(dataset.get("OriginalAttributesSequence") or [])
    dataset.OriginalAttributesSequence = [*known, _item(former, change)]
    return _written(dataset)


def _text(dataset: Dataset, keyword: str) -> str:
    """A value as it is compared: padding and empty components at the end of a name mean nothing."""
    value = str(dataset.get(keyword) or "").strip(" \0")
    if keyword == "PatientName":
        return "=".join(group.rstrip("^ ") for group in value.split("=")).rstrip("=")
    return value


def _leaving(
    dataset: Dataset, different: Collection[str], without: Mapping[str, Collection[str]]
) -> set[str]:
    return {keyword for cause in different for keyword in without.get(cause, ()) if keyword in dataset}


def _exchanged(dataset: Dataset, different: Mapping[str, str], leaving: Collection[str]) -> Dataset:
    """Set what differs and take out what leaves; what stood there before."""
    former = Dataset()
    if not all(value.isascii() for value in different.values()):
        _make_room_for_any_text(dataset, former)
    for keyword in [*different, *sorted(leaving)]:
        if keyword in dataset:
            former[keyword] = copy.deepcopy(dataset[keyword])
        else:
            setattr(former, keyword, None)
    for keyword in leaving:
        delattr(dataset, keyword)
    for keyword, value in different.items():
        setattr(dataset, keyword, value)
    return former


def _make_room_for_any_text(dataset: Dataset, former: Dataset) -> None:
    """Turn to UTF-8, unless the object's character set has every letter. Former values keep the former set."""
    named = dataset.get("SpecificCharacterSet")
    if isinstance(named, str) and named in _ANY_TEXT:
        return
    dataset.decode()
    if "SpecificCharacterSet" in dataset:
        former.SpecificCharacterSet = copy.deepcopy(named)
    dataset.SpecificCharacterSet = _ANY_TEXT[0]


def _item(former: Dataset, change: Change) -> Dataset:
    modification = change.modification
    item = Dataset()
    item.SourceOfPreviousValues = modification.source
    item.AttributeModificationDateTime = modification.moment.astimezone(dt.UTC).strftime(
        "%Y%m%d%H%M%S.%f+0000"
    )
    item.ModifyingSystem = change.system
    item.ReasonForTheAttributeModification = modification.reason
    item.ModifiedAttributesSequence = [former]
    return item


def _written(dataset: Dataset) -> bytes:
    out = DicomBytesIO()
    is_implicit, is_little = dataset.original_encoding
    out.is_implicit_VR, out.is_little_endian = bool(is_implicit), bool(is_little)
    write_dataset(out, dataset)
    return bytes(out.getvalue())
