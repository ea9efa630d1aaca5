"""Lossless compression on the way out. Every voxel stays as it is, so the SOP Instance UID stays too.

Reference  PS3.5 §8.2, §A.4; PS3.3 §C.12.1.1.1 (a new UID is needed only where pixels change)
"""

from __future__ import annotations

import imagecodecs
import numpy as np
import structlog
from django.utils.translation import gettext as _
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, HTJ2KLossless, RLELossless

from archive.pixels import compressing
from common.errors import InvalidInput

log = structlog.get_logger(__name__)

# What pydicom and the codecs raise for pixels that are cut short, or of a shape they do not take.
UNSUITED = (ValueError, RuntimeError, NotImplementedError, AttributeError, TypeError)


def compress(dataset: Dataset, transfer_syntax_uid: str) -> None:
    """Compress native pixels. What has none, is compressed already, or does not suit the codec stays as it came.

    Raises  InvalidInput if the pixels would not come out as they went in.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated or not syntax.is_little_endian or not _has_grey_or_colour(dataset):
        return  # of big endian pixels an encoder may make what it likes, or end the process
    try:
        before = np.array(dataset.pixel_array)
        if transfer_syntax_uid == HTJ2KLossless:
            _htj2k(dataset, before)
        else:
            plugin = "pydicom" if transfer_syntax_uid == RLELossless else ""  # GDCM's may end the process
            compressing.compress(dataset, transfer_syntax_uid, plugin=plugin)
    except UNSUITED as error:
        log.warning("routing.not_compressed", to=transfer_syntax_uid, error=type(error).__name__)
        return
    if not np.array_equal(before, dataset.pixel_array):
        raise InvalidInput(_("The codec would have changed the pixels"), code="COMPRESSION_LOSSY")


def _has_grey_or_colour(dataset: Dataset) -> bool:
    return "PixelData" in dataset and dataset.get("BitsAllocated") in (8, 16)


def _htj2k(dataset: Dataset, pixels: np.ndarray) -> None:
    """High-throughput JPEG 2000, whose only encoder at hand works on arrays (PS3.5 §A.4.4)."""
    frames = pixels if int(dataset.get("NumberOfFrames") or 1) > 1 else [pixels]
    encoded = [
        bytes(imagecodecs.htj2k_encode(np.ascontiguousarray(frame), reversible=True, rgb=False))
        for frame in frames
    ]
    dataset.PixelData = encapsulate(encoded)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    if dataset.get("SamplesPerPixel", 1) > 1:
        dataset.PlanarConfiguration = 0
    dataset.file_meta.TransferSyntaxUID = UID(HTJ2KLossless)
    dataset._pixel_array = None  # noqa: SLF001 - pydicom keeps the decoded array beside the bytes
    dataset._pixel_id = {}  # noqa: SLF001
