"""Why there is no view of a volume, by name."""

from __future__ import annotations

from archive.pixels.errors import PixelsUnreadable

SENTENCES = {
    "VOLUMETRIC_SEGMENTED": "Volume renderings of a segmented volume are not made (PS3.4 B.5.1.24)",
    "VOLUMETRIC_MULTIPLE": "Volume renderings of several volumes are not made (PS3.4 B.5.1.24)",
    "VOLUMETRIC_STYLE": "Multi-planar reconstructions by other than a plane are not made (PS3.3 C.11.26)",
    "VOLUMETRIC_INPUTS": "The inputs of the presentation state are not as its class has them (PS3.3 C.11.23)",
    "VOLUMETRIC_METHOD": "The rendering method of the presentation state is not followed (PS3.3 C.11.23, C.11.30)",
    "VOLUMETRIC_CROP": "Cropping by segmentations is not followed (PS3.3 C.11.24)",
    "VOLUMETRIC_COMPONENT": "Classification of two inputs into one colour is not followed (PS3.3 C.11.27.2)",
    "VOLUMETRIC_ALPHA": "The opacity of the presentation state is not followed (PS3.3 C.11.27)",
    "VOLUMETRIC_SHADING": "Shading of one side alone is not followed (PS3.3 C.11.31.1)",
    "VOLUMETRIC_ANIMATION": "Views that move along inputs or a curve are not rendered (PS3.3 C.11.29)",
    "VOLUMETRIC_ANNOTATION": "Annotations placed in the volume are not drawn (PS3.3 C.11.28)",
    "VOLUME_UNPLACED": "The images of a volume do not say where in a frame of reference they lie",
    "VOLUME_FRAME_OF_REFERENCE": "A volume lies in another frame of reference than the presentation state",
    "VOLUME_SINGLE": "A volume is made of more than one image (PS3.3 C.11.23.1)",
    "VOLUME_UNLIKE": "The images of a volume are not of one size, spacing and kind of pixels (PS3.3 C.11.23.1)",
    "VOLUME_NOT_PARALLEL": "The images of a volume are not parallel (PS3.3 C.11.23.1)",
    "VOLUME_NOT_ALIGNED": "The images of a volume do not lie straight behind each other (PS3.3 C.11.23.1)",
    "VOLUME_AMBIGUOUS": "Two images of a volume lie in one place (PS3.3 C.11.23.1)",
    "VOLUME_NOT_GREY": "The images of a volume are not MONOCHROME2 (PS3.3 C.11.23.1)",
    "VOLUME_RANGE": "Neither the presentation state nor the images of a volume say which values are shown",
    "VOLUME_TOO_LARGE": "The volume is larger than one that is rendered",
    "VOLUME_OUT_OF_VIEW": "The view of the presentation state does not reach its volume",
}  # fmt: skip


def refused(code: str) -> PixelsUnreadable:
    return PixelsUnreadable(SENTENCES[code], code=code)
