"""Every published object beside the repository, stored over HTTP and retrieved again.

What is expected comes from the files themselves and from pydicom's decoders. The table of outcomes is the test's
output: `pytest -rP` or `-s` shows it. What is rendered of them is judged in tests/archive/pixels/test_drawing.py.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.db import transaction
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian

from tests.archive.pixels.real_objects import RealObject, real_objects
from tests.archive.pixels.references import decodable, has_pixels
from tests.integrations.dicomweb.answers import parts_of
from tests.integrations.dicomweb.retrieve.stored_series import ANY_DICOM, DICOM
from tests.integrations.dicomweb.storing import RELATED, STUDIES, multipart, told

OWN_FRAMES = ", ".join(
    f'multipart/related; type="{kind}"; transfer-syntax=*'
    for kind in (
        "application/octet-stream",
        "image/jpeg",
        "image/jls",
        "image/jp2",
        "image/jphc",
        "image/dicom-rle",
    )
)
COERCED = 0xB000
LOSSY = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 53, 55, 81, 91, 203))


@pytest.fixture
def theos(cast, program_of):
    return program_of(cast.theo)


def stored(client, one: RealObject) -> tuple[str, str]:
    """Where the object is to be had now, and what the answer says of it."""
    answer = client.post(STUDIES, data=multipart(one.sent), content_type=RELATED)
    assert answer.status_code in {200, 202}, (one.name, answer.content)
    [item] = told(answer).ReferencedSOPSequence
    return item.RetrieveURL.removeprefix("http://testserver"), f"{item.get('WarningReason', 0):04X}"


def data_set_bytes(part10: bytes) -> bytes:
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


def frames_by_arithmetic(dataset: Dataset) -> list[bytes]:
    """The frames as PS3.5 says they lie: native ones little endian, by their size; encoded ones as pydicom says."""
    count = int(dataset.get("NumberOfFrames") or 1)
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return list(generate_frames(dataset.PixelData, number_of_frames=count))
    data = dataset.PixelData
    allocated = dataset.BitsAllocated
    if dataset.file_meta.TransferSyntaxUID.is_little_endian is False and dataset["PixelData"].VR == "OW":
        data = np.frombuffer(data, f">u{max(allocated // 8, 2)}").byteswap().tobytes()
    samples = 2 if dataset.PhotometricInterpretation == "YBR_FULL_422" else dataset.SamplesPerPixel
    values = dataset.Rows * dataset.Columns * samples
    if allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return [
            np.packbits(bits[start : start + values], bitorder="little").tobytes()
            for start in range(0, count * values, values)
        ]
    size = values * allocated // 8
    return [data[start : start + size] for start in range(0, count * size, size)]


def test_published_objects_leave_as_they_came_and_decoded(shared_data: Path, theos, table, tmp_path):
    """In their own syntax byte for byte, frame for frame; and as what a client gets that says nothing of syntaxes."""
    found = real_objects(shared_data)
    for one in found:
        came = dcmread(io.BytesIO(one.sent))
        with transaction.atomic():
            path, warned = stored(theos, one)
            how = left_as_it_came(theos, path, came, one, warned)
            frames = frames_as_they_lie(theos, path, came, one.name)
            decoded = retrieved(theos, path, DICOM, one.name)
            transaction.set_rollback(True)
        assert decoded.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian, one.name
        by = same_samples(decoded, came, one, shared_data, tmp_path)
        added = f"completed by {' '.join(one.added)}" if one.added else ""
        table.append((one.name, str(came.file_meta.TransferSyntaxUID), how, frames, by, added))
    assert len(found) > 200


def left_as_it_came(client, path: str, came: Dataset, one: RealObject, warned: str) -> str:
    [part] = parts_of(client.get(path, headers={"Accept": ANY_DICOM}))
    body = part.get_payload(decode=True)
    is_mended = came.file_meta.MediaStorageSOPInstanceUID != came.SOPInstanceUID
    assert warned == (f"{COERCED:04X}" if is_mended else "0000"), one.name
    assert part.get_param("transfer-syntax") == came.file_meta.TransferSyntaxUID, one.name
    assert data_set_bytes(body) == data_set_bytes(one.sent), one.name
    assert dcmread(io.BytesIO(body)).file_meta.MediaStorageSOPInstanceUID == came.SOPInstanceUID, one.name
    assert is_mended or body[128:] == one.sent[128:], one.name
    return "data set equal, file meta put right" if is_mended else "byte-equal"


def retrieved(client, path: str, accept: str, name: str) -> Dataset:
    answer = client.get(path, headers={"Accept": accept})
    assert answer.status_code == 200, (name, answer.getvalue())
    return dcmread(io.BytesIO(parts_of(answer)[0].get_payload(decode=True)))


def frames_as_they_lie(client, path: str, came: Dataset, name: str) -> str:
    """Each of the frames, retrieved and compared."""
    if "PixelData" not in came:
        return ""
    expected = frames_by_arithmetic(came)
    numbers = ",".join(str(number + 1) for number in range(len(expected)))
    answer = client.get(f"{path}/frames/{numbers}", headers={"Accept": OWN_FRAMES})
    assert [part.get_payload(decode=True) for part in parts_of(answer)] == expected, name
    return f"{len(expected)} frames equal"


def same_samples(decoded: Dataset, came: Dataset, one: RealObject, shared_data: Path, folder: Path) -> str:
    """As others decode them; what a lossy decoding puts beyond the bits of a sample is at their end."""
    if not has_pixels(came):
        return ""
    reference, by = decodable(one, shared_data=shared_data, folder=folder)
    expected = pixel_array(reference)
    if came.file_meta.TransferSyntaxUID in LOSSY:
        expected = expected.clip(None, (1 << came.BitsStored) - 1)
    given = pixel_array(decoded)
    assert given.shape == expected.shape, one.name
    assert np.array_equal(given, expected), one.name
    return f"decoded equal to {by}"


# PS3.18 Table I.2-2: 0xA900 for a data set that cannot be what it says, 0xC000 for one that cannot be understood.
LACKS_UIDS, BREAKS_OFF, NO_FILE = 0xA900, 0xC000, 0xC000
DAMAGED = {
    "ExplVR_BigEndNoMeta.dcm": NO_FILE, "ExplVR_LitEndNoMeta.dcm": NO_FILE, "no_meta.dcm": NO_FILE,
    "no_meta_group_length.dcm": NO_FILE, "meta_missing_tsyntax.dcm": NO_FILE,
    "GH179A.dcm": BREAKS_OFF, "MR_truncated.dcm": BREAKS_OFF, "rtplan_truncated.dcm": BREAKS_OFF,
    "emri_small_jpeg_2k_lossless_too_short.dcm": BREAKS_OFF,
    "GH223.dcm": LACKS_UIDS, "UN_sequence.dcm": LACKS_UIDS, "bad_sequence.dcm": LACKS_UIDS,
    "nested_priv_SQ.dcm": LACKS_UIDS, "priv_SQ.dcm": LACKS_UIDS,
}  # fmt: skip


def test_damaged_objects_are_refused_in_the_standard_s_words_or_left_as_they_are(
    shared_data: Path, theos, table
):
    for path in sorted((shared_data / "dicom" / "malformed").iterdir()):
        data = path.read_bytes()
        with transaction.atomic():
            answer = theos.post(STUDIES, data=multipart(data), content_type=RELATED)
            said = told(answer)
            reason = DAMAGED.get(path.name)
            if reason is not None:
                refused = (said.get("FailedSOPSequence") or said.OtherFailuresSequence)[0]
                assert (answer.status_code, refused.FailureReason) == (409, reason), path.name
                table.append((path.name, f"refused with {reason:04X}"))
            else:
                assert answer.status_code in {200, 202}, path.name
                url = said.ReferencedSOPSequence[0].RetrieveURL.removeprefix("http://testserver")
                [part] = parts_of(theos.get(url, headers={"Accept": ANY_DICOM}))
                assert data_set_bytes(part.get_payload(decode=True)) == data_set_bytes(data), path.name
                table.append((path.name, "byte-equal"))
            transaction.set_rollback(True)


def test_what_is_no_object_of_a_study_is_refused(shared_data: Path, theos):
    """Directories of media, worklist entries, colour palettes and hanging protocols: of another service each."""
    root = shared_data / "dicom"
    others = [
        *(root / "media_dicomdir").glob("DICOMDIR*"), *(root / "modality_worklist").rglob("*.wl"),
        *(root / "palette").iterdir(), *(root / "hanging_protocol").iterdir(),
    ]  # fmt: skip

    answer = theos.post(
        STUDIES, data=multipart(*(path.read_bytes() for path in others)), content_type=RELATED
    )

    assert answer.status_code == 409
    assert [item.FailureReason for item in told(answer).FailedSOPSequence] == [LACKS_UIDS] * len(others)
