"""Private attributes known to hold no identity, by creator: what makes PET, diffusion and dose quantifiable.

Reference  PS3.15 §E.3.10 and its table of safe private attributes (an excerpt: what is not here is removed)
"""

from __future__ import annotations

from pydicom.tag import BaseTag

# Creator: group, and the last two digits of the elements.
SAFE: dict[str, tuple[int, frozenset[int]]] = {
    "Philips PET Private Group": (0x7053, frozenset({0x00, 0x09})),  # SUV and activity scale factors
    "GEMS_PETD_01": (0x0009, frozenset({0x0D, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F})),  # scan timing, decay
    "GEMS_PARM_01": (0x0043, frozenset({0x27, 0x39, 0x6F})),  # pitch ratio, b-value, echo phase
    "GEMS_ACQU_01": (
        0x0019,
        frozenset({0x02, 0x0F, 0x23, 0x24, 0x27, 0x9E, 0xBB, 0xBC, 0xBD}),
    ),  # speed, diffusion
    "SIEMENS MR HEADER": (0x0019, frozenset({0x0A, 0x0C, 0x0D, 0x0E, 0x27, 0x28, 0x29})),  # b-value, mosaic
    "Philips Imaging DD 001": (0x2001, frozenset({0x03, 0x04})),  # diffusion b-factor and direction
    "Philips MR Imaging DD 001": (0x2005, frozenset({0x0D, 0x0E, 0xB0, 0xB1, 0xB2})),  # scale, diffusion
    "TOSHIBA_MEC_CT3": (0x7005, frozenset({0x0B, 0x23})),  # dose length, exposure
}


def is_safe_creator(creator: str) -> bool:
    return creator.strip() in SAFE


def is_safe(creator: str, tag: BaseTag) -> bool:
    """Whether a private element of this creator is known to be safe."""
    group, elements = SAFE.get(creator.strip(), (0, frozenset()))
    return tag.group == group and (tag.element & 0xFF) in elements
