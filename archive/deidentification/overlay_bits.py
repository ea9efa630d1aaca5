"""Overlays drawn into the unused bits of pixels: those bits are cleared, since the overlay itself goes.

Reference  PS3.3 §C.9.2 of editions before 2004 (retired: embedded overlays)
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import FileDataset

from common.errors import InvalidInput


def clear_overlay_bits(dataset: FileDataset) -> None:
    """Clear every bit outside of Bits Stored where an overlay lies in the pixels.

    Raises  InvalidInput OVERLAY_IN_PIXELS if the pixels are compressed, so that the bits cannot be reached.
    """
    positions = [
        int(dataset[group << 16 | 0x0102].value or 0)
        for group in range(0x6000, 0x6020, 2)
        if (group, 0x0102) in dataset and (group, 0x3000) not in dataset
    ]
    if not any(positions) or "PixelData" not in dataset:
        return
    allocated = int(dataset.BitsAllocated)
    if dataset.file_meta.TransferSyntaxUID.is_compressed or allocated not in {8, 16}:
        raise InvalidInput(
            "An overlay lies in the bits of compressed pixels and cannot be removed", code="OVERLAY_IN_PIXELS"
        )
    order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
    stored, high = int(dataset.BitsStored), int(dataset.HighBit)
    mask = ((1 << stored) - 1) << (high - stored + 1)
    pixels = np.frombuffer(dataset.PixelData, dtype=f"{order}u{allocated // 8}")
    values = pixels & mask
    if int(dataset.get("PixelRepresentation", 0)) and stored < allocated:
        sign = 1 << high  # a signed value fills the bits above with its sign
        values = np.where(values & sign, values | (~mask & ((1 << allocated) - 1)), values)
    dataset.PixelData = values.astype(pixels.dtype).tobytes()
