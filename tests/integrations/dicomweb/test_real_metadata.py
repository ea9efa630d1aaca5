"""Published objects stored as JSON metadata with bulk data, as pydicom describes them, and retrieved as objects."""

from __future__ import annotations

import io
import json
from pathlib import Path

from django.db import transaction
from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement
from pydicom.uid import ExplicitVRLittleEndian

from tests.archive.pixels.real_objects import real_objects
from tests.integrations.dicomweb.answers import parts_of
from tests.integrations.dicomweb.retrieve.stored_series import ANY_DICOM
from tests.integrations.dicomweb.storing import STUDIES, told

RELATED = 'multipart/related; type="application/dicom+json"; boundary=a-frontier'
CHARSET = "00080005"
FOLDERS = {
    "charset",
    "encapsulated",
    "enhanced",
    "ko_manifest",
    "lut",
    "presentation_state",
    "rt",
    "seg",
    "sr",
    "wsi",
}


def described(dataset: Dataset) -> bytes:
    """The message: metadata, and a part for each value of more than 256 bytes."""
    bulk: list[bytes] = []

    def elsewhere(element: DataElement) -> str:
        bulk.append(element.value)
        return f"bulk/{len(bulk)}"

    model = dataset.to_json_dict(bulk_data_threshold=256, bulk_data_element_handler=elsewhere)
    head = b"--a-frontier\r\nContent-Type: application/dicom+json\r\n\r\n"
    parts = [head + json.dumps([model]).encode() + b"\r\n"]
    for number, value in enumerate(bulk, start=1):
        fields = f"Content-Type: application/octet-stream\r\nContent-Location: bulk/{number}\r\n\r\n"
        parts.append(b"--a-frontier\r\n" + fields.encode() + value + b"\r\n")
    return b"".join(parts) + b"--a-frontier--\r\n"


def elements(dataset: Dataset) -> dict[str, object]:
    """What must be the same: not the lengths of groups, which are retired, nor the character set, which is JSON's."""
    if "PixelData" in dataset:
        dataset.PixelData += b"\0" * (len(dataset.PixelData) % 2)
    return {
        tag: value
        for tag, value in dataset.to_json_dict().items()
        if not tag.endswith("0000") and tag != CHARSET
    }


def test_objects_described_in_json_become_the_same_data_sets(shared_data: Path, cast, program_of, table):
    """Native ones in little endian: JSON names no byte order, and compressed frames are taken in objects only."""
    client = program_of(cast.theo)
    for one in real_objects(shared_data):
        sent = dcmread(io.BytesIO(one.sent))
        if one.name.partition("/")[0] not in FOLDERS or not is_native(sent):
            continue
        with transaction.atomic():
            answer = client.post(STUDIES, data=described(sent), content_type=RELATED)
            assert answer.status_code == 200, one.name
            path = told(answer).ReferencedSOPSequence[0].RetrieveURL.removeprefix("http://testserver")
            [part] = parts_of(client.get(path, headers={"Accept": ANY_DICOM}))
            transaction.set_rollback(True)
        left = dcmread(io.BytesIO(part.get_payload(decode=True)))
        assert left.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian, one.name
        assert elements(left) == elements(sent), one.name
        table.append((one.name, "equal"))
    assert len(table) > 60


def is_native(dataset: Dataset) -> bool:
    return (
        not dataset.file_meta.TransferSyntaxUID.is_encapsulated and dataset.original_encoding[1] is not False
    )
