"""Small volumes, states that view them, and what a decoder's process makes of both, for tests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileDataset

from archive.pixels.parsing import ParsedObject, parse
from archive.pixels.rendering.volumes import Layer
from archive.pixels.rendering.volumetric.classes import COLOUR_PLANE, GREY_PLANE, VOLUME
from archive.pixels.rendering.volumetric.handing import InputImages
from archive.pixels.rendering.volumetric.lattices import lattice_of
from archive.pixels.rendering.volumetric.pictures import drawn_view
from archive.pixels.rendering.volumetric.services import volumetric_state
from archive.pixels.rendering.volumetric.volumes import moved
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.walking import Data
from tests.archive.pixels.blends import palette_of, placed_image
from tests.archive.pixels.images import part10
from tests.archive.pixels.states import carried, item, state

FRAME = "1.2.77"
AS_STORED = {"WindowCenter": 127.5, "WindowWidth": 255, "VOILUTFunction": "LINEAR_EXACT"}
Vector = Sequence[float]


def slices_of(values: Any, *, depths: Sequence[float] | None = None, root: str = "1.2.3.4.1", **elements: Any) -> list[
    FileDataset
]:  # fmt: skip
    """Axial images of voxels of 1 mm, the first at (0, 0, 0); or at these depths. Shapes  values (z, y, x)."""
    pixels = np.asarray(values).astype(np.uint16)
    places = range(len(pixels)) if depths is None else depths
    return [
        placed_image(each, uid=f"{root}.{at + 1}", **{"ImagePositionPatient": [0, 0, z], **elements})
        for at, (each, z) in enumerate(zip(pixels, places, strict=True))
    ]


def linear(shape: tuple[int, int, int], *, x: int = 0, y: int = 0, z: int = 0, plus: int = 0) -> Any:
    """What grows by so much with every voxel along each axis."""
    at = np.indices(shape)
    return plus + z * at[0] + y * at[1] + x * at[2]


def input_of(
    images: Sequence[FileDataset], *, number: int = 1, set_uid: str = "1.2.8.1", **elements: Any
) -> tuple[Dataset, Dataset]:
    """The input set of these images, and the one input that is made of it."""
    named = [
        item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID)
        for one in images
    ]
    of_set = item(
        VolumetricPresentationInputSetUID=set_uid,
        PresentationInputType="VOLUME",
        ReferencedImageSequence=named,
    )
    shown = {"Crop": "NO", **AS_STORED, **elements}
    return of_set, item(
        VolumetricPresentationInputNumber=number, VolumetricPresentationInputSetUID=set_uid, **shown
    )


def volumetric(sop_class: str, inputs: Sequence[tuple[Dataset, Dataset]], **elements: Any) -> FileDataset:
    made = state(sop_class)
    del made.ReferencedSeriesSequence
    made.FrameOfReferenceUID, made.GlobalCrop = FRAME, "NO"
    made.VolumetricPresentationInputSetSequence = [of_set for of_set, _item in inputs]
    made.VolumetricPresentationStateInputSequence = [of_input for _set, of_input in inputs]
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def plane(
    corner: Vector,
    *,
    right: Vector = (1, 0, 0),
    down: Vector = (0, 1, 0),
    size: tuple[float, float],
    slab: float | None = None,
) -> dict[str, Any]:
    """The geometry of a rectangle of this width and height in mm, or of a slab as thick as this."""
    made: dict[str, Any] = {
        "MultiPlanarReconstructionStyle": "PLANAR", "MPRThicknessType": "THIN", "MPRTopLeftHandCorner": list(corner),
        "MPRViewWidthDirection": list(right), "MPRViewHeightDirection": list(down), "MPRViewWidth": size[0],
        "MPRViewHeight": size[1],
    }  # fmt: skip
    return made if slab is None else made | {"MPRThicknessType": "SLAB", "MPRSlabThickness": slab}


def grey_plane(inputs: Sequence[tuple[Dataset, Dataset]], **elements: Any) -> FileDataset:
    shown = {"PixelPresentation": "MONOCHROME", "PresentationLUTShape": "IDENTITY", **elements}
    return volumetric(GREY_PLANE, inputs, **shown)


def component(
    number: int = 1, *, colour: str | None = None, alpha: str = "IDENTITY", table: Sequence[int] | None = None
) -> Dataset:
    """One input in grey or in a colour that grows; its opacity by itself, by a table of 8 bits, or none."""
    made = item(
        ComponentType="ONE_TO_RGBA",
        ComponentInputSequence=[item(VolumetricPresentationInputIndex=number)],
        RGBLUTTransferFunction="EQUAL_RGB" if colour is None else "TABLE",
        AlphaLUTTransferFunction=alpha if table is None else "TABLE",
    )
    if colour is not None:
        made.update(palette_of(colour))
    if table is not None:
        made.AlphaPaletteColorLookupTableDescriptor = [len(table), 0, 8]
        made["AlphaPaletteColorLookupTableDescriptor"].VR = "US"
        made.AlphaPaletteColorLookupTableData = np.array(table, np.uint8).tobytes()
    return made


def weighting(weight: Any) -> Dataset:
    """A table of 2 x 4 bits by a function of both opacities from 0 to 1."""
    share = np.arange(16) / 15
    entries = np.rint(255 * np.clip(weight(share[:, None], share[None, :]), 0, 1)) * np.ones((16, 16))
    made = item(LUTData=entries.astype("<u2").tobytes(), LUTDescriptor=[256, 0, 8])
    made["LUTDescriptor"].VR, made["LUTData"].VR = "US", "OW"
    return made


def compositor(first: Any, second: Any) -> Dataset:
    return item(WeightingTransferFunctionSequence=[weighting(first), weighting(second)])


def colour_plane(
    inputs: Sequence[tuple[Dataset, Dataset]],
    components: Sequence[Dataset],
    compositors: Sequence[Dataset] = (),
    **elements: Any,
) -> FileDataset:
    return volumetric(
        COLOUR_PLANE, inputs, PixelPresentation="TRUE_COLOR", **elements,
        PresentationStateClassificationComponentSequence=list(components),
        PresentationStateCompositorComponentSequence=list(compositors),
    )  # fmt: skip


def camera(
    position: Vector,
    towards: Vector,
    field: Vector,
    *,
    up: Vector = (0, -1, 0),
    projection: str = "ORTHOGRAPHIC",
) -> dict[str, Any]:
    return {
        "RenderProjection": projection, "ViewpointPosition": list(position), "ViewpointLookAtPoint": list(towards),
        "ViewpointUpDirection": list(up), "RenderFieldOfView": list(field),
    }  # fmt: skip


def rendering(given: tuple[Dataset, Dataset], component: Dataset, **elements: Any) -> FileDataset:
    stream = item(
        VolumetricPresentationInputSetUID=given[0].VolumetricPresentationInputSetUID,
        PresentationStateClassificationComponentSequence=[component],
    )
    shown = {
        "RenderingMethod": "VOLUME_RENDERED", "PixelPresentation": "TRUE_COLOR", "VolumeStreamSequence": [stream],
        **elements,
    }  # fmt: skip
    return volumetric(VOLUME, [given], **shown)


def drawn(by: FileDataset, *volumes: Sequence[FileDataset], matrix: Any = None, **wish: Any) -> Any:
    """The picture of a state of inputs that are numbered from 1, handed over as far as the view reaches them."""
    _state, view = volumetric_state(part10(by))
    held: list[tuple[ParsedObject, Data]] = []
    images = []
    for number, volume in enumerate(volumes, start=1):
        layers = [Layer(parse(data), data, 1) for data in map(part10, volume)]
        lattice, order = lattice_of(
            [one.plane for one in layers], rows=layers[0].shape[0], columns=layers[0].shape[1]
        )
        reached = lattice.reached(moved(view.view.corners(), matrix))
        places = []
        for at in order[reached.start : reached.stop]:
            places.append((len(held), 1))
            held.append((layers[at].parsed, layers[at].data))
        images.append(InputImages(number, lattice, reached.start, tuple(places), matrix))
    handed = [InputImages.from_plain(one.to_plain()) for one in images]
    asked = Rendering(format="PNG", presentation=carried(by), **wish)
    return np.asarray(Image.open(io.BytesIO(drawn_view(asked, handed, held))))
