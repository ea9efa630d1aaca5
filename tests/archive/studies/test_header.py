"""The header reader against pydicom, on every real object there is."""

import pytest
from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from archive.studies.elements import INSTANCE_NUMBER, ROWS, WANTED
from archive.studies.header import SOP_INSTANCE_UID, read_header
from archive.studies.received import split_part10
from common.errors import InvalidInput
from tests.archive.studies.objects import ct_slice, part10

BROKEN = {
    "malformed/GH179A.dcm",
    "malformed/MR_truncated.dcm",
    "malformed/emri_small_jpeg_2k_lossless_too_short.dcm",
    "malformed/rtplan_truncated.dcm",
    "malformed/meta_missing_tsyntax.dcm",
    "malformed/no_meta_group_length.dcm",
}


def header_of(data: bytes):
    transfer_syntax_uid, offset = split_part10(data)
    return read_header(data, offset=offset, transfer_syntax_uid=transfer_syntax_uid, wanted=WANTED)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_real_object_reads_as_pydicom_reads_it(shared_data):
    compared = 0
    for path in sorted((shared_data / "dicom").rglob("*.dcm")):
        name = f"{path.parent.name}/{path.name}"
        try:
            expected = dcmread(path, stop_before_pixels=True)
        except InvalidDicomError:
            continue
        if name in BROKEN:
            with pytest.raises(InvalidInput):
                header_of(path.read_bytes())
            continue
        header = header_of(path.read_bytes())
        assert header.text(SOP_INSTANCE_UID) == expected.get("SOPInstanceUID", ""), name
        assert header.number(ROWS) == expected.get("Rows"), name
        compared += 1
    assert compared > 200


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_encodings_read_alike(syntax):
    dataset = ct_slice(42)
    dataset["PixelData"].VR = "OW"
    dataset.file_meta.TransferSyntaxUID = syntax

    header = header_of(part10(dataset))

    assert header.integer(INSTANCE_NUMBER) == 42
    assert header.number(ROWS) == 8


def test_every_cut_through_an_object_is_noticed_or_ends_at_an_element():
    data = part10(ct_slice(1))
    _, offset = split_part10(data)
    whole = 0
    for end in range(offset, len(data)):
        try:
            header_of(data[:end])
            whole += 1
        except InvalidInput:
            pass
    assert whole < 40  # the object has fewer elements than that


def test_sequences_nested_without_end_are_refused():
    nested = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 5000

    with pytest.raises(InvalidInput):
        read_header(nested, offset=0, transfer_syntax_uid="1.2.840.10008.1.2.1", wanted=WANTED)
