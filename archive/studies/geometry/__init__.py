"""What the positions of a series' slices say: stacks, spacing, gaps, overlaps, phases, tilt, one volume or not.

`slices` is one slice, `frames` takes them from enhanced objects, `stacks` measures one stack, `splitting`
finds several in one plane, `phases` tells repeated images apart, `measuring` puts a series together and
`thinness` judges it. Nothing here reads the archive: `archive.studies.measured` does.
"""

from archive.studies.geometry.frames import slices_of_frames
from archive.studies.geometry.measuring import Geometry, measure_geometry
from archive.studies.geometry.phases import traits_of
from archive.studies.geometry.slices import Slice, normal_of, order_along_normal
from archive.studies.geometry.stacks import Stack
from archive.studies.geometry.thinness import judge_thin_slice

__all__ = [
    "Geometry",
    "Slice",
    "Stack",
    "judge_thin_slice",
    "measure_geometry",
    "normal_of",
    "order_along_normal",
    "slices_of_frames",
    "traits_of",
]
