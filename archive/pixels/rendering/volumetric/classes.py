"""The classes of volumetric presentation states: views of volumes, and not of the images these are made of.

Reference  PS3.3 §A.80, PS3.4 §B.5.1.24
"""

from __future__ import annotations

GREY_PLANE, COLOUR_PLANE = (f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (6, 7))
VOLUME, SEGMENTED_VOLUME, SEVERAL_VOLUMES = (f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (9, 10, 11))
VOLUMETRIC_STATES = frozenset([GREY_PLANE, COLOUR_PLANE, VOLUME, SEGMENTED_VOLUME, SEVERAL_VOLUMES])
