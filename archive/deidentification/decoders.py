"""Pixels of objects to be de-identified, decoded and searched for text in a process of their own.

Who asks is a web thread or a worker: a damaged image, or one that takes for ever, ends the decoder and is refused by
name. The decoder is given the pixels and what describes them, and nothing that tells whose they are.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from pydicom import dcmwrite
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

from archive.deidentification.burnt_in import check_available
from archive.deidentification.pixels import Pixels, check_size, decoded_frames, is_screen, put_back
from archive.pixels.errors import DECODING_FAILURES
from archive.pixels.pool import Answer, cleaning_pool
from archive.pixels.sources import PixelSource

CLEANING_LIMIT_S = 120.0
_IMAGE_GROUP = 0x0028
_NEEDED = frozenset(
    tag_for_keyword(keyword)
    for keyword in (
        "SOPClassUID", "SOPInstanceUID", "Modality", "SequenceOfUltrasoundRegions", "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths", "PixelData",
    )
)  # fmt: skip


def clean_pixels(dataset: FileDataset) -> bool:
    """Blank burnt-in text in place; whether any pixel was changed.

    Objects that are no screens are left alone: cross-sectional images hold no text.
    Raises  InvalidInput PIXELS_TOO_LARGE, OCR_MISSING; PIXELS_UNREADABLE, DECODER_CRASHED, DECODING_TOO_SLOW by what
            became of the decoder; Unavailable if others are at it for long.
    """
    if not is_screen(dataset):
        return False
    check_size(dataset)
    check_available()
    answer = _asked("clean_text", dataset)
    is_changed = bool(answer.body)
    if is_changed:
        put_back(dataset, _frames_in(answer))
    dataset.BurnedInAnnotation = "NO"
    return is_changed


def frames_of(dataset: FileDataset) -> Pixels:
    """As `decoded_frames`; whatever needs a codec is decoded elsewhere.

    Raises  as `clean_pixels`, but for OCR_MISSING
    """
    check_size(dataset)
    if not dataset.file_meta.TransferSyntaxUID.is_compressed:
        return decoded_frames(dataset)
    return _frames_in(_asked("decode_object", dataset)).copy()


def _asked(task: str, dataset: FileDataset) -> Answer:
    source = PixelSource(data=_pixels_alone(dataset))
    return cleaning_pool().run(task, {}, source, timeout_s=CLEANING_LIMIT_S)


def _frames_in(answer: Answer) -> Pixels:
    kind: Any = np.dtype(answer.facts["kind"])
    return np.frombuffer(answer.body, dtype=kind).reshape(answer.facts["shape"])


def _pixels_alone(dataset: FileDataset) -> bytes:
    """A Part 10 file of the pixels, their description, and where an ultrasound image lies in them."""
    part = Dataset()
    for tag in list(dataset.keys()):
        if tag.group != _IMAGE_GROUP and tag not in _NEEDED:
            continue
        try:
            part.add(dataset[tag])
        except DECODING_FAILURES:  # what cannot be read describes nothing
            continue
    part.file_meta = FileMetaDataset()
    part.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    buffer = io.BytesIO()
    dcmwrite(buffer, part, enforce_file_format=True)
    return buffer.getvalue()
