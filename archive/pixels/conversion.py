"""Frames and objects in another transfer syntax, as the decoders' processes make them.

Reference  PS3.18 §8.7.3, PS3.5 §8.2, §A.4; PS3.3 §C.7.6.1.1.5 (lossy image compression)
"""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.pixels.utils import pack_bits
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    RLELossless,
)

from archive.pixels.encapsulation import frame_bytes
from archive.pixels.encoding import ENCODERS, encoded_frame, photometric_after
from archive.pixels.errors import unreadable
from archive.pixels.parsing import ParsedObject, parse
from archive.pixels.walking import Data

NATIVE = frozenset(map(str, (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)))
LARGEST_BYTES = 1 << 30
_RGB_ONLY = frozenset(map(str, (JPEGLossless, JPEGLosslessSV1, JPEGBaseline8Bit)))
_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_PIXEL_DATA = 0x7FE00010
_JPEG_METHOD = "ISO_10918_1"


def converted_frame(parsed: ParsedObject, data: Data, frame: int, target: str) -> tuple[bytes, str]:
    """One frame in the transfer syntax, and its photometric interpretation. Raises PixelsUnreadable, NotFound."""
    layout, header = parsed.layout, parsed.header
    if layout.is_encapsulated and layout.transfer_syntax_uid == target:
        return frame_bytes(data, layout, frame), str(header.get("PhotometricInterpretation", ""))
    if target in NATIVE:
        if _is_plain(parsed):
            return frame_bytes(data, layout, frame), str(header.get("PhotometricInterpretation", ""))
        samples, photometric = _decoded(parsed, data, frame)
        return _native_bytes(samples, header), photometric
    samples, photometric = _decoded(parsed, data, frame)
    if photometric == "YBR_FULL" and target in _RGB_ONLY:
        raise unreadable("NOT_TRANSCODABLE")  # its encoder takes RGB alone, and turning YBR to RGB rounds
    return encoded_frame(samples, header, target), photometric_after(header, target, photometric)


def described_frame(parsed: ParsedObject, data: Data, frame: int, target: str) -> tuple[bytes, str]:
    """As `converted_frame`; native colour lies by plane where the header says so, for clients go by the metadata."""
    converted, photometric = converted_frame(parsed, data, frame, target)
    header = parsed.header
    samples = header.get("SamplesPerPixel") or 1
    if target not in NATIVE or samples == 1 or header.get("PlanarConfiguration") != 1 or _is_plain(parsed):
        return converted, photometric
    pixels = np.frombuffer(converted, f"u{(header.get('BitsAllocated') or 8) // 8}").reshape(-1, samples)
    return pixels.T.tobytes(), photometric


def converted_object(data: Data, target: str) -> bytes:
    """The object as a Part 10 file in the transfer syntax. Raises PixelsUnreadable."""
    if target not in NATIVE and target not in ENCODERS:
        raise unreadable("NOT_TRANSCODABLE")
    dataset = dcmread(io.BytesIO(data), force=True)
    if dataset.file_meta.TransferSyntaxUID == target:
        return bytes(data)
    if "PixelData" in dataset:
        _convert_pixels(dataset, parse(data), data, target)
    elif target not in NATIVE:
        raise unreadable("NOT_TRANSCODABLE")
    dataset.file_meta.TransferSyntaxUID = UID(target)
    _name_as_the_data_set(dataset)
    return _written(dataset, target)


def _name_as_the_data_set(dataset: Dataset) -> None:
    """File meta information that names another object than the data set is put right (PS3.10 §7.1)."""
    for named, keyword in (
        ("MediaStorageSOPClassUID", "SOPClassUID"), ("MediaStorageSOPInstanceUID", "SOPInstanceUID"),
    ):  # fmt: skip
        if keyword in dataset:
            setattr(dataset.file_meta, named, dataset[keyword].value)


def _written(dataset: Dataset, target: str) -> bytes:
    """A Part 10 file. What is still raw is parsed first: the encoding may not be what the object says it is."""
    is_implicit = target == ImplicitVRLittleEndian
    is_big = dataset.original_encoding[1] is False
    for element in dataset.iterall():
        if is_big and element.VR in _WORDS and element.tag != _PIXEL_DATA and element.value:
            element.value = _little(element.value, _WORDS[element.VR])
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = is_implicit, True
    write_dataset(out, dataset)
    encoded = out.getvalue()
    if target == DeflatedExplicitVRLittleEndian:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        encoded = deflater.compress(encoded) + deflater.flush()
        encoded += b"\0" * (len(encoded) % 2)
    head = DicomBytesIO()
    head.write(bytes(dataset.preamble or bytes(128)) + b"DICM")
    write_file_meta_info(head, dataset.file_meta)
    return bytes(head.getvalue()) + bytes(encoded)


def _little(value: bytes, size: int) -> bytes:
    return np.frombuffer(value, f">u{size}").astype(f"<u{size}").tobytes()


def _convert_pixels(dataset: Dataset, parsed: ParsedObject, data: Data, target: str) -> None:
    count = parsed.layout.number_of_frames
    if parsed.layout.frame_bits // 8 * count > LARGEST_BYTES:
        raise unreadable("PIXELS_TOO_LARGE")
    if target in NATIVE and _is_plain(parsed):
        return
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    frames = []
    for frame in range(1, count + 1):
        encoded, photometric = converted_frame(parsed, data, frame, target)
        frames.append(encoded)
    _put(dataset, frames, parsed, target)
    dataset.PhotometricInterpretation = photometric
    if (dataset.get("SamplesPerPixel") or 1) > 1:
        dataset.PlanarConfiguration = 1 if target == RLELossless else 0
    if target == JPEGBaseline8Bit:
        _note_loss(dataset, parsed.layout.frame_bits // 8 * count, sum(map(len, frames)))


def _put(dataset: Dataset, frames: list[bytes], parsed: ParsedObject, target: str) -> None:
    is_native = target in NATIVE
    if is_native:
        pixels = _joined_bits(frames, parsed) if dataset.get("BitsAllocated") == 1 else b"".join(frames)
        dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    else:
        dataset.PixelData = encapsulate(frames)
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            del dataset[keyword]
    element = dataset["PixelData"]
    element.is_undefined_length = not is_native
    element.VR = (
        "OW" if is_native and (dataset.BitsAllocated > 8 or target == ImplicitVRLittleEndian) else "OB"
    )


def _joined_bits(frames: list[bytes], parsed: ParsedObject) -> bytes:
    """Frames of one bit a pixel, one upon the other without a gap (PS3.5 §8.1.1)."""
    bits = parsed.layout.frame_bits
    every = [np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[:bits] for frame in frames]
    return np.packbits(np.concatenate(every), bitorder="little").tobytes()


def _note_loss(dataset: Dataset, before: int, after: int) -> None:
    for keyword, value in (
        ("LossyImageCompressionRatio", f"{before / max(1, after):.2f}"),
        ("LossyImageCompressionMethod", _JPEG_METHOD),
    ):
        former = dataset.get(keyword) or []
        setattr(dataset, keyword, [*([former] if isinstance(former, (str, float)) else former), value])
    dataset.LossyImageCompression = "01"


def _is_plain(parsed: ParsedObject) -> bool:
    """Whether native pixels can go as they lie: little endian, by pixel."""
    layout, header = parsed.layout, parsed.header
    if layout.is_encapsulated or layout.transfer_syntax_uid == ExplicitVRBigEndian:
        return False
    return (header.get("SamplesPerPixel") or 1) == 1 or header.get("PlanarConfiguration", 0) == 0


def _decoded(parsed: ParsedObject, data: Data, frame: int) -> tuple[NDArray[Any], str]:
    """Samples and what they mean. YBR that nothing was lost of stays YBR; what JPEG made of colour becomes RGB."""
    photometric = str(parsed.header.get("PhotometricInterpretation", ""))
    is_kept = not parsed.layout.is_encapsulated or parsed.layout.transfer_syntax_uid == RLELossless
    samples = parsed.samples(data, frame, as_rgb=not is_kept)
    if photometric.startswith("YBR") or photometric == "XYB":
        photometric = "YBR_FULL" if is_kept else "RGB"
    return samples if is_kept else _within_bits_stored(samples, parsed.header), photometric


def _within_bits_stored(samples: NDArray[Any], header: Dataset) -> NDArray[Any]:
    """What a lossy decoding put beyond the bits of a sample, at the end of its range (PS3.5 §8.1.1)."""
    bits = int(header.get("BitsStored") or 0)
    if samples.dtype.kind not in "iu" or not 0 < bits < samples.dtype.itemsize * 8:
        return samples
    low, high = (
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if samples.dtype.kind == "i" else (0, (1 << bits) - 1)
    )
    return samples.clip(low, high) if samples.size else samples


def _native_bytes(samples: NDArray[Any], header: Dataset) -> bytes:
    if header.get("BitsAllocated") == 1:
        return bytes(pack_bits(samples.astype(np.uint8), pad=False))
    return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
