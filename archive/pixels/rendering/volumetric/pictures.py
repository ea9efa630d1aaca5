"""The picture of a volumetric state: what a decoder's process makes of it and the images of its inputs.

Reference  PS3.4 §FF.2, PS3.3 §A.80.1.3 and §A.80.2.4 (annotations are in units of the display)
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from pydicom import Dataset, dcmread

from archive.pixels.errors import unreadable
from archive.pixels.parsing import ParsedObject
from archive.pixels.rendering.encoding import encoded
from archive.pixels.rendering.graphics import annotated, with_lines
from archive.pixels.rendering.inks import WHITE, Ink, layer_inks
from archive.pixels.rendering.profiles import colours_of
from archive.pixels.rendering.viewports import placed
from archive.pixels.rendering.views import View
from archive.pixels.rendering.volumes import Layer
from archive.pixels.rendering.volumetric.handing import InputImages
from archive.pixels.rendering.volumetric.inputs import Input
from archive.pixels.rendering.volumetric.sizes import size_of
from archive.pixels.rendering.volumetric.states import Shown, VolumetricView, volumetric_view_of
from archive.pixels.rendering.volumetric.volumes import Volume
from archive.pixels.rendering.volumetric.voxels import voxels_of
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.walking import Data

_UNITS = ("GraphicAnnotationUnits", "BoundingBoxAnnotationUnits", "AnchorPointAnnotationUnits")


def drawn_view(
    wish: Rendering, images: Sequence[InputImages], held: Sequence[tuple[ParsedObject, Data]]
) -> bytes:
    """The encoded picture of the state that is the wish's presentation. Raises PixelsUnreadable with the reason."""
    state = dcmread(io.BytesIO(base64.b64decode(wish.presentation or "")), force=True)
    view = volumetric_view_of(state)
    given = {one.number: one for one in images}

    def volume_of(shown: Input) -> Volume | None:
        of_input = given.get(shown.number)
        return None if of_input is None else _volume(shown, of_input, held)

    colours = colours_of(Dataset(), wish, state)
    shown = colours.shown(view.picture(volume_of, size=_size(view, images, wish)))
    shown = placed(shown, size=wish.size, region=None)
    shown = _annotated(shown, state)
    shown = placed(shown, size=wish.size, region=wish.region) if wish.region is not None else shown
    shown = with_lines(shown, wish.annotations) if wish.annotations else shown
    return encoded([shown], wish.format, quality=wish.quality, profile=colours.embedded)


def check_annotations(state: Dataset) -> None:
    """Raises PixelsUnreadable PRESENTATION_UNSUITED for annotations in units of pixels, of which a view has none."""
    for annotation in state.get("GraphicAnnotationSequence") or ():
        for keyword in ("GraphicObjectSequence", "TextObjectSequence"):
            for item in annotation.get(keyword) or ():
                if any(item.get(unit, "DISPLAY") != "DISPLAY" for unit in _UNITS):
                    raise unreadable("PRESENTATION_UNSUITED")


def _volume(shown: Input, images: InputImages, held: Sequence[tuple[ParsedObject, Data]]) -> Volume:
    layers = [Layer(*held[at], frame) for at, frame in images.frames]
    voxels = voxels_of(layers, images.lattice, first=images.first, shown_by=shown.item)
    return Volume(voxels, shown.crops, images.matrix)


def _size(view: VolumetricView, images: Sequence[InputImages], wish: Rendering) -> tuple[int, int]:
    return size_of(
        view.view.size_mm,
        pixel_mm=min(one.lattice.finest_in_plane_mm for one in images),
        wished=wish.size,
        samples=max(view.samples(one.lattice) for one in images),
    )


def _annotated(shown: Shown, state: Dataset) -> Shown:
    layers = layer_inks(state)

    def layer_of(annotation: Dataset) -> tuple[int, Ink]:
        return layers.get(str(annotation.get("GraphicLayer")), (0, WHITE))

    items = sorted(state.get("GraphicAnnotationSequence") or (), key=lambda one: layer_of(one)[0])
    if not items:
        return shown
    rows, columns = shown.shape[:2]
    return annotated(
        shown,
        [(one, layer_of(one)[1]) for one in items],
        lambda values, units: View().points(values, units, image=(rows, columns), size=(columns, rows)),
    )
