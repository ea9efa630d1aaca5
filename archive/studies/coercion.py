"""Other values in the header of a Part 10 object, the former ones kept inside it; pixel data stays byte for byte.

Only the elements before the pixel data are parsed and written; what follows is passed on as it lies. An element
nobody asked for keeps its bytes, unless a new text needs a character set that the object did not have.

Reference  PS3.3 §C.12.1.1.9 (Original Attributes Sequence), PS3.4 §B.4.1.3 (coercion)
"""

from __future__ import annotations

import copy
import datetime as dt
import io
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from archive.studies.received import split_part10
from common.data_sets import DATA_SET_FAILURES
from common.errors import InvalidInput

log = structlog.get_logger(__name__)

LARGEST = 1 << 29
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


def with_values(
    data: bytes,
    values: Mapping[str, str],
    modification: Modification,
    *,
    without: Mapping[str, Collection[str]] | None = None,
) -> bytes:
    """The object with these values, by keyword; the very bytes given if it has them already.

    `without` names attributes that leave the object when the value of another changes, as what came with it.
    The same object, values and modification always give the same bytes.

    Raises  InvalidInput if the object cannot be parsed or written.
    """
    syntax, start = split_part10(data)
    is_deflated = syntax == DeflatedExplicitVRLittleEndian
    try:
        encoded = _inflated(data[start:]) if is_deflated else memoryview(data)[start:]
        dataset, end = _header(encoded, syntax)
        if not _change(dataset, values, without or {}, modification):
            return data
        changed = [_written(dataset), encoded[end:]]
    except DATA_SET_FAILURES as error:
        log.warning("coercion.failed", kind=type(error).__name__)
        raise InvalidInput("The object's header cannot be changed", code="OBJECT_UNWRITABLE") from error
    return b"".join([memoryview(data)[:start], *(_deflated(changed) if is_deflated else changed)])


def _header(encoded: bytes | memoryview, syntax: str) -> tuple[Dataset, int]:
    """The elements before the pixel data, and where those of the pixel data begin."""
    stream = io.BytesIO(encoded)
    dataset = read_dataset(
        stream,
        is_implicit_VR=syntax in (ImplicitVRLittleEndian, _GE_IMPLICIT),
        is_little_endian=syntax != ExplicitVRBigEndian,
        stop_when=lambda tag, _vr, _length: int(tag) >= _PIXELS,
    )
    return dataset, stream.tell()


def _written(dataset: Dataset) -> bytes:
    out = DicomBytesIO()
    is_implicit, is_little = dataset.original_encoding
    out.is_implicit_VR, out.is_little_endian = bool(is_implicit), bool(is_little)
    write_dataset(out, dataset)
    return bytes(out.getvalue())


def _change(
    dataset: Dataset,
    values: Mapping[str, str],
    without: Mapping[str, Collection[str]],
    modification: Modification,
) -> bool:
    """Set what differs, and keep what stood there; whether anything differs."""
    different = {keyword: value for keyword, value in values.items() if _text(dataset, keyword) != value}
    if not different:
        return False
    leaving = {keyword for cause in different for keyword in without.get(cause, ()) if keyword in dataset}
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
    known = list(dataset.get("OriginalAttributesSequence") or [])
    dataset.OriginalAttributesSequence = [*known, _item(former, modification)]
    return True


def _text(dataset: Dataset, keyword: str) -> str:
    """A value as it is compared: padding and empty components at the end of a name mean nothing."""
    value = str(dataset.get(keyword) or "").strip(" \0")
    if keyword == "PatientName":
        return "=".join(group.rstrip("^ ") for group in value.split("=")).rstrip("=")
    return value


def _make_room_for_any_text(dataset: Dataset, former: Dataset) -> None:
    """Turn to UTF-8, unless the object's character set has every letter. Former values keep the former set."""
    named = dataset.get("SpecificCharacterSet")
    if isinstance(named, str) and named in _ANY_TEXT:
        return
    dataset.decode()
    if "SpecificCharacterSet" in dataset:
        former.SpecificCharacterSet = copy.deepcopy(named)
    dataset.SpecificCharacterSet = _ANY_TEXT[0]


def _item(former: Dataset, modification: Modification) -> Dataset:
    item = Dataset()
    item.SourceOfPreviousValues = modification.source
    item.AttributeModificationDateTime = modification.moment.astimezone(dt.UTC).strftime(
        "%Y%m%d%H%M%S.%f+0000"
    )
    item.ModifyingSystem = settings.DICOM_AE_TITLE
    item.ReasonForTheAttributeModification = modification.reason
    item.ModifiedAttributesSequence = [former]
    return item


def _inflated(encoded: bytes) -> bytes:
    """PS3.5 §A.5. Raises InvalidInput for what would not fit."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(encoded, LARGEST)
    if inflater.unconsumed_tail:
        raise InvalidInput("The object is too large when inflated", code="OBJECT_TOO_LARGE")
    return plain


def _deflated(parts: list[Any]) -> list[bytes]:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = b"".join([*(deflater.compress(part) for part in parts), deflater.flush()])
    return [packed, b"\0" * (len(packed) % 2)]
