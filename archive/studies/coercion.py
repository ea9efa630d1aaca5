"""Other values in the header of a Part 10 object; pixel data stays byte for byte.

What comes before the pixel data is parsed and written here (`modified_header`), what follows is passed on as it lies. A
deflated object, which may be a thousand times what it is as stored, is changed by a decoder's process.

Reference  PS3.3 §C.12.1.1.9 (Original Attributes Sequence), PS3.4 §B.4.1.3 (coercion), PS3.5 §A.5 (deflated)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import structlog
from django.conf import settings
from pydicom.uid import DeflatedExplicitVRLittleEndian

from archive.pixels.deflated import modified_deflated
from archive.pixels.errors import PixelsUnreadable
from archive.studies.modified_header import Change, Modification, header_of, modified
from archive.studies.received import split_part10
from common.data_sets import DATA_SET_FAILURES
from common.errors import InvalidInput

log = structlog.get_logger(__name__)

LARGEST = 1 << 29  # of a deflated object when it is inflated


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

    Raises  InvalidInput if the object cannot be parsed or written; Unavailable if others are being inflated for long.
    """
    change = Change(values, without or {}, modification, settings.DICOM_AE_TITLE)
    syntax, start = split_part10(data)
    if syntax == DeflatedExplicitVRLittleEndian:
        return _deflated_with(data, change)
    try:
        encoded = memoryview(data)[start:]
        dataset, end = header_of(encoded, syntax)
        header = modified(dataset, change)
    except DATA_SET_FAILURES as error:
        log.warning("coercion.failed", kind=type(error).__name__)
        raise _unwritable() from error
    return data if header is None else b"".join([memoryview(data)[:start], header, encoded[end:]])


def _deflated_with(data: bytes, change: Change) -> bytes:
    try:
        return modified_deflated(data, change, most=LARGEST) or data
    except PixelsUnreadable as error:
        if error.code == "OBJECT_TOO_LARGE":
            raise InvalidInput(error.message, code=error.code) from error
        raise _unwritable() from error


def _unwritable() -> InvalidInput:
    return InvalidInput("The object's header cannot be changed", code="OBJECT_UNWRITABLE")
