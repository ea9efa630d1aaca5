"""A softcopy presentation state, as far as it changes the picture of one frame.

Of grayscale, colour and pseudo-colour states: what they say of grey, of a palette, of the area shown and its turning,
of masks, shutters, overlays and annotations. States of colour leave colours as they are, and so does a state of grey
over an image in colour.

Reference  PS3.3 §A.33.1 to §A.33.3, §C.11.6 to §C.11.8, §C.11.13, §C.10.4 to §C.10.7, §C.7.6.11; PS3.4 §N.2
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.grey import GreyScale, header_window, number, voi_function
from archive.pixels.rendering.inks import WHITE, Ink, layer_inks
from archive.pixels.rendering.masks import Subtraction, subtraction_of
from archive.pixels.rendering.overlays import GROUPS
from archive.pixels.rendering.tables import table_of
from archive.pixels.rendering.views import View, view_of

GREYSCALE, COLOUR, PSEUDO_COLOUR = (f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (1, 2, 3))
CLASSES = frozenset([GREYSCALE, COLOUR, PSEUDO_COLOUR])


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a presentation state says of one frame of one image. Inks are those of layers."""

    state: Dataset
    grey: GreyScale
    view: View
    annotations: tuple[tuple[Dataset, Ink], ...] = ()
    overlays: tuple[tuple[int, Ink], ...] = ()
    subtraction: Subtraction | None = None

    @property
    def has_shutter(self) -> bool:
        return bool(self.state.get("ShutterShape"))

    @property
    def palette(self) -> Dataset | None:
        """Where the palette is that grey is shown by; None if it stays grey."""
        return self.state if self.state.SOPClassUID == PSEUDO_COLOUR else None


def presentation_of(state: Dataset, *, image_uid: str, frame: int, grey: GreyScale) -> Presentation:
    """What the state says of this frame; `grey` is what the image says itself, which states of grey replace.

    Raises  PixelsUnreadable PRESENTATION_UNSUITED if the state is of another class, names another image or asks for
            a mask that is none.
    """
    if state.get("SOPClassUID") not in CLASSES or image_uid not in referenced_images(state):
        raise unreadable("PRESENTATION_UNSUITED")
    layers = layer_inks(state)
    overlays = tuple(
        (group, layers.get(str(state[group, 0x1001].value), (0, WHITE))[1])
        for group in GROUPS
        if (group, 0x1001) in state
    )
    if state.SOPClassUID == COLOUR:
        return replace(surroundings_of(state, image_uid=image_uid, frame=frame, grey=grey), overlays=overlays)
    said = grey_by(state, image_uid=image_uid, frame=frame, grey=grey)
    surroundings = surroundings_of(state, image_uid=image_uid, frame=frame, grey=said)
    return replace(surroundings, overlays=overlays, subtraction=subtraction_of(state))


def surroundings_of(state: Dataset, *, image_uid: str, frame: int, grey: GreyScale) -> Presentation:
    """The area the state shows of this frame, its turning, and the annotations; the rest is `grey` and no overlay."""
    annotations = _of_frame(state.get("GraphicAnnotationSequence"), image_uid, frame)
    layers = layer_inks(state)

    def layer_of(annotation: Dataset) -> tuple[int, Ink]:
        return layers.get(str(annotation.get("GraphicLayer")), (0, WHITE))

    return Presentation(
        state=state,
        grey=grey,
        view=view_of(state, _of_frame(state.get("DisplayedAreaSelectionSequence"), image_uid, frame)),
        annotations=tuple(
            (one, layer_of(one)[1]) for one in sorted(annotations, key=lambda one: layer_of(one)[0])
        ),
    )


def referenced_images(state: Dataset) -> list[str]:
    """The instances a presentation state, or one set of images of a blending state, is for, in its order."""
    return [
        str(image.get("ReferencedSOPInstanceUID", ""))
        for series in state.get("ReferencedSeriesSequence") or ()
        for image in series.get("ReferencedImageSequence") or ()
    ]


def grey_by(state: Dataset, *, image_uid: str, frame: int, grey: GreyScale) -> GreyScale:
    """The transformations of a state, or of one set of images of a blending state.

    What it does not name is none, whatever the image says (PS3.4 §N.2.1).
    """
    modality = state.get("ModalityLUTSequence")
    grey = replace(
        grey,
        modality=table_of(modality[0]) if modality else None,
        slope=number(state.get("RescaleSlope"), 1.0) or 1.0,
        intercept=number(state.get("RescaleIntercept"), 0.0),
        window=None,
        voi=None,
    )
    voi = _of_frame(state.get("SoftcopyVOILUTSequence"), image_uid, frame)
    is_signed = grey.intercept < 0 or "MaskSubtractionSequence" in state
    grey = _with_voi(grey, voi[0], is_signed=is_signed) if voi else grey.with_full_range()
    table = state.get("PresentationLUTSequence")
    return replace(
        grey,
        presentation=table_of(table[0]) if table else None,
        is_inverted=state.get("PresentationLUTShape") == "INVERSE",
    )


def _with_voi(grey: GreyScale, item: Dataset, *, is_signed: bool) -> GreyScale:
    tables = item.get("VOILUTSequence")
    if tables:
        return replace(grey, voi=table_of(tables[0], is_signed=is_signed))
    function = voi_function(item.get("VOILUTFunction"))
    window = header_window(item.get("WindowCenter"), item.get("WindowWidth"), function)
    return grey.with_full_range() if window is None else grey.with_window(window, function)


def _of_frame(items: Iterable[Dataset] | None, image_uid: str, frame: int) -> list[Dataset]:
    """The items that name the frame, or no image at all, which is all of them."""
    return [item for item in items or () if _is_for(item.get("ReferencedImageSequence"), image_uid, frame)]


def _is_for(images: Any, image_uid: str, frame: int) -> bool:
    if not images:
        return True
    for image in images:
        if image.get("ReferencedSOPInstanceUID") != image_uid:
            continue
        frames = image.get("ReferencedFrameNumber")
        named = [frames] if isinstance(frames, int) else list(frames or [])
        if not named or frame in [int(one) for one in named]:
            return True
    return False
