"""Two sets of grey images, one shown in colours over the other: what a blending presentation state says, and pixels.

    underlying    stored -> modality -> VOI ->             grey    Y
    superimposed  stored -> modality -> VOI -> palette ->  colours RGB
    shown         RGB * opacity + Y * (1 - opacity)

The superimposed set is resampled to the pixels of each underlying frame before its VOI. Beyond it, and where it is
padding, the underlying frame is shown as it is.
Reference  PS3.3 §A.33.4, §C.11.14 (presentation state blending), PS3.4 §N.2.4 (blending transformations)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.colour import Colour, colour_shares
from archive.pixels.rendering.grey import GreyScale, number
from archive.pixels.rendering.presentation import grey_by
from archive.pixels.rendering.references import Named, images_of_series_named
from archive.pixels.rendering.resampling import Mask
from archive.pixels.rendering.tables import Values
from archive.pixels.rendering.volumes import Layer, Superimposed, laid_on, shares_of
from archive.pixels.windowing import WHITE

BLENDING = "1.2.840.10008.5.1.4.1.1.11.4"
MOST_PIXELS = 1 << 24


@dataclass(frozen=True, slots=True)
class ImageSet:
    """One of the two sets: the images it names, and what is said of them."""

    item: Dataset
    images: Mapping[str, Named]

    def grey(self, layer: Layer) -> GreyScale:
        """How a frame is shown. Raises PixelsUnreadable if it is in colour, or of another set."""
        if layer.is_colour or layer.uid not in self.images:
            raise unreadable("PRESENTATION_UNSUITED")
        return grey_by(self.item, image_uid=layer.uid, frame=layer.frame, grey=layer.grey)


@dataclass(frozen=True, slots=True)
class Blending:
    """A blending state and its two sets. `opacity` is that of the superimposed one, from 0 to 1."""

    state: Dataset
    underlying: ImageSet
    superimposed: ImageSet
    opacity: float

    def picture(self, below: Layer, over: Superimposed) -> Colour:
        """RGB of 8 bits.

        Raises  PixelsUnreadable: PRESENTATION_UNSUITED if the images are of neither set, or in colour.
        """
        if below.shape[0] * below.shape[1] > MOST_PIXELS:
            raise unreadable("PIXELS_TOO_LARGE")
        grey = self.underlying.grey(below).shares(below.parsed.samples(below.data, below.frame))[..., None]
        colours, is_there = self._colours(below, over)
        opacity = np.where(is_there, self.opacity, 0.0)[..., None]
        shares: Values = colours * opacity + grey * (1 - opacity)
        picture: Colour = (shares * WHITE + 0.5).astype(np.uint8)
        return picture

    def _colours(self, below: Layer, over: Superimposed) -> tuple[Values, Mask]:
        """The superimposed set in its colours on the pixels below, and where it is."""
        grey_of = self.superimposed.grey
        laid = laid_on(below, over, grey_of=grey_of)
        return colour_shares(self.state, shares_of(laid, over.layers, grey_of=grey_of)), laid.is_there


def blending_of(state: Dataset) -> Blending:
    """Raises PixelsUnreadable PRESENTATION_UNSUITED if the state is of another class or without its two sets."""
    items = state.get("BlendingSequence") or ()
    sets = {str(one.get("BlendingPosition")): one for one in items}
    opacity = number(state.get("RelativeOpacity"), None)
    is_one_of_each = len(items) == 2 and set(sets) == {"UNDERLYING", "SUPERIMPOSED"}
    if state.get("SOPClassUID") != BLENDING or not is_one_of_each:
        raise unreadable("PRESENTATION_UNSUITED")
    if opacity is None or not 0 <= opacity <= 1:
        raise unreadable("PRESENTATION_UNSUITED")
    below, above = (
        ImageSet(sets[one], images_of_series_named(sets[one])) for one in ("UNDERLYING", "SUPERIMPOSED")
    )
    return Blending(state, below, above, float(opacity))
