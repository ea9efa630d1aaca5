"""A series as a stack to scroll through: which slice comes where, and what its edges mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max
from django.utils.translation import gettext as _
from pydicom import Dataset

from archive.pixels.frame_cache import decoded_frames
from archive.pixels.frames import Frame
from archive.pixels.functional_groups import frame_value
from archive.pixels.showing import decoded_frame
from archive.pixels.sources import source_of
from archive.pixels.windowing import Window
from archive.studies.models import Instance, Series
from archive.studies.selectors import read_dataset, series_instances_in_order
from common.errors import NotFound
from portal.viewer.orientation import EdgeLetters, edge_letters
from portal.viewer.pictures import square_pixel_size, window_to_show


@dataclass(frozen=True, slots=True)
class Slice:
    """One picture of a stack. `index` counts instances from 0, `frame` the frames of one from 1."""

    index: int
    frame: int
    position_mm: float | None


@dataclass(frozen=True, slots=True)
class Stack:
    """The slices of a series in order. `version` changes with every object that comes in."""

    instances: tuple[Instance, ...]
    slices: tuple[Slice, ...]
    version: str

    def instance(self, index: int) -> Instance:
        if not 0 <= index < len(self.instances):
            raise NotFound(
                _("There is no such slice: this series has %(count)d.") % {"count": len(self.instances)}
            )
        return self.instances[index]

    @property
    def middle(self) -> Slice:
        if not self.slices:
            raise NotFound(_("This series has no images yet."))
        return self.slices[len(self.slices) // 2]


@dataclass(frozen=True, slots=True)
class StackFacts:
    """What a viewer needs to know once of a stack, taken from its middle slice.

    Units  width and height in shown pixels; mm_per_pixel of those pixels, None without a calibration.
    """

    width: int
    height: int
    mm_per_pixel: float | None
    window: Window | None
    edges: EdgeLetters | None


def stack_of(series: Series) -> Stack:
    """The series in the order of positions; kept in this process until more of it comes in."""
    held = series.instances.aggregate(count=Count("pk"), newest=Max("pk"))
    return _stack(series.pk, f"{held['count']}-{held['newest'] or 0}")


def frame_of(instance: Instance, *, frame: int = 1) -> Frame:
    """One frame, decoded in the pool; the same bytes are decoded once as long as they stay in the cache.

    Raises  PixelsUnreadable if there is no picture to be had; Unavailable if too many wait for one.
    """
    return decoded_frames.get_or_decode(
        (instance.storage_key, frame), lambda: decoded_frame(source_of(instance), frame)
    )


def facts_of(stack: Stack) -> StackFacts:
    """Size, scale, window and edge letters. Raises PixelsUnreadable if the middle slice has no picture."""
    middle = stack.middle
    instance = stack.instance(middle.index)
    frame = frame_of(instance, frame=middle.frame)
    width, height = square_pixel_size(frame)
    return StackFacts(
        width=width,
        height=height,
        mm_per_pixel=min(frame.row_spacing, frame.column_spacing) if frame.is_calibrated else None,
        window=window_to_show(frame),
        edges=edge_letters(_orientation(instance, middle.frame)),
    )


@lru_cache(maxsize=256)
def _stack(series_pk: int, version: str) -> Stack:
    instances = tuple(series_instances_in_order(Series(pk=series_pk)))
    slices = tuple(
        slice_ for index, instance in enumerate(instances) for slice_ in _slices_of(index, instance)
    )
    return Stack(instances, slices, version)


def _slices_of(index: int, instance: Instance) -> list[Slice]:
    if instance.number_of_frames <= 1:
        return [Slice(index, 1, _along_normal(instance.image_position, instance.image_orientation))]
    header = read_dataset(instance, stop_before_pixels=True)
    return [Slice(index, frame, _frame_position(header, frame)) for frame in _frames(instance)]


def _frames(instance: Instance) -> range:
    return range(1, instance.number_of_frames + 1)


def _frame_position(header: Dataset, frame: int) -> float | None:
    return _along_normal(
        frame_value(header, frame, "PlanePositionSequence", "ImagePositionPatient"),
        frame_value(header, frame, "PlaneOrientationSequence", "ImageOrientationPatient"),
    )


def _orientation(instance: Instance, frame: int) -> Any:
    if instance.image_orientation:
        return instance.image_orientation
    header = read_dataset(instance, stop_before_pixels=True)
    return frame_value(header, frame, "PlaneOrientationSequence", "ImageOrientationPatient")


def _along_normal(position: Any, orientation: Any) -> float | None:
    """Millimetres along the slice normal, counted towards head, left or posterior (PS3.3 §C.7.6.2.1.1)."""
    try:
        x, y, z = (float(value) for value in position)
        a, b, c, d, e, f = (float(value) for value in orientation)
    except (TypeError, ValueError):
        return None
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = math.hypot(*normal)
    if length == 0:
        return None
    towards = 1 if max(normal, key=abs) >= 0 else -1
    return towards * (x * normal[0] + y * normal[1] + z * normal[2]) / length
