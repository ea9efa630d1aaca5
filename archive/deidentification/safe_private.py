"""Private attributes known to hold no identity, by creator: what makes PET, diffusion and dose quantifiable.

`table_e_3_10_1.csv` is the standard's table of them, a row a creator and group: the last two digits of each element
with its VR. A few more that manufacturers' conformance statements describe stand in `DOCUMENTED`.

Reference  PS3.15 §E.3.10 and Table E.3.10-1
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from pydicom.tag import BaseTag

_FILE = Path(__file__).with_name("table_e_3_10_1.csv")
_UNSAID = "-"  # the table leaves the VR open: any that is a number or short text

# Not in the table: creator, group, and the last two digits of the elements.
DOCUMENTED: tuple[tuple[str, int, tuple[int, ...]], ...] = (
    ("GEMS_PETD_01", 0x0009, (0x0D, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F)),  # scan timing, decay
    (
        "GEMS_ACQU_01",
        0x0019,
        (0x02, 0x0F, 0xBB, 0xBC, 0xBD),
    ),  # detector rows, table speed, diffusion direction
    ("SIEMENS MR HEADER", 0x0019, (0x0A, 0x28, 0x29)),  # images in a mosaic, their timing
    ("Philips MR Imaging DD 001", 0x2005, (0xB0, 0xB1, 0xB2)),  # diffusion direction
    ("TOSHIBA_MEC_CT3", 0x7005, (0x0B, 0x23)),  # reconstruction filter, exposure
)
_NEVER_UNLISTED = frozenset({"SQ", "OB", "OW", "UN", "PN"})


@cache
def safe_attributes() -> dict[tuple[str, int, int], str]:
    """The VR the table gives for creator, group and last two digits of the element; `-` where it gives none."""
    found = {
        (creator, group, element): _UNSAID for creator, group, elements in DOCUMENTED for element in elements
    }
    with _FILE.open(newline="") as file:
        for row in csv.DictReader(file):
            for entry in row["elements"].split():
                element, vr = entry.split(":")
                found[row["creator"], int(row["group"], 16), int(element, 16)] = vr
    return found


@cache
def _creators() -> frozenset[str]:
    return frozenset(creator for creator, _group, _element in safe_attributes())


def is_safe_creator(creator: str) -> bool:
    return creator.strip() in _creators()


def is_safe(creator: str, tag: BaseTag, vr: str) -> bool:
    """Whether a private element is known to be safe. Binary values and sequences are only where they are listed
    as such: a value of an unexpected VR may hold anything.
    """
    listed = safe_attributes().get((creator.strip(), tag.group, tag.element & 0xFF))
    if listed is None:
        return False
    return vr == listed if vr in _NEVER_UNLISTED else True
