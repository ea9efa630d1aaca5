"""The colour characteristics of pictures: the profile that comes with them, and colours turned into those of sRGB.

Reference  PS3.18 §8.3.5.1.5 (iccprofile), PS3.3 §C.11.15 (ICC profile), ICC.1
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from pydicom import Dataset

from archive.pixels.rendering.colour import is_colour
from archive.pixels.rendering.wishes import Rendering

Shown = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Colours:
    """What colours of a picture mean by the `own` profile of its state or image; without one they are those of sRGB."""

    own: bytes | None
    is_wished: bool
    is_srgb: bool

    @property
    def embedded(self) -> bytes | None:
        """The profile that comes with the picture; None if the client wants none, or there are no colours."""
        if not self.is_wished:
            return None
        return self.own if self.own and not self.is_srgb else _srgb().tobytes()

    def shown(self, picture: Shown) -> Shown:
        """The picture, in sRGB if that is wished. A profile that cannot be read, or is not of RGB, counts as none."""
        if not self.is_srgb or self.own is None or picture.ndim != 3:
            return picture
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(self.own))
            turned = ImageCms.profileToProfile(Image.fromarray(picture), own, _srgb(), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            return picture
        return np.asarray(turned)


def colours_of(header: Dataset, wish: Rendering, state: Dataset | None) -> Colours:
    """Those of a picture of this image: the state's profile goes before the image's (PS3.4 §N.2.2.1)."""
    of_state = (state or Dataset()).get("ICCProfile")
    has_colours = is_colour(header) or of_state is not None
    own = (
        of_state
        or header.get("ICCProfile")
        or next((path.get("ICCProfile") for path in header.get("OpticalPathSequence") or ()), None)
    )
    is_wished = wish.with_profile and has_colours
    return Colours(bytes(own) if own else None, is_wished, is_wished and wish.in_srgb)


def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
