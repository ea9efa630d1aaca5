"""Images with a place in the patient, states that blend them, and registrations, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset

from archive.pixels.rendering.advanced_blending import ADVANCED_BLENDING
from archive.pixels.rendering.blending import BLENDING
from archive.pixels.rendering.deformable import DEFORMABLE_REGISTRATION
from tests.archive.pixels.images import image
from tests.archive.pixels.states import item, state


def placed_image(samples: Any, *, uid: str = "1.2.3.4.5", **elements: Any) -> FileDataset:
    """An axial image of pixels of 1 mm, the first of them at (0, 0, 5)."""
    place = {"FrameOfReferenceUID": "1.2.77", "ImagePositionPatient": [0, 0, 5],
             "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [1, 1]}  # fmt: skip
    made = image(samples, **{"SOPInstanceUID": uid, **place, **elements})
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def blending_state(
    *,
    opacity: float,
    under: dict[str, Any] | None = None,
    over: dict[str, Any] | None = None,
    palette_bits: int = 8,
    uids: tuple[str, str] = ("1.2.3.4.5", "1.2.3.4.7"),
    **elements: Any,
) -> FileDataset:
    """A state that lays the second image over the first, in a red that grows over 256 entries."""
    made = state(BLENDING, RelativeOpacity=opacity)
    del made.ReferencedSeriesSequence
    made.BlendingSequence = [
        _set("UNDERLYING", uids[0], under or {}), _set("SUPERIMPOSED", uids[1], over or {}),
    ]  # fmt: skip
    made.update(palette_of("Red", bits=palette_bits))
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def _set(position: str, uid: str, elements: dict[str, Any]) -> Dataset:
    named = item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.7", ReferencedSOPInstanceUID=uid)
    series = item(SeriesInstanceUID="1.2.3.4", ReferencedImageSequence=[named])
    return item(
        BlendingPosition=position, StudyInstanceUID="1.2.3", ReferencedSeriesSequence=[series], **elements
    )


def palette_of(colour: str, *, bits: int = 8) -> Dataset:
    """A palette of one colour that grows over 256 entries."""
    made = Dataset()
    kind, largest = (np.uint8, 255) if bits == 8 else (np.uint16, 65535)
    rising = np.linspace(0, largest, 256).round().astype(kind)
    for each in ("Red", "Green", "Blue"):
        setattr(made, f"{each}PaletteColorLookupTableDescriptor", [256, 0, bits])
        made[f"{each}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(
            made, f"{each}PaletteColorLookupTableData", (rising * (each == colour)).astype(kind).tobytes()
        )
    return made


def advanced_state(inputs: list[Dataset], steps: list[Dataset], **elements: Any) -> FileDataset:
    """A state that blends its inputs, which are numbered from 1, by these steps."""
    made = state(ADVANCED_BLENDING, PixelPresentation="TRUE_COLOR", **elements)
    del made.ReferencedSeriesSequence
    for number, one in enumerate(inputs, start=1):
        one.BlendingInputNumber = number
    made.AdvancedBlendingSequence, made.BlendingDisplaySequence = inputs, steps
    return made


def blending_input(*uids: str, colour: str | None = None, **elements: Any) -> Dataset:
    """An input of these images, or of the whole series; grey, or by a palette of one colour."""
    made = item(StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4", **elements)
    if uids and "ReferencedImageSequence" not in made:
        made.ReferencedImageSequence = [
            item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.7", ReferencedSOPInstanceUID=uid)
            for uid in uids
        ]
    if colour is not None:
        made.PaletteColorLookupTableSequence = [palette_of(colour)]
    return made


def step(*inputs: int, opacity: float | None = None, result: int | None = None) -> Dataset:
    """FOREGROUND with an opacity, else EQUAL; shown unless its result has a number."""
    made = item(
        BlendingMode="EQUAL" if opacity is None else "FOREGROUND",
        BlendingDisplayInputSequence=[item(BlendingInputNumber=number) for number in inputs],
    )
    if opacity is not None:
        made.RelativeOpacity = opacity
    if result is not None:
        made.BlendingInputNumber = result
    return made


def threshold(kind: str, *values: float) -> Dataset:
    return item(ThresholdType=kind, ThresholdValueSequence=[item(ThresholdValue=value) for value in values])


def matrix_of(*rows: tuple[float, float, float, float]) -> list[float]:
    """The three rows of an affine matrix, with the fourth."""
    return [value for row in (*rows, (0, 0, 0, 1)) for value in row]


def registered(*matrices: list[float], **elements: Any) -> Dataset:
    """An item of a registration, of a frame of reference or of images as the elements say."""
    each = [
        item(FrameOfReferenceTransformationMatrixType="AFFINE", FrameOfReferenceTransformationMatrix=matrix)
        for matrix in matrices
    ]
    return item(MatrixRegistrationSequence=[item(MatrixSequence=each)], **elements)


def deformed(
    vectors: Any,
    *,
    start: Iterable[float] = (0, 0, 0),
    steps: Iterable[float] = (1, 1, 1),
    directions: Iterable[float] = (1, 0, 0, 0, 1, 0),
    before: list[float] | None = None,
    after: list[float] | None = None,
    **elements: Any,
) -> Dataset:
    """An item of a deformable registration. The vectors are by plane, row and column; None is no grid."""
    made = item(**{"SourceFrameOfReferenceUID": "1.2.78", **elements})
    for keyword, matrix in (("Pre", before), ("Post", after)):
        if matrix is not None:
            one = item(
                FrameOfReferenceTransformationMatrix=matrix, FrameOfReferenceTransformationMatrixType="AFFINE"
            )
            setattr(made, f"{keyword}DeformationMatrixRegistrationSequence", [one])
    if vectors is not None:
        field = np.asarray(vectors, "<f4")
        grid = item(ImagePositionPatient=list(start), ImageOrientationPatient=list(directions),
                    GridDimensions=list(field.shape[2::-1]), GridResolution=[float(step) for step in steps],
                    VectorGridData=field.tobytes())  # fmt: skip
        made.DeformableRegistrationGridSequence = [grid]
    return made


def deformable(*items: Dataset, to: str = "1.2.77") -> FileDataset:
    """A deformable registration to this frame of reference."""
    made = state(DEFORMABLE_REGISTRATION, FrameOfReferenceUID=to, DeformableRegistrationSequence=list(items))
    del made.ReferencedSeriesSequence
    return made
