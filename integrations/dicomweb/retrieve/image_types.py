"""Media types of compressed frames, and the transfer syntaxes each stands for.

Reference  PS3.18 §8.7.3.3.2, tables 8.7.3-4 and 8.7.3-5 (compressed bulk data; the default first)
"""

from __future__ import annotations

from integrations.dicomweb.media_types import JLS, JP2, JPEG, JPH, RLE, MediaType

MP4 = MediaType("video/mp4")
MPEG = MediaType("video/mpeg")
JXL = MediaType("image/jxl")
_JPEG_FAMILY = "1.2.840.10008.1.2.4."
SYNTAXES: dict[str, tuple[str, ...]] = {
    JPEG.type: tuple(_JPEG_FAMILY + number for number in ("70", "50", "51", "57")),
    RLE.type: ("1.2.840.10008.1.2.5",),
    JLS.type: (f"{_JPEG_FAMILY}80", f"{_JPEG_FAMILY}81"),
    JP2.type: (f"{_JPEG_FAMILY}90", f"{_JPEG_FAMILY}91"),
    JPH.type: tuple(_JPEG_FAMILY + number for number in ("201", "202", "203")),
    JXL.type: tuple(_JPEG_FAMILY + number for number in ("110", "111", "112")),
    MP4.type: tuple(
        _JPEG_FAMILY + number
        for number in (
            "102",
            "103",
            "104",
            "105",
            "106",
            "107",
            "108",
            "102.1",
            "103.1",
            "104.1",
            "105.1",
            "106.1",
        )
    ),
    MPEG.type: tuple(_JPEG_FAMILY + number for number in ("100", "101", "100.1", "101.1")),
}
TYPE_OF = {syntax: name for name, syntaxes in SYNTAXES.items() for syntax in syntaxes}
VIDEO = frozenset([*SYNTAXES[MP4.type], *SYNTAXES[MPEG.type]])


def syntaxes_asked(media: MediaType, stored: str) -> list[str]:
    """The transfer syntaxes an image media type may stand for, the likeliest first: as stored, else the default.

    Without the parameter it is the default one; with `*` any of the type's.
    """
    known = SYNTAXES.get(media.part_type, ())
    named = media.transfer_syntax
    if named == "*":
        return [stored, *known] if stored in known else list(known)
    if named:
        return [named] if named in known else []
    return list(known[:1])
