"""A deflated data set ends where its stream ends, whatever its length and whatever follows."""

from __future__ import annotations

import hashlib
import io
import zlib

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import DeflatedExplicitVRLittleEndian

from archive.pixels.inflating import inflated_pieces
from archive.pixels.walking import start_of_data_set
from tests.archive.studies.objects import ct_slice

MEBIBYTE = 1 << 20
NOISE = b"".join(hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(6 * 2048))


def deflated() -> bytes:
    dataset = ct_slice(1)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def holding(plain: bytes, behind: bytes) -> bytes:
    """A deflated object whose data set is this, and what follows the end of its stream."""
    data = deflated()
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return data[: start_of_data_set(data)] + packer.compress(plain) + packer.flush() + behind


@pytest.mark.timeout(20)
@pytest.mark.parametrize("behind", [b"", b"\0", b"\0" * 200_000], ids=["nothing", "the even byte", "much"])
@pytest.mark.parametrize(
    "plain", [b"", bytes(20 * MEBIBYTE), NOISE * 6], ids=["nothing", "a thousandfold", "hardly smaller"]
)
def test_what_follows_the_stream_is_none_of_it(plain: bytes, behind: bytes):
    pieces = list(inflated_pieces(holding(plain, behind), most=64 * MEBIBYTE))

    assert b"".join(pieces) == plain
    assert max(map(len, pieces)) <= MEBIBYTE


def test_the_data_set_of_an_object_is_the_one_pydicom_reads():
    data = deflated()

    (piece,) = filter(None, inflated_pieces(data, most=MEBIBYTE))

    assert piece.count(dcmread(io.BytesIO(data)).SOPInstanceUID.encode()) == 1
