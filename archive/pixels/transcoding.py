"""Frames and objects in another transfer syntax, made in the pool. What is asked for as stored is not touched.

Reference  PS3.18 §8.7.3 (transfer syntaxes of answers), PS3.5 §8.2, §10, §A.4
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from archive.pixels.pool import pixel_pool
from archive.pixels.sources import PixelSource

# What frames and objects can be had in, beside what they are stored in.
FRAME_SYNTAXES = frozenset(
    str(uid)
    for uid in (
        ExplicitVRLittleEndian, RLELossless, JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless, HTJ2KLossless,
        HTJ2KLosslessRPCL, JPEGLossless, JPEGLosslessSV1,
    )
)  # fmt: skip
INSTANCE_SYNTAXES = FRAME_SYNTAXES | {str(ImplicitVRLittleEndian), str(DeflatedExplicitVRLittleEndian)}
INSTANCE_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One frame on its own. `photometric_interpretation` is that of these bytes: decoded colour is RGB."""

    data: bytes
    transfer_syntax_uid: str
    photometric_interpretation: str


def transcode_frame(source: PixelSource, frame: int, target: str) -> EncodedFrame:
    """One frame, counted from 1, in the transfer syntax `target`.

    Native frames are little endian, by pixel or by plane as the object says, and packed bits start at a byte.
    Raises  PixelsUnreadable: NOT_TRANSCODABLE if `target` cannot hold it without loss (JPEG baseline: with the
            usual loss), else as decoding; Unavailable if the pool is full.
    """
    answer = pixel_pool().run("transcode_frame", {"frame": frame, "target": target}, source)
    return EncodedFrame(answer.body, target, str(answer.facts["photometric"]))


def transcode_instance(source: PixelSource, target: str) -> bytes:
    """The whole object as a Part 10 file in the transfer syntax `target`; its UIDs stay as they are.

    An object without pixel data changes its encoding only. For an object that was corrected, give its coerced
    bytes as the source. Raises as `transcode_frame`.
    """
    return pixel_pool().run("transcode_instance", {"target": target}, source, timeout_s=INSTANCE_LIMIT_S).body
