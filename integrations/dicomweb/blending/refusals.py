"""Why images are not blended, by name."""

from __future__ import annotations

from integrations.dicomweb.errors import NotAcceptable

_SENTENCES = {
    "IMAGES_MISSING": "The images of the presentation state are not here",
    "BLENDING_PATIENTS": "The images to be blended are not of one patient",
    "BLENDING_UNPLACED": "The images to be blended do not say where in a frame of reference they lie",
    "BLENDING_FRAME_OF_REFERENCE": "The images to be blended share no frame of reference, nor does a registration",
    "BLENDING_PLANES": "The images to be blended do not lie in one place",
    "BLENDING_AMBIGUOUS": "Several of the images to be laid over others lie in one place",
    "BLENDING_TOO_LARGE": "More images would have to be blended than are in one answer",
    "BLENDING_REGISTRATION_MISSING": "The spatial registration of the images to be blended is not here",
    "BLENDING_REGISTRATION_CLASS": "Images are blended by spatial registrations, rigid, affine or deformable, alone",
    "BLENDING_REGISTRATION_MATRIX": "The matrices of the spatial registration cannot be followed",
    "BLENDING_REGISTRATION_GRID": "The deformation grid of the spatial registration cannot be followed",
    "BLENDING_REGISTRATION_INVERSE": "The images that are shown in their own geometry are deformed by the registration",
    "BLENDING_TIME_UNTOLD": "The images of a series in time do not say which of them were taken together",
    "BLENDING_TIME_POINTS": "The series in time to be blended have different numbers of time points",
}


def refused(code: str) -> NotAcceptable:
    return NotAcceptable(_SENTENCES[code], code=code)
