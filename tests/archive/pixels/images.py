"""Small images for tests of pixels, as data sets and as Part 10 objects."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage


def image(samples: Any, **elements: Any) -> FileDataset:
    """A minimal image of 16 bits, grey or RGB; three dimensions of grey are frames when `NumberOfFrames` is given."""
    pixels = np.asarray(samples)
    pixels = pixels.astype(np.uint16) if pixels.dtype == np.int64 else pixels
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = UID("1.2.3.4.5")
    dataset = FileDataset(io.BytesIO(), Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3.4.5"
    is_film = "NumberOfFrames" in elements
    shape = pixels.shape[1:] if is_film else pixels.shape
    is_colour = len(shape) == 3
    bits = pixels.dtype.itemsize * 8
    dataset.Rows, dataset.Columns = shape[:2]
    dataset.SamplesPerPixel = 3 if is_colour else 1
    if is_colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    if "PixelData" not in elements:
        data = pixels.tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    return dataset


def part10(dataset: FileDataset) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
