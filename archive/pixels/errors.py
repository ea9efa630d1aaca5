"""Why there is no picture of an object, in words a caller may show and a code it may log."""

from __future__ import annotations

import struct
import zlib

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.errors import InvalidInput, NotFound, ServiceError

SENTENCES: dict[str, str | Promise] = {
    "PIXELS_UNREADABLE": _("The pixels of this image cannot be decoded."),
    "PIXELS_TOO_LARGE": _("The size of this image is outside of what can be shown."),
    "NOT_AN_IMAGE": _("This object holds no picture."),
    "NO_SUCH_FRAME": _("There is no such frame in this image."),
    "OBJECT_MISSING": _("The object is not in the store."),
    "DECODER_CRASHED": _("Decoding this image ended the decoder: its pixels are damaged."),
    "DECODING_TOO_SLOW": _("Decoding this image took too long."),
    "NOT_TRANSCODABLE": _("The pixels cannot be had in this transfer syntax."),
    "OBJECT_TOO_LARGE": _("The object is too large when inflated."),
    "DATA_SET_DAMAGED": _("The data set breaks off or is damaged."),
    "PRESENTATION_UNSUITED": _("The presentation state cannot be applied to this image."),
    "REGISTRATION_MATRIX": _("The matrices of the spatial registration cannot be followed."),
    "REGISTRATION_GRID": _("The deformation grid of the spatial registration cannot be followed."),
    "MASK_OPERATION": _("The presentation state asks for a mask operation that its class does not have."),
}

# What decoders of many makers raise over damaged pixels; those of imagecodecs are RuntimeErrors.
DECODING_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError,
    TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
_ABSENT = frozenset(["NO_SUCH_FRAME", "OBJECT_MISSING"])


class PixelsUnreadable(InvalidInput):
    """There is no picture to be had: the pixels are damaged, missing, or in no encoding known here."""

    default_code = "PIXELS_UNREADABLE"


def unreadable(code: str = "PIXELS_UNREADABLE") -> ServiceError:
    """The refusal with its sentence, from nothing but its code: as it comes out of another process.

    PixelsUnreadable, or NotFound if it is the frame or the object that is not there.
    """
    sentence = str(SENTENCES.get(code, SENTENCES["PIXELS_UNREADABLE"]))
    return (NotFound if code in _ABSENT else PixelsUnreadable)(sentence, code=code)
