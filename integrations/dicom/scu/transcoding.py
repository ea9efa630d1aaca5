"""Objects in another transfer syntax, for peers that do not take the one they are stored in; nothing is lost.

Lossy images stay as they are: what a decoder makes of them is not what was stored.

Reference  PS3.5 §10, §A.4 (transfer syntaxes), PS3.4 §B.3.1 (coercion and conversion)
"""

from __future__ import annotations

import io

import structlog
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.pixels.utils import pack_bits
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from archive.pixels.errors import DECODING_FAILURES
from common.errors import InvalidInput
from integrations.dicom.part10 import part10_head

log = structlog.get_logger(__name__)

UNCOMPRESSED = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
LARGEST = 1 << 29
_LOSSLESS = frozenset(
    str(uid)
    for uid in (
        HTJ2KLossless, HTJ2KLosslessRPCL, JPEG2000Lossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless,
        RLELossless,
    )
)  # fmt: skip
_PLAIN = frozenset(
    str(uid)
    for uid in (
        DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian,
    )
)  # fmt: skip


def can_transcode(transfer_syntax_uid: str) -> bool:
    """Whether objects in this transfer syntax can be turned into an uncompressed one without loss."""
    return transfer_syntax_uid in _LOSSLESS or transfer_syntax_uid in _PLAIN


def transcoded(data_set: bytes, transfer_syntax_uid: str, wanted: str) -> bytes:
    """The encoded data set in another, uncompressed transfer syntax.

    Raises  InvalidInput if it cannot be done without loss, or the object would become too large.
    """
    if not can_transcode(transfer_syntax_uid) or wanted not in UNCOMPRESSED or len(data_set) > LARGEST:
        raise InvalidInput("The object cannot be turned into this transfer syntax", code="NOT_TRANSCODABLE")
    try:
        head = part10_head(sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=transfer_syntax_uid)
        dataset = dcmread(io.BytesIO(head + data_set))
        if transfer_syntax_uid in _LOSSLESS:
            if _pixels(dataset) > LARGEST:
                raise InvalidInput("The object is too large when decompressed", code="NOT_TRANSCODABLE")
            _decompress(dataset)
        elif "PixelData" in dataset and transfer_syntax_uid == ExplicitVRBigEndian:
            raise InvalidInput("Big endian pixels stay as they are", code="NOT_TRANSCODABLE")
        return _encoded(dataset, wanted)
    except DECODING_FAILURES as error:
        log.warning("transcoding.failed", kind=type(error).__name__, transfer_syntax_uid=transfer_syntax_uid)
        raise InvalidInput("The object cannot be decoded", code="NOT_TRANSCODABLE") from error


def _decompress(dataset: Dataset) -> None:
    """Decompress in place; of segments one bit a pixel, frame upon frame without a gap (PS3.5 §8.1.1)."""
    bits = dataset.pixel_array if dataset.get("BitsAllocated") == 1 else None
    dataset.decompress(generate_instance_uid=False)
    if bits is not None:
        dataset.PixelData = pack_bits(bits)


def _encoded(dataset: Dataset, transfer_syntax_uid: str) -> bytes:
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, transfer_syntax_uid == ImplicitVRLittleEndian
    write_dataset(out, dataset)
    return bytes(out.getvalue())


def _pixels(dataset: Dataset) -> int:
    size = 1
    for keyword, default in (
        ("Rows", 1), ("Columns", 1), ("SamplesPerPixel", 1), ("NumberOfFrames", 1), ("BitsAllocated", 8),
    ):  # fmt: skip
        size *= int(getattr(dataset, keyword, default) or default)
    return size // 8
