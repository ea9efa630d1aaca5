"""Small presentation states for tests."""

from __future__ import annotations

import base64
from typing import Any

from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from tests.archive.pixels.images import image, part10

GREYSCALE, COLOUR, PSEUDO_COLOUR = (f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (1, 2, 3))
ANGIOGRAPHY, VARIABLE_MODALITY = (f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (5, 12))


def item(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def state(sop_class: str = GREYSCALE, *, of: str = "1.2.3.4.5", **elements: Any) -> FileDataset:
    """A state for one image, that shows its stored values as they are unless `elements` say otherwise."""
    made = image([[0]])
    for keyword in [element.keyword for element in made if element.tag.group == 0x0028] + ["PixelData"]:
        delattr(made, keyword)
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4.6")
    named = item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.7", ReferencedSOPInstanceUID=of)
    made.ReferencedSeriesSequence = [item(ReferencedImageSequence=[named])]
    if sop_class in {GREYSCALE, ANGIOGRAPHY}:
        made.PresentationLUTShape = "IDENTITY"
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def carried(made: FileDataset) -> str:
    """As `Rendering.presentation` carries it."""
    return base64.b64encode(part10(made)).decode("ascii")


def area(top_left: tuple[int, int], bottom_right: tuple[int, int], **elements: Any) -> list[Dataset]:
    """A displayed area by the columns and rows of its corners."""
    return [
        item(
            DisplayedAreaTopLeftHandCorner=list(top_left), DisplayedAreaBottomRightHandCorner=list(bottom_right),
            **elements,
        )
    ]  # fmt: skip


def line(*numbers: float, units: str = "PIXEL", layer: str = "L") -> Dataset:
    """An annotation that is a line."""
    drawn = item(GraphicAnnotationUnits=units, GraphicDimensions=2, NumberOfGraphicPoints=len(numbers) // 2,
                 GraphicData=list(numbers), GraphicType="POLYLINE", GraphicFilled="N")  # fmt: skip
    return item(GraphicLayer=layer, GraphicObjectSequence=[drawn])
