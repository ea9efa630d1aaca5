"""Two sets of grey images, one shown in colours over the other: what a blending presentation state says, and pixels.

    underlying    stored -> modality -> VOI ->             grey    Y
    superimposed  stored -> modality -> VOI -> palette ->  colours RGB
    shown         RGB * opacity + Y * (1 - opacity)

Beyond the superimposed image, and where it is padding, the underlying one is shown as it is.
Reference  PS3.3 §A.33.4, §C.11.14 (presentation state blending), PS3.4 §N.2.4 (blending transformations)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.colour import Colour, colour_shares, is_colour
from archive.pixels.rendering.grey import GreyScale, grey_scale_of, number
from archive.pixels.rendering.planes import plane_of
from archive.pixels.rendering.presentation import grey_by, referenced_images
from archive.pixels.rendering.resampling import Resampled, resampled
from archive.pixels.rendering.tables import Values
from archive.pixels.windowing import WHITE, VoiFunction, Window

BLENDING = "1.2.840.10008.5.1.4.1.1.11.4"
MOST_PIXELS = 1 << 24


@dataclass(frozen=True, slots=True)
class Layer:
    """A decoded frame of one of the sets."""

    header: Dataset
    samples: NDArray[Any]
    frame: int
    grey: GreyScale = field(init=False)

    def __post_init__(self) -> None:
        """Raises PixelsUnreadable for an image in colour."""
        if is_colour(self.header):
            raise unreadable("PRESENTATION_UNSUITED")
        object.__setattr__(self, "grey", grey_scale_of(self.header, self.frame))

    @property
    def uid(self) -> str:
        return str(self.header.get("SOPInstanceUID", ""))


@dataclass(frozen=True, slots=True)
class Blending:
    """A blending state and its two sets. `opacity` is that of the superimposed one, from 0 to 1."""

    state: Dataset
    underlying: Dataset
    superimposed: Dataset
    opacity: float

    @property
    def is_registered(self) -> bool:
        """Whether another object says how the sets are to be moved onto one another."""
        return bool(self.state.get("ReferencedSpatialRegistrationSequence"))

    def picture(
        self, below: Layer, over: Layer, *, window: Window | None = None, function: VoiFunction
    ) -> Colour:
        """RGB of 8 bits. A `window` is shown of the underlying image instead of the state's.

        Raises  PixelsUnreadable: PRESENTATION_UNSUITED if the images are of neither set or not in one plane.
        """
        if below.samples.size > MOST_PIXELS:
            raise unreadable("PIXELS_TOO_LARGE")
        said = _grey(self.underlying, below)
        grey = (said if window is None else said.with_window(window, function)).shares(below.samples)
        laid = self._laid(below, over)
        colours = colour_shares(self.state, _grey(self.superimposed, over).shares(laid.samples))
        opacity = np.where(laid.is_there, self.opacity, 0.0)[..., None]
        shares: Values = colours * opacity + grey[..., None] * (1 - opacity)
        shown: Colour = (shares * WHITE + 0.5).astype(np.uint8)
        return shown

    def _laid(self, below: Layer, over: Layer) -> Resampled:
        """The superimposed image on the pixels of the underlying one."""
        place, other = plane_of(below.header, below.frame), plane_of(over.header, over.frame)
        if self.is_registered or place is None or other is None or not place.is_same(other):
            raise unreadable("PRESENTATION_UNSUITED")
        rows, columns = below.samples.shape
        at = place.indices_in(other, rows=rows, columns=columns)
        return resampled(over.samples, *at, padding=over.grey.padding)


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
    return Blending(state, sets["UNDERLYING"], sets["SUPERIMPOSED"], float(opacity))


def _grey(of_set: Dataset, layer: Layer) -> GreyScale:
    if layer.uid not in referenced_images(of_set):
        raise unreadable("PRESENTATION_UNSUITED")
    return grey_by(of_set, image_uid=layer.uid, frame=layer.frame, grey=layer.grey)
