"""Measuring the geometry of a series in the archive: from the index, and from headers only where it must be.

The columns of the index place every single-frame instance. Two things they do not hold are read lazily, when a
series is judged and never while it is received: the frames of enhanced objects, by one bounded read of the
header of each; and what tells several images of one place apart, from the headers of one place.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import structlog
from pydicom import dcmread
from pydicom.dataset import Dataset

from archive.studies.geometry import Geometry, Slice, measure_geometry, slices_of_frames, traits_of
from archive.studies.geometry.frames import NEEDED, PLACING_FRAMES
from archive.studies.geometry.phases import KEYWORDS
from archive.studies.models import Instance, Series
from archive.studies.selectors import open_instance
from common.errors import ServiceError

log = structlog.get_logger(__name__)

HEADER_AT_MOST = 64 << 20
MULTI_FRAME_READ_AT_MOST = 512
_COLUMNS = (
    "pk", "sop_class_uid", "image_position", "image_orientation", "pixel_spacing", "rows", "columns",
    "number_of_frames", "instance_number",
)  # fmt: skip


def measure_series(series: Series) -> Geometry:
    """The measured geometry of a series as it stands now; it never fails for what an object holds."""
    rows = list(series.instances.values_list(*_COLUMNS).order_by("instance_number", "pk"))
    slices: list[Slice] = []
    owners: list[int] = []
    left = MULTI_FRAME_READ_AT_MOST
    for pk, sop_class_uid, position, orientation, spacing, height, width, frames, number in rows:
        found: Sequence[Slice] = ()
        if sop_class_uid in PLACING_FRAMES and left > 0:
            left -= 1
            found = _frames_of(pk)
        found = found or [Slice(position, orientation, spacing, height, width, frames, number)]
        slices.extend(found)
        owners.extend([pk] * len(found))

    def traits(index: int) -> Mapping[str, Any]:
        known = slices[index].traits
        return known if known is not None else _traits_of(owners[index])

    return measure_geometry(slices, instances=len(rows), traits_of=traits)


def _frames_of(pk: int) -> list[Slice]:
    header = _read(pk, NEEDED)
    return [] if header is None else slices_of_frames(header)


def _traits_of(pk: int) -> Mapping[str, Any]:
    header = _read(pk, KEYWORDS)
    return {} if header is None else traits_of(header)


def _read(pk: int, keywords: Sequence[str]) -> Dataset | None:
    """These elements of the header of an instance; None if it cannot be read within bounds."""
    instance = Instance.objects.only("storage_key", "sop_instance_uid").get(pk=pk)
    try:
        with open_instance(instance) as file:
            return dcmread(_Bounded(file), stop_before_pixels=True, force=True, specific_tags=list(keywords))
    except (ServiceError, OSError, ValueError, TypeError, KeyError, AttributeError, EOFError, RecursionError):
        log.warning("geometry.header_unreadable", sop_instance_uid=instance.sop_instance_uid)
        return None


class _Bounded(io.RawIOBase):
    """A file of which only so many bytes may be read: a header is small, whatever a peer says."""

    def __init__(self, file: BinaryIO, *, at_most: int = HEADER_AT_MOST) -> None:
        super().__init__()
        self._file = file
        self._left = at_most

    def read(self, size: int | None = -1, /) -> bytes:
        asked = self._left + 1 if size is None or size < 0 else size
        if asked > self._left:
            asked = self._left + 1
        data = self._file.read(asked)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("The header is larger than any header is")
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
