"""Changing an object on its way out: the same object and wishes give the same bytes, whenever it is done."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from pydicom import dcmread, dcmwrite
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRLittleEndian

from archive.deidentification.services import Siblings
from common.errors import InvalidInput
from integrations.routing.targets.base import Outgoing
from integrations.routing.transforms.catalogue import COMPRESSIONS
from integrations.routing.transforms.coercion import coerce
from integrations.routing.transforms.compression import compress
from integrations.routing.transforms.deidentification import deidentify
from integrations.routing.transforms.scripted import apply_script

# What pydicom raises for bytes that are no data set, or for values their VR does not hold.
UNREADABLE = (
    InvalidDicomError, AttributeError, EOFError, KeyError, NotImplementedError, OSError, OverflowError,
    RecursionError, TypeError, ValueError, struct.error,
)  # fmt: skip
_GROUP_LENGTH_AT = 132 + 8
_META_AT = 132 + 12


def transformed(
    data: bytes, transforms: Sequence[Mapping[str, Any]], *, at: dt.datetime, siblings: Siblings | None = None
) -> Outgoing:
    """A Part 10 file after these steps. `at` is the moment that goes down in the object as that of the change;
    `siblings` the series it is one of, for steps that need it.

    Raises  InvalidInput if a step cannot be done; Unavailable if its tool is out of reach.
    """
    for step in transforms:
        if step["do"] == "deidentify":
            data = deidentify(data, step, siblings)
    rest = [step for step in transforms if step["do"] != "deidentify"]
    if rest:
        dataset = _parsed(data)
        for step in rest:
            if step["do"] == "coerce":
                coerce(dataset, step["values"], at=at)
            elif step["do"] == "script":
                apply_script(dataset, step["script"], at=at)
            else:
                compress(dataset, COMPRESSIONS[step["to"]])
        data = _written(dataset)
    return as_it_is(data)


def as_it_is(data: bytes) -> Outgoing:
    """A Part 10 file with what its meta information says of it.

    Raises  InvalidInput if it is none.
    """
    try:
        meta = dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=[]).file_meta
        return Outgoing(
            data,
            data_set_offset(data),
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
        )
    except UNREADABLE as error:
        raise InvalidInput(_("This is not a DICOM Part 10 file"), code="NOT_PART10") from error


def data_set_offset(data: bytes) -> int:
    """Where the data set of a Part 10 file begins (PS3.10 §7.1). Raises InvalidInput if it is none."""
    if data[128:132] != b"DICM" or len(data) < _META_AT:
        raise InvalidInput(_("This is not a DICOM Part 10 file"), code="NOT_PART10")
    return _META_AT + int.from_bytes(data[_GROUP_LENGTH_AT:_META_AT], "little")


def leaves_in(transfer_syntax_uid: str, transforms: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The transfer syntaxes an object may leave in, the likeliest first: not every object can be compressed."""
    wanted = [COMPRESSIONS[step["to"]] for step in transforms if step["do"] == "compress"]
    changed = [str(ExplicitVRLittleEndian)] if transforms else []
    return tuple(dict.fromkeys([*wanted, transfer_syntax_uid, *changed]))


def _parsed(data: bytes) -> FileDataset:
    try:
        return dcmread(BytesIO(data))
    except UNREADABLE as error:
        raise InvalidInput(_("The object cannot be parsed"), code="OBJECT_UNREADABLE") from error


def _written(dataset: FileDataset) -> bytes:
    out = BytesIO()
    try:
        dcmwrite(out, dataset, enforce_file_format=True)
    except UNREADABLE as error:
        raise InvalidInput(_("The changed object cannot be written"), code="OBJECT_UNWRITABLE") from error
    return out.getvalue()
