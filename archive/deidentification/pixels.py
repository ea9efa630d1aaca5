"""Clean Pixel Data: text in screens of ultrasound, secondary capture, angiography and their like is blanked.

Outside of the regions an ultrasound system says its image lies in, everything is blanked; inside, and where no
regions are said, the text a detector finds. What is blanked in one frame is blanked in all.

Reference  PS3.15 §E.3.1, PS3.3 §C.8.5.5 (US Region Calibration)
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian

from archive.deidentification.burnt_in import Box, Picture, text_boxes
from archive.pixels.errors import DECODING_FAILURES
from common.errors import InvalidInput

Pixels = NDArray[Any]

SCREENS = frozenset(
    {
        "US",
        "IVUS",
        "OT",
        "SC",
        "XA",
        "RF",
        "CR",
        "DX",
        "MG",
        "IO",
        "PX",
        "ES",
        "XC",
        "GM",
        "OP",
        "OPT",
        "DG",
        "BI",
    }
)
LARGEST_BYTES = 1 << 29
FRAMES_LOOKED_AT = 5
_ROUNDS = 3
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def cleaned_frames(dataset: FileDataset) -> Pixels | None:
    """All frames with burnt-in text blanked; None where no pixel had to be.

    Raises  InvalidInput PIXELS_UNREADABLE, PIXELS_TOO_LARGE, OCR_MISSING.
    """
    frames = decoded_frames(dataset)
    before = frames.copy() if frames.nbytes < LARGEST_BYTES // 4 else None
    kept = _regions(dataset, frames.shape[1], frames.shape[2])
    is_changed = kept is not None and not kept.all()
    blank = _blank_value(dataset, frames)
    if kept is not None:
        frames[:, ~kept] = blank
    is_changed = _blank_text(frames, dataset, blank) or is_changed
    if before is not None and is_changed:
        is_changed = not np.array_equal(before, frames)
    return frames if is_changed else None


def mark_derived(dataset: Dataset, how: str) -> None:
    """Say that the pixels are no longer the original ones, and how so (PS3.3 §C.7.6.1.1.2)."""
    kind = list(dataset.get("ImageType") or ["DERIVED", "SECONDARY"])
    dataset.ImageType = ["DERIVED", *kind[1:]]
    dataset.DerivationDescription = how
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "113062", "DCM", "Pixel by pixel mask"
    dataset.DerivationCodeSequence = Items([*(dataset.get("DerivationCodeSequence") or ()), code])


def is_screen(dataset: Dataset) -> bool:
    """Whether letters may stand in the pictures of an object."""
    if "PixelData" not in dataset:
        return False
    sop_class = str(dataset.get("SOPClassUID", ""))
    return (
        str(dataset.get("Modality", "")) in SCREENS
        or sop_class.startswith(_SECONDARY_CAPTURE)
        or str(dataset.get("BurnedInAnnotation", "")) == "YES"
    )


def check_size(dataset: Dataset) -> None:
    """Raises InvalidInput PIXELS_TOO_LARGE for an object whose frames are too many to be held at once."""
    count, samples = int(dataset.get("NumberOfFrames") or 1), int(dataset.get("SamplesPerPixel") or 1)
    size = (
        count * int(dataset.Rows) * int(dataset.Columns) * samples * ((int(dataset.BitsAllocated) + 7) // 8)
    )
    if size > LARGEST_BYTES:
        raise InvalidInput("The pixels are too large to be cleaned", code="PIXELS_TOO_LARGE")


def decoded_frames(dataset: FileDataset) -> Pixels:
    """All frames, (frames, rows, columns[, samples]); colour as RGB. Bounded.

    Raises  InvalidInput PIXELS_UNREADABLE, PIXELS_TOO_LARGE.
    """
    check_size(dataset)
    count, samples = int(dataset.get("NumberOfFrames") or 1), int(dataset.get("SamplesPerPixel") or 1)
    try:
        pixels: Pixels = pixel_array(dataset)
    except DECODING_FAILURES as error:
        raise InvalidInput(
            "The pixels cannot be decoded, so not cleaned", code="PIXELS_UNREADABLE"
        ) from error
    shape = (count, int(dataset.Rows), int(dataset.Columns), *([samples] if samples > 1 else []))
    return pixels.reshape(shape).copy()


def _regions(dataset: Dataset, rows: int, columns: int) -> NDArray[np.bool_] | None:
    """Where the ultrasound image lies; None where the object does not say."""
    kept = np.zeros((rows, columns), dtype=bool)
    for region in dataset.get("SequenceOfUltrasoundRegions") or ():
        try:
            left, top = int(region.RegionLocationMinX0), int(region.RegionLocationMinY0)
            right, bottom = int(region.RegionLocationMaxX1), int(region.RegionLocationMaxY1)
        except (AttributeError, TypeError, ValueError):
            continue
        kept[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = True
    return kept if kept.any() else None


def _blank_text(frames: Pixels, dataset: Dataset, blank: Any) -> bool:
    """Blank what the detector finds, and look again, until it finds nothing; whether anything was found."""
    is_found = False
    for _round in range(_ROUNDS):
        boxes = [box for picture in _pictures(frames, dataset) for box in text_boxes(picture)]
        if not boxes:
            break
        is_found = True
        for box in boxes:
            _fill(frames, box, blank)
    return is_found


def _fill(frames: Pixels, box: Box, blank: Any) -> None:
    frames[:, box.top : box.bottom, box.left : box.right] = blank


def _pictures(frames: Pixels, dataset: Dataset) -> list[Picture]:
    """What to look at: some frames, and for several the brightest of all, where text stands still."""
    chosen = sorted({int(at) for at in np.linspace(0, len(frames) - 1, FRAMES_LOOKED_AT)})
    pictures = [_picture(frames[at], dataset) for at in chosen]
    if len(frames) > len(chosen):
        pictures.append(_picture(frames.max(axis=0), dataset))
    return pictures


def _picture(frame: Pixels, dataset: Dataset) -> Picture:
    """A frame as 8 bits to look at."""
    if str(dataset.get("PhotometricInterpretation", "")) == "PALETTE COLOR":
        frame = apply_color_lut(frame, dataset)
    values = frame.astype(np.float32)
    low, high = float(values.min()), float(np.percentile(values, 99.9))
    high = max(high, low + 1)
    scaled: Picture = (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    return scaled


def _blank_value(dataset: Dataset, frames: Pixels) -> Any:
    """The stored value that is shown black."""
    kind = str(dataset.get("PhotometricInterpretation", ""))
    if kind == "MONOCHROME1":
        bits, is_signed = int(dataset.BitsStored), int(dataset.get("PixelRepresentation", 0))
        return (1 << (bits - 1)) - 1 if is_signed else (1 << bits) - 1
    if kind == "PALETTE COLOR":
        used = np.unique(frames)
        shown = apply_color_lut(used.reshape(1, -1), dataset).astype(np.int64).sum(axis=-1)
        return used[int(shown.argmin())]
    return int(frames.min()) if np.issubdtype(frames.dtype, np.signedinteger) else 0


def put_back(dataset: FileDataset, frames: Pixels) -> None:
    """The cleaned frames as native pixel data; byte order as it was, compression gone."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    order: Literal["<", ">"] = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
    data = frames.astype(frames.dtype.newbyteorder(order), copy=False).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if frames.dtype.itemsize == 1 and order == "<" else "OW"
    dataset["PixelData"].is_undefined_length = False
    dataset.BitsAllocated = frames.dtype.itemsize * 8
    if frames.ndim == 4:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "SmallestImagePixelValue",
                    "LargestImagePixelValue"):  # fmt: skip
        if keyword in dataset:
            del dataset[keyword]
