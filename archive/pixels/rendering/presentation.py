"""A softcopy presentation state, as far as it changes the picture of one frame.

Of grayscale, colour, pseudo-colour, XA/XRF and variable modality LUT states: what they say of grey, of a palette, of
the area shown and its turning, of masks, shutters, overlays and annotations. States of colour leave colours as they
are, and so does a state of grey over an image in colour.

Reference  PS3.3 §A.33.1 to §A.33.3, §A.33.6, §A.33.8, §C.11.6 to §C.11.8, §C.11.13, §C.11.35, §C.10.4 to §C.10.7,
           §C.7.6.11; PS3.4 §N.2
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.angiography import ANGIOGRAPHY, frame_shutters, subtraction_by, viewing_of
from archive.pixels.rendering.grey import GreyScale, header_window, number, voi_function
from archive.pixels.rendering.inks import WHITE, Ink, layer_inks
from archive.pixels.rendering.masks import Subtraction, subtraction_of
from archive.pixels.rendering.overlays import GROUPS
from archive.pixels.rendering.references import named, referenced_frames
from archive.pixels.rendering.tables import table_of
from archive.pixels.rendering.views import View, view_of

GREYSCALE, COLOUR, PSEUDO_COLOUR = (f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (1, 2, 3))
VARIABLE_MODALITY = "1.2.840.10008.5.1.4.1.1.11.12"
CLASSES = frozenset([GREYSCALE, COLOUR, PSEUDO_COLOUR, ANGIOGRAPHY, VARIABLE_MODALITY])


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a presentation state says of one frame of one image. Inks are those of layers.

    `filtering` is the share from 0 to 1 of how far edges can be enhanced.
    """

    state: Dataset
    grey: GreyScale
    view: View
    annotations: tuple[tuple[Dataset, Ink], ...] = ()
    overlays: tuple[tuple[int, Ink], ...] = ()
    shutters: tuple[Dataset, ...] = ()
    subtraction: Subtraction | None = None
    filtering: float = 0.0

    @property
    def palette(self) -> Dataset | None:
        """Where the palette is that grey is shown by; None if it stays grey."""
        if self.state.SOPClassUID == VARIABLE_MODALITY:
            return self.state if "RedPaletteColorLookupTableDescriptor" in self.state else None
        return self.state if self.state.SOPClassUID == PSEUDO_COLOUR else None


def presentation_of(state: Dataset, *, image_uid: str, frame: int, grey: GreyScale) -> Presentation:
    """What the state says of this frame; `grey` is what the image says itself, which states of grey replace.

    Raises  PixelsUnreadable: PRESENTATION_UNSUITED if the state is of another class, is for another image or other
            frames or asks for a mask that is none; MASK_OPERATION.
    """
    frames = referenced_frames(state).get(image_uid)
    if state.get("SOPClassUID") not in CLASSES or frames is None or (frames and frame not in frames):
        raise unreadable("PRESENTATION_UNSUITED")
    if state.SOPClassUID == COLOUR:
        return _with_overlays(surroundings_of(state, image_uid=image_uid, frame=frame, grey=grey))

    def scale_of(one: int) -> GreyScale:
        return grey_by(state, image_uid=image_uid, frame=one, grey=grey)

    said = scale_of(frame)
    shown = _with_overlays(surroundings_of(state, image_uid=image_uid, frame=frame, grey=said))
    if state.SOPClassUID != ANGIOGRAPHY:
        return replace(shown, subtraction=subtraction_of(state, scale_of, frames))
    viewing = viewing_of(state, image_uid=image_uid, frame=frame)
    return replace(
        shown,
        shutters=(*shown.shutters, *frame_shutters(state, image_uid=image_uid, frame=frame)),
        subtraction=subtraction_by(state, viewing, image_uid=image_uid, frame=frame, grey=said),
        filtering=viewing.filtering,
    )


def _with_overlays(presentation: Presentation) -> Presentation:
    state, layers = presentation.state, layer_inks(presentation.state)
    overlays = tuple(
        (group, layers.get(str(state[group, 0x1001].value), (0, WHITE))[1])
        for group in GROUPS
        if (group, 0x1001) in state
    )
    return replace(presentation, overlays=overlays)


def surroundings_of(state: Dataset, *, image_uid: str, frame: int, grey: GreyScale) -> Presentation:
    """The area the state shows of this frame, its turning, shutter and annotations; the rest is `grey`, no overlay."""
    annotations = named(state.get("GraphicAnnotationSequence"), image_uid, frame)
    layers = layer_inks(state)

    def layer_of(annotation: Dataset) -> tuple[int, Ink]:
        return layers.get(str(annotation.get("GraphicLayer")), (0, WHITE))

    return Presentation(
        state=state,
        grey=grey,
        view=view_of(state, named(state.get("DisplayedAreaSelectionSequence"), image_uid, frame)),
        annotations=tuple(
            (one, layer_of(one)[1]) for one in sorted(annotations, key=lambda one: layer_of(one)[0])
        ),
        shutters=(state,) if state.get("ShutterShape") else (),
    )


def referenced_images(state: Dataset) -> list[str]:
    """The instances a presentation state, or one set of images of a blending state, is for, in its order."""
    return list(referenced_frames(state))


def grey_by(state: Dataset, *, image_uid: str, frame: int, grey: GreyScale) -> GreyScale:
    """The transformations of a state, or of one set of images of a blending state.

    What it does not name is none, whatever the image says (PS3.4 §N.2.1).
    """
    modality = _modality_of(state, image_uid, frame)
    tables = modality.get("ModalityLUTSequence")
    grey = replace(
        grey,
        modality=table_of(tables[0]) if tables else None,
        slope=number(modality.get("RescaleSlope"), 1.0) or 1.0,
        intercept=number(modality.get("RescaleIntercept"), 0.0),
        window=None,
        voi=None,
    )
    voi = named(state.get("SoftcopyVOILUTSequence"), image_uid, frame)
    is_signed = grey.intercept < 0 or "MaskSubtractionSequence" in state
    grey = with_voi(grey, voi[0], is_signed=is_signed) if voi else grey.with_full_range()
    table = state.get("PresentationLUTSequence")
    return replace(
        grey,
        presentation=table_of(table[0]) if table else None,
        is_inverted=state.get("PresentationLUTShape") == "INVERSE",
    )


def _modality_of(state: Dataset, image_uid: str, frame: int) -> Dataset:
    """Where the modality transformation of the frame is: in the state, or the one item that names it (§C.11.35)."""
    if state.get("SOPClassUID") != VARIABLE_MODALITY:
        return state
    items = named(state.get("VariableModalityLUTSequence"), image_uid, frame)
    return items[0] if items else Dataset()


def with_voi(grey: GreyScale, item: Dataset, *, is_signed: bool) -> GreyScale:
    """With the VOI an item names, a table before a window; without any, the full range of modality values."""
    tables = item.get("VOILUTSequence")
    if tables:
        return replace(grey, voi=table_of(tables[0], is_signed=is_signed))
    function = voi_function(item.get("VOILUTFunction"))
    window = header_window(item.get("WindowCenter"), item.get("WindowWidth"), function)
    return grey.with_full_range() if window is None else grey.with_window(window, function)
