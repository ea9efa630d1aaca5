"""In which transfer syntax an object or a frame is given, by what was asked and what is stored.

Reference  PS3.18 §8.7.3.5.2 (the transfer-syntax parameter), §10.4.3 (default: Explicit VR Little Endian)
"""

from __future__ import annotations

from archive.pixels.transcoding import FRAME_SYNTAXES, INSTANCE_SYNTAXES
from integrations.dicomweb.media_types import ANY_SYNTAX
from integrations.dicomweb.retrieve.image_types import VIDEO

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
_NATIVE = frozenset([EXPLICIT_LITTLE, IMPLICIT_LITTLE, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"])
# What has no decoder here: video, and references to pixels elsewhere (JPIP). It leaves as it came or not at all.
_OPAQUE = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (94, 95, 204, 205))


def is_native(syntax: str) -> bool:
    """Whether pixel data is not encapsulated in this transfer syntax."""
    return syntax in _NATIVE


def instance_syntax(stored: str, asked: str) -> str | None:
    """The transfer syntax an object is given in; None if it cannot be had in the one that was asked for."""
    target = stored if asked == ANY_SYNTAX else asked or EXPLICIT_LITTLE
    if target == stored:
        return target
    return target if target in INSTANCE_SYNTAXES and _is_decodable(stored) else None


def frame_syntax(stored: str, asked: str) -> str | None:
    """As `instance_syntax`, of a frame by itself: native ones are little endian, whatever the object is."""
    little = EXPLICIT_LITTLE if is_native(stored) else stored
    target = little if asked == ANY_SYNTAX else asked or EXPLICIT_LITTLE
    target = EXPLICIT_LITTLE if is_native(target) else target
    if target == little:
        return target
    return target if target in FRAME_SYNTAXES and _is_decodable(stored) else None


def _is_decodable(syntax: str) -> bool:
    return syntax not in VIDEO and syntax not in _OPAQUE
