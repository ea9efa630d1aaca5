"""Instances sent as metadata in JSON or XML, with their bulk data in parts of their own.

Bulk data wait in a file, so that memory holds the metadata and one instance at a time.

Reference  PS3.18 §10.5.2 (request), §8.6.1.2 (bulk data by Content-Location), §F.2 (JSON model)
"""

from __future__ import annotations

import io
import json
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from archive.studies.metadata.native_xml_reading import model_of
from common.errors import InvalidInput, ServiceError
from common.uids import is_uid_lenient
from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from integrations.dicomweb.errors import TooLarge
from integrations.dicomweb.media_types import DICOM_JSON, DICOM_XML, OCTET_STREAM, MediaType
from integrations.dicomweb.multipart_reading import IncomingPart
from integrations.dicomweb.store.intake import Intake

LARGEST_METADATA = 8 << 20  # parsed, it takes thirty times as much memory at worst
LARGEST_OBJECT = 512 << 20
LARGEST_BULK = 4 << 30
# What pydicom raises over values of the wrong kind, by the conversion that each of them goes through.
_CONVERSION_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
_PIXEL_DATA = "7FE00010"
_DEEPEST = 40
_SHARED = 4  # so often may bulk data be referred to, on the average
_SYNTAXES = {
    "image/jpeg": "1.2.840.10008.1.2.4.50",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
}


@dataclass(frozen=True, slots=True)
class _Bulk:
    """Where bulk data lie in the file, and what they are."""

    start: int
    size: int
    media: MediaType

    @property
    def transfer_syntax_uid(self) -> str:
        named = self.media.transfer_syntax
        return named or _SYNTAXES.get(self.media.type, ExplicitVRLittleEndian)


def store_metadata(parts: Iterable[IncomingPart], intake: Intake) -> None:
    """Store every instance the metadata describe.

    Raises  InvalidInput for metadata that cannot be read; TooLarge for more than is taken this way.
    """
    described: list[Any] = []
    left = LARGEST_METADATA
    with tempfile.TemporaryFile() as file:
        bulk: dict[str, _Bulk] = {}
        for part in parts:
            media = part.media_type or OCTET_STREAM
            if media.type in {DICOM_JSON.type, DICOM_XML.type}:
                text = _read(part, left)
                left -= len(text)
                described += [model_of(text)] if media.type == DICOM_XML.type else _instances(text)
            else:
                location = part.headers.get("content-location", "")
                bulk[location] = _keep(part, media, file)
        fetcher = Fetcher(bulk, file, _SHARED * file.seek(0, io.SEEK_END))
        for one in described:
            _store(one, fetcher, intake)


def _read(part: IncomingPart, most: int) -> bytes:
    text = bytearray()
    for piece in part.body:
        text += piece
        if len(text) > most:
            raise TooLarge("The metadata are larger than any that are taken", code="METADATA_TOO_LARGE")
    return bytes(text)


def _instances(text: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The metadata are not JSON", code="METADATA_MALFORMED") from error
    items = found if isinstance(found, list) else [found]
    if not all(isinstance(item, dict) for item in items):
        raise InvalidInput("The metadata are not of the DICOM JSON model", code="METADATA_MALFORMED")
    return items


def _keep(part: IncomingPart, media: MediaType, file: BinaryIO) -> _Bulk:
    start = file.seek(0, io.SEEK_END)
    file.writelines(part.body)
    if file.tell() > LARGEST_BULK:
        raise TooLarge("The bulk data are larger than any that are taken", code="BULK_TOO_LARGE")
    return _Bulk(start, file.tell() - start, media)


def _store(described: dict[str, Any], fetcher: Fetcher, intake: Intake) -> None:
    named = _text(described, "00080016"), _text(described, "00080018")
    try:
        data = part10_of(described, fetcher, named)
    except ServiceError as error:
        intake.refuse(error, *named)
        return
    intake.store(iter([memoryview(data)]))


def part10_of(described: dict[str, Any], wanted: Fetcher, named: tuple[str, str]) -> bytes:
    """The instance as a Part 10 file, which is called by these two UIDs. Raises  InvalidInput, TooLarge."""
    _check_depth(described, 0)
    wanted.begin_object()
    pixels = described.get(_PIXEL_DATA)
    uri = pixels.get("BulkDataURI", "") if isinstance(pixels, dict) else ""
    syntax = wanted.find(uri).transfer_syntax_uid if uri else str(ExplicitVRLittleEndian)
    if not all(map(is_uid_lenient, (*named, syntax))):
        raise InvalidInput("The metadata lack a usable SOP Class or Instance UID", code="UID_UNUSABLE")
    try:
        described = {tag: value for tag, value in described.items() if not tag.startswith("0002")}
        dataset = Dataset.from_json(described, lambda _tag, _vr, at: wanted(str(at)))
        dataset.SpecificCharacterSet = "ISO_IR 192"  # as the JSON it came in (PS3.18 §F.2)
        if syntax != ExplicitVRLittleEndian and "PixelData" in dataset:
            _encapsulate(dataset)
        out = io.BytesIO()
        dataset.file_meta = _meta(named, syntax)
        dcmwrite(out, dataset, enforce_file_format=True)
    except _CONVERSION_FAILURES as error:
        raise InvalidInput(
            "The metadata are not of the DICOM JSON model", code="METADATA_MALFORMED"
        ) from error
    return out.getvalue()


class Fetcher:
    """Reads the bulk data instances refer to, up to what one object may hold and what all may share."""

    def __init__(self, bulk: dict[str, _Bulk], file: BinaryIO, most: int) -> None:
        self._bulk, self._file = bulk, file
        self._left_of_all, self._left = most, LARGEST_OBJECT

    def begin_object(self) -> None:
        self._left = LARGEST_OBJECT

    def find(self, uri: str) -> _Bulk:
        """Raises  InvalidInput for bulk data that were not sent along: none are fetched from elsewhere."""
        found = self._bulk.get(uri) if isinstance(uri, str) else None  # whatever stood in the metadata
        if found is None:
            raise InvalidInput("Bulk data the metadata refer to were not sent along", code="BULK_MISSING")
        return found

    def __call__(self, uri: str) -> bytes:
        found = self.find(uri)
        self._left -= found.size
        self._left_of_all -= found.size
        if min(self._left, self._left_of_all) < 0:
            raise InvalidInput("The bulk data are larger than any that are taken", code="OBJECT_TOO_LARGE")
        self._file.seek(found.start)
        return self._file.read(found.size)


def _encapsulate(dataset: Dataset) -> None:
    """Give compressed pixel data of one frame the form they have in an object (PS3.5 §A.4)."""
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise InvalidInput("Compressed frames are taken in DICOM objects only", code="FRAMES_UNEXPECTED")
    dataset.PixelData = encapsulate([bytes(dataset.PixelData)])
    dataset["PixelData"].is_undefined_length = True


def _meta(named: tuple[str, str], syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = map(UID, named)
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta


def _check_depth(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise InvalidInput("Sequences are nested too deep", code="DATA_SET_TOO_DEEP")
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_depth(inner, depth + 1)


def _text(described: dict[str, Any], tag: str) -> str:
    element = described.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0])[:64] if isinstance(values, list) and values else ""
